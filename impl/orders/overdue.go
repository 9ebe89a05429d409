package orders

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
)

// overdueBatch is how many orders one query finds.
const overdueBatch = 100

// expireOverdue expires the orders that were not paid in time. Concurrent runs expire each order once: the step is
// decided with the order locked.
func (s *Service) expireOverdue(ctx context.Context) error {
	return s.applyStepToEach(ctx,
		func() ([]uuid.UUID, error) {
			return s.queries.ListExpiredOrders(ctx, ordersdb.ListExpiredOrdersParams{Now: s.Clock(), RowLimit: overdueBatch})
		},
		func(o ordersdb.Order) (step, error) { return expiry(o, s.Clock()) })
}

// withdrawOrphaned cancels the pending orders of accounts that are no longer active, also those that were being placed
// while the account was disabled.
func (s *Service) withdrawOrphaned(ctx context.Context) error {
	reason := "The account is not active any more."
	return s.applyStepToEach(ctx,
		func() ([]uuid.UUID, error) { return s.queries.ListOrphanedOrders(ctx, overdueBatch) },
		func(o ordersdb.Order) (step, error) {
			if o.Status != ordersdb.OrderStatusPending {
				return step{order: o, same: true}, nil
			}
			return cancellation(o, &reason)
		})
}

// applyStepToEach applies a step to every order that find gives, each in its own transaction, so that a failure does
// not affect the others.
func (s *Service) applyStepToEach(
	ctx context.Context, find func() ([]uuid.UUID, error), decide func(ordersdb.Order) (step, error),
) error {
	for {
		ids, err := find()
		if err != nil {
			return err
		}
		var failed []error
		for _, id := range ids {
			if err := s.inTx(ctx, func(tx tx) error {
				_, err := s.lockAndApply(ctx, tx, id, decide, bySystem)
				return err
			}); err != nil {
				failed = append(failed, fmt.Errorf("order %s: %w", id, err))
			}
		}
		if len(ids) < overdueBatch || len(failed) > 0 {
			return errors.Join(failed...)
		}
	}
}

func bySystem(ordersdb.Order) ordersapi.OrderActor { return ordersapi.OrderActorSystem }
