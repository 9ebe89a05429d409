package httpapi

import (
	"context"
	"sync/atomic"
	"time"
)

// The shares of what requests have in common, such as the connections of a pool. What anybody may call and what has low priority have one
// each; what both, operations of normal priority and whatever else anybody may call take together is another, so that something is left for
// high priority with a session, and for critical operations.
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
	return place, x.principal != nil || x.decision.KnownNetwork
}

// GiveWay gives back what load shedding has let the request of a context have, while it waits for what has a queue of its own: it holds
// up nobody then.
func GiveWay(ctx context.Context) {
	if x := exchangeFrom(ctx); x != nil {
		x.giveWay()
	}
}

func (x *exchange) giveWay() {
	x.leaveRooms()
	if x.permit != nil {
		x.permit.Drop() // How long the request took says nothing of the load.
		x.permit = nil
	}
}

// Shares gives the shares that the request of a context is part of, by x-priority and x-access of its operation. Requests of critical
// priority, and of high priority with a session, are part of none, and so is what no request asks for.
func Shares(ctx context.Context) []string {
	x := exchangeFrom(ctx)
	if x == nil || x.op == nil {
		return nil
	}
	return x.op.Policy.shares()
}

func (p Policy) shares() []string {
	switch {
	case p.Priority == Critical:
		return nil
	case p.Priority == High && p.Access.Public: // Anybody may log in, too, and more important than others is only who has.
		return ordinaryShares
	case p.Priority == High:
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

// The places of rooms are less than run at once at least, those of all ordinary requests together, too.
const (
	placesOfRoom     = leastConcurrency * 3 / 4
	placesOfOrdinary = leastConcurrency * 7 / 8
)

func newRooms() map[string]*room {
	rooms := map[string]*room{}
	for share, places := range map[string]int{ShareAnonymous: placesOfRoom, ShareLow: placesOfRoom, ShareOrdinary: placesOfOrdinary} {
		rooms[share] = &room{places: make(chan struct{}, places)}
	}
	return rooms
}

// roomsOf gives the rooms that requests for an operation need a place of. What hashes passwords has a queue of its own.
func (c *Chain) roomsOf(p Policy) (rooms []*room) {
	if c.rooms == nil || time.Duration(p.Timeout.Slow) >= slowByNature {
		return nil
	}
	for _, share := range p.shares() {
		rooms = append(rooms, c.rooms[share])
	}
	return rooms
}

// enterRooms gives a request a place in each room of its operation, and tells whether it has got them. Of each as many run and wait in all as
// without rooms: mostWaiting, and those that may run.
func (c *Chain) enterRooms(x *exchange, mostWaiting int) bool {
	for i, room := range x.op.rooms {
		if !room.enter(x.request.Context(), mostWaiting+c.shedder.Limit()-cap(room.places)) {
			return false
		}
		x.rooms = x.op.rooms[:i+1]
	}
	return true
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

// leaveRooms gives the places of a request back, if it has some.
func (x *exchange) leaveRooms() {
	for _, room := range x.rooms {
		<-room.places
	}
	x.rooms = nil
}
