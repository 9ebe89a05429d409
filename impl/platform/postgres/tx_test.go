package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/pgtest"
)

func balance(t *testing.T, pool *pgxpool.Pool, id int) (n int64) {
	t.Helper()
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT balance FROM accounts WHERE id = $1", id).Scan(&n))
	return n
}

func run(ctx context.Context, tx pgx.Tx, sql string, args ...any) error {
	_, err := tx.Exec(ctx, sql, args...)
	return err
}

var errFailed = errors.New("failed")

func TestInTxCommitsOrRollsBack(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, accounts())
	add := func(ctx context.Context, after func() error) error {
		return postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
			if err := run(ctx, tx, "UPDATE accounts SET balance = balance + 1 WHERE id = 1"); err != nil {
				return err
			}
			return after()
		})
	}
	require.NoError(t, add(t.Context(), func() error { return nil }))
	require.Equal(t, int64(1), balance(t, pool, 1))

	require.ErrorIs(t, add(t.Context(), func() error { return errFailed }), errFailed)
	require.PanicsWithValue(t, "oops", func() { _ = add(t.Context(), func() error { panic("oops") }) })
	ctx, cancel := context.WithCancel(t.Context())
	require.ErrorIs(t, add(ctx, func() error { cancel(); return nil }), context.Canceled)

	require.Equal(t, int64(1), balance(t, pool, 1))
	require.Zero(t, pool.Stat().AcquiredConns(), "connections are given back")
}

func TestInTxIsReadCommitted(t *testing.T) {
	t.Parallel()
	pool, err := postgres.Open(t.Context(), postgres.Config{
		URL: pgtest.URL(t, accounts()) + "&default_transaction_isolation=serializable",
	})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	var isolation string
	require.NoError(t, postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), "SHOW transaction_isolation").Scan(&isolation)
	}))
	require.Equal(t, "read committed", isolation)
}

func TestInTxRepeatsAfterSerializationFailure(t *testing.T) {
	t.Parallel()
	for name, conflicts := range map[string]int{"once": 1, "twice": 2, "too often": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t, accounts())
			attempts := 0
			err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
				attempts++
				if err := run(t.Context(), tx, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"); err != nil {
					return err
				}
				if err := run(t.Context(), tx, "SELECT balance FROM accounts"); err != nil {
					return err
				}
				if attempts <= conflicts {
					_, err := pool.Exec(t.Context(), "UPDATE accounts SET balance = balance + 1 WHERE id = 1")
					require.NoError(t, err)
				}
				return run(t.Context(), tx, "UPDATE accounts SET balance = balance + 100 WHERE id = 1")
			})
			if conflicts == 3 {
				require.ErrorContains(t, err, "40001")
				require.Equal(t, 3, attempts)
				require.Equal(t, int64(3), balance(t, pool, 1))
				return
			}
			require.NoError(t, err)
			require.Equal(t, conflicts+1, attempts)
			require.Equal(t, int64(100+conflicts), balance(t, pool, 1))
		})
	}
}

func TestInTxRepeatsAfterDeadlock(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, accounts())
	var both sync.WaitGroup // holds each back until the other has its first row
	both.Add(2)
	var mu sync.Mutex
	attempts := 0
	move := func(from, to int) error {
		first := true
		return postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
			mu.Lock()
			attempts++
			mu.Unlock()
			// PostgreSQL looks for deadlocks after a second; on a busy machine the pool's own time-outs would come first.
			for _, setting := range []string{"statement_timeout", "lock_timeout"} {
				if err := run(t.Context(), tx, "SET LOCAL "+setting+" = '60s'"); err != nil {
					return err
				}
			}
			if err := run(t.Context(), tx, "UPDATE accounts SET balance = balance + 1 WHERE id = $1", from); err != nil {
				return err
			}
			if first {
				first = false
				both.Done()
				both.Wait()
			}
			return run(t.Context(), tx, "UPDATE accounts SET balance = balance + 1 WHERE id = $1", to)
		})
	}
	results := make(chan error)
	go func() { results <- move(1, 2) }()
	go func() { results <- move(2, 1) }()
	require.NoError(t, <-results)
	require.NoError(t, <-results)
	require.Equal(t, 3, attempts)
	require.Equal(t, int64(2), balance(t, pool, 1))
}

func TestInTxRepeatsAfterLockTimeout(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, accounts())
	blocker, err := pool.Begin(t.Context())
	require.NoError(t, err)
	require.NoError(t, run(t.Context(), blocker, "UPDATE accounts SET balance = 5 WHERE id = 1"))
	attempts := 0
	err = postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		if attempts++; attempts == 2 {
			require.NoError(t, blocker.Commit(t.Context()))
		}
		if err := run(t.Context(), tx, "SET LOCAL lock_timeout = '10ms'"); err != nil {
			return err
		}
		return run(t.Context(), tx, "UPDATE accounts SET balance = balance + 1 WHERE id = 1")
	})
	require.NoError(t, err)
	require.Equal(t, 2, attempts)
	require.Equal(t, int64(6), balance(t, pool, 1))
}

func TestInTxRepeatsWhenAMigrationChangedThePlan(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, accounts())
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: 1})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	attempts := 0
	read := func() error {
		return postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
			attempts++
			return run(t.Context(), tx, "SELECT * FROM accounts WHERE id = $1", 1)
		})
	}
	require.NoError(t, read())
	_, err = pool.Exec(t.Context(), "ALTER TABLE accounts ADD COLUMN note text")
	require.NoError(t, err)
	attempts = 0
	require.NoError(t, read())
	require.Equal(t, 2, attempts)
}

