package idempotency

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/pgtest"
)

func TestOnce(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, effectsTable, Tables)
	p := begin(t, Config{Database: pool})
	first := p.send("k", "a")
	require.Equal(t, http.StatusCreated, first.status, first.body)
	require.False(t, first.replayed)
	for range 3 {
		require.Equal(t, first.again(), p.send("k", "a"))
	}
	require.Equal(t, 1, effects(t, pool, "a"))
	require.EqualValues(t, 1, p.ran.Load())

	reused := p.send("k", "b")
	require.Equal(t, http.StatusUnprocessableEntity, reused.status)
	require.Equal(t, "idempotency_key_reused", reused.code)
	require.Zero(t, effects(t, pool, "b"))

	require.False(t, p.send("K", "a").replayed, "another key")
	require.False(t, p.sendAs(t.Context(), uuid.New(), "k", "a").replayed, "another caller's key")
	require.Equal(t, 3, effects(t, pool, "a"))
	for range 2 {
		require.False(t, p.send("", "a").replayed, "no key")
	}
	require.Equal(t, 5, effects(t, pool, "a"))
	require.Equal(t, 3, keys(t, pool))

	// Another process on the same database gives the same answer.
	other := begin(t, Config{Database: pool})
	require.Equal(t, first.again(), other.send("k", "a"))
	require.Equal(t, "idempotency_key_reused", other.send("k", "b").code)
	require.Zero(t, other.ran.Load())
	require.Zero(t, pool.Stat().AcquiredConns())
}

// Twenty copies of each of fifty requests come at once, to one process and to two, which share eight connections each.
func TestManyCopiesAtOnce(t *testing.T) {
	t.Parallel()
	for name, processes := range map[string]int{"one process": 1, "two processes": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.URL(t, effectsTable, Tables)
			var all []*process
			var pool *pgxpool.Pool
			for range processes {
				var err error
				// A machine that runs other tests may be slow to give a connection.
				pool, err = postgres.Open(t.Context(), postgres.Config{
					URL: url, MaxConns: 8, AcquireTimeout: time.Minute, StatementTimeout: time.Minute,
				})
				require.NoError(t, err)
				t.Cleanup(pool.Close)
				all = append(all, begin(t, Config{Database: pool, Queue: time.Minute, Lock: time.Minute}))
			}
			const requests, copies = 50, 20
			var answers [requests][copies]answer
			var group sync.WaitGroup
			for i := range requests {
				for j := range copies {
					group.Go(func() { answers[i][j] = all[j%processes].send("k"+strconv.Itoa(i), "n"+strconv.Itoa(i)) })
				}
			}
			group.Wait()
			for i, same := range answers {
				require.Equal(t, 1, effects(t, pool, "n"+strconv.Itoa(i)))
				firsts := 0
				for _, a := range same {
					require.Equal(t, http.StatusCreated, a.status, a.body)
					require.Equal(t, same[0].again(), a.again())
					if !a.replayed {
						firsts++
					}
				}
				require.Equal(t, 1, firsts, "the others are told that it is the same")
			}
		})
	}
}

// held makes a process hold each of its transactions open until it is let go.
func held(p *process, db postgres.Beginner) (entered chan struct{}, letGo func()) {
	entered = make(chan struct{}, 100)
	gate := make(chan struct{})
	p.do = func(ctx context.Context, name string) error {
		return InTx(ctx, db, func(tx pgx.Tx) error {
			entered <- struct{}{}
			<-gate
			return insert(ctx, tx, name)
		})
	}
	return entered, func() { close(gate) }
}

func TestStillRunning(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, effectsTable, Tables)
	p := begin(t, Config{Database: pool, Queue: 10 * time.Millisecond})
	other := begin(t, Config{Database: pool, Lock: 10 * time.Millisecond})
	entered, letGo := held(p, pool)
	var first answer
	var group sync.WaitGroup
	group.Go(func() { first = p.send("k", "a") })
	<-entered
	for name, process := range map[string]*process{"in this process": p, "in another": other} {
		got := process.send("k", "a")
		require.Equal(t, http.StatusConflict, got.status, name)
		require.Equal(t, "idempotency_key_in_use", got.code, name)
		require.Equal(t, "1", got.wait, name)
	}
	require.Equal(t, "idempotency_key_reused", p.send("k", "b").code)
	letGo()
	group.Wait()
	require.Equal(t, http.StatusCreated, first.status, first.body)
	require.Equal(t, first.again(), p.send("k", "a"))
	require.Equal(t, first.again(), other.send("k", "a"))
	require.Equal(t, 1, effects(t, pool, "a"))
}

