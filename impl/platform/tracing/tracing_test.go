package tracing_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/tracing"
	"example.com/plumbline/impl/testkit/otlptest"
)

// Tests set variables of the environment, so none is parallel.

// sent is a running exporter with its log and its metrics.
type sent struct {
	*tracing.Traces

	log      *syncBuffer
	registry *prometheus.Registry
}

func start(t *testing.T, endpoint string, sampling telemetry.Sampling, variables ...string) *sent {
	t.Helper()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "10") // ms
	for i := 0; i < len(variables); i += 2 {
		t.Setenv(variables[i], variables[i+1])
	}
	environment, err := tracing.FromEnvironment(sampling)
	require.NoError(t, err)
	require.True(t, environment.On)
	s := &sent{log: &syncBuffer{}, registry: prometheus.NewRegistry()}
	s.Traces, err = tracing.Start(t.Context(), tracing.Config{
		Environment: environment, Service: "users", Version: "1", Registry: s.registry,
		Log: slog.New(slog.NewTextHandler(s.log, nil)),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop(context.Background())) })
	return s
}

// request makes one recorded span.
func (s *sent) request(name string) {
	var scope telemetry.RequestScope
	_, span := s.Tracer().Begin(context.Background(), &scope, trace.SpanKindServer, name, "")
	span.End()
}

func (s *sent) count(t *testing.T, result string) (n float64) {
	t.Helper()
	families, err := s.registry.Gather()
	require.NoError(t, err)
	for _, m := range families[0].GetMetric() {
		if m.GetLabel()[0].GetValue() == result {
			n = m.GetCounter().GetValue()
		}
	}
	return n
}

var all = telemetry.Sampling{Ratio: 1}

func TestSpansArrive(t *testing.T) {
	r := otlptest.New(t)
	s := start(t, r.URL, all, "OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20collector")
	s.request("getUser")
	r.Await(t, func() bool { return len(r.Spans()) == 1 })
	got := r.Spans()[0]
	require.Equal(t, "getUser", got.GetName())
	require.Equal(t, "users", got.Service)
	require.Equal(t, "Bearer collector", r.Asked()[0].Get("Authorization"))
	require.Eventually(t, func() bool { return s.count(t, "exported") == 1 }, patience, tick)
}

