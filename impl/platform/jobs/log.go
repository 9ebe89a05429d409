package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// repeatAfter is the time after which the same failure of River's is logged again: while the database is away, each of
// River's parts fails about every second.
const repeatAfter = time.Minute

// warnings passes on those of River's own lines that operators need, and one line a minute of those that report the
// same failure.
type warnings struct {
	slog.Handler

	told *told
}

// told is when each failure was last logged. River has a few dozen messages.
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

// tellsFailure reports whether a line has an error, for which River has two keys.
func tellsFailure(r slog.Record) (found bool) {
	r.Attrs(func(a slog.Attr) bool {
		found = a.Key == "err" || a.Key == "error"
		return !found
	})
	return found
}

// now reports whether a line is due to be passed on.
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
