-- name: CreateUser :one
-- CreateUser opens an account. A second account for an address breaks users_email_key.
INSERT INTO users (id, email, name, password_hash, avatar, roles, email_verified_at, created_at, updated_at)
VALUES (@id, @email, @name, @password_hash, @avatar, @roles, @email_verified_at, @created_at, @created_at)
RETURNING *;

-- name: GetUser :one
-- GetUser reads one account.
SELECT *
FROM users
WHERE id = @id;

-- name: GetUserByEmail :one
-- GetUserByEmail reads the account with that address, in any case.
SELECT *
FROM users
WHERE lower(email) = lower(@email);

-- name: GetCredentials :one
-- GetCredentials reads what a login checks of the account with that address, in any case. It gives one row of the same size where
-- there is none, with a decoy's password hash, so that the time that it takes does not tell.
SELECT
    coalesce(users.id, '00000000-0000-0000-0000-000000000000')::uuid AS id,
    coalesce(users.password_hash, @decoy)::text AS password_hash,
    coalesce(users.updated_at, 'epoch')::timestamptz AS updated_at
FROM (SELECT 1) AS always
LEFT JOIN users ON lower(users.email) = lower(@email);

-- name: LockUserByEmail :one
-- LockUserByEmail reads the account with that address, in any case, and keeps others from changing it until the transaction ends.
SELECT *
FROM users
WHERE lower(email) = lower(@email)
FOR NO KEY UPDATE;

-- name: UpdateProfile :exec
-- UpdateProfile changes what its set_ arguments name and leaves the rest. A phone number that an earlier version wrote goes
-- when another takes its place.
UPDATE users
SET name = CASE WHEN @set_name::boolean THEN @name ELSE name END,
    avatar = CASE WHEN @set_avatar::boolean THEN sqlc.narg(avatar) ELSE avatar END,
    phone = CASE WHEN @set_phone::boolean THEN NULL ELSE phone END,
    sealed_phone = CASE WHEN @set_phone::boolean THEN sqlc.narg(sealed_phone) ELSE sealed_phone END,
    phone_mark = CASE WHEN @set_phone::boolean THEN sqlc.narg(phone_mark) ELSE phone_mark END,
    sealed_id_card_number = CASE WHEN @set_id_card_number::boolean THEN sqlc.narg(sealed_id_card_number) ELSE sealed_id_card_number END,
    id_card_number_mark = CASE WHEN @set_id_card_number::boolean THEN sqlc.narg(id_card_number_mark) ELSE id_card_number_mark END,
    biography = CASE WHEN @set_biography::boolean THEN sqlc.narg(biography) ELSE biography END,
    updated_at = @updated_at
WHERE id = @id;

-- name: ChangePassword :execrows
-- ChangePassword replaces the hash unless another change came between.
UPDATE users
SET password_hash = @password_hash,
    updated_at = @updated_at
WHERE id = @id
  AND password_hash = @previous_hash;

-- name: ListUsers :many
-- ListUsers reads a page of accounts, the newest first, that starts behind (before_time, before_id). The name is folded, but for its case.
SELECT *
FROM users
WHERE (created_at, id) < (@before_time::timestamptz, @before_id::uuid)
  AND (sqlc.narg(email)::text IS NULL OR lower(email) LIKE lower(sqlc.narg(email)))
  AND (sqlc.narg(name)::text IS NULL OR folded(name) LIKE lower(sqlc.narg(name)))
  AND (sqlc.narg(phone_mark)::bytea IS NULL OR phone_mark = sqlc.narg(phone_mark))
  AND (sqlc.narg(status)::user_status IS NULL OR status = sqlc.narg(status))
  AND (sqlc.narg(role)::text IS NULL OR roles @> ARRAY[sqlc.narg(role)::text])
  -- It follows from the line above, and lets the few with other roles be found by their index.
  AND (sqlc.narg(role)::text IS NULL OR sqlc.narg(role)::text = 'customer' OR roles <> '{customer}')
ORDER BY created_at DESC, id DESC
LIMIT @row_limit;

-- name: LockAdministration :exec
-- LockAdministration lets one change of other people's accounts happen at a time, until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('users administration', 0));

-- name: SetUserStatus :one
-- SetUserStatus disables or enables an account; one that is so already stays as it is.
UPDATE users
SET status = @status,
    updated_at = CASE WHEN status = @status THEN updated_at ELSE @updated_at::timestamptz END
WHERE id = @id
RETURNING *;

-- name: SetUserRoles :one
-- SetUserRoles replaces the roles of an account. An administrator's is not deleted by its owner.
UPDATE users
SET roles = @roles,
    deletes_at = CASE WHEN 'admin' = ANY(@roles::text[]) THEN NULL ELSE deletes_at END,
    updated_at = @updated_at
WHERE id = @id
RETURNING *;

-- name: DeleteUser :execrows
-- DeleteUser removes an account with all that hangs on it.
DELETE FROM users
WHERE id = @id;
