package pgserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	superuser   = "postgres"
	defaultPort = 5432
	oldestMajor = 15 // the oldest major version that is tested

	startTimeout   = 2 * time.Minute // recovery after a crash included
	lockWait       = 3 * time.Second // a killed owner ends with a delay
	fastStop       = 10 * time.Second
	immediateStop  = 5 * time.Second
	killStop       = 5 * time.Second
	readyPoll      = 5 * time.Millisecond
	leftoverPoll   = 10 * time.Millisecond
	portAttempts   = 5
	longestSocket  = 103 // sun_path of macOS less its final NUL; Linux has 107
	socketTemplate = ".s.PGSQL."
)

// Options say where a private server keeps its files and how it runs.
type Options struct {
	// Dir holds all files of one server. It is created when missing and must contain nothing else.
	Dir string
	// BinDir is the folder of initdb and postgres. If it is "", Start looks in PATH and in the usual folders, and fetches
	// PostgreSQL when there is none.
	BinDir string
	// Throwaway trades durability for speed and removes Dir on Stop. For tests only.
	Throwaway bool
	// TCP also listens on a free port of 127.0.0.1, with a password; see TCPURL.
	TCP bool
	// Log receives the server's events; nil discards them.
	Log *slog.Logger
	// Progress receives a line for a person before each slow step; nil discards them.
	Progress io.Writer

	places places // of binaries; the zero value is those of this machine
}

// Server is a running private PostgreSQL. Its methods are safe for concurrent use.
type Server struct {
	dir, socketDir string
	bin            installation
	account        account
	throwaway      bool
	log            *slog.Logger
	lock           *os.File

	port     int
	password string // "" without TCP

	process *os.Process
	done    chan struct{} // closed when postgres has ended

	creating sync.Mutex // two sessions cannot change the rights of one database at once

	mu     sync.Mutex
	owners map[string]string // database -> role

	stopOnce sync.Once
	stopErr  error
}

// Start starts the private server of a folder, which it creates the first time. One process owns a folder at a time;
// what a killed owner left is cleared away. postgres ends when its owner ends, in whatever way (on macOS: at the next
// start).
//
// If root calls Start, postgres runs as the account postgres, otherwise nobody. If that account cannot reach Dir, the
// files are kept below /var/tmp instead: see [Server.Dir].
func Start(ctx context.Context, opts Options) (*Server, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Progress == nil {
		opts.Progress = io.Discard
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout+startTimeout)
	defer cancel()

	dir, acct, err := prepareFolder(opts.Dir)
	if err != nil {
		return nil, err
	}
	lock, err := lockFolder(ctx, dir, lockWait)
	if err != nil {
		return nil, err
	}
	s := &Server{
		dir: dir, account: acct, throwaway: opts.Throwaway, log: opts.Log, lock: lock,
		owners: map[string]string{"postgres": superuser},
	}
	if err := s.start(ctx, opts); err != nil {
		s.release()
		return nil, err
	}
	opts.Log.Info("private PostgreSQL is ready", "major", s.bin.major, "dir", dir, "pid", s.process.Pid)
	return s, nil
}

func (s *Server) start(ctx context.Context, opts Options) (err error) {
	if s.socketDir, err = socketFolder(s.dir, s.account); err != nil {
		return err
	}
	if err := clearLeftovers(ctx, s.dir, s.socketDir); err != nil {
		return err
	}
	major, err := dataMajor(s.dataDir())
	if err != nil {
		return err
	}
	if s.bin, err = findOrFetch(ctx, opts, s.account, s.dir, major); err != nil {
		return err
	}
	if major == 0 {
		if !s.throwaway {
			fmt.Fprintf(opts.Progress, "Creating a PostgreSQL %d database cluster in %s\n", s.bin.major, s.dir)
		}
		if err := s.initdb(ctx); err != nil {
			return err
		}
	}
	if !opts.TCP {
		s.port = defaultPort
		return s.launch(ctx)
	}
	s.password = rand.Text()
	for attempt := 1; ; attempt++ {
		if s.port, err = freePort(ctx); err != nil {
			return err
		}
		// Another process may take the port before postgres does.
		if err = s.launch(ctx); err == nil || attempt == portAttempts ||
			!strings.Contains(err.Error(), "could not create any TCP/IP sockets") {
			break
		}
	}
	if err != nil {
		return err
	}
	return s.setPassword(ctx, superuser)
}

func (s *Server) dataDir() string { return filepath.Join(s.dir, "data") }

// Dir returns the folder that holds the files.
func (s *Server) Dir() string { return s.dir }

// Done returns a channel that is closed when postgres has ended, by Stop or by itself.
func (s *Server) Done() <-chan struct{} { return s.done }

