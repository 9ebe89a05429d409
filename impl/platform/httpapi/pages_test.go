package httpapi

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
)

func startPages(t *testing.T, documents ...Served) *service {
	t.Helper()
	s := start(t, nil)
	var err error
	s.handler, err = s.chain.Handler(func(r chi.Router) {
		for _, o := range s.chain.document.Operations {
			r.MethodFunc(o.Method, o.Pattern, func(http.ResponseWriter, *http.Request) {})
		}
	}, Pages(documents...))
	require.NoError(t, err)
	return s
}

func TestDocumentsAreServedAsTheyAre(t *testing.T) {
	t.Parallel()
	written := []byte("# é\nopenapi: 3.0.3\r\n\t")
	s := startPages(t, Served{Name: "things", YAML: written, JSON: []byte(`{"openapi":"3.0.3"}`)})
	for path, want := range map[string]struct {
		contentType string
		body        []byte
	}{"/openapi/things.yaml": {"application/yaml", written},
		"/openapi/things.json": {"application/json", []byte(`{"openapi":"3.0.3"}`)}} {
		w := s.send(t, http.MethodGet, path, "")
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, want.contentType, w.Header().Get("Content-Type"))
		require.Equal(t, want.body, w.Body.Bytes())
		require.Equal(t, "no-cache", w.Header().Get("Cache-Control"))
		tag := w.Header().Get("ETag")
		require.Regexp(t, `^"[0-9a-f]{64}"$`, tag)

		w = s.send(t, http.MethodGet, path, "", "If-None-Match", tag)
		require.Equal(t, http.StatusNotModified, w.Code)
		require.Empty(t, w.Body.Bytes())
		require.Equal(t, http.StatusOK, s.send(t, http.MethodGet, path, "", "If-None-Match", `"another"`).Code)

		w = s.send(t, http.MethodHead, path, "")
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, tag, w.Header().Get("ETag"))
		w = s.send(t, http.MethodPost, path, "{}")
		requireCode(t, w, http.StatusMethodNotAllowed, "method_not_allowed")
		require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
	}
	requireCode(t, s.send(t, http.MethodGet, "/openapi/other.json", ""), http.StatusNotFound, "not_found")
	other := startPages(t, Served{Name: "things", YAML: []byte("another"), JSON: []byte(`{}`)})
	require.NotEqual(t, s.send(t, http.MethodGet, "/openapi/things.yaml", "").Header().Get("ETag"),
		other.send(t, http.MethodGet, "/openapi/things.yaml", "").Header().Get("ETag"))
}

func TestDocs(t *testing.T) {
	t.Parallel()
	s := startPages(t, Served{Name: "things"}, Served{Name: "a</script>"})
	page := s.send(t, http.MethodGet, "/docs", "")
	require.Equal(t, http.StatusOK, page.Code)
	require.Equal(t, "text/html; charset=utf-8", page.Header().Get("Content-Type"))
	html := page.Body.String()
	require.NotRegexp(t, `(?i)<script(?:\s[^>]*)?>[^<]+|\son[a-z]+=|javascript:|https?://`, html,
		"no inline script, nothing from elsewhere")
	assets := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(html, -1)
	require.Len(t, assets, 5)
	for _, asset := range assets {
		w := s.send(t, http.MethodGet, asset[1], "")
		require.Equal(t, http.StatusOK, w.Code, asset[1])
		require.NotEmpty(t, w.Body.Bytes())
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		policy := w.Header().Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'none'; script-src 'self';")
		require.Contains(t, policy, "frame-ancestors 'none'")
		require.NotContains(t, strings.Split(policy, "style-src")[0], "unsafe")
		switch {
		case strings.HasSuffix(asset[1], ".js"):
			require.Contains(t, w.Header().Get("Content-Type"), "javascript")
		case strings.HasSuffix(asset[1], ".css"):
			require.Contains(t, w.Header().Get("Content-Type"), "css")
		}
	}
	require.Contains(t, page.Header().Get("Content-Security-Policy"), "script-src 'self';")
	begin := s.send(t, http.MethodGet, "/docs/start.js", "").Body.String()
	require.Contains(t, begin,
		`[{"url":"/openapi/things.json","name":"things"},{"url":"/openapi/a\u003c/script\u003e.json"`)
	require.Equal(t, http.StatusMethodNotAllowed, s.send(t, http.MethodPost, "/docs/start.js", "{}").Code)
	require.Equal(t, http.StatusMethodNotAllowed, s.send(t, http.MethodDelete, "/docs/swagger-ui.css", "").Code)
}

// The assets are those of the embedded module, whole, also when they are sent compressed.
func TestAssetsArriveWhole(t *testing.T) {
	t.Parallel()
	s := startPages(t, Served{Name: "things"})
	server := httptest.NewServer(s.handler)
	defer server.Close()
	plain := s.send(t, http.MethodGet, "/docs/swagger-ui.css", "").Body.Bytes()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/docs/swagger-ui.css", nil)
	require.NoError(t, err)
	answer, err := server.Client().Do(r) // It asks for gzip and takes it away.
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.True(t, bytes.Equal(plain, body))
}

func TestAssetsArePackedIfWanted(t *testing.T) {
	t.Parallel()
	s := startPages(t)
	for accept, packed := range map[string]bool{
		"gzip": true, "GZIP, br": true, "gzip;q=0.1": true, "*": true, "br, *;q=0.5": true,
		"": false, "gzip;q=0": false, "gzip; q=0.000, *": false, "identity": false, "br": false, "*;q=0": false,
		"gzip;q=x": false, "notgzip": false,
	} {
		w := s.send(t, http.MethodGet, "/docs/swagger-ui.css", "", "Accept-Encoding", accept)
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, packed, w.Header().Get("Content-Encoding") == "gzip", accept)
		require.Equal(t, packed, w.Body.Bytes()[0] == 0x1f, accept)
	}
}
