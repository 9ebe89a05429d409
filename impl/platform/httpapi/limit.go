package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
	"github.com/maypok86/otter/v2"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/telemetry"
)

// rateLimiter bounds calls by the generic cell rate algorithm (GCRA, ITU-T I.371). Of each caller it keeps the
// theoretical arrival time (TAT), at which the limit is whole again. It keeps a bounded number of callers, the most
// recent ones.
type rateLimiter struct {
	tats   *otter.Cache[rateKey, time.Time]
	counts telemetry.CacheCounts
}

type rateKey struct{ operation, caller string }

// rememberedCallers is the number of callers of which a rateLimiter keeps the TAT.
const rememberedCallers = 100_000

func newRateLimiter() *rateLimiter {
	l := &rateLimiter{}
	l.tats = otter.Must(&otter.Options[rateKey, time.Time]{
		MaximumSize: rememberedCallers,
		OnAtomicDeletion: func(e otter.DeletionEvent[rateKey, time.Time]) {
			if e.WasEvicted() {
				l.counts.Evicted()
			}
		},
	})
	return l
}

// stats are those of the callers that it keeps.
func (l *rateLimiter) stats() telemetry.CacheStats { return l.counts.Stats(l.tats.EstimatedSize()) }

// spend counts one call. It gives the number of calls that are left, the time until the limit is whole again, and the
// time to wait where the call is one too many.
func (l *rateLimiter) spend(key rateKey, limit *contract.RateLimit, now time.Time) (
	left int, reset, wait time.Duration,
) {
	l.tats.Compute(key, func(tat time.Time, known bool) (time.Time, otter.ComputeOp) {
		l.counts.LookedUp(known)
		if reset, wait = limit.Spend(tat.Sub(now)); wait > 0 {
			return tat, otter.CancelOp
		}
		left = limit.Left(reset)
		return now.Add(reset), otter.WriteOp
	})
	return left, reset, wait
}

// rateLimit gives the rate limit of the operation that is in force; nil: none.
func (r *request) rateLimit() *limit { return r.tuned.limits[r.op.Operation] }

// limitAddress applies x-rate-limit per address.
func (c *Chain) limitAddress(r *request, h http.Header) error {
	if l := r.rateLimit(); l != nil && l.Per == contract.PerAddress {
		return c.limit(r, h, l, network(r.address).String())
	}
	return nil
}

// limitPrincipal applies x-rate-limit per principal.
func (c *Chain) limitPrincipal(r *request, h http.Header) error {
	if l := r.rateLimit(); l != nil && l.Per == contract.PerPrincipal {
		return c.limit(r, h, l, r.principal.Subject.String())
	}
	return nil
}

// limit counts a call and sets the header fields of draft-ietf-httpapi-ratelimit-headers. Their names are written in
// the canonical form of package http, which saves canonicalising them.
func (c *Chain) limit(r *request, h http.Header, l *limit, caller string) error {
	left, reset, wait := c.spend(r.http.Context(), rateKey{r.op.ID, caller}, &l.RateLimit)
	h.Set("Ratelimit-Policy", l.policy)
	h.Set("Ratelimit", rateLeft(limitDefault, left, reset))
	if wait > 0 {
		r.op.metrics.Throttled(limitDefault)
		return contract.ErrRateLimited.After(wait)
	}
	return nil
}

const (
	// The bounds and the first value of the number of requests that run at once.
	leastConcurrency, firstConcurrency, mostConcurrency = 32, 64, 512
	// longestQueueing is how long a request waits for others to end.
	longestQueueing = 250 * time.Millisecond
)

// newShedder bounds the number of requests that run at once. The bound follows the durations of requests.
func newShedder() adaptivelimiter.AdaptiveLimiter[any] {
	return adaptivelimiter.NewBuilder[any]().WithLimits(leastConcurrency, mostConcurrency, firstConcurrency).Build()
}

// queueShare is the length of the queue at which a request of that priority is refused, in multiples of the number of
// requests that may run: the lower the priority, the shorter the queue.
func queueShare(p contract.Priority) int {
	switch p {
	case contract.High:
		return 3
	case contract.Normal:
		return 2
	default:
		return 1
	}
}

// admission is what load shedding has given a request, until it gives it back.
type admission struct {
	permit adaptivelimiter.Permit // to run; nil: none
	rooms  []*room                // in each of which it has a place
}

// shed lets a request wait for a short time while as many run as may, and refuses it where too many wait already.
func (c *Chain) shed(r *request, a *admission) error {
	if !r.tuned.Shed || r.op.Policy.Priority == contract.Critical {
		return nil
	}
	err := c.admit(r, a)
	if err != nil && !isGone(r.http.Context()) {
		r.op.shed.Inc()
	}
	return err
}

// admit gives a request its places and a permit.
func (c *Chain) admit(r *request, a *admission) error {
	mostWaiting := queueShare(r.op.Policy.Priority) * c.shedder.Limit()
	if !c.enterRooms(r, a, mostWaiting) {
		return contract.ErrOverloaded
	}
	permit, free := c.shedder.TryAcquirePermit()
	if !free {
		if c.shedder.Queued() >= mostWaiting {
			return contract.ErrOverloaded
		}
		var err error
		if permit, err = c.shedder.AcquirePermitWithMaxWait(r.http.Context(), longestQueueing); err != nil {
			return contract.ErrOverloaded.Because(err)
		}
	}
	a.permit = permit
	return nil
}

// slowByNature is the slow threshold of operations that hash passwords, whose durations say nothing of the load.
const slowByNature = time.Second

// release gives back what shed has given. The duration of a request that did its work adjusts the bound.
func (c *Chain) release(x *exchange) {
	told, isSlow := &x.record, time.Duration(x.op.Policy.Timeout.Slow) >= slowByNature
	if told.handling == 0 || told.failure != nil || told.replayed || isSlow {
		x.admission.giveBack()
		return
	}
	x.admission.leaveRooms()
	if x.admission.permit != nil {
		x.admission.permit.Record()
	}
}

// giveBack ends the admission without adjusting the bound.
func (a *admission) giveBack() {
	a.leaveRooms()
	if a.permit != nil {
		a.permit.Drop()
		a.permit = nil
	}
}

// ReleasePermit gives back the permit of load shedding that the request of a context has, while it waits in a queue of
// its own and uses nothing that others wait for.
func ReleasePermit(ctx context.Context) {
	if x := exchangeFrom(ctx); x != nil {
		x.admission.giveBack()
	}
}
