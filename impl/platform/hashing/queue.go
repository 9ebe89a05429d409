package hashing

import (
	"context"
	"slices"
	"sync"
)

// queue hands out memory in turn, to known callers before unknown ones. A part of it is reserved for known callers,
// and a site may take only a part of it.
type queue struct {
	most    int // the largest number of waiters
	unknown int // the largest number of unknown waiters
	ofSite  int // the largest number of waiters of one site

	mu      sync.Mutex
	free    int64     // in KiB
	waiting []*waiter // known callers before unknown ones
}

type waiter struct {
	share int64
	site  string // "" is none
	known bool
	turn  chan struct{} // closed once the share is taken
}

// acquire takes a share of the memory, now or when its turn comes. It reports false if too many wait already or ctx
// ends first.
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

// join queues for a share; it returns nil if no place is left.
func (q *queue) join(share int64, site string, known bool) *waiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := &waiter{share: share, site: site, known: known, turn: make(chan struct{})}
	firstUnknown := slices.IndexFunc(q.waiting, func(w *waiter) bool { return !w.known })
	if firstUnknown < 0 {
		firstUnknown = len(q.waiting)
	}
	at := len(q.waiting)
	if known {
		at = firstUnknown
	}
	immediate := at == 0 && share <= q.free
	full := len(q.waiting) >= q.most || !known && len(q.waiting)-firstUnknown >= q.unknown || q.at(site) >= q.ofSite
	if full && !immediate {
		return nil
	}
	q.waiting = slices.Insert(q.waiting, at, w)
	q.serve()
	return w
}

// at counts the waiters of a site.
func (q *queue) at(site string) (waiting int) {
	for _, w := range q.waiting {
		if site != "" && w.site == site {
			waiting++
		}
	}
	return waiting
}

// quit leaves the queue. It reports true if the share was handed out all the same.
func (q *queue) quit(w *waiter) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, w)
	if i < 0 {
		return true
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	q.serve() // The next waiter may need less.
	return false
}

func (q *queue) release(share int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.free += share
	q.serve()
}

// serve hands out shares from the front. A waiter that needs more than is free holds up the others.
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
