package orders

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/audit"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/guard"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/idempotency"
	"example.com/plumbline/impl/platform/jobs"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/program"
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

// Config is what New makes a service of.
type Config struct {
	Database Database
	// Pool is that of the jobs, of the same database.
	Pool *pgxpool.Pool
	// Keys verify access tokens; Issuer is their iss.
	Keys   token.KeySource
	Issuer string
	// Customers tells whether a caller may order.
	Customers customers
	// MasterKey is 32 bytes in base64, from which every secret of the service is derived.
	MasterKey telemetry.Secret
	// PayWithin is how long an order waits for its payment.
	PayWithin time.Duration
	// Ration limits what a customer may have in unpaid orders.
	Ration Ration
	// SearchTimeout bounds each statement of a search; it is shorter than the statement time-out.
	SearchTimeout time.Duration
	// AllowPrivate allows webhooks to lead into private networks and over plain http.
	AllowPrivate bool
	// Log takes the lines of work beside requests; nil discards them.
	Log *slog.Logger
	// Registry takes the metrics of jobs; nil discards them.
	Registry prometheus.Registerer
	// Clock gives the time; nil is the system's.
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

// serviceName names the service in its program, in the aud of tokens and in the keys derived from the master key.
const serviceName = "orders"

// New makes the service, on a database that has been migrated.
func New(c Config) (*Service, error) {
	s := &Service{
		database: c.Database, queries: ordersdb.New(c.Database), customers: c.Customers, sent: newSent(),
		followers: newFollowers(), exports: exports{callers: map[uuid.UUID]int{}}, heartbeat: heartbeat,
		payWithin: c.PayWithin, searchTimeout: c.SearchTimeout, ration: c.Ration, allowPrivate: c.AllowPrivate,
		log: c.Log, clock: c.Clock,
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	master, err := seal.NewMasterKey(serviceName, c.MasterKey)
	if err != nil {
		return nil, err
	}
	if s.secrets, err = master.Sealer("webhook secrets"); err != nil {
		return nil, err
	}
	if s.audit, err = audit.New(c.Database, master, s.clock); err != nil {
		return nil, err
	}
	verifier, err := token.NewVerifier(token.VerifierConfig{
		Issuer: c.Issuer, Audience: serviceName, Keys: c.Keys, Clock: s.clock,
	})
	if err != nil {
		return nil, err
	}
	s.keeper = idempotency.New(idempotency.Config{Database: c.Database, Clock: s.clock})
	s.standing = standing.New(standing.Config{
		Database: c.Database, Clock: s.clock, Changed: s.accountChanged,
		Explain: program.ExplainDatabase,
	})
	s.guard = guard.New(guard.Config{Verifier: verifier, Read: s.standing.Read, Clock: s.clock})
	s.sender = webhook.NewSender(webhook.Config{AllowPrivate: c.AllowPrivate, Clock: s.clock})
	s.jobs, err = s.newJobs(jobs.Config{Pool: c.Pool, Log: s.log, Registry: c.Registry})
	return s, err
}

// Document loads openapi/orders.yaml with its policy.
func Document() (*contract.Document, error) {
	spec, err := ordersapi.GetSpec()
	if err != nil {
		return nil, err
	}
	return contract.Load(serviceName, spec)
}

// Described is the document with the faults of this service.
func Described() (contract.Contract, error) {
	document, err := Document()
	return contract.Contract{Document: document, Faults: faults()}, err
}

// Handler gives the HTTP handler of the service: the chain with its operations, documents and problem pages.
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
	}, httpapi.Pages(httpapi.Served{Name: o.Document.Name, YAML: openapi.Document(serviceName), JSON: o.Document.JSON}),
		httpapi.ProblemPages(contract.Contract{Document: o.Document, Faults: o.Faults}))
}

// ownerOf gives the customer of an order.
func (s *Service) ownerOf(ctx context.Context, order uuid.UUID) (uuid.UUID, error) {
	owner, err := s.queries.GetOrderOwner(ctx, order)
	return owner, explain(err, errOrderNotFound)
}

// tx is one transaction: its statements, and the jobs that run once it is committed.
type tx struct {
	ordersdb.Querier

	db   pgx.Tx // for packages of the platform with statements of their own
	jobs *jobs.Jobs
}

// insert has a job run after the commit; see jobs.Insert.
func (t tx) insert(ctx context.Context, job river.JobArgs, opts *river.InsertOpts) error {
	return t.jobs.Insert(ctx, t.db, job, opts)
}

// inTx runs fn in one transaction; see postgres.InTx. Every transaction of the service begins here, in inKeyedTx or in
// inEventTx.
func (s *Service) inTx(ctx context.Context, fn func(tx tx) error) error {
	if idempotency.Keyed(ctx) {
		return errors.New("the handler of a request with an Idempotency-Key has its effect in inTx: put it in inKeyedTx")
	}
	return postgres.InTx(ctx, s.database, func(db pgx.Tx) error { return fn(s.txOf(db)) })
}

// inKeyedTx is inTx for the effect of an operation that takes an Idempotency-Key. For a request with a key the chain
// commits the transaction, together with the answer; see idempotency.InTx.
func (s *Service) inKeyedTx(ctx context.Context, fn func(tx tx) error) error {
	return idempotency.InTx(ctx, s.database, func(db pgx.Tx) error { return fn(s.txOf(db)) })
}

// inEventTx is inTx for the effect of an event, which happens once however often the event comes; see events.Once.
func (s *Service) inEventTx(ctx context.Context, e events.Event, fn func(tx tx) error) error {
	return events.Once(ctx, s.database, e, func(db pgx.Tx) error { return fn(s.txOf(db)) })
}

func (s *Service) txOf(db pgx.Tx) tx { return tx{ordersdb.New(db), db, s.jobs} }

// newID makes a UUIDv7 (RFC 9562), so that new rows stand together in their index.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
