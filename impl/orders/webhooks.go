package orders

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/convert"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/paging"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/webhook"
)

// ListWebhooks lists the webhooks.
func (s *Service) ListWebhooks(
	ctx context.Context, req ordersapi.ListWebhooksRequestObject,
) (ordersapi.ListWebhooksResponseObject, error) {
	limit, after := *req.Params.Limit, paging.After(req.Params.Cursor)
	rows, err := s.queries.ListWebhooks(ctx, ordersdb.ListWebhooksParams{
		BeforeTime: after.Time, BeforeID: after.ID, RowLimit: limit + 1,
	})
	if err != nil {
		return nil, explain(err, nil)
	}
	rows, next := paging.Page(rows, int(limit), func(w ordersdb.Webhook) paging.Position {
		return paging.Position{Time: w.CreatedAt, ID: w.ID}
	})
	items := make([]ordersapi.Webhook, len(rows))
	for i, row := range rows {
		items[i] = s.toAPIWebhook(row)
	}
	return ordersapi.ListWebhooks200JSONResponse{
		Body:    ordersapi.WebhookList{Items: items, NextCursor: convert.OrNull(next)},
		Headers: ordersapi.ListWebhooks200ResponseHeaders{Link: httpapi.NextLink(ctx, next)},
	}, nil
}

// CreateWebhook creates a webhook. Only this answer, and that of a rotation, shows its secret.
func (s *Service) CreateWebhook(
	ctx context.Context, req ordersapi.CreateWebhookRequestObject,
) (ordersapi.CreateWebhookResponseObject, error) {
	if err := s.maySendTo(req.Body.URL); err != nil {
		return nil, err
	}
	id, secret := newID(), webhook.NewSecret()
	httpapi.SetAuditTarget(ctx, id)
	var row ordersdb.Webhook
	err := s.inTx(ctx, func(tx tx) error {
		if err := tx.LockWebhooks(ctx); err != nil {
			return err
		}
		count, err := tx.CountWebhooks(ctx)
		if err != nil {
			return err
		}
		if count >= mostWebhooks {
			return errTooManyWebhooks
		}
		row, err = tx.CreateWebhook(ctx, ordersdb.CreateWebhookParams{
			ID: id, Url: req.Body.URL, EventTypes: convert.All[string](req.Body.EventTypes), Description: req.Body.Description,
			SealedSecret: s.secrets.Seal([]byte(secret.Reveal()), secretName(id)), CreatedAt: s.Clock(),
		})
		return err
	})
	if err != nil {
		return nil, explain(err, nil)
	}
	return ordersapi.CreateWebhook201JSONResponse{
		Body:    ordersapi.WebhookWithSecret{Webhook: s.toAPIWebhook(row), Secret: secret.Reveal()},
		Headers: ordersapi.CreateWebhook201ResponseHeaders{Location: "/api/v1/webhooks/" + id.String()},
	}, nil
}

// secretName is the name under which the secrets of a webhook are sealed.
func secretName(webhook uuid.UUID) string { return "webhooks/" + webhook.String() }

// maySendTo refuses the URL of a webhook that must not be sent to, without resolving its host name; the sender checks
// the resolved addresses.
func (s *Service) maySendTo(url string) error {
	err := webhook.ValidateURL(url, s.allowPrivate)
	if err == nil {
		return nil
	}
	sentence := "Must be an https address outside of private networks"
	switch {
	case errors.Is(err, webhook.FlawUser):
		sentence = "Must have no user and no password; what is sent is signed"
	case errors.Is(err, webhook.FlawFragment):
		sentence = "Must have no fragment, which is never sent"
	case errors.Is(err, webhook.FlawPort):
		sentence = "Must have a port between 1 and 65535, or none"
	}
	return contract.Violated("#/url", "format", sentence).Because(err)
}

// GetWebhook reads a webhook.
func (s *Service) GetWebhook(
	ctx context.Context, req ordersapi.GetWebhookRequestObject,
) (ordersapi.GetWebhookResponseObject, error) {
	row, err := s.queries.GetWebhook(ctx, req.WebhookID)
	if err != nil {
		return nil, explain(err, errWebhookNotFound)
	}
	return ordersapi.GetWebhook200JSONResponse(s.toAPIWebhook(row)), nil
}

// UpdateWebhook changes a webhook.
func (s *Service) UpdateWebhook(
	ctx context.Context, req ordersapi.UpdateWebhookRequestObject,
) (ordersapi.UpdateWebhookResponseObject, error) {
	if req.Body.URL != nil {
		if err := s.maySendTo(*req.Body.URL); err != nil {
			return nil, err
		}
	}
	change := ordersdb.UpdateWebhookParams{
		ID: req.WebhookID, Url: req.Body.URL, Enabled: req.Body.Enabled, UpdatedAt: s.Clock(),
		SetDescription: req.Body.Description.IsSpecified(), Description: convert.OrNil(req.Body.Description),
	}
	if req.Body.EventTypes != nil {
		change.EventTypes = convert.All[string](*req.Body.EventTypes)
	}
	var row ordersdb.Webhook
	err := s.inTx(ctx, func(tx tx) (err error) {
		row, err = tx.UpdateWebhook(ctx, change)
		return err
	})
	if err != nil {
		return nil, explain(err, errWebhookNotFound)
	}
	return ordersapi.UpdateWebhook200JSONResponse(s.toAPIWebhook(row)), nil
}

