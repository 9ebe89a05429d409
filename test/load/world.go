package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"example.com/plumbline/impl/devkit/natsserver"
	"example.com/plumbline/impl/devkit/pgserver"
)

// world is what the services need, as processes of their own: PostgreSQL, as durable as in production, and NATS.
type world struct {
	dir      string
	progress io.Writer
	postgres *pgserver.Server
	nats     *exec.Cmd
	natsURL  string
	natsIn   io.Closer
	services []*services
}

// services are both services, started from built programs on databases of their own.
type services struct {
	users, orders *service
}

// service is one of them, running.
type service struct {
	name        string
	url, opsURL string
	databaseURL string
	cmd         *exec.Cmd
	ended       chan error
}

const stopWithin = time.Minute

// newWorld starts PostgreSQL and NATS.
func newWorld(ctx context.Context, progress io.Writer) (w *world, err error) {
	// PostgreSQL does not run as root, and its account cannot reach root's folders.
	dir, err := os.MkdirTemp("/var/tmp", "plumbline-load-")
	if err != nil {
		return nil, err
	}
	w = &world{dir: dir, progress: progress}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.stop())
		}
	}()
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // PostgreSQL's account goes through it.
		return nil, err
	}
	w.postgres, err = pgserver.Start(ctx, pgserver.Options{Dir: w.postgresDir(), TCP: true, Progress: progress})
	if err != nil {
		return nil, err
	}
	return w, w.startNATS(ctx)
}

func (w *world) postgresDir() string { return filepath.Join(w.dir, "postgres") }

// startNATS runs this program again as NATS, so that its cost is not counted as the generator's.
func (w *world) startNATS(ctx context.Context) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	w.nats = exec.CommandContext(context.WithoutCancel(ctx), program, natsCommand, filepath.Join(w.dir, "nats"))
	w.nats.Stderr = w.progress
	w.nats.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the generator.
	if w.natsIn, err = w.nats.StdinPipe(); err != nil {
		return err
	}
	out, err := w.nats.StdoutPipe()
	if err != nil {
		return err
	}
	if err := w.nats.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("NATS did not start: %w", err)
	}
	w.natsURL = strings.TrimSpace(line)
	return nil
}

const natsCommand = "nats"

// runNATS is the other program that this one is: it serves until its standard input is closed.
func runNATS(ctx context.Context, dir string) error {
	server, err := natsserver.Start(ctx, natsserver.Options{Dir: dir, Token: "load"})
	if err != nil {
		return err
	}
	defer server.Stop()
	fmt.Println(server.URL().Reveal())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// build builds a service with a setting of profile-guided optimisation, as in auto or the path of a profile, into a
// folder for that setting, and returns the program's path.
func build(ctx context.Context, name, pgo string) (string, error) {
	folder := pgo
	if pgo != pgoAuto && pgo != pgoOff {
		folder = "profiled"
	}
	path := filepath.Join("bin", "load", folder, name)
	cmd := exec.CommandContext(ctx, "go", "build", "-pgo="+pgo, "-o", path, "example.com/plumbline/cmd/"+name)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", name, err, out)
	}
	return filepath.Abs(path)
}

// The settings of -pgo that are no path: the profile beside the main function, or none.
const (
	pgoAuto = "auto"
	pgoOff  = "off"
)

// start builds both services, starts them, and fills their databases.
func (w *world) start(ctx context.Context, pgo func(service string) string, customers int) (*services, *shop, error) {
	number := strconv.Itoa(len(w.services))
	s := &services{}
	w.services = append(w.services, s)
	keys := map[string]string{}
	for _, name := range []string{"users", "orders"} {
		key := make([]byte, 32)
		_, _ = rand.Read(key) // It never fails: crypto/rand ends the program instead.
		keys[name] = base64.StdEncoding.EncodeToString(key)
	}
	start := func(name string, environ ...string) (*service, error) {
		database := name + number
		if err := w.postgres.CreateDatabase(ctx, database, database); err != nil {
			return nil, err
		}
		program, err := build(ctx, name, pgo(name))
		if err != nil {
			return nil, err
		}
		prefix := strings.ToUpper(name) + "_"
		for _, setting := range []string{
			"ADDR=127.0.0.1:0", "OPS_ADDR=127.0.0.1:0", "UNREADY=0s", "NATS_URL=" + w.natsURL, "MASTER_KEY=" + keys[name],
			"DATABASE_URL=" + w.postgres.TCPURL(database), "TRUSTED_PROXIES=127.0.0.1/32",
		} {
			environ = append(environ, prefix+setting)
		}
		return run(ctx, name, program, w.postgres.TCPURL(database), environ, filepath.Join(w.dir, name+number+".log"))
	}
	fmt.Fprintf(w.progress, "building and starting the services (-pgo=%s)\n", pgo("users"))
	var err error
	if s.users, err = start("users", "USERS_MAIL=off"); err != nil {
		return nil, nil, err
	}
	if s.orders, err = start("orders", "ORDERS_USERS_URL="+s.users.url); err != nil {
		return nil, nil, err
	}
	shop, err := s.fill(ctx, customers)
	return s, shop, err
}

