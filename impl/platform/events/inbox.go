package events

import (
	"context"

	"github.com/jackc/pgx/v5"

	"example.com/plumbline/impl/platform/failpoint"
	"example.com/plumbline/impl/platform/postgres"
)

const (
	receive = `
INSERT INTO inbox (id, received_at)
VALUES ($1, clock_timestamp())
ON CONFLICT ON CONSTRAINT inbox_pkey DO NOTHING`
	// A copy can come as long as the outbox keeps an event to be published again and the stream keeps that copy.
	purgeReceived = `
DELETE FROM inbox
WHERE id IN (
    SELECT id
    FROM inbox
    WHERE received_at < now() - interval '15 days'
    LIMIT $1
)`
)

// Once handles an event in a transaction that also records it in the table inbox; it does nothing for an event that is
// recorded there. handle may run more than once, as in [postgres.InTx], and must have no effect but through tx.
func Once(ctx context.Context, db postgres.Beginner, e Event, handle func(tx pgx.Tx) error) error {
	return postgres.InTx(ctx, db, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, receive, e.ID)
		switch {
		case err != nil:
			return err
		case tag.RowsAffected() == 0:
			return postgres.Barrier(ctx, tx) // The effect is there, and must last before the event comes no more.
		}
		if err := handle(tx); err != nil {
			return err
		}
		return failpoint.Hit("inbox.before-commit")
	})
}
