package contracttest

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/format"
	"example.com/plumbline/impl/platform/paging"
)

// object breaks the rules of an object's schema, at a place of the body, and those of each of its members. set returns
// the body with another value in that place.
func (b *breaker) object(
	t testing.TB, at string, schema *openapi3.Schema, members map[string]any, set func(any) string,
) {
	t.Helper()
	b.wrongMembers(at, schema, members, set)
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		property := schema.Properties[name].Value
		value, there := members[name]
		if !there || value == nil {
			value = valid(t, property)
		}
		b.value(t, at+"/"+name, property, value, func(v any) string { return set(with(members, name, v)) })
	}
}

func with(members map[string]any, name string, value any) map[string]any {
	changed := maps.Clone(members)
	changed[name] = value
	return changed
}

// wrongMembers adds objects with wrong members.
func (b *breaker) wrongMembers(at string, schema *openapi3.Schema, members map[string]any, set func(any) string) {
	if schema.AdditionalProperties.Has != nil && !*schema.AdditionalProperties.Has {
		unknown := func(name string, others map[string]any, pointer string) {
			changed := maps.Clone(members)
			maps.Copy(changed, others)
			b.invalid(at+" with "+name, set(changed), at+"/"+pointer, "additionalProperties")
		}
		many := map[string]any{}
		for i := range 300 {
			many[fmt.Sprintf("m%d", i)] = 1
		}
		many["m0"] = SecretCanary
		long := strings.Repeat("n", 64)
		unknown("an unknown member", map[string]any{"nickname": SecretCanary}, "nickname")
		unknown("an unknown member that needs escaping", map[string]any{"a/b~c %": SecretCanary}, "a~1b~0c%20%25")
		unknown("an unknown member that is long", map[string]any{strings.Repeat(long, 80): 1}, long+"%E2%80%A6")
		unknown("the member __proto__", map[string]any{"__proto__": map[string]any{"isAdmin": true}}, "__proto__")
		unknown("members of a row",
			map[string]any{"roles_": []any{"admin"}, "row_status": "active", "password_hash": SecretCanary}, "password_hash")
		unknown("300 unknown members", many, "m0")
		for _, name := range slices.Sorted(maps.Keys(members)) {
			changed := with(members, strings.ToUpper(name), members[name])
			delete(changed, name)
			b.invalid(at+" with the member "+strings.ToUpper(name), set(changed), at+"/"+strings.ToUpper(name),
				"additionalProperties")
		}
	}
	for _, name := range schema.Required {
		changed := maps.Clone(members)
		delete(changed, name)
		b.invalid(at+" without "+name, set(changed), at+"/"+name, "required")
	}
	if len(schema.Required) > 0 {
		b.invalid(at+" without members", set(map[string]any{}), at+"/"+schema.Required[0], "required")
	}
	if schema.MinProps > 0 {
		b.invalid(at+" without members", set(map[string]any{}), at, "minProperties")
	}
}

// value breaks each rule of a schema, at a place of the body whose value breaks none.
func (b *breaker) value(t testing.TB, at string, schema *openapi3.Schema, good any, set func(any) string) {
	t.Helper()
	add := func(value any, keyword string) { b.invalid(at+" breaks "+keyword, set(value), at, keyword) }
	byType := "type"
	if schema.Enum != nil { // Either rule may be reported.
		byType = ""
	}
	kinds := map[string]any{
		"string": SecretCanary, "boolean": true, "object": map[string]any{"x": SecretCanary}, "array": []any{SecretCanary},
		"number": 7.5,
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		if !schema.Type.Is(kind) {
			add(kinds[kind], byType)
		}
	}
	if !schema.Nullable {
		add(nil, byType)
	}
	switch {
	case schema.Type.Is(openapi3.TypeString):
		for _, bad := range badStrings(schema) {
			add(bad.value, bad.keyword)
		}
		for _, value := range b.hostile {
			if !accepts(schema, value) {
				add(value, "")
			}
		}
	case schema.Type.Is(openapi3.TypeInteger):
		for _, bad := range badIntegers(schema) {
			add(bad.value, bad.keyword)
		}
	case schema.Type.Is(openapi3.TypeArray):
		items, _ := good.([]any)
		b.array(t, at, schema, items, set)
	case schema.Type.Is(openapi3.TypeObject):
		members, _ := good.(map[string]any)
		b.object(t, at, schema, members, set)
	}
}

