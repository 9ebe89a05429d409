-- +goose Up
-- When an account is deleted because its owner asked for it. Administrators stay until another has made them something else.
ALTER TABLE users ADD COLUMN deletes_at timestamptz;
ALTER TABLE users ADD CONSTRAINT users_admin_stays CHECK (deletes_at IS NULL OR NOT 'admin' = ANY(roles)) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_admin_stays;

CREATE INDEX users_deletes_at_idx ON users (deletes_at) WHERE deletes_at IS NOT NULL;

-- +goose Down
ALTER TABLE users DROP COLUMN deletes_at;
