package telemetry

import (
	"context"
	"sync"
	"sync/atomic"
)

// RequestScope is the data about the current request that logs need. The exported fields are set before WithRequest
// and do not change after it. Methods set what becomes known later, such as the operation after routing; any goroutine
// may call them at any time. The HTTP chain creates one for each request.
type RequestScope struct {
	// RequestID identifies the request to its caller; see ValidRequestID.
	RequestID string
	// ClientRequestID is the id that the caller sent, in the same form, or "". It need not be unique.
	ClientRequestID string
	// TraceID (32 hexadecimal digits) and SpanID (16) identify this request in W3C Trace Context; SpanID is this
	// service's own span.
	TraceID, SpanID string
	// Sampled says that the trace is recorded: here or, without a Tracer, by the caller.
	Sampled bool

	mu        sync.Mutex
	operation string
	caller    Caller

	spent [parts]atomic.Int64 // nanoseconds
}

// Caller is the authenticated sender of a request. It has ids only, nothing that names a person.
type Caller struct {
	// Kind is a short constant such as "user" or "service"; empty: anonymous.
	Kind string
	// ID is the caller's id in the system that authenticated it.
	ID string
}

type requestKey struct{}

// WithRequest returns a context with the scope. Every line logged with it has the request_id and the trace_id of the
// request.
func WithRequest(ctx context.Context, scope *RequestScope) context.Context {
	return context.WithValue(ctx, requestKey{}, scope)
}

// Request returns the scope of ctx, or nil. The methods of a nil scope work and have no effect.
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

// SetCaller records the sender of the request.
func (s *RequestScope) SetCaller(c Caller) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.caller = c
}

// Caller returns the sender of the request; the zero Caller is anonymous.
func (s *RequestScope) Caller() Caller {
	if s == nil {
		return Caller{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.caller
}

// Traceparent returns the header that continues this trace in a call to another service, or "" if there is no trace.
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
