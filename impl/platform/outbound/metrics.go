package outbound

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/prometheus/client_golang/prometheus"
)

// The results of calls, besides the reasons of failures.
const (
	success  = "success"
	rejected = "rejected" // with a status from 400 to 499: the service works and refuses the call
	canceled = "canceled" // by the caller
)

func resultOf(status int) string {
	if status >= http.StatusBadRequest {
		return rejected
	}
	return success
}

// metrics are the metrics of one dependency. Every series exists from the start.
type metrics struct {
	results         map[string]prometheus.Counter
	duration        prometheus.Observer
	retries, denied prometheus.Counter
}

// newMetrics registers outbound_requests_total{dependency,result}, outbound_request_duration_seconds{dependency},
// outbound_retries_total{dependency}, outbound_retries_denied_total{dependency} and outbound_breaker_state{dependency}.
func newMetrics(
	registry prometheus.Registerer, dependency string, state func() circuitbreaker.State,
) (*metrics, error) {
	labels := prometheus.Labels{"dependency": dependency}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels})
	}
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "outbound_requests_total", ConstLabels: labels,
		Help: "Calls of another service by result, without retries.",
	}, []string{"result"})
	duration := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "outbound_request_duration_seconds", ConstLabels: labels,
		Help:    "Duration of calls of another service, retries included.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	})
	m := &metrics{
		results:  map[string]prometheus.Counter{},
		duration: duration,
		retries:  counter("outbound_retries_total", "Tries after the first."),
		denied:   counter("outbound_retries_denied_total", "Retries that the budget did not allow."),
	}
	breaker := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "outbound_breaker_state", Help: "State of the breaker: 0 closed, 1 open, 2 half open.", ConstLabels: labels,
	}, func() float64 { return float64(state()) })
	var errs []error
	for _, c := range []prometheus.Collector{requests, duration, m.retries, m.denied, breaker} {
		errs = append(errs, registry.Register(c))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("outbound: register the metrics of %s, once per registry: %w", dependency, err)
	}
	for _, result := range []string{
		success, rejected, canceled, string(BreakerOpen), string(NoTime), string(TimedOut),
		string(Unreachable), string(Failing), string(RateLimited), string(TooLarge),
	} {
		m.results[result] = requests.WithLabelValues(result)
	}
	return m, nil
}

func (m *metrics) observe(result string, took time.Duration) {
	m.results[result].Inc()
	m.duration.Observe(took.Seconds())
}
