-- name: HoldNewestDataKey :one
-- HoldNewestDataKey reads the key that seals new ones, and keeps it from being removed until the transaction ends.
SELECT *
FROM data_keys
ORDER BY created_at DESC, id DESC
LIMIT 1
FOR KEY SHARE;

-- name: ListDataKeys :many
-- ListDataKeys reads every key, the newest first, with how many keys of accounts it seals.
SELECT data_keys.id, data_keys.created_at, count(user_keys.user_id) AS sealing
FROM data_keys
LEFT JOIN user_keys ON user_keys.data_key_id = data_keys.id
GROUP BY data_keys.id
ORDER BY data_keys.created_at DESC, data_keys.id DESC;

-- name: LockDataKeys :exec
-- LockDataKeys keeps two from making or removing keys at once; readers go on.
LOCK TABLE data_keys IN SHARE ROW EXCLUSIVE MODE;

-- name: CreateDataKey :exec
-- CreateDataKey keeps a key, sealed. It is the newest, whatever the clocks of those who made the others.
INSERT INTO data_keys (id, sealed_key, created_at)
SELECT @id, @sealed_key, GREATEST(@created_at::timestamptz, max(created_at) + interval '1 microsecond')
FROM data_keys;

-- name: DeleteDataKey :exec
-- DeleteDataKey forgets a key. One that still seals another breaks user_keys_data_key_id_fkey.
DELETE FROM data_keys
WHERE id = @id;

-- name: LockUser :one
-- LockUser keeps others from changing an account until the transaction ends. Whoever makes its key takes the account first.
SELECT *
FROM users
WHERE id = @id
FOR NO KEY UPDATE;

-- name: GetUserKey :one
-- GetUserKey reads the key of an account with the one that seals it: both at once, since either may be replaced meanwhile.
SELECT user_keys.*, data_keys.sealed_key AS sealed_data_key
FROM user_keys
JOIN data_keys ON data_keys.id = user_keys.data_key_id
WHERE user_keys.user_id = @user_id;

-- name: CreateUserKey :exec
-- CreateUserKey keeps the key of an account, sealed.
INSERT INTO user_keys (user_id, data_key_id, sealed_key)
VALUES (@user_id, @data_key_id, @sealed_key);

-- name: GetProfile :one
-- GetProfile reads an account with its key, if it has one, and the one that seals that.
SELECT sqlc.embed(users), user_keys.data_key_id, user_keys.sealed_key, data_keys.sealed_key AS sealed_data_key
FROM users
LEFT JOIN user_keys ON user_keys.user_id = users.id
LEFT JOIN data_keys ON data_keys.id = user_keys.data_key_id
WHERE users.id = @id;

-- name: CountPlainPhones :one
-- CountPlainPhones counts the accounts whose phone number an earlier version wrote.
SELECT count(*)
FROM users
WHERE phone IS NOT NULL;

-- name: LockPlainPhones :many
-- LockPlainPhones reads a batch of those accounts, behind the id after, and keeps others from changing them. What another
-- has sealed meanwhile is passed over.
SELECT id, phone::text AS phone
FROM users
WHERE phone IS NOT NULL
  AND id > @after
ORDER BY id
LIMIT @row_limit
FOR NO KEY UPDATE;

-- name: SealPhone :exec
-- SealPhone puts the sealed number of an account in place of the plain one.
UPDATE users
SET phone = NULL,
    sealed_phone = @sealed_phone::bytea,
    phone_mark = @phone_mark::bytea
WHERE id = @id;

-- name: CountKeysSealedBefore :one
-- CountKeysSealedBefore counts the keys of accounts that another than this data key seals.
SELECT count(*)
FROM user_keys
WHERE data_key_id <> @data_key_id;

-- name: LockKeysSealedBefore :many
-- LockKeysSealedBefore reads a batch of them, behind the account after, and keeps others from changing them. What another
-- has sealed meanwhile is passed over.
SELECT user_keys.*, data_keys.sealed_key AS sealed_data_key
FROM user_keys
JOIN data_keys ON data_keys.id = user_keys.data_key_id
WHERE user_keys.data_key_id <> @data_key_id
  AND user_keys.user_id > @after
ORDER BY user_keys.user_id
LIMIT @row_limit
FOR NO KEY UPDATE OF user_keys;

-- name: SealUserKeys :execrows
-- SealUserKeys replaces keys of accounts, sealed anew, all by one data key.
UPDATE user_keys
SET data_key_id = @data_key_id,
    sealed_key = anew.sealed_key
FROM (
    SELECT unnest(@user_ids::uuid[]) AS user_id, unnest(@sealed_keys::bytea[]) AS sealed_key
) AS anew
WHERE user_keys.user_id = anew.user_id;
