package events_test

import (
	"bytes"
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/pgtest"
)

// The first of several servers takes connections and is silent: relay and consumer come to lead with the second.
func TestSilentFirstServer(t *testing.T) {
	t.Parallel()
	w := startOn(t, pgtest.BehindSilent(t, pgtest.URL(t, effectsTable, events.Tables))+"&connect_timeout=5")
	bus := w.connect(t)
	r := w.relay(t, bus)
	w.consumer(t, bus, w.once)
	subject := uuid.New()
	w.write(t, subject, 1)
	w.eventually(t, 1, effects)
	require.EqualValues(t, 1, value(t, r.registry, "relay_leader"))
	require.NotContains(t, w.log.String(), "starts over")
}

// silentAt is a connection that delivers nothing any more from the first message on that contains what is told.
type silentAt struct {
	net.Conn
	message []byte
	silent  bool // Writes come one after the other.
}

func (c *silentAt) Write(message []byte) (int, error) {
	if c.silent = c.silent || bytes.Contains(message, c.message); c.silent {
		return len(message), nil
	}
	return c.Conn.Write(message)
}

// A connection that falls silent as the relay makes sure of what it has read is given up for another one.
func TestRelayIsNotHeldUpBySilence(t *testing.T) {
	t.Parallel()
	w := start(t)
	config := w.pool.Config().ConnConfig
	dial := config.DialFunc
	var dialled atomic.Int64
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err == nil && dialled.Add(1) == 1 {
			conn = &silentAt{Conn: conn, message: []byte("begin")}
		}
		return conn, err
	}
	w.relayOver(t, config, w.connect(t))
	subject := uuid.New()
	w.write(t, subject, 1)
	require.Eventually(t, func() bool {
		return strings.Contains(w.log.String(), "outbox relay starts over")
	}, patience, every)
	w.eventually(t, 0, unpublished)
	require.Equal(t, map[uuid.UUID][]int{subject: {1}}, w.published(t))
}

// An event whose commit may be lost with the server is told to nobody.
func TestEventThatIsNotReplicatedWaits(t *testing.T) {
	t.Parallel()
	primary := pgtest.Replicated(t, effectsTable, events.Tables)
	w := startOn(t, pgtest.Patient(primary.URL))
	r := w.relay(t, w.connect(t))
	subject := uuid.New()
	w.write(t, subject, 1)
	w.eventually(t, 0, unpublished)

	primary.SetAway(true)
	wrote := make(chan error, 1)
	go func() {
		wrote <- insert(context.WithoutCancel(t.Context()), w.pool, uuid.New(), subject, map[string]any{"number": 2})
	}()
	primary.CutOff()
	require.NoError(t, <-wrote)
	w.eventually(t, 1, unpublished)
	require.Eventually(t, func() bool {
		return strings.Contains(w.log.String(), "outbox relay starts over")
	}, patience, every)
	require.Equal(t, map[uuid.UUID][]int{subject: {1}}, w.published(t))
	require.EqualValues(t, 1, value(t, r.registry, "events_published_total", "type=thing.changed"))

	primary.SetAway(false)
	w.eventually(t, 0, unpublished)
	require.Equal(t, map[uuid.UUID][]int{subject: {1, 2}}, w.published(t))
}

// An event counts as handled when its effect cannot be lost any more: until then it comes again.
func TestEffectThatIsNotReplicated(t *testing.T) {
	t.Parallel()
	primary := pgtest.Replicated(t, effectsTable, events.Tables)
	pool := pgtest.Open(t, pgtest.Patient(primary.URL))
	event := events.Event{ID: uuid.New(), Subject: uuid.New()}
	handle := func() error {
		return events.Once(t.Context(), pool, event, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO effects (event, subject, number) VALUES ($1, $2, 1)",
				event.ID, event.Subject)
			return err
		})
	}
	primary.SetAway(true)
	handled := make(chan error, 1)
	for range 3 {
		go func() { handled <- handle() }()
		primary.CutOff()
		require.ErrorIs(t, <-handled, postgres.ErrUnknownOutcome)
	}
	primary.SetAway(false)
	require.NoError(t, handle())
	var count int
	require.NoError(t, pool.QueryRow(t.Context(), effects).Scan(&count))
	require.Equal(t, 1, count)
}
