package outbound_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/plumbline/impl/platform/outbound"
	"example.com/plumbline/impl/platform/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const address = "http://users.test/api"

// A service answers in a bubble of synctest: over connections in memory, in a time that tests set.
type service struct {
	tries  atomic.Int64
	answer atomic.Pointer[http.HandlerFunc]
	gone   atomic.Bool // nobody listens
	busy   atomic.Int64
	conns  chan net.Conn
	closed chan struct{}
}

func (s *service) answers(f http.HandlerFunc) { s.answer.Store(&f) }

func (s *service) answersWith(status int) {
	s.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
}

// hangs reads the request and answers nothing until its caller is gone.
func (s *service) hangs() {
	s.answers(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.tries.Add(1)
	s.busy.Add(1)
	defer s.busy.Add(-1)
	(*s.answer.Load())(w, r)
}

func (s *service) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if s.gone.Load() {
		s.tries.Add(1)
		return nil, errors.New("connection refused")
	}
	here, there := net.Pipe()
	select {
	case s.conns <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept, Close and Addr make the service its own net.Listener.
func (s *service) Accept() (net.Conn, error) {
	select {
	case conn := <-s.conns:
		return conn, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

func (s *service) Close() error   { return nil }
func (s *service) Addr() net.Addr { return &net.TCPAddr{} }

// inBubble runs a test with a service that answers 204 at first, and a client of it.
func inBubble(t *testing.T, config outbound.Config, test func(t *testing.T, s *service, c *outbound.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &service{conns: make(chan net.Conn), closed: make(chan struct{})}
		s.answersWith(http.StatusNoContent)
		server := &http.Server{Handler: s}
		var serving sync.WaitGroup
		serving.Go(func() { _ = server.Serve(s) })
		config.Name, config.BaseURL = "users", address
		c, err := outbound.New(config)
		require.NoError(t, err)
		c.ConnectWith(s.dial)
		test(t, s, c)
		c.Close()
		close(s.closed)
		require.NoError(t, server.Close())
		serving.Wait()
		for s.busy.Load() > 0 {
			time.Sleep(time.Millisecond)
		}
	})
}

func request(ctx context.Context, t *testing.T, method, path string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, address+path, nil)
	require.NoError(t, err)
	return r
}

// get calls and gives the failure, nil when there is an answer.
func get(ctx context.Context, t *testing.T, c *outbound.Client) *outbound.Error {
	t.Helper()
	answer, err := c.Do(request(ctx, t, http.MethodGet, "/me"))
	if err == nil {
		require.NotNil(t, answer)
		return nil
	}
	require.Nil(t, answer)
	require.ErrorIs(t, err, outbound.ErrUnavailable)
	failure, ok := errors.AsType[*outbound.Error](err)
	require.True(t, ok)
	require.Equal(t, "users", failure.Dependency)
	require.GreaterOrEqual(t, failure.RetryAfter, time.Second)
	return failure
}

func TestAnswersAreHandedOn(t *testing.T) {
	t.Parallel()
	inBubble(t, outbound.Config{}, func(t *testing.T, s *service, c *outbound.Client) {
		s.answers(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://elsewhere.test/")
			w.WriteHeader(http.StatusFound)
			_, _ = io.WriteString(w, r.Method+" "+r.URL.RequestURI())
		})
		answer, err := c.Do(request(t.Context(), t, http.MethodGet, "/me?x=1"))
		require.NoError(t, err)
		require.Equal(t, http.StatusFound, answer.StatusCode, "a redirect is an answer")
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.Equal(t, "GET /api/me?x=1", string(body))
		require.NoError(t, answer.Body.Close())
		require.EqualValues(t, 1, s.tries.Load())

		elsewhere, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://elsewhere.test/api", nil)
		require.NoError(t, err)
		_, err = c.Do(elsewhere)
		require.Error(t, err)
		require.NotErrorIs(t, err, outbound.ErrUnavailable)
		require.EqualValues(t, 1, s.tries.Load())
	})
}

func TestWhatTravelsWithACall(t *testing.T) {
	t.Parallel()
	inBubble(t, outbound.Config{}, func(t *testing.T, s *service, c *outbound.Client) {
		seen := make(chan http.Header, 10)
		s.answers(func(w http.ResponseWriter, r *http.Request) {
			seen <- r.Header
			time.Sleep(60 * time.Millisecond)
			w.WriteHeader(http.StatusServiceUnavailable)
		})
		scope := &telemetry.RequestScope{
			RequestID: "a-request",
			TraceID:   telemetry.NewTraceID(),
			SpanID:    telemetry.NewSpanID(),
			Sampled:   true,
		}
		ctx, cancel := context.WithTimeout(telemetry.WithRequest(t.Context(), scope), 150*time.Millisecond)
		defer cancel()
		r := request(ctx, t, http.MethodGet, "/me")
		r.Header.Set("Authorization", "Bearer abc")
		_, err := c.Do(r)
		require.ErrorIs(t, err, outbound.ErrUnavailable)
		require.Empty(t, r.Header.Get("X-Request-Timeout-Ms"), "the request is the caller's")

		first, second := <-seen, <-seen
		for _, h := range []http.Header{first, second} {
			require.Equal(t, "a-request", h.Get("X-Request-ID"))
			require.Equal(t, scope.Traceparent(), h.Get("traceparent"))
			require.Equal(t, "Bearer abc", h.Get("Authorization"))
		}
		require.Equal(t, "120", first.Get("X-Request-Timeout-Ms"))
		patience, err := strconv.Atoi(second.Get("X-Request-Timeout-Ms"))
		require.NoError(t, err)
		require.LessOrEqual(t, patience, 90, "what the caller's deadline leaves")
		require.GreaterOrEqual(t, patience, 10)

		for len(seen) > 0 {
			<-seen
		}
		require.NotNil(t, get(t.Context(), t, c))
		outside := <-seen
		require.Empty(t, outside.Get("X-Request-ID"), "outside a request there is none")
		require.Empty(t, outside.Get("traceparent"))
	})
}

func TestAServiceThatHangs(t *testing.T) {
	t.Parallel()
	inBubble(t, outbound.Config{}, func(t *testing.T, s *service, c *outbound.Client) {
		s.hangs()
		start := time.Now()
		failure := get(t.Context(), t, c)
		require.Equal(t, outbound.TimedOut, failure.Reason)
		require.ErrorIs(t, failure, context.DeadlineExceeded)
		require.EqualValues(t, 2, s.tries.Load())
		require.Equal(t, 2, failure.Attempts)
		require.LessOrEqual(t, time.Since(start), 250*time.Millisecond)
		require.GreaterOrEqual(t, time.Since(start), 240*time.Millisecond)

		for c.Check(t.Context()) == nil {
			require.NotNil(t, get(t.Context(), t, c))
		}
		start = time.Now()
		require.Equal(t, outbound.BreakerOpen, get(t.Context(), t, c).Reason)
		require.Zero(t, time.Since(start))
	})
}

func TestAServiceThatIsNotThere(t *testing.T) {
	t.Parallel()
	inBubble(t, outbound.Config{}, func(t *testing.T, s *service, c *outbound.Client) {
		s.gone.Store(true)
		start := time.Now()
		failure := get(t.Context(), t, c)
		require.Equal(t, outbound.Unreachable, failure.Reason)
		require.EqualValues(t, 3, s.tries.Load())
		require.LessOrEqual(t, time.Since(start), 75*time.Millisecond)
		s.gone.Store(false)
		require.Nil(t, get(t.Context(), t, c))
	})
}

func TestWhichAnswersAreTriedAgain(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]struct {
		tries  int64
		reason outbound.Reason
	}{
		200: {1, ""},
		404: {1, ""},
		409: {1, ""},
		429: {3, outbound.RateLimited},
		500: {1, outbound.Failing},
		501: {1, outbound.Failing},
		502: {3, outbound.Failing},
		503: {3, outbound.Failing},
		504: {3, outbound.Failing},
		507: {1, outbound.Failing},
	} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			inBubble(t, outbound.Config{}, func(t *testing.T, s *service, c *outbound.Client) {
				s.answersWith(status)
				failure := get(t.Context(), t, c)
				require.Equal(t, want.tries, s.tries.Load())
				if want.reason == "" {
					require.Nil(t, failure)
					return
				}
				require.Equal(t, want.reason, failure.Reason)
				require.Equal(t, status, failure.Status)

				flaps := s.tries.Load() + 1
				s.answers(func(w http.ResponseWriter, _ *http.Request) {
					if s.tries.Load() == flaps {
						w.WriteHeader(status)
					}
				})
				require.Equal(t, want.tries > 1, get(t.Context(), t, c) == nil)
			})
		})
	}
}

func TestWhichRequestsAreTriedAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, key string
		body        io.Reader
		want        int64
	}{
		{http.MethodGet, "", nil, 3},
		{http.MethodHead, "", nil, 3},
		{http.MethodPut, "", strings.NewReader("the body"), 3},
		{http.MethodDelete, "", nil, 3},
		{http.MethodOptions, "", nil, 3},
		{http.MethodPost, "", nil, 1},
		{http.MethodPatch, "", nil, 1},
		{http.MethodPost, "", strings.NewReader("the body"), 1},
		{http.MethodPost, "k", strings.NewReader("the body"), 3},
		{http.MethodPatch, "k", strings.NewReader("the body"), 3},
		{http.MethodPost, "k", io.MultiReader(strings.NewReader("the body")), 1}, // it can be read once
	} {
		inBubble(t, outbound.Config{}, func(t *testing.T, s *service, client *outbound.Client) {
			s.answers(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Connection", "close") // a fresh connection for each try
				body, err := io.ReadAll(r.Body)
				if c.body != nil && (err != nil || string(body) != "the body") {
					w.WriteHeader(http.StatusBadRequest)
					return
				}
				w.WriteHeader(http.StatusServiceUnavailable)
			})
			r, err := http.NewRequestWithContext(t.Context(), c.method, address, c.body)
			require.NoError(t, err)
			if c.key != "" {
				r.Header.Set("Idempotency-Key", c.key)
			}
			_, err = client.Do(r)
			failure, ok := errors.AsType[*outbound.Error](err)
			require.True(t, ok, "%s %q", c.method, c.key)
			require.Equal(t, outbound.Failing, failure.Reason, "%s %q: %v", c.method, c.key, err)
			require.Equal(t, c.want, s.tries.Load(), "%s %q", c.method, c.key)
		})
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		value func() string
		total time.Duration
		tries int64
		hint  time.Duration
	}{
		{"fits", func() string { return "2" }, 5 * time.Second, 3, 2 * time.Second},
		{"does not fit", func() string { return "2" }, 0, 1, 2 * time.Second},
		{"a date", func() string {
			return time.Now().Add(40 * time.Second).UTC().Format(http.TimeFormat)
		}, 0, 1, 40 * time.Second},
		{"a date gone by", func() string { return "Thu, 01 Jan 1970 00:00:00 GMT" }, 0, 3, time.Second},
		{"a year", func() string { return "31536000" }, 0, 1, time.Hour},
		{"nonsense", func() string { return "-5" }, 0, 3, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, outbound.Config{Total: c.total}, func(t *testing.T, s *service, client *outbound.Client) {
				s.answers(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Retry-After", c.value())
					w.WriteHeader(http.StatusServiceUnavailable)
				})
				start := time.Now()
				failure := get(t.Context(), t, client)
				require.Equal(t, c.tries, s.tries.Load())
				require.Equal(t, c.hint, failure.RetryAfter)
				switch c.name {
				case "fits":
					require.GreaterOrEqual(t, time.Since(start), 4*time.Second)
				case "does not fit":
					require.Zero(t, time.Since(start))
				}
			})
		})
	}
}

