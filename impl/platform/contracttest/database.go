package contracttest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/httpapi"
)

// Switch is what cuts a service off from its database: while it is off no connection works and none can be opened.
type Switch struct{ off atomic.Bool }

// Off cuts the connections, and On lets them be opened again.
func (w *Switch) Off() { w.off.Store(true) }

// On ends what Off began.
func (w *Switch) On() { w.off.Store(false) }

// Pool gives another pool on the database of a pool, which the switch cuts off.
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

// DatabaseGoneIsTold calls every operation of a service whose database is gone, and then there again: each says that it
// cannot answer, and none says anything else.
func DatabaseGoneIsTold(t *testing.T, s *Service, server *Server, database *Switch) {
	t.Helper()
	for _, op := range s.Document.Operations {
		r, _ := s.Fitting(t, server, op)
		database.Off()
		answer, body := server.Do(t, r)
		if slices.Contains(s.Unattached, op.ID) {
			require.Equal(t, op.Statuses[0], answer.StatusCode, "%s: %s", op.ID, body)
			database.On()
			continue
		}
		require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode, "%s: %s", op.ID, body)
		require.Equal(t, httpapi.ErrUnavailable.Code, ProblemIn(t, answer, body).Code, op.ID)
		require.Equal(t, "1", answer.Header.Get("Retry-After"), op.ID)
		require.Empty(t, answer.Header.Get("Set-Cookie"), op.ID)

		database.On()
		answer, body = server.Do(t, r)
		require.Equal(t, op.Statuses[0], answer.StatusCode, "%s: it is back: %s", op.ID, body)
	}
}

// Brittle is a database whose connection is lost at COMMIT, for as long as Broken is true.
type Brittle struct {
	*pgxpool.Pool

	Broken *atomic.Bool
	// Carried is whether the server carries the commit out all the same.
	Carried bool
}

// BeginTx begins a transaction that ends as Brittle says.
func (b Brittle) BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error) {
	tx, err := b.Pool.BeginTx(ctx, options)
	if err != nil || !b.Broken.Load() {
		return tx, err
	}
	return brittleTx{tx, b.Carried}, nil
}

type brittleTx struct {
	pgx.Tx

	carried bool
}

func (b brittleTx) Commit(ctx context.Context) error {
	if !b.carried {
		return errors.Join(io.ErrUnexpectedEOF, b.Rollback(ctx))
	}
	return errors.Join(io.ErrUnexpectedEOF, b.Tx.Commit(ctx))
}
