package contracttest

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/httpapi"
)

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
	d := &httpapi.Document{Name: "things"}
	for i := range 10 {
		d.Operations = append(d.Operations, &httpapi.Operation{ID: fmt.Sprintf("readThing%d", i), Statuses: []int{200, 401, 404, 503}})
	}
	exercised := func(leaveOut int) *Coverage {
		c := NewCoverage()
		for _, op := range d.Operations {
			for _, status := range op.Statuses {
				if leaveOut--; leaveOut < 0 {
					c.observe(op, status, 0)
				}
			}
		}
		return c
	}
	require.True(t, exercised(0).figures(d).enough())
	require.True(t, exercised(2).figures(d).enough(), "95 of a hundred")
	require.False(t, exercised(3).figures(d).enough(), "fewer statuses")

	broken := exercised(0)
	broken.observe(d.Operations[0], 200, 1)
	require.False(t, broken.figures(d).enough(), "a mismatch")

	larger := &httpapi.Document{Name: "things", Operations: append(slices.Clone(d.Operations), &httpapi.Operation{ID: "readNothing", Statuses: []int{204}})}
	f := exercised(0).figures(larger)
	require.GreaterOrEqual(t, f.seenStatuses*100, f.statuses*leastStatuses)
	require.False(t, f.enough(), "an operation")

	var text bytes.Buffer
	f.print(&text)
	require.Equal(t, "conformance of things: operations 10/11, documented statuses 40/41, mismatches 0\n  not exercised: readNothing 204\n", text.String())

	for _, c := range []struct {
		code int
		load func() (*httpapi.Document, error)
		says string
	}{
		{0, func() (*httpapi.Document, error) { return d, nil }, "40/40"},
		{1, func() (*httpapi.Document, error) { return larger, nil }, "FAIL: all operations, 95 %"},
		{1, func() (*httpapi.Document, error) { return nil, errors.New("no such document") }, "no such document"},
	} {
		text.Reset()
		require.Equal(t, c.code, exercised(0).verdict(&text, c.load))
		require.Contains(t, text.String(), c.says)
	}
}
