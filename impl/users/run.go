package users

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/ops"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/settings"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/queries"
)

const usage = `users keeps accounts, sessions and the keys that sign access tokens.

Usage: users COMMAND [FLAGS]

  serve         answer callers and operators until SIGINT or SIGTERM
  migrate       bring the database to this version's schema
  create-admin  make an account an administrator's, opening it if need be
  rotate-keys   make the next signing key, which signs ten minutes later
  --version     show the version

users COMMAND --help lists the command's settings.
`

// Run is the program: it carries out the command in args, with settings from args and environ ("name=value"), and
// writes logs and answers to out. It ends when ctx does, winding down in order.
func Run(ctx context.Context, args, environ []string, out io.Writer) error {
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	source := settings.Source{Prefix: settingsPrefix, Args: args, Environ: environ, Getenv: getenv(environ), Others: everySetting()}
	switch command {
	case "serve":
		return carryOut(ctx, source, defaultServe(), out, serve)
	case "migrate":
		return carryOut(ctx, source, defaultDatabase(), out, migrate)
	case "create-admin":
		return carryOut(ctx, source, defaultAdmin(), out, createAdmin)
	case "rotate-keys":
		return carryOut(ctx, source, defaultRotate(), out, rotateKeys)
	case "--version", "version":
		_, err := fmt.Fprintln(out, "users", version())
		return err
	case "--help", "-h", "help":
		_, err := io.WriteString(out, usage)
		return err
	case "":
		return errors.New("a command is missing; users --help lists them")
	default:
		return fmt.Errorf("there is no command %q; users --help lists them", command)
	}
}

// carryOut reads the settings of one command and carries it out.
func carryOut[T any](ctx context.Context, source settings.Source, defaults T, out io.Writer, run func(context.Context, T, io.Writer) error) error {
	loaded, err := settings.Load(source, defaults)
	if errors.Is(err, flag.ErrHelp) {
		_, err := io.WriteString(out, settings.Help(settingsPrefix, defaults))
		return err
	}
	if err != nil {
		return err
	}
	return run(ctx, loaded, out)
}

func getenv(environ []string) func(string) string {
	values := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		values[name] = value
	}
	return func(name string) string { return values[name] }
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

func (d *databaseSettings) logger(out io.Writer, sensitive []string) *telemetry.Logger {
	return telemetry.NewLogger(out, telemetry.LogOptions{
		Level: d.LogLevel, Format: d.LogFormat, Service: "users", Version: version(), Sensitive: sensitive,
	})
}

func serve(ctx context.Context, c serveSettings, out io.Writer) (err error) {
	document, err := Document()
	if err != nil {
		return err
	}
	log := c.logger(out, document.Sensitive)
	defer func() { err = errors.Join(err, log.Close()) }()
	metrics, err := telemetry.NewMetrics("users", version(), log)
	if err != nil {
		return err
	}
	if c.Migrate {
		if err := postgres.Migrate(ctx, c.DatabaseURL.Reveal(), queries.Users(), log.Logger); err != nil {
			return err
		}
	}
	pool, err := open(ctx, c.databaseSettings, c.MaxConns)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := isMigrated(ctx, pool); err != nil {
		return err
	}
	hashes := c.hashing()
	hashes.Queue, hashes.Wait = c.HashQueue, c.HashWait
	service, err := New(ctx, Config{Database: pool, MasterKey: c.MasterKey, Issuer: c.Issuer, Audience: c.Audience, Hashing: hashes})
	if err != nil {
		return err
	}
	httpMetrics, err := telemetry.NewHTTPMetrics(metrics.Registry, document.Labels())
	if err != nil {
		return err
	}
	if err := service.measure(metrics.Registry, pool); err != nil {
		return err
	}
	handler, err := service.Handler(httpapi.Options{
		Document: document, Log: log.Logger, Metrics: httpMetrics, Responses: c.Responses,
		TrustedProxies: c.TrustedProxies, TrustedOrigins: c.TrustedOrigins, RateLimits: c.RateLimits, Shed: c.Shed,
	})
	if err != nil {
		return err
	}
	health := ops.New(ops.Options{
		Registry: metrics.Registry, Log: log.Logger,
		Checks: []ops.Check{{Name: "database", Critical: true, Run: pool.Ping}},
	})
	// What goes on beside requests ends after them and before the pool closes.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	maintained := make(chan struct{})
	go func() {
		defer close(maintained)
		service.maintain(background, pool.Config().ConnConfig, log.Logger)
	}()
	defer func() { <-maintained }()
	defer stop()
	return httpapi.Server{
		Addr: c.Addr, OpsAddr: c.OpsAddr, Handler: handler, Ops: health.Handler(), Unready: c.Unready, Drain: c.Drain, Log: log.Logger,
		Ready: func(ready bool) {
			if ready {
				health.SetReady(true)
			} else {
				health.SetDraining()
			}
		},
		Listening: func(addr, opsAddr string) {
			log.InfoContext(ctx, "serving", slog.String("addr", addr), slog.String("ops_addr", opsAddr))
		},
	}.Run(ctx)
}