func TestCallersDeadline(t *testing.T) {
	t.Parallel()
	inBubble(t, outbound.Config{}, func(t *testing.T, s *service, c *outbound.Client) {
		s.hangs()
		for given, tries := range map[time.Duration]int64{
			9 * time.Millisecond: 0, 0: 0, 20 * time.Millisecond: 1, 200 * time.Millisecond: 2,
		} {
			before := s.tries.Load()
			ctx, cancel := context.WithTimeout(t.Context(), given)
			start := time.Now()
			failure := get(ctx, t, c)
			require.LessOrEqual(t, time.Since(start), given)
			require.Equal(t, tries, s.tries.Load()-before, given)
			if tries == 0 {
				require.Equal(t, outbound.NoTime, failure.Reason)
			} else {
				require.Equal(t, outbound.TimedOut, failure.Reason)
			}
			cancel()
		}
	})
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	inBubble(t, outbound.Config{}, func(t *testing.T, s *service, c *outbound.Client) {
		size := 1 << 20
		s.answers(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, size)) })
		require.Nil(t, get(t.Context(), t, c))
		size++
		failure := get(t.Context(), t, c)
		require.Equal(t, outbound.TooLarge, failure.Reason)
		require.Equal(t, 1, failure.Attempts)
	})
}

func TestAnswersThatEndEarly(t *testing.T) {
	t.Parallel()
	inBubble(t, outbound.Config{}, func(t *testing.T, s *service, c *outbound.Client) {
		s.answers(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "12345")
			panic(http.ErrAbortHandler)
		})
		failure := get(t.Context(), t, c)
		require.Equal(t, outbound.Unreachable, failure.Reason)
		require.Equal(t, 3, failure.Attempts)

		// One that drips counts as one that hangs.
		s.answers(func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, ".")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(10 * time.Millisecond)
			}
		})
		start := time.Now()
		require.Equal(t, outbound.TimedOut, get(t.Context(), t, c).Reason)
		require.LessOrEqual(t, time.Since(start), 250*time.Millisecond)
	})
}

