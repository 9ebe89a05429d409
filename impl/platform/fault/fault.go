// Package fault names the ways in which a request fails as expected.
//
// A service declares each of its faults once, with a code from its document, and returns it
// like any error; httpapi turns it into an answer. Anything else that is returned is a defect
// and answers without details.
package fault

import "time"

// Kind is the class of a fault; each has one HTTP status.
type Kind int

// The kinds of fault.
const (
	// Malformed is a request that cannot be read.
	Malformed Kind = iota + 1
	// Unauthenticated is a caller who is not known.
	Unauthenticated
	// Forbidden is a caller who may not do this.
	Forbidden
	// NotFound is a thing that is not there, or that the caller may not know of.
	NotFound
	// Conflict is a request that does not fit the state of things.
	Conflict
	// TooLarge is a body beyond the operation's limit.
	TooLarge
	// UnsupportedMediaType is a body of a type that the operation does not take.
	UnsupportedMediaType
	// Misdirected is a request for a name that is not served here.
	Misdirected
	// Invalid is a request that breaks the document.
	Invalid
	// PreconditionFailed is a change of a thing that is not as the caller last saw it.
	PreconditionFailed
	// PreconditionRequired is a change that does not say which state of the thing it is of.
	PreconditionRequired
	// RateLimited is one request too many.
	RateLimited
	// Unavailable is a failure that passes; trying again is worth it.
	Unavailable
)

// Error is one fault: what a program decides on, what a person reads and what only the log may see.
type Error struct {
	Kind Kind
	// Code is a value of the document's ProblemCode.
	Code string
	// Detail is a sentence for a person. It holds nothing that was submitted.
	Detail string
	// Violations are the places of the request that broke the document.
	Violations []Violation
	// RetryAfter is how long to wait before trying again; zero means that waiting does not help.
	RetryAfter time.Duration
	// Current is the state of the thing now, which the answer shows as the member current; nil shows nothing.
	Current any
	// ETag is the entity tag (RFC 9110, section 8.8.3) of Current; "" is none.
	ETag string

	cause error
}

// Violation is one place of a request that breaks the document.
type Violation struct {
	// Pointer is a JSON pointer (RFC 6901) as a URI fragment: into the body as in #/items/0/quantity, or to
	// #/query/NAME, #/path/NAME, #/header/NAME, #/cookie/NAME.
	Pointer string `json:"pointer"`
	// Keyword is the rule that is broken, a keyword of JSON Schema.
	Keyword string `json:"keyword"`
	// Params are the figures of the rule, never what was submitted.
	Params map[string]any `json:"params,omitempty"`
	// Detail is a sentence for a person.
	Detail string `json:"detail"`
}

// New declares a fault. C is the service's type of problem codes.
func New[C ~string](kind Kind, code C, detail string) *Error {
	return &Error{Kind: kind, Code: string(code), Detail: detail}
}

// Error gives the code and the cause, for the log.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Code + ": " + e.cause.Error()
	}
	return e.Code
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is makes every copy of a fault equal to its declaration.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Code == e.Code
}

// Because gives a copy with a cause for the log.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// At gives a copy that names places of the request.
func (e *Error) At(violations ...Violation) *Error {
	c := *e
	c.Violations = violations
	return &c
}

// Showing gives a copy with the state of the thing now, as the service's document writes it, and its entity tag.
func (e *Error) Showing(current any, etag string) *Error {
	c := *e
	c.Current, c.ETag = current, etag
	return &c
}

// After gives a copy that says when to try again.
func (e *Error) After(wait time.Duration) *Error {
	c := *e
	c.RetryAfter = wait
	return &c
}
