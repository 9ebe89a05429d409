package orders

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/jobs"
	"example.com/plumbline/impl/platform/postgres"
)

// The intervals of the periodic jobs, each of which one replica runs.
const (
	expireEvery   = 5 * time.Second
	withdrawEvery = 30 * time.Second
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

// jobs configures the queue of the jobs: deliveries of webhooks and the periodic jobs.
func (s *Service) jobs() jobs.Config {
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[deliverWebhook]) error {
		return s.attemptDelivery(ctx, job.Args, job.Queue)
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[expireOrders]) error {
		return s.expireOverdue(ctx)
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[withdrawOrphaned]) error {
		return s.withdrawOrphaned(ctx)
	}))
	return jobs.Config{
		Workers: workers,
		Periodic: []*river.PeriodicJob{
			jobs.Every(expireEvery, expireOrders{}), jobs.Every(withdrawEvery, withdrawOrphaned{}),
		},
		Queues:  map[string]int{river.QueueDefault: 4, promptLane: 32, laggingLane: 16},
		Timeout: workTimeout, RescueAfter: rescueAfter, SoftStop: softStop, HardStop: hardStop,
	}
}

// purgeDeliveries removes deliveries that have been kept for long enough.
func (s *Service) purgeDeliveries(ctx context.Context) error {
	return postgres.InBatches(func(limit int32) (int64, error) {
		return s.queries.PurgeWebhookDeliveries(ctx, ordersdb.PurgeWebhookDeliveriesParams{
			CreatedBefore: s.Clock().Add(-deliveryMemory), RowLimit: limit,
		})
	})
}
