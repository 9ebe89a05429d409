package contracttest

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/testkit/pgtest"
)

// Held holds a statement, and the connection that it occupies, until it is released.
type Held struct {
	statement string
	holding   atomic.Int32
	letGo     chan struct{}
	once      sync.Once
}

// NewHeld holds a statement by the name of its query.
func NewHeld(name string) *Held {
	return &Held{statement: "-- name: " + name + " ", letGo: make(chan struct{})}
}

// Holding returns how many statements are held.
func (h *Held) Holding() int { return int(h.holding.Load()) }

// LetGo releases them. A test also defers it, so that its service does not wait for ever when the test fails.
func (h *Held) LetGo() { h.once.Do(func() { close(h.letGo) }) }

// TraceQueryStart implements pgx.QueryTracer.
func (h *Held) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if strings.HasPrefix(data.SQL, h.statement) {
		h.holding.Add(1)
		defer h.holding.Add(-1)
		<-h.letGo
	}
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (*Held) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// Pool returns another pool on the database of a pool, with the shares of a program, in which the statement is held.
func (h *Held) Pool(t testing.TB, pool *pgxpool.Pool, conns int32) *pgxpool.Pool {
	t.Helper()
	other, err := postgres.Open(t.Context(), postgres.Config{
		URL: pgtest.Patient(pool.Config().ConnString()), MaxConns: conns, Tracer: h,
		Shares: program.Shares(conns, program.DefaultServing().PoolShare), SharesOf: httpapi.Shares,
	})
	require.NoError(t, err)
	t.Cleanup(other.Close)
	return other
}
