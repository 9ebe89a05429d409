package httpapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/oapi-codegen/runtime"
	"github.com/stretchr/testify/require"
)

// untouched fails the test when somebody reads it.
type untouched struct{ t *testing.T }

func (u untouched) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

// Nothing of a body is read before it is known who sends it, whether they may, and that it is bearable.
func TestRefusedBeforeTheBodyIsRead(t *testing.T) {
	t.Parallel()
	putThings := "/people/" + bob.String() + "/things"
	cases := map[string]struct {
		method, target, code string
		length               int64
		headers              []string
	}{
		"without token": {http.MethodPost, "/roles", "unauthenticated", -1, nil},
		"with a bad token": {http.MethodPost, "/roles", "unauthenticated", 3,
			[]string{"Authorization", "Bearer mallory"}},
		"with another scheme": {http.MethodPost, "/roles", "unauthenticated", 3,
			[]string{"Authorization", "Basic YTpi"}},
		"with an empty token": {http.MethodPost, "/roles", "unauthenticated", 3,
			[]string{"Authorization", "Bearer "}},
		"with two tokens": {http.MethodPost, "/roles", "unauthenticated", 3,
			[]string{"Authorization", "Bearer admin", "Authorization", "Bearer admin"}},
		"unknown whether known": {http.MethodPost, "/roles", "internal", 3, []string{"Authorization", "Bearer lost"}},
		"without the role":      {http.MethodPost, "/roles", "forbidden", -1, []string{"Authorization", "Bearer ada"}},
		"with another role": {http.MethodPost, "/roles", "forbidden", -1,
			[]string{"Authorization", "Bearer support"}},
		"cross origin": {http.MethodPost, "/cookie", "cross_origin_refused", 3,
			[]string{"Sec-Fetch-Site", "cross-site"}},
		"a length beyond": {http.MethodPost, "/echo", "body_too_large", maxBody + 1, nil},
		"another media type": {http.MethodPost, "/echo", "unsupported_media_type", -1,
			[]string{"Content-Type", "text/plain"}},
		"a coded body": {http.MethodPost, "/echo", "unsupported_media_type", -1,
			[]string{"Content-Encoding", "gzip"}},
		"no route":            {http.MethodPost, "/nothing", "not_found", -1, nil},
		"no method":           {http.MethodPost, "/public", "method_not_allowed", -1, nil},
		"owner without token": {http.MethodPut, putThings, "unauthenticated", -1, nil},
		"owner with a bad media": {http.MethodPut, putThings, "unsupported_media_type", -1,
			[]string{"Authorization", "Bearer ada", "Content-Type", "text/plain"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, nil)
			r := newRequest(t, c.method, c.target, untouched{t}, c.headers...)
			r.ContentLength = c.length
			require.Equal(t, c.code, problemIn(t, s.serve(r)).Code)
		})
	}
}

func TestTokenSchemeIsAnyCase(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, scheme := range []string{"Bearer", "bearer", "BEARER"} {
		require.Equal(t, http.StatusOK, s.send(t, http.MethodGet, "/self", "", "Authorization", scheme+" ada").Code)
	}
}

func TestBodySize(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	fill := func(size int) string {
		const rest = `{"name":"ab"}`
		return `{"name":"ab"` + strings.Repeat(" ", size-len(rest)) + `}`
	}
	for name, chunked := range map[string]bool{"with length": false, "chunked": true} {
		send := func(body string) *httptest.ResponseRecorder {
			r := newRequest(t, http.MethodPost, "/echo", strings.NewReader(body))
			if chunked {
				r.ContentLength = -1
			}
			return s.serve(r)
		}
		require.Equal(t, http.StatusOK, send(fill(maxBody)).Code, name)
		requireCode(t, send(fill(maxBody+1)), http.StatusRequestEntityTooLarge, "body_too_large")
	}
	// What says that it is short is held to it by net/http; what breaks off is no body.
	r := newRequest(t, http.MethodPost, "/echo", io.MultiReader(strings.NewReader(`{"name":`), failing{}))
	p := requireCode(t, s.serve(r), http.StatusBadRequest, "malformed_request")
	require.Contains(t, p.Detail, "did not arrive whole")
}

// bodyOf is a body whose length nobody tells.
func bodyOf(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("connection reset by 10.0.0.1") }