func TestTheEnvironmentNamesTheService(t *testing.T) {
	r := otlptest.New(t)
	s := start(t, r.URL, all, "OTEL_SERVICE_NAME", "accounts",
		"OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
	s.request("getUser")
	r.Await(t, func() bool { return len(r.Spans()) == 1 })
	require.Equal(t, "accounts", r.Spans()[0].Service)
	require.Contains(t, string(r.Bytes()), "deployment.environment.name")
}

// What waits is sent at the end, although the next batch was not due.
func TestStopFlushes(t *testing.T) {
	r := otlptest.New(t)
	s := start(t, r.URL, all, "OTEL_BSP_SCHEDULE_DELAY", "3600000")
	for i := range 700 { // more than a batch
		s.request(fmt.Sprint(i))
	}
	require.NoError(t, s.Stop(t.Context()))
	require.Len(t, r.Spans(), 700)
}

// A receiver that refuses is logged when it begins to and when it ends; nobody waits for it.
func TestReceiverThatRefuses(t *testing.T) {
	r := otlptest.New(t)
	r.Refuse(http.StatusForbidden)
	s := start(t, r.URL, all)
	for i := range 3 {
		s.request("refused")
		r.Await(t, func() bool { return len(r.Asked()) > i })
	}
	require.Eventually(t, func() bool { return s.count(t, "failed") == 3 }, patience, tick)
	require.Equal(t, 1, strings.Count(s.log.String(), "traces are not received"))
	r.Recover()
	s.request("taken")
	r.Await(t, func() bool { return len(r.Spans()) == 1 })
	require.Eventually(t, func() bool { return s.count(t, "exported") == 1 }, patience, tick)
	require.Equal(t, 1, strings.Count(s.log.String(), "traces are received again"))
	require.Equal(t, 1, strings.Count(s.log.String(), "traces are not received"))
}

// Nothing listens at the address.
func TestReceiverThatIsAway(t *testing.T) {
	s := start(t, "http://127.0.0.1:1", all)
	s.request("lost")
	require.Eventually(t, func() bool { return s.count(t, "failed") == 1 }, patience, tick)
	require.Contains(t, s.log.String(), "traces are not received")
}

// While a receiver hangs, spans beyond the queue are dropped and counted, and the end does not wait for it.
func TestReceiverThatHangs(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	r := otlptest.New(t)
	r.Hang()
	s := start(t, r.URL, all)
	const queue = 2048
	for range queue + 100 {
		s.request("waits")
	}
	r.Await(t, func() bool { return len(r.Asked()) > 0 })
	require.EqualValues(t, 100, s.count(t, "dropped"))
	ended, cancel := context.WithCancel(t.Context())
	cancel() // as when the time for the end is over
	require.NoError(t, s.Stop(ended))
	require.EqualValues(t, queue, s.count(t, "failed"))
	require.Contains(t, s.log.String(), "the last spans are lost")
	require.Empty(t, r.Spans())
	r.Recover()
}

func TestOffUnlessThereIsAnEndpoint(t *testing.T) {
	for name, variables := range map[string][]string{
		"nothing": {}, "disabled": {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318", "OTEL_SDK_DISABLED", "true"},
		"no exporter": {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318", "OTEL_TRACES_EXPORTER", "none"},
		"only a name": {"OTEL_SERVICE_NAME", "users"},
	} {
		t.Run(name, func(t *testing.T) {
			for i := 0; i < len(variables); i += 2 {
				t.Setenv(variables[i], variables[i+1])
			}
			environment, err := tracing.FromEnvironment(all)
			require.NoError(t, err)
			require.False(t, environment.On)
			traces, err := tracing.Start(t.Context(), tracing.Config{Environment: environment})
			require.NoError(t, err)
			require.Nil(t, traces.Tracer())
			require.NoError(t, traces.Stop(t.Context()))
		})
	}
}

func TestEnvironment(t *testing.T) {
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for name, c := range map[string]struct {
		variables []string
		ratio     float64
		says      string
	}{
		"ratio of the settings": {ratio: 0.25},
		"always on":             {variables: []string{"OTEL_TRACES_SAMPLER", "always_on"}, ratio: 1},
		"always off":            {variables: []string{"OTEL_TRACES_SAMPLER", "parentbased_always_off"}},
		"ratio": {variables: []string{"OTEL_TRACES_SAMPLER", "parentbased_traceidratio",
			"OTEL_TRACES_SAMPLER_ARG", "0.5"}, ratio: 0.5},
		"ratio of nothing": {variables: []string{"OTEL_TRACES_SAMPLER", "traceidratio"}, ratio: 1},
		"no ratio": {variables: []string{"OTEL_TRACES_SAMPLER", "traceidratio", "OTEL_TRACES_SAMPLER_ARG", "2"},
			says: "OTEL_TRACES_SAMPLER_ARG is no number from 0 to 1"},
		"no sampler": {variables: []string{"OTEL_TRACES_SAMPLER", "xray"}, says: "write parentbased_traceidratio"},
		"no URL":     {variables: []string{endpoint, "collector:4318"}, says: "write it as http://collector:4318"},
		"of traces": {variables: []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://u:geheim@c"},
			says: "TRACES_ENDPOINT is no"},
		"gRPC":      {variables: []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}, says: "write http/protobuf"},
		"disabled?": {variables: []string{"OTEL_SDK_DISABLED", "maybe"}, says: "neither true nor false"},
		"zipkin":    {variables: []string{"OTEL_TRACES_EXPORTER", "zipkin"}, says: "write otlp or none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(endpoint, "http://collector:4318")
			for i := 0; i < len(c.variables); i += 2 {
				t.Setenv(c.variables[i], c.variables[i+1])
			}
			environment, err := tracing.FromEnvironment(telemetry.Sampling{Ratio: 0.25, Callers: 7})
			if c.says != "" {
				require.ErrorContains(t, err, c.says)
				require.NotContains(t, err.Error(), "geheim")
				return
			}
			require.NoError(t, err)
			require.Equal(t, telemetry.Sampling{Ratio: c.ratio, Callers: 7}, environment.Sampling)
		})
	}
}

func TestMetricsExistFromTheStart(t *testing.T) {
	s := start(t, "http://127.0.0.1:1", telemetry.Sampling{})
	count, err := testutil.GatherAndCount(s.registry)
	require.NoError(t, err)
	require.Equal(t, 3, count)
}
