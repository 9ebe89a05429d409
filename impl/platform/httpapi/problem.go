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

	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/telemetry"
)

// The faults of the chain itself. Their codes are part of every document.
var (
	ErrMalformed        = fault.New(fault.Malformed, "malformed_request", "The request cannot be read.")
	ErrUnauthenticated  = fault.New(fault.Unauthenticated, "unauthenticated", "A valid access token is needed; log in or refresh.")
	ErrForbidden        = fault.New(fault.Forbidden, "forbidden", "Your roles do not allow this.")
	ErrNotFound         = fault.New(fault.NotFound, "not_found", "There is nothing at this path.")
	ErrMethodNotAllowed = fault.New(fault.NotFound, "method_not_allowed", "This path does not support that method; the Allow header lists the supported ones.")
	ErrBodyTooLarge     = fault.New(fault.TooLarge, "body_too_large", "The body is larger than this operation allows.")
	ErrMediaType        = fault.New(fault.UnsupportedMediaType, "unsupported_media_type", "This operation does not accept the media type of the body.")
	ErrInvalid          = fault.New(fault.Invalid, "invalid_request", "Some of what was sent is not valid; errors names each place.")
	ErrRateLimited      = fault.New(fault.RateLimited, "rate_limited", "Too many requests; wait as long as Retry-After says.")
	ErrOverloaded       = fault.New(fault.Unavailable, "overloaded", "The service is overloaded; try again.").After(time.Second)
	ErrTimeout          = fault.New(fault.Unavailable, "timeout", "The operation exceeded its time limit; try again.").After(time.Second)
	ErrUnavailable      = fault.New(fault.Unavailable, "unavailable", "A dependency of this operation does not answer; try again.").After(time.Second)
	ErrInternal         = fault.New(0, "internal", "Something went wrong on our side; quote request_id when you ask for help.")
)

// The faults of what only some documents use. Their codes are part of those alone.
var (
	ErrCrossOrigin          = fault.New(fault.Forbidden, "cross_origin_refused", "Requests that use the refresh cookie must come from a trusted origin.")
	ErrPreconditionRequired = fault.New(fault.PreconditionRequired, "precondition_required", "Send the ETag that you read in If-Match, so that no newer change is overwritten.")
	ErrIdempotencyKeyReused = fault.New(fault.Invalid, "idempotency_key_reused", "This Idempotency-Key was used for a different request; make a new key for every new request.")
	ErrIdempotencyKeyInUse  = fault.New(fault.Conflict, "idempotency_key_in_use", "A request with this Idempotency-Key is still running; repeat yours to get its answer.").After(time.Second)
)

