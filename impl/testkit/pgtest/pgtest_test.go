package pgtest_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/devkit/pgserver"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func migrations() fstest.MapFS {
	return fstest.MapFS{"00001_create_things.sql": {Data: []byte(`-- +goose Up
CREATE TABLE things (id uuid PRIMARY KEY, name text NOT NULL CONSTRAINT things_name_check CHECK (name <> ''));
-- +goose Down
DROP TABLE things;
`)}}
}

func TestNewIsMigratedAndEmpty(t *testing.T) {
	t.Parallel()
	for range 8 {
		t.Run("own database", func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t, migrations())
			_, err := pool.Exec(t.Context(), "INSERT INTO things VALUES (gen_random_uuid(), 'one')")
			require.NoError(t, err)
			var count int
			require.NoError(t, pool.QueryRow(t.Context(), "SELECT count(*) FROM things").Scan(&count))
			require.Equal(t, 1, count)
		})
	}
}

func TestNewRunsAsAnOrdinaryRole(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, migrations())
	var super bool
	require.NoError(t,
		pool.QueryRow(t.Context(), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user").Scan(&super))
	require.False(t, super)
	_, err := pool.Exec(t.Context(), "ALTER TABLE things ADD COLUMN note text")
	require.NoError(t, err, "it owns what the migrations made")
}

// notes is a part that counts how often it was made.
type notes struct{ made int }

func (*notes) Name() string { return "notes" }

func (n *notes) Migrate(ctx context.Context, url string, _ *slog.Logger) error {
	n.made++
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE TABLE notes (text text)")
	return errors.Join(err, conn.Close(ctx))
}

func (*notes) Migrated(context.Context, *pgxpool.Pool) (bool, error) { return true, nil }

func TestPartsComeBeforeTheMigrationsOnce(t *testing.T) {
	t.Parallel()
	fresh := migrations() // The templates of a binary outlive a run of the test.
	fresh["00002_fresh.sql"] = &fstest.MapFile{
		Data: []byte("-- +goose Up\nINSERT INTO notes VALUES ('" + rand.Text() + "');\n"),
	}
	part := &notes{}
	for range 3 {
		_, err := pgtest.New(t, fresh, part).Exec(t.Context(), "INSERT INTO notes VALUES ('more')")
		require.NoError(t, err)
	}
	require.Equal(t, 1, part.made)
	_, err := pgtest.New(t, migrations()).Exec(t.Context(), "SELECT text FROM notes")
	require.ErrorContains(t, err, "42P01", "a template of its own")
	_, err = pgtest.New(t, nil, part).Exec(t.Context(), "SELECT text FROM notes")
	require.NoError(t, err, "a part alone")
	_, err = pgtest.New(t, nil).Exec(t.Context(), "SELECT 1")
	require.NoError(t, err, "nothing at all")
}

func TestOtherMigrationsGiveAnotherTemplate(t *testing.T) {
	t.Parallel()
	more := migrations()
	more["00002_add_note.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nALTER TABLE things ADD COLUMN note text;\n")}
	changed := migrations()
	for _, file := range changed { // same names, same length
		file.Data = bytes.ReplaceAll(file.Data, []byte("name"), []byte("note"))
	}
	for _, other := range []fs.FS{more, changed} {
		_, err := pgtest.New(t, other).Exec(t.Context(), "SELECT note FROM things")
		require.NoError(t, err)
	}
	_, err := pgtest.New(t, migrations()).Exec(t.Context(), "SELECT note FROM things")
	require.ErrorContains(t, err, "42703")
}

func TestURLOpensForAProgram(t *testing.T) {
	t.Parallel()
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: pgtest.URL(t, migrations())})
	require.NoError(t, err)
	defer pool.Close()
	done, err := postgres.Migrations("accounts", migrations()).Migrated(t.Context(), pool)
	require.NoError(t, err)
	require.True(t, done)
}

// observer is a test that may fail without this one failing.
type observer struct {
	testing.TB
	failed  string
	cleanup func()
}

func (o *observer) Fatalf(format string, args ...any) {
	o.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}
func (o *observer) Cleanup(f func()) { o.cleanup = f }

func (o *observer) run(f func(t testing.TB)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(o)
	}()
	<-done
}

func TestBrokenMigrationFailsEachTest(t *testing.T) {
	t.Parallel()
	broken := fstest.MapFS{"00001_broken.sql": {Data: []byte("-- +goose Up\nCREATE TABLE;\n")}}
	for range 2 {
		o := &observer{TB: t}
		o.run(func(t testing.TB) { pgtest.New(t, broken) })
		require.Contains(t, o.failed, "42601")
	}
}

func TestClosesThePool(t *testing.T) {
	t.Parallel()
	o := &observer{TB: t}
	var pool *pgxpool.Pool
	o.run(func(t testing.TB) { pool = pgtest.New(t, migrations()) })
	require.Empty(t, o.failed)
	o.cleanup()
	require.ErrorContains(t, pool.Ping(t.Context()), "closed pool")
}

func TestSweepTakesOnlyWhatNobodyOwns(t *testing.T) {
	t.Parallel()
	base, err := os.MkdirTemp("/var/tmp", "sweeptest-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(base)) })
	require.NoError(t, os.Chmod(base, 0o755))
	folder := func(name string) string { return filepath.Join(base, "pgtest-"+name) }

	owned, err := pgserver.Start(t.Context(), pgserver.Options{Dir: folder("owned"), Throwaway: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, owned.Stop(context.Background())) })
	account := pgtest.OwnerOf(owned.Dir())
	for _, name := range []string{"killed", "young", "foreign"} {
		require.NoError(t, os.MkdirAll(filepath.Join(folder(name), "data"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(folder(name), "lock"), nil, 0o600))
		require.NoError(t, os.Chown(folder(name), account, -1))
	}
	if os.Geteuid() == 0 {
		require.NoError(t, os.Chown(folder("foreign"), 12345, -1))
	} else {
		require.NoError(t, os.Remove(filepath.Join(folder("foreign"), "lock"))) // not a server's
	}
	past := time.Now().Add(-time.Hour)
	for _, name := range []string{"owned", "killed", "foreign"} {
		require.NoError(t, os.Chtimes(folder(name), past, past))
	}

	pgtest.Sweep(t.Context(), base, account)
	require.DirExists(t, folder("owned"))
	require.DirExists(t, folder("young"), "it may be about to be locked")
	require.NoDirExists(t, folder("killed"))
	require.DirExists(t, folder("foreign"))
}
