// Package idempotency keeps the answers to requests with an Idempotency-Key in PostgreSQL: an answer is written in the
// transaction of its effect, so that either both are committed or neither is.
package idempotency

import (
	"cmp"
	"context"
	"crypto/sha256"
	"embed"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/dbfault"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
)

//go:embed schema/*.sql
var schema embed.FS

// Tables is the part of a database's schema that has the kept answers.
var Tables = postgres.NewTables("idempotency", schema)

// Kept is how long an answer is kept. A key that is older counts as a new one.
const Kept = 24 * time.Hour

// Database is a pool, or a transaction that a test rolls back. It has [Tables].
type Database interface {
	postgres.Beginner
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Config is what a keeper is made of. A wait of zero is its default.
type Config struct {
	Database Database
	// Clock tells the time; nil is the system's.
	Clock func() time.Time
	// Queue is how long a request waits for the one with the same key in this process, 5 s unless told otherwise. It
	// holds no connection meanwhile.
	Queue time.Duration
	// Lock is how long a request waits for the one with the same key in another process, 1 s unless told otherwise. It
	// holds a connection meanwhile.
	Lock time.Duration
}

// Keeper keeps the answers of one service.
type Keeper struct {
	database    Database
	clock       func() time.Time
	queue, lock time.Duration

	mu    sync.Mutex
	turns map[key]*turn
}

var _ httpapi.Idempotency = (*Keeper)(nil)

// key is a client's key with the account and the operation that it belongs to.
type key struct {
	principal      uuid.UUID
	operation, key string
}

// turn is the attempt that runs in this process for a key. Others with the key wait for its end, so that together they
// hold one connection.
type turn struct {
	fingerprint [sha256.Size]byte
	ended       chan struct{}
	answer      *httpapi.KeptAnswer // of the key, once ended; nil: none is known
}

// New makes a keeper.
func New(c Config) *Keeper {
	k := &Keeper{
		database: c.Database, clock: c.Clock, turns: map[key]*turn{},
		queue: cmp.Or(c.Queue, 5*time.Second), lock: cmp.Or(c.Lock, time.Second),
	}
	if k.clock == nil {
		k.clock = time.Now
	}
	return k
}

// Begin gives the answer that is kept for a request, or the attempt to be the first to answer it, as
// httpapi.Idempotency asks.
func (k *Keeper) Begin(
	ctx context.Context, request httpapi.KeyedRequest,
) (*httpapi.KeptAnswer, httpapi.Attempt, error) {
	at := key{request.Principal, request.Operation, request.Key}
	mine, answer, err := k.takeTurn(ctx, at, request.Fingerprint)
	if mine == nil {
		return answer, nil, err
	}
	a := &attempt{keeper: k, key: at, turn: mine}
	kept, err := a.find(ctx, k.database)
	if err == nil && kept == nil {
		return nil, a, nil
	}
	defer a.End(ctx)
	if err == nil {
		err = a.giveAgain(ctx, kept)
	}
	return a.turn.answer, nil, dbfault.Explain(err, nil)
}

// takeTurn waits for the key in this process. It gives the caller's turn, or the answer of the turn before.
func (k *Keeper) takeTurn(
	ctx context.Context, at key, fingerprint [sha256.Size]byte,
) (*turn, *httpapi.KeptAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, k.queue)
	defer cancel()
	for {
		k.mu.Lock()
		before := k.turns[at]
		if before == nil {
			mine := &turn{fingerprint: fingerprint, ended: make(chan struct{})}
			k.turns[at] = mine
			k.mu.Unlock()
			return mine, nil, nil
		}
		k.mu.Unlock()
		if before.fingerprint != fingerprint {
			return nil, nil, contract.ErrIdempotencyKeyReused
		}
		select {
		case <-before.ended:
		case <-ctx.Done():
			return nil, nil, contract.ErrIdempotencyKeyInUse
		}
		if before.answer != nil {
			return nil, before.answer, nil
		}
	}
}

func (k *Keeper) endTurn(at key, t *turn) {
	k.mu.Lock()
	delete(k.turns, at)
	k.mu.Unlock()
	close(t.ended)
}

const purgeKeys = `
DELETE FROM idempotency_keys
WHERE (principal, operation, key) IN (
    SELECT principal, operation, key
    FROM idempotency_keys
    WHERE created_at <= $1
    ORDER BY created_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)`

// Purge removes the answers that are older than Kept, in batches that lock little.
func (k *Keeper) Purge(ctx context.Context) error {
	return postgres.InBatches(func(limit int32) (int64, error) {
		purged, err := k.database.Exec(ctx, purgeKeys, k.expired(), limit)
		return purged.RowsAffected(), err
	})
}

// expired is the time at or before which an expired key was first seen.
func (k *Keeper) expired() time.Time { return k.clock().Add(-Kept) }
