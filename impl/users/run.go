package users

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"example.com/plumbline/impl/platform/audit"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/format"
	"example.com/plumbline/impl/platform/jobs"
	"example.com/plumbline/impl/platform/mail"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/settings"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/throttle"
	"example.com/plumbline/queries"
)

// schema lists the parts of the database. A number is that of the service's own migration that made the part in earlier
// releases.
var schema = program.Schema{
	Parts: []postgres.Part{
		audit.Tables.MovedFrom(10), program.Tables.MovedFrom(27), events.Tables.MovedFrom(4),
		throttle.Tables.MovedFrom(13), jobs.Tables,
	},
	Migrations: queries.Migrations(serviceName),
}

// Program is the service as a program.
func Program() program.Program { return ProgramWith(nil) }

// ProgramWith is Program with a mailer that replaces the one of the settings; nil keeps that one. Only the development
// binary passes a mailer.
func ProgramWith(mailer mail.Mailer) program.Program {
	serving := func(ctx context.Context, p program.Program, live *settings.Live[serveSettings], out io.Writer) error {
		return serve(ctx, p, live, mailer, out)
	}
	return program.Program{
		Name:   serviceName,
		About:  "users keeps accounts, sessions and the keys that sign access tokens.",
		Schema: schema,
		Commands: append(program.Commands(defaultServe(), serving),
			program.NewCommand("create-admin", "make an account an administrator's, opening it if need be", defaultAdmin(),
				func(ctx context.Context, p program.Program, c adminSettings, out io.Writer) error {
					return createAdmin(ctx, p, c, mailer, out)
				}),
			program.NewCommand("rotate-keys", "make the next signing key, which signs ten minutes later", defaultRotate(),
				rotateKeys),
			program.NewCommand("rotate-data-keys", "make the key that seals personal data from now on", defaultRotate(),
				rotateDataKeys),
			program.NewCommand("reencrypt", "seal personal data anew with that key, in batches, while the service goes on",
				defaultRotate(), reencrypt),
			program.NewCommand("remove-data-keys", "forget older keys, unless something is still sealed with one",
				defaultRotate(), removeDataKeys),
		),
	}
}

func serve(
	ctx context.Context, p program.Program, live *settings.Live[serveSettings], mailer mail.Mailer, out io.Writer,
) error {
	c := live.Get()
	tuning, err := c.tuning(mailer)
	if err != nil {
		return err
	}
	document, err := Document()
	if err != nil {
		return err
	}
	build := func(ctx context.Context, process *program.Process) (http.Handler, error) {
		if err := proveMail(ctx, tuning.Mailer, process.Log); err != nil {
			return nil, err
		}
		hashes := c.hashing()
		hashes.Queue, hashes.Wait = c.HashQueue, c.HashWait
		s, err := New(Config{
			Database: process.Pool, Pool: process.Pool, MasterKey: c.MasterKey, Issuer: c.Issuer, Audience: c.Audience,
			Hashing: hashes, Tuning: tuning,
			Tracer: process.Chain.Tracer, Log: process.Log, Registry: process.Registry, Clock: p.Clock,
		})
		if err != nil {
			return nil, err
		}
		if err := s.prepare(ctx); err != nil {
			return nil, err
		}
		handler, err := s.Handler(process.Chain)
		if err != nil {
			return nil, err
		}
		// The parts end in reverse order, so that what the last jobs write is still published and sealed.
		process.Go("audit", func(ctx context.Context) { s.audit.Run(ctx, process.Log) })
		if err := errors.Join(s.measure(process.Registry), s.startEvents(ctx, process)); err != nil {
			return nil, err
		}
		if err := s.startJobs(ctx, process); err != nil { // after what can fail
			return nil, err
		}
		process.Go("sessions", func(ctx context.Context) {
			s.guard.Watch(ctx, process.Pool.Config().ConnConfig, "sessions", process.Log)
		})
		process.Go("signing keys", func(ctx context.Context) { s.keys.watch(ctx, process.Log) })
		s.follow(live, mailer, process.Log)
		return handler, nil
	}
	return program.Serve(ctx, p, live, document, out, build)
}

