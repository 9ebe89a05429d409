package orders

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
	"example.com/plumbline/impl/testkit/redistest"
)

// redisShop is the program with a Redis behind a proxy. Nothing stays in its memory for long: nearly each read of a
// product asks Redis while Redis works.
type redisShop struct {
	*programtest.Served

	t      *testing.T
	client *ordersapi.ClientWithResponses
	db     *ordersdb.Queries
	ids    []uuid.UUID
}

func openRedisShop(t *testing.T, proxy *redistest.Proxy) *redisShop {
	t.Helper()
	url := pgtest.URL(t, schema.Migrations, schema.Parts...)
	users, _, serving := usersWithKeys(t) // Without its keys the service is unhealthy, whatever Redis does.
	serving.Store(true)
	s := &redisShop{t: t, Served: programtest.Serve(t, Run, environment(url, "ORDERS_REDIS_URL="+proxy.URL().Reveal(),
		"ORDERS_USERS_URL="+users,
		// So short that the memory is of little use. What is in Redis is trusted after two seconds.
		"ORDERS_PRODUCT_CACHE=5ms", "ORDERS_REDIS_KEEPALIVE=100ms", "ORDERS_RATE_LIMITS=false"))}
	var err error
	s.client, err = ordersapi.NewClientWithResponses(s.URL)
	require.NoError(t, err)
	pool, err := pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	s.db = ordersdb.New(pool)
	for n := range 20 {
		p, err := s.db.CreateProduct(t.Context(), ordersdb.CreateProductParams{
			ID: newID(), Sku: fmt.Sprintf("SKU-%d", n), Name: "Brass plumb bob", PriceAmount: 2490, Currency: "EUR",
			CreatedAt: time.Now(),
		})
		require.NoError(t, err)
		s.ids = append(s.ids, p.ID)
	}
	return s
}

// metric reads a metric of the program.
func (s *redisShop) metric(series string) float64 {
	s.t.Helper()
	_, body := programtest.Get(s.t, s.OpsURL+"/metrics")
	for line := range strings.Lines(body) {
		var value float64
		if rest, ok := strings.CutPrefix(line, series+" "); ok {
			_, err := fmt.Sscan(rest, &value)
			require.NoError(s.t, err)
			return value
		}
	}
	require.Fail(s.t, "there is no such metric", series)
	return 0
}

// sent counts the commands that requests have sent to Redis.
func (s *redisShop) sent() (all float64) {
	for _, result := range []string{"success", "rejected", "failing", "timeout", "unreachable", "canceled"} {
		all += s.metric(`redis_commands_total{result="` + result + `"}`)
	}
	return all
}

func (s *redisShop) works() bool { return s.metric("redis_breaker_state") == 0 }

func (s *redisShop) health(want string) bool {
	_, body := programtest.Get(s.t, s.OpsURL+"/healthz")
	return strings.Contains(body, want)
}

func (s *redisShop) eventually(what string, holds func() bool) {
	s.t.Helper()
	require.Eventually(s.t, holds, programtest.Patience, 10*time.Millisecond, what)
}

