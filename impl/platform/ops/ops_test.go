package ops

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
)

func get(t *testing.T, o *Ops, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	o.Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	data, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return string(data)
}

func works(context.Context) error { return nil }
func fails(context.Context) error { return errors.New("it does not work") }

func TestLivenessLooksAtTheProcessAlone(t *testing.T) {
	t.Parallel()
	o := New(Options{Checks: []Check{{Name: "postgres", Critical: true, Run: func(context.Context) error {
		t.Error("liveness asked a dependency")
		return nil
	}}}})
	o.SetDraining()
	res := get(t, o, "/livez")
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.JSONEq(t, `{"status":"alive"}`, body(t, res))
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	o := New(Options{Checks: []Check{{Name: "postgres", Critical: true, Run: fails}}})
	expect := func(status int, want string) {
		t.Helper()
		res := get(t, o, "/readyz")
		require.Equal(t, status, res.StatusCode)
		require.JSONEq(t, want, body(t, res))
	}
	expect(503, `{"status":"not_ready","reason":"starting"}`)
	o.SetReady(true)
	expect(200, `{"status":"ready"}`)
	o.SetReady(false)
	expect(503, `{"status":"not_ready","reason":"starting"}`)
	o.SetReady(true)
	o.SetDraining()
	expect(503, `{"status":"not_ready","reason":"draining"}`)
	o.SetReady(true)
	expect(503, `{"status":"not_ready","reason":"draining"}`)
}

// A condition delays readiness until it holds, or for a bounded time.
func TestReadinessWaits(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var keys, stock atomic.Bool
	o := New(Options{Clock: func() time.Time { return now }, Awaited: []Condition{
		{Reason: "no_keys", Within: 10 * time.Second, Holds: keys.Load},
		{Reason: "no_stock", Within: time.Minute, Holds: stock.Load},
	}})
	expect := func(status int, reason string) {
		t.Helper()
		res := get(t, o, "/readyz")
		require.Equal(t, status, res.StatusCode)
		require.Contains(t, body(t, res), reason)
	}
	now = now.Add(time.Hour)
	expect(503, "starting") // The wait has not begun.
	o.SetReady(true)
	expect(503, "no_keys")
	keys.Store(true)
	expect(503, "no_stock")
	keys.Store(false)
	now = now.Add(10*time.Second - 1)
	o.SetReady(true) // The wait does not begin again.
	expect(503, "no_keys")
	now = now.Add(1)
	expect(503, "no_stock")
	stock.Store(true)
	expect(200, "ready")
	stock.Store(false)
	now = now.Add(50 * time.Second)
	expect(200, "ready")
	o.SetDraining()
	expect(503, "draining")
}

// An optional failure makes a healthy service degraded; it never improves an unhealthy one, in whatever order they are
// found.
func TestOverallIsTheWorst(t *testing.T) {
	t.Parallel()
	critical, optional := Check{Name: "c", Critical: true, Run: works}, Check{Name: "o", Run: works}
	badCritical, badOptional := Check{Name: "bc", Critical: true, Run: fails}, Check{Name: "bo", Run: fails}
	for _, c := range []struct {
		checks []Check
		status Status
		code   int
	}{
		{nil, Healthy, 200},
		{[]Check{critical, optional}, Healthy, 200},
		{[]Check{critical, badOptional}, Degraded, 200},
		{[]Check{badOptional, critical}, Degraded, 200},
		{[]Check{badOptional, optional}, Degraded, 200},
		{[]Check{badCritical, optional}, Unhealthy, 503},
		{[]Check{badCritical, badOptional}, Unhealthy, 503},
		{[]Check{badOptional, badCritical}, Unhealthy, 503},
		{[]Check{badOptional, badCritical, badOptional, critical}, Unhealthy, 503},
	} {
		o := New(Options{Checks: c.checks})
		o.SetReady(true)
		res := get(t, o, "/healthz")
		require.Equal(t, c.code, res.StatusCode)
		var report Report
		require.NoError(t, json.Unmarshal([]byte(body(t, res)), &report))
		require.Equal(t, c.status, report.Status)
		require.Len(t, report.Dependencies, len(c.checks))
	}
}

func TestHealthAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := New(Options{Checks: []Check{
			{Name: "postgres", Critical: true,
				Run: func(context.Context) error { time.Sleep(1500 * time.Microsecond); return nil }},
			{Name: "redis", Run: fails},
		}})
		res := get(t, o, "/healthz", "Accept", "text/html")
		require.Equal(t, "application/json", res.Header.Get("Content-Type"))
		require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
		require.JSONEq(t, `{"status":"degraded","dependencies":[
			{"name":"postgres","status":"healthy","critical":true,"since":"2000-01-01T00:00:00.0015Z",
				"checked_at":"2000-01-01T00:00:00.0015Z","duration_ms":1.5},
			{"name":"redis","status":"unhealthy","critical":false,"since":"2000-01-01T00:00:00Z",
				"checked_at":"2000-01-01T00:00:00Z","duration_ms":0,"reason":"failed"}]}`, body(t, res))
	})
}

