-- +goose Up
-- The events of others that have been dealt with, so that one that comes again is not.
CREATE TABLE inbox (
    id          uuid        NOT NULL CONSTRAINT inbox_pkey PRIMARY KEY,
    received_at timestamptz NOT NULL
);

CREATE INDEX inbox_received_at_idx ON inbox (received_at);

-- +goose Down
DROP TABLE inbox;
