package orders

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/convert"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/resource"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
)

func TestMain(m *testing.M) { os.Exit(contracttest.Main(m, conformance, Document)) }

// conformance counts which parts of the document the tests of this package exercise.
var conformance = contracttest.NewCoverage()

const issuer = "https://users.test"

// loadDocument gives the document, loaded once.
var loadDocument = func() func(testing.TB) *contract.Document {
	load := sync.OnceValues(func() (*contract.Document, error) {
		document, err := Document()
		if err != nil {
			return nil, err
		}
		return contracttest.Patient(document), nil
	})
	return func(t testing.TB) *contract.Document {
		t.Helper()
		document, err := load()
		require.NoError(t, err)
		return document
	}
}()

// everybody lets everybody order.
type everybody struct{}

func (everybody) MayOrder(context.Context) error { return nil }

// usual is the ration of the service by default. With lavish, the orders of a customer are still serialized, but none
// is refused.
var (
	usual  = Ration{Orders: int64(defaultServe().OpenOrders), Units: int64(defaultServe().ReservedUnits)}
	lavish = Ration{Orders: math.MaxInt32, Units: math.MaxInt32}
)

func generous(o *options) {
	config := o.config
	o.config = func(c *Config) {
		config(c)
		c.Ration = lavish
	}
}

// options are what a test may change before a server starts.
type options struct {
	config   func(*Config)
	chain    func(*httpapi.Options)
	pool     func(testing.TB) *pgxpool.Pool
	database func(*pgxpool.Pool) resource.Database
	clock    *contracttest.Clock
}

// server is the service behind its whole chain, on a database of its own.
type server struct {
	*contracttest.Server

	t       testing.TB
	service *Service
	queries *ordersdb.Queries
	signer  *token.Signer
	beside  func() string // gives what has been logged outside of requests
}

// start serves a service and checks every answer against the document: one that does not conform fails the test.
func start(t testing.TB, change ...func(*options)) *server {
	t.Helper()
	o := options{
		config: func(*Config) {},
		chain:  func(*httpapi.Options) {},
		pool: func(t testing.TB) *pgxpool.Pool {
			t.Helper()
			return pgtest.New(t, schema.Migrations, schema.Parts...)
		},
		database: func(pool *pgxpool.Pool) resource.Database { return pool },
		clock:    contracttest.NewClock(),
	}
	for _, c := range change {
		c(&o)
	}
	pool, clock := o.pool(t), o.clock
	s := &server{t: t, queries: ordersdb.New(pool), signer: token.NewSigner(clock.Now)}
	lines := &contracttest.Log{}
	log := underTest(t).NewLogger(lines)
	t.Cleanup(func() { require.NoError(t, log.Close()) })
	s.beside = func() string {
		require.NoError(t, log.Flush())
		return lines.String()
	}
	key, err := token.NewPrivateKey(rand.Reader, clock.Now())
	require.NoError(t, err)
	require.NoError(t, s.signer.SetKeys([]token.PrivateKey{key}))
	config := Config{
		Config: resource.Config{
			Database: o.database(pool), Pool: pool, Keys: s.signer, Issuer: issuer,
			MasterKey: telemetry.NewSecret(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))),
			Log:       log.Logger, Registry: prometheus.NewRegistry(), Clock: clock.Now,
		},
		Customers: everybody{}, PayWithin: always(30 * time.Minute), SearchTimeout: time.Minute, Ration: usual,
		AllowPrivate: true,
	}
	o.config(&config)
	s.service, err = New(config)
	require.NoError(t, err)
	s.Server = underTest(t).Serve(t, pool, clock, s.service.Handler, o.chain)
	s.Web.Client().Transport.(*http.Transport).MaxIdleConnsPerHost = 100 // Some tests make many calls at once.
	s.Arranger = arranger{s}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var background sync.WaitGroup
	background.Go(func() { s.service.Guard.Watch(ctx, s.Pool.Config().ConnConfig, "sessions", s.Logger.Logger) })
	background.Go(func() { s.service.catalog.watch(ctx, s.Pool.Config().ConnConfig, s.Logger.Logger) })
	background.Go(func() { s.service.followers.poll(ctx, s.queries, s.Logger.Logger) })
	t.Cleanup(func() {
		cancel()
		background.Wait()
	})
	return s
}

