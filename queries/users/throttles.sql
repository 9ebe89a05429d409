-- name: TakeTry :many
-- TakeTry counts a try against everything that it counts against, each by itself in order, so that of many at once no more get
-- through than may: what the caller has for himself by keys, all or the try is refused, and then the account, or else the
-- network that it is not used from. It gives what has been counted. A count that is further ahead than it can get is used up
-- where the clocks of replicas differ, by a minute at most, and begins anew where a clock was set back.
WITH clock AS (
    SELECT sqlc.arg(now)::timestamptz AS now
), own AS (
    INSERT INTO throttles (key, span, whole_at)
    SELECT wanted.key, wanted.span, (SELECT now FROM clock) + wanted.each
    FROM (
        SELECT unnest(sqlc.arg(keys)::bytea[]) AS key, unnest(sqlc.arg(spans)::interval[]) AS span, unnest(sqlc.arg(eaches)::interval[]) AS each
    ) AS wanted
    ORDER BY wanted.key
    ON CONFLICT ON CONSTRAINT throttles_pkey DO UPDATE
    SET span = EXCLUDED.span,
        whole_at = GREATEST(CASE WHEN throttles.whole_at > (SELECT now FROM clock) + EXCLUDED.span + interval '1 minute' THEN (SELECT now FROM clock) ELSE LEAST(throttles.whole_at, (SELECT now FROM clock) + EXCLUDED.span) END, (SELECT now FROM clock)) + (EXCLUDED.whole_at - (SELECT now FROM clock))
    WHERE GREATEST(CASE WHEN throttles.whole_at > (SELECT now FROM clock) + EXCLUDED.span + interval '1 minute' THEN (SELECT now FROM clock) ELSE LEAST(throttles.whole_at, (SELECT now FROM clock) + EXCLUDED.span) END, (SELECT now FROM clock)) + (EXCLUDED.whole_at - (SELECT now FROM clock)) <= (SELECT now FROM clock) + EXCLUDED.span
    RETURNING key, whole_at
), account AS (
    INSERT INTO throttles (key, span, whole_at)
    SELECT sqlc.arg(account)::bytea, sqlc.arg(account_span)::interval, (SELECT now FROM clock) + sqlc.arg(account_each)::interval
    WHERE sqlc.arg(of_account)::boolean
      AND (SELECT count(*) FROM own) = cardinality(sqlc.arg(keys)::bytea[])
    ON CONFLICT ON CONSTRAINT throttles_pkey DO UPDATE
    SET span = EXCLUDED.span,
        whole_at = GREATEST(CASE WHEN throttles.whole_at > (SELECT now FROM clock) + EXCLUDED.span + interval '1 minute' THEN (SELECT now FROM clock) ELSE LEAST(throttles.whole_at, (SELECT now FROM clock) + EXCLUDED.span) END, (SELECT now FROM clock)) + (EXCLUDED.whole_at - (SELECT now FROM clock))
    WHERE GREATEST(CASE WHEN throttles.whole_at > (SELECT now FROM clock) + EXCLUDED.span + interval '1 minute' THEN (SELECT now FROM clock) ELSE LEAST(throttles.whole_at, (SELECT now FROM clock) + EXCLUDED.span) END, (SELECT now FROM clock)) + (EXCLUDED.whole_at - (SELECT now FROM clock)) <= (SELECT now FROM clock) + EXCLUDED.span
    RETURNING key, whole_at
), familiar AS (
    SELECT key, expires_at AS whole_at
    FROM familiar_networks
    WHERE key = sqlc.arg(familiar)::bytea
      AND expires_at > (SELECT now FROM clock)
), unfamiliar AS (
    INSERT INTO throttles (key, span, whole_at)
    SELECT sqlc.arg(unfamiliar)::bytea, sqlc.arg(unfamiliar_span)::interval, (SELECT now FROM clock) + sqlc.arg(unfamiliar_each)::interval
    WHERE sqlc.arg(of_account)::boolean
      AND (SELECT count(*) FROM own) = cardinality(sqlc.arg(keys)::bytea[])
      AND NOT EXISTS (SELECT FROM account)
      AND NOT EXISTS (SELECT FROM familiar)
    ON CONFLICT ON CONSTRAINT throttles_pkey DO UPDATE
    SET span = EXCLUDED.span,
        whole_at = GREATEST(CASE WHEN throttles.whole_at > (SELECT now FROM clock) + EXCLUDED.span + interval '1 minute' THEN (SELECT now FROM clock) ELSE LEAST(throttles.whole_at, (SELECT now FROM clock) + EXCLUDED.span) END, (SELECT now FROM clock)) + (EXCLUDED.whole_at - (SELECT now FROM clock))
    WHERE GREATEST(CASE WHEN throttles.whole_at > (SELECT now FROM clock) + EXCLUDED.span + interval '1 minute' THEN (SELECT now FROM clock) ELSE LEAST(throttles.whole_at, (SELECT now FROM clock) + EXCLUDED.span) END, (SELECT now FROM clock)) + (EXCLUDED.whole_at - (SELECT now FROM clock)) <= (SELECT now FROM clock) + EXCLUDED.span
    RETURNING key, whole_at
)
SELECT key, whole_at FROM own
UNION ALL
SELECT key, whole_at FROM account
UNION ALL
SELECT key, whole_at FROM familiar
UNION ALL
SELECT key, whole_at FROM unfamiliar;

-- name: ListThrottles :many
-- ListThrottles reads some counts.
SELECT key, whole_at
FROM throttles
WHERE key = ANY(@keys::bytea[]);

-- name: GiveBackTry :exec
-- GiveBackTry uncounts a try, in the order in which TakeTry counts, lest two wait for each other.
WITH given AS (
    SELECT throttles.key, wanted.each
    FROM (
        SELECT unnest(@keys::bytea[]) AS key, unnest(@eaches::interval[]) AS each, unnest(@places::integer[]) AS place
    ) AS wanted
    JOIN throttles ON throttles.key = wanted.key
    ORDER BY wanted.place
    FOR UPDATE OF throttles
)
UPDATE throttles
SET whole_at = throttles.whole_at - given.each
FROM given
WHERE throttles.key = given.key;

-- name: PurgeThrottles :execrows
-- PurgeThrottles removes counts that are whole again, a batch at most.
DELETE FROM throttles
WHERE key IN (
    SELECT whole.key
    FROM throttles AS whole
    WHERE whole.whole_at < @whole_before
    LIMIT @row_limit
    FOR UPDATE SKIP LOCKED
)
  AND whole_at < @whole_before;

-- name: WelcomeNetwork :exec
-- WelcomeNetwork remembers a network that the owner of an account uses.
INSERT INTO familiar_networks (key, account, expires_at)
VALUES (@key, @account, @expires_at)
ON CONFLICT ON CONSTRAINT familiar_networks_pkey DO UPDATE
SET expires_at = GREATEST(familiar_networks.expires_at, EXCLUDED.expires_at);

-- name: ForgetNetworks :exec
-- ForgetNetworks forgets those of an account beyond a number, which may be 0, that were used longest ago.
DELETE FROM familiar_networks
WHERE key IN (
    SELECT oldest.key
    FROM familiar_networks AS oldest
    WHERE oldest.account = @account
    ORDER BY oldest.expires_at DESC, oldest.key
    OFFSET @most::integer
);

-- name: PurgeNetworks :execrows
-- PurgeNetworks removes those that have expired, a batch at most.
DELETE FROM familiar_networks
WHERE key IN (
    SELECT expired.key
    FROM familiar_networks AS expired
    WHERE expired.expires_at < @expired_before
    LIMIT @row_limit
);
