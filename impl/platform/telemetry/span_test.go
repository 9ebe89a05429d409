package telemetry

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

const (
	ownTrace  = "4bf92f3577b34da6a3ce929d0e0e4736"
	ownSpan   = "00f067aa0ba902b7"
	recorded  = "00-" + ownTrace + "-" + ownSpan + "-01"
	forgotten = "00-" + ownTrace + "-" + ownSpan + "-00"
)

// traced gives a tracer and what it has recorded.
func traced(t *testing.T, s Sampling) (*Tracer, *tracetest.SpanRecorder) {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	tracer, err := NewTracer(provider, s)
	require.NoError(t, err)
	return tracer, recorder
}

// begin begins and ends a span, and tells whether it was recorded.
func begin(t *testing.T, tracer *Tracer, kind trace.SpanKind, parent string) (RequestScope, bool) {
	t.Helper()
	var scope RequestScope
	ctx, span := tracer.Begin(t.Context(), &scope, kind, "x", parent)
	defer span.End()
	require.Len(t, scope.TraceID, traceIDLen)
	require.Len(t, scope.SpanID, spanIDLen)
	require.NotEqual(t, ownSpan, scope.SpanID)
	require.Equal(t, span.IsRecording(), Recording(ctx))
	if span.IsRecording() {
		require.Equal(t, span.SpanContext().TraceID().String(), scope.TraceID)
		require.Equal(t, span.SpanContext().SpanID().String(), scope.SpanID)
	}
	return RequestScope{TraceID: scope.TraceID, SpanID: scope.SpanID, Sampled: scope.Sampled}, span.IsRecording()
}

func TestSampling(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sampling Sampling
		kind     trace.SpanKind
		parent   string
		want     bool
	}{
		"none":                         {Sampling{}, trace.SpanKindServer, "", false},
		"all":                          {Sampling{Ratio: 1}, trace.SpanKindServer, "", true},
		"malformed":                    {Sampling{Ratio: 1}, trace.SpanKindServer, "00-x", true},
		"a caller who records":         {Sampling{Callers: 1}, trace.SpanKindServer, recorded, true},
		"a caller who does not":        {Sampling{Ratio: 1, Callers: 1}, trace.SpanKindServer, forgotten, false},
		"callers do not decide":        {Sampling{}, trace.SpanKindServer, recorded, false},
		"callers do not decide on all": {Sampling{Ratio: 1}, trace.SpanKindServer, recorded, true},
		"our own event":                {Sampling{}, trace.SpanKindConsumer, recorded, true},
		"our own event, not recorded":  {Sampling{Ratio: 1}, trace.SpanKindConsumer, forgotten, false},
	} {
		tracer, recorder := traced(t, c.sampling)
		scope, got := begin(t, tracer, c.kind, c.parent)
		require.Equal(t, c.want, got, name)
		require.Equal(t, c.want, scope.Sampled, name)
		require.Equal(t, strings.HasPrefix(c.parent, "00-4"), scope.TraceID == ownTrace, name)
		if c.want {
			require.Equal(t, scope.TraceID == ownTrace, recorder.Ended()[0].Parent().IsValid(), name)
		}
	}
}

// Callers who ask for every trace get so many per second, and beyond that what the ratio gives.
func TestCallersCannotHaveEverythingRecorded(t *testing.T) {
	t.Parallel()
	tracer, recorder := traced(t, Sampling{Callers: 20})
	began := time.Now()
	for range 1000 {
		begin(t, tracer, trace.SpanKindServer, recorded)
	}
	most := 20 + int(math.Ceil(20*time.Since(began).Seconds()))
	require.GreaterOrEqual(t, len(recorder.Ended()), 20)
	require.LessOrEqual(t, len(recorder.Ended()), most)
}

// A caller cannot choose a trace id that the ratio favours.
func TestRatioIsNotThatOfTheTraceID(t *testing.T) {
	t.Parallel()
	tracer, recorder := traced(t, Sampling{Ratio: 0.5})
	for range 200 {
		begin(t, tracer, trace.SpanKindServer, "00-00000000000000000000000000000001-"+ownSpan+"-01")
	}
	require.NotEmpty(t, recorder.Ended())
	require.Less(t, len(recorder.Ended()), 200)
}

