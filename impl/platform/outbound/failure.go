package outbound

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// ErrUnavailable is what every [*Error] is: the other service could not be used, and trying again later is worth it.
var ErrUnavailable = errors.New("another service is unavailable")

// Reason says in a word why a call came to nothing.
type Reason string

// The reasons.
const (
	// BreakerOpen: the service has failed too often; it was not called.
	BreakerOpen Reason = "breaker_open"
	// NoTime: the caller's deadline is too near; the service was not called.
	NoTime Reason = "no_time"
	// TimedOut: the answer took too long.
	TimedOut Reason = "timeout"
	// Unreachable: there was no connection, or it broke.
	Unreachable Reason = "unreachable"
	// Failing: the service answered with 500 or above.
	Failing Reason = "failing"
	// RateLimited: the service answered with 429.
	RateLimited Reason = "rate_limited"
	// TooLarge: the answer had more than 1 MiB.
	TooLarge Reason = "too_large"
)

// leastRetryAfter is the hint where nothing better is known; Retry-After has whole seconds.
const leastRetryAfter = time.Second

// longestRetryAfter bounds what another service may ask for.
const longestRetryAfter = time.Hour

// Error is the failure of a call after its last try. It names no address but the service's own.
type Error struct {
	Dependency string
	Reason     Reason
	// Status is that of the last answer; 0 when there was none.
	Status int
	// Attempts counts the tries, one that the breaker refused among them.
	Attempts int
	// RetryAfter is when trying again may help: as the service or the breaker says, at least 1 s.
	RetryAfter time.Duration

	cause   error
	passing bool // may be gone at the next try
}

// Error gives the service, the reason and the cause, for the log.
func (e *Error) Error() string {
	text := "call " + e.Dependency + ": " + string(e.Reason)
	if e.Status != 0 {
		text += " (" + strconv.Itoa(e.Status) + ")"
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is makes every Error an [ErrUnavailable].
func (e *Error) Is(target error) bool { return target == ErrUnavailable }

// broken is the failure of a try that got no whole answer.
func broken(ctx context.Context, err error) *Error {
	if ctx.Err() != nil {
		return &Error{Reason: TimedOut, cause: ctx.Err(), passing: true}
	}
	return &Error{Reason: Unreachable, cause: err, passing: true}
}

// refused is the failure of a try whose answer says that the service does not work, or not for this caller now.
func refused(answer *http.Response) *Error {
	failure := &Error{Reason: Failing, Status: answer.StatusCode, RetryAfter: retryAfter(answer.Header)}
	switch answer.StatusCode {
	case http.StatusTooManyRequests:
		failure.Reason, failure.passing = RateLimited, true
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		failure.passing = true
	}
	return failure
}

// retryAfter reads the header field (RFC 9110, section 10.2.3); 0 when it says nothing useful.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	wait := time.Duration(0)
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		wait = max(time.Until(at), 0)
	}
	return min(wait, longestRetryAfter)
}
