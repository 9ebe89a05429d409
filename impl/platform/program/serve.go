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

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/ops"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/telemetry"
)

// stopTimeout is how long each background part may take to end, and finally the pool.
const stopTimeout = 20 * time.Second

// Process is what build gets to assemble a service.
type Process struct {
	Log  *slog.Logger
	Pool *pgxpool.Pool
	// Registry holds the metrics of /metrics.
	Registry prometheus.Registerer
	// Chain holds the options of the chain that follow from the settings and the document.
	Chain httpapi.Options

	name   string
	nats   telemetry.Secret
	end    context.CancelFunc // ends the program
	checks []ops.Check
	parts  []part
}

// part is a background part that ends with the program.
type part struct {
	name string
	stop func(context.Context) error
}

// Check adds a dependency to /healthz.
func (p *Process) Check(c ops.Check) { p.checks = append(p.checks, c) }

// Go runs a function beside requests. Its context ends once requests have ended, and the program waits for it. If it
// panics, the program stops.
func (p *Process) Go(name string, run func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	var panicked error
	go func() {
		defer close(ended)
		defer func() {
			if r := recover(); r != nil {
				p.Log.ErrorContext(ctx, "panic beside requests", slog.String("part", name), slog.Any("panic", r),
					slog.String("stack", string(debug.Stack())))
				panicked = errors.New("it panicked; the log says where")
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

// wait waits for a part to end, no longer than ctx.
func wait(ctx context.Context, ended <-chan struct{}) error {
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Defer registers stop, to be called once requests have ended and before the pool closes: the part that came last is
// stopped first, so that a part can rely on those before it. Its context bounds it to 20 s. An error makes the program
// fail.
func (p *Process) Defer(name string, stop func(context.Context) error) {
	p.parts = append(p.parts, part{name, stop})
}

// DeferClose is Defer for a part that ends without an error and without a bound of its own.
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

// stop ends all parts, even if one of them fails.
func (p *Process) stop() error {
	var errs []error
	for _, part := range slices.Backward(p.parts) {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		if err := part.stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s failed to stop: %w", part.name, err))
		} else {
			p.Log.InfoContext(ctx, "part stopped", slog.String("part", part.name))
		}
		cancel()
	}
	return errors.Join(errs...)
}

// Serve refuses what the findings of the settings refuse, logs the other warnings, serves until ctx ends, and then
// stops in order: unready, running requests, background parts, the pool, the log. The error says what could not be
// served or did not end in time.
//
// build assembles the service, on a database of this version's schema, and returns the handler for callers. Parts that
// it has started are stopped even when it fails.
func (p Program) Serve(
	ctx context.Context, settings ServeSettings, document *contract.Document, out io.Writer,
	build func(context.Context, *Process) (http.Handler, error),
) (err error) {
	if err := Refuse(settings.Findings()); err != nil {
		return err
	}
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
	traces, err := s.startTraces(ctx, p.Name, log.Logger, metrics.Registry)
	if err != nil {
		return err
	}
	pool, err := p.open(ctx, s.Keyed,
		postgres.Config{MaxConns: s.MaxConns, Shares: Shares(s.MaxConns, s.PoolShare), SharesOf: httpapi.Shares})
	if err != nil {
		return errors.Join(err, traces.Stop(ctx))
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	process := &Process{
		Log: log.Logger, Pool: pool, Registry: metrics.Registry,
		Chain: httpapi.Options{
			Document: document, Log: log.Logger, Metrics: httpMetrics, Tracer: traces.Tracer(), Responses: s.Responses,
			TrustedProxies: s.TrustedProxies, TrustedOrigins: s.TrustedOrigins, RateLimits: s.RateLimits, Shed: s.Shed,
		},
		checks: []ops.Check{databaseCheck(pool)},
		name:   p.Name,
		nats:   s.NATSURL,
		end:    end,
	}
	// The first that is deferred stops last: what the others end is still sent.
	process.Defer("traces", traces.Stop)
	process.DeferClose("the pool of database connections", pool.Close) // Close waits until every connection is released.
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
		Addr: s.Addr, OpsAddr: s.OpsAddr, Handler: handler, Ops: health.Handler(), Unready: s.Unready, Drain: s.Drain,
		Log: log.Logger, Metrics: httpMetrics,
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
