package users

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/hashing"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
)

func TestEnumsAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	contracttest.EnumsAreThoseOfTheDocument(t, underTest(t), pgtest.New(t, schema.Migrations, schema.Parts...))
}

func TestExplain(t *testing.T) {
	t.Parallel()
	contracttest.ErrorsAreExplained(t, func(err error) error { return explain(err, errUserNotFound) })
	require.ErrorIs(t, explain(pgx.ErrNoRows, contract.ErrUnauthenticated), contract.ErrUnauthenticated)
	require.ErrorIs(t, explain(pgx.ErrNoRows, contract.ErrUnauthenticated), pgx.ErrNoRows, "the log has the cause")
	require.ErrorIs(t, explain(hashing.ErrBusy, contract.ErrUnauthenticated), contract.ErrOverloaded,
		"anything else is explained as ever")
	require.Equal(t, pgx.ErrNoRows, explain(pgx.ErrNoRows, nil), "a row that must be there is a defect when it is not")
	unexpected := errors.New("relation users does not exist")
	for name, c := range map[string]struct {
		err  error
		want error
	}{
		"nothing":           {nil, nil},
		"a fault":           {errWrongPassword, errWrongPassword},
		"a fault, wrapped":  {fmt.Errorf("in a transaction: %w", errSessionNotFound), errSessionNotFound},
		"no row":            {fmt.Errorf("get: %w", pgx.ErrNoRows), errUserNotFound},
		"the address again": {&pgconn.PgError{Code: "23505", ConstraintName: "users_email_key"}, errEmailTaken},
		"the card again": {
			&pgconn.PgError{Code: "23505", ConstraintName: "users_id_card_number_mark_key"}, errIDCardNumberTaken,
		},
		"another constraint": {&pgconn.PgError{Code: "23514", ConstraintName: "users_roles_known"}, nil},
		"too many hashes":    {fmt.Errorf("hash: %w", hashing.ErrBusy), contract.ErrOverloaded},
		"something else":     {unexpected, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := explain(c.err, errUserNotFound)
			if c.want != nil || c.err == nil {
				require.ErrorIs(t, got, c.want)
				require.ErrorIs(t, got, c.err, "the log has the cause")
				return
			}
			var f *fault.Error
			require.NotErrorAs(t, got, &f, "it is a defect, not a fault")
			require.Equal(t, c.err, got)
		})
	}
}

// failing answers one query with an error that PostgreSQL does not give on request, or panics.
type failing struct {
	usersdb.Querier

	fail func() error
}

func (f failing) GetUser(context.Context, uuid.UUID) (usersdb.User, error) {
	return usersdb.User{}, f.fail()
}

func (f failing) GetProfile(context.Context, uuid.UUID) (usersdb.GetProfileRow, error) {
	return usersdb.GetProfileRow{}, f.fail()
}

