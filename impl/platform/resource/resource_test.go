package resource

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/standing"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestSettings(t *testing.T) {
	t.Parallel()
	valid := func() Settings {
		s := DefaultSettings("127.0.0.1:8082", "127.0.0.1:9092")
		s.UsersURL = "https://users.example.com"
		s.DatabaseURL = telemetry.NewSecret("postgres://reviews@127.0.0.1:5432/reviews")
		s.MasterKey = telemetry.NewSecret(programtest.NewMasterKey())
		return s
	}
	s := valid()
	require.Equal(t, 10*time.Second, s.KeysWithin)
	require.NoError(t, s.Validate())
	for _, url := range []string{
		"", "users:8080", "ftp://users", "http://", "http://me:secret@users", "http://users?a=b", "http://users#a",
	} {
		s := valid()
		s.UsersURL = url
		require.ErrorContains(t, s.Validate(), "users_url", url)
		require.NotContains(t, s.Validate().Error(), "secret")
	}
	for within, valid := range map[time.Duration]bool{
		-time.Nanosecond: false, 0: true, longestKeysWithin: true, longestKeysWithin + 1: false,
	} {
		s.KeysWithin = within
		require.Equal(t, valid, s.Validate() == nil, within)
	}
	s = valid()
	s.OpsAddr = s.Addr
	require.ErrorContains(t, s.Validate(), "ops_addr", "those that every service has are looked at, too")

	found := func(s Settings) map[string]string {
		follows := map[string]string{}
		for _, f := range s.Findings() {
			follows[f.Setting] = f.Follows
		}
		return follows
	}
	require.Contains(t, found(valid())["nats_url"], "a disabled account or an ended session goes on")
	require.NotContains(t, found(valid()), "users_url")
	s = valid()
	s.UsersURL = "http://users.example.com"
	require.Contains(t, found(s), "users_url", "over the internet in the clear")
	s.UsersURL = "http://users:8080"
	require.NotContains(t, found(s), "users_url", "within a network of one's own")
}

// open makes the parts on a database of their own.
func open(t *testing.T, change func(*Config)) *Parts {
	t.Helper()
	clock, schema := contracttest.NewClock(), Schema(nil)
	pool := pgtest.New(t, schema.Migrations, schema.Parts...)
	c := Config{
		Name: "reviews", Database: pool, Pool: pool, Keys: token.NewSigner(clock.Now), Issuer: "https://users.test",
		MasterKey: telemetry.NewSecret(programtest.NewMasterKey()), Clock: clock.Now,
	}
	change(&c)
	parts, err := New(c)
	require.NoError(t, err)
	return parts
}

// The job purge removes what every resource server keeps, and what the service keeps.
func TestPurgeIsAJob(t *testing.T) {
	t.Parallel()
	var purged atomic.Bool
	failing := errors.New("it fails")
	p := open(t, func(c *Config) {
		c.Purge = func(context.Context) error {
			purged.Store(true)
			return failing
		}
	})
	ended := events.Event{
		ID: uuid.New(), Type: "session.revoked", Time: p.Clock().Add(-2 * standing.Memory),
		Data: []byte(`{"session_id": "` + uuid.NewString() + `"}`),
	}
	require.NoError(t, p.Standing.Handle(t.Context(), ended))
	sessions := func() (n int) {
		require.NoError(t, p.Database.QueryRow(t.Context(), `SELECT count(*) FROM ended_sessions`).Scan(&n))
		return n
	}
	require.Equal(t, 1, sessions())
	require.NoError(t, p.Jobs.Start(t.Context()))
	contracttest.Eventually(t, "a replica becomes leader and purges", purged.Load)
	require.NoError(t, p.Jobs.Stop(t.Context()))
	require.Zero(t, sessions())
	require.ErrorIs(t, p.Purge(t.Context()), failing)
}

// probe is a job of a service.
type probe struct{}

// Kind implements river.JobArgs.
func (probe) Kind() string { return "probe" }

// A service's own jobs run beside the job purge: after the commit of the transaction that inserts them, and not after
// a rollback.
func TestTransactionsInsertJobs(t *testing.T) {
	t.Parallel()
	ran := make(chan int64, 2) // A third would block its worker, and Stop would fail.
	p := open(t, func(c *Config) {
		c.Jobs.Workers = river.NewWorkers()
		river.AddWorker(c.Jobs.Workers, river.WorkFunc(func(_ context.Context, job *river.Job[probe]) error {
			ran <- job.ID
			return nil
		}))
	})
	insert := func(tx Tx) error { return tx.Insert(t.Context(), probe{}, nil) }
	require.Error(t, p.InTx(t.Context(), func(tx Tx) error { return errors.Join(insert(tx), errors.New("rolled back")) }))
	e := events.Event{ID: uuid.New(), Type: "review.created", Time: p.Clock()}
	for range 2 { // A copy changes nothing.
		require.NoError(t, p.InEventTx(t.Context(), e, insert))
	}
	require.NoError(t, p.InKeyedTx(t.Context(), insert), "without a key it is a transaction like any other")
	require.NoError(t, p.Jobs.Start(t.Context()))
	contracttest.Eventually(t, "both run", func() bool { return len(ran) == cap(ran) })
	require.NoError(t, p.Jobs.Stop(t.Context()))
	first, second := <-ran, <-ran
	require.NotEqual(t, first, second)
}

// The chain commits the effect of a request with a key together with its answer.
func TestAnEffectWithAKeyIsNotCommittedByItself(t *testing.T) {
	t.Parallel()
	p := open(t, func(*Config) {})
	_, attempt, err := p.Keeper.Begin(t.Context(), httpapi.KeyedRequest{
		Principal: uuid.New(), Operation: "createReview", Key: "k",
	})
	require.NoError(t, err)
	defer attempt.End(t.Context())
	effect := func(Tx) error { return nil }
	require.ErrorContains(t, p.InTx(attempt.Context(t.Context()), effect), "put it in inKeyedTx")
	require.NoError(t, p.InKeyedTx(attempt.Context(t.Context()), effect))
	require.NoError(t, p.InTx(t.Context(), effect))
}
