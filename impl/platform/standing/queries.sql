-- name: KeepAccount :execrows
-- KeepAccount records what the users service tells of an account, unless something later is known.
INSERT INTO accounts (user_id, status, roles, changed_at)
VALUES (@user_id, @status, @roles, @changed_at)
ON CONFLICT ON CONSTRAINT accounts_pkey DO UPDATE
SET status = excluded.status,
    roles = excluded.roles,
    changed_at = excluded.changed_at
WHERE accounts.changed_at < excluded.changed_at;

-- name: EndSession :exec
-- EndSession records that a session has ended.
INSERT INTO ended_sessions (session_id, ended_at)
VALUES (@session_id, @ended_at)
ON CONFLICT ON CONSTRAINT ended_sessions_pkey DO NOTHING;

-- name: GetStanding :one
-- GetStanding tells what is known of the session and the account that a token names.
SELECT EXISTS (
           SELECT
           FROM ended_sessions
           WHERE session_id = @session_id
       ) AS ended,
       coalesce(accounts.status, 'active')::text AS status,
       accounts.roles,
       accounts.changed_at
FROM (SELECT @user_id::uuid AS user_id) AS caller
LEFT JOIN accounts ON accounts.user_id = caller.user_id;

-- name: PurgeEndedSessions :execrows
-- PurgeEndedSessions forgets sessions whose tokens have all expired, a batch at most.
DELETE FROM ended_sessions
WHERE session_id IN (
    SELECT ended.session_id
    FROM ended_sessions AS ended
    WHERE ended.ended_at < @ended_before
    LIMIT @row_limit
);

-- name: PurgeAccounts :execrows
-- PurgeAccounts forgets what was told of accounts that no token contradicts any more, a batch at most.
DELETE FROM accounts
WHERE user_id IN (
    SELECT old.user_id
    FROM accounts AS old
    WHERE old.changed_at < @changed_before
    LIMIT @row_limit
);
