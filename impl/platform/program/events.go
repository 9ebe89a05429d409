package program

import (
	"context"
	"fmt"

	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/ops"
)

// Connect connects to NATS. The bus is nil if the settings name no NATS: then no events are published or consumed. ctx
// ends the proof that NATS and this service accept each other.
func (p *Process) Connect(ctx context.Context) (*events.Bus, error) {
	if p.nats.URLs.Reveal() == "" {
		return nil, nil //nolint:nilnil // as it says above
	}
	if err := p.nats.Prove(ctx); err != nil {
		return nil, fmt.Errorf("nats_url: %w", err)
	}
	bus, err := events.Connect(p.nats, p.name, p.Log)
	if err != nil {
		return nil, err
	}
	p.DeferClose("connection to NATS", bus.Close)
	p.Check(ops.Check{Name: "nats", Run: bus.Check})
	return bus, nil
}

// Publish publishes the service's outbox, up to the entries of its last request and of the jobs that end before it.
// types are those of the service's events. It returns the bus, for consumers of other services' events; nil if the
// settings name no NATS.
func (p *Process) Publish(ctx context.Context, types []string) (bus *events.Bus, err error) {
	if bus, err = p.Connect(ctx); err != nil {
		return nil, err
	}
	relay, err := events.NewRelay(events.RelayConfig{
		Service: p.name, Database: p.Pool.Config().ConnConfig, Bus: bus, Types: types, Tracer: p.Chain.Tracer,
		Registry: p.Registry, Log: p.Log,
	})
	if err != nil {
		return nil, err
	}
	p.Go("outbox relay", relay.Run)
	return bus, nil
}
