-- +goose Up
-- What the users service has told of accounts and sessions, for as long as a token can say otherwise.
CREATE TABLE accounts (
    user_id    uuid        NOT NULL CONSTRAINT accounts_pkey PRIMARY KEY,
    status     text        NOT NULL CONSTRAINT accounts_status_known CHECK (status IN ('active', 'disabled', 'deleted')),
    roles      text[]      NOT NULL,
    changed_at timestamptz NOT NULL
);

CREATE INDEX accounts_changed_at_idx ON accounts (changed_at);

CREATE TABLE ended_sessions (
    session_id uuid        NOT NULL CONSTRAINT ended_sessions_pkey PRIMARY KEY,
    ended_at   timestamptz NOT NULL
);

CREATE INDEX ended_sessions_ended_at_idx ON ended_sessions (ended_at);

-- This database tells every replica: the payload is the session's id, or nothing for all of them.
-- +goose StatementBegin
CREATE FUNCTION notify_ended_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('sessions', NEW.session_id::text);
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION notify_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('sessions', '');
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER ended_sessions_added AFTER INSERT ON ended_sessions
    FOR EACH ROW EXECUTE FUNCTION notify_ended_session();
-- A row is only deleted when no token is left that it says something of.
CREATE TRIGGER accounts_changed AFTER INSERT OR UPDATE ON accounts
    FOR EACH ROW EXECUTE FUNCTION notify_account();

-- The events of others that have been dealt with, so that one that comes again is not.
CREATE TABLE inbox (
    id          uuid        NOT NULL CONSTRAINT inbox_pkey PRIMARY KEY,
    received_at timestamptz NOT NULL
);

CREATE INDEX inbox_received_at_idx ON inbox (received_at);

-- The answers that are given again to a request with the same Idempotency-Key.
CREATE TABLE idempotency_keys (
    principal   uuid        NOT NULL,
    operation   text        NOT NULL CONSTRAINT idempotency_keys_operation_length CHECK (char_length(operation) <= 64),
    key         text        NOT NULL CONSTRAINT idempotency_keys_key_length CHECK (char_length(key) BETWEEN 1 AND 255),
    fingerprint bytea       NOT NULL CONSTRAINT idempotency_keys_fingerprint_length CHECK (octet_length(fingerprint) = 32),
    status      smallint,
    headers     jsonb,
    body        bytea,
    created_at  timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (principal, operation, key)
);

CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);

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

-- What was sealed with the master key that the database is used with: no service starts with another. It is one row, which
-- the first start writes.
CREATE TABLE master_key_proof (
    single  boolean NOT NULL DEFAULT true CONSTRAINT master_key_proof_pkey PRIMARY KEY CONSTRAINT master_key_proof_one_row CHECK (single),
    purpose text    NOT NULL CONSTRAINT master_key_proof_purpose_length CHECK (char_length(purpose) <= 64),
    name    text    NOT NULL CONSTRAINT master_key_proof_name_length CHECK (char_length(name) <= 128),
    sealed  bytea   NOT NULL
);

-- +goose Down
DROP TABLE master_key_proof;
DROP TABLE audit_seals;
DROP TABLE audit_batches;
DROP TABLE audit_entries;
DROP FUNCTION refuse_change;
DROP TABLE idempotency_keys;
DROP TABLE inbox;
DROP TABLE ended_sessions;
DROP TABLE accounts;
DROP FUNCTION notify_account;
DROP FUNCTION notify_ended_session;
