package pgserver_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/devkit/pgserver"
)

const patience = time.Minute

// reachable returns an empty folder that the server's account can reach; as root, t.TempDir() is closed to it.
func reachable(t *testing.T) string {
	t.Helper()
	base := "/dev/shm"
	if _, err := os.Stat(base); err != nil {
		base = "/var/tmp"
	}
	dir, err := os.MkdirTemp(base, "pgservertest-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// serverDir returns a folder for a server, with a name that needs quoting.
func serverDir(t *testing.T) string {
	t.Helper()
	return filepath.Join(reachable(t), "[p] g*")
}

func start(t *testing.T, opts pgserver.Options) *pgserver.Server {
	t.Helper()
	server, err := pgserver.Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop(context.Background())) })
	return server
}

// stopped returns a folder with a stopped cluster, and the folder of its binaries.
func stopped(t *testing.T) (dir, binDir string) {
	t.Helper()
	dir = serverDir(t)
	server := start(t, pgserver.Options{Dir: dir})
	require.NoError(t, server.CreateDatabase(t.Context(), "app", "app"))
	query(t, server.URL("app"), "CREATE TABLE kept (n int)")
	query(t, server.URL("app"), "INSERT INTO kept VALUES (42)")
	require.NoError(t, server.Stop(t.Context()))
	return dir, server.BinDir()
}

// query returns the first value of a result as text.
func query(t *testing.T, url, sql string) string {
	t.Helper()
	value, err := tryQuery(t.Context(), url, sql)
	require.NoError(t, err)
	return value
}

func tryQuery(ctx context.Context, url, sql string) (string, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return "", err
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[any])
	if err != nil || len(values) == 0 {
		return "", err
	}
	return fmt.Sprint(values[0]), nil
}

func requireKept(t *testing.T, opts pgserver.Options) {
	t.Helper()
	server := start(t, opts)
	require.Equal(t, "42", query(t, server.URL("app"), "SELECT n FROM kept"))
}

func TestServerKeepsDataAcrossStops(t *testing.T) {
	t.Parallel()
	dir, _ := stopped(t)
	requireKept(t, pgserver.Options{Dir: dir})
}

func TestServerKeepsOthersOutOfItsFolderAndProcessGroup(t *testing.T) {
	t.Parallel()
	server := start(t, pgserver.Options{Dir: serverDir(t)})

	info, err := os.Stat(server.Dir())
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	group, err := syscall.Getpgid(server.Pid())
	require.NoError(t, err)
	require.NotEqual(t, syscall.Getpgrp(), group)
	require.Empty(t, server.TCPURL("app"))
	require.Empty(t, query(t, server.SuperuserURL("postgres"), "SELECT current_setting('listen_addresses')"))
	require.Equal(t, "on", query(t, server.SuperuserURL("postgres"), "SELECT current_setting('fsync')"))
}

func TestCreateDatabaseIsIdempotentAndClosedToOthers(t *testing.T) {
	t.Parallel()
	server := start(t, pgserver.Options{Dir: serverDir(t), Throwaway: true})
	for range 2 {
		require.NoError(t, server.CreateDatabase(t.Context(), "users", "users_owner"))
		require.NoError(t, server.CreateDatabase(t.Context(), "orders", "orders"))
	}
	require.Equal(t, "users_owner", query(t, server.URL("users"), "SELECT current_user::text"))
	require.Equal(t, "false",
		query(t, server.URL("users"),
			"SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user"))
	query(t, server.URL("users"), "CREATE TABLE mine (n int)")

	_, err := tryQuery(t.Context(), server.URLAs("users", "orders"), "SELECT 1")
	require.ErrorContains(t, err, "42501")
}

func TestCreateDatabaseConcurrently(t *testing.T) {
	t.Parallel()
	server := start(t, pgserver.Options{Dir: serverDir(t), Throwaway: true})
	results := make(chan error)
	for range 4 {
		go func() { results <- server.CreateDatabase(t.Context(), "users", "users") }()
	}
	for range 4 {
		require.NoError(t, <-results)
	}
}

