package hashing

import (
	"context"
	"slices"
	"sync"
)

// queue shares memory out, in turn: first to who is known, then to strangers. As many strangers as there may be leave
// places in it to who is known, and as many from one site leave places to those at others.
type queue struct {
	most      int // how many wait
	strangers int // how many of them are strangers
	ofSite    int // how many of them are at one site

	mu      sync.Mutex
	free    int64     // in KiB
	waiting []*waiter // those who are known stand before strangers
}

type waiter struct {
	share int64
	site  string // "" is none
	known bool
	turn  chan struct{} // closed once the share is taken
}

// acquire takes a share of the memory, now or when its turn comes. It fails when too many wait already, and when ctx ends
// before.
func (q *queue) acquire(ctx context.Context, share int64, site string, known bool, waits func()) bool {
	w := q.join(share, site, known)
	if w == nil {
		return false
	}
	select {
	case <-w.turn:
		return true
	default:
		waits()
	}
	select {
	case <-w.turn:
		return true
	case <-ctx.Done():
		return q.quit(w)
	}
}

// join queues for a share; it gives nil where there is no place left.
func (q *queue) join(share int64, site string, known bool) *waiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := &waiter{share: share, site: site, known: known, turn: make(chan struct{})}
	firstStranger := slices.IndexFunc(q.waiting, func(w *waiter) bool { return !w.known })
	if firstStranger < 0 {
		firstStranger = len(q.waiting)
	}
	at := len(q.waiting)
	if known {
		at = firstStranger
	}
	immediate := at == 0 && share <= q.free
	if !immediate && (len(q.waiting) >= q.most || !known && len(q.waiting)-firstStranger >= q.strangers || q.at(site) >= q.ofSite) {
		return nil
	}
	q.waiting = slices.Insert(q.waiting, at, w)
	q.serve()
	return w
}

// at tells how many wait who are at a site.
func (q *queue) at(site string) (waiting int) {
	for _, w := range q.waiting {
		if site != "" && w.site == site {
			waiting++
		}
	}
	return waiting
}

// quit leaves the queue. It tells whether the turn has come all the same.
func (q *queue) quit(w *waiter) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, w)
	if i < 0 {
		return true
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	q.serve() // What stands behind may need less.
	return false
}

func (q *queue) release(share int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.free += share
	q.serve()
}

// serve gives shares to those at the front. Who needs more than is free is waited for.
func (q *queue) serve() {
	for len(q.waiting) > 0 && q.waiting[0].share <= q.free {
		w := q.waiting[0]
		q.waiting = slices.Delete(q.waiting, 0, 1)
		q.free -= w.share
		close(w.turn)
	}
}

func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}
