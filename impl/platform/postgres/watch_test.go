package postgres_test

import (
	"context"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/pgtest"
)

// watched gives a pool and the context of a request whose trace is recorded.
func watched(t *testing.T) (*pgxpool.Pool, context.Context, *telemetry.RequestScope, *tracetest.SpanRecorder) {
	t.Helper()
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: pgtest.URL(t, accounts()), MaxConns: 1})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	recorder, scope := tracetest.NewSpanRecorder(), &telemetry.RequestScope{}
	tracer, err := telemetry.NewTracer(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)),
		telemetry.Sampling{Ratio: 1})
	require.NoError(t, err)
	ctx, span := tracer.Begin(t.Context(), scope, trace.SpanKindServer, "request", "")
	t.Cleanup(func() { span.End() })
	return pool, telemetry.WithRequest(ctx, scope), scope, recorder
}

// A statement is a span with its name and the SQLSTATE of its failure, and nothing of its text or its arguments.
func TestStatementsAreSpans(t *testing.T) {
	t.Parallel()
	pool, ctx, scope, recorder := watched(t)
	var n int
	require.NoError(t, pool.QueryRow(ctx, "-- name: GetAnswer :one\nSELECT $1::int", 4711).Scan(&n))
	require.NoError(t, postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
		var batch pgx.Batch
		batch.Queue("SELECT 1")
		return tx.SendBatch(ctx, &batch).Close()
	}))
	_, err := pool.Exec(ctx, "  select 1/0 -- 4711")
	require.Error(t, err)
	_, err = pool.Exec(ctx, "-- a comment\nSELECT 1")
	require.NoError(t, err)
	_, err = pool.Exec(ctx, "")
	require.NoError(t, err)
	ended := slices.DeleteFunc(recorder.Ended(), func(s sdktrace.ReadOnlySpan) bool {
		return s.Name() == "wait for connection" // On a busy machine it takes long enough to have a span.
	})
	var names []string
	for _, s := range ended {
		names = append(names, s.Name())
		require.Equal(t, trace.SpanKindClient, s.SpanKind())
		for _, a := range s.Attributes() {
			require.NotContains(t, a.Value.String(), "4711")
		}
	}
	require.Equal(t, []string{"GetAnswer", "BEGIN", "BATCH", "COMMIT", "SELECT", "A", "SQL"}, names)
	require.Equal(t, codes.Error, ended[4].Status().Code)
	require.Empty(t, ended[4].Status().Description)
	require.Contains(t, attributes(ended[4]), "error.type=22012")
	require.Equal(t, []string{"db.system.name=postgresql"}, attributes(ended[0]))
	require.Positive(t, scope.Spent(telemetry.SQL))
	require.Positive(t, scope.Spent(telemetry.PoolWait))
}

func attributes(s sdktrace.ReadOnlySpan) (all []string) {
	for _, a := range s.Attributes() {
		all = append(all, string(a.Key)+"="+a.Value.String())
	}
	return all
}

// Without a trace that is recorded the time is counted all the same; outside of requests there is nobody to count for.
func TestStatementsAreTimedWithoutTraces(t *testing.T) {
	t.Parallel()
	pool, _, _, recorder := watched(t)
	scope := &telemetry.RequestScope{}
	_, err := pool.Exec(telemetry.WithRequest(t.Context(), scope), "SELECT 1")
	require.NoError(t, err)
	_, err = pool.Exec(t.Context(), "SELECT 1")
	require.NoError(t, err)
	require.Positive(t, scope.Spent(telemetry.SQL))
	require.Positive(t, scope.Spent(telemetry.PoolWait))
	require.Empty(t, recorder.Ended())
}
