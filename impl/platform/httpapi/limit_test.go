package httpapi

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
)

func TestRateLimiter(t *testing.T) {
	t.Parallel()
	l := newRateLimiter()
	limit := &contract.RateLimit{Requests: 3, Window: contract.Duration(time.Minute)}
	key := rateKey{"op", "caller"}
	at := func(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }
	for _, c := range []struct {
		at          float64
		left        int
		reset, wait float64
	}{
		{0, 2, 20, 0}, {0, 1, 40, 0}, {0, 0, 60, 0}, // the burst
		{0, 0, 60, 20}, {0, 0, 60, 20}, // refusals cost nothing
		{19.5, 0, 40.5, 0.5},
		{20, 0, 60, 0}, // one came back
		{20, 0, 60, 20},
		{60, 1, 40, 0},   // two came back
		{1000, 2, 20, 0}, // all did, but no more than there are
		{1000, 1, 40, 0}, {1000, 0, 60, 0}, {1000, 0, 60, 20},
		{990, 0, 70, 30}, // a clock that goes back forgives nothing
	} {
		left, reset, wait := l.spend(key, limit, at(c.at))
		require.Equal(t, []any{c.left, c.reset, c.wait}, []any{left, reset.Seconds(), wait.Seconds()}, "at %v", c.at)
	}
	left, _, wait := l.spend(rateKey{"op", "other"}, limit, at(1000))
	require.Equal(t, 2, left, "callers have limits of their own")
	require.Zero(t, wait)
	left, _, _ = l.spend(rateKey{"other", "caller"}, limit, at(1000))
	require.Equal(t, 2, left, "so have operations")
}

// A rate that does not divide the window leaves nobody with more than the limit.
func TestRateLimiterWithOddRates(t *testing.T) {
	t.Parallel()
	for _, requests := range []int{1, 7, 999, 100_000} {
		l := newRateLimiter()
		limit := &contract.RateLimit{Requests: requests, Window: contract.Duration(time.Minute)}
		taken := 0
		for range requests + 10 {
			if _, _, wait := l.spend(rateKey{}, limit, noon); wait == 0 {
				taken++
			}
		}
		require.Equal(t, requests, taken)
	}
}

