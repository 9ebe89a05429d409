package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// event is what go test -json writes (go doc test2json).
type event struct {
	Action     string `json:"Action"`
	Package    string `json:"Package"`
	ImportPath string `json:"ImportPath"` // of build-output and build-fail
	Test       string `json:"Test"`
	Output     string `json:"Output"`
}

// result is one package in one run.
type result struct {
	run     testRun
	path    string
	began   time.Time
	running map[string]time.Time // by test
	passed  int
	skipped int
	failed  []string
	output  map[string]*strings.Builder // by test; "" is the package's own
	races   []string                    // tests that have passed and in whose output a race is reported
	took    time.Duration
	cpu     time.Duration
	state   string // "": not begun, running, ok, FAIL
}

// report collects what the runs write, and tells it. Its methods may be used concurrently.
type report struct {
	mu      sync.Mutex
	out     io.Writer
	notes   string // the folder in which measure notes what the packages take
	results []*result
	ended   int
	builds  map[string]*strings.Builder // what the compiler says, by import path
}

func newReport(out io.Writer, runs []testRun, notes string) *report {
	r := &report{out: out, notes: notes, builds: map[string]*strings.Builder{}}
	racing := 0
	for _, run := range runs {
		for _, path := range run.packages {
			r.results = append(r.results, &result{
				run: run, path: path, running: map[string]time.Time{}, output: map[string]*strings.Builder{},
			})
			if run.name == raceRun {
				racing++
			}
		}
	}
	fmt.Fprintf(out, "%d packages, %d with the race detector; the first lines wait for the compiler\n",
		len(r.results), racing)
	return r
}

// read takes what a run writes until it ends.
func (r *report) read(index int, text io.Reader) {
	lines := bufio.NewReader(text)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		if json.Unmarshal(line, &e) == nil && e.Action != "" {
			r.take(index, e, time.Now())
		} else if len(line) > 0 {
			r.mu.Lock()
			_, _ = r.out.Write(line) // Of go itself, such as a package that is not there.
			r.mu.Unlock()
		}
		if err != nil {
			return
		}
	}
}

// find gives the package of an event. The runs are told apart by their order.
func (r *report) find(index int, path string) *result {
	seen, last := -1, ""
	for i, one := range r.results {
		if i == 0 || one.run.name != last {
			seen++
			last = one.run.name
		}
		if seen == index && strings.HasSuffix(path, "/"+one.path) {
			return one
		}
	}
	return nil
}

func (r *report) take(index int, e event, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.ImportPath != "" {
		addOutput(r.builds, e.ImportPath, e.Output)
		return
	}
	one := r.find(index, e.Package)
	if one == nil {
		return
	}
	switch e.Action {
	case "start":
		one.state, one.began = "running", now
	case "run", "cont":
		one.running[e.Test] = now
	case "pause": // Nor does a test run that waits for it.
		for test := e.Test; test != ""; test = parent(test) {
			delete(one.running, test)
		}
	case "output":
		addOutput(one.output, e.Test, e.Output)
	case "pass", "fail", "skip":
		delete(one.running, e.Test)
		if e.Test != "" {
			one.end(e)
			return
		}
		one.took, one.cpu = now.Sub(one.began), readNote(r.notes, one.run.name, one.path)
		r.ended++
		r.tell(one, e.Action)
	}
}

// parent is the test that a subtest belongs to, "" for a test of the package.
func parent(test string) string { return test[:max(strings.LastIndex(test, "/"), 0)] }

func addOutput(to map[string]*strings.Builder, key, text string) {
	if to[key] == nil {
		to[key] = &strings.Builder{}
	}
	_, _ = to[key].WriteString(text) // It takes everything.
}

// raceFound begins the report of a race. It stands in the output of whichever test wrote last, which may pass.
const raceFound = "WARNING: DATA RACE"

// end takes the end of a test. What a test that has passed said is forgotten, unless a race is reported in it.
func (one *result) end(e event) {
	switch e.Action {
	case "pass":
		one.passed++
		if said := one.output[e.Test]; said != nil && strings.Contains(said.String(), raceFound) {
			one.races = append(one.races, e.Test)
			return
		}
		delete(one.output, e.Test)
	case "skip":
		one.skipped++
	case "fail":
		if !slices.Contains(one.failed, e.Test) { // A test that runs several times says all that it says in one place.
			one.failed = append(one.failed, e.Test)
		}
	}
}

