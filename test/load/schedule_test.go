package main

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestConstantArrivals(t *testing.T) {
	t.Parallel()
	s := constant(20, 500*time.Millisecond)
	require.Len(t, s.arrivals, 10)
	require.Equal(t, time.Duration(0), s.arrivals[0])
	require.Equal(t, 450*time.Millisecond, s.arrivals[9])
}

func TestPoissonArrivals(t *testing.T) {
	t.Parallel()
	s := poisson(100, 100*time.Second, rand.New(rand.NewPCG(1, 2)))
	require.InDelta(t, 10_000, len(s.arrivals), 400, "four standard deviations")
	apart := 0 // The share of gaps beyond the mean is 1/e.
	for i := 1; i < len(s.arrivals); i++ {
		require.GreaterOrEqual(t, s.arrivals[i], s.arrivals[i-1])
		if s.arrivals[i]-s.arrivals[i-1] > 10*time.Millisecond {
			apart++
		}
	}
	require.InDelta(t, 0.368, float64(apart)/float64(len(s.arrivals)), 0.02)
}

func TestPaceMakesUpForWhatIsOverdue(t *testing.T) {
	t.Parallel()
	s := constant(10, time.Second)
	pace := s.Pace
	wait, stop := pace(250*time.Millisecond, 3)
	require.Equal(t, 50*time.Millisecond, wait)
	require.False(t, stop)
	wait, stop = pace(5*time.Second, 3)
	require.Zero(t, wait)
	require.False(t, stop, "an arrival is sent late rather than left out")
	_, stop = pace(0, 10)
	require.True(t, stop)
}

// slow is a service that answers a request when a time has passed, by the clock of the test.
type slow struct {
	takes func(at time.Duration) time.Duration
	began time.Time

	mu   sync.Mutex
	sent []time.Duration
}

func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	at := time.Since(s.began)
	s.mu.Lock()
	s.sent = append(s.sent, at)
	s.mu.Unlock()
	select {
	case <-time.After(s.takes(at)):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	return &http.Response{
		StatusCode: http.StatusOK, Request: r, Header: http.Header{}, ProtoMajor: 1,
		Body: http.NoBody,
	}, nil
}

// oneKind is a shop that only lists products, and does not look at what comes.
func oneKind(t *testing.T) *shop {
	t.Helper()
	s := newShop("http://users.invalid", "http://orders.invalid")
	s.customers = []*caller{{address: addressOf(1)}}
	var err error
	s.mix, err = parseMix("all=0,products=1")
	require.NoError(t, err)
	return s
}

// TestNobodyWaitsForAnAnswer stops the service for ten seconds: requests go on arriving, and each that was to be
// answered meanwhile has waited from its own arrival on.
func TestNobodyWaitsForAnAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const stop, resume = 5 * time.Second, 15 * time.Second
		service := &slow{began: time.Now(), takes: func(at time.Duration) time.Duration {
			if at >= stop && at < resume {
				return resume - at
			}
			return time.Millisecond
		}}
		g := &generator{shop: oneKind(t), send: service, timeout: time.Minute}
		_, samples, err := g.run(t.Context(), constant(10, 20*time.Second))
		require.NoError(t, err)
		require.Len(t, samples, 200)
		require.Len(t, service.sent, 200)
		for n, at := range service.sent {
			require.Equal(t, time.Duration(n)*100*time.Millisecond, at, "request %d is sent when it is due", n)
		}
		waited := 0
		for _, s := range samples {
			require.Zero(t, s.late)
			if s.intended >= stop && s.intended < resume {
				require.Equal(t, resume-s.intended, s.latency)
				waited++
			}
		}
		require.Equal(t, 100, waited)
		f := figuresOf("", samples, 20*time.Second)
		require.Equal(t, 9000.0, f.P95)
		require.Equal(t, 10_000.0, f.Max)
	})
}

func TestAnAnswerThatDoesNotComeIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := &slow{began: time.Now(), takes: func(time.Duration) time.Duration { return time.Hour }}
		g := &generator{shop: oneKind(t), send: service, timeout: 3 * time.Second}
		_, samples, err := g.run(t.Context(), constant(1, time.Second))
		require.NoError(t, err)
		require.Len(t, samples, 1)
		require.Equal(t, timedOut, samples[0].problem.code)
		require.Equal(t, 3*time.Second, samples[0].latency)
	})
}

// TestALateGeneratorSaysSo has two requests that are due long before the generator comes to send them: their latencies
// count from the intended arrivals all the same, and it tells how late it was.
func TestALateGeneratorSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := &slow{began: time.Now(), takes: func(time.Duration) time.Duration { return time.Millisecond }}
		g := &generator{shop: oneKind(t), send: service, timeout: time.Minute}
		_, samples, err := g.run(t.Context(), schedule{arrivals: []time.Duration{2 * time.Second, 0, time.Second}})
		require.NoError(t, err)
		require.Len(t, samples, 3)
		late := latenessOf(samples)
		require.False(t, late.Kept)
		require.Equal(t, 2000.0, late.Max)
		require.Equal(t, 2001.0, figuresOf("", samples, time.Second).Max, "it is in the latencies, too")
	})
}

func TestMix(t *testing.T) {
	t.Parallel()
	m, err := parseMix("all=0,order=3,pay=1")
	require.NoError(t, err)
	random, drawn := rand.New(rand.NewPCG(1, 2)), map[string]int{}
	for range 4000 {
		drawn[operations[m.draw(random)].name]++
	}
	require.Len(t, drawn, 2)
	require.InDelta(t, 3000, drawn["order"], 110, "four standard deviations")
	again, err := parseMix(m.String())
	require.NoError(t, err)
	require.Equal(t, m, again)
	for text, says := range map[string]string{
		"order": "no weight", "order=-1": "no weight", "order=NaN": "no weight", "tea=1": "there is no \"tea\"",
		"all=0": "all weights are 0",
	} {
		_, err := parseMix(text)
		require.ErrorContains(t, err, says, text)
	}
}

func TestSettingsThatCannotWork(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, says string }{
		{"-rate 0", "rate: "}, {"-rate NaN", "rate: "}, {"-duration 1ms", "duration: "}, {"-clients 0", "clients: "},
		{"-customers 0", "customers: "}, {"-arrivals never", "arrivals: "}, {"-hold 2m", "hold: "},
		{"-timeout 0s", "timeout: "},
		{"-errors -1", "errors are not less"}, {"-step 1s", "step: "}, {"-users http://127.0.0.1:1", "users and orders: "},
		{"-find-capacity -profiles x", "ask for one"}, {"more", "is no flag"}, {"-gain", "gain: "},
		{"-profiles x -users http://127.0.0.1:1 -orders http://127.0.0.1:2", "so no addresses"},
	} {
		_, err := parse(strings.Fields(c.args))
		require.ErrorContains(t, err, c.says, c.args)
	}
	s, err := parse(nil)
	require.NoError(t, err)
	require.Equal(t, 100.0, s.rate)
	require.Equal(t, 50, s.clients)
	require.Equal(t, 30*time.Second, s.duration)
	require.Equal(t, limits{mean: 100 * time.Millisecond, p99: 500 * time.Millisecond, errors: 0.01}, s.limits)
}