// Who waits in the process waits without a connection.
func TestWaitingHoldsNoConnection(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, effectsTable, Tables)
	p := begin(t, Config{Database: pool, Queue: time.Minute})
	entered, letGo := held(p, pool)
	const copies = 30
	answers := make(chan answer, copies)
	for range copies {
		go func() { answers <- p.send("k", "a") }()
	}
	<-entered
	require.EqualValues(t, 1, pool.Stat().AcquiredConns())
	require.Equal(t, 0, effects(t, pool, "a"), "and nobody is kept from the others")
	letGo()
	first := <-answers
	for range copies - 1 {
		require.Equal(t, first.again(), (<-answers).again())
	}
	require.EqualValues(t, 1, p.ran.Load())
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, effectsTable, Tables)
	p := begin(t, Config{Database: pool})
	for name, do := range map[string]func(ctx context.Context, name string) error{
		"before the transaction": func(context.Context, string) error { return errRefused },
		"in it": func(ctx context.Context, name string) error {
			return InTx(ctx, pool, func(tx pgx.Tx) error { return errors.Join(insert(ctx, tx, name), errRefused) })
		},
		"after it": func(ctx context.Context, name string) error { return errors.Join(effect(ctx, pool, name), errRefused) },
	} {
		p.do = do
		first := p.send(name, "a")
		require.Equal(t, http.StatusConflict, first.status, name)
		require.Equal(t, "refused", first.code, name)
		p.do = nil
		require.Equal(t, first.again(), p.send(name, "a"), name)
		require.Equal(t, "idempotency_key_reused", p.send(name, "b").code, name)
	}
	require.Zero(t, effects(t, pool, "a"), "a refusal has no effect")
	require.Equal(t, 3, keys(t, pool))
}

func TestWhatIsNotKept(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, effectsTable, Tables)
	p := begin(t, Config{Database: pool})
	for name, c := range map[string]struct {
		err    error
		status int
	}{
		"a defect":                {errDefect, 500},
		"a failure that passes":   {contract.ErrUnavailable, 503},
		"a refusal for some time": {errRefused.After(time.Second), 409},
	} {
		p.do = func(ctx context.Context, name string) error { return errors.Join(effect(ctx, pool, name), c.err) }
		require.Equal(t, c.status, p.send(name, name).status)
		require.Zero(t, effects(t, pool, name), name)
		require.Zero(t, keys(t, pool), name)
		p.do = func(context.Context, string) error { panic("a defect") }
		require.Equal(t, http.StatusInternalServerError, p.send(name, name).status)
		p.do = nil
		again := p.send(name, name)
		require.Equal(t, http.StatusCreated, again.status, name)
		require.False(t, again.replayed, name)
		require.Equal(t, 1, effects(t, pool, name))
		_, err := pool.Exec(t.Context(), "DELETE FROM idempotency_keys")
		require.NoError(t, err)
	}
	require.Zero(t, pool.Stat().AcquiredConns(), "connections are given back")
}

// An answer that breaks the document has no effect.
func TestAnswerThatBreaksTheDocument(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, effectsTable, Tables)
	p := begin(t, Config{Database: pool})
	p.undocumented = true
	require.Equal(t, http.StatusInternalServerError, p.send("k", "a").status)
	require.EqualValues(t, 1, p.ran.Load())
	require.Zero(t, effects(t, pool, "a"))
	require.Zero(t, keys(t, pool))
}

// A refusal that comes while another process succeeds is not what the request is answered with.
func TestAnotherProcessIsQuicker(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, effectsTable, Tables)
	for name, do := range map[string]func(ctx context.Context, name string) error{
		"than a refusal": func(context.Context, string) error { return errRefused },
		"than an effect": func(ctx context.Context, name string) error { return effect(ctx, pool, name) },
		"than an effect of a handler that does not tell": func(ctx context.Context, name string) error {
			_ = effect(ctx, pool, name)
			return nil
		},
	} {
		slow, quick := begin(t, Config{Database: pool}), begin(t, Config{Database: pool})
		var first answer
		slow.do = func(ctx context.Context, effect string) error {
			first = quick.send(name, effect)
			return do(ctx, effect)
		}
		got := slow.send(name, name)
		require.Equal(t, http.StatusCreated, first.status)
		require.Equal(t, first.again(), got, name)
		require.Equal(t, 1, effects(t, pool, name), name)

		// Where the key has gone to another request, there is no answer to give.
		slow.do = func(ctx context.Context, effect string) error {
			quick.send("reused "+name, "another")
			return do(ctx, effect)
		}
		got = slow.send("reused "+name, name)
		require.Equal(t, "idempotency_key_reused", got.code, name)
		require.Equal(t, 1, effects(t, pool, name), name)
	}
}

