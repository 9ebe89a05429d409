package orders

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/redis"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
	"example.com/plumbline/impl/testkit/redistest"
)

// remembering serves a service that remembers products for an hour of its clock, and waits until changes are heard.
func remembering(t *testing.T, change ...func(*options)) *server {
	t.Helper()
	s := start(t, append([]func(*options){func(o *options) {
		config := o.config
		o.config = func(c *Config) {
			config(c)
			c.ProductCache = time.Hour
		}
	}}, change...)...)
	require.NoError(t, s.service.catalog.pages.Warm(t.Context(), 1), "changes are heard")
	s.service.catalog.pages.ForgetAll(t.Context())
	return s
}

// replicas serves two services on one database, and on one Redis where there is one.
func replicas(t *testing.T, shared *redistest.Server) (a, b *server) {
	t.Helper()
	url := pgtest.URL(t, schema.Migrations, schema.Parts...)
	on := func(o *options) {
		o.pool = func(t testing.TB) *pgxpool.Pool {
			t.Helper()
			pool, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: 8})
			require.NoError(t, err)
			t.Cleanup(pool.Close)
			return pool
		}
		config := o.config
		o.config = func(c *Config) {
			config(c)
			if shared == nil {
				return
			}
			var err error
			c.Redis, err = redis.New(redis.Config{Name: "orders", URL: shared.URL(), Timeout: time.Second})
			require.NoError(t, err)
			t.Cleanup(c.Redis.Close)
			require.Eventually(t, func() bool { return c.Redis.Check(t.Context()) == nil }, programtest.Patience,
				time.Millisecond)
		}
	}
	return remembering(t, on), remembering(t, on)
}

func (s *server) read(
	c *ordersapi.ClientWithResponses, id uuid.UUID, fresh ...ordersapi.RequestEditorFn,
) ordersapi.Product {
	s.t.Helper()
	got, err := c.GetProductWithResponse(s.t.Context(), id, fresh...)
	require.NoError(s.t, err)
	return *contracttest.Body(s.t, got, got.JSON200)
}

func (s *server) list(c *ordersapi.ClientWithResponses, params *ordersapi.ListProductsParams) []ordersapi.Product {
	s.t.Helper()
	got, err := c.ListProductsWithResponse(s.t.Context(), params)
	require.NoError(s.t, err)
	return contracttest.Body(s.t, got, got.JSON200).Items
}

func (s *server) rename(staff caller, id uuid.UUID, name string) ordersapi.Product {
	s.t.Helper()
	got, err := staff.UpdateProductWithResponse(s.t.Context(), id, &ordersapi.UpdateProductParams{IfMatch: "*"},
		ordersapi.UpdateProductRequest{Name: &name})
	require.NoError(s.t, err)
	return *contracttest.Body(s.t, got, got.JSON200)
}

// Anonymous callers are answered from memory: the units that the database has now are not shown, and no statement is
// sent. A caller with a token, or who wants no cached answer, is shown what the database says.
func TestWhoIsAnsweredFromTheCache(t *testing.T) {
	t.Parallel()
	s := remembering(t)
	id := s.product(5)
	require.Eventually(t, func() bool { // The announcement of the product may come now.
		return s.read(s.client(""), id).Available == 5 && s.service.catalog.products.Len() == 1
	}, programtest.Patience, time.Millisecond)
	require.Len(t, s.list(s.client(""), &ordersapi.ListProductsParams{}), 1)
	_, err := s.queries.AdjustStock(t.Context(),
		ordersdb.AdjustStockParams{ProductID: id, Delta: 2, UpdatedAt: s.Clock.Now()})
	require.NoError(t, err)
	require.Equal(t, int64(5), s.read(s.client(""), id).Available)
	require.Equal(t, int64(5), s.list(s.client(""), &ordersapi.ListProductsParams{})[0].Available)
	customer := s.as().ClientWithResponses
	require.Equal(t, int64(7), s.read(customer, id).Available)
	require.Equal(t, int64(7), s.list(customer, &ordersapi.ListProductsParams{})[0].Available)
	uncached := func(value string) ordersapi.RequestEditorFn {
		return func(_ context.Context, r *http.Request) error {
			r.Header.Set("Cache-Control", value)
			return nil
		}
	}
	require.Equal(t, int64(7), s.read(s.client(""), id, uncached("max-stale=5, No-Cache")).Available)
	require.Equal(t, int64(7), s.read(s.client(""), id, uncached("max-age=0")).Available)
	require.Equal(t, int64(5), s.read(s.client(""), id, uncached("max-age=01")).Available)
	s.Clock.Advance(time.Hour)
	require.Equal(t, int64(7), s.read(s.client(""), id).Available)
}

