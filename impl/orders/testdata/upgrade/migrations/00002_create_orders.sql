-- +goose Up
CREATE TYPE order_status AS ENUM ('pending', 'paid', 'shipped', 'delivered', 'cancelled', 'expired', 'refunded');

CREATE TABLE orders (
    id                uuid         NOT NULL CONSTRAINT orders_pkey PRIMARY KEY,
    number            text         NOT NULL CONSTRAINT orders_number_key UNIQUE CONSTRAINT orders_number_length CHECK (char_length(number) <= 32),
    customer_id       uuid         NOT NULL,
    status            order_status NOT NULL DEFAULT 'pending',
    currency          text         NOT NULL CONSTRAINT orders_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    total_amount      bigint       NOT NULL CONSTRAINT orders_total_amount_range CHECK (total_amount BETWEEN 0 AND 9007199254740991),
    paid_amount       bigint       NOT NULL DEFAULT 0 CONSTRAINT orders_paid_amount_range CHECK (paid_amount IN (0, total_amount)),
    refunded_amount   bigint       NOT NULL DEFAULT 0 CONSTRAINT orders_refunded_at_most_paid CHECK (refunded_amount BETWEEN 0 AND paid_amount),
    payment_reference text         CONSTRAINT orders_payment_reference_length CHECK (char_length(payment_reference) <= 100),
    tracking          text         CONSTRAINT orders_tracking_length CHECK (char_length(tracking) <= 100),
    version           bigint       NOT NULL DEFAULT 1 CONSTRAINT orders_version_range CHECK (version BETWEEN 1 AND 999999999),
    expires_at        timestamptz  NOT NULL,
    created_at        timestamptz  NOT NULL,
    updated_at        timestamptz  NOT NULL
) WITH (fillfactor = 80);

-- One index for each way to narrow a list, in the list's order.
CREATE INDEX orders_created_at_idx ON orders (created_at DESC, id DESC);
CREATE INDEX orders_status_idx ON orders (status, created_at DESC, id DESC);
CREATE INDEX orders_customer_id_idx ON orders (customer_id, created_at DESC, id DESC);
CREATE INDEX orders_customer_id_status_idx ON orders (customer_id, status, created_at DESC, id DESC);
CREATE INDEX orders_expires_at_idx ON orders (expires_at) WHERE status = 'pending';

-- A line as it was when the order was placed.
CREATE TABLE order_items (
    order_id     uuid     NOT NULL CONSTRAINT order_items_order_id_fkey REFERENCES orders ON DELETE CASCADE,
    position     smallint NOT NULL CONSTRAINT order_items_position_range CHECK (position BETWEEN 0 AND 99),
    product_id   uuid     NOT NULL CONSTRAINT order_items_product_id_fkey REFERENCES products,
    sku          text     NOT NULL,
    name         text     NOT NULL,
    quantity     integer  NOT NULL CONSTRAINT order_items_quantity_range CHECK (quantity BETWEEN 1 AND 100000),
    price_amount bigint   NOT NULL CONSTRAINT order_items_price_amount_range CHECK (price_amount BETWEEN 0 AND 1000000000),
    CONSTRAINT order_items_pkey PRIMARY KEY (order_id, position)
);

-- What may become of an order: the same table as in impl/orders/rules.go, which a test holds against this one.
CREATE TABLE order_transitions (
    from_status order_status NOT NULL,
    action      text         NOT NULL,
    to_status   order_status NOT NULL,
    CONSTRAINT order_transitions_pkey PRIMARY KEY (from_status, action, to_status)
);

INSERT INTO order_transitions (from_status, action, to_status)
VALUES ('pending', 'pay', 'paid'),
       ('pending', 'cancel', 'cancelled'),
       ('pending', 'expire', 'expired'),
       ('paid', 'ship', 'shipped'),
       ('paid', 'cancel', 'cancelled'),
       ('paid', 'refund', 'paid'),
       ('paid', 'refund', 'refunded'),
       ('shipped', 'deliver', 'delivered'),
       ('shipped', 'refund', 'shipped'),
       ('shipped', 'refund', 'refunded'),
       ('delivered', 'refund', 'delivered'),
       ('delivered', 'refund', 'refunded');

-- No statement, psql's included, moves an order off the table, or changes it without counting the change.
-- +goose StatementBegin
CREATE FUNCTION check_order_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'the version of an order goes up by one with every change' USING ERRCODE = 'check_violation', CONSTRAINT = 'orders_version_counts';
    END IF;
    IF NOT EXISTS (SELECT FROM order_transitions WHERE from_status = OLD.status AND to_status = NEW.status) THEN
        RAISE EXCEPTION 'an order does not become % when it is %', NEW.status, OLD.status USING ERRCODE = 'check_violation', CONSTRAINT = 'orders_status_transition';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER orders_transition BEFORE UPDATE ON orders
    FOR EACH ROW EXECUTE FUNCTION check_order_transition();

-- The history of each order; the sequence is the version of the order after the event.
CREATE TABLE order_events (
    order_id    uuid         NOT NULL CONSTRAINT order_events_order_id_fkey REFERENCES orders ON DELETE CASCADE,
    sequence    bigint       NOT NULL CONSTRAINT order_events_sequence_range CHECK (sequence BETWEEN 1 AND 999999999),
    type        text         NOT NULL CONSTRAINT order_events_type_length CHECK (char_length(type) <= 64),
    status      order_status NOT NULL,
    actor       text         NOT NULL CONSTRAINT order_events_actor_known CHECK (actor IN ('customer', 'staff', 'payments', 'system')),
    amount      bigint       CONSTRAINT order_events_amount_range CHECK (amount BETWEEN 0 AND 9007199254740991),
    reason      text         CONSTRAINT order_events_reason_length CHECK (char_length(reason) <= 200),
    occurred_at timestamptz  NOT NULL,
    CONSTRAINT order_events_pkey PRIMARY KEY (order_id, sequence)
);

-- +goose Down
DROP TABLE order_events;
DROP TABLE order_items;
DROP TABLE orders;
DROP FUNCTION check_order_transition;
DROP TABLE order_transitions;
DROP TYPE order_status;
