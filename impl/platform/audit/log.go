package audit

import (
	"context"
	"embed"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/paging"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/seal"
)

//go:embed schema/*.sql
var schema embed.FS

// Tables is the part of a database's schema that has the log.
var Tables = postgres.NewTables("audit", schema)

// Database is a pool, or a transaction that a test rolls back.
type Database interface {
	postgres.Beginner
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Log is the audit log of a service. It is safe for concurrent use.
type Log struct {
	database  Database
	addresses *seal.Sealer
	key       []byte
	clock     func() time.Time
	beside    sync.WaitGroup
	besides   chan struct{} // has one for each entry that RecordBeside has taken
	recording chan struct{} // has one for each of those that uses the database
	patience  time.Duration // bounds Record
}

const (
	// recordPatience bounds the recording of what was refused.
	recordPatience = 2 * time.Second
	// mostBeside is how many entries wait beside requests; one more is not recorded.
	mostBeside = 512
	// mostRecording is how many of those are recorded at once, so that they leave connections to requests.
	mostRecording = 8
	// mostPause is how long RecordBeside waits at most, at random, before it records.
	mostPause = 20 * time.Millisecond
)

// New gives the log of a service in its database, which has been migrated. clock tells the time of batches.
func New(database Database, master seal.MasterKey, clock func() time.Time) (*Log, error) {
	addresses, err := master.Sealer("audit addresses")
	if err != nil {
		return nil, err
	}
	key, err := master.Derive("audit seals")
	return &Log{
		database: database, addresses: addresses, key: key, clock: clock, besides: make(chan struct{}, mostBeside),
		recording: make(chan struct{}, mostRecording),
		patience:  recordPatience,
	}, err
}

const (
	record = `
INSERT INTO audit_entries (id, action, outcome, actor, target, sealed_address, request_id, occurred_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT ON CONSTRAINT audit_entries_id_key DO NOTHING`
	list = `
SELECT id, action, outcome, actor, target, sealed_address, request_id, occurred_at
FROM audit_entries
WHERE (occurred_at, id) < ($1, $2)
  AND ($3::uuid IS NULL OR actor = $3)
  AND ($4::uuid IS NULL OR target = $4)
  AND ($5::text IS NULL OR action = $5)
  AND ($6::timestamptz IS NULL OR occurred_at >= $6)
  AND ($7::timestamptz IS NULL OR occurred_at < $7)
ORDER BY occurred_at DESC, id DESC
LIMIT $8`
	// Each half reads its index from where the page begins; an entry is in one of them.
	listAbout = `
SELECT id, action, outcome, actor, target, sealed_address, request_id, occurred_at
FROM (
    (SELECT *
     FROM audit_entries
     WHERE actor = $3
       AND (occurred_at, id) < ($1, $2)
     ORDER BY occurred_at DESC, id DESC
     LIMIT $4)
    UNION ALL
    (SELECT *
     FROM audit_entries
     WHERE target = $3
       AND actor IS DISTINCT FROM $3
       AND (occurred_at, id) < ($1, $2)
     ORDER BY occurred_at DESC, id DESC
     LIMIT $4)
) AS about
ORDER BY occurred_at DESC, id DESC
LIMIT $4`
)

// Within gives the context for the handler of an operation: each of its transactions records, as its last statement,
// the entry that the function gives at that time. With nil none is recorded.
func (l *Log) Within(ctx context.Context, entry func() httpapi.AuditEntry) context.Context {
	return postgres.WithLast(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if entry == nil {
			return nil
		}
		return l.record(ctx, tx, entry())
	})
}

// Record records an entry in a transaction of its own, for a request that was refused.
func (l *Log) Record(ctx context.Context, e httpapi.AuditEntry) error {
	ctx, cancel := context.WithTimeout(ctx, l.patience)
	defer cancel()
	return l.record(ctx, l.database, e)
}

// errTooManyBeside reports an entry that is not recorded because mostBeside others wait to be.
var errTooManyBeside = fmt.Errorf("%d entries wait to be recorded already", mostBeside)

