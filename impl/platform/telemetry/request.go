package telemetry

import (
	"context"
	"sync"
)

// RequestScope is what is known about the request being served. The exported
// fields are set before WithRequest and do not change after it; what becomes
// known later, such as the operation after routing, is set by methods, which
// any goroutine may call at any time. The HTTP chain creates one per request.
type RequestScope struct {
	// RequestID names the request to its caller; see ValidRequestID.
	RequestID string
	// ClientRequestID is what the caller calls the request, in the same form; "" when there is nothing to tell. Anybody may have sent it,
	// to several requests, so it names nothing.
	ClientRequestID string
	// TraceID, 32 hexadecimal digits, and SpanID, 16, are those of this
	// request in W3C Trace Context; SpanID is this service's own span.
	TraceID, SpanID string
	// Sampled says that the trace is recorded.
	Sampled bool

	mu        sync.Mutex
	operation string
	caller    Caller
}

// Caller is who sent the request, once that is authenticated. It holds ids
// only, nothing that names a person.
type Caller struct {
	// Kind is a short constant such as "user" or "service"; empty: anonymous.
	Kind string
	// ID is the caller's id in the system that authenticated it.
	ID string
}

type requestKey struct{}

// WithRequest returns a context that carries the scope; every line logged
// with it has the request's request_id and trace_id.
func WithRequest(ctx context.Context, scope *RequestScope) context.Context {
	return context.WithValue(ctx, requestKey{}, scope)
}

// Request returns the scope that ctx carries, or nil. A nil scope can be read
// and set like any other, without effect.
func Request(ctx context.Context) *RequestScope {
	if ctx == nil {
		return nil
	}
	scope, _ := ctx.Value(requestKey{}).(*RequestScope)
	return scope
}

// SetOperation records the operationId that the request was routed to.
func (s *RequestScope) SetOperation(id string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.operation = id
}

// Operation returns the operationId, or "" before routing.
func (s *RequestScope) Operation() string {
	if s == nil {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.operation
}

// SetCaller records who sent the request.
func (s *RequestScope) SetCaller(c Caller) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.caller = c
}

// Caller returns who sent the request; the zero Caller is anonymous.
func (s *RequestScope) Caller() Caller {
	if s == nil {
		return Caller{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.caller
}

// Traceparent returns the header that continues this trace in a call to
// another service, or "" when there is no trace.
func (s *RequestScope) Traceparent() string {
	if s == nil || s.TraceID == "" || s.SpanID == "" {
		return ""
	}
	flags := "-00"
	if s.Sampled {
		flags = "-01"
	}
	return "00-" + s.TraceID + "-" + s.SpanID + flags
}

// appendTo appends the ids as members of a log line.
func (s *RequestScope) appendTo(b []byte) []byte {
	if s == nil {
		return b
	}
	if s.RequestID != "" {
		b = appendMember(b, "request_id", s.RequestID)
	}
	if s.TraceID != "" {
		b = appendMember(b, "trace_id", s.TraceID)
	}
	return b
}
