package contract

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProblems(t *testing.T) {
	t.Parallel()
	d := loadThings(t)
	for id, want := range map[string][]Problem{
		"getSelf": { // critical
			{400, "malformed_request"}, {401, "unauthenticated"}, {422, "invalid_request"}, {500, "internal"},
			{503, "timeout"}, {503, "unavailable"},
		},
		"removeNothing": { // lists no 503
			{400, "malformed_request"}, {422, "invalid_request"}, {500, "internal"}, {503, "overloaded"},
			{503, "timeout"},
		},
		"useRole": {
			{400, "malformed_request"}, {401, "unauthenticated"}, {403, "forbidden"}, {413, "body_too_large"},
			{415, "unsupported_media_type"},
			{422, "invalid_request"}, {500, "internal"}, {503, "overloaded"}, {503, "timeout"}, {503, "unavailable"},
		},
		"getThing": { // another's is hidden
			{400, "malformed_request"}, {401, "unauthenticated"}, {404, "thing_not_found"}, {422, "invalid_request"},
			{500, "internal"},
			{503, "overloaded"}, {503, "timeout"}, {503, "unavailable"},
		},
		"changeThing": { // by If-Match
			{400, "malformed_request"}, {401, "unauthenticated"}, {413, "body_too_large"},
			{415, "unsupported_media_type"}, {422, "invalid_request"},
			{428, "precondition_required"}, {500, "internal"}, {503, "overloaded"}, {503, "timeout"},
			{503, "unavailable"},
		},
		"doOnce": {
			{400, "malformed_request"}, {401, "unauthenticated"}, {404, "thing_not_found"},
			{409, "idempotency_key_in_use"}, {413, "body_too_large"},
			{415, "unsupported_media_type"}, {422, "invalid_request"}, {422, "idempotency_key_reused"},
			{500, "internal"}, {503, "overloaded"}, {503, "timeout"}, {503, "unavailable"},
		},
		"limitAddress": {
			{400, "malformed_request"}, {422, "invalid_request"}, {429, "rate_limited"}, {500, "internal"},
			{503, "overloaded"}, {503, "timeout"}, {503, "unavailable"},
		},
		"takeCookie": {
			{400, "malformed_request"}, {403, "cross_origin_refused"}, {422, "invalid_request"}, {500, "internal"},
			{503, "overloaded"}, {503, "timeout"}, {503, "unavailable"},
		},
		"getPublic": { // with a cookie to read by, and its own before those of the chain
			{400, "malformed_request"}, {404, "thing_not_found"}, {409, "idempotency_key_in_use"},
			{412, "thing_changed"},
			{422, "idempotency_key_reused"}, {422, "invalid_request"}, {500, "internal"}, {503, "overloaded"},
			{503, "timeout"}, {503, "unavailable"},
		},
	} {
		require.Equal(t, want, d.Operation(id).Problems, id)
	}
}
