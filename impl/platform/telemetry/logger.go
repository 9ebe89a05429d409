// Package telemetry writes the logs and the metrics of a service.
//
// It promises that a value under a sensitive name, or in a Secret, is never written; that logging and counting never
// fail, never panic and hardly ever wait; and that no request can add series to the metrics.
package telemetry

import (
	"io"
	"log/slog"
	"time"
)

const (
	defaultFlushEvery = 200 * time.Millisecond
	// closeWait bounds how long Flush and Close wait for a writer that hangs.
	closeWait = 2 * time.Second
)

// LogOptions configures a Logger. The zero value is JSON at level INFO.
type LogOptions struct {
	// Level is the lowest level that is written; a *slog.LevelVar can change it at run time. Default: INFO.
	Level slog.Leveler
	// Service and Version are part of every line; an empty one is left out.
	Service, Version string
	// Format is "json", the default, or "text" for a person at a terminal.
	Format string
	// FlushEvery is the longest time that a line stays in memory. Default: 200 ms.
	FlushEvery time.Duration
	// Sensitive names further attributes whose values are never written, such as the properties with x-sensitive in an
	// OpenAPI document. Case, '_' and '-' are ignored.
	Sensitive []string
}

// Logger is a slog.Logger whose lines are masked, buffered and written whole. It is safe for concurrent use; close it
// last.
type Logger struct {
	*slog.Logger

	lines *lineBuffer
}

// NewLogger returns a Logger that writes one line per record to w:
//
//	{"time":"2006-01-02T15:04:05.000Z","level":"INFO","msg":"…","service":"…","version":"…",
//	 "request_id":"…","trace_id":"…", attributes…}
//
// Times are RFC 3339 in UTC with milliseconds, durations are nanoseconds; request_id and trace_id are those of the
// context's RequestScope. Lines are written after FlushEvery, when 64 KiB wait, at once from WARN on, and by Flush and
// Close. If w fails or hangs, lines are lost and counted (see Lost). A hanging w blocks at most one goroutine that
// logs.
func NewLogger(w io.Writer, opts LogOptions) *Logger {
	if opts.Level == nil {
		opts.Level = slog.LevelInfo
	}
	if opts.FlushEvery <= 0 {
		opts.FlushEvery = defaultFlushEvery
	}
	lines := newLineBuffer(w, opts.FlushEvery)
	return &Logger{Logger: slog.New(newHandler(lines, opts)), lines: lines}
}

// Flush writes what is buffered and waits at most two seconds for the writer. The error says that lines were lost
// since the last Flush, or still wait.
func (l *Logger) Flush() error { return l.lines.flush(closeWait) }

// Close flushes; later lines are written at once, one by one.
func (l *Logger) Close() error {
	l.lines.unbuffer()
	return l.Flush()
}

// Lost returns how many lines the writer has not accepted since the start.
func (l *Logger) Lost() uint64 { return l.lines.lost.Load() }
