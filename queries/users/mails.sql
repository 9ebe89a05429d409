-- name: KeepEmailToken :one
-- KeepEmailToken keeps the link of an account for a purpose, in place of the one there was. The account is locked.
INSERT INTO email_tokens (id, user_id, purpose, email, hash, created_at, expires_at, mails, mailed_at, counted_from)
VALUES (@id, @user_id, @purpose, @email, @hash, @created_at, @expires_at, @mails, @mailed_at, @counted_from)
ON CONFLICT ON CONSTRAINT email_tokens_user_id_purpose_key DO UPDATE
SET id = EXCLUDED.id,
    email = EXCLUDED.email,
    hash = EXCLUDED.hash,
    created_at = EXCLUDED.created_at,
    expires_at = EXCLUDED.expires_at,
    mails = EXCLUDED.mails,
    mailed_at = EXCLUDED.mailed_at,
    counted_from = EXCLUDED.counted_from
RETURNING *;

-- name: GetEmailTokenFor :one
-- GetEmailTokenFor reads the link of an account for a purpose, which may have expired.
SELECT *
FROM email_tokens
WHERE user_id = @user_id
  AND purpose = @purpose;

-- name: GetEmailToken :one
-- GetEmailToken reads the token that a mail is about, unless it has been used, replaced or has expired.
SELECT *
FROM email_tokens
WHERE id = @id
  AND expires_at > @now;

-- name: DropExpiredEmailToken :exec
-- DropExpiredEmailToken removes the link of a mail that came to be sent too late, with the count of its mails.
DELETE FROM email_tokens
WHERE id = @id
  AND expires_at <= @now;

-- name: UncountMails :exec
-- UncountMails has the mails of a link count no more that were sent so far, and leaves the link as it is.
UPDATE email_tokens
SET counted_from = LEAST(counted_from, @counted_before::timestamptz)
WHERE id = @id;

-- name: FindEmailToken :one
-- FindEmailToken reads a token for a purpose that was presented and may still be used.
SELECT *
FROM email_tokens
WHERE hash = @hash
  AND purpose = @purpose
  AND expires_at > @now;

-- name: UseEmailToken :one
-- UseEmailToken spends a token for a purpose; of many at once, one gets the row.
DELETE FROM email_tokens
WHERE hash = @hash
  AND purpose = @purpose
  AND expires_at > @now
RETURNING *;

-- name: DeleteEmailTokens :exec
-- DeleteEmailTokens makes every token of an account void.
DELETE FROM email_tokens
WHERE user_id = @user_id;

-- name: DeleteEmailToken :exec
-- DeleteEmailToken makes the token of an account for a purpose void.
DELETE FROM email_tokens
WHERE user_id = @user_id
  AND purpose = @purpose;

-- name: WithdrawEmailToken :execrows
-- WithdrawEmailToken makes the token of an account for a purpose void that may still be used.
DELETE FROM email_tokens
WHERE user_id = @user_id
  AND purpose = @purpose
  AND expires_at > @now;

-- name: PurgeEmailTokens :execrows
-- PurgeEmailTokens removes tokens that have expired and whose mails do not count any more, a batch at most.
DELETE FROM email_tokens
WHERE id IN (
    SELECT expired.id
    FROM email_tokens AS expired
    WHERE expired.expires_at < @expired_before
      AND expired.counted_from <= @counted_before
    LIMIT @row_limit
);

-- name: VerifyEmail :execrows
-- VerifyEmail notes that the owner of an account reads what is sent to its address, if it is still that one.
UPDATE users
SET email_verified_at = COALESCE(email_verified_at, @now::timestamptz),
    updated_at = CASE WHEN email_verified_at IS NULL THEN @now::timestamptz ELSE updated_at END
WHERE id = @id
  AND lower(email) = lower(@email);

-- name: ResetPassword :execrows
-- ResetPassword replaces the hash for whoever reads what is sent to the account's address, if it is still that one.
UPDATE users
SET password_hash = @password_hash,
    email_verified_at = COALESCE(email_verified_at, @now::timestamptz),
    updated_at = @now::timestamptz
WHERE id = @id
  AND lower(email) = lower(@email);

-- name: ClearProfile :exec
-- ClearProfile removes what was written into an account before its address was verified, a second factor and a deletion that
-- was asked for included. A name must stand there: it is that of the address.
UPDATE users
SET name = split_part(email, '@', 1),
    avatar = NULL,
    phone = NULL,
    sealed_phone = NULL,
    phone_mark = NULL,
    sealed_id_card_number = NULL,
    id_card_number_mark = NULL,
    biography = NULL,
    second_factor_at = NULL,
    deletes_at = NULL
WHERE id = @id;

-- name: LockUserWithPassword :one
-- LockUserWithPassword reads an account whose password is still the one that was checked, and keeps it from being changed until
-- the transaction ends.
SELECT *
FROM users
WHERE id = @id
  AND password_hash = @password_hash
FOR NO KEY UPDATE;

-- name: ChangeEmail :one
-- ChangeEmail gives an active account the address that its owner reads, and tells the one that it had. Another account with the
-- address breaks users_email_key.
UPDATE users
SET email = @email,
    email_verified_at = @now::timestamptz,
    updated_at = @now::timestamptz
FROM users AS before
WHERE users.id = @id
  AND before.id = users.id
  AND users.status = 'active'
RETURNING before.email;
