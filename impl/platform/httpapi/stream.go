package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// stalled is how long the reader of a stream may take nothing of it before the connection is cut.
const stalled = 30 * time.Second

// Representation gives the media type that the running operation is to answer with: of those that the document lists for
// its success, the one that the Accept header wants most (RFC 9110, section 12.5.1), and of those that it wants as much
// the one that it names most precisely. Where that leaves a choice it is JSON, or else the first by name; so it is where
// there is no Accept header, or one that admits none of them.
func Representation(ctx context.Context) string {
	if x := exchangeFrom(ctx); x != nil && x.op != nil {
		return x.mediaType
	}
	return ""
}

// represent chooses among the media types that an operation offers.
func (o *Operation) represent(h http.Header) string {
	accept := h["Accept"]
	if len(o.offers) == 0 {
		return ""
	}
	best, bestQuality, bestPrecision := o.offers[0], 0.0, 0
	if len(accept) == 0 || len(o.offers) == 1 {
		return best
	}
	ranges := listed(accept)
	for _, offer := range o.offers {
		quality, precision := wanted(ranges, offer)
		if quality > bestQuality || quality == bestQuality && quality > 0 && precision > bestPrecision {
			best, bestQuality, bestPrecision = offer, quality, precision
		}
	}
	return best
}

// wanted gives the quality that the most precise of the media ranges gives a media type, from 0 to 1, and how precise it is.
func wanted(ranges []string, mediaType string) (quality float64, precision int) {
	major, _, _ := strings.Cut(mediaType, "/")
	forms := []string{"*/*", major + "/*", mediaType} // each more precise than the one before
	for _, one := range ranges {
		name, weight := weighed(one)
		if at := slices.Index(forms, name) + 1; at > 0 && at >= precision {
			precision, quality = at, weight
		}
	}
	return quality, precision
}

// streams tells whether the answer is to be a stream, which takes its own time.
func (x *exchange) streams() bool {
	return x.op != nil && x.op.Policy.Timeout.Stream > 0 && !isJSON(x.mediaType)
}

// openStream lets an answer go on for longer than others. It is no longer work that others wait for, and its reader is
// cut off when he stalls instead of when the server's own time for an answer is over.
func (c *Chain) openStream(base context.Context, x *exchange) context.CancelFunc {
	ctx, cancel := context.WithTimeout(base, x.bounded(time.Duration(x.op.Policy.Timeout.Stream)))
	x.request = x.request.WithContext(ctx)
	x.answer.stalled, x.answer.cancel = c.stalled, cancel
	x.giveWay()
	return cancel
}

// timeoutHeader is how many milliseconds a caller goes on waiting, written as package http keeps it.
const timeoutHeader = "X-Request-Timeout-Ms"

// leastTime is what nothing can be done in.
const leastTime = 5 * time.Millisecond

// patience reads how long the caller goes on waiting. One that cannot be read says nothing.
func patience(h http.Header) (time.Duration, bool) {
	ms, err := strconv.ParseUint(only(h[timeoutHeader]), 10, 32)
	return time.Duration(ms) * time.Millisecond, err == nil
}

// bounded gives a time limit, or the caller's when that is shorter.
func (x *exchange) bounded(limit time.Duration) time.Duration {
	if wait, told := patience(x.request.Header); told {
		return min(limit, wait)
	}
	return limit
}