// array breaks the rules of an array's schema and of its items.
func (b *breaker) array(t testing.TB, at string, schema *openapi3.Schema, good []any, set func(any) string) {
	t.Helper()
	add := func(value []any, keyword string) { b.invalid(at+" breaks "+keyword, set(value), at, keyword) }
	item := schema.Items.Value
	one := valid(t, item)
	if len(good) > 0 {
		one = good[0]
	}
	if schema.MinItems > 0 {
		add([]any{}, "minItems")
	}
	if schema.MaxItems != nil {
		add(slices.Repeat([]any{one}, int(*schema.MaxItems)+1), "maxItems")
	}
	if schema.UniqueItems {
		add([]any{one, one}, "uniqueItems")
	}
	b.value(t, at+"/0", item, one, func(v any) string { return set([]any{v}) })
	if schema.MaxItems == nil || *schema.MaxItems > 1 {
		b.invalid(at+" with something else", set([]any{one, 7.5}), at+"/1", "")
		for _, bad := range badEnums(item) {
			b.invalid(at+" with something else", set([]any{one, bad.value}), at+"/1", "enum")
		}
	}
}

// bad is a value and the rule that it breaks.
type bad struct {
	value   any
	keyword string
}

// badFormats are invalid values of each format.
var badFormats = map[string][]string{
	"email": {
		SecretCanary, "@example.com", "a@", "a@b", "a b@example.com", "a@b@example.com", "ä@example.com", "a@[127.0.0.1]",
		"a@example.com\n", "<a@example.com>",
		`"a b"@example.com`, "a@b\u00fccher", "a@\u00fc_.example.com", "a@xn--\u00fc.example.com",
	},
	"password": {Canary[:12]},
	"https-url": {"http://" + Canary + "/Body", "javascript:alert(1)", "//" + Canary, "https://",
		"https://user:" + Canary + "@example.com", "data:text/html,x", "https://exa mple.com", ""},
	"phone": {"+1" + Canary, "020 7946 0000", "+44 20 7946 0000", "+999123456789", "0049301234567", ""},
	"line": {Canary + "\u2028", " " + Canary, Canary + "\t", "a\nb", "a\u202eb", Canary + "\u200b", "a\u00adb",
		"\u3164", "a\ufe0f", "a\U000e0041", "a\uffffb"},
	"currency":      {"AAA", "XXX", "XTS", "XAU", "DEM", "HRK", "eur"},
	"time-code":     {"12345a", "1234567", "123.456", "abcdef"},
	"recovery-code": {"MFZW-I3LP-OBQX-E2L9", "MFZW-I3LP-OBQX-E2LKA", "MFZW_I3LP_OBQX_E2LK"},
	"uuid": {SecretCanary, "", "019324d23a5e7c108f4e2b6d1a9c0e77", "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e7g",
		"{019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77}", "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e7"},
	"date-time": {SecretCanary, "", "2026-11-23", "2026-11-23 09:30:00Z", "2026-13-23T09:30:00Z",
		"2026-11-23T09:30:60Z", "2026-11-30T23:59:60Z", "2026-11-23T09:30:00", "2026-11-23T09:30:00.Z",
		"0000-01-01T00:00:00Z"},
	"date":          {SecretCanary, "", "2026-02-30", "23.11.2026", "2026-11-23T09:30:00Z"},
	"uri-reference": {"http://exa mple.com", "%zz" + Canary},
	"cursor":        {SecretCanary, ""},
}

// badStrings break each rule of a string.
func badStrings(schema *openapi3.Schema) []bad {
	var all []bad
	add := func(value, keyword string) { all = append(all, bad{value, keyword}) }
	if schema.MaxLength != nil {
		add(strings.Repeat("x", int(*schema.MaxLength)+1), "maxLength")
		add(strings.Repeat("😀", int(*schema.MaxLength)+1), "maxLength")
	}
	if schema.MinLength > 0 {
		add(strings.Repeat("x", int(schema.MinLength)-1), "minLength")
	}
	for _, value := range []string{" " + SecretCanary + " ", "a\nb"} {
		if schema.Pattern != "" && !regexp.MustCompile(schema.Pattern).MatchString(value) {
			add(value, "pattern")
		}
	}
	for _, value := range badFormats[schema.Format] {
		add(value, "format")
	}
	return append(all, badEnums(schema)...)
}

