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

	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/testkit/pgtest"
)

// Least is how many of a hundred documented statuses, and of a hundred problem codes, the tests of a service must
// exercise.
const Least = 95

// FiguresEnv names a folder in which Main leaves the figures as SERVICE.PID.json, of some of the tests as well as of
// all.
const FiguresEnv = "CONTRACT_FIGURES"

// Coverage counts what the tests of a package exercise of a document.
type Coverage struct {
	mu        sync.Mutex
	seen      map[string]map[int]Answers
	codes     map[string]map[httpapi.Problem]int
	generated atomic.Int64 // requests
}

// NewCoverage has seen nothing yet.
func NewCoverage() *Coverage {
	return &Coverage{seen: map[string]map[int]Answers{}, codes: map[string]map[httpapi.Problem]int{}}
}

func (c *Coverage) observe(op *httpapi.Operation, answered httpapi.Problem, violations int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen[op.ID] == nil {
		c.seen[op.ID], c.codes[op.ID] = map[int]Answers{}, map[httpapi.Problem]int{}
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

// Main runs the tests of a service's package with a PostgreSQL for all of them. When every test has run and passed it
// prints what they have exercised of the document; they fail unless that is every operation, 95 of a hundred documented
// statuses and as many problem codes, and no answer outside the document. With CONTRACT_FIGURES=FOLDER it leaves the
// figures there instead: what several runs have left is judged together. Use it as
//
//	func TestMain(m *testing.M) { os.Exit(contracttest.Main(m, conformance, Document)) }
func Main(m *testing.M, c *Coverage, load func() (*httpapi.Document, error)) int {
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

// fewChecks are how many requests of each operation, and how many sequences, are generated unless -rapid.checks says
// otherwise: what takes a minute with the race detector.
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

// Conformance is how much of a service's document has been exercised.
type Conformance struct {
	Service    string      `json:"service"`
	Operations []Exercised `json:"operations"`
	// Generated is how many of the requests were made at random from the document.
	Generated int64 `json:"generated"`
}

// Exercised is how much of an operation has been.
type Exercised struct {
	ID     string `json:"id"`
	Method string `json:"method"`
	Path   string `json:"path"`
	// Answers are those of the documented statuses, in order, and then of others.
	Answers []Answers `json:"answers"`
	// Problems are all that the operation can end with, by status.
	Problems []Told `json:"problems"`
}

// Told is how often an operation has ended with a problem.
type Told struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Times  int    `json:"times"`
}

// Answers are those with one status: how many there were, and how many of them were not as the document says.
type Answers struct {
	Status     int  `json:"status"`
	Documented bool `json:"documented"` // by its number: what only default stands for is not
	Times      int  `json:"times"`
	Mismatches int  `json:"mismatches"`
}

func (c *Coverage) figures(d *httpapi.Document) Conformance {
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

// Add gives the figures with those of another run of the same service's tests. It counts in the slices of f, which is
// not used afterwards.
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

// Totals are what the figures of services add up to.
type Totals struct {
	Operations, SeenOperations int
	Statuses, SeenStatuses     int
	Codes, SeenCodes           int // of each operation and status
	Mismatches                 int
	Generated                  int64
	Missing                    []string // as operation and status, or operation, status and code
}

// Total adds up.
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

// Enough says whether as much is exercised as must be.
func (t Totals) Enough() bool {
	return t.SeenOperations == t.Operations && t.SeenStatuses*100 >= t.Statuses*Least &&
		t.SeenCodes*100 >= t.Codes*Least && t.Mismatches == 0
}

// String is one line of all that is counted.
func (t Totals) String() string {
	return fmt.Sprintf("operations %d/%d, documented statuses %d/%d, problem codes %d/%d, mismatches %d, "+
		"generated requests %d",
		t.SeenOperations, t.Operations, t.SeenStatuses, t.Statuses, t.SeenCodes, t.Codes, t.Mismatches, t.Generated)
}

// Print writes the totals of what is named, and what is missing.
func (t Totals) Print(w io.Writer, name string) {
	fmt.Fprintf(w, "conformance of %s: %s\n", name, t)
	for _, m := range t.Missing {
		fmt.Fprintln(w, "  not exercised:", m)
	}
}

// verdict prints the totals and gives the exit code of the tests, which have passed.
func (c *Coverage) verdict(w io.Writer, document *httpapi.Document) int {
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

// isWholeRun says by the flags of go test whether every test of the package has run, so that the figures mean
// something.
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
