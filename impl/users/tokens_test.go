package users

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/impl/platform/token/tokentest"
)

// protected lists the operations that need a token.
func protected(t *testing.T) (all []*httpapi.Operation) {
	t.Helper()
	for _, op := range loadDocument(t).Operations {
		if !op.Policy.Access.Public {
			all = append(all, op)
		}
	}
	require.Greater(t, len(all), 10)
	return all
}

// pathFor fills the parameters of an operation's path.
func pathFor(op *httpapi.Operation, userID, sessionID string) string {
	return strings.NewReplacer("{userId}", userID, "{sessionId}", sessionID).Replace(op.Pattern)
}

// Every kind of forged token is refused by every operation that needs one, and for the right reason: a token that is
// made in the same way, but without a fault, is accepted.
func TestForgedTokens(t *testing.T) {
	t.Parallel()
	s := start(t)
	// An administrator's: no forgery is refused for want of a role.
	admin := s.signUp("admin@example.com", usersapi.RoleCustomer, usersapi.RoleAdmin)
	_, _, err := s.service.keys.rotate(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.service.keys.load(t.Context()))
	keys := s.privateKeys()
	require.Len(t, keys, 2)
	now := s.clock.Now()
	session := admin.session(t)
	forging := tokentest.Options{
		Claims: token.Claims{
			Issuer: "https://users.test", Audience: []string{serviceName}, Subject: admin.user.ID, SessionID: session, Roles: admin.user.Roles,
			IssuedAt: now, ExpiresAt: now.Add(accessLifetime), ID: "forged",
		},
		Issuer: "https://users.test", Audience: serviceName, Key: keys[1], OtherKey: keys[0], Now: now,
	}
	good := tokentest.Valid(t, forging)
	require.Equal(t, http.StatusOK, person{ClientWithResponses: s.as(good)}.readsProfile(t))
	forgeries := tokentest.Forgeries(t, forging)
	require.GreaterOrEqual(t, len(forgeries), 64)

	// Without a network, which would clean up some of what is sent.
	handler := s.handler(slog.New(slog.DiscardHandler))
	for _, op := range protected(t) {
		path := pathFor(op, admin.user.ID.String(), session.String())
		send := func(authorization ...string) *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(t.Context(), op.Method, path, http.NoBody)
			r.Header["Authorization"] = authorization
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			return w
		}
		refused := func(name string, authorization ...string) {
			t.Helper()
			w := send(authorization...)
			if w.Code != http.StatusUnauthorized {
				t.Errorf("%s: a token forged as %q was answered with %d", op.ID, name, w.Code)
				return
			}
			var problem usersapi.Problem
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &problem))
			require.Equal(t, usersapi.ProblemCodeUnauthenticated, problem.Code, name)
			require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
			require.Regexp(t, `^Bearer realm="[a-z]+"`, w.Header().Get("WWW-Authenticate"))
			require.NotEmpty(t, problem.RequestID)
			require.Equal(t, path, problem.Instance)
		}
		for _, forgery := range forgeries {
			refused(forgery.Name, "Bearer "+forgery.Token)
		}
		refused("none")
		refused("no scheme", good)
		refused("another scheme", "Basic "+good)
		refused("a scheme only", "Bearer")
		refused("nothing behind the scheme", "Bearer ")
		refused("two headers", "Bearer "+good, "Bearer "+good)
		refused("two in one", "Bearer "+good+", Bearer "+good)
	}
	require.Equal(t, http.StatusOK, person{ClientWithResponses: s.as(good)}.readsProfile(t), "none of them has changed a thing")
	require.Equal(t, 1, s.count(`SELECT count(*) FROM users`))
	require.Equal(t, 1, s.count(`SELECT count(*) FROM sessions WHERE revoked_at IS NULL`))
}

// The control: a genuine token passes the door of every operation. What comes after it differs.
func TestAGenuineTokenPassesEveryDoor(t *testing.T) {
	t.Parallel()
	s := start(t)
	handler := s.handler(slog.New(slog.DiscardHandler))
	s.signUp("admin@example.com", usersapi.RoleCustomer, usersapi.RoleAdmin)
	for _, op := range protected(t) {
		// One for each, since some of them end it. The scheme's name is not case-sensitive (RFC 9110, section 11.1).
		genuine := s.logIn("admin@example.com", goodPassword)
		for _, scheme := range []string{"bearer ", "Bearer "} {
			r := httptest.NewRequestWithContext(t.Context(), op.Method, pathFor(op, newID().String(), newID().String()), http.NoBody)
			r.Header.Set("Authorization", scheme+genuine.tokens.AccessToken)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			require.NotEqual(t, http.StatusUnauthorized, w.Code, op.ID)
			require.Less(t, w.Code, 500, op.ID)
			if op.ID == "endSession" {
				break
			}
		}
	}
}

// A public operation does not look at tokens: a stale one in a browser must not stand in the way of a login.
func TestPublicOperationsIgnoreTokens(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.signUp("ada@example.com")
	answer, body := s.do(http.MethodPost, "/api/v1/login", login("ada@example.com", goodPassword), "Authorization", "Bearer stale")
	require.Equal(t, http.StatusOK, answer.StatusCode, body)
	answer, _ = s.do(http.MethodGet, "/.well-known/jwks.json", "", "Authorization", "Bearer stale")
	require.Equal(t, http.StatusOK, answer.StatusCode)
}

// A token of another service's audience, or of another issuer with the same keys, is none of this service's.
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