func TestThrowawayIsGoneAfterStop(t *testing.T) {
	t.Parallel()
	server := start(t, pgserver.Options{Dir: serverDir(t), Throwaway: true})
	require.Equal(t, "off", query(t, server.SuperuserURL("postgres"), "SELECT current_setting('fsync')"))
	require.NoError(t, server.Stop(t.Context()))
	require.NoDirExists(t, server.Dir())
}

func TestTCPNeedsThePassword(t *testing.T) {
	t.Parallel()
	server := start(t, pgserver.Options{Dir: serverDir(t), Throwaway: true, TCP: true})
	require.NoError(t, server.CreateDatabase(t.Context(), "app", "app"))

	require.Equal(t, "127.0.0.1/32", query(t, server.TCPURL("app"), "SELECT inet_client_addr()::text"))

	u, err := url.Parse(server.TCPURL("app"))
	require.NoError(t, err)
	u.User = url.UserPassword("app", "wrong")
	_, err = tryQuery(t.Context(), u.String(), "SELECT 1")
	require.ErrorContains(t, err, "28P01")
}

// owner runs this test binary as the owner of dir until it is killed, and returns it with the process id of postgres.
func owner(t *testing.T, dir string) (*exec.Cmd, int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), ownerDir+"="+dir, "LC_ALL=xx_XX.UTF-8", "PGDATA=/nonexistent", "PASSWORD=secret")
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	_, err = cmd.StdinPipe() // held open
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })

	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err, line)
	pid, found := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	require.True(t, found, line)
	number, err := strconv.Atoi(pid)
	require.NoError(t, err)
	return cmd, number
}

func TestOwnerKilledAndRestartedAtOnce(t *testing.T) {
	t.Parallel()
	dir := serverDir(t)
	cmd, _ := owner(t, dir)
	require.NoError(t, cmd.Process.Kill())

	requireKept(t, pgserver.Options{Dir: dir})
	_ = cmd.Wait()
}

func TestPostgresInheritsNoEnvironmentAndEndsWithItsOwner(t *testing.T) {
	t.Parallel()
	cmd, pid := owner(t, serverDir(t))
	// Without /proc, there is nothing to see.
	if environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)); err == nil {
		require.Contains(t, string(environment), "LC_ALL=C\x00")
		require.NotContains(t, string(environment), "xx_XX")
		require.NotContains(t, string(environment), "PASSWORD")
	}
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()

	require.Eventually(t, func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }, patience,
		time.Millisecond)
}

func TestOwnerAndPostgresKilled(t *testing.T) {
	t.Parallel()
	dir := serverDir(t)
	cmd, pid := owner(t, dir)
	// While the owner is stopped, it cannot reap postgres, which remains a zombie.
	require.NoError(t, cmd.Process.Signal(syscall.SIGSTOP))
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	require.NoError(t, cmd.Process.Kill())

	requireKept(t, pgserver.Options{Dir: dir})
	_ = cmd.Wait()
}

func TestPidOfKilledPostgresReused(t *testing.T) {
	t.Parallel()
	dir, _ := stopped(t)
	other := exec.Command("/bin/sleep", "600")
	attributes, err := pgserver.ServerAttributes()
	require.NoError(t, err)
	other.SysProcAttr, other.Dir = attributes, "/"
	require.NoError(t, other.Start())
	t.Cleanup(func() { _ = other.Process.Kill(); _ = other.Wait() })

	pid := strconv.Itoa(other.Process.Pid)
	data := filepath.Join(dir, "data")
	require.NoError(t,
		os.WriteFile(filepath.Join(data, "postmaster.pid"),
			[]byte(pid+"\n"+data+"\n1700000000\n5432\n"+dir+"\n\n12 34\nready   \n"), 0o600))
	require.NoError(t,
		os.WriteFile(filepath.Join(dir, ".s.PGSQL.5432.lock"), []byte(pid+"\n"+data+"\n1700000000\n5432\n"+dir+"\n"), 0o600))

	requireKept(t, pgserver.Options{Dir: dir})
	require.NoError(t, syscall.Kill(other.Process.Pid, 0), "the other program must be left alone")
}

