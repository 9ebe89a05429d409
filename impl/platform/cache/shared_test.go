package cache_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/cache"
	"example.com/plumbline/impl/platform/redis"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/redistest"
)

// connect gives a client of Redis that works.
func connect(t *testing.T, url telemetry.Secret) *redis.Client {
	t.Helper()
	client, err := redis.New(redis.Config{Name: "parcels", URL: url, Timeout: time.Second})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	require.Eventually(t, func() bool { return client.Check(t.Context()) == nil }, patience, time.Millisecond)
	return client
}

// trusting starts a replica that asks Redis: it has heard of all changes for long enough.
func trusting(t *testing.T, s *shelves, at *clock, client *redis.Client) *replica {
	t.Helper()
	r := newReplica(t, s, at, client)
	at.advance(lifetime + patience)
	return r
}

// stored waits until Redis has the entry of a key.
func stored(t *testing.T, server *redistest.Server, key string) string {
	t.Helper()
	name := ""
	require.Eventually(t, func() bool {
		for found := range strings.FieldsSeq(strings.Trim(server.Do("KEYS", "parcels:cache:shelves:*:"+key), "[]")) {
			name = found
		}
		return name != ""
	}, patience, time.Millisecond)
	return name
}

// What one replica has loaded, the others need not load.
func TestSharing(t *testing.T) {
	t.Parallel()
	server, at, s := redistest.Start(t), &clock{}, newShelves()
	client := connect(t, server.URL())
	a, b := newReplica(t, s, at, client), trusting(t, s, at, client)
	s.put("a", 1)
	a.ForgetAll(t.Context()) // It gives Redis a generation.
	require.Equal(t, 1, a.get("a"))
	stored(t, server, "a")
	loads := s.loaded()
	require.Equal(t, 1, b.get("a"))
	require.Equal(t, loads, s.loaded())
	b.requireMetrics(map[string]float64{
		"cache_redis_hits_total": 1, "cache_redis_misses_total": 0, "cache_loads_total": 0,
	})

	s.put("a", 2)
	a.Forget(t.Context(), "a")
	require.Equal(t, 2, a.get("a"), "Redis has an entry from before the change")
	b.Forget(t.Context(), "a")
	require.Equal(t, 2, b.get("a"))

	at.advance(lifetime)
	s.put("a", 3)
	require.Equal(t, 3, b.get("a"), "an entry of Redis is no younger than its value")
}

// A replica reads the database before a change, and stores what it has read after another replica has heard of the
// change: that must answer nobody.
func TestAStoreFromBeforeAChange(t *testing.T) {
	t.Parallel()
	server, at, s := redistest.Start(t), &clock{}, newShelves()
	client := connect(t, server.URL())
	a, b := newReplica(t, s, at, client), trusting(t, s, at, client)
	s.put("a", 1)
	a.ForgetAll(t.Context())
	at.advance(lifetime + patience)
	read, release := make(chan struct{}), make(chan struct{})
	s.after = first(func() {
		close(read)
		<-release
	})
	var slow sync.WaitGroup
	slow.Go(func() { _, _ = a.Get(context.Background(), "a") })
	<-read
	s.put("a", 2)
	b.Forget(t.Context(), "a") // a has not heard yet.
	close(release)
	slow.Wait()
	require.Equal(t, "1", server.Do("EXISTS", stored(t, server, "a")), "it was stored")
	require.Equal(t, 2, b.get("a"))
	a.Forget(t.Context(), "a")
	require.Equal(t, 2, a.get("a"))
}

// A change that Redis could not be told of: who knows of it, and who begins to listen after it, does not ask Redis
// until what may be stale has expired.
func TestAChangeThatRedisDoesNotLearn(t *testing.T) {
	t.Parallel()
	server, at, s := redistest.Start(t), &clock{}, newShelves()
	proxy := redistest.Through(t, server)
	client := connect(t, proxy.URL())
	r := newReplica(t, s, at, client)
	r.ForgetAll(t.Context())
	at.advance(lifetime + patience)
	s.put("a", 1)
	r.get("a")
	stored(t, server, "a")
	proxy.Cut()
	s.put("a", 2)
	r.Forget(t.Context(), "a")
	proxy.Join()
	require.Eventually(t, func() bool { return client.Check(t.Context()) == nil }, patience, time.Millisecond)
	require.Equal(t, 2, r.get("a"))
	require.Equal(t, 2, newReplica(t, s, at, client).get("a"))
	stored(t, server, "a") // It is still there.
}

