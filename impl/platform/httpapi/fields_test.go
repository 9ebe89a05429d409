package httpapi

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// header makes one of whole lines, as in "Accept: a/b".
func header(whole ...string) http.Header {
	h := http.Header{}
	for _, line := range whole {
		name, value, _ := strings.Cut(line, ": ")
		h.Add(name, value)
	}
	return h
}

// sendLines sends a request with these whole lines beside, or instead of, the usual ones.
func (s *service) sendLines(t *testing.T, method, target, body string, whole ...string) *http.Response {
	t.Helper()
	r := newRequest(t, method, target, strings.NewReader(body))
	if body == "" {
		r = newRequest(t, method, target, nil)
	}
	maps.Copy(r.Header, header(whole...))
	return s.serve(r).Result()
}

func TestIfMatch(t *testing.T) {
	t.Parallel()
	var got []string
	s := start(t, map[string]http.HandlerFunc{"changeThing": func(w http.ResponseWriter, r *http.Request) {
		got = r.Header["If-Match"]
		writeJSON(w, map[string]bool{"ok": true})
	}})
	for name, c := range map[string]struct {
		lines []string
		want  string // "" is refused
	}{
		"one": {[]string{`"1"`}, `"1"`}, "any": {[]string{"*"}, "*"}, "weak": {[]string{`W/"1"`}, `W/"1"`},
		"a list": {[]string{`"1","2"`}, `"1","2"`},
		"lines":  {[]string{`"1"`, `"2"`}, `"1", "2"`}, "no tag": {[]string{"1"}, ""},
		"any beside one": {[]string{"*", `"1"`}, ""}, "nothing": {[]string{""}, ""},
		"too many": {[]string{strings.Repeat(`"1",`, 40)}, ""},
	} {
		r := newRequest(t, http.MethodPatch, "/things/"+adasThing.String(), nil, "Authorization", "Bearer ada")
		r.Header["If-Match"] = c.lines
		w := s.serve(r)
		if c.want == "" {
			p := requireCode(t, w, http.StatusUnprocessableEntity, "invalid_request")
			require.Equal(t, "#/header/If-Match", p.Errors[0].Pointer, name)
			continue
		}
		require.Equal(t, http.StatusOK, w.Code, "%s: %s", name, w.Body)
		require.Equal(t, []string{c.want}, got, name)
	}
}

func TestAuthorizationInAllItsForms(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for value, known := range map[string]bool{
		"Bearer ada": true, "bearer ada": true, "BEARER ada": true, "Bearer   ada": true,
		"Bearer": false, "Bearer ": false, "ada": false, "Basic ada": false, "Bearerada": false, "Bearer\tada": false,
		`Bearer "ada"`: false, "Bearer ada bob": false, "Bearer ada,": false,
	} {
		answer := s.sendLines(t, http.MethodGet, "/self", "", "Authorization: "+value)
		require.Equal(t, known, answer.StatusCode == http.StatusOK, value)
		if !known {
			require.Equal(t, http.StatusUnauthorized, answer.StatusCode, value)
		}
	}
	require.Equal(t, http.StatusUnauthorized, s.sendLines(t, http.MethodGet, "/self", "", "Authorization: Bearer ada",
		"Authorization: Bearer ada").StatusCode, "twice")
}

func TestTheBodysFieldsInAllTheirForms(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, c := range []struct {
		status int
		lines  []string
	}{
		{200, []string{"Content-Type: application/json"}},
		{200, []string{"Content-Type: APPLICATION/json;CHARSET=Utf-8"}},
		{200, []string{`Content-Type: application/json; charset="utf-8"; profile="a;b"`}},
		{200, []string{"Content-Type: application/json ; charset=UTF-8"}},
		{200, []string{"Content-Type: application/json;"}},
		{200, []string{"Content-Type: application/json;; charset=utf-8"}},
		{200, []string{"Content-Encoding: identity"}},
		{200, []string{"Content-Encoding: IDENTITY"}},
		{200, []string{"Content-Encoding: "}},
		{415, []string{"Content-Encoding: gzip"}},
		{415, []string{"Content-Encoding: identity, gzip"}},
		{415, []string{"Content-Encoding: identity", "Content-Encoding: br"}},
		{415, []string{`Content-Type: application/json; charset="latin1"`}},
		{415, []string{"Content-Type: application/json", "Content-Type: application/json"}},
		{415, []string{"Content-Type: application/json, application/json"}},
		{415, []string{"Content-Type: ;application/json"}},
	} {
		require.Equal(t, c.status, s.sendLines(t, http.MethodPost, "/echo", `{"name":"ab"}`, c.lines...).StatusCode,
			c.lines)
	}
}

// A field that is no list and comes twice is refused where an operation takes it, and says nothing where nothing
// depends on it.
func TestFieldsThatComeTwice(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	answer := s.sendLines(t, http.MethodPatch, "/once", "", "Authorization: Bearer ada", "Idempotency-Key: a",
		"Idempotency-Key: a")
	require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode)
	answer = s.sendLines(t, http.MethodGet, "/public", "", "X-Level: 1", "X-Level: 1")
	require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode)
	answer = s.sendLines(t, http.MethodGet, "/public", "", "X-Request-Id: a", "X-Request-Id: a")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.NotEqual(t, "a", answer.Header.Get("X-Request-Id"))
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	parent := "Traceparent: 00-" + trace + "-00f067aa0ba902b7-01"
	var got string
	s = start(t, map[string]http.HandlerFunc{"getPublic": func(w http.ResponseWriter, r *http.Request) {
		got = exchangeFrom(r.Context()).scope.TraceID
		writeJSON(w, map[string]bool{"ok": true})
	}})
	require.Equal(t, http.StatusOK, s.sendLines(t, http.MethodGet, "/public", "", parent, parent).StatusCode)
	require.NotEqual(t, trace, got)
	require.Len(t, got, len(trace))
}

// A key is what its characters are: the form in quotes, which the draft of the field asks for, is another than the one
// without.
func TestIdempotencyKeysInAllTheirForms(t *testing.T) {
	t.Parallel()
	runs := 0
	s := start(t, map[string]http.HandlerFunc{"doPerhaps": func(w http.ResponseWriter, _ *http.Request) {
		runs++
		writeJSON(w, map[string]bool{"ok": true})
	}})
	for i, key := range []string{"a", `"a"`, `"a`, "A", "a;b=1"} {
		for range 2 {
			answer := s.sendLines(t, http.MethodPatch, "/once", "", "Authorization: Bearer ada",
				"Idempotency-Key: "+key)
			require.Equal(t, http.StatusOK, answer.StatusCode, key)
			require.Equal(t, i+1, runs, key)
		}
	}
	for _, bad := range []string{"", "a b", `"a b"`, "é", "a\tb", strings.Repeat("a", 256)} {
		require.Equal(t, http.StatusUnprocessableEntity, s.sendLines(t, http.MethodPatch, "/once", "",
			"Authorization: Bearer ada", "Idempotency-Key: "+bad).StatusCode, bad)
	}
}
