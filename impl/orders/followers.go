package orders

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/gen/ordersdb"
)

// followEvery is how often the versions of all followed orders are read, with one statement for each replica.
const followEvery = 250 * time.Millisecond

// followers are the streams of this replica. They learn of changes by polling the versions of their orders, which costs
// writers nothing.
type followers struct {
	mu      sync.Mutex
	streams map[*follower]bool
	callers map[uuid.UUID]int
}

// follower is one stream; changed is signalled when its order may have changed.
type follower struct {
	caller, order uuid.UUID
	version       int64
	changed       chan struct{}
}

func newFollowers() *followers {
	return &followers{streams: map[*follower]bool{}, callers: map[uuid.UUID]int{}}
}

// join adds a stream. It returns false when the caller has mostStreams already.
func (f *followers) join(caller, order uuid.UUID) (*follower, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.callers[caller] >= mostStreams {
		return nil, false
	}
	f.callers[caller]++
	one := &follower{caller: caller, order: order, changed: make(chan struct{}, 1)}
	f.streams[one] = true
	return one, true
}

func (f *followers) leave(one *follower) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.streams, one)
	if f.callers[one.caller]--; f.callers[one.caller] == 0 {
		delete(f.callers, one.caller)
	}
}

// count gives the number of streams.
func (f *followers) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.streams)
}

// orders lists the followed orders, each once.
func (f *followers) orders() []uuid.UUID {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := make(map[uuid.UUID]bool, len(f.streams))
	ids := make([]uuid.UUID, 0, len(f.streams))
	for one := range f.streams {
		if !seen[one.order] {
			seen[one.order] = true
			ids = append(ids, one.order)
		}
	}
	return ids
}

// notify signals the streams whose order has another version than the last one seen. The first call for a stream
// signals without a change; the stream then reads once more.
func (f *followers) notify(rows []ordersdb.ListOrderVersionsRow) {
	versions := make(map[uuid.UUID]int64, len(rows))
	for _, row := range rows {
		versions[row.ID] = row.Version
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for one := range f.streams {
		if version := versions[one.order]; version != one.version {
			one.version = version
			select {
			case one.changed <- struct{}{}:
			default: // The last signal has not been taken yet.
			}
		}
	}
}

// poll signals the streams of changed orders until ctx ends.
func (f *followers) poll(ctx context.Context, queries ordersdb.Querier, log *slog.Logger) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		ids := f.orders()
		if len(ids) == 0 {
			continue
		}
		rows, err := queries.ListOrderVersions(ctx, ids)
		switch {
		case err == nil:
			failing = false
			f.notify(rows)
		case ctx.Err() == nil && !failing:
			failing = true
			log.WarnContext(ctx, "followed orders cannot be read", slog.Any("error", err))
		}
	}
}
