package program_test

import (
	"context"
	"encoding/hex"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/otlptest"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

// The variables of OpenTelemetry are those of the process, so these tests are not parallel.

// What the parts do while they stop is still sent.
func TestTracesAreSentLast(t *testing.T) {
	receiver := otlptest.New(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.URL)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "3600000")
	s := programtest.Serve(t, saysHello(func(process *program.Process) {
		process.Defer("last part", func(ctx context.Context) error {
			_, span := process.Chain.Tracer.Begin(ctx, &telemetry.RequestScope{}, trace.SpanKindConsumer, "stopping", "")
			span.End()
			return nil
		})
	}).Run, serveEnvironment(pgtest.URL(t, second, parts...), "PARCELS_TRACE_RATIO=1"))
	require.Empty(t, receiver.Spans())
	s.Stop()
	require.NoError(t, s.End())
	require.Len(t, receiver.Spans(), 1)
	require.Equal(t, "stopping", receiver.Spans()[0].GetName())
	require.Equal(t, "parcels", receiver.Spans()[0].Service)
}

// A receiver that hangs keeps the program from nothing, and what is lost with it is no failure of the program.
func TestStopWithAReceiverThatHangs(t *testing.T) {
	receiver := otlptest.New(t)
	receiver.Hang()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.URL)
	s := programtest.Serve(t, saysHello(func(process *program.Process) {
		_, span := process.Chain.Tracer.Begin(context.Background(), &telemetry.RequestScope{}, trace.SpanKindConsumer,
			"lost", "")
		span.End()
	}).Run, serveEnvironment(pgtest.URL(t, second, parts...), "PARCELS_TRACE_RATIO=1"))
	status, _ := programtest.Get(t, s.URL)
	require.Equal(t, http.StatusOK, status)
	s.Stop()
	require.NoError(t, s.End())
	s.Line("the last spans are lost")
	require.Equal(t, false, s.Line("stopped")["in_time"])
	require.Equal(t, []any{"traces"}, s.Line("stopped")["not_in_time"])
}

func TestTracingIsOffWithoutAReceiver(t *testing.T) {
	s := programtest.Serve(t, saysHello(func(process *program.Process) {
		if process.Chain.Tracer != nil {
			t.Error("there is a tracer")
		}
	}).Run, serveEnvironment(pgtest.URL(t, second, parts...), "PARCELS_TRACE_RATIO=1"))
	_, body := programtest.Get(t, s.OpsURL+"/metrics")
	require.NotContains(t, body, "trace_spans_total")
}

func TestTracingThatCannotWorkIsRefused(t *testing.T) {
	for setting, says := range map[string]string{
		"PARCELS_TRACE_RATIO=2": "trace_ratio is 2: write a number from 0 to 1", "PARCELS_TRACE_CALLERS=-1": "trace_callers",
	} {
		_, err := programtest.Command(t, saysHello(func(*program.Process) {}).Run,
			serveEnvironment("postgres://u@127.0.0.1:1/x", setting), "serve")
		programtest.RequireSentence(t, err, says)
	}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318")
	_, err := programtest.Command(t, saysHello(func(*program.Process) {}).Run,
		serveEnvironment("postgres://u@127.0.0.1:1/x"), "serve")
	programtest.RequireSentence(t, err, "OTEL_EXPORTER_OTLP_ENDPOINT is no http or https URL")
}

// Neither the error nor the log shows what is in the variables.
func TestVariablesOfTheReceiverAreRefused(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://127.0.0.1:1")
	for variable, says := range map[string]string{
		"OTEL_EXPORTER_OTLP_HEADERS":     "OTEL_EXPORTER_OTLP_HEADERS is no list",
		"OTEL_EXPORTER_OTLP_CERTIFICATE": "OTEL_EXPORTER_OTLP_CERTIFICATE: it names no file",
	} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv(variable, "/canary canary")
			p := parcels(program.Check(program.DefaultServing()), serving(nil))
			for _, command := range []string{"serve", "check"} {
				out, err := programtest.Command(t, p.Run, serveEnvironment("postgres://u@127.0.0.1:1/x"), command)
				programtest.RequireSentence(t, err, says)
				require.NotContains(t, out+err.Error(), "canary")
			}
		})
	}
}

func TestTracesInTheClearAreWarnedOf(t *testing.T) {
	for endpoint, warned := range map[string]bool{
		"": false, "http://127.0.0.1:4318": false, "http://collector:4318": false, "https://example.com": false,
		"http://collector.example.com:4318": true,
	} {
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
		s := program.DefaultServing()
		named := slices.ContainsFunc(s.Findings(), func(f program.Finding) bool {
			return f.Setting == "OTEL_EXPORTER_OTLP_ENDPOINT"
		})
		require.Equal(t, warned, named, endpoint)
	}
}

// The share of requests that are recorded, and how many callers may ask for it, change while the service runs.
func TestTracingChangesAtRunTime(t *testing.T) {
	receiver := otlptest.New(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.URL)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "3600000")
	d := newDepot(t, "trace_ratio: 0", "trace_callers: 0")
	ask := func(traceID string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.URL+"/limited", nil)
		require.NoError(t, err)
		request.Close = true
		request.Header.Set("Traceparent", "00-"+traceID+"-00f067aa0ba902b7-01")
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
	}
	d.status("limited")
	ask("4bf92f3577b34da6a3ce929d0e0e4730")
	d.Set("trace_callers: 5")
	d.status("limited")
	ask("4bf92f3577b34da6a3ce929d0e0e4731")
	d.Set("trace_callers: 0", "trace_ratio: 1")
	d.status("limited")
	d.Stop()
	require.NoError(t, d.End())
	var traces []string
	for _, span := range receiver.Spans() {
		if span.GetKind() == tracepb.Span_SPAN_KIND_SERVER {
			traces = append(traces, hex.EncodeToString(span.GetTraceId()))
		}
	}
	require.Len(t, traces, 2)
	require.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4731", traces[0])
}

// A reload says that OTEL_TRACES_SAMPLER hides the ratio of the file.
func TestTheSamplerHidesTheRatio(t *testing.T) {
	receiver := otlptest.New(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.URL)
	t.Setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
	d := newDepot(t, "trace_ratio: 0")
	told := d.Set("trace_ratio: 1")
	require.Equal(t, []any{"trace_ratio by OTEL_TRACES_SAMPLER"}, told["hidden"])
	require.Empty(t, told["changed"])
}