// A request after the deletion of its account, and before its session is forgotten, gets the same answer as later
// requests.
func TestOwnAccountGone(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := s.member()
	s.service.queries = failing{s.service.queries, func() error { return pgx.ErrNoRows }}
	for _, id := range []string{"getProfile", "changePassword"} {
		r, _ := underTest(t).Fitting(t, s.Server, underTest(t).Document.Operation(id))
		answer, body := s.Do(t, r.Without("Authorization").With(contracttest.Bearer(me)))
		require.Equal(t, http.StatusUnauthorized, answer.StatusCode, "%s: %s", id, body)
		require.Equal(t, contract.ErrUnauthenticated.Code, contracttest.ProblemIn(t, answer, body).Code, id)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	contracttest.FailuresAreTold(t, func(t *testing.T, fail func() error) (*contracttest.Server, contracttest.Request) {
		t.Helper()
		s := start(t)
		me := s.member()
		s.service.queries = failing{s.service.queries, fail}
		return s.Server, contracttest.Request{
			Method: http.MethodGet, Target: "/api/v1/profile", Header: []string{contracttest.Bearer(me)},
		}
	})
}

// After a panic the service goes on.
func TestAfterAPanic(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := s.member()
	healthy := s.service.queries
	for _, c := range []struct {
		queries usersdb.Querier
		status  int
	}{{panicking(healthy), http.StatusInternalServerError}, {healthy, http.StatusOK}} {
		s.service.queries = c.queries
		answer, body := s.do(http.MethodGet, "/api/v1/profile", "", "Authorization", "Bearer "+me.access)
		require.Equal(t, c.status, answer.StatusCode, body)
	}
}

// panicking is a defect in a handler.
func panicking(queries usersdb.Querier) usersdb.Querier {
	return failing{queries, func() error { panic(canary + " in a panic") }}
}

func TestConnectionLostAtCommit(t *testing.T) {
	t.Parallel()
	for name, carried := range map[string]bool{"and rolled back": false, "and carried out": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var broken atomic.Bool
			s := start(t, func(o *options) {
				o.database = func(pool *pgxpool.Pool) Database {
					return pgtest.Brittle{Pool: pool, Broken: &broken, Carried: carried}
				}
			})
			admin, ada := s.member(usersapi.RoleAdmin), s.member()
			as := s.as(admin.access)
			live := func() int {
				answer, _ := s.do(http.MethodGet, "/api/v1/profile", "", "Authorization", "Bearer "+ada.access)
				return answer.StatusCode
			}
			require.Equal(t, http.StatusOK, live())
			broken.Store(true)
			got, err := as.DisableUserWithResponse(t.Context(), ada.user.ID)
			require.NoError(t, err)
			require.Equal(t, http.StatusServiceUnavailable, got.StatusCode(), string(got.Body))
			require.Equal(t, usersapi.ProblemCodeUnavailable, codeIn(t, got.Body))
			require.Equal(t, "1", got.HTTPResponse.Header.Get("Retry-After"))
			// The remembered sessions of the account are forgotten, whatever has happened.
			require.Equal(t, map[bool]int{false: http.StatusOK, true: http.StatusUnauthorized}[carried], live())

			broken.Store(false)
			again, err := as.DisableUserWithResponse(t.Context(), ada.user.ID)
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, again.StatusCode(), "it is safe to repeat")
			require.Equal(t, http.StatusUnauthorized, live())
		})
	}
}

func TestContractDatabaseGone(t *testing.T) {
	t.Parallel()
	var database contracttest.Switch
	s := start(t, func(o *options) {
		o.database = func(pool *pgxpool.Pool) Database { return database.Pool(t, pool) }
	})
	contracttest.DatabaseGoneIsTold(t, underTest(t), s.Server, &database)
}

func TestContractDatabaseReadOnly(t *testing.T) {
	t.Parallel()
	var database contracttest.Switch
	s := start(t, func(o *options) {
		o.database = func(pool *pgxpool.Pool) Database { return database.Pool(t, pool) }
	})
	contracttest.ReadOnlyDatabaseIsTold(t, underTest(t), s.Server, &database)
}

// TestConnectionsTerminated ends every connection of the service from the server's side.
func TestConnectionsTerminated(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := s.member()
	admin, err := pgx.ConnectConfig(t.Context(), s.Pool.Config().ConnConfig)
	require.NoError(t, err)
	defer func() { require.NoError(t, admin.Close(context.WithoutCancel(t.Context()))) }()
	seen := map[int]int{}
	for range 10 {
		_, err = admin.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		require.NoError(t, err)
		// At most as many requests fail as the pool holds connections; then there are new ones.
		last := 0
		for range 1 + s.Pool.Config().MaxConns {
			answer, _ := s.do(http.MethodGet, "/api/v1/profile", "", "Authorization", "Bearer "+me.access)
			last = answer.StatusCode
			seen[last]++
		}
		require.Equal(t, http.StatusOK, last)
	}
	delete(seen, http.StatusServiceUnavailable)
	require.Equal(t, []int{http.StatusOK}, slices.Collect(maps.Keys(seen)), "nothing but 200 and 503")
}
