-- +goose Up
-- What the requests of the tests do.
CREATE TABLE effects (
    name text NOT NULL
);

-- +goose Down
DROP TABLE effects;
