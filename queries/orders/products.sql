-- name: CreateProduct :one
-- CreateProduct adds a product with nothing in stock. A second product with a SKU breaks products_sku_key.
WITH product AS (
    INSERT INTO products (id, sku, name, description, price_amount, currency, created_at, updated_at)
    VALUES (@id, @sku, @name, @description, @price_amount, @currency, @created_at, @created_at)
    RETURNING *
), empty AS (
    INSERT INTO stock (product_id, updated_at)
    SELECT id, created_at
    FROM product
)
SELECT id, sku, name, description, price_amount, currency, status, version, created_at, updated_at, 0::bigint AS available
FROM product;

-- name: GetProduct :one
-- GetProduct reads one product and how many units of it can be ordered.
SELECT id, sku, name, description, price_amount, currency, status, version, created_at, products.updated_at, stock.available
FROM products
JOIN stock ON stock.product_id = products.id
WHERE products.id = @id;

-- name: LockProduct :one
-- LockProduct reads a product and keeps others from changing it until the transaction ends. Several may do so at once.
SELECT name, description, price_amount, currency, status
FROM products
WHERE id = @id
FOR SHARE;

-- name: ListProducts :many
-- ListProducts reads a page of products in a status, the newest first, that starts behind (before_time, before_id).
SELECT id, sku, name, description, price_amount, currency, status, version, created_at, products.updated_at, stock.available
FROM products
JOIN stock ON stock.product_id = products.id
WHERE status = @status
  AND (created_at, id) < (@before_time::timestamptz, @before_id::uuid)
ORDER BY created_at DESC, id DESC
LIMIT @row_limit;

-- name: LimitSearch :exec
-- LimitSearch bounds each statement of the transaction, in milliseconds, and has them use the indexes that they are written for: an estimate
-- of how much is found may be far off.
SELECT set_config('statement_timeout', @milliseconds::text, true), set_config('enable_seqscan', 'off', true);

-- name: SearchNewestProducts :many
-- SearchNewestProducts is ListProducts for the products in whose words the query is found. It looks at so many products behind
-- (before_time, before_id), down to (end_time, end_id), whatever it finds there.
SELECT newest.id, sku, name, description, price_amount, currency, status, version, created_at, newest.updated_at, stock.available
FROM (
    SELECT *
    FROM products
    WHERE status = @status
      AND (created_at, id) < (@before_time::timestamptz, @before_id::uuid)
      AND (created_at, id) >= (@end_time::timestamptz, @end_id::uuid)
    ORDER BY created_at DESC, id DESC
    LIMIT @looked_at
) AS newest
JOIN stock ON stock.product_id = newest.id
WHERE words @@ to_tsquery('simple', @query::text)
ORDER BY created_at DESC, newest.id DESC
LIMIT @row_limit;

-- name: GetSearchEnd :one
-- GetSearchEnd reads the last of so many products behind (before_time, before_id), if there are as many.
SELECT created_at, id
FROM products
WHERE status = @status
  AND (created_at, id) < (@before_time::timestamptz, @before_id::uuid)
ORDER BY created_at DESC, id DESC
OFFSET @looked_at - 1
LIMIT 1;

-- name: FindProducts :many
-- FindProducts reads so many of the products in whose words the query is found, in no order, whatever their status.
SELECT id
FROM products
WHERE words @@ to_tsquery('simple', @query::text)
LIMIT @row_limit;

-- name: ListFoundProducts :many
-- ListFoundProducts is ListProducts for some products. They are read by their ids, and never sought among all from the newest on.
WITH found AS MATERIALIZED (
    SELECT *
    FROM products
    WHERE id = ANY(@ids::uuid[])
)
SELECT found.id, sku, name, description, price_amount, currency, status, version, created_at, found.updated_at, stock.available
FROM found
JOIN stock ON stock.product_id = found.id
WHERE status = @status
  AND (created_at, found.id) < (@before_time::timestamptz, @before_id::uuid)
ORDER BY created_at DESC, found.id DESC
LIMIT @row_limit;

-- name: UpdateProduct :execrows
-- UpdateProduct changes what is given, if the product still has one of the versions, or any will do.
UPDATE products
SET name = coalesce(sqlc.narg(name), name),
    description = coalesce(sqlc.narg(description), description),
    price_amount = coalesce(sqlc.narg(price_amount), price_amount),
    currency = coalesce(sqlc.narg(currency), currency),
    version = version + 1,
    updated_at = @updated_at
WHERE id = @id
  AND (@any_version::boolean OR version = ANY(@versions::bigint[]));

-- name: ArchiveProduct :execrows
-- ArchiveProduct takes a product out of what can be ordered, unless it is so already.
UPDATE products
SET status = 'archived',
    version = version + 1,
    updated_at = @updated_at
WHERE id = @id
  AND status = 'active';
