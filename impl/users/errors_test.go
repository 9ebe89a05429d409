package users

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/contracttest"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/hashing"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
)

func TestCodesAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	contracttest.CodesAreThoseOfTheDocument(t, contract(t))
}

func TestExplain(t *testing.T) {
	t.Parallel()
	unexpected := errors.New("relation users does not exist")
	sqlState := func(code string) error { return fmt.Errorf("query: %w", &pgconn.PgError{Code: code}) }
	for name, c := range map[string]struct {
		err  error
		want error
	}{
		"nothing":             {nil, nil},
		"a fault":             {errWrongPassword, errWrongPassword},
		"a fault, wrapped":    {fmt.Errorf("in a transaction: %w", errSessionNotFound), errSessionNotFound},
		"no row":              {fmt.Errorf("get: %w", pgx.ErrNoRows), errUserNotFound},
		"the address again":   {&pgconn.PgError{Code: "23505", ConstraintName: "users_email_key"}, errEmailTaken},
		"another constraint":  {&pgconn.PgError{Code: "23514", ConstraintName: "users_roles_known"}, nil},
		"too many hashes":     {fmt.Errorf("hash: %w", hashing.ErrBusy), httpapi.ErrOverloaded},
		"statement time-out":  {sqlState("57014"), httpapi.ErrTimeout},
		"lock time-out":       {sqlState("55P03"), httpapi.ErrTimeout},
		"shutting down":       {sqlState("57P01"), httpapi.ErrUnavailable},
		"starting up":         {sqlState("57P03"), httpapi.ErrUnavailable},
		"too many clients":    {sqlState("53300"), httpapi.ErrUnavailable},
		"disk full":           {sqlState("53100"), httpapi.ErrUnavailable},
		"a standby":           {sqlState("25006"), httpapi.ErrUnavailable},
		"refused":             {fmt.Errorf("dial: %w", syscall.ECONNREFUSED), httpapi.ErrUnavailable},
		"reset":               {&net.OpError{Op: "read", Err: syscall.ECONNRESET}, httpapi.ErrUnavailable},
		"cut off":             {io.ErrUnexpectedEOF, httpapi.ErrUnavailable},
		"no connection free":  {fmt.Errorf("acquire: %w", postgres.ErrAcquireTimeout), httpapi.ErrUnavailable},
		"the unknown outcome": {fmt.Errorf("%w: %w", postgres.ErrUnknownOutcome, io.EOF), httpapi.ErrUnavailable},
		"something else":      {unexpected, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := explain(c.err)
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

// failing answers one query with an error that PostgreSQL does not give on request.
type failing struct {
	usersdb.Querier
	err error
}

func (f failing) GetUser(context.Context, uuid.UUID) (usersdb.User, error) {
	return usersdb.User{}, f.err
}

// panicking is a defect in a handler.
type panicking struct{ usersdb.Querier }

func (panicking) GetUser(context.Context, uuid.UUID) (usersdb.User, error) {
	panic(canary + " in a panic")
}

func TestFailuresOfTheDatabase(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err    error
		status int
		code   usersapi.ProblemCode
	}{
		"unavailable":       {&pgconn.PgError{Code: "57P01", Message: canary}, http.StatusServiceUnavailable, usersapi.ProblemCodeUnavailable},
		"connection lost":   {fmt.Errorf("%s: %w", canary, syscall.ECONNRESET), http.StatusServiceUnavailable, usersapi.ProblemCodeUnavailable},
		"statement timeout": {&pgconn.PgError{Code: "57014", Message: canary}, http.StatusServiceUnavailable, usersapi.ProblemCodeTimeout},
		"deadline":          {fmt.Errorf("%s: %w", canary, context.DeadlineExceeded), http.StatusServiceUnavailable, usersapi.ProblemCodeTimeout},
		"unknown outcome":   {fmt.Errorf("%w: %s", postgres.ErrUnknownOutcome, canary), http.StatusServiceUnavailable, usersapi.ProblemCodeUnavailable},
		"unexpected":        {errors.New(canary), http.StatusInternalServerError, usersapi.ProblemCodeInternal},
		"a constraint":      {&pgconn.PgError{Code: "23514", ConstraintName: canary, Message: canary}, http.StatusInternalServerError, usersapi.ProblemCodeInternal},
		"a broken query":    {&pgconn.PgError{Code: "42703", Message: canary}, http.StatusInternalServerError, usersapi.ProblemCodeInternal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			me := s.member()
			s.service.queries = failing{s.service.queries, c.err}
			answer, body := s.do(http.MethodGet, "/api/v1/profile", "", "Authorization", "Bearer "+me.access)
			require.Equal(t, c.status, answer.StatusCode, body)
			p := problemIn(t, answer, body)
			require.Equal(t, c.code, p.Code)
			require.NotContains(t, body, canary)
			require.NotContains(t, fmt.Sprint(answer.Header), canary)
			if c.status == http.StatusServiceUnavailable {
				require.Equal(t, "1", answer.Header.Get("Retry-After"))
			} else {
				require.Empty(t, answer.Header.Get("Retry-After"), "waiting does not help")
			}
			logged := s.End(t)
			require.Contains(t, logged, canary, "the log has the cause")
			require.Contains(t, logged, p.RequestID)
		})
	}
}

func TestPanic(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := s.member()
	healthy := s.service.queries
	s.service.queries = panicking{healthy}
	answer, body := s.do(http.MethodGet, "/api/v1/profile", "", "Authorization", "Bearer "+me.access)
	require.Equal(t, http.StatusInternalServerError, answer.StatusCode)
	require.Equal(t, usersapi.ProblemCodeInternal, problemIn(t, answer, body).Code)
	require.NotContains(t, body, canary)
	require.NotContains(t, body, "goroutine")

	s.service.queries = healthy
	answer, body = s.do(http.MethodGet, "/api/v1/profile", "", "Authorization", "Bearer "+me.access)
	require.Equal(t, http.StatusOK, answer.StatusCode, body)
	logged := s.End(t)
	require.Contains(t, logged, canary+" in a panic")
	require.Contains(t, logged, "errors_test.go", "the stack")
}

func TestConnectionLostAtCommit(t *testing.T) {
	t.Parallel()
	for name, carried := range map[string]bool{"and rolled back": false, "and carried out": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var broken atomic.Bool
			s := start(t, func(o *options) {
				o.database = func(pool *pgxpool.Pool) Database {
					return contracttest.Brittle{Pool: pool, Broken: &broken, Carried: carried}
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
			// What was remembered of the account's sessions is not believed any more, whatever has happened.
			require.Equal(t, map[bool]int{false: http.StatusOK, true: http.StatusUnauthorized}[carried], live())

			broken.Store(false)
			again, err := as.DisableUserWithResponse(t.Context(), ada.user.ID)
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, again.StatusCode(), "it is safe to repeat")
			require.Equal(t, http.StatusUnauthorized, live())
		})
	}
}

func TestDatabaseGone(t *testing.T) {
	t.Parallel()
	var database contracttest.Switch
	s := start(t, func(o *options) {
		o.database = func(pool *pgxpool.Pool) Database { return database.Pool(t, pool) }
	})
	contracttest.DatabaseGoneIsTold(t, contract(t), s.Server, &database)
}

// TestConnectionsTerminated ends every connection of the service from the server's side.
func TestConnectionsTerminated(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := s.member()
	admin, err := pgx.ConnectConfig(t.Context(), s.pool.Config().ConnConfig)
	require.NoError(t, err)
	defer func() { require.NoError(t, admin.Close(context.WithoutCancel(t.Context()))) }()
	seen := map[int]int{}
	for range 10 {
		_, err = admin.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
		require.NoError(t, err)
		// At most as many requests fail as the pool holds connections; then there are new ones.
		last := 0
		for range 1 + s.pool.Config().MaxConns {
			answer, _ := s.do(http.MethodGet, "/api/v1/profile", "", "Authorization", "Bearer "+me.access)
			last = answer.StatusCode
			seen[last]++
		}
		require.Equal(t, http.StatusOK, last)
	}
	delete(seen, http.StatusServiceUnavailable)
	require.Equal(t, []int{http.StatusOK}, slices.Collect(maps.Keys(seen)), "nothing but 200 and 503")
}

// TestCallerGone is about a caller who does not wait for the answer: it is nobody's defect.
func TestCallerGone(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := s.member()
	ctx, cancel := context.WithCancel(t.Context())
	s.service.queries = abandoned{s.service.queries, cancel}
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/profile", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+me.access)
	w := httptest.NewRecorder()
	s.Web.Config.Handler.ServeHTTP(w, r)
	require.NotEqual(t, http.StatusInternalServerError, w.Code, w.Body.String())
	require.NotContains(t, s.End(t), `"level":"ERROR"`)
}

// abandoned is left by its caller while it reads.
type abandoned struct {
	usersdb.Querier
	leave context.CancelFunc
}

func (a abandoned) GetUser(ctx context.Context, id uuid.UUID) (usersdb.User, error) {
	a.leave()
	return a.Querier.GetUser(ctx, id)
}
