package outbound_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/ops"
	"example.com/plumbline/impl/platform/outbound"
)

func TestRetriesKeepWithinTheirBudget(t *testing.T) {
	t.Parallel()
	inBubble(t, outbound.Config{OpenAfter: 1 << 20}, func(t *testing.T, s *service, c *outbound.Client) {
		s.answersWith(http.StatusServiceUnavailable)
		for range 1000 {
			require.NotNil(t, get(t.Context(), t, c))
		}
		require.LessOrEqual(t, s.tries.Load(), int64(1000+100+10), "a tenth, and what had been saved")
		require.GreaterOrEqual(t, s.tries.Load(), int64(1000+100))

		// A service that works again fills it.
		s.answersWith(http.StatusOK)
		for range 1000 {
			require.Nil(t, get(t.Context(), t, c))
		}
		before := s.tries.Load()
		s.answersWith(http.StatusServiceUnavailable)
		for range 100 {
			require.NotNil(t, get(t.Context(), t, c))
		}
		require.LessOrEqual(t, s.tries.Load()-before, int64(100+10+10), "but not beyond what a short disturbance takes")
		require.GreaterOrEqual(t, s.tries.Load()-before, int64(100+10+9))
	})
}

func TestBreakerOpensProbesAndCloses(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	config := outbound.Config{MaxAttempts: 1, OpenAfter: 4, OpenFor: 5 * time.Second, Registry: registry}
	inBubble(t, config, func(t *testing.T, s *service, c *outbound.Client) {
		s.answersWith(http.StatusInternalServerError)
		for range 4 {
			require.NoError(t, c.Check(t.Context()))
			require.Equal(t, outbound.Failing, get(t.Context(), t, c).Reason)
		}
		require.Equal(t, ops.Reason("breaker_open"), c.Check(t.Context()))
		refused := get(t.Context(), t, c)
		require.Equal(t, outbound.BreakerOpen, refused.Reason)
		require.EqualValues(t, 4, s.tries.Load(), "it is left alone")
		require.InDelta(t, 5, refused.RetryAfter.Seconds(), 1)

		// One probe at a time; one that fails opens the breaker again.
		s.hangs()
		time.Sleep(6 * time.Second)
		require.NoError(t, c.Check(t.Context()), "nothing is refused")
		failures := make(chan error)
		probe := request(t.Context(), t, http.MethodGet, "/me")
		for range 10 {
			go func() {
				_, err := c.Do(probe)
				failures <- err
			}()
		}
		count := map[outbound.Reason]int{}
		for range 10 {
			failure, ok := errors.AsType[*outbound.Error](<-failures)
			require.True(t, ok)
			count[failure.Reason]++
		}
		require.Equal(t, map[outbound.Reason]int{outbound.TimedOut: 1, outbound.BreakerOpen: 9}, count)
		require.EqualValues(t, 5, s.tries.Load())
		require.Error(t, c.Check(t.Context()))

		// A caller who gives up is no verdict, and leaves no probe behind.
		time.Sleep(6 * time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, cancel)
		_, err := c.Do(request(ctx, t, http.MethodGet, "/me"))
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, outbound.BreakerOpen, get(t.Context(), t, c).Reason)

		time.Sleep(6 * time.Second)
		s.answersWith(http.StatusOK)
		require.Nil(t, get(t.Context(), t, c))
		require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
			# HELP outbound_breaker_state State of the breaker: 0 closed, 1 open, 2 half open.
			# TYPE outbound_breaker_state gauge
			outbound_breaker_state{dependency="users"} 0
		`), "outbound_breaker_state"))
		s.answersWith(http.StatusInternalServerError)
		require.Equal(t, outbound.Failing, get(t.Context(), t, c).Reason, "one failure does not open it")
		s.answersWith(http.StatusOK)
		require.Nil(t, get(t.Context(), t, c))
	})
}

// Check asks the service itself, so that a failure shows while nobody calls. A redirect is an answer.
func TestCheckAsks(t *testing.T) {
	t.Parallel()
	inBubble(t, outbound.Config{Probe: "/keys", OpenAfter: 1}, func(t *testing.T, s *service, c *outbound.Client) {
		var asked string
		s.answers(func(_ http.ResponseWriter, r *http.Request) { asked = r.Method + " " + r.URL.Path })
		require.NoError(t, c.Check(t.Context()))
		require.Equal(t, "GET /api/keys", asked)
		require.EqualValues(t, 1, s.tries.Load())
		for status, want := range map[int]string{
			http.StatusNoContent: "", http.StatusNotModified: "", http.StatusFound: "", http.StatusTooManyRequests: "",
			http.StatusNotFound: "failing", http.StatusInternalServerError: "failing", http.StatusServiceUnavailable: "failing",
		} {
			s.answersWith(status)
			err := c.Check(t.Context())
			if want == "" {
				require.NoError(t, err, status)
				continue
			}
			require.ErrorIs(t, err, ops.Reason(want), status)
		}
		s.hangs()
		began := time.Now()
		require.ErrorIs(t, c.Check(t.Context()), ops.Reason("timeout"))
		require.Equal(t, 2*time.Second, time.Since(began))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, c.Check(ctx), ops.Reason("timeout"))
		require.Equal(t, 3*time.Second, time.Since(began))
		c.Close() // Otherwise the connection is used again.
		s.gone.Store(true)
		require.ErrorIs(t, c.Check(t.Context()), ops.Reason("unreachable"))
		s.gone.Store(false)
		s.answersWith(http.StatusOK)
		require.Nil(t, get(t.Context(), t, c), "no failure of a check counts: the first of a call would open the breaker")
	})
}

// A check is no call: it is neither the probe of a breaker that is half open, nor a failure that keeps it open.
func TestCheckLeavesTheBreaker(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	config := outbound.Config{
		Probe: "/keys", MaxAttempts: 1, OpenAfter: 1, OpenFor: 5 * time.Second, Registry: registry,
	}
	inBubble(t, config, func(t *testing.T, s *service, c *outbound.Client) {
		s.answersWith(http.StatusInternalServerError)
		require.Equal(t, outbound.Failing, get(t.Context(), t, c).Reason)
		require.EqualValues(t, 1, s.tries.Load())
		require.Equal(t, ops.Reason("breaker_open"), c.Check(t.Context()))
		require.EqualValues(t, 1, s.tries.Load(), "it is left alone")
		time.Sleep(6 * time.Second)
		for range 3 {
			require.ErrorIs(t, c.Check(t.Context()), ops.Reason("failing"))
		}
		s.answersWith(http.StatusOK)
		for range 3 {
			require.NoError(t, c.Check(t.Context()))
		}
		require.EqualValues(t, 7, s.tries.Load())
		require.Nil(t, get(t.Context(), t, c), "the call that closes the breaker is a customer's")
		require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
			# HELP outbound_breaker_state State of the breaker: 0 closed, 1 open, 2 half open.
			# TYPE outbound_breaker_state gauge
			outbound_breaker_state{dependency="users"} 0
		`), "outbound_breaker_state"))
		count, err := testutil.GatherAndCount(registry, "outbound_requests_total")
		require.NoError(t, err)
		require.Equal(t, 10, count)
		require.InDelta(t, 2, sum(t, registry, "outbound_requests_total"), 0, "of two calls, one failed")
	})
}

