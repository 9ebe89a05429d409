package main

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// result is a run as it is reported, in HTML and in JSON.
type result struct {
	Began      time.Time         `json:"began"`
	Commit     string            `json:"commit"`
	Machine    string            `json:"machine"`
	Settings   map[string]string `json:"settings"`
	Passed     bool              `json:"passed"`
	Thresholds []threshold       `json:"thresholds"`
	// Wrong are sentences about what went wrong beside the thresholds, Notes about what the figures mean.
	Wrong      []string    `json:"wrong,omitempty"`
	Notes      []string    `json:"notes,omitempty"`
	Total      figures     `json:"total"`
	Operations []figures   `json:"operations"`
	Errors     []errorLine `json:"errors"`
	Streams    streamLine  `json:"streams"`
	Generator  lateness    `json:"generator"`
	Processes  []usage     `json:"processes"`
	Slices     []slice     `json:"over_time"`
	Capacity   *capacity   `json:"capacity,omitempty"`
}

// figures are about requests: all of them, or those of an operation. Times are in milliseconds, from the intended
// arrival to the end of the answer.
type figures struct {
	Operation string  `json:"operation,omitempty"`
	Requests  int     `json:"requests"`
	Errors    int     `json:"errors"`
	ErrorRate float64 `json:"error_rate"`
	Rate      float64 `json:"rate_per_s"`
	Mean      float64 `json:"mean_ms"`
	P50       float64 `json:"p50_ms"`
	P90       float64 `json:"p90_ms"`
	P95       float64 `json:"p95_ms"`
	P99       float64 `json:"p99_ms"`
	P999      float64 `json:"p999_ms"`
	Max       float64 `json:"max_ms"`
}

// errorLine counts the same mistakes of one operation.
type errorLine struct {
	Operation string `json:"operation"`
	Code      string `json:"code"`
	Times     int    `json:"times"`
	Example   string `json:"example"`
}

// String is a line for a person.
func (e errorLine) String() string {
	return fmt.Sprintf("%d × %s: %s, as in: %s", e.Times, e.Operation, e.Code, e.Example)
}

// streamLine is what became of the streams. Delivery times are in milliseconds after the answer to the payment.
type streamLine struct {
	followed

	Payments    int     `json:"payments_told"`
	DeliveryP50 float64 `json:"delivery_p50_ms"`
	DeliveryP99 float64 `json:"delivery_p99_ms"`
}

// lateness says how well the generator kept the schedule: how much later than intended, in milliseconds, it sent.
type lateness struct {
	P50 float64 `json:"late_p50_ms"`
	P99 float64 `json:"late_p99_ms"`
	Max float64 `json:"late_max_ms"`
	// Kept says that the figures are those of the services, not of a generator that could not keep up.
	Kept bool `json:"kept_the_rate"`
}

// mostLate is the lateness that 99 of 100 arrivals may have. Latencies count from the intended time, so what is later
// than that is the generator's own in them.
const mostLate = 20 * time.Millisecond

// usage is what a process cost over the run.
type usage struct {
	Process       string  `json:"process"`
	CPU           float64 `json:"cpu_s"`
	Cores         float64 `json:"cores"`
	CPUPerRequest float64 `json:"cpu_ms_per_request"`
	PeakMiB       float64 `json:"peak_mib"`
}

// slice is a part of the time of a run.
type slice struct {
	From     float64   `json:"from_s"`
	Length   float64   `json:"length_s"`
	Figures  figures   `json:"figures"`
	InFlight int       `json:"in_flight"` // at its end
	Cores    []float64 `json:"cores,omitempty"`
	MiB      []float64 `json:"mib,omitempty"`
}

func ms(d time.Duration) float64 { return math.Round(float64(d)/1e4) / 100 }

// figuresOf sums up samples that were sent within a time.
func figuresOf(operation string, samples []sample, within time.Duration) figures {
	f := figures{Operation: operation, Requests: len(samples)}
	if len(samples) == 0 {
		return f
	}
	var all []time.Duration
	var sum time.Duration
	for _, s := range samples {
		if s.problem != nil {
			f.Errors++
		}
		all = append(all, s.latency)
		sum += s.latency
	}
	slices.Sort(all)
	f.ErrorRate = float64(f.Errors) / float64(len(samples))
	f.Rate = float64(len(samples)) / within.Seconds()
	f.Mean = ms(sum / time.Duration(len(samples)))
	for p, to := range map[float64]*float64{
		0.5: &f.P50, 0.9: &f.P90, 0.95: &f.P95, 0.99: &f.P99, 0.999: &f.P999, 1: &f.Max,
	} {
		*to = ms(percentile(all, p))
	}
	return f
}

