package users

import (
	"io/fs"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
	"example.com/plumbline/impl/testkit/upgradetest"
)

const (
	// upgradeFolder has a database of the release before the schema had parts, and the migrations of that release.
	upgradeFolder = "testdata/upgrade"
	// upgradeKey is the master key of that database.
	upgradeKey = "WA8zTgK9BDsYprxE5U1GnkiLnTlIUfK03zcKH468Xew="
)

// A database of the release before the schema had parts is migrated without loss, and the service goes on with it.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	url := upgradetest.Run(t, upgradeFolder, pgtest.URL(t, schema.Migrations, schema.Parts...), func(url string) {
		out, err := run(t, environment(url), "migrate")
		require.NoError(t, err, out)
		const moved = `create_(?:audit|outbox|throttles|master_key_proof)\.sql`
		require.NotRegexp(t, moved, out, "what is there is not made again")
	}, "inbox")
	files, err := fs.Glob(schema.Migrations, "*.sql")
	require.NoError(t, err)
	upgradetest.RequireNewVersions(t, upgradeFolder, files, "00027_prove_master_key.sql")

	out, err := run(t, environment(url, "USERS_MASTER_KEY="+upgradeKey), "audit", "verify")
	require.NoError(t, err, out)
	require.Contains(t, out, "entries in 1 batches are as they were written; 2 more wait to be sealed")
	_, err = run(t, environment(url), "audit", "verify")
	programtest.RequireSentence(t, err, "USERS_MASTER_KEY", "not the key that this database is used with")

	c := underTest(t)
	pool := pgtest.Open(t, pgtest.Patient(url))
	clock := contracttest.NewClock()
	s := &server{t: t, queries: usersdb.New(pool), Server: &contracttest.Server{Pool: pool, Clock: clock}}
	s.service, err = New(s.config(func(c *Config) { c.MasterKey = telemetry.NewSecret(upgradeKey) }))
	require.NoError(t, err)
	require.NoError(t, s.service.prepare(t.Context()))
	t.Cleanup(func() { s.service.audit.Wait() })
	s.serve(behindProxy(contracttest.Limited(c, c.Document.Operation("startSession"))))
	ada := s.logIn("ada@example.com", goodPassword)
	profile, err := ada.GetProfileWithResponse(t.Context())
	require.NoError(t, err)
	told := contracttest.Body(t, profile, profile.JSON200)
	require.Equal(t, [2]string{onePhone, oneCard}, [2]string{*told.Phone, *told.IDCardNumber})
	s.challenged("bob@example.com", goodPassword) // He has a second factor.
	disabled, err := s.StartSessionWithResponse(t.Context(), usersapi.StartSessionRequest{
		Email: "carl@example.com", Password: goodPassword,
	})
	require.NoError(t, err)
	require.Equal(t, usersapi.ProblemCodeAccountDisabled, codeIn(t, disabled.Body))
	refused := s.from("192.0.2.9", "dora@example.com", "wrong")
	require.Equal(t, http.StatusTooManyRequests, refused.StatusCode, "what failed before still counts")
	require.Equal(t, http.StatusUnauthorized, s.from("192.0.2.10", "dora@example.com", "wrong").StatusCode)
}

// So is one of any version before.
func TestUpgradeFromEachVersion(t *testing.T) {
	t.Parallel()
	upgradetest.RunEach(t, upgradeFolder, pgtest.URL(t, schema.Migrations, schema.Parts...), func(url string) {
		out, err := run(t, environment(url), "migrate")
		require.NoError(t, err, out)
	})
}
