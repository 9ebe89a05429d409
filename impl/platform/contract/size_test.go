package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/openapi"
)

// documents are all that the project has: those of the services, and that of the development binary.
func documents(t *testing.T) map[string][]byte {
	t.Helper()
	dev, err := os.ReadFile("../../devkit/frontend/dev.yaml")
	require.NoError(t, err)
	all := map[string][]byte{"dev": dev}
	for _, name := range openapi.Services() {
		all[name] = openapi.Document(name)
	}
	return all
}

// The largest body that a schema allows fits, indented and with every character that may be escaped in two escapes.
func TestTheLargestBodyFits(t *testing.T) {
	t.Parallel()
	for name, text := range documents(t) {
		spec, err := openapi3.NewLoader().LoadFromData(text)
		require.NoError(t, err)
		document, err := Load(name, spec)
		require.NoError(t, err)
		bodies := 0
		for _, o := range document.Operations {
			if o.body == nil {
				require.Zero(t, o.MaxBody, o.ID)
				continue
			}
			bodies++
			var body bytes.Buffer
			require.NoError(t, json.Indent(&body, []byte(largest(o.body.Content[o.takesType].Schema.Value)), "",
				"    "))
			require.LessOrEqual(t, body.Len(), o.MaxBody, o.ID)
			require.Less(t, o.MaxBody, maxBody, o.ID)
			require.GreaterOrEqual(t, o.MaxBody, minBody, o.ID)
			require.Less(t, o.MaxBody, max(body.Len()*3, minBody+1), "%s: the limit is far from what is needed", o.ID)
		}
		require.Positive(t, bodies)
	}
}

// largest writes the largest value of a schema, without white space.
func largest(s *openapi3.Schema) string {
	var parts []string
	switch {
	case s.Enum != nil:
		longest := ""
		for _, v := range s.Enum {
			if text, _ := json.Marshal(v); len(text) > len(longest) {
				longest = string(text)
			}
		}
		return longest
	case s.Type.Is(openapi3.TypeBoolean):
		return "false"
	case s.Type.Is(openapi3.TypeInteger), s.Type.Is(openapi3.TypeNumber):
		return "-9007199254740991"
	case s.Type.Is(openapi3.TypeString):
		character := `\ud83d\ude00`
		if s.Format != "" && s.Format != "line" && s.Format != "password" {
			character = "x"
		}
		return `"` + strings.Repeat(character, int(*s.MaxLength)) + `"`
	case s.Type.Is(openapi3.TypeArray):
		for range *s.MaxItems {
			parts = append(parts, largest(s.Items.Value))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	for name, p := range s.Properties {
		parts = append(parts, `"`+name+`":`+largest(p.Value))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	closed := func(properties openapi3.Schemas) *openapi3.Schema {
		s := openapi3.NewObjectSchema().WithoutAdditionalProperties()
		s.Properties = properties
		return s
	}
	array := func(of *openapi3.Schema) *openapi3.Schema { return openapi3.NewArraySchema().WithItems(of) }
	integers := array(openapi3.NewInt32Schema()).WithMaxItems(500)
	boolOnly := openapi3.NewOneOfSchema(openapi3.NewBoolSchema())
	endless := openapi3.NewStringSchema()
	text := func(most int64) *openapi3.SchemaRef { return openapi3.NewStringSchema().WithMaxLength(most).NewRef() }
	itself := closed(nil)
	itself.Properties = openapi3.Schemas{"a": itself.NewRef(), "b": itself.NewRef(), "c": itself.NewRef()}
	for name, c := range map[string]struct {
		schema *openapi3.Schema
		want   int
	}{
		"nothing":                  {closed(nil), minBody},
		"a short text":             {closed(openapi3.Schemas{"a": text(100)}), minBody},
		"a long text":              {closed(openapi3.Schemas{"a": text(1000)}), 12 << 10},
		"a longer text":            {closed(openapi3.Schemas{"a": text(10_000)}), maxBody},
		"a text without an end":    {closed(openapi3.Schemas{"a": endless.NewRef()}), maxBody},
		"an array without an end":  {closed(openapi3.Schemas{"a": array(openapi3.NewBoolSchema()).NewRef()}), maxBody},
		"an array":                 {closed(openapi3.Schemas{"a": integers.NewRef()}), 21 << 10},
		"an object that is open":   {openapi3.NewObjectSchema(), maxBody},
		"one of several":           {closed(openapi3.Schemas{"a": boolOnly.NewRef()}), maxBody},
		"an object that is within": {itself, maxBody},
	} {
		require.Equal(t, c.want, bodyLimit(c.schema), name)
		require.LessOrEqual(t, longestArray(c.schema, 0), maxBody, name)
	}
}

// A check ends where the time of the request does.
func TestTheDeadlineEndsTheCheck(t *testing.T) {
	t.Parallel()
	s := newSubject(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := request(t, http.MethodPost, "/echo", nil).WithContext(ctx)
	_, violations, err := s.checker.CheckRequest(s.document.Operation("echo"),
		Input{Request: r, Body: []byte(`{"name":1}`)})
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, violations)
}
