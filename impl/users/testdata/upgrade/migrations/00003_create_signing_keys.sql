-- +goose Up
CREATE TABLE signing_keys (
    kid         text        NOT NULL CONSTRAINT signing_keys_pkey PRIMARY KEY CONSTRAINT signing_keys_kid_length CHECK (char_length(kid) <= 64),
    sealed_key  bytea       NOT NULL,
    signs_from  timestamptz NOT NULL,
    created_at  timestamptz NOT NULL
);

-- +goose Down
DROP TABLE signing_keys;