func TestOrphanIsEndedFirst(t *testing.T) {
	t.Parallel()
	dir, bin := stopped(t)
	// The shell ends at once, and postgres lives on without a parent that could stop it.
	shell := exec.Command("/bin/sh", "-c", `"$0" "$@" >/dev/null 2>&1 & echo $!`,
		filepath.Join(bin, "postgres"), "-D", filepath.Join(dir, "data"), "-c", "listen_addresses=", "-c",
		"unix_socket_directories="+dir)
	attributes, err := pgserver.ServerAttributes()
	require.NoError(t, err)
	shell.SysProcAttr, shell.Dir, shell.Env = attributes, "/", []string{"LC_ALL=C"}
	out, err := shell.Output()
	require.NoError(t, err)
	orphan, err := strconv.Atoi(strings.TrimSpace(string(out)))
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Kill(orphan, syscall.SIGQUIT) })
	orphanURL := "postgres://app@/app?host=" + url.PathEscape(dir)
	require.Eventually(t, func() bool { _, err := tryQuery(t.Context(), orphanURL, "SELECT 1"); return err == nil },
		patience, 5*time.Millisecond)

	server := start(t, pgserver.Options{Dir: dir})
	require.NotEqual(t, orphan, server.Pid())
	require.Equal(t, "42", query(t, server.URL("app"), "SELECT n FROM kept"))
}

func TestHalfInitdbIsMadeAnew(t *testing.T) {
	t.Parallel()
	dir := serverDir(t)
	half := filepath.Join(dir, "data.new")
	require.NoError(t, os.MkdirAll(half, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(half, "PG_VERSION"), []byte("15\n"), 0o600))

	server := start(t, pgserver.Options{Dir: dir, Throwaway: true})
	require.Equal(t, "1", query(t, server.SuperuserURL("postgres"), "SELECT 1"))
	require.NoDirExists(t, half)
}

func TestDoneWhenPostgresDies(t *testing.T) {
	t.Parallel()
	server := start(t, pgserver.Options{Dir: serverDir(t), Throwaway: true})
	require.NoError(t, syscall.Kill(server.Pid(), syscall.SIGKILL))
	select {
	case <-server.Done():
	case <-time.After(patience):
		require.Fail(t, "not done")
	}
	require.NoError(t, server.Stop(t.Context()))
}

func TestStopEndsAPostgresThatDoesNotListen(t *testing.T) {
	t.Parallel()
	server := start(t, pgserver.Options{Dir: serverDir(t), Throwaway: true})
	require.NoError(t, syscall.Kill(server.Pid(), syscall.SIGSTOP))
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, server.Stop(impatient))
	<-server.Done()
	require.NoError(t, server.Stop(t.Context()), "a second time")
}

func TestOneOwner(t *testing.T) {
	t.Parallel()
	server := start(t, pgserver.Options{Dir: serverDir(t), Throwaway: true})
	impatient, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := pgserver.Start(impatient, pgserver.Options{Dir: server.Dir()})
	require.ErrorIs(t, err, pgserver.ErrInUse)
	require.ErrorContains(t, err, "pid "+strconv.Itoa(os.Getpid()))
	require.ErrorIs(t, pgserver.Remove(t.Context(), server.Dir()), pgserver.ErrInUse)
	require.Equal(t, "1", query(t, server.SuperuserURL("postgres"), "SELECT 1"), "the owner is left alone")
}

func TestOtherMajorVersion(t *testing.T) {
	t.Parallel()
	dir, bin := stopped(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("9\n"), 0o600))
	for _, binDir := range []string{"", bin} {
		_, err := pgserver.Start(t.Context(), pgserver.Options{Dir: dir, BinDir: binDir})
		require.ErrorContains(t, err, "made by PostgreSQL 9, but the PostgreSQL in ")
		require.ErrorContains(t, err, "PLUMBLINE_PG_BINDIR")
		require.ErrorContains(t, err, "`make reset`")
	}
}

