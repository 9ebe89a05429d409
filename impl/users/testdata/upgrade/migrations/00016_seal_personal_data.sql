-- +goose Up
-- The keys that seal the keys of accounts, each sealed by the master key; the newest seals new ones.
CREATE TABLE data_keys (
    id         uuid        NOT NULL CONSTRAINT data_keys_pkey PRIMARY KEY,
    sealed_key bytea       NOT NULL,
    created_at timestamptz NOT NULL
);

-- The key that an account's values are sealed with, in a table by itself: it goes with the account, and who keeps backups of
-- it for a short time only has none that opens the values of an account that is gone.
CREATE TABLE user_keys (
    user_id     uuid  NOT NULL CONSTRAINT user_keys_pkey PRIMARY KEY CONSTRAINT user_keys_user_id_fkey REFERENCES users ON DELETE CASCADE,
    data_key_id uuid  NOT NULL CONSTRAINT user_keys_data_key_id_fkey REFERENCES data_keys,
    sealed_key  bytea NOT NULL
);

CREATE INDEX user_keys_data_key_id_idx ON user_keys (data_key_id);

-- What is sealed is found by its mark, an HMAC by a key that the database does not know. The column phone is what earlier
-- versions write; the command reencrypt seals and empties it.
ALTER TABLE users
    ADD COLUMN sealed_phone bytea CONSTRAINT users_sealed_phone_length CHECK (octet_length(sealed_phone) <= 128),
    ADD COLUMN phone_mark bytea CONSTRAINT users_phone_mark_length CHECK (octet_length(phone_mark) = 32),
    ADD COLUMN sealed_id_card_number bytea CONSTRAINT users_sealed_id_card_number_length CHECK (octet_length(sealed_id_card_number) <= 128),
    ADD COLUMN id_card_number_mark bytea CONSTRAINT users_id_card_number_mark_length CHECK (octet_length(id_card_number_mark) = 32),
    ADD CONSTRAINT users_phone_marked CHECK ((sealed_phone IS NULL) = (phone_mark IS NULL)),
    ADD CONSTRAINT users_id_card_number_marked CHECK ((sealed_id_card_number IS NULL) = (id_card_number_mark IS NULL));

CREATE INDEX users_phone_mark_idx ON users (phone_mark) WHERE phone_mark IS NOT NULL;
CREATE UNIQUE INDEX users_id_card_number_mark_key ON users (id_card_number_mark) WHERE id_card_number_mark IS NOT NULL;

-- +goose Down
ALTER TABLE users
    DROP COLUMN sealed_phone,
    DROP COLUMN phone_mark,
    DROP COLUMN sealed_id_card_number,
    DROP COLUMN id_card_number_mark;
DROP TABLE user_keys;
DROP TABLE data_keys;
