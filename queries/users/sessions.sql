-- name: StartSession :one
-- StartSession opens a session for an account that is active, whose password is still the one that was checked, and which
-- has shown its second factor if it has one. It waits for whoever is changing the account, so that no session slips in
-- between a change and the end of its sessions, and for another login of it: what ends the oldest sessions counts them all.
INSERT INTO sessions (id, user_id, cookie, address, user_agent, created_at, last_used_at, expires_at, family)
SELECT @id, users.id, @cookie, @address, @user_agent, @created_at, @created_at, @expires_at, @family
FROM users
WHERE users.id = @user_id
  AND users.status = 'active'
  AND users.password_hash = @password_hash
  AND (users.second_factor_at IS NULL OR @second_factor::boolean)
FOR NO KEY UPDATE OF users
RETURNING *;

-- name: CreateRefreshToken :exec
-- CreateRefreshToken keeps the hash of a token that a session may use. The successor of a token
-- is always the same one, so a second attempt to keep it changes nothing.
INSERT INTO refresh_tokens (hash, session_id, created_at, tagged)
VALUES (@hash, @session_id, @created_at, true)
ON CONFLICT ON CONSTRAINT refresh_tokens_pkey DO NOTHING;

-- name: LockSession :one
-- LockSession keeps others from changing the session of a token until the transaction ends. Whoever changes sessions
-- and their tokens takes the session first.
SELECT sessions.id
FROM sessions
JOIN refresh_tokens ON refresh_tokens.session_id = sessions.id
WHERE refresh_tokens.hash = @hash
FOR UPDATE OF sessions;

-- name: UseRefreshToken :one
-- UseRefreshToken spends a token; of many at once, one gets the row.
UPDATE refresh_tokens
SET used_at = @used_at::timestamptz
WHERE hash = @hash
  AND used_at IS NULL
RETURNING *;

-- name: GetRefreshToken :one
-- GetRefreshToken reads a token, spent or not.
SELECT *
FROM refresh_tokens
WHERE hash = @hash;

-- name: ForgetSpentTokens :exec
-- ForgetSpentTokens removes the spent tokens of a session but the latest, and the few before it that may be presented again because an
-- answer was lost. The others are known by what they say.
DELETE FROM refresh_tokens
WHERE refresh_tokens.session_id = @session_id
  AND refresh_tokens.tagged
  AND refresh_tokens.used_at IS NOT NULL
  AND refresh_tokens.hash <> @latest
  AND (refresh_tokens.used_at < @used_before::timestamptz OR refresh_tokens.hash NOT IN (
      SELECT latest.hash
      FROM refresh_tokens AS latest
      WHERE latest.session_id = @session_id
        AND latest.used_at IS NOT NULL
      ORDER BY latest.used_at DESC, latest.hash
      LIMIT @most
  ));

-- name: EndReplayed :one
-- EndReplayed ends a live session, of which a token was presented again, and tells whose it was. Where the token is known by its row, the
-- session is; otherwise the token's family is.
UPDATE sessions
SET revoked_at = @now::timestamptz
WHERE (id = @id OR family = sqlc.narg(family))
  AND revoked_at IS NULL
  AND expires_at > @now::timestamptz
RETURNING id, user_id;

-- name: ExtendSession :one
-- ExtendSession moves the end of a live session of an active account and tells whose it is. One without a family gets this one.
-- It writes also where nothing changes: a refresh that is repeated so waits for the standby, as the first one did.
UPDATE sessions
SET last_used_at = @used_at,
    family = coalesce(sessions.family, @family),
    expires_at = LEAST(@expires_at::timestamptz, sessions.created_at + @longest::interval)
FROM users
WHERE sessions.id = @id
  AND users.id = sessions.user_id
  AND users.status = 'active'
  AND sessions.revoked_at IS NULL
  AND sessions.expires_at > @used_at
RETURNING sessions.*, users.roles;

-- name: GetLiveSession :one
-- GetLiveSession tells whose a session is and what they may do, while both are in force.
SELECT sessions.id, sessions.user_id, sessions.expires_at, users.roles
FROM sessions
JOIN users ON users.id = sessions.user_id
WHERE sessions.id = @id
  AND sessions.revoked_at IS NULL
  AND sessions.expires_at > @now
  AND users.status = 'active';

