package telemetry

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

const (
	// Unmatched is the operation of requests without a route.
	Unmatched = "unmatched"
	// Success is the result of an operation that succeeded.
	Success = "success"
	// CallerGone is the result of an operation whose caller hung up before its end.
	CallerGone = "client_closed_request"
	// StatusCallerGone is the status of such a request, which nobody receives. HTTP has no such status; 499 is what
	// proxies log.
	StatusCallerGone = 499
	// other replaces every label value outside the set given at the start.
	other = "other"
)

// Metrics is a service's own registry of metrics; the global default registry is not used.
type Metrics struct {
	Registry *prometheus.Registry
}

// NewMetrics returns metrics of the Go runtime, the process, the build (service_build_info) and, if log is not nil,
// the lines that it lost.
func NewMetrics(service, version string, log *Logger) (*Metrics, error) {
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "service_build_info",
		Help:        "Always 1; the labels say what is running.",
		ConstLabels: prometheus.Labels{"service": service, "version": version, "revision": revision()},
	})
	build.Set(1)
	all := []prometheus.Collector{
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewBuildInfoCollector(),
		build,
	}
	if log != nil {
		all = append(all, prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "log_lines_lost_total",
			Help: "Log lines that the writer did not take.",
		}, func() float64 { return float64(log.Lost()) }))
	}
	registry := prometheus.NewRegistry()
	if err := register(registry, all...); err != nil {
		return nil, err
	}
	return &Metrics{Registry: registry}, nil
}

// revision is the commit that the binary was built from, or "unknown".
func revision() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				return setting.Value
			}
		}
	}
	return "unknown"
}

func register(reg prometheus.Registerer, all ...prometheus.Collector) error {
	var errs []error
	for _, c := range all {
		if err := reg.Register(c); err != nil {
			errs = append(errs, fmt.Errorf("telemetry: register a metric, once per registry: %w", err))
		}
	}
	return errors.Join(errs...)
}

// OperationLabels is one operation of a document, with the label values that its metrics may have.
type OperationLabels struct {
	// Operation is the operationId, Method the HTTP method.
	Operation, Method string
	// Statuses are the documented statuses; 500 and StatusCallerGone are always among them.
	Statuses []int
	// Results are the problem codes of the operation.
	Results []string
}

// HTTPMetrics counts requests by operation. Every series except those of failed results exists from the start, and
// none outside the given labels ever does.
type HTTPMetrics struct {
	// InFlight is http_requests_in_flight: increment it when a request arrives, decrement it when it is answered.
	InFlight prometheus.Gauge

	operations map[string]*OperationMetrics
	unmatched  *OperationMetrics
}

// OperationMetrics counts the requests of one operation. It is safe for concurrent use; keep it beside the route, so
// that a request looks up no label.
type OperationMetrics struct {
	requests   []prometheus.Counter // the first counts every other status
	byStatus   [600]uint16          // the index of a status in requests
	duration   prometheus.ExemplarObserver
	plain      prometheus.Observer
	slow       prometheus.Counter
	violations prometheus.Counter
	throttled  *prometheus.CounterVec
	parts      [parts]prometheus.Counter
	id         string

	success, otherResult prometheus.Counter
	results              map[string]prometheus.Labels // of known failures
	failures             *prometheus.CounterVec
}

// durationBuckets, in seconds, are for scrapers without native histograms.
var durationBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// exemplarLabel names the trace in an exemplar (OpenMetrics 1.0, "Exemplars").
const exemplarLabel = "trace_id"

type httpVectors struct {
	requests, business, slow, violations, throttled, parts *prometheus.CounterVec
	duration                                               *prometheus.HistogramVec
}

