package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
)

// capacity is what -find-capacity has found.
type capacity struct {
	// Knee is the highest rate, in requests per second, at which every threshold was kept; 0 if there was none.
	Knee float64 `json:"knee_per_s"`
	// Broke is the lowest rate at which one was not kept; 0 if there was none.
	Broke float64 `json:"broke_per_s"`
	// LateAt is the rate that the generator could not keep, at which the search ended; 0 if there was none.
	LateAt float64 `json:"generator_late_at_per_s"`
	// PerCore is the number of requests at the knee for each second of CPU time of the services and what they need, the
	// generator's not counted.
	PerCore float64        `json:"requests_per_core_s"`
	Costs   []usage        `json:"costs_at_knee"`
	Steps   []capacityStep `json:"steps"`
}

// capacityStep is one rate that was tried.
type capacityStep struct {
	figures

	Target    float64   `json:"target_per_s"`
	Cores     []float64 `json:"cores"` // of each process
	AllCores  float64   `json:"cores_without_generator"`
	Generator lateness  `json:"generator"`
	Kept      bool      `json:"kept"`
	Why       string    `json:"why,omitempty"`
}

const (
	// growth is the factor by which the rate is raised until a threshold breaks.
	growth = 1.5
	// exact is how near, as a share, the rates that keep and break are brought together.
	exact = 0.05
	// mostSteps bounds a search.
	mostSteps = 20
)

// search finds the highest rate that keeps: it raises the rate from a first one until it breaks, and then halves the
// distance between the two. It ends with low = 0 when no rate of 1 or more keeps.
func search(first float64, try func(rate float64) (kept bool, err error)) (low, high float64, err error) {
	rate := first
	for range mostSteps {
		kept, err := try(rate)
		if err != nil {
			return low, high, err
		}
		if kept {
			low = rate
		} else {
			high = rate
		}
		switch {
		case high == 0:
			rate = max(1, math.Round(low*growth))
		case high <= 1 || low > 0 && high-low <= exact*high:
			return low, high, nil
		default:
			rate = max(1, math.Round((low+high)/2))
		}
		if rate == low || rate == high {
			return low, high, nil
		}
	}
	return low, high, nil
}

// errLate ends a search: a threshold broke while the generator was late, which says nothing of the services.
var errLate = errors.New("the generator was late")

// add keeps a step. It gives errLate where the step is not to be counted as one that the services broke.
func (c *capacity) add(step capacityStep) error {
	c.Steps = append(c.Steps, step)
	if !step.Kept && !step.Generator.Kept {
		c.LateAt = step.Target
		return errLate
	}
	return nil
}

// findCapacity tries rates. The figures of r become those of the highest that kept.
func (t *target) findCapacity(ctx context.Context, s settings, r *result, progress *os.File) error {
	c := &capacity{}
	best := *r
	low, high, err := search(s.rate, func(rate float64) (bool, error) {
		fmt.Fprintf(progress, "%g requests/s for %s\n", rate, s.step)
		one := result{Began: r.Began, Commit: r.Commit, Machine: r.Machine, Settings: r.Settings}
		if err := t.run(ctx, s, rate, s.step, &one, progress); err != nil {
			return false, err
		}
		step := stepOf(rate, one)
		fmt.Fprintf(progress, "  %s\n", step)
		if one.Passed || best.Processes == nil {
			best = one
		}
		return one.Passed, c.add(step)
	})
	if err != nil && !errors.Is(err, errLate) {
		return err
	}
	*r = best
	c.Knee, c.Broke, c.Costs = low, high, best.Processes
	cpu := 0.0
	for _, u := range best.Processes {
		if u.Process != generatorProcess {
			cpu += u.CPU
		}
	}
	if cpu > 0 && low > 0 {
		c.PerCore = math.Round(10*float64(best.Total.Requests)/cpu) / 10
	}
	r.Capacity = c
	return nil
}

