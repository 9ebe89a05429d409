-- name: ListSigningKeys :many
-- ListSigningKeys reads every key, the one that signs last first.
SELECT *
FROM signing_keys
ORDER BY signs_from DESC, kid;

-- name: LockSigningKeys :exec
-- LockSigningKeys keeps two from making keys at once; readers go on.
LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE;

-- name: CreateSigningKey :exec
-- CreateSigningKey keeps a key, sealed.
INSERT INTO signing_keys (kid, sealed_key, signs_from, created_at)
VALUES (@kid, @sealed_key, @signs_from, @created_at);

-- name: DeleteSigningKey :exec
-- DeleteSigningKey forgets a key.
DELETE FROM signing_keys
WHERE kid = @kid;
