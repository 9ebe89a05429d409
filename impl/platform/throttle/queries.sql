-- name: SpendTry :many
-- SpendTry counts a try against each of its limits by itself, in order, so that of many tries at once no more get through than
-- may: first the limits of the caller's network, by keys, all of them or the try is refused; then that of the account, or else
-- that of a network which the account is not used from. It returns the theoretical arrival time (TAT) of each count that was
-- spent. A TAT further ahead than the limit allows stays used up where the clocks of replicas differ, by a minute at most, and
-- begins anew where a clock was set back.
WITH clock AS (
    SELECT sqlc.arg(now)::timestamptz AS now
), own AS (
    INSERT INTO throttles (key, span, whole_at)
    SELECT wanted.key, wanted.span, (SELECT now FROM clock) + wanted.emission_interval
    FROM (
        SELECT unnest(sqlc.arg(keys)::bytea[]) AS key, unnest(sqlc.arg(spans)::interval[]) AS span, unnest(sqlc.arg(emission_intervals)::interval[]) AS emission_interval
    ) AS wanted
    ORDER BY wanted.key
    ON CONFLICT ON CONSTRAINT throttles_pkey DO UPDATE
    SET span = EXCLUDED.span,
        whole_at = GREATEST(CASE WHEN throttles.whole_at > (SELECT now FROM clock) + EXCLUDED.span + interval '1 minute' THEN (SELECT now FROM clock) ELSE LEAST(throttles.whole_at, (SELECT now FROM clock) + EXCLUDED.span) END, (SELECT now FROM clock)) + (EXCLUDED.whole_at - (SELECT now FROM clock))
    WHERE GREATEST(CASE WHEN throttles.whole_at > (SELECT now FROM clock) + EXCLUDED.span + interval '1 minute' THEN (SELECT now FROM clock) ELSE LEAST(throttles.whole_at, (SELECT now FROM clock) + EXCLUDED.span) END, (SELECT now FROM clock)) + (EXCLUDED.whole_at - (SELECT now FROM clock)) <= (SELECT now FROM clock) + EXCLUDED.span
    RETURNING key, whole_at
), account AS (
    INSERT INTO throttles (key, span, whole_at)
    SELECT sqlc.arg(account)::bytea, sqlc.arg(account_span)::interval, (SELECT now FROM clock) + sqlc.arg(account_emission_interval)::interval
    WHERE sqlc.arg(of_account)::boolean
      AND (SELECT count(*) FROM own) = cardinality(sqlc.arg(keys)::bytea[])
    ON CONFLICT ON CONSTRAINT throttles_pkey DO UPDATE
    SET span = EXCLUDED.span,
        whole_at = GREATEST(CASE WHEN throttles.whole_at > (SELECT now FROM clock) + EXCLUDED.span + interval '1 minute' THEN (SELECT now FROM clock) ELSE LEAST(throttles.whole_at, (SELECT now FROM clock) + EXCLUDED.span) END, (SELECT now FROM clock)) + (EXCLUDED.whole_at - (SELECT now FROM clock))
    WHERE GREATEST(CASE WHEN throttles.whole_at > (SELECT now FROM clock) + EXCLUDED.span + interval '1 minute' THEN (SELECT now FROM clock) ELSE LEAST(throttles.whole_at, (SELECT now FROM clock) + EXCLUDED.span) END, (SELECT now FROM clock)) + (EXCLUDED.whole_at - (SELECT now FROM clock)) <= (SELECT now FROM clock) + EXCLUDED.span
    RETURNING key, whole_at
), known AS (
    SELECT key, expires_at AS whole_at
    FROM familiar_networks
    WHERE key = sqlc.arg(known_network)::bytea
      AND expires_at > (SELECT now FROM clock)
), unfamiliar AS (
    INSERT INTO throttles (key, span, whole_at)
    SELECT sqlc.arg(unfamiliar)::bytea, sqlc.arg(unfamiliar_span)::interval, (SELECT now FROM clock) + sqlc.arg(unfamiliar_emission_interval)::interval
    WHERE sqlc.arg(of_account)::boolean
      AND (SELECT count(*) FROM own) = cardinality(sqlc.arg(keys)::bytea[])
      AND NOT EXISTS (SELECT FROM account)
      AND NOT EXISTS (SELECT FROM known)
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
SELECT key, whole_at FROM known
UNION ALL
SELECT key, whole_at FROM unfamiliar;

-- name: ListThrottles :many
-- ListThrottles reads the TATs of some counts.
SELECT key, whole_at
FROM throttles
WHERE key = ANY(@keys::bytea[]);

-- name: RefundTry :exec
-- RefundTry uncounts a try, in the order in which SpendTry counts, lest two wait for each other.
WITH refunded AS (
    SELECT throttles.key, wanted.emission_interval
    FROM (
        SELECT unnest(@keys::bytea[]) AS key, unnest(@emission_intervals::interval[]) AS emission_interval, unnest(@places::integer[]) AS place
    ) AS wanted
    JOIN throttles ON throttles.key = wanted.key
    ORDER BY wanted.place
    FOR UPDATE OF throttles
)
UPDATE throttles
SET whole_at = throttles.whole_at - refunded.emission_interval
FROM refunded
WHERE throttles.key = refunded.key;

-- name: PurgeThrottles :execrows
-- PurgeThrottles removes counts that have recovered, whose TAT is past, a batch at most.
DELETE FROM throttles
WHERE key IN (
    SELECT recovered.key
    FROM throttles AS recovered
    WHERE recovered.whole_at < @tat_before
    LIMIT @row_limit
    FOR UPDATE SKIP LOCKED
)
  AND whole_at < @tat_before;

-- name: RememberNetwork :exec
-- RememberNetwork records a network that the owner of an account uses.
INSERT INTO familiar_networks (key, account, expires_at)
VALUES (@key, @account, @expires_at)
ON CONFLICT ON CONSTRAINT familiar_networks_pkey DO UPDATE
SET expires_at = GREATEST(familiar_networks.expires_at, EXCLUDED.expires_at);

-- name: ForgetNetworks :exec
-- ForgetNetworks removes the networks of an account beyond a number, which may be 0: those that were used longest ago.
DELETE FROM familiar_networks
WHERE key IN (
    SELECT oldest.key
    FROM familiar_networks AS oldest
    WHERE oldest.account = @account
    ORDER BY oldest.expires_at DESC, oldest.key
    OFFSET @most::integer
);

-- name: PurgeNetworks :execrows
-- PurgeNetworks removes networks that have expired, a batch at most.
DELETE FROM familiar_networks
WHERE key IN (
    SELECT expired.key
    FROM familiar_networks AS expired
    WHERE expired.expires_at < @expired_before
    LIMIT @row_limit
);
