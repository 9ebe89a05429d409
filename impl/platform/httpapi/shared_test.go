package httpapi

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/ratelimit"
	"example.com/plumbline/impl/platform/redis"
	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/redistest"
)

// limited is a replica that counts calls with others.
type limited struct {
	*service

	redis *redis.Client
}

// replicas starts two that share a Redis, and an operation that each caller may call so often an hour.
func replicas(t testing.TB, server *redistest.Server, requests int, timeout time.Duration) [2]limited {
	t.Helper()
	master, err := seal.NewMasterKey("things",
		telemetry.NewSecret(base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))))
	require.NoError(t, err)
	var both [2]limited
	for i := range both {
		client, err := redis.New(redis.Config{Name: "things", URL: server.URL(), Timeout: timeout})
		require.NoError(t, err)
		t.Cleanup(client.Close)
		store, err := ratelimit.New(client, master)
		require.NoError(t, err)
		both[i].redis = client
		both[i].service = start(t, nil, func(o *Options) {
			o.RateLimits, o.SharedLimits, o.Clock = true, store, time.Now
			o.Document.Operation("limitAddress").Policy.RateLimit = &contract.RateLimit{
				Requests: requests, Window: contract.Duration(time.Hour), Per: contract.PerAddress,
			}
		})
		both[i].awaitRedis(t)
	}
	return both
}

func (l limited) awaitRedis(t testing.TB) {
	t.Helper()
	require.Eventually(t, func() bool { return l.redis.Check(context.Background()) == nil }, time.Minute, time.Millisecond)
}

// from calls the limited operation from an address.
func (s *service) from(t testing.TB, address string) *httptest.ResponseRecorder {
	t.Helper()
	r := newRequest(t, http.MethodGet, "/limited/address", nil)
	r.RemoteAddr = address + ":1"
	return s.serve(r)
}

func (s *service) decided(t testing.TB, by string) int {
	t.Helper()
	return int(s.metric(t, "rate_limit_decisions_total", map[string]string{"by": by}))
}

