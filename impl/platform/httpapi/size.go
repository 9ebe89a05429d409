package httpapi

import (
	"fmt"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
)

// What a refusal costs is bounded by how large a body may be, and by how much of one is looked at: see cut.
const (
	// maxBody is how many bytes a body of any operation has at most. Each operation takes as many as the largest body
	// that its schema allows needs, with white space, and no more than these: see sizeOf and Operation.MaxBody.
	maxBody = 64 << 10
	// minBody is how many bytes every operation with a body takes: what is small and wrong is told what is wrong with it.
	minBody = 8 << 10
	// whiteSpace is how many bytes may stand before a value, or behind it: a line break and the indentation.
	whiteSpace = 16
	// longestNumber is how many bytes a number has at most, as it is usually written: the digits of a float64, its sign,
	// its point and its exponent.
	longestNumber = 24
	// longestCharacter is how many bytes a character has at most: two escapes that make a surrogate pair (RFC 8259, section 7). In UTF-8 that is
	// also enough for one that is sent decomposed, as a letter with up to three marks or a syllable of Hangul in three parts.
	longestCharacter = len(`\ud83d\ude00`)
)

// bytesOf is how many bytes a character has where a format allows ASCII alone, which nobody escapes, the slash in JSON of
// PHP aside. Where a text may be long, it is as many as a character has in UTF-8, so that one that is wrong is told so.
var bytesOf = map[string]int{"uuid": 1, "date": 1, "date-time": 1, "phone": 1, "cursor": 1, "email": 4, "https-url": 4, "uri-reference": 4}

// bodyLimit gives how many bytes a body of that schema may have, in whole kilobytes.
func bodyLimit(s *openapi3.Schema) int {
	const kilobyte = 1 << 10
	return min(max((sizeOf(s, 0)+kilobyte-1)/kilobyte*kilobyte, minBody), maxBody)
}

// sizeOf gives how many bytes the largest value of a schema has, more than maxBody where it is not bounded. depth is how many
// schemas this one stands in.
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

// isClosed tells whether a schema of objects allows no other members than it names.
func isClosed(s *openapi3.Schema) bool {
	return s.AdditionalProperties.Has != nil && !*s.AdditionalProperties.Has
}

// longestArray gives how many items any array in the values of a schema has at most, and never more than a body has bytes.
func longestArray(s *openapi3.Schema, depth int) (most int) {
	if depth > maxDepth || len(s.OneOf)+len(s.AnyOf)+len(s.AllOf) > 0 || s.Type.Is(openapi3.TypeArray) && s.MaxItems == nil {
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
