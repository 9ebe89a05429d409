package program_test

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

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
