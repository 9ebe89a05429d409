// Package cache remembers what is read much more often than it changes.
//
// A Cache promises that
//   - many callers who miss the same key at once cause one load; it has a deadline of its own, and a caller who leaves,
//     even the one who began it, ends only its own wait; when nobody waits any more, the load is ended;
//   - nothing is remembered for longer than its lifetime, and the absence of a thing for no longer than its own;
//   - once Forget or Hear has returned, no answer is from before the change: neither from memory, nor from a load that
//     began before, nor from Redis;
//   - nothing is remembered, and no load is shared, while changes may go unheard (SetWatched);
//   - its memory is bounded in bytes.
//
// With Redis, replicas share what one of them has loaded. Without, or while Redis is away, each has its own.
package cache

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"example.com/plumbline/impl/platform/redis"
	"example.com/plumbline/impl/platform/telemetry"
)

// entryBytes is about what an entry takes besides its value.
const entryBytes = 256

// jitter is by which part a lifetime is shortened at most, so that what was loaded together does not expire together.
const jitter = 5

// Config is what a Cache is made of.
type Config[K comparable, V any] struct {
	// Name names the cache in metrics and in Redis. It is a constant of the program.
	Name string
	// Load reads a value. Its context ends after LoadTimeout, and has the values of the context of the caller who began
	// the load. Callers share what it returns, and change nothing in it.
	//
	// K has all that the answer depends on: where callers are answered differently, it has what tells them apart.
	Load        func(ctx context.Context, key K) (V, error)
	LoadTimeout time.Duration
	// Absent is the error of Load that says that there is no such thing. It is remembered, but not in Redis; other errors
	// are not.
	Absent error
	// Lifetime bounds the age of a value, AbsentLifetime that of Absent. See SetLifetime.
	Lifetime, AbsentLifetime time.Duration
	// Bytes bounds the memory. Weigh gives about how many of them a value takes.
	Bytes uint64
	Weigh func(V) int

	// Redis shares what is loaded; nil does not. Values are kept there as JSON.
	Redis *redis.Client
	// Text gives a key as Redis has it. Two keys have two texts.
	Text func(K) string

	// Registry registers the metrics. Nil: no metrics.
	Registry prometheus.Registerer
	// Clock tells the time; nil is the system's.
	Clock func() time.Time
}

// Cache remembers values by key. It is safe for concurrent use, and has no goroutines but those of loads, and one while
// Redis is told of changes.
type Cache[K comparable, V any] struct {
	config   Config[K, V]
	lifetime atomic.Int64
	entries  *otter.Cache[K, entry[V]]
	shared   *shared
	counts   telemetry.CacheCounts
	metrics  *metrics
	watches  chan struct{} // closed when the cache is watched for the first time

	mu      sync.Mutex
	watched bool
	changes uint64 // how often something was forgotten: what began before is not remembered after
	flights map[K]*flight[V]
	// Redis is not asked while it is told of changes. untold is closed when it knows of those that it is told of next.
	telling bool
	untold  chan struct{}
	// Redis is not asked before trusted: an entry of it may be from before a change that Redis was not told of.
	trusted time.Time
	// connections is how many had been made to Redis when it was distrusted last.
	connections uint64
}

// entry is what is remembered under a key. An absence is not stored in Redis: others who ask for what is not there ask
// for something else.
type entry[V any] struct {
	Value  V         `json:"value"`
	Absent bool      `json:"-"`
	Until  time.Time `json:"until"`
}

// flight is a load. Its result is set before done is closed.
type flight[V any] struct {
	changes uint64
	waiting int // callers
	cancel  context.CancelFunc
	done    chan struct{}
	value   V
	err     error
}

// New makes a cache that remembers nothing until SetWatched.
func New[K comparable, V any](c Config[K, V]) (*Cache[K, V], error) {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	cache := &Cache[K, V]{config: c, flights: map[K]*flight[V]{}, watches: make(chan struct{})}
	cache.lifetime.Store(int64(c.Lifetime))
	var err error
	cache.entries, err = otter.New(&otter.Options[K, entry[V]]{
		MaximumWeight: c.Bytes,
		Weigher: func(_ K, e entry[V]) uint32 {
			return uint32(min(entryBytes+c.Weigh(e.Value), 1<<31)) //nolint:gosec // It is bounded.
		},
		OnDeletion: func(e otter.DeletionEvent[K, entry[V]]) {
			if e.Cause == otter.CauseOverflow {
				cache.counts.Evicted()
			}
		},
		Clock: memoryClock(c.Clock),
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[K, entry[V]]) time.Duration {
			return e.Value.Until.Sub(c.Clock())
		}),
		// The memory's upkeep is done by whoever uses it.
		Executor: func(upkeep func()) { upkeep() },
	})
	if err != nil {
		return nil, fmt.Errorf("cache %s: %w", c.Name, err)
	}
	if c.Redis != nil {
		cache.shared = newShared[V](c.Redis, c.Name)
	}
	cache.metrics, err = newMetrics(c.Registry, c.Name, cache.stats, cache.entries.WeightedSize)
	return cache, err
}

