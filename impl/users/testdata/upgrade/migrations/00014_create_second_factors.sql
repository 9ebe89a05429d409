-- +goose Up
-- Since when a login takes a second factor; NULL where it takes none. It stands here because what opens a session asks for it.
ALTER TABLE users ADD COLUMN second_factor_at timestamptz;

-- The secret that an authenticator app has, sealed under its user's id. It is only asked for once second_factor_at is set.
-- last_step is the newest time step (RFC 6238) whose code was used: neither it nor an older one is good again.
CREATE TABLE second_factors (
    user_id    uuid        NOT NULL CONSTRAINT second_factors_pkey PRIMARY KEY CONSTRAINT second_factors_user_id_fkey REFERENCES users ON DELETE CASCADE,
    secret     bytea       NOT NULL CONSTRAINT second_factors_secret_length CHECK (octet_length(secret) <= 128),
    last_step  bigint      NOT NULL,
    created_at timestamptz NOT NULL
);

-- The codes that stand in for a lost app, as HMACs by a key that is not here. Use removes one.
CREATE TABLE recovery_codes (
    hash    bytea NOT NULL CONSTRAINT recovery_codes_pkey PRIMARY KEY CONSTRAINT recovery_codes_hash_length CHECK (octet_length(hash) = 32),
    user_id uuid  NOT NULL CONSTRAINT recovery_codes_user_id_fkey REFERENCES second_factors ON DELETE CASCADE
);

CREATE INDEX recovery_codes_user_id_idx ON recovery_codes (user_id);

-- What a login with the right password waits for. It is void when the account has another password, and gone with its second factor.
CREATE TABLE login_challenges (
    hash          bytea       NOT NULL CONSTRAINT login_challenges_pkey PRIMARY KEY CONSTRAINT login_challenges_hash_length CHECK (octet_length(hash) = 32),
    user_id       uuid        NOT NULL CONSTRAINT login_challenges_user_id_fkey REFERENCES second_factors ON DELETE CASCADE,
    password_hash text        NOT NULL CONSTRAINT login_challenges_password_hash_length CHECK (char_length(password_hash) <= 255),
    cookie        boolean     NOT NULL,
    tries         integer     NOT NULL CONSTRAINT login_challenges_tries_range CHECK (tries BETWEEN 0 AND 5),
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL
);

CREATE INDEX login_challenges_user_id_idx ON login_challenges (user_id);
CREATE INDEX login_challenges_expires_at_idx ON login_challenges (expires_at);

-- +goose Down
DROP TABLE login_challenges;
DROP TABLE recovery_codes;
DROP TABLE second_factors;
ALTER TABLE users DROP COLUMN second_factor_at;
