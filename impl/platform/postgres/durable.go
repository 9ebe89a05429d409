package postgres

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// COMMIT waits for the synchronous standby. When a lost connection or an operator cuts that wait off, the transaction
// is visible on this server all the same, and is lost if the standby takes over. What is visible must therefore not be
// reported as durable until a later commit of our own has been confirmed: its COMMIT waits until the standby has
// everything before it.

// barrier is the smallest write whose COMMIT waits like any other: a WAL record that nobody reads.
const barrier = "SELECT pg_logical_emit_message(true, 'barrier', '')"

// Barrier makes the commit of tx wait as after a write, even if tx has written nothing, so that everything it has read
// is durable.
func Barrier(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, barrier); err != nil {
		return fmt.Errorf("write a barrier: %w", err)
	}
	return nil
}

// Settle returns when everything that was visible at its call is durable. It costs a commit.
func Settle(ctx context.Context, db Beginner) error {
	ctx = context.WithValue(ctx, lastKey{}, nil) // Without the audit entry of the caller: this is no effect of it.
	return InTx(ctx, db, func(tx pgx.Tx) error { return Barrier(ctx, tx) })
}

// unreplicatedKey is the key under which a connection keeps the warning of its last COMMIT.
const unreplicatedKey = "unreplicated"

// noteUnreplicated records PostgreSQL's warning that the wait for the standby was cut off, which comes with a COMMIT
// that succeeds. It recognizes the warning by its place in the source, since the text is translated.
func noteUnreplicated(conn *pgconn.PgConn, notice *pgconn.Notice) {
	if notice.Routine != "SyncRepWaitForLSN" {
		return
	}
	if warned, ok := conn.CustomData()[unreplicatedKey].(*atomic.Bool); ok {
		warned.Store(true)
	}
}

// watchReplication gives a flag that is true once the next COMMIT on the connection has come with that warning. COMMIT
// returns the connection to its pool, so it cannot be asked afterwards.
func watchReplication(conn *pgx.Conn) *atomic.Bool {
	warned := new(atomic.Bool)
	conn.PgConn().CustomData()[unreplicatedKey] = warned
	return warned
}
