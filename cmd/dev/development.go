package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"example.com/plumbline/gen/services"
	"example.com/plumbline/gen/ts"
	"example.com/plumbline/impl/devkit/front"
	"example.com/plumbline/impl/devkit/frontend"
	"example.com/plumbline/impl/devkit/natsserver"
	"example.com/plumbline/impl/devkit/pgserver"
	"example.com/plumbline/impl/platform/hosts"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/users"
)

// development is the services with all that they need, for one person.
type development struct {
	environ  map[string]string
	out      io.Writer
	log      *slog.Logger
	data     string
	addr     string
	opsAddr  string
	hosts    hosts.Allowed // names to be called by, besides those of this machine
	client   fs.FS         // the files of the TypeScript client
	packed   string        // and where they are, packed
	password string
	services []*service
	clock    frontend.Clock // of all services
	mails    frontend.Mailbox
	natsURL  string // of the private NATS; "" when there is another
}

// service is one of the services, and where it is behind the front.
type service struct {
	front.Service

	program program.Program
	seed    program.Seed
}

// name is that of the service, its database and its database role.
func (s *service) name() string { return s.program.Name }

// setting is the environment variable of one of the service's settings.
func (s *service) setting(name string) string { return strings.ToUpper(s.name()) + "_" + name }

func newDevelopment(environ []string, out io.Writer) (d *development, err error) {
	d = &development{
		environ: map[string]string{}, out: out,
		log: slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		d.environ[name] = value
	}
	d.data = d.or("PLUMBLINE_DATA", ".data")
	d.addr = d.or("PLUMBLINE_ADDR", "127.0.0.1:8080")
	d.opsAddr = d.or("PLUMBLINE_OPS_ADDR", "127.0.0.1:9090")
	d.hosts = d.names()
	if d.client, err = fs.Sub(ts.Package, "package"); err != nil {
		return nil, err
	}
	if d.packed, err = front.ClientPath(d.client); err != nil {
		return nil, err
	}
	for _, listed := range services.All() {
		described, err := listed.Described()
		if err != nil {
			return nil, err
		}
		s := &service{program: listed.Program, seed: listed.Seed, Service: front.Service{Contract: described}}
		if s.name() == accounts {
			s.program = users.ProgramWith(&d.mails)
		}
		s.program.Clock, s.program.Development = d.clock.Now, true
		d.services = append(d.services, s)
	}
	slices.SortStableFunc(d.services, func(a, b *service) int { return cmp.Compare(a.place(), b.place()) })
	d.data, err = filepath.Abs(d.data)
	return d, err
}

// place is where the service stands among the others when they start and are seeded.
func (s *service) place() int {
	if s.name() == accounts {
		return 0
	}
	return 1
}

// accounts is the service that signs in, the one that development treats unlike the others: its mails stay here, it has
// the personas, and it starts first.
const accounts = "users"

func (d *development) or(name, otherwise string) string {
	if v := d.environ[name]; v != "" {
		return v
	}
	return otherwise
}

func (d *development) postgresDir() string { return filepath.Join(d.data, "postgres") }

func (d *development) natsDir() string { return filepath.Join(d.data, "nats") }

// reset forgets the data and keeps the secrets and the password.
func (d *development) reset(ctx context.Context) error {
	if err := pgserver.Remove(ctx, d.postgresDir()); err != nil {
		return err
	}
	if _, err := os.Stat(d.postgresDir()); err == nil {
		return fmt.Errorf("%s holds no data of this program and stays as it is; "+
			"choose another folder with PLUMBLINE_DATA", d.postgresDir())
	}
	if err := natsserver.Remove(d.natsDir()); err != nil {
		return err
	}
	_, err := fmt.Fprintln(d.out, "the data is gone; the next start seeds it anew. The secrets and the password stay.")
	return err
}

// run starts everything, tells where to look and ends everything in order.
func (d *development) run(ctx context.Context) (err error) {
	started := time.Now()
	err = errors.Join(isFree(ctx, d.addr, "PLUMBLINE_ADDR"), isFree(ctx, d.opsAddr, "PLUMBLINE_OPS_ADDR"))
	if err != nil {
		return err
	}
	if err := d.prepare(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stopPostgres, err := d.startPostgres(ctx, cancel)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopPostgres()) }()
	stopNATS, err := d.startNATS(ctx)
	if err != nil {
		return err
	}
	defer stopNATS()
	environ, err := d.settings(ctx)
	if err != nil {
		return err
	}
	if err := d.migrate(ctx, environ); err != nil {
		return err
	}
	cast, err := d.seed(ctx, environ, false)
	if err != nil {
		return err
	}
	mode, err := d.frontEndMode(environ, cast.Personas)
	if err != nil {
		return err
	}
	err = d.serve(ctx, environ, mode, func() { d.welcome(time.Since(started), cast.Personas) })
	if cause := context.Cause(ctx); err == nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	return err
}

// startPostgres starts the private server, if a service needs it, with a database and a role for each that does.
func (d *development) startPostgres(ctx context.Context, ended context.CancelCauseFunc) (stop func() error, err error) {
	var wanting []*service
	for _, s := range d.services {
		if d.environ[s.setting("DATABASE_URL")] == "" {
			wanting = append(wanting, s)
		}
	}
	if len(wanting) == 0 {
		return func() error { return nil }, nil
	}
	server, err := pgserver.Start(ctx, pgserver.Options{
		Dir: d.postgresDir(), BinDir: d.environ["PLUMBLINE_PG_BINDIR"], Progress: d.out,
	})
	if err != nil {
		return nil, err
	}
	stop = func() error {
		stopping, done := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer done()
		return server.Stop(stopping)
	}
	go func() {
		<-server.Done()
		ended(errors.New("the private PostgreSQL ended by itself; start again and the data is there"))
	}()
	for _, s := range wanting {
		if err := server.CreateDatabase(ctx, s.name(), s.name()); err != nil {
			return nil, errors.Join(err, stop())
		}
		d.environ[s.setting("DATABASE_URL")] = server.URL(s.name())
	}
	return stop, nil
}