func TestReasonsTellNothing(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for _, c := range []struct {
		err  error
		want Reason
	}{
		{fmt.Errorf("ping postgres://u:%s@db.internal: %w", secret, context.DeadlineExceeded), TimedOut},
		{&net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 7), Port: 5432},
			Err: syscall.ECONNREFUSED}, Unreachable},
		{fmt.Errorf("ping: %w", &net.DNSError{Err: "no such host", Name: "db.internal", IsNotFound: true}), Unreachable},
		{&net.DNSError{Err: "i/o timeout", Name: "db.internal", IsTimeout: true}, TimedOut},
		{errors.New("password " + secret + " refused by db.internal"), Failed},
		{fmt.Errorf("call db.internal: %w", Reason("breaker_open")), "breaker_open"},
	} {
		o := New(Options{
			Clock:  func() time.Time { return time.Unix(0, 0) }, // Its digits are none of those below.
			Checks: []Check{{Name: "d", Run: func(context.Context) error { return c.err }}},
		})
		text := body(t, get(t, o, "/healthz"))
		require.Contains(t, text, `"reason":"`+string(c.want)+`"`)
		for _, leak := range []string{secret, "db.internal", "10.0.0.7", "5432"} {
			require.NotContains(t, text, leak)
		}
	}
}

func TestPanickingCheckFails(t *testing.T) {
	t.Parallel()
	o := New(Options{Checks: []Check{{Name: "d", Critical: true, Run: func(context.Context) error { panic("hunter2") }}}})
	text := body(t, get(t, o, "/healthz"))
	require.Contains(t, text, `"reason":"failed"`)
	require.NotContains(t, text, "hunter2")
}

func TestProbeStormAsksOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		o := New(Options{CacheFor: 5 * time.Second, Checks: []Check{{Name: "d", Run: func(context.Context) error {
			asked.Add(1)
			time.Sleep(time.Second)
			return nil
		}}}})
		storm := func() {
			var done sync.WaitGroup
			for range 100 {
				done.Go(func() { o.Health() })
			}
			done.Wait()
		}
		storm()
		require.EqualValues(t, 1, asked.Load(), "at the same time")
		time.Sleep(5*time.Second - time.Nanosecond)
		storm()
		require.EqualValues(t, 1, asked.Load(), "while the result is fresh")
		time.Sleep(time.Nanosecond)
		storm()
		require.EqualValues(t, 2, asked.Load(), "again when it is not")
	})
}

func TestChecksRunAtTheSameTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		o := New(Options{Checks: []Check{{Name: "a", Run: slow}, {Name: "b", Run: slow, Timeout: time.Second},
			{Name: "c", Run: slow}}})
		start := time.Now()
		report := o.Health()
		require.Equal(t, defaultTimeout, time.Since(start))
		for i, want := range []float64{2000, 1000, 2000} {
			require.Equal(t, TimedOut, report.Dependencies[i].Reason)
			require.InDelta(t, want, report.Dependencies[i].DurationMS, 0)
		}
	})
}

func TestCheckThatIgnoresItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		release := make(chan struct{})
		o := New(Options{Checks: []Check{{Name: "d", Critical: true, Run: func(context.Context) error {
			asked.Add(1)
			<-release
			return nil
		}}}})
		start := time.Now()
		require.Equal(t, TimedOut, o.Health().Dependencies[0].Reason)
		require.Equal(t, defaultTimeout, time.Since(start))

		time.Sleep(time.Minute)
		start = time.Now()
		require.Equal(t, TimedOut, o.Health().Dependencies[0].Reason)
		require.Zero(t, time.Since(start), "nobody waits for it again")
		require.EqualValues(t, 1, asked.Load(), "nor is another goroutine spent on it")

		close(release)
		synctest.Wait()
		require.Equal(t, Healthy, o.Health().Status, "once it has returned it is asked again")
		require.EqualValues(t, 2, asked.Load())
	})
}

func TestResultsAgeByTheClock(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("UTC+8", 8*3600))
	asked := 0
	o := New(Options{Clock: func() time.Time { return now },
		Checks: []Check{{Name: "d", Run: func(context.Context) error { asked++; return nil }}}})
	require.Equal(t, now.UTC(), o.Health().Dependencies[0].CheckedAt)
	now = now.Add(defaultCacheFor - 1)
	o.Health()
	require.Equal(t, 1, asked)
	now = now.Add(1)
	o.Health()
	require.Equal(t, 2, asked)
}

func TestStatusChangesAreLogged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		var broken atomic.Bool
		o := New(Options{Log: slog.New(slog.NewTextHandler(&out, nil)),
			Checks: []Check{{Name: "redis", Run: func(context.Context) error {
				if broken.Load() {
					return errors.New("refused")
				}
				return nil
			}}}})
		for _, b := range []bool{false, true, true, false, false, true} {
			broken.Store(b)
			o.Health()
			synctest.Wait()
			time.Sleep(defaultCacheFor)
		}
		require.Equal(t, 2, strings.Count(out.String(), "dependency fails"))
		require.Equal(t, 1, strings.Count(out.String(), "works again"))
		require.Contains(t, out.String(), "error=refused")
		require.Contains(t, out.String(), "dependency=redis failed_for=4s", "two checks, 2 s apart, then one that works")
	})
}

