-- +goose Up
ALTER TABLE email_tokens
    DROP CONSTRAINT email_tokens_purpose_known,
    ADD CONSTRAINT email_tokens_purpose_known CHECK (purpose IN ('verify', 'reset', 'change'));

-- +goose Down
DELETE FROM email_tokens
WHERE purpose = 'change';
ALTER TABLE email_tokens
    DROP CONSTRAINT email_tokens_purpose_known,
    ADD CONSTRAINT email_tokens_purpose_known CHECK (purpose IN ('verify', 'reset'));
