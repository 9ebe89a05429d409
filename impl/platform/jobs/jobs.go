// Package jobs runs work that outlives the request that asked for it.
//
// It promises that
//   - a job that was inserted in a committed transaction runs at least once, whatever process dies; so a job must be
//     safe to run twice;
//   - a run is bounded in time, a failed run is repeated with growing pauses, and one that panics harms no other;
//   - a periodic job runs on one of the replicas;
//   - stopping lets running jobs end, in bounded time;
//   - no log line and no metric contains a job's arguments.
//
// The queue is River's, in tables beside the service's own.
package jobs

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"example.com/plumbline/impl/platform/telemetry"
)

const (
	keepCompleted = time.Hour // more rows slow the queue down
	keepDiscarded = 7 * 24 * time.Hour

	firstRetry   = 2 * time.Second // at most; it doubles
	longestRetry = 15 * time.Minute
	maxAttempts  = 25 // about three hours
)

// Config says which jobs exist and how they run. A zero value means the default.
type Config struct {
	Pool *pgxpool.Pool
	// Workers run the jobs, one worker for each kind: see river.AddWorker. A worker may have its own Timeout and
	// NextRetry.
	Workers *river.Workers
	// Periodic are the periodic jobs: see Every.
	Periodic []*river.PeriodicJob
	// Queues are the numbers of jobs of each queue that run at once in this process. Default: 8 of river.QueueDefault.
	Queues map[string]int
	// Timeout bounds a run whose worker has no Timeout. Default: 1 min.
	Timeout time.Duration
	// RescueAfter is the age at which a job of a dead process runs again. It must exceed Timeout. Default: 5 min.
	RescueAfter time.Duration
	// SoftStop is how long running jobs may continue after Stop; then their contexts end. Default: 10 s.
	SoftStop time.Duration
	// HardStop is how long Stop waits for them after that. Default: 5 s.
	HardStop time.Duration

	// Tracer records traces of runs; nil: none.
	Tracer *telemetry.Tracer
	// Log receives failed runs and the queue's own failures; nil discards them.
	Log *slog.Logger
	// Registry registers the metrics; nil registers none.
	Registry prometheus.Registerer
}

// Jobs is a service's queue.
type Jobs struct {
	client *river.Client[pgx.Tx]
	soft   time.Duration
	hard   time.Duration
}

// New makes the queue of a migrated database. Jobs can be inserted at once; they run after Start.
func New(c Config) (*Jobs, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}
	if c.Queues == nil {
		c.Queues = map[string]int{river.QueueDefault: 8}
	}
	queues := make(map[string]river.QueueConfig, len(c.Queues))
	for name, workers := range c.Queues {
		queues[name] = river.QueueConfig{MaxWorkers: workers}
	}
	soft := cmp.Or(c.SoftStop, 10*time.Second)
	metrics, err := newMetrics(c.Registry, c.Pool)
	if err != nil {
		return nil, err
	}
	client, err := river.NewClient(riverpgxv5.New(c.Pool), &river.Config{
		Workers:                     c.Workers,
		PeriodicJobs:                c.Periodic,
		Queues:                      queues,
		MaxAttempts:                 maxAttempts,
		JobTimeout:                  cmp.Or(c.Timeout, time.Minute),
		RescueStuckJobsAfter:        cmp.Or(c.RescueAfter, 5*time.Minute),
		SoftStopTimeout:             soft,
		RetryPolicy:                 retryPolicy{},
		CompletedJobRetentionPeriod: keepCompleted,
		CancelledJobRetentionPeriod: keepCompleted,
		DiscardedJobRetentionPeriod: keepDiscarded,
		Middleware:                  []rivertype.Middleware{&travel{tracer: c.Tracer}, &watch{log: c.Log, metrics: metrics}},
		// Statements of the pool are too short-lived to rebuild an index; vacuuming is enough for a queue of this kind.
		ReindexerIndexNames: []string{},
		Logger:              slog.New(newWarnings(c.Log.Handler())),
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return &Jobs{client: client, soft: soft, hard: cmp.Or(c.HardStop, 5*time.Second)}, nil
}

// Start runs jobs until Stop. The end of ctx alone does not stop them, so that their dependencies can outlive them.
func (j *Jobs) Start(ctx context.Context) error {
	if err := j.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("jobs: start: %w", err)
	}
	return nil
}

// Stop starts no further job and waits for the running ones, at most SoftStop, HardStop and ctx. Where ctx has less
// time, their contexts end when HardStop of it is left, or a third if that is less. A job that is cut off runs again
// later, in this process or another.
func (j *Jobs) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, j.soft+j.hard)
	defer cancel()
	deadline, _ := ctx.Deadline()
	soft, cancelSoft := context.WithDeadline(ctx, deadline.Add(-min(j.hard, time.Until(deadline)/3)))
	defer cancelSoft()
	err := j.client.Stop(soft)
	if soft.Err() != nil && ctx.Err() == nil {
		err = j.client.StopAndCancel(ctx)
	}
	if err != nil {
		return fmt.Errorf("jobs: some have not ended: %w", err)
	}
	return nil
}

// Insert inserts a job that runs after tx commits, soon or at the time in opts, which may be nil.
func (j *Jobs) Insert(ctx context.Context, tx pgx.Tx, args river.JobArgs, opts *river.InsertOpts) error {
	if _, err := j.client.InsertTx(ctx, tx, args, opts); err != nil {
		return fmt.Errorf("insert the job %s: %w", args.Kind(), err)
	}
	return nil
}

// Every runs a job when a replica becomes leader, and again after each interval. There is no second run while one waits
// or runs, and a failed run is not repeated before its time.
func Every(interval time.Duration, args river.JobArgs) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(interval), func() (river.JobArgs, *river.InsertOpts) {
		return args, &river.InsertOpts{MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished}}
	}, &river.PeriodicJobOpts{RunOnStart: true})
}

var unfinished = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning,
	rivertype.JobStateScheduled,
}

// retryPolicy doubles the pause up to a quarter of an hour, and takes at random between half of it and all of it.
type retryPolicy struct{}

// NextRetry implements river.ClientRetryPolicy. A snooze counts as no error.
func (retryPolicy) NextRetry(job *rivertype.JobRow) time.Time {
	pause := min(firstRetry<<min(len(job.Errors), maxAttempts), longestRetry)
	return time.Now().Add(pause/2 + rand.N(pause/2))
}
