package postgres

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// ErrShareUsedUp means that work of this kind had all the connections of its share in use, and none came free in time.
var ErrShareUsedUp = errors.New("no database connection came free in time of those that such work may have")

// Share is a bulkhead: it limits the connections of a pool that work of one kind uses at once, so that some are left
// for other work.
type Share struct {
	// Name is the label of its metrics.
	Name string
	// Most is the number of its connections, at least one.
	Most int32
	// Wait is how long an acquire waits for a place in it; zero means as long as for a connection.
	Wait time.Duration
}

// bulkhead takes a place in each share of an acquire before the pool looks for a connection.
type bulkhead struct {
	of     func(context.Context) []string
	shares map[string]*share

	mu   sync.Mutex
	held map[*pgx.Conn][]*share
}

type share struct {
	Share

	places  chan struct{} // holds one element for each connection in use
	refused atomic.Int64
	waited  prometheus.Observer
}

func newBulkhead(shares []Share, of func(context.Context) []string, waits *prometheus.HistogramVec) *bulkhead {
	b := &bulkhead{of: of, shares: map[string]*share{}, held: map[*pgx.Conn][]*share{}}
	for _, s := range shares {
		b.shares[s.Name] = &share{
			Share: s, places: make(chan struct{}, s.Most), waited: waits.WithLabelValues(s.Name),
		}
	}
	return b
}

// admitted is the context of an acquire that has a place in each of its shares.
type admitted struct {
	context.Context //nolint:containedctx // It is a context.
	by              []*share
}

type admittedKey struct{}

// Value lets TraceAcquireEnd find this context below those of other tracers.
func (a *admitted) Value(key any) any {
	if key == (admittedKey{}) {
		return a
	}
	return a.Context.Value(key)
}

// refused is a context that has ended because a share was used up: pgxpool returns its error.
type refused struct{ context.Context } //nolint:containedctx // It is a context.

func (refused) Done() <-chan struct{} { return ended }
func (refused) Err() error            { return ErrShareUsedUp }

var ended = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

func (b *bulkhead) TraceAcquireStart(
	ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData,
) context.Context {
	a := &admitted{Context: ctx}
	for _, name := range b.of(ctx) {
		s := b.shares[name]
		if s == nil {
			continue
		}
		if !s.enter(ctx) {
			leave(a.by)
			if ctx.Err() != nil {
				return ctx
			}
			return refused{ctx}
		}
		a.by = append(a.by, s)
	}
	if a.by == nil {
		return ctx
	}
	return a
}

func (b *bulkhead) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, data pgxpool.TraceAcquireEndData) {
	a, ok := ctx.Value(admittedKey{}).(*admitted)
	switch {
	case !ok:
	case data.Conn == nil:
		leave(a.by)
	default:
		b.mu.Lock()
		defer b.mu.Unlock()
		b.held[data.Conn] = a.by
	}
}

func (b *bulkhead) TraceRelease(_ *pgxpool.Pool, data pgxpool.TraceReleaseData) {
	b.mu.Lock()
	by := b.held[data.Conn]
	delete(b.held, data.Conn)
	b.mu.Unlock()
	leave(by)
}

// enter takes a place, if one comes free before the wait or the context ends.
func (s *share) enter(ctx context.Context) bool {
	select {
	case s.places <- struct{}{}:
		s.waited.Observe(0)
		return true
	default:
	}
	start := time.Now()
	defer func() { s.waited.Observe(time.Since(start).Seconds()) }()
	var over <-chan time.Time // never
	if s.Wait > 0 {
		timer := time.NewTimer(s.Wait)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case s.places <- struct{}{}:
		return true
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.Canceled) { // A cancelled acquire is not a refusal.
			return false
		}
	case <-over:
	}
	s.refused.Add(1)
	return false
}

func leave(by []*share) {
	for _, s := range by {
		<-s.places
	}
}

// bulkheadOf gives the bulkhead of a pool, or nil.
func bulkheadOf(pool *pgxpool.Pool) *bulkhead {
	if all, ok := pool.Config().ConnConfig.Tracer.(*multitracer.Tracer); ok {
		for _, tracer := range all.PoolReleaseTracers {
			if b, ok := tracer.(*bulkhead); ok {
				return b
			}
		}
	}
	return nil
}
