package httpapi

import (
	"net/netip"
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
	"github.com/maypok86/otter/v2"
)

// rateLimiter bounds calls by the generic cell rate algorithm (GCRA, ITU-T I.371): of each caller it remembers one
// time, the one at which the limit would be whole again. It remembers a bounded number of callers, the most recent.
type rateLimiter struct {
	whole *otter.Cache[rateKey, time.Time]
}

type rateKey struct{ operation, caller string }

const rememberedCallers = 100_000

func newRateLimiter() *rateLimiter {
	return &rateLimiter{whole: otter.Must(&otter.Options[rateKey, time.Time]{MaximumSize: rememberedCallers})}
}

// take counts one call and tells what is left, how long until the limit is whole again, and, when the
// call is one too many, how long to wait.
func (l *rateLimiter) take(key rateKey, limit *RateLimit, now time.Time) (left int, reset, wait time.Duration) {
	window := time.Duration(limit.Window)
	each := window / time.Duration(limit.Requests)
	l.whole.Compute(key, func(whole time.Time, _ bool) (time.Time, otter.ComputeOp) {
		if whole.Before(now) || whole.Sub(now) > 2*window { // So far ahead, it is from before the clock was set back.
			whole = now
		}
		next := whole.Add(each)
		if over := next.Sub(now) - window; over > 0 {
			wait, reset = over, whole.Sub(now)
			return whole, otter.CancelOp
		}
		reset = next.Sub(now)
		left = int((window - reset) / each)
		return next, otter.WriteOp
	})
	return left, reset, wait
}

func (c *Chain) limitAddress(x *exchange) error {
	if l := x.op.Policy.RateLimit; c.limits != nil && l != nil && l.Per == perAddress {
		return c.limit(x, l, network(x.address).String())
	}
	return nil
}

func (c *Chain) limitPrincipal(x *exchange) error {
	if l := x.op.Policy.RateLimit; c.limits != nil && l != nil && l.Per == perPrincipal {
		return c.limit(x, l, x.principal.Subject.String())
	}
	return nil
}

// limit counts the call and tells the caller what is left, in the header fields of draft-ietf-httpapi-ratelimit-headers.
// Their names are written as package http keeps them, which saves it from doing so.
func (c *Chain) limit(x *exchange, l *RateLimit, caller string) error {
	left, reset, wait := c.limits.take(rateKey{x.op.ID, caller}, l, c.clock())
	h := x.answer.Header()
	h.Set("Ratelimit-Policy", x.op.limitPolicy)
	h.Set("Ratelimit", rateLeft(limitDefault, left, reset))
	if wait > 0 {
		x.op.metrics.Throttled(limitDefault)
		return ErrRateLimited.After(wait)
	}
	return nil
}

// network is what counts as one caller: an IPv4 address, or the /64 that one IPv6 customer gets.
func network(address netip.Addr) netip.Prefix {
	address = address.Unmap()
	bits := address.BitLen()
	if address.Is6() {
		bits = 64
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // An address that is not known shares one limit.
	}
	return prefix
}

const (
	leastConcurrency, firstConcurrency, mostConcurrency = 32, 64, 512
	longestQueueing                                     = 250 * time.Millisecond
)

// newShedder bounds the requests that run at once by what their durations say of the load.
func newShedder() adaptivelimiter.AdaptiveLimiter[any] {
	return adaptivelimiter.NewBuilder[any]().WithLimits(leastConcurrency, mostConcurrency, firstConcurrency).Build()
}

// queueShare is how many may wait before one more of that priority is refused, in multiples of how many may run:
// the less important an operation, the shorter the queue that it joins.
func queueShare(p Priority) int {
	switch p {
	case High:
		return 3
	case Normal:
		return 2
	default:
		return 1
	}
}

// shed lets a request wait shortly when as many run as can, and refuses it when too many wait already.
func (c *Chain) shed(x *exchange) error {
	if c.shedder == nil || x.op.Policy.Priority == Critical {
		return nil
	}
	mostWaiting := queueShare(x.op.Policy.Priority) * c.shedder.Limit()
	if !c.enterRooms(x, mostWaiting) {
		return ErrOverloaded
	}
	permit, free := c.shedder.TryAcquirePermit()
	if !free {
		if c.shedder.Queued() >= mostWaiting {
			return ErrOverloaded
		}
		var err error
		if permit, err = c.shedder.AcquirePermitWithMaxWait(x.request.Context(), longestQueueing); err != nil {
			return ErrOverloaded.Because(err)
		}
	}
	x.permit = permit
	return nil
}

// slowByNature is the threshold from which on an operation's duration says nothing of the load: it hashes passwords.
const slowByNature = time.Second

func (c *Chain) release(x *exchange) {
	x.leaveRooms()
	switch {
	case x.permit == nil:
	case x.handling == 0 || x.failure != nil || x.replayed || time.Duration(x.op.Policy.Timeout.Slow) >= slowByNature:
		x.permit.Drop()
	default:
		x.permit.Record()
	}
}
