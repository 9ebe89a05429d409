package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/plumbline/impl/platform/fault"
)

// broken sends a body and gives what is wrong with it, as "pointer keyword".
func (s *service) broken(t testing.TB, body string) (places []string, violations []fault.Violation) {
	t.Helper()
	p := requireCode(t, s.send(t, http.MethodPost, "/echo", body), http.StatusUnprocessableEntity, "invalid_request")
	for _, v := range p.Errors {
		places = append(places, v.Pointer+" "+v.Keyword)
		require.Regexp(t, `^[A-Z].*\.$`, v.Detail)
		require.NotContains(t, v.Detail, "..")
	}
	slices.Sort(places)
	return places, p.Errors
}

func TestEveryRule(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, c := range []struct{ member, pointer, keyword, params, detail string }{
		{`"name":"a"`, "#/name", "minLength", `{"minLength":2}`, "Must have at least 2 characters."},
		{`"name":"abcdefghijk"`, "#/name", "maxLength", `{"maxLength":10}`, "Must have at most 10 characters."},
		{`"name":1`, "#/name", "type", `{"type":"string"}`, "Must be of the type string."},
		{`"name":null`, "#/name", "type", `{"type":"string"}`, "Must be of the type string."},
		{`"flag":true`, "#/name", "required", `null`, "Must be present."},
		{`"name":"ab","email":"ada"`, "#/email", "format", `{"format":"email"}`, "Must be an e-mail address such as name@example.com."},
		{`"name":"ab","id":"1"`, "#/id", "format", `{"format":"uuid"}`, "Must be a UUID of 36 characters."},
		{`"name":"ab","lower":"A"`, "#/lower", "pattern", `{"pattern":"^[a-z]+$"}`, "Must match the pattern ^[a-z]+$."},
		{`"name":"ab","colour":"blue"`, "#/colour", "enum", `{"enum":["red","green"]}`, "Must be one of red, green."},
		{`"name":"ab","count":0`, "#/count", "minimum", `{"minimum":1}`, "Must be at least 1."},
		{`"name":"ab","count":9007199254740992`, "#/count", "maximum", `{"maximum":9007199254740991}`, "Must be at most 9007199254740991."},
		{`"name":"ab","count":9007199254740993`, "#/count", "maximum", `{"maximum":9007199254740991}`, "Must be at most 9007199254740991."},
		{`"name":"ab","count":1.5`, "#/count", "type", `{"type":"integer"}`, "Must be of the type integer."},
		{`"name":"ab","count":"1"`, "#/count", "type", `{"type":"integer"}`, "Must be of the type integer."},
		{`"name":"ab","small":2147483648`, "#/small", "format", `{"format":"int32"}`, "Value should be between -2147483648 and 2147483647."},
		{`"name":"ab","ratio":0.25`, "#/ratio", "multipleOf", `{"multipleOf":0.5}`, "Must be a multiple of 0.5."},
		{`"name":"ab","ratio":11`, "#/ratio", "maximum", `{"maximum":10.5}`, "Must be at most 10.5."},
		{`"name":"ab","ratio":-11`, "#/ratio", "minimum", `{"minimum":-10.5}`, "Must be at least -10.5."},
		{`"name":"ab","flag":"true"`, "#/flag", "type", `{"type":"boolean"}`, "Must be of the type boolean."},
		{`"name":"ab","tags":[]`, "#/tags", "minItems", `{"minItems":1}`, "Must have at least 1 item."},
		{`"name":"ab","tags":["a","b","c","d"]`, "#/tags", "maxItems", `{"maxItems":3}`, "Must have at most 3 items."},
		{`"name":"ab","tags":["a","a"]`, "#/tags", "uniqueItems", `{"uniqueItems":true}`, "Must not hold an item twice."},
		{`"name":"ab","tags":["a","toolong"]`, "#/tags/1", "maxLength", `{"maxLength":5}`, "Must have at most 5 characters."},
		{`"name":"ab","tags":{}`, "#/tags", "type", `{"type":"array"}`, "Must be of the type array."},
		{`"name":"ab","orders":[{"quantity":1},{"quantity":0}]`, "#/orders/1/quantity", "minimum", `{"minimum":1}`, "Must be at least 1."},
		{`"name":"ab","orders":[{}]`, "#/orders/0/quantity", "required", `null`, "Must be present."},
		{`"name":"ab","orders":[{"quantity":1,"x":1}]`, "#/orders/0/x", "additionalProperties", `null`, "Is no member of this object."},
		{`"name":"ab","a/b~c é":"x"`, "#/a~1b~0c%20%C3%A9", "type", `{"type":"integer"}`, "Must be of the type integer."},
		{`"name":"ab","a/b~c %":"x"`, "#/a~1b~0c%20%25", "additionalProperties", `null`, "Is no member of this object."},
		{`"name":"ab","":1`, "#/", "additionalProperties", `null`, "Is no member of this object."},
		{`"name":"ab","` + strings.Repeat("é", 500) + `":1`, "#/" + strings.Repeat("%C3%A9", 64) + "%E2%80%A6", "additionalProperties", `null`, "Is no member of this object."},
		{`"name":"ab","counts":{}`, "#/counts", "minProperties", `{"minProperties":1}`, "Must have at least 1 member."},
		{`"name":"ab","counts":{"a":1,"b":2,"c":3}`, "#/counts", "maxProperties", `{"maxProperties":2}`, "Must have at most 2 members."},
		{`"name":"ab","counts":{"a/b":"x"}`, "#/counts/a~1b", "type", `{"type":"integer"}`, "Must be of the type integer."},
		{`"name":"ab","either":true`, "#/either", "oneOf", `null`, "Must match the schema."},
		{`"name":"ab","either":"long"`, "#/either", "oneOf", `null`, "Must match the schema."},
	} {
		places, violations := s.broken(t, "{"+c.member+"}")
		require.Equal(t, []string{c.pointer + " " + c.keyword}, places, c.member)
		require.Equal(t, c.detail, violations[0].Detail)
		params, err := json.Marshal(violations[0].Params)
		require.NoError(t, err)
		require.JSONEq(t, c.params, string(params))
	}
	places, _ := s.broken(t, `{"name":"ab","count":123456789012345678901234567890}`)
	require.Equal(t, []string{"#/count format", "#/count maximum"}, places, "int64 is a rule as well")
	for _, body := range []string{`[]`, `"x"`, `1`, `null`, `true`} {
		places, _ := s.broken(t, body)
		require.Equal(t, []string{"# type"}, places, body)
	}
	for _, body := range []string{`{"name":"ab","nothing":null}`, `{"name":"éé"}`, `{"name":"😀😀😀😀😀😀😀😀😀😀"}`, `{"name":"ab","ratio":1e1}`, `{"name":"ab","either":7}`} {
		w := s.send(t, http.MethodPost, "/echo", body)
		require.Equal(t, http.StatusOK, w.Code, body+w.Body.String())
	}
}

func TestAllViolationsAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	places, _ := s.broken(t, `{"email":"ada","Name":"x","count":"1","tags":["toolong","toolong"],"orders":[{"quantity":0,"note":"too long"},5,{"x/y":1}],"counts":{"a":"b"}}`)
	require.Equal(t, []string{
		"#/Name additionalProperties", "#/count type", "#/counts/a type", "#/email format", "#/name required",
		"#/orders/0/note maxLength", "#/orders/0/quantity minimum", "#/orders/1 type", "#/orders/2/quantity required", "#/orders/2/x~1y additionalProperties",
		"#/tags uniqueItems", "#/tags/0 maxLength", "#/tags/1 maxLength",
	}, places)
	// The query, the header, the cookie and the path are named along with the rest.
	w := s.send(t, http.MethodGet, "/public?limit=0&name=&nmae=x", "", "X-Level", "0", "Cookie", "visit=1")
	p := requireCode(t, w, http.StatusUnprocessableEntity, "invalid_request")
	var found []string
	for _, v := range p.Errors {
		found = append(found, v.Pointer+" "+v.Keyword)
	}
	require.ElementsMatch(t, []string{"#/query/nmae additionalProperties", "#/query/limit minimum", "#/query/name minLength", "#/header/X-Level minimum", "#/cookie/visit format"}, found)
}

func TestViolationsAreCapped(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	members := make([]string, 500)
	for i := range members {
		members[i] = fmt.Sprintf(`"m%03d":1`, i)
	}
	places, _ := s.broken(t, "{"+strings.Join(members, ",")+"}")
	require.Len(t, places, maxViolations)
	query := url.Values{}
	for i := range 500 {
		query.Set("q"+strconv.Itoa(i), "1")
	}
	p := requireCode(t, s.send(t, http.MethodGet, "/public?"+query.Encode(), ""), http.StatusUnprocessableEntity, "invalid_request")
	require.Len(t, p.Errors, maxViolations)
}

