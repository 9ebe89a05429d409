package conformance

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/testkit/contracttest"
)

// leave writes the figures of a service with one operation.
func leave(
	t *testing.T, folder, service string, generated int64, problems []contracttest.Told, answers ...contracttest.Answers,
) {
	t.Helper()
	text, err := json.Marshal(contracttest.Conformance{Service: service, Generated: generated,
		Operations: []contracttest.Exercised{
			{ID: "readThing", Method: "GET", Path: "/api/v1/things/{thingId}", Answers: answers, Problems: problems},
		}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, service+".json"), text, 0o600))
}

func TestConformance(t *testing.T) {
	t.Parallel()
	seen := contracttest.Answers{Status: 200, Documented: true, Times: 7}
	for name, c := range map[string]struct {
		answers   []contracttest.Answers
		problems  []contracttest.Told
		generated int64
		err       error
		statuses  int // of all
		drawn     string
	}{
		"all": {[]contracttest.Answers{seen, {Status: 500, Times: 3}}, nil, 2500, nil, 2, `<td class="other">3</td>`},
		"a status": {[]contracttest.Answers{seen, {Status: 404, Documented: true}}, nil, 2500, errTooLittle, 0,
			`<td class="missing">0</td>`},
		"a mismatch": {[]contracttest.Answers{{Status: 200, Documented: true, Times: 7, Mismatches: 1}}, nil, 2500,
			errTooLittle, 0, `<td class="wrong">1 of 7</td>`},
		"too few": {[]contracttest.Answers{seen}, nil, 2499, errTooFew, 0, `<td class="seen">7</td>`},
		"nothing": {[]contracttest.Answers{{Status: 200, Documented: true}}, nil, 2500, errTooLittle, 0,
			`<td class="missing">0</td>`},
		"a code": {[]contracttest.Answers{seen}, []contracttest.Told{{Status: 404, Code: "thing_not_found"}}, 2500,
			errTooLittle, 0, `<td class="missing">0<small class="missing">thing_not_found 0</small></td>`},
		"its codes": {[]contracttest.Answers{seen, {Status: 404, Documented: true, Times: 2}},
			[]contracttest.Told{{Status: 404, Code: "thing_not_found", Times: 2}}, 2500, nil, 3,
			`<td class="seen">2<small>thing_not_found 2</small></td>`},
	} {
		folder := t.TempDir()
		leave(t, folder, "users", 2500, nil, seen)
		leave(t, folder, "orders", c.generated, c.problems, c.answers...)
		var out bytes.Buffer
		total, err := Report(folder, &out)
		require.ErrorIs(t, err, c.err, name)
		if c.err == nil {
			require.Equal(t,
				fmt.Sprintf("operations 2/2, documented statuses %[1]d/%[1]d, problem codes %[2]d/%[2]d, mismatches 0, "+
					"generated requests 5000", c.statuses, len(c.problems)), total.String(), name)
			require.Empty(t, out.String(), name)
		} else if c.generated == 2500 {
			require.Contains(t, out.String(), "conformance of orders: ", name)
		}
		picture, err := os.ReadFile(filepath.Join(folder, "matrix.html"))
		require.NoError(t, err)
		require.Contains(t, string(picture), c.drawn, name)
		require.Contains(t, string(picture), fmt.Sprintf("/%d, mismatches", len(c.problems)), name)
	}
}

func TestFiguresThatAreNotThere(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	_, err := Report(folder, io.Discard)
	require.ErrorIs(t, err, errNothing)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "orders.json"), []byte("{"), 0o600))
	_, err = Report(folder, io.Discard)
	require.ErrorContains(t, err, "orders.json")
}

// The tests of a service may run in parts.
func TestPartsAreAdded(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	missing := contracttest.Answers{Status: 404, Documented: true}
	there := missing
	there.Times = 1
	leave(t, folder, "users", 4000, nil, contracttest.Answers{Status: 200, Documented: true, Times: 1}, missing)
	require.NoError(t, os.Rename(filepath.Join(folder, "users.json"), filepath.Join(folder, "users.1.json")))
	leave(t, folder, "users", 2000, nil, contracttest.Answers{Status: 200, Documented: true}, there)
	total, err := Report(folder, io.Discard)
	require.NoError(t, err)
	require.Equal(t, "operations 1/1, documented statuses 2/2, problem codes 0/0, mismatches 0, generated requests 6000",
		total.String())
}

func TestBadge(t *testing.T) {
	t.Parallel()
	fill := regexp.MustCompile(`fill="#\w+"`)
	folder := t.TempDir()
	leave(t, folder, "orders", 5000, nil, contracttest.Answers{Status: 200, Documented: true, Times: 1})
	_, err := Report(folder, io.Discard)
	require.NoError(t, err)
	drawn, shown := filepath.Join(folder, BadgeFile), filepath.Join(folder, "shown.svg")
	picture, err := os.ReadFile(drawn)
	require.NoError(t, err)
	require.Contains(t, string(picture), ">1/1 operations, 1/1 statuses, 0/0 problem codes, 0 mismatches</text>")
	require.ErrorIs(t, UpdateBadge(drawn, shown), errOldBadge, "there is none")
	require.NoError(t, UpdateBadge(drawn, shown))

	leave(t, folder, "orders", 5000, nil, contracttest.Answers{Status: 200, Documented: true, Times: 1, Mismatches: 1})
	_, err = Report(folder, io.Discard)
	require.ErrorIs(t, err, errTooLittle)
	require.ErrorIs(t, UpdateBadge(drawn, shown), errOldBadge)
	bad, err := os.ReadFile(shown)
	require.NoError(t, err)
	require.Contains(t, string(bad), ", 1 mismatches</text>")
	require.NotEqual(t, fill.FindString(string(picture)), fill.FindString(string(bad)), "what is not enough is not green")
	require.NoError(t, xml.Unmarshal(Badge("a<b", "c&d", true), &struct{}{}))
}
