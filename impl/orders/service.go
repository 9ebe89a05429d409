package orders

import (
	"context"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/redis"
	"example.com/plumbline/impl/platform/resource"
	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/platform/webhook"
	"example.com/plumbline/openapi"
)

// Config is what New makes a service of. New sets what the service adds to the resource server.
type Config struct {
	resource.Config

	// Customers tells whether a caller may order.
	Customers customers
	// PayWithin gives how long a new order waits for its payment.
	PayWithin func() time.Duration
	// Ration limits what a customer may have in unpaid orders.
	Ration Ration
	// SearchTimeout bounds each statement of a search; it is shorter than the statement time-out.
	SearchTimeout time.Duration
	// AllowPrivate allows webhooks to lead into private networks and over plain http.
	AllowPrivate bool
	// ProductCache is how long products are remembered for callers without a token; 0 is not at all.
	ProductCache time.Duration
	// Redis shares what is remembered of products among replicas; nil does not.
	Redis *redis.Client
}

// Service answers every operation of openapi/orders.yaml.
type Service struct {
	*resource.Parts

	queries       ordersdb.Querier
	customers     customers
	catalog       *productCache
	followers     *followers
	exports       exports
	heartbeat     time.Duration // of streams
	secrets       *seal.Sealer  // of webhooks
	sender        *webhook.Sender
	sent          sent
	payWithin     func() time.Duration
	ration        Ration
	searchTimeout time.Duration
	allowPrivate  bool
}

var _ ordersapi.StrictServerInterface = (*Service)(nil)

// serviceName names the service in its program, in the aud of tokens and in the keys derived from the master key.
const serviceName = "orders"

// New makes the service, on a database that has been migrated.
func New(c Config) (*Service, error) {
	s := &Service{
		queries: ordersdb.New(c.Database), customers: c.Customers, sent: newSent(), followers: newFollowers(),
		exports: exports{callers: map[uuid.UUID]int{}}, heartbeat: heartbeat, payWithin: c.PayWithin,
		searchTimeout: c.SearchTimeout, ration: c.Ration, allowPrivate: c.AllowPrivate,
	}
	c.Name, c.Jobs, c.Purge, c.AccountChanged = serviceName, s.jobs(), s.purgeDeliveries, s.accountChanged
	c.Publishes, c.Collectors = eventTypes(), s.collectors()
	c.Consumers = []events.ConsumerConfig{{Service: serviceName, Name: "webhooks", Handle: s.createDeliveries}}
	var err error
	if s.Parts, err = resource.New(c.Config); err != nil {
		return nil, err
	}
	c.Clock = s.Clock
	if s.catalog, err = newProductCache(c, s); err != nil {
		return nil, err
	}
	s.sender = webhook.NewSender(webhook.Config{AllowPrivate: c.AllowPrivate, Clock: s.Clock})
	s.secrets, err = s.Master.Sealer("webhook secrets")
	return s, err
}

// Described is openapi/orders.yaml with its policy, and the faults of this service.
func Described() (contract.Contract, error) {
	return contract.Describe(serviceName, ordersapi.GetSpec, faults())
}

// Document is the document alone.
func Document() (*contract.Document, error) {
	described, err := Described()
	return described.Document, err
}

// Handler gives the HTTP handler of the service: the chain with its operations, documents and problem pages.
func (s *Service) Handler(o httpapi.Options) (http.Handler, error) {
	o.Faults = faults()
	o.Owners = map[string]httpapi.OwnerOf{"orderId": s.ownerOf}
	return s.Parts.Handler(o, openapi.Document(serviceName), func(chain *httpapi.Chain, r chi.Router) {
		strict := ordersapi.NewStrictHandlerWithOptions(s, nil, ordersapi.StrictHTTPServerOptions{
			RequestErrorHandlerFunc: chain.BindingFailed, ResponseErrorHandlerFunc: chain.HandlerFailed,
		})
		ordersapi.HandlerWithOptions(strict, ordersapi.ChiServerOptions{BaseRouter: r, ErrorHandlerFunc: chain.BindingFailed})
	})
}

// ownerOf gives the customer of an order.
func (s *Service) ownerOf(ctx context.Context, order uuid.UUID) (uuid.UUID, error) {
	owner, err := s.queries.GetOrderOwner(ctx, order)
	return owner, explain(err, errOrderNotFound)
}

// tx is one transaction: its statements, and the jobs that run once it is committed.
type tx struct {
	ordersdb.Querier
	resource.Tx
}

// inTx runs fn in one transaction. Every transaction of the service begins here, in inKeyedTx or in inEventTx.
func (s *Service) inTx(ctx context.Context, fn func(tx) error) error {
	return s.InTx(ctx, func(r resource.Tx) error { return fn(tx{ordersdb.New(r.DB), r}) })
}

// inKeyedTx is inTx for the effect of an operation that takes an Idempotency-Key.
func (s *Service) inKeyedTx(ctx context.Context, fn func(tx) error) error {
	return s.InKeyedTx(ctx, func(r resource.Tx) error { return fn(tx{ordersdb.New(r.DB), r}) })
}

// inEventTx is inTx for the effect of an event, which happens once however often the event comes.
func (s *Service) inEventTx(ctx context.Context, e events.Event, fn func(tx) error) error {
	return s.InEventTx(ctx, e, func(r resource.Tx) error { return fn(tx{ordersdb.New(r.DB), r}) })
}

// newID makes a UUIDv7 (RFC 9562), so that new rows stand together in their index.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
