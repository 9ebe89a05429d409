package contracttest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
)

// Request is a request as it is sent.
type Request struct {
	Method string
	// Target is the path and the query, escaped.
	Target string
	// Header holds whole lines, such as "If-Match: *".
	Header []string
	Body   string
	// Chunked sends the body without its length.
	Chunked bool
}

const (
	asJSON         = "Content-Type: application/json"
	idempotencyKey = "Idempotency-Key"
	jsonType       = "application/json"
	problemType    = "application/problem+json"
	eventStream    = "text/event-stream"
)

// With returns a copy with further header lines.
func (r Request) With(lines ...string) Request {
	r.Header = append(slices.Clone(r.Header), lines...)
	return r
}

// Without returns a copy without the header fields of those names.
func (r Request) Without(names ...string) Request {
	r.Header = slices.DeleteFunc(slices.Clone(r.Header), func(line string) bool {
		name, _, _ := strings.Cut(line, ":")
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
	})
	return r
}

// field returns the value of a header field, "" if there is none.
func (r Request) field(name string) string {
	for _, line := range r.Header {
		if value, found := strings.CutPrefix(line, name+": "); found {
			return value
		}
	}
	return ""
}

// Asking returns a copy with a further part of the query, escaped.
func (r Request) Asking(query string) Request {
	if query == "" {
		return r
	}
	separator := "?"
	if strings.Contains(r.Target, "?") {
		separator = "&"
	}
	r.Target += separator + query
	return r
}

// Bearer returns the header line that authenticates a caller.
func Bearer(c Caller) string { return "Authorization: Bearer " + c.AccessToken() }

// request returns the document's own example of an operation, adapted to a resource: a caller's own, a missing one or
// another's. It carries no token.
func (s *Service) request(t testing.TB, server *Server, op *contract.Operation, by Caller, of Resource) (Request, Fit) {
	t.Helper()
	arranged := of
	if of == Missing {
		arranged = Own
	}
	fit := server.Fit(t, op, by, arranged)
	if of == Missing && named(op) {
		fit.Path[namedLast(op)] = uuid.NewString()
	}
	r := Request{Method: op.Method, Target: Filled(op.Pattern, fit.Path)}.Asking(fit.Query)
	for _, name := range slices.Sorted(maps.Keys(fit.Header)) {
		r.Header = append(r.Header, name+": "+fit.Header[name])
	}
	written, parameters := s.spec(op)
	for _, p := range parameters {
		if _, set := fit.Header[p.Value.Name]; p.Value.In == openapi3.ParameterInHeader && !set &&
			p.Value.Name == idempotencyKey {
			r.Header = append(r.Header, idempotencyKey+": "+uuid.NewString())
		}
	}
	if written.RequestBody != nil {
		r.Header = append(r.Header, asJSON)
		body := s.example(t, op)
		maps.Copy(body, fit.Body)
		r.Body = text(t, body)
	}
	return r, fit
}

// Fitting returns a request by a caller for whom the operation succeeds.
func (s *Service) Fitting(t testing.TB, server *Server, op *contract.Operation) (Request, Caller) {
	t.Helper()
	by, of := server.able(t, op)
	r, _ := s.request(t, server, op, by, of)
	return r.With(Bearer(by)), by
}

// requireSuccess requires that a fitting request succeeds. Otherwise Fit lacks something that the document does not
// say, or the service is wrong.
func requireSuccess(t tester, op *contract.Operation, answer *http.Response, body string) {
	t.Helper()
	require.Equal(t, op.Statuses[0], answer.StatusCode,
		"%s refuses a request that should succeed; what it needs beyond the document's example is Fit of its "+
			"contracttest.Known, beside its tests: %s", op.ID, body)
}

