-- +goose Up
-- How many mails with links an account was sent for a purpose since counted_from, and the last of them. A row is kept for a day
-- after that, although its link has expired, so that the count outlives the link.
ALTER TABLE email_tokens
    ADD COLUMN mails integer NOT NULL DEFAULT 1 CONSTRAINT email_tokens_mails_positive CHECK (mails > 0),
    ADD COLUMN mailed_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN counted_from timestamptz NOT NULL DEFAULT now();

-- +goose Down
ALTER TABLE email_tokens
    DROP COLUMN mails,
    DROP COLUMN mailed_at,
    DROP COLUMN counted_from;
