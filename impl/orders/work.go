package orders

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/jobs"
	"example.com/plumbline/impl/platform/program"
)

// How often what is overdue is looked for, by one replica.
const (
	expireEvery   = 5 * time.Second
	withdrawEvery = 30 * time.Second
	purgeEvery    = time.Hour
)

const (
	// workTimeout bounds every run; one that is cut off goes on at the next.
	workTimeout = 30 * time.Second
	// rescueAfter is when the work of a process that died is taken up.
	rescueAfter = time.Minute
	// softStop is a little longer than a receiver may take.
	softStop = 12 * time.Second
	hardStop = 3 * time.Second
)

type expireOrders struct{}

// Kind implements river.JobArgs.
func (expireOrders) Kind() string { return "expire_orders" }

type withdrawOrphaned struct{}

// Kind implements river.JobArgs.
func (withdrawOrphaned) Kind() string { return "withdraw_orphaned" }

type purge struct{}

// Kind implements river.JobArgs.
func (purge) Kind() string { return "purge" }

// newJobs makes the queue of what outlives a request or is done now and then.
func (s *Service) newJobs(c jobs.Config) (*jobs.Jobs, error) {
	c.Workers = river.NewWorkers()
	river.AddWorker(c.Workers, river.WorkFunc(func(ctx context.Context, job *river.Job[deliverWebhook]) error {
		return s.attempt(ctx, job.Args, job.Queue)
	}))
	river.AddWorker(c.Workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[expireOrders]) error { return s.expireOverdue(ctx) }))
	river.AddWorker(c.Workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[withdrawOrphaned]) error { return s.withdrawOrphaned(ctx) }))
	river.AddWorker(c.Workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[purge]) error { return s.purge(ctx) }))
	c.Periodic = []*river.PeriodicJob{
		jobs.Every(expireEvery, expireOrders{}), jobs.Every(withdrawEvery, withdrawOrphaned{}), jobs.Every(purgeEvery, purge{}),
	}
	c.Queues = map[string]int{river.QueueDefault: 4, promptLane: 32, laggingLane: 16}
	c.Timeout, c.RescueAfter, c.SoftStop, c.HardStop = workTimeout, rescueAfter, softStop, hardStop
	return jobs.New(c)
}

// work runs the jobs beside requests, until the process ends and those that run have ended.
func (s *Service) work(ctx context.Context, process *program.Process) error {
	process.DeferClose("sender of webhooks", s.sender.Close)
	if err := s.jobs.Start(ctx); err != nil {
		return err
	}
	process.Defer("jobs", s.jobs.Stop)
	return nil
}

// purgeBatch is small enough to lock little.
const purgeBatch = 1000

// purge removes what has been kept for long enough. The outbox and the inbox are purged by those who use them.
func (s *Service) purge(ctx context.Context) error {
	now := s.clock()
	return errors.Join(
		s.keeper.Purge(ctx),
		s.standing.Purge(ctx),
		inBatches(func() (int64, error) {
			return s.queries.PurgeWebhookDeliveries(ctx, ordersdb.PurgeWebhookDeliveriesParams{CreatedBefore: now.Add(-deliveryMemory), RowLimit: purgeBatch})
		}),
	)
}

// inBatches repeats what removes a batch at most, until nothing is left.
func inBatches(purge func() (int64, error)) error {
	for {
		purged, err := purge()
		if err != nil || purged < purgeBatch {
			return err
		}
	}
}