// RecordBeside is Record in the background, after a pause of random length: the request takes as long as one without an
// entry, also where the recording and the caller share a processor. failed is told of an error, perhaps before
// RecordBeside returns. Wait waits for the recording.
func (l *Log) RecordBeside(ctx context.Context, e httpapi.AuditEntry, failed func(error)) {
	ctx = context.WithoutCancel(ctx)
	select {
	case l.besides <- struct{}{}:
	default:
		failed(errTooManyBeside)
		return
	}
	l.beside.Go(func() {
		defer func() { <-l.besides }()
		time.Sleep(rand.N(mostPause))
		l.recording <- struct{}{} // Record has a bound of its own, and so has this wait.
		defer func() { <-l.recording }()
		if err := l.Record(ctx, e); err != nil {
			failed(err)
		}
	})
}

// Wait waits until RecordBeside has recorded all entries.
func (l *Log) Wait() { l.beside.Wait() }

func (l *Log) record(ctx context.Context, db interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}, e httpapi.AuditEntry) error {
	if !e.Names() {
		return nil
	}
	var address []byte
	if e.Address.IsValid() {
		address = []byte(e.Address.String())
	}
	sealed := l.addresses.Seal(address, addressOf(e.ID))
	_, err := db.Exec(ctx, record,
		e.ID, e.Action, e.Outcome, orNull(e.Actor), orNull(e.Target), sealed, e.RequestID, e.OccurredAt)
	if err != nil {
		return fmt.Errorf("record %s in the audit log: %w", e.Action, err)
	}
	return nil
}

// addressOf names the address of an entry to the sealer.
func addressOf(entry uuid.UUID) string { return "audit_entries/" + entry.String() }

func orNull(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

// Filter selects the entries that fit all of its fields. A nil field fits every entry.
type Filter struct {
	Actor, Target *uuid.UUID
	Action        *string
	// From is the earliest time, inclusive; Before is the latest, exclusive.
	From, Before *time.Time
}

// List gives a page of the entries that fit, newest first: at most limit, behind the position of cursor, nil for the
// first page. next is the cursor of the next page, nil on the last.
func (l *Log) List(
	ctx context.Context, f Filter, cursor *string, limit int32,
) (page []httpapi.AuditEntry, next *string, err error) {
	after := paging.After(cursor)
	rows, err := l.database.Query(ctx, list, after.Time, after.ID, f.Actor, f.Target, f.Action, f.From, f.Before, limit+1)
	return l.page(limit, rows, err)
}

// ListAbout gives a page of the entries with an account as actor or target, as List does.
func (l *Log) ListAbout(
	ctx context.Context, account uuid.UUID, cursor *string, limit int32,
) (page []httpapi.AuditEntry, next *string, err error) {
	after := paging.After(cursor)
	rows, err := l.database.Query(ctx, listAbout, after.Time, after.ID, account, limit+1)
	return l.page(limit, rows, err)
}

// page reads a page from the result of a query that lists limit entries and one more.
func (l *Log) page(limit int32, rows pgx.Rows, err error) ([]httpapi.AuditEntry, *string, error) {
	if err != nil {
		return nil, nil, fmt.Errorf("list the audit log: %w", err)
	}
	entries, err := pgx.CollectRows(rows, l.open)
	if err != nil {
		return nil, nil, fmt.Errorf("list the audit log: %w", err)
	}
	page, next := paging.Page(entries, int(limit), func(e httpapi.AuditEntry) paging.Position {
		return paging.Position{Time: e.OccurredAt, ID: e.ID}
	})
	return page, next, nil
}

// open reads an entry and the address that is sealed in it.
func (l *Log) open(row pgx.CollectableRow) (e httpapi.AuditEntry, err error) {
	var actor, target *uuid.UUID
	var sealed []byte
	if err := row.Scan(&e.ID, &e.Action, &e.Outcome, &actor, &target, &sealed, &e.RequestID, &e.OccurredAt); err != nil {
		return e, err
	}
	if actor != nil {
		e.Actor = *actor
	}
	if target != nil {
		e.Target = *target
	}
	address, err := l.addresses.Open(sealed, addressOf(e.ID))
	if err == nil && len(address) > 0 {
		e.Address, err = netip.ParseAddr(string(address))
	}
	return e, err
}
