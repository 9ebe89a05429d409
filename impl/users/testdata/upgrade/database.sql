
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE TYPE public.river_job_state AS ENUM (
    'available',
    'cancelled',
    'completed',
    'discarded',
    'pending',
    'retryable',
    'running',
    'scheduled'
);

CREATE TYPE public.user_status AS ENUM (
    'active',
    'disabled'
);

CREATE FUNCTION public.folded(text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $_$ SELECT translate(replace(replace(replace(lower(normalize($1)), 'ß', 'ss'), 'ẞ', 'ss'), U&'i\0307', 'i'), 'ςſıİ', 'σsii') $_$;

CREATE FUNCTION public.notify_all_sessions() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM pg_notify('sessions', '');
    RETURN NULL;
END $$;

CREATE FUNCTION public.notify_session() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM pg_notify('sessions', OLD.id::text);
    RETURN NULL;
END $$;

CREATE FUNCTION public.notify_user_sessions() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM pg_notify('sessions', id::text) FROM sessions WHERE user_id = NEW.id AND revoked_at IS NULL;
    RETURN NULL;
END $$;

CREATE FUNCTION public.record_session_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM record_session_end(OLD);
    RETURN NULL;
END $$;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE public.sessions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    cookie boolean NOT NULL,
    address text NOT NULL,
    user_agent text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    family bytea,
    CONSTRAINT sessions_address_length CHECK ((char_length(address) <= 45)),
    CONSTRAINT sessions_family_length CHECK ((octet_length(family) = 8)),
    CONSTRAINT sessions_user_agent_length CHECK ((char_length(user_agent) <= 256))
);

CREATE FUNCTION public.record_session_end(session public.sessions) RETURNS void
    LANGUAGE sql
    AS $$
    -- A session that ends with its account is part of user.deleted.
    INSERT INTO outbox (id, type, subject, data, occurred_at)
    SELECT gen_random_uuid(), 'session.revoked', users.id, jsonb_build_object('session_id', session.id, 'user_id', users.id), clock_timestamp()
    FROM users
    WHERE users.id = session.user_id;
$$;

CREATE FUNCTION public.record_truncation() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_TABLE_NAME = 'users' THEN
        PERFORM record_user('user.deleted', users) FROM users;
    ELSE
        PERFORM record_session_end(sessions) FROM sessions WHERE revoked_at IS NULL AND expires_at > now();
    END IF;
    RETURN NULL;
END $$;

CREATE TABLE public.users (
    id uuid NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    password_hash text NOT NULL,
    avatar text,
    phone text,
    status public.user_status DEFAULT 'active'::public.user_status NOT NULL,
    roles text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    email_verified_at timestamp with time zone,
    deletes_at timestamp with time zone,
    second_factor_at timestamp with time zone,
    sealed_phone bytea,
    phone_mark bytea,
    sealed_id_card_number bytea,
    id_card_number_mark bytea,
    biography text,
    CONSTRAINT users_admin_stays CHECK (((deletes_at IS NULL) OR (NOT ('admin'::text = ANY (roles))))),
    CONSTRAINT users_avatar_length CHECK ((char_length(avatar) <= 2048)),
    CONSTRAINT users_biography_length CHECK ((char_length(biography) <= 2000)),
    CONSTRAINT users_email_length CHECK ((char_length(email) <= 254)),
    CONSTRAINT users_id_card_number_mark_length CHECK ((octet_length(id_card_number_mark) = 32)),
    CONSTRAINT users_id_card_number_marked CHECK (((sealed_id_card_number IS NULL) = (id_card_number_mark IS NULL))),
    CONSTRAINT users_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100))),
    CONSTRAINT users_phone_length CHECK ((char_length(phone) <= 16)),
    CONSTRAINT users_phone_mark_length CHECK ((octet_length(phone_mark) = 32)),
    CONSTRAINT users_phone_marked CHECK (((sealed_phone IS NULL) = (phone_mark IS NULL))),
    CONSTRAINT users_roles_known CHECK ((((cardinality(roles) >= 1) AND (cardinality(roles) <= 5)) AND (roles <@ '{customer,support,staff,payments,admin}'::text[]))),
    CONSTRAINT users_sealed_id_card_number_length CHECK ((octet_length(sealed_id_card_number) <= 128)),
    CONSTRAINT users_sealed_phone_length CHECK ((octet_length(sealed_phone) <= 128))
);

