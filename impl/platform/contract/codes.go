package contract

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"example.com/plumbline/impl/platform/fault"
)

// Problem is a status and a problem code that an operation can end with.
type Problem struct {
	Status int
	// Code is a value of ProblemCode.
	Code string
}

// Faults lists the faults of the chain that requests to a document can end with: those that come before any operation
// is found, and those that follow from the policy and shape of some operation.
func Faults(d *Document) []*fault.Error {
	faults := []*fault.Error{ErrNotFound, ErrMethodNotAllowed}
	for _, o := range d.Operations {
		for _, f := range o.following() {
			if !slices.Contains(faults, f) {
				faults = append(faults, f)
			}
		}
	}
	return faults
}

// following lists the faults that the operation can end with because of its policy and shape, whatever its handler
// does. It is the only place that knows them.
func (o *Operation) following() (faults []*fault.Error) {
	takesBody, keyed := o.body != nil, o.Policy.Idempotency != ""
	for _, f := range []struct {
		fault   *fault.Error
		follows bool
	}{
		{ErrMalformed, true}, // An unreadable query, or a body where none is taken.
		{ErrInvalid, true},   // A parameter that is not documented.
		{ErrInternal, true},
		{ErrUnauthenticated, !o.Policy.Access.Public},
		{ErrForbidden, !o.Policy.Access.Public && o.Policy.Access.Owner == ""},
		{ErrCrossOrigin, o.cookies && o.Method != http.MethodGet},
		{ErrBodyTooLarge, takesBody},
		{ErrMediaType, takesBody},
		{ErrPreconditionRequired, o.needsMatch},
		{ErrIdempotencyKeyReused, keyed},
		{ErrIdempotencyKeyInUse, keyed},
		{ErrRateLimited, o.Policy.RateLimit != nil},
		// Of several with one status, front-end mode plays the first unless told otherwise.
		{ErrOverloaded, o.Policy.Priority != Critical},
		{ErrTimeout, true},
		// An operation that needs no other program does not list 503.
		{ErrUnavailable, slices.Contains(o.Statuses, http.StatusServiceUnavailable)},
	} {
		if f.follows {
			faults = append(faults, f.fault)
		}
	}
	return faults
}

// follows lists what the operation can end with whatever x-codes says.
func (o *Operation) follows() (problems []Problem) {
	if code := o.Policy.Access.HiddenAs; code != "" {
		problems = append(problems, Problem{http.StatusNotFound, code})
	}
	for _, f := range o.following() {
		problems = append(problems, Problem{StatusOf(f), f.Code})
	}
	return problems
}

// ImpliedProblems gives, by operationId, what each operation of a document can end with whatever its x-codes says. Of
// an operation that Load refuses some may be missing.
func ImpliedProblems(spec *openapi3.T) map[string][]Problem {
	found := map[string][]Problem{}
	for path, item := range spec.Paths.Map() {
		for method, op := range item.Operations() {
			o, _ := newOperation(method, path, item, op) // Load says what is wrong with it.
			found[o.ID] = o.follows()
		}
	}
	return found
}

// takeProblems puts Problems together and finds what is wrong with x-codes.
func (o *Operation) takeProblems() (errs []error) {
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf("x-codes: "+format, args...)) }
	follows := o.follows()
	for _, status := range slices.Sorted(maps.Keys(o.Policy.Codes)) {
		if status < http.StatusBadRequest || !slices.Contains(o.Statuses, status) {
			refuse("%d is no failure that the operation lists", status)
		}
		for _, code := range o.Policy.Codes[status] {
			p := Problem{status, code}
			switch {
			case slices.Contains(o.Problems, p):
				refuse("%d %s stands there twice", status, code)
			case slices.Contains(follows, p):
				refuse("%d %s follows from the rest of the operation; take it out", status, code)
			}
			o.Problems = append(o.Problems, p)
		}
	}
	o.Problems = append(o.Problems, follows...)
	slices.SortStableFunc(o.Problems, func(a, b Problem) int { return cmp.Compare(a.Status, b.Status) })
	return errs
}

// checkCode finds a problem that is none of the operation's.
func (o *Operation) checkCode(status int, body any) []fault.Violation {
	members, _ := body.(map[string]any)
	code, _ := members["code"].(string)
	if status < http.StatusBadRequest || slices.Contains(o.Problems, Problem{status, code}) {
		return nil
	}
	return []fault.Violation{violation("#/code", "x-codes", nil,
		fmt.Sprintf("Must be a code that the operation can end with when the status is %d", status))}
}
