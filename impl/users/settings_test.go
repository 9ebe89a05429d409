package users

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/convert"
	"example.com/plumbline/impl/platform/mail"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

// The table names the findings of the settings that only the users service has, with a mail server on another machine.
func TestFindings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		set     []string
		warns   string // the setting, or "" for none
		refuses string // the setting whose value ends the start, or "" for none
	}{
		{nil, "", ""},
		{[]string{"USERS_MAIL=off"}, "mail", ""},
		{[]string{"USERS_MAIL=off", "USERS_PUBLIC_URL=http://127.0.0.1:8080"}, "mail", ""},
		{[]string{"USERS_PUBLIC_URL=http://127.0.0.1:8080"}, "", "public_url"},
		{[]string{"USERS_PUBLIC_URL=https://localhost"}, "", "public_url"},
		{[]string{"USERS_PUBLIC_URL=http://[::1]:8080"}, "", "public_url"},
		{[]string{"USERS_PUBLIC_URL=https://0.0.0.0/"}, "", "public_url"},
		{[]string{"USERS_PUBLIC_URL=https://[::]/"}, "", "public_url"},
		{[]string{"USERS_PUBLIC_URL=https://[::ffff:0.0.0.0]/"}, "", "public_url"},
		{[]string{"USERS_PUBLIC_URL=https://127.1/"}, "", "public_url"},
		{[]string{"USERS_PUBLIC_URL=https://2130706433/"}, "", "public_url"},
		{[]string{"USERS_PUBLIC_URL=https://0x7f000001:443/"}, "", "public_url"},
		{[]string{"USERS_PUBLIC_URL=https://127.0.0.01./", "USERS_MAIL=off"}, "", "public_url"},
		{[]string{"USERS_PUBLIC_URL=https://203.0.113.9/"}, "", ""},
		{[]string{"USERS_PUBLIC_URL=https://4.shop.example.com/"}, "", ""},
		{[]string{"USERS_PUBLIC_URL=http://127.0.0.1:8080", "USERS_SMTP_ADDR=127.0.0.1:25"}, "public_url", ""},
		{[]string{"USERS_PUBLIC_URL=http://shop.example.com"}, "public_url", ""},
		{[]string{"USERS_SMTP_TLS=none"}, "smtp_tls", ""},
		{[]string{"USERS_SMTP_TLS=none", "USERS_SMTP_ADDR=127.0.0.1:25"}, "", ""},
		{[]string{"USERS_SMTP_PASSWORD=" + canary}, "smtp_user", ""},
		{[]string{"USERS_SMTP_USER=mailer", "USERS_SMTP_PASSWORD=" + canary}, "", ""},
		{[]string{"USERS_HASH_MEMORY_KIB=1024"}, "hash_memory_kib", ""},
		{[]string{"USERS_HASH_ITERATIONS=1"}, "hash_memory_kib", ""},
		{[]string{"USERS_HASH_MEMORY_KIB=65536", "USERS_HASH_ITERATIONS=3"}, "", ""},
		{[]string{"USERS_AUDIENCE=users"}, "audience", ""},
		{[]string{"USERS_OPS_ADDR=0.0.0.0:9090"}, "ops_addr", ""}, // a setting that every service has
	} {
		out, err := run(t, append([]string{
			"USERS_DATABASE_URL=postgres://users@127.0.0.1:1/users", "USERS_MASTER_KEY=" + testMasterKey,
			"USERS_NATS_URL=nats://127.0.0.1:4222",
			"USERS_SMTP_ADDR=mail.example.com:587", "USERS_MAIL_FROM=a@example.com", "USERS_PUBLIC_URL=https://shop.example.com",
		}, c.set...), "check")
		require.NotContains(t, out, canary)
		if c.refuses != "" {
			programtest.RequireSentence(t, err, c.refuses)
			continue
		}
		require.NoError(t, err, c.set)
		programtest.RequireWarned(t, out, c.warns)
	}
}

