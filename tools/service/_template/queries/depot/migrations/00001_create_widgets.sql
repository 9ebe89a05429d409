-- +goose Up
CREATE TYPE widget_status AS ENUM ('draft', 'published');

CREATE TABLE widgets (
    id         uuid        NOT NULL CONSTRAINT widgets_pkey PRIMARY KEY,
    owner_id   uuid        NOT NULL,
    title      text        NOT NULL CONSTRAINT widgets_title_length CHECK (char_length(title) BETWEEN 1 AND 200),
    text       text        NOT NULL CONSTRAINT widgets_text_length CHECK (char_length(text) <= 4000),
    version    bigint      NOT NULL DEFAULT 1 CONSTRAINT widgets_version_range CHECK (version BETWEEN 1 AND 9007199254740991),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    status     widget_status NOT NULL DEFAULT 'draft'
);

CREATE INDEX widgets_created_at_idx ON widgets (created_at DESC, id DESC);
CREATE INDEX widgets_owner_id_idx ON widgets (owner_id, created_at DESC, id DESC);

-- +goose Down
DROP TABLE widgets;
DROP TYPE widget_status;
