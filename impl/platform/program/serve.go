package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/ops"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/telemetry"
)

// stopTimeout is how long each part that goes on beside requests may take to end, and at last the pool.
const stopTimeout = 20 * time.Second

// Process is what a service that serves is put together from.
type Process struct {
	Log  *slog.Logger
	Pool *pgxpool.Pool
	// Registry is what /metrics shows.
	Registry prometheus.Registerer
	// Chain is the options of the way in and out that the settings and the document make.
	Chain httpapi.Options

	name   string
	nats   telemetry.Secret
	end    context.CancelFunc // of the program
	checks []ops.Check
	parts  []part
}

// part is something to be ended when the program ends.
type part struct {
	name string
	stop func(context.Context) error
}

// Check adds a dependency to /healthz.
func (p *Process) Check(c ops.Check) { p.checks = append(p.checks, c) }

// Go runs something beside requests. It is told to end by its context, once requests have ended, and is waited for. If
// it panics the program winds down.
func (p *Process) Go(name string, run func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	var panicked error
	go func() {
		defer close(ended)
		defer func() {
			if r := recover(); r != nil {
				p.Log.ErrorContext(ctx, "panic beside requests", slog.String("part", name), slog.Any("panic", r), slog.String("stack", string(debug.Stack())))
				panicked = errors.New("it panicked; the log tells where")
				p.end()
			}
		}()
		run(ctx)
	}()
	p.Defer(name, func(stopping context.Context) error {
		cancel()
		if err := wait(stopping, ended); err != nil {
			return err
		}
		return panicked
	})
}

// wait waits for something to have ended, no longer than ctx.
func wait(ctx context.Context, ended <-chan struct{}) error {
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Defer has stop called once requests have ended, before the pool closes: what came last is stopped first, so that a
// part can count on those before it. Its context bounds it, to 20 s. An error makes the program fail.
func (p *Process) Defer(name string, stop func(context.Context) error) {
	p.parts = append(p.parts, part{name, stop})
}

// DeferClose is Defer for what ends without an error, in a time that it does not bound itself.
func (p *Process) DeferClose(name string, closer func()) {
	p.Defer(name, func(stopping context.Context) error {
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			closer()
		}()
		return wait(stopping, closed)
	})
}

// stop ends all parts, whatever becomes of one of them.
func (p *Process) stop() error {
	var errs []error
	for _, part := range slices.Backward(p.parts) {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		if err := part.stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s did not end well: %w", part.name, err))
		}
		cancel()
	}
	return errors.Join(errs...)
}

// Serve warns of what is to be said of the settings, serves until ctx ends, and then winds down in order: unready, running requests, what goes on beside them, the
// pool, the log. The error says what could not be served or did not end in time.
//
// build puts the service together, on a database at this version's schema, and gives what answers callers. What it has
// started is stopped even when it fails.
func (p Program) Serve(ctx context.Context, settings ServeSettings, document *httpapi.Document, out io.Writer, build func(context.Context, *Process) (http.Handler, error)) (err error) {
	s := settings.serving()
	log := p.logger(s.Database, out, document.Sensitive)
	defer func() { err = errors.Join(err, log.Close()) }()
	p.warn(ctx, log.Logger, settings.Findings())
	metrics, err := telemetry.NewMetrics(p.Name, version(), log)
	if err != nil {
		return err
	}
	httpMetrics, err := telemetry.NewHTTPMetrics(metrics.Registry, document.Labels())
	if err != nil {
		return err
	}
	if err := postgres.CheckSessions(ctx, postgres.Config{URL: s.DatabaseURL.Reveal()}); err != nil {
		return err
	}
	if s.Migrate {
		if err := p.migrate(ctx, s.Database, log.Logger); err != nil {
			return err
		}
	}
	pool, err := p.open(ctx, s.Keyed, postgres.Config{MaxConns: s.MaxConns, Shares: Shares(s.MaxConns, s.PoolShare), SharesOf: httpapi.Shares})
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	process := &Process{
		Log: log.Logger, Pool: pool, Registry: metrics.Registry,
		Chain: httpapi.Options{
			Document: document, Log: log.Logger, Metrics: httpMetrics, Responses: s.Responses,
			TrustedProxies: s.TrustedProxies, TrustedOrigins: s.TrustedOrigins, RateLimits: s.RateLimits, Shed: s.Shed,
		},
		checks: []ops.Check{databaseCheck(pool)},
		name:   p.Name,
		nats:   s.NATSURL,
		end:    end,
	}
	process.DeferClose("the pool of database connections", pool.Close) // It waits until every connection is given back.
	defer func() { err = errors.Join(err, process.stop()) }()
	if err := metrics.Registry.Register(postgres.Collector(pool)); err != nil {
		return err
	}
	handler, err := build(ctx, process)
	if err != nil {
		return err
	}
	health := ops.New(ops.Options{Registry: metrics.Registry, Log: log.Logger, Checks: process.checks})
	return httpapi.Server{
		Addr: s.Addr, OpsAddr: s.OpsAddr, Handler: handler, Ops: health.Handler(), Unready: s.Unready, Drain: s.Drain, Log: log.Logger, Metrics: httpMetrics,
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