// access makes an access token of an account with roles, or with the role customer if none is given.
func (s *server) access(subject uuid.UUID, roles ...ordersapi.Role) string {
	s.t.Helper()
	if len(roles) == 0 {
		roles = []ordersapi.Role{ordersapi.RoleCustomer}
	}
	access, err := s.signer.Sign(token.Claims{
		Issuer: issuer, Audience: []string{"users", "orders"}, Subject: subject, SessionID: uuid.New(),
		Roles: convert.All[string](roles), ID: uuid.NewString(),
		IssuedAt: s.Clock.Now(), ExpiresAt: s.Clock.Now().Add(5 * time.Minute),
	})
	require.NoError(s.t, err)
	return access
}

// caller is an account and the generated client that sends its token.
type caller struct {
	*ordersapi.ClientWithResponses
	id uuid.UUID
}

// as gives a new account with roles.
func (s *server) as(roles ...ordersapi.Role) caller {
	s.t.Helper()
	id := uuid.New()
	return caller{s.client(s.access(id, roles...)), id}
}

// client sends an access token, or none where it is "".
func (s *server) client(access string) *ordersapi.ClientWithResponses {
	s.t.Helper()
	client, err := ordersapi.NewClientWithResponses(s.URL, ordersapi.WithHTTPClient(s.Web.Client()),
		ordersapi.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			if access != "" {
				r.Header.Set("Authorization", "Bearer "+access)
			}
			return nil
		}))
	require.NoError(s.t, err)
	return client
}

// product creates a product with so many units.
func (s *server) product(units int64, change ...func(*ordersdb.CreateProductParams)) uuid.UUID {
	s.t.Helper()
	p := ordersdb.CreateProductParams{
		ID: newID(), Sku: "SKU-" + uuid.NewString(), Name: "Brass plumb bob", PriceAmount: 2490, Currency: "EUR",
		CreatedAt: s.Clock.Now(),
	}
	for _, c := range change {
		c(&p)
	}
	_, err := s.queries.CreateProduct(s.t.Context(), p)
	require.NoError(s.t, err)
	if units > 0 {
		_, err = s.queries.AdjustStock(s.t.Context(),
			ordersdb.AdjustStockParams{ProductID: p.ID, Delta: units, UpdatedAt: s.Clock.Now()})
		require.NoError(s.t, err)
	}
	return p.ID
}

// order places an order of one product for a caller.
func (s *server) order(c caller, product uuid.UUID, quantity int32) ordersapi.Order {
	s.t.Helper()
	got := s.place(c, uuid.NewString(), ordersapi.OrderItemRequest{ProductID: product, Quantity: quantity})
	require.Equal(s.t, http.StatusCreated, got.StatusCode(), string(got.Body))
	return *contracttest.Body(s.t, got, got.JSON201)
}

func (s *server) place(c caller, key string, items ...ordersapi.OrderItemRequest) *ordersapi.CreateOrderResponse {
	s.t.Helper()
	got, err := c.CreateOrderWithResponse(s.t.Context(), &ordersapi.CreateOrderParams{IdempotencyKey: key},
		ordersapi.CreateOrderRequest{Items: items})
	require.NoError(s.t, err)
	return got
}

// stock reads how many units of a product there are.
func (s *server) stock(product uuid.UUID) ordersdb.Stock {
	s.t.Helper()
	row, err := s.queries.GetStock(s.t.Context(), product)
	require.NoError(s.t, err)
	return row
}

// codeIn reads the code of a problem.
func codeIn(t testing.TB, body []byte) ordersapi.ProblemCode {
	t.Helper()
	var p ordersapi.Problem
	require.NoError(t, json.Unmarshal(body, &p), string(body))
	return p.Code
}

// always gives a setting that nobody changes.
func always(d time.Duration) func() time.Duration { return func() time.Duration { return d } }
