package users

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/contracttest"
)

// However many sign up at once, who has an account logs in: strangers have a share of the database's connections.
func TestStrangersLeaveConnectionsToLogins(t *testing.T) {
	t.Parallel()
	const conns = 4
	held := contracttest.NewHeld("CreateUser")
	s := start(t, func(o *options) {
		o.database = func(pool *pgxpool.Pool) Database { return held.Pool(t, pool, conns) }
	})
	defer held.LetGo()
	hash, err := s.service.hasher.Hash(t.Context(), goodPassword)
	require.NoError(t, err)
	s.account("ada@example.com", func(p *usersdb.CreateUserParams) { p.PasswordHash = hash })
	answers := make(chan *usersapi.CreateUserV2Response, 2*conns)
	var signingUp sync.WaitGroup
	for i := range cap(answers) {
		signingUp.Go(func() {
			got, err := s.CreateUserV2WithResponse(t.Context(), usersapi.CreateUserV2Request{
				Email: fmt.Sprintf("person%d@example.com", i), Name: "One of many", Password: goodPassword,
			})
			if err != nil {
				t.Error(err)
			}
			answers <- got
		})
	}
	for range cap(answers) - 1 { // without shares all connections are held, and nobody is answered
		refused := <-answers
		require.Equal(t, http.StatusServiceUnavailable, refused.StatusCode(), string(refused.Body))
		require.Equal(t, usersapi.ProblemCodeOverloaded, codeIn(t, refused.Body))
		require.Equal(t, "1", refused.HTTPResponse.Header.Get("Retry-After"))
	}
	require.Equal(t, 1, held.Holding())
	got, err := s.StartSessionWithResponse(t.Context(), usersapi.StartSessionRequest{Email: "ada@example.com", Password: goodPassword})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))
	held.LetGo()
	signingUp.Wait()
	require.Equal(t, http.StatusCreated, (<-answers).StatusCode())
}
