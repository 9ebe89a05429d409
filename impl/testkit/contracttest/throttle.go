package contracttest

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/httpapi"
)

// failureLimit is a limit of x-throttle under its name in the header fields.
type failureLimit struct {
	*contract.Failures

	name string
}

// failureLimits returns the limits of an operation that its answers announce, in the order of RateLimit-Policy.
func failureLimits(op *contract.Operation) []failureLimit {
	p := op.Policy.Throttle
	if p == nil {
		return nil
	}
	limits := []failureLimit{{p.Network, "network"}}
	if p.Of != "" {
		limits = append(limits, failureLimit{p.AccountAndNetwork, "account"}, failureLimit{p.Unfamiliar, "unfamiliar"})
	}
	return limits
}

var rateItem = regexp.MustCompile(`"([a-z]+)";r=([0-9]+);t=([0-9]+)`)

// rateLeft reads the remainder of a limit from an answer.
func rateLeft(t testing.TB, answer *http.Response, limit string) int {
	t.Helper()
	for _, item := range rateItem.FindAllStringSubmatch(answer.Header.Get("RateLimit"), -1) {
		if item[1] == limit {
			left, err := strconv.Atoi(item[2])
			require.NoError(t, err)
			return left
		}
	}
	require.Failf(t, "not told", "%s is not in %s", limit, answer.Header.Get("RateLimit"))
	return 0
}

// Limited turns limits on, and raises the operation's x-rate-limit, which has a test of its own, beyond what the test
// reaches.
func Limited(s *Service, op *contract.Operation) func(*httpapi.Options) {
	document, copied, high := *s.Document, *op, *op.Policy.RateLimit
	high.Requests = 100_000
	copied.Policy.RateLimit = &high
	document.Operations = slices.Clone(document.Operations)
	document.Operations[slices.Index(document.Operations, op)] = &copied
	return func(o *httpapi.Options) { o.Document, o.RateLimits = &document, true }
}

// Throttles fails each operation with x-throttle repeatedly, with the refusals that wrong makes, on two replicas at
// once: no more attempts than allowed get through, the answers announce the remainder, and a success is refunded.
// replica serves the same database once more.
func Throttles(
	t *testing.T, s *Service, replica func(t testing.TB, of *Server, change func(*httpapi.Options)) *Server,
	wrong func(good Request) Request,
) {
	t.Helper()
	found := 0
	for _, op := range s.Document.Operations {
		if op.Policy.Throttle == nil {
			continue
		}
		found++
		t.Run(op.ID, func(t *testing.T) {
			t.Parallel()
			s.throttles(t, op, replica, wrong)
		})
	}
	requireSome(t, found, "operation with x-throttle")
}

func (s *Service) throttles(
	t *testing.T, op *contract.Operation, replica func(t testing.TB, of *Server, change func(*httpapi.Options)) *Server,
	wrong func(good Request) Request,
) {
	t.Helper()
	change := Limited(s, op)
	first := s.Start(t, change)
	second := replica(t, first, change)
	good, _ := s.Fitting(t, first, op)
	limits := failureLimits(op)
	tightest := slices.MinFunc(limits[:min(2, len(limits))],
		func(a, b failureLimit) int { return a.Failures.Failures - b.Failures.Failures })

	// A success costs nothing.
	answer, body := first.Do(t, good)
	requireSuccess(t, op, answer, body)
	good, _ = s.Fitting(t, first, op)
	bad := wrong(good)
	answer, body = first.Do(t, bad)
	require.Contains(t, op.Policy.Throttle.Counts, ProblemIn(t, answer, body).Code)
	require.Equal(t, tightest.Failures.Failures-1, rateLeft(t, answer, tightest.name))

	var mu sync.Mutex
	var all sync.WaitGroup
	outcomes := map[int]int{}
	for i := range tightest.Failures.Failures + 20 {
		all.Go(func() {
			answer, _ := []*Server{first, second}[i%2].Do(t, bad)
			mu.Lock()
			defer mu.Unlock()
			outcomes[answer.StatusCode]++
		})
	}
	all.Wait()
	require.Equal(t, 21, outcomes[http.StatusTooManyRequests], fmt.Sprint(outcomes))
	require.Len(t, outcomes, 2)

	answer, body = second.Do(t, good)
	require.Equal(t, http.StatusTooManyRequests, answer.StatusCode, body)
	require.Equal(t, contract.ErrRateLimited.Code, ProblemIn(t, answer, body).Code)
	require.Zero(t, rateLeft(t, answer, tightest.name))
	wait, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	require.NoError(t, err)
	require.Positive(t, wait)
	require.LessOrEqual(t, wait, int(time.Duration(tightest.Window).Seconds()))
	first.Clock.Advance(time.Duration(wait) * time.Second)
	good, _ = s.Fitting(t, first, op)
	answer, body = first.Do(t, good)
	requireSuccess(t, op, answer, body)
}
