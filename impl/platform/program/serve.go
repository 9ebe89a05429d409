package program

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/ops"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/redis"
	"example.com/plumbline/impl/platform/settings"
	"example.com/plumbline/impl/platform/telemetry"
)

// Process is what build gets to assemble a service.
type Process struct {
	Log  *slog.Logger
	Pool *pgxpool.Pool
	// Redis is nil if the settings name none.
	Redis *redis.Client
	// Registry holds the metrics of /metrics.
	Registry prometheus.Registerer
	// Chain holds the options of the chain that follow from the settings and the document.
	Chain httpapi.Options

	name    string
	nats    events.Server
	end     context.CancelFunc // ends the program
	checks  []ops.Check
	awaited []ops.Condition
	parts   []part
}

// Check adds a dependency to /healthz.
func (p *Process) Check(c ops.Check) { p.checks = append(p.checks, c) }

// Await delays readiness until a condition holds, for a bounded time.
func (p *Process) Await(c ops.Condition) { p.awaited = append(p.awaited, c) }

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
// stopped first, so that a part can rely on those before it. Its context bounds it, within the whole stop. An error
// makes the program fail.
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

// Serve refuses what the findings of the settings refuse, logs the other warnings, serves until ctx ends, and then
// stops in order: unready, running requests, background parts, the pool, the log, all of it within StopWithin. The last
// line of the log says what ended in time, and the error what could not be served or did not end. While it serves, the
// settings are read again when they change, and on SIGHUP.
//
// build assembles the service, on a database of this version's schema, and returns the handler for callers. Parts that
// it has started are stopped even when it fails.
func Serve[T any, S interface {
	*T
	ServeSettings
}](
	ctx context.Context, p Program, live *settings.Live[T], document *contract.Document, out io.Writer,
	build func(context.Context, *Process) (http.Handler, error),
) error {
	return p.serve(ctx, newReloading[T, S](live), document, out, build)
}

func (p Program) serve(
	ctx context.Context, reloading reloading, document *contract.Document, out io.Writer,
	build func(context.Context, *Process) (http.Handler, error),
) (err error) {
	first := reloading.now()
	if err := Refuse(first.Findings()); err != nil {
		return err
	}
	s := first.serving()
	stop := &stopping{within: s.StopWithin}
	level := new(slog.LevelVar)
	level.Set(s.LogLevel)
	reloading.subscribe(func(next ServeSettings, _ []settings.Change) { level.Set(next.serving().LogLevel) })
	log := p.leveled(level, s.Database, out, document.Sensitive)
	defer func() { err = errors.Join(err, stop.close(log)) }()
	p.warn(ctx, log.Logger, first.Findings())
	metrics, err := telemetry.NewMetrics(p.Name, version(), log)
	if err != nil {
		return err
	}
	httpMetrics, err := telemetry.NewHTTPMetrics(metrics.Registry, document.Labels())
	if err != nil {
		return err
	}
	poolConfig, err := s.poolConfig(s.DatabaseURL.Reveal())
	if err != nil {
		return err
	}
	if err := postgres.CheckSessions(ctx, poolConfig); err != nil {
		return err
	}
	if s.Migrate {
		if err := p.migrate(ctx, s.migration(), log.Logger); err != nil {
			return err
		}
	}
	traces, err := s.startTraces(ctx, p.Name, log.Logger, metrics.Registry)
	if err != nil {
		return err
	}
	pool, err := p.open(ctx, s.Keyed, poolConfig)
	if err != nil {
		return errors.Join(err, traces.Stop(ctx))
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	reloading.subscribe(func(next ServeSettings, _ []settings.Change) { next.serving().retune(traces.Tracer()) })
	process := &Process{
		Log: log.Logger, Pool: pool, Registry: metrics.Registry,
		Chain: httpapi.Options{
			Document: document, Log: log.Logger, Metrics: httpMetrics, Registry: metrics.Registry, Tracer: traces.Tracer(),
			TrustedProxies: s.TrustedProxies, Tuning: s.tuning(),
			Retune: func(tune func(httpapi.Tuning)) {
				reloading.subscribe(func(next ServeSettings, _ []settings.Change) { tune(next.serving().tuning()) })
			},
		},
		checks: []ops.Check{databaseCheck(pool, poolConfig.AcquireTimeout)},
		name:   p.Name,
		nats:   s.natsServer(),
		end:    end,
	}
	// The first to be deferred stops last. The pool waits until every connection is released; the spans of the parts below
	// are still sent.
	process.DeferClose("the pool of database connections", pool.Close)
	process.Defer("traces", traces.Stop)
	defer func() {
		stop.begin()
		err = errors.Join(err, stop.end(process.parts, log.Logger))
		stop.report(ctx, log.Logger)
	}()
	if err := metrics.Registry.Register(postgres.Collector(pool)); err != nil {
		return err
	}
	if err := process.connectRedis(&s.Redis); err != nil {
		return err
	}
	if err := process.shareLimits(s.MasterKey); err != nil {
		return err
	}
	handler, err := build(ctx, process)
	if err != nil {
		return err
	}
	if err := p.startReloading(process, reloading, metrics.Registry); err != nil {
		return err
	}
	health := ops.New(ops.Options{
		Registry: metrics.Registry, Log: log.Logger, Checks: process.checks, Awaited: process.awaited,
	})
	if err := metrics.Registry.Register(health.Collector()); err != nil {
		return err
	}
	process.Go("health checks", health.Watch)
	defer func() {
		if !stop.began.IsZero() { // Otherwise nothing was served.
			stop.note("requests", stop.began, err)
		}
	}()
	return httpapi.Server{
		Addr: s.Addr, OpsAddr: s.OpsAddr, Handler: handler, Ops: health.Handler(), Log: log.Logger, Metrics: httpMetrics,
		Registry: metrics.Registry, MaxConnections: s.MaxConnections, TrustedProxies: s.TrustedProxies,
		Ready: func(ready bool) {
			if ready {
				health.SetReady(true)
			} else {
				stop.begin()
				health.SetDraining()
			}
		},
		Winding: func() (unready, drain time.Duration) {
			now := reloading.now().serving()
			return now.Unready, now.Drain
		},
		Listening: func(addr, opsAddr string) {
			log.InfoContext(ctx, "serving", slog.String("addr", addr), slog.String("ops_addr", opsAddr))
		},
	}.Run(ctx)
}
