-- name: LockWebhooks :exec
-- LockWebhooks lets one subscription be added at a time, so that their number can be bounded.
SELECT pg_advisory_xact_lock(hashtextextended('orders webhooks', 0));

-- name: CountWebhooks :one
-- CountWebhooks counts the subscriptions.
SELECT count(*)
FROM webhooks;

-- name: CreateWebhook :one
-- CreateWebhook keeps a subscription with its secret, sealed.
INSERT INTO webhooks (id, url, event_types, description, sealed_secret, created_at, updated_at)
VALUES (@id, @url, @event_types, @description, @sealed_secret, @created_at, @created_at)
RETURNING *;

-- name: GetWebhook :one
-- GetWebhook reads a subscription.
SELECT *
FROM webhooks
WHERE id = @id;

-- name: LockWebhook :one
-- LockWebhook reads a subscription and keeps it from being changed until the transaction ends.
SELECT *
FROM webhooks
WHERE id = @id
FOR NO KEY UPDATE;

-- name: ListWebhooks :many
-- ListWebhooks reads a page of subscriptions, the newest first, that starts behind (before_time, before_id).
SELECT *
FROM webhooks
WHERE (created_at, id) < (@before_time::timestamptz, @before_id::uuid)
ORDER BY created_at DESC, id DESC
LIMIT @row_limit;

-- name: UpdateWebhook :one
-- UpdateWebhook changes what is given and leaves the rest.
UPDATE webhooks
SET url = coalesce(sqlc.narg(url), url),
    event_types = coalesce(sqlc.narg(event_types), event_types),
    description = CASE WHEN @set_description::boolean THEN sqlc.narg(description) ELSE description END,
    enabled = coalesce(sqlc.narg(enabled), enabled),
    updated_at = @updated_at
WHERE id = @id
RETURNING *;

-- name: RotateWebhookSecret :one
-- RotateWebhookSecret puts a secret in the place of the one there is, which stays good until a time, as do earlier ones.
UPDATE webhooks
SET sealed_earlier = @sealed_earlier,
    sealed_previous = sealed_secret,
    previous_until = @previous_until,
    sealed_secret = @sealed_secret,
    updated_at = @updated_at
WHERE id = @id
RETURNING *;

-- name: DeleteWebhook :execrows
-- DeleteWebhook ends a subscription and forgets its deliveries.
DELETE FROM webhooks
WHERE id = @id;

-- name: MarkWebhook :exec
-- MarkWebhook keeps whether a subscription's receiver lags, and sends nothing more to one that is gone. It leaves a
-- subscription alone that leads elsewhere by now.
UPDATE webhooks
SET lagging = @lagging,
    enabled = enabled AND NOT @gone::boolean,
    updated_at = CASE WHEN @gone THEN @now ELSE updated_at END
WHERE id = @id
  AND url = @url;

-- name: CreateWebhookDeliveries :many
-- CreateWebhookDeliveries keeps one delivery for every subscription to the event, and gives those that are new.
WITH created AS (
    INSERT INTO webhook_deliveries (id, webhook_id, event_id, event_type, order_id, payload, next_attempt_at, created_at)
    SELECT gen_random_uuid(), webhooks.id, @event_id, @event_type, @order_id, @payload, @created_at::timestamptz, @created_at
    FROM webhooks
    WHERE enabled
      AND event_types @> ARRAY[@event_type::text]
    ON CONFLICT ON CONSTRAINT webhook_deliveries_event_once DO NOTHING
    RETURNING id, webhook_id
)
SELECT created.id, webhooks.lagging
FROM created
JOIN webhooks ON webhooks.id = created.webhook_id;

-- name: GetWebhookDelivery :one
-- GetWebhookDelivery reads a delivery with where it goes and what it is signed with.
SELECT sqlc.embed(webhook_deliveries), sqlc.embed(webhooks)
FROM webhook_deliveries
JOIN webhooks ON webhooks.id = webhook_deliveries.webhook_id
WHERE webhook_deliveries.id = @id;

-- name: ListWebhookDeliveries :many
-- ListWebhookDeliveries reads a page of a subscription's deliveries, the newest first, that starts behind (before_time, before_id).
SELECT *
FROM webhook_deliveries
WHERE webhook_id = @webhook_id
  AND (created_at, id) < (@before_time::timestamptz, @before_id::uuid)
ORDER BY created_at DESC, id DESC
LIMIT @row_limit;

-- name: GetDeliveryOfWebhook :one
-- GetDeliveryOfWebhook reads one of a subscription's deliveries.
SELECT *
FROM webhook_deliveries
WHERE id = @id
  AND webhook_id = @webhook_id;

-- name: RecordWebhookAttempt :execrows
-- RecordWebhookAttempt keeps what came of sending a delivery, unless another attempt has been recorded since it was read.
UPDATE webhook_deliveries
SET status = @status,
    attempts = attempts + 1,
    last_attempt_at = @attempted_at::timestamptz,
    next_attempt_at = sqlc.narg(next_attempt_at),
    response_status = sqlc.narg(response_status),
    failure = sqlc.narg(failure)
WHERE id = @id
  AND status = 'pending'
  AND attempts = @made;

-- name: AbandonWebhookDelivery :execrows
-- AbandonWebhookDelivery ends a delivery without an attempt.
UPDATE webhook_deliveries
SET status = 'failed',
    next_attempt_at = NULL,
    failure = @failure::text
WHERE id = @id
  AND status = 'pending'
  AND attempts = @made;

-- name: ReplayWebhookDelivery :one
-- ReplayWebhookDelivery makes a delivery one that is about to be sent. No row means that it is so already, or is not there.
UPDATE webhook_deliveries
SET status = 'pending',
    next_attempt_at = @now::timestamptz
WHERE id = @id
  AND webhook_id = @webhook_id
  AND (status <> 'pending' OR next_attempt_at > @now)
RETURNING *;

-- name: PurgeWebhookDeliveries :execrows
-- PurgeWebhookDeliveries forgets deliveries made before a time, a batch at most.
DELETE FROM webhook_deliveries
WHERE id IN (
    SELECT old.id
    FROM webhook_deliveries AS old
    WHERE old.created_at < @created_before
    LIMIT @row_limit
);
