package orders

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/pgtest"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/queries"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

const issuer = "https://users.test"

// loadDocument gives the document, loaded once.
var loadDocument = func() func(testing.TB) *httpapi.Document {
	load := sync.OnceValues(Document)
	return func(t testing.TB) *httpapi.Document {
		t.Helper()
		document, err := load()
		require.NoError(t, err)
		return document
	}
}()

// clock is the time of a test, which goes on when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// everybody lets everybody order.
type everybody struct{}

func (everybody) MayOrder(context.Context) error { return nil }

// logBuffer is a log that is read while it is written.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// options are what a test changes of a server before it starts.
type options struct {
	config   func(*Config)
	chain    func(*httpapi.Options)
	pool     func(testing.TB) *pgxpool.Pool
	database func(*pgxpool.Pool) Database
}

// server is the service behind its whole chain, on a database of its own.
type server struct {
	t       testing.TB
	service *Service
	pool    *pgxpool.Pool
	queries *ordersdb.Queries
	clock   *clock
	signer  *token.Signer
	url     string
	web     *httptest.Server
	log     *logBuffer
	logger  *telemetry.Logger
}

// start serves a service whose every answer is held against the document: one that breaks it fails the test.
func start(t testing.TB, change ...func(*options)) *server {
	t.Helper()
	o := options{
		config:   func(*Config) {},
		chain:    func(*httpapi.Options) {},
		pool:     func(t testing.TB) *pgxpool.Pool { t.Helper(); return pgtest.New(t, queries.Orders()) },
		database: func(pool *pgxpool.Pool) Database { return pool },
	}
	for _, c := range change {
		c(&o)
	}
	s := &server{t: t, pool: o.pool(t), clock: &clock{now: time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)}, log: &logBuffer{}}
	s.queries = ordersdb.New(s.pool)
	s.signer = token.NewSigner(s.clock.Now)
	key, err := token.NewPrivateKey(rand.Reader, s.clock.Now())
	require.NoError(t, err)
	require.NoError(t, s.signer.SetKeys([]token.PrivateKey{key}))
	config := Config{
		Database: o.database(s.pool), Keys: s.signer, Issuer: issuer, Customers: everybody{},
		MasterKey: telemetry.NewSecret(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))),
		PayWithin: 30 * time.Minute, AllowPrivate: true, Clock: s.clock.Now,
	}
	o.config(&config)
	s.service, err = New(config)
	require.NoError(t, err)
	document := loadDocument(t)
	s.logger = telemetry.NewLogger(s.log, telemetry.LogOptions{Service: "orders", Sensitive: document.Sensitive})
	metrics, err := telemetry.NewMetrics("orders", "test", nil)
	require.NoError(t, err)
	httpMetrics, err := telemetry.NewHTTPMetrics(metrics.Registry, document.Labels())
	require.NoError(t, err)
	chain := httpapi.Options{
		Document: document, Log: s.logger.Logger, Metrics: httpMetrics, Responses: httpapi.ResponsesEnforce,
		Observe: func(op *httpapi.Operation, status int, violations []fault.Violation) {
			if len(violations) > 0 {
				t.Errorf("%s answered %d outside its document: %+v", op.ID, status, violations)
			}
		},
	}
	o.chain(&chain)
	handler, err := s.service.Handler(chain)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var background sync.WaitGroup
	background.Go(func() { s.service.guard.Watch(ctx, s.pool.Config().ConnConfig, "sessions", s.logger.Logger) })
	background.Go(func() { s.service.followers.watch(ctx, s.queries, s.logger.Logger) })
	s.web = httptest.NewServer(handler)
	s.url = s.web.URL
	t.Cleanup(func() {
		s.web.Close()
		cancel()
		background.Wait()
		require.NoError(t, s.logger.Close())
	})
	return s
}

// access makes an access token of an account with roles; without any it is a customer's.
func (s *server) access(subject uuid.UUID, roles ...ordersapi.Role) string {
	s.t.Helper()
	if len(roles) == 0 {
		roles = []ordersapi.Role{ordersapi.RoleCustomer}
	}
	access, err := s.signer.Sign(token.Claims{
		Issuer: issuer, Audience: []string{"users", "orders"}, Subject: subject, SessionID: uuid.New(), Roles: convertAll[string](roles),
		IssuedAt: s.clock.Now(), ExpiresAt: s.clock.Now().Add(5 * time.Minute), ID: uuid.NewString(),
	})
	require.NoError(s.t, err)
	return access
}

// caller is somebody with a token, and the generated client that sends it.
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
	client, err := ordersapi.NewClientWithResponses(s.url, ordersapi.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		if access != "" {
			r.Header.Set("Authorization", "Bearer "+access)
		}
		return nil
	}))
	require.NoError(s.t, err)
	return client
}

// product arranges a product with so many units.
func (s *server) product(units int64, change ...func(*ordersdb.CreateProductParams)) uuid.UUID {
	s.t.Helper()
	p := ordersdb.CreateProductParams{
		ID: newID(), Sku: "SKU-" + uuid.NewString(), Name: "Brass plumb bob", PriceAmount: 2490, Currency: "EUR", CreatedAt: s.clock.Now(),
	}
	for _, c := range change {
		c(&p)
	}
	_, err := s.queries.CreateProduct(s.t.Context(), p)
	require.NoError(s.t, err)
	if units > 0 {
		_, err = s.queries.AdjustStock(s.t.Context(), ordersdb.AdjustStockParams{ProductID: p.ID, Delta: units, UpdatedAt: s.clock.Now()})
		require.NoError(s.t, err)
	}
	return p.ID
}

// order places an order of one product for a caller.
func (s *server) order(c caller, product uuid.UUID, quantity int32) ordersapi.Order {
	s.t.Helper()
	got := s.place(c, uuid.NewString(), ordersapi.OrderItemRequest{ProductID: product, Quantity: quantity})
	require.Equal(s.t, http.StatusCreated, got.StatusCode(), string(got.Body))
	return *got.JSON201
}

func (s *server) place(c caller, key string, items ...ordersapi.OrderItemRequest) *ordersapi.CreateOrderResponse {
	s.t.Helper()
	got, err := c.CreateOrderWithResponse(s.t.Context(), &ordersapi.CreateOrderParams{IdempotencyKey: key}, ordersapi.CreateOrderRequest{Items: items})
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
