package telemetry

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/time/rate"
)

// scopeName is the instrumentation scope of every span.
const scopeName = "example.com/plumbline"

// Sampling says which traces are recorded.
type Sampling struct {
	// Ratio is the share of traces that begin here, from 0 to 1.
	Ratio float64
	// Callers is the number of traces per second that are recorded because their caller records them; with 0 the ratio
	// decides for those too.
	Callers int
}

// Validate refuses a sampling that is out of range.
func (s Sampling) Validate() error {
	if math.IsNaN(s.Ratio) || s.Ratio < 0 || s.Ratio > 1 {
		return fmt.Errorf("the ratio is %v: write a number from 0 to 1", s.Ratio)
	}
	if s.Callers < 0 {
		return errors.New("the number of traces per second is not less than 0")
	}
	return nil
}

// Tracer begins the spans that have no parent in this process, and decides which traces are recorded. It is safe for
// concurrent use. A nil Tracer records none.
type Tracer struct {
	spans    trace.Tracer
	sampling atomic.Pointer[sampler]
}

type sampler struct {
	ratio   float64
	callers *rate.Limiter
}

// NewTracer returns a tracer whose spans go to the provider, which must not sample by itself.
func NewTracer(provider trace.TracerProvider, s Sampling) (*Tracer, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	t := &Tracer{spans: provider.Tracer(scopeName)}
	t.SetSampling(s)
	return t, nil
}

// SetSampling changes, for traces that begin from now on, a sampling that is valid.
func (t *Tracer) SetSampling(s Sampling) {
	t.sampling.Store(&sampler{ratio: s.Ratio, callers: rate.NewLimiter(rate.Limit(s.Callers), s.Callers)})
}

// records decides about a trace. Whoever sends a server a request may ask for its trace to be recorded, so that is
// bounded. A consumer's parent comes from our own database or stream.
func (t *Tracer) records(kind trace.SpanKind, continued, sampled bool) bool {
	if t == nil || continued && !sampled {
		return false
	}
	s := t.sampling.Load()
	if continued && (kind != trace.SpanKindServer || s.callers.Allow()) {
		return true
	}
	return rand.Float64() < s.ratio // Not by the trace id, which a caller chooses.
}

// Begin sets the trace ids of a scope, as a part of the trace that parent continues: a traceparent header, or "" where
// there is none. If the trace is recorded, the context that Begin returns has the scope's span, which the caller ends.
func (t *Tracer) Begin(
	ctx context.Context, scope *RequestScope, kind trace.SpanKind, name, parent string,
) (context.Context, trace.Span) {
	traceID, parentID, sampled, continued := ParseTraceparent(parent)
	if !t.records(kind, continued, sampled) {
		if !continued {
			traceID = NewTraceID()
		}
		// Without a tracer the caller's flag is only passed on.
		scope.TraceID, scope.SpanID, scope.Sampled = traceID, NewSpanID(), sampled && t == nil
		return ctx, trace.SpanFromContext(nil) //nolint:staticcheck // It is the span that does nothing.
	}
	if continued {
		ctx = trace.ContextWithRemoteSpanContext(ctx, spanContext(traceID, parentID))
	}
	ctx, span := t.spans.Start(ctx, name, trace.WithSpanKind(kind)) //nolint:spancheck // The caller ends it.
	of := span.SpanContext()
	scope.TraceID, scope.SpanID, scope.Sampled = of.TraceID().String(), of.SpanID().String(), true
	return ctx, span //nolint:spancheck // The caller ends it.
}

// spanContext makes the context of a caller's span from ids that ParseTraceparent has checked.
func spanContext(traceID, spanID string) trace.SpanContext {
	c := trace.SpanContextConfig{TraceFlags: trace.FlagsSampled, Remote: true}
	_, _ = hex.Decode(c.TraceID[:], []byte(traceID))
	_, _ = hex.Decode(c.SpanID[:], []byte(spanID))
	return trace.NewSpanContext(c)
}

// Recording tells whether the context has a span that is recorded and has not ended.
func Recording(ctx context.Context) bool { return trace.SpanFromContext(ctx).IsRecording() }

// Start begins a span below that of the context, which the caller ends. Where nothing is recorded it returns the
// context as it is, with a span that does nothing, and allocates nothing.
func Start(ctx context.Context, kind trace.SpanKind, name string) (context.Context, trace.Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, parent
	}
	return tracerOf(parent).Start(ctx, name, trace.WithSpanKind(kind)) //nolint:spancheck // The caller ends it.
}

func tracerOf(span trace.Span) trace.Tracer { return span.TracerProvider().Tracer(scopeName) }

// leastWait is the shortest wait that has a span of its own.
const leastWait = time.Millisecond

// Waited records a wait that has just ended as a span below that of the context, unless it was shorter than 1 ms.
func Waited(ctx context.Context, name string, took time.Duration) {
	if took >= leastWait {
		Past(ctx, name, time.Now().Add(-took), took)
	}
}

// Past records what is over as a span below that of the context.
func Past(ctx context.Context, name string, began time.Time, took time.Duration) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return
	}
	_, span := tracerOf(parent).Start(ctx, name, trace.WithTimestamp(began))
	span.End(trace.WithTimestamp(began.Add(took)))
}

// Failed marks a span as failed, with a reason of few values and never a message: messages may quote data.
func Failed(span trace.Span, reason string) {
	if span.IsRecording() {
		span.SetAttributes(attribute.String("error.type", reason))
		span.SetStatus(codes.Error, "")
	}
}

// Traceparent returns the header that continues the trace of the context, in a call or in work that is done later; ""
// if there is no trace.
func Traceparent(ctx context.Context) string {
	if current := trace.SpanContextFromContext(ctx); current.IsSampled() {
		return "00-" + current.TraceID().String() + "-" + current.SpanID().String() + "-01"
	}
	return Request(ctx).Traceparent()
}