// A database from before there was a proof of the master key opens only with the key it was used with.
func TestAnotherMasterKeyOfADatabaseInUse(t *testing.T) {
	t.Parallel()
	const proof = "00027_prove_master_key.sql"
	before := fstest.MapFS{}
	files, err := fs.Glob(schema.Migrations, "*.sql")
	require.NoError(t, err)
	require.Contains(t, files, proof)
	for _, name := range files {
		if name < proof {
			text, err := fs.ReadFile(schema.Migrations, name)
			require.NoError(t, err)
			before[name] = &fstest.MapFile{Data: text}
		}
	}
	others := slices.DeleteFunc(slices.Clone(schema.Parts), func(p postgres.Part) bool {
		return p.Name() == program.Tables.Name()
	})
	master, err := seal.NewMasterKey(serviceName, telemetry.NewSecret(testMasterKey))
	require.NoError(t, err)
	sealed := func(purpose, name string) []byte {
		sealer, err := master.Sealer(purpose)
		require.NoError(t, err)
		return sealer.Seal([]byte("something"), name)
	}
	entry := uuid.New()
	for name, c := range map[string]struct {
		statement string
		args      []any
	}{
		"an audit entry": {
			`INSERT INTO audit_entries (id, action, outcome, sealed_address, request_id, occurred_at)
				VALUES ($1, 'user.create', 'success', $2, '', now())`,
			[]any{entry, sealed("audit addresses", "audit_entries/"+entry.String())},
		},
		"a signing key alone": {
			`INSERT INTO signing_keys (kid, sealed_key, signs_from, created_at) VALUES ($1, $2, now(), now())`,
			[]any{"one", sealed("signing keys", signingKey("one"))},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.URL(t, before, others...)
			conn, err := pgx.Connect(t.Context(), url)
			require.NoError(t, err)
			_, err = conn.Exec(t.Context(), c.statement, c.args...)
			require.NoError(t, err)
			require.NoError(t, conn.Close(t.Context()))
			for range 2 { // A refused attempt does not let the next one through.
				_, err = run(t, environment(url, "USERS_MASTER_KEY="+programtest.NewMasterKey()), "serve")
				programtest.RequireSentence(t, err, "USERS_MASTER_KEY", "not the key that this database is used with")
			}
			out, err := run(t, environment(url), "audit", "verify")
			require.NoError(t, err, out)
		})
	}
}

// proving is a mail server whose answer to a login a test sets.
type proving struct {
	mail.Discard

	err error
}

func (p proving) Prove(context.Context) error { return p.err }

// A mail server that refuses the password ends the start; one that cannot be reached is logged.
func TestAWrongPasswordOfTheMailServer(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, schema.Migrations, schema.Parts...)
	with := func(err error) programtest.Main {
		p := ProgramWith(proving{err: err})
		p.Development = true
		return p.Run
	}
	_, err := programtest.Command(t, with(mail.ErrLogin), environment(url), "serve")
	programtest.RequireSentence(t, err, "smtp_user, smtp_password: ", "refuses")
	p := programtest.Serve(t, with(errors.New("it is away")), environment(url))
	require.Equal(t, "it is away", p.Line("mails wait")["error"])
}

// The procedure in docs/operations.md for another master key leads to a service in which new accounts work.
func TestTheMasterKeyIsReplaced(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, schema.Migrations, schema.Parts...)
	_, err := run(t, environment(url), "create-admin", "--email", boss)
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `DELETE FROM master_key_proof; DELETE FROM signing_keys`)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))

	environ := environment(url, "USERS_MASTER_KEY="+programtest.NewMasterKey())
	p := programtest.Serve(t, Run, environ)
	_, err = run(t, environ, "rotate-data-keys")
	require.NoError(t, err)
	out, err := run(t, environ, "create-admin", "--email", "next@example.com")
	require.NoError(t, err)
	client, err := usersapi.NewClientWithResponses(p.URL)
	require.NoError(t, err)
	started, err := client.StartSessionWithResponse(t.Context(),
		usersapi.StartSessionRequest{Email: "next@example.com", Password: passwordIn(out)})
	require.NoError(t, err)
	phone := "+442079460000"
	told, err := client.UpdateProfileWithResponse(t.Context(),
		usersapi.UpdateProfileRequest{Phone: convert.OrNull(&phone)}, func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+contracttest.Body(t, started, started.JSON200).AccessToken)
			return nil
		})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, told.StatusCode(), string(told.Body))
	_, err = run(t, environment(url), "rotate-keys")
	programtest.RequireSentence(t, err, "not the key that this database is used with")
}
