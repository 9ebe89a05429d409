-- +goose Up
-- What was sealed with the master key that the database is used with: no service starts with another. It is one row, which
-- the first start writes.
CREATE TABLE master_key_proof (
    single  boolean NOT NULL DEFAULT true CONSTRAINT master_key_proof_pkey PRIMARY KEY CONSTRAINT master_key_proof_one_row CHECK (single),
    purpose text    NOT NULL CONSTRAINT master_key_proof_purpose_length CHECK (char_length(purpose) <= 64),
    name    text    NOT NULL CONSTRAINT master_key_proof_name_length CHECK (char_length(name) <= 128),
    sealed  bytea   NOT NULL
);

-- In a database that is in use already it is what the newest audit entry has sealed.
INSERT INTO master_key_proof (purpose, name, sealed)
SELECT 'audit addresses', 'audit_entries/' || id, sealed_address
FROM audit_entries
ORDER BY position DESC
LIMIT 1;

-- +goose Down
DROP TABLE master_key_proof;
