package cache_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/plumbline/impl/platform/cache"
	"example.com/plumbline/impl/platform/redis"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	lifetime = time.Minute
	patience = 30 * time.Second
)

var errAbsent = errors.New("there is no such shelf")

// clock is that of a test.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time           { return time.Unix(0, c.at.Load()) }
func (c *clock) advance(by time.Duration) { c.at.Add(int64(by)) }

// shelves is what is read: how many units are on each shelf.
type shelves struct {
	mu    sync.Mutex
	units map[string]int
	err   error
	loads int

	before func(ctx context.Context, key string) // called before a load reads
	after  func()                                // called after it has read
}

func newShelves() *shelves {
	return &shelves{units: map[string]int{}, before: func(context.Context, string) {}, after: func() {}}
}

// first calls f for the first caller; the others do not wait for it.
func first(f func()) func() {
	var called atomic.Bool
	return func() {
		if !called.Swap(true) {
			f()
		}
	}
}

func (s *shelves) put(key string, units int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.units[key] = units
}

func (s *shelves) read(ctx context.Context, key string) (int, error) {
	s.before(ctx, key)
	units, err := s.look(key)
	s.after()
	return units, err
}

func (s *shelves) look(key string) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads++
	units, ok := s.units[key]
	if s.err != nil {
		return 0, s.err
	}
	if !ok {
		return 0, fmt.Errorf("shelf %s: %w", key, errAbsent)
	}
	return units, nil
}

func (s *shelves) loaded() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loads
}

// replica is a cache of the shelves.
type replica struct {
	*cache.Cache[string, int]

	t        *testing.T
	shelves  *shelves
	clock    *clock
	registry *prometheus.Registry
}

func newReplica(t *testing.T, s *shelves, at *clock, client *redis.Client) *replica {
	t.Helper()
	r := &replica{t: t, shelves: s, clock: at, registry: prometheus.NewRegistry()}
	var err error
	r.Cache, err = cache.New(cache.Config[string, int]{
		Name: "shelves", Load: s.read, LoadTimeout: patience, Absent: errAbsent, Lifetime: lifetime,
		AbsentLifetime: lifetime / 10, Bytes: 1 << 20, Weigh: func(int) int { return 8 },
		Redis: client, Text: func(key string) string { return key }, Registry: r.registry, Clock: at.now,
	})
	require.NoError(t, err)
	r.SetWatched(true)
	return r
}

func start(t *testing.T) *replica {
	t.Helper()
	return newReplica(t, newShelves(), &clock{}, nil)
}

func (r *replica) get(key string) int {
	r.t.Helper()
	units, err := r.Get(r.t.Context(), key)
	require.NoError(r.t, err)
	return units
}

func (r *replica) requireMetrics(want map[string]float64) {
	r.t.Helper()
	for name, value := range want {
		require.InDelta(r.t, value, r.metric(name), 0, name)
	}
}

// metric reads a metric of the cache.
func (r *replica) metric(name string) float64 {
	r.t.Helper()
	families, err := r.registry.Gather()
	require.NoError(r.t, err)
	for _, f := range families {
		if f.GetName() == name {
			require.Len(r.t, f.GetMetric(), 1)
			m := f.GetMetric()[0]
			require.Equal(r.t, `name:"cache" value:"shelves"`, strings.Join(strings.Fields(m.GetLabel()[0].String()), " "))
			return m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	require.Fail(r.t, "there is no such metric", name)
	return 0
}

type contextKey struct{}

// Many who miss the same key cause one load. The first of them leaves, and the others get what it began.
func TestOneLoadForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		r.shelves.put("a", 7)
		begun, release := make(chan context.Context, 1), make(chan struct{})
		r.shelves.before = func(ctx context.Context, _ string) {
			begun <- ctx
			<-release
		}
		impatient, leave := context.WithCancel(context.WithValue(t.Context(), contextKey{}, "of the first"))
		var crowd sync.WaitGroup
		left := make(chan error, 1)
		crowd.Go(func() {
			_, err := r.Get(impatient, "a")
			left <- err
		})
		loading := <-begun
		got := make(chan int, 50)
		for range cap(got) {
			crowd.Go(func() {
				units, err := r.Get(context.Background(), "a")
				if err == nil {
					got <- units
				}
			})
		}
		synctest.Wait() // until all wait for the load
		leave()
		require.ErrorIs(t, <-left, context.Canceled)
		synctest.Wait()
		require.NoError(t, loading.Err(), "the load goes on")
		require.Equal(t, "of the first", loading.Value(contextKey{}))
		deadline, bounded := loading.Deadline()
		require.True(t, bounded)
		require.LessOrEqual(t, time.Until(deadline), patience)
		close(release)
		crowd.Wait()
		close(got)
		count := 0
		for units := range got {
			require.Equal(t, 7, units)
			count++
		}
		require.Equal(t, cap(got), count)
		require.Equal(t, 1, r.shelves.loaded())
	})
}

