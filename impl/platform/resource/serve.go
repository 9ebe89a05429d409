package resource

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/ops"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/settings"
	"example.com/plumbline/impl/platform/token"
)

// keysTimeout bounds one request for the keys that verify access tokens.
const keysTimeout = 3 * time.Second

// Server is a service that embeds Parts.
type Server interface {
	// Handler gives the HTTP handler of the service. It sets those options that are the service's own.
	Handler(o httpapi.Options) (http.Handler, error)
	// Resource is that of Parts.
	Resource() *Parts
}

// Serve serves until ctx ends, as program.Serve does. build makes the service with a Config to which it may add; what
// it starts beside requests ends after the jobs and the consumers have ended.
func Serve[T any, S interface {
	*T
	ServeSettings
}](
	ctx context.Context, p program.Program, live *settings.Live[T], described func() (contract.Contract, error),
	out io.Writer, build func(*program.Process, Config) (Server, error),
) error {
	of, err := described()
	if err != nil {
		return err
	}
	s := S(live.Get()).resource()
	begin := func(ctx context.Context, process *program.Process) (http.Handler, error) {
		keysURL := strings.TrimSuffix(s.UsersURL, "/") + token.KeySetPath
		keys, err := token.NewRemoteKeys(keysURL, &http.Client{Timeout: keysTimeout}, time.Now, process.Log)
		if err != nil {
			return nil, err
		}
		keys.Start(ctx)
		process.DeferClose("keys", keys.Close)
		if err := watchKeys(process, keys, s.KeysWithin); err != nil {
			return nil, err
		}
		server, err := build(process, Config{
			Name: p.Name, Database: process.Pool, Pool: process.Pool, Keys: keys, Issuer: s.Issuer,
			MasterKey: s.MasterKey, Tracer: process.Chain.Tracer, Log: process.Log, Registry: process.Registry, Clock: p.Clock,
		})
		if err != nil {
			return nil, err
		}
		handler, err := server.Handler(process.Chain)
		if err != nil {
			return nil, err
		}
		return handler, server.Resource().begin(ctx, process)
	}
	return program.Serve[T, S](ctx, p, live, of.Document, out, begin)
}

// watchKeys shows operators the keys that verify access tokens, and delays readiness until there are any. Without keys
// no caller who has logged in is served, so the check is critical.
func watchKeys(process *program.Process, keys *token.RemoteKeys, within time.Duration) error {
	process.Check(ops.Check{Name: "keys", Critical: true, Run: keys.Check})
	process.Await(ops.Condition{Reason: token.NoKeys, Within: within, Holds: keys.Has})
	var errs []error
	for _, c := range keys.Collectors() {
		errs = append(errs, process.Registry.Register(c))
	}
	return errors.Join(errs...)
}

// begin starts what runs beside requests until the process ends. It ends in reverse order: what the last jobs have
// written is still published and sealed.
func (p *Parts) begin(ctx context.Context, process *program.Process) error {
	for _, c := range slices.Concat(p.Guard.Collectors(), p.config.Collectors) {
		if err := process.Registry.Register(c); err != nil {
			return err
		}
	}
	process.Go("audit", func(ctx context.Context) { p.Audit.Run(ctx, process.Log) })
	if err := p.startEvents(ctx, process); err != nil {
		return err
	}
	if err := p.startJobs(ctx, process); err != nil { // after what can fail
		return err
	}
	process.Go("sessions", func(ctx context.Context) {
		p.Guard.Watch(ctx, process.Pool.Config().ConnConfig, "sessions", process.Log)
	})
	return nil
}

// startEvents publishes the events of the service and consumes those of the users service and those of its own
// consumers. Without NATS nothing is lost: events wait in the database, and an access token is valid until it expires.
func (p *Parts) startEvents(ctx context.Context, process *program.Process) error {
	connect := process.Connect
	if len(p.config.Publishes) > 0 {
		connect = func(ctx context.Context) (*events.Bus, error) { return process.Publish(ctx, p.config.Publishes) }
	}
	bus, err := connect(ctx)
	if err != nil || bus == nil {
		return err
	}
	users := events.ConsumerConfig{Service: "users", Name: p.config.Name, Handle: p.Standing.Handle}
	for _, c := range append([]events.ConsumerConfig{users}, p.config.Consumers...) {
		c.Database, c.Bus = process.Pool.Config().ConnConfig, bus
		c.Tracer, c.Registry, c.Log = process.Chain.Tracer, process.Registry, process.Log
		consumer, err := events.NewConsumer(c)
		if err != nil {
			return err
		}
		process.Go("consumer of "+c.Service, consumer.Run)
	}
	return nil
}

// startJobs runs the jobs beside requests, until the process ends and those that run have ended.
func (p *Parts) startJobs(ctx context.Context, process *program.Process) error {
	if err := p.Jobs.Start(ctx); err != nil {
		return err
	}
	process.Defer("jobs", p.Jobs.Stop)
	return nil
}
