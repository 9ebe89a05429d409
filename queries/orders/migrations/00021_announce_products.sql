-- +goose Up
-- Whoever remembers products forgets those that are announced. A notification is sent when its transaction is committed, and only then. Changes
-- of stock are not announced: PostgreSQL commits transactions with notifications one after another, and every order changes stock.
-- +goose StatementBegin
CREATE FUNCTION notify_products() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM pg_notify('products', '');
    ELSIF (SELECT count(*) FROM (SELECT FROM changed LIMIT 101) AS first) > 100 THEN
        PERFORM pg_notify('products', ''); -- all of them
    ELSE
        PERFORM pg_notify('products', id::text) FROM changed;
    END IF;
    RETURN NULL;
END;
$$;
-- +goose StatementEnd

CREATE TRIGGER products_inserted AFTER INSERT ON products REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION notify_products();
CREATE TRIGGER products_updated AFTER UPDATE ON products REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION notify_products();
CREATE TRIGGER products_deleted AFTER DELETE ON products REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION notify_products();
CREATE TRIGGER products_truncated AFTER TRUNCATE ON products
    FOR EACH STATEMENT EXECUTE FUNCTION notify_products();

-- +goose Down
DROP TRIGGER products_truncated ON products;
DROP TRIGGER products_deleted ON products;
DROP TRIGGER products_updated ON products;
DROP TRIGGER products_inserted ON products;
DROP FUNCTION notify_products;
