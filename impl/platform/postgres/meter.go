package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// forConnection is the label of waits for a connection; those for a place in a share have the name of the share.
const forConnection = "connection"

// newWaits returns a histogram with a series for waits for a connection and one for each share.
func newWaits(shares []Share) *prometheus.HistogramVec {
	waits := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "db_pool_wait_duration_seconds",
		Help: "Time that an acquire waited, successful or not: for a place in a share, and then for a connection.",
		// Most connections are free at once; nobody waits longer than the acquire time-out.
		Buckets: []float64{.0001, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		// A native histogram as of http_request_duration_seconds.
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  100,
		NativeHistogramMinResetDuration: time.Hour,
	}, []string{"for"})
	waits.WithLabelValues(forConnection)
	for _, s := range shares {
		waits.WithLabelValues(s.Name)
	}
	return waits
}

// meter measures how long an acquire waits for a connection once it has a place in each of its shares. It comes behind
// all other tracers of acquires.
type meter struct {
	limits Config // in force
	waits  *prometheus.HistogramVec
}

// timed is the context of an acquire that waits for a connection.
type timed struct {
	context.Context //nolint:containedctx // It is a context.
	since           time.Time
}

type timedKey struct{}

// Value lets TraceAcquireEnd find this context below those of other tracers.
func (t *timed) Value(key any) any {
	if key == (timedKey{}) {
		return t
	}
	return t.Context.Value(key)
}

func (m *meter) TraceAcquireStart(
	ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData,
) context.Context {
	return &timed{Context: ctx, since: time.Now()}
}

func (m *meter) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, data pgxpool.TraceAcquireEndData) {
	t, ok := ctx.Value(timedKey{}).(*timed)
	if ok && !errors.Is(data.Err, ErrShareUsedUp) { // Without a place it has waited for no connection.
		m.waits.WithLabelValues(forConnection).Observe(time.Since(t.since).Seconds())
	}
}

// meterOf gives the meter of a pool that Open made, or nil.
func meterOf(pool *pgxpool.Pool) *meter {
	if all, ok := pool.Config().ConnConfig.Tracer.(*multitracer.Tracer); ok {
		for _, tracer := range all.PoolAcquireTracers {
			if m, ok := tracer.(*meter); ok {
				return m
			}
		}
	}
	return nil
}
