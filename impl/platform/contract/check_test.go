package contract

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/fault"
)

func TestEveryRule(t *testing.T) {
	t.Parallel()
	s := newSubject(t)
	for _, c := range []struct{ member, pointer, keyword, params, detail string }{
		{`"name":"a"`, "#/name", "minLength", `{"minLength":2}`, "Must have at least 2 characters."},
		{`"name":"abcdefghijk"`, "#/name", "maxLength", `{"maxLength":10}`, "Must have at most 10 characters."},
		{`"name":1`, "#/name", "type", `{"type":"string"}`, "Must be of the type string."},
		{`"name":null`, "#/name", "type", `{"type":"string"}`, "Must be of the type string."},
		{`"flag":true`, "#/name", "required", `null`, "Must be present."},
		{`"name":"ab","email":"ada"`, "#/email", "format", `{"format":"email"}`,
			"Must be an e-mail address such as name@example.com."},
		{`"name":"ab","id":"1"`, "#/id", "format", `{"format":"uuid"}`, "Must be a UUID of 36 characters."},
		{`"name":"ab","lower":"A"`, "#/lower", "pattern", `{"pattern":"^[a-z]+$"}`, "Must match the pattern ^[a-z]+$."},
		{`"name":"ab","colour":"blue"`, "#/colour", "enum", `{"enum":["red","green"]}`, "Must be one of red, green."},
		{`"name":"ab","count":0`, "#/count", "minimum", `{"minimum":1}`, "Must be at least 1."},
		{`"name":"ab","count":9007199254740992`, "#/count", "maximum", `{"maximum":9007199254740991}`,
			"Must be at most 9007199254740991."},
		{`"name":"ab","count":9007199254740993`, "#/count", "maximum", `{"maximum":9007199254740991}`,
			"Must be at most 9007199254740991."},
		{`"name":"ab","count":1.5`, "#/count", "type", `{"type":"integer"}`, "Must be of the type integer."},
		{`"name":"ab","count":"1"`, "#/count", "type", `{"type":"integer"}`, "Must be of the type integer."},
		{`"name":"ab","small":2147483648`, "#/small", "format", `{"format":"int32"}`,
			"Value should be between -2147483648 and 2147483647."},
		{`"name":"ab","ratio":0.25`, "#/ratio", "multipleOf", `{"multipleOf":0.5}`, "Must be a multiple of 0.5."},
		{`"name":"ab","ratio":11`, "#/ratio", "maximum", `{"maximum":10.5}`, "Must be at most 10.5."},
		{`"name":"ab","ratio":-11`, "#/ratio", "minimum", `{"minimum":-10.5}`, "Must be at least -10.5."},
		{`"name":"ab","flag":"true"`, "#/flag", "type", `{"type":"boolean"}`, "Must be of the type boolean."},
		{`"name":"ab","tags":[]`, "#/tags", "minItems", `{"minItems":1}`, "Must have at least 1 item."},
		{`"name":"ab","tags":["a","b","c","d"]`, "#/tags", "maxItems", `{"maxItems":3}`, "Must have at most 3 items."},
		{`"name":"ab","tags":["a","a"]`, "#/tags", "uniqueItems", `{"uniqueItems":true}`,
			"Must not hold an item twice."},
		{`"name":"ab","tags":["a","toolong"]`, "#/tags/1", "maxLength", `{"maxLength":5}`,
			"Must have at most 5 characters."},
		{`"name":"ab","tags":{}`, "#/tags", "type", `{"type":"array"}`, "Must be of the type array."},
		{`"name":"ab","orders":[{"quantity":1},{"quantity":0}]`, "#/orders/1/quantity", "minimum", `{"minimum":1}`,
			"Must be at least 1."},
		{`"name":"ab","orders":[{}]`, "#/orders/0/quantity", "required", `null`, "Must be present."},
		{`"name":"ab","orders":[{"quantity":1,"x":1}]`, "#/orders/0/x", "additionalProperties", `null`,
			"Is no member of this object."},
		{`"name":"ab","a/b~c é":"x"`, "#/a~1b~0c%20%C3%A9", "type", `{"type":"integer"}`,
			"Must be of the type integer."},
		{`"name":"ab","a/b~c %":"x"`, "#/a~1b~0c%20%25", "additionalProperties", `null`,
			"Is no member of this object."},
		{`"name":"ab","":1`, "#/", "additionalProperties", `null`, "Is no member of this object."},
		{`"name":"ab","` + strings.Repeat("é", 500) + `":1`, "#/" + strings.Repeat("%C3%A9", 64) + "%E2%80%A6",
			"additionalProperties", `null`, "Is no member of this object."},
		{`"name":"ab","counts":{}`, "#/counts", "minProperties", `{"minProperties":1}`, "Must have at least 1 member."},
		{`"name":"ab","counts":{"a":1,"b":2,"c":3}`, "#/counts", "maxProperties", `{"maxProperties":2}`,
			"Must have at most 2 members."},
		{`"name":"ab","counts":{"a/b":"x"}`, "#/counts/a~1b", "type", `{"type":"integer"}`,
			"Must be of the type integer."},
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
	for _, body := range []string{`{"name":"ab","nothing":null}`, `{"name":"éé"}`, `{"name":"😀😀😀😀😀😀😀😀😀😀"}`,
		`{"name":"ab","ratio":1e1}`, `{"name":"ab","either":7}`} {
		s.accepted(t, "echo", "/echo", body)
	}
}

func TestAllViolationsAtOnce(t *testing.T) {
	t.Parallel()
	s := newSubject(t)
	places, _ := s.broken(t,
		`{"email":"ada","Name":"x","count":"1","tags":["toolong","toolong"],`+
			`"orders":[{"quantity":0,"note":"too long"},5,{"x/y":1}],"counts":{"a":"b"}}`)
	require.Equal(t, []string{
		"#/Name additionalProperties", "#/count type", "#/counts/a type", "#/email format", "#/name required",
		"#/orders/0/note maxLength", "#/orders/0/quantity minimum", "#/orders/1 type", "#/orders/2/quantity required",
		"#/orders/2/x~1y additionalProperties",
		"#/tags uniqueItems", "#/tags/0 maxLength", "#/tags/1 maxLength",
	}, places)
	// The query, the header, the cookie and the path are named along with the rest.
	violations := s.refused(t, "getPublic", "/public?limit=0&name=&nmae=x", "", "X-Level", "0", "Cookie", "visit=1")
	require.ElementsMatch(t, []string{"#/query/nmae additionalProperties", "#/query/limit minimum",
		"#/query/name minLength", "#/header/X-Level minimum", "#/cookie/visit format"}, placesOf(violations))
}

func TestViolationsAreCapped(t *testing.T) {
	t.Parallel()
	s := newSubject(t)
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
	require.Len(t, s.refused(t, "getPublic", "/public?"+query.Encode(), ""), maxViolations)
}

// Violations are not collected beyond what an answer names: comparing each with all others would take minutes.
func TestViolationsAreNotCollectedInVain(t *testing.T) {
	t.Parallel()
	s := newSubject(t)
	schema := s.document.Operation("echo").body.Content["application/json"].Schema.Value
	value, err := decodeJSON([]byte(`{"name":"ab","tags":[` + strings.Repeat("1,", 1000) + `1]` + numbered(1000) + `}`))
	require.NoError(t, err)
	err = schema.VisitJSON(value, openapi3.MultiErrors())
	require.Error(t, err)
	require.Len(t, schemaViolations("#", err), maxViolations)
}

// An object with one of several members beside the required ones says which they are.
func TestOneOfSeveralMembers(t *testing.T) {
	t.Parallel()
	text := openapi3.NewStringSchema()
	s := openapi3.NewObjectSchema().WithProperty("challenge", text).WithProperty("totp", text).
		WithProperty("recovery_code", text)
	s.Required = []string{"challenge"}
	s = s.WithMinProperties(2).WithMaxProperties(2)
	for keyword, value := range map[string]map[string]any{
		"minProperties": {"challenge": "a"},
		"maxProperties": {"challenge": "a", "totp": "b", "recovery_code": "c"},
	} {
		var wrong *openapi3.SchemaError
		require.ErrorAs(t, s.VisitJSON(value), &wrong)
		require.Equal(t, []fault.Violation{{Pointer: "#", Keyword: keyword, Params: map[string]any{keyword: uint64(2)},
			Detail: "Must have exactly one of recovery_code, totp."}}, schemaViolation("#", wrong))
	}
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%x":1`, i)
	}
	return b.String()
}
