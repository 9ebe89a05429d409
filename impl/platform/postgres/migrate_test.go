package postgres_test

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
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
		go func() { results <- postgres.Migrations("accounts", three).Migrate(t.Context(), url, log.logger()) }()
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
		got, err := postgres.Migrations("accounts", migrations).Migrated(t.Context(), pool)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	check(accounts(), true)
	check(second(), false)
	require.NoError(t, postgres.Migrations("accounts", second()).Migrate(t.Context(), url, nil))
	check(second(), true)

	// A release taken back finds a database that is ahead.
	check(accounts(), true)
	require.NoError(t, postgres.Migrations("accounts", accounts()).Migrate(t.Context(), url, nil))

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
	schema := postgres.Migrations("accounts", second())
	require.NoError(t, schema.Migrate(t.Context(), url+"&lock_timeout=20", log.logger()))
	require.Equal(t, 1, strings.Count(log.String(), "waits for a lock"))
	require.Equal(t, 1, strings.Count(log.String(), "migration applied"))
}

func TestMigrateThatFails(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, accounts())
	broken := second()
	broken["00003_broken.sql"] = migration("ALTER TABLE missing ADD COLUMN m int;")
	var log lines
	err := postgres.Migrations("accounts", broken).Migrate(t.Context(), pool.Config().ConnString(), log.logger())
	require.ErrorContains(t, err, "migrate database")
	require.ErrorContains(t, err, "42P01")
	require.Contains(t, log.String(), "version=2", "what went well before is reported")

	err = postgres.Migrations("accounts", fstest.MapFS{}).Migrate(t.Context(), pool.Config().ConnString(), log.logger())
	require.ErrorContains(t, err, "no migrations")
}

// ledger is a part in two versions.
func ledger() postgres.Tables {
	return postgres.NewTables("ledger", fstest.MapFS{
		"schema/00001_create_entries.sql": migration("CREATE TABLE entries (n int);"),
		"schema/00002_create_sums.sql":    migration("CREATE TABLE sums (n int);"),
	})
}

// versions are those of a part that a database records, none where it has no table of them.
func versions(t *testing.T, url, table string) string {
	t.Helper()
	if query(t, url, "SELECT coalesce(to_regclass('"+table+"')::text, '')") == "" {
		return ""
	}
	return query(t, url, "SELECT string_agg(version_id::text, ' ' ORDER BY id) FROM "+table)
}

// Parts have numbers of their own beside those of the service.
func TestParts(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, accounts(), ledger())
	url := pool.Config().ConnString()
	require.Equal(t, "0 1 2", versions(t, url, "goose_ledger_version"))
	require.Equal(t, "0 1", versions(t, url, "goose_db_version"))
	for _, part := range []postgres.Part{ledger(), postgres.Migrations("accounts", accounts())} {
		migrated, err := part.Migrated(t.Context(), pool)
		require.NoError(t, err)
		require.True(t, migrated, part.Name())
	}
	require.Panics(t, func() { postgres.NewTables("nothing", fstest.MapFS{}) })
}

// What a service's own migrations have made is not made again, and what they have not made is.
func TestPartsThatWereTheServices(t *testing.T) {
	t.Parallel()
	own := fstest.MapFS{
		"00001_nothing.sql":       migration("SELECT 1;"),
		"00002_create_sheets.sql": migration("CREATE TABLE sheets (n int);"),
		"00005_more.sql":          migration("SELECT 1;"),
	}
	const entries, sums = "00003_create_entries.sql", "00004_create_sums.sql"
	for name, c := range map[string]struct {
		made       []string // by migrations of the service
		takes      string   // the log line
		recorded   string
		migrations int
	}{
		"both":    {[]string{entries, sums}, "part_version=2", "0 1 2", 0},
		"one":     {[]string{entries}, "part_version=1", "0 1 2", 1},
		"neither": {nil, "", "0 1 2", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			earlier := maps.Clone(own)
			for _, file := range c.made {
				earlier[file] = migration(map[string]string{
					entries: "CREATE TABLE entries (n int);\nINSERT INTO entries VALUES (7);", sums: "CREATE TABLE sums (n int);",
				}[file])
			}
			url := pgtest.URL(t, earlier)
			part := ledger().MovedFrom(3, 4)
			var log lines
			results := make(chan error)
			for range 2 { // Replicas may start together.
				go func() { results <- part.Migrate(t.Context(), url, log.logger()) }()
			}
			require.NoError(t, <-results)
			require.NoError(t, <-results)
			require.Equal(t, c.recorded, versions(t, url, "goose_ledger_version"))
			require.Equal(t, c.migrations, strings.Count(log.String(), "migration applied"), log.String())
			if c.takes == "" {
				require.NotContains(t, log.String(), "taken over")
			} else {
				require.Equal(t, 1, strings.Count(log.String(), "taken over"))
				require.Regexp(t, "taken over.* "+c.takes, log.String())
				require.Equal(t, "7", query(t, url, "SELECT string_agg(n::text, ' ') FROM entries"))
			}

			// The service goes on without those files, and a release that still has them does, too.
			for _, files := range []fstest.MapFS{own, earlier} {
				require.NoError(t, postgres.Migrations("sheets", files).Migrate(t.Context(), url, nil))
			}
		})
	}
}

// A table of the same name that the service did not make as this part is nobody's to take over.
func TestPartsTakeNothingElse(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, fstest.MapFS{"00001_create_entries.sql": migration("CREATE TABLE entries (text text);")})
	err := ledger().MovedFrom(3, 4).Migrate(t.Context(), url, nil)
	require.ErrorContains(t, err, "part ledger: ")
	require.ErrorContains(t, err, "42P07")
}