func TestRateLimiterTakesExactlyTheLimitAtOnce(t *testing.T) {
	t.Parallel()
	l := newRateLimiter()
	limit := &contract.RateLimit{Requests: 37, Window: contract.Duration(time.Minute)}
	var taken atomic.Int32
	var all sync.WaitGroup
	for range 1000 {
		all.Go(func() {
			if _, _, wait := l.spend(rateKey{"op", "caller"}, limit, noon); wait == 0 {
				taken.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 37, taken.Load())
}

func TestRateLimiterRemembersABoundedNumber(t *testing.T) {
	t.Parallel()
	l := newRateLimiter()
	limit := &contract.RateLimit{Requests: 3, Window: contract.Duration(time.Minute)}
	for i := range rememberedCallers + 20_000 {
		l.spend(rateKey{"op", strconv.Itoa(i)}, limit, noon)
	}
	l.tats.CleanUp()
	require.LessOrEqual(t, l.tats.EstimatedSize(), rememberedCallers)
	require.Greater(t, l.tats.EstimatedSize(), rememberedCallers/2)
}

func TestRateLimitOfAnAddress(t *testing.T) {
	t.Parallel()
	var clock atomic.Int64
	s := start(t, nil, func(o *Options) {
		o.RateLimits = true
		o.Clock = func() time.Time { return noon.Add(time.Duration(clock.Load())) }
	})
	from := func(address string) *httptest.ResponseRecorder {
		r := newRequest(t, http.MethodGet, "/limited/address", nil)
		r.RemoteAddr = address
		return s.serve(r)
	}
	for left := 2; left >= 0; left-- {
		w := from("192.0.2.1:1000")
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, fmt.Sprintf(`"default";r=%d;t=%d`, left, 60-20*left), w.Header().Get("RateLimit"))
		require.Equal(t, `"default";q=3;w=60`, w.Header().Get("RateLimit-Policy"))
		require.Empty(t, w.Header().Get("Retry-After"))
	}
	clock.Store(int64(100 * time.Millisecond))
	w := from("192.0.2.1:2000")
	requireCode(t, w, http.StatusTooManyRequests, "rate_limited")
	require.Equal(t, "20", w.Header().Get("Retry-After"), "19.9 s, rounded up")
	require.Equal(t, `"default";r=0;t=60`, w.Header().Get("RateLimit"))
	require.Equal(t, http.StatusTooManyRequests, from("[::ffff:192.0.2.1]:1").Code,
		"the same address, written for IPv6")
	require.Equal(t, http.StatusOK, from("192.0.2.2:1").Code)
	for i := range 3 {
		require.Equal(t, http.StatusOK, from(fmt.Sprintf("[2001:db8:1:2:%d::1]:1", i)).Code)
	}
	require.Equal(t, http.StatusTooManyRequests, from("[2001:db8:1:2:ffff::9]:1").Code, "one network")
	require.Equal(t, http.StatusOK, from("[2001:db8:1:3::1]:1").Code)
	clock.Store(int64(20 * time.Second))
	require.Equal(t, http.StatusOK, from("192.0.2.1:1").Code)
	require.Equal(t, http.StatusTooManyRequests, from("192.0.2.1:1").Code)
	// Callers whose address is not known share one limit.
	for range 3 {
		require.Equal(t, http.StatusOK, from("nowhere").Code)
	}
	require.Equal(t, http.StatusTooManyRequests, from("elsewhere").Code)
}

func TestRateLimitOfAPrincipal(t *testing.T) {
	t.Parallel()
	s := start(t, nil, func(o *Options) { o.RateLimits = true })
	as := func(token, address string) *httptest.ResponseRecorder {
		r := newRequest(t, http.MethodGet, "/limited/principal", nil, "Authorization", "Bearer "+token)
		r.RemoteAddr = address
		return s.serve(r)
	}
	for i := range 2 {
		require.Equal(t, http.StatusOK, as("ada", fmt.Sprintf("192.0.2.%d:1", i)).Code)
	}
	w := as("ada", "192.0.2.9:1")
	requireCode(t, w, http.StatusTooManyRequests, "rate_limited")
	require.Equal(t, "5", w.Header().Get("Retry-After"))
	require.Equal(t, http.StatusOK, as("bob", "192.0.2.9:1").Code)
	require.Equal(t, http.StatusUnauthorized, as("mallory", "192.0.2.9:1").Code)
}

func TestRateLimitsAreOffUnlessAskedFor(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for range 10 {
		w := s.send(t, http.MethodGet, "/limited/address", "")
		require.Equal(t, http.StatusOK, w.Code)
		require.Empty(t, w.Header().Get("RateLimit"))
	}
}

// shedding is a service whose operations wait until they are let go.
func shedding(t *testing.T) (s *service, letGo chan struct{}) {
	letGo = make(chan struct{})
	wait := func(w http.ResponseWriter, _ *http.Request) {
		<-letGo
		writeJSON(w, map[string]bool{"ok": true})
	}
	return start(t, map[string]http.HandlerFunc{"useRole": wait, "getPublic": wait, "getThing": wait, "putThings": wait,
		"getSelf": wait}, func(o *Options) { o.Shed = true }), letGo
}

// Beyond capacity the least important are refused first, at once; what is critical never is.
func TestShedding(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, letGo := shedding(t)
		for _, e := range s.chain.endpoints {
			e.rooms = nil // This is about the limit on all requests.
		}
		var all sync.WaitGroup
		var mu sync.Mutex
		status := map[contract.Priority]map[int]int{contract.Critical: {}, contract.High: {}, contract.Normal: {},
			contract.Low: {}}
		send := func(p contract.Priority) {
			all.Go(func() {
				var w *httptest.ResponseRecorder
				switch p {
				case contract.Critical:
					w = s.send(t, http.MethodGet, "/self", "", "Authorization", "Bearer ada")
				case contract.High:
					w = s.send(t, http.MethodPut, "/people/"+ada.String()+"/things", `{"name":"ab"}`, "Authorization",
						"Bearer ada")
				case contract.Normal:
					w = s.send(t, http.MethodGet, "/things/"+adasThing.String(), "", "Authorization", "Bearer ada")
				default:
					w = s.send(t, http.MethodPost, "/roles", `{"name":"ab"}`, "Authorization", "Bearer admin")
				}
				if w.Code != http.StatusOK {
					requireCode(t, w, http.StatusServiceUnavailable, "overloaded")
					require.Equal(t, "1", w.Header().Get("Retry-After"))
				}
				mu.Lock()
				defer mu.Unlock()
				status[p][w.Code]++
			})
			synctest.Wait()
		}
		running, waiting := s.chain.shedder.Inflight, s.chain.shedder.Queued
		for range firstConcurrency {
			send(contract.Low)
		}
		require.Equal(t, firstConcurrency, running())
		for range 2 * firstConcurrency {
			send(contract.Low)
		}
		require.Equal(t, firstConcurrency, waiting(), "as many low ones wait as may run")
		require.Equal(t, firstConcurrency, status[contract.Low][503], "the others were refused at once")
		for range 2 * firstConcurrency {
			send(contract.Normal)
		}
		require.Equal(t, 2*firstConcurrency, waiting())
		require.Equal(t, firstConcurrency, status[contract.Normal][503])
		for range 2 * firstConcurrency {
			send(contract.High)
		}
		require.Equal(t, 3*firstConcurrency, waiting())
		require.Equal(t, firstConcurrency, status[contract.High][503])
		for range 10 * firstConcurrency {
			send(contract.Critical)
		}
		require.Empty(t, status[contract.Critical], "none of them was refused, none waits for a permit")
		require.Equal(t, 3*firstConcurrency, waiting())

		time.Sleep(longestQueueing) // In the bubble this takes no time.
		synctest.Wait()
		require.Zero(t, waiting(), "nobody waits longer than that")
		require.Equal(t, map[int]int{503: 2 * firstConcurrency}, status[contract.High])
		close(letGo)
		all.Wait()
		require.Zero(t, running())
		require.Equal(t, map[int]int{200: 10 * firstConcurrency}, status[contract.Critical])
		require.Equal(t, map[int]int{200: firstConcurrency, 503: 2 * firstConcurrency}, status[contract.Low])
		send(contract.Low)
		require.Equal(t, firstConcurrency+1, status[contract.Low][200], "all is well again")
	})
}

