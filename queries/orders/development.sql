-- name: RemoveEverything :exec
-- RemoveEverything leaves only what is known of accounts and what is still to be told. Only the development binary asks for it.
TRUNCATE products, stock, stock_adjustments, orders, order_items, order_events, idempotency_keys, webhooks, webhook_deliveries;
