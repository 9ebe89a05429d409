package users

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/hashing"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/telemetry"
)

// logged starts a service that logs everything there is, down to debug. lines gives what has been logged so far.
func logged(t *testing.T) (s *server, lines func() string) {
	t.Helper()
	buffer := &logBuffer{}
	logger := telemetry.NewLogger(buffer, telemetry.LogOptions{Service: "users", Level: slog.LevelDebug, Sensitive: loadDocument(t).Sensitive})
	s = start(t, func(o *options) {
		o.hashing = hashing.Config{Params: cheap}
		o.chain = func(c *httpapi.Options) { c.Log = logger.Logger }
	})
	return s, func() string {
		require.NoError(t, logger.Flush())
		return buffer.String()
	}
}

// Nothing that identifies a person or opens a door is ever logged: whatever is sent, wherever, and whatever becomes of it.
func TestNothingSecretIsLogged(t *testing.T) {
	t.Parallel()
	s, lines := logged(t)
	var canaries []string
	canary := func(value string) string {
		canaries = append(canaries, value)
		return value
	}
	const local, phone, otherPhone = "kanarienvogel.q7", "+12025550143", "+442079460127"
	email := local + "@example.com"
	canary(local)
	canary(phone)
	canary(otherPhone)
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

	// What succeeds.
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
	require.Contains(t, send("", "POST", "/api/v1/refresh", `{}`, "Cookie", "__Secure-plumbline_refresh="+cookie), "access_token")
	require.Contains(t, send(access, "PATCH", "/api/v1/profile", `{"phone":"`+phone+`"}`), phone)
	id, session := user.ID.String(), person{ClientWithResponses: s.as(access)}.session(t).String()
	require.Contains(t, send(access, "GET", "/api/v1/profile", ""), email)
	send(access, "PUT", "/api/v1/profile/password", fmt.Sprintf(`{"current_password":%q,"new_password":%q}`, password, changed))
	for _, path := range []string{"/api/v1/users/" + id, "/api/v2/users/" + id, "/api/v2/users/" + id + "/profile", "/.well-known/jwks.json"} {
		send(access, "GET", path, "")
	}
	require.Contains(t, send(admin.tokens.AccessToken, "GET", "/api/v1/admin/users?email="+url.QueryEscape(email), ""), email)

	// What fails: in credentials, in form, in place, in rights.
	notToken := canary("kanarienvogelkanarienvogelkanarienvogel-_99")
	forged := canary("eyJhbGciOiJub25lIn0.a2FuYXJpZW52b2dlbA.a2FuYXJp")
	for _, body := range []string{
		log(wrong), log(weak), account, strings.ReplaceAll(account, password, weak), strings.ReplaceAll(account, "Ada", "\\u0000"),
		`{"email":"` + email, account + account, `{"email":"` + email + `","email":"` + email + `"}`, `"` + password + `"`,
		`{"` + password + `":1,"` + email + `":2}`, `{"email":["` + email + `"],"password":{"p":"` + password + `"}}`,
		`{"refresh_token":"` + notToken + `"}`, `{"refresh_token":"` + notToken + `x"}`, `{"phone":"` + otherPhone + `0000000"}`, `{"phone":"` + phone + `","x":"` + password + `"}`,
		fmt.Sprintf(`{"current_password":%q,"new_password":%q}`, wrong, password), fmt.Sprintf(`{"current_password":%q,"new_password":%q}`, changed, weak),
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
		send(admin.tokens.AccessToken, op.Method, pathFor(op, newID().String(), newID().String())+"?email="+url.QueryEscape(email)+"&token="+notToken+"&x="+notToken+"&password=%zz"+password, "")
		send("", op.Method, path, `{}`, "X-Request-ID", email, "Traceparent", password, "User-Agent", email, "Referer", "https://x.test/"+notToken, "Origin", "https://"+local+".test", "Sec-Fetch-Site", "cross-site")
	}
	canary(base64.StdEncoding.EncodeToString([]byte(email + ":" + password)))
	send("", "GET", "/nowhere/"+url.PathEscape(email), "")
	send("", "GET", "/api/v2/users/"+url.PathEscape(email), "")
	send(access, "GET", "/api/v2/users/"+url.PathEscape(email), "")
	send(access, "BREW", "/api/v2/users", password)

	// What breaks inside: PostgreSQL tells what the row held.
	_, err := s.pool.Exec(t.Context(), `ALTER TABLE users ADD CONSTRAINT broken CHECK (false) NOT VALID`)
	require.NoError(t, err)
	for _, request := range [][3]string{
		{"PATCH", "/api/v1/profile", `{"phone":"` + otherPhone + `"}`},
		{"POST", "/api/v2/users", strings.ReplaceAll(account, local, "other"+local)},
		{"POST", "/api/v1/users", strings.ReplaceAll(account, local, "other"+local)},
		{"PUT", "/api/v1/profile/password", fmt.Sprintf(`{"current_password":%q,"new_password":%q}`, changed, password)},
	} {
		require.Contains(t, send(access, request[0], request[1], request[2]), `"internal"`)
	}
	for _, statement := range []string{
		`ALTER TABLE users RENAME COLUMN email TO address`, `ALTER TABLE sessions RENAME TO gone`,
	} {
		_, err := s.pool.Exec(t.Context(), statement)
		require.NoError(t, err)
		send("", "POST", "/api/v1/login", log(changed))
		send("", "POST", "/api/v1/refresh", `{"refresh_token":"`+refresh+`"}`)
		send(admin.tokens.AccessToken, "GET", "/api/v1/admin/users?email="+url.QueryEscape(email), "")
	}

	// What panics.
	broken := *s.service
	broken.queries = nil
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/login", strings.NewReader(log(changed)))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	logger := telemetry.NewLogger(s.log, telemetry.LogOptions{Level: slog.LevelDebug})
	(&server{t: t, service: &broken}).handler(logger.Logger).ServeHTTP(w, r)
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.NoError(t, logger.Close())

	text := lines() + s.log.String()
	requireNone(t, text, canaries)
	require.NotContains(t, text, "$argon2id$")
	require.Contains(t, text, `"msg":"panic"`)
	require.Contains(t, text, "violates check constraint")
	for _, op := range loadDocument(t).Operations {
		require.Contains(t, text, `"operation":"`+op.ID+`"`)
	}
}