// follow puts changed settings into force. A changed mail server is proven first, as at the start.
func (s *Service) follow(live *settings.Live[serveSettings], mailer mail.Mailer, log *slog.Logger) {
	live.Check(func(ctx context.Context, next *serveSettings, changed []settings.Change) error {
		isMail := func(c settings.Change) bool { return strings.HasPrefix(c.Setting, "smtp_") || c.Setting == "mail" }
		if !slices.ContainsFunc(changed, isMail) {
			return nil
		}
		tuning, err := next.tuning(mailer)
		if err != nil {
			return err
		}
		return proveMail(ctx, tuning.Mailer, log)
	})
	live.Subscribe(func(next *serveSettings, _ []settings.Change) {
		s.hasher.SetWait(next.HashWait)
		if tuning, err := next.tuning(mailer); err == nil { // Validate has ruled an error out.
			s.tune(tuning)
		}
	})
}

// proveMail fails when the mail server refuses the password. A server that cannot be reached is only logged: mails
// wait.
func proveMail(ctx context.Context, mailer mail.Mailer, log *slog.Logger) error {
	server, ok := mailer.(interface{ Prove(context.Context) error })
	if !ok {
		return nil
	}
	err := server.Prove(ctx)
	if errors.Is(err, mail.ErrLogin) {
		return fmt.Errorf("smtp_user, smtp_password: %w", err)
	}
	if err != nil {
		log.WarnContext(ctx, "mails wait", slog.Any("error", err))
	}
	return nil
}

// measure registers the metrics of the service.
func (s *Service) measure(registry prometheus.Registerer) error {
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	collectors := append(s.guard.Collectors(), s.mails, telemetry.NewCacheCollector("data_keys", s.personal.stats),
		gauge(
			"password_hashes_running", "Password hashes being computed.",
			func() float64 { n, _ := s.hasher.Stats(); return float64(n) },
		),
		gauge(
			"password_hashes_waiting", "Password hashes waiting for their turn.",
			func() float64 { _, n := s.hasher.Stats(); return float64(n) },
		),
	)
	var errs []error
	for _, c := range collectors {
		errs = append(errs, registry.Register(c))
	}
	return errors.Join(errs...)
}

// createAdmin makes the account with an address an administrator's. An account that is opened or reset gets a random
// password, which is shown once.
func createAdmin(ctx context.Context, p program.Program, c adminSettings, mailer mail.Mailer, out io.Writer) error {
	service, pool, err := offline(ctx, p, c.Keyed, c.hashSettings)
	if err != nil {
		return err
	}
	defer pool.Close()
	service.tune(Tuning{NoMails: mailer == nil && c.Mail == mailOff})
	password := rand.Text()
	hash, err := service.hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	made, err := service.makeAdministrator(
		ctx, format.Plain("email", c.Email), format.Text(c.Name), hash, c.AllowUnverified,
	)
	if err != nil {
		return err
	}
	did, shown := "the account %s of %s is an administrator's already; nothing has changed\n", ""
	if made.opened || made.reset {
		shown = "password: " + password + "\nIt is shown this once: log in and change it.\n"
	}
	switch {
	case made.opened:
		did = "opened the account %s for %s\n"
	case made.reset:
		did = "the account %s of %s is an administrator's; its old password, sessions, second factor, profile and the " +
			"links of its mails are gone, and its address counts as verified\n"
	case made.raised:
		did = "the account %s of %s is an administrator's from now on; its sessions have ended, its password stays as it is\n"
	}
	_, err = fmt.Fprintf(out, did+"%s", made.ID, c.Email, shown)
	return err
}

func rotateKeys(ctx context.Context, p program.Program, c rotateSettings, out io.Writer) error {
	service, pool, err := offline(ctx, p, c.Keyed, c.hashSettings)
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

// offline makes the service for a command, without listeners.
func offline(ctx context.Context, p program.Program, k program.Keyed, h hashSettings) (*Service, *pgxpool.Pool, error) {
	pool, err := p.Open(ctx, k, 2)
	if err != nil {
		return nil, nil, err
	}
	s, err := New(Config{
		Database: pool, Pool: pool, MasterKey: k.MasterKey, Issuer: "offline", Audience: []string{serviceName},
		Hashing: h.hashing(), Clock: p.Clock,
	})
	if err == nil {
		err = s.prepare(ctx)
	}
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	return s, pool, nil
}
