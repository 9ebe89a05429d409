-- +goose Up
CREATE TYPE product_status AS ENUM ('active', 'archived');

CREATE TABLE products (
    id           uuid           NOT NULL CONSTRAINT products_pkey PRIMARY KEY,
    sku          text           NOT NULL CONSTRAINT products_sku_key UNIQUE CONSTRAINT products_sku_length CHECK (char_length(sku) BETWEEN 1 AND 64),
    name         text           NOT NULL CONSTRAINT products_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    description  text           NOT NULL CONSTRAINT products_description_length CHECK (char_length(description) <= 4000),
    price_amount bigint         NOT NULL CONSTRAINT products_price_amount_range CHECK (price_amount BETWEEN 0 AND 1000000000),
    currency     text           NOT NULL CONSTRAINT products_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    status       product_status NOT NULL DEFAULT 'active',
    version      bigint         NOT NULL DEFAULT 1 CONSTRAINT products_version_positive CHECK (version > 0),
    created_at   timestamptz    NOT NULL,
    updated_at   timestamptz    NOT NULL,
    -- What a search looks at: what stands between ASCII punctuation.
    words        tsvector       NOT NULL GENERATED ALWAYS AS (to_tsvector('simple', regexp_replace(name || ' ' || description || ' ' || sku, '[!-/:-@\[-`{-~]+', ' ', 'g'))) STORED
);

CREATE INDEX products_status_idx ON products (status, created_at DESC, id DESC);
CREATE INDEX products_words_idx ON products USING gin (words);

-- Apart from the product, because it changes with every order: room on each page keeps the changes on it.
CREATE TABLE stock (
    product_id uuid        NOT NULL CONSTRAINT stock_pkey PRIMARY KEY CONSTRAINT stock_product_id_fkey REFERENCES products,
    available  bigint      NOT NULL DEFAULT 0 CONSTRAINT stock_available_not_negative CHECK (available >= 0),
    reserved   bigint      NOT NULL DEFAULT 0 CONSTRAINT stock_reserved_not_negative CHECK (reserved >= 0),
    sold       bigint      NOT NULL DEFAULT 0 CONSTRAINT stock_sold_not_negative CHECK (sold >= 0),
    received   bigint      NOT NULL DEFAULT 0 CONSTRAINT stock_received_range CHECK (received BETWEEN 0 AND 9007199254740991),
    updated_at timestamptz NOT NULL,
    CONSTRAINT stock_adds_up CHECK (available + reserved + sold = received)
) WITH (fillfactor = 50);

CREATE TABLE stock_adjustments (
    id          uuid        NOT NULL CONSTRAINT stock_adjustments_pkey PRIMARY KEY,
    product_id  uuid        NOT NULL CONSTRAINT stock_adjustments_product_id_fkey REFERENCES products,
    delta       bigint      NOT NULL CONSTRAINT stock_adjustments_delta_range CHECK (delta <> 0 AND delta BETWEEN -1000000 AND 1000000),
    reason      text        NOT NULL CONSTRAINT stock_adjustments_reason_length CHECK (char_length(reason) BETWEEN 1 AND 200),
    adjusted_by uuid        NOT NULL,
    created_at  timestamptz NOT NULL
);

CREATE INDEX stock_adjustments_product_id_idx ON stock_adjustments (product_id, created_at DESC, id DESC);

-- +goose Down
DROP TABLE stock_adjustments;
DROP TABLE stock;
DROP TABLE products;
DROP TYPE product_status;
