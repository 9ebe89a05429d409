package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/pgtest"
)

type kindKey struct{}

// kind is a context of work that takes its connections of these shares.
func kind(ctx context.Context, shares ...string) context.Context {
	return context.WithValue(ctx, kindKey{}, shares)
}

func withShares(t *testing.T, conns int32, shares ...postgres.Share) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Open(t.Context(), postgres.Config{
		URL: pgtest.URL(t, accounts()), MaxConns: conns, AcquireTimeout: time.Minute, Shares: shares,
		SharesOf: func(ctx context.Context) []string {
			of, _ := ctx.Value(kindKey{}).([]string)
			return of
		},
	})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// shareMetrics gives the values of db_pool_share_* by name and share.
func shareMetrics(t *testing.T, pool *pgxpool.Pool) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(postgres.Collector(pool)))
	families, err := registry.Gather()
	require.NoError(t, err)
	values := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "share" {
					values[family.GetName()+" "+label.GetValue()] = metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
				}
			}
		}
	}
	return values
}

// Work of a kind has its share of the connections and no more, whatever ends it, and leaves the others to other work.
func TestShares(t *testing.T) {
	t.Parallel()
	pool := withShares(t, 4,
		postgres.Share{Name: "little", Most: 1, Wait: time.Millisecond},
		postgres.Share{Name: "most", Most: 3, Wait: time.Millisecond})
	little, most := kind(t.Context(), "little", "most"), kind(t.Context(), "most")

	first, err := pool.Acquire(little)
	require.NoError(t, err)
	for range 3 {
		_, err = pool.Acquire(little)
		require.ErrorIs(t, err, postgres.ErrShareUsedUp)
		require.True(t, postgres.IsUnavailable(err))
		require.False(t, postgres.IsTimeout(err))
	}
	var held []*pgxpool.Conn
	for range 2 {
		conn, err := pool.Acquire(most)
		require.NoError(t, err)
		held = append(held, conn)
	}
	_, err = pool.Acquire(most)
	require.ErrorIs(t, err, postgres.ErrShareUsedUp, "what little has is part of it")
	kept, err := pool.Acquire(t.Context())
	require.NoError(t, err, "one is kept for what has no share")

	values := shareMetrics(t, pool)
	require.Len(t, values, 6)
	require.Equal(t, 3.0, values["db_pool_share_refused_total little"])
	require.Equal(t, 1.0, values["db_pool_share_refused_total most"])
	require.Equal(t, 1.0, values["db_pool_share_connections little"])
	require.Equal(t, 3.0, values["db_pool_share_connections most"])

	kept.Release()
	for _, conn := range held {
		conn.Release()
	}
	require.NoError(t, first.Conn().Close(t.Context()))
	first.Release() // A connection that is broken gives its places back, too.
	for range 5 {
		_, err := pool.Exec(little, "SELECT 1")
		require.NoError(t, err)
		_, err = pool.Exec(little, "SELECT nonsense")
		require.Error(t, err)
		tx, err := pool.Begin(little)
		require.NoError(t, err)
		require.NoError(t, tx.Rollback(t.Context()))
	}
}

// A place is given back when there is no connection after all, and one that comes free in time is taken.
func TestSharesOfThoseWhoWait(t *testing.T) {
	t.Parallel()
	pool := withShares(t, 1, postgres.Share{Name: "little", Most: 1})
	little := kind(t.Context(), "little")
	held, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	canceled, cancel := context.WithCancel(little)
	gaveUp := make(chan error, 1)
	go func() {
		_, err := pool.Acquire(canceled) // It has the place, and waits for the connection.
		gaveUp <- err
	}()
	cancel()
	require.ErrorIs(t, <-gaveUp, context.Canceled)
	got := make(chan error, 1)
	go func() {
		_, err := pool.Exec(little, "SELECT 1")
		got <- err
	}()
	held.Release()
	require.NoError(t, <-got)

	held, err = pool.Acquire(little)
	require.NoError(t, err)
	ended, end := context.WithCancel(little)
	end()
	_, err = pool.Acquire(ended)
	require.ErrorIs(t, err, context.Canceled, "who gives up is not refused")
	require.NotErrorIs(t, err, postgres.ErrShareUsedUp)
	gaveUpCounted := shareMetrics(t, pool)["db_pool_share_refused_total little"]
	late, over := context.WithTimeout(little, time.Millisecond)
	defer over()
	_, err = pool.Acquire(late)
	held.Release()
	require.ErrorIs(t, err, postgres.ErrAcquireTimeout)
	require.Zero(t, gaveUpCounted)
	require.Equal(t, 1.0, shareMetrics(t, pool)["db_pool_share_refused_total little"])
}
