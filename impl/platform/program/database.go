package program

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/plumbline/impl/platform/ops"
	"example.com/plumbline/impl/platform/postgres"
)

// connectionTimeout is how long the check of the database waits for a connection: half of the time that a request
// waits.
const connectionTimeout = time.Second

// databaseCheck checks the database, without which a service can do nothing. It needs what a request that writes needs.
func databaseCheck(pool *pgxpool.Pool) ops.Check {
	return ops.Check{Name: "database", Critical: true, Run: func(ctx context.Context) error {
		acquiring, cancel := context.WithTimeout(ctx, connectionTimeout)
		defer cancel()
		conn, err := pool.Acquire(acquiring)
		if err != nil {
			switch all := pool.Stat(); {
			case acquiring.Err() == nil:
				return err
			case all.AcquiredConns() == all.MaxConns():
				return errors.Join(ops.Reason("no_connection_free"), err)
			default: // The pool has room, so it is the server that does not answer.
				return errors.Join(ops.TimedOut, err)
			}
		}
		defer conn.Release()
		err = postgres.CheckWrites(ctx, conn)
		switch {
		case errors.Is(err, postgres.ErrReadOnly):
			// With target_session_attrs, the pool leaves such a server for another.
			if pool.Config().ConnConfig.ValidateConnect != nil {
				_ = conn.Conn().Close(ctx)
			}
			return errors.Join(ops.Reason("read_only"), err)
		case errors.Is(err, postgres.ErrDiskFull):
			return errors.Join(ops.Reason("disk_full"), err)
		}
		return err
	}}
}
