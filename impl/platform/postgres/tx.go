package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrUnknownOutcome means that the connection was lost during COMMIT, or that the wait for a synchronous standby was
// cut off: the transaction may or may not have been committed, or may be lost with this server. Repeating it is safe
// only if it is idempotent.
var ErrUnknownOutcome = errors.New("the outcome of the transaction is unknown: COMMIT was not confirmed")

const (
	maxAttempts   = 3
	retryPause    = 20 * time.Millisecond // upper bound of the first pause; it doubles
	commitTimeout = 5 * time.Second       // no time-out of PostgreSQL ends the wait for a standby
	rollbackLimit = time.Second
)

// Beginner starts a transaction. *pgxpool.Pool and *pgx.Conn do; so does pgx.Tx, with a savepoint.
type Beginner interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// InTx runs fn in one READ COMMITTED transaction: it commits when fn returns nil and rolls back when fn returns
// an error or panics.
//
// A transaction that PostgreSQL itself gave up (serialization failure, deadlock, lock time-out, a plan made
// stale by a migration) is run again, at most 3 times in all, so fn must have no effect but through tx.
// Within a transaction there is a savepoint instead and nothing is repeated: only the whole can be.
//
// A connection lost during COMMIT gives an error that wraps [ErrUnknownOutcome].
func InTx(ctx context.Context, db Beginner, fn func(tx pgx.Tx) error) error {
	return whole(ctx, db, func() error {
		prepared, err := prepare(ctx, db, fn)
		if err != nil {
			return err
		}
		defer prepared.Rollback(ctx) // without effect after a commit
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("transaction not committed: %w", err)
		}
		return prepared.Commit(ctx)
	})
}

type lastKey struct{}

// WithLast gives a context in which last runs at the end of every transaction of [InTx] and [Prepare], as part of it:
// if last fails, the transaction is rolled back.
func WithLast(ctx context.Context, last func(ctx context.Context, tx pgx.Tx) error) context.Context {
	return context.WithValue(ctx, lastKey{}, last)
}

// Prepared is a transaction that is open until Commit or Rollback.
type Prepared struct {
	// Tx is for further statements of the transaction.
	Tx     pgx.Tx
	nested bool
}

// Prepare is InTx without the commit: it runs fn, with the same repetitions, and leaves the transaction open for the
// caller to end. When fn returns an error or panics, the transaction is rolled back.
func Prepare(ctx context.Context, db Beginner, fn func(tx pgx.Tx) error) (prepared *Prepared, err error) {
	err = whole(ctx, db, func() (err error) {
		prepared, err = prepare(ctx, db, fn)
		return err
	})
	return prepared, err
}

// Commit commits the transaction. It ignores the end of ctx, which would turn a known outcome into an unknown one; a
// connection lost meanwhile gives an error that wraps [ErrUnknownOutcome].
func (p *Prepared) Commit(ctx context.Context) error {
	if !p.nested {
		return commit(ctx, p.Tx)
	}
	if err := p.Tx.Commit(ctx); err != nil {
		return fmt.Errorf("release savepoint: %w", err)
	}
	return nil
}

// Rollback rolls the transaction back. It has no effect after Commit.
func (p *Prepared) Rollback(ctx context.Context) { rollback(ctx, p.Tx) }

// whole runs a transaction again when PostgreSQL has rolled it back and another attempt may succeed.
func whole(ctx context.Context, db Beginner, once func() error) error {
	_, nested := db.(pgx.Tx)
	for attempt := 1; ; attempt++ {
		err := once()
		if err == nil || nested || attempt == maxAttempts || !isRolledBack(err) {
			return err
		}
		pause := rand.N(retryPause << (attempt - 1))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

func prepare(ctx context.Context, db Beginner, fn func(tx pgx.Tx) error) (*Prepared, error) {
	tx, err := begin(ctx, db)
	_, nested := db.(pgx.Tx)
	switch {
	case err != nil && nested:
		return nil, fmt.Errorf("set savepoint: %w", err)
	case err != nil:
		return nil, fmt.Errorf("begin transaction: %w", err)
	}
	done := false
	defer func() {
		if !done { // also on panic and runtime.Goexit
			rollback(ctx, tx)
		}
	}()
	if err := fn(tx); err != nil {
		return nil, err
	}
	if last, ok := ctx.Value(lastKey{}).(func(context.Context, pgx.Tx) error); ok {
		if err := last(ctx, tx); err != nil {
			return nil, err
		}
	}
	done = true
	return &Prepared{Tx: tx, nested: nested}, nil
}

func begin(ctx context.Context, db Beginner) (pgx.Tx, error) {
	outermost, ok := db.(interface {
		BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error)
	})
	if !ok {
		return db.Begin(ctx)
	}
	return outermost.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
}

// commit ignores the cancellation of the caller, which would turn a known outcome into an unknown one.
func commit(ctx context.Context, tx pgx.Tx) error {
	// This must be checked first: pgx reports a connection that is lost while it waits for the answer in the same words,
	// "conn closed", and as safe to retry.
	if tx.Conn().IsClosed() {
		return fmt.Errorf("transaction not committed: %w", pgconn.ErrConnClosed)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	warned := watchReplication(tx.Conn())
	err := tx.Commit(ctx)
	switch {
	case err == nil && warned.Load():
		return fmt.Errorf("%w: its wait for the standby was cut off", ErrUnknownOutcome)
	case err == nil:
		return nil
	case isUnknownOutcome(err):
		return fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
	default:
		return fmt.Errorf("commit: %w", err)
	}
}

func rollback(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackLimit)
	defer cancel()
	// If it fails, pgx closes the connection and PostgreSQL rolls back.
	_ = tx.Rollback(ctx)
}

// isUnknownOutcome judges an error of COMMIT: an answer of PostgreSQL is certain, unless it says that the session ends.
func isUnknownOutcome(err error) bool {
	if code := sqlState(err); code != "" {
		return strings.HasPrefix(code, classConnection) || strings.HasPrefix(code, classIntervention) ||
			code == codeUnknownCompletion
	}
	return !errors.Is(err, pgx.ErrTxCommitRollback) && !errors.Is(err, pgx.ErrTxClosed)
}

// isRolledBack tells whether nothing has happened for certain and another attempt may succeed.
func isRolledBack(err error) bool {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) || errors.Is(err, ErrUnknownOutcome) {
		return false
	}
	switch pgErr.Code {
	case codeSerializationFailure, codeDeadlock, codeLockTimeout:
		return true
	case codeFeatureNotSupported:
		// "cached plan must not change result type", recognized by its place, since the text is translated.
		return pgErr.Routine == "RevalidateCachedQuery"
	}
	return false
}
