package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

var capitals = regexp.MustCompile(`[A-Z]`)

//go:embed report.html
var page string

// write writes the report and its figures.
func (r *result) write(report, figures string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	drawn, err := r.html()
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(figures, append(text, '\n'), 0o600), os.WriteFile(report, drawn, 0o600))
}

// verdict is an error when a threshold is not kept or something else went wrong.
func (r *result) verdict() error {
	var broken []string
	for _, t := range r.Thresholds {
		if !t.Kept {
			broken = append(broken, t.String())
		}
	}
	broken = append(broken, r.Wrong...)
	if len(broken) == 0 {
		return nil
	}
	return errors.New("the load test has failed: " + strings.Join(broken, "; "))
}

// print writes the figures as text.
func (r *result) print(out io.Writer) {
	if r.Capacity != nil {
		r.Capacity.print(out)
	}
	fmt.Fprintf(out, "\n%-26s %9s %7s %8s %8s %8s %8s %8s %8s\n",
		"ms from intended arrival", "requests", "errors", "mean", "p50", "p90", "p95", "p99", "max")
	for _, f := range append([]figures{r.Total}, r.Operations...) {
		name := f.Operation
		if name == "" {
			name = "all"
		}
		fmt.Fprintf(out, "%-26s %9d %7d %8.1f %8.1f %8.1f %8.1f %8.1f %8.1f\n",
			name, f.Requests, f.Errors, f.Mean, f.P50, f.P90, f.P95, f.P99, f.Max)
	}
	for _, e := range r.Errors {
		fmt.Fprintln(out, e)
	}
	fmt.Fprintf(out, "\n%-12s %8s %8s %16s %10s\n", "process", "CPU s", "cores", "CPU ms/request", "peak MiB")
	for _, u := range r.Processes {
		fmt.Fprintf(out, "%-12s %8.2f %8.2f %16.2f %10.1f\n", u.Process, u.CPU, u.Cores, u.CPUPerRequest, u.PeakMiB)
	}
	fmt.Fprintf(out, "\nthe generator sent p50 %.1f ms, p99 %.1f ms, at most %.1f ms late\n",
		r.Generator.P50, r.Generator.P99, r.Generator.Max)
	fmt.Fprintf(out, "streams: %d opened, %d at once, %d payments told, p99 %.1f ms after their answer\n",
		r.Streams.Opened, r.Streams.Most, r.Streams.Payments, r.Streams.DeliveryP99)
	for _, t := range r.Thresholds {
		fmt.Fprintln(out, t)
	}
	for _, note := range r.Notes {
		fmt.Fprintln(out, "NOTE:", note)
	}
}

// shown is what the page is made of.
type shown struct {
	*result

	Charts   []chart
	Rows     []row
	Axis     []place
	Settings []setting
	CPUs     []bar
}

type setting struct{ Name, Value string }

// row is an operation with its latencies as places, in percent of the axis.
type row struct {
	figures

	From, Width, MaxAt float64
}

// place is a value on an axis, in percent.
type place struct {
	At   float64
	Text string
}

// bar is a process with its share of the CPU time, in percent of the largest.
type bar struct {
	usage

	Class string
	Width float64
}