// sum adds the values of a counter's series.
func sum(t *testing.T, registry *prometheus.Registry, name string) (total float64) {
	t.Helper()
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == name {
				total += metric.GetCounter().GetValue()
			}
		}
	}
	return total
}

func TestFewFailuresDoNotOpenTheBreaker(t *testing.T) {
	t.Parallel()
	inBubble(t, outbound.Config{MaxAttempts: 1}, func(t *testing.T, s *service, c *outbound.Client) {
		for i := range 300 {
			s.answersWith(http.StatusOK)
			if i%3 == 0 {
				s.answersWith(http.StatusServiceUnavailable)
			}
			require.Equal(t, i%3 == 0, get(t.Context(), t, c) != nil)
			require.NoError(t, c.Check(t.Context()))
		}
		// Nor do refusals of the caller, or a limit on it.
		time.Sleep(time.Minute)
		for _, status := range []int{http.StatusForbidden, http.StatusTooManyRequests} {
			s.answersWith(status)
			for range 50 {
				_, _ = c.Do(request(t.Context(), t, http.MethodGet, "/me"))
				require.NoError(t, c.Check(t.Context()))
			}
		}
	})
}

// TestHasteIsNoVerdict proves that callers with little time do not open the breaker for the others.
func TestHasteIsNoVerdict(t *testing.T) {
	t.Parallel()
	inBubble(t, outbound.Config{}, func(t *testing.T, s *service, c *outbound.Client) {
		s.hangs()
		for range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			require.Equal(t, outbound.TimedOut, get(ctx, t, c).Reason)
			cancel()
			ctx, cancel = context.WithCancel(t.Context())
			time.AfterFunc(70*time.Millisecond, cancel)
			_, err := c.Do(request(ctx, t, http.MethodGet, "/me"))
			require.ErrorIs(t, err, context.Canceled)
			require.NotErrorIs(t, err, outbound.ErrUnavailable)
			require.NoError(t, c.Check(t.Context()))
		}
	})
}
