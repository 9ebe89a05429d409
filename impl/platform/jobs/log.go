package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// repeatAfter is when a failure of River's that was told is told again: while the database is away each of its parts
// fails every second or so.
const repeatAfter = time.Minute

// warnings passes on only what an operator should know of River's own lines, and of those that tell the same failure
// one a minute.
type warnings struct {
	slog.Handler

	told *told
}

// told is when each message of a failure was passed on last. River has a few dozen.
type told struct {
	mu   sync.Mutex
	last map[string]time.Time
}

func newWarnings(h slog.Handler) warnings {
	return warnings{h, &told{last: map[string]time.Time{}}}
}

// Enabled implements slog.Handler.
func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (w warnings) Handle(ctx context.Context, r slog.Record) error {
	if tellsFailure(r) && !w.told.now(r) {
		return nil
	}
	return w.Handler.Handle(ctx, r)
}

// tellsFailure says whether a line has an error, for which River has two names.
func tellsFailure(r slog.Record) (found bool) {
	r.Attrs(func(a slog.Attr) bool {
		found = a.Key == "err" || a.Key == "error"
		return !found
	})
	return found
}

// now says whether a line is to be passed on.
func (t *told) now(r slog.Record) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if last, known := t.last[r.Message]; known && r.Time.Sub(last) < repeatAfter {
		return false
	}
	t.last[r.Message] = r.Time
	return true
}

// WithAttrs implements slog.Handler.
func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs), w.told}
}

// WithGroup implements slog.Handler.
func (w warnings) WithGroup(name string) slog.Handler {
	return warnings{w.Handler.WithGroup(name), w.told}
}