func TestConnectionLostAtCommit(t *testing.T) {
	t.Parallel()
	for name, carried := range map[string]bool{"and rolled back": false, "and carried out": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t, effectsTable, Tables)
			var broken atomic.Bool
			p := begin(t, Config{Database: pgtest.Brittle{Pool: pool, Broken: &broken, Carried: carried}})
			broken.Store(true)
			got := p.send("k", "a")
			require.Equal(t, http.StatusServiceUnavailable, got.status, got.body)
			require.Equal(t, "1", got.wait)
			require.Empty(t, got.location)
			broken.Store(false)
			again := p.send("k", "a")
			require.Equal(t, http.StatusCreated, again.status, "it is safe to repeat")
			require.Equal(t, carried, again.replayed)
			require.Equal(t, 1, effects(t, pool, "a"))
		})
	}
}

// COMMIT waited for the synchronous standby in vain: the effect is visible, and would be lost with the server. The
// answer is given when the effect is durable.
func TestCommitThatIsNotReplicated(t *testing.T) {
	t.Parallel()
	primary := pgtest.Replicated(t, effectsTable, Tables)
	pool := pgtest.Open(t, pgtest.Patient(primary.URL))
	p, other := begin(t, Config{Database: pool}), begin(t, Config{Database: pool})
	unknown := func(got answer) {
		t.Helper()
		require.Equal(t, http.StatusServiceUnavailable, got.status, got.body)
		require.Equal(t, "unavailable", got.code)
		require.Equal(t, "1", got.wait)
		require.Empty(t, got.location)
	}
	// cutOff sends a request of which as many commits are cut off.
	cutOff := func(commits int, from *process, key, name string) answer {
		got := make(chan answer, 1)
		go func() { got <- from.send(key, name) }()
		for range commits {
			primary.CutOff()
		}
		return <-got
	}
	primary.SetAway(true)
	unknown(p.send("k", "a")) // by the keeper's own patience
	require.Eventually(t, func() bool { return effects(t, pool, "a") == 1 }, time.Minute, time.Millisecond)
	unknown(cutOff(1, p, "k", "a"))
	unknown(cutOff(1, other, "k", "a"))

	var quicker answer
	other.do = func(ctx context.Context, name string) error {
		quicker = p.send("at once", name)
		return effect(ctx, pool, name)
	}
	unknown(cutOff(2, other, "at once", "b"))
	unknown(quicker)
	other.do = nil

	primary.SetAway(false)
	first := p.send("k", "a")
	require.Equal(t, http.StatusCreated, first.status, first.body)
	require.True(t, first.replayed)
	require.Equal(t, first, other.send("k", "a"))
	require.Equal(t, http.StatusCreated, other.send("at once", "b").status)
	require.Equal(t, 1, effects(t, pool, "a"))
	require.Equal(t, 1, effects(t, pool, "b"))
}

func TestCallerGone(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, effectsTable, Tables)
	p := begin(t, Config{Database: pool})
	ctx, leave := context.WithCancel(t.Context())
	p.do = func(ctx context.Context, name string) error {
		defer leave()
		return effect(ctx, pool, name)
	}
	require.Equal(t, http.StatusServiceUnavailable, p.sendAs(ctx, ada, "k", "a").status)
	require.Zero(t, effects(t, pool, "a"))
	p.do = nil
	require.Equal(t, http.StatusCreated, p.send("k", "a").status)
	require.Equal(t, 1, effects(t, pool, "a"))
}

