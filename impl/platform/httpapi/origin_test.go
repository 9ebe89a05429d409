package httpapi

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
)

func TestParseOrigins(t *testing.T) {
	t.Parallel()
	o, err := parseOrigins([]string{"https://shop.test", "http://127.0.0.1:*", "http://[::1]:*",
		"http://localhost:3000"})
	require.NoError(t, err)
	for origin, want := range map[string]bool{
		"https://shop.test": true, "http://127.0.0.1:5173": true, "http://127.0.0.1": true, "http://[::1]:80": true,
		"http://localhost:3000": true,
		"":                      false, "null": false, "http://shop.test": false, "https://shop.test:8443": false,
		"https://shop.test.evil.test": false, "https://SHOP.test": false, "https://shop.test/": false,
		"https://127.0.0.1:5173": false, "http://127.0.0.1:": false, "http://127.0.0.1:80.evil.test": false,
		"http://127.0.0.1:80@evil.test": false, "http://127.0.0.1:*": false,
		"http://127.0.0.1.evil.test": false, "http://127.0.0.1:80:80": false, "http://localhost:3001": false,
		"http://localhost": false, "http": false, ":80": false,
	} {
		require.Equal(t, want, o.trust(origin), origin)
	}
	bad := []string{"*", "https://*", "https://*.shop.test", "http://127.0.0.1*", "http://127.0.0.1:80*",
		"http://127.0.0.1:80:*", "shop.test", "//shop.test", "https://", "https://shop.test/", "https://shop.test?a",
		"https://u@shop.test", "https://Shop.test", "HTTPS://shop.test", "ftp://shop.test", "null", "", "https://:*",
		"https://shop.test#a"}
	for _, origin := range bad {
		_, err := parseOrigins([]string{origin})
		require.ErrorContains(t, err, "trusted origin", origin)
	}
	_, err = parseOrigins([]string{"one", "https://shop.test", "two"})
	require.ErrorContains(t, err, `"one"`)
	require.ErrorContains(t, err, `"two"`)
}

func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	trusting := start(t, nil,
		func(o *Options) { o.TrustedOrigins = []string{"https://shop.test", "http://127.0.0.1:*"} })
	alone := start(t, nil)
	for name, c := range map[string]struct {
		origin, site    string
		trusting, alone bool // whether the cookie may be used
		cors            bool
	}{
		"no browser":                  {"", "", true, true, false},
		"the same origin":             {"http://example.com", "same-origin", true, true, false},
		"the same host, old browser":  {"http://example.com", "", true, true, false},
		"typed in by a person":        {"", "none", true, true, false},
		"a trusted origin":            {"https://shop.test", "cross-site", true, false, true},
		"a trusted origin, same site": {"https://shop.test", "same-site", true, false, true},
		"a trusted pattern":           {"http://127.0.0.1:5173", "cross-site", true, false, true},
		"a trusted one, old browser":  {"https://shop.test", "", true, false, true},
		"another origin":              {"https://evil.test", "cross-site", false, false, false},
		"another of the same site":    {"https://blog.example.com", "same-site", false, false, false},
		"another, old browser":        {"https://evil.test", "", false, false, false},
		"no origin, cross site":       {"", "cross-site", false, false, false},
		"null":                        {"null", "cross-site", false, false, false},
		"a pattern as a beginning":    {"http://127.0.0.1:80.evil.test", "cross-site", false, false, false},
		"the pattern itself":          {"http://127.0.0.1:*", "cross-site", false, false, false},
		"an unknown site":             {"https://evil.test", "elsewhere", false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for s, may := range map[*service]bool{trusting: c.trusting, alone: c.alone} {
				w := s.send(t, http.MethodPost, "/cookie", "", "Origin", c.origin, "Sec-Fetch-Site", c.site, "Cookie",
					"session=1")
				if may {
					require.Equal(t, http.StatusOK, w.Code, w.Body.String())
				} else {
					requireCode(t, w, http.StatusForbidden, "cross_origin_refused")
				}
				want := ""
				if c.cors && s == trusting {
					want = c.origin
				}
				require.Equal(t, want, w.Header().Get("Access-Control-Allow-Origin"))
				// What takes no cookie is open to every page, which reads the answer only where CORS lets it.
				w = s.send(t, http.MethodGet, "/public", "", "Origin", c.origin, "Sec-Fetch-Site", c.site)
				require.Equal(t, http.StatusOK, w.Code)
				require.Equal(t, want, w.Header().Get("Access-Control-Allow-Origin"))
			}
		})
	}
}