// browse changes products and reads them, and requires that every answer is right. It gives the 99th percentile of the
// time that a read took.
func (s *redisShop) browse(reads int) time.Duration {
	s.t.Helper()
	var took []time.Duration
	for n := range reads {
		id := s.ids[n%len(s.ids)]
		began := time.Now()
		got, err := s.client.GetProductWithResponse(s.t.Context(), id)
		took = append(took, time.Since(began))
		require.NoError(s.t, err)
		require.Equal(s.t, http.StatusOK, got.StatusCode(), string(got.Body))
		require.Equal(s.t, id, contracttest.Body(s.t, got, got.JSON200).ID)
		if n%10 > 0 {
			continue
		}
		name := fmt.Sprintf("Plumb bob %d", n)
		_, err = s.db.UpdateProduct(s.t.Context(), ordersdb.UpdateProductParams{
			ID: id, AnyVersion: true, Name: &name, UpdatedAt: time.Now(),
		})
		require.NoError(s.t, err)
		fresh, err := s.client.GetProductWithResponse(s.t.Context(), id, func(_ context.Context, r *http.Request) error {
			r.Header.Set("Cache-Control", "no-cache")
			return nil
		})
		require.NoError(s.t, err)
		require.Equal(s.t, name, contracttest.Body(s.t, fresh, fresh.JSON200).Name)
		s.eventually("everybody sees the change", func() bool {
			got, err := s.client.GetProductWithResponse(s.t.Context(), id)
			require.NoError(s.t, err)
			return contracttest.Body(s.t, got, got.JSON200).Name == name
		})
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}

// Whatever happens to Redis, every request is answered rightly; few wait for it, operators are told, and it is used
// again once it works, without a restart.
func TestRedisFails(t *testing.T) {
	t.Parallel()
	const reads = 200
	for name, fault := range map[string]struct {
		begin, end func(*redistest.Server, *redistest.Proxy)
	}{
		"killed": {
			func(s *redistest.Server, _ *redistest.Proxy) { s.Kill() },
			func(s *redistest.Server, _ *redistest.Proxy) { s.Run() }, // empty
		},
		"frozen": {
			func(s *redistest.Server, _ *redistest.Proxy) { s.Freeze() },
			func(s *redistest.Server, _ *redistest.Proxy) { s.Thaw() },
		},
		"slow": {
			func(_ *redistest.Server, p *redistest.Proxy) { p.Delay(time.Second) },
			func(_ *redistest.Server, p *redistest.Proxy) { p.Heal() },
		},
		"full": {
			func(s *redistest.Server, _ *redistest.Proxy) { s.Fill() },
			func(s *redistest.Server, _ *redistest.Proxy) { s.Empty() },
		},
		"cut off": {
			func(_ *redistest.Server, p *redistest.Proxy) { p.Cut() },
			func(_ *redistest.Server, p *redistest.Proxy) { p.Join() },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			proxy := redistest.Through(t, server)
			s := openRedisShop(t, proxy)
			s.eventually("Redis answers reads", func() bool {
				s.browse(1)
				return s.works() && s.metric(`cache_redis_misses_total{cache="products"}`) > 0
			})
			s.eventually("operators see that it works", func() bool { return s.health(`"name":"redis","status":"healthy"`) })
			s.eventually("there are keys", func() bool { return s.health(`"name":"keys","status":"healthy"`) })
			before := s.browse(reads)

			fault.begin(server, proxy)
			began := s.sent()
			during := s.browse(reads)
			s.eventually("the breaker opens", func() bool {
				s.browse(1)
				return !s.works()
			})
			// Five failures in a row open it; some answers may have been on their way, and some commands beside requests.
			require.LessOrEqual(t, s.sent()-began, 20.0, "commands that went out before the breaker opened")
			opened := s.sent()
			after := s.browse(reads)
			require.InDelta(t, opened, s.sent(), 0, "nobody waits for Redis once the breaker is open")
			s.eventually("operators are told", func() bool { return s.health(`"name":"redis","status":"unhealthy"`) })
			require.True(t, s.health(`{"status":"degraded"`))
			status, _ := programtest.Get(t, s.OpsURL+"/readyz")
			require.Equal(t, http.StatusOK, status)

			fault.end(server, proxy)
			s.eventually("Redis is used again", func() bool {
				s.browse(1)
				return s.works() && s.sent() > opened+5
			})
			s.eventually("operators are told", func() bool { return s.health(`"name":"redis","status":"healthy"`) })
			t.Logf("99th percentile of a read: %v with Redis, %v when it failed, %v once the breaker was open, %v after",
				before, during, after, s.browse(reads))
			s.Stop()
			require.NoError(t, s.End())
		})
	}
}
