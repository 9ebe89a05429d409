package httpapi

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
)

// A handler that answers with a code which its operation does not have breaks the document, whatever else is right.
func TestCodeOfAnotherOperation(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path   string
		fault  *fault.Error
		status int
		code   string
	}{
		"its own":   {"/public", errThingNotFound, http.StatusNotFound, "thing_not_found"},
		"another's": {"/limited/address", errThingNotFound, http.StatusInternalServerError, "internal"},
		"with another status": {"/public", fault.New(fault.Conflict, "thing_not_found", "There is no such thing."),
			http.StatusInternalServerError, "internal"},
		"of the chain": {"/limited/address", contract.ErrOverloaded, http.StatusServiceUnavailable,
			"overloaded"},
		"of what it is not":    {"/limited/address", contract.ErrForbidden, http.StatusInternalServerError, "internal"},
		"before any operation": {"/limited/address", contract.ErrNotFound, http.StatusInternalServerError, "internal"},
	} {
		var found []fault.Violation
		answer := func(w http.ResponseWriter, r *http.Request) {
			exchangeFrom(r.Context()).chain.HandlerFailed(w, r, c.fault)
		}
		s := start(t, map[string]http.HandlerFunc{"getPublic": answer, "limitAddress": answer}, func(o *Options) {
			o.Observe = func(_ *contract.Operation, _ contract.Problem, violations []fault.Violation) {
				found = violations
			}
		})
		requireCode(t, s.send(t, http.MethodGet, c.path, ""), c.status, c.code)
		if c.code == c.fault.Code {
			require.Empty(t, found, name)
			continue
		}
		require.Len(t, found, 1, name)
		require.Equal(t, "#/code", found[0].Pointer, name)
		require.Equal(t, "x-codes", found[0].Keyword, name)
	}
}
