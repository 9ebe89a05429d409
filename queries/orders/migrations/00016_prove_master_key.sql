-- +goose Up
-- In a database that is in use already and has no audit entries, the secret of a webhook proves the master key.
INSERT INTO master_key_proof (purpose, name, sealed)
SELECT 'webhook secrets', 'webhooks/' || id, sealed_secret
FROM webhooks
ORDER BY created_at DESC
LIMIT 1
ON CONFLICT DO NOTHING;

-- +goose Down
SELECT 1; -- The row goes with its table.
