package contracttest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/postgres"
)

// ErrorsAreExplained compares what a service makes of its database's errors with what every service must make of them:
// a temporary fault, or the unchanged error, which is a defect.
func ErrorsAreExplained(t *testing.T, explain func(error) error) {
	t.Helper()
	state := func(code string) error { return fmt.Errorf("query: %w", &pgconn.PgError{Code: code}) }
	for name, c := range map[string]struct {
		err  error
		want *fault.Error
	}{
		"nothing":              {nil, nil},
		"a fault":              {contract.ErrForbidden, contract.ErrForbidden},
		"a fault, wrapped":     {fmt.Errorf("in a transaction: %w", contract.ErrForbidden), contract.ErrForbidden},
		"statement time-out":   {state("57014"), contract.ErrTimeout},
		"lock time-out":        {state("55P03"), contract.ErrTimeout},
		"shutting down":        {state("57P01"), contract.ErrUnavailable},
		"starting up":          {state("57P03"), contract.ErrUnavailable},
		"too many clients":     {state("53300"), contract.ErrUnavailable},
		"disk full":            {state("53100"), contract.ErrUnavailable},
		"a standby":            {state("25006"), contract.ErrUnavailable},
		"refused":              {fmt.Errorf("dial: %w", syscall.ECONNREFUSED), contract.ErrUnavailable},
		"reset":                {&net.OpError{Op: "read", Err: syscall.ECONNRESET}, contract.ErrUnavailable},
		"cut off":              {io.ErrUnexpectedEOF, contract.ErrUnavailable},
		"no connection free":   {fmt.Errorf("acquire: %w", postgres.ErrAcquireTimeout), contract.ErrUnavailable},
		"the unknown outcome":  {fmt.Errorf("%w: %w", postgres.ErrUnknownOutcome, io.EOF), contract.ErrUnavailable},
		"a constraint of ours": {&pgconn.PgError{Code: "23514", ConstraintName: "nobody_knows"}, nil},
		"a broken query":       {state("42703"), nil},
		"something else":       {errors.New("relation things does not exist"), nil},
	} {
		got := explain(c.err)
		if c.want != nil {
			require.ErrorIs(t, got, c.want, name)
			require.ErrorIs(t, got, c.err, "%s: the log has the cause", name)
			continue
		}
		var f *fault.Error
		require.NotErrorAs(t, got, &f, "%s is a defect, not a fault", name)
		require.Equal(t, c.err, got, name)
	}
}

// FailuresAreTold makes the database of a service fail in ways that PostgreSQL does not on request, makes its handler
// panic, and makes its caller leave. begin serves a service that calls fail instead of a query, and returns a request
// that reaches the query. The answer tells the caller what to do and nothing of the cause, which the log has.
func FailuresAreTold(t *testing.T, begin func(t *testing.T, fail func() error) (*Server, Request)) {
	t.Helper()
	for name, c := range map[string]struct {
		err  error
		want *fault.Error
	}{
		"unavailable":       {&pgconn.PgError{Code: "57P01", Message: Canary}, contract.ErrUnavailable},
		"connection lost":   {fmt.Errorf("%s: %w", Canary, syscall.ECONNRESET), contract.ErrUnavailable},
		"statement timeout": {&pgconn.PgError{Code: "57014", Message: Canary}, contract.ErrTimeout},
		"deadline":          {fmt.Errorf("%s: %w", Canary, context.DeadlineExceeded), contract.ErrTimeout},
		"unknown outcome":   {fmt.Errorf("%w: %s", postgres.ErrUnknownOutcome, Canary), contract.ErrUnavailable},
		"unexpected":        {errors.New(Canary), contract.ErrInternal},
		"a constraint":      {&pgconn.PgError{Code: "23514", ConstraintName: Canary, Message: Canary}, contract.ErrInternal},
		"a broken query":    {&pgconn.PgError{Code: "42703", Message: Canary}, contract.ErrInternal},
		"a panic":           {nil, contract.ErrInternal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, r := begin(t, func() error {
				if c.err == nil {
					panic(Canary + " in a panic")
				}
				return c.err
			})
			answer, body := server.Do(t, r)
			p := ProblemIn(t, answer, body)
			require.Equal(t, c.want.Code, p.Code)
			require.NotContains(t, body, Canary)
			require.NotContains(t, body, "goroutine")
			require.NotContains(t, fmt.Sprint(answer.Header), Canary)
			if c.want == contract.ErrInternal {
				require.Equal(t, http.StatusInternalServerError, answer.StatusCode)
				require.Empty(t, answer.Header.Get("Retry-After"), "waiting does not help")
			} else {
				require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
				require.Equal(t, "1", answer.Header.Get("Retry-After"))
			}
			logged := server.End(t)
			require.Contains(t, logged, Canary, "the log has the cause")
			require.Contains(t, logged, p.RequestID)
			if c.err == nil {
				require.Contains(t, logged, "failure.go", "the stack")
			}
		})
	}
	// A caller who leaves early causes no defect.
	t.Run("the caller leaves", func(t *testing.T) {
		t.Parallel()
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		server, r := begin(t, func() error {
			leave()
			return fmt.Errorf("query: %w", ctx.Err())
		})
		asked := httptest.NewRequestWithContext(ctx, r.Method, r.Target, http.NoBody)
		asked.Header.Set("Authorization", r.field("Authorization"))
		w := httptest.NewRecorder()
		server.Web.Config.Handler.ServeHTTP(w, asked)
		require.NotEqual(t, http.StatusInternalServerError, w.Code, w.Body.String())
		require.NotContains(t, server.End(t), `"level":"ERROR"`)
	})
}