func TestMediaType(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	const body = `{"name":"ab"}`
	for contentType, good := range map[string]bool{
		"application/json": true, "Application/JSON": true, "application/json; charset=utf-8": true,
		`application/json;charset="UTF-8"`: true, " application/json ": true,
		"": false, "application/json; charset=latin1": false, "application/json; charset=utf-16": false,
		"text/json": false, "application/json+x": false,
		"application/problem+json": false, "application/json, text/plain": false, "application/json; charset": false,
		"application/*": false, "multipart/form-data; boundary=x": false,
		"application/json; charset=utf-8; charset=latin1": false,
	} {
		w := s.send(t, http.MethodPost, "/echo", body, "Content-Type", contentType)
		if good {
			require.Equal(t, http.StatusOK, w.Code, contentType)
			continue
		}
		p := requireCode(t, w, http.StatusUnsupportedMediaType, "unsupported_media_type")
		require.Contains(t, p.Detail, "application/json")
	}
	for _, encoding := range []string{"gzip", "identity, br", "x"} {
		requireCode(t, s.send(t, http.MethodPost, "/echo", body, "Content-Encoding", encoding),
			http.StatusUnsupportedMediaType, "unsupported_media_type")
	}
	r := newRequest(t, http.MethodPost, "/echo", strings.NewReader(body))
	r.Header["Content-Type"] = []string{"application/json", "text/plain"}
	requireCode(t, s.serve(r), http.StatusUnsupportedMediaType, "unsupported_media_type")
	// An empty body is called empty, of whatever type it is said to be.
	requireCode(t, s.send(t, http.MethodPost, "/echo", "", "Content-Type", "text/plain"), http.StatusBadRequest,
		"malformed_request")
}

func TestOperationsWithoutBody(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	require.Equal(t, http.StatusNoContent, s.send(t, http.MethodDelete, "/empty", "").Code)
	for name, body := range map[string]string{"empty, chunked": "", "one byte": "x", "JSON": "{}"} {
		r := newRequest(t, http.MethodDelete, "/empty", strings.NewReader(body))
		r.ContentLength = -1
		w := s.serve(r)
		if body == "" {
			require.Equal(t, http.StatusNoContent, w.Code, name)
			continue
		}
		p := requireCode(t, w, http.StatusBadRequest, "malformed_request")
		require.Equal(t, "This operation takes no body.", p.Detail, name)
	}
}

func TestAccess(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	const body = `{"name":"ab"}`
	people := func(id string) string { return "/people/" + id + "/things" }
	for _, c := range []struct {
		method, target, token string
		status                int
		code                  string
	}{
		{http.MethodPost, "/roles", "admin", 200, ""},
		{http.MethodPost, "/roles", "support", 403, "forbidden"},
		{http.MethodPost, "/roles", "ada", 403, "forbidden"},
		{http.MethodPost, "/roles", "bob", 403, "forbidden"}, // who has no role at all
		{http.MethodPut, people(ada.String()), "ada", 200, ""},
		{http.MethodPut, people(strings.ToUpper(ada.String())), "ada", 200, ""},
		{http.MethodPut, people("%30" + ada.String()[1:]), "ada", 200, ""},
		{http.MethodPut, people(ada.String()), "bob", 404, "thing_not_found"},
		{http.MethodPut, people(bob.String()), "ada", 404, "thing_not_found"},
		{http.MethodPut, people(bob.String()), "support", 200, ""},
		{http.MethodPut, people(bob.String()), "admin", 404, "thing_not_found"}, // no role stands for another
		{http.MethodPut, people("nobody"), "ada", 422, "invalid_request"},
		{http.MethodPut, people("urn:uuid:" + ada.String()), "ada", 422, "invalid_request"},
		{http.MethodPut, people("{" + ada.String() + "}"), "ada", 422, "invalid_request"},
		{http.MethodPut, people(strings.ReplaceAll(ada.String(), "-", "")), "ada", 422, "invalid_request"},
	} {
		w := s.send(t, c.method, c.target, body, "Authorization", "Bearer "+c.token)
		require.Equal(t, c.status, w.Code, "%v %s", c, w.Body)
		if c.code != "" {
			require.Equal(t, c.code, problemIn(t, w).Code)
		}
	}
	for _, token := range []string{"ada", "bob", "support", "admin"} {
		require.Equal(t, http.StatusOK, s.send(t, http.MethodGet, "/self", "", "Authorization", "Bearer "+token).Code)
	}
}

