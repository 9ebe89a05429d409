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
	"time"

	"github.com/pressly/goose/v3/lock"
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
					entries: ownEntries, sums: ownSums,
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

const (
	ownEntries = "CREATE TABLE entries (n int);\nINSERT INTO entries VALUES (7);"
	ownSums    = "CREATE TABLE sums (n int);"
)

// A release before may go on where a migration of a part has failed, and make the tables itself.
func TestPartsThatTheServiceMadeAfterAFailure(t *testing.T) {
	t.Parallel()
	earlier := fstest.MapFS{
		"00001_nothing.sql": migration("SELECT 1;"), "00003_create_entries.sql": migration(ownEntries),
		"00004_create_sums.sql": migration(ownSums),
	}
	part := ledger().MovedFrom(3, 4)
	for name, c := range map[string]struct {
		before []string // migrations of the service
		fails  string   // the table that is in the way
		left   string   // versions of the part then
	}{
		"the first":  {[]string{"00001_nothing.sql"}, "entries", "0"},
		"the second": {[]string{"00001_nothing.sql", "00003_create_entries.sql"}, "sums", "0 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := fstest.MapFS{}
			for _, file := range c.before {
				before[file] = earlier[file]
			}
			url := pgtest.URL(t, before)
			query(t, url, "CREATE TABLE "+c.fails+" (text text)")
			require.ErrorContains(t, part.Migrate(t.Context(), url, nil), "42P07")
			require.Equal(t, c.left, versions(t, url, "goose_ledger_version"))
			query(t, url, "DROP TABLE "+c.fails)

			require.NoError(t, postgres.Migrations("sheets", earlier).Migrate(t.Context(), url, nil))
			var log lines
			for range 2 {
				require.NoError(t, part.Migrate(t.Context(), url, log.logger()))
			}
			require.NotContains(t, log.String(), "migration applied")
			require.Equal(t, 1, strings.Count(log.String(), "taken over"), log.String())
			require.Equal(t, "0 1 2", versions(t, url, "goose_ledger_version"))
			require.Equal(t, "7", query(t, url, "SELECT n FROM entries"))
		})
	}
}

// A replica of a release before may be migrating while one of this release waits.
func TestPartsThatTheServiceMakesMeanwhile(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, fstest.MapFS{"00001_nothing.sql": migration("SELECT 1;")})
	url := pool.Config().ConnString()
	holder, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	defer holder.Release()
	do := func(sql string, args ...any) {
		t.Helper()
		_, err := holder.Exec(t.Context(), sql, args...)
		require.NoError(t, err)
	}
	do("SELECT pg_advisory_lock($1)", lock.DefaultLockID)
	migrated := make(chan error)
	var log lines
	go func() { migrated <- ledger().MovedFrom(3, 4).Migrate(t.Context(), url, log.logger()) }()
	waits := func() bool { return versions(t, url, "goose_ledger_version") == "0" }
	require.Eventually(t, waits, 30*time.Second, 5*time.Millisecond)

	do("CREATE TABLE entries (n int)")
	do("INSERT INTO entries VALUES (7)")
	do(ownSums)
	do("INSERT INTO goose_db_version (version_id, is_applied) VALUES (3, true), (4, true)")
	do("SELECT pg_advisory_unlock($1)", lock.DefaultLockID)
	require.NoError(t, <-migrated)
	require.NotContains(t, log.String(), "migration applied")
	require.Equal(t, "0 1 2", versions(t, url, "goose_ledger_version"))
	require.Equal(t, "7", query(t, url, "SELECT n FROM entries"))
}

// Tables of another schema in the search_path are another service's.
func TestMigrateTheCurrentSchema(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, accounts(), ledger())
	query(t, url, "CREATE SCHEMA own")
	own := url + "&search_path=own,public"
	pool := pgtest.Open(t, own)
	for _, part := range []postgres.Part{ledger().MovedFrom(1), postgres.Migrations("accounts", accounts())} {
		migrated, err := part.Migrated(t.Context(), pool)
		require.NoError(t, err)
		require.False(t, migrated, part.Name())
		require.NoError(t, part.Migrate(t.Context(), own, nil))
		migrated, err = part.Migrated(t.Context(), pool)
		require.NoError(t, err)
		require.True(t, migrated, part.Name())
	}
	for _, table := range []string{"entries", "sums", "accounts"} {
		require.Equal(t, "own."+table, query(t, url, "SELECT coalesce(to_regclass('own."+table+"')::text, '')"))
	}
}
