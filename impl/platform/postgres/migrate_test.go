package postgres_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/pgtest"
)

// lines is a log that a test can read.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
	seen func(line string)
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen != nil {
		l.seen(string(b))
	}
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func second() fstest.MapFS {
	more := accounts()
	more["00002_add_note.sql"] = migration("ALTER TABLE accounts ADD COLUMN note text;")
	return more
}

func TestMigrateByTwoAtOnce(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, fstest.MapFS{"00001_nothing.sql": migration("SELECT 1;")})
	three := fstest.MapFS{
		"00001_nothing.sql": migration("SELECT 1;"),
		"00002_slow.sql":    migration("CREATE TABLE slow (n int);\nSELECT pg_sleep(0.2);"),
		"00003_more.sql":    migration("ALTER TABLE slow ADD COLUMN m int;"),
	}
	var log lines
	results := make(chan error)
	for range 2 {
		go func() { results <- postgres.Migrate(t.Context(), url, three, log.logger()) }()
	}
	require.NoError(t, <-results)
	require.NoError(t, <-results)
	require.Equal(t, 2, strings.Count(log.String(), "migration applied"), log.String())
	require.Equal(t, 1, strings.Count(log.String(), "version=2"))
	require.Contains(t, log.String(), "file=00003_more.sql")
}

func TestMigrated(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, accounts())
	url := pool.Config().ConnString()
	check := func(migrations fstest.MapFS, want bool) {
		t.Helper()
		got, err := postgres.Migrated(t.Context(), pool, migrations)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	check(accounts(), true)
	check(second(), false)
	require.NoError(t, postgres.Migrate(t.Context(), url, second(), nil))
	check(second(), true)

	// A release taken back finds a database that is ahead.
	check(accounts(), true)
	require.NoError(t, postgres.Migrate(t.Context(), url, accounts(), nil))

	_, err := pool.Exec(t.Context(), "DROP TABLE goose_db_version")
	require.NoError(t, err)
	check(accounts(), false)
}

func TestMigrateWaitsForALockOnlyBriefly(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, accounts())
	pool := pgtest.Open(t, url)
	reader, err := pool.Begin(t.Context())
	require.NoError(t, err)
	require.NoError(t, run(t.Context(), reader, "SELECT * FROM accounts"))
	log := lines{seen: func(line string) {
		if strings.Contains(line, "waits for a lock") {
			if err := reader.Rollback(context.WithoutCancel(t.Context())); err != nil {
				t.Errorf("roll back: %v", err)
			}
		}
	}}
	require.NoError(t, postgres.Migrate(t.Context(), url+"&lock_timeout=20", second(), log.logger()))
	require.Equal(t, 1, strings.Count(log.String(), "waits for a lock"))
	require.Equal(t, 1, strings.Count(log.String(), "migration applied"))
}

func TestMigrateThatFails(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, accounts())
	broken := second()
	broken["00003_broken.sql"] = migration("ALTER TABLE missing ADD COLUMN m int;")
	var log lines
	err := postgres.Migrate(t.Context(), pool.Config().ConnString(), broken, log.logger())
	require.ErrorContains(t, err, "migrate database")
	require.ErrorContains(t, err, "42P01")
	require.Contains(t, log.String(), "version=2", "what went well before is reported")

	err = postgres.Migrate(t.Context(), pool.Config().ConnString(), fstest.MapFS{}, log.logger())
	require.ErrorContains(t, err, "no migrations")
}
