package contracttest

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/httpapi"
)

// AllSlow makes every request slow, so that each has a line that tells what it spent its time in. load loads a document
// that no other test has.
func AllSlow(t testing.TB, load func() (*contract.Document, error)) func(*httpapi.Options) {
	t.Helper()
	document, err := load()
	require.NoError(t, err)
	for _, o := range document.Operations {
		o.Policy.Timeout.Slow = 0
	}
	return func(o *httpapi.Options) { o.Document = document }
}

// Spent returns what the last slow request of an operation spent its time in, in milliseconds by part.
func (s *Server) Spent(t testing.TB, operation string) map[string]float64 {
	t.Helper()
	var spent map[string]float64
	Eventually(t, "a line about a slow "+operation, func() bool {
		for line := range strings.Lines(s.Logged(t)) {
			var l struct {
				Msg, Operation string
				Spent          map[string]float64
			}
			require.NoError(t, json.Unmarshal([]byte(line), &l), line)
			if l.Msg == "slow operation" && l.Operation == operation {
				spent = l.Spent
			}
		}
		return spent != nil
	})
	return spent
}

// Waiters tells when work begins to wait for a connection of a pool. It is a tracer of the pool.
type Waiters chan struct{}

// TraceAcquireStart implements pgxpool.AcquireTracer.
func (w Waiters) TraceAcquireStart(
	ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData,
) context.Context {
	select {
	case w <- struct{}{}:
	default:
	}
	return ctx
}

// TraceAcquireEnd implements pgxpool.AcquireTracer.
func (Waiters) TraceAcquireEnd(context.Context, *pgxpool.Pool, pgxpool.TraceAcquireEndData) {}

// TraceQueryStart implements pgx.QueryTracer.
func (Waiters) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (Waiters) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
