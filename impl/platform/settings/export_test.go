package settings

import (
	"context"
	"os"
	"time"
)

// WatchEvery is Watch with another time between two looks at the files.
func (l *Live[T]) WatchEvery(
	ctx context.Context, signals <-chan os.Signal, report func(Reloaded, error), every time.Duration,
) {
	l.watch(ctx, signals, report, every)
}