func TestInTxDoesNotRepeatOtherFailures(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, accounts())
	attempts := 0
	err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		attempts++
		return run(t.Context(), tx, "INSERT INTO accounts (id) VALUES (1)")
	})
	require.Equal(t, "accounts_pkey", postgres.Constraint(err))
	require.Equal(t, 1, attempts)
}

func TestInTxInsideATransactionIsASavepoint(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, accounts())
	inner := 0
	require.NoError(t, postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		err := postgres.InTx(t.Context(), tx, func(tx pgx.Tx) error {
			inner++
			if err := run(t.Context(), tx, "UPDATE accounts SET balance = 7"); err != nil {
				return err
			}
			return run(t.Context(), tx, "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$")
		})
		require.ErrorContains(t, err, "40001")
		return run(t.Context(), tx, "UPDATE accounts SET balance = balance + 1 WHERE id = 1")
	}))
	require.Equal(t, 1, inner)
	require.Equal(t, int64(1), balance(t, pool, 1))
}

func TestFailureOfCommitIsCertain(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, accounts())
	_, err := pool.Exec(t.Context(), `
		ALTER TABLE accounts ADD CONSTRAINT accounts_balance_key UNIQUE (id, balance) DEFERRABLE INITIALLY DEFERRED;
		ALTER TABLE accounts DROP CONSTRAINT accounts_pkey`)
	require.NoError(t, err)
	err = postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		return run(t.Context(), tx, "INSERT INTO accounts (id) VALUES (1)")
	})
	require.Equal(t, "accounts_balance_key", postgres.Constraint(err))
	require.NotErrorIs(t, err, postgres.ErrUnknownOutcome)
}

func TestErrorSwallowedInTxIsNotSuccess(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, accounts())
	err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		_ = run(t.Context(), tx, "INSERT INTO accounts (id) VALUES (1)")
		return nil
	})
	require.ErrorIs(t, err, pgx.ErrTxCommitRollback)
	require.NotErrorIs(t, err, postgres.ErrUnknownOutcome)
}

// cutAtCommit loses the connection right after COMMIT was sent.
type cutAtCommit struct{ net.Conn }

func (c cutAtCommit) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if bytes.Contains(b, []byte("commit\x00")) {
		_ = c.Close()
	}
	return n, err
}

func TestConnectionLostDuringCommit(t *testing.T) {
	t.Parallel()
	cfg, err := pgxpool.ParseConfig(pgtest.URL(t, accounts()))
	require.NoError(t, err)
	cfg.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return cutAtCommit{conn}, err
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	attempts := 0
	err = postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		attempts++
		return run(t.Context(), tx, "UPDATE accounts SET balance = balance + 1 WHERE id = 1")
	})
	require.ErrorIs(t, err, postgres.ErrUnknownOutcome)
	require.True(t, postgres.IsUnavailable(err))
	require.Equal(t, 1, attempts)
}

func TestConnectionLostBeforeCommitIsCertain(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, accounts())
	err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		return tx.Conn().Close(t.Context())
	})
	require.True(t, postgres.IsUnavailable(err))
	require.NotErrorIs(t, err, postgres.ErrUnknownOutcome)
}

func TestSessionEndedDuringCommit(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, accounts())
	_, err := pool.Exec(t.Context(), `
		CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql
		AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER leaving AFTER UPDATE ON accounts
		DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION leave()`)
	require.NoError(t, err)
	err = postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		return run(t.Context(), tx, "UPDATE accounts SET balance = 1")
	})
	require.ErrorIs(t, err, postgres.ErrUnknownOutcome)
}

func TestPreparedIsLeftToItsOwner(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, accounts())
	add := func(tx pgx.Tx) error {
		return run(t.Context(), tx, "UPDATE accounts SET balance = balance + 1 WHERE id = 1")
	}
	outer, err := pool.Begin(t.Context())
	require.NoError(t, err)
	for _, db := range []postgres.Beginner{pool, outer} { // a transaction of its own, a savepoint
		before := balance(t, pool, 1)
		prepared, err := postgres.Prepare(t.Context(), db, add)
		require.NoError(t, err)
		require.NoError(t, add(prepared.Tx))
		require.Equal(t, before, balance(t, pool, 1), "nobody sees it yet")
		prepared.Rollback(t.Context())
		require.Error(t, prepared.Commit(t.Context()))

		prepared, err = postgres.Prepare(t.Context(), db, add)
		require.NoError(t, err)
		require.NoError(t, prepared.Commit(t.Context()))
		prepared.Rollback(t.Context())

		prepared, err = postgres.Prepare(t.Context(), db, func(tx pgx.Tx) error { return errors.Join(add(tx), errFailed) })
		require.ErrorIs(t, err, errFailed)
		require.Nil(t, prepared)
		require.PanicsWithValue(t, "oops", func() {
			_, _ = postgres.Prepare(t.Context(), db, func(pgx.Tx) error { panic("oops") })
		})
	}
	require.NoError(t, outer.Commit(t.Context()))
	require.Equal(t, int64(2), balance(t, pool, 1))
	require.Zero(t, pool.Stat().AcquiredConns(), "connections are given back")
}

func TestPrepareRepeatsTheWhole(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, accounts())
	attempts := 0
	prepared, err := postgres.Prepare(t.Context(), pool, func(tx pgx.Tx) error {
		if attempts++; attempts < 3 {
			return run(t.Context(), tx, "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$")
		}
		return run(t.Context(), tx, "UPDATE accounts SET balance = 5 WHERE id = 1")
	})
	require.NoError(t, err)
	require.Equal(t, 3, attempts)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, prepared.Commit(ctx), "it is decided")
	require.Equal(t, int64(5), balance(t, pool, 1))
}
