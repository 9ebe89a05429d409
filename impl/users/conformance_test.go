package users

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/httpapi"
)

// leastStatuses is how many of a hundred documented statuses the tests must exercise.
const leastStatuses = 95

// conformance counts what the tests of this package exercise of the document; start's servers feed it.
var conformance = &coverage{}

type coverage struct {
	mu         sync.Mutex
	seen       map[string]map[int]bool
	mismatches int
}

func (c *coverage) observe(op *httpapi.Operation, status, violations int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[string]map[int]bool{}
	}
	if c.seen[op.ID] == nil {
		c.seen[op.ID] = map[int]bool{}
	}
	c.seen[op.ID][status] = true
	if violations > 0 {
		c.mismatches++
	}
}

// figures are how much of a document has been exercised.
type figures struct {
	operations, seenOperations int
	statuses, seenStatuses     int
	mismatches                 int
	missing                    []string
}

func (c *coverage) figures(operations []*httpapi.Operation) figures {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := figures{operations: len(operations), mismatches: c.mismatches}
	for _, op := range operations {
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
	_, _ = fmt.Fprintf(w, "conformance of users: operations %d/%d, documented statuses %d/%d, mismatches %d\n",
		f.seenOperations, f.operations, f.seenStatuses, f.statuses, f.mismatches)
	for _, m := range f.missing {
		_, _ = fmt.Fprintln(w, "  not exercised:", m)
	}
}

// verdict prints the figures and gives the exit code of the tests, which have passed.
func (c *coverage) verdict(w io.Writer) int {
	document, err := Document()
	if err != nil {
		_, _ = fmt.Fprintln(w, err)
		return 1
	}
	f := c.figures(document.Operations)
	f.print(w)
	if f.enough() {
		return 0
	}
	_, _ = fmt.Fprintf(w, "FAIL: all operations, %d %% of the statuses and no mismatch are needed\n", leastStatuses)
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

func TestIsWholeRun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		flags map[string]string
		want  bool
	}{
		"plain":     {map[string]string{"test.short": "false", "test.count": "1", "test.v": "true"}, true},
		"repeated":  {map[string]string{"test.count": "3", "test.shuffle": "on"}, true},
		"filtered":  {map[string]string{"test.run": "TestLogin"}, false},
		"skipping":  {map[string]string{"test.skip": "TestLogin"}, false},
		"listing":   {map[string]string{"test.list": "."}, false},
		"short":     {map[string]string{"test.short": "true"}, false},
		"benchmark": {map[string]string{"test.bench": "."}, false},
		"fuzzing":   {map[string]string{"test.fuzz": "FuzzChain"}, false},
		"fuzzed":    {map[string]string{"test.fuzzworker": "true"}, false},
		"none":      {map[string]string{"test.count": "0"}, false},
	} {
		require.Equal(t, c.want, isWholeRun(func(name string) string { return c.flags[name] }), name)
	}
	// The names are those of this go test.
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.bench", "test.fuzz", "test.short", "test.fuzzworker", "test.count"} {
		require.NotNil(t, flag.Lookup(name), name)
	}
}

func TestConformanceVerdict(t *testing.T) {
	t.Parallel()
	var operations []*httpapi.Operation
	for i := range 10 {
		operations = append(operations, &httpapi.Operation{ID: fmt.Sprintf("readThing%d", i), Statuses: []int{200, 401, 404, 503}})
	}
	exercised := func(leaveOut int) *coverage {
		c := &coverage{}
		for _, op := range operations {
			for _, status := range op.Statuses {
				if leaveOut--; leaveOut < 0 {
					c.observe(op, status, 0)
				}
			}
		}
		return c
	}
	require.True(t, exercised(0).figures(operations).enough())
	require.True(t, exercised(2).figures(operations).enough(), "95 of a hundred")
	require.False(t, exercised(3).figures(operations).enough(), "fewer statuses")

	broken := exercised(0)
	broken.observe(operations[0], 200, 1)
	require.False(t, broken.figures(operations).enough(), "a mismatch")

	alone := append(slices.Clone(operations), &httpapi.Operation{ID: "readNothing", Statuses: []int{204}})
	f := exercised(0).figures(alone)
	require.GreaterOrEqual(t, f.seenStatuses*100, f.statuses*leastStatuses)
	require.False(t, f.enough(), "an operation")

	var text bytes.Buffer
	f.print(&text)
	require.Equal(t, "conformance of users: operations 10/11, documented statuses 40/41, mismatches 0\n  not exercised: readNothing 204\n", text.String())
}
