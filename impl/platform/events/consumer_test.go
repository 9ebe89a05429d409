package events_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/telemetry"
)

var errNotNow = errors.New("not now")

// TestNothingIsLostAndNothingHappensTwice has handlers fail, the bus come and go, and both sides be taken over, while
// events are written.
func TestNothingIsLostAndNothingHappensTwice(t *testing.T) {
	t.Parallel()
	const subjects, each = 20, 15
	w := start(t)
	w.nats.Stop() // The bus is down at first.
	handle := func(ctx context.Context, e events.Event) error {
		switch rand.N(20) {
		case 0:
			return errNotNow // It is never handled without having had its effect.
		case 1:
			return errors.Join(w.once(ctx, e), errNotNow) // The effect is there, and it comes again.
		default:
			return w.once(ctx, e)
		}
	}
	relays := []running{w.relay(t, w.connect(t)), w.relay(t, w.connect(t))}
	consumers := []running{w.consumer(t, w.connect(t), handle), w.consumer(t, w.connect(t), handle)}
	about := make([]uuid.UUID, subjects)
	for i := range about {
		about[i] = uuid.New()
	}
	for n := range each {
		for _, subject := range about {
			w.write(t, subject, n+1)
		}
		switch n {
		case 3, 9:
			w.startBus(t)
		case 6:
			w.nats.Stop()
		case 10:
			relays[0].stop()
			consumers[0].stop()
		case 12:
			w.count(t, endLeaders)
		}
	}
	w.eventually(t, subjects*each, effects)
	for _, subject := range about {
		require.Equal(t, upTo(each), w.effectsOf(t, subject))
	}
	w.eventually(t, 0, unpublished)
	require.Equal(t, subjects*each, w.count(t, "SELECT count(*) FROM inbox"))
}

// TestStuckEventHoldsUpItsSubjectOnly has a handler that one event does not pass.
func TestStuckEventHoldsUpItsSubjectOnly(t *testing.T) {
	t.Parallel()
	w := start(t)
	bus := w.connect(t)
	w.relay(t, bus)
	stuck, fine := uuid.New(), uuid.New()
	var mended atomic.Bool
	c := w.consumer(t, bus, func(ctx context.Context, e events.Event) error {
		if e.Subject == stuck && number(e) == 2 && !mended.Load() {
			if rand.N(2) == 0 {
				panic("not to be handled")
			}
			return errNotNow
		}
		return w.once(ctx, e)
	})
	for n := range 4 {
		w.write(t, stuck, n+1)
		w.write(t, fine, n+1)
	}
	w.eventually(t, 4, effects+" WHERE subject = $1", fine)
	require.Eventually(t, func() bool { return value(t, c.registry, "events_stuck") == 1 }, patience, every)
	require.Equal(t, []int{1}, w.effectsOf(t, stuck))
	require.GreaterOrEqual(t, value(t, c.registry, "events_handled_total", "result=failed"), 5.0)
	handled := value(t, c.registry, "events_handled_total", "result=handled", "service=shop", "consumer=reader")
	require.InDelta(t, 5, handled, 0)
	require.InDelta(t, 5, value(t, c.registry, "events_handle_delay_seconds"), 0)
	require.Contains(t, w.log.String(), "level=ERROR msg=\"an event could not be handled")

	mended.Store(true)
	w.eventually(t, 8, effects)
	require.Equal(t, upTo(4), w.effectsOf(t, stuck))
	require.Equal(t, upTo(4), w.effectsOf(t, fine))
	require.Eventually(t, func() bool { return value(t, c.registry, "events_stuck") == 0 }, patience, every)
}

