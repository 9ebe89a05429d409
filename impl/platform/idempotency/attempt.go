package idempotency

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/jackc/pgx/v5"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/dbfault"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
)

// attempt is one request with a key, from its turn to its answer.
type attempt struct {
	keeper   *Keeper
	key      key
	turn     *turn
	prepared *postgres.Prepared  // the effect of the handler, not yet committed
	first    *httpapi.KeptAnswer // the answer of another process, which took the key first
	lost     error               // why this attempt cannot take the key; nil: it can
}

type attemptKey struct{}

// InTx runs the statements of a handler as one, as [postgres.InTx] does. For a request with an Idempotency-Key it takes
// the key first and leaves the transaction open: the chain commits it together with the answer. If another request has
// the key, the handler returns the error that InTx gives, and the chain answers as the other was answered.
//
// A handler must not read afterwards what it has written, since it is not committed, and InTx succeeds for it once.
func InTx(ctx context.Context, db postgres.Beginner, fn func(tx pgx.Tx) error) error {
	a, _ := ctx.Value(attemptKey{}).(*attempt)
	switch {
	case a == nil:
		return postgres.InTx(ctx, db, fn)
	case a.prepared != nil:
		return errors.New("the handler of a request with an Idempotency-Key has a second transaction: put both into one")
	}
	prepared, err := postgres.Prepare(ctx, db, func(tx pgx.Tx) error {
		if err := a.claim(ctx, tx); err != nil {
			return err
		}
		return fn(tx)
	})
	a.prepared = prepared
	return err
}

// Keyed tells whether ctx is of a request with an Idempotency-Key, whose transaction must be that of [InTx].
func Keyed(ctx context.Context) bool {
	a, _ := ctx.Value(attemptKey{}).(*attempt)
	return a != nil
}

// Context gives the context by which InTx finds the attempt.
func (a *attempt) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, attemptKey{}, a)
}

// Finish keeps a final answer: it commits a success together with its effect, and a refusal without one.
func (a *attempt) Finish(ctx context.Context, answer httpapi.KeptAnswer) (*httpapi.KeptAnswer, error) {
	passes := answer.Status >= http.StatusInternalServerError || answer.Header.Get("Retry-After") != ""
	switch {
	case a.first != nil:
	case a.lost != nil:
		return nil, a.lost
	case passes:
		return nil, nil
	case a.prepared != nil && answer.Status < http.StatusBadRequest:
		if err := a.fill(ctx, a.prepared.Tx, answer); err != nil {
			return nil, dbfault.Explain(err, nil)
		}
		if err := a.prepared.Commit(ctx); err != nil {
			return nil, dbfault.Explain(err, nil)
		}
		a.turn.answer = &answer
	default:
		if err := a.keepAlone(ctx, answer); err != nil {
			return nil, err
		}
	}
	if a.first == nil {
		return nil, nil
	}
	if err := a.giveAgain(ctx, a.first); err != nil {
		return nil, dbfault.Explain(err, nil)
	}
	return a.first, nil
}

// giveAgain makes a kept answer that of the turn when its effect is durable: the process that committed it may not have
// learned that it is.
func (a *attempt) giveAgain(ctx context.Context, kept *httpapi.KeptAnswer) error {
	if err := postgres.Settle(ctx, a.keeper.database); err != nil {
		return fmt.Errorf("make sure of the answer of an idempotency key: %w", err)
	}
	a.turn.answer = kept
	return nil
}

// keepAlone keeps an answer without an effect.
func (a *attempt) keepAlone(ctx context.Context, answer httpapi.KeptAnswer) error {
	if a.prepared != nil {
		a.prepared.Rollback(ctx)
	}
	err := postgres.InTx(ctx, a.keeper.database, func(tx pgx.Tx) error {
		if err := a.claim(ctx, tx); err != nil {
			return err
		}
		return a.fill(ctx, tx, answer)
	})
	switch {
	case a.first != nil:
		return nil
	case err != nil:
		return dbfault.Explain(err, nil)
	}
	a.turn.answer = &answer
	return nil
}

