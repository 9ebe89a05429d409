package orders

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

// The table names the findings of the settings that only the orders service has.
func TestFindings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		set   []string
		warns []string
	}{
		{nil, nil},
		{[]string{"ORDERS_USERS_URL=http://10.0.0.5:8080"}, nil},
		{[]string{"ORDERS_USERS_URL=http://users.example.com"}, []string{"users_url"}},
		{[]string{"ORDERS_USERS_URL=http://203.0.113.9:8080"}, []string{"users_url"}},
		{[]string{"ORDERS_USERS_URL=https://users.example.com"}, nil},
		{[]string{"ORDERS_NATS_URL="}, []string{"nats_url"}},
		{[]string{"ORDERS_WEBHOOKS_ALLOW_PRIVATE=true"}, []string{"webhooks_allow_private"}},
		{[]string{"ORDERS_RATE_LIMITS=false"}, []string{"rate_limits"}}, // a setting that every service has
	} {
		out, err := programtest.Command(t, Run, append([]string{
			"ORDERS_DATABASE_URL=postgres://orders@127.0.0.1:1/orders", "ORDERS_MASTER_KEY=" + testMasterKey,
			"ORDERS_NATS_URL=nats://127.0.0.1:4222", "ORDERS_USERS_URL=http://users:8080",
		}, c.set...), "check")
		require.NoError(t, err, c.set)
		programtest.RequireWarned(t, out, c.warns...)
	}
}

// A key that can be guessed ends the start before anything is written.
func TestAMasterKeyOfZeros(t *testing.T) {
	t.Parallel()
	zeros := "ORDERS_MASTER_KEY=" + strings.Repeat("A", 43) + "="
	_, err := programtest.Command(t, Run, environment("postgres://orders@127.0.0.1:1/orders", zeros), "serve")
	programtest.RequireSentence(t, err, "master_key", "can be guessed")
}

// The service starts only with the master key of its database. A new database takes the key of the first start. On a
// database from before there was a proof of the key, the newest audit entry or a webhook must open with it.
func TestAnotherMasterKeyIsRefused(t *testing.T) {
	t.Parallel()
	const proof = "00016_prove_master_key.sql"
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
	id := uuid.New()
	const entry = `INSERT INTO audit_entries (id, action, outcome, sealed_address, request_id, occurred_at)
		VALUES ($1, 'product.create', 'success', $2, '', now())`
	const hook = `INSERT INTO webhooks (id, url, event_types, sealed_secret, created_at, updated_at)
		VALUES ($1, 'https://receiver.test', '{order.paid}', $2, now(), now())`
	for name, c := range map[string]struct {
		statement string
		sealed    []byte
	}{
		"a new one":          {"", nil},
		"with audit entries": {entry, sealed("audit addresses", "audit_entries/"+id.String())},
		"with a webhook":     {hook, sealed("webhook secrets", secretName(id))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.URL(t, before, others...)
			if c.statement == "" {
				p := programtest.Serve(t, Run, environment(url))
				p.Stop()
				require.NoError(t, p.End())
			} else {
				conn, err := pgx.Connect(t.Context(), url)
				require.NoError(t, err)
				_, err = conn.Exec(t.Context(), c.statement, id, c.sealed)
				require.NoError(t, err)
				require.NoError(t, conn.Close(t.Context()))
			}
			for range 2 { // A refused attempt does not let the next one through.
				_, err := programtest.Command(t, Run, environment(url, "ORDERS_MASTER_KEY="+programtest.NewMasterKey()), "serve")
				programtest.RequireSentence(t, err, "ORDERS_MASTER_KEY", "not the key that this database is used with")
			}
			p := programtest.Serve(t, Run, environment(url))
			p.Stop()
			require.NoError(t, p.End())
		})
	}
}

// After the proof has been deleted the database accepts another key, and from then on only that one.
func TestTheMasterKeyIsReplaced(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, schema.Migrations, schema.Parts...)
	starts := func(key string) {
		p := programtest.Serve(t, Run, environment(url, "ORDERS_MASTER_KEY="+key))
		p.Stop()
		require.NoError(t, p.End())
	}
	starts(testMasterKey)
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `DELETE FROM master_key_proof`)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	starts(programtest.NewMasterKey())
	_, err = programtest.Command(t, Run, environment(url), "serve")
	programtest.RequireSentence(t, err, "not the key that this database is used with")
}
