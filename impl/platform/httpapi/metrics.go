package httpapi

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/telemetry"
)

// measured are the counters that the steps of a chain increment. Everything else is read when metrics are gathered.
type measured struct {
	shed                      *prometheus.CounterVec // by priority
	decided                   *prometheus.CounterVec // by what decided
	byRedis, locally, instead prometheus.Counter     // of decided
}

func newMeasured() *measured {
	m := &measured{
		shed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "load_shedding_refused_total",
			Help: "Requests answered 503 overloaded, by x-priority. Low ones are refused first: once high ones are, add " +
				"replicas or find out what is slow.",
		}, []string{"priority"}),
		decided: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rate_limit_decisions_total",
			Help: "Calls held against x-rate-limit, by what decided: redis; local, without Redis or for a caller who did " +
				"not wait for it; or fallback, because Redis did not answer. While fallback grows, a caller has the limit " +
				"once for each replica: look at Redis.",
		}, []string{"by"}),
	}
	for _, p := range []contract.Priority{contract.High, contract.Normal, contract.Low} {
		m.shed.WithLabelValues(string(p))
	}
	m.byRedis, m.locally = m.decided.WithLabelValues("redis"), m.decided.WithLabelValues("local")
	m.instead = m.decided.WithLabelValues("fallback")
	return m
}

// exporter registers metrics that are read when they are gathered.
type exporter struct {
	registry prometheus.Registerer
	errs     []error
}

func (e *exporter) register(metric prometheus.Collector) {
	if err := e.registry.Register(metric); err != nil {
		e.errs = append(e.errs, fmt.Errorf("register a metric, once per registry: %w", err))
	}
}

func (e *exporter) gauge(name, help string, labels prometheus.Labels, value func() int) {
	e.register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels},
		func() float64 { return float64(value()) }))
}

func (e *exporter) counter(name, help string, labels prometheus.Labels, value func() uint64) {
	e.register(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels},
		func() float64 { return float64(value()) }))
}

// export registers what the chain measures: a fixed set of series.
func (c *Chain) export(registry prometheus.Registerer) error {
	if registry == nil {
		return nil
	}
	e := exporter{registry: registry}
	e.register(c.measured.shed)
	e.gauge("load_shedding_limit", fmt.Sprintf("Requests that may run at once, between %d and %d. It falls when "+
		"requests take longer than they used to: look at the pool of database connections and at slow_operations_total.",
		leastConcurrency, mostConcurrency), nil, c.shedder.Limit)
	e.gauge("load_shedding_in_flight", "Requests that run with a permit. At load_shedding_limit further ones wait.",
		nil, c.shedder.Inflight)
	e.gauge("load_shedding_waiting", "Requests that wait for a permit. Above 0 for minutes: add replicas.",
		nil, c.shedder.Queued)
	for share, room := range c.rooms {
		labels := prometheus.Labels{"share": share}
		e.gauge("load_shedding_share_places", "Requests of the share that may run or wait for a permit at once.",
			labels, func() int { return cap(room.places) })
		e.gauge("load_shedding_share_in_use", "Requests of the share that run or wait for a permit. At "+
			"load_shedding_share_places its further ones wait, while those of other shares go on.",
			labels, func() int { return len(room.places) })
		e.gauge("load_shedding_share_waiting", "Requests that wait for a place in the share.",
			labels, func() int { return int(room.waiting.Load()) })
		e.counter("load_shedding_share_refused_total", "Requests answered 503 overloaded because the share was full. For "+
			"anonymous alone, look for a crowd of strangers in front of the service; they keep nobody else out.",
			labels, room.refused.Load)
	}
	e.register(c.measured.decided)
	// An evicted caller begins with the whole limit again.
	e.register(telemetry.NewCacheCollector("rate_limits", c.limits.stats))
	e.register(telemetry.NewCacheCollector("audit_limits", c.refusals.stats))
	return errors.Join(e.errs...)
}

// exportConnections registers what the connections of both listeners show.
func exportConnections(registry prometheus.Registerer, ofCallers, ofOperators *connections) error {
	if registry == nil {
		return nil
	}
	e := exporter{registry: registry}
	for listener, c := range map[string]*connections{"callers": ofCallers, "operators": ofOperators} {
		own := prometheus.Labels{"listener": listener}
		e.gauge("http_connections_open", "Open connections. At http_connections_max the idle ones make room for new ones.",
			own, func() int { open, _ := c.count(); return open })
		e.gauge("http_connections_idle", "Open connections that wait for a whole request, body included: the first, or the "+
			"next. The others serve a request or a stream; when those come near http_connections_max, add replicas.",
			own, func() int { _, idle := c.count(); return idle })
		e.gauge("http_connections_max", "Upper bound of the open connections: max_connections for callers, or what the "+
			"limit of open files allows.", own, func() int { return c.most })
		e.counter("http_connections_evicted_total", "Connections that were idle, or whose body had not arrived, closed to "+
			"make room. If it grows, callers keep more connections than they use, or somebody holds them open: raise "+
			"max_connections, or look who does.",
			own, c.evicted.Load)
		const refused = "http_connections_refused_total"
		const why = "Connections refused with 503 while none was idle: full, of all callers; network, of one network, " +
			"which may hold a quarter. Add replicas for full; for network, name your proxies in trusted_proxies."
		for reason, count := range map[string]*atomic.Uint64{
			refusedFull: &c.refusedFull, refusedNetwork: &c.refusedNetwork,
		} {
			e.counter(refused, why, prometheus.Labels{"listener": listener, "reason": reason}, count.Load)
		}
	}
	return errors.Join(e.errs...)
}