// A change is shown at once to everybody by the replica that has made it, at once to whoever sends a token by every
// replica, and soon to everybody by every replica.
func TestAChangeOfAProduct(t *testing.T) {
	t.Parallel()
	for name, shared := range map[string]func() *redistest.Server{
		"without Redis": func() *redistest.Server { return nil },
		"with Redis":    func() *redistest.Server { return redistest.Start(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := replicas(t, shared())
			staff := a.as(ordersapi.RoleStaff)
			alsoStaff := b.client(b.access(staff.id, ordersapi.RoleStaff))
			id := a.product(5)
			for _, name := range []string{"Steel plumb bob", "Lead plumb bob", "Brass plumb bob, large"} {
				a.read(a.client(""), id)
				b.read(b.client(""), id)
				b.list(b.client(""), &ordersapi.ListProductsParams{})
				now := a.rename(staff, id, name)
				require.Equal(t, now, a.read(a.client(""), id))
				require.Equal(t, now, a.list(a.client(""), &ordersapi.ListProductsParams{})[0])
				require.Equal(t, now, b.read(alsoStaff, id), "by the other replica, before it may have heard")
				require.Equal(t, now, b.list(alsoStaff, &ordersapi.ListProductsParams{})[0])
				require.Eventually(t, func() bool {
					return b.read(b.client(""), id) == now && b.list(b.client(""), &ordersapi.ListProductsParams{})[0] == now
				}, programtest.Patience, time.Millisecond)
			}
			archived, err := staff.ArchiveProductWithResponse(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, archived.StatusCode())
			require.Empty(t, a.list(a.client(""), &ordersapi.ListProductsParams{}))
			require.Eventually(t, func() bool {
				return len(b.list(b.client(""), &ordersapi.ListProductsParams{})) == 0
			}, programtest.Patience, time.Millisecond)
			// Also what no service has changed.
			_, err = a.Pool.Exec(t.Context(), `UPDATE products SET name = 'By hand'`)
			require.NoError(t, err)
			for _, s := range []*server{a, b} {
				require.Eventually(t, func() bool { return s.read(s.client(""), id).Name == "By hand" }, programtest.Patience,
					time.Millisecond)
			}
		})
	}
}

// A price that a caller was shown is not what an order costs: orders are priced, and their stock is reserved, by the
// database.
func TestOrdersAreNotPricedFromTheCache(t *testing.T) {
	t.Parallel()
	s := remembering(t)
	id := s.product(1)
	s.read(s.client(""), id)
	tx, err := s.Pool.Begin(t.Context())
	require.NoError(t, err)
	s.service.catalog.products.SetWatched(true)
	_, err = tx.Exec(t.Context(), `UPDATE products SET price_amount = 9900`)
	require.NoError(t, err)
	require.NoError(t, tx.Commit(t.Context()))
	order := s.order(s.as(), id, 1)
	require.Equal(t, int64(9900), order.Total.Amount)
	got := s.place(s.as(), uuid.NewString(), ordersapi.OrderItemRequest{ProductID: id, Quantity: 1})
	require.Equal(t, ordersapi.ProblemCodeOutOfStock, codeIn(t, got.Body))
}

