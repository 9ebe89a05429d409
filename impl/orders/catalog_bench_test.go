package orders

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/redis"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/redistest"
)

const (
	catalogRounds   = 6 // The first one warms up.
	catalogProducts = 1000
	catalogLifetime = time.Hour
)

// sentStatements counts those that a pool sends.
type sentStatements struct{ sent atomic.Int64 }

func (s *sentStatements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	s.sent.Add(1)
	return ctx
}

func (s *sentStatements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// BenchmarkCatalog compares what a read of the catalog by a caller without a token costs: from the database, from the
// memory of the process, and from Redis. They take turns in this process, without a network before them. For each
// request it reports the statements, the CPU of this process and, on Linux, that of PostgreSQL and Redis together; and
// the ratio of all CPU to that with the database.
func BenchmarkCatalog(b *testing.B) {
	f := newCatalogFixture(b)
	single := make([]string, catalogProducts)
	for n := range single {
		single[n] = "/api/v1/products/" + shelf(n).String()
	}
	var pages []string
	for limit := 1; limit <= 100; limit++ {
		pages = append(pages, fmt.Sprintf("/api/v1/products?limit=%d", limit))
	}
	b.Run("one product", func(b *testing.B) { f.compare(b, single, f.redis) })
	b.Run("pages of 1 to 100", func(b *testing.B) { f.compare(b, pages, nil) })
}

type catalogFixture struct {
	url        string
	server     *redistest.Server
	redis      *redis.Client
	statements sentStatements
}

func newCatalogFixture(b *testing.B) *catalogFixture {
	b.Helper()
	f := &catalogFixture{url: pgtest.URL(b, schema.Migrations, schema.Parts...), server: redistest.Start(b)}
	var err error
	f.redis, err = redis.New(redis.Config{Name: "orders", URL: f.server.URL(), Timeout: time.Second})
	require.NoError(b, err)
	b.Cleanup(f.redis.Close)
	require.Eventually(b, func() bool { return f.redis.Check(b.Context()) == nil }, time.Minute, time.Millisecond)
	conn, err := pgx.Connect(b.Context(), f.url)
	require.NoError(b, err)
	defer conn.Close(context.WithoutCancel(b.Context()))
	_, err = conn.Exec(b.Context(), `
		INSERT INTO products (id, sku, name, description, price_amount, currency, created_at, updated_at)
		SELECT md5('product' || n)::uuid, 'SKU-' || n, 'Brass plumb bob ' || n, repeat('Turned from solid brass. ', 8), n,
			'EUR', now(), now()
		FROM generate_series(0, $1 - 1) AS n`, catalogProducts)
	require.NoError(b, err)
	_, err = conn.Exec(b.Context(), `
		INSERT INTO stock (product_id, available, received, updated_at) SELECT id, 7, 7, now() FROM products`)
	require.NoError(b, err)
	_, err = conn.Exec(b.Context(), `ANALYZE`)
	require.NoError(b, err)
	return f
}

// serve starts a replica that remembers products for a time, and that trusts Redis where it has one.
func (f *catalogFixture) serve(b *testing.B, lifetime time.Duration, shared *redis.Client) *server {
	b.Helper()
	s := start(b, func(o *options) {
		o.pool = func(t testing.TB) *pgxpool.Pool {
			t.Helper()
			pool, err := postgres.Open(t.Context(), postgres.Config{URL: f.url, MaxConns: 2, Tracer: &f.statements})
			require.NoError(t, err)
			t.Cleanup(pool.Close)
			return pool
		}
		o.config = func(c *Config) { c.ProductCache, c.Redis = lifetime, shared }
		o.chain = func(chain *httpapi.Options) {
			chain.Log = telemetry.NewLogger(io.Discard, telemetry.LogOptions{Service: "orders"}).Logger
			chain.Responses, chain.Observe, chain.RateLimits = httpapi.ResponsesSample, nil, false
		}
	})
	require.NoError(b, s.service.catalog.products.Warm(b.Context(), 1), "changes are heard")
	require.NoError(b, s.service.catalog.pages.Warm(b.Context(), 1))
	s.Clock.Advance(catalogLifetime + catalogTimeout)
	return s
}

// spending is what requests have cost, in all.
type spending struct{ service, servers, statements float64 }

// request makes one request of each path, and gives the CPU in microseconds and the statements of all.
func (f *catalogFixture) request(b *testing.B, s *server, paths []string) spending {
	b.Helper()
	before := f.spent(b, s)
	for _, path := range paths {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, http.NoBody)
		s.Web.Config.Handler.ServeHTTP(w, r)
		require.Equal(b, http.StatusOK, w.Code)
	}
	after := f.spent(b, s)
	return spending{after.service - before.service, after.servers - before.servers, after.statements - before.statements}
}

// spent gives what a replica has cost so far, with the sessions of its pool and Redis.
func (f *catalogFixture) spent(b *testing.B, s *server) spending {
	b.Helper()
	var servers float64
	for _, conn := range s.Pool.AcquireAllIdle(b.Context()) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", conn.Conn().PgConn().PID()))
		conn.Release()
		var nanoseconds float64
		if err == nil {
			_, err = fmt.Sscan(string(text), &nanoseconds)
			require.NoError(b, err)
		}
		servers += nanoseconds / 1000
	}
	for line := range strings.Lines(f.server.Do("INFO", "cpu")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name == "used_cpu_user" || name == "used_cpu_sys" {
			seconds, err := strconv.ParseFloat(value, 64)
			require.NoError(b, err)
			servers += seconds * 1e6
		}
	}
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	service := time.Duration(u.Utime.Nano() + u.Stime.Nano())
	return spending{float64(service.Microseconds()), servers, float64(f.statements.sent.Load())}
}

// compare takes turns. Without shared, Redis takes no part.
func (f *catalogFixture) compare(b *testing.B, paths []string, shared *redis.Client) {
	b.Helper()
	servers := map[string]*server{"database": f.serve(b, 0, nil), "memory": f.serve(b, catalogLifetime, nil)}
	f.request(b, servers["memory"], paths)
	if shared != nil {
		filling := f.serve(b, catalogLifetime, shared)
		filling.service.catalog.forget(b.Context(), uuid.UUID{}) // It gives Redis a generation.
		f.request(b, filling, paths)
	}
	costs := map[string][]spending{}
	for b.Loop() {
		for round := range catalogRounds {
			if shared != nil {
				servers["redis"] = f.serve(b, catalogLifetime, shared) // with nothing in its memory
			}
			for name, s := range servers {
				if once := f.request(b, s, paths); round > 0 {
					costs[name] = append(costs[name], once)
				}
			}
		}
	}
	all := map[string]float64{}
	for name, rounds := range costs {
		median := func(of func(spending) float64) float64 {
			var values []float64
			for _, c := range rounds {
				values = append(values, of(c)/float64(len(paths)))
			}
			slices.Sort(values)
			return values[len(values)/2]
		}
		all[name] = median(func(c spending) float64 { return c.service + c.servers })
		b.ReportMetric(median(func(c spending) float64 { return c.service }), name+"-service-µs")
		b.ReportMetric(median(func(c spending) float64 { return c.servers }), name+"-servers-µs")
		b.ReportMetric(median(func(c spending) float64 { return c.statements }), name+"-statements")
	}
	b.ReportMetric(all["memory"]/all["database"], "memory/database")
	if shared != nil {
		b.ReportMetric(all["redis"]/all["database"], "redis/database")
	}
	b.ReportMetric(0, "ns/op") // the time of a comparison means nothing
}
