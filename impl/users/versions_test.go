package users

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/testkit/contracttest"
)

var update = flag.Bool("update", false, "write the answers that golden files hold")

var anyUUID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

var anyTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)

// golden writes an answer in the form of the golden files, without what differs between runs.
func golden(answer *http.Response, body string) string {
	var text strings.Builder
	fmt.Fprintln(&text, answer.StatusCode, http.StatusText(answer.StatusCode))
	for _, name := range slices.Sorted(maps.Keys(answer.Header)) {
		if name != "Date" && name != "Content-Length" {
			fmt.Fprintf(&text, "%s: %s\n", name, strings.Join(answer.Header[name], "\n"+name+": "))
		}
	}
	text.WriteString("\n" + body + "\n")
	kept := strings.ReplaceAll(text.String(), answer.Header.Get("X-Request-ID"), "<request id>")
	return anyTime.ReplaceAllString(anyUUID.ReplaceAllString(kept, "<id>"), "<time>")
}

// compareGolden compares an answer with testdata/<name>.golden.
func compareGolden(t *testing.T, name string, answer *http.Response, body string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	got := golden(answer, body)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "go test -update writes it")
	require.Equal(t, string(want), got, path)
}

// TestV1Answers keeps what version 1 promises: its answers are those of the golden files, to the byte.
func TestV1Answers(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	support := s.signUp("support@example.com", usersapi.RoleSupport)
	bearer := "Bearer " + ada.tokens.AccessToken
	account := `{"email":"grace@example.com","name":"Grace <b>Hopper</b> ⚓","password":"` + goodPassword + `"}`
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
	}{
		{"createUser-created", http.MethodPost, "/api/v1/users", account, nil},
		{"createUser-malformed", http.MethodPost, "/api/v1/users", `{"email":`, nil},
		{"createUser-taken", http.MethodPost, "/api/v1/users",
			`{"email":"ADA@example.com","name":"Ada","password":"` + goodPassword + `"}`, nil},
		{"createUser-too-large", http.MethodPost, "/api/v1/users", strings.Repeat(" ", 65<<10), nil},
		{"createUser-media-type", http.MethodPost, "/api/v1/users", account, []string{"Content-Type", "text/plain"}},
		{"createUser-invalid", http.MethodPost, "/api/v1/users", `{"email":"ada","password":"short","nickname":"Ada"}`, nil},
		{"getUser-found", http.MethodGet, "/api/v1/users/" + ada.user.ID.String(), "", []string{"Authorization", bearer}},
		{"getUser-unauthenticated", http.MethodGet, "/api/v1/users/" + ada.user.ID.String(), "", nil},
		{"getUser-bad-token", http.MethodGet, "/api/v1/users/" + ada.user.ID.String(), "",
			[]string{"Authorization", "Bearer x"}},
		{"getUser-not-found", http.MethodGet, "/api/v1/users/" + support.user.ID.String(), "",
			[]string{"Authorization", bearer}},
		{"getUser-invalid", http.MethodGet, "/api/v1/users/7?fields=name", "", []string{"Authorization", bearer}},
		{"getUser-method", http.MethodDelete, "/api/v1/users/" + ada.user.ID.String(), "", []string{"Authorization", bearer}},
	} {
		answer, body := s.do(c.method, c.path, c.body, c.headers...)
		compareGolden(t, "v1/"+c.name, answer, body)
	}
}

