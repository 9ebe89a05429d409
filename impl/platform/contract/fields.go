package contract

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"example.com/plumbline/impl/platform/fault"
)

// A header field has several legal forms (RFC 9110, section 5). A list may come in one line or in several, with white
// space around its commas and with empty items. A field that is no list comes once; sent twice, its value is ambiguous.

// takesTags tells whether a field is a list of entity tags.
func takesTags(field string) bool {
	return strings.EqualFold(field, "If-Match") || strings.EqualFold(field, "If-None-Match")
}

// checkField finds what no schema can say of a parameter in the header: that it comes twice, or that its entity tags
// are malformed. The lines of a list are joined into one in h.
func checkField(h http.Header, p *openapi3.Parameter) *fault.Violation {
	if p.In != openapi3.ParameterInHeader {
		return nil
	}
	lines, wrong := h.Values(p.Name), fault.Violation{}
	switch at := "#/header/" + pointerToken(p.Name); {
	case len(lines) == 0:
		return nil
	case takesTags(p.Name):
		if _, ok := entityTags(lines); ok {
			h.Set(p.Name, strings.Join(lines, ", "))
			return nil
		}
		wrong = violation(at, "format", nil, "Must be * or a list of entity tags in quotes")
	case len(lines) > 1:
		wrong = givenTwice(at)
	default:
		return nil
	}
	return &wrong
}

// listed gives the items of a list that may come in several lines.
func listed(lines []string) (items []string) {
	for _, line := range lines {
		items = slices.AppendSeq(items, slices.Values(separated(line, ',')))
	}
	return slices.DeleteFunc(items, func(item string) bool { return item == "" })
}

// separated splits a text at separators outside of quoted strings, and trims white space from the parts.
func separated(text string, separator byte) (parts []string) {
	quoted, escaped, begin := false, false, 0
	for i := range len(text) {
		switch c := text[i]; {
		case escaped:
			escaped = false
		case c == '\\' && quoted:
			escaped = true
		case c == '"':
			quoted = !quoted
		case c == separator && !quoted:
			parts = append(parts, strings.Trim(text[begin:i], " \t"))
			begin = i + 1
		}
	}
	return append(parts, strings.Trim(text[begin:], " \t"))
}

// weighed reads an item of Accept or Accept-Encoding: its name in lower case and its weight from 0 to 1, which is 1
// where none is given and 0 where it cannot be read (RFC 9110, section 12.4.2).
func weighed(item string) (name string, weight float64) {
	parts := separated(item, ';')
	weight = 1
	for _, param := range parts[1:] {
		if key, value, _ := strings.Cut(param, "="); strings.EqualFold(key, "q") {
			var err error
			weight, err = strconv.ParseFloat(value, 64)
			if isWeight := weight >= 0 && weight <= 1; err != nil || !isWeight { // NaN is neither.
				weight = 0
			}
		}
	}
	return strings.ToLower(parts[0]), weight
}

// AcceptsCoding tells whether Accept-Encoding admits a content coding (RFC 9110, section 12.5.3). Without the field
// none is admitted.
func AcceptsCoding(h http.Header, coding string) bool {
	wanted := false
	for _, item := range listed(h["Accept-Encoding"]) {
		switch name, weight := weighed(item); name {
		case coding:
			return weight > 0
		case "*":
			wanted = weight > 0
		}
	}
	return wanted
}

// entityTag is an entity tag (RFC 9110, section 8.8.3). opaque includes the quotes; it is * where any tag will do.
type entityTag struct {
	opaque string
	weak   bool
}

// entityTags reads the lines of If-Match or If-None-Match. ok is false where they are neither * nor a list of tags.
func entityTags(lines []string) (tags []entityTag, ok bool) {
	text := strings.Join(lines, ",")
	if strings.Trim(text, " \t") == "*" {
		return []entityTag{{opaque: "*"}}, true
	}
	for {
		text = strings.TrimLeft(text, " \t,")
		if text == "" {
			return tags, len(tags) > 0
		}
		rest, weak := strings.CutPrefix(text, "W/")
		if !strings.HasPrefix(rest, `"`) {
			return tags, false
		}
		opaque, after, closed := strings.Cut(rest[1:], `"`) // A tag has no escapes and no white space.
		if !closed || strings.ContainsAny(opaque, " \t") {
			return tags, false
		}
		if after != "" && !strings.ContainsRune(" \t,", rune(after[0])) {
			return tags, false
		}
		tags = append(tags, entityTag{opaque: `"` + opaque + `"`, weak: weak})
		if text = strings.TrimLeft(after, " \t"); text != "" && text[0] != ',' {
			return tags, false
		}
	}
}

// ParseIfMatch reads an If-Match that has been checked: its strong entity tags with their quotes, one of which has to
// be the current one, or anyTag for *. Weak tags are left out, as they never match (RFC 9110, section 13.1.1).
func ParseIfMatch(field string) (tags []string, anyTag bool) {
	all, _ := entityTags([]string{field})
	for _, t := range all {
		switch {
		case t.opaque == "*":
			anyTag = true
		case !t.weak:
			tags = append(tags, t.opaque)
		}
	}
	return tags, anyTag
}
