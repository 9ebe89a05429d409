package resource

import (
	"errors"
	"strconv"
	"strings"

	"github.com/oapi-codegen/nullable"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/postgres"
)

// Explain turns what any service's database reports into faults; what is a fault already stays one. missing is what it
// means that a row is not there; nil: nothing in particular. A service explains its own constraints before it calls
// this.
func Explain(err error, missing *fault.Error) error {
	var f *fault.Error
	switch {
	case err == nil || errors.As(err, &f):
		return err
	case postgres.IsNoRows(err) && missing != nil:
		return missing.Because(err)
	case errors.Is(err, postgres.ErrShareUsedUp):
		return contract.ErrOverloaded.Because(err)
	case postgres.IsTimeout(err):
		return contract.ErrTimeout.Because(err)
	case postgres.IsUnavailable(err), errors.Is(err, postgres.ErrUnknownOutcome):
		return contract.ErrUnavailable.Because(err)
	default:
		return err
	}
}

// ETag writes a version as an entity tag (RFC 9110, section 8.8.3).
func ETag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// Versions reads If-Match: the versions of which a thing is to have one, as ETag wrote them, or that any will do. A tag
// that ETag did not write is no version.
func Versions(ifMatch string) (versions []int64, anyVersion bool) {
	tags, anyVersion := contract.Matching(ifMatch)
	for _, tag := range tags {
		version, err := strconv.ParseInt(strings.Trim(tag, `"`), 10, 64)
		if err == nil && ETag(version) == tag {
			versions = append(versions, version)
		}
	}
	return versions, anyVersion
}

// OrNull gives a value that is null where there is none.
func OrNull(s *string) nullable.Nullable[string] {
	if s == nil {
		return nullable.NewNullNullable[string]()
	}
	return nullable.NewNullableWithValue(*s)
}
