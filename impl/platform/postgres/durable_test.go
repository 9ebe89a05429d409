package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/pgtest"
)

// A COMMIT that an operator has cut off succeeds as PostgreSQL tells it, and may be lost with the server.
func TestCommitThatIsNotReplicated(t *testing.T) {
	t.Parallel()
	primary := pgtest.Replicated(t, accounts())
	pool := pgtest.Open(t, pgtest.Patient(primary.URL))
	add := func(db postgres.Beginner) error {
		return postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
			return run(t.Context(), tx, "UPDATE accounts SET balance = balance + 1 WHERE id = 1")
		})
	}
	require.NoError(t, add(pool))
	primary.SetAway(true)
	conn, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	failed := make(chan error, 1)
	for name, write := range map[string]func() error{
		"a write":   func() error { return add(conn) },
		"a barrier": func() error { return postgres.Settle(t.Context(), conn) },
	} {
		go func() { failed <- write() }()
		primary.CutOff()
		err := <-failed
		require.ErrorIs(t, err, postgres.ErrUnknownOutcome, name)
		require.True(t, postgres.IsUnavailable(err), name)
	}
	require.Equal(t, int64(2), balance(t, pool, 1), "it is visible all the same")
	primary.SetAway(false)
	require.NoError(t, add(conn), "the warning is forgotten")
	require.NoError(t, postgres.Settle(t.Context(), conn))
}

// What belongs to the caller's transactions does not end that of a barrier.
func TestSettleDoesNothingElse(t *testing.T) {
	t.Parallel()
	ctx := postgres.WithLast(t.Context(), func(context.Context, pgx.Tx) error { return errFailed })
	require.NoError(t, postgres.Settle(ctx, pgtest.New(t, accounts())))
}
