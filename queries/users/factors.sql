-- name: EnrolSecondFactor :execrows
-- EnrolSecondFactor keeps a secret that waits for its first code, in place of another that waits, unless the account has a
-- second factor.
INSERT INTO second_factors (user_id, secret, last_step, created_at)
SELECT users.id, @secret, 0, @now
FROM users
WHERE users.id = @user_id
  AND users.second_factor_at IS NULL
FOR SHARE OF users
ON CONFLICT ON CONSTRAINT second_factors_pkey DO UPDATE
SET secret = EXCLUDED.secret,
    last_step = EXCLUDED.last_step,
    created_at = EXCLUDED.created_at;

-- name: EnableSecondFactor :execrows
-- EnableSecondFactor has logins take a second factor, unless they do.
UPDATE users
SET second_factor_at = @now::timestamptz,
    updated_at = @now::timestamptz
WHERE id = @id
  AND second_factor_at IS NULL;

-- name: DisableSecondFactor :execrows
-- DisableSecondFactor has logins take no second factor any more, if they do.
UPDATE users
SET second_factor_at = NULL,
    updated_at = @now::timestamptz
WHERE id = @id
  AND second_factor_at IS NOT NULL;

-- name: DeleteSecondFactor :exec
-- DeleteSecondFactor removes an account's secret, with its recovery codes and challenges.
DELETE FROM second_factors
WHERE user_id = @user_id;

-- name: LockSecondFactor :one
-- LockSecondFactor reads an account's secret and keeps others from using its codes until the transaction ends. Who locks the
-- account as well locks it before.
SELECT *
FROM second_factors
WHERE user_id = @user_id
FOR UPDATE;

-- name: UseStep :execrows
-- UseStep spends the code of a time step, and those before it, unless it has been.
UPDATE second_factors
SET last_step = @step
WHERE user_id = @user_id
  AND last_step < @step;

-- name: CreateRecoveryCodes :exec
-- CreateRecoveryCodes keeps the HMACs of an account's recovery codes.
INSERT INTO recovery_codes (hash, user_id)
SELECT unnest(@hashes::bytea[]), @user_id;

-- name: UseRecoveryCode :execrows
-- UseRecoveryCode spends a recovery code of an account.
DELETE FROM recovery_codes
WHERE hash = @hash
  AND user_id = @user_id;

-- name: DeleteRecoveryCodes :exec
-- DeleteRecoveryCodes makes an account's recovery codes void.
DELETE FROM recovery_codes
WHERE user_id = @user_id;

-- name: CountRecoveryCodes :one
-- CountRecoveryCodes tells how many recovery codes of an account have not been used.
SELECT count(*)
FROM recovery_codes
WHERE user_id = @user_id;

-- name: CreateChallenge :execrows
-- CreateChallenge keeps the challenge of a login that takes a second factor: of an account that is active and whose password is
-- still the one that was checked.
INSERT INTO login_challenges (hash, user_id, password_hash, cookie, tries, created_at, expires_at)
SELECT @hash, users.id, users.password_hash, @cookie, 0, @created_at, @expires_at
FROM users
WHERE users.id = @user_id
  AND users.status = 'active'
  AND users.password_hash = @password_hash
  AND users.second_factor_at IS NOT NULL
FOR SHARE OF users;

-- name: TryChallenge :one
-- TryChallenge takes one of the tries that a challenge has; of many at once, no more than those get the row.
UPDATE login_challenges
SET tries = tries + 1
WHERE hash = @hash
  AND tries < @most
  AND expires_at > @now
RETURNING *;

-- name: SpendChallenge :execrows
-- SpendChallenge removes a challenge that has been met; of many at once, one does.
DELETE FROM login_challenges
WHERE hash = @hash;

-- name: DeleteChallenges :exec
-- DeleteChallenges makes every challenge of an account void.
DELETE FROM login_challenges
WHERE user_id = @user_id;

-- name: PurgeChallenges :execrows
-- PurgeChallenges removes challenges that have expired, a batch at most.
DELETE FROM login_challenges
WHERE hash IN (
    SELECT expired.hash
    FROM login_challenges AS expired
    WHERE expired.expires_at < @expired_before
    LIMIT @row_limit
);