// A caller has a limit once, however many replicas there are, and each tells how much of it is left.
func TestReplicasShareARateLimit(t *testing.T) {
	t.Parallel()
	const most, calls = 20, 60
	both := replicas(t, redistest.Start(t), most, 10*time.Second)
	for i := range calls { // one after the other
		w := both[i%2].from(t, "203.0.113.1")
		require.Equal(t, fmt.Sprintf(`"default";q=%d;w=3600`, most), w.Header().Get("RateLimit-Policy"))
		var left, reset int
		_, err := fmt.Sscanf(w.Header().Get("RateLimit"), `"default";r=%d;t=%d`, &left, &reset)
		require.NoError(t, err)
		require.Equal(t, max(most-1-i, 0), left)
		require.LessOrEqual(t, reset, 3600*min(i+1, most)/most)
		if i < most {
			require.Equal(t, http.StatusOK, w.Code)
			continue
		}
		requireCode(t, w, http.StatusTooManyRequests, "rate_limited")
		require.NotEmpty(t, w.Header().Get("Retry-After"))
	}
	// A replica that knows a caller to be beyond the limit does not ask. One of the two has seen the last call accepted.
	require.Equal(t, most+1, both[0].decided(t, "redis")+both[1].decided(t, "redis"))
	require.Equal(t, calls-most-1, both[0].decided(t, "local")+both[1].decided(t, "local"))

	var accepted, others atomic.Int32
	var all sync.WaitGroup
	for i := range 200 { // at once
		all.Go(func() {
			if w := both[i%2].from(t, "203.0.113.2"); w.Code == http.StatusOK {
				accepted.Add(1)
			} else {
				others.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, most, accepted.Load())
	require.EqualValues(t, 200-most, others.Load())
	require.Zero(t, both[0].decided(t, "fallback")+both[1].decided(t, "fallback"))
}

// Whatever becomes of Redis, no request fails, every caller gets the limit at least, and none more than once for each
// replica.
func TestRateLimitsOutliveRedis(t *testing.T) {
	t.Parallel()
	const most = 20
	server := redistest.Start(t)
	both := replicas(t, server, most, 100*time.Millisecond)
	const callers, before, after = 10, 0, 1
	var accepted [2][callers]int // by those who called before Redis failed, and by those who came after
	call := func(generation int) {
		for i := range 4 * most {
			for caller := range callers {
				w := both[i%2].from(t, fmt.Sprintf("198.51.100.%d", 1+callers*generation+caller))
				switch w.Code {
				case http.StatusOK:
					accepted[generation][caller]++
				case http.StatusTooManyRequests:
				default:
					t.Fatalf("a request failed: %d %s", w.Code, w.Body)
				}
			}
			if generation == before && i == most/2 {
				return
			}
		}
	}
	call(before)
	for step, fail := range []func(){
		server.Kill, // in the middle of what everybody may
		server.Run,  // empty, without the script
		server.Freeze,
		server.Thaw,
		server.Fill,
		server.Empty,
	} {
		fail()
		if step%2 == 1 { // It works again.
			both[0].awaitRedis(t)
			both[1].awaitRedis(t)
		}
		call(after)
		call(before)
	}
	for range 2 * most {
		for i := range both {
			for caller := range callers {
				w := both[i].from(t, fmt.Sprintf("198.51.100.%d", 1+caller))
				if w.Code == http.StatusOK {
					accepted[before][caller]++
				}
			}
		}
	}
	for generation := range accepted {
		for caller, count := range accepted[generation] {
			require.GreaterOrEqual(t, count, most, "caller %d", caller)
			require.LessOrEqual(t, count, 2*most, "caller %d", caller)
		}
	}
	require.Positive(t, both[0].decided(t, "fallback"))
}

// others is what other replicas say of a limit.
type others struct {
	reset, wait time.Duration
	err         error
	asked       int
}

func (o *others) Spend(context.Context, string, string, contract.RateLimit) (reset, wait time.Duration, err error) {
	o.asked++
	return o.reset, o.wait, o.err
}

// A call that other replicas refuse is not counted in this one, which takes over how the limit stands.
func TestCallsRefusedElsewhere(t *testing.T) {
	t.Parallel()
	elsewhere := &others{}
	s := start(t, nil, func(o *Options) { o.RateLimits, o.SharedLimits = true, elsewhere }) // 3 a minute
	require.Equal(t, `"default";r=2;t=20`, s.from(t, "192.0.2.9").Header().Get("RateLimit"), "others know nothing of it")
	fields := func() [2]string {
		w := s.from(t, "192.0.2.1")
		return [2]string{w.Header().Get("RateLimit"), w.Header().Get("Retry-After")}
	}
	elsewhere.reset, elsewhere.wait = 50*time.Second, 10*time.Second
	require.Equal(t, [2]string{`"default";r=0;t=50`, "10"}, fields())
	require.Equal(t, [2]string{`"default";r=0;t=50`, "10"}, fields(), "known without asking")
	require.Equal(t, 2, elsewhere.asked)

	elsewhere.reset, elsewhere.wait = 5*time.Second, 15*time.Second // which others would not say: the call is uncounted
	s.from(t, "192.0.2.2")
	elsewhere.reset, elsewhere.wait = 25*time.Second, 0
	require.Equal(t, [2]string{`"default";r=1;t=25`, ""},
		func() [2]string {
			w := s.from(t, "192.0.2.2")
			return [2]string{w.Header().Get("RateLimit"), w.Header().Get("Retry-After")}
		}())
	elsewhere.err = errors.New("away")
	w := s.from(t, "192.0.2.2")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, `"default";r=0;t=45`, w.Header().Get("RateLimit"), "counted on from there")
	require.Equal(t, http.StatusTooManyRequests, s.from(t, "192.0.2.2").Code)
	require.Equal(t, 1, s.decided(t, "fallback"))
}

// Whatever other replicas say, and however often they forget it, what this one accepts keeps to the limit. A caller who
// has been away for a window is accepted, unless others refuse.
func TestNoAnswerOfOthersLiftsTheLimit(t *testing.T) {
	t.Parallel()
	elsewhere, now := &others{}, noon
	s := start(t, nil, func(o *Options) {
		o.RateLimits, o.SharedLimits, o.Clock = true, elsewhere, func() time.Time { return now }
	})
	pauses := []time.Duration{0, 0, 0, 0, time.Second, 10 * time.Second, 3 * time.Minute}
	callers := 0
	rapid.Check(t, func(t *rapid.T) {
		callers++
		key := rateKey{"op", strconv.Itoa(callers)}
		limit := contract.RateLimit{
			Requests: rapid.IntRange(1, 9).Draw(t, "requests"), Window: contract.Duration(time.Minute),
		}
		duration := rapid.Custom(func(t *rapid.T) time.Duration {
			return time.Duration(rapid.Int64Range(0, int64(2*time.Minute)).Draw(t, "ns"))
		})
		var accepted time.Time // the TAT of what was accepted here, and of nothing else
		told := 0              // calls that are left
		for range rapid.IntRange(1, 60).Draw(t, "calls") {
			away := rapid.SampledFrom(pauses).Draw(t, "away")
			now = now.Add(away)
			*elsewhere = others{reset: duration.Draw(t, "reset")}
			switch rapid.IntRange(0, 4).Draw(t, "answer") {
			case 0:
				elsewhere.err = errors.New("away")
			case 1:
				elsewhere.wait = 1 + duration.Draw(t, "wait")
			case 2: // It has forgotten everything.
				elsewhere.reset = limit.EmissionInterval()
			}
			left, reset, wait := s.chain.spend(context.Background(), key, &limit)
			if left < 0 || left >= limit.Requests && elsewhere.err != nil || reset < 0 || wait < 0 {
				t.Fatalf("left %d, reset %s, wait %s", left, reset, wait)
			}
			if wait > 0 {
				if away == 3*time.Minute && elsewhere.wait == 0 {
					t.Fatalf("refused after %s", away)
				}
				if told > 0 && away == 0 && elsewhere.asked == 0 {
					t.Fatalf("refused although %d calls were left", told)
				}
				told = left
				continue
			}
			after, over := limit.Spend(accepted.Sub(now))
			if over > 0 {
				t.Fatalf("accepted a call that is %s too early", over)
			}
			accepted, told = now.Add(after), left
			if reset < after {
				t.Fatalf("whole again after %s, not %s", after, reset)
			}
		}
	})
}

// What a caller is told after Redis was away and has come back empty is what decides the next call.
func TestTheHeaderAfterRedisForgot(t *testing.T) {
	t.Parallel()
	elsewhere := &others{err: errors.New("away")}
	s := start(t, nil, func(o *Options) { o.RateLimits, o.SharedLimits = true, elsewhere }) // 3 a minute
	for range 2 {
		s.from(t, "192.0.2.1")
	}
	*elsewhere = others{reset: 20 * time.Second} // as after a first call
	require.Equal(t, `"default";r=0;t=60`, s.from(t, "192.0.2.1").Header().Get("RateLimit"))
	w := s.from(t, "192.0.2.1")
	requireCode(t, w, http.StatusTooManyRequests, "rate_limited")
	require.Equal(t, "20", w.Header().Get("Retry-After"))
}

// A caller who has gone, or whose time is up, says nothing of Redis.
func TestCallersWhoGoAreNoFaultOfRedis(t *testing.T) {
	t.Parallel()
	s := start(t, nil, func(o *Options) {
		o.RateLimits, o.SharedLimits = true, &others{err: errors.New("gave up")}
	})
	limit := contract.RateLimit{Requests: 3, Window: contract.Duration(time.Minute)}
	for name, end := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"gone":    context.WithCancel,
		"time up": func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithTimeout(ctx, 0) },
	} {
		ctx, cancel := end(t.Context())
		cancel()
		left, _, wait := s.chain.spend(ctx, rateKey{"op", name}, &limit)
		require.Equal(t, 2, left, "what this replica decides holds")
		require.Zero(t, wait)
	}
	require.Zero(t, s.decided(t, "fallback"))
	require.Equal(t, 2, s.decided(t, "local"))
	s.chain.spend(t.Context(), rateKey{"op", "patient"}, &limit)
	require.Equal(t, 1, s.decided(t, "fallback"))
}

func BenchmarkLimitedGet(b *testing.B) {
	server := redistest.Start(b)
	for name, replica := range map[string]*service{
		"local": start(b, nil, func(o *Options) {
			o.RateLimits, o.Clock = true, time.Now
			o.Document.Operation("limitAddress").Policy.RateLimit.Requests = 1 << 30
		}),
		"redis": replicas(b, server, 1<<30, time.Second)[0].service,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if w := replica.from(b, "203.0.113.1"); w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