func TestFoldersThatDoNotServe(t *testing.T) {
	t.Parallel()
	base := reachable(t)
	file := filepath.Join(base, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	full := filepath.Join(base, "full")
	require.NoError(t, os.MkdirAll(filepath.Join(full, "lock"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(full, "thesis.txt"), nil, 0o600))
	damaged := filepath.Join(base, "damaged")
	require.NoError(t, os.MkdirAll(filepath.Join(damaged, "data"), 0o700))
	attributes, err := pgserver.ServerAttributes()
	require.NoError(t, err)
	if attributes.Credential != nil {
		require.NoError(t,
			os.Chown(filepath.Join(damaged, "data"), int(attributes.Credential.Uid), int(attributes.Credential.Gid)))
	}

	for name, test := range map[string]struct{ dir, want string }{
		"none":       {"", "no folder is given"},
		"below file": {filepath.Join(file, "pg"), "cannot be used for PostgreSQL: not a directory"},
		"other use":  {full, "contains something else (thesis.txt)"},
		"damaged":    {damaged, "not a PostgreSQL cluster, or a damaged one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := pgserver.Start(t.Context(), pgserver.Options{Dir: test.dir})
			require.ErrorContains(t, err, test.want)
		})
	}
	t.Cleanup(func() {
		info, err := os.Stat(full)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o755), info.Mode().Perm(), "another's folder is left alone")
	})
}

func TestFolderThatTheAccountCannotReach(t *testing.T) {
	t.Parallel()
	closed := t.TempDir()
	require.NoError(t, os.Chmod(closed, 0o700))
	dir := filepath.Join(closed, "pg")

	server := start(t, pgserver.Options{Dir: dir})
	if os.Geteuid() == 0 {
		require.Contains(t, server.Dir(), "/var/tmp/")
	} else {
		require.Equal(t, dir, server.Dir())
	}
	require.NoError(t, server.Stop(t.Context()))
	require.NoError(t, pgserver.Remove(t.Context(), dir))
	require.NoDirExists(t, server.Dir())
	require.NoError(t, pgserver.Remove(t.Context(), dir), "a second time")
}

func TestSharedFolderRefusesTraps(t *testing.T) {
	t.Parallel()
	base := reachable(t)
	target := filepath.Join(base, "target")
	require.NoError(t, os.Mkdir(target, 0o700))
	link, open, fresh := filepath.Join(base, "link"), filepath.Join(base, "open"), filepath.Join(base, "fresh")
	require.NoError(t, os.Symlink(target, link))
	require.NoError(t, os.Mkdir(open, 0o700))
	require.NoError(t, os.Chmod(open, 0o777))

	require.ErrorContains(t, pgserver.SharedFolder(link), "somebody else made it")
	require.ErrorContains(t, pgserver.SharedFolder(open), "somebody else made it")
	require.NoError(t, pgserver.SharedFolder(fresh))
	require.NoError(t, pgserver.SharedFolder(fresh), "a second time")
	if os.Geteuid() == 0 {
		foreign := filepath.Join(base, "foreign")
		require.NoError(t, os.Mkdir(foreign, 0o700))
		require.NoError(t, os.Chown(foreign, 12345, 12345))
		require.ErrorContains(t, pgserver.SharedFolder(foreign), "belongs to another account (user 12345)")
	}
}

func TestSocketPathTooLongForItsAddress(t *testing.T) {
	t.Parallel()
	for name, last := range map[string]string{"long": strings.Repeat("x", pgserver.ShortSocketLimit), "comma": "a,b"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(reachable(t), last)
			server := start(t, pgserver.Options{Dir: dir})
			require.Equal(t, "1", query(t, server.SuperuserURL("postgres"), "SELECT 1"))
			require.NoError(t, server.Stop(t.Context()))
			require.NoError(t, pgserver.Remove(t.Context(), dir))
			require.NoDirExists(t, server.SocketDir())
			require.NoDirExists(t, dir)
		})
	}
}
