package contracttest

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/testkit/pgtest"
)

// Least is the percentage of documented statuses, and of problem codes, that the tests of a service must exercise.
const Least = 95

// FiguresEnv names the environment variable with the folder in which Main stores the figures as SERVICE.PID.json,
// whether some or all of the tests have run.
const FiguresEnv = "CONTRACT_FIGURES"

// Coverage counts the parts of a document that the tests of a package exercise.
type Coverage struct {
	mu        sync.Mutex
	seen      map[string]map[int]Answers
	codes     map[string]map[contract.Problem]int
	generated atomic.Int64 // requests
}

// NewCoverage returns a Coverage without figures.
func NewCoverage() *Coverage {
	return &Coverage{seen: map[string]map[int]Answers{}, codes: map[string]map[contract.Problem]int{}}
}

func (c *Coverage) observe(op *contract.Operation, answered contract.Problem, violations int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen[op.ID] == nil {
		c.seen[op.ID], c.codes[op.ID] = map[int]Answers{}, map[contract.Problem]int{}
	}
	a := c.seen[op.ID][answered.Status]
	a.Status = answered.Status
	a.Times++
	if violations > 0 {
		a.Mismatches++
	}
	c.seen[op.ID][answered.Status] = a
	c.codes[op.ID][answered]++
}

