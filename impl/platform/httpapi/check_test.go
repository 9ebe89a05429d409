package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

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
		"long text": `{"name":"` + strings.Repeat("x", 65_000) + `","email":"` + strings.Repeat("a@", 100) +
			`"}`,
		"long number": `{"name":"ab","count":` + strings.Repeat("9", 60_000) + `}`,
		"escapes":     `{"name":"` + strings.Repeat(`\u0041`, 10_000) + `"}`,
	}
	for name, body := range worst {
		require.LessOrEqual(t, len(body), maxBody, name)
		w := s.send(t, http.MethodPost, "/echo", body)
		require.Contains(t, []int{400, 422}, w.Code, name)
		require.LessOrEqual(t, len(problemIn(t, w).Errors), maxViolations)
		require.Less(t, w.Body.Len(), 64<<10, name)
	}
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
	for raw, want := range map[string]string{"": "limit=20", "limit=3": "limit=3", "name=a%26b": "limit=20&name=a%26b",
		"name=a+b&limit=100": "limit=100&name=a+b", "name=%EF%BF%BD": "limit=20&name=%EF%BF%BD"} {
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
		p := requireCode(t, s.send(t, http.MethodGet, "/public?"+raw, ""), http.StatusUnprocessableEntity,
			"invalid_request")
		require.True(t, strings.HasPrefix(p.Errors[0].Pointer+" "+p.Errors[0].Keyword, want), "%s: %v", raw, p.Errors)
	}
	for _, raw := range []string{"name=%", "name=%z1", "name=%e", "%=1", "a;b=1", "name=a;b"} {
		r := newRequest(t, http.MethodGet, "/public", nil)
		r.URL.RawQuery = raw
		requireCode(t, s.serve(r), http.StatusBadRequest, "malformed_request")
	}
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
		name := rapid.SampledFrom([]string{"name", "email", "id", "lower", "colour", "count", "small", "ratio", "flag",
			"nothing", "tags", "orders", "a/b~c é", "counts", "either", "size", "secret", "unknown"})
		shape := rapid.SampledFrom([]string{"%s", "[%s]", "[%[1]s,%[1]s]", `{"note":%s}`, `{"quantity":%s}`,
			`[{"note":%s}]`, `[{"quantity":%s}]`, `[[%s]]`, `{"a":%s}`})
		var members []string
		for _, n := range rapid.SliceOfNDistinct(name, 1, 10, rapid.ID[string]).Draw(rt, "names") {
			key, _ := json.Marshal(n)
			members = append(members, string(key)+":"+fmt.Sprintf(shape.Draw(rt, "shape"), quoted))
		}
		w := s.serve(newRequest(t, http.MethodPost, "/echo",
			strings.NewReader("{"+strings.Join(members, ",")+`,"broken":1}`)))
		requireWithout(rt, w.Code, w.Body.String(), canary)
		r := newRequest(t, http.MethodGet, "/public", nil, "X-Level", "x", "Cookie", "visit=zqcookieqz")
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
	for _, form := range []string{canary, url.QueryEscape(canary), url.PathEscape(canary),
		strings.Trim(string(escaped), `"`), canary[:4] + "\x00"} {
		if strings.Contains(all, form) || strings.Contains(body, form) {
			t.Fatalf("%q is in %s", form, body)
		}
	}
	if strings.Contains(body, "zq") {
		t.Fatalf("a part of %q is in %s", canary, body)
	}
}
