package pgtest

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Brittle is a database whose connection is lost at COMMIT, as long as Broken is true.
type Brittle struct {
	*pgxpool.Pool

	Broken *atomic.Bool
	// Carried says whether the server commits all the same.
	Carried bool
}

// BeginTx begins a transaction that ends as Brittle says.
func (b Brittle) BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error) {
	tx, err := b.Pool.BeginTx(ctx, options)
	if err != nil || !b.Broken.Load() {
		return tx, err
	}
	return brittleTx{tx, b.Carried}, nil
}

type brittleTx struct {
	pgx.Tx

	carried bool
}

func (b brittleTx) Commit(ctx context.Context) error {
	if !b.carried {
		return errors.Join(io.ErrUnexpectedEOF, b.Rollback(ctx))
	}
	return errors.Join(io.ErrUnexpectedEOF, b.Tx.Commit(ctx))
}
