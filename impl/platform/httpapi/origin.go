package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

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

// crossOrigin lets pages of trusted origins call (CORS), with those header fields as well.
func (c *Chain) crossOrigin(headers []string) func(http.Handler) http.Handler {
	if len(c.trusted.exact)+len(c.trusted.anyPort) == 0 {
		return func(next http.Handler) http.Handler { return next }
	}
	return cors.Handler(cors.Options{
		AllowOriginFunc: func(_ *http.Request, origin string) bool { return c.trusted.trust(origin) },
		AllowedMethods:  []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
		AllowedHeaders: append(slices.Clone(headers), "Accept", "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "Last-Event-ID",
			"Traceparent", "X-Request-ID", "X-Request-Timeout-Ms"),
		ExposedHeaders:   []string{"Deprecation", "ETag", "Idempotency-Replayed", "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "Sunset", "X-Request-ID"},
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
