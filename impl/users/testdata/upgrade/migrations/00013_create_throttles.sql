-- +goose Up
-- How often something was tried in vain: the time at which nothing of it will count any more. A key is an HMAC under the
-- service's key, so that nobody reads here who was tried, or from where. What is lost in a crash of the database is
-- forgiven: the table is not logged. It has no index on the time, so that counting rewrites no index.
CREATE UNLOGGED TABLE throttles (
    key      bytea       NOT NULL CONSTRAINT throttles_pkey PRIMARY KEY CONSTRAINT throttles_key_length CHECK (octet_length(key) = 32),
    span     interval    NOT NULL,
    whole_at timestamptz NOT NULL
) WITH (fillfactor = 70);

-- From where the owners of accounts have lately signed in; both keys are HMACs as above.
CREATE TABLE familiar_networks (
    key        bytea       NOT NULL CONSTRAINT familiar_networks_pkey PRIMARY KEY CONSTRAINT familiar_networks_key_length CHECK (octet_length(key) = 32),
    account    bytea       NOT NULL CONSTRAINT familiar_networks_account_length CHECK (octet_length(account) = 32),
    expires_at timestamptz NOT NULL
);

CREATE INDEX familiar_networks_account_idx ON familiar_networks (account, expires_at DESC);
CREATE INDEX familiar_networks_expires_at_idx ON familiar_networks (expires_at);

-- +goose Down
DROP TABLE familiar_networks;
DROP TABLE throttles;
