package contracttest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"example.com/plumbline/impl/platform/paging"
)

// known are the ids of existing things, by the name of the property that refers to one, such as product_id.
type known map[string][]string

// values generates values that a schema accepts. References to things mostly name existing ones.
func values(schema *openapi3.Schema, refer known) *rapid.Generator[any] {
	var g *rapid.Generator[any]
	switch {
	case schema.Enum != nil:
		g = rapid.SampledFrom(schema.Enum)
	case schema.Type.Is(openapi3.TypeBoolean):
		g = rapid.Bool().AsAny()
	case schema.Type.Is(openapi3.TypeInteger):
		low, high := int64(*schema.Min), int64(*schema.Max)
		g = rapid.OneOf(rapid.SampledFrom([]int64{low, high}), rapid.Int64Range(low, high)).AsAny()
		if schema.Not != nil {
			g = g.Filter(func(v any) bool { return accepts(schema, v) })
		}
	case schema.Type.Is(openapi3.TypeArray):
		item := values(schema.Items.Value, refer)
		most := int(min(*schema.MaxItems, 5))
		least := int(schema.MinItems)
		if schema.UniqueItems {
			g = rapid.SliceOfNDistinct(item, least, min(most, max(1, len(schema.Items.Value.Enum))),
				func(v any) string { return fmt.Sprint(v) }).AsAny()
		} else {
			g = rapid.SliceOfN(item, least, most).AsAny()
		}
	case schema.Type.Is(openapi3.TypeObject):
		g = objects(schema, refer).AsAny()
	default:
		g = strs(schema).AsAny()
	}
	if schema.Nullable {
		return rapid.OneOf(g, rapid.Just[any](nil))
	}
	return g
}

// objects generates objects with every required member and any of the others.
func objects(schema *openapi3.Schema, refer known) *rapid.Generator[map[string]any] {
	members := map[string]*rapid.Generator[any]{}
	for name, property := range schema.Properties {
		members[name] = values(property.Value, refer)
		if ids := refer[name]; len(ids) > 0 {
			one := rapid.SampledFrom(ids).AsAny()
			members[name] = rapid.OneOf(one, one, one, members[name])
		}
	}
	return rapid.Custom(func(t *rapid.T) map[string]any {
		object := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if slices.Contains(schema.Required, name) || rapid.Bool().Draw(t, "has "+name) {
				object[name] = members[name].Draw(t, name)
			}
		}
		return object
	}).Filter(func(object map[string]any) bool {
		return uint64(len(object)) >= schema.MinProps && (schema.MaxProps == nil || uint64(len(object)) <= *schema.MaxProps)
	})
}

// strs generates strings of a schema: of its format or pattern, or of any characters, at and between the length bounds,
// and the hostile ones that the schema accepts.
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
			return paging.Encode(paging.Position{Time: instants.Draw(t, "time"), ID: id})
		})
	case schema.Format == "date-time":
		g = rapid.OneOf(
			rapid.Custom(func(t *rapid.T) string { return instants.Draw(t, "time").Format(time.RFC3339Nano) }),
			rapid.SampledFrom([]string{ // Other spellings that RFC 3339 allows.
				"2026-11-23T09:30:00.123456+00:00", "2026-11-23T09:30:00.1234567+00:00",
				"2026-11-23T09:30:00." + strings.Repeat("9", 30) + "-00:00",
				"2026-11-23t09:30:00z", "2016-12-31T23:59:60Z", "1990-12-31t15:59:60.5-08:00",
			}),
		)
	case schema.Format == "email":
		g = rapid.Custom(func(t *rapid.T) string {
			return word.Draw(t, "local") + "@" + word.Draw(t, "domain") +
				rapid.SampledFrom([]string{".example.com", ".b\u00fccher.example", ".bu\u0308cher.example"}).Draw(t, "domains")
		})
	case schema.Format == "https-url":
		g = rapid.Custom(func(t *rapid.T) string {
			return "https://" + word.Draw(t, "host") + ".example.com/" + word.Draw(t, "path")
		})
	case schema.Format == "currency":
		g = rapid.SampledFrom([]string{"EUR", "JPY", "KWD"})
	case schema.Format == "time-code":
		g = rapid.SampledFrom([]string{"000000", "123 456", "\u0661\u0662\u0663\u0664\u0665\u0666",
			"\uff11\uff12\uff13-\uff14\uff15\uff16"})
	case schema.Format == "recovery-code":
		g = rapid.SampledFrom([]string{"MFZW-I3LP-OBQX-E2LK", "mfzwi3lpobqxe2lk", "mfzw i3lp obqx e2lk",
			"MFZW\u2013I3LP\u2013OBQX\u2013E2LK"})
	case schema.Format == "password":
		g = rapid.StringOfN(letter, 40, 128, -1)
	case schema.Format == "phone":
		g = rapid.SampledFrom([]string{"+442079460000", "+12025550143", "+4930123456"})
	case schema.Pattern != "":
		g = rapid.OneOf(rapid.StringMatching(schema.Pattern), rapid.Just(fmt.Sprint(schema.Example)))
	default:
		g = rapid.OneOf(
			rapid.StringOfN(letter, int(schema.MinLength), most, -1),
			rapid.StringOfN(letter, int(schema.MinLength), int(schema.MinLength), -1),
			rapid.StringOfN(letter, most, most, -1), hostile,
		)
	}
	if schema.Format == "line" {
		g = rapid.Map(g, strings.TrimSpace)
	}
	return g.Filter(func(s string) bool { return accepts(schema, s) })
}

// instants are times within the range of both PostgreSQL and RFC 3339.
var instants = rapid.Map(rapid.Int64Range(time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC).Unix(),
	time.Date(9999, 12, 30, 0, 0, 0, 0, time.UTC).Unix()),
	func(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() })

// hostile generates text that has broken programs: text with a meaning in other languages than JSON, text that changes
// its length or case, invisible characters, and any text at all. All of it can be written in JSON and stored in
// PostgreSQL.
var hostile = rapid.OneOf(rapid.SampledFrom([]string{
	"' OR '1'='1", "'; DROP TABLE orders; --", `\`, `\'`, "%", "_", "100%_", "$1", "NULL", "null", "undefined", "true",
	"NaN", "-1", "1e309", "0x10",
	"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "&lt;b&gt;", "javascript:alert(1)", "{{7*7}}", "${7*7}",
	"#{7*7}", "${jndi:ldap://example.com/a}",
	"../../etc/passwd", "/etc/passwd", "$(id)", "`id`", "| id", "a; id", "=1+1", "@SUM(1)", "+1", "-1+1",
	"\r\nSet-Cookie: a=b", "a\nb", "a\tb", "\u0001", "\u007f", "\u0085", "\u2028", "\u2029", "\ufeff", "\u200b",
	"\u00a0", " a", "a ",
	"\u202ecba", "\u2066a", "e\u0301", "\u00e9", "\u0130", "\u0131", "\u00df", "\u1e9e", "\ufb01", "\u01c5", "\u0344",
	"\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea",
	"\ufffd", "\uffff", "\ue000", "\U0010ffff", "\u05d0\u0628", "__proto__", "constructor", "[]", "{}", `{"a":1}`, "%00",
	"%2e%2e%2f", "\\u0000",
}), rapid.String()).Filter(func(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) })
