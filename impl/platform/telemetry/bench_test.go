package telemetry

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

// BenchmarkAccessLine is one line of the access log; about 1 µs is the aim.
func BenchmarkAccessLine(b *testing.B) {
	log := NewLogger(io.Discard, LogOptions{Service: "orders", Version: "1.2.3"})
	ctx := WithRequest(b.Context(), &RequestScope{RequestID: NewRequestID(), TraceID: NewTraceID()})
	b.ReportAllocs()
	for b.Loop() {
		log.LogAttrs(ctx, slog.LevelInfo, "request",
			slog.String("operation", "cancelOrder"),
			slog.String("method", "POST"),
			slog.String("path", "/api/v1/orders/01890a5d-ac96-774b-bcce-b302099a8057/cancel"),
			slog.Int("status", 200),
			slog.Float64("duration_ms", 1.25),
			slog.Int("request_bytes", 412),
			slog.Int("response_bytes", 903),
			slog.String("client_address", "203.0.113.7"),
			slog.String("user_agent", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0"),
			slog.String("caller", "01890a5d-ac96-774b-bcce-b302099a8058"),
			slog.String("caller_kind", "user"),
			slog.Bool("replayed", false),
		)
	}
}

// BenchmarkObserve is what a request pays for its metrics; at most about 100 ns is the aim.
func BenchmarkObserve(b *testing.B) {
	m, err := NewHTTPMetrics(
		prometheus.NewRegistry(),
		[]OperationLabels{{Operation: "getOrder", Method: "GET", Statuses: []int{200, 404}}},
	)
	require.NoError(b, err)
	o := m.Operation("getOrder")
	for name, traceID := range map[string]string{"plain": "", "sampled": NewTraceID()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				o.Observe(200, 1234*time.Microsecond, traceID)
			}
		})
	}
}

// BenchmarkScrub is an ordinary sentence, then one that has to be masked.
func BenchmarkScrub(b *testing.B) {
	for name, text := range map[string]string{
		"plain":  "the order could not be shipped: the carrier answers 503",
		"masked": "dial postgres://orders:hunter2@db.internal:5432/orders: timeout",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				scrub(text)
			}
		})
	}
}

func BenchmarkNewRequestID(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		NewRequestID()
	}
}