// statusOf is the one table from faults to HTTP.
func statusOf(f *fault.Error) int {
	if f.Code == ErrMethodNotAllowed.Code {
		return http.StatusMethodNotAllowed
	}
	switch f.Kind {
	case fault.Malformed:
		return http.StatusBadRequest
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.UnsupportedMediaType:
		return http.StatusUnsupportedMediaType
	case fault.Misdirected:
		return http.StatusMisdirectedRequest
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.PreconditionFailed:
		return http.StatusPreconditionFailed
	case fault.PreconditionRequired:
		return http.StatusPreconditionRequired
	case fault.RateLimited:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

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

// fail answers with err: a fault as itself, anything else as one without details. It is the only place that does.
func (c *Chain) fail(w http.ResponseWriter, r *http.Request, err error) {
	x := exchangeFrom(r.Context())
	if x.answer.ended {
		return // A HEAD has got all that it asked for.
	}
	f := c.faultOf(r.Context(), err)
	if x.answer.gone || isGone(r.Context()) && (f.Kind == fault.Unavailable || errors.Is(err, context.Canceled)) {
		x.left, f = true, ErrUnavailable.Because(err) // It is no defect that a caller does not stay to the end.
	}
	status := statusOf(f)
	x.failure = f
	if status == http.StatusInternalServerError {
		c.log.LogAttrs(r.Context(), slog.LevelError, "the request failed", slog.String("error", err.Error()))
	}
	if x.answer.wrote {
		x.cut = true // What is on its way cannot be taken back; the connection will end.
		return
	}
	x.answer.discard()
	if status == http.StatusUnauthorized {
		challenge := `Bearer realm="plumbline"`
		if x.hadToken {
			challenge += `, error="invalid_token"`
		}
		w.Header().Set("WWW-Authenticate", challenge)
	}
	if err := writeProblem(w, r, f, x.scope.RequestID, c.clock()); err != nil {
		c.log.LogAttrs(r.Context(), slog.LevelError, "a problem cannot be written", slog.String("error", err.Error()))
	}
}

// Refuse answers with a fault in front of the services, where there is no chain.
func Refuse(w http.ResponseWriter, r *http.Request, f *fault.Error) {
	var scope telemetry.RequestScope
	identify(&scope, r.Header, false)
	w.Header().Set(requestIDHeader, scope.RequestID)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_ = writeProblem(w, r, f, scope.RequestID, time.Now()) // Only what a service shows as current can fail to be written.
}

// writeProblem writes a fault as the whole answer. The error is that its current state cannot be written.
func writeProblem(w http.ResponseWriter, r *http.Request, f *fault.Error, requestID string, now time.Time) error {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	for _, name := range []string{"Set-Cookie", "Location", "Content-Length", "Content-Encoding", "ETag", "Last-Modified"} {
		h.Del(name) // They were meant for the answer that this one takes the place of.
	}
	if f.ETag != "" {
		h.Set("ETag", f.ETag)
	}
	if f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
	}
	status := statusOf(f)
	body, err := encodeProblem(status, f, instance(r), requestID, now)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{}`)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // A caller who has gone reads nothing.
	return err
}

// encodeProblem writes what a fault is told as.
func encodeProblem(status int, f *fault.Error, instance, requestID string, now time.Time) ([]byte, error) {
	return json.Marshal(problem{
		Type: "/problems/" + f.Code, Title: http.StatusText(status), Status: status, Detail: f.Detail, Instance: instance, Code: f.Code,
		RequestID: requestID, Timestamp: now.UTC().Format("2006-01-02T15:04:05.000Z"), Errors: f.Violations,
		Current: f.Current,
	})
}

// isGone tells whether the connection has been closed: the server ends the context of a request then, and nobody else does but a
// server that has waited long enough for its requests to end, which its error tells. The end of a request's time has another cause.
func isGone(ctx context.Context) bool { return errors.Is(context.Cause(ctx), context.Canceled) }

func (c *Chain) faultOf(ctx context.Context, err error) *fault.Error {
	var f *fault.Error
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return ErrTimeout.Because(err)
	case errors.Is(err, context.Canceled):
		return ErrUnavailable.Because(err)
	default:
		return ErrInternal.Because(err)
	}
}

// instance is the path of the request, without the query, which may hold what nobody should read.
func instance(r *http.Request) string {
	path := (&url.URL{Path: cmp.Or(r.URL.Path, "/")}).EscapedPath() // A path as it came may hold characters that no URI has.
	if strings.HasPrefix(path, "//") {
		path = "/." + path // Otherwise its first part would be a host (RFC 3986, section 4.2).
	}
	if len(path) > 1024 {
		path = path[:1024]
		if i := strings.LastIndexByte(path, '%'); i > len(path)-3 {
			path = path[:i]
		}
	}
	return path
}

// malformed says where a body stops being JSON.
func malformed(err error) *fault.Error {
	f := *ErrMalformed
	f.Detail = "The body is not the JSON that it should be."
	var at *errJSON
	switch {
	case errors.As(err, &at):
		f.Detail = "The body is not the JSON that it should be: " + at.Error() + "."
	case errors.Is(err, errTooDeep):
		f.Detail = "The body has more levels than may stand in one another: " + strconv.Itoa(maxDepth) + "."
	}
	return f.Because(err)
}
