package orders

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
)

const (
	orderCallers = 16
	orderShelves = 1000 // products
	orderBuyers  = 4000 // accounts, each of which has few orders that are not paid
	// orderForEnv is how long BenchmarkOrdersBesidePgbench measures, as in 20s; no less than two rounds of a second for
	// each side.
	orderForEnv     = "BENCH_FOR"
	orderForDefault = 40 * time.Second
	orderTurn       = 3 * time.Second // of a side, at most
)

// trip is what the service has sent in one round trip: a statement, or several as a batch.
type trip []statement

type statement struct {
	sql  string
	args []any
}

// tape records what requests send while it runs.
type tape struct {
	mu      sync.Mutex
	running bool
	trips   []trip
}

func (p *tape) record(ctx context.Context, t trip) {
	if ctx.Value(http.ServerContextKey) == nil {
		return // It is done beside requests.
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running {
		p.trips = append(p.trips, t)
	}
}

// take gives what the service sent while does ran.
func (p *tape) take(does func()) []trip {
	p.mu.Lock()
	p.running = true
	p.mu.Unlock()
	does()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = false
	return p.trips
}

func (p *tape) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	p.record(ctx, trip{{data.SQL, data.Args}})
	return ctx
}

func (p *tape) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (p *tape) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	var sent trip
	for _, q := range data.Batch.QueuedQueries {
		sent = append(sent, statement{q.SQL, q.Arguments})
	}
	p.record(ctx, sent)
	return ctx
}

func (p *tape) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (p *tape) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// buyer gives the id of an account as pgbench computes it.
func buyer(n int) uuid.UUID { return uuid.UUID(md5.Sum(fmt.Appendf(nil, "buyer%d", n))) }

// shelf gives the id of a product as pgbench computes it.
func shelf(n int) uuid.UUID { return uuid.UUID(md5.Sum(fmt.Appendf(nil, "product%d", n))) }

// BenchmarkOrdersBesidePgbench takes turns between orders placed through the service, over loopback and on many
// products, and pgbench sending the same statements, in batches where the service does, to the same server. The ratio
// is the share of the database's throughput that the service reaches. Both sides and the callers run on this machine.
func BenchmarkOrdersBesidePgbench(b *testing.B) {
	total := orderForDefault
	if text := os.Getenv(orderForEnv); text != "" {
		var err error
		total, err = time.ParseDuration(text)
		require.NoError(b, err, orderForEnv)
	}
	turn := min(orderTurn, max(time.Second, total/4)).Truncate(time.Second) // pgbench counts in whole seconds.
	rounds := max(2, int(total/(2*turn)))                                   // The first one warms up.
	url, tape := pgtest.URL(b, schema.Migrations, schema.Parts...), &tape{}
	s := start(b, func(o *options) {
		o.pool = func(t testing.TB) *pgxpool.Pool {
			t.Helper()
			pool, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: orderCallers, Tracer: tape})
			require.NoError(t, err)
			t.Cleanup(pool.Close)
			return pool
		}
		o.config = func(c *Config) { c.Ration = lavish }
		o.chain = func(chain *httpapi.Options) {
			// Sixteen connections place the orders of thousands of accounts.
			contracttest.Limited(underTest(b), underTest(b).Document.Operation("createOrder"))(chain)
			chain.Log = telemetry.NewLogger(io.Discard,
				telemetry.LogOptions{Service: "orders", Sensitive: chain.Document.Sensitive}).Logger
			chain.Responses, chain.Observe, chain.Shed = httpapi.ResponsesSample, nil, true
		}
	})
	for n := range orderShelves {
		id := shelf(n)
		s.product(1_000_000, func(p *ordersdb.CreateProductParams) { p.ID = id })
	}
	callers := s.buyers()
	script := pgbenchScript(b, s, tape, callers[0])
	rows := s.written(b, func() { s.order(callers[0], shelf(0), 1) })
	require.NotEmpty(b, rows)
	require.Equal(b, rows, s.written(b, func() { pgbench(b, url, script, "--client=1", "--transactions=1") }),
		"pgbench must write what the service writes for an order, or the comparison is of different work")

	b.Run("POST over loopback", func(b *testing.B) {
		for b.Loop() {
			var ours, theirs []float64
			for round := range rounds {
				placed := s.placeFor(callers, turn)
				sent := pgbench(b, url, script, fmt.Sprintf("--client=%d", orderCallers), "--jobs=2",
					fmt.Sprintf("--time=%d", int(turn.Seconds())))
				if round > 0 {
					ours, theirs = append(ours, placed), append(theirs, sent)
				}
			}
			slices.Sort(ours)
			slices.Sort(theirs)
			b.ReportMetric(ours[len(ours)/2], "service-orders/s")
			b.ReportMetric(theirs[len(theirs)/2], "pgbench-orders/s")
			b.ReportMetric(float64(len(ours)), "rounds")
			b.ReportMetric(0, "ns/op") // the time of a comparison means nothing
		}
	})
	require.Empty(b, s.rows(`SELECT format('%s', product_id) FROM stock WHERE available + reserved + sold <> received`))
}

