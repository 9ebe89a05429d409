package users

import (
	"context"
	"net/http"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersdb"
)

// withoutAccounts is a database that fails when an account is looked up.
type withoutAccounts struct{ usersdb.Querier }

func (withoutAccounts) GetCredentials(
	context.Context, usersdb.GetCredentialsParams,
) (usersdb.GetCredentialsRow, error) {
	return usersdb.GetCredentialsRow{}, pgconn.ErrConnClosed
}

// A try that ends with a failure of the service is refunded: it was no wrong password.
func TestFailuresOfTheServiceAreNotCounted(t *testing.T) {
	t.Parallel()
	first, second := throttled(t)
	me := first.member()
	first.service.queries = withoutAccounts{first.service.queries}
	for range 15 {
		require.Equal(t, http.StatusServiceUnavailable, first.from("192.0.2.7", me.user.Email, goodPassword).StatusCode)
	}
	answer := second.from("192.0.2.7", me.user.Email, "wrong")
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	require.Contains(t, answer.Header.Get("RateLimit"), `"account";r=9;t=90`)
}
