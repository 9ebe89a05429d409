-- +goose Up
-- As it was sent; who reads it gets what is harmless of it.
ALTER TABLE users ADD COLUMN biography text CONSTRAINT users_biography_length CHECK (char_length(biography) <= 2000);

-- +goose Down
ALTER TABLE users DROP COLUMN biography;
