package contracttest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
)

// badParameters breaks every parameter, and adds unknown ones.
func (s *Service) badParameters(t testing.TB, op *contract.Operation, good func() Request) []Refusal {
	t.Helper()
	path, _, _ := strings.Cut(good().Target, "?")
	p := parameters{op: op, good: good, path: path}
	p.unknown()
	_, all := s.spec(op)
	for _, ref := range all {
		switch ref.Value.In {
		case openapi3.ParameterInPath:
			p.inPath(ref.Value)
		case openapi3.ParameterInQuery:
			p.inQuery(t, ref.Value)
		case openapi3.ParameterInHeader:
			p.inHeader(t, ref.Value)
		case openapi3.ParameterInCookie:
			p.invalid("cookie too long", p.path, "#/cookie/"+ref.Value.Name, "")
			p.cases[len(p.cases)-1].Request = good().With("Cookie: " + ref.Value.Name + "=" + Canary + strings.Repeat("A", 4096))
		}
	}
	return p.cases
}

// parameters makes requests with bad parameters from a good one.
type parameters struct {
	op    *contract.Operation
	good  func() Request
	path  string
	cases []Refusal
}

func (p *parameters) add(name, target string, status int, code, pointer, keyword string) {
	r := p.good()
	r.Target = target
	p.cases = append(p.cases,
		Refusal{Name: name, Request: r, Status: status, Code: code, Pointer: pointer, Keyword: keyword})
}

func (p *parameters) invalid(name, target, pointer, keyword string) {
	p.add(name, target, http.StatusUnprocessableEntity, contract.ErrInvalid.Code, pointer, keyword)
}

func (p *parameters) malformed(name, target string) {
	p.add(name, target, http.StatusBadRequest, contract.ErrMalformed.Code, "", "")
}

// unknown adds parameters that no document has, and malformed queries.
func (p *parameters) unknown() {
	p.invalid("an unknown parameter", p.path+"?nickname="+Canary, "#/query/nickname", "additionalProperties")
	p.invalid("an unknown parameter without a value", p.path+"?nickname", "#/query/nickname", "additionalProperties")
	p.invalid("a parameter without a name", p.path+"?="+Canary, "#/query/", "additionalProperties")
	p.invalid("a parameter in another case", p.path+"?LIMIT=5", "#/query/LIMIT", "additionalProperties")
	p.invalid("many unknown parameters", p.path+"?"+strings.Repeat("a=1&b=2&", 500), "#/query/a", "additionalProperties")
	p.invalid("a long unknown parameter", p.path+"?"+strings.Repeat("n", 8000)+"=1",
		"#/query/"+strings.Repeat("n", 64)+"%E2%80%A6", "additionalProperties")
	p.malformed("percent-garbage in the query", p.path+"?limit=%zz"+Canary)
	p.malformed("half an escape in the query", p.path+"?limit=%2")
	p.malformed("a semicolon in the query", p.path+"?a=1;b="+Canary)
}

func (p *parameters) inPath(parameter *openapi3.Parameter) {
	id := uuid.NewString()
	for _, value := range []string{
		Canary, "0", "null", "undefined", "..", ".", "%2e%2e", "%00", id[:35], id + "0", "%7B" + id + "%7D", "urn:uuid:" + id,
		strings.ReplaceAll(id, "-", ""),
		id[:35] + "g", id + "%00", id + "%2Fprofile", "%2F" + id, id + ";a=b", id + "%0d%0aSet-Cookie:%20a=b", "%ff%fe",
		"%F0%9F%98%80", "'%20OR%201=1--",
		strings.Repeat(Canary, 500), "[" + Canary + "]", "%5B" + Canary + "%5D", "a|b^c`d\"<>\\", "\u00e9",
		strings.Repeat("%41", 400), "a" + strings.Repeat("%C3%A9", 400), "ab" + strings.Repeat("%41", 400),
	} {
		plain, err := url.PathUnescape(value)
		if err == nil && accepts(parameter.Schema.Value, plain) {
			continue
		}
		p.invalid(fmt.Sprintf("%s = %.80s", parameter.Name, value), p.filled(parameter.Name, value),
			"#/path/"+parameter.Name, "")
	}
}

