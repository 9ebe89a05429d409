package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"example.com/plumbline/impl/platform/contract"
)

// stalled is how long the reader of a stream may take nothing before the connection is cut.
const stalled = 30 * time.Second

// streams tells whether the answer is to be a stream, which has a time limit of its own.
func (r *request) streams() bool {
	return r.op != nil && r.op.Policy.Timeout.Stream > 0 && !contract.IsJSON(r.mediaType)
}

// openStream replaces the time limit of an operation by that of its stream. The stream holds no permit of load
// shedding, and its connection is cut when its reader stalls rather than by the server's time-out for answers.
func (c *Chain) openStream(base context.Context, x *exchange) context.CancelFunc {
	ctx, cancel := context.WithTimeout(base, x.bounded(time.Duration(x.op.Policy.Timeout.Stream)))
	x.http = x.http.WithContext(ctx)
	x.answer.stalled, x.answer.cancel = c.stalled, cancel
	x.admission.giveBack()
	return cancel
}

// timeoutHeader gives the caller's own time-out in milliseconds. It is written in the canonical form of package http.
const timeoutHeader = "X-Request-Timeout-Ms"

// leastTime is the shortest time-out in which anything can be done.
const leastTime = 5 * time.Millisecond

// callerTimeout reads the caller's own time-out. One that cannot be read is ignored.
func callerTimeout(h http.Header) (time.Duration, bool) {
	ms, err := strconv.ParseUint(only(h[timeoutHeader]), 10, 32)
	return time.Duration(ms) * time.Millisecond, err == nil
}

// bounded gives the shorter of a time limit and the caller's own time-out.
func (r *request) bounded(limit time.Duration) time.Duration {
	if own, told := callerTimeout(r.http.Header); told {
		return min(limit, own)
	}
	return limit
}
