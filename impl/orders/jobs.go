package orders

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/jobs"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/program"
)

// The intervals of the periodic jobs, each of which one replica runs.
const (
	expireEvery   = 5 * time.Second
	withdrawEvery = 30 * time.Second
	purgeEvery    = time.Hour
)

const (
	// workTimeout bounds every run; the next one continues what it has cut off.
	workTimeout = 30 * time.Second
	// rescueAfter is when another process takes up the job of one that has died.
	rescueAfter = time.Minute
	// softStop is a little longer than a receiver may take.
	softStop = 12 * time.Second
	hardStop = 3 * time.Second
)

// expireOrders is the job that expires the orders that were not paid in time.
type expireOrders struct{}

// Kind implements river.JobArgs.
func (expireOrders) Kind() string { return "expire_orders" }

// withdrawOrphaned is the job that cancels the pending orders of accounts that are not active any more.
type withdrawOrphaned struct{}

// Kind implements river.JobArgs.
func (withdrawOrphaned) Kind() string { return "withdraw_orphaned" }

// purge is the job that removes rows which have been kept for long enough.
type purge struct{}

// Kind implements river.JobArgs.
func (purge) Kind() string { return "purge" }

// newJobs makes the queue of the jobs: deliveries of webhooks and the periodic jobs.
func (s *Service) newJobs(c jobs.Config) (*jobs.Jobs, error) {
	c.Workers = river.NewWorkers()
	river.AddWorker(c.Workers, river.WorkFunc(func(ctx context.Context, job *river.Job[deliverWebhook]) error {
		return s.attemptDelivery(ctx, job.Args, job.Queue)
	}))
	river.AddWorker(c.Workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[expireOrders]) error {
		return s.expireOverdue(ctx)
	}))
	river.AddWorker(c.Workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[withdrawOrphaned]) error {
		return s.withdrawOrphaned(ctx)
	}))
	river.AddWorker(c.Workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[purge]) error {
		return s.purgeOldRows(ctx)
	}))
	c.Periodic = []*river.PeriodicJob{
		jobs.Every(expireEvery, expireOrders{}), jobs.Every(withdrawEvery, withdrawOrphaned{}),
		jobs.Every(purgeEvery, purge{}),
	}
	c.Queues = map[string]int{river.QueueDefault: 4, promptLane: 32, laggingLane: 16}
	c.Timeout, c.RescueAfter, c.SoftStop, c.HardStop = workTimeout, rescueAfter, softStop, hardStop
	return jobs.New(c)
}

// startJobs starts the workers. The end of the process waits for the jobs that run.
func (s *Service) startJobs(ctx context.Context, process *program.Process) error {
	process.DeferClose("sender of webhooks", s.sender.Close)
	if err := s.jobs.Start(ctx); err != nil {
		return err
	}
	process.Defer("jobs", s.jobs.Stop)
	return nil
}

// purgeOldRows removes stored answers of requests with a key, ended sessions, accounts and deliveries that have been
// kept for long enough. The relay and the consumers purge the outbox and the inbox.
func (s *Service) purgeOldRows(ctx context.Context) error {
	now := s.clock()
	return errors.Join(
		s.keeper.Purge(ctx),
		s.standing.Purge(ctx),
		postgres.InBatches(func(limit int32) (int64, error) {
			return s.queries.PurgeWebhookDeliveries(ctx, ordersdb.PurgeWebhookDeliveriesParams{
				CreatedBefore: now.Add(-deliveryMemory), RowLimit: limit,
			})
		}),
	)
}
