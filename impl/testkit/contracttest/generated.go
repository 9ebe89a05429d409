package contracttest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/format"
)

// The generated checks make as many requests for each operation as the flag -rapid.checks says, forty by default. A
// failure is minimised and printed as curl commands.

// whatTheDocumentAllowsIsTaken sends random requests made from the schemas, within the bounds and at them. None is
// refused as invalid, except by rules beyond the schema; none makes the service fail; every answer conforms to the
// document and shows the values that were sent.
func whatTheDocumentAllowsIsTaken(t *testing.T, s *Service) {
	t.Helper()
	server := s.Start(t)
	generated := 0
	for _, op := range s.Document.Operations {
		g := s.inputs(op, nil)
		if g.body == nil && len(g.query) == 0 {
			continue
		}
		generated++
		t.Run(op.ID, func(t *testing.T) {
			succeeded := 0
			rapid.Check(t, func(rt *rapid.T) {
				by, of := server.able(t, op)
				r, fit := s.request(t, server, op, by, of)
				if rapid.IntRange(0, 3).Draw(rt, "about what there is") == 0 {
					fit.Body = nil
				}
				c := call{Request: g.draw(rt, r.With(Bearer(by)), fit), by: by, names: fit.Path, roles: op.Policy.Access.Roles}
				rt.Log(script(c))
				s.Coverage.generated.Add(1)
				answer, body := server.Do(rt, c.Request)
				s.obeys(rt, op, c.Request, answer, body)
				if answer.StatusCode == op.Statuses[0] {
					succeeded++
				}
			})
			requireSome(t, succeeded, "request that succeeds when it is generated")
		})
	}
	requireSome(t, generated, "operation with parameters or a body")
}

// whatTheDocumentForbidsIsRefused sends random requests made from the schemas and then broken in one place. Each
// refusal names that place, and none changes anything.
func whatTheDocumentForbidsIsRefused(t *testing.T, s *Service) {
	t.Helper()
	server := s.Start(t)
	for _, op := range s.Document.Operations {
		g := s.inputs(op, nil)
		t.Run(op.ID, func(t *testing.T) {
			by, of := server.able(t, op)
			r, fit := s.request(t, server, op, by, of)
			before := s.fingerprint(t, server)
			rapid.Check(t, func(rt *rapid.T) {
				good := g.draw(rt, r.With(Bearer(by)), fit)
				cases := s.badParameters(t, op, good.withFreshKey)
				if g.body != nil {
					b := breaker{good: good.withFreshKey, maxBody: op.MaxBody, hostile: []string{hostile.Draw(rt, "text")}}
					b.object(t, "#", s.body(op), membersOf(t, good.Body), func(v any) string { return text(t, v) })
					cases = append(cases, b.cases...)
				}
				c := drawn(rt, "broken", cases, func(c Refusal) string { return c.Name })
				rt.Log(script(call{Request: c.Request, by: by, names: fit.Path, roles: op.Policy.Access.Roles}))
				s.Coverage.generated.Add(1)
				server.refuse(rt, c)
			})
			require.Equal(t, before, s.fingerprint(t, server))
		})
	}
}

// inputs generate the query and the body of an operation; body is nil if it takes none, or only an empty one.
type inputs struct {
	query map[string]*rapid.Generator[any]
	body  *rapid.Generator[any]
	// most is the maximum number of members of the body, nil for no bound; required are its required members.
	most     *uint64
	required []string
}

func (s *Service) inputs(op *contract.Operation, refer known) inputs {
	g := inputs{query: map[string]*rapid.Generator[any]{}}
	_, parameters := s.spec(op)
	for _, p := range parameters {
		if p.Value.In == openapi3.ParameterInQuery {
			g.query[p.Value.Name] = values(p.Value.Schema.Value, refer)
		}
	}
	if schema := s.body(op); schema != nil && len(schema.Properties) > 0 {
		g.body, g.most, g.required = values(schema, refer), schema.MaxProps, schema.Required
	}
	return g
}

// body returns the schema of an operation's body, nil if it takes none.
func (s *Service) body(op *contract.Operation) *openapi3.Schema {
	written, _ := s.spec(op)
	if written.RequestBody == nil {
		return nil
	}
	return written.RequestBody.Value.Content[jsonType].Schema.Value
}

