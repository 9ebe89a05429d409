// Package redistest starts a real redis-server for one test, and breaks it.
//
// redis-server must be in PATH, or PLUMBLINE_REDIS_SERVER name it; a test fails where it is missing.
package redistest

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"example.com/plumbline/impl/platform/telemetry"
)

const (
	startTimeout = 30 * time.Second
	startPoll    = 5 * time.Millisecond

	lowestPort, ports = 20_000, 10_000
	portAttempts      = 100
)

// Server is a redis-server on a port of 127.0.0.1 that keeps nothing on disk. Its methods fail the test.
type Server struct {
	t     testing.TB
	dir   string
	port  int
	flags []string

	mu      sync.Mutex
	process *os.Process
	ended   chan struct{}
	output  *output
}

// Start starts a server that ends with the test. flags are further ones of redis-server, as in "--maxmemory", "2mb".
func Start(t testing.TB, flags ...string) *Server {
	t.Helper()
	s := Absent(t, flags...)
	for range portAttempts {
		taken := s.run()
		if !taken {
			return s
		}
		s.port = FreePort(t) // Another process was quicker.
	}
	t.Fatalf("redistest: every port is taken:\n%s", s.output.String())
	return nil
}

// Absent chooses the port of a server that is not running until Run.
func Absent(t testing.TB, flags ...string) *Server {
	t.Helper()
	s := &Server{t: t, dir: t.TempDir(), port: FreePort(t), flags: flags}
	t.Cleanup(s.Kill)
	return s
}

// FreePort gives a port of 127.0.0.1 that nobody listens on. It is below those that the kernel gives to connections,
// one of which could otherwise take it before a server does.
func FreePort(t testing.TB) int {
	t.Helper()
	var config net.ListenConfig
	for range portAttempts {
		port := lowestPort + rand.IntN(ports)
		listener, err := config.Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			_ = listener.Close() // It holds nothing.
			return port
		}
	}
	t.Fatal("redistest: there is no free port")
	return 0
}

// Addr is where the server listens.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// URL is that of the server.
func (s *Server) URL() telemetry.Secret { return telemetry.NewSecret("redis://" + s.Addr()) }

// Run starts the server, empty, and waits until it answers.
func (s *Server) Run() {
	s.t.Helper()
	if s.run() {
		s.t.Fatalf("redistest: the port is taken:\n%s", s.output.String())
	}
}

// run tells whether the port is taken, so that the server could not start.
func (s *Server) run() (taken bool) {
	s.t.Helper()
	name := os.Getenv("PLUMBLINE_REDIS_SERVER")
	if name == "" {
		name = "redis-server"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		s.t.Fatalf("redistest: these tests need a redis-server: install it (Debian's package is redis-server), "+
			"or name it in PLUMBLINE_REDIS_SERVER: %v", err)
	}
	arguments := append([]string{
		"--bind", "127.0.0.1", "--port", strconv.Itoa(s.port), "--dir", s.dir, "--save", "", "--appendonly", "no",
		"--daemonize", "no",
	}, s.flags...)
	ctx := context.WithoutCancel(s.t.Context())             // Kill ends it.
	command := exec.CommandContext(ctx, path, arguments...) //nolint:gosec // It is the tests' own redis-server.
	if err := s.start(command); err != nil {
		s.t.Fatalf("redistest: %v", err)
	}
	late := time.After(startTimeout)
	for {
		if strings.Contains(s.output.String(), "Ready to accept connections") {
			return false
		}
		select {
		case <-time.After(startPoll):
		case <-s.ended:
			if strings.Contains(s.output.String(), "Address already in use") {
				return true
			}
			s.t.Fatalf("redistest: redis-server has ended:\n%s", s.output.String())
		case <-late:
			s.t.Fatal("redistest: redis-server does not listen")
		}
	}
}

// start starts a command and waits for its end on one thread, with which it ends (see bindToParent).
func (s *Server) start(command *exec.Cmd) error {
	s.output = &output{}
	command.Stdout, command.Stderr = s.output, s.output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	bindToParent(command.SysProcAttr)
	started, ended := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(ended)
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait() // It is killed.
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.process, s.ended = command.Process, ended
	return nil
}

// output is what a server writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Kill ends the server at once, and waits until it has ended. A server that does not run stays so.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return
	}
	_ = s.process.Kill() // It may have ended.
	<-s.ended
	s.process = nil
}

// Freeze stops the server: it keeps its connections and answers nothing. Thaw lets it go on.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw ends what Freeze began.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(signal syscall.Signal) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.process.Signal(signal); err != nil {
		s.t.Fatalf("redistest: %v", err)
	}
}

// Fill makes the server refuse every write, as one does whose memory is full.
func (s *Server) Fill() {
	s.t.Helper()
	s.Do("CONFIG", "SET", "maxmemory-policy", "noeviction")
	s.Do("CONFIG", "SET", "maxmemory", "1")
}

// Empty ends what Fill began.
func (s *Server) Empty() {
	s.t.Helper()
	s.Do("CONFIG", "SET", "maxmemory", "0")
}

// Do sends a command over a connection of its own and gives the answer as text.
func (s *Server) Do(command ...string) string {
	s.t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{s.Addr()}, ForceSingleClient: true, DisableCache: true,
	})
	if err != nil {
		s.t.Fatalf("redistest: %v", err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	message, err := client.Do(ctx, client.B().Arbitrary(command...).Build()).ToMessage()
	if err != nil && !rueidis.IsRedisNil(err) {
		s.t.Fatalf("redistest: %s: %v", strings.Join(command, " "), err)
	}
	value, _ := message.ToAny() // An absent value is no text.
	return fmt.Sprint(value)
}