// TestOrderOutlastsTheConsumer stops a consumer whose event fails and starts another: what the first one held comes
// before what it never saw.
func TestOrderOutlastsTheConsumer(t *testing.T) {
	t.Parallel()
	w := start(t)
	bus := w.connect(t)
	w.relay(t, bus)
	subject, other := uuid.New(), uuid.New()
	first := w.consumer(t, bus, func(ctx context.Context, e events.Event) error {
		if e.Subject == subject {
			return errNotNow
		}
		return w.once(ctx, e)
	})
	for n := range 3 {
		w.write(t, subject, n+1)
	}
	w.write(t, other, 1)
	w.eventually(t, 1, effects)
	require.Eventually(t, func() bool {
		return value(t, first.registry, "events_handled_total", "result=failed") > 0
	}, patience, every)
	first.stop()
	for n := range 3 {
		w.write(t, subject, 4+n)
	}
	w.eventually(t, 0, unpublished)
	require.Equal(t, []int{}, w.effectsOf(t, subject))

	var handled atomic.Int64
	w.consumer(t, bus, func(ctx context.Context, e events.Event) error {
		handled.Add(1)
		return w.once(ctx, e)
	})
	w.eventually(t, 7, effects)
	require.Equal(t, upTo(6), w.effectsOf(t, subject))
	require.Equal(t, []int{1}, w.effectsOf(t, other))
	require.EqualValues(t, 7, handled.Load(), "what was handled beyond the one that failed comes again")
}

// TestOneConsumerHandlesAtATime starts several: each event is handled by one.
func TestOneConsumerHandlesAtATime(t *testing.T) {
	t.Parallel()
	const subjects, each = 10, 10
	w := start(t)
	bus := w.connect(t)
	w.relay(t, bus)
	var mu sync.Mutex
	seen := map[int]int{} // by consumer
	var consumers []running
	for i := range 3 {
		consumers = append(consumers, w.consumer(t, bus, func(context.Context, events.Event) error {
			mu.Lock()
			defer mu.Unlock()
			seen[i]++
			return nil
		}))
	}
	for n := range subjects * each {
		w.write(t, uuid.NewSHA1(uuid.Nil, []byte{byte(n % subjects)}), n)
	}
	require.Eventually(t, func() bool {
		var total float64
		for _, c := range consumers {
			total += value(t, c.registry, "events_handled_total", "result=handled")
		}
		return total == subjects*each
	}, patience, every)
	mu.Lock()
	defer mu.Unlock()
	require.Len(t, seen, 1)
}

// TestMessagesThatAreNoEvents has others write into the stream.
func TestMessagesThatAreNoEvents(t *testing.T) {
	t.Parallel()
	w := start(t)
	bus := w.connect(t)
	w.relay(t, bus)
	w.write(t, uuid.New(), 1)
	w.eventually(t, 0, unpublished)
	js := w.stream(t)
	good := `{"specversion":"1.0","id":"0197f0a1-5c3e-7d2b-9f00-3a1b2c4d5e6f","source":"/shop","type":"thing.changed",` +
		`"subject":"0197f0a1-5c3e-7d2b-9f00-aabbccddeeff","time":"2026-11-23T09:30:00Z",` +
		`"datacontenttype":"application/json","data":{"number":7},"unknown":"extension"}`
	bad := []string{
		"", "canary", "[]", "{}", `{"specversion":"1.0"}`,
		strings.Replace(good, `"1.0"`, `"2.0"`, 1),
		strings.Replace(good, "/shop", "/elsewhere", 1),
		strings.Replace(good, "9f00-3a1b2c4d5e6f", "canary", 1),
		strings.Replace(good, "9f00-aabbccddeeff", "canary", 1),
		strings.Replace(good, `"thing.changed"`, `""`, 1),
		strings.Replace(good, `"2026-11-23T09:30:00Z"`, `"canary"`, 1),
		strings.Replace(good, "application/json", "text/plain", 1),
		strings.Replace(good, `{"number":7}`, `"canary"`, 1),
		strings.Replace(good, `,"data":{"number":7}`, ``, 1),
	}
	for _, message := range append(bad, good) {
		_, err := js.Publish(t.Context(), "plumbline.shop.thing.changed", []byte(message))
		require.NoError(t, err)
	}
	c := w.consumer(t, bus, w.once)
	w.eventually(t, 2, effects)
	require.Equal(t, []int{7}, w.effectsOf(t, uuid.MustParse("0197f0a1-5c3e-7d2b-9f00-aabbccddeeff")))
	require.InDelta(t, len(bad), value(t, c.registry, "events_handled_total", "result=unreadable"), 0)
	require.Contains(t, w.log.String(), "is no event and is dropped")
	require.NotContains(t, w.log.String(), "canary")
	consumer, err := js.Consumer(t.Context(), "SHOP", "reader")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		info, err := consumer.Info(t.Context())
		return err == nil && info.NumAckPending == 0 && info.NumPending == 0
	}, patience, every, "dropped for good")
}

