-- name: RequestDeletion :one
-- RequestDeletion has an account deleted at a time, or at the one that was asked for before. It is locked.
UPDATE users
SET deletes_at = COALESCE(deletes_at, @deletes_at::timestamptz),
    updated_at = CASE WHEN deletes_at IS NULL THEN @now::timestamptz ELSE updated_at END
WHERE id = @id
RETURNING *;

-- name: CancelDeletion :execrows
-- CancelDeletion keeps an account.
UPDATE users
SET updated_at = CASE WHEN deletes_at IS NULL THEN updated_at ELSE @now::timestamptz END,
    deletes_at = NULL
WHERE id = @id;

-- name: ListDueUsers :many
-- ListDueUsers gives the accounts whose time has come, the longest due first, a batch at most.
SELECT id
FROM users
WHERE deletes_at <= @now::timestamptz
ORDER BY deletes_at
LIMIT @row_limit;

-- name: LockDueUser :one
-- LockDueUser locks an account if its time has come and nobody else has locked it.
SELECT id
FROM users
WHERE id = @id
  AND deletes_at <= @now::timestamptz
FOR UPDATE SKIP LOCKED;

-- name: ListHeldSessions :many
-- ListHeldSessions reads the sessions of a user that are held, ended ones too, the newest first.
SELECT *
FROM sessions
WHERE user_id = @user_id
ORDER BY created_at DESC, id DESC
LIMIT @row_limit;

-- name: ListEmailTokens :many
-- ListEmailTokens reads the tokens of a user that are held, expired ones too.
SELECT *
FROM email_tokens
WHERE user_id = @user_id
ORDER BY created_at DESC;
