// Package pgtest gives tests a real PostgreSQL.
//
// It promises one throw-away cluster per test binary, started at the first use, or one for many binaries if the
// environment names it: see [Share]. Each test gets a database of its own, migrated and empty, in about ten
// milliseconds. A test never skips for lack of PostgreSQL: it fails and names the solution. Tests and test binaries may
// run in parallel. No time limit of the database ends a test on a busy machine: a test of a limit sets its own.
package pgtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/plumbline/impl/devkit/pgserver"
	"example.com/plumbline/impl/platform/postgres"
)

const (
	role     = "pgtest" // owns every database of a test; no superuser, as in production
	maxConns = 8

	setUpTimeout = 5 * time.Minute // PostgreSQL may have to be fetched first
	stopTimeout  = 20 * time.Second
	closeTimeout = time.Minute

	// patience is the wait time of the pools of tests.
	patience = time.Minute

	// sharedEnv holds the superuser's URL of a cluster that several binaries share.
	sharedEnv = "PGTEST_CLUSTER"

	folderPrefix = "pgtest-"
	youngFolder  = time.Minute // it may have been made and not yet locked
	sharedMemory = "/dev/shm"
	wantedMemory = 1 << 30 // a container often has only 64 MB, which a few databases fill
)

// shared is the cluster of this test binary. It is global because TestMain and the tests share nothing else.
var shared cluster

// Main runs the tests of a package and removes their cluster. Use it as
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
func Main(m *testing.M) int {
	shared.mu.Lock()
	shared.owned = true
	shared.mu.Unlock()
	defer shared.stop()
	return m.Run()
}

// M is testing.M with Main for its Run, for packages that leave no goroutine running. Use it as
//
//	func TestMain(m *testing.M) { goleak.VerifyTestMain(pgtest.M{M: m}) }
type M struct{ *testing.M }

// Run is Main.
func (m M) Run() int { return Main(m.M) }

// Share starts a cluster for several test binaries and returns the environment entry that names it. stop ends it and
// removes its files.
func Share(ctx context.Context, progress io.Writer) (environ string, stop func(), err error) {
	var c cluster
	if err := c.own(ctx, progress); err != nil {
		return "", nil, err
	}
	return sharedEnv + "=" + c.url, c.stop, nil
}

// New returns a pool of at most 8 connections to a fresh database that has the parts and then the migrations, which may
// be nil. Within a test binary parts of one name are the same. The pool is closed when the test ends; a connection that
// the test did not give back by then is a failure.
func New(t testing.TB, migrations fs.FS, parts ...postgres.Part) *pgxpool.Pool {
	t.Helper()
	return Open(t, Patient(URL(t, migrations, parts...)))
}

// Open returns another pool like that of New, on the database of a URL.
func Open(t testing.TB, databaseURL string) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Open(t.Context(),
		postgres.Config{URL: databaseURL, MaxConns: maxConns, ApplicationName: t.Name(), AcquireTimeout: patience})
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			pool.Close()
		}()
		select {
		case <-closed:
		case <-time.After(closeTimeout):
			t.Errorf("pgtest: %d connections were not given back: close rows, end transactions and release connections",
				pool.Stat().AcquiredConns())
		}
	})
	return pool
}

// URL is like New for a test that opens its own connections.
func URL(t testing.TB, migrations fs.FS, parts ...postgres.Part) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), setUpTimeout)
	defer cancel()
	url, err := shared.database(ctx, migrations, parts)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return url
}

type cluster struct {
	mu    sync.Mutex
	owned bool // owned by Main, which will stop it

	started   bool
	err       error            // of the start, reported to every test
	server    *pgserver.Server // nil: a shared one, see Share
	url       string           // of the superuser
	prefix    string           // of database names, different for each binary
	admin     *pgxpool.Pool
	templates map[string]*template // by content of the migrations, and by names of parts
	count     int
}

type template struct {
	name string
	once sync.Once
	err  error
}

