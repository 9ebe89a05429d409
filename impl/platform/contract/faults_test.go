package contract

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/fault"
)

func TestEveryFaultHasItsStatus(t *testing.T) {
	t.Parallel()
	want := map[string]int{
		"malformed_request": 400, "unauthenticated": 401, "forbidden": 403, "cross_origin_refused": 403,
		"not_found":          404,
		"method_not_allowed": 405, "body_too_large": 413, "unsupported_media_type": 415, "invalid_request": 422,
		"rate_limited": 429,
		"overloaded":   503, "timeout": 503, "unavailable": 503, "internal": 500, "precondition_required": 428,
		"idempotency_key_reused": 422, "idempotency_key_in_use": 409,
	}
	document := loadThings(t)
	for _, f := range Faults(document) {
		require.Equal(t, want[f.Code], StatusOf(f), f.Code)
		delete(want, f.Code)
		if StatusOf(f) == 503 {
			require.Positive(t, f.RetryAfter, f.Code)
		}
	}
	require.Empty(t, want)
	require.Equal(t, 412, StatusOf(errThingChanged))
	require.Equal(t, 409, StatusOf(fault.New(fault.Conflict, "taken", "It is taken.")))
}

// A document has the codes of what it uses, and none of what it does not.
func TestFaultsAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	document := loadThings(t)
	codes := []string{"thing_not_found", "thing_changed"}
	for _, f := range Faults(document) {
		codes = append(codes, f.Code)
	}
	require.ElementsMatch(t, document.Codes, codes)
	plain, err := Load("things", parseSpec(t, good))
	require.NoError(t, err)
	for _, f := range []*fault.Error{ErrCrossOrigin, ErrPreconditionRequired, ErrIdempotencyKeyReused,
		ErrIdempotencyKeyInUse} {
		require.NotContains(t, Faults(plain), f)
	}
}