// startNATS starts the private NATS, unless the caller has named another: all services use the same.
func (d *development) startNATS(ctx context.Context) (stop func(), err error) {
	url, stop := "", func() {}
	for _, s := range d.services {
		url = cmp.Or(url, d.environ[s.setting("NATS_URL")])
	}
	if url == "" {
		server, err := natsserver.Start(ctx, natsserver.Options{Dir: d.natsDir(), Log: d.log})
		if err != nil {
			return nil, err
		}
		d.natsURL = server.URL().Reveal()
		url, stop = d.natsURL, server.Stop
	}
	for _, s := range d.services {
		d.environ[s.setting("NATS_URL")] = d.or(s.setting("NATS_URL"), url)
	}
	return stop, nil
}

// migrate brings the databases to this version's schema.
func (d *development) migrate(ctx context.Context, environ []string) error {
	for _, s := range d.services {
		if err := s.program.Run(ctx, []string{"migrate"}, environ, d.out); err != nil {
			return err
		}
	}
	return nil
}

// seed brings what is there on the first day into the databases; see program.Seed.
func (d *development) seed(ctx context.Context, environ []string, anew bool) (*program.Cast, error) {
	cast := &program.Cast{Password: d.password}
	for _, s := range d.services {
		if err := s.seed(ctx, environ, cast, anew); err != nil {
			return nil, fmt.Errorf("seed of %s: %w", s.name(), err)
		}
	}
	return cast, nil
}

// frontEndMode is what stands before the services.
func (d *development) frontEndMode(environ []string, personas []program.Persona) (*frontend.Service, error) {
	c := frontend.Config{
		Password: d.password, UsersURL: "http://" + d.services[0].Addr, OpsURL: "http://" + local(d.opsAddr),
		Client: d.packed, Hosts: d.hosts, Clock: &d.clock, Mails: &d.mails,
		Origins: strings.Split(d.environ["USERS_TRUSTED_ORIGINS"], ","), Log: d.log,
		Codes: func(ctx context.Context, email string) (frontend.Codes, error) {
			codes, err := users.CodesOf(ctx, environ, email, d.clock.Now())
			return frontend.Codes(codes), err
		},
		Reset: func(ctx context.Context) error {
			_, err := d.seed(ctx, environ, true)
			return err
		},
	}
	for _, s := range d.services {
		c.Services = append(c.Services, s.Contract)
	}
	for _, p := range personas {
		c.Personas = append(c.Personas, frontend.Persona{Email: p.Email, Role: p.Role, SecondFactor: p.SecondFactor})
	}
	return frontend.New(c)
}

// serve runs the services and, once they are ready, the front, until ctx ends or one of them does.
func (d *development) serve(ctx context.Context, environ []string, mode *frontend.Service, ready func()) error {
	running, ctx := errgroup.WithContext(ctx)
	for i, s := range d.services {
		running.Go(func() error {
			// The others ask the first for its keys when they start, and then not again for ten seconds.
			if i > 0 && !becomesReady(ctx, d.services[0].OpsAddr) {
				return nil
			}
			err := s.program.Run(ctx, []string{"serve"}, environ, d.out)
			if err == nil && ctx.Err() == nil {
				err = errors.New("it ended by itself")
			}
			if err != nil {
				err = fmt.Errorf("%s: %w", s.name(), err)
			}
			return err
		})
	}
	running.Go(func() error {
		var behind []front.Service
		for _, s := range d.services {
			if !becomesReady(ctx, s.OpsAddr) {
				return nil
			}
			behind = append(behind, s.Service)
		}
		return front.Run(ctx, front.Options{
			Addr: d.addr, OpsAddr: d.opsAddr, Hosts: d.hosts, Services: behind, Client: d.client,
			Before: mode.Before, Ready: ready, Drain: drain, Log: d.log,
		})
	})
	return running.Wait()
}

// becomesReady waits until a service's listener for operators reports ready, or until ctx ends, as it does when a
// service fails.
func becomesReady(ctx context.Context, opsAddr string) bool {
	client := http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+opsAddr+"/readyz", http.NoBody)
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
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
	return false
}

func (d *development) welcome(took time.Duration, personas []program.Persona) {
	base, operations := "http://"+local(d.addr), "http://"+local(d.opsAddr)
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	row := func(cells ...string) { _, _ = fmt.Fprintln(table, "  "+strings.Join(cells, "\t")) }
	row("all of it", base)
	row("Swagger UI", base+"/docs")
	for i, s := range d.services {
		row([]string{"documents", ""}[min(i, 1)], base+"/openapi/"+s.name()+".yaml", "(or .json)")
	}
	row("mails", base+"/dev/mails")
	row("client", "npm install "+base+d.packed)
	row("log in", "POST "+base+"/api/v1/login")
	row("health", operations+"/healthz")
	row("metrics", operations+"/metrics")
	if d.natsURL != "" {
		row("NATS", d.natsURL)
	}
	row("data", d.data, "(make reset forgets it)")
	row("personas")
	for _, p := range personas {
		row("", p.Email, p.Name)
	}
	row("their password", d.password)
	_ = table.Flush() // A strings.Builder never fails.
	_, _ = fmt.Fprintf(d.out, "\nPlumbline is ready after %s.\n\n%s\n%sCtrl-C stops all of it.\n\n",
		took.Round(time.Millisecond), text.String(), d.warning())
}
