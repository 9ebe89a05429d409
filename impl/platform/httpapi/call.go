package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
	"github.com/google/uuid"

	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/telemetry"
)

// exchange is one request and its answer on their way through the chain.
type exchange struct {
	chain   *Chain
	scope   telemetry.RequestScope
	request *http.Request
	answer  *answer
	op      *endpoint // nil until chi has found the route
	// mediaType is what the operation is to answer with.
	mediaType string
	url       url.URL // as it came, before defaults are written into it
	address   netip.Addr

	principal *Principal
	hadToken  bool
	token     string // of the principal
	failure   *fault.Error
	permit    adaptivelimiter.Permit
	rooms     []*room // that it has a place of each
	body      []byte
	value     any         // of the body, as it was checked
	attempt   Attempt     // nil: the request has no key, or its answer is kept
	kept      *KeptAnswer // of the same request before
	replayed  bool        // the answer is one that was kept
	entry     AuditEntry  // of an operation with x-audit
	try       *Try        // that is to be settled
	decision  Decision
	recorded  bool              // in a transaction of the handler
	inspects  bool              // the answer is still to be held against the document
	took      [16]time.Duration // by step
	handling  time.Duration     // zero until the handler has returned
	cut       bool              // what is on its way will not be whole
	left      bool              // the caller has not waited for the answer
}

type exchangeKey struct{}

func exchangeFrom(ctx context.Context) *exchange {
	c, _ := ctx.Value(exchangeKey{}).(*exchange)
	return c
}

// Caller gives who is calling, or nil on a public operation.
func Caller(ctx context.Context) *Principal {
	if c := exchangeFrom(ctx); c != nil {
		return c.principal
	}
	return nil
}

// HoldsRole tells whether the caller holds one of the roles of the operation that is running. Where x-access says
// owner: self as well, one who does may see everybody's things, and anybody else only his own.
func HoldsRole(ctx context.Context) bool {
	x := exchangeFrom(ctx)
	return x != nil && x.op != nil && x.principal.holdsOneOf(x.op.Policy.Access.Roles)
}

// May tells whether x-access lets the caller of the request call an operation of the same document on a thing that
// belongs to owner. The state of the thing may forbid it all the same. An operation that there is not, nobody may call.
func May(ctx context.Context, operationID string, owner uuid.UUID) bool {
	x := exchangeFrom(ctx)
	if x == nil {
		return false
	}
	o := x.chain.document.Operation(operationID)
	if o == nil {
		return false
	}
	a := o.Policy.Access
	return a.Public || x.principal.holdsOneOf(a.Roles) || a.Owner != "" && x.principal != nil && x.principal.Subject == owner
}

// BearerToken gives the access token that the caller was authenticated by, for calls on the caller's behalf; "" when
// there is none.
func BearerToken(ctx context.Context) string {
	if x := exchangeFrom(ctx); x != nil {
		return x.token
	}
	return ""
}

// Identify notes whose request this is where no token says so, for the log and the audit: who has just
// logged in, or opened an account.
func Identify(ctx context.Context, subject uuid.UUID) {
	if c := exchangeFrom(ctx); c != nil {
		c.scope.SetCaller(telemetry.Caller{Kind: "user", ID: subject.String()})
	}
}

// Concerns notes whose account somebody who is not known has tried to get into, for the audit. It does the same work whatever the id, and the entry is written beside the request.
func Concerns(ctx context.Context, account uuid.UUID) {
	if c := exchangeFrom(ctx); c != nil {
		c.entry.Target = account
	}
}

// Creates notes what the handler of an operation whose x-audit says "created" is about to make, before it is made.
func Creates(ctx context.Context, id uuid.UUID) {
	if c := exchangeFrom(ctx); c != nil {
		c.entry.Target = id
	}
}

// Client gives the address that a request came from, which no caller can forge, and what the program that sent it calls itself.
func Client(ctx context.Context) (address netip.Addr, userAgent string) {
	c := exchangeFrom(ctx)
	if c == nil {
		return netip.Addr{}, ""
	}
	return c.address, c.request.UserAgent()
}

// NextLink gives the Link header (RFC 8288) of the page that starts at cursor, or nil when there is none.
func NextLink(ctx context.Context, cursor *string) *string {
	c := exchangeFrom(ctx)
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
		peer := remoteAddress(r)
		x := &exchange{chain: c, request: r, url: *r.URL, address: c.callerAddress(r, peer)}
		x.answer = &answer{ResponseWriter: w, head: r.Method == http.MethodHead}
		identify(&x.scope, r.Header, c.trusts(peer))
		ctx := telemetry.WithRequest(context.WithValue(r.Context(), exchangeKey{}, x), &x.scope)
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
				x.cut = true
			default:
				c.log.LogAttrs(ctx, slog.LevelError, "panic", slog.Any("cause", cause), slog.String("stack", string(debug.Stack())))
				c.fail(x.answer, r, ErrInternal)
			}
			if !x.cut {
				c.deliver(x)
			}
			c.report(ctx, x, time.Since(start))
			if x.cut { // Otherwise the caller would take half an answer for a whole one.
				panic(http.ErrAbortHandler)
			}
		}()
		next.ServeHTTP(x.answer, r)
	})
}

// remoteAddress gives the address of whoever opened the connection.
func remoteAddress(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap().WithZone("")
}