// buyers gives accounts whose sessions the service remembers.
func (s *server) buyers() []caller {
	s.t.Helper()
	callers := make([]caller, orderBuyers)
	var next atomic.Int64
	var all sync.WaitGroup
	for range orderCallers {
		all.Go(func() {
			for n := next.Add(1) - 1; n < orderBuyers; n = next.Add(1) - 1 {
				callers[n] = caller{s.client(s.access(buyer(int(n)))), buyer(int(n))}
				got, err := callers[n].ListOrdersWithResponse(s.t.Context(), &ordersapi.ListOrdersParams{})
				if err != nil || got.StatusCode() != http.StatusOK {
					s.t.Errorf("a buyer is not known: %v", err)
				}
			}
		})
	}
	all.Wait()
	return callers
}

// written counts, by table, the rows that does inserts or changes.
func (s *server) written(b *testing.B, does func()) map[string]int {
	b.Helper()
	var before int64
	require.NoError(b, s.Pool.QueryRow(b.Context(), `SELECT pg_current_xact_id()::text::bigint`).Scan(&before))
	does()
	rows, err := s.Pool.Query(b.Context(), `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)
	require.NoError(b, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(b, err)
	counts := map[string]int{}
	for _, table := range tables {
		var count int
		err = s.Pool.QueryRow(b.Context(),
			`SELECT count(*) FROM `+pgx.Identifier{table}.Sanitize()+` WHERE xmin::text::bigint > $1`, before).Scan(&count)
		require.NoError(b, err)
		if count > 0 {
			counts[table] = count
		}
	}
	return counts
}

// placeFor lets all callers place orders for a time, and gives the orders per second.
func (s *server) placeFor(callers []caller, turn time.Duration) float64 {
	var placed atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for range orderCallers {
		all.Go(func() {
			for time.Since(began) < turn {
				item := ordersapi.OrderItemRequest{ProductID: shelf(rand.IntN(orderShelves)), Quantity: 1}
				got, err := callers[rand.IntN(len(callers))].CreateOrderWithResponse(s.t.Context(),
					&ordersapi.CreateOrderParams{IdempotencyKey: uuid.NewString()},
					ordersapi.CreateOrderRequest{Items: []ordersapi.OrderItemRequest{item}})
				if err != nil || got.StatusCode() != http.StatusCreated {
					s.t.Errorf("what is measured must succeed: %v %s", err, got.Body)
					return
				}
				placed.Add(1)
			}
		})
	}
	all.Wait()
	return float64(placed.Load()) / time.Since(began).Seconds()
}

// pgbenchScript writes the statements of one order for pgbench: the same text and as many round trips, with other
// values each time.
func pgbenchScript(b *testing.B, s *server, tape *tape, c caller) string {
	b.Helper()
	var order ordersapi.Order
	const key = "the-key-that-is-recorded"
	trips := tape.take(func() {
		placed := s.place(c, key, ordersapi.OrderItemRequest{ProductID: shelf(0), Quantity: 1})
		order = *contracttest.Body(b, placed, placed.JSON201)
	})
	var event, entry uuid.UUID
	require.NoError(b, s.Pool.QueryRow(b.Context(), `SELECT id FROM outbox WHERE subject = $1`, order.ID).Scan(&event))
	err := s.Pool.QueryRow(b.Context(), `SELECT id FROM audit_entries WHERE target = $1`, order.ID).Scan(&entry)
	require.NoError(b, err)
	varies := strings.NewReplacer(
		order.ID.String(), "' || md5('order' || :n)::uuid || '", event.String(), "' || md5('event' || :n)::uuid || '",
		entry.String(), "' || md5('entry' || :n)::uuid || '", c.id.String(), "' || md5('buyer' || :buyer)::uuid || '",
		order.Number, "' || 'PL-' || :n || '", key, "' || md5('key' || :n) || '",
		shelf(0).String(), "' || md5('product' || :product)::uuid || '",
	)
	conn, err := s.Pool.Acquire(b.Context())
	require.NoError(b, err)
	defer conn.Release()
	var script strings.Builder
	fmt.Fprintf(&script, "\\set n random(1, 9000000000000000)\n\\set product random(0, %d)\n\\set buyer random(0, %d)\n",
		orderShelves-1, orderBuyers-1)
	for _, trip := range trips {
		if len(trip) > 1 {
			script.WriteString("\\startpipeline\n")
		}
		for _, statement := range trip {
			script.WriteString(literally(b, conn.Conn(), statement, varies) + ";\n")
		}
		if len(trip) > 1 {
			script.WriteString("\\endpipeline\n")
		}
	}
	file := filepath.Join(b.TempDir(), "order.sql")
	require.NoError(b, os.WriteFile(file, []byte(script.String()), 0o600))
	return file
}

// literally writes a statement with its arguments as literals.
func literally(b *testing.B, conn *pgx.Conn, statement statement, varies *strings.Replacer) string {
	b.Helper()
	described, err := conn.Prepare(b.Context(), "", statement.sql)
	require.NoError(b, err, statement.sql)
	sql := statement.sql
	for i, oid := range slices.Backward(described.ParamOIDs) { // $12 before $1
		text, err := conn.TypeMap().Encode(oid, pgx.TextFormatCode, statement.args[i], nil)
		require.NoError(b, err, statement.sql)
		var kind string
		require.NoError(b, conn.QueryRow(b.Context(), `SELECT $1::oid::regtype::text`, oid).Scan(&kind))
		value := "NULL::" + kind
		if text != nil {
			value = "('" + varies.Replace(strings.ReplaceAll(string(text), "'", "''")) + "')::" + kind
		}
		sql = strings.ReplaceAll(sql, fmt.Sprintf("$%d", i+1), value)
	}
	return withoutComments(sql)
}

// withoutComments leaves out the line that names a query.
func withoutComments(sql string) string {
	var kept []string
	for line := range strings.Lines(strings.TrimSpace(sql)) {
		if !strings.HasPrefix(line, "--") {
			kept = append(kept, line)
		}
	}
	return strings.TrimSpace(strings.Join(kept, ""))
}

// pgbench runs a script repeatedly, for as long as options say, and gives the runs per second.
func pgbench(b *testing.B, url, script string, options ...string) float64 {
	b.Helper()
	program, err := findPgbench()
	require.NoError(b, err)
	cmd := exec.CommandContext(b.Context(), program,
		append(options, "--no-vacuum", "--protocol=prepared", "--file="+script, url)...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	require.NoError(b, cmd.Run(), problems.String())
	for line := range strings.Lines(out.String()) {
		var tps float64
		if _, err := fmt.Sscanf(line, "tps = %f", &tps); err == nil {
			return tps
		}
	}
	require.Fail(b, "pgbench does not tell how much it did", out.String())
	return 0
}

func findPgbench() (string, error) {
	if program, err := exec.LookPath("pgbench"); err == nil {
		return program, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if err != nil || len(found) == 0 {
		return "", errors.New("there is no pgbench: install PostgreSQL's server package")
	}
	return found[len(found)-1], nil
}
