package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/users"
)

// development is the services with all that they need, for one person.
type development struct {
	environ  map[string]string
	out      io.Writer
	data     string
	addr     string
	opsAddr  string
	password string
}

func newDevelopment(environ []string, out io.Writer) (*development, error) {
	d := &development{environ: map[string]string{}, out: out}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		d.environ[name] = value
	}
	d.data = d.or("PLUMBLINE_DATA", ".data")
	d.addr = d.or("PLUMBLINE_ADDR", "127.0.0.1:8080")
	d.opsAddr = d.or("PLUMBLINE_OPS_ADDR", "127.0.0.1:9090")
	var err error
	d.data, err = filepath.Abs(d.data)
	return d, err
}

func (d *development) or(name, otherwise string) string {
	if v := d.environ[name]; v != "" {
		return v
	}
	return otherwise
}

func (d *development) postgresDir() string { return filepath.Join(d.data, "postgres") }

// reset forgets the database and keeps the secrets and the password.
func (d *development) reset(ctx context.Context) error {
	if err := postgres.RemoveServer(ctx, d.postgresDir()); err != nil {
		return err
	}
	if _, err := os.Stat(d.postgresDir()); err == nil {
		return fmt.Errorf("%s holds no data of this program and stays as it is; choose another folder with PLUMBLINE_DATA", d.postgresDir())
	}
	_, err := fmt.Fprintln(d.out, "the data is gone; the next start seeds it anew. The secrets and the password stay.")
	return err
}

// run starts everything, tells where to look and ends everything in order.
func (d *development) run(ctx context.Context) (err error) {
	started := time.Now()
	if err := errors.Join(isFree(ctx, d.addr, "PLUMBLINE_ADDR"), isFree(ctx, d.opsAddr, "PLUMBLINE_OPS_ADDR")); err != nil {
		return err
	}
	if err := d.prepare(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if d.environ["USERS_DATABASE_URL"] == "" {
		server, err := postgres.StartServer(ctx, postgres.ServerOptions{Dir: d.postgresDir(), BinDir: d.environ["PLUMBLINE_PG_BINDIR"], Progress: d.out})
		if err != nil {
			return err
		}
		defer func() {
			stopping, done := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
			defer done()
			err = errors.Join(err, server.Stop(stopping))
		}()
		go func() {
			<-server.Done()
			cancel(errors.New("the private PostgreSQL ended by itself; start again and the data is there"))
		}()
		if err := server.CreateDatabase(ctx, "users", "users"); err != nil {
			return err
		}
		d.environ["USERS_DATABASE_URL"] = server.URL("users")
	}
	environ := d.settings()
	if err := users.Run(ctx, []string{"migrate"}, environ, d.out); err != nil {
		return err
	}
	if err := users.Seed(ctx, environ, d.password); err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- users.Run(ctx, []string{"serve"}, environ, d.out) }()
	if d.becomesReady(ctx, served) {
		d.welcome(time.Since(started))
	}
	err = <-served
	if cause := context.Cause(ctx); err == nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	return err
}

// isFree refuses an address that is taken, before anything is started for nothing; variable is the way out.
func isFree(ctx context.Context, addr, variable string) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s is in use by another program: stop it, or choose another address with %s", addr, variable)
	case err != nil:
		return fmt.Errorf("cannot listen on %s: %w; choose another address with %s", addr, err, variable)
	}
	return listener.Close()
}

// prepare makes the data folder and the secrets in it.
func (d *development) prepare() error {
	// PostgreSQL, which does not run as root, passes through this folder; the secrets in it are closed.
	if err := os.MkdirAll(d.data, 0o755); err != nil { //nolint:gosec // as it says above
		return fmt.Errorf("the data folder cannot be made: %w; choose another with PLUMBLINE_DATA", err)
	}
	master, err := d.secret("master-key", func() string {
		key := make([]byte, 32)
		_, _ = rand.Read(key) // It never fails: crypto/rand ends the program instead.
		return base64.StdEncoding.EncodeToString(key)
	})
	if err != nil {
		return err
	}
	d.environ["USERS_MASTER_KEY"] = d.or("USERS_MASTER_KEY", master)
	if d.password = d.environ["PLUMBLINE_DEV_PASSWORD"]; d.password == "" {
		d.password, err = d.secret("dev-password", rand.Text)
	}
	return err
}

// secret reads a file of the data folder that only its owner may read, and makes it when it is not there.
func (d *development) secret(name string, generate func() string) (string, error) {
	path := filepath.Join(d.data, name)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte(generate())
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("the data folder cannot be used: %w; choose another with PLUMBLINE_DATA", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// settings are those of the services, where the caller has not set them.
func (d *development) settings() []string {
	for name, value := range map[string]string{
		"USERS_ADDR":            d.addr,
		"USERS_OPS_ADDR":        d.opsAddr,
		"USERS_RESPONSES":       "enforce",
		"USERS_TRUSTED_ORIGINS": "http://localhost:*,http://127.0.0.1:*",
		"USERS_UNREADY":         "0s",
		"USERS_DRAIN":           "5s",
		"USERS_LOG_FORMAT":      "text",
	} {
		d.environ[name] = d.or(name, value)
	}
	environ := make([]string, 0, len(d.environ))
	for name, value := range d.environ {
		environ = append(environ, name+"="+value)
	}
	return environ
}

// becomesReady waits for the operators' listener to say so, or for the service to have failed.
func (d *development) becomesReady(ctx context.Context, served chan error) bool {
	client := http.Client{Timeout: time.Second}
	for ctx.Err() == nil {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.environ["USERS_OPS_ADDR"]+"/readyz", nil)
		if err != nil {
			return false
		}
		if answer, err := client.Do(r); err == nil {
			_ = answer.Body.Close() // Only the status matters.
			if answer.StatusCode == http.StatusOK {
				return true
			}
		}
		select {
		case err := <-served:
			served <- err
			return false
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
	return false
}

func (d *development) welcome(took time.Duration) {
	base, operations := "http://"+d.environ["USERS_ADDR"], "http://"+d.environ["USERS_OPS_ADDR"]
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	row := func(cells ...string) { _, _ = fmt.Fprintln(table, "  "+strings.Join(cells, "\t")) }
	row("Swagger UI", base+"/docs")
	row("document", base+"/openapi/users.yaml", "(or .json)")
	row("log in", "POST "+base+"/api/v1/login")
	row("health", operations+"/healthz")
	row("metrics", operations+"/metrics")
	row("data", d.data, "(make reset forgets it)")
	row("personas")
	for _, p := range users.Personas() {
		row("", p.Email, p.Name)
	}
	row("their password", d.password)
	_ = table.Flush() // A strings.Builder never fails.
	_, _ = fmt.Fprintf(d.out, "\nPlumbline is ready after %s.\n\n%s\nCtrl-C stops all of it.\n\n", took.Round(time.Millisecond), text.String())
}