// requireNone looks for every canary in every line, in the forms that a URL may give it.
func requireNone(t *testing.T, text string, canaries []string) {
	t.Helper()
	for line := range strings.Lines(text) {
		for _, canary := range canaries {
			for _, form := range []string{canary, url.QueryEscape(canary), url.PathEscape(canary), strings.ToLower(canary)} {
				if strings.Contains(line, form) {
					t.Errorf("%q is logged: %s", form, line)
				}
			}
		}
	}
}

// Every request has one line, which says what an operator needs.
func TestRequestLines(t *testing.T) {
	t.Parallel()
	s, lines := logged(t)
	ada := s.signUp("ada@example.com")
	me := ada.user.ID.String()
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	long := strings.Repeat("x", 128)
	requests := map[string]struct {
		method, path, body string
		headers            []string
		operation          string
		status             int
		caller, code       string
		kept               bool // the caller's request id
		continued          bool // the caller's trace
	}{
		"plain":              {method: "GET", path: "/.well-known/jwks.json", operation: "getKeySet", status: 200},
		"with a token":       {method: "GET", path: "/api/v1/profile", headers: []string{"Authorization", "Bearer " + ada.tokens.AccessToken}, operation: "getProfile", status: 200, caller: me},
		"login":              {method: "POST", path: "/api/v1/login", body: login("ada@example.com", goodPassword), operation: "startSession", status: 200, caller: me},
		"login refused":      {method: "POST", path: "/api/v1/login", body: login("ada@example.com", newPassword), operation: "startSession", status: 401, code: "invalid_credentials"},
		"refresh":            {method: "POST", path: "/api/v1/refresh", body: `{"refresh_token":"` + *ada.tokens.RefreshToken + `"}`, operation: "refreshSession", status: 200, caller: me},
		"not authenticated":  {method: "GET", path: "/api/v1/profile", operation: "getProfile", status: 401, code: "unauthenticated"},
		"forbidden":          {method: "GET", path: "/api/v1/admin/users", headers: []string{"Authorization", "Bearer " + ada.tokens.AccessToken}, operation: "listUsers", status: 403, caller: me, code: "forbidden"},
		"invalid":            {method: "POST", path: "/api/v2/users", body: `{}`, operation: "createUserV2", status: 422, code: "invalid_request"},
		"no such path":       {method: "GET", path: "/nowhere", operation: telemetry.Unmatched, status: 404, code: "not_found"},
		"no such method":     {method: "PUT", path: "/api/v1/login", operation: telemetry.Unmatched, status: 405, code: "method_not_allowed"},
		"own request id":     {method: "GET", path: "/.well-known/jwks.json", headers: []string{"X-Request-ID", "My-request_1.2"}, operation: "getKeySet", status: 200, kept: true},
		"longest request id": {method: "GET", path: "/.well-known/jwks.json", headers: []string{"X-Request-ID", long}, operation: "getKeySet", status: 200, kept: true},
		"id too long":        {method: "GET", path: "/.well-known/jwks.json", headers: []string{"X-Request-ID", long + "x"}, operation: "getKeySet", status: 200},
		"id with a space":    {method: "GET", path: "/.well-known/jwks.json", headers: []string{"X-Request-ID", "my request"}, operation: "getKeySet", status: 200},
		"id with a quote":    {method: "GET", path: "/.well-known/jwks.json", headers: []string{"X-Request-ID", `"}{"`}, operation: "getKeySet", status: 200},
		"id empty":           {method: "GET", path: "/.well-known/jwks.json", headers: []string{"X-Request-ID", ""}, operation: "getKeySet", status: 200},
		"a trace":            {method: "GET", path: "/.well-known/jwks.json", headers: []string{"Traceparent", "00-" + trace + "-00f067aa0ba902b7-01"}, operation: "getKeySet", status: 200, continued: true},
		"an unsampled trace": {method: "GET", path: "/.well-known/jwks.json", headers: []string{"Traceparent", "00-" + trace + "-00f067aa0ba902b7-00"}, operation: "getKeySet", status: 200, continued: true},
		"a broken trace":     {method: "GET", path: "/.well-known/jwks.json", headers: []string{"Traceparent", "00-" + trace + "-01"}, operation: "getKeySet", status: 200},
		"a trace of zeros":   {method: "GET", path: "/.well-known/jwks.json", headers: []string{"Traceparent", "00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01"}, operation: "getKeySet", status: 200},
	}
	type line struct {
		Time       time.Time `json:"time"`
		Level      string    `json:"level"`
		Msg        string    `json:"msg"`
		RequestID  string    `json:"request_id"`
		TraceID    string    `json:"trace_id"`
		Method     string    `json:"method"`
		Path       string    `json:"path"`
		Operation  string    `json:"operation"`
		Status     int       `json:"status"`
		DurationMS *float64  `json:"duration_ms"`
		Caller     string    `json:"caller"`
		Code       string    `json:"code"`
		Address    string    `json:"address"`
	}
	ids := map[string]string{} // request id by name
	for name, r := range requests {
		answer, body := s.do(r.method, r.path, r.body, r.headers...)
		require.Equal(t, r.status, answer.StatusCode, name+body)
		id := answer.Header.Get("X-Request-ID")
		if i := slices.Index(r.headers, "X-Request-ID"); i >= 0 {
			require.Equal(t, r.kept, id == r.headers[i+1], name)
		}
		require.True(t, telemetry.ValidRequestID(id), name)
		if r.status >= 400 {
			require.Equal(t, r.code, string(problemIn(t, answer, body).Code))
		}
		ids[name] = id
	}
	found := map[string][]line{}
	eventually(t, "every request has been logged", func() bool {
		clear(found)
		for text := range strings.Lines(lines()) {
			requireUniqueNames(t, text)
			var l line
			require.NoError(t, json.Unmarshal([]byte(text), &l), text)
			if l.Msg == "request" {
				found[l.RequestID] = append(found[l.RequestID], l)
			}
		}
		for _, id := range ids {
			if len(found[id]) == 0 {
				return false
			}
		}
		return true
	})
	hex := regexp.MustCompile(`^[0-9a-f]{32}$`)
	traces := map[string]bool{}
	for name, r := range requests {
		require.Len(t, found[ids[name]], 1, name)
		l := found[ids[name]][0]
		require.Equal(t, []any{"INFO", r.method, r.path, r.operation, r.status, r.caller, r.code, "127.0.0.1"},
			[]any{l.Level, l.Method, l.Path, l.Operation, l.Status, l.Caller, l.Code, l.Address}, name)
		require.NotNil(t, l.DurationMS, name)
		require.GreaterOrEqual(t, *l.DurationMS, 0.0)
		require.False(t, l.Time.IsZero())
		require.Regexp(t, hex, l.TraceID, name)
		require.Equal(t, r.continued, l.TraceID == trace, name)
		if !r.continued {
			require.NotContains(t, traces, l.TraceID)
			traces[l.TraceID] = true
		}
	}
}

// requireUniqueNames fails on a line in which one name occurs twice at the top: readers of logs see either value.
func requireUniqueNames(t *testing.T, text string) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	seen := map[string]bool{}
	_, err := d.Token()
	require.NoError(t, err, text)
	for d.More() {
		name, err := d.Token()
		require.NoError(t, err)
		require.NotContains(t, seen, name.(string), text)
		seen[name.(string)] = true
		var value json.RawMessage
		require.NoError(t, d.Decode(&value))
	}
}

// Who did what to whom stands in the log as the document says.
func TestAuditLines(t *testing.T) {
	t.Parallel()
	s, lines := logged(t)
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
		eventually(t, want, func() bool { return strings.Contains(lines(), want) })
	}
}
