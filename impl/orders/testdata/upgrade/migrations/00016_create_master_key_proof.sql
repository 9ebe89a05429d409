-- +goose Up
-- What was sealed with the master key that the database is used with: no service starts with another. It is one row, which
-- the first start writes; in a database that is in use already it is something that was sealed before.
CREATE TABLE master_key_proof (
    single  boolean NOT NULL DEFAULT true CONSTRAINT master_key_proof_pkey PRIMARY KEY CONSTRAINT master_key_proof_one_row CHECK (single),
    purpose text    NOT NULL CONSTRAINT master_key_proof_purpose_length CHECK (char_length(purpose) <= 64),
    name    text    NOT NULL CONSTRAINT master_key_proof_name_length CHECK (char_length(name) <= 128),
    sealed  bytea   NOT NULL
);

INSERT INTO master_key_proof (purpose, name, sealed)
SELECT purpose, name, sealed
FROM (
    (SELECT 1 AS choice, 'audit addresses' AS purpose, 'audit_entries/' || id AS name, sealed_address AS sealed
     FROM audit_entries
     ORDER BY position DESC
     LIMIT 1)
    UNION ALL
    (SELECT 2, 'webhook secrets', 'webhooks/' || id, sealed_secret
     FROM webhooks
     ORDER BY created_at DESC
     LIMIT 1)
) AS sealed_before
ORDER BY choice
LIMIT 1;

-- +goose Down
DROP TABLE master_key_proof;
