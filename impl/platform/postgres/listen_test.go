package postgres_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/pgtest"
)

// A listener is told when notifications arrive for certain, of each, and when they may be missed.
func TestListen(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, accounts())
	ctx, cancel := context.WithCancel(t.Context())
	told := make(chan string, 10)
	var listening sync.WaitGroup
	listening.Go(func() {
		postgres.Listen(ctx, holdConfig(t, url), "changes", postgres.Listener{
			Connected: func() { told <- "connected" },
			Notified:  func(payload string) { told <- "notified " + payload },
			Lost:      func() { told <- "lost" },
			Failed:    func(error) { told <- "failed" },
		})
	})
	require.Equal(t, "connected", <-told)
	query(t, url, "NOTIFY others, 'none'")
	query(t, url, "NOTIFY changes, 'one'")
	require.Equal(t, "notified one", <-told)
	query(t, url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()
		AND datname = current_database()`)
	require.Equal(t, "lost", <-told)
	require.Equal(t, "failed", <-told)
	require.Equal(t, "connected", <-told)
	query(t, url, "NOTIFY changes, 'two'")
	require.Equal(t, "notified two", <-told)
	cancel()
	listening.Wait()
	require.Equal(t, "lost", <-told)
	require.Empty(t, told)
}