// The worst bodies of the allowed size are answered like others, with no more places than an answer names.
func TestWorstBodies(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	worst := map[string]string{
		"wrong items":      `{"name":"ab","tags":[` + strings.Repeat("1,", 30_000) + `1]}`,
		"same items":       `{"name":"ab","tags":[` + strings.Repeat(`"",`, 20_000) + `""]}`,
		"empty orders":     `{"name":"ab","orders":[` + strings.Repeat("{},", 20_000) + `{}]}`,
		"unknown members":  `{"name":"ab"` + numbered(6_000) + `}`,
		"too many members": `{"name":"ab","counts":{"z":0` + numbered(6_000) + `}}`,
		"long name":        `{"` + strings.Repeat("x", 65_000) + `":1}`,
		"long text":        `{"name":"` + strings.Repeat("x", 65_000) + `","email":"` + strings.Repeat("a@", 100) + `"}`,
		"long number":      `{"name":"ab","count":` + strings.Repeat("9", 60_000) + `}`,
		"escapes":          `{"name":"` + strings.Repeat(`\u0041`, 10_000) + `"}`,
	}
	for name, body := range worst {
		require.LessOrEqual(t, len(body), maxBody, name)
		w := s.send(t, http.MethodPost, "/echo", body)
		require.Contains(t, []int{400, 422}, w.Code, name)
		require.LessOrEqual(t, len(problemIn(t, w).Errors), maxViolations)
		require.Less(t, w.Body.Len(), 64<<10, name)
	}
}

// Violations are not collected beyond what an answer names: comparing each with all others would take minutes.
func TestViolationsAreNotCollectedInVain(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	schema := s.chain.document.Operation("echo").body.Content["application/json"].Schema.Value
	value, err := decodeJSON([]byte(`{"name":"ab","tags":[` + strings.Repeat("1,", 1000) + `1]` + numbered(1000) + `}`))
	require.NoError(t, err)
	err = schema.VisitJSON(value, openapi3.MultiErrors())
	require.Error(t, err)
	require.Len(t, schemaViolations("#", err), maxViolations)
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%x":1`, i)
	}
	return b.String()
}

func TestQuery(t *testing.T) {
	t.Parallel()
	var query string
	s := start(t, map[string]http.HandlerFunc{"getPublic": func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.Query().Encode()
		writeJSON(w, map[string]bool{"ok": true})
	}})
	for raw, want := range map[string]string{"": "limit=20", "limit=3": "limit=3", "name=a%26b": "limit=20&name=a%26b", "name=a+b&limit=100": "limit=100&name=a+b", "name=%EF%BF%BD": "limit=20&name=%EF%BF%BD"} {
		w := s.send(t, http.MethodGet, "/public?"+raw, "")
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		require.Equal(t, want, query, raw)
	}
	for raw, want := range map[string]string{
		"Limit=3":                     "#/query/Limit additionalProperties",
		"limit=3&limit=3":             "#/query/limit maxItems",
		"limit=":                      "#/query/limit",
		"limit=x":                     "#/query/limit type",
		"limit=1.5":                   "#/query/limit type",
		"limit=0":                     "#/query/limit minimum",
		"limit=99999999999999999999":  "#/query/limit",
		"name=":                       "#/query/name minLength",
		"name=%00":                    "#/query/name format",
		"name=%FF":                    "#/query/name format",
		"name=123456789":              "#/query/name maxLength",
		"a%2Fb%7E=1":                  "#/query/a~1b~0 additionalProperties",
		"=1":                          "#/query/ additionalProperties",
		"X-Level=1":                   "#/query/X-Level additionalProperties",
		"visit=1":                     "#/query/visit additionalProperties",
		"%FF=1":                       "#/query/%EF%BF%BD additionalProperties",
		strings.Repeat("y", 200) + "": "#/query/" + strings.Repeat("y", 64) + "%E2%80%A6 additionalProperties",
	} {
		p := requireCode(t, s.send(t, http.MethodGet, "/public?"+raw, ""), http.StatusUnprocessableEntity, "invalid_request")
		require.True(t, strings.HasPrefix(p.Errors[0].Pointer+" "+p.Errors[0].Keyword, want), "%s: %v", raw, p.Errors)
	}
	for _, raw := range []string{"name=%", "name=%z1", "name=%e", "%=1", "a;b=1", "name=a;b"} {
		r := request(t, http.MethodGet, "/public", nil)
		r.URL.RawQuery = raw
		requireCode(t, s.serve(r), http.StatusBadRequest, "malformed_request")
	}
}

