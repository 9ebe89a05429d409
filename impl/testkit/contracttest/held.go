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

// Held keeps a statement from going on, and so the connection that it has from others, until it is let go.
type Held struct {
	statement string
	holding   atomic.Int32
	letGo     chan struct{}
	once      sync.Once
}

// NewHeld holds a statement by the name that its query has.
func NewHeld(name string) *Held {
	return &Held{statement: "-- name: " + name + " ", letGo: make(chan struct{})}
}

// Holding tells how many are held.
func (h *Held) Holding() int { return int(h.holding.Load()) }

// LetGo ends it. A test defers it, too, lest its service waits for what is held when it fails.
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

// Pool gives another pool on the database of a pool, with the shares that a program has, in which the statement is
// held.
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
