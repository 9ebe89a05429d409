package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPercentiles(t *testing.T) {
	t.Parallel()
	var all []time.Duration
	for n := 100; n >= 1; n-- {
		all = append(all, time.Duration(n)*time.Millisecond)
	}
	slices.Sort(all)
	for p, want := range map[float64]int64{0: 1, 0.5: 50, 0.9: 90, 0.99: 99, 0.991: 100, 0.999: 100, 1: 100} {
		require.Equal(t, want, percentile(all, p).Milliseconds(), "%g", p)
	}
	require.Equal(t, 7*time.Millisecond, percentile([]time.Duration{7 * time.Millisecond}, 0.99))
	require.Zero(t, percentile(nil, 0.5))
}

func TestThresholds(t *testing.T) {
	t.Parallel()
	l := defaults().limits
	kept := figures{Requests: 1000, Mean: 99.9, P99: 499.9, ErrorRate: 0.009}
	for _, one := range l.hold(kept) {
		require.True(t, one.Kept, one)
	}
	for name, broken := range map[string]figures{
		"mean":       {Requests: 1000, Mean: 100, P99: 100},
		"p99":        {Requests: 1000, Mean: 10, P99: 500},
		"error rate": {Requests: 1000, Mean: 10, P99: 100, ErrorRate: 0.01},
	} {
		r := result{Thresholds: l.hold(broken)}
		require.ErrorContains(t, r.verdict(), name+" is")
		require.ErrorContains(t, r.verdict(), "it must be below")
		require.Equal(t, 1, strings.Count(r.verdict().Error(), "must be"), name)
	}
	require.Len(t, limits{errors: 0.01}.hold(kept), 1, "0 asks for none")
	require.Empty(t, limits{}.hold(kept), "nor of errors")
	r := result{Total: figures{}}
	r.judge(limits{})
	require.False(t, r.Passed)
	require.ErrorContains(t, r.verdict(), "no request was sent")
	require.Error(t, (&result{Wrong: []string{"an order is not paid"}}).verdict())
	require.NoError(t, (&result{Notes: []string{"the generator was late"}}).verdict())
}

// made are the samples of a run of ten seconds, of two operations, with two kinds of mistakes.
func made() []sample {
	var all []sample
	for n := range 1000 {
		at := time.Duration(n) * 10 * time.Millisecond
		s := sample{operation: "getProduct", intended: at, latency: 2 * time.Millisecond}
		switch {
		case n%10 == 0:
			s.operation, s.latency = "startSession", 40*time.Millisecond
		case n == 501 || n == 502:
			s.latency, s.problem = 900*time.Millisecond, &mistake{"overloaded", "503: <b>too much</b>"}
		case n == 503:
			s.problem = &mistake{wrongAnswer, "an order that was paid is pending"}
		}
		all = append(all, s)
	}
	return all
}

// reported is a report of what was made, with what two processes cost.
func reported(t *testing.T) *result {
	t.Helper()
	began := time.Now()
	var looks []look
	for n := range 11 {
		looks = append(looks, look{began.Add(time.Duration(n) * time.Second), []cost{
			{cpu: 0.5 * float64(n), memory: 100 << 20}, {cpu: 0.25 * float64(n), memory: int64(50+n) << 20},
		}})
	}
	r := &result{
		Began: began, Commit: "0123456789ab", Machine: "2 × tests",
		Settings: map[string]string{"rate": "100 requests/s", "mix": "<all>"},
	}
	f := followed{
		Opened: 3, Most: 2, delivered: []time.Duration{3 * time.Millisecond, time.Millisecond},
		missed: []mistake{{missedEvent, "the stream of an order did not tell"}},
	}
	r.sumUp(made(), 10*time.Second, began, []process{{name: "users"}, {name: "orders"}}, looks, f)
	r.judge(defaults().limits)
	return r
}