-- name: ListSessions :many
-- ListSessions reads a page of live sessions, the newest first, that starts behind (before_time, before_id).
SELECT *
FROM sessions
WHERE user_id = @user_id
  AND revoked_at IS NULL
  AND expires_at > @now
  AND (created_at, id) < (@before_time::timestamptz, @before_id::uuid)
ORDER BY created_at DESC, id DESC
LIMIT @row_limit;

-- name: RevokeSession :execrows
-- RevokeSession ends one session of a user, unless there is no such live one.
UPDATE sessions
SET revoked_at = @now::timestamptz
WHERE id = @id
  AND user_id = @user_id
  AND revoked_at IS NULL
  AND expires_at > @now::timestamptz;

-- name: EndSession :exec
-- EndSession ends a session; ending it twice changes nothing.
UPDATE sessions
SET revoked_at = @now::timestamptz
WHERE id = @id
  AND revoked_at IS NULL;

-- name: RevokeSessions :many
-- RevokeSessions ends every live session of a user but one, which may be the nil UUID, and gives their ids. Whoever ends several
-- locks them in the order of their ids, lest two wait for each other.
WITH ending AS (
    SELECT live.id
    FROM sessions AS live
    WHERE live.user_id = @user_id
      AND live.id <> @kept
      AND live.revoked_at IS NULL
      AND live.expires_at > @now::timestamptz
    ORDER BY live.id
    FOR NO KEY UPDATE
)
UPDATE sessions
SET revoked_at = @now::timestamptz
FROM ending
WHERE sessions.id = ending.id
RETURNING sessions.id;

-- name: RevokeOldestSessions :many
-- RevokeOldestSessions ends the live sessions of a user beyond a number, the oldest, and gives their ids. It locks them as
-- RevokeSessions does; the account is locked.
WITH beyond AS (
    SELECT oldest.id
    FROM sessions AS oldest
    WHERE oldest.user_id = @user_id
      AND oldest.revoked_at IS NULL
      AND oldest.expires_at > @now::timestamptz
    ORDER BY oldest.created_at DESC, oldest.id DESC
    OFFSET @most::integer
), ending AS (
    SELECT live.id
    FROM sessions AS live
    JOIN beyond ON beyond.id = live.id
    WHERE live.revoked_at IS NULL
    ORDER BY live.id
    FOR NO KEY UPDATE OF live
)
UPDATE sessions
SET revoked_at = @now::timestamptz
FROM ending
WHERE sessions.id = ending.id
RETURNING sessions.id;

-- name: ListSessionIDs :many
-- ListSessionIDs gives the ids of every live session of a user.
SELECT id
FROM sessions
WHERE user_id = @user_id
  AND revoked_at IS NULL;

-- name: ListOverSessions :many
-- ListOverSessions gives sessions that ran out before a time, or were ended before another, a batch at most.
SELECT id
FROM sessions
WHERE expires_at < @ran_out_before
   OR revoked_at < @ended_before::timestamptz
LIMIT @row_limit;

-- name: CountLiveTokens :one
-- CountLiveTokens counts the live sessions of a user and their refresh tokens, up to a number; a session with tokens counts as these.
SELECT count(*)
FROM (
    SELECT
    FROM sessions
    LEFT JOIN refresh_tokens ON refresh_tokens.session_id = sessions.id
    WHERE sessions.user_id = @user_id
      AND sessions.revoked_at IS NULL
      AND sessions.expires_at > @now::timestamptz
    LIMIT @most
) AS live;

-- name: ListOverSessionsOfUser :many
-- ListOverSessionsOfUser gives sessions of a user that have ended or run out, a batch at most.
SELECT id
FROM sessions
WHERE user_id = @user_id
  AND (revoked_at IS NOT NULL OR expires_at <= @now::timestamptz)
LIMIT @row_limit;

-- name: PurgeSpentTokens :execrows
-- PurgeSpentTokens removes the spent tokens of some sessions, a batch at most.
DELETE FROM refresh_tokens
WHERE hash IN (
    SELECT spent.hash
    FROM refresh_tokens AS spent
    WHERE spent.session_id = ANY(@sessions::uuid[])
      AND spent.used_at IS NOT NULL
    LIMIT @row_limit
);

-- name: DeleteSessions :exec
-- DeleteSessions removes some sessions. It locks them in the order of their ids, lest two wait for each other.
DELETE FROM sessions
WHERE id IN (
    SELECT ended.id
    FROM sessions AS ended
    WHERE ended.id = ANY(@sessions::uuid[])
    ORDER BY ended.id
    FOR UPDATE
);
