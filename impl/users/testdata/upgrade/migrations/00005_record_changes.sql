-- +goose Up
-- Whoever changes what an account may do, or ends a session, this database writes it down for other services in the
-- same transaction. No statement, psql's included, can forget to. The time is the database's, so that the events of
-- one user have times in their order. The subject is always the user, whose events so stay in order.
-- +goose StatementBegin
CREATE FUNCTION record_user(type text, account users) RETURNS void LANGUAGE sql AS $$
    INSERT INTO outbox (id, type, subject, data, occurred_at)
    SELECT gen_random_uuid(), type, account.id, jsonb_build_object(
        'user_id', account.id,
        'status', CASE type WHEN 'user.deleted' THEN 'deleted' ELSE account.status::text END,
        'roles', account.roles,
        'changed_at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    ), at
    FROM clock_timestamp() AS at;
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION record_session_end(session sessions) RETURNS void LANGUAGE sql AS $$
    -- A session that ends with its account is part of user.deleted.
    INSERT INTO outbox (id, type, subject, data, occurred_at)
    SELECT gen_random_uuid(), 'session.revoked', users.id, jsonb_build_object('session_id', session.id, 'user_id', users.id), clock_timestamp()
    FROM users
    WHERE users.id = session.user_id;
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION record_user_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM record_user(TG_ARGV[0], CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END);
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION record_session_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM record_session_end(OLD);
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION record_truncation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'users' THEN
        PERFORM record_user('user.deleted', users) FROM users;
    ELSE
        PERFORM record_session_end(sessions) FROM sessions WHERE revoked_at IS NULL AND expires_at > now();
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER users_disabling_recorded AFTER UPDATE OF status ON users
    FOR EACH ROW
    WHEN (NEW.status = 'disabled' AND OLD.status <> 'disabled')
    EXECUTE FUNCTION record_user_change('user.disabled');
CREATE TRIGGER users_enabling_recorded AFTER UPDATE OF status ON users
    FOR EACH ROW
    WHEN (NEW.status = 'active' AND OLD.status <> 'active')
    EXECUTE FUNCTION record_user_change('user.enabled');
CREATE TRIGGER users_roles_recorded AFTER UPDATE OF roles ON users
    FOR EACH ROW
    WHEN (NEW.roles IS DISTINCT FROM OLD.roles)
    EXECUTE FUNCTION record_user_change('user.roles_changed');
CREATE TRIGGER users_deletion_recorded AFTER DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION record_user_change('user.deleted');
CREATE TRIGGER users_truncation_recorded BEFORE TRUNCATE ON users
    FOR EACH STATEMENT EXECUTE FUNCTION record_truncation();

-- A session that is over by its time ended when it was said to: removing it later is no news.
CREATE TRIGGER sessions_end_recorded AFTER UPDATE OF revoked_at, expires_at ON sessions
    FOR EACH ROW
    WHEN (OLD.revoked_at IS NULL AND (NEW.revoked_at IS NOT NULL OR OLD.expires_at > now() AND NEW.expires_at <= now()))
    EXECUTE FUNCTION record_session_change();
CREATE TRIGGER sessions_deletion_recorded AFTER DELETE ON sessions
    FOR EACH ROW
    WHEN (OLD.revoked_at IS NULL AND OLD.expires_at > now())
    EXECUTE FUNCTION record_session_change();
CREATE TRIGGER sessions_truncation_recorded BEFORE TRUNCATE ON sessions
    FOR EACH STATEMENT EXECUTE FUNCTION record_truncation();

-- +goose Down
DROP TRIGGER sessions_truncation_recorded ON sessions;
DROP TRIGGER sessions_deletion_recorded ON sessions;
DROP TRIGGER sessions_end_recorded ON sessions;
DROP TRIGGER users_truncation_recorded ON users;
DROP TRIGGER users_deletion_recorded ON users;
DROP TRIGGER users_roles_recorded ON users;
DROP TRIGGER users_enabling_recorded ON users;
DROP TRIGGER users_disabling_recorded ON users;
DROP FUNCTION record_truncation;
DROP FUNCTION record_session_change;
DROP FUNCTION record_user_change;
DROP FUNCTION record_session_end;
DROP FUNCTION record_user;
