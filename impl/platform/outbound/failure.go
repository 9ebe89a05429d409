package outbound

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// ErrUnavailable matches every [*Error]: the other service could not be used, and a later try may succeed.
var ErrUnavailable = errors.New("another service is unavailable")

// Reason is why a call failed, in one word.
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

// leastRetryAfter is the default; Retry-After has whole seconds.
const leastRetryAfter = time.Second

// longestRetryAfter bounds the Retry-After of another service.
const longestRetryAfter = time.Hour

// Error is the failure of a call after its last try. It contains no address except that of the service.
type Error struct {
	Dependency string
	Reason     Reason
	// Status is that of the last answer; 0 if there was none.
	Status int
	// Attempts counts the tries, including one that the breaker refused.
	Attempts int
	// RetryAfter is the pause before another call may succeed, by the service or the breaker, at least 1 s.
	RetryAfter time.Duration

	cause   error
	passing bool // the next try may succeed
}

// Error returns the service, the reason and the cause, for the log.
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

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is makes every Error match [ErrUnavailable].
func (e *Error) Is(target error) bool { return target == ErrUnavailable }

// broken is the failure of a try without a complete answer.
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

// retryAfter parses the header field (RFC 9110, section 10.2.3); 0 if it is missing or malformed.
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
