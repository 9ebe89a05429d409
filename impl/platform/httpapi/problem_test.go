package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
)

// Every door through which an answer can fail gives the one shape; testdata/doors holds the bodies.
func TestDoors(t *testing.T) {
	t.Parallel()
	const secret = "postgres://users:hunter2@10.0.0.1/users"
	returns := func(err error) func(*service) http.HandlerFunc {
		return func(s *service) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "/things/1")
				w.Header().Set("Content-Length", "3")
				w.Header().Set("ETag", `"1"`)
				http.SetCookie(w, &http.Cookie{Name: "session", Value: "s"})
				s.chain.HandlerFailed(w, r, err)
			}
		}
	}
	cases := map[string]struct {
		handler              func(*service) http.HandlerFunc // of getPublic
		method, target, body string
		headers              []string
		status               int
		want                 map[string]string // headers
		silent               bool              // no line of an error
	}{
		"no_route": {target: "/nothing?token=abc", status: 404},
		"wrong_method": {method: http.MethodPut, target: "/public", body: "{}", status: 405,
			want: map[string]string{"Allow": "GET, HEAD"}},
		"unknown_method": {method: "BREW", target: "/public", status: 405,
			want: map[string]string{"Allow": "GET, HEAD"}},
		"unknown_both": {method: "BREW", target: "/coffee", status: 404, want: map[string]string{"Allow": ""}},
		"validation":   {target: "/public?limit=101&nmae=x", status: 422},
		"no_token": {target: "/self", status: 401,
			want: map[string]string{"WWW-Authenticate": `Bearer realm="plumbline"`}},
		"bad_token": {target: "/self", headers: []string{"Authorization", "Bearer mallory"}, status: 401,
			want: map[string]string{"WWW-Authenticate": `Bearer realm="plumbline", error="invalid_token"`}},
		"unknown_caller": {target: "/self", headers: []string{"Authorization", "Bearer lost"}, status: 500},
		"no_role": {method: http.MethodPost, target: "/roles", body: `{"name":"a"}`,
			headers: []string{"Authorization", "Bearer ada"}, status: 403},
		"another's": {method: http.MethodPut, target: "/people/" + bob.String() + "/things", body: `{"name":"a"}`,
			headers: []string{"Authorization", "Bearer ada"}, status: 404},
		"body": {method: http.MethodPost, target: "/echo", body: `{"name":"ab",}`, status: 400},
		"deep_body": {method: http.MethodPost, target: "/echo",
			body: strings.Repeat("[", 40) + strings.Repeat("]", 40), status: 400},
		"empty_body": {method: http.MethodPost, target: "/echo", status: 400},
		"media_type": {method: http.MethodPost, target: "/echo", body: `a=b`,
			headers: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 415},
		"large_body": {method: http.MethodPost, target: "/echo", body: strings.Repeat(" ", maxBody+1), status: 413},
		"binding": {target: "/public", status: 422, handler: func(s *service) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) { s.chain.BindingFailed(w, r, errors.New(secret)) }
		}},
		"fault": {target: "/public", status: 404,
			handler: returns(fmt.Errorf("get: %w", errThingNotFound.Because(errors.New(secret))))},
		"fault_at_places": {target: "/public", status: 422,
			handler: returns(contract.Violated("#/name", "unique", "Is taken by another."))},
		"fault_to_wait_for": {target: "/public", status: 503,
			handler: returns(contract.ErrUnavailable.After(1500 * time.Millisecond)),
			want:    map[string]string{"Retry-After": "2"}},
		"precondition_required": {method: http.MethodPatch, target: "/things/" + adasThing.String(),
			headers: []string{"Authorization", "Bearer ada"}, status: 428},
		"key_reused": {target: "/public", status: 422, handler: returns(contract.ErrIdempotencyKeyReused)},
		"key_in_use": {target: "/public", status: 409, handler: returns(contract.ErrIdempotencyKeyInUse),
			want: map[string]string{"Retry-After": "1"}},
		"precondition_failed": {target: "/public", status: 412,
			handler: returns(errThingChanged.Showing(map[string]string{"note": "new"}, `"2"`)),
			want:    map[string]string{"ETag": `"2"`}},
		"unknown_error": {target: "/public", status: 500, handler: returns(errors.New(secret))},
		"deadline": {target: "/public", status: 503,
			handler: returns(fmt.Errorf("query: %w", context.DeadlineExceeded)),
			want:    map[string]string{"Retry-After": "1"}},
		"cancelled": {target: "/public", status: 503, handler: returns(context.Canceled)},
		"panic": {target: "/public", status: 500,
			handler: func(*service) http.HandlerFunc {
				return func(http.ResponseWriter, *http.Request) {
					panic(secret)
				}
			}},
		"panic_with_an_unkept_header": {target: "/public", status: 500, handler: func(*service) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusOK)
				_, _ = io.WriteString(w, `{"ok"`)
				panic(secret)
			}
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handlers := map[string]http.HandlerFunc{}
			s := start(t, handlers)
			if c.handler != nil {
				handle := c.handler(s)
				s = start(t, map[string]http.HandlerFunc{"getPublic": func(w http.ResponseWriter, r *http.Request) {
					handle(w, r)
				}})
			}
			method := c.method
			if method == "" {
				method = http.MethodGet
			}
			w := s.send(t, method, c.target, c.body, c.headers...)
			require.Equal(t, c.status, w.Code, w.Body.String())
			problemIn(t, w)
			for header, want := range c.want {
				require.Equal(t, want, w.Header().Get(header), header)
			}
			require.Equal(t, []string{strconv.Itoa(w.Body.Len())}, w.Header().Values("Content-Length"))
			for _, header := range []string{"Location", "ETag", "Set-Cookie"} {
				if c.want[header] == "" {
					require.Empty(t, w.Header().Values(header), header)
				}
			}
			require.NotContains(t, w.Body.String(), "hunter2")
			golden(t, filepath.Join("testdata", "doors", name+".json"), w.Body.Bytes())
		})
	}
}

