package contracttest

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/telemetry"
)

// RequestLine is the log line of a request.
type RequestLine struct {
	Time       time.Time `json:"time"`
	Level      string    `json:"level"`
	Msg        string    `json:"msg"`
	RequestID  string    `json:"request_id"`
	ClientID   string    `json:"client_request_id"`
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

// RequestLines returns the lines of these requests, by their ids, once each has one.
func (s *Server) RequestLines(t testing.TB, ids []string) map[string][]RequestLine {
	t.Helper()
	found := map[string][]RequestLine{}
	Eventually(t, "every request has been logged", func() bool {
		clear(found)
		for line := range strings.Lines(s.Logged(t)) {
			requireUniqueNames(t, line)
			var l RequestLine
			require.NoError(t, json.Unmarshal([]byte(line), &l), line)
			if l.Msg == "request" {
				found[l.RequestID] = append(found[l.RequestID], l)
			}
		}
		return !slices.ContainsFunc(ids, func(id string) bool { return len(found[id]) == 0 })
	})
	return found
}

// requireUniqueNames refuses a line with a duplicate name at the top level, because readers of logs differ in which
// value they take.
func requireUniqueNames(t testing.TB, line string) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(line))
	seen := map[string]bool{}
	_, err := d.Token()
	require.NoError(t, err, line)
	for d.More() {
		name, err := d.Token()
		require.NoError(t, err)
		require.NotContains(t, seen, name.(string), line)
		seen[name.(string)] = true
		var value json.RawMessage
		require.NoError(t, d.Decode(&value))
	}
}

// loggedRequest is a request and the expected content of its line.
type loggedRequest struct {
	Request

	operation string
	status    int
	caller    string // "?": any known caller
	code      string
	clientID  string // what the caller calls the request
	continued bool   // the caller's trace
}

const givenTrace = "4bf92f3577b34da6a3ce929d0e0e4736"

// requestsAreLogged shows that every request has one line with what an operator needs: for each operation when it
// succeeds, when it is refused and when an unknown caller calls it; for paths without an operation; and for ids of
// callers, trusted or not.
func requestsAreLogged(t *testing.T, s *Service) {
	t.Helper()
	server := s.Start(t)
	requests := map[string]loggedRequest{
		"no such path": {Request: Request{Method: http.MethodGet, Target: "/nowhere"}, operation: telemetry.Unmatched,
			status: http.StatusNotFound, code: contract.ErrNotFound.Code},
	}
	for _, op := range s.Document.Operations {
		r, by := s.Fitting(t, server, op)
		l := loggedRequest{Request: r, operation: op.ID, status: op.Statuses[0], caller: by.Subject()}
		if op.Policy.Access.Public {
			l.caller = "?"
		}
		requests[op.ID] = l
		if !op.Policy.Access.Public {
			unknown := loggedRequest{Request: r.Without("Authorization"), operation: op.ID, status: http.StatusUnauthorized,
				code: contract.ErrUnauthenticated.Code}
			requests[op.ID+" by nobody"] = unknown
		}
		r, by = s.Fitting(t, server, op)
		invalid := loggedRequest{Request: r, operation: op.ID, status: http.StatusUnprocessableEntity,
			code: contract.ErrInvalid.Code, caller: by.Subject()}
		invalid.Request = r.Asking("nickname=x")
		if op.Policy.Access.Public {
			invalid.caller = ""
		}
		requests[op.ID+" with an unknown parameter"] = invalid
		other := Request{Method: http.MethodTrace, Target: r.Target}
		requests[op.ID+" by another method"] = loggedRequest{Request: other, operation: telemetry.Unmatched,
			status: http.StatusMethodNotAllowed, code: contract.ErrMethodNotAllowed.Code}
	}
	longest := strings.Repeat("x", 128)
	for line, l := range map[string]loggedRequest{
		"X-Request-ID: My-request_1.2":                                        {clientID: "My-request_1.2"},
		"X-Request-ID: " + longest:                                            {clientID: longest},
		"X-Request-ID: " + longest + "x":                                      {},
		"X-Request-ID: my request":                                            {},
		`X-Request-ID: "}{"`:                                                  {},
		"X-Request-ID: ":                                                      {},
		"Traceparent: 00-" + givenTrace + "-00f067aa0ba902b7-01":              {continued: true},
		"Traceparent: 00-" + givenTrace + "-00f067aa0ba902b7-00":              {continued: true},
		"Traceparent: 00-" + givenTrace + "-01":                               {},
		"Traceparent: 00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01": {},
	} {
		l.Request = requests["no such path"].With(line)
		l.operation, l.status, l.code = telemetry.Unmatched, http.StatusNotFound, contract.ErrNotFound.Code
		requests[line] = l
	}
	ids := map[string]string{} // by name
	for name, l := range requests {
		answer, body := server.Do(t, l.Request)
		require.Equal(t, l.status, answer.StatusCode, "%s: %s", name, body)
		ids[name] = answer.Header.Get("X-Request-ID")
		require.True(t, telemetry.ValidRequestID(ids[name]), name)
		if given, found := strings.CutPrefix(name, "X-Request-ID: "); found {
			require.NotEqual(t, given, ids[name], "a stranger names no request")
		}
	}
	var all []string
	for _, id := range ids {
		all = append(all, id)
	}
	found := server.RequestLines(t, all)
	hex := regexp.MustCompile(`^[0-9a-f]{32}$`)
	traces := map[string]bool{}
	for name, l := range requests {
		require.Len(t, found[ids[name]], 1, name)
		line := found[ids[name]][0]
		path, _, _ := strings.Cut(l.Target, "?")
		if l.caller == "?" {
			l.caller = line.Caller
		}
		require.Equal(t, []any{"INFO", l.Method, path, l.operation, l.status, l.caller, l.code, "127.0.0.1"},
			[]any{line.Level, line.Method, line.Path, line.Operation, line.Status, line.Caller, line.Code, line.Address}, name)
		require.Equal(t, l.clientID, line.ClientID, name)
		require.NotNil(t, line.DurationMS, name)
		require.GreaterOrEqual(t, *line.DurationMS, 0.0)
		require.False(t, line.Time.IsZero())
		require.Regexp(t, hex, line.TraceID, name)
		require.Equal(t, l.continued, line.TraceID == givenTrace, name)
		if !l.continued {
			require.NotContains(t, traces, line.TraceID)
			traces[line.TraceID] = true
		}
	}
}

