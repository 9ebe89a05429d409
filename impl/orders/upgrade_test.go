package orders

import (
	"io/fs"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
	"example.com/plumbline/impl/testkit/upgradetest"
)

const (
	// upgradeFolder has a database of the release before the schema had parts, and the migrations of that release.
	upgradeFolder = "testdata/upgrade"
	// upgradeKey is the master key of that database.
	upgradeKey = "fjYB/TVfanSQJj4JMgVgNKU0vd1uGBIc0HCiBxIvGao="
)

// A database of the release before the schema had parts is migrated without loss, and the service goes on with it.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	url := upgradetest.Run(t, upgradeFolder, pgtest.URL(t, schema.Migrations, schema.Parts...), func(url string) {
		out, err := programtest.Command(t, Run, environment(url), "migrate")
		require.NoError(t, err, out)
		const moved = `create_(?:audit|outbox|inbox|accounts|idempotency_keys|master_key_proof)\.sql`
		require.NotRegexp(t, moved, out, "what is there is not made again")
	})
	files, err := fs.Glob(schema.Migrations, "*.sql")
	require.NoError(t, err)
	upgradetest.RequireNewVersions(t, upgradeFolder, files, "00016_prove_master_key.sql")

	out, err := programtest.Command(t, Run, environment(url, "ORDERS_MASTER_KEY="+upgradeKey), "audit", "verify")
	require.NoError(t, err, out)
	require.Contains(t, out, "entries in 1 batches are as they were written; 2 more wait to be sealed")
	_, err = programtest.Command(t, Run, environment(url), "audit", "verify")
	programtest.RequireSentence(t, err, "ORDERS_MASTER_KEY", "not the key that this database is used with")

	s := start(t, func(o *options) {
		o.pool = func(t testing.TB) *pgxpool.Pool { return pgtest.Open(t, pgtest.Patient(url)) }
		o.config = func(c *Config) { c.MasterKey = telemetry.NewSecret(upgradeKey) }
	})
	id := func(last byte) uuid.UUID {
		id := uuid.MustParse("019adf00-0000-7000-8000-000000000000")
		id[15] = last
		return id
	}
	product := func(sku string) (id uuid.UUID) {
		require.NoError(t, s.Pool.QueryRow(t.Context(), `SELECT id FROM products WHERE sku = $1`, sku).Scan(&id))
		return id
	}
	buyer, before := caller{s.client(s.access(id(1))), id(1)}, s.count(`SELECT count(*) FROM orders`)
	again := s.place(buyer, "upgrade-1",
		ordersapi.OrderItemRequest{ProductID: product("PB-1"), Quantity: 2},
		ordersapi.OrderItemRequest{ProductID: product("PB-2"), Quantity: 1})
	require.Equal(t, http.StatusCreated, again.StatusCode(), string(again.Body))
	require.Equal(t, "true", again.HTTPResponse.Header.Get("Idempotency-Replayed"))
	require.Equal(t, before, s.count(`SELECT count(*) FROM orders`))

	status := func(subject, session uuid.UUID, roles ...string) int {
		access, err := s.signer.Sign(token.Claims{
			Issuer: issuer, Audience: []string{serviceName}, Subject: subject, SessionID: session, Roles: roles,
			IssuedAt: s.Clock.Now(), ExpiresAt: s.Clock.Now().Add(300e9), ID: uuid.NewString(),
		})
		require.NoError(t, err)
		got, err := s.client(access).ListWebhooksWithResponse(t.Context(), &ordersapi.ListWebhooksParams{})
		require.NoError(t, err)
		return got.StatusCode()
	}
	require.Equal(t, http.StatusUnauthorized, status(id(2), uuid.New(), "admin"), "disabled")
	require.Equal(t, http.StatusForbidden, status(id(3), uuid.New(), "admin"), "a customer by now")
	require.Equal(t, http.StatusUnauthorized, status(id(4), uuid.New(), "admin"), "deleted")
	require.Equal(t, http.StatusUnauthorized, status(id(5), id(6), "admin"), "the session has ended")
	require.Equal(t, http.StatusOK, status(id(5), uuid.New(), "admin"))
}

// So is one of any version before.
func TestUpgradeFromEachVersion(t *testing.T) {
	t.Parallel()
	upgradetest.RunEach(t, upgradeFolder, pgtest.URL(t, schema.Migrations, schema.Parts...), func(url string) {
		out, err := programtest.Command(t, Run, environment(url), "migrate")
		require.NoError(t, err, out)
	})
}
