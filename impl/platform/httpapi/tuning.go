package httpapi

import (
	"cmp"
	"math"
	"time"

	"example.com/plumbline/impl/platform/contract"
)

// Tuning is what may change while a chain serves. Each request goes by one of them from its beginning to its end.
type Tuning struct {
	// Responses says whether answers are checked.
	Responses ResponseMode
	// ResponsesSample is the share of answers that ResponsesSample checks; 0: one in a hundred.
	ResponsesSample float64
	// TrustedOrigins are other origins whose pages may call, with credentials; "http://127.0.0.1:*" allows every port.
	TrustedOrigins []string
	// RateLimits turns x-rate-limit and x-throttle on.
	RateLimits bool
	// RateLimitFactor multiplies the requests of each x-rate-limit; 0: by 1. It leaves x-throttle as it is.
	RateLimitFactor float64
	// Shed turns load shedding on.
	Shed bool
	// SlowFactor multiplies the duration from which an operation is slow; 0: by 1.
	SlowFactor float64
}

// tuned is a Tuning with what is computed from it. It never changes.
type tuned struct {
	Tuning

	trusted origins
	limits  map[*contract.Operation]*limit // by operation with x-rate-limit; empty: off
}

// limit is a rate limit in force.
type limit struct {
	contract.RateLimit

	policy string // the RateLimit-Policy field of every answer
}

// tune puts a Tuning into force, for requests that begin after it. A malformed origin, which CheckOrigins finds, is not
// trusted.
func (c *Chain) tune(t Tuning) {
	t.ResponsesSample = cmp.Or(t.ResponsesSample, 0.01)
	t.RateLimitFactor, t.SlowFactor = cmp.Or(t.RateLimitFactor, 1), cmp.Or(t.SlowFactor, 1)
	next := &tuned{Tuning: t, limits: map[*contract.Operation]*limit{}}
	next.trusted, _ = parseOrigins(t.TrustedOrigins)
	for _, op := range c.document.Operations {
		if op.Policy.RateLimit == nil || !t.RateLimits {
			continue
		}
		policy, scaled := op.Policy, *op.Policy.RateLimit
		scaled.Requests = max(1, int(math.Round(float64(scaled.Requests)*t.RateLimitFactor)))
		policy.RateLimit = &scaled
		next.limits[op] = &limit{RateLimit: scaled, policy: limitPolicies(policy)}
	}
	c.tuning.Store(next)
}

// slow is the duration from which a request for an operation is slow.
func (t *tuned) slow(op *contract.Operation) time.Duration {
	return time.Duration(float64(op.Policy.Timeout.Slow) * t.SlowFactor)
}

// samples reports whether the nth answer is one of those that are checked: each stretch of answers has its share.
func (t *tuned) samples(n uint64) bool {
	return math.Floor(float64(n)*t.ResponsesSample) > math.Floor(float64(n-1)*t.ResponsesSample)
}
