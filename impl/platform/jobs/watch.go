package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"example.com/plumbline/impl/platform/telemetry"
)

// The results of runs.
const (
	completed = "completed"
	failed    = "failed"    // to be repeated
	discarded = "discarded" // failed for the last time
	snoozed   = "snoozed"   // postponed by the worker
	cancelled = "cancelled" // cancelled by the worker
	stopping  = "stopped"   // cut off, to be repeated
)

// watch counts runs and logs failed ones.
type watch struct {
	river.MiddlewareDefaults

	log     *slog.Logger
	metrics *metrics
}

// Work implements rivertype.WorkerMiddleware.
func (w *watch) Work(ctx context.Context, job *rivertype.JobRow, run func(context.Context) error) error {
	start := time.Now()
	stack, err := runSafely(ctx, run)
	result := resultOf(ctx, job, err)
	w.metrics.observe(job.Kind, result, time.Since(start))
	if result != failed && result != discarded {
		return err
	}
	attrs := []slog.Attr{
		slog.String("kind", job.Kind), slog.Int64("job_id", job.ID), slog.Int("attempt", job.Attempt), slog.Any("error", err),
	}
	if stack != "" {
		attrs = append(attrs, slog.String("stack", stack))
	}
	if result == discarded {
		w.log.LogAttrs(ctx, slog.LevelError, "job given up", attrs...)
	} else {
		w.log.LogAttrs(ctx, slog.LevelWarn, "job failed", attrs...)
	}
	return err
}

func resultOf(ctx context.Context, job *rivertype.JobRow, err error) string {
	_, putOff := errors.AsType[*rivertype.JobSnoozeError](err)
	_, givenUp := errors.AsType[*rivertype.JobCancelError](err)
	switch {
	case err == nil:
		return completed
	case putOff:
		return snoozed
	case givenUp:
		return cancelled
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return stopping
	case job.Attempt >= job.MaxAttempts:
		return discarded
	default:
		return failed
	}
}

// runSafely turns a panic into an error with the stack of the panic.
func runSafely(ctx context.Context, run func(context.Context) error) (stack string, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			stack, err = string(debug.Stack()), fmt.Errorf("panic: %v", cause)
		}
	}()
	err = run(ctx)
	// This error quotes a part of the arguments.
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		err = fmt.Errorf("the argument %q is of another type than the worker's", wrong.Field)
	}
	return "", err
}

// travel carries the trace and the id of the request that inserted a job into the job's log lines and calls.
type travel struct {
	river.MiddlewareDefaults
	tracer *telemetry.Tracer
}

// origin is the part of a job's metadata that names the request.
type origin struct {
	RequestID   string `json:"request_id,omitempty"`
	Traceparent string `json:"traceparent,omitempty"`
}

// InsertMany implements rivertype.JobInsertMiddleware.
func (*travel) InsertMany(
	ctx context.Context, jobs []*rivertype.JobInsertParams,
	insert func(context.Context) ([]*rivertype.JobInsertResult, error),
) ([]*rivertype.JobInsertResult, error) {
	if scope := telemetry.Request(ctx); scope != nil {
		for _, job := range jobs {
			metadata := map[string]any{}
			if err := json.Unmarshal(job.Metadata, &metadata); err != nil && len(job.Metadata) > 0 {
				return nil, fmt.Errorf("read the metadata of the job %s: %w", job.Kind, err)
			}
			metadata["request_id"], metadata["traceparent"] = scope.RequestID, telemetry.Traceparent(ctx)
			encoded, err := json.Marshal(metadata)
			if err != nil {
				return nil, fmt.Errorf("write the metadata of the job %s: %w", job.Kind, err)
			}
			job.Metadata = encoded
		}
	}
	return insert(ctx)
}

// Work implements rivertype.WorkerMiddleware.
func (t *travel) Work(ctx context.Context, job *rivertype.JobRow, run func(context.Context) error) error {
	var from origin
	_ = json.Unmarshal(job.Metadata, &from) // If it is missing, the job starts a trace of its own.
	scope := &telemetry.RequestScope{RequestID: from.RequestID}
	ctx, span := t.tracer.Begin(ctx, scope, trace.SpanKindConsumer, "run "+job.Kind, from.Traceparent)
	defer span.End()
	scope.SetOperation(job.Kind)
	err := run(telemetry.WithRequest(ctx, scope))
	if span.IsRecording() {
		span.SetAttributes(attribute.String("messaging.system", "river"),
			attribute.String("messaging.operation.type", "process"),
			attribute.String("messaging.destination.name", job.Queue),
			attribute.Int64("job.id", job.ID), attribute.Int("job.attempt", job.Attempt))
		if result := resultOf(ctx, job, err); result != completed && result != snoozed {
			telemetry.Failed(span, result)
		}
	}
	return err
}
