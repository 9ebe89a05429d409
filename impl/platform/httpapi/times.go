package httpapi

import (
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"example.com/plumbline/impl/platform/format"
)

// Generated code reads times as time.Time does, which knows fewer forms than RFC 3339 has: see format.ParseTime. The chain
// hands on the same instants in the form that it knows.

func isTime(s *openapi3.Schema) bool {
	return s.Type.Is(openapi3.TypeString) && s.Format == "date-time"
}

// holdsTimes tells whether a time stands anywhere in the values of a schema.
func holdsTimes(s *openapi3.Schema, seen map[*openapi3.Schema]bool) bool {
	if seen[s] {
		return false
	}
	seen[s] = true
	if isTime(s) || s.Items != nil && holdsTimes(s.Items.Value, seen) {
		return true
	}
	if more := s.AdditionalProperties.Schema; more != nil && holdsTimes(more.Value, seen) {
		return true
	}
	for _, p := range s.Properties {
		if holdsTimes(p.Value, seen) {
			return true
		}
	}
	return false
}

// rewriteQuery writes the times of a query plainly, as kin-openapi writes the defaults of others in.
func rewriteQuery(o *Operation, in Input) {
	for _, p := range o.parameters {
		if p.Value.In != openapi3.ParameterInQuery || !isTime(p.Value.Schema.Value) {
			continue
		}
		text := in.Query.Get(p.Value.Name)
		if plain := plainTime(text); plain != text {
			query := in.Request.URL.Query()
			query.Set(p.Value.Name, plain)
			in.Request.URL.RawQuery = query.Encode()
		}
	}
}

// withPlainTimes writes the times of a value plainly, in place where they are members or items.
func withPlainTimes(s *openapi3.Schema, value any) any {
	switch value := value.(type) {
	case string:
		if isTime(s) {
			return plainTime(value)
		}
	case map[string]any:
		for name, member := range value {
			if p := schemaOf(s, name); p != nil {
				value[name] = withPlainTimes(p, member)
			}
		}
	case []any:
		for i, item := range value {
			if s.Items != nil {
				value[i] = withPlainTimes(s.Items.Value, item)
			}
		}
	}
	return value
}

func plainTime(text string) string {
	if t, err := format.ParseTime(text); err == nil {
		return t.Format(time.RFC3339Nano)
	}
	return text
}
