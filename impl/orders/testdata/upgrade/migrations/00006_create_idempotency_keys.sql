-- +goose Up
-- The answers that are given again to a request with the same Idempotency-Key.
CREATE TABLE idempotency_keys (
    principal   uuid        NOT NULL,
    operation   text        NOT NULL CONSTRAINT idempotency_keys_operation_length CHECK (char_length(operation) <= 64),
    key         text        NOT NULL CONSTRAINT idempotency_keys_key_length CHECK (char_length(key) BETWEEN 1 AND 255),
    fingerprint bytea       NOT NULL CONSTRAINT idempotency_keys_fingerprint_length CHECK (octet_length(fingerprint) = 32),
    status      smallint,
    headers     jsonb,
    body        bytea,
    created_at  timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (principal, operation, key)
);

CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);

-- +goose Down
DROP TABLE idempotency_keys;
