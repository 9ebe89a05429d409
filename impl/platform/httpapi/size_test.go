package httpapi

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
)

// A body above the limit of its operation is refused with that limit, whether its length is told or not.
func TestEachOperationHasItsLimit(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	require.Equal(t, minBody, s.chain.document.Operation("useRole").MaxBody)
	for _, chunked := range []bool{false, true} {
		for size, status := range map[int]int{minBody: http.StatusOK, minBody + 1: http.StatusRequestEntityTooLarge} {
			const body = `{"name":"ab"}`
			r := newRequest(t, http.MethodPost, "/roles", strings.NewReader(body+strings.Repeat(" ", size-len(body))),
				"Authorization", "Bearer admin")
			if chunked {
				r.ContentLength = -1
			}
			w := s.serve(r)
			require.Equal(t, status, w.Code, w.Body.String())
			if status != http.StatusOK {
				require.Equal(t, "The body is larger than this operation takes, which is 8192 bytes.",
					problemIn(t, w).Detail)
			}
		}
	}
}

// A check ends where the time of the request does.
func TestTheDeadlineOfTheCheck(t *testing.T) {
	t.Parallel()
	late := start(t, nil, func(o *Options) { o.Checker = overdue{contract.NewChecker(o.Document)} })
	requireCode(t, late.send(t, http.MethodPost, "/echo", `{"name":"ab"}`), http.StatusServiceUnavailable, "timeout")
}

// overdue checks requests when their time is over.
type overdue struct{ contract.Checker }

func (c overdue) CheckRequest(o *contract.Operation, in contract.Input) (any, []fault.Violation, error) {
	ctx, cancel := context.WithTimeout(in.Request.Context(), 0)
	defer cancel()
	in.Request = in.Request.WithContext(ctx)
	return c.Checker.CheckRequest(o, in)
}
