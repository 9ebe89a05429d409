package program_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/devkit/natsserver"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

// posted serves a service that writes an event for every request.
func posted(t *testing.T, bus func(*events.Bus), reach func(url string) string, changes ...string) *programtest.Served {
	t.Helper()
	p := parcels(serving(func(ctx context.Context, process *program.Process) (http.Handler, error) {
		b, err := process.Publish(ctx, []string{"parcel.posted"})
		bus(b)
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, err := process.Pool.Exec(r.Context(),
				"INSERT INTO outbox (id, type, subject, data, occurred_at) VALUES (gen_random_uuid(), 'parcel.posted', "+
					"gen_random_uuid(), '{}', now())")
			if err != nil {
				panic(err)
			}
		}), err
	}))
	p.Schema.Parts = append(slices.Clone(parts), events.Tables)
	url := pgtest.URL(t, second, p.Schema.Parts...)
	environ := append(serveEnvironment(url, changes...), "PARCELS_DATABASE_URL="+reach(pgtest.Patient(url)))
	return programtest.Serve(t, p.Run, environ)
}

// directly connects a service to its database without a proxy.
func directly(url string) string { return url }

// The events of the last requests are published before the program ends.
func TestPublish(t *testing.T) {
	t.Parallel()
	const requests = 5
	bus, err := natsserver.Start(t.Context(), natsserver.Options{Dir: t.TempDir(), Token: "canary"})
	require.NoError(t, err)
	t.Cleanup(bus.Stop)
	var connected *events.Bus
	s := posted(t, func(b *events.Bus) { connected = b }, directly, "PARCELS_NATS_URL="+bus.URL().Reveal())
	require.NotNil(t, connected)
	require.Eventually(t, func() bool {
		_, body := programtest.Get(t, s.OpsURL+"/metrics")
		return strings.Contains(body, "\nrelay_leader 1\n")
	}, programtest.Patience, programtest.Patience/1000)
	require.False(t, becomes(t, s, "nats", "").Critical)
	for range requests {
		status, _ := programtest.Get(t, s.URL)
		require.Equal(t, http.StatusOK, status)
	}
	s.Stop()
	require.NoError(t, s.End())
	require.NotContains(t, s.Output(), "canary")

	conn, err := nats.Connect(bus.URL().Reveal())
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	stream, err := js.Stream(t.Context(), "PARCELS")
	require.NoError(t, err)
	require.EqualValues(t, requests, stream.CachedInfo().State.Msgs)
}

// Without NATS, and while it is away, everything else works.
func TestPublishWithoutNATS(t *testing.T) {
	t.Parallel()
	for url, health := range map[string]string{"": `{"status":"healthy"`,
		"nats://user:canary@127.0.0.1:1": `{"status":"degraded"`} {
		var bus *events.Bus
		s := posted(t, func(b *events.Bus) { bus = b }, directly, "PARCELS_NATS_URL="+url)
		require.Equal(t, url == "", bus == nil)
		status, _ := programtest.Get(t, s.URL)
		require.Equal(t, http.StatusOK, status)
		_, body := programtest.Get(t, s.OpsURL+"/healthz")
		require.Contains(t, body, health)
		s.Stop()
		require.NoError(t, s.End())
		require.NotContains(t, s.Output(), "canary")
	}
	environ := serveEnvironment(pgtest.URL(t, first, parts...), "PARCELS_NATS_URL=canary")
	_, err := programtest.Command(t, parcels(serving(nil)).Run, environ, "serve")
	programtest.RequireSentence(t, err, "nats_url", "nats://user:password@host:4222")
	require.NotContains(t, err.Error(), "canary")
}
