-- name: LockCustomer :exec
-- LockCustomer lets one order of a customer be placed at a time, until the transaction ends. Who places one takes this lock first and
-- stock last; nobody else takes it, so that nobody waits in a circle. Customers whose ids have one hash wait for one another.
SELECT pg_advisory_xact_lock(hashtextextended('orders of ' || @customer_id::text, 0));

-- name: CountOpenOrders :one
-- CountOpenOrders tells how many orders of a customer are not paid, cancelled or expired, and how many units they hold. It looks at no more
-- of them than a number: whoever has as many gets no other.
SELECT count(DISTINCT open.id) AS orders, coalesce(sum(order_items.quantity), 0)::bigint AS units
FROM (
    SELECT orders.id
    FROM orders
    WHERE orders.customer_id = @customer_id
      AND orders.status = 'pending'
    LIMIT @most::bigint
) AS open
JOIN order_items ON order_items.order_id = open.id;

-- name: PriceProducts :many
-- PriceProducts reads what an order's lines are made of.
SELECT id, sku, name, price_amount, currency, status
FROM products
WHERE id = ANY (@ids::uuid[]);

-- name: CreateOrder :one
-- CreateOrder places an order with its lines and tells of it, all in one statement. A number that is taken breaks
-- orders_number_key.
WITH placed AS (
    INSERT INTO orders (id, number, customer_id, currency, total_amount, expires_at, created_at, updated_at)
    VALUES (@id, @number, @customer_id, @currency, @total_amount, @expires_at, @created_at, @created_at)
    RETURNING *
), lines AS (
    INSERT INTO order_items (order_id, position, product_id, sku, name, quantity, price_amount)
    SELECT @id, n - 1, (@product_ids::uuid[])[n], (@skus::text[])[n], (@names::text[])[n], (@quantities::integer[])[n], (@price_amounts::bigint[])[n]
    FROM generate_series(1, cardinality(@product_ids::uuid[])) AS n
), history AS (
    INSERT INTO order_events (order_id, sequence, type, status, actor, amount, occurred_at)
    VALUES (@id, 1, 'order.placed', 'pending', 'customer', @total_amount, @created_at)
), told AS (
    INSERT INTO outbox (id, type, subject, data, occurred_at, traceparent)
    VALUES (@event_id, 'order.placed', @id, @event_data, @created_at, sqlc.narg(traceparent))
)
SELECT *
FROM placed;

-- name: GetOrder :one
-- GetOrder reads one order.
SELECT *
FROM orders
WHERE id = @id;

-- name: GetOrderOwner :one
-- GetOrderOwner tells whose an order is.
SELECT customer_id
FROM orders
WHERE id = @id;

-- name: LockOrder :one
-- LockOrder reads an order and keeps others from changing it until the transaction ends.
SELECT *
FROM orders
WHERE id = @id
FOR UPDATE;

-- name: ListOrderItems :many
-- ListOrderItems reads the lines of orders.
SELECT *
FROM order_items
WHERE order_id = ANY (@order_ids::uuid[])
ORDER BY order_id, position;

-- name: ListOrders :many
-- ListOrders reads a page of orders, the newest first, that starts behind (before_time, before_id).
SELECT *
FROM orders
WHERE (created_at, id) < (@before_time::timestamptz, @before_id::uuid)
  AND created_at >= @created_from
ORDER BY created_at DESC, id DESC
LIMIT @row_limit;

-- name: ListOrdersByStatus :many
-- ListOrdersByStatus is ListOrders for one status.
SELECT *
FROM orders
WHERE status = @status
  AND (created_at, id) < (@before_time::timestamptz, @before_id::uuid)
  AND created_at >= @created_from
ORDER BY created_at DESC, id DESC
LIMIT @row_limit;

-- name: ListOrdersOfCustomer :many
-- ListOrdersOfCustomer is ListOrders for one customer.
SELECT *
FROM orders
WHERE customer_id = @customer_id
  AND (created_at, id) < (@before_time::timestamptz, @before_id::uuid)
  AND created_at >= @created_from
ORDER BY created_at DESC, id DESC
LIMIT @row_limit;

-- name: ListOrdersOfCustomerByStatus :many
-- ListOrdersOfCustomerByStatus is ListOrders for one customer and one status.
SELECT *
FROM orders
WHERE customer_id = @customer_id
  AND status = @status
  AND (created_at, id) < (@before_time::timestamptz, @before_id::uuid)
  AND created_at >= @created_from
ORDER BY created_at DESC, id DESC
LIMIT @row_limit;

-- name: ChangeOrder :one
-- ChangeOrder moves an order from the status and the version that it was read with, and tells of it. No row means that
-- somebody else was faster.
WITH changed AS (
    UPDATE orders
    SET status = @to_status,
        paid_amount = @paid_amount,
        refunded_amount = @refunded_amount,
        payment_provider = sqlc.narg(payment_provider),
        payment_reference = sqlc.narg(payment_reference),
        tracking = sqlc.narg(tracking),
        version = version + 1,
        updated_at = @changed_at
    WHERE orders.id = @id
      AND orders.status = @from_status
      AND orders.version = @version
    RETURNING *
), history AS (
    INSERT INTO order_events (order_id, sequence, type, status, actor, amount, reason, occurred_at)
    SELECT changed.id, changed.version, @event_type, changed.status, @actor, sqlc.narg(amount), sqlc.narg(reason), @changed_at
    FROM changed
), told AS (
    INSERT INTO outbox (id, type, subject, data, occurred_at, traceparent)
    SELECT @event_id, @event_type, changed.id, @event_data, @changed_at, sqlc.narg(traceparent)
    FROM changed
)
SELECT *
FROM changed;

-- name: ListOrderEvents :many
-- ListOrderEvents reads what has happened to an order behind a sequence number, the earliest first.
SELECT *
FROM order_events
WHERE order_id = @order_id
  AND sequence > @after
ORDER BY sequence
LIMIT @row_limit;

-- name: ListOrderVersions :many
-- ListOrderVersions tells the version of each order that somebody follows.
SELECT id, version
FROM orders
WHERE id = ANY (@ids::uuid[]);

-- name: ListExpiredOrders :many
-- ListExpiredOrders finds pending orders whose time is over, the longest over first.
SELECT id
FROM orders
WHERE status = 'pending'
  AND expires_at <= @now
ORDER BY expires_at
LIMIT @row_limit;

-- name: ListOrphanedOrders :many
-- ListOrphanedOrders finds pending orders whose customer is not active any more.
SELECT orders.id
FROM accounts
JOIN orders ON orders.customer_id = accounts.user_id
WHERE accounts.status <> 'active'
  AND orders.status = 'pending'
LIMIT @row_limit;