func (c *cluster) database(ctx context.Context, migrations fs.FS, parts []postgres.Part) (string, error) {
	tmpl, number, err := c.prepare(ctx, migrations, parts)
	if err != nil {
		return "", err
	}
	tmpl.once.Do(func() { tmpl.err = c.makeTemplate(ctx, tmpl.name, migrations, parts) })
	if tmpl.err != nil {
		return "", fmt.Errorf("template: %w", tmpl.err)
	}
	// Copying the files is fastest for a small database in memory. The database is not dropped when its test ends, because
	// DROP DATABASE waits for backends to end.
	name := c.prefix + "test_" + strconv.Itoa(number)
	_, err = c.admin.Exec(ctx,
		fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s STRATEGY file_copy OWNER %s", name, tmpl.name, role))
	if err != nil {
		return "", fmt.Errorf("clone database: %w", err)
	}
	return c.urlOf(name, role)
}

// Patient returns the URL of a database with limits that no busy machine reaches: for the pools of tests, and for
// programs that a test runs and that would have the limits of production.
func Patient(databaseURL string) string {
	ms := strconv.FormatInt(patience.Milliseconds(), 10)
	return databaseURL + "&" + url.Values{
		"connect_timeout":   {strconv.Itoa(int(patience.Seconds()))},
		"statement_timeout": {ms}, "lock_timeout": {ms}, "idle_in_transaction_session_timeout": {ms},
	}.Encode()
}

// urlOf returns the URL of a database for a role.
func (c *cluster) urlOf(database, role string) (string, error) {
	u, err := url.Parse(c.url)
	if err != nil {
		return "", fmt.Errorf("URL of the cluster: %w", err)
	}
	u.User, u.Path = url.User(role), "/"+database
	return u.String(), nil
}

// prepare starts the cluster when that has not been done, and finds the template of the migrations and parts.
func (c *cluster) prepare(ctx context.Context, migrations fs.FS, parts []postgres.Part) (*template, int, error) {
	key, err := contentHash(migrations, parts)
	if err != nil {
		return nil, 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.owned {
		return nil, 0, errors.New("the package needs: func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }")
	}
	if !c.started {
		c.started = true
		c.err = c.start(ctx)
	}
	if c.err != nil {
		return nil, 0, c.err
	}
	c.count++
	if c.templates[key] == nil {
		c.templates[key] = &template{name: c.prefix + "template_" + key}
	}
	return c.templates[key], c.count, nil
}

// makeTemplate makes the database that the databases of tests are copied from.
func (c *cluster) makeTemplate(ctx context.Context, name string, migrations fs.FS, parts []postgres.Part) error {
	if _, err := c.admin.Exec(ctx, "CREATE DATABASE "+name+" OWNER "+role); err != nil {
		return fmt.Errorf("create template: %w", err)
	}
	owned, err := c.urlOf(name, role)
	if err != nil {
		return err
	}
	if err := migrate(ctx, owned, migrations, parts); err != nil {
		return err
	}
	// A database with a connection cannot be copied, and a closed connection is not gone at once.
	if err := c.waitUnused(ctx, name); err != nil {
		return err
	}
	_, err = c.admin.Exec(ctx, "ALTER DATABASE "+name+" ALLOW_CONNECTIONS false")
	if err != nil {
		return fmt.Errorf("close template: %w", err)
	}
	return nil
}

// migrate brings a database to its parts and then to its migrations, where there are any.
func migrate(ctx context.Context, databaseURL string, migrations fs.FS, parts []postgres.Part) error {
	if migrations != nil {
		parts = append(slices.Clone(parts), postgres.Migrations("test", migrations))
	}
	for _, part := range parts {
		if err := part.Migrate(ctx, databaseURL, nil); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) waitUnused(ctx context.Context, name string) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		var used bool
		err := c.admin.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = $1)", name).Scan(&used)
		if err != nil {
			return fmt.Errorf("wait for the template to be free: %w", err)
		}
		if !used {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for the template to be free: %w", ctx.Err())
		}
	}
}

// start makes the cluster of this binary ready: that of the environment, or its own.
func (c *cluster) start(ctx context.Context) error {
	c.templates = make(map[string]*template)
	c.prefix = "p" + strconv.Itoa(os.Getpid()) + "_"
	if c.url = os.Getenv(sharedEnv); c.url == "" {
		return c.own(ctx, os.Stderr)
	}
	return c.connect(ctx)
}

