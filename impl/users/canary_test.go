package users

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/contracttest"
)

// pathFor fills the parameters of an operation's path.
func pathFor(op *contract.Operation, userID, sessionID string) string {
	return strings.NewReplacer("{userId}", userID, "{sessionId}", sessionID).Replace(op.Pattern)
}

// No personal data and no secret is ever logged, whatever is sent, in whatever place, and whatever the result.
func TestNothingSecretIsLogged(t *testing.T) {
	t.Parallel()
	s := start(t)
	var canaries []string
	canary := func(value string) string {
		canaries = append(canaries, value)
		return value
	}
	const local, phone, otherPhone, card = "kanarienvogel.q7", "+12025550143", "+442079460127", "KANARI-77Q7-CARD"
	email := local + "@example.com"
	canary(local)
	canary(phone)
	canary(otherPhone)
	canary(card)
	password, changed := canary("Zxq9-kanarie-one!"), canary("Zxq9-kanarie-two!")
	wrong, weak := canary("Zxq9-kanarie-wrong"), canary("kanari")
	// send sends a request and remembers every token in its answer.
	send := func(access, method, path, body string, headers ...string) string {
		if access != "" {
			headers = append(headers, "Authorization", "Bearer "+access)
		}
		answer, text := s.do(method, path, body, headers...)
		for _, cookie := range answer.Cookies() {
			if cookie.Value != "" {
				canary(cookie.Value)
			}
		}
		var tokens usersapi.TokenSet
		if json.Unmarshal([]byte(text), &tokens) == nil && tokens.AccessToken != "" {
			canary(tokens.AccessToken)
			canary(tokens.AccessToken[strings.LastIndex(tokens.AccessToken, ".")+1:])
			if tokens.RefreshToken != nil {
				canary(*tokens.RefreshToken)
			}
		}
		return text
	}
	tokensIn := func(text string) (access, refresh string) {
		var tokens usersapi.TokenSet
		require.NoError(t, json.Unmarshal([]byte(text), &tokens), text)
		if tokens.RefreshToken != nil {
			refresh = *tokens.RefreshToken
		}
		return tokens.AccessToken, refresh
	}
	account := fmt.Sprintf(`{"email":%q,"name":"Ada","password":%q}`, email, password)
	log := func(password string) string { return login(email, password) }

	// Requests that succeed.
	admin := s.signUp("admin@example.com", usersapi.RoleAdmin)
	var user usersapi.UserV2
	require.NoError(t, json.Unmarshal([]byte(send("", "POST", "/api/v2/users", account)), &user))
	require.NotEmpty(t, user.ID)
	_, refresh := tokensIn(send("", "POST", "/api/v1/login", log(password)))
	access, refresh := tokensIn(send("", "POST", "/api/v1/refresh", `{"refresh_token":"`+refresh+`"}`))
	browser := send("", "POST", "/api/v1/login", fmt.Sprintf(`{"email":%q,"password":%q,"cookie":true}`, email, password))
	require.Contains(t, browser, "access_token")
	cookie := canaries[len(canaries)-3] // before the access token and its signature
	require.Len(t, cookie, 43)
	require.Contains(t, send("", "POST", "/api/v1/refresh", `{}`, "Cookie", "__Secure-plumbline_refresh="+cookie),
		"access_token")
	require.Contains(t,
		send(access, "PATCH", "/api/v1/profile", `{"phone":"`+phone+`","id_card_number":"`+card+`"}`), card)
	require.Contains(t, send(admin.tokens.AccessToken, "PATCH", "/api/v1/profile", `{"id_card_number":"`+card+`"}`),
		"id_card_number_taken")
	send(admin.tokens.AccessToken, "GET", "/api/v1/admin/users?phone="+url.QueryEscape(phone), "")
	id, session := user.ID.String(), person{ClientWithResponses: s.as(access)}.session(t).String()
	require.Contains(t, send(access, "GET", "/api/v1/profile", ""), email)
	send(access, "PUT", "/api/v1/profile/password",
		fmt.Sprintf(`{"current_password":%q,"new_password":%q}`, password, changed))
	for _, path := range []string{
		"/api/v1/users/" + id, "/api/v2/users/" + id, "/api/v2/users/" + id + "/profile", "/.well-known/jwks.json",
	} {
		send(access, "GET", path, "")
	}
	require.Contains(t,
		send(admin.tokens.AccessToken, "GET", "/api/v1/admin/users?email="+url.QueryEscape(email), ""), email)

	// Requests that fail: by credentials, form, path or role.
	notToken := canary("kanarienvogelkanarienvogelkanarienvogel-_99")
	forged := canary("eyJhbGciOiJub25lIn0.a2FuYXJpZW52b2dlbA.a2FuYXJp")
	for _, body := range []string{
		log(wrong), log(weak), account, strings.ReplaceAll(account, password, weak),
		strings.ReplaceAll(account, "Ada", "\\u0000"),
		`{"email":"` + email, account + account, `{"email":"` + email + `","email":"` + email + `"}`, `"` + password + `"`,
		`{"` + password + `":1,"` + email + `":2}`, `{"email":["` + email + `"],"password":{"p":"` + password + `"}}`,
		`{"refresh_token":"` + notToken + `"}`, `{"refresh_token":"` + notToken + `x"}`,
		`{"phone":"` + otherPhone + `0000000"}`, `{"phone":"` + phone + `","x":"` + password + `"}`,
		`{"id_card_number":"` + card + `?"}`, `{"id_card_number":["` + card + `"]}`,
		fmt.Sprintf(`{"current_password":%q,"new_password":%q}`, wrong, password),
		fmt.Sprintf(`{"current_password":%q,"new_password":%q}`, changed, weak),
		fmt.Sprintf(`{"current_password":%q,"new_password":%q}`, changed, "my name is "+local),
		strings.Repeat(password, 5000),
	} {
		for _, op := range loadDocument(t).Operations {
			if op.ID != "deleteUser" && op.ID != "disableUser" && op.ID != "endSession" && op.ID != "revokeSession" {
				send(access, op.Method, pathFor(op, id, session), body)
			}
		}
	}
	for _, op := range loadDocument(t).Operations {
		path := pathFor(op, id, newID().String())
		send(forged, op.Method, path, "")
		send("", op.Method, path, "", "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(email+":"+password)))
		send("", op.Method, path, "", "Cookie", "__Secure-plumbline_refresh="+notToken+"; other="+password)
		query := "?email=" + url.QueryEscape(email) + "&token=" + notToken + "&x=" + notToken + "&password=%zz" + password
		send(admin.tokens.AccessToken, op.Method, pathFor(op, newID().String(), newID().String())+query, "")
		send("", op.Method, path, `{}`, "X-Request-ID", email, "Traceparent", password, "User-Agent", email,
			"Referer", "https://x.test/"+notToken, "Origin", "https://"+local+".test", "Sec-Fetch-Site", "cross-site")
	}
	canary(base64.StdEncoding.EncodeToString([]byte(email + ":" + password)))
	send("", "GET", "/nowhere/"+url.PathEscape(email), "")
	send("", "GET", "/api/v2/users/"+url.PathEscape(email), "")
	send(access, "GET", "/api/v2/users/"+url.PathEscape(email), "")
	send(access, "BREW", "/api/v2/users", password)

	// Requests that fail inside: the error of PostgreSQL quotes the row.
	_, err := s.Pool.Exec(t.Context(), `ALTER TABLE users ADD CONSTRAINT broken CHECK (false) NOT VALID`)
	require.NoError(t, err)
	for _, request := range [][3]string{
		{"PATCH", "/api/v1/profile", `{"phone":"` + otherPhone + `","id_card_number":"` + card + `"}`},
		{"POST", "/api/v2/users", strings.ReplaceAll(account, local, "other"+local)},
		{"POST", "/api/v1/users", strings.ReplaceAll(account, local, "other"+local)},
		{"PUT", "/api/v1/profile/password", fmt.Sprintf(`{"current_password":%q,"new_password":%q}`, changed, password)},
	} {
		require.Contains(t, send(access, request[0], request[1], request[2]), `"internal"`)
	}
	for _, statement := range []string{
		`ALTER TABLE users RENAME COLUMN email TO address`, `ALTER TABLE sessions RENAME TO gone`,
	} {
		_, err := s.Pool.Exec(t.Context(), statement)
		require.NoError(t, err)
		send("", "POST", "/api/v1/login", log(changed))
		send("", "POST", "/api/v1/refresh", `{"refresh_token":"`+refresh+`"}`)
		send(admin.tokens.AccessToken, "GET", "/api/v1/admin/users?email="+url.QueryEscape(email), "")
	}

	// A handler that panics.
	broken := *s.service
	broken.queries = nil
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/login", strings.NewReader(log(changed)))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	logger := telemetry.NewLogger(s.Log, telemetry.LogOptions{Level: slog.LevelDebug})
	(&server{t: t, service: &broken}).handler(logger.Logger).ServeHTTP(w, r)
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.NoError(t, logger.Close())

	text := s.End(t)
	contracttest.RequireNone(t, text, canaries)
	require.NotContains(t, text, "$argon2id$")
	require.Contains(t, text, `"msg":"panic"`)
	require.Contains(t, text, "violates check constraint")
	for _, op := range loadDocument(t).Operations {
		require.Contains(t, text, `"operation":"`+op.ID+`"`)
	}
}

// The log line of a public operation names the account that the request turned out to be for.
func TestRequestLinesOfWhoeverLogsIn(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	for body, want := range map[string]struct{ path, caller, code string }{
		login("ada@example.com", goodPassword):                 {"/api/v1/login", ada.user.ID.String(), ""},
		login("ada@example.com", newPassword):                  {"/api/v1/login", "", "invalid_credentials"},
		`{"refresh_token":"` + *ada.tokens.RefreshToken + `"}`: {"/api/v1/refresh", ada.user.ID.String(), ""},
	} {
		answer, _ := s.do(http.MethodPost, want.path, body)
		id := answer.Header.Get("X-Request-ID")
		line := s.RequestLines(t, []string{id})[id][0]
		require.Equal(t, want.caller, line.Caller)
		require.Equal(t, want.code, line.Code)
	}
}

// The log has the actor and the target of each operation, as the document says.
func TestAuditLines(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin, ada := s.signUp("admin@example.com", usersapi.RoleAdmin), s.signUp("ada@example.com")
	_, err := admin.DisableUserWithResponse(t.Context(), ada.user.ID)
	require.NoError(t, err)
	_, err = admin.DisableUserWithResponse(t.Context(), admin.user.ID)
	require.NoError(t, err)
	_, err = s.EnableUserWithResponse(t.Context(), ada.user.ID)
	require.NoError(t, err)
	s.do(http.MethodPost, "/api/v1/login", login("ada@example.com", goodPassword))
	me, her := admin.user.ID.String(), ada.user.ID.String()
	for _, want := range []string{
		`"action":"user.create","actor":"` + her + `","target":"` + her + `","outcome":"success"`,
		`"action":"session.start","actor":"` + her + `","target":"` + her + `","outcome":"success"`,
		`"action":"user.disable","actor":"` + me + `","target":"` + her + `","outcome":"success"`,
		`"action":"user.disable","actor":"` + me + `","target":"` + me + `","outcome":"self_administration"`,
		`"action":"user.enable","actor":"anonymous","target":"` + her + `","outcome":"unauthenticated"`,
		`"action":"session.start","actor":"` + her + `","target":"` + her + `","outcome":"account_disabled"`,
	} {
		contracttest.Eventually(t, want, func() bool { return strings.Contains(s.Logged(t), want) })
	}
}
