-- +goose Up
-- What every refresh token of a session begins with, by which one whose row is gone is still known to be of it. Sessions from before
-- get theirs with their next exchange.
ALTER TABLE sessions ADD COLUMN family bytea
    CONSTRAINT sessions_family_key UNIQUE CONSTRAINT sessions_family_length CHECK (octet_length(family) = 8);

-- Whether the token says itself whose it is. Only of one that does the row may go once it is spent.
ALTER TABLE refresh_tokens ADD COLUMN tagged boolean NOT NULL DEFAULT false;

CREATE INDEX sessions_revoked_at_idx ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;

-- +goose Down
DROP INDEX sessions_revoked_at_idx;
ALTER TABLE refresh_tokens DROP COLUMN tagged;
ALTER TABLE sessions DROP COLUMN family;
