package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/telemetry"
)

// record is what is told of one request once it has been answered, in the log, the metrics and the audit log, beside
// what the request and its answer say themselves.
type record struct {
	failure  *fault.Error            // fail, replay: what the answer says; nil: success
	replayed bool                    // replay: the answer was kept from an earlier request, nothing was done
	left     bool                    // read, fail, deliver: the caller did not wait for the answer
	steps    [maxSteps]time.Duration // enforce: how long each step took, by its place in Chain.steps
	began    time.Time               // enforce: when the first step did
	handling time.Duration           // enforce: how long the handler took; 0 while it has not returned

	inspecting time.Time     // inspect: when it began
	inspection time.Duration // inspect: how long it took to hold the answer against the document
}

// maxSteps is the number of steps that a record has room for.
const maxSteps = 16

// code is the outcome: the problem code of the answer, or telemetry.Success.
func (r *record) code() string {
	if r.failure != nil {
		return r.failure.Code
	}
	return telemetry.Success
}

// record makes the exchange of a request, recovers from panics, sends the answer and writes the record.
func (c *Chain) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		peer := remoteAddress(r)
		x := &exchange{
			request: request{chain: c, tuned: c.tuning.Load(), http: r, url: *r.URL, address: c.callerAddress(r, peer)},
			answer:  answer{ResponseWriter: w, head: r.Method == http.MethodHead},
		}
		identify(&x.scope, r.Header, c.trusts(peer))
		ctx, span := c.tracer.Begin(r.Context(), &x.scope, trace.SpanKindServer, "request", only(r.Header["Traceparent"]))
		ctx = telemetry.WithRequest(context.WithValue(ctx, exchangeKey{}, x), &x.scope)
		r = r.WithContext(ctx)
		h := w.Header()
		h.Set(requestIDHeader, x.scope.RequestID)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		c.metrics.InFlight.Inc()
		defer c.metrics.InFlight.Dec()
		defer func() {
			switch cause := recover(); cause {
			case nil:
			case http.ErrAbortHandler: // The handler wants the connection to end.
				x.answer.cut = true
			default:
				c.log.LogAttrs(ctx, slog.LevelError, "panic",
					slog.Any("cause", cause), slog.String("stack", string(debug.Stack())))
				c.fail(&x.answer, r, contract.ErrInternal)
			}
			if !x.answer.cut {
				c.deliver(x)
			}
			c.report(ctx, x, time.Since(start))
			span.End()
			if x.answer.cut { // Otherwise the caller would take half an answer for a whole one.
				panic(http.ErrAbortHandler)
			}
		}()
		next.ServeHTTP(&x.answer, r)
	})
}

// report writes the record of a request: its metrics, its line in the log and its entry in the audit log.
func (c *Chain) report(ctx context.Context, x *exchange, took time.Duration) {
	operation, metrics := telemetry.Unmatched, c.metrics.Operation(telemetry.Unmatched)
	if x.op != nil {
		operation, metrics = x.op.ID, x.op.metrics
	}
	status, outcome := x.answer.status, x.record.code()
	code := outcome
	if x.record.left { // Nobody has seen the status, and the service has not failed. What was done or refused stays.
		status, code = telemetry.StatusCallerGone, telemetry.CallerGone
	}
	sampled := ""
	if x.scope.Sampled {
		sampled = x.scope.TraceID
	}
	metrics.Observe(status, took, sampled)
	metrics.Spent(&x.scope)
	if x.op != nil && !x.record.replayed {
		metrics.Result(code)
	}
	c.describe(ctx, x, status, code)
	c.logRequest(ctx, x, operation, status, code, took)
	if x.op == nil {
		return
	}
	if slow := x.tuned.slow(x.op.Operation); took > slow && !x.streams() {
		metrics.Slow()
		c.log.LogAttrs(ctx, slog.LevelWarn, "slow operation", c.partsOf(&x.record), spentBy(&x.scope),
			slog.String("operation", operation), slog.Float64("duration_ms", milliseconds(took)),
			slog.Float64("threshold_ms", milliseconds(slow)))
	}
	c.audit(ctx, x, outcome)
}

// logRequest writes the one line of every request.
func (c *Chain) logRequest(
	ctx context.Context, x *exchange, operation string, status int, code string, took time.Duration,
) {
	attrs := make([]slog.Attr, 0, 16)
	attrs = append(attrs,
		slog.String("method", x.http.Method),
		slog.String("path", x.loggedPath()),
		slog.String("operation", operation),
		slog.Int("status", status),
		slog.Float64("duration_ms", milliseconds(took)),
		slog.Int64("bytes", x.answer.size),
		slog.String("address", x.address.String()),
	)
	if caller := x.scope.Caller(); caller.ID != "" {
		attrs = append(attrs, slog.String("caller", caller.ID))
	}
	if id := x.scope.ClientRequestID; id != "" {
		attrs = append(attrs, slog.String("client_request_id", id))
	}
	if code != telemetry.Success {
		attrs = append(attrs, slog.String("code", code))
	}
	if x.record.failure != nil {
		if cause := x.record.failure.Unwrap(); cause != nil {
			attrs = append(attrs, slog.String("cause", cause.Error()))
		}
	}
	if x.record.replayed {
		attrs = append(attrs, slog.Bool("replayed", true))
	}
	c.logInfo(ctx, "request", attrs...)
}

// partsOf groups the time that each step of a request and its handler took.
func (c *Chain) partsOf(told *record) slog.Attr {
	members := make([]any, 0, len(c.steps)+1)
	for i, s := range c.steps {
		members = append(members, slog.Float64(s.name+"_ms", milliseconds(told.steps[i])))
	}
	return slog.Group("parts", append(members, slog.Float64("handle_ms", milliseconds(told.handling)))...)
}

// spentBy groups the time that a request spent waiting and in what it called.
func spentBy(scope *telemetry.RequestScope) slog.Attr {
	var members []any
	for _, part := range telemetry.Parts() {
		members = append(members, slog.Float64(part.String()+"_ms", milliseconds(scope.Spent(part))))
	}
	return slog.Group("spent", members...)
}

// logInfo writes a line without looking up its place in the source, which slog.Logger does for every line.
func (c *Chain) logInfo(ctx context.Context, message string, attrs ...slog.Attr) {
	handler := c.log.Handler()
	if !handler.Enabled(ctx, slog.LevelInfo) {
		return
	}
	line := slog.NewRecord(time.Now(), slog.LevelInfo, message, 0)
	line.AddAttrs(attrs...)
	_ = handler.Handle(ctx, line) // A log that fails must not fail a request.
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// shortestToken is the length from which a part of an unknown path may be a token: less than 256 bits in base64url, and
// more than a UUID.
const shortestToken = 40

// loggedPath is the path of a request as the log tells it. Where no operation has checked the form of its parts, those
// that may be tokens are redacted.
func (r *request) loggedPath() string {
	path := instance(r.http)
	if r.op != nil {
		return path
	}
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if len(part) >= shortestToken {
			parts[i] = "[redacted]"
		}
	}
	return strings.Join(parts, "/")
}