// A load that nobody waits for is ended, and whoever comes then begins another.
func TestALoadThatAllHaveLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		r.shelves.put("a", 7)
		var ended atomic.Int64
		hold := make(chan struct{})
		r.shelves.before = func(ctx context.Context, _ string) {
			<-ctx.Done()
			ended.Add(1)
			<-hold
		}
		ctx, leave := context.WithCancel(t.Context())
		var crowd sync.WaitGroup
		for range 3 {
			crowd.Go(func() { _, _ = r.Get(ctx, "a") })
		}
		synctest.Wait()
		require.Zero(t, ended.Load())
		leave()
		crowd.Wait()
		synctest.Wait()
		require.EqualValues(t, 1, ended.Load())
		r.shelves.before = func(context.Context, string) {}
		require.Equal(t, 7, r.get("a"))
		close(hold)
	})
}

// A load ends with its own deadline, and nothing is remembered of it.
func TestALoadThatHangs(t *testing.T) {
	t.Parallel()
	hangs := true
	c, err := cache.New(cache.Config[string, int]{
		Name: "shelves", LoadTimeout: time.Millisecond, Lifetime: lifetime, Bytes: 1 << 20,
		Weigh: func(int) int { return 8 },
		Load: func(ctx context.Context, _ string) (int, error) {
			if hangs {
				<-ctx.Done()
			}
			return 7, ctx.Err()
		},
	})
	require.NoError(t, err)
	c.SetWatched(true)
	_, err = c.Get(t.Context(), "a")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	hangs = false
	units, err := c.Get(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, 7, units)
}

// Values live as long as they may at most, and do not expire together.
func TestLifetime(t *testing.T) {
	t.Parallel()
	r := start(t)
	const keys = 200
	load := func() int {
		before := r.shelves.loaded()
		for n := range keys {
			r.get(fmt.Sprint(n))
		}
		return r.shelves.loaded() - before
	}
	for n := range keys {
		r.shelves.put(fmt.Sprint(n), n)
	}
	require.Equal(t, keys, load())
	r.clock.advance(lifetime*4/5 - 1)
	require.Zero(t, load())
	r.clock.advance(lifetime / 10)
	expired := load()
	require.Greater(t, expired, keys/10)
	require.Less(t, expired, keys*9/10)
	r.ForgetAll(t.Context())
	require.Equal(t, keys, load())
	r.clock.advance(lifetime)
	require.Equal(t, keys, load())
}

// That there is nothing is remembered for a shorter time, and other errors are not.
func TestAbsent(t *testing.T) {
	t.Parallel()
	r := start(t)
	for range 3 {
		_, err := r.Get(t.Context(), "none")
		require.ErrorIs(t, err, errAbsent)
	}
	require.Equal(t, 1, r.shelves.loaded())
	r.shelves.put("none", 1)
	r.clock.advance(lifetime / 10)
	require.Equal(t, 1, r.get("none"))
	r.shelves.err = io.ErrUnexpectedEOF
	for range 3 {
		_, err := r.Get(t.Context(), "b")
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	}
	require.Equal(t, 5, r.shelves.loaded())
	r.shelves.err = nil
	r.requireMetrics(map[string]float64{
		"cache_entries": 1, "cache_hits_total": 2, "cache_misses_total": 5, "cache_loads_total": 5,
		"cache_load_failures_total": 3, "cache_bytes": 264, "cache_evictions_total": 0,
	})
}

// What has expired makes room before there is no more.
func TestExpiredEntriesGo(t *testing.T) {
	t.Parallel()
	r := start(t)
	for n := range 1000 {
		_, err := r.Get(t.Context(), fmt.Sprint(n))
		require.ErrorIs(t, err, errAbsent)
	}
	require.Greater(t, r.Len(), 900)
	r.shelves.put("a", 1)
	r.shelves.put("b", 1)
	r.clock.advance(2 * lifetime)
	r.get("a")
	r.get("b")
	require.LessOrEqual(t, r.Len(), 2)
	r.requireMetrics(map[string]float64{"cache_evictions_total": 0})
}