func (c *cluster) connect(ctx context.Context) (err error) {
	c.admin, err = postgres.Open(ctx, postgres.Config{
		URL: c.url, MaxConns: 4,
		ConnectTimeout: setUpTimeout, AcquireTimeout: setUpTimeout, StatementTimeout: setUpTimeout, LockTimeout: setUpTimeout,
	})
	return err
}

// own starts a cluster, with the role that owns the databases.
func (c *cluster) own(ctx context.Context, progress io.Writer) error {
	base := baseFolder()
	dir, err := os.MkdirTemp(base, folderPrefix)
	if err != nil {
		return fmt.Errorf("make a folder for the cluster: %w", err)
	}
	c.server, err = pgserver.Start(ctx, pgserver.Options{
		Dir: dir, BinDir: os.Getenv("PLUMBLINE_PG_BINDIR"), Throwaway: true, Progress: progress,
	})
	if err != nil {
		_ = os.RemoveAll(dir)
		return err
	}
	sweep(ctx, base, ownerOf(c.server.Dir()))
	c.url = c.server.SuperuserURL("postgres")
	if err := c.connect(ctx); err != nil {
		return err
	}
	_, err = c.admin.Exec(ctx, "CREATE ROLE "+role+" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE")
	return err
}

func (c *cluster) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.owned = false
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if c.admin != nil {
		if c.server == nil {
			c.drop(ctx)
		}
		c.admin.Close()
	}
	if c.server == nil {
		return
	}
	if err := c.server.Stop(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
	}
}

// drop drops this binary's databases to free the memory of a shared cluster. If that fails, they go with the cluster.
func (c *cluster) drop(ctx context.Context) {
	for n := range c.count {
		name := c.prefix + "test_" + strconv.Itoa(n+1)
		if _, err := c.admin.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest: drop the databases of this binary:", err)
			return
		}
	}
}

// baseFolder returns a folder in memory if there is enough of it, and always one that the server's account can reach.
func baseFolder() string {
	var stat syscall.Statfs_t
	err := syscall.Statfs(sharedMemory, &stat)
	if err == nil && stat.Bavail*uint64(stat.Bsize) >= wantedMemory { //nolint:gosec // A block size is positive.
		return sharedMemory
	}
	if os.Geteuid() == 0 {
		return "/var/tmp"
	}
	return os.TempDir()
}

// sweep removes the clusters of killed test binaries. Clusters in use are locked and stay, and so do those of accounts
// other than this process's and its server's.
func sweep(ctx context.Context, base string, serverAccount int) {
	dirs, err := filepath.Glob(filepath.Join(base, folderPrefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || time.Since(info.ModTime()) < youngFolder {
			continue
		}
		switch ownerOf(dir) {
		case serverAccount:
			err = pgserver.Remove(ctx, dir)
		case os.Geteuid(): // killed before the server took it over
			err = os.RemoveAll(dir)
		}
		if err != nil && !errors.Is(err, pgserver.ErrInUse) {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
		}
	}
}

// ownerOf returns the account that owns a folder, -1 when there is none.
func ownerOf(dir string) int {
	var stat syscall.Stat_t
	if syscall.Lstat(dir, &stat) != nil {
		return -1
	}
	return int(stat.Uid)
}

// contentHash tells sets of migrations and parts apart.
func contentHash(migrations fs.FS, parts []postgres.Part) (string, error) {
	sum := sha256.New()
	var files []string
	if migrations != nil {
		var err error
		if files, err = fs.Glob(migrations, "*.sql"); err != nil {
			return "", fmt.Errorf("list migrations: %w", err)
		}
	}
	for _, name := range files {
		content, err := fs.ReadFile(migrations, name)
		if err != nil {
			return "", fmt.Errorf("read migration: %w", err)
		}
		fmt.Fprintf(sum, "%d %s %d ", len(name), name, len(content))
		_, _ = sum.Write(content) // a hash takes everything
	}
	for _, part := range parts {
		fmt.Fprintf(sum, "part %s ", part.Name())
	}
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
}
