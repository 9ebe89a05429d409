package users

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/tokentest"
)

// Every kind of forged token is refused by every operation that needs a token, and for the right reason: a token that
// is made in the same way, without the fault, is accepted.
func TestContractForgedTokens(t *testing.T) {
	t.Parallel()
	s := start(t)
	// The token is an administrator's, so that no forgery is refused for a missing role.
	admin := s.signUp("admin@example.com", usersapi.RoleCustomer, usersapi.RoleAdmin)
	_, _, err := s.service.keys.rotate(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.service.keys.load(t.Context()))
	keys := s.privateKeys()
	require.Len(t, keys, 2)
	now := s.Clock.Now()
	session := admin.session(t)
	forging := tokentest.Options{
		Claims: token.Claims{
			Issuer: "https://users.test", Audience: []string{serviceName}, Subject: admin.user.ID, SessionID: session,
			Roles:    admin.user.Roles,
			IssuedAt: now, ExpiresAt: now.Add(accessLifetime), ID: "forged",
		},
		Issuer: "https://users.test", Audience: serviceName, Key: keys[1], OtherKey: keys[0], Now: now,
	}
	contracttest.ForgedTokensAreRefused(t, underTest(t), s.Server, forging)
	require.Equal(t, 1, s.count(`SELECT count(*) FROM users`))
	require.Equal(t, 1, s.count(`SELECT count(*) FROM sessions WHERE revoked_at IS NULL`))
}

// A token with another audience, or of another issuer with the same keys, is refused.
func TestTokensOfAnotherServiceAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	other := s.replica(func(c *Config) { c.Issuer = "https://elsewhere.test" })
	require.Equal(t, http.StatusUnauthorized, ada.on(other).readsProfile(t))
	orders := s.replica(func(c *Config) { c.Audience = []string{"orders"} })
	onlyOrders := orders.logIn("ada@example.com", goodPassword)
	require.Equal(t, http.StatusUnauthorized, onlyOrders.on(s).readsProfile(t))
}