func open(ctx context.Context, c databaseSettings, conns int32) (*pgxpool.Pool, error) {
	return postgres.Open(ctx, postgres.Config{URL: c.DatabaseURL.Reveal(), MaxConns: conns, ApplicationName: "users"})
}

func isMigrated(ctx context.Context, pool *pgxpool.Pool) error {
	migrated, err := postgres.Migrated(ctx, pool, queries.Users())
	if err == nil && !migrated {
		err = errors.New("the database is not at this version's schema; run: users migrate")
	}
	return err
}

// measure registers what the service's parts count.
func (s *Service) measure(registry prometheus.Registerer, pool *pgxpool.Pool) error {
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	collectors := append(s.guard.Collectors(),
		postgres.Collector(pool),
		gauge("password_hashes_running", "Password hashes being computed.", func() float64 { n, _ := s.hasher.Stats(); return float64(n) }),
		gauge("password_hashes_waiting", "Password hashes waiting for their turn.", func() float64 { _, n := s.hasher.Stats(); return float64(n) }),
	)
	var errs []error
	for _, c := range collectors {
		errs = append(errs, registry.Register(c))
	}
	return errors.Join(errs...)
}

func migrate(ctx context.Context, c databaseSettings, out io.Writer) (err error) {
	log := c.logger(out, nil)
	defer func() { err = errors.Join(err, log.Close()) }()
	if err := postgres.Migrate(ctx, c.DatabaseURL.Reveal(), queries.Users(), log.Logger); err != nil {
		return err
	}
	log.InfoContext(ctx, "the database is at this version's schema")
	return nil
}

// createAdmin makes an account an administrator's. A new account gets a random password, shown this once.
func createAdmin(ctx context.Context, c adminSettings, out io.Writer) error {
	service, pool, err := offline(ctx, c.databaseSettings, c.keySettings)
	if err != nil {
		return err
	}
	defer pool.Close()
	user, err := service.queries.GetUserByEmail(ctx, c.Email)
	switch {
	case postgres.IsNoRows(err):
		password := rand.Text()
		hash, err := service.hasher.Hash(ctx, password)
		if err != nil {
			return err
		}
		if user, err = service.queries.CreateUser(ctx, usersdb.CreateUserParams{
			ID: newID(), Email: c.Email, Name: c.Name, PasswordHash: hash, Roles: []string{string(usersapi.RoleAdmin)}, CreatedAt: service.clock(),
		}); err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "opened the account %s for %s\npassword: %s\nIt is shown this once: log in and change it.\n", user.ID, c.Email, password)
		return err
	case err != nil:
		return err
	}
	roles := []string{string(usersapi.RoleAdmin)}
	for _, role := range user.Roles {
		if role != roles[0] {
			roles = append(roles, role)
		}
	}
	if _, err := service.queries.SetUserRoles(ctx, usersdb.SetUserRolesParams{ID: user.ID, Roles: roles, UpdatedAt: service.clock()}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "the account %s of %s is an administrator's; its password stays as it is\n", user.ID, c.Email)
	return err
}

func rotateKeys(ctx context.Context, c rotateSettings, out io.Writer) error {
	service, pool, err := offline(ctx, c.databaseSettings, c.keySettings)
	if err != nil {
		return err
	}
	defer pool.Close()
	kid, signsFrom, err := service.keys.rotate(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "the key %s is published and signs from %s on\n", kid, signsFrom.UTC().Format(time.RFC3339))
	return err
}

// offline gives the service without its listeners, on a database that has been migrated.
func offline(ctx context.Context, d databaseSettings, k keySettings) (*Service, *pgxpool.Pool, error) {
	pool, err := open(ctx, d, 2)
	if err != nil {
		return nil, nil, err
	}
	err = isMigrated(ctx, pool)
	var service *Service
	if err == nil {
		service, err = New(ctx, Config{Database: pool, MasterKey: k.MasterKey, Issuer: "offline", Audience: []string{serviceName}, Hashing: k.hashing()})
	}
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	return service, pool, nil
}
