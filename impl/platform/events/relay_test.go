package events_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// turn is what writers about one subject take, as they would take the lock of its row.
type turn struct {
	mu   sync.Mutex
	last int
}

func (n *turn) write(ctx context.Context, w *world, subject uuid.UUID) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last++
	return insert(ctx, w.pool, uuid.New(), subject, map[string]any{"number": n.last})
}

// TestPublishesInOrder has many write about the same subjects while the bus comes and goes.
func TestPublishesInOrder(t *testing.T) {
	t.Parallel()
	const writers, subjects, each = 4, 5, 40
	w := start(t)
	r := w.relay(t, w.connect(t))
	w.relay(t, w.connect(t)) // Another replica.

	turns := make(map[uuid.UUID]*turn, subjects)
	for range subjects {
		turns[uuid.New()] = &turn{}
	}
	var writing errgroup.Group
	for range writers {
		writing.Go(func() error {
			for range each {
				for subject, turn := range turns {
					if err := turn.write(t.Context(), w, subject); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	for range 3 {
		before := value(t, r.registry, "events_published_total", "type=thing.changed")
		require.Eventually(t, func() bool {
			return value(t, r.registry, "events_published_total", "type=thing.changed") > before || w.count(t, unpublished) == 0
		}, patience, every)
		w.nats.Stop()
		w.startBus(t)
	}
	require.NoError(t, writing.Wait())
	w.eventually(t, 0, unpublished)

	found := w.published(t)
	require.Len(t, found, subjects)
	for subject := range turns {
		require.Equal(t, upTo(writers*each), found[subject])
	}
}

// TestRefusedEventHoldsUpItsSubjectOnly has the bus refuse one event among many.
func TestRefusedEventHoldsUpItsSubjectOnly(t *testing.T) {
	t.Parallel()
	w := start(t)
	js := w.stream(t)
	// The operator's limit on the size of a message stays what it is.
	config := jetstream.StreamConfig{
		Name: "SHOP", Subjects: []string{"plumbline.shop.>"}, MaxMsgSize: 1000, MaxAge: 1 << 60,
	}
	_, err := js.CreateStream(t.Context(), config)
	require.NoError(t, err)
	refused, fine := uuid.New(), uuid.New()
	w.write(t, refused, 1)
	w.write(t, fine, 1)
	w.write(t, refused, 2, strings.Repeat("x", 2000))
	w.write(t, refused, 3)
	w.write(t, fine, 2)
	r := w.relay(t, w.connect(t))

	w.eventually(t, 2, unpublished)
	require.Eventually(t, func() bool {
		return value(t, r.registry, "events_publish_failures_total") >= 3
	}, patience, every)
	w.write(t, fine, 3)
	w.eventually(t, 2, unpublished)
	require.Equal(t, map[uuid.UUID][]int{refused: {1}, fine: {1, 2, 3}}, w.published(t))
	require.Contains(t, w.log.String(), "events wait")

	stream, err := js.Stream(t.Context(), "SHOP")
	require.NoError(t, err)
	config = stream.CachedInfo().Config
	require.EqualValues(t, 1000, config.MaxMsgSize)
	config.MaxMsgSize = -1
	_, err = js.UpdateStream(t.Context(), config)
	require.NoError(t, err)
	w.eventually(t, 0, unpublished)
	require.Equal(t, map[uuid.UUID][]int{refused: {1, 2, 3}, fine: {1, 2, 3}}, w.published(t))
	require.Contains(t, w.log.String(), "events are published again")
}

func TestOneRelayLeadsAndAnotherTakesOver(t *testing.T) {
	t.Parallel()
	w := start(t)
	bus := w.connect(t)
	relays := []running{w.relay(t, bus), w.relay(t, bus), w.relay(t, bus)}
	leaders := func() (which []int) {
		for i, r := range relays {
			if value(t, r.registry, "relay_leader") == 1 {
				which = append(which, i)
			}
		}
		return which
	}
	led := func() bool { return len(leaders()) == 1 }
	require.Eventually(t, led, patience, every)
	subject := uuid.New()
	w.write(t, subject, 1)
	w.eventually(t, 0, unpublished)

	// The database ends the leader's connection; somebody leads again.
	require.Equal(t, 1, w.count(t, endLeaders))
	w.write(t, subject, 2)
	w.eventually(t, 0, unpublished)

	// The leader's process ends in order, twice.
	for n := range 2 {
		require.Eventually(t, led, patience, every)
		relays[leaders()[0]].stop()
		w.write(t, subject, 3+n)
		w.eventually(t, 0, unpublished)
	}
	require.Eventually(t, led, patience, every)
	require.Equal(t, map[uuid.UUID][]int{subject: upTo(4)}, w.published(t))
}

func TestLastPassPublishesWhatWasCommittedBefore(t *testing.T) {
	t.Parallel()
	w := start(t)
	r := w.relay(t, w.connect(t))
	require.Eventually(t, func() bool { return value(t, r.registry, "relay_leader") == 1 }, patience, every)
	subject := uuid.New()
	for n := range 20 {
		w.write(t, subject, n+1)
	}
	r.stop()
	require.Zero(t, w.count(t, unpublished))
	require.Equal(t, upTo(20), w.published(t)[subject])
}

func TestMetricsOfTheOutbox(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.nats.Stop()
	for n := range 3 {
		w.write(t, uuid.New(), n)
	}
	_, err := w.pool.Exec(t.Context(), "UPDATE outbox SET occurred_at = now() - interval '1 hour' WHERE position = 2")
	require.NoError(t, err)
	r := w.relay(t, w.connect(t))
	require.Eventually(t, func() bool {
		return value(t, r.registry, "outbox_unpublished") == 3 &&
			value(t, r.registry, "outbox_oldest_unpublished_seconds") >= 3600
	}, patience, every)
	w.startBus(t)
	w.eventually(t, 0, unpublished)
	require.Eventually(t, func() bool { return value(t, r.registry, "outbox_unpublished") == 0 }, patience, every)
	require.InDelta(t, 3, value(t, r.registry, "events_published_total", "type=thing.changed"), 0)
	r.stop()
	require.Zero(t, value(t, r.registry, "relay_leader"))
}

// TestPurge writes rows of every age and state.
func TestPurge(t *testing.T) {
	t.Parallel()
	const rowsOfAge = `
INSERT INTO outbox (id, type, subject, data, occurred_at, published_at)
SELECT gen_random_uuid(), 'thing.changed', gen_random_uuid(), '{}', now() - $2::interval, now() - $3::interval
FROM generate_series(1, $1)`
	for name, c := range map[string]struct {
		bus  bool
		want string
	}{
		"with a bus what was published a week ago goes": {
			true, "SELECT count(*) FROM outbox WHERE published_at < now() - interval '7 days'",
		},
		"without a bus what happened a week ago is given up": {
			false, "SELECT count(*) FROM outbox WHERE published_at IS NULL AND occurred_at < now() - interval '7 days'",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t)
			for _, rows := range []struct {
				n         int
				age       string
				published any
			}{
				{2500, "8 days", "8 days"}, {10, "8 days", "6 days"}, {10, "6 days", "6 days"},
				{2500, "8 days", nil}, {10, "6 days", nil},
			} {
				_, err := w.pool.Exec(t.Context(), rowsOfAge, rows.n, rows.age, rows.published)
				require.NoError(t, err)
			}
			if c.bus {
				w.relay(t, w.connect(t))
				w.eventually(t, 0, unpublished)
				w.eventually(t, 0, c.want)
				require.Equal(t, 2530, w.count(t, "SELECT count(*) FROM outbox"))
				return
			}
			w.relay(t, nil)
			w.eventually(t, 0, c.want)
			require.Equal(t, 2530, w.count(t, "SELECT count(*) FROM outbox"))
			require.Equal(t, 10, w.count(t, unpublished))
		})
	}
}
