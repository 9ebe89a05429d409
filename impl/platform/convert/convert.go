// Package convert turns values of the database's rows into those of the API and back.
package convert

import (
	"time"

	"github.com/oapi-codegen/nullable"
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