// However many strangers there are, and however long they take, others find room.
func TestStrangersLeaveRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, letGo := shedding(t)
		var all sync.WaitGroup
		var served, refused atomic.Int32
		for range 10 * firstConcurrency {
			all.Go(func() {
				if w := s.send(t, http.MethodGet, "/public", ""); w.Code == http.StatusOK {
					served.Add(1)
				} else {
					requireCode(t, w, http.StatusServiceUnavailable, "overloaded")
					refused.Add(1)
				}
			})
		}
		synctest.Wait()
		require.Equal(t, placesOfRoom, s.chain.shedder.Inflight())
		require.EqualValues(t, 7*firstConcurrency, refused.Load(),
			"as many wait as normal priority lets, the others were refused at once")
		for range firstConcurrency - placesOfRoom {
			all.Go(func() {
				w := s.send(t, http.MethodPut, "/people/"+ada.String()+"/things", `{"name":"ab"}`, "Authorization",
					"Bearer ada")
				requireStatus(t, w, http.StatusOK)
			})
		}
		synctest.Wait()
		require.Equal(t, firstConcurrency, s.chain.shedder.Inflight(), "they run at once")
		require.Zero(t, s.chain.shedder.Queued())
		time.Sleep(longestQueueing)
		synctest.Wait()
		require.EqualValues(t, 10*firstConcurrency-placesOfRoom, refused.Load(), "nobody waits longer than that")
		close(letGo)
		all.Wait()
		require.EqualValues(t, placesOfRoom, served.Load())
		require.Equal(t, http.StatusOK, s.send(t, http.MethodGet, "/public", "").Code, "all is well again")
		require.Empty(t, s.chain.rooms[ShareAnonymous].places)
	})
}

// Signed in is not more important: however many requests of normal priority there are, one of high priority is served,
// and a login of anybody counts among the normal ones.
func TestNormalPriorityLeavesRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		letGo := make(chan struct{})
		wait := func(w http.ResponseWriter, _ *http.Request) {
			<-letGo
			writeJSON(w, map[string]bool{"ok": true})
		}
		s := start(t, map[string]http.HandlerFunc{"getThing": wait, "getPublic": wait}, func(o *Options) {
			o.Shed = true
			o.Document.Operation("getPublic").Policy.Priority = contract.High
			// as a login has, which waits for a connection before it waits for its hash
			o.Document.Operation("getPublic").Policy.Timeout.Slow = contract.Duration(slowByNature)
		})
		ordinary := s.chain.rooms[ShareOrdinary]
		var all sync.WaitGroup
		send := func(count int, path string, headers ...string) {
			for range count {
				all.Go(func() { s.send(t, http.MethodGet, path, "", headers...) })
			}
			synctest.Wait()
		}
		send(firstConcurrency, "/things/"+adasThing.String(), "Authorization", "Bearer ada")
		require.Equal(t, placesOfOrdinary, s.chain.shedder.Inflight())
		send(firstConcurrency, "/public")
		require.Equal(t, placesOfOrdinary, s.chain.shedder.Inflight())
		for range firstConcurrency {
			requireStatus(t, s.send(t, http.MethodPut, "/people/"+ada.String()+"/things", `{"name":"ab"}`,
				"Authorization", "Bearer ada"), http.StatusOK)
		}
		require.Less(t, cap(ordinary.places), leastConcurrency, "however low the limit gets")
		close(letGo)
		all.Wait()
		require.Empty(t, ordinary.places)
	})
}