func stepOf(rate float64, r result) capacityStep {
	step := capacityStep{figures: r.Total, Target: rate, Generator: r.Generator, Kept: r.Passed}
	for _, u := range r.Processes {
		step.Cores = append(step.Cores, u.Cores)
		if u.Process != generatorProcess {
			step.AllCores += u.Cores
		}
	}
	var why []string
	for _, t := range r.Thresholds {
		if !t.Kept {
			why = append(why, t.Name)
		}
	}
	if len(r.Wrong) > 0 {
		why = append(why, "wrong answers")
	}
	if !r.Passed && !r.Generator.Kept {
		why = append(why, errLate.Error())
	}
	step.Why = strings.Join(why, ", ")
	return step
}

// String is a line for a person.
func (s capacityStep) String() string {
	verdict := "kept"
	if !s.Kept {
		verdict = "broken: " + s.Why
	}
	return fmt.Sprintf("%g/s: p50 %.1f ms, p99 %.1f ms, errors %.2f %%, %.2f cores: %s",
		s.Target, s.P50, s.P99, 100*s.ErrorRate, s.AllCores, verdict)
}

// Sentence says what was found.
func (c *capacity) Sentence() string {
	const notFound = " the generator was late, so the limit of the services was not found: call from another machine"
	if c.Knee == 0 && c.LateAt > 0 {
		return fmt.Sprintf("At %g requests per second", c.LateAt) + notFound + "."
	}
	if c.Knee == 0 {
		return fmt.Sprintf("No rate kept the thresholds; the lowest that was tried is %g requests per second.", c.Broke)
	}
	text := fmt.Sprintf("%g requests per second keep every threshold", c.Knee)
	if c.Broke > 0 {
		text += fmt.Sprintf(", %g do not", c.Broke)
	}
	if c.LateAt > 0 {
		text += fmt.Sprintf("; at %g", c.LateAt) + notFound
	}
	if c.PerCore == 0 {
		return text + "."
	}
	var parts []string
	for _, u := range c.Costs {
		if u.Process != generatorProcess {
			parts = append(parts, fmt.Sprintf("%s %.2f ms", u.Process, u.CPUPerRequest))
		}
	}
	return text + fmt.Sprintf(". One core serves %.0f requests per second: a request of the mix takes CPU time of %s.",
		c.PerCore, strings.Join(parts, ", "))
}

func (c *capacity) print(out io.Writer) {
	fmt.Fprintln(out, "\ncapacity:")
	for _, s := range c.Steps {
		fmt.Fprintln(out, " ", s)
	}
	fmt.Fprintln(out, c.Sentence())
}

// charts draw the steps by their rate.
func (c *capacity) charts(r *result) []chart {
	const x = "requests per second"
	steps := c.ByRate()
	line := func(name, class string, value func(capacityStep) float64) series {
		one := series{Name: name, Class: class}
		for _, s := range steps {
			one.Points = append(one.Points, point{s.Target, value(s)})
		}
		return one
	}
	var marks []mark
	if c.Knee > 0 {
		marks = []mark{{c.Knee, fmt.Sprintf("%g/s", c.Knee)}}
	}
	first := chart{
		Title: "Latency by rate", X: x, Y: "ms, logarithmic", Log: true, Dots: true, Marks: marks,
		About: "Each dot is a step. The dotted line marks the highest rate that kept every threshold.",
		Series: []series{
			line("p50", "p50", func(s capacityStep) float64 { return s.P50 }),
			line("p99", "p99", func(s capacityStep) float64 { return s.P99 }),
		},
	}
	for _, t := range r.Thresholds {
		if t.Name == "p99" {
			first.Limit, first.LimitName = t.Limit, fmt.Sprintf("p99 below %g ms", t.Limit)
		}
	}
	second := chart{
		Title: "CPU by rate", X: x, Y: "cores", Dots: true, Marks: marks, About: "Cores that each process used in each step.",
	}
	for i, u := range c.Costs {
		cores := func(s capacityStep) float64 { return s.Cores[i] }
		second.Series = append(second.Series, line(u.Process, classOf(i), cores))
	}
	return []chart{first, second}
}

// ByRate returns the steps from the lowest rate to the highest.
func (c *capacity) ByRate() []capacityStep {
	return slices.SortedFunc(slices.Values(c.Steps), func(a, b capacityStep) int {
		return cmp.Compare(a.Target, b.Target)
	})
}
