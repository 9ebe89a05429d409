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

// ErrUnknownOutcome means that the connection was lost during COMMIT: the transaction may or may not have
// happened. Repeating it is right only when it is idempotent.
var ErrUnknownOutcome = errors.New("the outcome of the transaction is unknown: the connection was lost during COMMIT")

const (
	maxAttempts   = 3
	retryPause    = 20 * time.Millisecond // upper bound of the first pause; it doubles
	commitTimeout = 5 * time.Second       // PostgreSQL itself obeys statement_timeout; this is for a silent network
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
	if outer, nested := db.(pgx.Tx); nested {
		return inSavepoint(ctx, outer, fn)
	}
	for attempt := 1; ; attempt++ {
		err := once(ctx, db, fn)
		if err == nil || attempt == maxAttempts || !isRolledBack(err) {
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

func once(ctx context.Context, db Beginner, fn func(tx pgx.Tx) error) error {
	tx, err := begin(ctx, db)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer rollback(ctx, tx) // also on panic and runtime.Goexit; without effect after a commit
	if err := fn(tx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("transaction not committed: %w", err)
	}
	return commit(ctx, tx)
}

func inSavepoint(ctx context.Context, outer pgx.Tx, fn func(tx pgx.Tx) error) error {
	tx, err := outer.Begin(ctx)
	if err != nil {
		return fmt.Errorf("set savepoint: %w", err)
	}
	defer rollback(ctx, tx)
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("release savepoint: %w", err)
	}
	return nil
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

// commit is not interrupted by the caller's cancellation: that would turn a sure outcome into an unknown one.
func commit(ctx context.Context, tx pgx.Tx) error {
	// Afterwards it is too late to ask: pgx reports a connection lost while it waits for the answer in the
	// same words, "conn closed", and as safe to retry.
	if tx.Conn().IsClosed() {
		return fmt.Errorf("transaction not committed: %w", pgconn.ErrConnClosed)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	err := tx.Commit(ctx)
	switch {
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
	// When it fails, pgx closes the connection, and PostgreSQL rolls back on its own.
	_ = tx.Rollback(ctx)
}

// isUnknownOutcome judges an error of COMMIT: an answer of PostgreSQL is certain, unless the answer is that
// the session ends.
func isUnknownOutcome(err error) bool {
	if code := sqlState(err); code != "" {
		return strings.HasPrefix(code, classConnection) || strings.HasPrefix(code, classIntervention) ||
			code == codeUnknownCompletion
	}
	return !errors.Is(err, pgx.ErrTxCommitRollback) && !errors.Is(err, pgx.ErrTxClosed)
}

// isRolledBack says whether err leaves no doubt that nothing happened and another attempt may fare better.
func isRolledBack(err error) bool {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) || errors.Is(err, ErrUnknownOutcome) {
		return false
	}
	switch pgErr.Code {
	case codeSerializationFailure, codeDeadlock, codeLockTimeout:
		return true
	case codeFeatureNotSupported:
		// "cached plan must not change result type", told by its place because the text is translated.
		return pgErr.Routine == "RevalidateCachedQuery"
	}
	return false
}
