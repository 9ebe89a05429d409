-- name: GetStock :one
-- GetStock reads how many units of a product there are.
SELECT *
FROM stock
WHERE product_id = @product_id;

-- name: AdjustStock :one
-- AdjustStock adds to what was received and is available, or takes away from both. Taking more than is available
-- breaks stock_available_not_negative.
UPDATE stock
SET available = available + @delta::bigint,
    received = received + @delta::bigint,
    updated_at = @updated_at
WHERE product_id = @product_id
RETURNING *;

-- name: CreateStockAdjustment :one
-- CreateStockAdjustment records why stock was adjusted.
INSERT INTO stock_adjustments (id, product_id, delta, reason, adjusted_by, created_at)
VALUES (@id, @product_id, @delta, @reason, @adjusted_by, @created_at)
RETURNING *;

-- name: ListStockAdjustments :many
-- ListStockAdjustments reads a page of a product's adjustments, the newest first, that starts behind (before_time, before_id).
SELECT *
FROM stock_adjustments
WHERE product_id = @product_id
  AND (created_at, id) < (@before_time::timestamptz, @before_id::uuid)
ORDER BY created_at DESC, id DESC
LIMIT @row_limit;

-- name: ReserveStock :execrows
-- ReserveStock moves units from available to reserved, of each product that has enough as many as stand at its place.
-- Fewer rows than products mean that some have not. Everybody locks stock in the order of product ids, so that nobody
-- waits in a circle. Every number is that of the locked row: of a row that has changed since the statement began, PostgreSQL
-- holds what would become of the old one against the constraints first, and would refuse what the new one has.
WITH locked AS (
    SELECT product_id, available, reserved, sold, received
    FROM stock
    WHERE product_id = ANY (@product_ids::uuid[])
    ORDER BY product_id
    FOR UPDATE
)
UPDATE stock
SET available = locked.available - (@quantities::integer[])[array_position(@product_ids::uuid[], locked.product_id)],
    reserved = locked.reserved + (@quantities::integer[])[array_position(@product_ids::uuid[], locked.product_id)],
    sold = locked.sold,
    received = locked.received,
    updated_at = @updated_at
FROM locked
WHERE stock.product_id = locked.product_id
  AND locked.available >= (@quantities::integer[])[array_position(@product_ids::uuid[], locked.product_id)];

-- name: ListStock :many
-- ListStock reads how many units of some products there are.
SELECT *
FROM stock
WHERE product_id = ANY (@product_ids::uuid[]);

-- name: ReleaseStock :execrows
-- ReleaseStock gives the units of an order back, which is cancelled, expired, or refunded before it has shipped.
WITH locked AS (
    SELECT stock.product_id, order_items.quantity
    FROM stock
    JOIN order_items ON order_items.product_id = stock.product_id
    WHERE order_items.order_id = @order_id
    ORDER BY stock.product_id
    FOR UPDATE OF stock
)
UPDATE stock
SET available = stock.available + locked.quantity,
    reserved = stock.reserved - locked.quantity,
    updated_at = @updated_at
FROM locked
WHERE stock.product_id = locked.product_id;

-- name: SellStock :execrows
-- SellStock moves the units of an order that ships from reserved to sold.
WITH locked AS (
    SELECT stock.product_id, order_items.quantity
    FROM stock
    JOIN order_items ON order_items.product_id = stock.product_id
    WHERE order_items.order_id = @order_id
    ORDER BY stock.product_id
    FOR UPDATE OF stock
)
UPDATE stock
SET reserved = stock.reserved - locked.quantity,
    sold = stock.sold + locked.quantity,
    updated_at = @updated_at
FROM locked
WHERE stock.product_id = locked.product_id;
