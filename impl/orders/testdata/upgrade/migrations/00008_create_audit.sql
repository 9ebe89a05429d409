-- +goose Up
-- What was done, by whom, to whom, from where and with what outcome, written in the transaction that did it. A row is
-- never changed or removed, whatever role asks: an entry that is wrong is followed by one that says so.
CREATE TABLE audit_entries (
    position       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY CONSTRAINT audit_entries_pkey PRIMARY KEY,
    id             uuid        NOT NULL CONSTRAINT audit_entries_id_key UNIQUE,
    action         text        NOT NULL CONSTRAINT audit_entries_action_length CHECK (char_length(action) <= 64),
    outcome        text        NOT NULL CONSTRAINT audit_entries_outcome_length CHECK (char_length(outcome) <= 64),
    actor          uuid,
    target         uuid,
    sealed_address bytea       NOT NULL,
    request_id     text        NOT NULL CONSTRAINT audit_entries_request_id_length CHECK (char_length(request_id) <= 128),
    occurred_at    timestamptz NOT NULL
);

CREATE INDEX audit_entries_occurred_at_idx ON audit_entries (occurred_at DESC, id DESC);
CREATE INDEX audit_entries_actor_idx ON audit_entries (actor, occurred_at DESC, id DESC);
CREATE INDEX audit_entries_target_idx ON audit_entries (target, occurred_at DESC, id DESC);
CREATE INDEX audit_entries_action_idx ON audit_entries (action, occurred_at DESC, id DESC);

-- Entries are sealed in batches, each of which holds the seal of the one before: with the master key alone can they be
-- made to fit again after a change.
CREATE TABLE audit_batches (
    number    bigint      NOT NULL CONSTRAINT audit_batches_pkey PRIMARY KEY,
    entries   integer     NOT NULL CONSTRAINT audit_batches_not_empty CHECK (entries > 0),
    seal      bytea       NOT NULL CONSTRAINT audit_batches_seal_length CHECK (octet_length(seal) = 32),
    sealed_at timestamptz NOT NULL
);

-- An entry is in the batch that was sealed after its transaction had committed, which its position does not tell.
CREATE TABLE audit_seals (
    position bigint NOT NULL CONSTRAINT audit_seals_pkey PRIMARY KEY CONSTRAINT audit_seals_position_fkey REFERENCES audit_entries,
    batch    bigint NOT NULL CONSTRAINT audit_seals_batch_fkey REFERENCES audit_batches,
    seal     bytea  NOT NULL CONSTRAINT audit_seals_seal_length CHECK (octet_length(seal) = 32)
);

CREATE INDEX audit_seals_batch_idx ON audit_seals (batch, position);

-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
-- +goose StatementEnd

CREATE TRIGGER audit_entries_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_batches_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_batches
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_seals_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- +goose Down
DROP TABLE audit_seals;
DROP TABLE audit_batches;
DROP TABLE audit_entries;
DROP FUNCTION refuse_change;