// draw returns a request with another query and another body, adapted by fit.
func (g inputs) draw(rt *rapid.T, r Request, fit Fit) Request {
	r = r.withFreshKey()
	query := url.Values{}
	for _, name := range slices.Sorted(maps.Keys(g.query)) {
		if rapid.Bool().Draw(rt, "asks for "+name) {
			query.Set(name, fmt.Sprint(g.query[name].Draw(rt, name)))
		}
	}
	r.Target, _, _ = strings.Cut(r.Target, "?")
	r = r.Asking(query.Encode())
	if g.body != nil {
		body := g.body.Draw(rt, "body").(map[string]any)
		maps.Copy(body, fit.Body)
		if g.most != nil && uint64(len(body)) > *g.most { // Members of fit take precedence over drawn ones.
			maps.DeleteFunc(body, func(name string, _ any) bool {
				_, fits := fit.Body[name]
				return !fits && !slices.Contains(g.required, name)
			})
		}
		r.Body = text(rt, body)
	}
	return r
}

// obeys checks the answer to a permitted request against the document, which it reads itself, independently of the
// middleware.
func (s *Service) obeys(t tester, op *contract.Operation, r Request, answer *http.Response, body string) {
	t.Helper()
	written, _ := s.spec(op)
	response := written.Responses.Status(answer.StatusCode)
	require.NotNil(t, response, "%s: the document has no status %d: %s", op.ID, answer.StatusCode, body)
	for name, header := range response.Value.Headers {
		if header.Value.Required {
			require.NotEmpty(t, answer.Header.Get(name), "%s: there is no %s", op.ID, name)
		}
	}
	mediaType, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";")
	content := response.Value.Content.Get(mediaType)
	if content == nil {
		require.Empty(t, response.Value.Content, "%s: the document has no %q", op.ID, mediaType)
		require.Empty(t, body, op.ID)
		return
	}
	if mediaType != jsonType && mediaType != problemType {
		return
	}
	var got any
	require.NoError(t, json.Unmarshal([]byte(body), &got), body)
	require.NoError(t,
		content.Schema.Value.VisitJSON(got, openapi3.VisitAsResponse(), openapi3.MultiErrors(), asFormatted), "%s: %s",
		op.ID, body)
	if answer.StatusCode < http.StatusBadRequest {
		s.says(t, op, r, got)
		return
	}
	p := ProblemIn(t, answer, body)
	require.Less(t, p.Status, http.StatusInternalServerError, "%s: %s", op.ID, body)
	require.NotEqual(t, contract.ErrMalformed.Code, p.Code, "%s: %s", op.ID, body)
	if p.Code == contract.ErrInvalid.Code {
		require.NotEmpty(t, p.Errors, op.ID)
		for _, v := range p.Errors {
			require.Contains(t, s.Beyond[op.ID].Rules, v.Pointer, "the document allows it: %s", body)
		}
	}
}

// says compares the members of an answer, and of objects in it, with those of the body that was sent. A member that the
// document shows in the answer is present if it was sent.
func (s *Service) says(t tester, op *contract.Operation, r Request, got any) {
	t.Helper()
	answered, isObject := got.(map[string]any)
	if !isObject || r.Body == "" {
		return
	}
	sent := membersOf(t, r.Body)
	schema := s.answers(op)
	s.saysWithin(t, op, sent, answered, schema)
	for name, property := range schema.Properties {
		if inner, ok := answered[name].(map[string]any); ok {
			s.saysWithin(t, op, sent, inner, property.Value)
		}
	}
}

func (s *Service) saysWithin(t tester, op *contract.Operation, sent, answered map[string]any, schema *openapi3.Schema) {
	t.Helper()
	for name, value := range sent {
		property := schema.Properties[name]
		if text, ok := value.(string); ok && property != nil {
			value = format.Plain(property.Value.Format, format.Text(text))
		}
		if property != nil && !slices.Contains(s.Beyond[op.ID].Replaced, name) {
			require.True(t, within(value, answered[name]), "%s: %s was sent as %v and is answered as %v", op.ID, name, value,
				answered[name])
		}
	}
}

// within reports whether got contains what was sent; objects may have other members as well.
func within(sent, got any) bool {
	switch sent := sent.(type) {
	case map[string]any:
		other, ok := got.(map[string]any)
		for name, value := range sent {
			if v, there := other[name]; there {
				ok = ok && within(value, v)
			}
		}
		return ok
	case []any:
		other, _ := got.([]any)
		return slices.EqualFunc(sent, other, within)
	case string:
		return format.Text(sent) == got
	default:
		return sent == got
	}
}