// What an earlier release has stored in another shape is never read, nor is anything that cannot be.
func TestOtherBytes(t *testing.T) {
	t.Parallel()
	server, at, s := redistest.Start(t), &clock{}, newShelves()
	client := connect(t, server.URL())
	r := newReplica(t, s, at, client)
	r.ForgetAll(t.Context())
	at.advance(lifetime + patience)
	s.put("a", 1)
	r.get("a")
	name := stored(t, server, "a")
	generation := server.Do("GET", "parcels:cache:shelves:generation")
	for _, bytes := range []string{"", generation, generation + "{", generation + `{"value": "one"}`, "{}"} {
		server.Do("SET", name, bytes)
		again := trusting(t, s, at, client)
		require.Equal(t, 1, again.get("a"), bytes)
	}
	type label struct{ Text string }
	other, err := cache.New(cache.Config[string, label]{
		Name: "shelves", Lifetime: lifetime, AbsentLifetime: lifetime, LoadTimeout: patience, Bytes: 1 << 20,
		Weigh: func(label) int { return 8 }, Redis: client, Text: func(key string) string { return key }, Clock: at.now,
		Load: func(context.Context, string) (label, error) { return label{"of another shape"}, nil },
	})
	require.NoError(t, err)
	other.SetWatched(true)
	at.advance(lifetime + patience)
	got, err := other.Get(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, "of another shape", got.Text)
	require.Eventually(t, func() bool {
		return len(strings.Fields(server.Do("KEYS", "parcels:cache:shelves:*:a"))) == 2
	}, patience, time.Millisecond, "the releases have keys of their own")
}

// A Redis that has lost its memory, or is away, costs loads and nothing else.
func TestARedisThatForgets(t *testing.T) {
	t.Parallel()
	server, at, s := redistest.Start(t), &clock{}, newShelves()
	client := connect(t, server.URL())
	r := newReplica(t, s, at, client)
	at.advance(lifetime + patience)
	for n := range 5 {
		s.put("a", n)
		server.Do("FLUSHALL")
		r.Forget(t.Context(), "a")
		require.Equal(t, n, r.get("a"))
	}
	server.Kill()
	for n := range 5 {
		s.put("a", n)
		r.Forget(t.Context(), "a")
		require.Equal(t, n, r.get("a"))
	}
}

// A Redis that is restarted from a file has entries again that were forgotten: nothing of it is believed.
func TestARedisThatGoesBackInTime(t *testing.T) {
	t.Parallel()
	server, at, s := redistest.Start(t), &clock{}, newShelves()
	client := connect(t, server.URL())
	r := newReplica(t, s, at, client)
	r.ForgetAll(t.Context())
	at.advance(lifetime + patience)
	s.put("a", 1)
	r.get("a")
	name := stored(t, server, "a")
	server.Do("SAVE")
	s.put("a", 2)
	r.Forget(t.Context(), "a")
	server.Kill()
	server.Run()
	require.Equal(t, "1", server.Do("EXISTS", name), "it is there again")
	generation := server.Do("GET", "parcels:cache:shelves:generation")
	require.True(t, strings.HasPrefix(server.Do("GET", name), generation), "and it holds")
	require.Eventually(t, func() bool { return client.Check(t.Context()) == nil }, patience, time.Millisecond)
	require.Equal(t, 2, r.get("a"))
	require.NotEqual(t, generation, server.Do("GET", "parcels:cache:shelves:generation"), "it holds for nobody any more")

	at.advance(lifetime)
	s.put("a", 3)
	require.Equal(t, 3, r.get("a"), "what is there is not believed until it has expired")
	r.requireMetrics(map[string]float64{"cache_redis_hits_total": 0, "cache_redis_misses_total": 2})
	at.advance(lifetime + patience)
	r.get("a")
	r.requireMetrics(map[string]float64{"cache_redis_misses_total": 3})
}

// Whoever asks for what there is not fills no Redis.
func TestAbsenceIsNotShared(t *testing.T) {
	t.Parallel()
	server, at, s := redistest.Start(t), &clock{}, newShelves()
	client := connect(t, server.URL())
	r := newReplica(t, s, at, client)
	r.ForgetAll(t.Context())
	at.advance(lifetime + patience)
	s.put("a", 1)
	for n := range 100 {
		_, err := r.Get(t.Context(), fmt.Sprint("none", n))
		require.ErrorIs(t, err, errAbsent)
	}
	r.get("a")
	stored(t, server, "a") // over the same connection, so what was sent before has arrived
	require.Equal(t, "[]", server.Do("KEYS", "*:none*"))
}

