package httpapi

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
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
