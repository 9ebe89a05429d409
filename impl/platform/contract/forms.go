package contract

import (
	"github.com/getkin/kin-openapi/openapi3"

	"example.com/plumbline/impl/platform/format"
)

// One value may come in several forms. Texts are composed before the check, so that lengths and patterns hold for what
// is kept (format.Text). Values of formats with several forms are brought into one after the check, so that the
// document holds for what was sent (format.Plain).

// form gives a text in another form. The schema is nil where the document has none for it.
type form func(s *openapi3.Schema, text string) string

// composed is the form of any text that is checked.
func composed(_ *openapi3.Schema, text string) string { return format.Text(text) }

// plain is the form of a value that is handed to handlers.
func plain(s *openapi3.Schema, text string) string {
	if s == nil {
		return text
	}
	return format.Plain(s.Format, text)
}

// holdsForms tells whether the values of a schema hold any value of a format with several forms.
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

// rewriteQuery brings the parameters of a query into another form, both in in.Query and in the URL, into which
// kin-openapi writes defaults.
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

// rewritten brings each text of a value into another form. Members and items are changed in place.
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
