package main

import (
	"fmt"
	"time"
)

// limits are what a run must keep. The times are of all requests; 0 switches one off.
type limits struct {
	mean, p99 time.Duration
	errors    float64 // share of the requests
}

// threshold is one limit and what the run has made of it.
type threshold struct {
	Name  string  `json:"name"`
	Limit float64 `json:"limit"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Kept  bool    `json:"kept"`
}

// String is a sentence.
func (t threshold) String() string {
	if t.Kept {
		return fmt.Sprintf("%s is %s %s; below %s %s was asked for", t.Name, short(t.Value), t.Unit, short(t.Limit), t.Unit)
	}
	return fmt.Sprintf("%s is %s %s; it must be below %s %s", t.Name, short(t.Value), t.Unit, short(t.Limit), t.Unit)
}

// hold compares the figures of all requests with the limits.
func (l limits) hold(f figures) []threshold {
	var all []threshold
	add := func(name string, limit, value float64, unit string) {
		all = append(all, threshold{name, limit, value, unit, value < limit})
	}
	if l.mean > 0 {
		add("mean", ms(l.mean), f.Mean, "ms")
	}
	if l.p99 > 0 {
		add("p99", ms(l.p99), f.P99, "ms")
	}
	if l.errors > 0 {
		add("error rate", 100*l.errors, 100*f.ErrorRate, "%")
	}
	return all
}

// short writes a value with three digits, or as a whole number.
func short(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}