func golden(t *testing.T, path string, body []byte) {
	t.Helper()
	var indented bytes.Buffer
	require.NoError(t, json.Indent(&indented, body, "", "  "))
	indented.WriteByte('\n')
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, indented.Bytes(), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), indented.String())
}

func TestCausesAreLogged(t *testing.T) {
	t.Parallel()
	var s *service
	s = start(t, map[string]http.HandlerFunc{"getPublic": func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("name") == "panic" {
			panic("the cause")
		}
		s.chain.HandlerFailed(w, r, errors.New("the cause"))
	}})
	requireCode(t, s.send(t, http.MethodGet, "/public?name=error", ""), 500, "internal")
	failed := s.log.of(t, "the request failed")
	require.Len(t, failed, 1)
	require.Equal(t, "the cause", failed[0]["error"])
	requireCode(t, s.send(t, http.MethodGet, "/public?name=panic", ""), 500, "internal")
	panics := s.log.of(t, "panic")
	require.Len(t, panics, 1)
	require.Equal(t, "the cause", panics[0]["cause"])
	require.Contains(t, panics[0]["stack"], "problem_test.go")
	require.EqualValues(t, 2, s.metric(t, "business_operations_total",
		map[string]string{"operation": "getPublic", "result": "internal"}))
	require.Zero(t, s.metric(t, "http_requests_in_flight", nil))
}

// What has left half cannot become a problem, but the caller must not take it for the whole.
func TestHalfAnAnswerEndsTheConnection(t *testing.T) {
	t.Parallel()
	cases := map[string]func(*service, http.ResponseWriter, *http.Request){
		"panic": func(*service, http.ResponseWriter, *http.Request) { panic("in the middle") },
		"error": func(s *service, w http.ResponseWriter, r *http.Request) {
			s.chain.HandlerFailed(w, r, errors.New("in the middle"))
		},
		"abort":       func(*service, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"abort first": nil,
	}
	for name, end := range cases {
		for _, mode := range []ResponseMode{ResponsesOff, ResponsesEnforce} {
			t.Run(name+" "+string(mode), func(t *testing.T) {
				t.Parallel()
				var s *service
				s = start(t, map[string]http.HandlerFunc{"stream": func(w http.ResponseWriter, r *http.Request) {
					if end == nil {
						panic(http.ErrAbortHandler)
					}
					w.Header().Set("Content-Type", "text/event-stream")
					w.Header().Set("X-Kind", "test")
					_, _ = io.WriteString(w, "data: half\n\n")
					http.NewResponseController(w).Flush()
					end(s, w, r)
				}}, func(o *Options) { o.Responses = mode })
				server := httptest.NewServer(s.handler)
				defer server.Close()
				client := server.Client()
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/stream", nil)
				require.NoError(t, err)
				answer, err := client.Do(r)
				if end == nil {
					require.Error(t, err)
				} else {
					require.NoError(t, err)
					defer answer.Body.Close()
					body, err := io.ReadAll(answer.Body)
					require.ErrorIs(t, err, io.ErrUnexpectedEOF)
					require.Equal(t, "data: half\n\n", string(body))
				}
				server.Close()
				require.Len(t, s.log.of(t, "request"), 1)
				require.Zero(t, s.metric(t, "http_requests_in_flight", nil))
			})
		}
	}
}

func TestTimeLimit(t *testing.T) {
	t.Parallel()
	var s *service
	s = start(t, map[string]http.HandlerFunc{"beBrief": func(w http.ResponseWriter, r *http.Request) {
		deadline, bounded := r.Context().Deadline()
		if !bounded || time.Until(deadline) > 5*time.Millisecond {
			t.Error("the limit is not the operation's")
		}
		<-r.Context().Done()
		// What a driver says of it need not be the context's error.
		s.chain.HandlerFailed(w, r, errors.New("conn closed"))
	}})
	w := s.send(t, http.MethodGet, "/brief", "")
	requireCode(t, w, http.StatusServiceUnavailable, "timeout")
	require.Equal(t, "1", w.Header().Get("Retry-After"))
}

func TestCallerWhoHasGone(t *testing.T) {
	t.Parallel()
	var s *service
	s = start(t, map[string]http.HandlerFunc{"getPublic": func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		s.chain.HandlerFailed(w, r, fmt.Errorf("query: %w", r.Context().Err()))
	}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := s.serve(newRequest(t, http.MethodGet, "/public", nil).WithContext(ctx))
	requireCode(t, w, http.StatusServiceUnavailable, "unavailable")
	require.Empty(t, s.log.of(t, "the request failed"), "nobody's fault")
}

func TestInstanceIsAReference(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for target, want := range map[string]string{
		"/old/a%5Bb":                       "/old/a%5Bb",
		"/old/a[b":                         "/old/a%5Bb",
		"//evil.test/x":                    "/.//evil.test/x",
		"/old/%C3%A9":                      "/old/%C3%A9",
		"/old/" + strings.Repeat("é", 600): "/old/" + strings.Repeat("%C3%A9", 169) + "%C3",
	} {
		r := newRequest(t, http.MethodGet, "/", nil)
		r.URL.Path, r.URL.RawPath = "", ""
		u, err := r.URL.Parse("http://example.com" + target)
		require.NoError(t, err)
		r.URL = u
		w := s.serve(r)
		require.Less(t, w.Code, 500, w.Body.String())
		p := problemIn(t, w)
		require.Equal(t, want, p.Instance)
		require.LessOrEqual(t, len(p.Instance), 1024)
	}
}