// NewHTTPMetrics registers http_requests_total{operation,method,status},
// http_request_duration_seconds{operation,method}, http_requests_in_flight,
// business_operations_total{operation,result}, slow_operations_total{operation},
// throttled_requests_total{operation,limit}, contract_violations_total{operation} and
// operation_part_seconds_total{operation,part}. It fails if an operation is given twice, or if reg has such metrics
// already.
func NewHTTPMetrics(reg prometheus.Registerer, operations []OperationLabels) (*HTTPMetrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	v := httpVectors{
		requests: counter("http_requests_total", "Requests answered.", "operation", "method", "status"),
		business: counter("business_operations_total",
			"Operations carried out, by result: success or a problem code.", "operation", "result"),
		slow:       counter("slow_operations_total", "Operations that took longer than their threshold.", "operation"),
		violations: counter("contract_violations_total", "Answers that their document does not allow.", "operation"),
		throttled: counter("throttled_requests_total",
			"Requests beyond a limit, by the limit of RateLimit-Policy that refused them.", "operation", "limit"),
		parts: counter("operation_part_seconds_total",
			"Time that requests spent in a part: waiting for a database connection, SQL, calls of other services, "+
				"waiting to hash a password, hashing.", "operation", "part"),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_request_duration_seconds",
			Help:    "Time from a request's arrival to its answer.",
			Buckets: durationBuckets,
			// A native histogram beside the classic one: neighbouring bounds differ by at most 10 %, and the memory is
			// bounded.
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  100,
			NativeHistogramMinResetDuration: time.Hour,
		}, []string{"operation", "method"}),
	}
	m := &HTTPMetrics{
		InFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "http_requests_in_flight", Help: "Requests being answered.",
		}),
		operations: make(map[string]*OperationMetrics, len(operations)),
	}
	err := register(reg, v.requests, v.business, v.slow, v.violations, v.throttled, v.parts, v.duration,
		m.InFlight)
	if err != nil {
		return nil, err
	}
	for _, labels := range operations {
		if _, twice := m.operations[labels.Operation]; twice || labels.Operation == Unmatched {
			return nil, fmt.Errorf("telemetry: the operation %q is given twice or reserved: operation ids are unique",
				labels.Operation)
		}
		m.operations[labels.Operation] = v.bind(labels)
	}
	// The method of a request without a route is not a label: callers could send any text.
	m.unmatched = v.bind(OperationLabels{
		Operation: Unmatched, Method: other,
		Statuses: []int{200, 204, 302, 304, 400, 404, 405, 408, 413, 414, 417, 429, 431, 501, 503, 505},
	})
	return m, nil
}

func (v httpVectors) bind(labels OperationLabels) *OperationMetrics {
	id, method := labels.Operation, labels.Method
	duration := v.duration.WithLabelValues(id, method)
	o := &OperationMetrics{
		plain:       duration,
		duration:    duration.(prometheus.ExemplarObserver),
		slow:        v.slow.WithLabelValues(id),
		violations:  v.violations.WithLabelValues(id),
		throttled:   v.throttled,
		id:          id,
		success:     v.business.WithLabelValues(id, Success),
		otherResult: v.business.WithLabelValues(id, other),
		results:     make(map[string]prometheus.Labels, len(labels.Results)),
		failures:    v.business,
		requests:    []prometheus.Counter{v.requests.WithLabelValues(id, method, other)},
	}
	for _, status := range append([]int{500, StatusCallerGone}, labels.Statuses...) {
		if 100 <= status && status < len(o.byStatus) && o.byStatus[status] == 0 {
			o.byStatus[status] = uint16(len(o.requests)) //nolint:gosec // There are at most 600 statuses.
			o.requests = append(o.requests, v.requests.WithLabelValues(id, method, strconv.Itoa(status)))
		}
	}
	for _, part := range Parts() {
		o.parts[part] = v.parts.WithLabelValues(id, part.String())
	}
	for _, result := range append([]string{CallerGone}, labels.Results...) {
		o.results[result] = prometheus.Labels{"operation": id, "result": result}
	}
	return o
}

// Operation returns the metrics of an operationId, or those of Unmatched for any other text.
func (m *HTTPMetrics) Operation(id string) *OperationMetrics {
	if o, known := m.operations[id]; known {
		return o
	}
	return m.unmatched
}

// Observe counts an answered request with its status and its duration. The trace id of a sampled trace becomes the
// exemplar; pass "" otherwise.
func (o *OperationMetrics) Observe(status int, took time.Duration, sampledTraceID string) {
	if status < 0 || status >= len(o.byStatus) {
		status = 0
	}
	o.requests[o.byStatus[status]].Inc()
	if len(sampledTraceID) != traceIDLen {
		o.plain.Observe(took.Seconds())
		return
	}
	o.duration.ObserveWithExemplar(took.Seconds(), prometheus.Labels{exemplarLabel: sampledTraceID})
}

// Result counts the result of an operation: Success, CallerGone, or one of the problem codes given at the start; any
// other counts as "other".
func (o *OperationMetrics) Result(result string) {
	if result == Success {
		o.success.Inc()
		return
	}
	if labels, known := o.results[result]; known {
		o.failures.With(labels).Inc()
		return
	}
	o.otherResult.Inc()
}

// Spent counts what an answered request has spent in its parts.
func (o *OperationMetrics) Spent(scope *RequestScope) {
	for _, part := range Parts() {
		if d := scope.Spent(part); d > 0 {
			o.parts[part].Add(d.Seconds())
		}
	}
}

// Slow counts one execution above the threshold of the operation.
func (o *OperationMetrics) Slow() { o.slow.Inc() }

// Throttled counts one request beyond a limit of the document.
func (o *OperationMetrics) Throttled(limit string) { o.throttled.WithLabelValues(o.id, limit).Inc() }

// ContractViolation counts one answer that the document does not allow.
func (o *OperationMetrics) ContractViolation() { o.violations.Inc() }
