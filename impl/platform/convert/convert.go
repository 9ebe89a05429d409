// Package convert turns values of the database's rows into those of the API and back.
package convert

import (
	"strconv"
	"strings"
	"time"

	"github.com/oapi-codegen/nullable"

	"example.com/plumbline/impl/platform/contract"
)

// All converts each of a list's strings, as from the roles of a row to the enumeration of the document. It gives an
// empty list for nil, which JSON shows as [].
func All[To, From ~string](from []From) []To {
	to := make([]To, len(from))
	for i, v := range from {
		to[i] = To(v)
	}
	return to
}

// UTC gives a time in UTC, which JSON shows with a Z, and nil for nil.
func UTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// OrNull gives the value that v points to, and null for nil.
func OrNull[T any](v *T) nullable.Nullable[T] {
	if v == nil {
		return nullable.NewNullNullable[T]()
	}
	return nullable.NewNullableWithValue(*v)
}

// OrNil gives nil for null, and for a value that was not sent: IsSpecified tells the two apart.
func OrNil[T any](v nullable.Nullable[T]) *T {
	if value, err := v.Get(); err == nil {
		return &value
	}
	return nil
}

// ETag writes a version as an entity tag (RFC 9110, section 8.8.3).
func ETag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// Versions reads the versions in an If-Match header, or that it is *. It ignores tags that ETag cannot have written.
func Versions(ifMatch string) (versions []int64, anyVersion bool) {
	tags, anyVersion := contract.ParseIfMatch(ifMatch)
	for _, tag := range tags {
		version, err := strconv.ParseInt(strings.Trim(tag, `"`), 10, 64)
		if err == nil && ETag(version) == tag {
			versions = append(versions, version)
		}
	}
	return versions, anyVersion
}