// What another's thing answers with is what a missing one answers with, to the byte.
func TestHiddenIsAsMissing(t *testing.T) {
	t.Parallel()
	var s *service
	s = start(t, map[string]http.HandlerFunc{"putThings": func(w http.ResponseWriter, r *http.Request) {
		s.chain.HandlerFailed(w, r, errThingNotFound)
	}})
	send := func(token string) *httptest.ResponseRecorder {
		return s.send(t, http.MethodPut, "/people/"+bob.String()+"/things", `{"name":"ab"}`, "Authorization",
			"Bearer "+token)
	}
	hidden, missing := send("ada"), send("bob")
	require.Equal(t, missing.Body.String(), hidden.Body.String())
	require.Equal(t, missing.Header(), hidden.Header())
	require.Equal(t, http.StatusNotFound, hidden.Code)
}

func TestCaller(t *testing.T) {
	t.Parallel()
	var seen *Principal
	see := func(w http.ResponseWriter, r *http.Request) {
		seen = Caller(r.Context())
		writeJSON(w, map[string]bool{"ok": true})
	}
	s := start(t, map[string]http.HandlerFunc{"getPublic": see, "getSelf": see})
	s.send(t, http.MethodGet, "/self", "", "Authorization", "Bearer ada")
	require.Equal(t, ada, seen.Subject)
	s.send(t, http.MethodGet, "/public", "", "Authorization", "Bearer ada")
	require.Nil(t, seen, "nobody looks at the token of a public operation")
	require.Nil(t, Caller(t.Context()))
}

func TestDeprecation(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, target := range []string{"/old/" + ada.String(), "/old/nobody"} { // a failure carries them, too
		h := s.send(t, http.MethodGet, target, "").Header()
		require.Equal(t, "@1795392000", h.Get("Deprecation"))
		require.Equal(t, "Tue, 30 Nov 2027 00:00:00 GMT", h.Get("Sunset"))
		require.Equal(t, `</people/`+target[len("/old/"):]+`/things>; rel="successor-version"`, h.Get("Link"))
	}
	for target, link := range map[string]string{
		"/old/a%22%3E%3B%0D%0Ab": "/people/a%22%3E%3B%0D%0Ab/things", "/old/a%2Fb": "/people/a%2Fb/things",
		"/old/%C3%A9": "/people/%C3%A9/things",
	} {
		require.Equal(t, "<"+link+`>; rel="successor-version"`,
			s.send(t, http.MethodGet, target, "").Header().Get("Link"))
	}
	require.Empty(t, s.send(t, http.MethodGet, "/public", "").Header().Get("Deprecation"))
}

// What was checked is what is bound: encoding/json would take NAME for name, and the last of two.
func TestWhatWasCheckedIsBound(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	said := func(body string) string {
		w := s.send(t, http.MethodPost, "/echo", body)
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		return w.Body.String()
	}
	require.JSONEq(t, `{"ok":true,"said":"{\"name\":\"ab\",\"size\":7}"}`, said(`{"name":"ab"}`), "the default arrives")
	require.JSONEq(t, `{"ok":true,"said":"{\"name\":\"ab\",\"count\":100,\"size\":3}"}`,
		said(`{"name":"ab","count":1e2,"size":3.0}`))
	require.JSONEq(t, `{"ok":true,"said":"{\"name\":\"ab\",\"count\":9007199254740991,\"size\":7}"}`,
		said(`{"name":"ab","count":9007199254740991}`))
	for body, pointer := range map[string]string{`{"name":"ab","Name":"cd"}`: "#/Name",
		`{"NAME":"ab","name":"ab"}`: "#/NAME", `{"name":"ab","ſize":3}`: "#/%C5%BFize"} {
		p := requireCode(t, s.send(t, http.MethodPost, "/echo", body), http.StatusUnprocessableEntity,
			"invalid_request")
		require.Equal(t, pointer, p.Errors[0].Pointer)
	}
	requireCode(t, s.send(t, http.MethodPost, "/echo", `{"name":"ab","name":"cd"}`), http.StatusBadRequest,
		"malformed_request")

	// Even where a schema is open, nothing but the exact name is bound.
	open := start(t, nil)
	open.spec.Components.Schemas["Everything"].Value.AdditionalProperties.Has = nil
	w := open.send(t, http.MethodPost, "/echo", `{"name":"ab","NAME":"not checked","Flag":true}`)
	require.JSONEq(t, `{"ok":true,"said":"{\"name\":\"ab\",\"size\":7}"}`, w.Body.String())

	// What cannot be bound after all has no second, laxer reading.
	w = s.send(t, http.MethodPost, "/echo", `{"name":"ab","count":1,"size":99999999999999999999}`)
	require.Equal(t, http.StatusUnprocessableEntity, w.Code, w.Body.String())
	problemIn(t, w)
}