// TestV1AnswersAreCompared shows that a golden file notices a change of any kind.
func TestV1AnswersAreCompared(t *testing.T) {
	t.Parallel()
	answer := func(status int, headers ...string) *http.Response {
		h := http.Header{"X-Request-Id": {"r-1"}, "Date": {"now"}, "Content-Length": {"7"}}
		for i := 0; i < len(headers); i += 2 {
			h.Set(headers[i], headers[i+1])
		}
		return &http.Response{StatusCode: status, Header: h}
	}
	id := uuid.NewString
	base := golden(answer(200, "Sunset", "x", "Location", "/u/"+id()), `{"id":"`+id()+`","at":"2026-11-23T09:30:00Z"}`)
	later := answer(200, "Sunset", "x", "Location", "/u/"+id(), "Date", "later")
	require.Equal(t, base, golden(later, `{"id":"`+id()+`","at":"2027-01-02T03:04:05.678Z"}`))
	for what, other := range map[string]string{
		"status": golden(answer(201, "Sunset", "x", "Location", "/u/"+id()),
			`{"id":"`+id()+`","at":"2026-11-23T09:30:00Z"}`),
		"a header": golden(answer(200, "Sunset", "y", "Location", "/u/"+id()),
			`{"id":"`+id()+`","at":"2026-11-23T09:30:00Z"}`),
		"a further header": golden(answer(200, "Sunset", "x", "Location", "/u/"+id(), "Etag", "1"),
			`{"id":"`+id()+`","at":"2026-11-23T09:30:00Z"}`),
		"a member": golden(answer(200, "Sunset", "x", "Location", "/u/"+id()),
			`{"id":"`+id()+`","at":"2026-11-23T09:30:00Z","a":1}`),
		"a form of time": golden(answer(200, "Sunset", "x", "Location", "/u/"+id()),
			`{"id":"`+id()+`","at":"2026-11-23T09:30:00+01:00"}`),
	} {
		require.NotEqual(t, base, other, what)
	}
}

// TestSuccessorLeadsToTheSameResource follows the links from version 1 to version 2.
func TestSuccessorLeadsToTheSameResource(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	v1, err := ada.GetUserWithResponse(t.Context(), ada.user.ID) //nolint:staticcheck // Version 1 is still served.
	require.NoError(t, err)
	answer, body := s.do(http.MethodGet, successorIn(t, v1.HTTPResponse), "",
		"Authorization", "Bearer "+ada.tokens.AccessToken)
	require.Equal(t, http.StatusOK, answer.StatusCode, body)
	v2, err := ada.GetUserV2WithResponse(t.Context(), ada.user.ID)
	require.NoError(t, err)
	require.JSONEq(t, string(v2.Body), body)
	require.Equal(t, contracttest.Body(t, v1, v1.JSON200).ID, contracttest.Body(t, v2, v2.JSON200).ID)

	created, err := s.CreateUserWithResponse(t.Context(),
		usersapi.CreateUserRequest{Email: "grace@example.com", Name: "Grace", Password: goodPassword})
	require.NoError(t, err)
	answer, body = s.do(http.MethodPost, successorIn(t, created.HTTPResponse),
		`{"email":"joan@example.com","name":"Joan","password":"`+goodPassword+`"}`)
	require.Equal(t, http.StatusCreated, answer.StatusCode, body)
}

func successorIn(t *testing.T, answer *http.Response) string {
	t.Helper()
	link := answer.Header.Get("Link")
	require.True(t, strings.HasPrefix(link, "<") && strings.HasSuffix(link, `>; rel="successor-version"`), link)
	return link[1:strings.Index(link, ">")]
}

// TestFailuresOfTheChain compares one answer of each failure before a handler is reached, and of a panic, with a golden
// file.
func TestFailuresOfTheChain(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *options) {
		o.chain = func(c *httpapi.Options) { c.TrustedOrigins = []string{"https://shop.example.com"} }
	})
	ada := s.signUp("ada@example.com")
	bearer := "Bearer " + ada.tokens.AccessToken
	s.service.queries = panicking(s.service.queries)
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
	}{
		{"no-route", http.MethodGet, "/api/v3/users", "", nil},
		{"method", http.MethodPut, "/api/v1/profile", "", nil},
		{"body", http.MethodPatch, "/api/v1/profile", `{"name":"Ada"} {}`, []string{"Authorization", bearer}},
		{"parameter", http.MethodGet, "/api/v1/sessions?limit=0&limit=1&x=1", "", []string{"Authorization", bearer}},
		{"caller", http.MethodGet, "/api/v1/profile", "", nil},
		{"role", http.MethodGet, "/api/v1/admin/users", "", []string{"Authorization", bearer}},
		{"origin", http.MethodPost, "/api/v1/login", `{}`,
			[]string{"Origin", "https://evil.example.com", "Sec-Fetch-Site", "cross-site"}},
		{"panic", http.MethodGet, "/api/v1/profile", "", []string{"Authorization", bearer}},
	} {
		answer, body := s.do(c.method, c.path, c.body, c.headers...)
		problemIn(t, answer, body)
		compareGolden(t, "chain/"+c.name, answer, body)
	}
}
