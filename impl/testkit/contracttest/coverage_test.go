package contracttest

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
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
	// These are the flags of this go test.
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.bench", "test.fuzz", "test.short",
		"test.fuzzworker", "test.count"} {
		require.NotNil(t, flag.Lookup(name), name)
	}
}

func TestConformanceVerdict(t *testing.T) {
	t.Parallel()
	d := &contract.Document{Name: "things"}
	for i := range 10 {
		d.Operations = append(d.Operations, &contract.Operation{
			ID: fmt.Sprintf("readThing%d", i), Statuses: []int{200, 401, 404, 503},
			Problems: []contract.Problem{{Status: 401, Code: "a"}, {Status: 404, Code: "b"}, {Status: 503, Code: "c"},
				{Status: 503, Code: "d"}},
		})
	}
	exercised := func() *Coverage {
		c := NewCoverage()
		for _, op := range d.Operations {
			for _, status := range op.Statuses {
				c.observe(op, contract.Problem{Status: status}, 0)
			}
			for _, p := range op.Problems {
				c.observe(op, p, 0)
			}
		}
		return c
	}
	require.True(t, Total(exercised().figures(d)).Enough())
	for left, enough := range map[int]bool{2: true, 3: false} { // of forty
		statuses, codes := exercised(), exercised()
		for _, op := range d.Operations[:left] {
			delete(statuses.seen[op.ID], 200)
			delete(codes.codes[op.ID], contract.Problem{Status: 503, Code: "d"})
		}
		require.Equal(t, enough, Total(statuses.figures(d)).Enough(), "95 of a hundred statuses")
		require.Equal(t, enough, Total(codes.figures(d)).Enough(), "95 of a hundred codes")
		require.Equal(t, 40-left, Total(codes.figures(d)).SeenCodes)
		require.Contains(t, Total(codes.figures(d)).Missing, "readThing0 503 d")
	}

	broken := exercised()
	broken.observe(d.Operations[0], contract.Problem{Status: 200}, 1)
	require.False(t, Total(broken.figures(d)).Enough(), "a mismatch")

	larger := &contract.Document{Name: "things",
		Operations: append(slices.Clone(d.Operations), &contract.Operation{ID: "readNothing", Statuses: []int{204}})}
	f := Total(exercised().figures(larger))
	require.GreaterOrEqual(t, f.SeenStatuses*100, f.Statuses*Least)
	require.False(t, f.Enough(), "an operation")

	undocumented := exercised()
	undocumented.observe(d.Operations[0], contract.Problem{Status: 418}, 1)
	require.Equal(t, Answers{Status: 418, Times: 1, Mismatches: 1}, undocumented.figures(d).Operations[0].Answers[4])
	require.False(t, Total(undocumented.figures(d)).Enough(), "a status that is not documented")

	var text bytes.Buffer
	f.Print(&text, "things")
	require.Equal(t,
		"conformance of things: operations 10/11, documented statuses 40/41, problem codes 40/40, mismatches 0, "+
			"generated requests 0\n  not exercised: readNothing 204\n", text.String())

	for _, c := range []struct {
		code     int
		document *contract.Document
		says     string
	}{{0, d, "40/40"}, {1, larger, "FAIL: all operations, 95 %"}} {
		text.Reset()
		require.Equal(t, c.code, exercised().verdict(&text, c.document))
		require.Contains(t, text.String(), c.says)
	}

	folder := filepath.Join(t.TempDir(), "figures")
	require.NoError(t, exercised().figures(d).leave(folder))
	left, err := os.ReadFile(filepath.Join(folder, fmt.Sprintf("things.%d.json", os.Getpid())))
	require.NoError(t, err)
	var read Conformance
	require.NoError(t, json.Unmarshal(left, &read))
	require.Equal(t, exercised().figures(d), read)
}

// The figures of two runs are added.
func TestFiguresAddUp(t *testing.T) {
	t.Parallel()
	d := &contract.Document{Name: "things", Operations: []*contract.Operation{
		{ID: "readThing", Statuses: []int{200, 404}, Problems: []contract.Problem{{Status: 404, Code: "thing_not_found"}}},
	}}
	one, other := NewCoverage(), NewCoverage()
	one.observe(d.Operations[0], contract.Problem{Status: 200}, 0)
	other.observe(d.Operations[0], contract.Problem{Status: 404, Code: "thing_not_found"}, 1)
	other.observe(d.Operations[0], contract.Problem{Status: 418}, 0)
	other.generated.Store(3)
	sum := one.figures(d).Add(other.figures(d))
	require.Equal(t, Conformance{Service: "things", Generated: 3, Operations: []Exercised{{
		ID: "readThing",
		Answers: []Answers{{Status: 200, Documented: true, Times: 1},
			{Status: 404, Documented: true, Times: 1, Mismatches: 1}, {Status: 418, Times: 1}},
		Problems: []Told{{Status: 404, Code: "thing_not_found", Times: 1}},
	}}}, sum)
}
