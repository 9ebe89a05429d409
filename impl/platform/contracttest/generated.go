package contracttest

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/keyset"
)

// WhatTheDocumentAllowsIsTaken sends requests made at random from the schemas, in the bounds and at them. None is
// refused as one that breaks the document, but for the rules that no schema can say, and none makes the service fail.
func WhatTheDocumentAllowsIsTaken(t *testing.T, s *Service) {
	t.Helper()
	server := s.Start(t)
	generated := 0
	for _, op := range s.Document.Operations {
		written, parameters := s.spec(op)
		g := requests{query: map[string]*rapid.Generator[any]{}}
		for _, p := range parameters {
			if p.Value.In == openapi3.ParameterInQuery {
				g.query[p.Value.Name] = values(p.Value.Schema.Value)
			}
		}
		if written.RequestBody != nil && len(written.RequestBody.Value.Content[jsonType].Schema.Value.Properties) > 0 {
			g.body = values(written.RequestBody.Value.Content[jsonType].Schema.Value)
		}
		if g.body == nil && len(g.query) == 0 {
			continue
		}
		generated++
		t.Run(op.ID, func(t *testing.T) {
			t.Parallel()
			s.takesGenerated(t, server, op, g)
		})
	}
	requireSome(t, generated, "operation with parameters or a body")
}

// requests generates the query and the body of an operation; body is nil where it takes none.
type requests struct {
	query map[string]*rapid.Generator[any]
	body  *rapid.Generator[any]
}

func (s *Service) takesGenerated(t *testing.T, server *Server, op *httpapi.Operation, g requests) {
	t.Helper()
	good, _ := s.Fitting(t, server, op)
	good.Target, _, _ = strings.Cut(good.Target, "?")
	rapid.Check(t, func(rt *rapid.T) {
		r := good.withFreshKey()
		query := url.Values{}
		for _, name := range slices.Sorted(maps.Keys(g.query)) {
			if rapid.Bool().Draw(rt, "sends "+name) {
				query.Set(name, fmt.Sprint(g.query[name].Draw(rt, name)))
			}
		}
		r = r.Asking(query.Encode())
		if g.body != nil {
			r.Body = text(t, g.body.Draw(rt, "body"))
		}
		answer, body := server.Do(t, r)
		if answer.StatusCode < http.StatusBadRequest {
			return
		}
		p := ProblemIn(t, answer, body)
		beyond := len(p.Errors) > 0
		for _, v := range p.Errors {
			beyond = beyond && slices.Contains(s.BeyondSchema, op.ID+" "+v.Pointer)
		}
		if answer.StatusCode >= http.StatusInternalServerError || p.Code == httpapi.ErrMalformed.Code || p.Code == httpapi.ErrInvalid.Code && !beyond {
			rt.Fatalf("%s %s %s: %s", r.Method, r.Target, r.Body, body)
		}
	})
}

// values generates values that a schema accepts.
func values(schema *openapi3.Schema) *rapid.Generator[any] {
	var g *rapid.Generator[any]
	switch {
	case schema.Enum != nil:
		g = rapid.SampledFrom(schema.Enum)
	case schema.Type.Is(openapi3.TypeBoolean):
		g = rapid.Bool().AsAny()
	case schema.Type.Is(openapi3.TypeInteger):
		low, high := int64(*schema.Min), int64(*schema.Max)
		g = rapid.OneOf(rapid.SampledFrom([]int64{low, high}), rapid.Int64Range(low, high)).AsAny()
	case schema.Type.Is(openapi3.TypeArray):
		item := values(schema.Items.Value)
		most := int(min(*schema.MaxItems, 5))
		least := int(schema.MinItems)
		if schema.UniqueItems {
			g = rapid.SliceOfNDistinct(item, least, min(most, max(1, len(schema.Items.Value.Enum))), func(v any) string { return fmt.Sprint(v) }).AsAny()
		} else {
			g = rapid.SliceOfN(item, least, most).AsAny()
		}
	case schema.Type.Is(openapi3.TypeObject):
		g = objects(schema).AsAny()
	default:
		g = strs(schema).AsAny()
	}
	if schema.Nullable {
		return rapid.OneOf(g, rapid.Just[any](nil))
	}
	return g
}

// objects generates objects with every required member and any of the others.
func objects(schema *openapi3.Schema) *rapid.Generator[map[string]any] {
	members := map[string]*rapid.Generator[any]{}
	for name, property := range schema.Properties {
		members[name] = values(property.Value)
	}
	return rapid.Custom(func(t *rapid.T) map[string]any {
		object := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if slices.Contains(schema.Required, name) || rapid.Bool().Draw(t, "has "+name) {
				object[name] = members[name].Draw(t, name)
			}
		}
		return object
	}).Filter(func(object map[string]any) bool { return uint64(len(object)) >= schema.MinProps })
}