// End undoes what was not committed and lets the next request with the key have its turn.
func (a *attempt) End(ctx context.Context) {
	if a.prepared != nil {
		a.prepared.Rollback(ctx)
	}
	a.keeper.endTurn(a.key, a.turn)
}

// claimKey takes a new or expired key. It waits for an open transaction that has taken the key. It changes one row, or
// none when a committed transaction has the key.
const claimKey = `
INSERT INTO idempotency_keys (principal, operation, key, fingerprint, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (principal, operation, key) DO UPDATE
SET fingerprint = excluded.fingerprint, status = NULL, headers = NULL, body = NULL, created_at = excluded.created_at
WHERE idempotency_keys.created_at <= $6`

const (
	boundLock   = `SELECT set_config('lock_timeout', $1, true)`
	unboundLock = `SET LOCAL lock_timeout TO DEFAULT`
)

// claim takes the key within a transaction. When another request has it, claim sets first or lost.
func (a *attempt) claim(ctx context.Context, tx pgx.Tx) error {
	k := a.keeper
	a.first, a.lost = nil, nil
	var claimed int64
	batch := &pgx.Batch{} // one round trip
	batch.Queue(boundLock, strconv.FormatInt(k.lock.Milliseconds(), 10))
	batch.Queue(claimKey, a.key.principal, a.key.operation, a.key.key, a.turn.fingerprint[:], k.clock(), k.expired())
	batch.Queue(unboundLock)
	results := tx.SendBatch(ctx, batch)
	_, err := results.Exec()
	if err == nil {
		tag, claimErr := results.Exec()
		claimed, err = tag.RowsAffected(), claimErr
	}
	if err = errors.Join(err, results.Close()); err == nil && claimed == 1 {
		return nil
	}
	if err == nil {
		a.first, err = a.find(ctx, tx)
	}
	switch {
	case errors.Is(err, contract.ErrIdempotencyKeyReused):
		a.lost = err
	case postgres.IsLockTimeout(err), err == nil && a.first == nil: // The other may still be running.
		a.lost = contract.ErrIdempotencyKeyInUse // without its cause, for which the transaction would be tried again
	case err == nil:
		return contract.ErrIdempotencyKeyInUse // It is not what will be answered.
	}
	return cmp.Or(a.lost, err)
}

const findKey = `
SELECT fingerprint, status, headers, body
FROM idempotency_keys
WHERE principal = $1
  AND operation = $2
  AND key = $3
  AND status IS NOT NULL
  AND created_at > $4`

// find gives the answer that is kept for the key, nil when there is none.
func (a *attempt) find(ctx context.Context, db interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
},
) (*httpapi.KeptAnswer, error) {
	var fingerprint, headers []byte
	var answer httpapi.KeptAnswer
	err := db.QueryRow(ctx, findKey, a.key.principal, a.key.operation, a.key.key, a.keeper.expired()).
		Scan(&fingerprint, &answer.Status, &headers, &answer.Body)
	switch {
	case postgres.IsNoRows(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("find the answer of an idempotency key: %w", err)
	case [sha256.Size]byte(fingerprint) != a.turn.fingerprint:
		return nil, contract.ErrIdempotencyKeyReused
	}
	if err := json.Unmarshal(headers, &answer.Header); err != nil {
		return nil, fmt.Errorf("read the answer of an idempotency key: %w", err)
	}
	return &answer, nil
}

const fillKey = `
UPDATE idempotency_keys
SET status = $4, headers = $5, body = $6
WHERE principal = $1
  AND operation = $2
  AND key = $3`

// fill writes the answer into the row that claim has made.
func (a *attempt) fill(ctx context.Context, tx pgx.Tx, answer httpapi.KeptAnswer) error {
	headers, err := json.Marshal(answer.Header)
	if err != nil {
		return err
	}
	filled, err := tx.Exec(ctx, fillKey, a.key.principal, a.key.operation, a.key.key, answer.Status, headers, answer.Body)
	if err == nil && filled.RowsAffected() != 1 {
		err = errors.New("the row of the key is not there")
	}
	if err != nil {
		return fmt.Errorf("keep the answer of an idempotency key: %w", err)
	}
	return nil
}