// DeleteWebhook deletes a webhook.
func (s *Service) DeleteWebhook(
	ctx context.Context, req ordersapi.DeleteWebhookRequestObject,
) (ordersapi.DeleteWebhookResponseObject, error) {
	err := s.inTx(ctx, func(tx tx) error {
		deleted, err := tx.DeleteWebhook(ctx, req.WebhookID)
		if err == nil && deleted == 0 {
			return errWebhookNotFound
		}
		return err
	})
	if err != nil {
		return nil, explain(err, nil)
	}
	return ordersapi.DeleteWebhook204Response{}, nil
}

// RotateWebhookSecret replaces the secret of a webhook. All secrets in force stay so for secretOverlap, however often
// it is replaced: it is unknown which of them the receiver has.
func (s *Service) RotateWebhookSecret(
	ctx context.Context, req ordersapi.RotateWebhookSecretRequestObject,
) (ordersapi.RotateWebhookSecretResponseObject, error) {
	secret, now := webhook.NewSecret(), s.Clock()
	until := now.Add(secretOverlap)
	var row ordersdb.Webhook
	err := s.inTx(ctx, func(tx tx) error {
		held, err := tx.LockWebhook(ctx, req.WebhookID)
		if err != nil {
			return err
		}
		earlier := previousSecrets(held, now)
		if len(earlier)+2 > mostSecrets {
			return errTooManySecrets.After(held.PreviousUntil.Sub(now))
		}
		row, err = tx.RotateWebhookSecret(ctx, ordersdb.RotateWebhookSecretParams{
			ID: held.ID, SealedSecret: s.secrets.Seal([]byte(secret.Reveal()), secretName(held.ID)), SealedEarlier: earlier,
			PreviousUntil: &until, UpdatedAt: now,
		})
		return err
	})
	if err != nil {
		return nil, explain(err, errWebhookNotFound)
	}
	return ordersapi.RotateWebhookSecret200JSONResponse{Webhook: s.toAPIWebhook(row), Secret: secret.Reveal()}, nil
}

// ListWebhookDeliveries lists the deliveries to a webhook and their results.
func (s *Service) ListWebhookDeliveries(
	ctx context.Context, req ordersapi.ListWebhookDeliveriesRequestObject,
) (ordersapi.ListWebhookDeliveriesResponseObject, error) {
	limit, after := *req.Params.Limit, paging.After(req.Params.Cursor)
	rows, err := s.queries.ListWebhookDeliveries(ctx, ordersdb.ListWebhookDeliveriesParams{
		WebhookID: req.WebhookID, BeforeTime: after.Time, BeforeID: after.ID, RowLimit: limit + 1,
	})
	if err == nil && len(rows) == 0 { // Nothing has been sent, or there is no such webhook.
		_, err = s.queries.GetWebhook(ctx, req.WebhookID)
	}
	if err != nil {
		return nil, explain(err, errWebhookNotFound)
	}
	rows, next := paging.Page(rows, int(limit), func(d ordersdb.WebhookDelivery) paging.Position {
		return paging.Position{Time: d.CreatedAt, ID: d.ID}
	})
	items := make([]ordersapi.WebhookDelivery, len(rows))
	for i, row := range rows {
		items[i] = toAPIWebhookDelivery(row)
	}
	return ordersapi.ListWebhookDeliveries200JSONResponse{
		Body:    ordersapi.WebhookDeliveryList{Items: items, NextCursor: convert.OrNull(next)},
		Headers: ordersapi.ListWebhookDeliveries200ResponseHeaders{Link: httpapi.NextLink(ctx, next)},
	}, nil
}

// ReplayWebhookDelivery sends a delivery again, or makes its next attempt at once. The webhook is locked before its
// delivery, in the same order as when it is deleted.
func (s *Service) ReplayWebhookDelivery(
	ctx context.Context, req ordersapi.ReplayWebhookDeliveryRequestObject,
) (ordersapi.ReplayWebhookDeliveryResponseObject, error) {
	var row ordersdb.WebhookDelivery
	err := s.inTx(ctx, func(tx tx) (err error) {
		to, err := tx.LockWebhook(ctx, req.WebhookID)
		if err != nil {
			return err
		}
		row, err = tx.ReplayWebhookDelivery(ctx, ordersdb.ReplayWebhookDeliveryParams{
			ID: req.DeliveryID, WebhookID: req.WebhookID, Now: s.Clock(),
		})
		if postgres.IsNoRows(err) { // It has a job already, or does not exist.
			if row, err = tx.GetDeliveryOfWebhook(ctx, ordersdb.GetDeliveryOfWebhookParams{
				ID: req.DeliveryID, WebhookID: req.WebhookID,
			}); err == nil && !to.Enabled {
				err = errWebhookDisabled
			}
			return err
		}
		if err != nil {
			return err
		}
		if !to.Enabled {
			return errWebhookDisabled
		}
		return tx.Insert(ctx, deliverWebhook{DeliveryID: row.ID, Made: row.Attempts, Attempt: 1}, &river.InsertOpts{
			Queue: promptLane,
		})
	})
	if err != nil {
		return nil, explain(err, errDeliveryNotFound)
	}
	return ordersapi.ReplayWebhookDelivery202JSONResponse{Body: toAPIWebhookDelivery(row)}, nil
}
