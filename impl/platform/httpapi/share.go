package httpapi

import (
	"context"
	"sync/atomic"
	"time"
)

// The shares of what requests have in common, such as the connections of a pool. What anybody may call and what has low priority have one
// each; what both and operations of normal priority take together is another, so that something is left for high and critical ones.
const (
	ShareAnonymous = "anonymous"
	ShareLow       = "low"
	ShareOrdinary  = "ordinary"
)

var (
	anonymousShares = []string{ShareAnonymous, ShareOrdinary}
	lowShares       = []string{ShareLow, ShareOrdinary}
	ordinaryShares  = []string{ShareOrdinary}
)

// From tells at what site the caller of a context's request is, and whether they are known: they have a session, or are in a network from
// which the account that the request names has been signed in to. Where rate limits are off, nothing counts by where it comes from, and
// the site is "", as it is where no request asks.
func From(ctx context.Context) (place string, known bool) {
	x := exchangeFrom(ctx)
	if x == nil {
		return "", false
	}
	if x.chain.limits != nil {
		place = Site(ctx)
	}
	return place, x.principal != nil || x.taken.Familiar
}

// Shares gives the shares that the request of a context is part of, by x-priority and x-access of its operation. Requests for operations
// of high and critical priority are part of none, and so is what no request asks for.
func Shares(ctx context.Context) []string {
	x := exchangeFrom(ctx)
	if x == nil || x.op == nil {
		return nil
	}
	return x.op.Policy.shares()
}

func (p Policy) shares() []string {
	switch {
	case p.Priority == Critical, p.Priority == High:
		return nil
	case p.Access.Public:
		return anonymousShares
	case p.Priority == Low:
		return lowShares
	default:
		return ordinaryShares
	}
}

// room bounds how many requests of a share run at once or wait for a permit to: others find some left, whatever the load.
type room struct {
	places  chan struct{} // holds one element for each of them
	waiting atomic.Int32
}

// placesOfRoom are less than run at once at least.
const placesOfRoom = leastConcurrency * 3 / 4

func newRooms() map[string]*room {
	rooms := map[string]*room{}
	for _, share := range []string{ShareAnonymous, ShareLow} {
		rooms[share] = &room{places: make(chan struct{}, placesOfRoom)}
	}
	return rooms
}

// roomOf gives the room that a request needs a place of, or nil. What hashes passwords has a queue of its own.
func (c *Chain) roomOf(x *exchange) *room {
	shares := x.op.Policy.shares()
	if len(shares) == 0 || time.Duration(x.op.Policy.Timeout.Slow) >= slowByNature {
		return nil
	}
	return c.rooms[shares[0]]
}

// enter waits shortly for a place, unless so many wait already.
func (r *room) enter(ctx context.Context, mostWaiting int) bool {
	select {
	case r.places <- struct{}{}:
		return true
	default:
	}
	defer r.waiting.Add(-1)
	if int(r.waiting.Add(1)) > mostWaiting {
		return false
	}
	over := time.NewTimer(longestQueueing)
	defer over.Stop()
	select {
	case r.places <- struct{}{}:
		return true
	case <-ctx.Done():
	case <-over.C:
	}
	return false
}

// leaveRoom gives the place of a request back, if it has one.
func (x *exchange) leaveRoom() {
	if x.room != nil {
		<-x.room.places
		x.room = nil
	}
}
