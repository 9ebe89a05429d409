package orders

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
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
	"example.com/plumbline/impl/platform/standing"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/queries"
)

// keysTimeout bounds one request for the keys that verify access tokens.
const keysTimeout = 3 * time.Second

// schema is what the database consists of. The numbers are those of the service's own migrations that made a part before.
var schema = program.Schema{
	Parts: []postgres.Part{
		audit.Tables.MovedFrom(8), program.Tables.MovedFrom(16), events.Tables.MovedFrom(4, 5), idempotency.Tables.MovedFrom(6),
		standing.Tables.MovedFrom(3), jobs.Tables,
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

func serve(ctx context.Context, p program.Program, c serveSettings, out io.Writer) error {
	document, err := Document()
	if err != nil {
		return err
	}
	return p.Serve(ctx, &c, document, out, func(ctx context.Context, process *program.Process) (http.Handler, error) {
		users, err := outbound.New(outbound.Config{
			Name: "users", BaseURL: c.UsersURL, Log: process.Log, Registry: process.Registry,
		})
		if err != nil {
			return nil, err
		}
		process.DeferClose("client of users", users.Close)
		process.Check(ops.Check{Name: "users", Run: users.Check})
		keys, err := token.NewRemoteKeys(
			strings.TrimSuffix(c.UsersURL, "/")+"/.well-known/jwks.json", &http.Client{Timeout: keysTimeout}, time.Now,
			process.Log,
		)
		if err != nil {
			return nil, err
		}
		keys.Start(ctx)
		process.DeferClose("keys", keys.Close)
		customers, err := newUsersService(c.UsersURL, users, p.Clock)
		if err != nil {
			return nil, err
		}
		s, err := New(Config{
			Database: process.Pool, Pool: process.Pool, Keys: keys, Issuer: c.Issuer, Customers: customers,
			MasterKey: c.MasterKey, PayWithin: c.PayWithin, SearchTimeout: c.SearchTimeout,
			Ration:       Ration{Orders: int64(c.OpenOrders), Units: int64(c.ReservedUnits)},
			AllowPrivate: c.WebhooksAllowPrivate, Log: process.Log, Registry: process.Registry, Clock: p.Clock,
		})
		if err != nil {
			return nil, err
		}
		// The parts end in reverse order: what the last jobs have written is still published and sealed.
		process.Go("audit", func(ctx context.Context) { s.audit.Run(ctx, process.Log) })
		if err := errors.Join(s.measure(process.Registry), s.startEvents(process)); err != nil {
			return nil, err
		}
		if err := s.startJobs(ctx, process); err != nil { // last: a process that cannot start does no work
			return nil, err
		}
		process.Go("sessions", func(ctx context.Context) {
			s.guard.Watch(ctx, process.Pool.Config().ConnConfig, "sessions", process.Log)
		})
		process.Go("followers", func(ctx context.Context) { s.followers.poll(ctx, s.queries, process.Log) })
		return s.Handler(process.Chain)
	})
}

// measure registers the metrics of the service.
func (s *Service) measure(registry prometheus.Registerer) error {
	collectors := slices.Concat(s.guard.Collectors(), s.sent.collectors(), []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "order_streams", Help: "Streams of orders' changes that are open.",
		}, func() float64 { return float64(s.followers.count()) }),
	})
	var errs []error
	for _, c := range collectors {
		errs = append(errs, registry.Register(c))
	}
	return errors.Join(errs...)
}
