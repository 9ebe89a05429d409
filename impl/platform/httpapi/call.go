package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
	"github.com/google/uuid"

	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/telemetry"
)

// call is one request on its way through the chain.
type call struct {
	scope   telemetry.RequestScope
	request *http.Request
	answer  *answer
	op      *endpoint // nil until chi has found the route
	url     url.URL   // as it came, before defaults are written into it
	address netip.Addr

	principal *Principal
	subject   uuid.UUID // of a caller whom a public operation has come to know
	hadToken  bool
	failure   *fault.Error
	permit    adaptivelimiter.Permit
	body      []byte
	took      [16]time.Duration // by step
	handling  time.Duration     // zero until the handler has returned
	cut       bool              // what is on its way will not be whole
}

type callKey struct{}

func callFrom(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// Caller gives who is calling, or nil on a public operation.
func Caller(ctx context.Context) *Principal {
	if c := callFrom(ctx); c != nil {
		return c.principal
	}
	return nil
}

// Identify notes whose request this is where no token says so, for the log and the audit: who has just
// logged in, or opened an account.
func Identify(ctx context.Context, subject uuid.UUID) {
	if c := callFrom(ctx); c != nil {
		c.subject = subject
		c.scope.SetCaller(telemetry.Caller{Kind: "user", ID: subject.String()})
	}
}

// Client gives the address that a request came from, which no caller can forge, and what the program that sent it calls itself.
func Client(ctx context.Context) (address netip.Addr, userAgent string) {
	c := callFrom(ctx)
	if c == nil {
		return netip.Addr{}, ""
	}
	return c.address, c.request.UserAgent()
}

// NextLink gives the Link header (RFC 8288) of the page that starts at cursor, or nil when there is none.
func NextLink(ctx context.Context, cursor *string) *string {
	c := callFrom(ctx)
	if c == nil || cursor == nil {
		return nil
	}
	query := c.url.Query()
	query.Set("cursor", *cursor)
	link := "<" + c.url.EscapedPath() + "?" + query.Encode() + `>; rel="next"`
	return &link
}

// record gives a request its identity, recovers from panics, and writes the one line and the metrics of every request.
func (c *Chain) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		this := &call{request: r, url: *r.URL, address: c.address(r)}
		this.answer = &answer{ResponseWriter: w}
		identify(&this.scope, r.Header)
		ctx := telemetry.WithRequest(context.WithValue(r.Context(), callKey{}, this), &this.scope)
		r = r.WithContext(ctx)
		h := w.Header()
		h.Set(requestIDHeader, this.scope.RequestID)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		c.metrics.InFlight.Inc()
		defer c.metrics.InFlight.Dec()
		defer func() {
			switch cause := recover(); cause {
			case nil:
			case http.ErrAbortHandler: // The handler wants the connection to end.
				this.cut = true
			default:
				c.log.LogAttrs(ctx, slog.LevelError, "panic", slog.Any("cause", cause), slog.String("stack", string(debug.Stack())))
				c.fail(this.answer, r, ErrInternal)
			}
			if !this.cut {
				c.deliver(r, this)
			}
			c.report(ctx, this, time.Since(start))
			if this.cut { // Otherwise the caller would take half an answer for a whole one.
				panic(http.ErrAbortHandler)
			}
		}()
		next.ServeHTTP(this.answer, r)
	})
}

// remoteAddress gives the address of whoever opened the connection.
func remoteAddress(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap()
}

// requestIDHeader is written as package http keeps it, which saves it from doing so for every request.
const requestIDHeader = "X-Request-Id"

// identify takes over the ids that a caller sent, when they are well formed, and makes the others.
func identify(scope *telemetry.RequestScope, h http.Header) {
	if scope.RequestID = h.Get(requestIDHeader); !telemetry.ValidRequestID(scope.RequestID) {
		scope.RequestID = telemetry.NewRequestID()
	}
	trace, _, sampled, ok := telemetry.ParseTraceparent(h.Get("Traceparent"))
	if !ok {
		trace = telemetry.NewTraceID()
	}
	scope.TraceID, scope.SpanID, scope.Sampled = trace, telemetry.NewSpanID(), sampled
}

// report writes the line, the metrics and the audit record of a request that has been answered.
func (c *Chain) report(ctx context.Context, this *call, took time.Duration) {
	id, metrics, code := telemetry.Unmatched, c.metrics.Operation(telemetry.Unmatched), telemetry.Success
	if this.op != nil {
		id, metrics = this.op.ID, this.op.metrics
	}
	if this.failure != nil {
		code = this.failure.Code
	}
	status := this.answer.status
	sampled := ""
	if this.scope.Sampled {
		sampled = this.scope.TraceID
	}
	metrics.Observe(status, took, sampled)
	metrics.Result(code)

	attrs := make([]slog.Attr, 0, 16)
	attrs = append(attrs,
		slog.String("method", this.request.Method),
		slog.String("path", instance(this.request)),
		slog.String("operation", id),
		slog.Int("status", status),
		slog.Float64("duration_ms", milliseconds(took)),
		slog.Int64("bytes", this.answer.size),
		slog.String("address", this.address.String()),
	)
	if caller := this.scope.Caller(); caller.ID != "" {
		attrs = append(attrs, slog.String("caller", caller.ID))
	}
	if this.failure != nil {
		attrs = append(attrs, slog.String("code", code))
		if cause := this.failure.Unwrap(); cause != nil {
			attrs = append(attrs, slog.String("cause", cause.Error()))
		}
	}
	c.line(ctx, "request", attrs...)
	if this.op == nil {
		return
	}
	if slow := time.Duration(this.op.Policy.Timeout.Slow); took > slow {
		metrics.Slow()
		c.log.LogAttrs(ctx, slog.LevelWarn, "slow operation", append(c.parts(this),
			slog.String("operation", id), slog.Float64("duration_ms", milliseconds(took)), slog.Float64("threshold_ms", milliseconds(slow)))...)
	}
	c.audit(ctx, this, code)
}

// parts gives the time that each step of a request took.
func (c *Chain) parts(this *call) []slog.Attr {
	members := make([]any, 0, len(c.steps)+1)
	for i, s := range c.steps {
		members = append(members, slog.Float64(s.name+"_ms", milliseconds(this.took[i])))
	}
	return []slog.Attr{slog.Group("parts", append(members, slog.Float64("handle_ms", milliseconds(this.handling)))...)}
}

// audit records who did what to whom, from where and with what outcome, as x-audit says.
func (c *Chain) audit(ctx context.Context, this *call, outcome string) {
	a := this.op.Policy.Audit
	if a == nil {
		return
	}
	actor, target := "anonymous", ""
	if this.subject != uuid.Nil {
		actor = this.subject.String()
		target = actor
	}
	if a.Target != targetCaller {
		target = ""
		if id, err := uuid.Parse(this.pathParameter(a.Target)); err == nil {
			target = id.String()
		}
	}
	c.line(ctx, "audit", slog.String("action", a.Action), slog.String("actor", actor), slog.String("target", target),
		slog.String("outcome", outcome), slog.String("address", this.address.String()))
}

// line writes a line without looking up which line of the source does so, as the logger itself would for every request.
func (c *Chain) line(ctx context.Context, message string, attrs ...slog.Attr) {
	handler := c.log.Handler()
	if !handler.Enabled(ctx, slog.LevelInfo) {
		return
	}
	record := slog.NewRecord(time.Now(), slog.LevelInfo, message, 0)
	record.AddAttrs(attrs...)
	_ = handler.Handle(ctx, record) // A log that fails must not fail a request.
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