CREATE FUNCTION public.record_user(type text, account public.users) RETURNS void
    LANGUAGE sql
    AS $$
    INSERT INTO outbox (id, type, subject, data, occurred_at)
    SELECT gen_random_uuid(), type, account.id, jsonb_build_object(
        'user_id', account.id,
        'status', CASE type WHEN 'user.deleted' THEN 'deleted' ELSE account.status::text END,
        'roles', account.roles,
        'changed_at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    ), at
    FROM clock_timestamp() AS at;
$$;

CREATE FUNCTION public.record_user_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM record_user(TG_ARGV[0], CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END);
    RETURN NULL;
END $$;

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION public.river_job_state_in_bitmask(bitmask bit, state public.river_job_state) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE state
        WHEN 'available' THEN get_bit(bitmask, 7)
        WHEN 'cancelled' THEN get_bit(bitmask, 6)
        WHEN 'completed' THEN get_bit(bitmask, 5)
        WHEN 'discarded' THEN get_bit(bitmask, 4)
        WHEN 'pending'   THEN get_bit(bitmask, 3)
        WHEN 'retryable' THEN get_bit(bitmask, 2)
        WHEN 'running'   THEN get_bit(bitmask, 1)
        WHEN 'scheduled' THEN get_bit(bitmask, 0)
        ELSE 0
    END = 1;
$$;

CREATE TABLE public.audit_batches (
    number bigint NOT NULL,
    entries integer NOT NULL,
    seal bytea NOT NULL,
    sealed_at timestamp with time zone NOT NULL,
    CONSTRAINT audit_batches_not_empty CHECK ((entries > 0)),
    CONSTRAINT audit_batches_seal_length CHECK ((octet_length(seal) = 32))
);

CREATE TABLE public.audit_entries (
    "position" bigint NOT NULL,
    id uuid NOT NULL,
    action text NOT NULL,
    outcome text NOT NULL,
    actor uuid,
    target uuid,
    sealed_address bytea NOT NULL,
    request_id text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    CONSTRAINT audit_entries_action_length CHECK ((char_length(action) <= 64)),
    CONSTRAINT audit_entries_outcome_length CHECK ((char_length(outcome) <= 64)),
    CONSTRAINT audit_entries_request_id_length CHECK ((char_length(request_id) <= 128))
);

ALTER TABLE public.audit_entries ALTER COLUMN "position" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_entries_position_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.audit_seals (
    "position" bigint NOT NULL,
    batch bigint NOT NULL,
    seal bytea NOT NULL,
    CONSTRAINT audit_seals_seal_length CHECK ((octet_length(seal) = 32))
);

CREATE TABLE public.data_keys (
    id uuid NOT NULL,
    sealed_key bytea NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.email_tokens (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    purpose text NOT NULL,
    email text NOT NULL,
    hash bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    mails integer DEFAULT 1 NOT NULL,
    mailed_at timestamp with time zone DEFAULT now() NOT NULL,
    counted_from timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT email_tokens_email_length CHECK ((char_length(email) <= 254)),
    CONSTRAINT email_tokens_hash_length CHECK ((octet_length(hash) = 32)),
    CONSTRAINT email_tokens_mails_positive CHECK ((mails > 0)),
    CONSTRAINT email_tokens_purpose_known CHECK ((purpose = ANY (ARRAY['verify'::text, 'reset'::text, 'change'::text])))
);

CREATE TABLE public.familiar_networks (
    key bytea NOT NULL,
    account bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT familiar_networks_account_length CHECK ((octet_length(account) = 32)),
    CONSTRAINT familiar_networks_key_length CHECK ((octet_length(key) = 32))
);

CREATE TABLE public.goose_db_version (
    id integer NOT NULL,
    version_id bigint NOT NULL,
    is_applied boolean NOT NULL,
    tstamp timestamp without time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.goose_db_version ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.goose_db_version_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.login_challenges (
    hash bytea NOT NULL,
    user_id uuid NOT NULL,
    password_hash text NOT NULL,
    cookie boolean NOT NULL,
    tries integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT login_challenges_hash_length CHECK ((octet_length(hash) = 32)),
    CONSTRAINT login_challenges_password_hash_length CHECK ((char_length(password_hash) <= 255)),
    CONSTRAINT login_challenges_tries_range CHECK (((tries >= 0) AND (tries <= 5)))
);

CREATE TABLE public.master_key_proof (
    single boolean DEFAULT true NOT NULL,
    purpose text NOT NULL,
    name text NOT NULL,
    sealed bytea NOT NULL,
    CONSTRAINT master_key_proof_name_length CHECK ((char_length(name) <= 128)),
    CONSTRAINT master_key_proof_one_row CHECK (single),
    CONSTRAINT master_key_proof_purpose_length CHECK ((char_length(purpose) <= 64))
);

CREATE TABLE public.outbox (
    "position" bigint NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL,
    subject uuid NOT NULL,
    data jsonb NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    traceparent text,
    published_at timestamp with time zone,
    CONSTRAINT outbox_data_object CHECK ((jsonb_typeof(data) = 'object'::text)),
    CONSTRAINT outbox_data_size CHECK ((pg_column_size(data) <= 65536)),
    CONSTRAINT outbox_traceparent_length CHECK ((char_length(traceparent) = 55)),
    CONSTRAINT outbox_type_form CHECK ((type ~ '^[a-z_]+\.[a-z_]+$'::text)),
    CONSTRAINT outbox_type_length CHECK ((char_length(type) <= 64))
);

ALTER TABLE public.outbox ALTER COLUMN "position" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.outbox_position_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.recovery_codes (
    hash bytea NOT NULL,
    user_id uuid NOT NULL,
    CONSTRAINT recovery_codes_hash_length CHECK ((octet_length(hash) = 32))
);

CREATE TABLE public.refresh_tokens (
    hash bytea NOT NULL,
    session_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    tagged boolean DEFAULT false NOT NULL,
    CONSTRAINT refresh_tokens_hash_length CHECK ((octet_length(hash) = 32))
);

CREATE TABLE public.river_job (
    id bigint NOT NULL,
    state public.river_job_state DEFAULT 'available'::public.river_job_state NOT NULL,
    attempt smallint DEFAULT 0 NOT NULL,
    max_attempts smallint DEFAULT 25 NOT NULL,
    attempted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finalized_at timestamp with time zone,
    scheduled_at timestamp with time zone DEFAULT now() NOT NULL,
    priority smallint DEFAULT 1 NOT NULL,
    args jsonb NOT NULL,
    attempted_by text[],
    errors jsonb[],
    kind text NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    queue text DEFAULT 'default'::text NOT NULL,
    tags character varying(255)[] DEFAULT '{}'::character varying[] NOT NULL,
    unique_key bytea,
    unique_states bit(8),
    CONSTRAINT finalized_or_finalized_at_null CHECK ((((finalized_at IS NULL) AND (state <> ALL (ARRAY['cancelled'::public.river_job_state, 'completed'::public.river_job_state, 'discarded'::public.river_job_state]))) OR ((finalized_at IS NOT NULL) AND (state = ANY (ARRAY['cancelled'::public.river_job_state, 'completed'::public.river_job_state, 'discarded'::public.river_job_state]))))),
    CONSTRAINT kind_length CHECK (((char_length(kind) > 0) AND (char_length(kind) < 128))),
    CONSTRAINT max_attempts_is_positive CHECK ((max_attempts > 0)),
    CONSTRAINT priority_in_range CHECK (((priority >= 1) AND (priority <= 4))),
    CONSTRAINT queue_length CHECK (((char_length(queue) > 0) AND (char_length(queue) < 128)))
);

CREATE SEQUENCE public.river_job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.river_job_id_seq OWNED BY public.river_job.id;

CREATE UNLOGGED TABLE public.river_leader (
    elected_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    leader_id text NOT NULL,
    name text DEFAULT 'default'::text NOT NULL,
    CONSTRAINT leader_id_length CHECK (((char_length(leader_id) > 0) AND (char_length(leader_id) < 128))),
    CONSTRAINT name_length CHECK ((name = 'default'::text))
);

CREATE TABLE public.river_migration (
    line text NOT NULL,
    version bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT line_length CHECK (((char_length(line) > 0) AND (char_length(line) < 128))),
    CONSTRAINT version_gte_1 CHECK ((version >= 1))
);

CREATE TABLE public.river_notification (
    id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    payload text NOT NULL,
    topic text NOT NULL,
    CONSTRAINT topic_length CHECK (((length(topic) > 0) AND (length(topic) < 128)))
);

CREATE SEQUENCE public.river_notification_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.river_notification_id_seq OWNED BY public.river_notification.id;

CREATE TABLE public.river_queue (
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    paused_at timestamp with time zone,
    updated_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);

CREATE TABLE public.second_factors (
    user_id uuid NOT NULL,
    secret bytea NOT NULL,
    last_step bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT second_factors_secret_length CHECK ((octet_length(secret) <= 128))
);

CREATE TABLE public.signing_keys (
    kid text NOT NULL,
    sealed_key bytea NOT NULL,
    signs_from timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT signing_keys_kid_length CHECK ((char_length(kid) <= 64))
);

CREATE UNLOGGED TABLE public.throttles (
    key bytea NOT NULL,
    span interval NOT NULL,
    whole_at timestamp with time zone NOT NULL,
    CONSTRAINT throttles_key_length CHECK ((octet_length(key) = 32))
)
WITH (fillfactor='70');

CREATE TABLE public.user_keys (
    user_id uuid NOT NULL,
    data_key_id uuid NOT NULL,
    sealed_key bytea NOT NULL
);

ALTER TABLE ONLY public.river_job ALTER COLUMN id SET DEFAULT nextval('public.river_job_id_seq'::regclass);

ALTER TABLE ONLY public.river_notification ALTER COLUMN id SET DEFAULT nextval('public.river_notification_id_seq'::regclass);

INSERT INTO public.audit_batches VALUES
	(1, 24, '\xdbc1299759477f6b41eca6749e0845d92436f4862908a9dda5a2431d480ab9a2', '2026-11-23 09:30:01+00');

INSERT INTO public.audit_entries OVERRIDING SYSTEM VALUE VALUES
	(1, '01a22d4a-bb84-7f01-bb0a-8f4423f2721f', 'user.create', 'success', '01a22d4a-bb89-7340-afa8-89da81dc7f2f', '01a22d4a-bb89-7340-afa8-89da81dc7f2f', '\xf6178810e0f81a7eef48242955db7ab81f2f86c7f7b780692b6e9d46c61bf4d2b519235390', '01a22d4a-bb84-7de7-8814-6008e912a18b', '2026-11-23 09:30:00+00'),
	(2, '01a22d4a-bb9c-77db-90b4-d00aaa42cf65', 'session.start', 'success', '01a22d4a-bb89-7340-afa8-89da81dc7f2f', '01a22d4a-bb89-7340-afa8-89da81dc7f2f', '\x2da7f499eb8122c7ff2c89cbcbc2a263e4c6ddc4f80493add75e7fcdddb5cfca336717572d', '01a22d4a-bb97-7939-9781-86752fc76163', '2026-11-23 09:30:00+00'),
	(3, '01a22d4a-bba5-75b8-a8fd-9978cc58ea73', 'user.create', 'success', '01a22d4a-bba5-7794-b112-5389e5dc3193', '01a22d4a-bba5-7794-b112-5389e5dc3193', '\x5b5ba2898e052ae4f95960f4858cad0d8808550b30340115ee280239a9cfb2ce74ca32d61f', '01a22d4a-bba5-7da4-92d4-17125f53f1e7', '2026-11-23 09:30:00+00'),
	(4, '01a22d4a-bbac-7e96-a01d-d49e8ac2be6e', 'session.start', 'success', '01a22d4a-bba5-7794-b112-5389e5dc3193', '01a22d4a-bba5-7794-b112-5389e5dc3193', '\x166ce5ccd10033b575627ca581aafca6f25795ec6136826745cae7d95ff6c32835c73cfc36', '01a22d4a-bba9-75a9-b254-f9cb0f842e90', '2026-11-23 09:30:00+00'),
	(5, '01a22d4a-bbb4-768e-a4a2-48f8b91a3496', 'user.create', 'success', '01a22d4a-bbb4-78cf-b81a-0057054b52e0', '01a22d4a-bbb4-78cf-b81a-0057054b52e0', '\x816bafdb1d512408806cb90e91038b1977534de06d6230508abdfbf68782f9ed85bcef351c', '01a22d4a-bbb4-7ff6-b277-05912e139ae3', '2026-11-23 09:30:00+00'),
	(6, '01a22d4a-bbb9-7dae-8a55-66d28e8de799', 'session.start', 'success', '01a22d4a-bbb4-78cf-b81a-0057054b52e0', '01a22d4a-bbb4-78cf-b81a-0057054b52e0', '\xd04486d797eac11e66a72cfab00b48ca5085c1306f028abc6a9a8348c5e21bccd7dee85d1f', '01a22d4a-bbb8-72f6-84a1-bd31e12efbc6', '2026-11-23 09:30:00+00'),
	(7, '01a22d4a-bbbd-7ab2-ae99-9d1a610cd0b4', 'session.start', 'success', '01a22d4a-bb89-7340-afa8-89da81dc7f2f', '01a22d4a-bb89-7340-afa8-89da81dc7f2f', '\x35594f4401a73a0995bcaefa167eae7f3068dc31766d808f44f7b5df1b399b73c5a6bfc7e2', '01a22d4a-bbbd-70ac-9346-b1337101364f', '2026-11-23 09:30:00+00'),
	(8, '01a22d4a-bbc3-7894-b871-1221995439ea', 'profile.update', 'success', '01a22d4a-bb89-7340-afa8-89da81dc7f2f', '01a22d4a-bb89-7340-afa8-89da81dc7f2f', '\xf4b67c79f9537c14abb3d3c669aca170d75ebfa87161ff62d5e8cdcbf0935d384e0e8ed2a1', '01a22d4a-bbc2-7057-aa21-cfcd2033c4ca', '2026-11-23 09:30:00+00'),
	(9, '01a22d4a-bbce-7e40-ba07-30769b417ba0', 'session.start', 'success', '01a22d4a-bbb4-78cf-b81a-0057054b52e0', '01a22d4a-bbb4-78cf-b81a-0057054b52e0', '\xb6609495b2795efc802f93b1f05ff3ad66840d8280487b23b2ac9acd133526801850f9e62b', '01a22d4a-bbce-7b9e-9e92-e00b38b50f0d', '2026-11-23 09:30:00+00'),
	(10, '01a22d4a-bbd2-7de4-9418-0ae6ec5b6b38', 'session.answer_challenge', 'success', '01a22d4a-bbb4-78cf-b81a-0057054b52e0', '01a22d4a-bbb4-78cf-b81a-0057054b52e0', '\x7e350aa060cd45ae605d4c7213ed1ef9a0f8e5b7e436aac1948f8aff7e3e4e4bb4d7ccc29a', '01a22d4a-bbd2-71e9-98c1-d7eb5b5d9422', '2026-11-23 09:30:00+00'),
	(11, '01a22d4a-bbda-7c01-a0e8-b80a45b42711', 'session.start', 'success', '01a22d4a-bbb4-78cf-b81a-0057054b52e0', '01a22d4a-bbb4-78cf-b81a-0057054b52e0', '\x20caa1e996f0bc8eab68e946b0ad4d3b9bade0fa6c08d65d623f67815c66298cbf320a6131', '01a22d4a-bbda-7095-9e38-c8e158367cdd', '2026-11-23 09:30:00+00'),
	(12, '01a22d4a-bbdb-7ee1-8ed7-4d48379fe348', 'session.start', 'invalid_credentials', NULL, '01a22d4a-bb89-7340-afa8-89da81dc7f2f', '\xe0c585e1e0217edfc913356a3139c31b90ff470f62bf8adbb5aa105941e278b73c0ea8c48b', '01a22d4a-bbdb-7833-8263-66c7cd787a31', '2026-11-23 09:30:00+00'),
	(13, '01a22d4a-bbde-7a95-ab32-956f8269951a', 'session.start', 'invalid_credentials', NULL, '01a22d4a-bb89-7340-afa8-89da81dc7f2f', '\x9acc34486384499791f3e2055e64b68fcf78365b1d8c684a2c828e3d26c3d21dcde8a997cb', '01a22d4a-bbdc-7c56-bcbd-8b9f469c0fce', '2026-11-23 09:30:00+00'),
	(14, '01a22d4a-bbe1-7d1c-9ebf-d6c5ac7bdf26', 'session.start', 'invalid_credentials', NULL, '01a22d4a-bb89-7340-afa8-89da81dc7f2f', '\x05a0661cf43063d9b23788067d1e4993af83b36528711c7f3906e836c106db8da85e754931', '01a22d4a-bbdf-7988-9324-2baaf913e3f3', '2026-11-23 09:30:00+00'),
	(15, '01a22d4a-c0f2-7e67-be3e-57066d9855cd', 'user.create', 'success', '01a22d4a-c0f3-7183-99de-c041f182daa4', '01a22d4a-c0f3-7183-99de-c041f182daa4', '\x7660604743494a0677b5d0f401b3d06c893fe7f7c5c8c045939d332978fb19a975470c0446', '01a22d4a-c0f2-7b93-9770-32c495f62209', '2026-11-23 09:30:00+00'),
	(16, '01a22d4a-c109-78eb-8661-2572bee49865', 'session.start', 'success', '01a22d4a-c0f3-7183-99de-c041f182daa4', '01a22d4a-c0f3-7183-99de-c041f182daa4', '\xde431db006b3a66fbe6c77fb7c01c56a29717acbddfb93addd53657e5543f2d3afe09fd8ab', '01a22d4a-c0fe-72f7-b7c7-8be1ee8a18aa', '2026-11-23 09:30:00+00'),
	(17, '01a22d4a-c122-7367-95e5-07ee7f0435ef', 'user.disable', 'success', '01a22d4a-bba5-7794-b112-5389e5dc3193', '01a22d4a-c0f3-7183-99de-c041f182daa4', '\xaaae7516a6c58860bdad8f9f8f4edd1ab23207c7b030a830f56cf3fb3bb6dc2927ecd71b51', '01a22d4a-c119-78c9-a66f-43c5d1e5ed0c', '2026-11-23 09:30:01+00'),
	(18, '01a22d4a-c132-7399-b292-140445748875', 'user.create', 'success', '01a22d4a-c132-77d5-a87c-055182e7144e', '01a22d4a-c132-77d5-a87c-055182e7144e', '\x840fa4a244eab1668d3d47a61f0b21b613b81ddca7dbdab98345e15c3d0da45cadd37ea511', '01a22d4a-c132-75a6-ba89-554badb49374', '2026-11-23 09:30:01+00'),
	(19, '01a22d4a-c13c-7328-a149-135edc1757a6', 'session.start', 'success', '01a22d4a-c132-77d5-a87c-055182e7144e', '01a22d4a-c132-77d5-a87c-055182e7144e', '\xfb9c664fb2c512cef3857d87d24a27b4f3e6434881fa4541bf2c9a5d6dcf171043befb6c9f', '01a22d4a-c13a-7d29-b41b-d5e583492d65', '2026-11-23 09:30:01+00'),
	(20, '01a22d4a-c166-7952-8596-c4e00a112ffa', 'user.delete', 'success', '01a22d4a-bba5-7794-b112-5389e5dc3193', '01a22d4a-c132-77d5-a87c-055182e7144e', '\xfb7008b006380513a00a7a4337affff45f511f6e22d8f9f6352051ca88022cc2d449c90731', '01a22d4a-c166-7a51-a2e9-20c9158c1d1b', '2026-11-23 09:30:01+00'),
	(21, '01a22d4a-c168-7a8e-a9fe-b79db706e3fc', 'session.revoke_others', 'success', '01a22d4a-bb89-7340-afa8-89da81dc7f2f', '01a22d4a-bb89-7340-afa8-89da81dc7f2f', '\x5424b5b9bc0324e93b834651cb9d13b02e4d34c5751a66aed1336e40cab0c2e6cbf8adee8f', '01a22d4a-c168-7f55-ab22-623480b64807', '2026-11-23 09:30:01+00'),
	(22, '01a22d4a-c169-78e3-8588-ce731aa421d6', 'user.create', 'success', '01a22d4a-c169-7af8-bc68-344473303ec5', '01a22d4a-c169-7af8-bc68-344473303ec5', '\xe1c7060542d1d48ad92de19511598bb28c1b6ade6a88c8b040ea3f22510767e5cb89c63e36', '01a22d4a-c169-79eb-81d8-7e37898be254', '2026-11-23 09:30:01+00'),
	(23, '01a22d4a-c16b-7ae2-8191-2f484eba77a1', 'session.start', 'success', '01a22d4a-c169-7af8-bc68-344473303ec5', '01a22d4a-c169-7af8-bc68-344473303ec5', '\x24a77ee3bed8824bea029228560e70437d03d5df3aa50febc1b314035ff025db59572193cb', '01a22d4a-c16a-7828-bbe9-6a08eb585dde', '2026-11-23 09:30:01+00'),
	(24, '01a22d4a-c17a-75ee-b025-739250a438d5', 'profile.request_deletion', 'success', '01a22d4a-c169-7af8-bc68-344473303ec5', '01a22d4a-c169-7af8-bc68-344473303ec5', '\x6e1afe30dcdf97c7b167eeb6c77d1aab6bd10762f77af9590dd826fe725a109f544f5074f6', '01a22d4a-c179-73db-8e0d-a5e799425d89', '2026-11-23 09:30:01+00'),
	(25, '01a22d4a-c4a4-749e-a97b-dc305020230e', 'user.create', 'success', '01a22d4a-c4aa-72d0-8755-0d454fd471cc', '01a22d4a-c4aa-72d0-8755-0d454fd471cc', '\xbef26baa9942870a9bb1516b254c1dfbfde5d693b3197bacb64cf884ca522ec36c76ded865', '01a22d4a-c4a4-72fa-b185-296c1f335407', '2026-11-23 09:30:01+00'),
	(26, '01a22d4a-c4c5-7e50-88d3-7994797b48d0', 'session.start', 'success', '01a22d4a-c4aa-72d0-8755-0d454fd471cc', '01a22d4a-c4aa-72d0-8755-0d454fd471cc', '\xeb8eec01b4265b69409b1de2ce7251e5fdcbe8a8b43946d5fb423c40c57ef27f16f6e43ac7', '01a22d4a-c4c3-7a08-ac91-7fd1a091fb5b', '2026-11-23 09:30:01+00');

INSERT INTO public.audit_seals VALUES
	(1, 1, '\x0bbaeaf55eb98ed912811d1deb10223cd39bc95dbad12a652de4736c76932f45'),
	(2, 1, '\x93114c950d39e3085e86c12508a6ed410a59058832f9ebb0ccfc713de964ae0c'),
	(3, 1, '\xf14d51aedfdd2cda8dd5713ed51a529fde34309d3cde15529a033147c39863af'),
	(4, 1, '\xaa90f24ffccd6205bdb41db9f21dffd2651fa30c3aa0f97978cc24700b949bbf'),
	(5, 1, '\x3ea1ccc704acd222b69623cb08cff0846540d3ade6b8289c086cf0a16d399268'),
	(6, 1, '\x897edd69991b4bd1ec653960d38643a714497747fcf776ae32d96d2e2ffbdb6e'),
	(7, 1, '\xd9b403d875d15ae707c17e570497325dec8922130fe5ee2276b0ae950a4e7627'),
	(8, 1, '\x50d07ac9388c7d04183738dd1108e8d338c6c73ceca1fb40f9727ecbc5fbe8f5'),
	(9, 1, '\x506748e8d1138ee9fd57d36a2c5d3f43f49e89dd381ea317c7d5eae095d3d5ab'),
	(10, 1, '\x4b089fe6fed7ca1d0359f149a5ee704d708fe8900dde9e9846d2fe20f5224672'),
	(11, 1, '\x5389e6784e19a8eedffb9a11f98b57feb7ec7b2f1b6ed1ccfa3db3d361d3aed0'),
	(12, 1, '\x1c3a94d810baca252aa5e541f14131d578b82f08ca857d4a307f7a7f616bfc02'),
	(13, 1, '\xf41945adcd238b29f435f3fcedc3ab9ae771382c701a28f22d50018180f95b6d'),
	(14, 1, '\xc2f4f8fe2eef38a93d1cbdc366448f1f05521850e1b261c8f292f3a46dd7b77d'),
	(15, 1, '\x0fe6cee956ccaa6898c0894f8cafae58c89caeb4ee838c7f73484508a41e712c'),
	(16, 1, '\x10ecd6cc223c60b39f5dbe4a7de291d8e208e593f6fd00c81d7cc4462717306a'),
	(17, 1, '\x4320ff0b6aecc5ff380652e8eaccceed6ffaa0a1356eee746ed422a003146289'),
	(18, 1, '\x3d7bf80d93c46a249c64dd2946b18a9100af304f02168864a2901e7cfc6473b2'),
	(19, 1, '\x04edc9fad896672261ab50541aa6fe36cfc120d70901c2271b1e9615c162ee99'),
	(20, 1, '\x88886205d8d2557daf8da95ae6e4d5c9e179417f41939da9d50bd0e1e132d387'),
	(21, 1, '\xed0838fab8bf996a17a98ce1e7f0173b9a4824a87cd97f766123818a586b8146'),
	(22, 1, '\xfca50b3f62b5407348ec7d3b4f2b43c6684461abdbadfb65c6be9dadaaf6411a'),
	(23, 1, '\xf3f195e1b5e27c6a30561a0d3998f8b5752c095d90fd723f3ff36ccd845e4c67'),
	(24, 1, '\x8fa874312f8835a342394f36020c6c8159764433cd6818eb1194b389f324a57b');

INSERT INTO public.data_keys VALUES
	('01a22d4a-bb77-72d7-b8d9-fadfc53e2252', '\x33cc61ef502ceef3ae88b365268a88da2193ad90ff74e2eb1923b43d18e1c1ea672c0ad8a11bdc67e428cb4f8c61825b2184407069a1379b75871d3b57bd1bac1b08444e6999a6e523ed5b4208cde424ec6e708a451485b16c1ae83014e42e18d0673cbc95885502dfcad9a8c3bfaf80761772b84d806a0f4970dccf590595c23aebf1e1bd479513', '2026-11-23 09:30:00+00');

INSERT INTO public.email_tokens VALUES
	('01a22d4a-bb8a-7ea9-8d09-0ccad54ed7d9', '01a22d4a-bb89-7340-afa8-89da81dc7f2f', 'verify', 'ada@example.com', '\x3046abb98d46594c321192b4eadb105f40e2a82db792ebfea932bd3f72e36d01', '2026-11-23 09:30:00+00', '2026-11-24 09:30:00+00', 1, '2026-11-23 09:30:00+00', '2026-11-23 09:30:00+00'),
	('01a22d4a-bba5-7a4c-b850-7b55a596918d', '01a22d4a-bba5-7794-b112-5389e5dc3193', 'verify', 'boss@example.com', '\x9ecdcbb3587dd88bf7a460fde5fd61bda7af334f9e0631ac0a377962063d96ac', '2026-11-23 09:30:00+00', '2026-11-24 09:30:00+00', 1, '2026-11-23 09:30:00+00', '2026-11-23 09:30:00+00'),
	('01a22d4a-bbb4-7c2b-bddf-3b064918b8ad', '01a22d4a-bbb4-78cf-b81a-0057054b52e0', 'verify', 'bob@example.com', '\xa7168f9c513fbe1f99ed4863b0f9ecc2aae7dbb9dd63a4702b174c987926e5c7', '2026-11-23 09:30:00+00', '2026-11-24 09:30:00+00', 1, '2026-11-23 09:30:00+00', '2026-11-23 09:30:00+00'),
	('01a22d4a-bbf1-771a-85bf-4e736707f5f3', '01a22d4a-bb89-7340-afa8-89da81dc7f2f', 'reset', 'ada@example.com', '\x07bc22b86f28b83bb364a26c7061a86ab67ce3846e06bc48581b3885e781c3e6', '2026-11-23 09:30:00+00', '2026-11-23 10:00:00+00', 1, '2026-11-23 09:30:00+00', '2026-11-23 09:30:00+00'),
	('01a22d4a-c0f5-712e-b56e-23163dbce415', '01a22d4a-c0f3-7183-99de-c041f182daa4', 'verify', 'carl@example.com', '\x50e4c02b870c995551cd351f4dab496a4185ea396cde35a9aae801251f8fef40', '2026-11-23 09:30:00+00', '2026-11-24 09:30:00+00', 1, '2026-11-23 09:30:00+00', '2026-11-23 09:30:00+00'),
	('01a22d4a-c169-7dbd-ae96-c61f53f66d2a', '01a22d4a-c169-7af8-bc68-344473303ec5', 'verify', 'fred@example.com', '\x30606be735a9da69077a7809c609f6b28f867b1e9625fe300a972d0cbeaaaa44', '2026-11-23 09:30:01+00', '2026-11-24 09:30:01+00', 1, '2026-11-23 09:30:01+00', '2026-11-23 09:30:01+00'),
	('01a22d4a-c4aa-7caf-94c5-c40d59e24be7', '01a22d4a-c4aa-72d0-8755-0d454fd471cc', 'verify', 'gina@example.com', '\x2d87043c3bd4568b94bb0f6ba95ef6decbf9304438be41c51044c9d87e489873', '2026-11-23 09:30:01+00', '2026-11-24 09:30:01+00', 1, '2026-11-23 09:30:01+00', '2026-11-23 09:30:01+00');

INSERT INTO public.familiar_networks VALUES
	('\x1cd48775b8626b722f6b4107c2509aa6a4237dc865f766178cf98cbaccd61aa4', '\xb15674c4d73f08c38942abd6f05f3464c0d2757f517a5012a608567c0216da01', '2026-12-23 09:30:00+00'),
	('\xde42bc64476c4170ad6254a3f60c2fe9f049f72e3a5a115dac58fd62541c347c', '\xb485fcfcaf3d4766cac033208387eb5d31399fbbe69e52eab8692202e5b35d33', '2026-12-23 09:30:00+00'),
	('\x7ce792ac07332e2a81acf5c239aff0b623de811d4a374e682ba6728cb6860528', '\xae9f97cc625a11d5c6d51881e2a0f6f6b9bd4e5b8ac8756e7542239ef9c70e2f', '2026-12-23 09:30:00+00'),
	('\xc64d528c7137ce7f5f55833b0422a3b626df817904e4968b1a8f364444c84fbc', '\x78a8f942238d3ef5481b49243e036cd73391243f5a548c34b1f744f848003a01', '2026-12-23 09:30:00+00'),
	('\x9fd3e77f316c67d46a475c0c1d05192ee75ac53d674f0304d755e56f2fcfb24c', '\xcb6da63b43344b047319b7566a41a40ea329b5641d5f270336bf4aacb929cf72', '2026-12-23 09:30:00+00'),
	('\x15240d83b2f25688e906e0a367a3837d835db44bb476bcf1a245c08c6625fed6', '\x13a7bcee313b308bf3b404f25a8b64d007061a7dc804eba97e2ff05fa77c8477', '2026-12-23 09:30:00+00'),
	('\xadb9624281398ba51a0df013af4d8c8db00f6be75b0369f0a98703e07f2de7a0', '\x56afb4ccecd29e50a9243b03a9f53f07c643cc750907d0a92314be7e29e7a5bc', '2026-12-23 09:30:00+00'),
	('\x9a24898d2a98da9875ba3d79dacc5e0770d229250f8b63fcf5efe0e8e3aadd3b', '\x5faaa8f5dbcf4248c3a864be53712fe75674a8551edaa6cc3e9908ed463a8fb8', '2026-12-23 09:30:00+00'),
	('\x6b5ce6c85fa2901b0b450c3e08e2d24093dd7e1e473287031b7774cf50469088', '\x4fb05639f6ece1c89463e3bc47e780a01a4b67c1f9acb92c354b42975f3f72f7', '2026-12-23 09:30:01+00'),
	('\x4adaa19edba2d07c6c01b58cdb69efb535dd5868e49f932391db0df889389793', '\xb38add1c1ba80ba8f6059fe08d78888b68008799cfc0181879a38794a1ea6408', '2026-12-23 09:30:01+00'),
	('\x8513e6b1217edce2e4abef15b595e6e8792d40906c545c0d4cd16aa0bdd5dc4d', '\x0c94a8b3fa99d230af7d9da051538c267a14fd0e1b96d731627991dd0b955a3d', '2026-12-23 09:30:01+00'),
	('\xe0591dbe6d99f122ab563d2d26fc4bacb953613f116b3283dc9f239882602ff4', '\x252e4f7f1d3443d206e7817d9ddb9aea04a0fecabbc407b5ba3d167c7b12f6da', '2026-12-23 09:30:01+00'),
	('\x53ebb30f5c1bbd9b8d9a45d96614b4760e24c8dfcb6d312e67a3f7558cf1a9e7', '\x8d26224caa05013d1df5161668a1519041eede979889eda430500c92a4d05504', '2026-12-23 09:30:01+00'),
	('\x16a46bc49826c5aaf55b3ff9748364f495853df1cdfecc415543ffe30db30cf8', '\x250673fd192ef8980e360adbdcc81b6ea53e8273e775c76d7a4d1684d11d00fc', '2026-12-23 09:30:01+00');

INSERT INTO public.goose_db_version VALUES
	(1, 0, true, '2026-11-30 16:29:59.984808'),
	(2, 1, true, '2026-11-30 16:30:00.018134'),
	(3, 2, true, '2026-11-30 16:30:00.043883'),
	(4, 3, true, '2026-11-30 16:30:00.067036'),
	(5, 4, true, '2026-11-30 16:30:00.070277'),
	(6, 5, true, '2026-11-30 16:30:00.082338'),
	(7, 10, true, '2026-11-30 16:30:00.086392'),
	(8, 11, true, '2026-11-30 16:30:00.103653'),
	(9, 12, true, '2026-11-30 16:30:00.1113'),
	(10, 13, true, '2026-11-30 16:30:00.114601'),
	(11, 14, true, '2026-11-30 16:30:00.121627'),
	(12, 15, true, '2026-11-30 16:30:00.135327'),
	(13, 16, true, '2026-11-30 16:30:00.138387'),
	(14, 17, true, '2026-11-30 16:30:00.155049'),
	(15, 20, true, '2026-11-30 16:30:00.155777'),
	(16, 23, true, '2026-11-30 16:30:00.156459'),
	(17, 27, true, '2026-11-30 16:30:00.158264'),
	(18, 29, true, '2026-11-30 16:30:00.171413');

INSERT INTO public.login_challenges VALUES
	('\xc1284a573e3df28013a99101131147cbccf8be5ea6751c5f81eae906b42e10c5', '01a22d4a-bbb4-78cf-b81a-0057054b52e0', '$argon2id$v=19$m=8,t=1,p=1$9rLEuc+qg4gJyEDfbPxBBg$O4Xnj8kj61qjFnHt21+0gIiS6UWP6ho2LRHHvNpBqLo', false, 0, '2026-11-23 09:30:00+00', '2026-11-23 09:35:00+00');

INSERT INTO public.master_key_proof VALUES
	(true, 'proof of the master key', 'master_key_proof/', '\x154e6d757fcccbb48cacbadd083771019abfb8e8f94f41fa14724728');

INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES
	(6, '1b039841-27a9-46ee-81ed-91a2c6c34700', 'session.revoked', '01a22d4a-bb89-7340-afa8-89da81dc7f2f', '{"user_id": "01a22d4a-bb89-7340-afa8-89da81dc7f2f", "session_id": "01a22d4a-bbbe-7b64-a46e-6efceab75644"}', '2026-11-30 16:30:03.625128+00', NULL, NULL),
	(1, 'f07fee3e-1367-4044-9c61-c51e96ed24ff', 'user.roles_changed', '01a22d4a-bba5-7794-b112-5389e5dc3193', '{"roles": ["admin"], "status": "active", "user_id": "01a22d4a-bba5-7794-b112-5389e5dc3193", "changed_at": "2026-11-30T16:30:02.152615Z"}', '2026-11-30 16:30:02.152615+00', NULL, '2026-11-30 16:30:04.666532+00'),
	(2, 'e05776f0-b9de-43e5-b602-9f964661f4d9', 'user.roles_changed', '01a22d4a-bbb4-78cf-b81a-0057054b52e0', '{"roles": ["support"], "status": "active", "user_id": "01a22d4a-bbb4-78cf-b81a-0057054b52e0", "changed_at": "2026-11-30T16:30:02.168623Z"}', '2026-11-30 16:30:02.168623+00', NULL, '2026-11-30 16:30:04.66665+00'),
	(3, '026de7d1-35e2-4098-9be7-47bba9cea48c', 'user.disabled', '01a22d4a-c0f3-7183-99de-c041f182daa4', '{"roles": ["customer"], "status": "disabled", "user_id": "01a22d4a-c0f3-7183-99de-c041f182daa4", "changed_at": "2026-11-30T16:30:03.562048Z"}', '2026-11-30 16:30:03.562048+00', NULL, '2026-11-30 16:30:04.666657+00'),
	(4, '88d3a157-94d1-49da-ace1-2d44d22a726a', 'session.revoked', '01a22d4a-c0f3-7183-99de-c041f182daa4', '{"user_id": "01a22d4a-c0f3-7183-99de-c041f182daa4", "session_id": "01a22d4a-c10a-786d-a844-779ce45e55de"}', '2026-11-30 16:30:03.565172+00', NULL, '2026-11-30 16:30:04.666662+00'),
	(5, '965a513f-edad-438f-8710-f44c6a442c9e', 'user.deleted', '01a22d4a-c132-77d5-a87c-055182e7144e', '{"roles": ["customer"], "status": "deleted", "user_id": "01a22d4a-c132-77d5-a87c-055182e7144e", "changed_at": "2026-11-30T16:30:03.623919Z"}', '2026-11-30 16:30:03.623919+00', NULL, '2026-11-30 16:30:04.666668+00');

INSERT INTO public.recovery_codes VALUES
	('\xebe6791b82af1c4cbabd6a583c240f457f160f255ca3953b8a5f3e67fb6f2492', '01a22d4a-bbb4-78cf-b81a-0057054b52e0'),
	('\x43eef883609cc5b8ad042755e5d7918a0b5f1f3eacb5535ce4229527e1d5b4d3', '01a22d4a-bbb4-78cf-b81a-0057054b52e0'),
	('\xea61117c56e1678576a88dace87bcff5f534e6e895f8896df7ebc2dd2bb5f711', '01a22d4a-bbb4-78cf-b81a-0057054b52e0'),
	('\x3ce3e36cce708b939352f73a6aaecd0b0bf7b34fcc47ca5461bddf0492225039', '01a22d4a-bbb4-78cf-b81a-0057054b52e0'),
	('\xee5fd3a0e6ffa71e1267d1f7f7881c51fd0c93518c62a59b6d0f68239a37f5b7', '01a22d4a-bbb4-78cf-b81a-0057054b52e0'),
	('\xdbc35853e0c3a82a92f574c2f6ce16bcd6556e2e24ecb6eff211ff778c72c37b', '01a22d4a-bbb4-78cf-b81a-0057054b52e0'),
	('\xa26663a97dc30a473f8c34be872f310fe79fd4ab6ab583fe5a88258cc1852f59', '01a22d4a-bbb4-78cf-b81a-0057054b52e0'),
	('\x23f3c4d37c56934810692a72809f5ffab2dc6e35b9e65cbca8a1b92b19f2a40f', '01a22d4a-bbb4-78cf-b81a-0057054b52e0'),
	('\x963ab29336e43bbc1e1ea068f7ece0e889c20dcf0499a044baf5a8b0c86e1f28', '01a22d4a-bbb4-78cf-b81a-0057054b52e0'),
	('\xea37cf10cb8483db0e25ae6bbe8bffe1ad09d2d0cda271681443fb864544aa18', '01a22d4a-bbb4-78cf-b81a-0057054b52e0');

INSERT INTO public.refresh_tokens VALUES
	('\xf35748ae9b445fb960eb1daff3b063ad9231112e55e4b4b742396cc1716bedfc', '01a22d4a-bbad-73a8-a29c-d27ffb9ba199', '2026-11-23 09:30:00+00', NULL, true),
	('\xcaa57eebf994bd7011a3e61a5d875e9b79a69ab015ce0f87dd7cd9faa4b49d67', '01a22d4a-bbba-7647-8d18-adf6d1e690b7', '2026-11-23 09:30:00+00', NULL, true),
	('\x51f2dfd0962f827798acbd393aa2c80163d482d4f3cfd08e1b5e533d2eaaa69a', '01a22d4a-bbbe-7b64-a46e-6efceab75644', '2026-11-23 09:30:00+00', NULL, true),
	('\xb3580a8ce2ae8b6b77008f628f97e0d6ebc4fece3f396fcd7a36e4e5b2cc1e3b', '01a22d4a-bbd5-7000-8c29-f21953417e0d', '2026-11-23 09:30:00+00', NULL, true),
	('\x1f21fc0cd430c9c8ad24ea7786aefe4f341ff78ee137c0da7b875fc01e19c072', '01a22d4a-bb9d-7053-93c3-7ce566d48d62', '2026-11-23 09:30:00+00', '2026-11-23 09:30:00+00', true),
	('\x272b015370e1c8d79006f3247a49ec95293c34205ccc8874ff3feeff62b0671b', '01a22d4a-bb9d-7053-93c3-7ce566d48d62', '2026-11-23 09:30:00+00', NULL, true),
	('\xf63ec0e74b0b6e1d67a5c5333d35c651b4bee54c59f8db580a4317d2e5eda63c', '01a22d4a-c10a-786d-a844-779ce45e55de', '2026-11-23 09:30:00+00', NULL, true),
	('\xb50c54a182f84e609d00a9679c744ad0e1f96b47855c5bce90ceebcc189ce06e', '01a22d4a-c16b-7f23-8a83-b57d91af64d7', '2026-11-23 09:30:01+00', NULL, true),
	('\xf69c9150fe23c66400120b3e2bc9207b89912e3425a8885db69b8ff1757712ae', '01a22d4a-c4ca-775e-b6b4-f2dbc5a9158e', '2026-11-23 09:30:01+00', NULL, true);

INSERT INTO public.river_job VALUES
	(4, 'completed', 1, 25, '2026-11-30 16:30:02.22142+00', '2026-11-30 16:30:02.21634+00', '2026-11-30 16:30:02.233721+00', '2026-11-30 16:30:02.21634+00', 1, '{"email": "nlNWxp+SEVgrNvsecpDinsiPmkgSporNNoaWOtaArQBd8KE8HXMuloOVUw=="}', '{vm_2026_11_30T16_30_02_098061}', NULL, 'start_reset', '{"request_id": "01a22d4a-bbe8-7a40-9e90-26d631bfae65", "traceparent": "00-2345fa883bd7a14383e7095d7148de01-20d2549a72fb9097-00"}', 'default', '{}', NULL, NULL),
	(1, 'completed', 1, 25, '2026-11-30 16:30:02.220385+00', '2026-11-30 16:30:02.126356+00', '2026-11-30 16:30:02.229048+00', '2026-11-30 16:30:02.126356+00', 1, '{"mail": "verify", "user_id": "01a22d4a-bb89-7340-afa8-89da81dc7f2f", "token_id": "01a22d4a-bb8a-7ea9-8d09-0ccad54ed7d9"}', '{vm_2026_11_30T16_30_02_098061}', NULL, 'send_mail', '{"request_id": "01a22d4a-bb84-7de7-8814-6008e912a18b", "traceparent": "00-58cd3dc984b0fa8dc8532c2cbfd26ed8-f5f07c7c69e7cfc7-00"}', 'mails', '{}', NULL, NULL),
	(2, 'completed', 1, 25, '2026-11-30 16:30:02.220385+00', '2026-11-30 16:30:02.149862+00', '2026-11-30 16:30:02.228173+00', '2026-11-30 16:30:02.149862+00', 1, '{"mail": "verify", "user_id": "01a22d4a-bba5-7794-b112-5389e5dc3193", "token_id": "01a22d4a-bba5-7a4c-b850-7b55a596918d"}', '{vm_2026_11_30T16_30_02_098061}', NULL, 'send_mail', '{"request_id": "01a22d4a-bba5-7da4-92d4-17125f53f1e7", "traceparent": "00-47e7f0800e0f6469db19dcc5a02af8e4-7504e0ae9f65a8c1-00"}', 'mails', '{}', NULL, NULL),
	(3, 'completed', 1, 25, '2026-11-30 16:30:02.220385+00', '2026-11-30 16:30:02.165018+00', '2026-11-30 16:30:02.228714+00', '2026-11-30 16:30:02.165018+00', 1, '{"mail": "verify", "user_id": "01a22d4a-bbb4-78cf-b81a-0057054b52e0", "token_id": "01a22d4a-bbb4-7c2b-bddf-3b064918b8ad"}', '{vm_2026_11_30T16_30_02_098061}', NULL, 'send_mail', '{"request_id": "01a22d4a-bbb4-7ff6-b277-05912e139ae3", "traceparent": "00-6aaa7f7fcb1496a39029c30680c4dff7-3b0a29abdf102f11-00"}', 'mails', '{}', NULL, NULL),
	(5, 'completed', 1, 25, '2026-11-30 16:30:03.172813+00', '2026-11-30 16:30:02.225898+00', '2026-11-30 16:30:03.174373+00', '2026-11-30 16:30:02.225898+00', 1, '{"mail": "reset", "user_id": "01a22d4a-bb89-7340-afa8-89da81dc7f2f", "token_id": "01a22d4a-bbf1-771a-85bf-4e736707f5f3"}', '{vm_2026_11_30T16_30_02_098061}', NULL, 'send_mail', '{"request_id": "01a22d4a-bbe8-7a40-9e90-26d631bfae65", "traceparent": "00-2345fa883bd7a14383e7095d7148de01-ef76db8adcb04be1-00"}', 'mails', '{}', NULL, NULL),
	(6, 'completed', 1, 25, '2026-11-30 16:30:03.52884+00', '2026-11-30 16:30:03.511421+00', '2026-11-30 16:30:03.530682+00', '2026-11-30 16:30:03.511421+00', 1, '{"mail": "verify", "user_id": "01a22d4a-c0f3-7183-99de-c041f182daa4", "token_id": "01a22d4a-c0f5-712e-b56e-23163dbce415"}', '{vm_2026_11_30T16_30_02_098061}', NULL, 'send_mail', '{"request_id": "01a22d4a-c0f2-7b93-9770-32c495f62209", "traceparent": "00-94febbb68566aa11f085cb5288e77bae-8fb3e2a01d120c01-00"}', 'mails', '{}', NULL, NULL),
	(7, 'completed', 1, 25, '2026-11-30 16:30:03.628786+00', '2026-11-30 16:30:03.571054+00', '2026-11-30 16:30:03.643814+00', '2026-11-30 16:30:03.571054+00', 1, '{"mail": "verify", "user_id": "01a22d4a-c132-77d5-a87c-055182e7144e", "token_id": "01a22d4a-c132-7be8-86fe-e6d29bf6a95a"}', '{vm_2026_11_30T16_30_02_098061}', NULL, 'send_mail', '{"request_id": "01a22d4a-c132-75a6-ba89-554badb49374", "traceparent": "00-cac4d149334e639b3e1fc5d824883107-0677e1066db67f33-00"}', 'mails', '{}', NULL, NULL),
	(8, 'completed', 1, 25, '2026-11-30 16:30:03.628786+00', '2026-11-30 16:30:03.626135+00', '2026-11-30 16:30:03.629797+00', '2026-11-30 16:30:03.626135+00', 1, '{"mail": "verify", "user_id": "01a22d4a-c169-7af8-bc68-344473303ec5", "token_id": "01a22d4a-c169-7dbd-ae96-c61f53f66d2a"}', '{vm_2026_11_30T16_30_02_098061}', NULL, 'send_mail', '{"request_id": "01a22d4a-c169-79eb-81d8-7e37898be254", "traceparent": "00-bb27e1ab8fc11a87dc413416a5c3447d-6c27686b2e12df01-00"}', 'mails', '{}', NULL, NULL),
	(10, 'completed', 1, 1, '2026-11-30 16:30:03.919589+00', '2026-11-30 16:30:03.918244+00', '2026-11-30 16:30:03.92214+00', '2026-11-30 16:30:03.914203+00', 1, '{}', '{vm_2026_11_30T16_30_02_098061}', NULL, 'erase_accounts', '{"periodic": true}', 'default', '{}', '\x9647e5f537da21b36cc0359a3b021f79897c131656a6a6876be4b76bb1b6037e', B'11110001'),
	(9, 'completed', 1, 25, '2026-11-30 16:30:04.262934+00', '2026-11-30 16:30:03.645277+00', '2026-11-30 16:30:04.263904+00', '2026-11-30 16:30:03.645277+00', 1, '{"mail": "deletion", "user_id": "01a22d4a-c169-7af8-bc68-344473303ec5", "token_id": "00000000-0000-0000-0000-000000000000"}', '{vm_2026_11_30T16_30_02_098061}', NULL, 'send_mail', '{"request_id": "01a22d4a-c179-73db-8e0d-a5e799425d89", "traceparent": "00-51695e3cf9c2a159bcb0df362923339c-0b576dac1bf482cf-00"}', 'mails', '{}', NULL, NULL),
	(11, 'completed', 1, 25, '2026-11-30 16:30:04.482549+00', '2026-11-30 16:30:04.459435+00', '2026-11-30 16:30:04.483523+00', '2026-11-30 16:30:04.459435+00', 1, '{"mail": "verify", "user_id": "01a22d4a-c4aa-72d0-8755-0d454fd471cc", "token_id": "01a22d4a-c4aa-7caf-94c5-c40d59e24be7"}', '{vm_2026_11_30T16_30_02_098061}', NULL, 'send_mail', '{"request_id": "01a22d4a-c4a4-72fa-b185-296c1f335407", "traceparent": "00-722c61323a6c2ecf1606f6a82aaca561-1572cfc3ed134179-00"}', 'mails', '{}', NULL, NULL);

INSERT INTO public.river_migration VALUES
	('main', 1, '2026-11-30 16:30:00.402632+00'),
	('main', 2, '2026-11-30 16:30:00.721892+00'),
	('main', 3, '2026-11-30 16:30:01.974152+00'),
	('main', 4, '2026-11-30 16:30:01.975333+00'),
	('main', 5, '2026-11-30 16:30:01.9775+00'),
	('main', 6, '2026-11-30 16:30:01.986965+00'),
	('main', 7, '2026-11-30 16:30:01.988091+00'),
	('main', 8, '2026-11-30 16:30:01.990453+00');

INSERT INTO public.river_queue VALUES
	('default', '2026-11-30 16:30:02.114701+00', '{}', NULL, '2026-11-30 16:30:02.114701+00'),
	('mails', '2026-11-30 16:30:02.116237+00', '{}', NULL, '2026-11-30 16:30:02.116237+00');

INSERT INTO public.second_factors VALUES
	('01a22d4a-bbb4-78cf-b81a-0057054b52e0', '\x03845ae6a4260c5b439fae1a2f97238ef65c3c89724931f9382a16c78b86f24c937e54e8f341099cecb941e8deed24938963df64943624f47e4d1e83', 59847540, '2026-11-23 09:30:00+00');

INSERT INTO public.sessions VALUES
	('01a22d4a-bbad-73a8-a29c-d27ffb9ba199', '01a22d4a-bba5-7794-b112-5389e5dc3193', false, '127.0.0.1', 'Go-http-client/1.1', '2026-11-23 09:30:00+00', '2026-11-23 09:30:00+00', '2026-12-23 09:30:00+00', NULL, '\x814092c8a1e9a115'),
	('01a22d4a-bbba-7647-8d18-adf6d1e690b7', '01a22d4a-bbb4-78cf-b81a-0057054b52e0', false, '127.0.0.1', 'Go-http-client/1.1', '2026-11-23 09:30:00+00', '2026-11-23 09:30:00+00', '2026-12-23 09:30:00+00', NULL, '\xf5cb308a7a29fb7a'),
	('01a22d4a-bbd5-7000-8c29-f21953417e0d', '01a22d4a-bbb4-78cf-b81a-0057054b52e0', false, '127.0.0.1', 'Go-http-client/1.1', '2026-11-23 09:30:00+00', '2026-11-23 09:30:00+00', '2026-12-23 09:30:00+00', NULL, '\xbabd5105d575103c'),
	('01a22d4a-bb9d-7053-93c3-7ce566d48d62', '01a22d4a-bb89-7340-afa8-89da81dc7f2f', false, '127.0.0.1', 'Go-http-client/1.1', '2026-11-23 09:30:00+00', '2026-11-23 09:30:00+00', '2026-12-23 09:30:00+00', NULL, '\xb87fb63da5de81bd'),
	('01a22d4a-c10a-786d-a844-779ce45e55de', '01a22d4a-c0f3-7183-99de-c041f182daa4', false, '127.0.0.1', 'Go-http-client/1.1', '2026-11-23 09:30:00+00', '2026-11-23 09:30:00+00', '2026-12-23 09:30:00+00', '2026-11-23 09:30:01+00', '\xe3e65836a93665c1'),
	('01a22d4a-bbbe-7b64-a46e-6efceab75644', '01a22d4a-bb89-7340-afa8-89da81dc7f2f', false, '127.0.0.1', 'Go-http-client/1.1', '2026-11-23 09:30:00+00', '2026-11-23 09:30:00+00', '2026-12-23 09:30:00+00', '2026-11-23 09:30:01+00', '\xa801e7ef7cbd88d7'),
	('01a22d4a-c16b-7f23-8a83-b57d91af64d7', '01a22d4a-c169-7af8-bc68-344473303ec5', false, '127.0.0.1', 'Go-http-client/1.1', '2026-11-23 09:30:01+00', '2026-11-23 09:30:01+00', '2026-12-23 09:30:01+00', NULL, '\x88c30ce201036c91'),
	('01a22d4a-c4ca-775e-b6b4-f2dbc5a9158e', '01a22d4a-c4aa-72d0-8755-0d454fd471cc', false, '127.0.0.1', 'Go-http-client/1.1', '2026-11-23 09:30:01+00', '2026-11-23 09:30:01+00', '2026-12-23 09:30:01+00', NULL, '\xbd95484d0bbda064');

INSERT INTO public.signing_keys VALUES
	('s15oUDmpQmXbL6G2WoRArbKx36sBYfZ2vbpGcvdfPCA', '\x3d9e2f33f8880ec77ae250614db40a4d8c1bd26a6e59ef650a50e531df3cdec25a2c4370c41b7f95dff6ecf003f6d7254445e7e87e6195cb64ce0558e704ff0a9d2f9332f027e607c8685b55', '2026-11-23 09:30:00+00', '2026-11-23 09:30:00+00');

INSERT INTO public.throttles VALUES
	('\xf14ac37d1064cbf8d059ec212e9c0562bb1f4394fd5f00e165315c5e71f93704', '00:15:00', '2026-11-23 09:30:00+00'),
	('\xc741b8f5380f316fef06a6e90d605a6b97e0fe4ba6a659972770419beb3cd452', '24:00:00', '2026-11-23 09:30:00+00'),
	('\xb17dbb0e8bec62f007f4af782e1b95e9e7c61de5db66acd48dde87f5d70464ba', '00:15:00', '2026-11-23 09:30:00+00'),
	('\x06646cbf6d4499ccb647cab232889fe574ce824f29d8556e83c77a30e585db8d', '01:00:00', '2026-11-23 09:36:00+00'),
	('\x3e935e23f6ddc17d14200e52865d0b83d7e34956571b678acea3013f96748a09', '00:15:00', '2026-11-23 09:45:00+00'),
	('\xea25eb86a424b35218e79e5f0ad55cc17921e4019a021bf63e43fa83782c8fea', '24:00:00', '2026-11-23 11:54:00+00'),
	('\x017eaeb76fc0b0626e2d5f3e3317ac6e6b224706a706972f00a2be8907624469', '24:00:00', '2026-11-23 11:54:00+00'),
	('\xedf940cb8674d331e608be2426411e2fd4bf6e02499be5042472f1bc292d63f6', '24:00:00', '2026-11-23 09:30:00+00'),
	('\xacf8cfe10700f48890ef9915e209c361bd0b3e47d3f87a0d8bfeae04dc9b69ec', '01:00:00', '2026-11-23 09:30:00+00'),
	('\x7efff8929e80faf22c3b6fbe6ac54699400f8b600e6fcafcb38c5f88ab017303', '00:15:00', '2026-11-23 09:30:00+00'),
	('\xa81de29ee875cacbbedaf0a6105869cff5584357702332a7a8edc18bf16d03a0', '24:00:00', '2026-11-23 09:30:00+00'),
	('\xdbb24efbaf5a6ab5d224d4a5c676fef8f77c0fd61e9c92546f6f7933f9423498', '00:15:00', '2026-11-23 09:30:00+00'),
	('\x884a3bf0ef33d0cbcaeb32eb9a42b7d889eea12aa42b9ed89dc80f4cdbb23593', '24:00:00', '2026-11-23 09:30:00+00'),
	('\x24aeaf1149fe149389814637c490ce9742c7c649d89fc4f7dc075d3d63b5a341', '01:00:00', '2026-11-23 09:31:48+00'),
	('\xc1c01873a21cb24aa3ed0fdc945366aa597848d220726899fb622df28e8f7bde', '00:15:00', '2026-11-23 09:34:30+00'),
	('\x2d572629df14185c5824735d12d7fd92509deb75fd5e5a94a3479c925b5aca68', '24:00:00', '2026-11-23 10:13:12+00'),
	('\xe7cda0a01908d4bf0d653409484efe928c066c32fabf2ae8ed098e9b56f5596d', '00:15:00', '2026-11-23 09:30:01+00'),
	('\xd993792a9215ec046f7e05e2abc1e933f7425165776beca033c78f0cac979832', '24:00:00', '2026-11-23 09:30:01+00'),
	('\x929fb86cc3dd2dcdea9f296586a96d124c0f3016005a2c77eee2db370fccab75', '00:15:00', '2026-11-23 09:30:01+00'),
	('\x59e2d393d67b71cfc54948c54d28ddfae3aeec91723d0a952b2577b1baadfb46', '24:00:00', '2026-11-23 09:30:01+00'),
	('\xe97f93138d6aba1932fc6d3540379b4c03febce9168a879f852c97d76e3e23c4', '24:00:00', '2026-11-23 11:54:01+00'),
	('\x219a93bc7ea8419a4e256e352f55505942b42049b7b168c9ee9b4f7dfd066ce8', '01:00:00', '2026-11-23 09:30:01+00'),
	('\x52d141faf6fcf0b378e63adce04df3e4bfa672ae6b5bfb59a6729fe5e3bcc2a6', '00:15:00', '2026-11-23 09:30:01+00'),
	('\xbcc492e62e2d54ee61f3019467877c3e163562b2cbcccb24403c77ddf99dd2ef', '24:00:00', '2026-11-23 09:30:01+00'),
	('\xa3b0ac1ae39e0db7fcaebaf6cc9d686673b48b788a5e76c30097ff084da42320', '01:00:00', '2026-11-23 09:30:01+00'),
	('\xeb69574a0fb63da6ba7eb683fba29f67d97a6f655fa91211a3af70a7956258bd', '00:15:00', '2026-11-23 09:30:01+00'),
	('\x0af7731e9439b3244dd68d7468f1d448d30a330909f4f4da470471220b7d2b22', '24:00:00', '2026-11-23 09:30:01+00');

INSERT INTO public.user_keys VALUES
	('01a22d4a-bb89-7340-afa8-89da81dc7f2f', '01a22d4a-bb77-72d7-b8d9-fadfc53e2252', '\x01b9bb2ebe5f48a93abe995f4cb261139804de1439f45efc4cff4ae5d14c6a677bd797a79e2dcfe26e2767e592c942b2c09a5296cab448636c7509ea3331536984c07074160523454171153a68f4c3ad409313ee07df062c8fa6733143c513bb0e27451a523a58ce00155011b392f89492f5c0bd2668ebdd6214e810deae54a629f5e7c6fe8064315766a6cbe0');

INSERT INTO public.users VALUES
	('01a22d4a-bba5-7794-b112-5389e5dc3193', 'boss@example.com', 'Ada Lovelace', '$argon2id$v=19$m=8,t=1,p=1$yWqo1D18O02fnNbrnTBcxQ$CwtRkP4HlYewGDsrOByze/rKd0MX5woF/4zLbYtejrk', NULL, NULL, 'active', '{admin}', '2026-11-23 09:30:00+00', '2026-11-23 09:30:00+00', '2026-11-23 09:30:00+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	('01a22d4a-bb89-7340-afa8-89da81dc7f2f', 'ada@example.com', 'Ada Lovelace', '$argon2id$v=19$m=8,t=1,p=1$wh7AxZJTR5L+8+2/D+BGkw$xqyPflvAvVIwyuXZWD56Tsa1OBpffQiKITXilmGn7ps', NULL, NULL, 'active', '{customer}', '2026-11-23 09:30:00+00', '2026-11-23 09:30:00+00', NULL, NULL, NULL, '\x0173bcbece051db41d572ce10686cb970ea6fedae277a99e676cf9002a39b8bef7e3d287608510b2127183f5bd5a', '\x541c80b289e233cf15af8f7765cf849a93ba4ca81ed471d07194abe9b06eceed', '\x0173bcbecef162f895369eef2a4d97849ab13f1ae9d9567ee90fa792ec51131af9ddf49f8737c97ee361', '\xaf3827762280cbc473e04c9fe79e755f5b329ae1dd848d0a29788b0387aae2aa', 'I weigh <b>plumb</b> bobs.'),
	('01a22d4a-bbb4-78cf-b81a-0057054b52e0', 'bob@example.com', 'Ada Lovelace', '$argon2id$v=19$m=8,t=1,p=1$9rLEuc+qg4gJyEDfbPxBBg$O4Xnj8kj61qjFnHt21+0gIiS6UWP6ho2LRHHvNpBqLo', NULL, NULL, 'active', '{support}', '2026-11-23 09:30:00+00', '2026-11-23 09:30:00+00', '2026-11-23 09:30:00+00', NULL, '2026-11-23 09:30:00+00', NULL, NULL, NULL, NULL, NULL),
	('01a22d4a-c0f3-7183-99de-c041f182daa4', 'carl@example.com', 'Ada Lovelace', '$argon2id$v=19$m=8,t=1,p=1$wDWk4ywf9sSaR9ZlX84kGQ$dsiCVR3VN8PgQzE46pI0J8s7MpeLJDJFAOI5lq19QKI', NULL, NULL, 'disabled', '{customer}', '2026-11-23 09:30:00+00', '2026-11-23 09:30:01+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	('01a22d4a-c169-7af8-bc68-344473303ec5', 'fred@example.com', 'Ada Lovelace', '$argon2id$v=19$m=8,t=1,p=1$yFzCq+rF1tNAJY2DvQXbiA$580QVMvn3VXSS75NbyUZnyf9wqFD5ysEdLt+6M/lt4A', NULL, NULL, 'active', '{customer}', '2026-11-23 09:30:01+00', '2026-11-23 09:30:01+00', '2026-11-23 09:30:01+00', '2026-12-07 09:30:01+00', NULL, NULL, NULL, NULL, NULL, NULL),
	('01a22d4a-c4aa-72d0-8755-0d454fd471cc', 'gina@example.com', 'Ada Lovelace', '$argon2id$v=19$m=8,t=1,p=1$KznqTHa7sJATMgtw4Tec0Q$TCoM9k+PjHloFuEXdlppiSZegFoc6CAcc+vHj5mCczI', NULL, NULL, 'active', '{customer}', '2026-11-23 09:30:01+00', '2026-11-23 09:30:01+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

SELECT pg_catalog.setval('public.audit_entries_position_seq', 26, true);

SELECT pg_catalog.setval('public.goose_db_version_id_seq', 18, true);

SELECT pg_catalog.setval('public.outbox_position_seq', 6, true);

SELECT pg_catalog.setval('public.river_job_id_seq', 11, true);

SELECT pg_catalog.setval('public.river_notification_id_seq', 1, false);

ALTER TABLE ONLY public.audit_batches
    ADD CONSTRAINT audit_batches_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.audit_entries
    ADD CONSTRAINT audit_entries_id_key UNIQUE (id);

ALTER TABLE ONLY public.audit_entries
    ADD CONSTRAINT audit_entries_pkey PRIMARY KEY ("position");

ALTER TABLE ONLY public.audit_seals
    ADD CONSTRAINT audit_seals_pkey PRIMARY KEY ("position");

ALTER TABLE ONLY public.data_keys
    ADD CONSTRAINT data_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.email_tokens
    ADD CONSTRAINT email_tokens_hash_key UNIQUE (hash);

ALTER TABLE ONLY public.email_tokens
    ADD CONSTRAINT email_tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.email_tokens
    ADD CONSTRAINT email_tokens_user_id_purpose_key UNIQUE (user_id, purpose);

ALTER TABLE ONLY public.familiar_networks
    ADD CONSTRAINT familiar_networks_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.goose_db_version
    ADD CONSTRAINT goose_db_version_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.login_challenges
    ADD CONSTRAINT login_challenges_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.master_key_proof
    ADD CONSTRAINT master_key_proof_pkey PRIMARY KEY (single);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_id_key UNIQUE (id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY ("position");

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.river_job
    ADD CONSTRAINT river_job_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.river_leader
    ADD CONSTRAINT river_leader_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.river_migration
    ADD CONSTRAINT river_migration_pkey1 PRIMARY KEY (line, version);

ALTER TABLE ONLY public.river_notification
    ADD CONSTRAINT river_notification_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.river_queue
    ADD CONSTRAINT river_queue_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.second_factors
    ADD CONSTRAINT second_factors_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_family_key UNIQUE (family);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (kid);

ALTER TABLE ONLY public.throttles
    ADD CONSTRAINT throttles_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.user_keys
    ADD CONSTRAINT user_keys_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

CREATE INDEX audit_entries_action_idx ON public.audit_entries USING btree (action, occurred_at DESC, id DESC);

CREATE INDEX audit_entries_actor_idx ON public.audit_entries USING btree (actor, occurred_at DESC, id DESC);

CREATE INDEX audit_entries_occurred_at_idx ON public.audit_entries USING btree (occurred_at DESC, id DESC);

CREATE INDEX audit_entries_target_idx ON public.audit_entries USING btree (target, occurred_at DESC, id DESC);

CREATE INDEX audit_seals_batch_idx ON public.audit_seals USING btree (batch, "position");

CREATE INDEX email_tokens_expires_at_idx ON public.email_tokens USING btree (expires_at);

CREATE INDEX familiar_networks_account_idx ON public.familiar_networks USING btree (account, expires_at DESC);

CREATE INDEX familiar_networks_expires_at_idx ON public.familiar_networks USING btree (expires_at);

CREATE INDEX login_challenges_expires_at_idx ON public.login_challenges USING btree (expires_at);

CREATE INDEX login_challenges_user_id_idx ON public.login_challenges USING btree (user_id);

CREATE INDEX outbox_published_at_idx ON public.outbox USING btree (published_at) WHERE (published_at IS NOT NULL);

CREATE INDEX outbox_unpublished_idx ON public.outbox USING btree ("position") WHERE (published_at IS NULL);

CREATE INDEX recovery_codes_user_id_idx ON public.recovery_codes USING btree (user_id);

CREATE INDEX refresh_tokens_session_id_idx ON public.refresh_tokens USING btree (session_id);

CREATE INDEX river_job_args_index ON public.river_job USING gin (args);

CREATE INDEX river_job_kind ON public.river_job USING btree (kind);

CREATE INDEX river_job_metadata_index ON public.river_job USING gin (metadata);

CREATE INDEX river_job_prioritized_fetching_index ON public.river_job USING btree (state, queue, priority, scheduled_at, id);

CREATE INDEX river_job_state_and_finalized_at_index ON public.river_job USING btree (state, finalized_at) WHERE (finalized_at IS NOT NULL);

CREATE UNIQUE INDEX river_job_unique_idx ON public.river_job USING btree (unique_key) WHERE ((unique_key IS NOT NULL) AND (unique_states IS NOT NULL) AND public.river_job_state_in_bitmask(unique_states, state));

CREATE INDEX river_notification_created_at_idx ON public.river_notification USING btree (created_at);

CREATE INDEX river_notification_topic_id_idx ON public.river_notification USING btree (topic, id);

CREATE INDEX sessions_expires_at_idx ON public.sessions USING btree (expires_at);

CREATE INDEX sessions_revoked_at_idx ON public.sessions USING btree (revoked_at) WHERE (revoked_at IS NOT NULL);

CREATE INDEX sessions_user_id_idx ON public.sessions USING btree (user_id, created_at DESC, id DESC);

CREATE INDEX user_keys_data_key_id_idx ON public.user_keys USING btree (data_key_id);

CREATE INDEX users_created_at_idx ON public.users USING btree (created_at DESC, id DESC);

CREATE INDEX users_deletes_at_idx ON public.users USING btree (deletes_at) WHERE (deletes_at IS NOT NULL);

CREATE INDEX users_disabled_idx ON public.users USING btree (created_at DESC, id DESC) WHERE (status = 'disabled'::public.user_status);

CREATE UNIQUE INDEX users_email_key ON public.users USING btree (lower(email) text_pattern_ops);

CREATE INDEX users_folded_name_idx ON public.users USING btree (public.folded(name) text_pattern_ops);

CREATE UNIQUE INDEX users_id_card_number_mark_key ON public.users USING btree (id_card_number_mark) WHERE (id_card_number_mark IS NOT NULL);

CREATE INDEX users_phone_mark_idx ON public.users USING btree (phone_mark) WHERE (phone_mark IS NOT NULL);

CREATE INDEX users_roles_idx ON public.users USING btree (created_at DESC, id DESC) WHERE (roles <> '{customer}'::text[]);

CREATE TRIGGER audit_batches_unchanged BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_batches FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER audit_entries_unchanged BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_entries FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER audit_seals_unchanged BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_seals FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER sessions_deleted AFTER DELETE ON public.sessions FOR EACH ROW EXECUTE FUNCTION public.notify_session();

CREATE TRIGGER sessions_deletion_recorded AFTER DELETE ON public.sessions FOR EACH ROW WHEN (((old.revoked_at IS NULL) AND (old.expires_at > now()))) EXECUTE FUNCTION public.record_session_change();

CREATE TRIGGER sessions_end_recorded AFTER UPDATE OF revoked_at, expires_at ON public.sessions FOR EACH ROW WHEN (((old.revoked_at IS NULL) AND ((new.revoked_at IS NOT NULL) OR ((old.expires_at > now()) AND (new.expires_at <= now()))))) EXECUTE FUNCTION public.record_session_change();

CREATE TRIGGER sessions_shortened AFTER UPDATE OF revoked_at, expires_at ON public.sessions FOR EACH ROW WHEN (((new.revoked_at IS DISTINCT FROM old.revoked_at) OR (new.expires_at < old.expires_at))) EXECUTE FUNCTION public.notify_session();

CREATE TRIGGER sessions_truncated AFTER TRUNCATE ON public.sessions FOR EACH STATEMENT EXECUTE FUNCTION public.notify_all_sessions();

CREATE TRIGGER sessions_truncation_recorded BEFORE TRUNCATE ON public.sessions FOR EACH STATEMENT EXECUTE FUNCTION public.record_truncation();

CREATE TRIGGER users_changed AFTER UPDATE OF status, roles ON public.users FOR EACH ROW EXECUTE FUNCTION public.notify_user_sessions();

CREATE TRIGGER users_deletion_recorded AFTER DELETE ON public.users FOR EACH ROW EXECUTE FUNCTION public.record_user_change('user.deleted');

CREATE TRIGGER users_disabling_recorded AFTER UPDATE OF status ON public.users FOR EACH ROW WHEN (((new.status = 'disabled'::public.user_status) AND (old.status <> 'disabled'::public.user_status))) EXECUTE FUNCTION public.record_user_change('user.disabled');

CREATE TRIGGER users_enabling_recorded AFTER UPDATE OF status ON public.users FOR EACH ROW WHEN (((new.status = 'active'::public.user_status) AND (old.status <> 'active'::public.user_status))) EXECUTE FUNCTION public.record_user_change('user.enabled');

CREATE TRIGGER users_roles_recorded AFTER UPDATE OF roles ON public.users FOR EACH ROW WHEN ((new.roles IS DISTINCT FROM old.roles)) EXECUTE FUNCTION public.record_user_change('user.roles_changed');

CREATE TRIGGER users_truncation_recorded BEFORE TRUNCATE ON public.users FOR EACH STATEMENT EXECUTE FUNCTION public.record_truncation();

ALTER TABLE ONLY public.audit_seals
    ADD CONSTRAINT audit_seals_batch_fkey FOREIGN KEY (batch) REFERENCES public.audit_batches(number);

ALTER TABLE ONLY public.audit_seals
    ADD CONSTRAINT audit_seals_position_fkey FOREIGN KEY ("position") REFERENCES public.audit_entries("position");

ALTER TABLE ONLY public.email_tokens
    ADD CONSTRAINT email_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.login_challenges
    ADD CONSTRAINT login_challenges_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.second_factors(user_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.second_factors(user_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.second_factors
    ADD CONSTRAINT second_factors_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.user_keys
    ADD CONSTRAINT user_keys_data_key_id_fkey FOREIGN KEY (data_key_id) REFERENCES public.data_keys(id);

ALTER TABLE ONLY public.user_keys
    ADD CONSTRAINT user_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

