package resource

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// migrations are those of a new service.
var migrations = os.DirFS("../../../tools/service/_template/queries/depot/migrations")

func TestSettings(t *testing.T) {
	t.Parallel()
	valid := func() Settings {
		s := DefaultSettings("127.0.0.1:8082", "127.0.0.1:9092")
		s.UsersURL = "https://users.example.com"
		s.DatabaseURL = telemetry.NewSecret("postgres://reviews@127.0.0.1:5432/reviews")
		s.MasterKey = telemetry.NewSecret(programtest.NewMasterKey())
		return s
	}
	s := valid()
	require.NoError(t, s.Validate())
	for _, url := range []string{
		"", "users:8080", "ftp://users", "http://", "http://me:secret@users", "http://users?a=b", "http://users#a",
	} {
		s := valid()
		s.UsersURL = url
		require.ErrorContains(t, s.Validate(), "users_url", url)
		require.NotContains(t, s.Validate().Error(), "secret")
	}
	s = valid()
	s.OpsAddr = s.Addr
	require.ErrorContains(t, s.Validate(), "ops_addr", "those that every service has are looked at, too")

	found := func(s Settings) map[string]string {
		follows := map[string]string{}
		for _, f := range s.Findings() {
			follows[f.Setting] = f.Follows
		}
		return follows
	}
	require.Contains(t, found(valid())["nats_url"], "a disabled account or an ended session goes on")
	require.NotContains(t, found(valid()), "users_url")
	s = valid()
	s.UsersURL = "http://users.example.com"
	require.Contains(t, found(s), "users_url", "over the internet in the clear")
	s.UsersURL = "http://users:8080"
	require.NotContains(t, found(s), "users_url", "within a network of one's own")
}

var errMissing = fault.New(fault.NotFound, "review_not_found", "There is no review with that id.")

func TestExplain(t *testing.T) {
	t.Parallel()
	contracttest.ErrorsAreExplained(t, func(err error) error { return Explain(err, errMissing) })
	require.ErrorIs(t, Explain(pgx.ErrNoRows, errMissing), errMissing)
	require.Equal(t, pgx.ErrNoRows, Explain(pgx.ErrNoRows, nil), "a row that must be there is a defect when it is not")
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for ifMatch, want := range map[string][]int64{
		`"1"`: {1}, `"1", "22"`: {1, 22}, `W/"1"`: nil, `"01", "+1", "x", ""`: nil,
		ETag(9007199254740991): {9007199254740991},
	} {
		versions, anyVersion := Versions(ifMatch)
		require.Equal(t, want, versions, ifMatch)
		require.False(t, anyVersion, ifMatch)
	}
	_, anyVersion := Versions("*")
	require.True(t, anyVersion)
}

// What the users service tells of an account or a session holds from then on, whatever a token says, for as long as a
// token can say it.
func TestStanding(t *testing.T) {
	t.Parallel()
	clock := contracttest.NewClock()
	s := &standing{database: pgtest.New(t, migrations), clock: clock.Now}
	began := clock.Now()
	claims := token.Claims{
		Subject: uuid.New(), SessionID: uuid.New(), Roles: []string{"staff"}, IssuedAt: began,
		ExpiresAt: began.Add(5 * time.Minute), ID: "one",
	}
	roles := func(claims token.Claims) []string {
		session, err := s.read(t.Context(), claims)
		if err != nil {
			require.ErrorIs(t, err, contract.ErrUnauthenticated)
			return nil
		}
		require.Equal(t, claims.Subject, session.Principal.Subject)
		return session.Principal.Roles
	}
	tell := func(kind string, data any) {
		text, err := json.Marshal(data)
		require.NoError(t, err)
		e := events.Event{
			ID: uuid.New(), Source: "/users", Type: kind, Subject: claims.Subject, Time: clock.Now(), Data: text,
		}
		for range 2 { // A copy changes nothing.
			require.NoError(t, s.hear(t.Context(), e))
		}
	}
	account := func(status string, at time.Time, roles ...string) accountChanged {
		return accountChanged{UserID: claims.Subject, Status: status, Roles: roles, ChangedAt: at}
	}
	require.Equal(t, []string{"staff"}, roles(claims))

	tell("user.roles_changed", account("active", began, "customer"))
	require.Equal(t, []string{"customer"}, roles(claims), "a token of the same second may be from before")
	later := claims
	later.IssuedAt = began.Add(time.Second)
	require.Equal(t, []string{"staff"}, roles(later), "a token that was issued since says what holds")

	clock.Advance(time.Minute)
	tell("user.disabled", account("disabled", clock.Now()))
	require.Nil(t, roles(later))
	tell("user.enabled", account("active", began.Add(time.Second), "customer"))
	require.Nil(t, roles(later), "what was true before comes late, and changes nothing")
	clock.Advance(time.Second)
	tell("user.enabled", account("active", clock.Now(), "customer"))
	require.Equal(t, []string{"customer"}, roles(later))
	tell("user.renamed", map[string]string{}) // It concerns nobody here.

	tell("session.revoked", sessionRevoked{SessionID: claims.SessionID})
	require.Nil(t, roles(later))
	other := later
	other.SessionID = uuid.New()
	require.Equal(t, []string{"customer"}, roles(other), "another session of the account goes on")

	require.Error(t, s.hear(t.Context(), events.Event{ID: uuid.New(), Type: "session.revoked", Data: []byte("{")}))
	require.Error(t, s.hear(t.Context(), events.Event{ID: uuid.New(), Type: "user.enabled", Data: []byte("{")}))

	clock.Advance(memory - time.Minute)
	require.NoError(t, s.purge(t.Context()))
	require.Nil(t, roles(later), "a token can still say otherwise")
	clock.Advance(2 * time.Minute)
	require.NoError(t, s.purge(t.Context()))
	require.Equal(t, []string{"staff"}, roles(later), "it is forgotten; every such token has expired")
}