// busy gives a replica that trusts Redis, which has a=1 of another replica, while a is 2 in truth and the answers of
// Redis come late.
func busy(t *testing.T, late time.Duration) (*replica, *redistest.Server) {
	t.Helper()
	server, at, s := redistest.Start(t), &clock{}, newShelves()
	proxy := redistest.Through(t, server)
	client, err := redis.New(redis.Config{Name: "parcels", URL: proxy.URL(), Timeout: patience, KeepAlive: patience})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	require.Eventually(t, func() bool { return client.Check(t.Context()) == nil }, patience, time.Millisecond)
	other, r := newReplica(t, s, at, client), trusting(t, s, at, client)
	s.put("a", 1)
	other.ForgetAll(t.Context())
	other.get("a")
	stored(t, server, "a")
	if late > 0 {
		proxy.Delay(late)
		t.Cleanup(proxy.Heal)
	}
	s.put("a", 2)
	return r, server
}

// Many changes at once are forgotten here without a wait for Redis, and Redis is told once for many of them. Nobody
// asks it before it has been told.
func TestManyChanges(t *testing.T) {
	t.Parallel()
	const changes, late = 1000, 20 * time.Millisecond
	r, server := busy(t, late)
	server.Do("CONFIG", "RESETSTAT")
	for range changes {
		r.Hear("a")
	}
	require.Equal(t, 2, r.get("a"), "Redis has an entry from before the changes")
	r.HearAll()
	require.Equal(t, 2, r.get("a"))
	r.requireMetrics(map[string]float64{"cache_redis_hits_total": 0, "cache_redis_misses_total": 0})
	r.Forget(t.Context(), "b") // It has been told of all.
	var told int
	_, calls, _ := strings.Cut(server.Do("INFO", "commandstats"), "cmdstat_set:calls=")
	_, err := fmt.Sscan(strings.SplitN(calls, ",", 2)[0], &told)
	require.NoError(t, err)
	require.Positive(t, told)
	require.Less(t, told, changes/2)
	require.Equal(t, 2, r.get("a"))
}

// A caller of Forget who leaves does not wait for Redis, and sees nothing from before the change either.
func TestAForgetThatIsLeft(t *testing.T) {
	t.Parallel()
	r, _ := busy(t, 100*time.Millisecond)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	r.Forget(ctx, "a")
	require.Equal(t, 2, r.get("a"))
	r.Forget(t.Context(), "a")
	require.Equal(t, 2, r.get("a"))
}

// With another lifetime all is forgotten, also what Redis has.
func TestAnotherLifetime(t *testing.T) {
	t.Parallel()
	r, _ := busy(t, 0)
	r.SetLifetime(lifetime / 2)
	require.Equal(t, 2, r.get("a"))
}

// What other replicas have stored answers nobody while changes may go unheard.
func TestUnheardAsksNoRedis(t *testing.T) {
	t.Parallel()
	server, at, s := redistest.Start(t), &clock{}, newShelves()
	client := connect(t, server.URL())
	other, r := newReplica(t, s, at, client), newReplica(t, s, at, client)
	r.SetWatched(false)
	at.advance(lifetime + patience)
	s.put("a", 1)
	other.ForgetAll(t.Context())
	other.get("a")
	stored(t, server, "a")
	s.put("a", 2)
	require.Equal(t, 2, r.get("a"))
}

// What a replica whose clock is ahead has stored is remembered no longer than anything else.
func TestAClockThatIsAhead(t *testing.T) {
	t.Parallel()
	server, at, ahead, s := redistest.Start(t), &clock{}, &clock{}, newShelves()
	client := connect(t, server.URL())
	r := trusting(t, s, at, client)
	ahead.advance(100 * lifetime)
	other := trusting(t, s, ahead, client)
	s.put("a", 1)
	other.ForgetAll(t.Context())
	other.get("a")
	name := stored(t, server, "a")
	s.put("a", 2)
	require.Equal(t, 1, r.get("a"))
	server.Do("DEL", name)
	at.advance(lifetime)
	require.Equal(t, 2, r.get("a"))
}

// A Redis that answers but takes no change is distrusted, over the same connection.
func TestAChangeThatRedisRefuses(t *testing.T) {
	t.Parallel()
	r, server := busy(t, 0)
	server.Fill()
	r.Forget(t.Context(), "a")
	server.Empty()
	require.Equal(t, 2, r.get("a"))
}