func TestKeysGrowOld(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, effectsTable, Tables)
	clock := newClock()
	p := begin(t, Config{Database: pool, Clock: clock.Now})
	first := p.send("k", "a")
	clock.advance(Kept - time.Second)
	require.Equal(t, first.again(), p.send("k", "a"))
	require.NoError(t, p.keeper.Purge(t.Context()))
	require.Equal(t, 1, keys(t, pool))
	clock.advance(time.Second)
	p.do = func(context.Context, string) error { return errRefused }
	refusal := p.send("k", "b")
	require.Equal(t, "refused", refusal.code, "it is as good as new, for another request as well")
	require.Equal(t, refusal.again(), p.send("k", "b"))
	clock.advance(Kept)
	p.do = nil
	second := p.send("k", "a")
	require.Equal(t, http.StatusCreated, second.status)
	require.False(t, second.replayed)
	require.Equal(t, 2, effects(t, pool, "a"))
	require.Equal(t, 1, keys(t, pool))

	_, err := pool.Exec(t.Context(), `
		INSERT INTO idempotency_keys (principal, operation, key, fingerprint, status, headers, body, created_at)
		SELECT $1, 'makeEffect', 'old' || n, sha256('old'), 201, '{}', '', $2 FROM generate_series(1, $3) AS n`,
		ada, clock.Now().Add(-Kept), 2*postgres.BatchSize+1)
	require.NoError(t, err)
	require.NoError(t, p.keeper.Purge(t.Context()))
	require.Equal(t, 1, keys(t, pool))
	require.Equal(t, second.again(), p.send("k", "a"))
}

func TestInTx(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, effectsTable, Tables)
	p := begin(t, Config{Database: pool, Lock: 123 * time.Millisecond})
	var second error
	p.do = func(ctx context.Context, name string) error {
		err := InTx(ctx, pool, func(tx pgx.Tx) error { return errors.Join(insert(ctx, tx, name), errRefused) })
		if !errors.Is(err, errRefused) {
			return errDefect
		}
		if err := effect(ctx, pool, name); err != nil { // What was undone may be tried anew.
			return err
		}
		second = effect(ctx, pool, name)
		return nil
	}
	require.Equal(t, http.StatusCreated, p.send("twice", "a").status)
	require.ErrorContains(t, second, "second transaction")
	require.Equal(t, 1, effects(t, pool, "a"))

	attempts := 0
	var usual, lockTimeout string
	require.NoError(t, pool.QueryRow(t.Context(), "SHOW lock_timeout").Scan(&usual))
	p.do = func(ctx context.Context, name string) error {
		return InTx(ctx, pool, func(tx pgx.Tx) error {
			if err := tx.QueryRow(ctx, "SHOW lock_timeout").Scan(&lockTimeout); err != nil {
				return err
			}
			if err := insert(ctx, tx, name); err != nil {
				return err
			}
			if attempts++; attempts < 3 {
				_, err := tx.Exec(ctx, "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$")
				return err
			}
			return nil
		})
	}
	first := p.send("whole", "b")
	require.Equal(t, http.StatusCreated, first.status, first.body)
	require.Equal(t, 3, attempts, "the whole is repeated")
	require.Equal(t, 1, effects(t, pool, "b"))
	require.Equal(t, first.again(), p.send("whole", "b"))
	require.Equal(t, usual, lockTimeout, "the handler waits for locks as everybody does")
}

// A service that a test makes on a transaction works as on a pool, and leaves nothing behind.
func TestInATransaction(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, effectsTable, Tables)
	tx, err := pool.Begin(t.Context())
	require.NoError(t, err)
	p := begin(t, Config{Database: tx})
	first := p.send("k", "a")
	require.Equal(t, http.StatusCreated, first.status, first.body)
	require.Equal(t, first.again(), p.send("k", "a"))
	p.do = func(ctx context.Context, name string) error { return errors.Join(effect(ctx, tx, name), errRefused) }
	refusal := p.send("refused", "b")
	require.Equal(t, "refused", refusal.code)
	require.Equal(t, refusal.again(), p.send("refused", "b"))
	p.do = func(ctx context.Context, name string) error { return errors.Join(effect(ctx, tx, name), errDefect) }
	require.Equal(t, http.StatusInternalServerError, p.send("defect", "b").status)
	require.Equal(t, 1, effects(t, tx, "a"))
	require.Zero(t, effects(t, tx, "b"))
	require.Equal(t, 2, keys(t, tx))
	require.NoError(t, tx.Rollback(t.Context()))
	require.Zero(t, keys(t, pool))
}

func TestDatabaseGone(t *testing.T) {
	t.Parallel()
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: pgtest.URL(t, effectsTable, Tables)})
	require.NoError(t, err)
	p := begin(t, Config{Database: pool})
	p.do = func(context.Context, string) error {
		pool.Close()
		return errRefused
	}
	for range 2 { // first when the refusal is kept, then at the look-up
		got := p.send("k", "a")
		require.Equal(t, http.StatusServiceUnavailable, got.status, got.body)
		require.Equal(t, "1", got.wait)
	}
}