func TestSamplingChanges(t *testing.T) {
	t.Parallel()
	tracer, _ := traced(t, Sampling{})
	tracer.SetSampling(Sampling{Ratio: 1})
	_, got := begin(t, tracer, trace.SpanKindServer, "")
	require.True(t, got)
	tracer.SetSampling(Sampling{Callers: 1})
	_, got = begin(t, tracer, trace.SpanKindServer, "")
	require.False(t, got)
	_, got = begin(t, tracer, trace.SpanKindServer, recorded)
	require.True(t, got)
	for _, wrong := range []Sampling{{Ratio: -1}, {Ratio: 2}, {Ratio: math.NaN()}, {Callers: -1}} {
		require.Error(t, wrong.Validate())
	}
}

// Without a tracer ids are made and the caller's flag is passed on.
func TestWithoutTracer(t *testing.T) {
	t.Parallel()
	scope, got := begin(t, nil, trace.SpanKindServer, recorded)
	require.False(t, got)
	require.Equal(t, ownTrace, scope.TraceID)
	require.True(t, scope.Sampled)
	scope, _ = begin(t, nil, trace.SpanKindServer, "")
	require.False(t, scope.Sampled)
	require.NotEqual(t, ownTrace, scope.TraceID)
}

func TestTraceparentOfAContext(t *testing.T) {
	t.Parallel()
	require.Empty(t, Traceparent(t.Context()))
	scope := &RequestScope{TraceID: ownTrace, SpanID: ownSpan}
	require.Equal(t, forgotten, Traceparent(WithRequest(t.Context(), scope)))
	tracer, _ := traced(t, Sampling{Ratio: 1})
	scope = &RequestScope{}
	ctx, root := tracer.Begin(t.Context(), scope, trace.SpanKindServer, "root", "")
	defer root.End()
	ctx = WithRequest(ctx, scope)
	require.Equal(t, scope.Traceparent(), Traceparent(ctx))
	below, child := Start(ctx, trace.SpanKindClient, "child")
	defer child.End()
	require.Equal(t, "00-"+scope.TraceID+"-"+child.SpanContext().SpanID().String()+"-01", Traceparent(below))
}

// Where nothing is recorded, a span costs no allocation.
func TestSpansCostNothingWhenOff(t *testing.T) {
	ctx := WithRequest(context.Background(), &RequestScope{TraceID: ownTrace, SpanID: ownSpan, Sampled: true})
	require.Zero(t, testing.AllocsPerRun(100, func() {
		_, span := Start(ctx, trace.SpanKindClient, "x")
		Failed(span, "timeout")
		span.End()
		Past(ctx, "x", time.Time{}, time.Second)
		Waited(ctx, "x", time.Second)
		Request(ctx).Spend(SQL, time.Second)
	}))
}

func TestPast(t *testing.T) {
	t.Parallel()
	tracer, recorder := traced(t, Sampling{Ratio: 1})
	ctx, root := tracer.Begin(t.Context(), &RequestScope{}, trace.SpanKindServer, "root", "")
	began := time.Now().Add(-time.Minute)
	Past(ctx, "past", began, time.Second)
	Waited(ctx, "long", time.Second)
	Waited(ctx, "short", time.Microsecond)
	root.End()
	Past(ctx, "too late", began, time.Second)
	var names []string
	for _, s := range recorder.Ended() {
		names = append(names, s.Name())
	}
	require.Equal(t, []string{"past", "long", "root"}, names)
	past := recorder.Ended()[0]
	require.WithinDuration(t, began, past.StartTime(), 0)
	require.Equal(t, time.Second, past.EndTime().Sub(past.StartTime()))
	require.Equal(t, root.SpanContext().SpanID(), past.Parent().SpanID())
}

func TestSpent(t *testing.T) {
	t.Parallel()
	reg, m := startMetrics(t)
	var scope RequestScope
	for i, part := range Parts() {
		scope.Spend(part, time.Duration(i+1)*time.Second)
	}
	scope.Spend(SQL, time.Second)
	(*RequestScope)(nil).Spend(SQL, time.Second)
	m.Operation("getOrder").Spent(&scope)
	m.Operation("no such operation").Spent(&scope)
	for i, part := range Parts() {
		want := float64(i + 1)
		if part == SQL {
			want++
		}
		for _, operation := range []string{"getOrder", Unmatched} {
			labels := map[string]string{"operation": operation, "part": part.String()}
			require.InDelta(t, want, find(t, reg, "operation_part_seconds_total", labels).GetCounter().GetValue(), 0)
		}
	}
	require.Equal(t, []Part{PoolWait, SQL, Outbound, HashWait, Hash}, Parts())
	require.Len(t, Parts(), int(parts))
}