// memoryClock lets the memory drop entries that have expired by the cache's clock, when another is added. It never
// ticks: that would need a goroutine.
type memoryClock func() time.Time

func (c memoryClock) NowNano() int64 { return c().UnixNano() }

func (memoryClock) Tick(time.Duration) <-chan time.Time { return nil }

// Len gives the number of entries, also of some that are too old to answer.
func (c *Cache[K, V]) Len() int { return c.entries.EstimatedSize() }

func (c *Cache[K, V]) stats() telemetry.CacheStats { return c.counts.Stats(c.Len()) }

// SetLifetime changes the lifetime of what is loaded from now on, and forgets the rest. With 0 nothing is remembered,
// and every Get loads for itself.
func (c *Cache[K, V]) SetLifetime(lifetime time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if before := c.lifetime.Swap(int64(lifetime)); before != int64(lifetime) {
		c.changes++
		c.dropAll()
		c.distrust(max(time.Duration(before), lifetime))
	}
}

// Get gives the value of a key, remembered or loaded. The error is that of Load, or ctx's if it ends before.
func (c *Cache[K, V]) Get(ctx context.Context, key K) (V, error) {
	if c.lifetime.Load() <= 0 {
		return c.config.Load(ctx, key)
	}
	known, hit := c.look(key)
	c.counts.LookedUp(hit)
	if hit {
		return c.resultOf(known)
	}
	f := c.join(ctx, key)
	if f == nil {
		ctx, cancel := context.WithTimeout(ctx, c.config.LoadTimeout)
		defer cancel()
		return c.load(ctx, key)
	}
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		c.leave(key, f)
		var none V
		return none, ctx.Err()
	}
}

// look gives the entry of a key that is not too old to answer.
func (c *Cache[K, V]) look(key K) (known entry[V], ok bool) {
	known, ok = c.entries.GetIfPresent(key)
	return known, ok && known.Until.After(c.config.Clock())
}

func (c *Cache[K, V]) resultOf(e entry[V]) (V, error) {
	if e.Absent {
		return e.Value, c.config.Absent
	}
	return e.Value, nil
}

// join gives the running load of a key, or begins one. It gives nil while the cache is not watched: a load that has
// begun may have read before a change, and nobody would say so.
func (c *Cache[K, V]) join(ctx context.Context, key K) *flight[V] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.watched {
		return nil
	}
	if f, running := c.flights[key]; running {
		f.waiting++
		return f
	}
	f := &flight[V]{changes: c.changes, waiting: 1, cancel: func() {}, done: make(chan struct{})}
	if known, landed := c.look(key); landed { // since the caller has looked
		f.value, f.err = c.resultOf(known)
		close(f.done)
		return f
	}
	c.flights[key] = f
	shared := c.shared
	if c.telling || c.config.Clock().Before(c.trusted) {
		shared = nil
	}
	ctx, f.cancel = context.WithTimeout(context.WithoutCancel(ctx), c.config.LoadTimeout) //nolint:gosec // fly calls it.
	go c.fly(ctx, key, f, shared)
	return f
}

// leave ends a caller's wait, and the load if it was the last who waited: so there are no more loads than requests.
func (c *Cache[K, V]) leave(key K, f *flight[V]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.waiting--; f.waiting > 0 {
		return
	}
	f.cancel()
	if c.flights[key] == f {
		delete(c.flights, key)
	}
}

// fly loads a value for all who wait for it.
func (c *Cache[K, V]) fly(ctx context.Context, key K, f *flight[V], shared *shared) {
	defer f.cancel()
	var found *entry[V]
	var generation string
	if shared != nil {
		var stored []byte
		stored, generation = shared.get(ctx, c.config.Text(key))
		if !c.trusts() {
			stored, generation = nil, ""
			_ = shared.forget(ctx) // for replicas with another lifetime
		}
		if stored != nil {
			found = c.decode(stored)
		}
		c.metrics.sharedLookedUp(found != nil)
	}
	if found != nil {
		f.value, f.err = c.resultOf(*found)
		c.land(key, f, found)
		return
	}
	f.value, f.err = c.load(ctx, key)
	loaded := c.entryOf(f.value, f.err)
	c.land(key, f, loaded)
	// After the callers have their answer. It is stored under the generation from before the load; see shared.
	if loaded != nil && !loaded.Absent && generation != "" {
		shared.set(ctx, c.config.Text(key), generation, *loaded, loaded.Until.Sub(c.config.Clock()))
	}
}

// load calls Load, and turns a panic into an error: whoever waits must not wait in vain.
func (c *Cache[K, V]) load(ctx context.Context, key K) (value V, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cache %s: the load panicked: %v\n%s", c.config.Name, r, debug.Stack())
		}
		c.metrics.loaded(err != nil && !c.isAbsent(err))
	}()
	return c.config.Load(ctx, key)
}

func (c *Cache[K, V]) isAbsent(err error) bool {
	return c.config.Absent != nil && errors.Is(err, c.config.Absent)
}