func TestPathParametersAreUnescaped(t *testing.T) {
	t.Parallel()
	var got string
	s := start(t, map[string]http.HandlerFunc{"getOld": func(w http.ResponseWriter, r *http.Request) {
		got = chi.URLParam(r, "personId")
		writeJSON(w, map[string]bool{"ok": true})
	}})
	escaped := "%30" + ada.String()[1:]
	require.Equal(t, http.StatusOK, s.send(t, http.MethodGet, "/old/"+escaped, "").Code)
	require.Equal(t, escaped, got, "generated code unescapes it, as the check has done")
}

func TestRequestIsNotHeldByItsBody(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]http.HandlerFunc{"echo": func(w http.ResponseWriter, r *http.Request) {
		rest, err := io.ReadAll(r.Body)
		if err != nil || len(rest) > 0 {
			t.Error("the body that was checked is not to be read again")
		}
		writeJSON(w, map[string]bool{"ok": true})
	}})
	require.Equal(t, http.StatusOK,
		s.serve(newRequest(t, http.MethodPost, "/echo", bytes.NewBufferString(`{"name":"ab"}`))).Code)
}

func TestMissingIfMatch(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	send := func(body, match string) *httptest.ResponseRecorder {
		return s.send(t, http.MethodPatch, "/things/"+adasThing.String(), body, "Authorization", "Bearer ada",
			"If-Match", match)
	}
	require.Equal(t, http.StatusOK, send(`{"note":"a"}`, `"1"`).Code)
	p := requireCode(t, send(`{"note":"a"}`, ""), http.StatusPreconditionRequired, "precondition_required")
	require.Len(t, p.Errors, 1)
	p = requireCode(t, send(`{"note":""}`, ""), http.StatusUnprocessableEntity, "invalid_request")
	require.Len(t, p.Errors, 2, "all violations at once")
	p = requireCode(t, send(`{"note":"a"}`, `1`), http.StatusUnprocessableEntity, "invalid_request")
	require.Equal(t, "format", p.Errors[0].Keyword, "it is there, and wrong")
}

func TestBodyThatMayBeLeftOut(t *testing.T) {
	t.Parallel()
	type change struct {
		Note *string `json:"note"`
	}
	var got *change
	var s *service
	s = start(t, map[string]http.HandlerFunc{"changeThing": func(w http.ResponseWriter, r *http.Request) {
		got = nil
		var c change
		switch err := runtime.BindJSONBody(r, &c); {
		case err == nil:
			got = &c
		case !errors.Is(err, io.EOF): // As generated code tells that there is none.
			s.chain.BindingFailed(w, r, err)
			return
		}
		writeJSON(w, map[string]bool{"ok": true})
	}})
	note := "a"
	for name, c := range map[string]struct {
		body, contentType string
		status            int
		want              *change
	}{
		"no body":                  {"", "", 200, nil},
		"no body, of some type":    {"", "text/plain", 200, nil},
		"an empty object":          {"{}", "application/json", 200, &change{}},
		"a body":                   {`{"note":"a"}`, "application/json", 200, &change{&note}},
		"a body of no type":        {`{"note":"a"}`, "", 415, nil},
		"a body of another type":   {`{"note":"a"}`, "text/plain", 415, nil},
		"a body that breaks rules": {`{"note":""}`, "application/json", 422, nil},
		"null":                     {`null`, "application/json", 422, nil},
		"a blank":                  {` `, "application/json", 400, nil},
	} {
		for _, chunked := range []bool{false, true} {
			r := newRequest(t, http.MethodPatch, "/things/"+adasThing.String(), strings.NewReader(c.body),
				"Authorization", "Bearer ada", "If-Match", `"1"`,
				"Content-Type", c.contentType)
			if chunked {
				r.ContentLength = -1
			}
			w := s.serve(r)
			require.Equal(t, c.status, w.Code, "%s: %s", name, w.Body)
			if c.status == http.StatusOK {
				require.Equal(t, c.want, got, name)
			}
		}
	}
	requireCode(t, s.serve(newRequest(t, http.MethodPatch, "/things/"+adasThing.String(),
		io.MultiReader(strings.NewReader(strings.Repeat(" ", maxBody+1))),
		"Authorization", "Bearer ada", "If-Match", `"1"`)), http.StatusRequestEntityTooLarge, "body_too_large")
}