// html draws the page.
func (r *result) html() ([]byte, error) {
	t, err := template.New("report").Funcs(template.FuncMap{
		"short":   short,
		"f1":      func(v float64) string { return fmt.Sprintf("%.1f", v) },
		"f2":      func(v float64) string { return fmt.Sprintf("%.2f", v) },
		"percent": func(v float64) string { return fmt.Sprintf("%.2g %%", 100*v) },
		"css":     func(v float64) template.CSS { return template.CSS(fmt.Sprintf("%.2f%%", v)) }, //nolint:gosec // a number
		// words lets the name of an operation break before its capitals.
		"words": func(name string) template.HTML {
			text := capitals.ReplaceAllString(template.HTMLEscapeString(name), "<wbr>$0")
			return template.HTML(text) //nolint:gosec // It is escaped.
		},
		"clock": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
	}).Parse(page)
	if err != nil {
		return nil, err
	}
	s := shown{result: r}
	for _, name := range slices.Sorted(maps.Keys(r.Settings)) {
		s.Settings = append(s.Settings, setting{name, r.Settings[name]})
	}
	s.Rows, s.Axis = r.rows()
	if r.Capacity != nil {
		s.Charts = r.Capacity.charts(r)
	}
	s.Charts = append(s.Charts, r.charts()...)
	largest := 0.0
	for _, u := range r.Processes {
		largest = max(largest, u.CPU)
	}
	for i, u := range r.Processes {
		s.CPUs = append(s.CPUs, bar{u, classOf(i), 100 * u.CPU / max(largest, 0.01)})
	}
	var b bytes.Buffer
	if err := t.Execute(&b, s); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// rows places the operations on an axis of milliseconds, which is logarithmic.
func (r *result) rows() (rows []row, axis []place) {
	x := scale{from: math.Inf(1), to: 1, low: 0, high: 100, log: true}
	for _, f := range r.Operations {
		x.from, x.to = min(x.from, max(f.P50, 0.1)), max(x.to, f.Max)
	}
	if math.IsInf(x.from, 0) {
		return nil, nil
	}
	x.from, x.to = x.from*0.8, x.to*1.1
	for _, v := range x.ticks(0) {
		axis = append(axis, place{x.at(v), number(v)})
	}
	for _, f := range r.Operations {
		rows = append(rows, row{f, x.at(f.P50), max(0.6, x.at(f.P99)-x.at(f.P50)), x.at(f.Max)})
	}
	return rows, axis
}

func classOf(process int) string { return fmt.Sprintf("c%d", process+1) }

// charts are those over time.
func (r *result) charts() []chart {
	const seconds = "s since the beginning"
	middle := func(s slice) float64 { return s.From + s.Length/2 }
	line := func(name, class string, value func(slice) float64) series {
		one := series{Name: name, Class: class}
		for _, s := range r.Slices {
			one.Points = append(one.Points, point{middle(s), value(s)})
		}
		return one
	}
	latency := func(name, class string, value func(figures) float64) series {
		return line(name, class, func(s slice) float64 {
			if s.Figures.Requests == 0 {
				return math.NaN()
			}
			return value(s.Figures)
		})
	}
	limit, name := 0.0, ""
	for _, t := range r.Thresholds {
		if t.Name == "p99" {
			limit, name = t.Limit, fmt.Sprintf("p99 of the run below %g ms", t.Limit)
		}
	}
	all := []chart{
		{
			Title: "Latency", X: seconds, Y: "ms, logarithmic", Log: true, Limit: limit, LimitName: name,
			About: "From the intended arrival to the end of the answer, by the time of arrival.",
			Series: []series{
				latency("p50", "p50", func(f figures) float64 { return f.P50 }),
				latency("p95", "p95", func(f figures) float64 { return f.P95 }),
				latency("p99", "p99", func(f figures) float64 { return f.P99 }),
			},
		},
		{
			Title: "Requests", X: seconds, Y: "requests",
			About: "Arrivals and errors per second, and how many waited for their answer at the same time.",
			Series: []series{
				line("arrivals/s", "p95", func(s slice) float64 { return float64(s.Figures.Requests) / s.Length }),
				line("in flight", "c4", func(s slice) float64 { return float64(s.InFlight) }),
				line("errors/s", "bad", func(s slice) float64 { return float64(s.Figures.Errors) / s.Length }),
			},
		},
	}
	cpu := chart{
		Title: "CPU", X: seconds, Y: "cores", About: "CPU time per second of each process, with those that it has started.",
	}
	memory := chart{
		Title: "Memory", X: seconds, Y: "MiB", About: "Resident memory of each process; shared pages are counted once.",
	}
	for i, p := range r.Processes {
		of := func(values func(slice) []float64) func(slice) float64 {
			return func(s slice) float64 {
				if i >= len(values(s)) {
					return math.NaN()
				}
				return values(s)[i]
			}
		}
		cpu.Series = append(cpu.Series, line(p.Process, classOf(i), of(func(s slice) []float64 { return s.Cores })))
		memory.Series = append(memory.Series, line(p.Process, classOf(i), of(func(s slice) []float64 { return s.MiB })))
	}
	all = append(all, cpu, memory)
	for i := range all {
		for _, s := range r.Slices {
			all[i].Until = s.From + s.Length
		}
	}
	return all
}
