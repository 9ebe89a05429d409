package contracttest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/testkit/tokentest"
)

// ForgedTokensAreRefused sends every kind of forged token to every operation that needs one. Each is refused for the
// right reason: a token that is made in the same way, but without the flaw, is accepted.
func ForgedTokensAreRefused(t *testing.T, s *Service, server *Server, forging tokentest.Options) {
	t.Helper()
	good := tokentest.Valid(t, forging)
	forgeries := tokentest.Forgeries(t, forging)
	require.GreaterOrEqual(t, len(forgeries), 64)
	// Without a network, which would normalise some of the requests.
	send := func(op *contract.Operation, path string, authorization ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), op.Method, path, http.NoBody)
		r.Header["Authorization"] = authorization
		w := httptest.NewRecorder()
		server.Web.Config.Handler.ServeHTTP(w, r)
		return w
	}
	needing := 0
	before := s.fingerprint(t, server)
	for _, op := range s.Document.Operations {
		path := pathParameter.ReplaceAllStringFunc(op.Pattern, func(string) string { return uuid.NewString() })
		if op.Policy.Access.Public {
			continue
		}
		needing++
		refused := func(name string, authorization ...string) {
			t.Helper()
			w := send(op, path, authorization...)
			if w.Code != http.StatusUnauthorized {
				t.Errorf("%s: a token forged as %q was answered with %d", op.ID, name, w.Code)
				return
			}
			var problem Problem
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &problem))
			require.Equal(t, contract.ErrUnauthenticated.Code, problem.Code, name)
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
	requireSome(t, needing, "operation that needs a token")
	require.Equal(t, before, s.fingerprint(t, server), "none of them has changed a thing")
	for _, op := range s.Document.Operations {
		path := pathParameter.ReplaceAllStringFunc(op.Pattern, func(string) string { return uuid.NewString() })
		if !op.Policy.Access.Public && op.Method == http.MethodGet {
			w := send(op, path, "Bearer "+good)
			require.NotEqual(t, http.StatusUnauthorized, w.Code, "%s: %s", op.ID, w.Body)
		}
	}
}

// genuineTokensPass is the control: every operation accepts a genuine token, however the scheme's name is written (RFC
// 9110, section 11.1), and a public operation ignores tokens.
func genuineTokensPass(t *testing.T, s *Service) {
	t.Helper()
	server := s.Start(t)
	for _, op := range s.Document.Operations {
		for _, scheme := range []string{"bearer ", "Bearer ", "BEARER "} {
			by, of := server.able(t, op)
			r, _ := s.request(t, server, op, by, of)
			authorization := "Authorization: " + scheme + by.AccessToken()
			if op.Policy.Access.Public {
				authorization = "Authorization: " + scheme + "stale"
			}
			answer, body := server.Do(t, r.With(authorization))
			requireSuccess(t, op, answer, body)
		}
	}
}
