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

-- name: DeleteDueUser :one
-- DeleteDueUser removes an account whose time has come, with all that hangs on it, and tells which.
DELETE FROM users
WHERE id = (
    SELECT due.id
    FROM users AS due
    WHERE due.deletes_at <= @now::timestamptz
    ORDER BY due.deletes_at
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING id;

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