// since is when a check first found the status, however often and with whichever reason it is found again.
func TestSince(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("UTC+8", 8*3600))
	var err error
	o := New(Options{Clock: func() time.Time { return now },
		Checks: []Check{{Name: "redis", Run: func(context.Context) error { return err }}}})
	changed := now.UTC()
	for i, found := range []error{nil, nil, Reason("full"), Reason("away"), nil, nil, Reason("away")} {
		now = now.Add(time.Minute)
		if i == 0 || i == 2 || i == 4 || i == 6 {
			changed = now.UTC()
		}
		err = found
		d := o.Health().Dependencies[0]
		require.Equal(t, changed, d.Since, "check %d", i)
		require.Equal(t, now.UTC(), d.CheckedAt)
	}
}

// Watch finds a failure and its end though nobody asks for /healthz; it ends with its context.
func TestWatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		var checks atomic.Int32
		registry := prometheus.NewPedanticRegistry()
		o := New(Options{Checks: []Check{{Name: "redis", Run: func(context.Context) error {
			checks.Add(1)
			if broken.Load() {
				return Reason("away")
			}
			return nil
		}}, {Name: "nats", Run: works}}})
		registry.MustRegister(o.Collector())
		shows := func(want string) {
			t.Helper()
			require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(want)))
		}
		const head = "# HELP dependency_healthy 1 if the last check of the dependency succeeded, otherwise 0.\n" +
			"# TYPE dependency_healthy gauge\ndependency_healthy{dependency=\"nats\"} 1\n"
		shows("") // Nothing is known yet.
		ctx, end := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			o.Watch(ctx)
		}()
		synctest.Wait()
		shows(head + "dependency_healthy{dependency=\"redis\"} 1\n")
		broke := time.Now()
		broken.Store(true)
		time.Sleep(time.Hour)
		synctest.Wait()
		shows(head + "dependency_healthy{dependency=\"redis\"} 0\n")
		require.InDelta(t, time.Hour/checkEvery, checks.Load(), float64(time.Hour/checkEvery/5))
		d := o.Health().Dependencies[0]
		require.Equal(t, Reason("away"), d.Reason)
		require.LessOrEqual(t, d.Since.Sub(broke), checkEvery*6/5)
		end()
		<-ended
		before := checks.Load()
		time.Sleep(time.Hour)
		require.Equal(t, before, checks.Load())
	})
}

// Watch does not wait for a check when its context ends: the process could not stop before the slowest.
func TestWatchEndsWithinACheck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answer := make(chan struct{})
		o := New(Options{Checks: []Check{{Name: "redis", Run: func(context.Context) error {
			<-answer
			return nil
		}}}})
		ctx, end := context.WithCancel(t.Context())
		var ended atomic.Bool
		go func() {
			o.Watch(ctx)
			ended.Store(true)
		}()
		synctest.Wait()
		require.False(t, ended.Load())
		end()
		synctest.Wait()
		require.True(t, ended.Load())
		close(answer)
	})
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "some_seconds", Help: "h", Buckets: []float64{1},
		NativeHistogramBucketFactor: 1.1})
	reg.MustRegister(h)
	h.(prometheus.ExemplarObserver).ObserveWithExemplar(.5, prometheus.Labels{"trace_id": "abc"})
	o := New(Options{Registry: reg})

	res := get(t, o, "/metrics", "Accept", "application/openmetrics-text;version=1.0.0")
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Contains(t, res.Header.Get("Content-Type"), "application/openmetrics-text")
	require.Contains(t, body(t, res), `# {trace_id="abc"} 0.5`)

	res = get(t, o, "/metrics")
	require.Contains(t, res.Header.Get("Content-Type"), "text/plain")
	require.Contains(t, body(t, res), `some_seconds_bucket{le="1"} 1`)

	res = get(t, o, "/metrics", "Accept",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
	require.Contains(t, res.Header.Get("Content-Type"), "application/vnd.google.protobuf")

	require.Equal(t, http.StatusOK, get(t, New(Options{}), "/metrics").StatusCode)
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	o := New(Options{})
	for path, want := range map[string]int{
		"/livez": 200, "/healthz": 200, "/metrics": 200, "/debug/pprof/": 200, "/debug/pprof/heap": 200,
		"/debug/pprof/goroutine?debug=1": 200,
		"/debug/pprof/symbol":            200, "/debug/pprof/cmdline": 404, "/": 404, "/livez/x": 404, "/debug/vars": 404,
	} {
		res := get(t, o, path)
		require.Equal(t, want, res.StatusCode, path)
		require.Equal(t, "no-store", res.Header.Get("Cache-Control"), path)
		require.NoError(t, res.Body.Close())
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/readyz", http.NoBody)
	w := httptest.NewRecorder()
	o.Handler().ServeHTTP(w, r)
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
}
