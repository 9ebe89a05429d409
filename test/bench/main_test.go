package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const printed = `goos: linux
pkg: example.com/plumbline/impl/platform/telemetry
BenchmarkAccessLine-2     	       1	     38117 ns/op	    2240 B/op	       6 allocs/op
PASS
ok  	example.com/plumbline/impl/platform/telemetry	0.013s
pkg: example.com/plumbline/impl/users
BenchmarkBesideBare/GET_in_process-2 	 1` +
	`	 400.0 bare-B/op	 20.5 bare-CPU-µs/op	 10 bare-allocs/op	 1000 bare-ns/op	 11.00 rounds` +
	`	 800.0 service-B/op	 41 service-CPU-µs/op	 15 service-allocs/op	 1250 service-ns/op` +
	`	 61482616 B/op	 900323 allocs/op
BenchmarkGetUserV2/service-2 	 1	 1200313 ns/op	 1899 CPU-µs/op	 25792 B/op	 408 allocs/op
PASS
pkg: example.com/plumbline/impl/orders
BenchmarkOrdersBesidePgbench/POST_over_loopback 	 1	 2000 pgbench-orders/s	 5.000 rounds	 1500 service-orders/s
PASS
`

const table = `
                         rounds                ns/op  CPU-µs/op       B/op  allocs/op   orders/s
users GET in process         11  bare           1000         20        400         10
                                 service        1250         41        800         15
                                 ratio          1.25       2.00       2.00       1.50
orders POST over loopback      5  pgbench                                                    2000
                                 service                                                    1500
                                 ratio                                                      0.75
`

func TestTable(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "bench.json")
	var out bytes.Buffer
	require.NoError(t, run([]string{"-json", file}, strings.NewReader(printed), &out))
	require.Equal(t, printed+table+notes+"\nthe comparisons are in "+file+"\n", out.String())

	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var written []comparison
	require.NoError(t, json.Unmarshal(text, &written))
	require.Equal(t, []comparison{
		{
			Name: "users GET in process", Rounds: 11,
			Sides: map[string]map[string]float64{
				"bare":    {"ns/op": 1000, "CPU-µs/op": 20.5, "B/op": 400, "allocs/op": 10},
				"service": {"ns/op": 1250, "CPU-µs/op": 41, "B/op": 800, "allocs/op": 15},
			},
			Ratio: map[string]float64{"ns/op": 1.25, "CPU-µs/op": 2, "B/op": 2, "allocs/op": 1.5},
		},
		{
			Name: "orders POST over loopback", Rounds: 5,
			Sides: map[string]map[string]float64{"pgbench": {"orders/s": 2000}, "service": {"orders/s": 1500}},
			Ratio: map[string]float64{"orders/s": 0.75},
		},
	}, written)
}

func TestNoTable(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string]string{
		"nothing":          "",
		"no comparison":    "BenchmarkAccessLine-2 1 38117 ns/op\n",
		"one side":         "BenchmarkBesideBare/GET_in_process-2 1 1000 bare-ns/op\n",
		"no service":       "BenchmarkBesideBare/GET_in_process-2 1 1000 bare-ns/op 1250 chain-ns/op\n",
		"no figure":        "BenchmarkBesideBare/GET_in_process-2 1 many bare-ns/op 1250 service-ns/op\n",
		"no unit":          "BenchmarkBesideBare/GET_in_process-2 1 1000 bare-ns/op 1250 service-ns/op 7\n",
		"one that failed":  printed + "FAIL\texample.com/plumbline/impl/orders\t0.9s\n",
		"one that is lost": "BenchmarkBesideBare/GET_in_process-2\n",
	} {
		file := filepath.Join(t.TempDir(), "bench.json")
		require.ErrorContains(t, run([]string{"-json", file}, strings.NewReader(lines), &bytes.Buffer{}), "no table", name)
		require.NoFileExists(t, file, name)
	}
}
