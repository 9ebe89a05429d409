-- +goose Up
CREATE TABLE webhooks (
    id              uuid        NOT NULL CONSTRAINT webhooks_pkey PRIMARY KEY,
    url             text        NOT NULL CONSTRAINT webhooks_url_length CHECK (char_length(url) <= 2048),
    event_types     text[]      NOT NULL CONSTRAINT webhooks_event_types_number CHECK (cardinality(event_types) BETWEEN 1 AND 16),
    description     text        CONSTRAINT webhooks_description_length CHECK (char_length(description) BETWEEN 1 AND 200),
    enabled         boolean     NOT NULL DEFAULT true,
    sealed_secret   bytea       NOT NULL,
    -- The secret before the last rotation, with which deliveries are signed as well until then.
    sealed_previous bytea,
    previous_until  timestamptz,
    -- Whether the last attempt failed or took long. What such a receiver is sent waits in a queue of its own.
    lagging         boolean     NOT NULL DEFAULT false,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    CONSTRAINT webhooks_previous_whole CHECK ((sealed_previous IS NULL) = (previous_until IS NULL))
);

CREATE INDEX webhooks_created_at_idx ON webhooks (created_at DESC, id DESC);

CREATE TYPE webhook_delivery_status AS ENUM ('pending', 'delivered', 'failed');

CREATE TABLE webhook_deliveries (
    id              uuid                    NOT NULL CONSTRAINT webhook_deliveries_pkey PRIMARY KEY,
    webhook_id      uuid                    NOT NULL CONSTRAINT webhook_deliveries_webhook_id_fkey REFERENCES webhooks ON DELETE CASCADE,
    event_id        uuid                    NOT NULL,
    event_type      text                    NOT NULL,
    order_id        uuid                    NOT NULL,
    payload         text                    NOT NULL,
    status          webhook_delivery_status NOT NULL DEFAULT 'pending',
    attempts        integer                 NOT NULL DEFAULT 0 CONSTRAINT webhook_deliveries_attempts_not_negative CHECK (attempts >= 0),
    last_attempt_at timestamptz,
    next_attempt_at timestamptz,
    response_status integer                 CONSTRAINT webhook_deliveries_response_status_range CHECK (response_status BETWEEN 100 AND 599),
    failure         text                    CONSTRAINT webhook_deliveries_failure_length CHECK (char_length(failure) <= 64),
    created_at      timestamptz             NOT NULL,
    CONSTRAINT webhook_deliveries_event_once UNIQUE (webhook_id, event_id),
    CONSTRAINT webhook_deliveries_pending_has_next CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL))
);

CREATE INDEX webhook_deliveries_webhook_id_idx ON webhook_deliveries (webhook_id, created_at DESC, id DESC);
CREATE INDEX webhook_deliveries_created_at_idx ON webhook_deliveries (created_at);

-- +goose Down
DROP TABLE webhook_deliveries;
DROP TYPE webhook_delivery_status;
DROP TABLE webhooks;
