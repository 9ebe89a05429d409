package events

import (
	"context"
	"log/slog"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/testkit/pgtest"
)

// PostgreSQL ends the session of a leader that has vanished: the connection with the lock has the setting for it.
func TestSilentLeadersAreEnded(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, fstest.MapFS{"00001_nothing.sql": {Data: []byte("-- +goose Up\nSELECT 1;\n")}})
	ctx, cancel := context.WithCancel(t.Context())
	var silence string
	var locks int
	look := func(_ context.Context, conn *pgx.Conn) error {
		defer cancel()
		return conn.QueryRow(t.Context(), `SELECT current_setting('idle_session_timeout'), count(*) FROM pg_locks
			WHERE locktype = 'advisory' AND pid = pg_backend_pid()`).Scan(&silence, &locks)
	}
	lead(ctx, pool.Config().ConnConfig, "test", slog.New(slog.DiscardHandler), look)
	require.Equal(t, "30s", silence)
	require.Equal(t, 1, locks)
}
