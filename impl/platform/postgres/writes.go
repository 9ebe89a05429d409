package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Why a database takes no writes, though it answers.
var (
	ErrReadOnly = errors.New("the database is read-only")
	ErrDiskFull = errors.New("the disk of the database is full")
)

// What spills to the disk of the database: about half a megabyte that is gone with the statement, more than the smallest
// working memory takes. No table has to grow for it.
const (
	leastMemory = "SET LOCAL work_mem = '64kB'"
	spill       = "SELECT count(*) FROM generate_series(1, 30000)"
)

// CheckWrites finds out whether a database takes writes: it is not read-only, its disk takes what is written, and a COMMIT
// is confirmed, by the synchronous standby, too, where there is one. It leaves nothing behind. The error wraps [ErrReadOnly]
// or [ErrDiskFull] where it is one of these.
func CheckWrites(ctx context.Context, db Beginner) error {
	err := InTx(ctx, db, func(tx pgx.Tx) error {
		var readOnly bool
		if err := tx.QueryRow(ctx, "SELECT current_setting('transaction_read_only')::boolean").Scan(&readOnly); err != nil {
			return err
		}
		if readOnly {
			return ErrReadOnly
		}
		for _, statement := range []string{leastMemory, spill} {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return Barrier(ctx, tx)
	})
	if sqlState(err) == codeDiskFull {
		return fmt.Errorf("%w: %w", ErrDiskFull, err)
	}
	return err
}