// strs generates strings of a schema: of its format or pattern, or of any characters, as short and as long as they may be.
func strs(schema *openapi3.Schema) *rapid.Generator[string] {
	var g *rapid.Generator[string]
	most := 200
	if schema.MaxLength != nil {
		most = int(min(*schema.MaxLength, 5000))
	}
	letter := rapid.RuneFrom([]rune("aZ0 '\"<>&%\\/\u00e9\u4e2d\U0001f600"))
	word := rapid.StringMatching(`[a-z][a-z0-9]{0,20}`)
	switch {
	case schema.Format == "uuid":
		g = rapid.Custom(func(t *rapid.T) string {
			return uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes")).String()
		})
	case schema.Format == "cursor":
		g = rapid.Custom(func(t *rapid.T) string {
			id := uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes"))
			return keyset.Encode(keyset.Position{Time: instants.Draw(t, "time"), ID: id})
		})
	case schema.Format == "date-time":
		g = rapid.Custom(func(t *rapid.T) string { return instants.Draw(t, "time").Format(time.RFC3339Nano) })
	case schema.Format == "email":
		g = rapid.Custom(func(t *rapid.T) string { return word.Draw(t, "local") + "@" + word.Draw(t, "domain") + ".example.com" })
	case schema.Format == "https-url":
		g = rapid.Custom(func(t *rapid.T) string {
			return "https://" + word.Draw(t, "host") + ".example.com/" + word.Draw(t, "path")
		})
	case schema.Format == "password":
		g = rapid.StringOfN(letter, 40, 128, -1)
	case schema.Format == "phone":
		g = rapid.SampledFrom([]string{"+442079460000", "+12025550143", "+4930123456"})
	case schema.Pattern != "":
		g = rapid.OneOf(rapid.StringMatching(schema.Pattern), rapid.Just(fmt.Sprint(schema.Example)))
	default:
		g = rapid.OneOf(rapid.StringOfN(letter, int(schema.MinLength), most, -1), rapid.StringOfN(letter, int(schema.MinLength), int(schema.MinLength), -1), rapid.StringOfN(letter, most, most, -1))
	}
	if schema.Format == "line" {
		g = rapid.Map(g, strings.TrimSpace)
	}
	return g.Filter(func(s string) bool { return accepts(schema, s) })
}

// instants are times that PostgreSQL and RFC 3339 both know.
var instants = rapid.Map(rapid.Int64Range(time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC).Unix(), time.Date(9999, 12, 30, 0, 0, 0, 0, time.UTC).Unix()),
	func(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() })

// StaleChangesAreRefused changes what has changed since: each operation with If-Match answers 412 with the thing as it is
// now and its version, with which the change is made.
func StaleChangesAreRefused(t *testing.T, s *Service) {
	t.Helper()
	server := s.Start(t)
	found := 0
	for _, op := range s.Document.Operations {
		if !slices.Contains(op.Statuses, http.StatusPreconditionFailed) {
			continue
		}
		found++
		r, _ := s.Fitting(t, server, op)
		before := s.fingerprint(t, server)
		for _, version := range []string{`"0"`, `"9999999999999999"`} {
			answer, body := server.Do(t, r.Without("If-Match").With("If-Match: "+version))
			require.Equal(t, http.StatusPreconditionFailed, answer.StatusCode, "%s: %s", op.ID, body)
			ProblemIn(t, answer, body)
			require.NotEmpty(t, membersOf(t, body)["current"], op.ID)
			require.Contains(t, r.Header, "If-Match: "+answer.Header.Get("ETag"), op.ID)
		}
		require.Equal(t, before, s.fingerprint(t, server), op.ID)
		answer, body := server.Do(t, r)
		require.Equal(t, op.Statuses[0], answer.StatusCode, "%s: %s", op.ID, body)
		answer, body = server.Do(t, r)
		require.Equal(t, http.StatusPreconditionFailed, answer.StatusCode, "%s changes the version: %s", op.ID, body)
	}
	requireSome(t, found, "operation with If-Match")
}

// LocationsLead follows the Location of everything that is made: whoever made it reads it there.
func LocationsLead(t *testing.T, s *Service) {
	t.Helper()
	server := s.Start(t)
	made := 0
	for _, op := range s.Document.Operations {
		if op.Statuses[0] != http.StatusCreated {
			continue
		}
		made++
		r, _ := s.Fitting(t, server, op)
		answer, body := server.Do(t, r)
		require.Equal(t, http.StatusCreated, answer.StatusCode, "%s: %s", op.ID, body)
		location := answer.Header.Get("Location")
		require.True(t, slices.ContainsFunc(s.Document.Operations, func(o *httpapi.Operation) bool {
			return o.Method == http.MethodGet && matches(o.Pattern, location)
		}), "%s: nothing is read at %s", op.ID, location)
		if op.Policy.Access.Public {
			continue // Whoever made it must log in first.
		}
		there, read := server.Do(t, Request{Method: http.MethodGet, Target: location, Header: r.Header}.Without("Content-Type", idempotencyKey))
		require.Equal(t, http.StatusOK, there.StatusCode, "%s: %s", op.ID, read)
		if tag := answer.Header.Get("ETag"); tag != "" {
			require.Equal(t, tag, there.Header.Get("ETag"), op.ID)
			require.JSONEq(t, body, read, op.ID)
		}
	}
	requireSome(t, made, "operation that makes something")
}
