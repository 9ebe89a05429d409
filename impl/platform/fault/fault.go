// Package fault defines the expected failures of requests.
//
// A service declares each of its faults once, with a code of its document, and returns it like any error; httpapi turns
// it into an answer. Any other error is a defect, and its answer has no details.
package fault

import "time"

// Kind is the class of a fault; each has one HTTP status.
type Kind int

// The kinds of fault.
const (
	// Malformed: the request cannot be read.
	Malformed Kind = iota + 1
	// Unauthenticated: the caller is unknown.
	Unauthenticated
	// Forbidden: the caller may not do this.
	Forbidden
	// NotFound: the thing does not exist, or the caller may not know of it.
	NotFound
	// Conflict: the request does not fit the current state.
	Conflict
	// TooLarge: the body exceeds the operation's limit.
	TooLarge
	// UnsupportedMediaType: the operation does not take a body of that type.
	UnsupportedMediaType
	// Misdirected: the host name is not served here.
	Misdirected
	// Invalid: the request breaks the document.
	Invalid
	// PreconditionFailed: the thing has changed since the caller read it.
	PreconditionFailed
	// PreconditionRequired: a change must name the version that it is based on.
	PreconditionRequired
	// RateLimited: the caller has used up its limit.
	RateLimited
	// Unavailable: the failure is temporary, and the request may be tried again.
	Unavailable
)

// Error is one fault: a code for programs, a sentence for people, and a cause for the log.
type Error struct {
	Kind Kind
	// Code is a value of the document's ProblemCode.
	Code string
	// Detail is a sentence for a person. It contains nothing that was submitted.
	Detail string
	// Violations are the places where the request breaks the document.
	Violations []Violation
	// RetryAfter is the time to wait before another try; zero means that waiting does not help.
	RetryAfter time.Duration
	// Current is the current state of the thing, which the answer shows in the member current; nil shows nothing.
	Current any
	// ETag is the entity tag (RFC 9110, section 8.8.3) of Current; "" is none.
	ETag string

	cause error
}

// Violation is one place where a request breaks the document.
type Violation struct {
	// Pointer is a JSON pointer (RFC 6901) as a URI fragment: into the body as in #/items/0/quantity, or to
	// #/query/NAME, #/path/NAME, #/header/NAME, #/cookie/NAME.
	Pointer string `json:"pointer"`
	// Keyword is the broken rule, a keyword of JSON Schema.
	Keyword string `json:"keyword"`
	// Params are the parameters of the rule, never submitted values.
	Params map[string]any `json:"params,omitempty"`
	// Detail is a sentence for a person.
	Detail string `json:"detail"`
}

// New declares a fault. C is the service's type of problem codes.
func New[C ~string](kind Kind, code C, detail string) *Error {
	return &Error{Kind: kind, Code: string(code), Detail: detail}
}

// Error returns the code and the cause, for the log.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Code + ": " + e.cause.Error()
	}
	return e.Code
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is a copy of the same fault.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Code == e.Code
}

// Because returns a copy with a cause for the log.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// At returns a copy that names places of the request.
func (e *Error) At(violations ...Violation) *Error {
	c := *e
	c.Violations = violations
	return &c
}

// Showing returns a copy with the current state of the thing, as the service's document writes it, and its entity tag.
func (e *Error) Showing(current any, etag string) *Error {
	c := *e
	c.Current, c.ETag = current, etag
	return &c
}

// After returns a copy that says when to try again.
func (e *Error) After(wait time.Duration) *Error {
	c := *e
	c.RetryAfter = wait
	return &c
}
