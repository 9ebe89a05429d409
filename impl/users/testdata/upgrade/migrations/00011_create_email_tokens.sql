-- +goose Up
-- Accounts from before are unverified until their owner asks for a mail.
ALTER TABLE users ADD COLUMN email_verified_at timestamptz;

-- What a link in a mail proves: that who follows it reads what is sent to email. One of each purpose for an account: a newer
-- one takes the older one's place, and use removes it. The token itself is nowhere: it is computed from the id with the
-- service's key.
CREATE TABLE email_tokens (
    id         uuid        NOT NULL CONSTRAINT email_tokens_pkey PRIMARY KEY,
    user_id    uuid        NOT NULL CONSTRAINT email_tokens_user_id_fkey REFERENCES users ON DELETE CASCADE,
    purpose    text        NOT NULL CONSTRAINT email_tokens_purpose_known CHECK (purpose IN ('verify', 'reset')),
    email      text        NOT NULL CONSTRAINT email_tokens_email_length CHECK (char_length(email) <= 254),
    hash       bytea       NOT NULL CONSTRAINT email_tokens_hash_key UNIQUE CONSTRAINT email_tokens_hash_length CHECK (octet_length(hash) = 32),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT email_tokens_user_id_purpose_key UNIQUE (user_id, purpose)
);

CREATE INDEX email_tokens_expires_at_idx ON email_tokens (expires_at);

-- +goose Down
DROP TABLE email_tokens;
ALTER TABLE users DROP COLUMN email_verified_at;
