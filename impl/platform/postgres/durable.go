package postgres

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A COMMIT waits for the synchronous standby. When that wait is cut off, by a lost connection or by an operator, the
// transaction is visible on this server all the same, and is lost when another takes over. So what is visible is not yet
// what may be promised: a commit of one's own that has been confirmed makes it so, because it waits for the standby to
// have everything before it.

// barrier is the smallest write whose COMMIT waits as any other does: a record of the log that nobody reads.
const barrier = "SELECT pg_logical_emit_message(true, 'barrier', '')"

// Barrier makes the commit of tx wait as that of a write does, though tx may have written nothing: for what was read to
// last.
func Barrier(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, barrier); err != nil {
		return fmt.Errorf("write a barrier: %w", err)
	}
	return nil
}

// Settle returns when everything that was visible at its call lasts as a confirmed commit does. It costs a commit.
func Settle(ctx context.Context, db Beginner) error {
	ctx = context.WithValue(ctx, lastKey{}, nil) // It is not the caller's work, so nothing of that ends it.
	return InTx(ctx, db, func(tx pgx.Tx) error { return Barrier(ctx, tx) })
}

// unreplicatedKey is where a connection keeps what its COMMIT tells of the standby.
const unreplicatedKey = "unreplicated"

// noteUnreplicated hears PostgreSQL's warning that the wait for the standby was cut off, which comes with a COMMIT that
// succeeds; it is told by its place because the text is translated.
func noteUnreplicated(conn *pgconn.PgConn, notice *pgconn.Notice) {
	if notice.Routine != "SyncRepWaitForLSN" {
		return
	}
	if warned, ok := conn.CustomData()[unreplicatedKey].(*atomic.Bool); ok {
		warned.Store(true)
	}
}

// watchReplication gives what is true once the COMMIT that follows on the connection has come with that warning. The
// COMMIT gives the connection back to its pool, so it is not asked afterwards.
func watchReplication(conn *pgx.Conn) *atomic.Bool {
	warned := new(atomic.Bool)
	conn.PgConn().CustomData()[unreplicatedKey] = warned
	return warned
}