// example returns the document's example of an operation's body.
func (s *Service) example(t testing.TB, op *contract.Operation) map[string]any {
	t.Helper()
	written, _ := s.spec(op)
	media := written.RequestBody.Value.Content[jsonType]
	require.NotNil(t, media, "%s takes no JSON", op.ID)
	example, _ := media.Example.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(media.Examples)) {
		if example == nil {
			example, _ = media.Examples[name].Value.Value.(map[string]any)
		}
	}
	require.NotNil(t, example, "%s has no example", op.ID)
	return maps.Clone(example)
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

// named reports whether the path of an operation names a thing.
func named(op *contract.Operation) bool { return pathParameter.MatchString(op.Pattern) }

// namedLast returns the parameter that names the operation's subject.
func namedLast(op *contract.Operation) string {
	all := pathParameter.FindAllStringSubmatch(op.Pattern, -1)
	return all[len(all)-1][1]
}

// Filled returns the path for a pattern with these values of its parameters.
func Filled(pattern string, values map[string]string) string {
	return pathParameter.ReplaceAllStringFunc(pattern, func(p string) string { return values[p[1:len(p)-1]] })
}

// tester is a test, or one case of a generated one.
type tester interface {
	require.TestingT
	Helper()
	Context() context.Context
}

// Do sends a request and returns the answer with its body; of an endless answer it reads only the header.
func (s *Server) Do(t tester, r Request) (*http.Response, string) {
	t.Helper()
	ctx, leave := context.WithTimeout(t.Context(), late)
	defer leave()
	sent, err := http.NewRequestWithContext(ctx, r.Method, s.URL+r.Target, strings.NewReader(r.Body))
	require.NoError(t, err)
	for _, line := range r.Header {
		name, value, _ := strings.Cut(line, ":")
		sent.Header.Add(name, textproto.TrimString(value))
	}
	answer, err := http.DefaultClient.Do(sent)
	require.NoError(t, err)
	defer answer.Body.Close()
	if strings.HasPrefix(answer.Header.Get("Content-Type"), eventStream) {
		head := make([]byte, 64<<10)
		n, err := answer.Body.Read(head)
		require.True(t, n > 0 || err == nil || err == io.EOF, err)
		return answer, string(head[:n])
	}
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer, string(body)
}

// Send writes a request byte by byte, which no client would, and reads the answer.
func (s *Server) Send(t tester, r Request) (*http.Response, string) {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL, "http://"))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(late)))
	var sent strings.Builder
	fmt.Fprintf(&sent, "%s %s HTTP/1.1\r\nHost: service.test\r\nConnection: close\r\n", r.Method, r.Target)
	for _, line := range r.Header {
		sent.WriteString(line + "\r\n")
	}
	switch {
	case r.Chunked:
		fmt.Fprintf(&sent, "Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(r.Body), r.Body)
	case r.Body != "":
		fmt.Fprintf(&sent, "Content-Length: %d\r\n\r\n%s", len(r.Body), r.Body)
	default:
		sent.WriteString("\r\n")
	}
	_, err = io.WriteString(conn, sent.String())
	require.NoError(t, err)
	answer, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: r.Method})
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer, string(body)
}

// Problem is the body of every failure (RFC 9457), with the members that all services share.
type Problem struct {
	Status    int               `json:"status"`
	Code      string            `json:"code"`
	Detail    string            `json:"detail"`
	Instance  string            `json:"instance"`
	RequestID string            `json:"request_id"`
	Errors    []fault.Violation `json:"errors"`
}

// ProblemIn reads the body of a failure.
func ProblemIn(t tester, answer *http.Response, body string) Problem {
	t.Helper()
	require.Equal(t, problemType, answer.Header.Get("Content-Type"), body)
	var p Problem
	require.NoError(t, json.Unmarshal([]byte(body), &p), body)
	require.Equal(t, answer.StatusCode, p.Status)
	require.Equal(t, answer.Header.Get("X-Request-ID"), p.RequestID)
	return p
}

func text(t tester, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	require.NoError(t, err)
	return string(out)
}
