package front

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/ops"
)

// operated is a service whose operators' pages show this registry and these checks.
func operated(t *testing.T, name string, registry *prometheus.Registry, checks ...ops.Check) (Service, *ops.Ops) {
	t.Helper()
	state := ops.New(ops.Options{Registry: registry, Checks: checks, CacheFor: 1})
	state.SetReady(true)
	web := httptest.NewServer(state.Handler())
	t.Cleanup(web.Close)
	return Service{Contract: contract.Contract{Document: &contract.Document{Name: name}}, Addr: free(t),
		OpsAddr: strings.TrimPrefix(web.URL, "http://")}, state
}

// requests registers a counter that each service has, in one of them with the service's name as a label.
func requests(registry *prometheus.Registry, constant prometheus.Labels, count float64) {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "http_requests_total", Help: "Requests.",
		ConstLabels: constant}, []string{"operation", "status"})
	registry.MustRegister(c)
	c.WithLabelValues("getOne", "200").Add(count)
	c.WithLabelValues("getOne", "404").Add(1)
}

func TestMetricsOfAllServicesAreOneExposition(t *testing.T) {
	t.Parallel()
	users, orders := prometheus.NewRegistry(), prometheus.NewRegistry()
	requests(users, nil, 3)
	requests(orders, prometheus.Labels{"service": "orders"}, 5)
	users.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "only_here", Help: "One."},
		func() float64 { return 1 }))
	seconds := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "seconds", Help: "Seconds.",
		Buckets: []float64{1, 2}})
	orders.MustRegister(seconds)
	observer, ok := seconds.(prometheus.ExemplarObserver)
	require.True(t, ok)
	observer.ObserveWithExemplar(1.5, prometheus.Labels{"trace_id": "0af7651916cd43dd8448eb211c80319c"})
	one, _ := operated(t, "users", users)
	two, _ := operated(t, "orders", orders)
	_, opsAddr := start(t, one, two)

	answer, text := send(t, opsAddr, http.MethodGet, "/metrics", "")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text)) // It refuses a duplicate series.
	require.NoError(t, err, text)
	got := map[string]float64{}
	for _, m := range families["http_requests_total"].GetMetric() {
		labels := map[string]string{}
		for _, l := range m.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		require.Len(t, labels, 3)
		got[labels["service"]+" "+labels["status"]] = m.GetCounter().GetValue()
	}
	require.Equal(t, map[string]float64{"users 200": 3, "users 404": 1, "orders 200": 5, "orders 404": 1}, got)
	require.Len(t, families["only_here"].GetMetric(), 1)
	require.Equal(t, dto.MetricType_HISTOGRAM, families["seconds"].GetType())

	_, text = send(t, opsAddr, http.MethodGet, "/metrics", "",
		func(r *http.Request) { r.Header.Set("Accept", "application/openmetrics-text; version=1.0.0") })
	require.Contains(t, text, `# {trace_id="0af7651916cd43dd8448eb211c80319c"} 1.5`)
}

// If a service is down, only its own metrics are missing.
func TestMetricsOfTheServicesThatAnswer(t *testing.T) {
	t.Parallel()
	users := prometheus.NewRegistry()
	requests(users, nil, 3)
	one, _ := operated(t, "users", users)
	_, opsAddr := start(t,
		Service{Contract: contract.Contract{Document: &contract.Document{Name: "orders"}}, Addr: free(t), OpsAddr: free(t)},
		one)
	answer, text := send(t, opsAddr, http.MethodGet, "/metrics", "")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Contains(t, text, `http_requests_total{operation="getOne",service="users",status="200"} 3`)
}

func TestHealthIsTheWorst(t *testing.T) {
	t.Parallel()
	var users, bus, orders atomic.Bool // whether they are down
	check := func(name string, critical bool, down *atomic.Bool) ops.Check {
		return ops.Check{Name: name, Critical: critical, Run: func(context.Context) error {
			if down.Load() {
				return ops.Reason("planted")
			}
			return nil
		}}
	}
	one, _ := operated(t, "users", prometheus.NewRegistry(), check("database", true, &users), check("bus", false, &bus))
	two, _ := operated(t, "orders", prometheus.NewRegistry(), check("database", true, &orders))
	_, opsAddr := start(t, one, two)
	for _, c := range []struct {
		users, bus, orders bool
		status             int
		want               ops.Status
	}{
		{false, false, false, 200, ops.Healthy},
		{false, true, false, 200, ops.Degraded},
		{false, true, true, 503, ops.Unhealthy},
		{true, false, false, 503, ops.Unhealthy},
	} {
		users.Store(c.users)
		bus.Store(c.bus)
		orders.Store(c.orders)
		answer, text := send(t, opsAddr, http.MethodGet, "/healthz", "")
		require.Equal(t, c.status, answer.StatusCode)
		var report ops.Report
		require.NoError(t, json.Unmarshal([]byte(text), &report))
		require.Equal(t, c.want, report.Status)
		down := map[string]bool{}
		for _, d := range report.Dependencies {
			down[d.Name] = d.Status == ops.Unhealthy
		}
		require.Equal(t, map[string]bool{"users/database": c.users, "users/bus": c.bus, "orders/database": c.orders}, down)
	}
}

func TestOneServiceThatIsNotReadyIsEnough(t *testing.T) {
	t.Parallel()
	one, _ := operated(t, "users", prometheus.NewRegistry())
	two, orders := operated(t, "orders", prometheus.NewRegistry())
	gone := Service{Contract: contract.Contract{Document: &contract.Document{Name: "gone"}}, Addr: free(t),
		OpsAddr: free(t)}
	said := func(services ...Service) (status int, body map[string]string) {
		_, opsAddr := start(t, services...)
		answer, text := send(t, opsAddr, http.MethodGet, "/readyz", "")
		require.NoError(t, json.Unmarshal([]byte(text), &body))
		return answer.StatusCode, body
	}
	status, body := said(one, two)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, map[string]string{"status": "ready"}, body)

	status, body = said(one, gone)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, map[string]string{"status": "not_ready", "reason": "unreachable", "service": "gone"}, body)
	_, opsAddr := start(t, one, gone)
	answer, text := send(t, opsAddr, http.MethodGet, "/healthz", "")
	require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	require.Contains(t, text, `"name":"gone","status":"unhealthy","critical":true`)

	orders.SetDraining()
	status, body = said(one, two)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, map[string]string{"status": "not_ready", "reason": "draining", "service": "orders"}, body)
}

func TestTheProcessItselfIsSeen(t *testing.T) {
	t.Parallel()
	one, _ := operated(t, "users", prometheus.NewRegistry())
	_, opsAddr := start(t, one)
	for _, path := range []string{"/livez", "/debug/pprof/", "/debug/pprof/symbol"} {
		answer, _ := send(t, opsAddr, http.MethodGet, path, "")
		require.Equal(t, http.StatusOK, answer.StatusCode, path)
		require.Equal(t, "no-store", answer.Header.Get("Cache-Control"), path)
	}
	answer, _ := send(t, opsAddr, http.MethodGet, "/api/v1/users", "")
	require.Equal(t, http.StatusNotFound, answer.StatusCode)
}
