package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"example.com/plumbline/impl/platform/telemetry"
)

// BenchmarkChain measures what the chain itself costs per request, around handlers that do next to nothing.
func BenchmarkChain(b *testing.B) {
	for name, c := range map[string]struct {
		method, target, body string
		headers              []string
	}{
		"public":  {method: http.MethodGet, target: "/public?limit=3&name=ab"},
		"audited": {method: http.MethodGet, target: "/self", headers: []string{"Authorization", "Bearer ada"}},
		"owned": {method: http.MethodGet, target: "/things/" + adasThing.String(),
			headers: []string{"Authorization", "Bearer ada"}},
		"body":    {method: http.MethodPost, target: "/echo", body: `{"name":"ab","tags":["a","b"],"count":12}`},
		"refused": {method: http.MethodGet, target: "/self"},
		"idempotent": {method: http.MethodPost, target: "/once", body: `{"name":"ab"}`,
			headers: []string{"Authorization", "Bearer ada", "Idempotency-Key", "k"}},
	} {
		b.Run(name, func(b *testing.B) {
			s := start(b, nil, func(o *Options) {
				o.Responses, o.Shed, o.RateLimits = ResponsesOff, true, true
				o.Log = slog.New(slog.DiscardHandler)
			})
			r := newRequest(b, c.method, c.target, nil, c.headers...)
			b.ReportAllocs()
			for b.Loop() {
				if c.body != "" {
					r = newRequest(b, c.method, c.target, strings.NewReader(c.body), c.headers...)
				}
				s.handler.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
}

// BenchmarkTraces measures what tracing costs per request: off, with one request in a hundred recorded, and with all.
func BenchmarkTraces(b *testing.B) {
	for name, sampling := range map[string]*telemetry.Sampling{
		"off": nil, "0": {}, "0.01": {Ratio: 0.01}, "1": {Ratio: 1},
	} {
		b.Run(name, func(b *testing.B) {
			s := start(b, nil, func(o *Options) {
				o.Responses, o.Log = ResponsesOff, slog.New(slog.DiscardHandler)
				if sampling == nil {
					return
				}
				batches := sdktrace.NewBatchSpanProcessor(discard{})
				b.Cleanup(func() { require.NoError(b, batches.Shutdown(context.Background())) })
				tracing(b, batches, *sampling)(o)
			})
			r := newRequest(b, http.MethodGet, "/self", nil, "Authorization", "Bearer ada")
			b.ReportAllocs()
			for b.Loop() {
				s.handler.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
}

// discard exports spans to nowhere.
type discard struct{}

func (discard) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }

func (discard) Shutdown(context.Context) error { return nil }
