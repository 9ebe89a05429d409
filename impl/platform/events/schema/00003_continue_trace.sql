-- +goose Up
-- A trigger that writes an event knows no request. The event gets the trace that events.ContinueTrace has set for the
-- transaction. A session that has had one before has '' afterwards.
ALTER TABLE outbox ALTER COLUMN traceparent SET DEFAULT nullif(current_setting('trace.parent', true), '');

-- +goose Down
ALTER TABLE outbox ALTER COLUMN traceparent DROP DEFAULT;
