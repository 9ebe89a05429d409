package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/cors"

	"example.com/plumbline/impl/platform/contract"
)

// origins are the trusted origins (RFC 6454): exact ones, and those of which any port is trusted.
type origins struct{ exact, anyPort []string }

// parseOrigins reads origins such as https://app.example.com and, for any port, http://127.0.0.1:*. The error names
// every malformed one.
func parseOrigins(trusted []string) (origins, error) {
	var o origins
	var errs []error
	for _, text := range trusted {
		origin, anyPort := strings.CutSuffix(text, ":*")
		u, err := url.Parse(origin)
		switch {
		case err != nil || !isOrigin(u, origin) || anyPort && u.Port() != "":
			const format = "trusted origin %q: write https://app.example.com, or http://127.0.0.1:* for any port"
			errs = append(errs, fmt.Errorf(format, text))
		case anyPort:
			o.anyPort = append(o.anyPort, origin)
		default:
			o.exact = append(o.exact, origin)
		}
	}
	return o, errors.Join(errs...)
}

// isOrigin tells whether a URL, with its text, is a scheme, a host in lower case and perhaps a port.
func isOrigin(u *url.URL, text string) bool {
	isWeb := (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != ""
	return isWeb && text == u.Scheme+"://"+strings.ToLower(u.Host) && !strings.Contains(text, "*")
}

// CheckOrigins refuses malformed origins of the setting trusted_origins. The error names each.
func CheckOrigins(trusted []string) error {
	_, err := parseOrigins(trusted)
	return err
}

// none tells whether no origin is trusted.
func (o origins) none() bool { return len(o.exact)+len(o.anyPort) == 0 }

// trust tells whether the value of an Origin field is trusted.
func (o origins) trust(origin string) bool {
	if slices.Contains(o.exact, origin) || slices.Contains(o.anyPort, origin) {
		return true
	}
	colon := strings.LastIndexByte(origin, ':')
	if colon <= 0 || colon+1 == len(origin) {
		return false
	}
	return strings.Trim(origin[colon+1:], "0123456789") == "" && slices.Contains(o.anyPort, origin[:colon])
}

// The header fields of any request and answer, which no document names: the general ones, and those of tracing. A
// browser refuses a request with a single field that is not allowed.
var (
	sentWithAny = []string{
		"Accept", "Authorization", "Content-Type", "If-None-Match", requestIDHeader, timeoutHeader,
		"Traceparent", "Tracestate", "Baggage", // W3C Trace Context and Baggage
		"Sentry-Trace", "B3",
	}
	answeredWithAny = []string{"Allow", requestIDHeader}
)

// fields lists the header fields of requests and of answers: the general ones and those that documents name.
func fields(documents []*contract.Document) (sent, answered []string) {
	sent, answered = slices.Clone(sentWithAny), slices.Clone(answeredWithAny)
	add := func(names []string, name string) []string {
		if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
			return names
		}
		return append(names, name)
	}
	for _, d := range documents {
		for _, o := range d.Operations {
			taken, given := o.HeaderFields()
			for _, name := range taken {
				sent = add(sent, name)
			}
			for _, name := range given {
				answered = add(answered, name)
			}
		}
	}
	slices.Sort(answered)
	return sent, answered
}

// crossOrigin lets pages of trusted origins call (CORS). They may send the fields that documents take, further ones and
// the general ones, and read all fields that documents name.
func (c *Chain) crossOrigin(further []string, documents []*contract.Document) func(http.Handler) http.Handler {
	sent, answered := fields(documents)
	allow := cors.Handler(cors.Options{
		AllowOriginFunc: func(r *http.Request, origin string) bool {
			return exchangeFrom(r.Context()).tuned.trusted.trust(origin)
		},
		AllowedMethods:   contract.Methods,
		AllowedHeaders:   append(slices.Clone(further), sent...),
		ExposedHeaders:   answered,
		AllowCredentials: true,
		MaxAge:           600,
	})
	return func(next http.Handler) http.Handler {
		allowing := allow(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if exchangeFrom(r.Context()).tuned.trusted.none() {
				next.ServeHTTP(w, r)
				return
			}
			allowing.ServeHTTP(w, r)
		})
	}
}

// refuseCrossOrigin keeps pages of origins that are not trusted from using a user's cookie.
func (c *Chain) refuseCrossOrigin(r *request) error {
	if !r.op.UsesCookies() || r.tuned.trusted.trust(r.http.Header.Get("Origin")) {
		return nil
	}
	if err := new(http.CrossOriginProtection).Check(r.http); err != nil {
		return contract.ErrCrossOrigin.Because(err)
	}
	return nil
}
