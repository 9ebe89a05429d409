package events

import (
	"context"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"example.com/plumbline/impl/platform/telemetry"
)

// continueTrace sets what the column traceparent of the outbox has by default.
const continueTrace = "SELECT set_config('trace.parent', $1, true)"

// ContinueTrace lets the events that triggers write in a transaction continue the trace of ctx, if it is recorded.
// Otherwise it does nothing, so that a transaction has one statement more only where somebody looks.
func ContinueTrace(ctx context.Context, tx pgx.Tx) error {
	if !telemetry.Recording(ctx) {
		return nil
	}
	_, err := tx.Exec(ctx, continueTrace, telemetry.Traceparent(ctx))
	return err
}

// published begins the span of publishing an event whose trace is recorded, and gives the event as a part of that span.
// An event without a trace gets none here.
func published(ctx context.Context, tracer *telemetry.Tracer, service string, e Event) (Event, trace.Span) {
	var scope telemetry.RequestScope
	if _, _, sampled, ok := telemetry.ParseTraceparent(e.Traceparent); !ok || !sampled {
		return e, trace.SpanFromContext(ctx)
	}
	_, span := tracer.Begin(ctx, &scope, trace.SpanKindProducer, "publish "+e.Type, e.Traceparent)
	describe(span, "send", stream(service), e)
	if span.IsRecording() {
		e.Traceparent = scope.Traceparent()
	}
	return e, span
}

// ended ends the span of publishing an event, and returns the error.
func ended(span trace.Span, err error) error {
	if err != nil {
		telemetry.Failed(span, "failed")
	}
	span.End()
	return err
}

// describe names an event in a span. Its subject is left out: it may be an account.
func describe(span trace.Span, operation, stream string, e Event) {
	if span.IsRecording() {
		span.SetAttributes(attribute.String("messaging.system", "nats"),
			attribute.String("messaging.operation.type", operation),
			attribute.String("messaging.destination.name", stream), attribute.String("messaging.message.id", e.ID.String()))
	}
}
