package tracing_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/tracing"
	"example.com/plumbline/impl/testkit/otlptest"
	"example.com/plumbline/impl/testkit/tlstest"
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
	require.ErrorIs(t, s.Stop(ended), tracing.ErrLost)
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
		callers   *int // those of the settings where it is nil
		says      string
	}{
		"ratio of the settings": {ratio: 0.25},
		"always on":             {variables: []string{"OTEL_TRACES_SAMPLER", "always_on"}, ratio: 1},
		"always off":            {variables: []string{"OTEL_TRACES_SAMPLER", "parentbased_always_off"}},
		"off for callers too":   {variables: []string{"OTEL_TRACES_SAMPLER", "always_off"}, callers: new(0)},
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
		"headers": {variables: []string{"OTEL_EXPORTER_OTLP_HEADERS", "a=1,b=x%20y=",
			"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "c="}, ratio: 0.25},
		"no header": {variables: []string{"OTEL_EXPORTER_OTLP_HEADERS", "Bearer geheim"},
			says: "OTEL_EXPORTER_OTLP_HEADERS is no list such as"},
		"no header of traces": {variables: []string{"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=1,geheim"},
			says: "OTEL_EXPORTER_OTLP_TRACES_HEADERS is no list such as"},
		"no name of a header": {variables: []string{"OTEL_EXPORTER_OTLP_HEADERS", "geheim geheim=1"},
			says: "is no list such as"},
		"no value of a header": {variables: []string{"OTEL_EXPORTER_OTLP_HEADERS", "a=geheim%zz"},
			says: "is no list such as"},
		"two lines": {variables: []string{"OTEL_EXPORTER_OTLP_HEADERS", "a=geheim%0Ab"},
			says: "is no list such as"},
		"no time": {variables: []string{"OTEL_EXPORTER_OTLP_TIMEOUT", "10s"},
			says: "OTEL_EXPORTER_OTLP_TIMEOUT is no number of milliseconds"},
		"no time of traces": {variables: []string{"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "geheim"},
			says: "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT is no number of milliseconds"},
		"no compression": {variables: []string{"OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"}, says: "write gzip or none"},
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
			require.Equal(t, telemetry.Sampling{Ratio: c.ratio, Callers: *cmp.Or(c.callers, new(7))}, environment.Sampling)
		})
	}
}

// Files that cannot be used are named by their variable, and tracing does not go on without them.
func TestFilesOfTheReceiver(t *testing.T) {
	a := tlstest.New(t, "own")
	a.Sign("users")
	for name, c := range map[string]struct {
		variables map[string]string
		says      string
	}{
		"all": {variables: map[string]string{
			"CERTIFICATE": a.Path("ca.pem"), "CLIENT_CERTIFICATE": a.Path("users.pem"), "CLIENT_KEY": a.Path("users.key"),
		}},
		"no authority": {map[string]string{"CERTIFICATE": "/geheim"}, "OTEL_EXPORTER_OTLP_CERTIFICATE: it names no file"},
		"no certificate in it": {map[string]string{"TRACES_CERTIFICATE": a.Path("users.key")},
			"OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE: it names no file"},
		"no certificate": {map[string]string{"CLIENT_CERTIFICATE": "/geheim", "CLIENT_KEY": a.Path("users.key")},
			"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: it and OTEL_EXPORTER_OTLP_CLIENT_KEY name no files"},
		"another key": {map[string]string{"TRACES_CLIENT_CERTIFICATE": a.Path("users.pem"),
			"TRACES_CLIENT_KEY": a.Path("ca.key")},
			"OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE: it and OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY name no files"},
		"no key":       {map[string]string{"CLIENT_CERTIFICATE": a.Path("users.pem")}, "set together"},
		"only the key": {map[string]string{"TRACES_CLIENT_KEY": a.Path("users.key")}, "set together"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://127.0.0.1:1")
			for variable, value := range c.variables {
				t.Setenv("OTEL_EXPORTER_OTLP_"+variable, value)
			}
			environment, err := tracing.FromEnvironment(all)
			if err == nil {
				var traces *tracing.Traces
				traces, err = tracing.Start(t.Context(), tracing.Config{
					Environment: environment, Service: "users", Log: slog.New(slog.DiscardHandler),
					Registry: prometheus.NewRegistry(),
				})
				t.Cleanup(func() { require.NoError(t, traces.Stop(context.Background())) })
			}
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "geheim")
			require.NotContains(t, err.Error(), a.Path(""))
		})
	}
}

// The SDK writes nothing past the log: of what it has to say, errors are in the log, and the rest, which may show
// variables, is nowhere.
func TestNothingIsWrittenPastTheLog(t *testing.T) {
	if os.Getenv("PAST_THE_LOG") != "" {
		s := start(t, "http://127.0.0.1:1", all)
		t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "Bearer geheim") // Whoever reads the variables next says so.
		_, err := otlptracehttp.New(t.Context())
		require.NoError(t, err)
		otel.Handle(errors.New("the SDK has failed"))
		require.Contains(t, s.log.String(), "the SDK has failed")
		return
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNothingIsWrittenPastTheLog$")
	child.Env = append(os.Environ(), "PAST_THE_LOG=1")
	var stderr strings.Builder
	child.Stderr = &stderr
	out, err := child.Output()
	require.NoError(t, err, "%s", out)
	require.Empty(t, stderr.String())
}

// A start that fails leaves nothing behind that runs.
func TestNothingIsLeftOfAStartThatFails(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	environment, err := tracing.FromEnvironment(all)
	require.NoError(t, err)
	config := tracing.Config{
		Environment: environment, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	}
	config.Environment.Sampling.Ratio = 2
	_, err = tracing.Start(t.Context(), config)
	require.ErrorContains(t, err, "the ratio is 2")
	config.Environment = environment
	_, err = tracing.Start(t.Context(), config)
	require.ErrorContains(t, err, "once per registry")
	goleak.VerifyNone(t, before)
}

func TestMetricsExistFromTheStart(t *testing.T) {
	s := start(t, "http://127.0.0.1:1", telemetry.Sampling{})
	count, err := testutil.GatherAndCount(s.registry)
	require.NoError(t, err)
	require.Equal(t, 3, count)
}
