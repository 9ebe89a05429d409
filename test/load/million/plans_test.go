package main

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func openSlow(t *testing.T) *pgxpool.Pool {
	t.Helper()
	url := pgtest.URL(t, nil)
	require.NoError(t, prepare(t.Context(), url))
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: 4, StatementTimeout: -1})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// TestPlansOfLists checks the plan of every list, on its first page and far behind it, planned for its values and for
// any: an index gives the rows in their order, and a page costs the same wherever it is.
func TestPlansOfLists(t *testing.T) {
	t.Parallel()
	pool := openSlow(t)
	require.NoError(t, fill(t.Context(), pool, 50_000, newBar(os.Stderr, "orders", 50_000)))
	looks, err := lookAtLists(t.Context(), pool)
	require.NoError(t, err)
	first := map[string]look{}
	for _, l := range looks {
		for kind, p := range map[string]plan{"custom": l.plan, "generic": l.generic} {
			where := l.list.name + ", page " + kind + ": " + p.Node.String()
			// All products here fit into a few buffers; TestSearchCostIsBounded of orders has more.
			if l.list.sorts || strings.HasPrefix(l.list.name, "products") {
				continue
			}
			require.Contains(t, p.Node.String(), "Index", where)
			for _, n := range p.Node.all() {
				require.NotContains(t, n.Type, "Sort", where)
				require.NotEqual(t, "Seq Scan", n.Type, where)
				require.False(t, strings.HasPrefix(n.Type, "Bitmap"), where)
			}
			require.Less(t, p.buffers(), int64(3*pageSize), where)
		}
		if l.pages == 0 {
			first[l.list.name] = l
			continue
		}
		if l.list.sorts {
			continue
		}
		require.Greater(t, l.pages, 5, "%s: this proves too little", l.list.name)
		require.InDelta(t, pageSize+1, l.plan.Node.Rows, 0, "a whole page")
		require.LessOrEqual(t, l.plan.buffers(), 2*first[l.list.name].plan.buffers()+10, l.list.name)
	}
}

// TestExportsInConstantMemory exports many orders from a process of its own, which may not come to hold them.
func TestExportsInConstantMemory(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells the memory of another process here")
	}
	const orders = 50_000
	url := pgtest.URL(t, nil)
	require.NoError(t, prepare(t.Context(), url))
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: 4, StatementTimeout: -1})
	require.NoError(t, err)
	defer pool.Close()
	require.NoError(t, fill(t.Context(), pool, orders, newBar(os.Stderr, "orders", orders)))
	exports, err := export(t.Context(), url, orders, os.Stderr)
	require.NoError(t, err)
	require.Len(t, exports, 2)
	for _, e := range exports {
		require.GreaterOrEqual(t, e.lines, orders, e.format)
		require.Positive(t, e.before, e.format)
	}
	ndjson := exports[1]
	require.Less(t, (ndjson.peak-ndjson.before)<<10, ndjson.bytes/2, "the process keeps what it sends: %+v", ndjson)
	reportExports(os.Stderr, exports)
}
