package jobs

import (
	"time"

	"github.com/riverqueue/river/rivertype"
)

// NextRetry is when a job that has failed runs again.
func NextRetry(job *rivertype.JobRow) time.Time { return retryPolicy{}.NextRetry(job) }
