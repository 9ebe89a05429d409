package httpapi

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"example.com/plumbline/impl/platform/contract"
)

// SharedLimits count calls over all replicas of a service.
type SharedLimits interface {
	// Spend counts one call, as contract.RateLimit.Spend does: it gives the time until the limit is whole again, and the
	// time to wait where the call is one too many and was not counted. The error says that nobody could decide.
	Spend(ctx context.Context, operation, caller string, limit contract.RateLimit) (reset, wait time.Duration, err error)
}

// spend counts one call in this process, and then over all replicas. A call needs both: so whatever becomes of the
// shared count, a caller has the limit once for each replica at most, and a caller that this process knows to be beyond
// it costs no round trip. Without an answer of the shared count, what this process has decided holds.
func (c *Chain) spend(ctx context.Context, key rateKey, limit *contract.RateLimit) (
	left int, reset, wait time.Duration,
) {
	now := c.clock()
	left, reset, wait = c.limits.spend(key, limit, now)
	if c.shared == nil || wait > 0 {
		c.measured.locally.Inc()
		return left, reset, wait
	}
	sharedReset, sharedWait, err := c.shared.Spend(ctx, key.operation, key.caller, *limit)
	if err != nil {
		if hasEnded(ctx) { // The caller has not waited for Redis.
			c.measured.locally.Inc()
		} else {
			c.measured.instead.Inc()
		}
		return left, reset, wait
	}
	c.measured.byRedis.Inc()
	c.limits.correct(key, limit, now.Add(sharedReset), sharedWait > 0)
	if sharedWait > 0 {
		return 0, sharedReset, sharedWait
	}
	// Redis may have forgotten calls that this process still counts: the later TAT decides the next call.
	return min(left, limit.Left(sharedReset)), max(reset, sharedReset), 0
}

// hasEnded tells whether a context has ended. A connection may find its deadline passed before the timer of the context
// has fired.
func hasEnded(ctx context.Context) bool {
	deadline, bounded := ctx.Deadline()
	return ctx.Err() != nil || bounded && !time.Now().Before(deadline)
}

// correct takes over the TAT that a caller has over all replicas, if it is later, and uncounts a call that spend has
// counted and the others have refused.
func (l *rateLimiter) correct(key rateKey, limit *contract.RateLimit, shared time.Time, refused bool) {
	l.tats.Compute(key, func(tat time.Time, _ bool) (time.Time, otter.ComputeOp) {
		if refused {
			tat = tat.Add(-limit.EmissionInterval())
		}
		if shared.After(tat) {
			tat = shared
		}
		return tat, otter.WriteOp
	})
}
