package httpapi

import (
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// cut leaves of a value what is enough to say what is wrong with it, before kin-openapi, which collects all that is wrong,
// goes through it: of an array that is too long, and of too many unknown members, the first ones. Nothing of a value that
// obeys its schema is cut.
func cut(s *openapi3.Schema, value any) any {
	switch v := value.(type) {
	case []any:
		if s.MaxItems != nil && len(v) > keptItems(bounded(s.MaxItems)) {
			v = v[:keptItems(bounded(s.MaxItems))]
			value = v
		}
		if s.Items == nil {
			return value
		}
		for i, item := range v {
			v[i] = cut(s.Items.Value, item)
		}
	case map[string]any:
		if few := fewerMembers(s, v); few != nil {
			v, value = few, few
		}
		for name, member := range v {
			if p := schemaOf(s, name); p != nil {
				v[name] = cut(p, member)
			}
		}
	}
	return value
}

// keptItems is how many items are looked at of an array that is too long: as many as show it, and as an answer names.
func keptItems(most int) int { return max(most+1, maxViolations) }

// bounded gives a bound of a schema, which no body of this size can pass where it is larger.
func bounded(most *uint64) int { return int(min(deref(most), maxBody)) }

// fewerMembers gives the members of an object without most of those that its schema does not name: as many are left as an
// answer names, or as show that there are too many, the first ones in the order of unknownMembers. It is nil where all stay.
func fewerMembers(s *openapi3.Schema, members map[string]any) map[string]any {
	kept := maxViolations
	if s.Type == nil || s.Type.Is(openapi3.TypeObject) && !isClosed(s) {
		if s.MaxProps == nil {
			return nil
		}
		kept = keptItems(bounded(s.MaxProps))
	}
	if len(members) <= kept {
		return nil
	}
	type member struct{ name, token string }
	byToken := func(a, b member) int { return strings.Compare(a.token, b.token) }
	first := make([]member, 0, kept+1)
	fewer := make(map[string]any, kept)
	for name, value := range members {
		if s.Properties[name] != nil {
			fewer[name] = value
			continue
		}
		m := member{name, pointerToken(name)}
		if len(first) == kept && byToken(m, first[kept-1]) >= 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(first, m, byToken)
		first = slices.Insert(first, at, m)
		first = first[:min(len(first), kept)]
	}
	for _, m := range first {
		fewer[m.name] = members[m.name]
	}
	return fewer
}
