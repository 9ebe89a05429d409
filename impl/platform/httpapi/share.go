package httpapi

import (
	"context"
	"sync/atomic"
	"time"

	"example.com/plumbline/impl/platform/contract"
)

// The shares bound what kinds of requests take of a common resource, such as the connections of a pool. Anonymous
// requests have a share, and so have those of low priority. Both are part of the ordinary share, as are operations of
// normal priority: something is left for authenticated requests of high priority, and for critical operations.
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

// QueueKey tells a fair queue whom the request of a context comes from: the site of the caller, and whether the caller
// is known, by a session or by a network from which the named account has logged in before. The site is "" outside of a
// request, and where rate limits are off.
func QueueKey(ctx context.Context) (clientSite string, known bool) {
	x := exchangeFrom(ctx)
	if x == nil {
		return "", false
	}
	if x.tuned.RateLimits {
		clientSite = site(x.address).String()
	}
	return clientSite, x.principal != nil || x.fromKnownNetwork
}

// Shares gives the shares that the request of a context is part of, by x-priority and x-access of its operation. There
// are none outside of a request, for critical operations, and for those of high priority that are not public.
func Shares(ctx context.Context) []string {
	x := exchangeFrom(ctx)
	if x == nil || x.op == nil {
		return nil
	}
	return sharesOf(x.op.Policy)
}

// sharesOf gives the shares that requests for an operation are part of.
func sharesOf(p contract.Policy) []string {
	switch {
	case p.Priority == contract.Critical:
		return nil
	case p.Priority == contract.High && p.Access.Public: // A login is important, but anybody may try to log in.
		return ordinaryShares
	case p.Priority == contract.High:
		return nil
	case p.Access.Public:
		return anonymousShares
	case p.Priority == contract.Low:
		return lowShares
	default:
		return ordinaryShares
	}
}

// room bounds the number of requests of a share that run or wait for a permit, so that permits are left for others.
type room struct {
	places  chan struct{} // one element for each request in the room
	waiting atomic.Int32
	refused atomic.Uint64
}

// The rooms have fewer places than requests may run at least, even those of all ordinary requests together.
const (
	placesOfRoom     = leastConcurrency * 3 / 4
	placesOfOrdinary = leastConcurrency * 7 / 8
)

func newRooms() map[string]*room {
	rooms := map[string]*room{}
	for share, places := range map[string]int{
		ShareAnonymous: placesOfRoom, ShareLow: placesOfRoom, ShareOrdinary: placesOfOrdinary,
	} {
		rooms[share] = &room{places: make(chan struct{}, places)}
	}
	return rooms
}

// roomsOf gives the rooms in each of which requests for an operation need a place. A request that waits for a hash
// gives its places back meanwhile; see ReleasePermit.
func (c *Chain) roomsOf(p contract.Policy) (rooms []*room) {
	for _, share := range sharesOf(p) {
		rooms = append(rooms, c.rooms[share])
	}
	return rooms
}

// enterRooms gives a request a place in each room of its operation, and tells whether it got all of them. A room does
// not change the number of requests that run and wait in all: mostWaiting, and those that may run.
func (c *Chain) enterRooms(r *request, a *admission, mostWaiting int) bool {
	for i, room := range r.op.rooms {
		if !room.enter(r.http.Context(), mostWaiting+c.shedder.Limit()-cap(room.places)) {
			if !isGone(r.http.Context()) {
				room.refused.Add(1)
			}
			return false
		}
		a.rooms = r.op.rooms[:i+1]
	}
	return true
}

// enter waits for a place for a short time, unless mostWaiting requests wait already.
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

// leaveRooms gives back the places that a request has.
func (a *admission) leaveRooms() {
	for _, room := range a.rooms {
		<-room.places
	}
	a.rooms = nil
}
