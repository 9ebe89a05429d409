package contract

import (
	"fmt"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
)

// The cost of a refusal is bounded by the size of a body and by how much of it is checked (see cut). Sizes are in
// bytes.
const (
	// maxBody bounds the bodies of all operations. Each operation takes what the largest body of its schema needs, with
	// white space, up to maxBody: see sizeOf and Operation.MaxBody.
	maxBody = 64 << 10
	// minBody is what every operation with a body takes at least, so that a small wrong body is answered with its
	// violations rather than with its size.
	minBody = 8 << 10
	// whiteSpace is allowed before and behind a value: a line break and the indentation.
	whiteSpace = 16
	// longestNumber is the longest usual number: the digits of a float64, its sign, its point and its exponent.
	longestNumber = 24
	// longestCharacter is a character as two escapes, a surrogate pair (RFC 8259, section 7). It is also enough for a
	// decomposed character in UTF-8: a letter with up to three marks, or a syllable of Hangul in three parts.
	longestCharacter = len(`\ud83d\ude00`)
)

// bytesOf is the size of a character in formats of ASCII only, which programs do not escape, apart from the slash in
// JSON of PHP. Formats whose texts may be long count a character of UTF-8, so that a wrong one is answered with its
// violation.
var bytesOf = map[string]int{
	"uuid": 1, "date": 1, "date-time": 1, "phone": 1, "cursor": 1, "email": 4, "https-url": 4, "uri-reference": 4,
}

// bodyLimit gives the largest size of a body of that schema, in whole kilobytes.
func bodyLimit(s *openapi3.Schema) int {
	const kilobyte = 1 << 10
	return min(max((sizeOf(s, 0)+kilobyte-1)/kilobyte*kilobyte, minBody), maxBody)
}

// sizeOf gives the size of the largest value of a schema, and more than maxBody where the schema does not bound it.
// depth is the number of schemas around this one.
func sizeOf(s *openapi3.Schema, depth int) int {
	beyond := maxBody + 1
	size := whiteSpace
	switch {
	case depth > maxDepth || len(s.OneOf)+len(s.AnyOf)+len(s.AllOf) > 0:
		return beyond
	case s.Enum != nil:
		longest := 0
		for _, v := range s.Enum {
			longest = max(longest, len(strconv.Quote(fmt.Sprint(v))))
		}
		size += longest
	case s.Type.Is(openapi3.TypeBoolean):
		size += len("false")
	case s.Type.Is(openapi3.TypeInteger), s.Type.Is(openapi3.TypeNumber):
		size += longestNumber
	case s.Type.Is(openapi3.TypeString) && s.MaxLength != nil:
		character, known := bytesOf[s.Format]
		if !known {
			character = longestCharacter
		}
		size += len(`""`) + character*bounded(s.MaxLength)
	case s.Type.Is(openapi3.TypeArray) && s.MaxItems != nil:
		size += len(`[]`) + whiteSpace + bounded(s.MaxItems)*(sizeOf(s.Items.Value, depth+1)+len(`,`))
	case s.Type.Is(openapi3.TypeObject) && isClosed(s):
		size += len(`{}`) + whiteSpace
		for name, p := range s.Properties {
			if size += len(strconv.Quote(name)) + len(`: ,`) + sizeOf(p.Value, depth+1); size >= beyond {
				return beyond
			}
		}
	default:
		return beyond
	}
	return min(size, beyond)
}

// isClosed tells whether a schema of objects allows only the members that it names.
func isClosed(s *openapi3.Schema) bool {
	return s.AdditionalProperties.Has != nil && !*s.AdditionalProperties.Has
}

// longestArray gives the largest maxItems of any array in the values of a schema, maxBody where one is not bounded.
func longestArray(s *openapi3.Schema, depth int) (most int) {
	isUnbounded := s.Type.Is(openapi3.TypeArray) && s.MaxItems == nil
	if depth > maxDepth || len(s.OneOf)+len(s.AnyOf)+len(s.AllOf) > 0 || isUnbounded {
		return maxBody
	}
	most = bounded(s.MaxItems)
	inner := openapi3.SchemaRefs{s.Items, s.AdditionalProperties.Schema}
	for _, p := range s.Properties {
		inner = append(inner, p)
	}
	for _, ref := range inner {
		if most == maxBody {
			break
		}
		if ref != nil {
			most = max(most, longestArray(ref.Value, depth+1))
		}
	}
	return most
}