// Whatever ends a request gives its permit back.
func TestPermitsComeBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		end := func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Query().Get("name") {
			case "panic":
				panic("over")
			case "abort":
				panic(http.ErrAbortHandler)
			case "timeout":
				<-r.Context().Done()
			}
			writeJSON(w, map[string]bool{"ok": true})
		}
		s := start(t, map[string]http.HandlerFunc{"getPublic": end}, func(o *Options) { o.Shed = true })
		for range 2 * firstConcurrency {
			for _, target := range []string{"/public?name=panic", "/public?name=abort", "/public?name=well",
				"/public?limit=0", "/nothing"} {
				func() {
					defer func() { _ = recover() }() // net/http does the same.
					s.send(t, http.MethodGet, target, "")
				}()
			}
		}
		s.send(t, http.MethodGet, "/public?name=timeout", "")
		require.Zero(t, s.chain.shedder.Inflight())
		for _, room := range s.chain.rooms {
			require.Empty(t, room.places)
		}
	})
}

// The limiter lowers its limit when requests take longer than they used to. That must not be taken for load when it
// is only the mix that changes: minutes of it leave room for the usual.
func TestMixedTrafficLeavesRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := start(t, nil, func(o *Options) { o.Shed = true })
		var refused atomic.Int32
		serve := func(took time.Duration) {
			x := s.permitted(t)
			if err := s.chain.shed(&x.request, &x.admission); err != nil {
				refused.Add(1)
				return
			}
			time.Sleep(took)
			x.record.handling = took
			s.chain.release(x)
		}
		var all sync.WaitGroup
		for tenth := range 10 * 60 * 2 { // two minutes, the mix another one each half minute
			slow := []int{1, 9, 3, 19}[tenth/300%4]
			for i := range 20 {
				took := 2 * time.Millisecond
				if i < slow {
					took = 80 * time.Millisecond
				}
				all.Go(func() { serve(took) })
			}
			time.Sleep(100 * time.Millisecond)
		}
		all.Wait()
		require.Zero(t, refused.Load())
		require.GreaterOrEqual(t, s.chain.shedder.Limit(), firstConcurrency)
		for range 60 * 90 { // A while of one at a time brings the limit down, but not to uselessness:
			serve(2 * time.Millisecond)
			time.Sleep(time.Second / 60)
		}
		require.Equal(t, leastConcurrency, s.chain.shedder.Limit())
		// a burst is served that runs and waits at the least limit.
		for range leastConcurrency + 2*leastConcurrency {
			all.Go(func() { serve(50 * time.Millisecond) })
		}
		all.Wait()
		require.Zero(t, refused.Load())
		require.Zero(t, s.chain.shedder.Inflight())
	})
}

// permitted is a call of an operation of normal priority on its way to the shedder.
func (s *service) permitted(t testing.TB) *exchange {
	return &exchange{request: request{
		tuned: s.chain.tuning.Load(),
		op:    s.chain.endpoints[route{http.MethodGet, "/public"}], http: newRequest(t, http.MethodGet, "/public", nil),
	}}
}

func BenchmarkShed(b *testing.B) {
	s := start(b, nil, func(o *Options) { o.Shed = true })
	x := s.permitted(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.chain.shed(&x.request, &x.admission); err != nil {
			b.Fatal(err)
		}
		x.record.handling = time.Millisecond
		s.chain.release(x)
	}
}

func BenchmarkRateLimit(b *testing.B) {
	l := newRateLimiter()
	limit := &contract.RateLimit{Requests: 1 << 30, Window: contract.Duration(time.Hour)}
	b.ReportAllocs()
	for b.Loop() {
		l.spend(rateKey{"op", "192.0.2.1/32"}, limit, noon)
	}
}

// Who sends a body slowly is no work yet: however many do, others are answered, and each ends with the limit of its
// operation.
func TestSlowSendersKeepNobodyOut(t *testing.T) {
	t.Parallel()
	s := start(t, nil, func(o *Options) {
		o.Shed = true
		// Each test has a document of its own.
		o.Document.Operation("echo").Policy.Timeout.Limit = contract.Duration(time.Second)
	})
	web := httptest.NewServer(s.handler)
	defer web.Close()
	var slow []net.Conn
	for range 4 * firstConcurrency {
		conn, err := net.Dial("tcp", web.Listener.Addr().String())
		require.NoError(t, err)
		defer conn.Close()
		_, err = fmt.Fprint(conn,
			"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{")
		require.NoError(t, err)
		slow = append(slow, conn)
	}
	for range 20 {
		requireStatus(t, s.send(t, http.MethodGet, "/public", ""), http.StatusOK)
	}
	require.Zero(t, s.chain.shedder.Inflight())
	for _, conn := range slow {
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(time.Minute)))
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusBadRequest, answer.StatusCode)
	}
}

func requireStatus(t *testing.T, w *httptest.ResponseRecorder, status int) {
	t.Helper()
	require.Equal(t, status, w.Code, w.Body.String())
}
