package orders

import (
	"context"
	"crypto/rand"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

// A new order waits for its payment as long as the file of settings says by then; older ones keep their time.
func TestPayWithinChangesAtRunTime(t *testing.T) {
	t.Parallel()
	key, err := token.NewPrivateKey(rand.Reader, time.Now().Add(-time.Hour))
	require.NoError(t, err)
	signer := token.NewSigner(time.Now)
	require.NoError(t, signer.SetKeys([]token.PrivateKey{key}))
	users := newUsersStandIn(t)
	accounts := users.answer.Load().(http.HandlerFunc)
	users.answer.Store(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/.well-known/jwks.json" {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(signer.JWKS())
			return
		}
		accounts(w, r)
	}))
	url := pgtest.URL(t, schema.Migrations, schema.Parts...)
	p := programtest.ServeLive(t, Run, "ORDERS_CONFIG", environment(url, "ORDERS_USERS_URL="+users.URL,
		"ORDERS_ISSUER="+issuer), "pay_within: 30m")

	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	db, product, now := ordersdb.New(conn), uuid.New(), time.Now()
	_, err = db.CreateProduct(t.Context(), ordersdb.CreateProductParams{
		ID: product, Sku: product.String(), Name: "Brass plumb bob", PriceAmount: 2490, Currency: "EUR", CreatedAt: now,
	})
	require.NoError(t, err)
	_, err = db.AdjustStock(t.Context(), ordersdb.AdjustStockParams{ProductID: product, Delta: 9, UpdatedAt: now})
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))

	access, err := signer.Sign(token.Claims{
		Issuer: issuer, Audience: []string{"orders"}, Subject: uuid.New(), SessionID: uuid.New(),
		Roles: []string{"customer"}, ID: uuid.NewString(), IssuedAt: now, ExpiresAt: now.Add(5 * time.Minute),
	})
	require.NoError(t, err)
	client, err := ordersapi.NewClientWithResponses(p.URL,
		ordersapi.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			r.Close = true
			r.Header.Set("Authorization", "Bearer "+access)
			return nil
		}))
	require.NoError(t, err)
	order := func() ordersapi.Order {
		items := []ordersapi.OrderItemRequest{{ProductID: product, Quantity: 1}}
		got, err := client.CreateOrderWithResponse(t.Context(),
			&ordersapi.CreateOrderParams{IdempotencyKey: uuid.NewString()}, ordersapi.CreateOrderRequest{Items: items})
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, got.StatusCode(), string(got.Body))
		return *contracttest.Body(t, got, got.JSON201)
	}
	before := order()
	require.Equal(t, 30*time.Minute, before.ExpiresAt.Sub(before.CreatedAt))
	p.Set("pay_within: 2h")
	after := order()
	require.Equal(t, 2*time.Hour, after.ExpiresAt.Sub(after.CreatedAt))
}

// Products are remembered as long as the file says.
func TestProductCacheChangesAtRunTime(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, schema.Migrations, schema.Parts...)
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	db, product, now := ordersdb.New(conn), uuid.New(), time.Now()
	_, err = db.CreateProduct(t.Context(), ordersdb.CreateProductParams{
		ID: product, Sku: product.String(), Name: "Brass plumb bob", PriceAmount: 2490, Currency: "EUR", CreatedAt: now,
	})
	require.NoError(t, err)
	p := programtest.ServeLive(t, Run, "ORDERS_CONFIG", environment(url), "product_cache: 10m")
	client, err := ordersapi.NewClientWithResponses(p.URL,
		ordersapi.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			r.Close = true
			return nil
		}))
	require.NoError(t, err)
	available := func() int64 {
		got, err := client.GetProductWithResponse(t.Context(), product)
		require.NoError(t, err)
		return contracttest.Body(t, got, got.JSON200).Available
	}
	hits := func() bool {
		available()
		_, body := programtest.Get(t, p.OpsURL+"/metrics")
		return regexp.MustCompile(`cache_hits_total\{cache="products"\} [1-9]`).MatchString(body)
	}
	contracttest.Eventually(t, "products are remembered", hits)
	_, err = db.AdjustStock(t.Context(), ordersdb.AdjustStockParams{ProductID: product, Delta: 9, UpdatedAt: now})
	require.NoError(t, err)
	require.Zero(t, available())
	p.Set("product_cache: 0s")
	require.EqualValues(t, 9, available())
}
