package httpapi

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/telemetry"
)

func TestRequestLine(t *testing.T) {
	t.Parallel()
	var s *service
	s = start(t, map[string]http.HandlerFunc{"getPublic": func(w http.ResponseWriter, r *http.Request) {
		SetCaller(r.Context(), bob)
		writeJSON(w, map[string]bool{"ok": true})
	}, "limitAddress": func(w http.ResponseWriter, r *http.Request) {
		s.chain.HandlerFailed(w, r, contract.ErrUnavailable.Because(context.Canceled))
	}})
	last := func() map[string]any {
		all := s.log.of(t, "request")
		line := all[len(all)-1]
		for _, name := range []string{"duration_ms", "bytes", "time", "level"} {
			require.Contains(t, line, name)
			delete(line, name)
		}
		delete(line, "msg")
		return line
	}
	s.send(t, http.MethodGet, "/self?token=secret", "", "Authorization", "Bearer ada")
	require.Equal(t, map[string]any{"method": "GET", "path": "/self", "operation": "getSelf", "status": 422.0,
		"address": "192.0.2.1",
		"caller":  ada.String(), "code": "invalid_request"}, last())
	s.send(t, http.MethodGet, "/self", "", "Authorization", "Bearer ada")
	require.Equal(t, map[string]any{"method": "GET", "path": "/self", "operation": "getSelf", "status": 200.0,
		"address": "192.0.2.1", "caller": ada.String()}, last())
	s.send(t, http.MethodGet, "/public", "")
	require.Equal(t, map[string]any{"method": "GET", "path": "/public", "operation": "getPublic", "status": 200.0,
		"address": "192.0.2.1", "caller": bob.String()}, last())
	s.send(t, http.MethodGet, "/limited/address", "")
	require.Equal(t, map[string]any{"method": "GET", "path": "/limited/address", "operation": "limitAddress",
		"status": 503.0, "address": "192.0.2.1",
		"code": "unavailable", "cause": "context canceled"}, last())
	s.send(t, "BREW", "/nothing", "")
	require.Equal(t, map[string]any{"method": "BREW", "path": "/nothing", "operation": telemetry.Unmatched,
		"status": 404.0, "address": "192.0.2.1", "code": "not_found"}, last())
	require.Len(t, s.log.of(t, "request"), 5, "one line each")
	require.NotContains(t, s.log.String(), "secret")
	require.NotContains(t, s.log.String(), "Bearer")
	require.EqualValues(t, 1, s.metric(t, "http_requests_total",
		map[string]string{"operation": "getPublic", "status": "200"}))
	require.EqualValues(t, 1, s.metric(t, "http_requests_total",
		map[string]string{"operation": telemetry.Unmatched, "status": "404"}))
	require.Zero(t, s.metric(t, "http_requests_total", map[string]string{"method": "BREW"}),
		"strangers make no label values")
}

func TestSlowOperation(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.send(t, http.MethodPut, "/people/"+ada.String()+"/things", `{"name":"ab"}`, "Authorization", "Bearer ada")
	slow := s.log.of(t, "slow operation")
	require.Len(t, slow, 1)
	require.Equal(t, "WARN", slow[0]["level"])
	require.Equal(t, "putThings", slow[0]["operation"])
	require.Contains(t, slow[0], "duration_ms")
	require.Contains(t, slow[0], "threshold_ms")
	parts, _ := slow[0]["parts"].(map[string]any)
	for _, step := range s.chain.steps {
		require.Contains(t, parts, step.name+"_ms")
	}
	require.Contains(t, parts, "handle_ms")
	require.LessOrEqual(t, len(s.chain.steps), len(record{}.steps))
	require.EqualValues(t, 1, s.metric(t, "slow_operations_total", map[string]string{"operation": "putThings"}))
	s.send(t, http.MethodGet, "/self", "", "Authorization", "Bearer ada")
	require.Len(t, s.log.of(t, "slow operation"), 1, "the other is quick")
}

func TestAudit(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	put := func(person, token string) {
		s.send(t, http.MethodPut, "/people/"+person+"/things", `{"name":"ab"}`, "Authorization", "Bearer "+token)
	}
	put(strings.ToUpper(bob.String()), "support")
	put("%30"+bob.String()[1:], "ada")
	put("<nobody>", "ada")
	put(bob.String(), "mallory")
	s.send(t, http.MethodGet, "/self", "", "Authorization", "Bearer ada")
	s.send(t, http.MethodGet, "/public", "")
	support := "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e79"
	want := []map[string]any{
		{"action": "thing.put", "actor": support, "target": bob.String(), "outcome": "success"},
		{"action": "thing.put", "actor": ada.String(), "target": bob.String(), "outcome": "thing_not_found"},
		{"action": "thing.put", "actor": ada.String(), "target": "", "outcome": "invalid_request"},
		{"action": "thing.put", "actor": "anonymous", "target": bob.String(), "outcome": "unauthenticated"},
		{"action": "self.get", "actor": ada.String(), "target": ada.String(), "outcome": "success"},
	}
	got := s.log.of(t, "audit")
	require.Len(t, got, len(want))
	for i, line := range got {
		want[i]["address"] = "192.0.2.1"
		for _, name := range []string{"time", "level", "msg"} {
			delete(line, name)
		}
		require.Equal(t, want[i], line)
	}
}

// A request is named by the service, or by a proxy that it trusts. What anybody else calls it stands beside that in the
// log.
func TestRequestID(t *testing.T) {
	t.Parallel()
	for sent, formed := range map[string]bool{
		"abc-123": true, "A.b_c-1": true, strings.Repeat("a", 128): true, "": false, "a b": false, "a\"b": false,
		strings.Repeat("a", 129): false, "é": false,
	} {
		for peer, trusted := range map[string]bool{"192.0.2.1:1": true, "203.0.113.1:1": false,
			"[2001:db8::1]:1": false, "nobody": false} {
			s := start(t, nil)
			r := newRequest(t, http.MethodGet, "/public?limit=0", nil)
			r.RemoteAddr = peer
			r.Header["X-Request-Id"] = []string{sent}
			w := s.serve(r)
			named := requireCode(t, w, http.StatusUnprocessableEntity, "invalid_request").RequestID
			require.Equal(t, formed && trusted, named == sent, "%s from %s", sent, peer)
			line := s.log.of(t, "request")[0]
			if formed && !trusted {
				require.Equal(t, sent, line["client_request_id"])
			} else {
				require.NotContains(t, line, "client_request_id")
			}
		}
	}
}

func TestTraceGoesOn(t *testing.T) {
	t.Parallel()
	var scope *telemetry.RequestScope
	s := start(t, map[string]http.HandlerFunc{"getPublic": func(w http.ResponseWriter, r *http.Request) {
		scope = telemetry.Request(r.Context())
		writeJSON(w, map[string]bool{"ok": true})
	}})
	s.send(t, http.MethodGet, "/public", "", "Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	require.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4736", scope.TraceID)
	require.NotEqual(t, "00f067aa0ba902b7", scope.SpanID)
	require.True(t, scope.Sampled)
	require.Equal(t, "getPublic", scope.Operation())
	s.send(t, http.MethodGet, "/public", "", "Traceparent", "00-nonsense")
	require.NotEqual(t, "4bf92f3577b34da6a3ce929d0e0e4736", scope.TraceID)
	require.Len(t, scope.TraceID, 32)
	require.False(t, scope.Sampled)
}
