package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-chi/cors"
)

// origins are the other origins whose pages may call (RFC 6454): as they are, or with any port.
type origins struct{ exact, anyPort []string }

// parseOrigins reads origins such as https://app.example.com and, for any port, http://127.0.0.1:*.
func parseOrigins(trusted []string) (origins, error) {
	var o origins
	var errs []error
	for _, text := range trusted {
		origin, anyPort := strings.CutSuffix(text, ":*")
		u, err := url.Parse(origin)
		switch {
		case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || origin != u.Scheme+"://"+strings.ToLower(u.Host) ||
			strings.Contains(origin, "*") || anyPort && u.Port() != "":
			errs = append(errs, fmt.Errorf("trusted origin %q: write https://app.example.com, or http://127.0.0.1:* for any port", text))
		case anyPort:
			o.anyPort = append(o.anyPort, origin)
		default:
			o.exact = append(o.exact, origin)
		}
	}
	return o, errors.Join(errs...)
}

// trust tells whether an Origin header names one of them.
func (o origins) trust(origin string) bool {
	if slices.Contains(o.exact, origin) || slices.Contains(o.anyPort, origin) {
		return true
	}
	colon := strings.LastIndexByte(origin, ':')
	return colon > 0 && colon+1 < len(origin) && strings.Trim(origin[colon+1:], "0123456789") == "" && slices.Contains(o.anyPort, origin[:colon])
}

// Fields that no document names: those that any request may have, and those by which the tools of a page follow a request. A
// browser refuses a request whole if it has one that is not allowed.
var (
	sentWithAny = []string{
		"Accept", "Authorization", "Content-Type", "If-None-Match", requestIDHeader, timeoutHeader,
		"Traceparent", "Tracestate", "Baggage", // W3C Trace Context and Baggage
		"Sentry-Trace", "B3",
	}
	answeredWithAny = []string{"Allow", requestIDHeader}
)

// fields lists the fields of the header that documents name, in requests as parameters and in answers.
func fields(documents []*Document) (sent, answered []string) {
	sent, answered = slices.Clone(sentWithAny), slices.Clone(answeredWithAny)
	add := func(names []string, name string) []string {
		if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
			return names
		}
		return append(names, name)
	}
	for _, d := range documents {
		for _, o := range d.Operations {
			for _, p := range o.parameters {
				if p.Value.In == openapi3.ParameterInHeader {
					sent = add(sent, p.Value.Name)
				}
			}
			for _, response := range o.spec.Responses.Map() {
				for name := range response.Value.Headers {
					if name != "Set-Cookie" { // No page can read it.
						answered = add(answered, name)
					}
				}
			}
		}
	}
	slices.Sort(answered)
	return sent, answered
}

// crossOrigin lets pages of trusted origins call (CORS): they send what the documents take, those further fields, and what
// follows a request, and read all that the documents promise.
func (c *Chain) crossOrigin(further []string, documents []*Document) func(http.Handler) http.Handler {
	if len(c.trusted.exact)+len(c.trusted.anyPort) == 0 {
		return func(next http.Handler) http.Handler { return next }
	}
	sent, answered := fields(documents)
	return cors.Handler(cors.Options{
		AllowOriginFunc:  func(_ *http.Request, origin string) bool { return c.trusted.trust(origin) },
		AllowedMethods:   methods,
		AllowedHeaders:   append(slices.Clone(further), sent...),
		ExposedHeaders:   answered,
		AllowCredentials: true,
		MaxAge:           600,
	})
}

// refuseCrossOrigin keeps pages of origins that are not trusted from using a person's cookie.
func (c *Chain) refuseCrossOrigin(x *exchange) error {
	if !x.op.cookies || c.trusted.trust(x.request.Header.Get("Origin")) {
		return nil
	}
	if err := new(http.CrossOriginProtection).Check(x.request); err != nil {
		return ErrCrossOrigin.Because(err)
	}
	return nil
}