// run starts a service and waits until it serves. Its log goes to a file.
func run(ctx context.Context, name, program, databaseURL string, environ []string, log string) (*service, error) {
	file, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // The service has it, too.
	s := &service{name: name, databaseURL: databaseURL, ended: make(chan error, 1)}
	s.cmd = exec.CommandContext(context.WithoutCancel(ctx), program, "serve")
	s.cmd.Env, s.cmd.Stdout, s.cmd.Stderr = environ, file, file
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the generator.
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { s.ended <- s.cmd.Wait() }()
	late := time.After(time.Minute)
	for {
		if line, found := serving(log); found {
			s.url, s.opsURL = "http://"+line.Addr, "http://"+line.OpsAddr
			return s, nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
			continue
		case err = <-s.ended:
			err = fmt.Errorf("%s ended before it served: %w", name, err)
		case <-late:
			err = fmt.Errorf("%s did not serve within a minute", name)
		case <-ctx.Done():
			err = ctx.Err()
		}
		text, _ := os.ReadFile(log)
		return nil, errors.Join(fmt.Errorf("%w\n%s", err, text), s.stop())
	}
}

type servingLine struct {
	Msg     string `json:"msg"`
	Addr    string `json:"addr"`
	OpsAddr string `json:"ops_addr"`
}

// serving finds the line of a log that tells where the service is.
func serving(log string) (line servingLine, found bool) {
	text, _ := os.ReadFile(log)
	for part := range strings.Lines(string(text)) {
		if json.Unmarshal([]byte(part), &line) == nil && line.Msg == "serving" {
			return line, true
		}
	}
	return line, false
}

// stop ends a service in order, after a minute by force.
func (s *service) stop() error {
	if s == nil {
		return nil
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // It may have ended.
	select {
	case err := <-s.ended:
		s.ended <- err
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		return nil
	case <-time.After(stopWithin):
		return errors.Join(fmt.Errorf("%s did not end within %s", s.name, stopWithin), s.cmd.Process.Kill())
	}
}

// stop ends everything and removes the data.
func (w *world) stop() error {
	var errs []error
	for _, s := range w.services {
		errs = append(errs, s.orders.stop(), s.users.stop())
	}
	if w.natsIn != nil {
		errs = append(errs, w.natsIn.Close(), w.nats.Wait())
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	if w.postgres != nil {
		errs = append(errs, w.postgres.Stop(ctx))
	}
	errs = append(errs, os.RemoveAll(w.dir))
	return errors.Join(errs...)
}

// processes are those that are measured.
func (w *world) processes(s *services) []process {
	postmaster := 0
	if text, err := os.ReadFile(filepath.Join(w.postgresDir(), "data", "postmaster.pid")); err == nil {
		line, _, _ := strings.Cut(string(text), "\n")
		postmaster, _ = strconv.Atoi(line)
	}
	return []process{
		{name: usersProcess, pid: s.users.cmd.Process.Pid}, {name: ordersProcess, pid: s.orders.cmd.Process.Pid},
		{name: postgresProcess, pid: postmaster}, {name: natsProcess, pid: w.nats.Process.Pid}, generatorItself(),
	}
}

// The names of processes in reports.
const (
	usersProcess     = "users"
	ordersProcess    = "orders"
	postgresProcess  = "PostgreSQL"
	natsProcess      = "NATS"
	generatorProcess = "generator"
)

// generatorItself is this process without those that it has started.
func generatorItself() process { return process{generatorProcess, os.Getpid(), true} }
