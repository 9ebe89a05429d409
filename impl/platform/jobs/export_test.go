package jobs

import (
	"log/slog"
	"time"

	"github.com/riverqueue/river/rivertype"
)

// NextRetry returns when a failed job runs again.
func NextRetry(job *rivertype.JobRow) time.Time { return retryPolicy{}.NextRetry(job) }

// NewWarnings returns the handler of the queue's own lines.
func NewWarnings(h slog.Handler) slog.Handler { return newWarnings(h) }
