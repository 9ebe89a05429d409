package users

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/httpapi"
)

// loadSpec gives the document as kin-openapi reads it.
var loadSpec = func() func(*testing.T) *openapi3.T {
	load := sync.OnceValues(usersapi.GetSpec)
	return func(t *testing.T) *openapi3.T {
		t.Helper()
		spec, err := load()
		require.NoError(t, err)
		return spec
	}
}()

// specOf gives the operation as the document writes it.
func specOf(t *testing.T, op *httpapi.Operation) *openapi3.Operation {
	t.Helper()
	return loadSpec(t).Paths.Find(op.Pattern).GetOperation(op.Method)
}

// canary stands in every submitted value, and in no answer.
const canary = "canary7f3aValue"

// badRequest is a request that must be refused, written as it goes over the wire.
type badRequest struct {
	name    string
	method  string // "": the operation's
	target  string // path and query; "": the operation's path
	headers []string
	body    string
	chunked bool // sent without its length

	status  int
	code    usersapi.ProblemCode
	pointer string // one of the answer's errors has it; "": none is asked for
	keyword string
}

// send writes a request byte by byte as it is told and reads the answer.
func (s *server) send(t *testing.T, method, target string, headers []string, body string, chunked bool) (*http.Response, string) {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\nHost: users.test\r\nConnection: close\r\n", method, target)
	for _, h := range headers {
		text.WriteString(h + "\r\n")
	}
	switch {
	case chunked:
		fmt.Fprintf(&text, "Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	case body != "":
		fmt.Fprintf(&text, "Content-Length: %d\r\n\r\n%s", len(body), body)
	default:
		text.WriteString("\r\n")
	}
	_, err = io.WriteString(conn, text.String())
	require.NoError(t, err)
	answer, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	require.NoError(t, err)
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer, string(read)
}

// fingerprint tells whether a row of any table has changed.
func (s *server) fingerprint(t *testing.T) map[string]string {
	t.Helper()
	tables := []string{"users", "sessions", "refresh_tokens", "signing_keys", "outbox"}
	var others int
	require.NoError(t, s.pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> ALL ($1) AND tablename NOT LIKE 'goose%'`, tables).Scan(&others))
	require.Zero(t, others, "a table is missing here")
	prints := map[string]string{}
	for _, table := range tables {
		var sum string
		require.NoError(t, s.pool.QueryRow(t.Context(), `SELECT count(*) || ' ' || md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM `+table+` AS t`).Scan(&sum))
		prints[table] = sum
	}
	return prints
}

// refuse sends one bad request and holds the answer against what it must be.
func (s *server) refuse(t *testing.T, c badRequest) {
	t.Helper()
	answer, body := s.send(t, c.method, c.target, c.headers, c.body, c.chunked)
	require.Less(t, answer.StatusCode, 500, "%s: %s", c.name, body)
	require.Equal(t, c.status, answer.StatusCode, "%s: %s", c.name, body)
	p := problemIn(t, answer, body)
	require.Equal(t, c.code, p.Code, "%s: %s", c.name, body)
	require.NotContains(t, strings.ReplaceAll(body, p.Instance, ""), canary, c.name)
	if c.pointer != "" {
		found := slices.ContainsFunc(p.Errors, func(v usersapi.Violation) bool {
			return v.Pointer == c.pointer && (c.keyword == "" || v.Keyword == c.keyword)
		})
		require.True(t, found, "%s: no %s at %s: %s", c.name, c.keyword, c.pointer, body)
	}
	if c.status == http.StatusUnauthorized {
		require.True(t, strings.HasPrefix(answer.Header.Get("WWW-Authenticate"), `Bearer realm="plumbline"`), c.name)
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	for _, op := range loadDocument(t).Operations {
		t.Run(op.ID, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			me, somebody, customer := s.member(usersapi.RoleAdmin), s.member(), s.member()
			cases := slices.Concat(bodyCases(t, op, me), parameterCases(t, op, me, somebody), callerCases(op, customer, somebody), stateCases(op, me, somebody))
			require.GreaterOrEqual(t, len(cases), 3)
			before := s.fingerprint(t)
			for _, c := range cases {
				if c.method == "" {
					c.method = op.Method
				}
				if c.target == "" {
					c.target = pathOf(op, own, member{user: somebody.user, second: me.second}, somebody)
				}
				if c.body == "" && !c.chunked && !strings.HasPrefix(c.name, "body") {
					if c.body = bodyOf(t, op, me); c.body != "" {
						c.headers = append(c.headers, "Content-Type: application/json")
					}
				}
				if !strings.HasPrefix(c.name, "caller") {
					c.headers = append(c.headers, "Authorization: Bearer "+me.access)
				}
				s.refuse(t, c)
			}
			require.Equal(t, before, s.fingerprint(t))
			require.NotContains(t, s.log.String(), canary+"Body")
		})
	}
}

const asJSON = "Content-Type: application/json"

// bodyCases breaks the body in every way that the document and JSON know.
func bodyCases(t *testing.T, op *httpapi.Operation, me member) []badRequest {
	t.Helper()
	if specOf(t, op).RequestBody == nil {
		var cases []badRequest
		for name, chunked := range map[string]bool{"with its length": false, "chunked": true} {
			for _, text := range []string{`{}`, `{"a":"` + canary + `Body"}`, canary, strings.Repeat("x", 65<<10)} {
				cases = append(cases, badRequest{
					name: "body where none is taken, " + name, headers: []string{asJSON}, body: text, chunked: chunked,
					status: http.StatusBadRequest, code: usersapi.ProblemCodeMalformedRequest,
				})
			}
		}
		return cases
	}
	good := bodyOf(t, op, me)
	schema := specOf(t, op).RequestBody.Value.Content["application/json"].Schema.Value
	cases := append(notJSON(good), notTheBody(good)...)
	cases = append(cases, wrongMembers(t, good, schema)...)
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		cases = append(cases, wrongValues(t, good, name, schema.Properties[name].Value)...)
	}
	return cases
}

// notJSON are bodies that are not the one JSON text that they should be.
func notJSON(good string) []badRequest {
	var cases []badRequest
	nested := func(levels int) string {
		return `{"x":` + strings.Repeat("[", levels) + strings.Repeat("]", levels) + `,` + good[1:]
	}
	member := `"x":"` + canary + `Body",`
	for name, text := range map[string]string{
		"cut short":                 good[:len(good)-1],
		"half":                      good[:len(good)/2],
		"no JSON":                   canary + "Body",
		"single quotes":             `{'x':'` + canary + `Body'}`,
		"a comment":                 `/* ` + canary + ` */` + good,
		"a comma at the end":        good[:len(good)-1] + ",}",
		"a byte order mark":         "\ufeff" + good,
		"UTF-16":                    "{\x00}\x00",
		"spaces only":               " \r\n\t ",
		"NaN":                       `{"x":NaN}`,
		"a huge number":             `{"x":1e999}`,
		"a leading zero":            `{"x":01}`,
		"a duplicate name":          `{` + member + member + good[1:],
		"a duplicate name, escaped": `{` + member + `"\u0078":1,` + good[1:],
		"something behind":          good + `{}`,
		"a second value":            good + "\n" + good,
		"a letter behind":           good + canary,
		"NUL, escaped":              `{"x":"` + canary + `\u0000Body",` + good[1:],
		"NUL in a name":             `{"x\u0000":1,` + good[1:],
		"NUL, raw":                  "{\"x\":\"" + canary + "\x00Body\"," + good[1:],
		"NUL behind":                good + "\x00",
		"a line feed, raw":          "{\"x\":\"" + canary + "\nBody\"," + good[1:],
		"invalid UTF-8":             "{\"x\":\"" + canary + "\xffBody\"," + good[1:],
		"overlong UTF-8":            "{\"x\":\"" + canary + "\xc0\xafBody\"," + good[1:],
		"a surrogate in UTF-8":      "{\"x\":\"" + canary + "\xed\xa0\x80Body\"," + good[1:],
		"invalid UTF-8 in a name":   "{\"x\xff\":1," + good[1:],
		"a lone high surrogate":     `{"x":"` + canary + `\ud800Body",` + good[1:],
		"a lone low surrogate":      `{"x":"` + canary + `\udc00Body",` + good[1:],
		"swapped surrogates":        `{"x":"` + canary + `\udc00\ud800Body",` + good[1:],
		"33 levels":                 nested(32),
		"1000 levels":               nested(1000),
		"30000 open levels":         strings.Repeat("[", 30_000),
		"30000 open objects":        strings.Repeat(`{"":`, 10_000),
	} {
		cases = append(cases, badRequest{name: "body: " + name, headers: []string{asJSON}, body: text, status: http.StatusBadRequest, code: usersapi.ProblemCodeMalformedRequest})
		cases = append(cases, badRequest{name: "body: " + name + ", chunked", headers: []string{asJSON}, body: text, chunked: true, status: http.StatusBadRequest, code: usersapi.ProblemCodeMalformedRequest})
	}
	return append(cases,
		badRequest{name: "body: empty", headers: []string{asJSON, "Content-Length: 0"}, status: http.StatusBadRequest, code: usersapi.ProblemCodeMalformedRequest},
		badRequest{name: "body: none", headers: []string{asJSON}, status: http.StatusBadRequest, code: usersapi.ProblemCodeMalformedRequest},
		badRequest{name: "body: none, without a type", status: http.StatusBadRequest, code: usersapi.ProblemCodeMalformedRequest},
		// At the limit of levels it is JSON, with a member that nobody knows.
		badRequest{name: "body: 32 levels", headers: []string{asJSON}, body: nested(31), status: http.StatusUnprocessableEntity, code: usersapi.ProblemCodeInvalidRequest, pointer: "#/x"},
	)
}

// notTheBody are bodies that are refused for their size, their type or their kind.
func notTheBody(good string) []badRequest {
	var cases []badRequest
	large := `{"x":"` + canary + strings.Repeat("x", 65<<10) + `Body",` + good[1:]
	exact := good + strings.Repeat(" ", 64<<10-len(good)+1)
	for name, text := range map[string]string{"65 KB": large, "64 KB and a byte": exact} {
		for kind, chunked := range map[string]bool{"with its length": false, "chunked": true} {
			cases = append(cases, badRequest{
				name: "body: " + name + ", " + kind, headers: []string{asJSON}, body: text, chunked: chunked,
				status: http.StatusRequestEntityTooLarge, code: usersapi.ProblemCodeBodyTooLarge,
			})
		}
	}
	for _, headers := range [][]string{
		{"Content-Type: text/plain"}, {"Content-Type: application/x-www-form-urlencoded"}, {"Content-Type: multipart/form-data; boundary=x"}, {},
		{"Content-Type: "}, {"Content-Type: application"}, {"Content-Type: */*"}, {"Content-Type: application/jsonp"}, {"Content-Type: application/problem+json"},
		{"Content-Type: application/json; charset=latin1"}, {"Content-Type: application/json; charset=utf-16"}, {"Content-Type: application/json;;;="},
		{"Content-Type: application/json, text/plain"}, {asJSON, "Content-Type: text/plain"}, {asJSON, "Content-Encoding: gzip"},
		{asJSON, "Content-Encoding: identity"}, {asJSON, "Content-Encoding: ", "Content-Encoding: gzip"},
	} {
		cases = append(cases, badRequest{
			name: fmt.Sprintf("body with %q", headers), headers: headers, body: good, status: http.StatusUnsupportedMediaType, code: usersapi.ProblemCodeUnsupportedMediaType,
		})
	}
	for _, text := range []string{`null`, `true`, `12345678901234567890`, `"` + canary + `Body"`, `[]`, `[` + good + `]`} {
		cases = append(cases, badRequest{
			name: "body: " + text, headers: []string{asJSON}, body: text,
			status: http.StatusUnprocessableEntity, code: usersapi.ProblemCodeInvalidRequest, pointer: "#", keyword: "type",
		})
	}
	return cases
}

// wrongMembers are objects with the wrong members.
func wrongMembers(t *testing.T, good string, schema *openapi3.Schema) []badRequest {
	t.Helper()
	invalid := badRequest{headers: []string{asJSON}, status: http.StatusUnprocessableEntity, code: usersapi.ProblemCodeInvalidRequest}
	var cases []badRequest
	add := func(name, text, pointer, keyword string) {
		c := invalid
		c.name, c.body, c.pointer, c.keyword = "body: "+name, text, pointer, keyword
		cases = append(cases, c)
	}
	add("an unknown member", `{"nickname":"`+canary+`Body",`+good[1:], "#/nickname", "additionalProperties")
	add("an unknown member that needs escaping", `{"a/b~c %":"`+canary+`Body",`+good[1:], "#/a~1b~0c%20%25", "additionalProperties")
	add("an unknown member that is long", `{"`+strings.Repeat("n", 5000)+`":1,`+good[1:], "#/"+strings.Repeat("n", 64)+"%E2%80%A6", "additionalProperties")
	add("the member __proto__", `{"__proto__":{"isAdmin":true},`+good[1:], "#/__proto__", "additionalProperties")
	add("the members of the row", `{"roles_":["admin"],"status":"active","password_hash":"`+canary+`Body",`+good[1:], "#/password_hash", "additionalProperties")
	many := strings.Builder{}
	for i := range 300 {
		fmt.Fprintf(&many, `"m%d":"%sBody",`, i, canary)
	}
	add("300 unknown members", `{`+many.String()+good[1:], "#/m0", "additionalProperties")
	var members map[string]any
	require.NoError(t, json.Unmarshal([]byte(good), &members))
	for name, value := range members {
		wrong := maps.Clone(members)
		delete(wrong, name)
		wrong[strings.ToUpper(name)] = value
		add("the member "+strings.ToUpper(name), text(t, wrong), "#/"+strings.ToUpper(name), "additionalProperties")
	}
	for _, name := range schema.Required {
		wrong := maps.Clone(members)
		delete(wrong, name)
		add("without "+name, text(t, wrong), "#/"+name, "required")
	}
	if len(schema.Required) > 0 {
		add("without members", `{}`, "#/"+schema.Required[0], "required")
	}
	if schema.MinProps > 0 {
		add("without members", `{}`, "#", "minProperties")
	}
	return cases
}

// wrongValues breaks each rule of one member's schema.
func wrongValues(t *testing.T, good, name string, schema *openapi3.Schema) []badRequest {
	t.Helper()
	var members map[string]any
	require.NoError(t, json.Unmarshal([]byte(good), &members))
	var cases []badRequest
	add := func(value any, at, keyword string) {
		wrong := maps.Clone(members)
		wrong[name] = value
		cases = append(cases, badRequest{
			name: fmt.Sprintf("body: %s breaks %s", name, keyword), headers: []string{asJSON}, body: text(t, wrong),
			status: http.StatusUnprocessableEntity, code: usersapi.ProblemCodeInvalidRequest, pointer: "#/" + name + at, keyword: keyword,
		})
	}
	kinds := map[string]any{"string": canary + "Body", "boolean": true, "object": map[string]any{"x": canary + "Body"}, "array": []any{canary + "Body"}, "number": 7.5}
	for kind, value := range kinds {
		if !schema.Type.Is(kind) {
			add(value, "", "type")
		}
	}
	if !schema.Nullable {
		add(nil, "", "type")
	}
	if schema.MaxLength != nil {
		add(strings.Repeat("x", int(*schema.MaxLength)+1), "", "maxLength")
		add(strings.Repeat("😀", int(*schema.MaxLength)+1), "", "maxLength")
	}
	if schema.MinLength > 0 {
		add(strings.Repeat("x", int(schema.MinLength)-1), "", "minLength")
	}
	if schema.Pattern != "" {
		add(" "+canary+"Body ", "", "pattern")
		add("a\nb", "", "pattern")
	}
	if schema.Format != "" {
		add(map[string]string{"email": canary + "Body", "password": canary[:12], "https-url": "http://" + canary + "/Body", "phone": "+1" + canary, "line": canary + "\u2028"}[schema.Format], "", "format")
	}
	switch schema.Format {
	case "https-url":
		for _, v := range []string{"javascript:alert(1)", "//" + canary, "https://", "https://user:" + canary + "@example.com", "data:text/html,x", "https://exa mple.com", ""} {
			add(v, "", "format")
		}
	case "phone":
		for _, v := range []string{"020 7946 0000", "+44 20 7946 0000", "+999123456789", "0049301234567", ""} {
			add(v, "", "format")
		}
	case "email":
		for _, v := range []string{"@example.com", "a@", "a@b", "a b@example.com", "a@b@example.com", "ä@example.com", "a@[127.0.0.1]", "a@example.com\n", "<a@example.com>", `"a b"@example.com`} {
			add(v, "", "format")
		}
	}
	if schema.Type.Is("array") {
		add([]any{}, "", "minItems")
		add([]any{"customer", "support", "staff", "payments", "admin", "customer"}, "", "maxItems")
		add([]any{"customer", "customer"}, "", "uniqueItems")
		add([]any{canary + "Body"}, "/0", "enum")
		add([]any{"customer", "Admin"}, "/1", "enum")
		for _, item := range []any{7, nil, true, []any{"admin"}, map[string]any{"role": "admin"}} {
			add([]any{item}, "/0", "")
		}
	}
	return cases
}

func text(t *testing.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	require.NoError(t, err)
	return string(out)
}

// parameterCases breaks every parameter, and sends others.
func parameterCases(t *testing.T, op *httpapi.Operation, me, somebody member) []badRequest {
	t.Helper()
	path := pathOf(op, own, member{user: somebody.user, second: me.second}, somebody)
	var cases []badRequest
	invalid := func(name, target, pointer, keyword string) {
		cases = append(cases, badRequest{
			name: name, target: target, status: http.StatusUnprocessableEntity, code: usersapi.ProblemCodeInvalidRequest, pointer: pointer, keyword: keyword,
		})
	}
	malformed := func(name, target string) {
		cases = append(cases, badRequest{name: name, target: target, status: http.StatusBadRequest, code: usersapi.ProblemCodeMalformedRequest})
	}
	invalid("an unknown parameter", path+"?nickname="+canary, "#/query/nickname", "additionalProperties")
	invalid("an unknown parameter without a value", path+"?nickname", "#/query/nickname", "additionalProperties")
	invalid("a parameter without a name", path+"?="+canary, "#/query/", "additionalProperties")
	invalid("a parameter in another case", path+"?LIMIT=5", "#/query/LIMIT", "additionalProperties")
	invalid("many unknown parameters", path+"?"+strings.Repeat("a=1&b=2&", 500), "#/query/a", "additionalProperties")
	invalid("a long unknown parameter", path+"?"+strings.Repeat("n", 8000)+"=1", "#/query/"+strings.Repeat("n", 64)+"%E2%80%A6", "additionalProperties")
	malformed("percent-garbage in the query", path+"?limit=%zz"+canary)
	malformed("half an escape in the query", path+"?limit=%2")
	malformed("a semicolon in the query", path+"?a=1;b="+canary)

	for _, ref := range append(slices.Clone(specOf(t, op).Parameters), loadSpec(t).Paths.Find(op.Pattern).Parameters...) {
		p := ref.Value
		at := "#/" + p.In + "/" + p.Name
		schema := p.Schema.Value
		switch p.In {
		case "path":
			where := func(value string) string { return strings.ReplaceAll(op.Pattern, "{"+p.Name+"}", value) }
			id := somebody.user.ID.String()
			for _, value := range []string{
				canary, "0", "null", "undefined", "..", ".", "%2e%2e", "%00", id[:35], id + "0", "%7B" + id + "%7D", "urn:uuid:" + id, strings.ReplaceAll(id, "-", ""),
				id[:35] + "g", id + "%00", id + "%2Fprofile", "%2F" + id, id + ";a=b", id + "%0d%0aSet-Cookie:%20a=b", "%ff%fe", "%F0%9F%98%80", "'%20OR%201=1--",
				strings.Repeat(canary, 500), "[" + canary + "]", "%5B" + canary + "%5D", "a|b^c`d\"<>\\", "\u00e9",
				strings.Repeat("%41", 400), "a" + strings.Repeat("%C3%A9", 400), "ab" + strings.Repeat("%41", 400),
			} {
				invalid("path "+value, where(value), at, "")
			}
		case "query":
			malformed("percent-garbage in "+p.Name, path+"?"+p.Name+"=%zz"+canary)
			good := map[string]string{"limit": "5", "cursor": "ASNFZ4kBI0VniQEjRWeJASNFZ4kBI0VniQ", "status": "active", "role": "admin"}[p.Name]
			invalid(p.Name+" twice", path+"?"+p.Name+"="+good+"&"+p.Name+"="+good, at, "maxItems")
			invalid(p.Name+" empty", path+"?"+p.Name+"=", at, "")
			invalid(p.Name+" with NUL", path+"?"+p.Name+"="+canary+"%00", at, "")
			invalid(p.Name+" with invalid UTF-8", path+"?"+p.Name+"="+canary+"%ff", at, "")
			invalid(p.Name+" very long", path+"?"+p.Name+"="+canary+strings.Repeat("x", 9000), at, "")
			if schema.Format != "" || schema.Enum != nil {
				invalid(p.Name+" of another form", path+"?"+p.Name+"="+canary, at, "")
			}
			if schema.Type.Is("integer") {
				for _, v := range []string{"0", "101", "-1", "1.5", "1e2", "0x10", "5+", "99999999999999999999", "NaN", "true", "%20", "5,6", "[5]", "٣"} {
					invalid(p.Name+" = "+v, path+"?"+p.Name+"="+v, at, "")
				}
			}
		case "cookie":
			for _, v := range []string{canary + strings.Repeat("A", 4096)} {
				invalid("cookie "+v, path, at, "")
				cases[len(cases)-1].headers = []string{"Cookie: " + p.Name + "=" + v}
			}
		default:
			t.Fatalf("nobody breaks a parameter in %s", p.In)
		}
	}
	return cases
}

// callerCases are callers who are nobody, or may not.
func callerCases(op *httpapi.Operation, customer, somebody member) []badRequest {
	a := op.Policy.Access
	if a.Public {
		return nil
	}
	var cases []badRequest
	bearer := "Authorization: Bearer " + customer.access
	parts := strings.Split(customer.access, ".")
	for _, headers := range [][]string{
		{}, {bearer, bearer}, {"Authorization: Basic YWRhOmNhbmFyeQ=="}, {"Authorization: "}, {"Authorization: Bearer"}, {"Authorization: Bearer "}, {"Authorization: " + canary},
		{"Authorization: Bearer " + canary}, {"Authorization: Bearer  " + customer.access}, {"Authorization: " + customer.access}, {"Authorization: Bearer: " + customer.access},
		{bearer + ", Bearer " + customer.access}, {bearer + " x"}, {"Authorization: Bearer ..", "X-Authorization: " + customer.access}, {"Authorization: Bearer " + parts[0] + "." + parts[1] + "."},
		{"Authorization: Bearer " + strings.Repeat("a", 60_000)}, {"Authorization: Bearer " + customer.refresh}, {"Cookie: access_token=" + customer.access}, {"Authorization: Bearer \xff\xfe"},
	} {
		cases = append(cases, badRequest{name: fmt.Sprintf("caller with %.80q", headers), headers: headers, status: http.StatusUnauthorized, code: usersapi.ProblemCodeUnauthenticated})
	}
	// Who is not known learns nothing of the request's other faults, and nothing of the body is read.
	for _, c := range []badRequest{
		{name: "caller: nobody, with a body that is not JSON", body: canary, headers: []string{asJSON}},
		{name: "caller: nobody, with an unknown parameter", target: pathOf(op, others, customer, somebody) + "?nickname=" + canary},
		{name: "caller: nobody, with a large body", body: strings.Repeat("x", 65<<10)},
	} {
		c.status, c.code = http.StatusUnauthorized, usersapi.ProblemCodeUnauthenticated
		cases = append(cases, c)
	}
	switch {
	case a.Owner == "":
		for _, target := range []string{pathOf(op, own, customer, somebody), pathOf(op, others, customer, somebody), pathOf(op, missing, customer, somebody)} {
			cases = append(cases, badRequest{name: "caller without the role", target: target, headers: []string{bearer}, status: http.StatusForbidden, code: usersapi.ProblemCodeForbidden})
		}
		cases = append(cases, badRequest{
			name: "caller without the role, with a body that is not JSON", headers: []string{bearer, asJSON}, body: canary, status: http.StatusForbidden, code: usersapi.ProblemCodeForbidden,
		})
	case a.Owner != "self":
		cases = append(cases, badRequest{
			name: "caller who is not the owner", target: pathOf(op, others, customer, somebody), headers: []string{bearer}, status: http.StatusNotFound, code: usersapi.ProblemCode(a.HiddenAs),
		})
	}
	return cases
}

// stateCases are requests that are right by themselves and do not fit the state of things.
func stateCases(op *httpapi.Operation, me, somebody member) []badRequest {
	conflict := func(name, target, body string) badRequest {
		return badRequest{name: name, target: target, headers: []string{asJSON}, body: body, status: http.StatusConflict, code: usersapi.ProblemCodeEmailTaken}
	}
	mine := pathOf(op, own, me, somebody)
	switch op.ID {
	case "createUser", "createUserV2":
		return []badRequest{
			conflict("state: the address is taken", "", `{"email":"`+me.user.Email+`","name":"`+canary+`Body","password":"`+goodPassword+canary+`Body"}`),
			conflict("state: the address is taken in another case", "", `{"email":"`+strings.ToUpper(me.user.Email)+`","name":"x","password":"`+goodPassword+`"}`),
			{
				name: "state: the password has the e-mail's name", headers: []string{asJSON}, body: `{"email":"` + canary + `@example.com","name":"x","password":"long enough and ` + canary + `Body"}`,
				status: http.StatusUnprocessableEntity, code: usersapi.ProblemCodeInvalidRequest, pointer: "#/password",
			},
		}
	case "startSession":
		return []badRequest{
			{name: "state: a wrong password", headers: []string{asJSON}, body: `{"email":"` + me.user.Email + `","password":"` + canary + `Body"}`, status: http.StatusUnauthorized, code: usersapi.ProblemCodeInvalidCredentials},
			{name: "state: an unknown address", headers: []string{asJSON}, body: `{"email":"` + canary + `Body@example.com","password":"x"}`, status: http.StatusUnauthorized, code: usersapi.ProblemCodeInvalidCredentials},
		}
	case "refreshSession":
		return []badRequest{
			{name: "state: no token", headers: []string{asJSON}, body: `{}`, status: http.StatusUnauthorized, code: usersapi.ProblemCodeInvalidRefreshToken},
			{name: "state: an unknown token", headers: []string{asJSON}, body: `{"refresh_token":"` + newRefreshToken() + `"}`, status: http.StatusUnauthorized, code: usersapi.ProblemCodeInvalidRefreshToken},
		}
	case "changePassword":
		return []badRequest{{
			name: "state: a wrong password", headers: []string{asJSON}, body: `{"current_password":"` + canary + `Body","new_password":"` + newPassword + canary + `Body"}`,
			status: http.StatusForbidden, code: usersapi.ProblemCodeWrongPassword,
		}}
	case "deleteUser", "disableUser", "setUserRoles":
		return []badRequest{{name: "state: oneself", target: mine, status: http.StatusConflict, code: usersapi.ProblemCodeSelfAdministration}}
	case "revokeSession":
		return []badRequest{{name: "state: another's", target: pathOf(op, others, me, somebody), status: http.StatusNotFound, code: usersapi.ProblemCodeSessionNotFound}}
	default:
		return nil
	}
}

// TestPercentGarbageInThePath is about what net/http refuses before any service sees it.
func TestPercentGarbageInThePath(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, target := range []string{"/api/v1/users/%zz", "/api/v1/users/%", "/api/v1/users/%4"} {
		answer, body := s.send(t, http.MethodGet, target, nil, "", false)
		require.Equal(t, http.StatusBadRequest, answer.StatusCode)
		require.NotContains(t, body, target)
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	s := start(t)
	somebody := s.member()
	operations := loadDocument(t).Operations
	methods := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	for _, op := range operations {
		path := pathOf(op, own, somebody, somebody)
		var allowed []string
		for _, m := range methods {
			if slices.ContainsFunc(operations, func(o *httpapi.Operation) bool { return o.Method == m && matches(o.Pattern, path) }) {
				allowed = append(allowed, m)
			}
		}
		for _, m := range append(slices.Clone(methods), http.MethodHead, http.MethodOptions, http.MethodTrace, "PROPFIND", "BREW", "get") {
			if slices.Contains(allowed, m) {
				continue
			}
			answer, body := s.send(t, m, path, nil, "", false)
			require.Equal(t, http.StatusMethodNotAllowed, answer.StatusCode, "%s %s: %s", m, path, body)
			require.Equal(t, strings.Join(allowed, ", "), answer.Header.Get("Allow"), "%s %s", m, path)
			if m == http.MethodHead {
				require.Empty(t, body)
				continue
			}
			require.Equal(t, usersapi.ProblemCodeMethodNotAllowed, problemIn(t, answer, body).Code)
		}
	}
}

// matches says whether a path is of a pattern.
func matches(pattern, path string) bool {
	parts := pathParameter.Split(pattern, -1)
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(p)
	}
	return regexp.MustCompile("^" + strings.Join(parts, "[^/]+") + "$").MatchString(path)
}

func TestPaths(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := s.member()
	id := me.user.ID.String()
	for path, code := range map[string]usersapi.ProblemCode{
		"/api":                                 usersapi.ProblemCodeNotFound,
		"/api/v1/login/":                       usersapi.ProblemCodeNotFound,
		"//api/v1/profile":                     usersapi.ProblemCodeNotFound,
		"/api//v1/profile":                     usersapi.ProblemCodeNotFound,
		"/api/v1/profile/":                     usersapi.ProblemCodeNotFound,
		"/API/V1/PROFILE":                      usersapi.ProblemCodeNotFound,
		"/api/v1/./profile":                    usersapi.ProblemCodeNotFound,
		"/api/v1/users/../profile":             usersapi.ProblemCodeNotFound,
		"/api/v1/users/%2e%2e/profile":         usersapi.ProblemCodeNotFound,
		"/api/v1%2Fprofile":                    usersapi.ProblemCodeNotFound,
		"/api/v1/profile%00":                   usersapi.ProblemCodeNotFound,
		"/api/v1/profile;jsessionid=1":         usersapi.ProblemCodeNotFound,
		"/api/v1/users/" + id + "/":            usersapi.ProblemCodeNotFound,
		"/api/v1/users/" + id + "/profile":     usersapi.ProblemCodeNotFound,
		"/api/v2/users/" + id + "/profile/":    usersapi.ProblemCodeNotFound,
		"/api/v2/users/" + id + "%2Fprofile":   usersapi.ProblemCodeInvalidRequest,
		"/api/v2/users/..%2F..%2Fv1%2Fprofile": usersapi.ProblemCodeInvalidRequest,
		"/api/v2/users/..":                     usersapi.ProblemCodeInvalidRequest,
		"/" + strings.Repeat("a/", 4000):       usersapi.ProblemCodeNotFound,
		"/" + strings.Repeat("%5B", 4000):      usersapi.ProblemCodeNotFound,
		"/[" + canary + "]":                    usersapi.ProblemCodeNotFound,
	} {
		answer, body := s.send(t, http.MethodGet, path, []string{"Authorization: Bearer " + me.access}, "", false)
		p := problemIn(t, answer, body)
		require.Equal(t, code, p.Code, path)
		require.Empty(t, answer.Header.Get("Location"), path)
	}
	// A UUID is one in either case (RFC 9562, section 4).
	answer, body := s.send(t, http.MethodGet, "/api/v2/users/"+strings.ToUpper(id), []string{"Authorization: Bearer " + me.access}, "", false)
	require.Equal(t, http.StatusOK, answer.StatusCode, body)
	require.Contains(t, body, `"id":"`+id+`"`)
	// The scheme of the header is one in any case (RFC 9110, section 11.1).
	answer, body = s.send(t, http.MethodGet, "/api/v2/users/"+id, []string{"authorization: bEARER " + me.access}, "", false)
	require.Equal(t, http.StatusOK, answer.StatusCode, body)
	// What nobody knows is not allowed anywhere.
	answer, body = s.send(t, "BREW", "/nowhere", nil, "", false)
	require.Equal(t, usersapi.ProblemCodeNotFound, problemIn(t, answer, body).Code)
}

// TestInputAtTheBounds shows that what is just within the bounds is taken.
func TestInputAtTheBounds(t *testing.T) {
	t.Parallel()
	s := start(t)
	account := func() string {
		return `{"email":"` + newID().String() + `@example.com","name":"Ada","password":"` + goodPassword + `"}`
	}
	for _, header := range []string{asJSON, "Content-Type: application/json; charset=utf-8", "Content-Type: Application/JSON;charset=\"UTF-8\"", "content-type:application/json"} {
		answer, body := s.send(t, http.MethodPost, "/api/v2/users", []string{header}, account(), false)
		require.Equal(t, http.StatusCreated, answer.StatusCode, "%s: %s", header, body)
	}
	for _, chunked := range []bool{false, true} {
		whole := account() + strings.Repeat(" ", 64<<10-len(account()))
		require.Len(t, whole, 64<<10)
		answer, body := s.send(t, http.MethodPost, "/api/v2/users", []string{asJSON}, whole, chunked)
		require.Equal(t, http.StatusCreated, answer.StatusCode, body)
	}
	escaped := strings.Replace(account(), "Ada", `\u0041\ud83d\ude00\/\"\\`, 1)
	answer, body := s.send(t, http.MethodPost, "/api/v2/users", []string{asJSON}, escaped, false)
	require.Equal(t, http.StatusCreated, answer.StatusCode, body)
	require.Contains(t, body, `"name":"A😀/\"\\"`)
}