// auditLine is the log line of an action.
type auditLine struct {
	Msg       string `json:"msg"`
	RequestID string `json:"request_id"`
	Action    string `json:"action"`
	Actor     string `json:"actor"`
	Target    string `json:"target"`
	Outcome   string `json:"outcome"`
}

// actionsAreLogged shows that the log names actor, action and target as x-audit says: for success, for refusal, and for
// unknown callers. An operation without x-audit has no such line.
func actionsAreLogged(t *testing.T, s *Service) {
	t.Helper()
	server := s.Start(t)
	want := map[string]auditLine{} // by the id of the request
	audited := 0
	for _, op := range s.Document.Operations {
		policy := op.Policy.Audit
		if policy != nil {
			audited++
		}
		by, of := server.able(t, op)
		r, fit := s.request(t, server, op, by, of)
		ask := func(r Request, caller Caller, outcome string) {
			answer, _ := server.Do(t, r)
			line := auditLine{Msg: "audit", RequestID: answer.Header.Get("X-Request-ID"), Actor: "anonymous", Outcome: outcome}
			if policy == nil {
				want[line.RequestID] = auditLine{}
				return
			}
			line.Action = policy.Action
			actor := ""
			if caller != nil {
				actor = caller.Subject()
				line.Actor = actor
			}
			line.Target = auditTarget(op, r, answer, actor)
			if op.Policy.Access.Public {
				line.Actor = "?"
			}
			want[line.RequestID] = line
		}
		for _, refusal := range server.Refused(t, op, by, r.With(Bearer(by)).withFreshKey) {
			if refusal.Status == http.StatusConflict {
				ask(refusal.Request, refusal.sentBy(by), refusal.Code)
			}
		}
		if !op.Policy.Access.Public {
			ask(r, nil, contract.ErrUnauthenticated.Code)
		}
		require.NotNil(t, fit)
		ask(r.With(Bearer(by)).withFreshKey(), by, telemetry.Success)
	}
	requireSome(t, audited, "audited operation")
	var ids []string
	for id := range want {
		ids = append(ids, id)
	}
	server.RequestLines(t, ids) // An action's line follows that of its request.
	got := map[string]auditLine{}
	for line := range strings.Lines(server.End(t)) {
		var l auditLine
		require.NoError(t, json.Unmarshal([]byte(line), &l), line)
		if l.Msg == "audit" {
			require.NotContains(t, got, l.RequestID, "one line for each request")
			got[l.RequestID] = l
		}
	}
	for id, line := range want {
		if line.Actor == "?" { // Any known caller.
			require.Equal(t, got[id].Actor != "anonymous" && line.Target != "", got[id].Target != "", "%+v", got[id])
			line.Actor, line.Target = got[id].Actor, got[id].Target
		}
		require.Equal(t, line, got[id])
	}
}

