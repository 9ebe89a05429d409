package resource

import (
	"context"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.com/plumbline/impl/platform/audit"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/guard"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/idempotency"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/token"
)

// Database is a pool, or a transaction that a test rolls back.
type Database interface {
	postgres.Beginner
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Config is what the parts are made of.
type Config struct {
	// Name is that of the service: in the aud of tokens, and in the keys derived from the master key.
	Name     string
	Database Database
	// Keys verify access tokens; Issuer is who signed them.
	Keys      token.KeySource
	Issuer    string
	MasterKey telemetry.Secret
	// Clock tells the time; nil is the system's.
	Clock func() time.Time
}

// Parts are what every resource server has. A service embeds them.
type Parts struct {
	Database Database
	Clock    func() time.Time
	Guard    *guard.Guard
	Keeper   *idempotency.Keeper
	Audit    *audit.Log

	standing *standing
}

// New makes the parts, on a database that has been migrated.
func New(c Config) (*Parts, error) {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	master, err := seal.NewMasterKey(c.Name, c.MasterKey)
	if err != nil {
		return nil, err
	}
	log, err := audit.New(c.Database, master, c.Clock)
	if err != nil {
		return nil, err
	}
	verifier, err := token.NewVerifier(token.VerifierConfig{
		Issuer: c.Issuer, Audience: c.Name, Keys: c.Keys, Clock: c.Clock,
	})
	if err != nil {
		return nil, err
	}
	p := &Parts{
		Database: c.Database, Clock: c.Clock, Audit: log, standing: &standing{database: c.Database, clock: c.Clock},
		Keeper: idempotency.New(idempotency.Config{Database: c.Database, Clock: c.Clock}),
	}
	p.Guard = guard.New(guard.Config{Verifier: verifier, Read: p.standing.read, Clock: c.Clock})
	return p, nil
}

// Handler gives the service's whole way in and out. Of the options it sets what the parts are for; yaml is the document
// as it is written, and routes adds the generated handlers of the service to the router.
func (p *Parts) Handler(o httpapi.Options, yaml []byte, routes func(*httpapi.Chain, chi.Router)) (http.Handler, error) {
	o.Authenticator, o.Idempotency, o.Auditor, o.Clock = p.Guard, p.Keeper, p.Audit, p.Clock
	chain, err := httpapi.New(o)
	if err != nil {
		return nil, err
	}
	return chain.Handler(func(r chi.Router) { routes(chain, r) },
		httpapi.Pages(httpapi.Served{Name: o.Document.Name, YAML: yaml, JSON: o.Document.JSON}),
		httpapi.ProblemPages(contract.Contract{Document: o.Document, Faults: o.Faults}))
}

// InTx runs several statements as one, and once where the request has an Idempotency-Key.
func (p *Parts) InTx(ctx context.Context, fn func(pgx.Tx) error) error {
	return idempotency.InTx(ctx, p.Database, fn)
}