// A load that has read before a change answers nobody who asks after it, and is not remembered.
func TestALoadFromBeforeAChange(t *testing.T) {
	t.Parallel()
	for name, forget := range map[string]func(*replica){
		"one key": func(r *replica) { r.Forget(t.Context(), "a") },
		"all":     func(r *replica) { r.ForgetAll(t.Context()) },
		"unheard": func(r *replica) { r.SetWatched(true) },
	} {
		r := start(t)
		r.shelves.put("a", 1)
		read, release := make(chan struct{}), make(chan struct{})
		r.shelves.after = first(func() {
			close(read)
			<-release
		})
		var before sync.WaitGroup
		var old int
		before.Go(func() { old, _ = r.Get(context.Background(), "a") })
		<-read
		r.shelves.put("a", 2)
		forget(r)
		require.Equal(t, 2, r.get("a"), name)
		close(release)
		before.Wait()
		require.Equal(t, 1, old, "whoever asked before the change may see what was before")
		require.Equal(t, 2, r.get("a"), name)
		require.Equal(t, 2, r.shelves.loaded(), name)
	}
}

// Nothing is remembered while changes may go unheard, nor without a lifetime.
func TestWhenNothingIsRemembered(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.shelves.put("a", 1)
	r.get("a")
	r.SetWatched(false)
	r.shelves.put("a", 2)
	require.Equal(t, 2, r.get("a"))
	r.shelves.put("a", 3)
	require.Equal(t, 3, r.get("a"))
	r.SetWatched(true)
	require.Equal(t, 3, r.get("a"))
	r.shelves.put("a", 4)
	require.Equal(t, 3, r.get("a"), "it is remembered")
	r.SetLifetime(0)
	require.Equal(t, 4, r.get("a"))
	r.shelves.put("a", 5)
	require.Equal(t, 5, r.get("a"))
	r.SetLifetime(lifetime)
	r.get("a")
	r.shelves.put("a", 6)
	require.Equal(t, 5, r.get("a"), "it is remembered again")
}

// While changes may go unheard no load is shared: one that has begun may have read before a change.
func TestNoLoadIsSharedUnheard(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.SetWatched(false)
	r.shelves.put("a", 1)
	read, release := make(chan struct{}), make(chan struct{})
	r.shelves.after = first(func() {
		close(read)
		<-release
	})
	var before sync.WaitGroup
	before.Go(func() { _, _ = r.Get(context.Background(), "a") })
	<-read
	r.shelves.put("a", 2)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	units, err := r.Get(ctx, "a")
	close(release)
	before.Wait()
	require.NoError(t, err)
	require.Equal(t, 2, units)
}

// The memory is bounded by what entries weigh.
func TestBound(t *testing.T) {
	t.Parallel()
	r := start(t)
	for n := range 20_000 {
		r.shelves.put(fmt.Sprint(n), n)
		require.Equal(t, n, r.get(fmt.Sprint(n)))
	}
	require.LessOrEqual(t, r.metric("cache_bytes"), float64(1<<20))
	require.Greater(t, r.metric("cache_evictions_total"), float64(10_000))
}

// A load that panics fails for all who wait, and the next one is tried.
func TestPanic(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.shelves.put("a", 1)
	r.shelves.before = func(context.Context, string) { panic("the shelf has fallen") }
	_, err := r.Get(t.Context(), "a")
	require.ErrorContains(t, err, "the shelf has fallen")
	r.shelves.before = func(context.Context, string) {}
	require.Equal(t, 1, r.get("a"))
}

// Warming loads so many keys at once, waits until changes are heard, and ends with its context.
func TestWarm(t *testing.T) {
	t.Parallel()
	r := start(t)
	var at atomic.Int64
	var seen sync.Mutex
	var most int64
	gate := make(chan struct{})
	var keys []string
	for n := range 40 {
		keys = append(keys, fmt.Sprint(n))
		r.shelves.put(keys[n], n)
	}
	r.shelves.before = func(context.Context, string) {
		now := at.Add(1)
		defer at.Add(-1)
		seen.Lock()
		most = max(most, now)
		seen.Unlock()
		<-gate
	}
	warmed := make(chan error)
	go func() { warmed <- r.Warm(t.Context(), 4, append(keys, "none")...) }()
	require.Eventually(t, func() bool { return at.Load() >= 4 }, patience, time.Millisecond)
	for range len(keys) + 1 {
		gate <- struct{}{}
	}
	require.NoError(t, <-warmed)
	require.LessOrEqual(t, most, int64(4))
	require.Equal(t, 41, r.shelves.loaded())
	for n, key := range keys {
		require.Equal(t, n, r.get(key))
	}
	require.Equal(t, 41, r.shelves.loaded())

	hangs := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	hangs.shelves.before = func(context.Context, string) {
		cancel()
		<-ctx.Done()
	}
	require.ErrorIs(t, hangs.Warm(ctx, 2, keys...), context.Canceled)
	unheard, err := cache.New(cache.Config[string, int]{Name: "shelves", Bytes: 1, Weigh: func(int) int { return 8 }})
	require.NoError(t, err)
	require.ErrorIs(t, unheard.Warm(ctx, 2, keys...), context.Canceled)
}
