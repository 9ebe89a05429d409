package orders

import (
	"context"
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/plumbline/impl/platform/audit"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/idempotency"
	"example.com/plumbline/impl/platform/jobs"
	"example.com/plumbline/impl/platform/ops"
	"example.com/plumbline/impl/platform/outbound"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/resource"
	"example.com/plumbline/impl/platform/settings"
	"example.com/plumbline/impl/platform/standing"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/queries"
)

// schema is resource.Schema; the numbers are those of the service's own migrations that made a part before.
var schema = program.Schema{
	Parts: []postgres.Part{
		audit.Tables.MovedFrom(8), program.Tables.MovedFrom(16), events.Tables.MovedFrom(4, 5),
		idempotency.Tables.MovedFrom(6), standing.Tables.MovedFrom(3), jobs.Tables,
	},
	Migrations: queries.Migrations(serviceName),
}

// Program is the service as a program.
func Program() program.Program {
	return program.Program{
		Name:     serviceName,
		About:    "orders keeps products, their stock, orders and who is told of them.",
		Schema:   schema,
		Commands: program.Commands(defaultServe(), serve),
	}
}

func serve(ctx context.Context, p program.Program, live *settings.Live[serveSettings], out io.Writer) error {
	c := live.Get()
	build := func(process *program.Process, r resource.Config) (resource.Server, error) {
		users, err := outbound.New(outbound.Config{
			Name: "users", BaseURL: c.UsersURL, Probe: token.KeySetPath, Log: process.Log, Registry: process.Registry,
		})
		if err != nil {
			return nil, err
		}
		process.DeferClose("client of users", users.Close)
		process.Check(ops.Check{Name: "users", Run: users.Check})
		customers, err := newUsersService(c.UsersURL, users, p.Clock)
		if err != nil {
			return nil, err
		}
		if err := process.Registry.Register(customers.collector()); err != nil {
			return nil, err
		}
		s, err := New(Config{
			Config: r, Customers: customers, SearchTimeout: c.SearchTimeout,
			PayWithin:    func() time.Duration { return live.Get().PayWithin },
			Ration:       Ration{Orders: int64(c.OpenOrders), Units: int64(c.ReservedUnits)},
			AllowPrivate: c.WebhooksAllowPrivate, ProductCache: c.ProductCache, Redis: process.Redis,
		})
		if err != nil {
			return nil, err
		}
		process.DeferClose("sender of webhooks", s.sender.Close)
		process.Go("catalog", func(ctx context.Context) {
			s.catalog.watch(ctx, process.Pool.Config().ConnConfig, process.Log)
		})
		live.Subscribe(func(next *serveSettings, _ []settings.Change) { s.catalog.setLifetime(next.ProductCache) })
		if c.WarmUp > 0 && c.ProductCache > 0 {
			s.warm(ctx, c.WarmUp)
		}
		process.Go("followers", func(ctx context.Context) { s.followers.poll(ctx, s.queries, process.Log) })
		return s, nil
	}
	return resource.Serve(ctx, p, live, Described, out, build)
}

// collectors are the metrics of the service.
func (s *Service) collectors() []prometheus.Collector {
	return append(s.sent.collectors(), prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "order_streams", Help: "Streams of orders' changes that are open.",
	}, func() float64 { return float64(s.followers.count()) }))
}