// entryOf gives what is to be remembered of the result of a load; nil is nothing.
func (c *Cache[K, V]) entryOf(value V, err error) *entry[V] {
	lifetime := time.Duration(c.lifetime.Load())
	absent := err != nil && c.isAbsent(err)
	switch {
	case absent:
		lifetime = min(lifetime, c.config.AbsentLifetime)
	case err != nil:
		return nil
	}
	if lifetime <= 0 {
		return nil
	}
	return &entry[V]{
		Value: value, Absent: absent, Until: c.config.Clock().Add(lifetime - rand.N(lifetime/jitter+1)),
	}
}

// land ends a load, and remembers its result unless something was forgotten since it began.
func (c *Cache[K, V]) land(key K, f *flight[V], e *entry[V]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(f.done)
	if c.flights[key] == f {
		delete(c.flights, key)
	}
	if e != nil && c.watched && c.changes == f.changes {
		c.entries.Set(key, *e)
	}
}

// SetWatched says whether every change will be told to Forget or Hear from now on. While it will not, nothing is
// remembered. What is known is forgotten in either case.
func (c *Cache[K, V]) SetWatched(watched bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if watched && !c.watched {
		select {
		case <-c.watches:
		default:
			close(c.watches)
		}
	}
	c.watched = watched
	c.changes++
	c.dropAll()
	c.distrust(time.Duration(c.lifetime.Load())) // Changes may have gone unheard.
}

// Forget forgets some keys, and the loads of them that have begun. It is called after the commit of a change, on every
// replica. It returns when Redis has been told, or ctx has ended, or Redis has failed.
func (c *Cache[K, V]) Forget(ctx context.Context, keys ...K) { await(ctx, c.forget(c.drop(keys))) }

// ForgetAll is Forget for all keys.
func (c *Cache[K, V]) ForgetAll(ctx context.Context) { await(ctx, c.forget(c.dropAll)) }

// Hear is Forget for whoever has no time to wait for Redis, as one who is told of many changes. It promises the same.
func (c *Cache[K, V]) Hear(keys ...K) { c.forget(c.drop(keys)) }

// HearAll is Hear for all keys.
func (c *Cache[K, V]) HearAll() { c.forget(c.dropAll) }

func await(ctx context.Context, told <-chan struct{}) {
	select {
	case <-told:
	case <-ctx.Done():
	}
}

func (c *Cache[K, V]) drop(keys []K) func() {
	return func() {
		for _, key := range keys {
			delete(c.flights, key)
			c.entries.Invalidate(key)
		}
	}
}

func (c *Cache[K, V]) dropAll() {
	clear(c.flights)
	c.entries.InvalidateAll()
}

// forget drops entries here, and has Redis told, which is not asked before it has been. The channel is closed then.
func (c *Cache[K, V]) forget(drop func()) (told <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	drop()
	switch {
	case c.shared == nil:
		nobody := make(chan struct{})
		close(nobody)
		return nobody
	case c.untold == nil:
		c.untold = make(chan struct{})
	}
	if !c.telling {
		c.telling = true
		go c.tell()
	}
	return c.untold
}

// tell gives Redis a new generation, one for all changes since it was given the last, until there are no more.
func (c *Cache[K, V]) tell() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.untold != nil {
		told := c.untold
		c.untold = nil
		c.mu.Unlock()
		err := c.shared.forget(context.Background()) // It is bounded by the client.
		c.mu.Lock()
		if err != nil {
			c.distrust(time.Duration(c.lifetime.Load()))
		}
		close(told)
	}
	c.telling = false
}

// distrust keeps from Redis until everything in it has expired that may be from before now: what was stored with this
// lifetime, by a load that began before now.
func (c *Cache[K, V]) distrust(lifetime time.Duration) {
	c.trusted = c.config.Clock().Add(lifetime + c.config.LoadTimeout)
	if c.shared != nil {
		c.connections = c.shared.redis.Connections()
	}
}

// trusts tells whether an answer that has just come from Redis is to be believed. It is not after a new connection:
// Redis may have been restarted from a file, or another may have taken its place that lacks the newest generation.
func (c *Cache[K, V]) trusts() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shared.redis.Connections() != c.connections {
		c.distrust(time.Duration(c.lifetime.Load()))
	}
	return !c.config.Clock().Before(c.trusted)
}

// Warm loads keys before they are asked for, so many at once, and returns when all are loaded or ctx ends. It waits
// until the cache is watched, because nothing is remembered before.
func (c *Cache[K, V]) Warm(ctx context.Context, atOnce int, keys ...K) error {
	select {
	case <-c.watches:
	case <-ctx.Done():
		return ctx.Err()
	}
	loads, ctx := errgroup.WithContext(ctx)
	loads.SetLimit(atOnce)
	for _, key := range keys {
		loads.Go(func() error {
			_, err := c.Get(ctx, key)
			if c.isAbsent(err) {
				return nil
			}
			return err
		})
	}
	return loads.Wait()
}