// Main runs the tests of a service's package with one PostgreSQL for all of them. When every test has run and passed,
// it prints what they have exercised of the document. It fails unless that is every operation, 95 percent of the
// documented statuses and of the problem codes, and no answer outside the document. With CONTRACT_FIGURES=FOLDER it
// stores the figures there instead, so that several runs can be judged together. Use it as
//
//	func TestMain(m *testing.M) { os.Exit(contracttest.Main(m, conformance, Document)) }
func Main(m *testing.M, c *Coverage, load func() (*contract.Document, error)) int {
	if err := setChecks(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code, folder := pgtest.Main(m), os.Getenv(FiguresEnv)
	if code != 0 || folder == "" && !isWholeRun(flagValue) {
		return code
	}
	document, err := load()
	if err == nil && folder != "" {
		err = c.figures(document).leave(folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if folder != "" {
		return 0
	}
	return c.verdict(os.Stdout, document)
}

// fewChecks is how many requests of each operation, and how many sequences, are generated without -rapid.checks: about
// a minute with the race detector.
const fewChecks = "40"

func setChecks() error {
	flag.Parse()
	told := false
	flag.Visit(func(f *flag.Flag) { told = told || f.Name == "rapid.checks" })
	if told {
		return nil
	}
	return flag.Set("rapid.checks", fewChecks)
}

// Conformance says how much of a service's document has been exercised.
type Conformance struct {
	Service    string      `json:"service"`
	Operations []Exercised `json:"operations"`
	// Generated is the number of requests that were generated at random.
	Generated int64 `json:"generated"`
}

// Exercised says how much of an operation has been exercised.
type Exercised struct {
	ID     string `json:"id"`
	Method string `json:"method"`
	Path   string `json:"path"`
	// Answers holds those of the documented statuses, in order, and then others.
	Answers []Answers `json:"answers"`
	// Problems are all problems that the operation can end with, by status.
	Problems []Told `json:"problems"`
}

// Told is how often an operation has ended with a problem.
type Told struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Times  int    `json:"times"`
}

// Answers counts the answers with one status, and those of them that broke the document.
type Answers struct {
	Status     int  `json:"status"`
	Documented bool `json:"documented"` // by its number, not only by default
	Times      int  `json:"times"`
	Mismatches int  `json:"mismatches"`
}

func (c *Coverage) figures(d *contract.Document) Conformance {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := Conformance{Service: d.Name, Generated: c.generated.Load()}
	for _, op := range d.Operations {
		e := Exercised{ID: op.ID, Method: op.Method, Path: op.Pattern}
		for _, status := range op.Statuses {
			a := c.seen[op.ID][status]
			a.Status, a.Documented = status, true
			e.Answers = append(e.Answers, a)
		}
		for _, status := range slices.Sorted(maps.Keys(c.seen[op.ID])) {
			if a := c.seen[op.ID][status]; !slices.Contains(op.Statuses, status) {
				e.Answers = append(e.Answers, a)
			}
		}
		for _, p := range op.Problems {
			e.Problems = append(e.Problems, Told{p.Status, p.Code, c.codes[op.ID][p]})
		}
		f.Operations = append(f.Operations, e)
	}
	return f
}

// Add returns the sum of the figures and those of another run of the same service's tests. It adds to the slices of f,
// which must not be used afterwards.
func (f Conformance) Add(other Conformance) Conformance {
	f.Generated += other.Generated
	for i, op := range other.Operations {
		into := &f.Operations[i]
		for j, p := range op.Problems {
			into.Problems[j].Times += p.Times
		}
		for _, a := range op.Answers {
			j := slices.IndexFunc(into.Answers, func(known Answers) bool { return known.Status == a.Status })
			if j < 0 {
				into.Answers = append(into.Answers, a)
				continue
			}
			into.Answers[j].Times += a.Times
			into.Answers[j].Mismatches += a.Mismatches
		}
	}
	return f
}

// Totals are the sums of the figures of services.
type Totals struct {
	Operations, SeenOperations int
	Statuses, SeenStatuses     int
	Codes, SeenCodes           int // of each operation and status
	Mismatches                 int
	Generated                  int64
	Missing                    []string // as operation and status, or operation, status and code
}

// Total adds up figures.
func Total(services ...Conformance) Totals {
	var t Totals
	for _, service := range services {
		t.Generated += service.Generated
		for _, op := range service.Operations {
			t.Operations++
			if slices.ContainsFunc(op.Answers, func(a Answers) bool { return a.Times > 0 }) {
				t.SeenOperations++
			}
			for _, a := range op.Answers {
				t.Mismatches += a.Mismatches
				if !a.Documented {
					continue
				}
				t.Statuses++
				if a.Times > 0 {
					t.SeenStatuses++
				} else {
					t.Missing = append(t.Missing, fmt.Sprintf("%s %d", op.ID, a.Status))
				}
			}
			for _, p := range op.Problems {
				t.Codes++
				if p.Times > 0 {
					t.SeenCodes++
				} else {
					t.Missing = append(t.Missing, fmt.Sprintf("%s %d %s", op.ID, p.Status, p.Code))
				}
			}
		}
	}
	return t
}

// Enough reports whether enough of the documents is exercised.
func (t Totals) Enough() bool {
	return t.SeenOperations == t.Operations && t.SeenStatuses*100 >= t.Statuses*Least &&
		t.SeenCodes*100 >= t.Codes*Least && t.Mismatches == 0
}

// String returns all counts in one line.
func (t Totals) String() string {
	return fmt.Sprintf("operations %d/%d, documented statuses %d/%d, problem codes %d/%d, mismatches %d, "+
		"generated requests %d",
		t.SeenOperations, t.Operations, t.SeenStatuses, t.Statuses, t.SeenCodes, t.Codes, t.Mismatches, t.Generated)
}

// Print writes the totals under a name, and what is missing.
func (t Totals) Print(w io.Writer, name string) {
	fmt.Fprintf(w, "conformance of %s: %s\n", name, t)
	for _, m := range t.Missing {
		fmt.Fprintln(w, "  not exercised:", m)
	}
}

// verdict prints the totals and returns the exit code of the tests, which have passed.
func (c *Coverage) verdict(w io.Writer, document *contract.Document) int {
	f := c.figures(document)
	t := Total(f)
	t.Print(w, f.Service)
	if t.Enough() {
		return 0
	}
	fmt.Fprintf(w, "FAIL: all operations, %d %% of the statuses and of the codes, and no mismatch are needed\n", Least)
	return 1
}

func (f Conformance) leave(folder string) error {
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s.%d.json", f.Service, os.Getpid())), text, 0o600)
}

// isWholeRun reports whether the flags of go test made every test of the package run, which the figures require.
func isWholeRun(valueOf func(name string) string) bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.bench", "test.fuzz"} {
		if valueOf(name) != "" {
			return false
		}
	}
	return valueOf("test.short") != "true" && valueOf("test.fuzzworker") != "true" && valueOf("test.count") != "0"
}

func flagValue(name string) string {
	if f := flag.Lookup(name); f != nil {
		return f.Value.String()
	}
	return ""
}