// A product that there is not is remembered as such, until it is made.
func TestAMissingProduct(t *testing.T) {
	t.Parallel()
	s := remembering(t)
	id := newID()
	for range 3 {
		got, err := s.client("").GetProductWithResponse(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, ordersapi.ProblemCodeProductNotFound, codeIn(t, got.Body))
	}
	require.Equal(t, 1, s.service.catalog.products.Len())
	s.product(0, func(p *ordersdb.CreateProductParams) { p.ID = id })
	require.Eventually(t, func() bool {
		got, err := s.client("").GetProductWithResponse(t.Context(), id)
		return err == nil && got.StatusCode() == http.StatusOK
	}, programtest.Patience, time.Millisecond)
}

// A statement that changes many products is one announcement.
func TestManyProductsAtOnce(t *testing.T) {
	t.Parallel()
	s := remembering(t)
	var ids []uuid.UUID
	for range 101 {
		ids = append(ids, s.product(0))
	}
	for _, statement := range []string{`UPDATE products SET name = 'All of them'`, `TRUNCATE products CASCADE`} {
		for _, id := range ids[:3] {
			s.read(s.client(""), id)
		}
		_, err := s.Pool.Exec(t.Context(), statement)
		require.NoError(t, err)
		s.eventually("all are forgotten", func() bool {
			got, err := s.client("").GetProductWithResponse(t.Context(), ids[0])
			require.NoError(t, err)
			return got.StatusCode() == http.StatusNotFound || contracttest.Body(t, got, got.JSON200).Name == "All of them"
		})
	}
}

// However slow Redis is, changes that come one after another are seen at once.
func TestManyChangesWithASlowRedis(t *testing.T) {
	t.Parallel()
	proxy := redistest.Through(t, redistest.Start(t))
	s := remembering(t, func(o *options) {
		config := o.config
		o.config = func(c *Config) {
			config(c)
			var err error
			c.Redis, err = redis.New(redis.Config{
				Name: "orders", URL: proxy.URL(), Timeout: programtest.Patience, KeepAlive: programtest.Patience,
			})
			require.NoError(t, err)
			t.Cleanup(c.Redis.Close)
			require.Eventually(t, func() bool { return c.Redis.Check(t.Context()) == nil }, programtest.Patience,
				time.Millisecond)
		}
	})
	first, last := s.product(0), s.product(0)
	s.read(s.client(""), last)
	proxy.Delay(programtest.Patience / 2)
	for range 10 {
		_, err := s.Pool.Exec(t.Context(), `UPDATE products SET version = version + 1 WHERE id = $1`, first)
		require.NoError(t, err)
	}
	_, err := s.Pool.Exec(t.Context(), `UPDATE products SET name = 'The last' WHERE id = $1`, last)
	require.NoError(t, err)
	s.eventually("the last change is seen", func() bool { return s.read(s.client(""), last).Name == "The last" })
	proxy.Heal()
}

// The program reads the catalog before it is ready, and starts as well when it cannot in time.
func TestWarmUp(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, schema.Migrations, schema.Parts...)
	p := programtest.Serve(t, Run, environment(url, "ORDERS_WARM_UP=30s"))
	require.Contains(t, p.Output(), "the catalog is warm")
	require.Less(t, strings.Index(p.Output(), "the catalog is warm"), strings.Index(p.Output(), `"msg":"serving"`))
	_, body := programtest.Get(t, p.OpsURL+"/metrics")
	require.Contains(t, body, `cache_entries{cache="product_pages"} 1`)
	p.Stop()
	require.NoError(t, p.End())
	p = programtest.Serve(t, Run, environment(url, "ORDERS_WARM_UP=1ns"))
	require.Contains(t, p.Output(), "the catalog is not warm")
	p.Stop()
	require.NoError(t, p.End())
}
