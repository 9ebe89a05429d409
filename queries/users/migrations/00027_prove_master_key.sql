-- +goose Up
-- In a database that is in use already and has no audit entries, a signing key proves the master key.
INSERT INTO master_key_proof (purpose, name, sealed)
SELECT 'signing keys', 'signing_keys/' || kid, sealed_key
FROM signing_keys
ORDER BY signs_from DESC
LIMIT 1
ON CONFLICT DO NOTHING;

-- +goose Down
SELECT 1; -- The row goes with its table.
