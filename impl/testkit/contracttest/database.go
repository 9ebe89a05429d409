package contracttest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
)

// Switch cuts a service off from its database: while it is off, no connection works and none can be opened. While it is
// read-only, PostgreSQL refuses the service's writes.
type Switch struct{ off, readOnly atomic.Bool }

// Off cuts all connections, until On.
func (w *Switch) Off() { w.off.Store(true) }

// On allows connections again.
func (w *Switch) On() { w.off.Store(false) }

// ReadOnly makes PostgreSQL refuse writes, or accept them again.
func (w *Switch) ReadOnly(on bool) { w.readOnly.Store(on) }

// Pool returns another pool on the database of a pool, which the switch cuts off.
func (w *Switch) Pool(t testing.TB, pool *pgxpool.Pool) *pgxpool.Pool {
	t.Helper()
	config := pool.Config()
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		if w.off.Load() {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		conn, err := dial(ctx, network, address)
		return cuttable{conn, w}, err
	}
	config.PrepareConn = func(ctx context.Context, conn *pgx.Conn) (bool, error) {
		_, err := conn.Exec(ctx, fmt.Sprintf("SET default_transaction_read_only = %t", w.readOnly.Load()))
		return err == nil, nil // The pool replaces a broken connection.
	}
	other, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(other.Close)
	return other
}

// cuttable is a connection that breaks while its switch is off.
type cuttable struct {
	net.Conn
	by *Switch
}

func (c cuttable) Write(p []byte) (int, error) {
	if c.by.off.Load() {
		return 0, errors.Join(syscall.ECONNRESET, c.Close())
	}
	return c.Conn.Write(p)
}

// DatabaseGoneIsTold calls every operation of a service whose database is gone and then comes back: while it is gone,
// each operation answers that it is unavailable, and nothing else.
func DatabaseGoneIsTold(t *testing.T, s *Service, server *Server, database *Switch) {
	t.Helper()
	for _, op := range s.Document.Operations {
		r, _ := s.Fitting(t, server, op)
		database.Off()
		answer, body := server.Do(t, r)
		if s.Beyond[op.ID].Unattached {
			require.Equal(t, op.Statuses[0], answer.StatusCode, "%s: %s", op.ID, body)
			database.On()
			continue
		}
		require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode, "%s: %s", op.ID, body)
		require.Equal(t, contract.ErrUnavailable.Code, ProblemIn(t, answer, body).Code, op.ID)
		require.Equal(t, "1", answer.Header.Get("Retry-After"), op.ID)
		require.Empty(t, answer.Header.Get("Set-Cookie"), op.ID)

		database.On()
		answer, body = server.Do(t, r)
		require.Equal(t, op.Statuses[0], answer.StatusCode, "%s: it is back: %s", op.ID, body)
	}
}

// ReadOnlyDatabaseIsTold calls every operation of a service whose database refuses writes and then accepts them again:
// operations that only read work, and all others answer that they are unavailable. So does a repetition that finds its
// work done: success implies a write, so that its COMMIT has waited for a synchronous standby. Only a kept answer waits
// in another way.
func ReadOnlyDatabaseIsTold(t *testing.T, s *Service, server *Server, database *Switch) {
	t.Helper()
	for _, op := range s.Document.Operations {
		r, _ := s.Fitting(t, server, op)
		database.ReadOnly(true)
		answer, body := server.Do(t, r)
		if op.Method == http.MethodGet || s.Beyond[op.ID].Unattached {
			require.Equal(t, op.Statuses[0], answer.StatusCode, "%s: %s", op.ID, body)
		} else {
			require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode, "%s: %s", op.ID, body)
			require.Equal(t, contract.ErrUnavailable.Code, ProblemIn(t, answer, body).Code, op.ID)
			require.Equal(t, "1", answer.Header.Get("Retry-After"), op.ID)
			require.Empty(t, answer.Header.Get("Set-Cookie"), op.ID)
		}
		database.ReadOnly(false)
		answer, body = server.Do(t, r)
		require.Equal(t, op.Statuses[0], answer.StatusCode, "%s: it takes writes again: %s", op.ID, body)

		database.ReadOnly(true)
		answer, body = server.Do(t, r)
		if op.Method != http.MethodGet && !s.Beyond[op.ID].Unattached && answer.Header.Get("Idempotency-Replayed") == "" {
			require.GreaterOrEqual(t, answer.StatusCode, http.StatusBadRequest, "%s: it is repeated: %s", op.ID, body)
		}
		database.ReadOnly(false)
	}
}

// EnumsAreThoseOfTheDocument compares the enumerations of the database, and the constraints that list values, with
// those of the document: they must be equal.
func EnumsAreThoseOfTheDocument(t *testing.T, s *Service, pool *pgxpool.Pool) {
	t.Helper()
	values := func(schema string) (values []string) {
		require.Contains(t, s.Spec.Components.Schemas, schema)
		for _, v := range s.Spec.Components.Schemas[schema].Value.Enum {
			values = append(values, fmt.Sprint(v))
		}
		return values
	}
	rows, err := pool.Query(t.Context(), `
		SELECT typname, array_agg(enumlabel::text)
		FROM pg_type JOIN pg_enum ON enumtypid = pg_type.oid
		WHERE typnamespace = 'public'::regnamespace AND typname NOT LIKE 'river%' GROUP BY typname`)
	require.NoError(t, err)
	var name string
	var labels []string
	_, err = pgx.ForEachRow(rows, []any{&name, &labels}, func() error {
		var schema strings.Builder
		for word := range strings.SplitSeq(name, "_") {
			schema.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
		require.ElementsMatch(t, values(schema.String()), labels, name)
		return nil
	})
	require.NoError(t, err)
	for constraint, schema := range s.Checked {
		var definition string
		require.NoError(t,
			pool.QueryRow(t.Context(), `SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = $1`,
				constraint).Scan(&definition), constraint)
		var listed []string
		for _, quoted := range regexp.MustCompile(`'([^']*)'`).FindAllStringSubmatch(definition, -1) {
			listed = append(listed, strings.Split(strings.Trim(quoted[1], "{}"), ",")...)
		}
		require.ElementsMatch(t, values(schema), listed, constraint)
	}
}