// badEnums are values outside an enumeration.
func badEnums(schema *openapi3.Schema) []bad {
	if schema.Enum == nil {
		return nil
	}
	all := []bad{{SecretCanary, "enum"}}
	if value, ok := schema.Enum[0].(string); ok {
		all = append(all, bad{strings.ToUpper(value[:1]) + value[1:] + "_", "enum"}, bad{" " + value, "enum"})
	}
	return all
}

// badIntegers break each rule of an integer.
func badIntegers(schema *openapi3.Schema) []bad {
	n := func(format string, args ...any) json.Number { return json.Number(fmt.Sprintf(format, args...)) }
	all := []bad{{"1", "type"}, {1.5, ""}, {n("1.00000000000000000001"), "type"}, {n("-1e-400"), "type"},
		{n("0.99999999999999999999"), "type"}}
	if schema.Not != nil && schema.Not.Value.Min != nil {
		all = append(all, bad{int64(*schema.Not.Value.Min), "not"}, bad{n("%d.0", int64(*schema.Not.Value.Min)), "not"})
	}
	if schema.Min != nil {
		all = append(all, bad{int64(*schema.Min) - 1, "minimum"}, bad{n("%d.0", int64(*schema.Min)-1), "minimum"})
	}
	if schema.Max != nil {
		beyond := int64(*schema.Max) + 1
		all = append(all, bad{beyond, "maximum"}, bad{1e300, "maximum"}, bad{n("%de-2", beyond*100), "maximum"},
			bad{n("%d.00000000000000000001", beyond-1), "maximum"})
	}
	return all
}

// goodFormats are valid values of each format.
var goodFormats = map[string]string{
	"email": "ada@example.com", "password": "correct horse battery", "https-url": "https://example.com/a",
	"phone": "+442079460000", "line": "Ada",
	"uuid": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77", "date-time": "2026-11-23T09:30:00Z", "date": "2026-11-23",
	"uri-reference": "/a",
	"cursor":        paging.Encode(paging.Newest()), "currency": "EUR", "time-code": "123 456",
	"recovery-code": "mfzw\u2011i3lp\u2011obqx\u2011e2lk",
}

// valid returns a value that a schema accepts.
func valid(t testing.TB, schema *openapi3.Schema) any {
	t.Helper()
	switch {
	case schema.Example != nil:
		return schema.Example
	case schema.Enum != nil:
		return schema.Enum[0]
	case schema.Default != nil:
		return schema.Default
	case schema.Type.Is(openapi3.TypeBoolean):
		return true
	case schema.Type.Is(openapi3.TypeInteger), schema.Type.Is(openapi3.TypeNumber):
		if schema.Min != nil {
			return *schema.Min
		}
		return 0.0
	case schema.Type.Is(openapi3.TypeArray):
		return slices.Repeat([]any{valid(t, schema.Items.Value)}, max(1, int(schema.MinItems)))
	case schema.Type.Is(openapi3.TypeObject):
		members := map[string]any{}
		for _, name := range schema.Required {
			members[name] = valid(t, schema.Properties[name].Value)
		}
		return members
	}
	value, known := goodFormats[schema.Format]
	switch {
	case known:
	case schema.Pattern != "":
		value = strs(schema).Example(1)
	default:
		value = strings.Repeat("x", max(1, int(schema.MinLength)))
	}
	require.True(t, accepts(schema, value), "the schema %q needs an example", schema.Description)
	return value
}

// accepts reports whether a schema accepts a value, a text in the normal form in which the services read it.
func accepts(schema *openapi3.Schema, value any) bool {
	if text, ok := value.(string); ok {
		value = format.Text(text)
	}
	return schema.VisitJSON(value, asFormatted) == nil
}

// asFormatted checks formats as the services do.
var asFormatted = openapi3.WithStringFormatValidators(format.All())
