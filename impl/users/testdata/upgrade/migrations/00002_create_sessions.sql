-- +goose Up
CREATE TABLE sessions (
    id           uuid        NOT NULL CONSTRAINT sessions_pkey PRIMARY KEY,
    user_id      uuid        NOT NULL CONSTRAINT sessions_user_id_fkey REFERENCES users ON DELETE CASCADE,
    cookie       boolean     NOT NULL,
    address      text        NOT NULL CONSTRAINT sessions_address_length CHECK (char_length(address) <= 45),
    user_agent   text        NOT NULL CONSTRAINT sessions_user_agent_length CHECK (char_length(user_agent) <= 256),
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz
);

-- Of all sessions, not only the live ones: the deletion of a user looks for every one of theirs.
CREATE INDEX sessions_user_id_idx ON sessions (user_id, created_at DESC, id DESC);
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

-- Every refresh token that a session ever had, so that a replay of any of them is noticed.
CREATE TABLE refresh_tokens (
    hash       bytea       NOT NULL CONSTRAINT refresh_tokens_pkey PRIMARY KEY CONSTRAINT refresh_tokens_hash_length CHECK (octet_length(hash) = 32),
    session_id uuid        NOT NULL CONSTRAINT refresh_tokens_session_id_fkey REFERENCES sessions ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    used_at    timestamptz
);

CREATE INDEX refresh_tokens_session_id_idx ON refresh_tokens (session_id);

-- Whoever changes a session or what its user may do, this database tells every replica: the
-- payload is the session's id, or nothing for all of them. No statement, psql's included, can forget to.
-- +goose StatementBegin
CREATE FUNCTION notify_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('sessions', OLD.id::text);
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION notify_user_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('sessions', id::text) FROM sessions WHERE user_id = NEW.id AND revoked_at IS NULL;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION notify_all_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('sessions', '');
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- A session that is used moves its end away from now, which nobody needs to be told.
CREATE TRIGGER sessions_shortened AFTER UPDATE OF revoked_at, expires_at ON sessions
    FOR EACH ROW
    WHEN (NEW.revoked_at IS DISTINCT FROM OLD.revoked_at OR NEW.expires_at < OLD.expires_at)
    EXECUTE FUNCTION notify_session();
CREATE TRIGGER sessions_deleted AFTER DELETE ON sessions
    FOR EACH ROW EXECUTE FUNCTION notify_session();
CREATE TRIGGER sessions_truncated AFTER TRUNCATE ON sessions
    FOR EACH STATEMENT EXECUTE FUNCTION notify_all_sessions();
CREATE TRIGGER users_changed AFTER UPDATE OF status, roles ON users
    FOR EACH ROW EXECUTE FUNCTION notify_user_sessions();

-- +goose Down
DROP TRIGGER users_changed ON users;
DROP TABLE refresh_tokens;
DROP TABLE sessions;
DROP FUNCTION notify_all_sessions;
DROP FUNCTION notify_user_sessions;
DROP FUNCTION notify_session;
