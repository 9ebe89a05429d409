package contract

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"example.com/plumbline/impl/platform/fault"
)

// The faults of the chain itself. Their codes are part of every document.
var (
	ErrMalformed       = fault.New(fault.Malformed, "malformed_request", "The request cannot be read.")
	ErrUnauthenticated = fault.New(fault.Unauthenticated, "unauthenticated",
		"A valid access token is needed; log in or refresh.")
	ErrForbidden        = fault.New(fault.Forbidden, "forbidden", "Your roles do not allow this.")
	ErrNotFound         = fault.New(fault.NotFound, "not_found", "There is nothing at this path.")
	ErrMethodNotAllowed = fault.New(fault.NotFound, "method_not_allowed",
		"This path does not support that method; the Allow header lists the supported ones.")
	ErrBodyTooLarge = fault.New(fault.TooLarge, "body_too_large", "The body is larger than this operation allows.")
	ErrMediaType    = fault.New(fault.UnsupportedMediaType, "unsupported_media_type",
		"This operation does not accept the media type of the body.")
	ErrInvalid = fault.New(fault.Invalid, "invalid_request",
		"Some of what was sent is not valid; errors names each place.")
	ErrRateLimited = fault.New(fault.RateLimited, "rate_limited",
		"Too many requests; wait as long as Retry-After says.")
	ErrOverloaded = fault.New(fault.Unavailable, "overloaded",
		"The service is overloaded; try again.").After(time.Second)
	ErrTimeout = fault.New(fault.Unavailable, "timeout",
		"The operation exceeded its time limit; try again.").After(time.Second)
	ErrUnavailable = fault.New(fault.Unavailable, "unavailable",
		"A dependency of this operation does not answer; try again.").After(time.Second)
	ErrInternal = fault.New(0, "internal",
		"Something went wrong on our side; quote request_id when you ask for help.")
)

// The faults of features that only some documents use. Their codes are part of those documents alone.
var (
	ErrCrossOrigin = fault.New(fault.Forbidden, "cross_origin_refused",
		"Requests that use the refresh cookie must come from a trusted origin.")
	ErrPreconditionRequired = fault.New(fault.PreconditionRequired, "precondition_required",
		"Send the ETag that you read in If-Match, so that no newer change is overwritten.")
	ErrIdempotencyKeyReused = fault.New(fault.Invalid, "idempotency_key_reused",
		"This Idempotency-Key was used for a different request; make a new key for every new request.")
	ErrIdempotencyKeyInUse = fault.New(fault.Conflict, "idempotency_key_in_use",
		"A request with this Idempotency-Key is still running; repeat yours to get its answer.").After(time.Second)
)

// StatusOf gives the HTTP status of a fault. It is the only table from faults to HTTP.
func StatusOf(f *fault.Error) int {
	if f.Code == ErrMethodNotAllowed.Code {
		return http.StatusMethodNotAllowed
	}
	switch f.Kind {
	case fault.Malformed:
		return http.StatusBadRequest
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.UnsupportedMediaType:
		return http.StatusUnsupportedMediaType
	case fault.Misdirected:
		return http.StatusMisdirectedRequest
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.PreconditionFailed:
		return http.StatusPreconditionFailed
	case fault.PreconditionRequired:
		return http.StatusPreconditionRequired
	case fault.RateLimited:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// Detailed gives a copy of a fault with another detail.
func Detailed(f *fault.Error, detail string) *fault.Error {
	copied := *f
	copied.Detail = detail
	return &copied
}

// malformed is ErrMalformed with the byte at which a body stops being JSON, or with the depth that it exceeds.
func malformed(err error) *fault.Error {
	const detail = "The body is not the JSON that it should be"
	var at *jsonError
	switch {
	case errors.As(err, &at):
		return Detailed(ErrMalformed, detail+": "+at.Error()+".").Because(err)
	case errors.Is(err, errTooDeep):
		return Detailed(ErrMalformed,
			"The body has more levels than may stand in one another: "+strconv.Itoa(maxDepth)+".").Because(err)
	}
	return Detailed(ErrMalformed, detail+".").Because(err)
}
