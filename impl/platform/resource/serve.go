package resource

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/token"
)

const (
	// keysTimeout bounds one request for the keys that verify access tokens.
	keysTimeout = 3 * time.Second
	purgeEvery  = time.Hour
)

// Serve serves until ctx ends, as program.Serve does. build puts the service together from the parts; what goes on
// beside requests goes on then already.
func Serve(ctx context.Context, p program.Program, settings ServeSettings, document *contract.Document, out io.Writer,
	build func(*program.Process, *Parts) (http.Handler, error),
) error {
	begin := func(ctx context.Context, process *program.Process) (http.Handler, error) {
		s := settings.resource()
		keysURL := strings.TrimSuffix(s.UsersURL, "/") + "/.well-known/jwks.json"
		keys, err := token.NewRemoteKeys(keysURL, &http.Client{Timeout: keysTimeout}, time.Now, process.Log)
		if err != nil {
			return nil, err
		}
		keys.Start(ctx)
		process.DeferClose("keys", keys.Close)
		parts, err := New(Config{
			Name: p.Name, Database: process.Pool, Keys: keys, Issuer: s.Issuer, MasterKey: s.MasterKey, Clock: p.Clock,
		})
		if err != nil {
			return nil, err
		}
		if err := parts.begin(process, p.Name); err != nil {
			return nil, err
		}
		return build(process, parts)
	}
	return p.Serve(ctx, settings, document, out, begin)
}

// begin does what goes on beside requests until the process ends.
func (p *Parts) begin(process *program.Process, name string) error {
	for _, c := range p.Guard.Collectors() {
		if err := process.Registry.Register(c); err != nil {
			return err
		}
	}
	bus, err := process.Connect()
	if err != nil {
		return err
	}
	if bus != nil { // Without NATS tokens are judged by what they say until they expire.
		consumer, err := events.NewConsumer(events.ConsumerConfig{
			Service: "users", Name: name, Handle: p.standing.hear, Database: process.Pool.Config().ConnConfig, Bus: bus,
			Registry: process.Registry, Log: process.Log,
		})
		if err != nil {
			return err
		}
		process.Go("consumer of users", consumer.Run)
	}
	process.Go("sessions", func(ctx context.Context) {
		p.Guard.Watch(ctx, process.Pool.Config().ConnConfig, "sessions", process.Log)
	})
	process.Go("audit", func(ctx context.Context) { p.Audit.Run(ctx, process.Log) })
	process.Go("purge", func(ctx context.Context) { p.purgeNowAndThen(ctx, process.Log) })
	return nil
}

// purgeNowAndThen removes what has been kept for long enough, until ctx ends.
func (p *Parts) purgeNowAndThen(ctx context.Context, log *slog.Logger) {
	ticker := time.NewTicker(purgeEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := errors.Join(p.Keeper.Purge(ctx), p.standing.purge(ctx)); err != nil && ctx.Err() == nil {
				log.ErrorContext(ctx, "what has been kept for long enough stays", slog.Any("error", err))
			}
		}
	}
}
