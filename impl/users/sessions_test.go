package users

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/hashing"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/testkit/contracttest"
)

func login(email, password string) string {
	return fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)
}

func TestLogin(t *testing.T) {
	t.Parallel()
	const wrong = usersapi.ProblemCodeInvalidCredentials
	upper, cut := strings.ToUpper(goodPassword), goodPassword[:len(goodPassword)-1]
	for name, c := range map[string]struct {
		email, password string
		disabled        bool
		status          int
		code            usersapi.ProblemCode
	}{
		"right":                        {email: "ada@example.com", password: goodPassword, status: 200},
		"right, address in other case": {email: "ADA@Example.com", password: goodPassword, status: 200},
		"wrong password":               {email: "ada@example.com", password: newPassword, status: 401, code: wrong},
		"password in other case":       {email: "ada@example.com", password: upper, status: 401, code: wrong},
		"password cut":                 {email: "ada@example.com", password: cut, status: 401, code: wrong},
		"unknown address":              {email: "eve@example.com", password: goodPassword, status: 401, code: wrong},
		"disabled, right password": {
			email: "ada@example.com", password: goodPassword, disabled: true, status: 403,
			code: usersapi.ProblemCodeAccountDisabled,
		},
		"disabled, wrong password": {
			email: "ada@example.com", password: newPassword, disabled: true, status: 401, code: wrong,
		},
		"a pattern is no address":        {email: "a%a@example.com", password: goodPassword, status: 401, code: wrong},
		"another underscore, not a wild": {email: "ad_@example.com", password: goodPassword, status: 401, code: wrong},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			ada := s.signUp("ada@example.com")
			if c.disabled {
				_, err := s.queries.SetUserStatus(t.Context(),
					usersdb.SetUserStatusParams{ID: ada.user.ID, Status: usersdb.UserStatusDisabled, UpdatedAt: s.Clock.Now()})
				require.NoError(t, err)
			}
			before := s.count(`SELECT count(*) FROM sessions`)
			answer, err := s.StartSessionWithResponse(t.Context(),
				usersapi.StartSessionRequest{Email: c.email, Password: c.password})
			require.NoError(t, err)
			require.Equal(t, c.status, answer.StatusCode(), string(answer.Body))
			require.Equal(t, "no-store", answer.HTTPResponse.Header.Get("Cache-Control"))
			if c.status != http.StatusOK {
				require.Equal(t, c.code, codeIn(t, answer.Body))
				require.Equal(t, before, s.count(`SELECT count(*) FROM sessions`))
				return
			}
			require.Equal(t, usersapi.TokenSetTokenTypeBearer, contracttest.Body(t, answer, answer.JSON200).TokenType)
			require.EqualValues(t, accessLifetime.Seconds(), contracttest.Body(t, answer, answer.JSON200).ExpiresIn)
			require.Empty(t, answer.HTTPResponse.Cookies())
			require.Equal(t, http.StatusOK,
				person{ClientWithResponses: s.as(contracttest.Body(t, answer, answer.JSON200).AccessToken)}.readsProfile(t))
			secret, err := base64.RawURLEncoding.DecodeString(*contracttest.Body(t, answer, answer.JSON200).RefreshToken)
			require.NoError(t, err)
			require.Len(t, secret, 32)
		})
	}
}

// The answers to an unknown address and to a wrong password are equal to the byte.
func TestLoginDoesNotTellWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	s := start(t, namingRequests)
	s.signUp("ada@example.com")
	// The clock stands still and the caller sets the request id, so that nothing else differs.
	send := func(email string) (http.Header, string) {
		answer, body := s.do(http.MethodPost, "/api/v1/login", login(email, newPassword), "X-Request-ID", "same")
		problemIn(t, answer, body)
		answer.Header.Del("Date")
		return answer.Header, body
	}
	knownHeader, known := send("ada@example.com")
	unknownHeader, unknown := send("eve@example.com")
	require.Equal(t, known, unknown)
	require.Equal(t, knownHeader, unknownHeader)
	require.Contains(t, known, usersapi.ProblemCodeInvalidCredentials)
}

