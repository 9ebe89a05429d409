package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// The reasons why a database that answers takes no writes.
var (
	ErrReadOnly = errors.New("the database is read-only")
	ErrDiskFull = errors.New("the disk of the database is full")
)

// spill writes about half a megabyte to the disk of the database, more than leastMemory holds. The file is removed with
// the statement, and no table grows.
const (
	leastMemory = "SET LOCAL work_mem = '64kB'"
	spill       = "SELECT count(*) FROM generate_series(1, 30000)"
)

// CheckWrites checks that a database takes writes: it is not read-only, its disk has space, and a COMMIT is confirmed,
// also by the synchronous standby if there is one. It leaves nothing behind. The error wraps [ErrReadOnly] or
// [ErrDiskFull] if it is one of these.
func CheckWrites(ctx context.Context, db Beginner) error {
	err := InTx(ctx, db, func(tx pgx.Tx) error {
		var readOnly bool
		if err := tx.QueryRow(ctx, "SELECT current_setting('transaction_read_only')::boolean").Scan(&readOnly); err != nil {
			return err
		}
		if readOnly {
			return ErrReadOnly
		}
		if _, err := tx.Exec(ctx, leastMemory); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, spill); err != nil {
			return err
		}
		return Barrier(ctx, tx)
	})
	if sqlState(err) == codeDiskFull {
		return fmt.Errorf("%w: %w", ErrDiskFull, err)
	}
	return err
}