// tell writes the line of a package that has ended and, for each failed test, its output and how to run it alone.
func (r *report) tell(one *result, action string) {
	one.state = "ok"
	if action == "fail" {
		one.state = "FAIL"
	}
	fmt.Fprintf(r.out, "%3d/%d  %-4s %7.1f s %7.1f s CPU  %s\n",
		r.ended, len(r.results), one.state, one.took.Seconds(), one.cpu.Seconds(), one.name())
	if action != "fail" {
		return
	}
	for _, test := range one.races {
		fmt.Fprintf(r.out, "%s      reported while %s ran, which has passed; the stacks tell whose race it is\n",
			indented(one.output[test]), test)
	}
	for _, test := range one.failed {
		within := func(other string) bool { return strings.HasPrefix(other, test+"/") }
		if innermost := !slices.ContainsFunc(one.failed, within); innermost {
			fmt.Fprintf(r.out, "%s      alone: %s\n", indented(one.output[test]), one.run.command(pattern(test), one.path))
		} else {
			fmt.Fprint(r.out, indented(one.output[test]))
		}
	}
	if len(one.failed) > 0 || len(one.races) > 0 {
		return
	}
	// It was not compiled, or it ended in the middle.
	for path, said := range r.builds {
		if strings.Contains(path, one.path) {
			fmt.Fprint(r.out, indented(said))
		}
	}
	for test := range one.running {
		alone := one.run.command(pattern(test), one.path)
		fmt.Fprintf(r.out, "%s      unfinished, alone: %s\n", indented(one.output[test]), alone)
	}
	fmt.Fprintf(r.out, "%s      alone: %s\n", indented(one.output[""]), one.run.command(".", one.path))
}

// name is the package as a line names it.
func (one *result) name() string {
	if one.run.name == plainRun {
		return one.path
	}
	return one.path + " (" + one.run.name + ")"
}

func indented(text *strings.Builder) string {
	if text == nil {
		return ""
	}
	var b strings.Builder
	for line := range strings.Lines(text.String()) {
		b.WriteString("      " + line)
	}
	return b.String()
}

// pattern is what -run takes for a test and its parents. Go writes blanks in names as underscores by itself.
func pattern(test string) string {
	parts := strings.Split(test, "/")
	for i, p := range parts {
		parts[i] = "^" + strings.ReplaceAll(regexp.QuoteMeta(p), "'", ".") + "$"
	}
	return strings.Join(parts, "/")
}

// tellSlow names the packages that run, and in each the test that has run longest.
func (r *report) tellSlow(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range r.results {
		if one.state != "running" {
			continue
		}
		slowest, since := "", now
		for test, began := range one.running {
			if began.Before(since) {
				slowest, since = test, began
			}
		}
		line := fmt.Sprintf("         ...  %7.1f s                %s, %d tests done",
			now.Sub(one.began).Seconds(), one.name(), one.passed)
		if slowest != "" {
			line += fmt.Sprintf(", in %s for %.0f s", slowest, now.Sub(since).Seconds())
		}
		fmt.Fprintln(r.out, line)
	}
}

// mostNamed is how many packages the last line names.
const mostNamed = 8

// close writes the last three lines. database is the CPU time of PostgreSQL. proved tells how much of the documents was
// exercised; it is called when every test has passed.
func (r *report) close(took, database time.Duration, proved func() (string, error)) error {
	passed, skipped, failed, tests := 0, 0, 0, time.Duration(0)
	var broken []string
	for _, one := range r.results {
		passed += one.passed
		skipped += one.skipped
		failed += len(one.failed)
		tests += one.cpu
		if one.state != "ok" {
			broken = append(broken, one.name())
		}
	}
	said, err := "nothing, for not every test has passed", errFailed
	if len(broken) == 0 {
		said, err = proved()
	}
	fmt.Fprintf(r.out, "ran:    %d packages; tests: %d passed, %d failed, %d skipped",
		len(r.results), passed, failed, skipped)
	if len(broken) > 0 {
		fmt.Fprintf(r.out, "; FAIL: %s", strings.Join(broken, ", "))
	}
	fmt.Fprintf(r.out, "\nproved: %s\n", said)
	byCost := slices.Clone(r.results)
	slices.SortFunc(byCost, func(a, b *result) int { return int(b.cpu - a.cpu) })
	var dearest []string
	for _, one := range byCost[:min(mostNamed, len(byCost))] {
		dearest = append(dearest, fmt.Sprintf("%s %.0f s", one.name(), one.cpu.Seconds()))
	}
	all := waitedCPU()
	fmt.Fprintf(r.out, "took:   %.0f s; CPU %.0f s: compiler %.0f s, PostgreSQL %.0f s, tests %.0f s, of which %s\n",
		took.Seconds(), all.Seconds(), max(all-database-tests, 0).Seconds(),
		database.Seconds(), tests.Seconds(), strings.Join(dearest, ", "))
	return err
}

// waitedCPU is the CPU time of all processes that this one has waited for, and of those that they have.
func waitedCPU() time.Duration {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_CHILDREN, &used) != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
