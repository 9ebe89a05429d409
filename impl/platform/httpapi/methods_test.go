package httpapi

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
)

// over asks a real server, and gives the answer and its body.
func over(t *testing.T, server *httptest.Server, method, target string, headers ...string) (*http.Response, string) {
	t.Helper()
	r := newRequest(t, method, server.URL+target, nil, headers...)
	r.RequestURI = ""
	answer, err := server.Client().Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer, string(body)
}

// HEAD is GET without content (RFC 9110, section 9.3.2), also where it is refused.
func TestHeadIsGetWithoutContent(t *testing.T) {
	t.Parallel()
	for _, mode := range []ResponseMode{ResponsesOff, ResponsesEnforce} {
		s := start(t, nil, func(o *Options) { o.Responses, o.RateLimits = mode, true })
		server := httptest.NewServer(s.handler)
		t.Cleanup(server.Close)
		for _, target := range []string{"/public", "/public?limit=0", "/things/all", "/self",
			"/things/" + adasThing.String(), "/things/" + ada.String(), "/old/" + ada.String(), "/nothing"} {
			for _, token := range []string{"ada", "bob", "mallory"} {
				get, body := over(t, server, http.MethodGet, target, "Authorization", "Bearer "+token)
				head, nothing := over(t, server, http.MethodHead, target, "Authorization", "Bearer "+token)
				require.NotEmpty(t, body)
				require.Empty(t, nothing)
				require.Equal(t, get.StatusCode, head.StatusCode, target)
				for _, h := range []http.Header{get.Header, head.Header} {
					h.Del("Date")
					h.Del("X-Request-Id")
				}
				require.Equal(t, get.Header, head.Header, "%s, its length among them", target)
				require.Equal(t, int64(len(body)), get.ContentLength)
				require.Equal(t, get.ContentLength, head.ContentLength)
			}
		}
		// It counts like GET.
		for left := range 3 {
			answer, _ := over(t, server, []string{http.MethodHead, http.MethodGet, http.MethodHead}[left],
				"/limited/address")
			require.Equal(t, http.StatusOK, answer.StatusCode)
		}
		for _, method := range []string{http.MethodHead, http.MethodGet} {
			answer, _ := over(t, server, method, "/limited/address")
			require.Equal(t, http.StatusTooManyRequests, answer.StatusCode)
		}
		server.Close()
		lines := s.log.of(t, "request")
		i := slices.IndexFunc(lines, func(line map[string]any) bool {
			return line["method"] == "HEAD" && line["operation"] == "getPublic"
		})
		require.Equal(t, map[string]any{"status": 200., "bytes": 0.},
			map[string]any{"status": lines[i]["status"], "bytes": lines[i]["bytes"]})
		require.Positive(t, s.metric(t, "http_requests_total",
			map[string]string{"operation": "getPublic", "method": "GET", "status": "200"}))
		require.Empty(t, s.log.of(t, "an answer breaks the document"))
		require.NotEmpty(t, s.log.of(t, "audit"), "getSelf is audited however it is asked")
	}
}

// Of a stream only the head is made, whatever it would go on for.
func TestHeadOfAStream(t *testing.T) {
	t.Parallel()
	for name, ends := range map[string]bool{"one that returns": false, "one that fails": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s *service
			s = start(t, map[string]http.HandlerFunc{"follow": func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				_, err := io.WriteString(w, "data: 1\n\n")
				if err == nil || http.NewResponseController(w).Flush() == nil {
					t.Error("the stream is taken")
				}
				select {
				case <-r.Context().Done():
				case <-time.After(time.Minute):
					t.Error("the stream goes on")
				}
				if ends {
					s.chain.HandlerFailed(w, r, r.Context().Err())
				}
			}})
			server := httptest.NewServer(s.handler)
			t.Cleanup(server.Close)
			answer, _ := over(t, server, http.MethodHead, "/follow", "Accept", "text/event-stream")
			require.Equal(t, http.StatusOK, answer.StatusCode)
			require.Equal(t, "text/event-stream", answer.Header.Get("Content-Type"))
			server.Close()
			line := s.log.of(t, "request")[0]
			require.EqualValues(t, http.StatusOK, line["status"])
			require.NotContains(t, line, "code")
			require.EqualValues(t, 1, s.metric(t, "business_operations_total",
				map[string]string{"operation": "follow", "result": "success"}))
		})
	}
}

// A fixed path is its own: what it does not take, no path with a parameter in its place takes instead.
func TestFixedPathsWin(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, method := range contract.Methods {
		w := s.send(t, method, "/things/all", "", "Authorization", "Bearer ada")
		if method == http.MethodGet || method == http.MethodHead {
			require.Equal(t, http.StatusOK, w.Code)
			continue
		}
		// Also PATCH, which /things/{thingId} takes.
		requireCode(t, w, http.StatusMethodNotAllowed, "method_not_allowed")
		require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
	}
	w := s.send(t, http.MethodDelete, "/things/"+adasThing.String(), "")
	requireCode(t, w, http.StatusMethodNotAllowed, "method_not_allowed")
	require.Equal(t, "GET, HEAD, PATCH", w.Header().Get("Allow"))
	w = s.send(t, http.MethodOptions, "/things/all", "")
	requireCode(t, w, http.StatusMethodNotAllowed, "method_not_allowed")
	require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
	require.Equal(t, "unmatched", s.log.of(t, "request")[2]["operation"])
}