func TestErrorsHoldNothingOfTheRequest(t *testing.T) {
	t.Parallel()
	inBubble(t, outbound.Config{}, func(t *testing.T, s *service, c *outbound.Client) {
		for _, fails := range []func(){
			s.hangs,
			func() { s.answersWith(http.StatusServiceUnavailable) },
			func() { s.gone.Store(true); c.Close() },
		} {
			fails()
			r := request(t.Context(), t, http.MethodGet, "/people?email=canary")
			r.Header.Set("Authorization", "Bearer canary")
			_, err := c.Do(r)
			require.ErrorIs(t, err, outbound.ErrUnavailable)
			require.NotContains(t, err.Error(), "canary")
		}
	})
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	inBubble(t, outbound.Config{Registry: registry}, func(t *testing.T, s *service, c *outbound.Client) {
		require.Nil(t, get(t.Context(), t, c))
		s.answersWith(http.StatusNotFound)
		require.Nil(t, get(t.Context(), t, c))
		s.answersWith(http.StatusServiceUnavailable)
		require.NotNil(t, get(t.Context(), t, c))
		require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
			# HELP outbound_requests_total Calls of another service by result, without retries.
			# TYPE outbound_requests_total counter
			outbound_requests_total{dependency="users",result="breaker_open"} 0
			outbound_requests_total{dependency="users",result="canceled"} 0
			outbound_requests_total{dependency="users",result="failing"} 1
			outbound_requests_total{dependency="users",result="no_time"} 0
			outbound_requests_total{dependency="users",result="rate_limited"} 0
			outbound_requests_total{dependency="users",result="rejected"} 1
			outbound_requests_total{dependency="users",result="success"} 1
			outbound_requests_total{dependency="users",result="timeout"} 0
			outbound_requests_total{dependency="users",result="too_large"} 0
			outbound_requests_total{dependency="users",result="unreachable"} 0
			# HELP outbound_retries_total Tries after the first.
			# TYPE outbound_retries_total counter
			outbound_retries_total{dependency="users"} 2
		`), "outbound_requests_total", "outbound_retries_total"))
	})
	// Two services have their own series in one registry; one service twice has not.
	_, err := outbound.New(outbound.Config{Name: "mail", BaseURL: "https://mail.test", Registry: registry})
	require.NoError(t, err)
	_, err = outbound.New(outbound.Config{Name: "users", BaseURL: address, Registry: registry})
	require.Error(t, err)
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	for _, c := range []outbound.Config{
		{Name: "", BaseURL: address},
		{Name: "users"},
		{Name: "users", BaseURL: "users.test"},
		{Name: "users", BaseURL: "ftp://users.test"},
		{Name: "users", BaseURL: "http://"},
		{Name: "users", BaseURL: "http://canary:secret@users.test"},
		{Name: "users", BaseURL: "http://users.test?key=canary"},
		{Name: "users", BaseURL: "http://users.test/%zzcanary"},
		{Name: "users", BaseURL: address, Timeout: time.Millisecond},
		{Name: "users", BaseURL: address, Timeout: time.Second},
	} {
		_, err := outbound.New(c)
		require.Error(t, err, c.BaseURL)
		require.NotContains(t, err.Error(), "canary")
	}
}

// TestOverRealConnections leaves the bubble: many callers at once, a service that works, and one whose port is closed.
func TestOverRealConnections(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }),
	)
	// Patience for a machine that is busy with other tests.
	c, err := outbound.New(
		outbound.Config{Name: "users", BaseURL: server.URL, Total: time.Minute, Timeout: 20 * time.Second},
	)
	require.NoError(t, err)
	call := func() error {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			return err
		}
		_, err = c.Do(r)
		return err
	}
	results := make(chan error)
	for range 50 {
		go func() { results <- call() }()
	}
	for range 50 {
		require.NoError(t, <-results)
	}
	c.Close()
	server.Close()
	failure, ok := errors.AsType[*outbound.Error](call())
	require.True(t, ok)
	require.Equal(t, outbound.Unreachable, failure.Reason)
	require.Equal(t, 3, failure.Attempts)
}
