package main

import (
	"math"
	"math/rand/v2"
	"time"
)

// schedule is when each request of a run is intended to be sent, counted from the beginning. It is made before the run:
// no answer, late or early, changes it. It is the vegeta.Pacer of the run.
type schedule struct {
	rate     float64
	arrivals []time.Duration
}

// constant spaces arrivals evenly.
func constant(rate float64, duration time.Duration) schedule {
	s := schedule{rate: rate}
	for n := 0; ; n++ {
		at := time.Duration(math.Round(float64(n) / rate * float64(time.Second)))
		if at >= duration {
			return s
		}
		s.arrivals = append(s.arrivals, at)
	}
}

// poisson spaces arrivals at random: callers that know nothing of each other form a Poisson process, whose gaps are
// distributed exponentially.
func poisson(rate float64, duration time.Duration, random *rand.Rand) schedule {
	s := schedule{rate: rate}
	for at := 0.0; ; {
		at += random.ExpFloat64() / rate
		if at >= duration.Seconds() {
			return s
		}
		s.arrivals = append(s.arrivals, time.Duration(at*float64(time.Second)))
	}
}

// Pace tells how long to wait for the next arrival. Arrivals that are overdue are made up for at once, never left out.
func (s schedule) Pace(elapsed time.Duration, made uint64) (wait time.Duration, stop bool) {
	if made >= uint64(len(s.arrivals)) {
		return 0, true
	}
	return max(0, s.arrivals[made]-elapsed), false
}

// Rate is the number of arrivals per second.
func (s schedule) Rate(time.Duration) float64 { return s.rate }

// percentile gives the value that a share of p of the sorted values does not exceed (nearest rank), 0 of none.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(p*float64(len(sorted))+0.999999) - 1
	return sorted[min(max(rank, 0), len(sorted)-1)]
}
