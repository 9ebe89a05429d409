package events_test

import (
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/ops"
	"example.com/plumbline/impl/platform/telemetry"
)

func TestURLsAreRefusedWithoutBeingShown(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "nats://", "localhost:4222", "http://user:canary@host", "nats://user:can%ary@host",
		"nats://user:canary@host:port", "nats://fine,canary",
	} {
		err := events.CheckURL(telemetry.NewSecret(url))
		require.ErrorContains(t, err, "nats://user:password@host:4222", url)
		require.NotContains(t, err.Error(), "canary")
		_, err = events.Connect(events.Server{URLs: telemetry.NewSecret(url)}, "test", slog.New(slog.DiscardHandler))
		require.Error(t, err)
	}
	for _, url := range []string{
		"nats://host", "nats://user:p%40ss@host:4222", "tls://token@host:4222", "nats://one:4222, nats://two:4222",
	} {
		require.NoError(t, events.CheckURL(telemetry.NewSecret(url)), url)
	}
}

// TestNobodyWaitsForTheBus connects to a place that takes connections and says nothing.
func TestNobodyWaitsForTheBus(t *testing.T) {
	t.Parallel()
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	log := &logged{}
	connected := make(chan *events.Bus)
	go func() {
		url := telemetry.NewSecret("nats://user:canary@" + silent.Addr().String())
		bus, err := events.Connect(events.Server{URLs: url}, "test", log.logger())
		if err != nil {
			t.Error(err)
		}
		connected <- bus
	}()
	bus := <-connected
	err = bus.Check(t.Context())
	require.ErrorIs(t, err, ops.Unreachable)
	bus.Close()
	require.ErrorIs(t, bus.Check(t.Context()), ops.Unreachable)
	require.NotContains(t, log.String(), "canary")
}

func TestCheckFollowsTheBus(t *testing.T) {
	t.Parallel()
	w := start(t)
	bus := w.connect(t)
	works := func() bool { return bus.Check(t.Context()) == nil }
	fails := func() bool { return errors.Is(bus.Check(t.Context()), ops.Unreachable) }
	require.Eventually(t, works, patience, every)
	w.nats.Stop()
	require.Eventually(t, fails, patience, every)
	w.startBus(t)
	require.Eventually(t, works, patience, every)
	require.Contains(t, w.log.String(), "NATS is connected again")
	require.NotContains(t, w.log.String(), "for-tests")
}

// TestAWrongTokenIsNotForGood has the bus refuse the login until it is given another one.
func TestAWrongTokenIsNotForGood(t *testing.T) {
	t.Parallel()
	w := start(t)
	url := strings.Replace(w.nats.URL().Reveal(), "for-tests", "canary", 1)
	bus, err := events.Connect(events.Server{URLs: telemetry.NewSecret(url)}, "test", w.log.logger())
	require.NoError(t, err)
	defer bus.Close()
	require.Eventually(t, func() bool {
		err := bus.Check(t.Context())
		return errors.Is(err, ops.Unreachable) && errors.Is(err, nats.ErrAuthorization)
	}, patience, every, "the reason is told")
	w.nats.Stop()
	w.startBusWith(t, "canary")
	require.Eventually(t, func() bool { return bus.Check(t.Context()) == nil }, patience, every)
	require.NotContains(t, w.log.String(), "canary")
}