// byOperation sums up the samples of each operation, the most frequent first.
func byOperation(samples []sample, within time.Duration) []figures {
	parts := map[string][]sample{}
	for _, s := range samples {
		parts[s.operation] = append(parts[s.operation], s)
	}
	var all []figures
	for operation, part := range parts {
		all = append(all, figuresOf(operation, part, within))
	}
	slices.SortFunc(all, func(a, b figures) int {
		return cmp.Or(b.Requests-a.Requests, cmp.Compare(a.Operation, b.Operation))
	})
	return all
}

// errorsOf counts mistakes by operation and code, the most frequent first.
func errorsOf(samples []sample, beside []errorLine) []errorLine {
	type kind struct{ operation, code string }
	lines := map[kind]*errorLine{}
	add := func(l errorLine) {
		k := kind{l.Operation, l.Code}
		if lines[k] == nil {
			lines[k] = &errorLine{Operation: l.Operation, Code: l.Code, Example: l.Example}
		}
		lines[k].Times += l.Times
	}
	for _, s := range samples {
		if s.problem != nil {
			add(errorLine{s.operation, s.problem.code, 1, s.problem.detail})
		}
	}
	for _, l := range beside {
		add(l)
	}
	all := []errorLine{}
	for _, k := range slices.SortedFunc(maps.Keys(lines), func(a, b kind) int {
		return cmp.Or(lines[b].Times-lines[a].Times, cmp.Compare(a.operation, b.operation), cmp.Compare(a.code, b.code))
	}) {
		all = append(all, *lines[k])
	}
	return all
}

// latenessOf sums up how late the generator was.
func latenessOf(samples []sample) lateness {
	var all []time.Duration
	for _, s := range samples {
		all = append(all, s.late)
	}
	slices.Sort(all)
	p99 := percentile(all, 0.99)
	return lateness{ms(percentile(all, 0.5)), ms(p99), ms(percentile(all, 1)), p99 <= mostLate}
}

// overTime cuts a run into parts, about sixty and none shorter than a second, by the intended times of arrival.
func overTime(samples []sample, duration time.Duration, began time.Time, looks []look) []slice {
	length := max(time.Second, (duration / 60).Round(time.Second))
	var all []slice
	for from := time.Duration(0); from < duration; from += length {
		length := min(length, duration-from)
		if length < time.Second/2 && len(all) > 0 {
			break // A rest that short has too few requests to say anything.
		}
		s := slice{From: from.Seconds(), Length: length.Seconds()}
		var part []sample
		for _, one := range samples {
			if one.intended >= from && one.intended < from+length {
				part = append(part, one)
			}
			if one.intended < from+length && one.intended+one.latency >= from+length {
				s.InFlight++
			}
		}
		s.Figures = figuresOf("", part, length)
		s.Cores, s.MiB = costs(looks, began.Add(from), began.Add(from+length))
		all = append(all, s)
	}
	return all
}

// costs are the cores and the memory that each process used in a part of the time; nil where no look was taken in it.
func costs(looks []look, from, to time.Time) (cores, mib []float64) {
	first := slices.IndexFunc(looks, func(l look) bool { return !l.at.Before(from) })
	last := slices.IndexFunc(looks, func(l look) bool { return !l.at.Before(to) })
	if last < 0 {
		last = len(looks) - 1
	}
	first = max(0, min(first, last-1))
	if last <= first || first < 0 {
		return nil, nil
	}
	a, b := looks[first], looks[last]
	for i := range b.costs {
		cores = append(cores, math.Round(1000*(b.costs[i].cpu-a.costs[i].cpu)/b.at.Sub(a.at).Seconds())/1000)
		mib = append(mib, math.Round(10*float64(b.costs[i].memory)/(1<<20))/10)
	}
	return cores, mib
}

// usageOf is what each process cost over all looks.
func usageOf(processes []process, looks []look, requests int) []usage {
	first, last := looks[0], looks[len(looks)-1]
	var all []usage
	for i, p := range processes {
		u := usage{Process: p.name, CPU: math.Round(100*(last.costs[i].cpu-first.costs[i].cpu)) / 100}
		u.Cores = math.Round(1000*u.CPU/last.at.Sub(first.at).Seconds()) / 1000
		u.CPUPerRequest = math.Round(1e6*u.CPU/float64(max(requests, 1))) / 1000
		for _, l := range looks {
			u.PeakMiB = max(u.PeakMiB, math.Round(10*float64(l.costs[i].memory)/(1<<20))/10)
		}
		all = append(all, u)
	}
	return all
}

// streamsOf sums up streams, and gives their mistakes as lines.
func streamsOf(f followed) (streamLine, []errorLine) {
	const operation = "listOrderEvents, stream"
	var wrong []errorLine
	for _, m := range append(f.missed, f.broken...) {
		wrong = append(wrong, errorLine{operation, m.code, 1, m.detail})
	}
	slices.Sort(f.delivered)
	return streamLine{
		f, len(f.delivered), ms(percentile(f.delivered, 0.5)), ms(percentile(f.delivered, 0.99)),
	}, wrong
}
