package resource

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/idempotency"
	"example.com/plumbline/impl/platform/jobs"
	"example.com/plumbline/impl/platform/postgres"
)

// Tx is one transaction, and the jobs that run once it is committed. A service puts its statements beside it.
type Tx struct {
	// DB is for packages with statements of their own.
	DB pgx.Tx

	jobs *jobs.Jobs
}

// Insert has a job run after the commit; see jobs.Insert.
func (t Tx) Insert(ctx context.Context, job river.JobArgs, opts *river.InsertOpts) error {
	return t.jobs.Insert(ctx, t.DB, job, opts)
}

// InTx runs fn in one transaction; see postgres.InTx. It refuses a request with an Idempotency-Key, whose effect would
// be committed without its answer.
func (p *Parts) InTx(ctx context.Context, fn func(Tx) error) error {
	if idempotency.Keyed(ctx) {
		return errors.New("the handler of a request with an Idempotency-Key has its effect in inTx: put it in inKeyedTx")
	}
	return postgres.InTx(ctx, p.Database, func(db pgx.Tx) error { return fn(Tx{db, p.Jobs}) })
}

// InKeyedTx is InTx for the effect of an operation that takes an Idempotency-Key. For a request with a key the chain
// commits the transaction, together with the answer; see idempotency.InTx.
func (p *Parts) InKeyedTx(ctx context.Context, fn func(Tx) error) error {
	return idempotency.InTx(ctx, p.Database, func(db pgx.Tx) error { return fn(Tx{db, p.Jobs}) })
}

// InEventTx is InTx for the effect of an event, which happens once however often the event comes; see events.Once.
func (p *Parts) InEventTx(ctx context.Context, e events.Event, fn func(Tx) error) error {
	return events.Once(ctx, p.Database, e, func(db pgx.Tx) error { return fn(Tx{db, p.Jobs}) })
}
