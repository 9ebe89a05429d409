package httpapi

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/fault"
)

func TestProblems(t *testing.T) {
	t.Parallel()
	d, err := Load("things", parseSpec(t, things))
	require.NoError(t, err)
	for id, want := range map[string][]Problem{
		"getSelf": { // critical
			{400, "malformed_request"}, {401, "unauthenticated"}, {422, "invalid_request"}, {500, "internal"}, {503, "timeout"}, {503, "unavailable"},
		},
		"removeNothing": { // lists no 503
			{400, "malformed_request"}, {422, "invalid_request"}, {500, "internal"}, {503, "overloaded"}, {503, "timeout"},
		},
		"useRole": {
			{400, "malformed_request"}, {401, "unauthenticated"}, {403, "forbidden"}, {413, "body_too_large"}, {415, "unsupported_media_type"},
			{422, "invalid_request"}, {500, "internal"}, {503, "overloaded"}, {503, "timeout"}, {503, "unavailable"},
		},
		"getThing": { // another's is hidden
			{400, "malformed_request"}, {401, "unauthenticated"}, {404, "thing_not_found"}, {422, "invalid_request"}, {500, "internal"},
			{503, "overloaded"}, {503, "timeout"}, {503, "unavailable"},
		},
		"changeThing": { // by If-Match
			{400, "malformed_request"}, {401, "unauthenticated"}, {413, "body_too_large"}, {415, "unsupported_media_type"}, {422, "invalid_request"},
			{428, "precondition_required"}, {500, "internal"}, {503, "overloaded"}, {503, "timeout"}, {503, "unavailable"},
		},
		"doOnce": {
			{400, "malformed_request"}, {401, "unauthenticated"}, {404, "thing_not_found"}, {409, "idempotency_key_in_use"}, {413, "body_too_large"},
			{415, "unsupported_media_type"}, {422, "invalid_request"}, {422, "idempotency_key_reused"}, {500, "internal"}, {503, "overloaded"}, {503, "timeout"}, {503, "unavailable"},
		},
		"limitAddress": {
			{400, "malformed_request"}, {422, "invalid_request"}, {429, "rate_limited"}, {500, "internal"}, {503, "overloaded"}, {503, "timeout"}, {503, "unavailable"},
		},
		"takeCookie": {
			{400, "malformed_request"}, {403, "cross_origin_refused"}, {422, "invalid_request"}, {500, "internal"}, {503, "overloaded"}, {503, "timeout"}, {503, "unavailable"},
		},
		"getPublic": { // with a cookie to read by, and its own before those of the chain
			{400, "malformed_request"}, {404, "thing_not_found"}, {409, "idempotency_key_in_use"}, {412, "thing_changed"},
			{422, "idempotency_key_reused"}, {422, "invalid_request"}, {500, "internal"}, {503, "overloaded"}, {503, "timeout"}, {503, "unavailable"},
		},
	} {
		require.Equal(t, want, d.Operation(id).Problems, id)
	}
}

// A handler that answers with a code which its operation does not have breaks the document, whatever else is right.
func TestCodeOfAnotherOperation(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path   string
		fault  *fault.Error
		status int
		code   string
	}{
		"its own":              {"/public", errThingNotFound, http.StatusNotFound, "thing_not_found"},
		"another's":            {"/limited/address", errThingNotFound, http.StatusInternalServerError, "internal"},
		"with another status":  {"/public", fault.New(fault.Conflict, "thing_not_found", "There is no such thing."), http.StatusInternalServerError, "internal"},
		"of the chain":         {"/limited/address", ErrOverloaded, http.StatusServiceUnavailable, "overloaded"},
		"of what it is not":    {"/limited/address", ErrForbidden, http.StatusInternalServerError, "internal"},
		"before any operation": {"/limited/address", ErrNotFound, http.StatusInternalServerError, "internal"},
	} {
		var found []fault.Violation
		answer := func(w http.ResponseWriter, r *http.Request) {
			exchangeFrom(r.Context()).chain.HandlerFailed(w, r, c.fault)
		}
		s := start(t, map[string]http.HandlerFunc{"getPublic": answer, "limitAddress": answer}, func(o *Options) {
			o.Observe = func(_ *Operation, _ Problem, violations []fault.Violation) { found = violations }
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
