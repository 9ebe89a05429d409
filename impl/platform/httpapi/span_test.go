package httpapi

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/telemetry"
)

// tracing makes a chain record traces.
func tracing(t testing.TB, recorder sdktrace.SpanProcessor, s telemetry.Sampling) func(*Options) {
	t.Helper()
	tracer, err := telemetry.NewTracer(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)), s)
	require.NoError(t, err)
	return func(o *Options) { o.Tracer = tracer }
}

// spanOf takes the span of the one request since the last call, and the names of the spans below it.
func spanOf(t *testing.T, recorder *tracetest.SpanRecorder) (server sdktrace.ReadOnlySpan, below []string) {
	t.Helper()
	for _, s := range recorder.Ended() {
		if s.SpanKind() == trace.SpanKindServer {
			require.Nil(t, server)
			server = s
		} else {
			below = append(below, s.Name())
		}
	}
	recorder.Reset()
	require.NotNil(t, server)
	return server, below
}

func TestSpanOfARequest(t *testing.T) {
	t.Parallel()
	recorder := tracetest.NewSpanRecorder()
	var s *service
	s = start(t, map[string]http.HandlerFunc{"limitAddress": func(w http.ResponseWriter, r *http.Request) {
		s.chain.HandlerFailed(w, r, contract.ErrUnavailable.Because(context.DeadlineExceeded))
	}}, tracing(t, recorder, telemetry.Sampling{Ratio: 1}))
	for _, c := range []struct {
		method, target, name, route, failure string
		status                               int
		failed                               codes.Code
		below                                []string
	}{
		{"GET", "/self", "getSelf", "/self", "", 200, codes.Unset, []string{"check request", "check answer"}},
		{"GET", "/self?token=secret", "getSelf", "/self", "invalid_request", 422, codes.Unset,
			[]string{"check request", "check answer"}},
		{"GET", "/limited/address", "limitAddress", "/limited/address", "unavailable", 503, codes.Error,
			[]string{"check request", "check answer"}},
		{"GET", "/nothing/" + ada.String(), "GET", "", "not_found", 404, codes.Unset, nil},
		{"BREW", "/nothing", "_OTHER", "", "not_found", 404, codes.Unset, nil},
	} {
		s.send(t, c.method, c.target, "", "Authorization", "Bearer ada")
		span, below := spanOf(t, recorder)
		require.Equal(t, c.name, span.Name())
		require.Equal(t, c.below, below)
		require.Equal(t, c.failed, span.Status().Code)
		method := c.method
		if method == "BREW" {
			method = "_OTHER"
		}
		want := []attribute.KeyValue{
			attribute.String("http.request.method", method), attribute.String("url.scheme", "http"),
			attribute.String("network.protocol.version", "1.1"), attribute.Int("http.response.status_code", c.status),
		}
		if c.route != "" {
			want = append(want, attribute.String("http.route", c.route))
		}
		if c.failure != "" {
			want = append(want, attribute.String("error.type", c.failure))
		}
		require.ElementsMatch(t, want, span.Attributes(), "and nothing else")
	}
}

// The ids of the span are those of the log, of the exemplar and of what handlers pass on.
func TestOneSourceOfIDs(t *testing.T) {
	t.Parallel()
	recorder := tracetest.NewSpanRecorder()
	var passedOn string
	out := &lines{}
	logger := telemetry.NewLogger(out, telemetry.LogOptions{})
	t.Cleanup(func() { require.NoError(t, logger.Close()) })
	s := start(t, map[string]http.HandlerFunc{"getPublic": func(w http.ResponseWriter, r *http.Request) {
		passedOn = telemetry.Traceparent(r.Context())
		writeJSON(w, map[string]bool{"ok": true})
	}}, tracing(t, recorder, telemetry.Sampling{Ratio: 1}), func(o *Options) { o.Log = logger.Logger })
	for _, parent := range []string{"", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"} {
		s.send(t, http.MethodGet, "/public", "", "Traceparent", parent)
		span, _ := spanOf(t, recorder)
		id := span.SpanContext().TraceID().String()
		require.Equal(t, parent != "", id == "4bf92f3577b34da6a3ce929d0e0e4736")
		require.Equal(t, "00-"+id+"-"+span.SpanContext().SpanID().String()+"-01", passedOn)
		require.NoError(t, logger.Flush())
		logged := out.of(t, "request")
		require.Equal(t, id, logged[len(logged)-1]["trace_id"])
		require.Contains(t, s.exemplars(t), id)
	}
}

// exemplars gives the trace ids of the exemplars of getPublic.
func (s *service) exemplars(t *testing.T) (ids []string) {
	t.Helper()
	families, err := s.registry.Gather()
	require.NoError(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, e := range m.GetHistogram().GetExemplars() {
				ids = append(ids, e.GetLabel()[0].GetValue())
			}
			for _, b := range m.GetHistogram().GetBucket() {
				if e := b.GetExemplar(); e != nil {
					ids = append(ids, e.GetLabel()[0].GetValue())
				}
			}
		}
	}
	return ids
}

// Where the trace is not recorded, the caller's trace goes on without being recorded by those that are called.
func TestUnrecordedRequest(t *testing.T) {
	t.Parallel()
	recorder := tracetest.NewSpanRecorder()
	var passedOn string
	s := start(t, map[string]http.HandlerFunc{"getPublic": func(w http.ResponseWriter, r *http.Request) {
		passedOn = telemetry.Traceparent(r.Context())
		writeJSON(w, map[string]bool{"ok": true})
	}}, tracing(t, recorder, telemetry.Sampling{}))
	s.send(t, http.MethodGet, "/public", "", "Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	require.Empty(t, recorder.Started())
	require.Regexp(t, "^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-00$", passedOn)
}
