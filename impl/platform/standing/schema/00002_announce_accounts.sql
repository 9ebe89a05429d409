-- +goose Up
-- The payload names the account, so that replicas forget its sessions and no others. A replica of the release before
-- forgets all of them, as it does for every payload that is not the id of a session.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION notify_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('sessions', 'account:' || NEW.user_id);
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION notify_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('sessions', '');
    RETURN NULL;
END $$;
-- +goose StatementEnd
