// Package tracing sends recorded traces to a receiver of OpenTelemetry (OTLP).
//
// It promises that
//   - nothing is recorded or sent unless the variables of OpenTelemetry name a receiver;
//   - no request waits for the receiver: spans wait in a queue of 2048, and one that finds it full is dropped and
//     counted;
//   - a receiver that is away is one line in the log when that begins and one when it ends;
//   - at the end what waits is sent, for at most 5 s.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"example.com/plumbline/impl/platform/telemetry"
)

const (
	// queueSize is the number of spans that wait to be sent, with those that are being sent.
	queueSize = sdktrace.DefaultMaxQueueSize
	// stopLimit bounds the sending of what waits at the end.
	stopLimit = 5 * time.Second
)

// Config configures Start.
type Config struct {
	Environment Environment
	// Service and Version name the program in its spans, unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES do.
	Service, Version string
	// Log has a line when the receiver goes away or comes back.
	Log *slog.Logger
	// Registry shows trace_spans_total{result}: exported, failed, dropped.
	Registry prometheus.Registerer
}

// Traces are recorded and sent until Stop. Nil records none.
type Traces struct {
	tracer   *telemetry.Tracer
	provider *sdktrace.TracerProvider
	giveUp   context.CancelFunc
	log      *slog.Logger
}

// Start begins to send traces, without waiting for the receiver. It returns nil where the environment names none.
func Start(ctx context.Context, c Config) (*Traces, error) {
	if !c.Environment.On {
		return nil, nil //nolint:nilnil // as it says above
	}
	for _, file := range c.Environment.CheckFiles() {
		return nil, fmt.Errorf("%s: %s", file.Variable, file.Why)
	}
	intoTheLog(c.Log)
	of, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", c.Service), attribute.String("service.version", c.Version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	otlp, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	spans := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "trace_spans_total", Help: "Recorded spans: exported, failed to be, or dropped because too many waited.",
	}, []string{"result"})
	if err := c.Registry.Register(spans); err != nil {
		return nil, errors.Join(fmt.Errorf("tracing: register the metrics, once per registry: %w", err), otlp.Shutdown(ctx))
	}
	q := &queue{dropped: spans.WithLabelValues("dropped")}
	life, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	q.SpanProcessor = sdktrace.NewBatchSpanProcessor(&exporter{
		SpanExporter: otlp, queue: q, life: life, log: c.Log,
		exported: spans.WithLabelValues("exported"), failed: spans.WithLabelValues("failed"),
	}, sdktrace.WithMaxQueueSize(queueSize))
	provider := sdktrace.NewTracerProvider(sdktrace.WithResource(of), sdktrace.WithSpanProcessor(q),
		sdktrace.WithSampler(sdktrace.AlwaysSample())) // The tracer has decided.
	tracer, err := telemetry.NewTracer(provider, c.Environment.Sampling)
	if err != nil {
		giveUp()
		return nil, errors.Join(err, provider.Shutdown(context.WithoutCancel(ctx))) // Nothing waits.
	}
	return &Traces{tracer: tracer, provider: provider, giveUp: giveUp, log: c.Log}, nil
}

// intoTheLog keeps the SDK, which logs for the whole process, from writing to stderr. Its own log can show what is in
// variables, and has nothing else that anybody has to know; its errors go to ours.
func intoTheLog(log *slog.Logger) {
	otel.SetLogger(logr.Discard())
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		log.Warn("OpenTelemetry has failed", slog.Any("error", err))
	}))
}

// Tracer returns what spans are begun with; nil if nothing is recorded.
func (t *Traces) Tracer() *telemetry.Tracer {
	if t == nil {
		return nil
	}
	return t.tracer
}

// ErrLost means that what waited at the end was not sent in time.
var ErrLost = errors.New("the last spans are lost")

// Stop sends what waits, for at most 5 s and no longer than ctx. What is lost then is logged, and the error is ErrLost
// with the cause.
func (t *Traces) Stop(ctx context.Context) error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, stopLimit)
	defer cancel()
	stop := context.AfterFunc(ctx, t.giveUp) // It ends whatever Shutdown waits for.
	defer stop()
	err := t.provider.Shutdown(context.WithoutCancel(ctx))
	if err = errors.Join(err, ctx.Err()); err != nil {
		t.log.WarnContext(ctx, ErrLost.Error(), slog.Any("error", err))
		err = fmt.Errorf("%w: %w", ErrLost, err)
	}
	t.giveUp()
	return err
}

// queue counts the spans that wait in a batch processor, which drops spans silently once its own queue is full. It lets
// in only as many as that takes.
type queue struct {
	sdktrace.SpanProcessor

	waiting atomic.Int64
	dropped prometheus.Counter
}

// OnEnd implements sdktrace.SpanProcessor.
func (q *queue) OnEnd(s sdktrace.ReadOnlySpan) {
	if q.waiting.Add(1) > queueSize {
		q.waiting.Add(-1)
		q.dropped.Inc()
		return
	}
	q.SpanProcessor.OnEnd(s)
}

// exporter counts what is exported and logs when that begins to fail and when it succeeds again. The batch processor
// calls it from one goroutine at a time.
type exporter struct {
	sdktrace.SpanExporter

	queue            *queue
	life             context.Context //nolint:containedctx // It ends what the batch processor would go on with.
	log              *slog.Logger
	exported, failed prometheus.Counter
	failing          bool
}

// ExportSpans implements sdktrace.SpanExporter. It returns no error: the SDK would write it past the log.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(e.life, cancel)
	defer stop()
	err := e.SpanExporter.ExportSpans(ctx, spans)
	e.queue.waiting.Add(-int64(len(spans)))
	switch {
	case err == nil:
		e.exported.Add(float64(len(spans)))
		if e.failing {
			e.log.InfoContext(ctx, "traces are received again")
		}
	case errors.Is(err, context.Canceled) && e.life.Err() != nil: // Stop logs it.
		e.failed.Add(float64(len(spans)))
	default:
		e.failed.Add(float64(len(spans)))
		if !e.failing {
			e.log.WarnContext(ctx, "traces are not received", slog.Any("error", err))
		}
	}
	e.failing = err != nil
	return nil
}
