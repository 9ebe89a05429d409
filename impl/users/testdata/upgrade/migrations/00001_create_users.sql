-- +goose Up
CREATE TYPE user_status AS ENUM ('active', 'disabled');

CREATE TABLE users (
    id            uuid        NOT NULL CONSTRAINT users_pkey PRIMARY KEY,
    email         text        NOT NULL CONSTRAINT users_email_length CHECK (char_length(email) <= 254),
    name          text        NOT NULL CONSTRAINT users_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    password_hash text        NOT NULL,
    avatar        text        CONSTRAINT users_avatar_length CHECK (char_length(avatar) <= 2048),
    phone         text        CONSTRAINT users_phone_length CHECK (char_length(phone) <= 16),
    status        user_status NOT NULL DEFAULT 'active',
    roles         text[]      NOT NULL CONSTRAINT users_roles_known CHECK (cardinality(roles) BETWEEN 1 AND 5 AND roles <@ '{customer,support,staff,payments,admin}'),
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);

-- Addresses are compared without regard to case; the operator class also serves searches by beginning.
CREATE UNIQUE INDEX users_email_key ON users (lower(email) text_pattern_ops);
CREATE INDEX users_name_idx ON users (lower(name) text_pattern_ops);
-- The order of every list.
CREATE INDEX users_created_at_idx ON users (created_at DESC, id DESC);
-- Few accounts are disabled or hold another role than customer.
CREATE INDEX users_disabled_idx ON users (created_at DESC, id DESC) WHERE status = 'disabled';
CREATE INDEX users_roles_idx ON users (created_at DESC, id DESC) WHERE roles <> '{customer}';

-- +goose Down
DROP TABLE users;
DROP TYPE user_status;
