-- +goose Up
-- What happened here and others are to be told, written in the transaction that made it happen. The relay publishes
-- what has not been, in the order of position, and marks it. Numbers are given in the order of insertion and become
-- visible in that of commits: a reader asks for what is unpublished, never for what is behind the last that it saw.
CREATE TABLE outbox (
    position     bigint      NOT NULL GENERATED ALWAYS AS IDENTITY CONSTRAINT outbox_pkey PRIMARY KEY,
    id           uuid        NOT NULL CONSTRAINT outbox_id_key UNIQUE,
    type         text        NOT NULL CONSTRAINT outbox_type_length CHECK (char_length(type) <= 64) CONSTRAINT outbox_type_form CHECK (type ~ '^[a-z_]+\.[a-z_]+$'),
    subject      uuid        NOT NULL,
    data         jsonb       NOT NULL CONSTRAINT outbox_data_object CHECK (jsonb_typeof(data) = 'object') CONSTRAINT outbox_data_size CHECK (pg_column_size(data) <= 65536),
    occurred_at  timestamptz NOT NULL,
    traceparent  text        CONSTRAINT outbox_traceparent_length CHECK (char_length(traceparent) = 55),
    published_at timestamptz
);

CREATE INDEX outbox_unpublished_idx ON outbox (position) WHERE published_at IS NULL;
CREATE INDEX outbox_published_at_idx ON outbox (published_at) WHERE published_at IS NOT NULL;

-- +goose Down
DROP TABLE outbox;
