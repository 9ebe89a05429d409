package throttle_test

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/throttle"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// open gives stores of several replicas on one database.
func open(t *testing.T, replicas int) (*pgxpool.Pool, []*throttle.Store) {
	t.Helper()
	pool := pgtest.New(t, nil, throttle.Tables)
	master, err := seal.NewMasterKey("things", telemetry.NewSecret(programtest.NewMasterKey()))
	require.NoError(t, err)
	stores := make([]*throttle.Store, replicas)
	for i := range stores {
		stores[i], err = throttle.New(pool, master)
		require.NoError(t, err)
	}
	return pool, stores
}

func count(limit string, failures int, of string) httpapi.Count {
	return httpapi.Count{Limit: limit, Failures: failures, Window: time.Hour, Of: limit + "\n" + of}
}

// fromNetwork is a try against ada's account, from a network.
func fromNetwork(network string) httpapi.Try {
	account, unfamiliar := count("account", 5, "ada"), count("unfamiliar", 1, "ada\n"+network)
	return httpapi.Try{
		Now: now, Own: []httpapi.Count{count("network", 100, network)}, Account: &account, Unfamiliar: &unfamiliar,
		Network: httpapi.KnownNetwork{Account: "ada", Network: network},
	}
}

// Many tries at once, over replicas, get through as often as the limit allows; a refused one spends nothing.
func TestSpendAtOnce(t *testing.T) {
	t.Parallel()
	_, stores := open(t, 2)
	try := httpapi.Try{Now: now, Own: []httpapi.Count{count("network", 100, "192.0.2.0"), count("account", 10, "ada")}}
	var allowed atomic.Int32
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			decision, err := stores[i%2].Spend(t.Context(), try)
			if err != nil {
				t.Error(err)
			}
			if err == nil && !decision.Refused {
				allowed.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 10, allowed.Load())

	decision, err := stores[0].Spend(t.Context(), try)
	require.NoError(t, err)
	require.True(t, decision.Refused)
	interval := time.Hour / 100
	require.Equal(t, []httpapi.CountState{
		{Count: try.Own[0], TAT: now.Add(10 * interval)}, {Count: try.Own[1], TAT: now.Add(time.Hour), UsedUp: true},
	}, inUTC(decision.Counts))

	// After one emission interval there is room for one.
	try.Now = now.Add(6 * time.Minute)
	for _, refused := range []bool{false, true} {
		decision, err = stores[1].Spend(t.Context(), try)
		require.NoError(t, err)
		require.Equal(t, refused, decision.Refused)
	}
}

func inUTC(counts []httpapi.CountState) []httpapi.CountState {
	for i := range counts {
		counts[i].TAT = counts[i].TAT.UTC()
	}
	return counts
}

// A try that is refunded was none.
func TestRefund(t *testing.T) {
	t.Parallel()
	_, stores := open(t, 1)
	try := httpapi.Try{Now: now, Own: []httpapi.Count{count("account", 1, "ada")}}
	for range 3 {
		decision, err := stores[0].Spend(t.Context(), try)
		require.NoError(t, err)
		require.False(t, decision.Refused)
		require.NoError(t, stores[0].Refund(t.Context(), decision))
	}
	require.NoError(t, stores[0].Refund(t.Context(), httpapi.Decision{}))
}

// Once an account's count is used up its known networks go on, and each other one has its own few.
func TestKnownNetworks(t *testing.T) {
	t.Parallel()
	pool, stores := open(t, 1)
	s := stores[0]
	refused := func(network string) bool {
		t.Helper()
		decision, err := s.Spend(t.Context(), fromNetwork(network))
		require.NoError(t, err)
		return decision.Refused
	}
	require.NoError(t, s.RememberNetworks(t.Context(), now, fromNetwork("home").Network))
	for range 5 {
		require.False(t, refused("attacker"))
	}
	require.False(t, refused("attacker"), "its own one")
	require.True(t, refused("attacker"))
	decision, err := s.Spend(t.Context(), fromNetwork("home"))
	require.NoError(t, err)
	require.True(t, decision.KnownNetwork)
	require.False(t, decision.Refused)

	// What is forgotten in a transaction that fails is remembered.
	undone := errors.New("undone")
	require.ErrorIs(t, postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		return errors.Join(s.In(tx).Forget(t.Context(), "ada"), undone)
	}), undone)
	require.False(t, refused("home"))
	require.NoError(t, s.Forget(t.Context(), "ada"))
	require.False(t, refused("home"), "its own one")
	require.True(t, refused("home"))
}

func TestPurge(t *testing.T) {
	t.Parallel()
	pool, stores := open(t, 1)
	s := stores[0]
	_, err := s.Spend(t.Context(), fromNetwork("home"))
	require.NoError(t, err)
	for i := range throttle.MostKnown + 3 {
		network := httpapi.KnownNetwork{Account: "ada", Network: string(rune('a' + i))}
		require.NoError(t, s.RememberNetworks(t.Context(), now, network))
	}
	rows := func() (counts [2]int) {
		for i, table := range []string{"throttles", "familiar_networks"} {
			require.NoError(t, pool.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&counts[i]))
		}
		return counts
	}
	require.Equal(t, [2]int{2, throttle.MostKnown}, rows())
	require.NoError(t, s.Purge(t.Context(), now))
	require.Equal(t, [2]int{2, throttle.MostKnown}, rows())
	require.NoError(t, s.Purge(t.Context(), now.Add(time.Hour)))
	require.Equal(t, [2]int{0, throttle.MostKnown}, rows())
	require.NoError(t, s.Purge(t.Context(), now.Add(throttle.KnownFor+time.Second)))
	require.Equal(t, [2]int{0, 0}, rows())
}
