package httpapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"example.com/plumbline/impl/platform/fault"
)

// Fields of the header come in more than one legal form (RFC 9110, section 5): a list may stand in one line or in several, have
// white space around its commas, and lack an item between two; what is no list is sent once, or says nothing that can be relied on.

// takesTags tells which fields that a document may name as parameters are lists of entity tags.
func takesTags(field string) bool {
	return strings.EqualFold(field, "If-Match") || strings.EqualFold(field, "If-None-Match")
}

// checkField finds what is wrong with a parameter in the header before its schema is asked, and makes one line of a list.
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

// only gives the value of a field that is no list: "" where it is not there, or twice.
func only(lines []string) string {
	if len(lines) != 1 {
		return ""
	}
	return lines[0]
}

// listed gives the items of a list, in any number of lines.
func listed(lines []string) (items []string) {
	for _, line := range lines {
		items = slices.AppendSeq(items, slices.Values(separated(line, ',')))
	}
	return slices.DeleteFunc(items, func(item string) bool { return item == "" })
}

// separated cuts a text at a separator that does not stand in quotes, and takes white space from its parts.
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

// weighed gives what an item of Accept or Accept-Encoding names, in lower case, and how much it is wanted, from 0 to 1 (RFC 9110,
// section 12.4.2). A weight that is none wants nothing.
func weighed(item string) (name string, weight float64) {
	parts := separated(item, ';')
	weight = 1
	for _, param := range parts[1:] {
		if key, value, _ := strings.Cut(param, "="); strings.EqualFold(key, "q") {
			var err error
			if weight, err = strconv.ParseFloat(value, 64); err != nil || !(weight >= 0 && weight <= 1) { // Not a number is neither.
				weight = 0
			}
		}
	}
	return strings.ToLower(parts[0]), weight
}

// accepts tells whether Accept-Encoding wants a coding (RFC 9110, section 12.5.3).
func accepts(lines []string, coding string) bool {
	wanted := false
	for _, item := range listed(lines) {
		switch name, weight := weighed(item); name {
		case coding:
			return weight > 0
		case "*":
			wanted = weight > 0
		}
	}
	return wanted
}

// entityTag is one of a list of them (RFC 9110, section 8.8.3): opaque has its quotes, and is "*" for any.
type entityTag struct {
	opaque string
	weak   bool
}

// entityTags reads If-Match and If-None-Match. It gives false for what is neither * nor a list of tags.
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
		opaque, after, closed := strings.Cut(rest[1:], `"`) // In a tag a backslash is like any other character, and a space is none.
		if !closed || strings.ContainsAny(opaque, " \t") || after != "" && !strings.ContainsRune(" \t,", rune(after[0])) {
			return tags, false
		}
		tags = append(tags, entityTag{opaque: `"` + opaque + `"`, weak: weak})
		if text = strings.TrimLeft(after, " \t"); text != "" && text[0] != ',' {
			return tags, false
		}
	}
}

// Matching reads an If-Match that the document has checked: the entity tags, with their quotes, of which one has to be the
// thing's, or that any is. A weak tag is never the same as another (RFC 9110, section 13.1.1).
func Matching(field string) (tags []string, anyTag bool) {
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
