package resource

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"

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
)

// Schema is the schema of a database with the tables that every resource server has, and those of the service's own
// migrations.
func Schema(migrations fs.FS) program.Schema {
	return program.Schema{
		Parts: []postgres.Part{
			audit.Tables, program.Tables, events.Tables, idempotency.Tables, standing.Tables, jobs.Tables,
		},
		Migrations: migrations,
	}
}

// Database is a pool, or a transaction that a test rolls back.
type Database = standing.Database

// Config is what the parts are made of. Serve and tests set the first group; a service sets the second where it has
// something to add.
type Config struct {
	// Name is that of the service: in the aud of tokens, and in the keys derived from the master key.
	Name     string
	Database Database
	// Pool is that of the jobs, of the same database.
	Pool *pgxpool.Pool
	// Keys verify access tokens; Issuer is their iss.
	Keys   token.KeySource
	Issuer string
	// MasterKey is 32 bytes in base64, from which every secret of the service is derived.
	MasterKey telemetry.Secret
	// Tracer records the traces of jobs; nil: none.
	Tracer *telemetry.Tracer
	// Log takes the lines of work beside requests; nil discards them.
	Log *slog.Logger
	// Registry takes the metrics of jobs and of the cache of owners; nil discards them.
	Registry prometheus.Registerer
	// Clock gives the time; nil is the system's.
	Clock func() time.Time

	// Jobs are the service's own workers, periodic jobs and queues. Their pool, log and registry are those above.
	Jobs jobs.Config
	// Purge removes the service's rows that have been kept for long enough. It is part of the job purge.
	Purge func(ctx context.Context) error
	// AccountChanged is called after an event about an account has been kept, and again for each copy of the event.
	AccountChanged func(ctx context.Context, a standing.Account) error
	// Publishes are the types of the events that the service writes to its outbox.
	Publishes []string
	// Consumers are those of further events. Each sets Service, Name and Handle.
	Consumers []events.ConsumerConfig
	// Collectors are the metrics of the service.
	Collectors []prometheus.Collector
}

// Parts are what every resource server has. A service embeds them.
type Parts struct {
	Database Database
	Log      *slog.Logger
	Clock    func() time.Time
	Master   seal.MasterKey
	Guard    *guard.Guard
	Standing *standing.Store
	Keeper   *idempotency.Keeper
	Audit    *audit.Log
	Jobs     *jobs.Jobs

	config Config
}

// purgeEvery is the interval of the job purge.
const purgeEvery = time.Hour

// purge is the job that removes rows which have been kept for long enough.
type purge struct{}

// Kind implements river.JobArgs.
func (purge) Kind() string { return "purge" }

// New makes the parts, on a database that has been migrated to Schema.
func New(c Config) (*Parts, error) {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	master, err := seal.NewMasterKey(c.Name, c.MasterKey)
	if err != nil {
		return nil, err
	}
	verifier, err := token.NewVerifier(token.VerifierConfig{
		Issuer: c.Issuer, Audience: c.Name, Keys: c.Keys, Clock: c.Clock,
	})
	if err != nil {
		return nil, err
	}
	p := &Parts{Database: c.Database, Log: c.Log, Clock: c.Clock, Master: master, config: c}
	if p.Audit, err = audit.New(c.Database, master, c.Clock); err != nil {
		return nil, err
	}
	p.Keeper = idempotency.New(idempotency.Config{Database: c.Database, Clock: c.Clock})
	p.Standing = standing.New(standing.Config{
		Database: c.Database, Clock: c.Clock, Changed: c.AccountChanged,
	})
	p.Guard = guard.New(guard.Config{Verifier: verifier, Read: p.Standing.Read, Clock: c.Clock})
	p.Jobs, err = p.newJobs(c.Jobs)
	return p, err
}

// newJobs makes the queue of the service's jobs and of the job purge.
func (p *Parts) newJobs(c jobs.Config) (*jobs.Jobs, error) {
	c.Pool, c.Tracer, c.Log, c.Registry = p.config.Pool, p.config.Tracer, p.Log, p.config.Registry
	if c.Workers == nil {
		c.Workers = river.NewWorkers()
	}
	river.AddWorker(c.Workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[purge]) error {
		return p.Purge(ctx)
	}))
	c.Periodic = append(c.Periodic, jobs.Every(purgeEvery, purge{}))
	return jobs.New(c)
}

// Resource returns the parts; by it a service that embeds them is a Server.
func (p *Parts) Resource() *Parts { return p }

// Purge removes rows that have been kept for long enough: stored answers of requests with a key, ended sessions,
// accounts, and what the service's own Purge removes. The relay and the consumers purge the outbox and the inbox.
func (p *Parts) Purge(ctx context.Context) error {
	errs := []error{p.Keeper.Purge(ctx), p.Standing.Purge(ctx)}
	if p.config.Purge != nil {
		errs = append(errs, p.config.Purge(ctx))
	}
	return errors.Join(errs...)
}

// Handler gives the HTTP handler of the service: the chain with its operations, documents and problem pages. It sets
// the options that the parts are for. yaml is the document as it is written; routes adds the generated handlers.
func (p *Parts) Handler(o httpapi.Options, yaml []byte, routes func(*httpapi.Chain, chi.Router)) (http.Handler, error) {
	o.Authenticator, o.Idempotency, o.Auditor, o.Clock = p.Guard, p.Keeper, p.Audit, p.Clock
	chain, err := httpapi.New(o)
	if err != nil {
		return nil, err
	}
	if p.config.Registry != nil {
		if err := p.config.Registry.Register(chain.OwnersCollector()); err != nil {
			return nil, err
		}
	}
	return chain.Handler(func(r chi.Router) { routes(chain, r) },
		httpapi.Pages(httpapi.Served{Name: o.Document.Name, YAML: yaml, JSON: o.Document.JSON}),
		httpapi.ProblemPages(contract.Contract{Document: o.Document, Faults: o.Faults}))
}
