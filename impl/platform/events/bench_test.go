package events_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"example.com/plumbline/impl/platform/events"
)

const manyEvents = `
INSERT INTO outbox (id, type, subject, data, occurred_at)
SELECT gen_random_uuid(), 'thing.changed', md5((n % $2)::text)::uuid, '{"number": 1}', now()
FROM generate_series(1, $1) AS n`

// BenchmarkRelay publishes a backlog about many subjects.
func BenchmarkRelay(b *testing.B) {
	w := start(b)
	_, err := w.pool.Exec(b.Context(), manyEvents, b.N, 1000)
	if err != nil {
		b.Fatal(err)
	}
	bus := w.connect(b)
	b.ResetTimer()
	w.relay(b, bus)
	w.eventually(b, 0, unpublished)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkConsumer handles a backlog about many subjects, each event once.
func BenchmarkConsumer(b *testing.B) {
	w := start(b)
	_, err := w.pool.Exec(b.Context(), manyEvents, b.N, 1000)
	if err != nil {
		b.Fatal(err)
	}
	bus := w.connect(b)
	w.relay(b, bus)
	w.eventually(b, 0, unpublished)
	var handled atomic.Int64
	done := make(chan struct{})
	b.ResetTimer()
	w.consumer(b, bus, func(ctx context.Context, e events.Event) error {
		err := w.once(ctx, e)
		if err == nil && handled.Add(1) == int64(b.N) {
			close(done)
		}
		return err
	})
	select {
	case <-done:
	case <-time.After(5 * time.Minute):
		b.Fatal("not handled in time")
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