func TestEventsOfAHandlerContinueTheTrace(t *testing.T) {
	t.Parallel()
	w := start(t)
	bus := w.connect(t)
	w.relay(t, bus)
	const trace = "0af7651916cd43dd8448eb211c80319c"
	_, err := w.pool.Exec(t.Context(), `INSERT INTO outbox (id, type, subject, data, occurred_at, traceparent) VALUES
($1, 'thing.changed', gen_random_uuid(), '{}', now(), '00-`+trace+`-b7ad6b7169203331-01'),
(gen_random_uuid(), 'thing.changed', gen_random_uuid(), '{}', now(), NULL)`, uuid.Max)
	require.NoError(t, err)
	scopes := make(chan *telemetry.RequestScope, 2)
	w.consumer(t, bus, func(ctx context.Context, _ events.Event) error {
		scopes <- telemetry.Request(ctx)
		return nil
	})
	for range 2 {
		scope := <-scopes
		require.Len(t, scope.TraceID, 32)
		require.NotEqual(t, "b7ad6b7169203331", scope.SpanID)
		require.Equal(t, scope.RequestID == uuid.Max.String(), scope.TraceID == trace)
		require.Equal(t, scope.TraceID == trace, scope.Sampled)
	}
}

// TestInboxIsPurged leaves what a copy could still come of.
func TestInboxIsPurged(t *testing.T) {
	t.Parallel()
	w := start(t)
	_, err := w.pool.Exec(t.Context(), `INSERT INTO inbox SELECT gen_random_uuid(), now() - days * interval '1 day'
FROM generate_series(1, 30) AS days, generate_series(1, 200)`)
	require.NoError(t, err)
	w.consumer(t, w.connect(t), w.once)
	w.eventually(t, 14*200, "SELECT count(*) FROM inbox")
	require.Zero(t, w.count(t, "SELECT count(*) FROM inbox WHERE received_at < now() - interval '15 days'"))
}

// TestUnhandledIsMeasured counts what waits in the stream.
func TestUnhandledIsMeasured(t *testing.T) {
	t.Parallel()
	w := start(t)
	bus := w.connect(t)
	w.relay(t, bus)
	for n := range 5 {
		w.write(t, uuid.New(), n)
	}
	w.eventually(t, 0, unpublished)
	c := w.consumer(t, bus, func(context.Context, events.Event) error { return errNotNow })
	require.Eventually(t, func() bool { return value(t, c.registry, "events_unhandled") == 5 }, patience, every)
	c.stop()
	require.Zero(t, value(t, c.registry, "events_unhandled"))
}

// TestConsumerOutlastsTheLossOfTheStream has the bus forget everything; the consumer finds the new stream by itself.
func TestConsumerOutlastsTheLossOfTheStream(t *testing.T) {
	t.Parallel()
	w := start(t)
	bus := w.connect(t)
	w.relay(t, bus)
	w.consumer(t, bus, w.once)
	subject := uuid.New()
	w.write(t, subject, 1)
	w.eventually(t, 1, effects)
	require.NoError(t, w.stream(t).DeleteStream(t.Context(), "SHOP"))
	w.write(t, subject, 2)
	w.eventually(t, 2, effects)

	// What the bus has lost is in the outbox still: it is published again, and has no second effect.
	_, err := w.pool.Exec(t.Context(), "UPDATE outbox SET published_at = NULL")
	require.NoError(t, err)
	w.eventually(t, 0, unpublished)
	w.write(t, subject, 3)
	w.eventually(t, 3, effects)
	require.Equal(t, upTo(3), w.effectsOf(t, subject))
	stream, err := w.stream(t).Stream(t.Context(), "SHOP")
	require.NoError(t, err)
	require.Equal(t, jetstream.FileStorage, stream.CachedInfo().Config.Storage)
}
