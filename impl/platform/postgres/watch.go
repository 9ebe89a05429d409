package postgres

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"example.com/plumbline/impl/platform/telemetry"
)

// watch tells a request how long it waits for connections and for statements, and makes each statement a span of a
// trace that is recorded. A span has the statement's name, and neither its text nor its arguments.
type watch struct{}

// statement is what runs on a connection, which runs one thing at a time. It is kept with the connection: a context of
// its own for each statement would be an allocation.
type statement struct {
	began time.Time
	span  trace.Span
}

// runningKey is the key under which a connection keeps its statement.
const runningKey = "statement"

func runningOn(conn *pgx.Conn) *statement {
	kept := conn.PgConn().CustomData()
	s, ok := kept[runningKey].(*statement)
	if !ok {
		s = &statement{}
		kept[runningKey] = s
	}
	return s
}

func (s *statement) begin(ctx context.Context, name func() string) {
	s.began, s.span = time.Now(), nil
	if telemetry.Recording(ctx) {
		_, s.span = telemetry.Start(ctx, trace.SpanKindClient, name())
		s.span.SetAttributes(attribute.String("db.system.name", "postgresql"))
	}
}

func (s *statement) end(ctx context.Context, err error) {
	telemetry.Request(ctx).Spend(telemetry.SQL, time.Since(s.began))
	if s.span == nil {
		return
	}
	if err != nil {
		telemetry.Failed(s.span, failureOf(err))
	}
	s.span.End()
	s.span = nil
}

// failureOf gives the SQLSTATE of an error, or a word for one that PostgreSQL did not answer with.
func failureOf(err error) string {
	switch {
	case sqlState(err) != "":
		return sqlState(err)
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded), pgconn.Timeout(err):
		return "timeout"
	default:
		return "connection"
	}
}

// nameOf gives the name of a statement that sqlc has generated, which begins with "-- name: GetUser :one", or else the
// statement's first word.
func nameOf(sql string) string {
	if rest, named := strings.CutPrefix(sql, "-- name: "); named {
		name, _, _ := strings.Cut(rest, " ")
		return name
	}
	sql = strings.TrimLeft(sql, " \t\r\n-") // pgx's ping is a comment.
	isLetter := func(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }
	end := strings.IndexFunc(sql, func(r rune) bool { return !isLetter(r) })
	if end < 0 {
		end = len(sql)
	}
	if word := strings.ToUpper(sql[:end]); word != "" {
		return word
	}
	return "SQL"
}

// TraceQueryStart implements pgx.QueryTracer.
func (watch) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	runningOn(conn).begin(ctx, func() string { return nameOf(data.SQL) })
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (watch) TraceQueryEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryEndData) {
	runningOn(conn).end(ctx, data.Err)
}

// TraceBatchStart implements pgx.BatchTracer.
func (watch) TraceBatchStart(ctx context.Context, conn *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	runningOn(conn).begin(ctx, func() string { return "BATCH" })
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (watch) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements pgx.BatchTracer.
func (watch) TraceBatchEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchEndData) {
	runningOn(conn).end(ctx, data.Err)
}

// TraceCopyFromStart implements pgx.CopyFromTracer.
func (watch) TraceCopyFromStart(ctx context.Context, conn *pgx.Conn, _ pgx.TraceCopyFromStartData) context.Context {
	runningOn(conn).begin(ctx, func() string { return "COPY" })
	return ctx
}

// TraceCopyFromEnd implements pgx.CopyFromTracer.
func (watch) TraceCopyFromEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceCopyFromEndData) {
	runningOn(conn).end(ctx, data.Err)
}

// acquiring is the context of an acquire, with the time when it began.
type acquiring struct {
	context.Context //nolint:containedctx // It is a context.
	began           time.Time
}

type acquiringKey struct{}

// Value lets TraceAcquireEnd find this context below those of other tracers.
func (a *acquiring) Value(key any) any {
	if key == (acquiringKey{}) {
		return a
	}
	return a.Context.Value(key)
}

// TraceAcquireStart implements pgxpool.AcquireTracer. It comes before the tracers that wait or limit a wait.
func (watch) TraceAcquireStart(
	ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData,
) context.Context {
	if telemetry.Request(ctx) == nil {
		return ctx
	}
	return &acquiring{Context: ctx, began: time.Now()}
}

// TraceAcquireEnd implements pgxpool.AcquireTracer.
func (watch) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireEndData) {
	if a, ok := ctx.Value(acquiringKey{}).(*acquiring); ok {
		took := time.Since(a.began)
		telemetry.Request(ctx).Spend(telemetry.PoolWait, took)
		telemetry.Waited(a.Context, "wait for connection", took)
	}
}
