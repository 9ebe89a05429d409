package program

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/plumbline/impl/platform/ops"
	"example.com/plumbline/impl/platform/postgres"
)

// mostAcquire is how long the check of the database waits for a connection at most.
const mostAcquire = time.Second

// databaseCheck checks the database, without which a service can do nothing. It needs what a request that writes needs,
// and waits for a connection half as long as a request, which is 0 if requests wait without a limit.
func databaseCheck(pool *pgxpool.Pool, acquire time.Duration) ops.Check {
	if acquire = min(acquire/2, mostAcquire); acquire <= 0 {
		acquire = mostAcquire
	}
	return ops.Check{Name: "database", Critical: true, Run: func(ctx context.Context) error {
		acquiring, cancel := context.WithTimeout(ctx, acquire)
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
