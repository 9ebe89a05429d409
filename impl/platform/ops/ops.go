// Package ops serves a service's operations listener.
//
// It promises that every probe is answered within the checks' time-outs, whatever the dependencies do; that a
// dependency is checked at most once at a time, however many probes arrive; and that no answer contains the text of an
// error, a host or a credential. The listener itself belongs on an address that only operators can reach.
package ops

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	defaultTimeout  = 2 * time.Second
	defaultCacheFor = 2 * time.Second
	checkEvery      = 5 * time.Second // the mean time between two checks of Watch
	// scrapeTimeout and mostScrapes bound the work for scrapers.
	scrapeTimeout = 10 * time.Second
	mostScrapes   = 4
)

// Options says what the listener serves.
type Options struct {
	// Registry holds the metrics of /metrics; nil serves none.
	Registry prometheus.Gatherer
	// Checks are the dependencies on /healthz, in this order.
	Checks []Check
	// Awaited are what the service waits for before it is ready, in this order.
	Awaited []Condition
	// CacheFor is how long a check's result is reused. Default: 2 s.
	CacheFor time.Duration
	// Log receives changes of a dependency's status; nil discards them.
	Log *slog.Logger
	// Clock returns the time of results. Default: time.Now.
	Clock func() time.Time
}

// Condition is what a service should have before it takes callers. It delays readiness and never prevents it: a service
// that waited longer would make every other service that needs it wait as well.
type Condition struct {
	// Reason is the answer of /readyz while the service waits, such as "no_keys".
	Reason Reason
	// Within bounds the wait, from SetReady(true) on.
	Within time.Duration
	// Holds must answer at once, and is safe for concurrent use.
	Holds func() bool
}

// Ops is the state behind the operations listener, safe for concurrent use.
type Ops struct {
	started  atomic.Pointer[time.Time] // nil until the service has started and migrated
	draining atomic.Bool
	awaited  []Condition
	clock    func() time.Time
	probes   []*probe
	handler  http.Handler
}

// New returns an Ops that is not ready yet.
func New(opts Options) *Ops {
	if opts.Registry == nil {
		opts.Registry = prometheus.NewRegistry()
	}
	if opts.CacheFor <= 0 {
		opts.CacheFor = defaultCacheFor
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	o := &Ops{awaited: opts.Awaited, clock: opts.Clock}
	for _, check := range opts.Checks {
		if check.Timeout <= 0 {
			check.Timeout = defaultTimeout
		}
		o.probes = append(o.probes, &probe{check: check, cacheFor: opts.CacheFor, log: opts.Log, clock: opts.Clock})
	}
	o.handler = o.routes(opts)
	return o
}

// SetReady says whether the service has started and migrated.
func (o *Ops) SetReady(ready bool) {
	if !ready {
		o.started.Store(nil)
		return
	}
	now := o.clock()
	o.started.CompareAndSwap(nil, &now)
}

// SetDraining says that the service is about to stop: it is not ready from then on.
func (o *Ops) SetDraining() { o.draining.Store(true) }

// Handler serves, for GET and HEAD:
//
//	/livez         200 while the process answers at all
//	/readyz        200 when started, migrated, not draining and not waiting, else 503 with the reason
//	/healthz       200 healthy or degraded, 503 unhealthy, with the status of each dependency
//	/metrics       Prometheus text, OpenMetrics (with exemplars) or protobuf (with native histograms)
//	/debug/pprof/  profiles, without the command line
//
// The first three answer in JSON, whatever Accept says, and with Cache-Control: no-store.
func (o *Ops) Handler() http.Handler { return o.handler }

func (o *Ops) routes(opts Options) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "alive"})
	})
	mux.HandleFunc("GET /readyz", o.readyz)
	mux.HandleFunc("GET /healthz", o.healthz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(opts.Registry, promhttp.HandlerOpts{
		// One broken collector must not hide the others.
		ErrorHandling:       promhttp.ContinueOnError,
		ErrorLog:            slog.NewLogLogger(opts.Log.Handler(), slog.LevelError),
		EnableOpenMetrics:   true,
		MaxRequestsInFlight: mostScrapes,
		Timeout:             scrapeTimeout,
	}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

func (o *Ops) readyz(w http.ResponseWriter, _ *http.Request) {
	if reason := o.unready(); reason != "" {
		answer(w, http.StatusServiceUnavailable, map[string]string{"status": "not_ready", "reason": string(reason)})
		return
	}
	answer(w, http.StatusOK, map[string]string{"status": "ready"})
}

// unready returns why the service takes no callers, "" if it does.
func (o *Ops) unready() Reason {
	started := o.started.Load()
	switch {
	case o.draining.Load():
		return "draining"
	case started == nil:
		return "starting"
	}
	waited := o.clock().Sub(*started)
	for _, c := range o.awaited {
		if waited < c.Within && !c.Holds() {
			return c.Reason
		}
	}
	return ""
}

func (o *Ops) healthz(w http.ResponseWriter, _ *http.Request) {
	report := o.Health()
	status := http.StatusOK
	if report.Status == Unhealthy {
		status = http.StatusServiceUnavailable
	}
	answer(w, status, report)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The status has been sent; a prober that has gone away needs no more.
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // It is one of two structs above.
}
