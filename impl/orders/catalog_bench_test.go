package orders

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
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
// memory of the process, and from Redis. They take turns in this process, without a network before them. It reports the
// CPU of this process for each request, without PostgreSQL's and Redis's, the ratio to that of the database, and the
// statements for each request.
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
	first := slices.Repeat([]string{"/api/v1/products"}, 200)
	b.Run("one product", func(b *testing.B) { f.compare(b, single) })
	b.Run("first page", func(b *testing.B) { f.compare(b, first) })
	b.Run("pages of 1 to 100", func(b *testing.B) { f.compare(b, pages) })
}

type catalogFixture struct {
	url        string
	redis      *redis.Client
	statements sentStatements
}

func newCatalogFixture(b *testing.B) *catalogFixture {
	b.Helper()
	f := &catalogFixture{url: pgtest.URL(b, schema.Migrations, schema.Parts...)}
	var err error
	f.redis, err = redis.New(redis.Config{Name: "orders", URL: redistest.Start(b).URL(), Timeout: time.Second})
	require.NoError(b, err)
	b.Cleanup(f.redis.Close)
	require.Eventually(b, func() bool { return f.redis.Check(b.Context()) == nil }, time.Minute, time.Millisecond)
	conn, err := pgx.Connect(b.Context(), f.url)
	require.NoError(b, err)
	defer conn.Close(context.WithoutCancel(b.Context()))
	_, err = conn.Exec(b.Context(), `INSERT INTO products (id, sku, name, description, price_amount, currency, created_at, updated_at)
		SELECT md5('product' || n)::uuid, 'SKU-' || n, 'Brass plumb bob ' || n, repeat('Turned from solid brass. ', 8), n, 'EUR', now(), now()
		FROM generate_series(0, $1 - 1) AS n`, catalogProducts)
	require.NoError(b, err)
	_, err = conn.Exec(b.Context(), `INSERT INTO stock (product_id, available, received, updated_at) SELECT id, 7, 7, now() FROM products`)
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

// request makes one request of each path, and gives the CPU of this process and the statements for each.
func (f *catalogFixture) request(b *testing.B, s *server, paths []string) (cpu, sent float64) {
	b.Helper()
	usage := func() time.Duration {
		var u syscall.Rusage
		require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before, began := f.statements.sent.Load(), usage()
	for _, path := range paths {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, http.NoBody)
		s.Web.Config.Handler.ServeHTTP(w, r)
		require.Equal(b, http.StatusOK, w.Code)
	}
	took := usage() - began
	each := float64(len(paths))
	return float64(took.Microseconds()) / each, float64(f.statements.sent.Load()-before) / each
}

func (f *catalogFixture) compare(b *testing.B, paths []string) {
	database, memory := f.serve(b, 0, nil), f.serve(b, catalogLifetime, nil)
	filling := f.serve(b, catalogLifetime, f.redis)
	filling.service.catalog.forget(b.Context(), uuid.UUID{}) // It gives Redis generations.
	f.request(b, filling, paths)
	f.request(b, memory, paths)
	costs, sent := map[string][]float64{}, map[string]float64{}
	for b.Loop() {
		for round := range catalogRounds {
			for name, s := range map[string]*server{
				"database": database, "memory": memory, "redis": f.serve(b, catalogLifetime, f.redis),
			} {
				cost, statements := f.request(b, s, paths)
				if round > 0 {
					costs[name] = append(costs[name], cost)
				}
				sent[name] = statements
			}
		}
	}
	median := map[string]float64{}
	for name, all := range costs {
		slices.Sort(all)
		median[name] = all[len(all)/2]
		b.ReportMetric(median[name], name+"-µs/request")
		b.ReportMetric(sent[name], name+"-statements/request")
	}
	b.ReportMetric(median["memory"]/median["database"], "memory/database")
	b.ReportMetric(median["redis"]/median["database"], "redis/database")
	b.ReportMetric(0, "ns/op") // the time of a comparison means nothing
}