// filled returns the good path with another value of one parameter.
func (p *parameters) filled(name, value string) string {
	pattern, path := strings.Split(p.op.Pattern, "/"), strings.Split(p.path, "/")
	for i, part := range pattern {
		if strings.Contains(part, "{"+name+"}") {
			path[i] = strings.ReplaceAll(part, "{"+name+"}", value)
		}
	}
	return strings.Join(path, "/")
}

func (p *parameters) inQuery(t testing.TB, parameter *openapi3.Parameter) {
	t.Helper()
	name, schema, at := parameter.Name, parameter.Schema.Value, "#/query/"+parameter.Name
	require.False(t, parameter.Required, "a parameter of the query that must be there: the other checks do not send it")
	value := parameter.Example
	if value == nil {
		value = valid(t, schema)
	}
	good := url.QueryEscape(fmt.Sprint(value))
	p.malformed("percent-garbage in "+name, p.path+"?"+name+"=%zz"+Canary)
	p.invalid(name+" twice", p.path+"?"+name+"="+good+"&"+name+"="+good, at, "maxItems")
	p.invalid(name+" empty", p.path+"?"+name+"=", at, "")
	p.invalid(name+" with NUL", p.path+"?"+name+"="+Canary+"%00", at, "")
	p.invalid(name+" with invalid UTF-8", p.path+"?"+name+"="+Canary+"%ff", at, "")
	p.invalid(name+" very long", p.path+"?"+name+"="+Canary+strings.Repeat("x", 9000), at, "")
	if !accepts(schema, Canary) {
		p.invalid(name+" of another form", p.path+"?"+name+"="+Canary, at, "")
	}
	if schema.Type.Is(openapi3.TypeInteger) {
		beyond := []string{"-1", "1.5", "1e2", "1.0", "+1", "%2B1", "01", "-0", "0x10", "5+", "99999999999999999999", "NaN",
			"true", "%20", "5,6", "[5]", "٣"}
		if schema.Min != nil {
			beyond = append(beyond, fmt.Sprint(int64(*schema.Min)-1))
		}
		if schema.Max != nil {
			beyond = append(beyond, fmt.Sprint(int64(*schema.Max)+1))
		}
		for _, v := range beyond {
			p.invalid(name+" = "+v, p.path+"?"+name+"="+v, at, "")
		}
	}
}

// inHeader breaks a header field. A missing field that is required has an answer of its own if it is If-Match (RFC
// 6585, section 3).
func (p *parameters) inHeader(t testing.TB, parameter *openapi3.Parameter) {
	t.Helper()
	name, schema, at := parameter.Name, parameter.Schema.Value, "#/header/"+parameter.Name
	with := func(what string, lines ...string) {
		p.invalid(name+" "+what, p.path, at, "")
		c := &p.cases[len(p.cases)-1]
		c.Request = c.Without(name).With(lines...)
	}
	switch {
	case parameter.Required && name == "If-Match":
		with("missing")
		c := &p.cases[len(p.cases)-1]
		c.Status, c.Code, c.Pointer = http.StatusPreconditionRequired, contract.ErrPreconditionRequired.Code, ""
	case parameter.Required:
		with("missing")
	}
	good := p.good().field(name)
	if good == "" {
		good = fmt.Sprint(valid(t, schema))
	}
	if name != "If-Match" { // If-Match is a list.
		with("twice", name+": "+good, name+": "+good)
	}
	for _, bad := range [][2]string{
		{"empty", ""}, {"of spaces", "   "}, {"very long", Canary + strings.Repeat("x", 9000)},
		{"with a space", "a " + Canary}, {"beyond ASCII", "\u00e9" + Canary},
		{"with a quote", `"` + Canary}, {"with a tab", "a\t" + Canary},
	} {
		if what, value := bad[0], bad[1]; !accepts(schema, strings.TrimSpace(value)) {
			with(what, name+": "+value)
		}
	}
}
