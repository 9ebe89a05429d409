package natsserver_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/plumbline/impl/devkit/natsserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func connect(t *testing.T, url string) (jetstream.JetStream, error) {
	t.Helper()
	conn, err := nats.Connect(url)
	if err != nil {
		return nil, err
	}
	t.Cleanup(conn.Close)
	return jetstream.New(conn)
}

// TestWhatIsStoredStays stops a server and starts it again on its folder, with another port and token.
func TestWhatIsStoredStays(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "not", "there")
	tokens := map[string]bool{}
	for round := range 3 {
		server, err := natsserver.Start(t.Context(), natsserver.Options{Dir: dir})
		require.NoError(t, err)
		js, err := connect(t, server.URL().Reveal())
		require.NoError(t, err)
		stream, err := js.CreateOrUpdateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s.>"}})
		require.NoError(t, err)
		require.EqualValues(t, round, stream.CachedInfo().State.Msgs)
		_, err = js.Publish(t.Context(), "s.one", []byte("kept"))
		require.NoError(t, err)
		tokens[server.URL().Reveal()] = true
		js.Conn().Close()
		server.Stop()
		_, err = connect(t, server.URL().Reveal())
		require.ErrorIs(t, err, nats.ErrNoServers)
	}
	require.Len(t, tokens, 3)
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.EqualValues(t, 0o700, info.Mode().Perm())
}

func TestOnlyWhoKnowsTheTokenConnects(t *testing.T) {
	t.Parallel()
	server, err := natsserver.Start(t.Context(), natsserver.Options{Dir: t.TempDir(), Token: "known"})
	require.NoError(t, err)
	defer server.Stop()
	url := server.URL().Reveal()
	require.True(t, strings.HasPrefix(url, "nats://known@127.0.0.1:"), url)
	require.NotContains(t, server.URL().String(), "known")
	for _, wrong := range []string{strings.Replace(url, "known", "unknown", 1), strings.Replace(url, "known@", "", 1)} {
		_, err := connect(t, wrong)
		require.ErrorIs(t, err, nats.ErrAuthorization)
	}
	_, err = connect(t, url)
	require.NoError(t, err)
}

func TestStartFails(t *testing.T) {
	t.Parallel()
	server, err := natsserver.Start(t.Context(), natsserver.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(server.Stop)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for name, o := range map[string]natsserver.Options{
		"no folder":     {},
		"a file":        {Dir: file},
		"a port in use": {Dir: t.TempDir(), Port: server.Port()},
		"below a file":  {Dir: filepath.Join(file, "below")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := natsserver.Start(t.Context(), o)
			require.ErrorContains(t, err, "private NATS")
		})
	}
}

// Only files of a server are removed.
func TestRemove(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "nats")
	require.NoError(t, natsserver.Remove(dir), "there is nothing yet")
	server, err := natsserver.Start(t.Context(), natsserver.Options{Dir: dir})
	require.NoError(t, err)
	js, err := connect(t, server.URL().Reveal())
	require.NoError(t, err)
	_, err = js.CreateOrUpdateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s.>"}})
	require.NoError(t, err)
	js.Conn().Close()
	server.Stop()

	kept := filepath.Join(dir, "notes.txt")
	require.NoError(t, os.WriteFile(kept, nil, 0o600))
	require.NoError(t, natsserver.Remove(dir))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.NoError(t, os.Remove(kept))
	require.NoError(t, natsserver.Remove(dir))
	require.NoDirExists(t, dir)
}
