// Package jobs does work that outlives the request that asked for it.
//
// It promises that
//   - a job that was inserted in a committed transaction runs at least once, whatever process dies; so what a job does
//     must bear being done twice;
//   - a run is bounded in time, one that fails is repeated with growing pauses, and one that panics harms no other;
//   - what is done now and then is done by one of the replicas;
//   - stopping lets running jobs end, and is bounded too;
//   - no line and no metric holds a job's arguments.
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
)

const (
	keepCompleted = time.Hour // what is kept longer slows the rest down
	keepDiscarded = 7 * 24 * time.Hour

	firstRetry   = 2 * time.Second // at most; it doubles
	longestRetry = 15 * time.Minute
	maxAttempts  = 25 // about three hours
)

// Config says which jobs there are and how they run. A zero value means the default.
type Config struct {
	Pool *pgxpool.Pool
	// Workers do the jobs, one for each kind. See river.AddWorker. A worker may have its own Timeout and NextRetry.
	Workers *river.Workers
	// Periodic are what is done now and then; see Every.
	Periodic []*river.PeriodicJob
	// Queues are how many jobs of each queue run at once here. Default: 8 of river.QueueDefault.
	Queues map[string]int
	// Timeout bounds a run whose worker does not say otherwise. Default: 1 min.
	Timeout time.Duration
	// RescueAfter is when a job that a dead process left running is run again. It is longer than Timeout. Default: 5 min.
	RescueAfter time.Duration
	// SoftStop is how long running jobs may go on when stopping begins; then their contexts end. Default: 10 s.
	SoftStop time.Duration
	// HardStop is how long they are waited for after that. Default: 5 s.
	HardStop time.Duration

	// Log is told of runs that fail, and of the queue's own troubles; nil: nobody is.
	Log *slog.Logger
	// Registry takes the metrics; nil: none does.
	Registry prometheus.Registerer
}

// Jobs is a service's queue.
type Jobs struct {
	client *river.Client[pgx.Tx]
	stop   time.Duration
}

// New makes the queue of a database that has been migrated. Jobs can be inserted at once; they run after Start.
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
		Middleware:                  []rivertype.Middleware{&travel{}, &watch{log: c.Log, metrics: metrics}},
		// The pool's statements are too short-lived for rebuilding an index; vacuuming is enough for a queue of this kind.
		ReindexerIndexNames: []string{},
		Logger:              slog.New(newWarnings(c.Log.Handler())),
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return &Jobs{client: client, stop: soft + cmp.Or(c.HardStop, 5*time.Second)}, nil
}

// Start begins to run jobs, until Stop: the end of ctx alone does not stop them, so that what they need can outlive
// them.
func (j *Jobs) Start(ctx context.Context) error {
	if err := j.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("jobs: start: %w", err)
	}
	return nil
}

// Stop begins no further job and waits for those that run, as long as the configuration allows or ctx does. A job
// that is cut off, or does not end at all, is run again later, by this process or another.
func (j *Jobs) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, j.stop)
	defer cancel()
	if err := j.client.Stop(ctx); err != nil {
		return fmt.Errorf("jobs: some have not ended: %w", err)
	}
	return nil
}

// Insert has a job run after tx commits, soon or at the time in its options. opts may be nil.
func (j *Jobs) Insert(ctx context.Context, tx pgx.Tx, args river.JobArgs, opts *river.InsertOpts) error {
	if _, err := j.client.InsertTx(ctx, tx, args, opts); err != nil {
		return fmt.Errorf("insert the job %s: %w", args.Kind(), err)
	}
	return nil
}

// Every has a job run at once when a replica takes the lead, and again after each interval. There is no second run
// while one waits or goes on, and a run that fails is not repeated before its time.
func Every(interval time.Duration, args river.JobArgs) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(interval), func() (river.JobArgs, *river.InsertOpts) {
		return args, &river.InsertOpts{MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished}}
	}, &river.PeriodicJobOpts{RunOnStart: true})
}

var unfinished = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning,
	rivertype.JobStateScheduled,
}

// retryPolicy doubles the pause up to a quarter of an hour; the real one is between half of it and the whole.
type retryPolicy struct{}

// NextRetry implements river.ClientRetryPolicy. A snooze counts as no error.
func (retryPolicy) NextRetry(job *rivertype.JobRow) time.Time {
	pause := min(firstRetry<<min(len(job.Errors), maxAttempts), longestRetry)
	return time.Now().Add(pause/2 + rand.N(pause/2))
}
