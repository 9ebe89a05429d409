package orders

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/jobs"
	"example.com/plumbline/impl/platform/ops"
	"example.com/plumbline/impl/platform/outbound"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/queries"
)

// name is what the service is called everywhere.
const name = "orders"

// keysTimeout bounds one request for the keys that verify access tokens.
const keysTimeout = 3 * time.Second

// Program is the service as a program.
func Program() program.Program {
	return program.Program{
		Name:  name,
		About: "orders keeps products, their stock, orders and who is told of them.",
		Schema: program.Schema{
			program.Migrations(queries.Migrations(name)),
			{Migrate: jobs.Migrate, Migrated: jobs.Migrated},
		},
		Commands: program.Commands(defaultServe(), serve),
	}
}

func serve(ctx context.Context, p program.Program, c serveSettings, out io.Writer) error {
	document, err := Document()
	if err != nil {
		return err
	}
	return p.Serve(ctx, &c, document, out, func(ctx context.Context, process *program.Process) (http.Handler, error) {
		users, err := outbound.New(outbound.Config{Name: "users", BaseURL: c.UsersURL, Log: process.Log, Registry: process.Registry})
		if err != nil {
			return nil, err
		}
		process.DeferClose("client of users", users.Close)
		process.Check(ops.Check{Name: "users", Run: users.Check})
		keys, err := token.NewRemoteKeys(strings.TrimSuffix(c.UsersURL, "/")+"/.well-known/jwks.json", &http.Client{Timeout: keysTimeout}, time.Now, process.Log)
		if err != nil {
			return nil, err
		}
		keys.Start(ctx)
		process.DeferClose("keys", keys.Close)
		customers, err := newUsersService(c.UsersURL, users, p.Clock)
		if err != nil {
			return nil, err
		}
		service, err := New(Config{
			Database: process.Pool, Pool: process.Pool, Keys: keys, Issuer: c.Issuer, Customers: customers, MasterKey: c.MasterKey,
			PayWithin: c.PayWithin, SearchTimeout: c.SearchTimeout, Ration: Ration{Orders: int64(c.OpenOrders), Units: int64(c.ReservedUnits)}, AllowPrivate: c.WebhooksAllowPrivate, Log: process.Log, Registry: process.Registry,
			Clock: p.Clock,
		})
		if err != nil {
			return nil, err
		}
		if err := errors.Join(service.measure(process.Registry), service.work(ctx, process), service.exchange(process)); err != nil {
			return nil, err
		}
		process.Go("sessions", func(ctx context.Context) {
			service.guard.Watch(ctx, process.Pool.Config().ConnConfig, "sessions", process.Log)
		})
		process.Go("audit", func(ctx context.Context) { service.audit.Run(ctx, process.Log) })
		process.Go("followers", func(ctx context.Context) { service.followers.watch(ctx, service.queries, process.Log) })
		return service.Handler(process.Chain)
	})
}

// exchange publishes what happens here, tells webhooks of it and hears what happens in the users service. Without NATS
// nothing is lost: events wait in the database, and tokens are judged by what they say until they expire.
func (s *Service) exchange(process *program.Process) error {
	bus, err := process.Publish(eventTypes())
	if err != nil || bus == nil {
		return err
	}
	for _, c := range []events.ConsumerConfig{
		{Service: "users", Name: name, Handle: s.hear},
		{Service: name, Name: "webhooks", Handle: s.deliver},
	} {
		c.Database, c.Bus, c.Registry, c.Log = process.Pool.Config().ConnConfig, bus, process.Registry, process.Log
		consumer, err := events.NewConsumer(c)
		if err != nil {
			return err
		}
		process.Go("consumer of "+c.Service, consumer.Run)
	}
	return nil
}

// eventTypes are those that this service publishes.
func eventTypes() []string {
	return convertAll[string]([]ordersapi.OrderEventType{
		ordersapi.OrderEventTypeOrderPlaced, ordersapi.OrderEventTypeOrderPaid, ordersapi.OrderEventTypeOrderShipped,
		ordersapi.OrderEventTypeOrderDelivered, ordersapi.OrderEventTypeOrderCancelled, ordersapi.OrderEventTypeOrderExpired,
		ordersapi.OrderEventTypeOrderRefunded,
	})
}

// measure registers what the service's parts count.
func (s *Service) measure(registry prometheus.Registerer) error {
	errs := []error{registry.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "order_streams", Help: "Streams of orders' changes that are open."},
		func() float64 { return float64(s.followers.count()) }))}
	for _, c := range s.guard.Collectors() {
		errs = append(errs, registry.Register(c))
	}
	return errors.Join(errs...)
}
