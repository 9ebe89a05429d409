package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/postgres"
)

// gather gives the metrics of a pool by name and values of labels.
func gather(t *testing.T, pool *pgxpool.Pool) map[string]*dto.Metric {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(postgres.Collector(pool)))
	families, err := registry.Gather()
	require.NoError(t, err)
	metrics := map[string]*dto.Metric{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			name := family.GetName()
			for _, label := range metric.GetLabel() {
				name += " " + label.GetValue()
			}
			metrics[name] = metric
		}
	}
	return metrics
}

// poolMetrics gives the values of gauges and counters.
func poolMetrics(t *testing.T, pool *pgxpool.Pool) map[string]float64 {
	t.Helper()
	values := map[string]float64{}
	for name, metric := range gather(t, pool) {
		values[name] = metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
	}
	return values
}

// Every wait is in the histogram: that for a place in a share, that for a connection, and those that end in vain.
func TestWaitsAreMeasured(t *testing.T) {
	t.Parallel()
	const held = 20 * time.Millisecond
	pool := withShares(t, 2,
		postgres.Share{Name: "wide", Most: 2}, postgres.Share{Name: "little", Most: 1, Wait: held})
	waited := func(of string) (count uint64, sum float64) {
		t.Helper()
		h := gather(t, pool)["db_pool_wait_duration_seconds "+of].GetHistogram()
		require.NotNil(t, h)
		require.NotEmpty(t, h.GetBucket(), "classic")
		require.NotNil(t, h.Schema, "native")
		return h.GetSampleCount(), h.GetSampleSum()
	}
	first, _ := waited("connection") // Open has tried one.
	acquire := func(shares ...string) *pgxpool.Conn {
		t.Helper()
		conn, err := pool.Acquire(kind(t.Context(), shares...))
		require.NoError(t, err)
		t.Cleanup(conn.Release)
		return conn
	}
	acquire("wide", "little")
	_, err := pool.Acquire(kind(t.Context(), "little"))
	require.ErrorIs(t, err, postgres.ErrShareUsedUp)
	count, sum := waited("little")
	require.EqualValues(t, 2, count)
	require.GreaterOrEqual(t, sum, held.Seconds(), "it waited in vain")
	count, _ = waited("connection")
	require.Equal(t, first+1, count, "it waited for no connection")

	acquire()
	_, before := waited("connection")
	impatient, cancel := context.WithTimeout(t.Context(), held)
	defer cancel()
	_, err = pool.Acquire(impatient)
	require.Error(t, err)
	count, sum = waited("connection")
	require.Equal(t, first+3, count)
	require.Greater(t, sum, before, "it waited in vain")
	count, sum = waited("wide")
	require.EqualValues(t, 1, count)
	require.Zero(t, sum, "a place was free")
}