func TestFigures(t *testing.T) {
	t.Parallel()
	r := reported(t)
	require.False(t, r.Passed)
	for _, one := range r.Thresholds {
		require.True(t, one.Kept, one)
	}
	require.Len(t, r.Wrong, 2, "an answer that is not right fails the run, though errors are rare")
	require.ErrorContains(t, r.verdict(), "1 × getProduct: wrong_answer")
	require.ErrorContains(t, r.verdict(), "event_missed")
	require.Equal(t, 1000, r.Total.Requests)
	require.Equal(t, 4, r.Total.Errors, "an event that a stream did not tell is an error, too")
	require.Equal(t, 100.0, r.Total.Rate)
	require.Equal(t, 2.0, r.Total.P50)
	require.Equal(t, 40.0, r.Total.P99)
	require.Equal(t, 900.0, r.Total.Max)
	require.Len(t, r.Operations, 2)
	require.Equal(t, "getProduct", r.Operations[0].Operation, "the most frequent first")
	require.Equal(t, 40.0, r.Operations[1].P50)
	require.Equal(t, []errorLine{
		{"getProduct", "overloaded", 2, "503: <b>too much</b>"},
		{"getProduct", wrongAnswer, 1, "an order that was paid is pending"},
		{"listOrderEvents, stream", missedEvent, 1, "the stream of an order did not tell"},
	}, r.Errors)
	require.Equal(t, 3.0, r.Streams.DeliveryP99)

	require.Len(t, r.Slices, 10)
	require.Equal(t, 900.0, r.Slices[5].Figures.Max, "by the second in which it was to be sent")
	require.Equal(t, 40.0, r.Slices[4].Figures.Max)
	require.Equal(t, []float64{0.5, 0.25}, r.Slices[5].Cores)
	require.Equal(t, []float64{100, 56}, r.Slices[5].MiB)
	require.Equal(t, usage{"users", 5, 0.5, 5, 100}, r.Processes[0])
	require.Equal(t, usage{"orders", 2.5, 0.25, 2.5, 60}, r.Processes[1])
}

// TestReport reads the report and its figures as their users do.
func TestReport(t *testing.T) {
	t.Parallel()
	r := reported(t)
	_, _, err := search(100, func(rate float64) (bool, error) {
		steps := append(stepsOf(r), stepOf(rate, *r))
		r.Capacity = &capacity{Knee: 150, Broke: 160, PerCore: 133.3, Costs: r.Processes, Steps: steps}
		return rate < 200, nil
	})
	require.NoError(t, err)
	dir := t.TempDir()
	report, file := filepath.Join(dir, "load.html"), filepath.Join(dir, "load.json")
	require.NoError(t, r.write(report, file))

	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var back result
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&back))
	require.Equal(t, r.Total, back.Total)
	require.Equal(t, r.Errors, back.Errors)
	require.Equal(t, r.Slices, back.Slices)
	require.Equal(t, r.Capacity.Steps, back.Capacity.Steps)

	drawn, err := os.ReadFile(report)
	require.NoError(t, err)
	page := string(drawn)
	for _, has := range []string{
		">failed<", "0123456789ab", "overloaded", missedEvent, "&lt;b&gt;too much&lt;/b&gt;",
		"get<wbr>Product", "150 requests per second",
		"&lt;all&gt;", "p99 of the run below 500 ms", "One core serves 133 requests per second",
	} {
		require.Contains(t, page, has)
	}
	for _, lacks := range []string{"http:", "https:", "<script", "@import", "url(", "NaN", "Inf", "%!"} {
		require.NotContains(t, page, lacks, "the page needs nothing beside itself, and every figure is one")
	}
	const charts = 2 * 6 // each wide and narrow
	require.Equal(t, charts, strings.Count(page, "<svg "))
	for part := range strings.SplitSeq(page, "<svg ") {
		if drawing, _, found := strings.Cut(part, "</svg>"); found {
			wellFormed(t, "<svg "+drawing+"</svg>")
		}
	}
}

// stepsOf are the steps so far.
func stepsOf(r *result) []capacityStep {
	if r.Capacity == nil {
		return nil
	}
	return r.Capacity.Steps
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err, text)
	}
}

func TestShortNumbers(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{0: "0", 0.049: "0.049", 7.214: "7.21", 68.23: "68.2", 2947.3: "2947"} {
		require.Equal(t, want, short(v))
	}
}

// TestReportOfNothing draws a run that was too short for anything to arrive, on a system that tells nothing of
// processes.
func TestReportOfNothing(t *testing.T) {
	t.Parallel()
	r := &result{Began: time.Now()}
	r.sumUp(nil, time.Second, r.Began, nil, []look{{at: r.Began}, {at: r.Began.Add(time.Second)}}, followed{})
	page, err := r.html()
	require.NoError(t, err)
	require.NotContains(t, string(page), "NaN")
}

