package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contracttest"
)

// leave writes the figures of a service with one operation.
func leave(t *testing.T, folder, service string, generated int64, answers ...contracttest.Answers) {
	t.Helper()
	text, err := json.Marshal(contracttest.Conformance{Service: service, Generated: generated, Operations: []contracttest.Exercised{
		{ID: "readThing", Method: "GET", Path: "/api/v1/things/{thingId}", Answers: answers},
	}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, service+".json"), text, 0o600))
}

func TestConformance(t *testing.T) {
	t.Parallel()
	seen := contracttest.Answers{Status: 200, Documented: true, Times: 7}
	for name, c := range map[string]struct {
		answers   []contracttest.Answers
		generated int64
		err       error
		drawn     string
	}{
		"all":        {[]contracttest.Answers{seen, {Status: 500, Times: 3}}, 2500, nil, `<td class="other">3</td>`},
		"a status":   {[]contracttest.Answers{seen, {Status: 404, Documented: true}}, 2500, errTooLittle, `<td class="missing">0</td>`},
		"a mismatch": {[]contracttest.Answers{{Status: 200, Documented: true, Times: 7, Mismatches: 1}}, 2500, errTooLittle, `<td class="wrong">1 of 7</td>`},
		"too few":    {[]contracttest.Answers{seen}, 2499, errTooFew, `<td class="seen">7</td>`},
		"nothing":    {[]contracttest.Answers{{Status: 200, Documented: true}}, 2500, errTooLittle, `<td class="missing">0</td>`},
	} {
		folder := t.TempDir()
		leave(t, folder, "users", 2500, seen)
		leave(t, folder, "orders", c.generated, c.answers...)
		var out bytes.Buffer
		err := run([]string{"-folder", folder, "users", "orders"}, &out)
		require.ErrorIs(t, err, c.err, name)
		if c.err == nil {
			require.Contains(t, out.String(), "conformance of all: operations 2/2, documented statuses 2/2, mismatches 0, generated requests 5000", name)
		}
		picture, err := os.ReadFile(filepath.Join(folder, "matrix.html"))
		require.NoError(t, err)
		require.Contains(t, string(picture), c.drawn, name)
	}
}

func TestFiguresThatAreNotThere(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	leave(t, folder, "users", 2500, contracttest.Answers{Status: 200, Documented: true, Times: 1})
	require.ErrorContains(t, run([]string{"-folder", folder, "users", "orders"}, &bytes.Buffer{}), "orders.json is not there")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "orders.json"), []byte("{"), 0o600))
	require.ErrorContains(t, run([]string{"-folder", folder, "users", "orders"}, &bytes.Buffer{}), "orders.json")
	require.ErrorContains(t, run(nil, &bytes.Buffer{}), "name the services")
}