// URL returns the URL of a database for its owner, over the unix socket. The owner of a database that CreateDatabase
// did not make is taken to be a role of the same name.
func (s *Server) URL(database string) string {
	return s.URLAs(database, s.owner(database))
}

// SuperuserURL returns the URL of a database for the superuser, over the unix socket.
func (s *Server) SuperuserURL(database string) string {
	return s.URLAs(database, superuser)
}

// URLAs returns the URL of a database for any role, over the unix socket.
func (s *Server) URLAs(database, role string) string {
	query := url.Values{"host": {s.socketDir}, "port": {strconv.Itoa(s.port)}}
	u := url.URL{Scheme: "postgres", User: url.User(role), Path: "/" + database}
	// In PostgreSQL's URLs + does not stand for a space.
	u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
	return u.String()
}

// TCPURL returns the URL of a database for its owner, over TCP, with a password that changes with each start; ""
// without Options.TCP.
func (s *Server) TCPURL(database string) string {
	if s.password == "" {
		return ""
	}
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(s.owner(database), s.password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), Path: "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

func (s *Server) owner(database string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if role, ok := s.owners[database]; ok {
		return role
	}
	return database
}

// CreateDatabase ensures that the role exists, with the right to log in only, and the database, owned by that role and
// closed to all others. It leaves existing ones unchanged.
func (s *Server) CreateDatabase(ctx context.Context, database, role string) error {
	if err := s.createDatabase(ctx, database, role); err != nil {
		return fmt.Errorf("create database %q of role %q: %w", database, role, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owners[database] = role
	return nil
}

func (s *Server) createDatabase(ctx context.Context, database, role string) error {
	s.creating.Lock()
	defer s.creating.Unlock()
	conn, err := pgx.Connect(ctx, s.SuperuserURL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is pending

	db, owner := pgx.Identifier{database}.Sanitize(), pgx.Identifier{role}.Sanitize()
	var roleExists, dbExists bool
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1),
		EXISTS (SELECT FROM pg_database WHERE datname = $2)`, role, database).Scan(&roleExists, &dbExists)
	if err != nil {
		return err
	}
	if !roleExists {
		//sqltext:allow the name of a role or database cannot be an argument; it is quoted
		if _, err := conn.Exec(ctx, "CREATE ROLE "+owner+" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE"); err != nil {
			return err
		}
	}
	if s.password != "" {
		if err := s.setPassword(ctx, role); err != nil {
			return err
		}
	}
	if !dbExists {
		//sqltext:allow the name of a role or database cannot be an argument; it is quoted
		if _, err := conn.Exec(ctx, "CREATE DATABASE "+db+" OWNER "+owner); err != nil {
			return err
		}
	}
	//sqltext:allow the name of a role or database cannot be an argument; it is quoted
	_, err = conn.Exec(ctx, "REVOKE CONNECT, TEMPORARY ON DATABASE "+db+" FROM PUBLIC")
	return err
}

func (s *Server) setPassword(ctx context.Context, role string) error {
	conn, err := pgx.Connect(ctx, s.SuperuserURL("postgres"))
	if err != nil {
		return fmt.Errorf("set the password of role %q: %w", role, err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is pending
	//sqltext:allow a password cannot be an argument of ALTER ROLE; it has letters and digits only
	if _, err = conn.Exec(ctx, "ALTER ROLE "+pgx.Identifier{role}.Sanitize()+" PASSWORD '"+s.password+"'"); err != nil {
		return fmt.Errorf("set the password of role %q: %w", role, err)
	}
	return nil
}

// Stop ends postgres: it first asks postgres to disconnect all clients and finish, then to drop everything, then kills
// it; each step ends early when ctx does. Afterwards Dir is free for another owner, or removed if the server was a
// throw-away. Further calls return the same result.
func (s *Server) Stop(ctx context.Context) error {
	s.stopOnce.Do(func() {
		s.stopErr = s.terminate(ctx)
		s.release()
	})
	return s.stopErr
}

func (s *Server) terminate(ctx context.Context) error {
	if s.process == nil {
		return nil
	}
	for _, step := range []struct {
		signal os.Signal
		wait   time.Duration
	}{{os.Interrupt, fastStop}, {syscall.SIGQUIT, immediateStop}} {
		_ = s.process.Signal(step.signal) // fails only if postgres has ended
		limit := time.NewTimer(step.wait)
		select {
		case <-s.done:
			limit.Stop()
			return nil
		case <-limit.C:
		case <-ctx.Done():
			limit.Stop()
		}
	}
	_ = s.process.Kill()
	select {
	case <-s.done:
		return nil
	case <-time.After(killStop):
		return fmt.Errorf("PostgreSQL (process %d) of %s does not end even when killed", s.process.Pid, s.dir)
	}
}

func (s *Server) release() {
	if s.throwaway {
		s.remove()
	}
	_ = s.lock.Close()
}

func (s *Server) remove() {
	if s.socketDir != "" && s.socketDir != s.dir {
		_ = os.RemoveAll(s.socketDir)
	}
	// Children of a killed postgres may write for a moment longer.
	for range 10 {
		if os.RemoveAll(s.dir) == nil {
			return
		}
		time.Sleep(leftoverPoll)
	}
	s.log.Warn("a throw-away PostgreSQL folder could not be removed", "dir", s.dir)
}

// Remove deletes the files that Start keeps for dir, wherever they are. It refuses while a process owns the folder.
func Remove(ctx context.Context, dir string) error {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("remove %s: %w", dir, err)
	}
	for _, dir := range []string{abs, fallbackFolder(abs)} {
		if _, err := os.Lstat(filepath.Join(dir, "lock")); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := removeFolder(ctx, dir); err != nil {
			return err
		}
	}
	return nil
}

func removeFolder(ctx context.Context, dir string) error {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return fmt.Errorf("remove %s: %w", dir, err)
	}
	lock, err := lockFolder(ctx, dir, 0)
	if err != nil {
		return err
	}
	defer lock.Close() //nolint:errcheck // only read
	if err := clearLeftovers(ctx, dir, dir); err != nil {
		return err
	}
	if short := shortSocketFolder(dir); needsShortSocket(dir) {
		_ = os.RemoveAll(short)
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove %s: %w", dir, err)
	}
	return nil
}

// initdb makes the cluster in a temporary folder and moves it when complete, because a killed initdb leaves an
// incomplete one.
func (s *Server) initdb(ctx context.Context) error {
	fresh := s.dataDir() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("create a database cluster: %w", err)
	}
	locales := [][]string{{"--locale=C.UTF-8"}, {"--no-locale"}} // macOS does not have the former
	if s.bin.major >= 17 {
		locales = [][]string{{"--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"}}
	}
	var out []byte
	var err error
	for _, locale := range locales {
		args := append([]string{
			"-D", fresh, "-U", superuser, "--encoding=UTF8", "--auth-local=trust", "--auth-host=scram-sha-256",
			"--no-instructions",
		}, locale...)
		if s.throwaway {
			args = append(args, "--no-sync")
		}
		cmd := s.bin.command(ctx, s.account, "initdb", args...)
		if out, err = runBound(cmd, syscall.SIGKILL); err == nil {
			break
		}
		if !strings.Contains(string(out), "locale") {
			break
		}
	}
	if err != nil {
		_ = os.RemoveAll(fresh)
		return fmt.Errorf("initdb of %s failed (%w): %s", s.bin.dir, err, lastLine(string(out)))
	}
	if err := os.Rename(fresh, s.dataDir()); err != nil {
		return fmt.Errorf("create a database cluster: %w", err)
	}
	return nil
}

func (s *Server) settings() []string {
	settings := []string{
		"unix_socket_directories=" + s.socketDir,
		"unix_socket_permissions=0700",
		"port=" + strconv.Itoa(s.port),
		"timezone=UTC",
		"log_timezone=UTC",
		"logging_collector=off",
		"log_destination=stderr",
		"log_error_verbosity=terse", // error details quote values of statements
	}
	if s.password != "" {
		settings = append(settings, "listen_addresses=127.0.0.1")
	} else {
		settings = append(settings, "listen_addresses=")
	}
	if !s.throwaway {
		return append(settings, "max_connections=200")
	}
	return append(settings,
		"max_connections=500",
		"fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off",
		"wal_level=minimal", "max_wal_senders=0", "max_wal_size=4GB", "checkpoint_timeout=1h",
		"wal_init_zero=off", "wal_recycle=off", "jit=off",
		// Inside Dir, so that removing Dir after a kill leaves nothing in shared memory.
		"dynamic_shared_memory_type=mmap",
	)
}

// launch starts postgres as a direct child and waits until it accepts connections.
func (s *Server) launch(ctx context.Context) error {
	logPath := filepath.Join(s.dir, "postgres.log")
	logFile, err := os.OpenFile(logPath, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	defer logFile.Close() //nolint:errcheck // postgres has its own copy

	args := []string{"-D", s.dataDir()}
	for _, setting := range s.settings() {
		args = append(args, "-c", setting)
	}
	// Not bound to ctx, because the server outlives its start.
	cmd := s.bin.command(context.Background(), s.account, "postgres", args...)
	cmd.Stdout, cmd.Stderr = logFile, logFile

	started, done := make(chan error), make(chan struct{})
	go func() {
		// The parent-death signal is sent when the thread that started the child ends, so this thread stays with the child;
		// it is not unlocked, and ends with this goroutine.
		runtime.LockOSThread()
		bindToParent(cmd, syscall.SIGINT)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
		close(done)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	s.process, s.done = cmd.Process, done

	if err := s.waitReady(ctx); err != nil {
		_ = s.terminate(ctx)
		if line := fatalLine(logPath); line != "" {
			return fmt.Errorf("%w: %s", err, line)
		}
		return err
	}
	return nil
}

func (s *Server) waitReady(ctx context.Context) error {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	limit := time.NewTimer(startTimeout)
	defer limit.Stop()
	for {
		select {
		case <-tick.C:
			if pid, status := readPidFile(s.dataDir()); pid == s.process.Pid && status == "ready" {
				return nil
			}
		case <-s.done:
			return fmt.Errorf("PostgreSQL in %s ended while it started", s.dir)
		case <-limit.C:
			return fmt.Errorf("PostgreSQL in %s was not ready after %s", s.dir, startTimeout)
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL in %s: start given up: %w", s.dir, ctx.Err())
		}
	}
}

// readPidFile returns the pid of line 1 and the state of line 8 of postmaster.pid: "starting", "stopping",
// "ready" or "standby". Source: src/include/utils/pidfile.h of PostgreSQL.
func readPidFile(dataDir string) (pid int, status string) {
	content, err := os.ReadFile(filepath.Join(dataDir, "postmaster.pid"))
	if err != nil {
		return 0, ""
	}
	lines := strings.Split(string(content), "\n")
	pid, _ = strconv.Atoi(strings.TrimSpace(lines[0]))
	if len(lines) >= 8 {
		status = strings.TrimSpace(lines[7])
	}
	return pid, status
}

// clearLeftovers ends processes that an earlier owner left running in dir, and removes the files that make postgres
// believe it is still running. The caller holds the lock, so none of this is in use.
func clearLeftovers(ctx context.Context, dir, socketDir string) error {
	for _, data := range []string{filepath.Join(dir, "data"), filepath.Join(dir, "data.new")} {
		if err := endProcessesIn(ctx, data); err != nil {
			return err
		}
	}
	// postgres would check the pid, and be misled by a zombie or by another program with that pid.
	stale, err := filepath.Glob(filepath.Join(escapeGlob(socketDir), socketTemplate+"*"))
	if err != nil {
		return fmt.Errorf("clear %s: %w", socketDir, err)
	}
	for _, file := range append(stale, filepath.Join(dir, "data", "postmaster.pid")) {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("clear what an earlier PostgreSQL left: %w", err)
		}
	}
	return nil
}

func endProcessesIn(ctx context.Context, data string) error {
	var left []int
	gone := func() bool {
		left = processesIn(data)
		return len(left) == 0
	}
	if gone() {
		return nil
	}
	if postmaster, _ := readPidFile(data); slices.Contains(left, postmaster) {
		signalAll([]int{postmaster}, syscall.SIGINT)
		if waitUntil(ctx, fastStop, gone) {
			return nil
		}
	} else if waitUntil(ctx, time.Second, gone) { // children notice the death of their parent
		return nil
	}
	signalAll(left, syscall.SIGQUIT)
	if waitUntil(ctx, immediateStop, gone) {
		return nil
	}
	signalAll(left, syscall.SIGKILL)
	if waitUntil(ctx, killStop, gone) {
		return nil
	}
	return fmt.Errorf("processes %v of an earlier PostgreSQL in %s do not end: end them by hand", left, data)
}

func signalAll(pids []int, signal syscall.Signal) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, signal) // it may have ended meanwhile
	}
}

func waitUntil(ctx context.Context, limit time.Duration, condition func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		if condition() {
			return true
		}
		select {
		case <-time.After(leftoverPoll):
		case <-ctx.Done():
			return condition()
		}
	}
}

// runBound runs a command that is killed when this process dies.
func runBound(cmd *exec.Cmd, signal syscall.Signal) (out []byte, err error) {
	done := make(chan struct{})
	go func() { // its thread must live as long as the command
		defer close(done)
		runtime.LockOSThread()
		bindToParent(cmd, signal)
		out, err = cmd.CombinedOutput()
	}()
	<-done
	return out, err
}

func freePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close() //nolint:errcheck // only its number is wanted
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// fatalLine returns the reason that postgres gave for ending, or its last line.
func fatalLine(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	for _, line := range lines {
		if _, reason, ok := strings.Cut(line, "FATAL:"); ok {
			return strings.TrimSpace(reason)
		}
	}
	return strings.TrimSpace(lines[len(lines)-1])
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