// lastPart returns the part behind the last slash of a path.
func lastPart(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// pathPart returns the value of a parameter in a path with an operation's pattern.
func pathPart(op *contract.Operation, path, name string) string {
	parts := strings.Split(path, "/")
	for i, part := range strings.Split(op.Pattern, "/") {
		if part == "{"+name+"}" {
			return parts[i]
		}
	}
	return ""
}

// nothingSecretIsLogged shows that neither tokens nor values that a document calls sensitive are logged: wherever they
// are sent, whatever the outcome, and when the database complains about the row that contains them.
func nothingSecretIsLogged(t *testing.T, s *Service) {
	t.Helper()
	server := s.Start(t)
	secrets := map[string]bool{}
	ask := func(r Request) {
		s.collect(secrets, r.Body)
		answer, body := server.Do(t, r)
		s.collect(secrets, body)
		for _, cookie := range answer.Cookies() {
			if cookie.Value != "" {
				secrets[cookie.Value] = true
			}
		}
	}
	var broken []Request
	for _, op := range s.Document.Operations {
		r, by := s.Fitting(t, server, op)
		token := by.AccessToken()
		secrets[token], secrets[token[strings.LastIndex(token, ".")+1:]] = true, true
		ask(r)
		r, by = s.Fitting(t, server, op)
		sent := map[string]bool{by.AccessToken(): true}
		s.collect(sent, r.Body)
		for secret := range sent {
			basic := base64.StdEncoding.EncodeToString([]byte(secret))
			secrets[secret], secrets[basic] = true, true
			for _, misplaced := range s.misplaced(t, op, r, secret, basic) {
				ask(misplaced)
			}
		}
		ask(Request{Method: http.MethodGet, Target: "/nowhere/" + url.PathEscape(token)})
		r, by = s.Fitting(t, server, op)
		s.collect(secrets, r.Body)
		secrets[by.AccessToken()] = true
		broken = append(broken, r)
	}
	// An internal failure: PostgreSQL reports the content of the row.
	for table := range s.fingerprint(t, server) {
		_, err := server.Pool.Exec(t.Context(),
			`ALTER TABLE `+pgx.Identifier{table}.Sanitize()+` ADD CONSTRAINT broken CHECK (false) NOT VALID`)
		require.NoError(t, err)
	}
	for _, r := range broken {
		ask(r)
	}
	logged := server.End(t)
	require.Contains(t, logged, "violates check constraint")
	for _, op := range s.Document.Operations {
		require.Contains(t, logged, `"operation":"`+op.ID+`"`)
	}
	RequireNone(t, logged, slices.Collect(maps.Keys(secrets)))
}

// misplaced are requests with a secret where none belongs.
func (s *Service) misplaced(t testing.TB, op *contract.Operation, r Request, secret, basic string) []Request {
	t.Helper()
	escaped := url.QueryEscape(secret)
	inQuery, inBody := r.withFreshKey(), r.withFreshKey()
	inQuery = inQuery.Asking(escaped + "=1&x=" + escaped)
	all := []Request{
		inQuery, r.Without("Authorization").With("Authorization: Basic " + basic),
		r.Without("Authorization").With("Cookie: other="+escaped, "Traceparent: "+secret, "User-Agent: "+secret,
			"Referer: https://x.test/"+escaped),
	}
	if written, _ := s.spec(op); written.RequestBody != nil {
		inBody.Body = text(t, map[string]any{secret: secret, "x": []any{secret}})
		all = append(all, inBody)
	}
	return all
}

// leastSecret is shorter than any secret.
const leastSecret = 6

// collect collects the sensitive members of a JSON text.
func (s *Service) collect(secrets map[string]bool, body string) {
	var value any
	if json.Unmarshal([]byte(body), &value) == nil {
		s.collectFrom(secrets, value)
	}
}

func (s *Service) collectFrom(secrets map[string]bool, value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			if secret, ok := member.(string); ok && slices.Contains(s.Document.Sensitive, name) && len(secret) >= leastSecret {
				secrets[secret] = true
			}
			s.collectFrom(secrets, member)
		}
	case []any:
		for _, item := range value {
			s.collectFrom(secrets, item)
		}
	}
}

// RequireNone looks for every secret in every line of a log, in the forms that a URL may give it.
func RequireNone(t testing.TB, logged string, secrets []string) {
	t.Helper()
	requireSome(t, len(secrets), "secret")
	for _, secret := range secrets {
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), strings.ToLower(secret)} {
			if before, after, found := strings.Cut(logged, form); found {
				head, tail := before[strings.LastIndexByte(before, '\n')+1:], strings.SplitN(after, "\n", 2)[0]
				t.Errorf("%q is logged: %s%s%s", form, head, form, tail)
			}
		}
	}
}