func TestNextLink(t *testing.T) {
	t.Parallel()
	cursor := `a&b"> c`
	s := start(t, map[string]http.HandlerFunc{"getPublic": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", *NextLink(r.Context(), &cursor))
		if NextLink(r.Context(), nil) != nil {
			t.Error("there is no next page")
		}
		writeJSON(w, map[string]bool{"ok": true})
	}})
	w := s.send(t, http.MethodGet, "/public?name=x", "")
	require.Equal(t, `</public?cursor=a%26b%22%3E+c&name=x>; rel="next"`, w.Header().Get("Link"), "without the defaults that were written in")
	require.Nil(t, NextLink(t.Context(), &cursor))
}

// The answer to a broken request never holds a value that was submitted, wherever it stood.
func TestSubmittedValuesNeverAppear(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	rapid.Check(t, func(rt *rapid.T) {
		canary := rapid.StringMatching(`zq[A-Za-z0-9"'<>%&é😀\\ ]{0,12}qz`).Draw(rt, "canary")
		quoted, err := json.Marshal(canary)
		if err != nil {
			rt.Fatal(err)
		}
		name := rapid.SampledFrom([]string{"name", "email", "id", "lower", "colour", "count", "small", "ratio", "flag", "nothing", "tags", "orders", "a/b~c é", "counts", "either", "size", "secret", "unknown"})
		shape := rapid.SampledFrom([]string{"%s", "[%s]", "[%[1]s,%[1]s]", `{"note":%s}`, `{"quantity":%s}`, `[{"note":%s}]`, `[{"quantity":%s}]`, `[[%s]]`, `{"a":%s}`})
		var members []string
		for _, n := range rapid.SliceOfNDistinct(name, 1, 10, rapid.ID[string]).Draw(rt, "names") {
			key, _ := json.Marshal(n)
			members = append(members, string(key)+":"+fmt.Sprintf(shape.Draw(rt, "shape"), quoted))
		}
		w := s.serve(request(t, http.MethodPost, "/echo", strings.NewReader("{"+strings.Join(members, ",")+`,"broken":1}`)))
		requireWithout(rt, w.Code, w.Body.String(), canary)
		r := request(t, http.MethodGet, "/public", nil, "X-Level", "x", "Cookie", "visit=zqcookieqz")
		r.Header["X-Level"] = []string{canary}
		r.URL.RawQuery = url.Values{"limit": {canary}, "name": {canary}, "unknown": {canary, canary}}.Encode()
		w = s.serve(r)
		requireWithout(rt, w.Code, w.Body.String(), canary)
		requireWithout(rt, w.Code, w.Body.String(), "zqcookieqz")
	})
}

func requireWithout(t *rapid.T, status int, body, canary string) {
	if status != http.StatusUnprocessableEntity && status != http.StatusBadRequest {
		t.Fatalf("%d: %s", status, body)
	}
	var p problem
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Fatal(err)
	}
	all := p.Detail
	for _, v := range p.Errors {
		all += fmt.Sprint("\n", v.Pointer, v.Keyword, v.Params, v.Detail)
	}
	escaped, _ := json.Marshal(canary)
	for _, form := range []string{canary, url.QueryEscape(canary), url.PathEscape(canary), strings.Trim(string(escaped), `"`), canary[:4] + "\x00"} {
		if strings.Contains(all, form) || strings.Contains(body, form) {
			t.Fatalf("%q is in %s", form, body)
		}
	}
	if strings.Contains(body, "zq") {
		t.Fatalf("a part of %q is in %s", canary, body)
	}
}

// An object with one of several members beside the required ones says which they are.
func TestOneOfSeveralMembers(t *testing.T) {
	t.Parallel()
	text := openapi3.NewStringSchema()
	s := openapi3.NewObjectSchema().WithProperty("challenge", text).WithProperty("totp", text).WithProperty("recovery_code", text)
	s.Required = []string{"challenge"}
	s = s.WithMinProperties(2).WithMaxProperties(2)
	for keyword, value := range map[string]map[string]any{
		"minProperties": {"challenge": "a"},
		"maxProperties": {"challenge": "a", "totp": "b", "recovery_code": "c"},
	} {
		var wrong *openapi3.SchemaError
		require.ErrorAs(t, s.VisitJSON(value), &wrong)
		require.Equal(t, []fault.Violation{{Pointer: "#", Keyword: keyword, Params: map[string]any{keyword: uint64(2)}, Detail: "Must have exactly one of recovery_code, totp."}}, schemaViolation("#", wrong))
	}
}
