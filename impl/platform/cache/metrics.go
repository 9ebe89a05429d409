package cache

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/plumbline/impl/platform/telemetry"
)

// metrics are those of one cache. Every series exists from the start.
type metrics struct{ loads, failures, sharedHits, sharedMisses prometheus.Counter }

// newMetrics registers those of telemetry.NewCacheCollector, cache_bytes{cache}, cache_loads_total{cache},
// cache_load_failures_total{cache}, cache_redis_hits_total{cache} and cache_redis_misses_total{cache}.
func newMetrics(
	registry prometheus.Registerer, name string, stats func() telemetry.CacheStats, bytes func() uint64,
) (*metrics, error) {
	labels := prometheus.Labels{"cache": name}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels})
	}
	m := &metrics{
		loads:        counter("cache_loads_total", "Values that were read for the cache, not from Redis."),
		failures:     counter("cache_load_failures_total", "Reads for the cache that failed."),
		sharedHits:   counter("cache_redis_hits_total", "Misses of the cache that Redis answered."),
		sharedMisses: counter("cache_redis_misses_total", "Misses of the cache that Redis did not answer."),
	}
	if registry == nil {
		return m, nil
	}
	var errs []error
	for _, c := range []prometheus.Collector{
		telemetry.NewCacheCollector(name, stats), m.loads, m.failures, m.sharedHits, m.sharedMisses,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "cache_bytes", Help: "About what the entries of the cache take.", ConstLabels: labels,
		}, func() float64 { return float64(bytes()) }),
	} {
		errs = append(errs, registry.Register(c))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("cache %s: register its metrics, once per registry: %w", name, err)
	}
	return m, nil
}

func (m *metrics) loaded(failed bool) {
	m.loads.Inc()
	if failed {
		m.failures.Inc()
	}
}

func (m *metrics) sharedLookedUp(hit bool) {
	if hit {
		m.sharedHits.Inc()
	} else {
		m.sharedMisses.Inc()
	}
}