// callerAddress gives the last address on a request's way to the peer that is not of a trusted proxy. Where all are, as between
// services and on one machine, it is the one that the way begins with. A way with anything else in it leads to nobody.
func (c *Chain) callerAddress(r *http.Request, last netip.Addr) netip.Addr {
	if len(c.proxies) == 0 {
		c.warnUnproxied(r, last)
	}
	if !c.trusts(last) {
		return last
	}
	// The field has no quotes: one that a stranger sends must not swallow the entries that proxies write behind it.
	for _, entry := range slices.Backward(strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")) {
		if entry = strings.Trim(entry, " \t"); entry == "" {
			continue
		}
		var known bool
		if last, known = hop(entry); !known {
			return netip.Addr{}
		}
		if !c.trusts(last) {
			break
		}
	}
	return last
}

// warnUnproxied tells in the log of the first request that seems to come through a proxy where none is trusted, as nothing
// else shows that all callers behind it share one address.
func (c *Chain) warnUnproxied(r *http.Request, peer netip.Addr) {
	if len(r.Header["X-Forwarded-For"]) == 0 {
		return
	}
	c.unproxied.Do(func() {
		c.log.LogAttrs(r.Context(), slog.LevelWarn, "a setting to look at", slog.String("setting", "trusted_proxies"),
			slog.String("follows", "a request that names another address came from "+peer.String()+", which is taken for the caller: if that is a proxy of yours, limits by address hold for all callers behind it together"),
			slog.String("set", "the networks of your proxies, and nothing if this is none"))
	})
}

// hop reads an entry of X-Forwarded-For. Some proxies write the port too, and an IPv6 address in brackets then (RFC 7239,
// section 6, of the header that is to follow that one).
func hop(entry string) (netip.Addr, bool) {
	address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(entry, "["), "]"))
	if err != nil {
		var with netip.AddrPort
		with, err = netip.ParseAddrPort(entry)
		address = with.Addr()
	}
	return address.Unmap().WithZone(""), err == nil
}

// trusts tells whether an address is that of a proxy that is trusted.
func (c *Chain) trusts(address netip.Addr) bool {
	return slices.ContainsFunc(c.proxies, func(p netip.Prefix) bool { return p.Contains(address) })
}

// requestIDHeader is written as package http keeps it, which saves it from doing so for every request.
const requestIDHeader = "X-Request-Id"

// loggedPath is the path of the request. Where no operation has given it its form, a part as long as a token is not told.
func (x *exchange) loggedPath() string {
	path := instance(x.request)
	if x.op != nil {
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

// shortestToken is less than 256 bits in base64url and more than a UUID.
const shortestToken = 40

// identify gives a request ids of its own, in the trace that its caller has begun. Only a proxy that is trusted gives it its
// name; what anybody else calls it stands beside that. What is not well formed or comes twice says nothing.
func identify(scope *telemetry.RequestScope, h http.Header, trusted bool) {
	sent := only(h[requestIDHeader])
	switch {
	case !telemetry.ValidRequestID(sent):
	case trusted:
		scope.RequestID = sent
	default:
		scope.ClientRequestID = sent
	}
	if scope.RequestID == "" {
		scope.RequestID = telemetry.NewRequestID()
	}
	trace, _, sampled, ok := telemetry.ParseTraceparent(only(h["Traceparent"]))
	if !ok {
		trace = telemetry.NewTraceID()
	}
	scope.TraceID, scope.SpanID, scope.Sampled = trace, telemetry.NewSpanID(), sampled
}

// report writes the line, the metrics and the audit record of a request that has been answered.
func (c *Chain) report(ctx context.Context, x *exchange, took time.Duration) {
	id, metrics, code := telemetry.Unmatched, c.metrics.Operation(telemetry.Unmatched), telemetry.Success
	if x.op != nil {
		id, metrics = x.op.ID, x.op.metrics
	}
	if x.failure != nil {
		code = x.failure.Code
	}
	status, outcome := x.answer.status, code
	if x.left { // Nobody has seen that status, and it is no failure of the service. What was done or refused is the same.
		status, code = telemetry.StatusCallerGone, telemetry.CallerGone
	}
	sampled := ""
	if x.scope.Sampled {
		sampled = x.scope.TraceID
	}
	metrics.Observe(status, took, sampled)
	if x.op != nil && !x.replayed { // What is answered again has not been done again.
		metrics.Result(code)
	}

	attrs := make([]slog.Attr, 0, 16)
	attrs = append(attrs,
		slog.String("method", x.request.Method),
		slog.String("path", x.loggedPath()),
		slog.String("operation", id),
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
	if x.failure != nil {
		if cause := x.failure.Unwrap(); cause != nil {
			attrs = append(attrs, slog.String("cause", cause.Error()))
		}
	}
	if x.replayed {
		attrs = append(attrs, slog.Bool("replayed", true))
	}
	c.line(ctx, "request", attrs...)
	if x.op == nil {
		return
	}
	if slow := time.Duration(x.op.Policy.Timeout.Slow); took > slow && !x.streams() {
		metrics.Slow()
		c.log.LogAttrs(ctx, slog.LevelWarn, "slow operation", append(c.parts(x),
			slog.String("operation", id), slog.Float64("duration_ms", milliseconds(took)), slog.Float64("threshold_ms", milliseconds(slow)))...)
	}
	c.audit(ctx, x, outcome)
}

// parts gives the time that each step of a request took.
func (c *Chain) parts(x *exchange) []slog.Attr {
	members := make([]any, 0, len(c.steps)+1)
	for i, s := range c.steps {
		members = append(members, slog.Float64(s.name+"_ms", milliseconds(x.took[i])))
	}
	return []slog.Attr{slog.Group("parts", append(members, slog.Float64("handle_ms", milliseconds(x.handling)))...)}
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
