-- +goose Up
-- Where a payment was made. What was paid before is all from one provider, which has no name; so is what replicas of the release before
-- record, which go on while others are new: the column keeps its default for them.
ALTER TABLE orders ADD COLUMN payment_provider text DEFAULT 'default'
    CONSTRAINT orders_payment_provider_length CHECK (char_length(payment_provider) <= 32);

-- A reference that has paid several orders already stays with the first that was placed; the others keep it, of no provider.
ALTER TABLE orders DISABLE TRIGGER orders_transition;
UPDATE orders
SET payment_provider = NULL
WHERE id IN (
    SELECT numbered.id
    FROM (
        SELECT paid.id, row_number() OVER (PARTITION BY paid.payment_reference ORDER BY paid.created_at, paid.id) AS place
        FROM orders AS paid
        WHERE paid.payment_reference IS NOT NULL
    ) AS numbered
    WHERE numbered.place > 1
);
ALTER TABLE orders ENABLE TRIGGER orders_transition;

-- One payment pays one order.
CREATE UNIQUE INDEX orders_payment_key ON orders (payment_provider, payment_reference) WHERE payment_reference IS NOT NULL;

-- +goose Down
DROP INDEX orders_payment_key;
ALTER TABLE orders DROP COLUMN payment_provider;