func TestSearchFindsTheKnee(t *testing.T) {
	t.Parallel()
	for knee, first := range map[float64]float64{570: 100, 100: 100, 30: 100, 1: 100, 5000: 100, 149: 100} {
		tried := 0
		low, high, err := search(first, func(rate float64) (bool, error) {
			tried++
			return rate <= knee, nil
		})
		require.NoError(t, err)
		require.LessOrEqual(t, low, knee)
		require.Greater(t, high, knee)
		require.True(t, high-low <= exact*high || high-low <= 1, "between %g and %g, the knee is %g", low, high, knee)
		require.LessOrEqual(t, tried, mostSteps)
	}
	for _, first := range []float64{0.3, 0.5, 0.9, 1.4} {
		low, high, err := search(first, func(rate float64) (bool, error) {
			require.Positive(t, rate)
			return rate <= 5, nil
		})
		require.NoError(t, err)
		require.Equal(t, [2]float64{5, 6}, [2]float64{low, high}, "from %g", first)
	}
	low, high, err := search(100, func(float64) (bool, error) { return false, nil })
	require.NoError(t, err)
	require.Zero(t, low)
	require.Equal(t, 1.0, high)
	_, _, err = search(100, func(float64) (bool, error) { return false, io.ErrUnexpectedEOF })
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

// TestALateGeneratorEndsTheSearch has a step whose latencies are the generator's: it is no limit of the services.
func TestALateGeneratorEndsTheSearch(t *testing.T) {
	t.Parallel()
	tryFrom := func(first, lateFrom float64) (*capacity, error) {
		c := &capacity{}
		low, high, err := search(first, func(rate float64) (bool, error) {
			r := result{Total: figures{Requests: 1000, P99: 1}, Generator: lateness{Kept: true}}
			if rate >= lateFrom {
				r.Total.P99, r.Generator = 900, lateness{P99: 899}
			}
			r.judge(limits{p99: 500 * time.Millisecond})
			return r.Passed, c.add(stepOf(rate, r))
		})
		c.Knee, c.Broke = low, high
		return c, err
	}
	c, err := tryFrom(100, 200)
	require.ErrorIs(t, err, errLate)
	require.Len(t, c.Steps, 3)
	require.Equal(t, 225.0, c.LateAt)
	require.Zero(t, c.Broke)
	require.Equal(t, lateness{P99: 899}, c.Steps[2].Generator)
	require.Equal(t, "p99, the generator was late", c.Steps[2].Why)
	require.Equal(t, "150 requests per second keep every threshold; at 225 the generator was late, so the limit of the "+
		"services was not found: call from another machine.", c.Sentence())
	c, err = tryFrom(100, 50)
	require.ErrorIs(t, err, errLate)
	require.Equal(t, "At 100 requests per second the generator was late, so the limit of the services was not found: "+
		"call from another machine.", c.Sentence())

	kept := stepOf(100, result{Passed: true, Generator: lateness{P99: 30}})
	require.NoError(t, c.add(kept), "a late generator makes latencies worse, never better")
	broken := stepOf(100, result{Generator: lateness{Kept: true}})
	require.NoError(t, c.add(broken), "the services are slow")
	require.Empty(t, broken.Why)
}

func TestProgress(t *testing.T) {
	t.Parallel()
	line := progressLine(made()[:600], 500, 7, 2*time.Second, time.Second, 30*time.Second)
	require.Contains(t, line, "2 of 30 s")
	require.Contains(t, line, "100.0 answers/s")
	require.Contains(t, line, "7 in flight")
	require.Contains(t, line, "p99  900.0 ms")
	require.Contains(t, line, "600 answered, 3 errors")
}

// TestCostOfThisProcess burns CPU time and looks whether it is seen.
func TestCostOfThisProcess(t *testing.T) {
	t.Parallel()
	if stat(os.Getpid()) == nil {
		require.Empty(t, lookAt([]process{generatorItself()}).costs[0], "a system without /proc tells nothing")
		return
	}
	before := lookAt([]process{generatorItself(), {name: "nobody", pid: 1 << 30}})
	require.Positive(t, before.costs[0].memory)
	require.Empty(t, before.costs[1])
	for after := before; after.costs[0].cpu <= before.costs[0].cpu; {
		after = lookAt([]process{generatorItself()}) // This takes CPU time.
	}
}
