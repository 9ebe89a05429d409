package orders

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/audit"
	"example.com/plumbline/impl/platform/guard"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/idempotency"
	"example.com/plumbline/impl/platform/jobs"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/platform/standing"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/impl/platform/webhook"
	"example.com/plumbline/openapi"
)

// Database is a pool, or a transaction that a test rolls back.
type Database interface {
	ordersdb.DBTX
	postgres.Beginner
}

// Config is what a service is made of.
type Config struct {
	Database Database
	// Pool is that of the jobs, in the same database.
	Pool *pgxpool.Pool
	// Keys verify access tokens; Issuer is who signed them.
	Keys   token.KeySource
	Issuer string
	// Customers tells whether a caller may order.
	Customers customers
	// MasterKey is 32 bytes in base64, from which the key is derived that seals the secrets of webhooks.
	MasterKey telemetry.Secret
	// PayWithin is how long an order waits for its payment.
	PayWithin time.Duration
	// Ration is what a customer may have without paying.
	Ration Ration
	// SearchTimeout bounds each statement of a search, below what other statements may take.
	SearchTimeout time.Duration
	// AllowPrivate lets webhooks lead into private networks and over plain http.
	AllowPrivate bool
	// Log is told what goes wrong beside requests; nil: nobody is.
	Log *slog.Logger
	// Registry takes the metrics of jobs and deliveries; nil: none does.
	Registry prometheus.Registerer
	// Clock tells the time; nil is the system's.
	Clock func() time.Time
}

// Service answers every operation of openapi/orders.yaml.
type Service struct {
	database      Database
	queries       ordersdb.Querier
	guard         *guard.Guard
	standing      *standing.Store
	keeper        *idempotency.Keeper
	audit         *audit.Log
	customers     customers
	followers     *followers
	exports       exports
	heartbeat     time.Duration // of streams
	jobs          *jobs.Jobs
	secrets       *seal.Sealer // of webhooks
	sender        *webhook.Sender
	sent          sent
	payWithin     time.Duration
	ration        Ration
	searchTimeout time.Duration
	allowPrivate  bool
	log           *slog.Logger
	clock         func() time.Time
}

var _ ordersapi.StrictServerInterface = (*Service)(nil)

// audience is the name of this service in a token's aud.
const audience = "orders"

// New makes the service, on a database that has been migrated.
func New(c Config) (*Service, error) {
	s := &Service{
		database: c.Database, queries: ordersdb.New(c.Database), customers: c.Customers, followers: newFollowers(), exports: exports{callers: map[uuid.UUID]int{}}, heartbeat: heartbeat,
		payWithin: c.PayWithin, searchTimeout: c.SearchTimeout, ration: c.Ration, allowPrivate: c.AllowPrivate, log: c.Log, clock: c.Clock,
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}
	master, err := seal.NewMasterKey(name, c.MasterKey)
	if err != nil {
		return nil, err
	}
	if s.secrets, err = master.Sealer("webhook secrets"); err != nil {
		return nil, err
	}
	if s.audit, err = audit.New(c.Database, master, s.clock); err != nil {
		return nil, err
	}
	verifier, err := token.NewVerifier(token.VerifierConfig{Issuer: c.Issuer, Audience: audience, Keys: c.Keys, Clock: s.clock})
	if err != nil {
		return nil, err
	}
	s.keeper = idempotency.New(idempotency.Config{Database: c.Database, Clock: s.clock})
	s.standing = standing.New(standing.Config{
		Database: c.Database, Clock: s.clock, Changed: s.accountChanged,
		Explain: func(err error) error { return explain(err, nil) },
	})
	s.guard = guard.New(guard.Config{Verifier: verifier, Read: s.standing.Read, Clock: s.clock})
	s.sender = webhook.NewSender(webhook.Config{AllowPrivate: c.AllowPrivate, Clock: s.clock})
	if s.sent, err = newSent(c.Registry); err != nil {
		return nil, err
	}
	s.jobs, err = s.newJobs(jobs.Config{Pool: c.Pool, Log: s.log, Registry: c.Registry})
	return s, err
}

// Document loads openapi/orders.yaml with its policy.
func Document() (*httpapi.Document, error) {
	spec, err := ordersapi.GetSpec()
	if err != nil {
		return nil, err
	}
	return httpapi.Load("orders", spec)
}

// Described is the document with the faults of this service.
func Described() (httpapi.Described, error) {
	document, err := Document()
	return httpapi.Described{Document: document, Faults: faults()}, err
}

// Handler gives the service's whole way in and out. Of the options it sets what is its own.
func (s *Service) Handler(o httpapi.Options) (http.Handler, error) {
	o.Authenticator, o.Faults, o.Clock = s.guard, faults(), s.clock
	o.Idempotency, o.Auditor = s.keeper, s.audit
	o.Owners = map[string]httpapi.OwnerOf{"orderId": s.ownerOf}
	chain, err := httpapi.New(o)
	if err != nil {
		return nil, err
	}
	strict := ordersapi.NewStrictHandlerWithOptions(s, nil, ordersapi.StrictHTTPServerOptions{
		RequestErrorHandlerFunc: chain.BindingFailed, ResponseErrorHandlerFunc: chain.HandlerFailed,
	})
	return chain.Handler(func(r chi.Router) {
		ordersapi.HandlerWithOptions(strict, ordersapi.ChiServerOptions{BaseRouter: r, ErrorHandlerFunc: chain.BindingFailed})
	}, httpapi.Pages(httpapi.Served{Name: o.Document.Name, YAML: openapi.Document("orders"), JSON: o.Document.JSON}),
		httpapi.ProblemPages(httpapi.Described{Document: o.Document, Faults: o.Faults}))
}

// ownerOf tells whose an order is.
func (s *Service) ownerOf(ctx context.Context, order uuid.UUID) (uuid.UUID, error) {
	owner, err := s.queries.GetOrderOwner(ctx, order)
	return owner, explain(err, errOrderNotFound)
}

// inTx runs several statements as one, and once where the request has an Idempotency-Key.
func (s *Service) inTx(ctx context.Context, fn func(ordersdb.Querier) error) error {
	return idempotency.InTx(ctx, s.database, func(tx pgx.Tx) error { return fn(ordersdb.New(tx)) })
}

// newID makes a UUIDv7 (RFC 9562), so that new rows stand together in their index.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
