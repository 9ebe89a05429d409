package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/jobs"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
)

// The queue migrates, works and receives its notifications although the first of several servers accepts connections
// and never answers.
func TestSilentFirstServer(t *testing.T) {
	t.Parallel()
	url := pgtest.BehindSilent(t, pgtest.URL(t, nothing)) + "&connect_timeout=3"
	require.NoError(t, jobs.Migrate(t.Context(), url, nil))
	done := make(chan string, 1)
	s := replica(t, pgtest.Open(t, url), &worker{do: func(_ context.Context, job *river.Job[note]) error {
		done <- job.Args.Text
		return nil
	}}, jobs.Config{})
	s.insert(t.Context(), t, note{Text: "heard"}, nil)
	require.Equal(t, "heard", <-done)
}

// While the database is away, the queue logs its failures as such; its jobs run when the database is back.
func TestOutage(t *testing.T) {
	t.Parallel()
	const message = "Error fetching jobs"
	var link contracttest.Switch
	done := make(chan struct{}, 10) // A job may run again.
	s := replica(t, link.Pool(t, database(t)), &worker{do: func(context.Context, *river.Job[note]) error {
		done <- struct{}{}
		return nil
	}}, jobs.Config{})
	link.Off()
	require.Eventually(t, func() bool { return strings.Contains(s.log.String(), message) }, patience, time.Millisecond)
	link.On()
	s.insert(t.Context(), t, note{}, nil)
	<-done
	for line := range strings.Lines(s.log.String()) {
		if strings.Contains(line, message) {
			require.Regexp(t, `"err(or)?":"`, line)
		}
	}
}

func TestFailuresAreToldOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out lines
		log := slog.New(jobs.NewWarnings(slog.NewTextHandler(&out, nil)))
		beside := log.With("queue", "other")
		count := func(text string) int { return strings.Count(out.String(), text) }
		for range 90 {
			log.Error("fetching fails", "err", errors.New("away"))
			beside.Error("fetching fails", "error", "away")
			log.Error("electing fails", "error", "away")
			log.Error("a job is unknown", "kind", "x")
			log.Info("fetched")
			time.Sleep(time.Second)
		}
		require.Equal(t, 2, count("fetching fails"), "at once, and after a minute")
		require.Equal(t, 2, count("electing fails"))
		require.Equal(t, 90, count("a job is unknown"), "it is another job each time")
		require.Zero(t, count("fetched"))
	})
}
