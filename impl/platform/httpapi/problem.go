package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/telemetry"
)

// problem is the body of every failure (RFC 9457).
type problem struct {
	Type      string            `json:"type"`
	Title     string            `json:"title"`
	Status    int               `json:"status"`
	Detail    string            `json:"detail"`
	Instance  string            `json:"instance"`
	Code      string            `json:"code"`
	RequestID string            `json:"request_id"`
	Timestamp string            `json:"timestamp"`
	Errors    []fault.Violation `json:"errors,omitempty"`
	Current   any               `json:"current,omitempty"`
}

// fail answers with err and records it: a fault as itself, any other error as one without details. It is the only place
// that does.
func (c *Chain) fail(w http.ResponseWriter, r *http.Request, err error) {
	x := exchangeFrom(r.Context())
	if x.answer.ended {
		return // The HEAD has been answered.
	}
	f := c.faultOf(r.Context(), err)
	isInterrupted := f.Kind == fault.Unavailable || errors.Is(err, context.Canceled)
	if x.answer.gone || isGone(r.Context()) && isInterrupted { // A caller who hangs up is no defect of the service.
		x.record.left, f = true, contract.ErrUnavailable.Because(err)
	}
	status := contract.StatusOf(f)
	x.record.failure = f
	if status == http.StatusInternalServerError {
		c.log.LogAttrs(r.Context(), slog.LevelError, "the request failed", slog.String("error", err.Error()))
	}
	if x.answer.wrote {
		x.answer.cut = true // What is on its way cannot be taken back.
		return
	}
	x.answer.discard()
	if status == http.StatusUnauthorized {
		challenge := `Bearer realm="plumbline"`
		if x.sentToken() {
			challenge += `, error="invalid_token"`
		}
		w.Header().Set("WWW-Authenticate", challenge)
	}
	if err := writeProblem(w, r, f, x.scope.RequestID, c.clock()); err != nil {
		c.log.LogAttrs(r.Context(), slog.LevelError, "a problem cannot be written", slog.String("error", err.Error()))
	}
}

// Refuse answers with a fault where there is no chain, as in front of the services.
func Refuse(w http.ResponseWriter, r *http.Request, f *fault.Error) {
	var scope telemetry.RequestScope
	identify(&scope, r.Header, false)
	w.Header().Set(requestIDHeader, scope.RequestID)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_ = writeProblem(w, r, f, scope.RequestID, time.Now()) // Only Current of a fault can fail to be encoded.
}

// replacedFields are the header fields of an answer that do not hold for the problem that replaces it.
var replacedFields = []string{
	"Set-Cookie", "Location", "Content-Length", "Content-Encoding", "ETag", "Last-Modified",
}

// writeProblem writes a fault as the whole answer. The error says that its Current cannot be encoded.
func writeProblem(w http.ResponseWriter, r *http.Request, f *fault.Error, requestID string, now time.Time) error {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	for _, name := range replacedFields {
		h.Del(name)
	}
	if f.ETag != "" {
		h.Set("ETag", f.ETag)
	}
	if f.RetryAfter > 0 {
		h.Set("Retry-After", retryAfter(f))
	}
	status := contract.StatusOf(f)
	body, err := encodeProblem(status, f, instance(r), requestID, now)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{}`)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // It is JSON and says so. A caller who has gone reads nothing.
	return err
}

// retryAfter is the Retry-After field of a failure, in seconds.
func retryAfter(f *fault.Error) string { return strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))) }

// encodeProblem encodes the body of a failure.
func encodeProblem(status int, f *fault.Error, instance, requestID string, now time.Time) ([]byte, error) {
	return json.Marshal(problem{
		Type: "/problems/" + f.Code, Title: http.StatusText(status), Status: status, Detail: f.Detail,
		Instance: instance, Code: f.Code, RequestID: requestID,
		Timestamp: now.UTC().Format("2006-01-02T15:04:05.000Z"), Errors: f.Violations, Current: f.Current,
	})
}

// isGone tells whether the caller has closed the connection. Package http cancels the context of the request then, and
// at the end of a shutdown that its error tells of. The end of a time limit has another cause.
func isGone(ctx context.Context) bool { return errors.Is(context.Cause(ctx), context.Canceled) }

// faultOf gives the fault that an error is, or the one that stands for it.
func (c *Chain) faultOf(ctx context.Context, err error) *fault.Error {
	var f *fault.Error
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return contract.ErrTimeout.Because(err)
	case errors.Is(err, context.Canceled):
		return contract.ErrUnavailable.Because(err)
	default:
		return contract.ErrInternal.Because(err)
	}
}

// instance is the path of the request. The query is left out, as it may hold secrets.
func instance(r *http.Request) string {
	// A path as it came may hold characters that are not allowed in a URI.
	path := (&url.URL{Path: cmp.Or(r.URL.Path, "/")}).EscapedPath()
	if strings.HasPrefix(path, "//") {
		path = "/." + path // Otherwise its first segment would be an authority (RFC 3986, section 4.2).
	}
	if len(path) > 1024 {
		path = path[:1024]
		if i := strings.LastIndexByte(path, '%'); i > len(path)-3 {
			path = path[:i]
		}
	}
	return path
}