// A login whose account is deleted meanwhile is answered as if there had been none.
func TestLoginBesideADeletion(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	tx, err := s.Pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `DELETE FROM users WHERE id = $1`, ada.user.ID)
	require.NoError(t, err)
	answers := make(chan *usersapi.StartSessionResponse, 1)
	go func() {
		defer close(answers)
		answer, err := s.StartSessionWithResponse(t.Context(),
			usersapi.StartSessionRequest{Email: "ada@example.com", Password: goodPassword})
		if err != nil {
			t.Error(err)
			return
		}
		answers <- answer
	}()
	contracttest.Eventually(t, "the login waits", func() bool {
		return s.count(`SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0
	})
	require.NoError(t, tx.Commit(t.Context()))
	answer := <-answers
	require.NotNil(t, answer)
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode())
	require.Equal(t, usersapi.ProblemCodeInvalidCredentials, codeIn(t, answer.Body))
}

// Logins with a known and with an unknown address each take exactly one hash. Beyond its quarter of the queue, a
// network is refused at once.
func TestEveryLoginTakesOneHash(t *testing.T) {
	t.Parallel()
	const each = 3
	s := start(t, func(o *options) {
		o.hashing = hashing.Config{Params: cheap, Concurrency: 1, Queue: 4 * 2 * each, Wait: time.Minute}
		// With rate limits the network is a known one of ada, and not of eve.
		o.chain = func(c *httpapi.Options) { c.RateLimits = true }
	})
	ada := s.signUp("ada@example.com")

	var sent sync.WaitGroup
	defer sent.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	release, err := s.service.hasher.Hold(ctx)
	require.NoError(t, err)
	defer release()
	waiting := func(email string, all int) {
		for range each {
			sent.Go(func() {
				_, _ = s.StartSessionWithResponse(ctx, usersapi.StartSessionRequest{Email: email, Password: newPassword})
			})
		}
		contracttest.Eventually(t, "each waits for one hash",
			func() bool { _, n := s.service.hasher.Stats(); return n == all })
	}
	waiting("eve@example.com", each)
	waiting("ada@example.com", 2*each)

	// The network has used up its places in the queue.
	create := `{"email":"bob@example.com","name":"Bob","password":"` + goodPassword + `"}`
	change := fmt.Sprintf(`{"current_password":%q,"new_password":%q}`, goodPassword, newPassword)
	for _, request := range [][3]string{
		{http.MethodPost, "/api/v1/login", login("ada@example.com", goodPassword)},
		{http.MethodPost, "/api/v1/login", login("eve@example.com", goodPassword)},
		{http.MethodPost, "/api/v1/users", create},
		{http.MethodPost, "/api/v2/users", create},
		{http.MethodPut, "/api/v1/profile/password", change},
	} {
		answer, body := s.do(request[0], request[1], request[2], "Authorization", "Bearer "+ada.tokens.AccessToken)
		require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode, request[1]+body)
		require.Equal(t, usersapi.ProblemCodeOverloaded, problemIn(t, answer, body).Code)
		require.Equal(t, "1", answer.Header.Get("Retry-After"))
	}
}

// Of many sign-ups at once as many are served as fit the queue of the hasher; the others are refused at once, with a
// Retry-After.
func TestACrowdSigningUp(t *testing.T) {
	t.Parallel()
	const crowd, queue = 50, 12 // all of them strangers
	s := start(t, func(o *options) {
		o.hashing = hashing.Config{Params: cheap, Concurrency: 1, Queue: queue + queue/3, Wait: time.Minute}
	})
	release, err := s.service.hasher.Hold(t.Context())
	require.NoError(t, err)
	defer release()
	outcomes := make(chan *usersapi.CreateUserV2Response, crowd)
	for i := range crowd {
		go func() {
			answer, err := s.CreateUserV2WithResponse(t.Context(), usersapi.CreateUserV2Request{
				Email: fmt.Sprintf("person%d@example.com", i), Name: "One of many", Password: goodPassword,
			})
			if err != nil {
				t.Error(err)
			}
			outcomes <- answer
		}()
	}
	for range crowd - queue {
		refused := <-outcomes
		require.Equal(t, http.StatusServiceUnavailable, refused.StatusCode(), string(refused.Body))
		require.Equal(t, usersapi.ProblemCodeOverloaded, codeIn(t, refused.Body))
		require.Equal(t, "1", refused.HTTPResponse.Header.Get("Retry-After"))
	}
	release()
	for range queue {
		served := <-outcomes
		require.Equal(t, http.StatusCreated, served.StatusCode(), string(served.Body))
	}
	require.Equal(t, queue, s.count(`SELECT count(*) FROM users`))
}

// A hash with weaker parameters than the current ones is replaced at the next login.
func TestLoginRaisesTheHash(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	hash := func() string {
		user, err := s.queries.GetUser(t.Context(), ada.user.ID)
		require.NoError(t, err)
		require.Equal(t, ada.user.UpdatedAt, user.UpdatedAt, "nothing about the account has changed")
		return user.PasswordHash
	}
	first := hash()
	require.Contains(t, first, "$m=8,t=1,p=1$")
	stronger := s.replica(func(c *Config) {
		c.Hashing.Params = hashing.Params{MemoryKiB: 16, Iterations: 2, Parallelism: 1}
	})

	answer, _ := stronger.do(http.MethodPost, "/api/v1/login", login("ada@example.com", newPassword))
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	require.Equal(t, first, hash(), "a wrong password changes nothing")

	s.Clock.Advance(time.Minute)
	stronger.logIn("ada@example.com", goodPassword)
	raised := hash()
	require.Contains(t, raised, "$m=16,t=2,p=1$")

	stronger.logIn("ada@example.com", goodPassword)
	s.logIn("ada@example.com", goodPassword)
	require.Equal(t, raised, hash(), "a hash is never made weaker, nor anew without need")
}

func TestBrowserSession(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.signUp("ada@example.com")
	// checked gives the cookie and the access token of an answer.
	checked := func(answer *http.Response, body string, maxAge time.Duration) (cookie *http.Cookie, access string) {
		t.Helper()
		require.Equal(t, http.StatusOK, answer.StatusCode, body)
		require.NotContains(t, body, "refresh_token")
		require.Len(t, answer.Cookies(), 1)
		cookie = answer.Cookies()[0]
		require.Equal(t, "__Secure-plumbline_refresh", cookie.Name)
		require.True(t, cookie.HttpOnly)
		require.True(t, cookie.Secure)
		require.Equal(t, http.SameSiteStrictMode, cookie.SameSite)
		require.Equal(t, "/api/v1/refresh", cookie.Path)
		require.Empty(t, cookie.Domain)
		require.EqualValues(t, maxAge.Seconds(), cookie.MaxAge)
		require.NotContains(t, body, cookie.Value)
		var tokens usersapi.TokenSet
		require.NoError(t, json.Unmarshal([]byte(body), &tokens))
		return cookie, tokens.AccessToken
	}
	withCookie := func(cookie *http.Cookie) (*http.Response, string) {
		return s.do(http.MethodPost, "/api/v1/refresh", `{}`, "Cookie", cookie.Name+"="+cookie.Value)
	}
	answer, body := s.do(http.MethodPost, "/api/v1/login",
		`{"email":"ada@example.com","password":"`+goodPassword+`","cookie":true}`)
	first, _ := checked(answer, body, sessionLifetime)

	answer, body = withCookie(first)
	second, access := checked(answer, body, sessionLifetime)
	require.NotEqual(t, first.Value, second.Value)
	require.Equal(t, http.StatusOK, person{ClientWithResponses: s.as(access)}.readsProfile(t))

	// Without the cookie there is no refresh token.
	answer, body = s.do(http.MethodPost, "/api/v1/refresh", `{}`)
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	require.Equal(t, usersapi.ProblemCodeInvalidRefreshToken, problemIn(t, answer, body).Code)

	// A cookie that holds no refresh token is ignored; another page of the site may have set it.
	answer, body = withCookie(&http.Cookie{Name: first.Name, Value: "crumbs"})
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	require.Equal(t, usersapi.ProblemCodeInvalidRefreshToken, problemIn(t, answer, body).Code)

	// Logging out removes the cookie.
	answer, body = s.do(http.MethodPost, "/api/v1/logout", "", "Authorization", "Bearer "+access)
	require.Equal(t, http.StatusNoContent, answer.StatusCode, body)
	require.Len(t, answer.Cookies(), 1)
	gone := answer.Cookies()[0]
	require.Equal(t, []any{first.Name, "", -1, "/api/v1/refresh", true, true},
		[]any{gone.Name, gone.Value, gone.MaxAge, gone.Path, gone.Secure, gone.HttpOnly})
	answer, body = withCookie(second)
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	require.Equal(t, usersapi.ProblemCodeInvalidRefreshToken, problemIn(t, answer, body).Code)
	require.Empty(t, answer.Cookies())
}

// Operations that use the refresh cookie refuse requests from pages of other origins, before anything is done.
func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	const trusted, pattern = "https://shop.test", "http://127.0.0.1:*"
	from := func(origin string) []string { return []string{"Origin", origin, "Sec-Fetch-Site", "cross-site"} }
	senders := map[string]struct {
		headers []string
		refused bool
	}{
		"no browser":                        {},
		"the same origin":                   {headers: []string{"Sec-Fetch-Site", "same-origin"}},
		"the address bar":                   {headers: []string{"Sec-Fetch-Site", "none"}},
		"another site":                      {headers: []string{"Sec-Fetch-Site", "cross-site"}, refused: true},
		"another origin of the site":        {headers: []string{"Sec-Fetch-Site", "same-site"}, refused: true},
		"another origin, by an old browser": {headers: []string{"Origin", "https://evil.test"}, refused: true},
		"no origin, by an old browser":      {headers: []string{"Origin", "null"}, refused: true},
		"another origin, both headers":      {headers: from("https://evil.test"), refused: true},
		"a trusted name as a beginning":     {headers: from(trusted + ".evil.test"), refused: true},
		"a trusted name without TLS":        {headers: from("http://shop.test"), refused: true},
		"a trusted origin":                  {headers: from(trusted)},
		"a trusted origin, old browser":     {headers: []string{"Origin", trusted}},
		"a trusted pattern":                 {headers: from("http://127.0.0.1:5173")},
	}
	for name, sender := range senders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, func(o *options) {
				o.chain = func(c *httpapi.Options) { c.TrustedOrigins = []string{trusted, pattern} }
			})
			ada := s.signUp("ada@example.com")
			send := func(path, body string, more ...string) {
				answer, text := s.do(http.MethodPost, path, body, append(more, sender.headers...)...)
				if !sender.refused {
					require.Less(t, answer.StatusCode, 300, text)
					return
				}
				require.Equal(t, http.StatusForbidden, answer.StatusCode, path+text)
				require.Equal(t, usersapi.ProblemCodeCrossOriginRefused, problemIn(t, answer, text).Code)
				require.Empty(t, answer.Cookies())
			}
			sessions := s.count(`SELECT count(*) FROM sessions`)
			send("/api/v1/login", `{"email":"ada@example.com","password":"`+goodPassword+`","cookie":true}`)
			send("/api/v1/refresh", `{"refresh_token":"`+*ada.tokens.RefreshToken+`"}`)
			send("/api/v1/logout", "", "Authorization", "Bearer "+ada.tokens.AccessToken)
			if sender.refused {
				require.Equal(t, sessions, s.count(`SELECT count(*) FROM sessions`))
				require.Equal(t, 1, s.count(`SELECT count(*) FROM refresh_tokens WHERE used_at IS NULL`))
				require.Equal(t, http.StatusOK, ada.readsProfile(t))
			}
			// Operations that take no cookie are open to every origin.
			answer, text := s.do(http.MethodPost, "/api/v2/users",
				`{"email":"bob@example.com","name":"Bob","password":"`+goodPassword+`"}`, sender.headers...)
			require.Equal(t, http.StatusCreated, answer.StatusCode, text)
		})
	}
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	preflight := func(s *server, origin string) http.Header {
		answer, _ := s.do(http.MethodOptions, "/api/v1/refresh", "", "Origin", origin,
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type")
		return answer.Header
	}
	t.Run("trusted origins", func(t *testing.T) {
		t.Parallel()
		s := start(t, func(o *options) {
			o.chain = func(c *httpapi.Options) { c.TrustedOrigins = []string{"https://shop.test"} }
		})
		h := preflight(s, "https://shop.test")
		require.Equal(t, "https://shop.test", h.Get("Access-Control-Allow-Origin"))
		require.Equal(t, "true", h.Get("Access-Control-Allow-Credentials"))
		require.Contains(t, h.Get("Access-Control-Allow-Methods"), "POST")
		require.Contains(t, strings.ToLower(h.Get("Access-Control-Allow-Headers")), "authorization")
		require.Contains(t, h.Values("Vary"), "Origin")
		for _, origin := range []string{"https://evil.test", "null", "https://shop.test.evil.test", "http://shop.test"} {
			require.False(t, slices.ContainsFunc(names(preflight(s, origin)), isCORS), origin)
			answer, _ := s.do(http.MethodGet, "/.well-known/jwks.json", "", "Origin", origin)
			require.False(t, slices.ContainsFunc(names(answer.Header), isCORS), origin)
		}
	})
	t.Run("none is trusted", func(t *testing.T) {
		t.Parallel()
		require.False(t, slices.ContainsFunc(names(preflight(start(t), "https://shop.test")), isCORS))
	})
}

func names(h http.Header) (names []string) {
	for name := range h {
		names = append(names, name)
	}
	return names
}

func isCORS(name string) bool { return strings.HasPrefix(name, "Access-Control-Allow-") }

func TestListSessions(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	s.signUp("bob@example.com")
	mine := []uuid.UUID{ada.session(t)}
	for i := range 6 {
		if i%2 == 0 { // Every second session begins at the same time as another.
			s.Clock.Advance(time.Second)
		}
		mine = append(mine, s.logIn("ada@example.com", goodPassword).session(t))
	}
	// Neither an ended session nor an expired one is listed.
	_, err := s.logIn("ada@example.com", goodPassword).EndSessionWithResponse(t.Context())
	require.NoError(t, err)
	expired := s.logIn("ada@example.com", goodPassword).session(t)
	_, err = s.Pool.Exec(t.Context(), `UPDATE sessions SET expires_at = $1 WHERE id = $2`, s.Clock.Now(), expired)
	require.NoError(t, err)

	var seen []usersapi.Session
	path := "/api/v1/sessions?limit=3"
	for _, length := range []int{3, 3, 1} {
		answer, body := s.do(http.MethodGet, path, "", "Authorization", "Bearer "+ada.tokens.AccessToken)
		require.Equal(t, http.StatusOK, answer.StatusCode, body)
		var page usersapi.SessionList
		require.NoError(t, json.Unmarshal([]byte(body), &page))
		require.Len(t, page.Items, length)
		seen = append(seen, page.Items...)
		if length < 3 {
			require.True(t, page.NextCursor.IsNull())
			require.Empty(t, answer.Header.Get("Link"))
			break
		}
		path = "/api/v1/sessions?cursor=" + page.NextCursor.MustGet() + "&limit=3"
		require.Equal(t, "<"+path+`>; rel="next"`, answer.Header.Get("Link"))
	}
	var ids []uuid.UUID
	for i, item := range seen {
		ids = append(ids, item.ID)
		require.Equal(t, item.ID == mine[0], item.Current)
		require.Equal(t, "127.0.0.1", item.Address)
		require.NotEmpty(t, item.UserAgent)
		require.Equal(t, item.CreatedAt.Add(sessionLifetime), item.ExpiresAt)
		if i > 0 {
			require.False(t, item.CreatedAt.After(seen[i-1].CreatedAt), "the newest come first")
		}
	}
	require.ElementsMatch(t, mine, ids)
}

func TestListSessionsWithoutParameters(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	for range 20 {
		s.logIn("ada@example.com", goodPassword)
	}
	answer, err := ada.ListSessionsWithResponse(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, contracttest.Body(t, answer, answer.JSON200).Items, 20, "the default of limit")
	require.False(t, contracttest.Body(t, answer, answer.JSON200).NextCursor.IsNull())
}

func TestRevokeSession(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, bob := s.signUp("ada@example.com"), s.signUp("bob@example.com")
	elsewhere := s.logIn("ada@example.com", goodPassword)
	notFound := func(id uuid.UUID) {
		t.Helper()
		answer, err := ada.RevokeSessionWithResponse(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, http.StatusNotFound, answer.StatusCode())
		require.Equal(t, usersapi.ProblemCodeSessionNotFound, codeIn(t, answer.Body))
	}
	notFound(bob.session(t))
	require.Equal(t, http.StatusOK, bob.readsProfile(t))
	notFound(newID())

	ended := elsewhere.session(t)
	answer, err := ada.RevokeSessionWithResponse(t.Context(), ended)
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, answer.StatusCode())
	require.Equal(t, http.StatusUnauthorized, elsewhere.readsProfile(t))
	_, status := s.refreshRefused(*elsewhere.tokens.RefreshToken)
	require.Equal(t, http.StatusUnauthorized, status)
	notFound(ended)

	list, err := ada.ListSessionsWithResponse(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, contracttest.Body(t, list, list.JSON200).Items, 1)

	answer, err = ada.RevokeSessionWithResponse(t.Context(), ada.session(t))
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, answer.StatusCode(), "one's own may be ended, too")
	require.Equal(t, http.StatusUnauthorized, ada.readsProfile(t))
}

func TestRevokeOtherSessions(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, bob := s.signUp("ada@example.com"), s.signUp("bob@example.com")
	others := []person{s.logIn("ada@example.com", goodPassword), s.logIn("ada@example.com", goodPassword)}
	for _, revoked := range []int64{2, 0} {
		answer, err := ada.RevokeOtherSessionsWithResponse(t.Context())
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, answer.StatusCode())
		require.Equal(t, revoked, contracttest.Body(t, answer, answer.JSON200).Revoked)
	}
	for _, p := range others {
		require.Equal(t, http.StatusUnauthorized, p.readsProfile(t))
		_, status := s.refreshRefused(*p.tokens.RefreshToken)
		require.Equal(t, http.StatusUnauthorized, status)
	}
	require.Equal(t, http.StatusOK, ada.readsProfile(t))
	require.Equal(t, http.StatusOK, bob.readsProfile(t))
}

// Sessions that ended long ago are removed; others are not.
func TestPurge(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.signUp("ada@example.com")
	s.Clock.Advance(sessionLifetime)
	s.logIn("ada@example.com", goodPassword)
	for _, step := range []struct {
		wait time.Duration
		left int
	}{{sessionLifetime, 2}, {time.Second, 1}, {sessionLifetime, 0}} {
		s.Clock.Advance(step.wait)
		require.NoError(t, s.service.purgeOldRows(t.Context()))
		require.Equal(t, step.left, s.count(`SELECT count(*) FROM sessions`))
		require.Equal(t, step.left, s.count(`SELECT count(*) FROM refresh_tokens`))
	}
}

// A session that was revoked is kept for a day, however much later it would have expired.
func TestEndedSessionsArePurged(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.signUp("ada@example.com")
	ended := s.logIn("ada@example.com", goodPassword)
	answer, err := ended.EndSessionWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, answer.StatusCode())
	for _, step := range []struct {
		wait time.Duration
		left int
	}{{endedMemory, 2}, {time.Second, 1}} {
		s.Clock.Advance(step.wait)
		require.NoError(t, s.service.purgeOldRows(t.Context()))
		require.Equal(t, step.left, s.count(`SELECT count(*) FROM sessions`))
	}
}

// sessionOperations tells the checks what the document does not say of the operations on sessions.
func sessionOperations() knownOperations {
	return knownOperations{
		"startSession": {
			Fit: func(at situation, fit *contracttest.Fit) {
				fit.Body["email"], fit.Body["password"] = at.me.user.Email, goodPassword
			},
			Refused: func(at situation) []contracttest.Refusal {
				return []contracttest.Refusal{
					at.refusal("a wrong password", login(at.me.user.Email, secret), http.StatusUnauthorized,
						usersapi.ProblemCodeInvalidCredentials),
					at.refusal("an unknown address", login(secret+"@example.com", "x"), http.StatusUnauthorized,
						usersapi.ProblemCodeInvalidCredentials),
				}
			},
		},
		"refreshSession": {
			Beyond: contracttest.Beyond{Replaced: []string{"refresh_token"}},
			Fit:    func(at situation, fit *contracttest.Fit) { fit.Body["refresh_token"] = at.me.refresh },
			Refused: func(at situation) []contracttest.Refusal {
				return []contracttest.Refusal{
					at.refusal("no token", `{}`, http.StatusUnauthorized, usersapi.ProblemCodeInvalidRefreshToken),
					at.refusal("an unknown token", `{"refresh_token":"`+newSecret()+`"}`, http.StatusUnauthorized,
						usersapi.ProblemCodeInvalidRefreshToken),
				}
			},
		},
		"revokeSession": {Refused: func(at situation) []contracttest.Refusal {
			return []contracttest.Refusal{
				at.about("another's", contracttest.Others, http.StatusNotFound, usersapi.ProblemCodeSessionNotFound),
			}
		}},
	}
}
