package contracttest

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/httpapi"
)

// headsAreGets requests the header of everything that can be read (RFC 9110, section 9.3.2), as a permitted caller and
// as nobody.
func headsAreGets(t *testing.T, s *Service) {
	t.Helper()
	server := s.Start(t)
	for _, op := range s.Document.Operations {
		if op.Method != http.MethodGet {
			continue
		}
		fitting, _ := s.Fitting(t, server, op)
		for _, r := range []Request{fitting, fitting.Without("Authorization"), fitting.Asking("nickname=x")} {
			get, body := server.Do(t, r)
			r.Method = http.MethodHead
			head, nothing := server.Do(t, r)
			require.Empty(t, nothing, op.ID)
			require.Equal(t, get.StatusCode, head.StatusCode, op.ID)
			// A complete answer for HEAD, too.
			if get.ContentLength >= 0 && slices.Contains([]string{jsonType, problemType}, get.Header.Get("Content-Type")) {
				require.EqualValues(t, len(body), head.ContentLength, op.ID)
			}
			for _, h := range []http.Header{get.Header, head.Header} {
				h.Del("Date")
				h.Del("X-Request-Id")
				h.Del("Content-Length") // HEAD may have one where GET is chunked.
			}
			require.Equal(t, get.Header, head.Header, op.ID)
		}
	}
}

// trustedPagesReadAll calls as a page of a trusted origin: it may send every header field that an operation takes,
// together with those of tracing, and read every field that an operation promises, except the cookie.
func trustedPagesReadAll(t *testing.T, s *Service) {
	t.Helper()
	const origin = "Origin: https://shop.test"
	server := s.Start(t, func(o *httpapi.Options) { o.TrustedOrigins = []string{"https://shop.test"} })
	for _, op := range s.Document.Operations {
		written, parameters := s.spec(op)
		sent := []string{"authorization", "content-type", "traceparent", "tracestate", "baggage", "sentry-trace",
			"x-request-id", "x-request-timeout-ms"}
		for _, p := range parameters {
			if p.Value.In == openapi3.ParameterInHeader {
				sent = append(sent, strings.ToLower(p.Value.Name))
			}
		}
		r, _ := s.Fitting(t, server, op)
		path, _, _ := strings.Cut(r.Target, "?")
		ask := Request{Method: http.MethodOptions, Target: path}.With(origin, "Access-Control-Request-Method: "+op.Method)
		answer, _ := server.Do(t, ask.With("Access-Control-Request-Headers: "+strings.Join(sent, ",")))
		require.Equal(t, "https://shop.test", answer.Header.Get("Access-Control-Allow-Origin"), op.ID)
		answer, _ = server.Do(t, ask.With("Access-Control-Request-Headers: "+strings.Join(append(sent, "x-other"), ",")))
		require.Empty(t, answer.Header.Get("Access-Control-Allow-Origin"), op.ID)
		answer, _ = server.Do(t, r.With(origin))
		shown := strings.Split(answer.Header.Get("Access-Control-Expose-Headers"), ", ")
		require.Contains(t, shown, "X-Request-Id")
		for _, response := range written.Responses.Map() {
			for name := range response.Value.Headers {
				require.Equal(t, name != "Set-Cookie", slices.Contains(shown, http.CanonicalHeaderKey(name)), "%s: %s", op.ID, name)
			}
		}
	}
}
