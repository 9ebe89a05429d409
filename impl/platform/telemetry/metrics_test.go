package telemetry

import (
	"io"
	"math"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
)

var someOperations = []OperationLabels{
	{Operation: "getOrder", Method: "GET", Statuses: []int{200, 404}, Results: []string{"order_not_found"}},
	{
		Operation: "createOrder",
		Method:    "POST",
		Statuses:  []int{201, 422, 201, 0, 9999},
		Results:   []string{"stock_short", "product_missing"},
	},
}

func startMetrics(t *testing.T) (*prometheus.Registry, *HTTPMetrics) {
	t.Helper()
	reg := prometheus.NewRegistry()
	m, err := NewHTTPMetrics(reg, someOperations)
	require.NoError(t, err)
	return reg, m
}

// find returns the metric of a family that has all of the labels.
func find(t *testing.T, reg prometheus.Gatherer, name string, labels map[string]string) *dto.Metric {
	t.Helper()
	families, err := reg.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
	metrics:
		for _, metric := range family.GetMetric() {
			got := make(map[string]string)
			for _, pair := range metric.GetLabel() {
				got[pair.GetName()] = pair.GetValue()
			}
			for label, value := range labels {
				if got[label] != value {
					continue metrics
				}
			}
			return metric
		}
	}
	require.Failf(t, "no such metric", "%s %v", name, labels)
	return nil
}

func countSeries(t *testing.T, reg prometheus.Gatherer) int {
	t.Helper()
	families, err := reg.Gather()
	require.NoError(t, err)
	series := 0
	for _, family := range families {
		series += len(family.GetMetric())
	}
	return series
}

func TestObserve(t *testing.T) {
	t.Parallel()
	reg, m := startMetrics(t)
	traceID := NewTraceID()
	o := m.Operation("getOrder")
	o.Observe(200, 3*time.Millisecond, "")
	o.Observe(200, 3*time.Millisecond, traceID)
	o.Observe(418, time.Second, "not a trace id")
	o.Observe(500, time.Second, "")
	m.Operation("no such operation").Observe(404, time.Second, "")
	m.InFlight.Inc()

	for status, want := range map[string]float64{"200": 2, "404": 0, "500": 1, "other": 1} {
		labels := map[string]string{"operation": "getOrder", "method": "GET", "status": status}
		require.InDelta(t, want, find(t, reg, "http_requests_total", labels).GetCounter().GetValue(), 0, status)
	}
	require.InDelta(
		t,
		1,
		find(
			t,
			reg,
			"http_requests_total",
			map[string]string{"operation": "unmatched", "method": "other", "status": "404"},
		).GetCounter().GetValue(),
		0,
	)
	require.InDelta(t, 1, find(t, reg, "http_requests_in_flight", nil).GetGauge().GetValue(), 0)

	h := find(t, reg, "http_request_duration_seconds", map[string]string{"operation": "getOrder"}).GetHistogram()
	require.EqualValues(t, 4, h.GetSampleCount())
	require.InDelta(t, 2.006, h.GetSampleSum(), 1e-9)
	require.NotEmpty(t, h.GetPositiveSpan(), "also a native histogram")
	var exemplars []string
	for _, bucket := range h.GetBucket() {
		if e := bucket.GetExemplar(); e != nil {
			exemplars = append(exemplars, e.GetLabel()[0].GetName()+"="+e.GetLabel()[0].GetValue())
		}
	}
	require.Equal(t, []string{"trace_id=" + traceID}, exemplars)
}

func TestResults(t *testing.T) {
	t.Parallel()
	reg, m := startMetrics(t)
	o := m.Operation("createOrder")
	o.Result(Success)
	o.Result("stock_short")
	o.Result("stock_short")
	o.Result("order_not_found") // another operation's
	o.Slow()
	o.ContractViolation()
	for result, want := range map[string]float64{Success: 1, "stock_short": 2, "other": 1} {
		labels := map[string]string{"operation": "createOrder", "result": result}
		require.InDelta(t, want, find(t, reg, "business_operations_total", labels).GetCounter().GetValue(), 0, result)
	}
	for _, name := range []string{"slow_operations_total", "contract_violations_total"} {
		require.InDelta(t, 1, find(t, reg, name, map[string]string{"operation": "createOrder"}).GetCounter().GetValue(), 0)
	}
}

// Whatever requests bring, the series stay those that the document allows.
func TestSeriesAreBounded(t *testing.T) {
	t.Parallel()
	reg, m := startMetrics(t)
	names := []string{"getOrder", "createOrder", "unmatched", "", "GETORDER", "/api/v1/orders/1", "\xff", "a\"} 1"}
	results := []string{Success, "order_not_found", "stock_short", "product_missing"}
	for _, name := range names { // every failure that is allowed has happened once
		for _, result := range results {
			m.Operation(name).Result(result)
		}
	}
	before := countSeries(t, reg)

	for _, name := range names {
		o := m.Operation(name)
		for _, status := range []int{math.MinInt, -1, 0, 1, 99, 100, 299, 418, 599, 600, 9999, math.MaxInt} {
			o.Observe(status, time.Second, name)
		}
		for _, result := range append(names, "internal", "pq: duplicate key") {
			o.Result(result)
		}
		for _, took := range []time.Duration{math.MinInt64, -1, 0, 1, math.MaxInt64} {
			o.Observe(200, took, NewTraceID())
		}
		o.Slow()
		o.ContractViolation()
		var scope RequestScope
		scope.Spend(SQL, time.Second)
		o.Spent(&scope)
	}
	require.Equal(t, before, countSeries(t, reg))
}

func TestOperationsAreGivenOnce(t *testing.T) {
	t.Parallel()
	reg, _ := startMetrics(t)
	_, err := NewHTTPMetrics(reg, someOperations)
	require.ErrorContains(t, err, "once per registry")
	_, err = NewHTTPMetrics(prometheus.NewRegistry(), append(someOperations, someOperations[0]))
	require.ErrorContains(t, err, "getOrder")
	_, err = NewHTTPMetrics(prometheus.NewRegistry(), []OperationLabels{{Operation: Unmatched}})
	require.ErrorContains(t, err, Unmatched)
}

func TestNewMetrics(t *testing.T) {
	t.Parallel()
	log := NewLogger(writerFunc(func([]byte) (int, error) { return 0, io.ErrClosedPipe }), LogOptions{})
	m, err := NewMetrics("orders", "1.2.3", log)
	require.NoError(t, err)
	log.Error("lost")
	require.InDelta(t, 1, find(t, m.Registry, "log_lines_lost_total", nil).GetCounter().GetValue(), 0)
	find(t, m.Registry, "service_build_info", map[string]string{"service": "orders", "version": "1.2.3"})
	find(t, m.Registry, "go_goroutines", nil)
	find(t, m.Registry, "go_build_info", nil)

	families, err := prometheus.DefaultGatherer.Gather()
	require.NoError(t, err)
	for _, family := range families {
		require.NotContains(
			t,
			[]string{"service_build_info", "log_lines_lost_total", "http_requests_total"},
			family.GetName(),
			"the global registry stays out of it",
		)
	}
}
