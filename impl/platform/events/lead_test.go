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

// PostgreSQL ends the session of a leader that has gone without a word: the setting is that of the connection with the lock.
func TestSilentLeadersAreEnded(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, fstest.MapFS{"00001_nothing.sql": {Data: []byte("-- +goose Up\nSELECT 1;\n")}})
	ctx, cancel := context.WithCancel(t.Context())
	var silence string
	var locks int
	lead(ctx, pool.Config().ConnConfig, "test", slog.New(slog.DiscardHandler), func(_ context.Context, conn *pgx.Conn) error {
		defer cancel()
		return conn.QueryRow(t.Context(), `SELECT current_setting('idle_session_timeout'), count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()`).
			Scan(&silence, &locks)
	})
	require.Equal(t, "30s", silence)
	require.Equal(t, 1, locks)
}
