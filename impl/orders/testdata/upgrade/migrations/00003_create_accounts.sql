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

-- +goose Down
DROP TABLE ended_sessions;
DROP TABLE accounts;
DROP FUNCTION notify_account;
DROP FUNCTION notify_ended_session;
