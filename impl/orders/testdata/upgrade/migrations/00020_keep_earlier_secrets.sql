-- +goose Up
-- The secrets that were in force when the previous one was replaced within the time of the one before it; they end with it.
ALTER TABLE webhooks
    ADD COLUMN sealed_earlier bytea[] NOT NULL DEFAULT '{}' CONSTRAINT webhooks_earlier_number CHECK (cardinality(sealed_earlier) <= 6);

-- +goose Down
ALTER TABLE webhooks DROP COLUMN sealed_earlier;
