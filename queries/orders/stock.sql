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

-- name: LockStock :many
-- LockStock keeps others from changing the stock of products until the transaction ends. Everybody locks in the order of
-- ids, so nobody waits in a circle.
SELECT *
FROM stock
WHERE product_id = ANY (@product_ids::uuid[])
ORDER BY product_id
FOR UPDATE;

-- name: ReserveStock :execrows
-- ReserveStock moves units from available to reserved, of each product as many as stand at its place. The products are
-- locked and have enough; fewer rows than products mean that one has no stock at all.
UPDATE stock
SET available = available - (@quantities::bigint[])[array_position(@product_ids::uuid[], product_id)],
    reserved = reserved + (@quantities::bigint[])[array_position(@product_ids::uuid[], product_id)],
    updated_at = @updated_at
WHERE product_id = ANY (@product_ids::uuid[]);

-- name: ReleaseStock :execrows
-- ReleaseStock gives the units of an order back, which is to be cancelled, expired or refunded before it has shipped.
UPDATE stock
SET available = stock.available + line.quantity,
    reserved = stock.reserved - line.quantity,
    updated_at = @updated_at
FROM order_items AS line
WHERE line.order_id = @order_id
  AND stock.product_id = line.product_id;

-- name: SellStock :execrows
-- SellStock moves the units of an order that ships from reserved to sold.
UPDATE stock
SET reserved = stock.reserved - line.quantity,
    sold = stock.sold + line.quantity,
    updated_at = @updated_at
FROM order_items AS line
WHERE line.order_id = @order_id
  AND stock.product_id = line.product_id;
