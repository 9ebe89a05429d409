package telemetry

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
)

func TestCaches(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	var sessions, owners CacheCounts
	sizes := map[string]int{"sessions": 7}
	registry.MustRegister(
		NewCacheCollector("sessions", func() CacheStats { return sessions.Stats(sizes["sessions"]) }),
		NewCacheCollector("owners", func() CacheStats { return owners.Stats(sizes["owners"]) }),
	)
	for _, hit := range []bool{true, true, false, true, false} {
		sessions.LookedUp(hit)
	}
	owners.Evicted()
	require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
		# HELP cache_entries Entries of the cache now.
		# TYPE cache_entries gauge
		cache_entries{cache="owners"} 0
		cache_entries{cache="sessions"} 7
		# HELP cache_evictions_total Entries that were dropped because the cache was full.
		# TYPE cache_evictions_total counter
		cache_evictions_total{cache="owners"} 1
		cache_evictions_total{cache="sessions"} 0
		# HELP cache_hits_total Look-ups that the cache answered.
		# TYPE cache_hits_total counter
		cache_hits_total{cache="owners"} 0
		cache_hits_total{cache="sessions"} 3
		# HELP cache_misses_total Look-ups that the cache did not answer.
		# TYPE cache_misses_total counter
		cache_misses_total{cache="owners"} 0
		cache_misses_total{cache="sessions"} 2
	`)))
	require.Error(t, registry.Register(NewCacheCollector("owners", nil)), "two caches of one name")
}
