package httpapi

import (
	"github.com/getkin/kin-openapi/openapi3"

	"example.com/plumbline/impl/platform/format"
)

// The same value may come in several forms. Texts are brought into one form before a request is held against the document, so that
// lengths and patterns are those of what is kept: see format.Text. Values of formats that have several forms are brought into one
// after it, so that what the document says of them is said of what was sent: see format.Plain.

// form gives a text in another form. The schema is nil where the document has none.
type form func(s *openapi3.Schema, text string) string

func composed(_ *openapi3.Schema, text string) string { return format.Text(text) }

func plain(s *openapi3.Schema, text string) string {
	if s == nil {
		return text
	}
	return format.Plain(s.Format, text)
}

// holdsForms tells whether a value of a format with several forms stands anywhere in the values of a schema.
func holdsForms(s *openapi3.Schema, seen map[*openapi3.Schema]bool) bool {
	if seen[s] {
		return false
	}
	seen[s] = true
	if format.HasPlain(s.Format) || s.Items != nil && holdsForms(s.Items.Value, seen) {
		return true
	}
	if more := s.AdditionalProperties.Schema; more != nil && holdsForms(more.Value, seen) {
		return true
	}
	for _, p := range s.Properties {
		if holdsForms(p.Value, seen) {
			return true
		}
	}
	return false
}

// rewriteQuery gives the parameters of a query in another form, each of which is there once, as kin-openapi writes the defaults of
// others in.
func rewriteQuery(o *Operation, in Input, to form) {
	for _, p := range o.parameters {
		if p.Value.In != openapi3.ParameterInQuery {
			continue
		}
		text := in.Query.Get(p.Value.Name)
		if other := to(p.Value.Schema.Value, text); other != text {
			in.Query.Set(p.Value.Name, other)
			query := in.Request.URL.Query()
			query.Set(p.Value.Name, other)
			in.Request.URL.RawQuery = query.Encode()
		}
	}
}

// rewritten gives a value with each of its texts in another form, in place where they are members or items.
func rewritten(s *openapi3.Schema, value any, to form) any {
	switch v := value.(type) {
	case string:
		if other := to(s, v); other != v {
			return other
		}
	case map[string]any:
		for name, member := range v {
			var of *openapi3.Schema
			if s != nil {
				of = schemaOf(s, name)
			}
			v[name] = rewritten(of, member, to)
		}
	case []any:
		var of *openapi3.Schema
		if s != nil && s.Items != nil {
			of = s.Items.Value
		}
		for i, item := range v {
			v[i] = rewritten(of, item, to)
		}
	}
	return value
}
