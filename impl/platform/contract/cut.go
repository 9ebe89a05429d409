package contract

import (
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// cut bounds the cost of a check: kin-openapi collects every violation of a value, however large. Of an array that is
// too long and of too many unknown members cut leaves the first ones, enough to be refused with the same violations.
// Values that obey their schema are not changed.
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

// keptItems is how many items of an array that is too long are checked: enough to exceed maxItems, and as many as an
// answer names.
func keptItems(most int) int { return max(most+1, maxViolations) }

// bounded gives a bound of a schema, reduced to maxBody: no body has more items or members than bytes.
func bounded(most *uint64) int { return int(min(deref(most), maxBody)) }

// fewerMembers leaves out most of an object's unknown members. The first ones in the order of unknownMembers stay: as
// many as an answer names, or as exceed maxProperties. It gives nil where all members stay.
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
