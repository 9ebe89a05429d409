package users

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/hashing"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
)

// logInWhile logs in with an account that does not exist while hold holds it up, and returns what the line of the slow
// request says that it spent its time in, in milliseconds.
func (s *server) logInWhile(hold func()) map[string]float64 {
	s.t.Helper()
	var loggingIn sync.WaitGroup
	loggingIn.Go(func() {
		got, err := s.StartSessionWithResponse(s.t.Context(),
			usersapi.StartSessionRequest{Email: "nobody@example.com", Password: goodPassword})
		if err != nil || got.StatusCode() != http.StatusUnauthorized {
			s.t.Errorf("%v: %s", err, got.Body)
		}
	})
	hold()
	loggingIn.Wait()
	return s.Spent(s.t, "startSession")
}

// aWhile passes some time, and returns how much in milliseconds.
func aWhile(t *testing.T) float64 {
	t.Helper()
	began := time.Now()
	contracttest.Eventually(t, "a while has passed", func() bool { return time.Since(began) > 10*time.Millisecond })
	return float64(time.Since(began).Microseconds()) / 1000
}

func TestSlowStatementIsTold(t *testing.T) {
	t.Parallel()
	held := contracttest.NewHeld("GetCredentials")
	s := start(t, func(o *options) {
		o.database = func(pool *pgxpool.Pool) Database { return held.Pool(t, pool, 4) }
		o.chain = contracttest.AllSlow(t, Document)
	})
	defer held.LetGo()
	var took float64
	spent := s.logInWhile(func() {
		contracttest.Eventually(t, "the statement is held", func() bool { return held.Holding() == 1 })
		took = aWhile(t)
		held.LetGo()
	})
	require.GreaterOrEqual(t, spent["sql_ms"], took)
	require.Less(t, spent["pool_wait_ms"], spent["sql_ms"])
}

func TestWaitForAConnectionIsTold(t *testing.T) {
	t.Parallel()
	waiters := make(contracttest.Waiters, 1)
	var pool *pgxpool.Pool
	s := start(t, func(o *options) {
		o.database = func(of *pgxpool.Pool) Database {
			var err error
			pool, err = postgres.Open(t.Context(), postgres.Config{
				URL: pgtest.Patient(of.Config().ConnString()), MaxConns: 1, AcquireTimeout: time.Minute, Tracer: waiters,
			})
			require.NoError(t, err)
			t.Cleanup(pool.Close)
			return pool
		}
		o.chain = contracttest.AllSlow(t, Document)
	})
	conn, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	for len(waiters) > 0 { // the start of the service, and this test
		<-waiters
	}
	var took float64
	spent := s.logInWhile(func() {
		<-waiters
		took = aWhile(t)
		conn.Release()
	})
	require.GreaterOrEqual(t, spent["pool_wait_ms"], took)
}

func TestBusyHasherIsTold(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *options) {
		o.hashing = hashing.Config{Params: cheap, Concurrency: 1, Queue: 8, Wait: time.Minute}
		o.chain = contracttest.AllSlow(t, Document)
	})
	release, err := s.service.hasher.Hold(t.Context())
	require.NoError(t, err)
	defer release()
	var took float64
	spent := s.logInWhile(func() {
		contracttest.Eventually(t, "the login waits", func() bool {
			_, waiting := s.service.hasher.Stats()
			return waiting == 1
		})
		took = aWhile(t)
		release()
	})
	require.GreaterOrEqual(t, spent["hash_wait_ms"], took)
	require.Positive(t, spent["hash_ms"])
	require.Less(t, spent["hash_ms"], spent["hash_wait_ms"], "hashing is cheap here")
}
