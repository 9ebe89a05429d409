package contracttest

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"

	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/pgtest"
)

// leastStatuses is how many of a hundred documented statuses the tests of a service must exercise.
const leastStatuses = 95

// Coverage counts what the tests of a package exercise of a document.
type Coverage struct {
	mu         sync.Mutex
	seen       map[string]map[int]bool
	mismatches int
}

// NewCoverage has seen nothing yet.
func NewCoverage() *Coverage { return &Coverage{seen: map[string]map[int]bool{}} }

func (c *Coverage) observe(op *httpapi.Operation, status, violations int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen[op.ID] == nil {
		c.seen[op.ID] = map[int]bool{}
	}
	c.seen[op.ID][status] = true
	if violations > 0 {
		c.mismatches++
	}
}

// Main runs the tests of a service's package with a PostgreSQL for all of them. When every test has run and passed it
// prints what they have exercised of the document; they fail unless that is every operation, 95 of a hundred documented
// statuses, and no answer outside the document. Use it as
//
//	func TestMain(m *testing.M) { os.Exit(contracttest.Main(m, conformance, Document)) }
func Main(m *testing.M, c *Coverage, load func() (*httpapi.Document, error)) int {
	code := pgtest.Main(m)
	if code != 0 || !isWholeRun(flagValue) {
		return code
	}
	return c.verdict(os.Stdout, load)
}

// figures are how much of a document has been exercised.
type figures struct {
	service                    string
	operations, seenOperations int
	statuses, seenStatuses     int
	mismatches                 int
	missing                    []string
}

func (c *Coverage) figures(d *httpapi.Document) figures {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := figures{service: d.Name, operations: len(d.Operations), mismatches: c.mismatches}
	for _, op := range d.Operations {
		seen := slices.Collect(maps.Keys(c.seen[op.ID]))
		if len(seen) > 0 {
			f.seenOperations++
		}
		for _, status := range op.Statuses {
			f.statuses++
			if slices.Contains(seen, status) {
				f.seenStatuses++
			} else {
				f.missing = append(f.missing, fmt.Sprintf("%s %d", op.ID, status))
			}
		}
	}
	return f
}

// enough says whether the document is exercised as far as it must be.
func (f figures) enough() bool {
	return f.seenOperations == f.operations && f.seenStatuses*100 >= f.statuses*leastStatuses && f.mismatches == 0
}

func (f figures) print(w io.Writer) {
	fmt.Fprintf(w, "conformance of %s: operations %d/%d, documented statuses %d/%d, mismatches %d\n",
		f.service, f.seenOperations, f.operations, f.seenStatuses, f.statuses, f.mismatches)
	for _, m := range f.missing {
		fmt.Fprintln(w, "  not exercised:", m)
	}
}

// verdict prints the figures and gives the exit code of the tests, which have passed.
func (c *Coverage) verdict(w io.Writer, load func() (*httpapi.Document, error)) int {
	document, err := load()
	if err != nil {
		fmt.Fprintln(w, err)
		return 1
	}
	f := c.figures(document)
	f.print(w)
	if f.enough() {
		return 0
	}
	fmt.Fprintf(w, "FAIL: all operations, %d %% of the statuses and no mismatch are needed\n", leastStatuses)
	return 1
}

// isWholeRun says by the flags of go test whether every test of the package has run, so that the figures mean something.
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
