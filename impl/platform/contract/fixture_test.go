package contract

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/fault"
)

// answers are the usual responses of an operation. ANSWERS stands for them in testdata/things.yaml.
const answers = `{'200': {description: Done., ` +
	`content: {application/json: {schema: {$ref: '#/components/schemas/Answer'}}}}, ` +
	`'503': {$ref: '#/components/responses/Problem'}, default: {$ref: '#/components/responses/Problem'}}`

// errThingChanged is a fault of a service.
var errThingChanged = fault.New(fault.PreconditionFailed, "thing_changed", "The thing has changed since you read it.")

// readThings reads the document of a service that has every kind of operation.
func readThings(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("testdata/things.yaml")
	require.NoError(t, err)
	return string(text)
}

func parseSpec(t testing.TB, text string) *openapi3.T {
	t.Helper()
	spec, err := openapi3.NewLoader().LoadFromData([]byte(strings.ReplaceAll(text, "ANSWERS", answers)))
	require.NoError(t, err)
	return spec
}

func loadThings(t testing.TB) *Document {
	t.Helper()
	document, err := Load("things", parseSpec(t, readThings(t)))
	require.NoError(t, err)
	return document
}

// subject is the document things with its checker.
type subject struct {
	document *Document
	checker  Checker
}

func newSubject(t testing.TB) *subject {
	t.Helper()
	document := loadThings(t)
	return &subject{document, NewChecker(document)}
}

// request makes a request with header names and values in turns.
func request(t testing.TB, method, target string, body io.Reader, headers ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, body)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

// check holds a request for an operation without path parameters against the document.
func (s *subject) check(t testing.TB, id, target, body string, headers ...string) (any, []fault.Violation, error) {
	t.Helper()
	o := s.document.Operation(id)
	r := request(t, o.Method, target, nil, headers...)
	in := Input{Request: r, Path: map[string]string{}, Query: r.URL.Query(), Body: []byte(body)}
	return s.checker.CheckRequest(o, in)
}

// refused gives the violations of a request, of which there are some.
func (s *subject) refused(t testing.TB, id, target, body string, headers ...string) []fault.Violation {
	t.Helper()
	_, violations, err := s.check(t, id, target, body, headers...)
	require.NoError(t, err)
	require.NotEmpty(t, violations, "%s %s", target, body)
	return violations
}

// accepted gives the checked body of a request that violates nothing.
func (s *subject) accepted(t testing.TB, id, target, body string, headers ...string) any {
	t.Helper()
	value, violations, err := s.check(t, id, target, body, headers...)
	require.NoError(t, err)
	require.Empty(t, violations, "%s %s", target, body)
	return value
}

// broken gives what is wrong with a body of the operation echo, also as "pointer keyword" in order.
func (s *subject) broken(t testing.TB, body string) (places []string, violations []fault.Violation) {
	t.Helper()
	violations = s.refused(t, "echo", "/echo", body)
	for _, v := range violations {
		require.Regexp(t, `^[A-Z].*\.$`, v.Detail)
		require.NotContains(t, v.Detail, "..")
	}
	places = placesOf(violations)
	slices.Sort(places)
	return places, violations
}

// placesOf gives violations as "pointer keyword".
func placesOf(violations []fault.Violation) (places []string) {
	for _, v := range violations {
		places = append(places, v.Pointer+" "+v.Keyword)
	}
	return places
}
