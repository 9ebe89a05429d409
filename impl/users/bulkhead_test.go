package users

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/hashing"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/testkit/contracttest"
)

// However many sign up at once, who has an account logs in: strangers have a share of the database's connections.
func TestStrangersLeaveConnectionsToLogins(t *testing.T) {
	t.Parallel()
	const conns, share = 4, 2
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
	for range cap(answers) - share { // without shares all connections are held, and nobody is answered
		refused := <-answers
		require.Equal(t, http.StatusServiceUnavailable, refused.StatusCode(), string(refused.Body))
		require.Equal(t, usersapi.ProblemCodeOverloaded, codeIn(t, refused.Body))
		require.Equal(t, "1", refused.HTTPResponse.Header.Get("Retry-After"))
	}
	require.Equal(t, share, held.Holding())
	got, err := s.StartSessionWithResponse(t.Context(), usersapi.StartSessionRequest{Email: "ada@example.com", Password: goodPassword})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))
	held.LetGo()
	signingUp.Wait()
	for range share {
		require.Equal(t, http.StatusCreated, (<-answers).StatusCode())
	}
}

// However many strangers wait for their passwords to be hashed, who has logged in from here before does so, and so does who is logged in.
func TestStrangersLeaveHashesToWhoIsKnown(t *testing.T) {
	t.Parallel()
	const queue, strangers = 8, 6
	s := start(t, func(o *options) {
		o.hashing = hashing.Config{Params: cheap, Concurrency: 1, Queue: queue, Wait: time.Minute}
		o.chain = func(c *httpapi.Options) { c.RateLimits = true } // The throttle remembers who logged in from where.
	})
	ada := s.signUp("ada@example.com")
	login := func(email string) *usersapi.StartSessionResponse {
		got, err := s.StartSessionWithResponse(t.Context(), usersapi.StartSessionRequest{Email: email, Password: goodPassword})
		if err != nil {
			t.Error(err)
		}
		return got
	}
	require.Equal(t, http.StatusOK, login("ada@example.com").StatusCode())
	release, err := s.service.hasher.Hold(t.Context())
	require.NoError(t, err)
	defer release()
	answers := make(chan *usersapi.StartSessionResponse, 2*strangers)
	var all sync.WaitGroup
	for i := range cap(answers) {
		all.Go(func() { answers <- login(fmt.Sprintf("person%d@example.com", i)) })
	}
	for range cap(answers) - strangers {
		refused := <-answers
		require.Equal(t, http.StatusServiceUnavailable, refused.StatusCode(), string(refused.Body))
		require.Equal(t, usersapi.ProblemCodeOverloaded, codeIn(t, refused.Body))
	}
	all.Go(func() {
		if got := login("ada@example.com"); got.StatusCode() != http.StatusOK {
			t.Errorf("ada's login: %s", got.Body)
		}
	})
	all.Go(func() {
		if got, body := s.do(http.MethodPut, "/api/v1/profile/password", fmt.Sprintf(`{"current_password":%q,"new_password":%q}`, "wrong "+goodPassword, newPassword), "Authorization", "Bearer "+ada.tokens.AccessToken); got.StatusCode != http.StatusForbidden {
			t.Errorf("ada's new password: %s", body)
		}
	})
	contracttest.Eventually(t, "both wait", func() bool { _, waiting := s.service.hasher.Stats(); return waiting == strangers+2 })
	release()
	all.Wait()
	for range strangers {
		require.Equal(t, http.StatusUnauthorized, (<-answers).StatusCode())
	}
}