// The protection does not rest on a header of the answer, which any layer between may set.
func TestCrossOriginIsJudgedByTheRequest(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	w := newRecorderWith("Access-Control-Allow-Origin", "https://evil.test")
	s.handler.ServeHTTP(w, newRequest(t, http.MethodPost, "/cookie", nil, "Origin", "https://evil.test",
		"Sec-Fetch-Site", "cross-site"))
	requireCode(t, w, http.StatusForbidden, "cross_origin_refused")
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	s := start(t, nil, func(o *Options) { o.TrustedOrigins = []string{"https://shop.test"} })
	ask := []string{"Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers",
		"authorization,content-type"}
	h := s.send(t, http.MethodOptions, "/roles", "", append(ask, "Origin", "https://shop.test")...).Header()
	require.Equal(t, "https://shop.test", h.Get("Access-Control-Allow-Origin"))
	require.Equal(t, "true", h.Get("Access-Control-Allow-Credentials"))
	require.Equal(t, "PUT", h.Get("Access-Control-Allow-Methods"))
	require.Equal(t, "600", h.Get("Access-Control-Max-Age"))
	require.Contains(t, h.Values("Vary"), "Origin")
	h = s.send(t, http.MethodOptions, "/roles", "", append(ask, "Origin", "https://evil.test")...).Header()
	require.Empty(t, h.Get("Access-Control-Allow-Origin"))
	require.Empty(t, h.Get("Access-Control-Allow-Credentials"))
	// A failure can be read by a trusted page, too.
	w := s.send(t, http.MethodGet, "/self", "", "Origin", "https://shop.test")
	requireCode(t, w, http.StatusUnauthorized, "unauthenticated")
	require.Equal(t, "https://shop.test", w.Header().Get("Access-Control-Allow-Origin"))
	require.Equal(t, "Allow, Etag, Idempotency-Replayed, Location, Retry-After, Www-Authenticate, X-Kind, X-Request-Id",
		w.Header().Get("Access-Control-Expose-Headers"),
		"all that the document names, but for the cookie, which no page can read")
	// Without trusted origins there is no CORS at all.
	w = start(t, nil).send(t, http.MethodOptions, "/roles", "", append(ask, "Origin", "https://shop.test")...)
	requireCode(t, w, http.StatusMethodNotAllowed, "method_not_allowed")
}

// besideThings is another document, with a header field of its own.
const besideThings = `
openapi: 3.0.3
info: {title: Beside, version: 1.0.0}
security: [{bearer: []}]
paths:
  /beside:
    get:
      operationId: getBeside
      x-access: {owner: self}
      x-timeout: {limit: 2s, slow: 1s}
      x-priority: normal
      parameters: [{name: X-Beside, in: header, schema: {type: string}}]
      responses: {'204': {description: None.}}
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}}
  schemas:
    ProblemCode:
      {type: string, enum: [malformed_request, unauthenticated, invalid_request, internal, overloaded, timeout]}
`

// A page may send what the document takes and what follows a request; one further field, and the browser refuses the
// request.
func TestPreflightOfFields(t *testing.T) {
	t.Parallel()
	s := start(t, nil, func(o *Options) {
		o.TrustedOrigins, o.TrustedHeaders = []string{"https://shop.test"}, []string{"X-Fault"}
		beside, err := contract.Load("beside", parseSpec(t, besideThings))
		require.NoError(t, err)
		o.Beside = []*contract.Document{beside}
	})
	for fields, allowed := range map[string]bool{
		"": true, "authorization": true, "accept,authorization,content-type": true, "idempotency-key": true,
		"if-match, x-level": true, "if-none-match": true,
		"traceparent,tracestate": true, "baggage,sentry-trace,traceparent": true, "b3": true,
		"x-request-id,x-request-timeout-ms": true, "x-fault": true, "x-beside": true,
		"x-other": false, "authorization,x-other": false, "cookie": false, "x-forwarded-for": false,
	} {
		for _, method := range []string{http.MethodHead, http.MethodPatch} {
			h := s.send(t, http.MethodOptions, "/once", "", "Origin", "https://shop.test",
				"Access-Control-Request-Method", method, "Access-Control-Request-Headers", fields).Header()
			require.Equal(t, allowed, h.Get("Access-Control-Allow-Origin") != "", fields)
		}
	}
	w := s.send(t, http.MethodHead, "/public", "", "Origin", "https://shop.test")
	require.Equal(t, "https://shop.test", w.Header().Get("Access-Control-Allow-Origin"))
}
