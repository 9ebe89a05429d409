package telemetry

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// CacheStats is the state of one cache in the process. Its counts are since the cache was made.
type CacheStats struct {
	// Entries is the number of entries now.
	Entries int
	// Hits are the look-ups that an entry answered, Misses the others, also where an entry was too old to answer.
	Hits, Misses uint64
	// Evictions are the entries that were dropped because the cache was full.
	Evictions uint64
}

// CacheCounts counts what a cache does. The zero value is ready, and it is safe for concurrent use.
type CacheCounts struct{ hits, misses, evictions atomic.Uint64 }

// LookedUp counts a look-up.
func (c *CacheCounts) LookedUp(hit bool) {
	if hit {
		c.hits.Add(1)
	} else {
		c.misses.Add(1)
	}
}

// Evicted counts an entry that was dropped because the cache was full.
func (c *CacheCounts) Evicted() { c.evictions.Add(1) }

// Stats returns the counts, with the number of entries that the cache has now.
func (c *CacheCounts) Stats(entries int) CacheStats {
	return CacheStats{
		Entries: entries, Hits: c.hits.Load(), Misses: c.misses.Load(), Evictions: c.evictions.Load(),
	}
}

// cacheCollector collects the statistics of one cache.
type cacheCollector struct {
	stats                            func() CacheStats
	entries, hits, misses, evictions *prometheus.Desc
}

// NewCacheCollector exports the statistics of a cache as cache_entries{cache}, cache_hits_total{cache},
// cache_misses_total{cache} and cache_evictions_total{cache}. The name is a constant of the program, such as
// "sessions": every cache of every service has the same four metrics and a name of its own.
func NewCacheCollector(name string, stats func() CacheStats) prometheus.Collector {
	desc := func(metric, help string) *prometheus.Desc {
		return prometheus.NewDesc("cache_"+metric, help, nil, prometheus.Labels{"cache": name})
	}
	return &cacheCollector{
		stats:     stats,
		entries:   desc("entries", "Entries of the cache now."),
		hits:      desc("hits_total", "Look-ups that the cache answered."),
		misses:    desc("misses_total", "Look-ups that the cache did not answer."),
		evictions: desc("evictions_total", "Entries that were dropped because the cache was full."),
	}
}

// Describe implements prometheus.Collector.
func (c *cacheCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.entries, c.hits, c.misses, c.evictions} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *cacheCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.stats()
	ch <- prometheus.MustNewConstMetric(c.entries, prometheus.GaugeValue, float64(s.Entries))
	for d, n := range map[*prometheus.Desc]uint64{c.hits: s.Hits, c.misses: s.Misses, c.evictions: s.Evictions} {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n))
	}
}
