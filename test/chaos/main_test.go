// Package chaos_test kills the services, which run as processes of their own, stops what they depend on, and checks
// that they keep their promises.
package chaos_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/devkit/natsserver"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

// patience bounds what happens by itself; a machine that is busy takes its time.
const patience = time.Minute

const every = 10 * time.Millisecond

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// process runs a service as a process of its own, which ends as an operator ends it.
func process(t *testing.T, service string) programtest.Main {
	t.Helper()
	return processEndedBy(t, service, syscall.SIGTERM)
}

func processEndedBy(t *testing.T, service string, signal syscall.Signal) programtest.Main {
	t.Helper()
	path := programtest.Program(t, service, "failpoints")
	return func(ctx context.Context, args, environ []string, out io.Writer) error {
		cmd := exec.CommandContext(ctx, path, args...)
		cmd.Env, cmd.Stdout, cmd.Stderr = environ, out, out
		cmd.Cancel = func() error { return cmd.Process.Signal(signal) }
		if err := cmd.Run(); cmd.ProcessState == nil || !cmd.ProcessState.Success() {
			return err
		}
		return nil // Otherwise Run says that it has been asked to end.
	}
}

// world is both services on databases of their own, with a bus between them.
type world struct {
	t              *testing.T
	usersDB        *pgxpool.Pool
	ordersDB       *pgxpool.Pool
	nats           *natsserver.Server
	natsDir        string
	natsPort       int
	users          *programtest.Served
	orders         *programtest.Served
	ordersDatabase string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, natsDir: t.TempDir()}
	usersDatabase := pgtest.Patient(pgtest.URL(t, nil))
	w.ordersDatabase = pgtest.Patient(pgtest.URL(t, nil))
	w.usersDB, w.ordersDB = w.open(usersDatabase), w.open(w.ordersDatabase)
	w.startBus()
	t.Cleanup(func() { w.nats.Stop() })
	w.users = programtest.Serve(t, process(t, "users"), []string{
		"USERS_DATABASE_URL=" + usersDatabase, "USERS_NATS_URL=" + w.nats.URL().Reveal(), "USERS_MAIL=off",
		"USERS_ADDR=127.0.0.1:0", "USERS_OPS_ADDR=127.0.0.1:0", "USERS_MASTER_KEY=" + masterKey,
		"USERS_RESPONSES=enforce", "USERS_UNREADY=0s", "USERS_RATE_LIMITS=false", "USERS_SHED=false",
		"USERS_HASH_MEMORY_KIB=8", "USERS_HASH_ITERATIONS=1",
	})
	w.startOrders("")
	return w
}

var masterKey = programtest.NewMasterKey()

func (w *world) open(url string) *pgxpool.Pool {
	w.t.Helper()
	pool, err := postgres.Open(w.t.Context(), postgres.Config{URL: url, MaxConns: 4, AcquireTimeout: time.Minute})
	require.NoError(w.t, err)
	w.t.Cleanup(pool.Close)
	return pool
}

// startBus starts the bus, with what it had stored and on the same port when it has run before.
func (w *world) startBus() {
	w.t.Helper()
	var err error
	w.nats, err = natsserver.Start(w.t.Context(), natsserver.Options{Dir: w.natsDir, Port: w.natsPort, Token: "for-tests"})
	require.NoError(w.t, err)
	w.natsPort = w.nats.Port()
}

// startOrders starts the orders service, in which the failure is to happen.
func (w *world) startOrders(failure string, changes ...string) {
	w.t.Helper()
	w.orders = programtest.Serve(w.t, process(w.t, "orders"), append([]string{
		"ORDERS_DATABASE_URL=" + w.ordersDatabase, "ORDERS_MASTER_KEY=" + masterKey,
		"ORDERS_ADDR=127.0.0.1:0", "ORDERS_OPS_ADDR=127.0.0.1:0",
		"ORDERS_RESPONSES=enforce", "ORDERS_UNREADY=0s", "ORDERS_RATE_LIMITS=false", "ORDERS_SHED=false",
		"ORDERS_USERS_URL=" + w.users.URL, "ORDERS_NATS_URL=" + w.nats.URL().Reveal(), "PLUMBLINE_FAILPOINTS=" + failure,
	}, changes...))
}

// restartOrders ends the orders service in order, and starts it with the failure.
func (w *world) restartOrders(failure string) {
	w.t.Helper()
	w.orders.Stop()
	require.NoError(w.t, w.orders.End(), w.orders.Output())
	w.startOrders(failure)
}

// requireKilled waits for the orders service to have been killed.
func (w *world) requireKilled() {
	w.t.Helper()
	var exit *exec.ExitError
	require.ErrorAs(w.t, w.orders.End(), &exit, w.orders.Output())
	require.Equal(w.t, syscall.SIGKILL, exit.Sys().(syscall.WaitStatus).Signal(), w.orders.Output())
}

// person is somebody who is signed in.
type person struct {
	id     uuid.UUID
	access string
}

const password = "correct horse battery staple"

// signIn opens an account with roles, which are a customer's where none are given, and a session.
func (w *world) signIn(name string, roles ...string) person {
	w.t.Helper()
	users := w.usersAs(person{})
	email := name + "@example.com"
	created, err := users.CreateUserV2WithResponse(w.t.Context(),
		usersapi.CreateUserV2Request{Email: email, Name: name, Password: password})
	require.NoError(w.t, err)
	require.Equal(w.t, http.StatusCreated, created.StatusCode(), string(created.Body))
	if len(roles) > 0 {
		_, err = w.usersDB.Exec(w.t.Context(), `UPDATE users SET roles = $2 WHERE id = $1`,
			contracttest.Body(w.t, created, created.JSON201).ID, roles)
		require.NoError(w.t, err)
	}
	return w.signInAgain(name, contracttest.Body(w.t, created, created.JSON201).ID)
}

// signInAgain opens another session of somebody.
func (w *world) signInAgain(name string, id uuid.UUID) person {
	w.t.Helper()
	got, err := w.usersAs(person{}).StartSessionWithResponse(w.t.Context(), usersapi.StartSessionRequest{
		Email: name + "@example.com", Password: password,
	})
	require.NoError(w.t, err)
	require.Equal(w.t, http.StatusOK, got.StatusCode(), string(got.Body))
	return person{id, contracttest.Body(w.t, got, got.JSON200).AccessToken}
}

func bearer(access string) func(context.Context, *http.Request) error {
	return func(_ context.Context, r *http.Request) error {
		r.Close = true // The other end may be killed.
		if access != "" {
			r.Header.Set("Authorization", "Bearer "+access)
		}
		return nil
	}
}

func (w *world) usersAs(p person) *usersapi.ClientWithResponses {
	w.t.Helper()
	client, err := usersapi.NewClientWithResponses(w.users.URL, usersapi.WithRequestEditorFn(bearer(p.access)))
	require.NoError(w.t, err)
	return client
}

func (w *world) ordersAs(p person) *ordersapi.ClientWithResponses {
	w.t.Helper()
	client, err := ordersapi.NewClientWithResponses(w.orders.URL, ordersapi.WithRequestEditorFn(bearer(p.access)))
	require.NoError(w.t, err)
	return client
}

// product puts a product into the catalog, with a hundred units.
func (w *world) product() uuid.UUID {
	w.t.Helper()
	id, db, now := uuid.New(), ordersdb.New(w.ordersDB), time.Now()
	_, err := db.CreateProduct(w.t.Context(), ordersdb.CreateProductParams{
		ID: id, Sku: id.String(), Name: "Brass plumb bob", PriceAmount: 2490, Currency: "EUR", CreatedAt: now,
	})
	require.NoError(w.t, err)
	_, err = db.AdjustStock(w.t.Context(), ordersdb.AdjustStockParams{ProductID: id, Delta: 100, UpdatedAt: now})
	require.NoError(w.t, err)
	return id
}

// place sends an order of one product, and repeats it when it is asked to try later. The error is that of a service
// that dies while it answers.
func (w *world) place(p person, product uuid.UUID, key string) (*ordersapi.CreateOrderResponse, error) {
	w.t.Helper()
	for late := time.Now().Add(patience); ; {
		got, err := w.ordersAs(p).CreateOrderWithResponse(w.t.Context(), &ordersapi.CreateOrderParams{IdempotencyKey: key},
			ordersapi.CreateOrderRequest{Items: []ordersapi.OrderItemRequest{{ProductID: product, Quantity: 1}}})
		if err != nil || got.StatusCode() != http.StatusServiceUnavailable || time.Now().After(late) {
			return got, err
		}
		seconds, err := strconv.Atoi(got.HTTPResponse.Header.Get("Retry-After"))
		require.NoError(w.t, err, "%s", got.Body)
		time.Sleep(time.Duration(seconds) * time.Second)
	}
}

// order places an order that must succeed.
func (w *world) order(p person, product uuid.UUID) ordersapi.Order {
	w.t.Helper()
	got, err := w.place(p, product, uuid.NewString())
	require.NoError(w.t, err)
	require.Equal(w.t, http.StatusCreated, got.StatusCode(), string(got.Body))
	return *contracttest.Body(w.t, got, got.JSON201)
}

// count reads one number.
func count(t *testing.T, pool *pgxpool.Pool, query string, args ...any) int {
	t.Helper()
	var n int
	require.NoError(t, pool.QueryRow(t.Context(), query, args...).Scan(&n), query)
	return n
}

// eventually waits for a query to give a number.
func eventually(t *testing.T, pool *pgxpool.Pool, want int, query string, args ...any) {
	t.Helper()
	require.Eventually(t, func() bool {
		var n int
		return pool.QueryRow(t.Context(), query, args...).Scan(&n) == nil && n == want
	}, patience, every, query)
}

// listener is another system that takes up what the orders service tells, once.
type listener struct{ pool *pgxpool.Pool }

func (w *world) listen() *listener {
	w.t.Helper()
	const create = "-- +goose Up\nCREATE TABLE effects (event uuid NOT NULL, type text NOT NULL, subject uuid NOT NULL);\n"
	migrations := fstest.MapFS{"00001_create_effects.sql": {Data: []byte(create)}}
	l := &listener{pgtest.New(w.t, migrations, events.Tables)}
	log := slog.New(slog.DiscardHandler)
	bus, err := events.Connect(events.Server{URLs: w.nats.URL()}, "listener", log)
	require.NoError(w.t, err)
	consumer, err := events.NewConsumer(events.ConsumerConfig{
		Service: "orders", Name: "listener", Database: l.pool.Config().ConnConfig, Bus: bus,
		Registry: prometheus.NewRegistry(), Log: log,
		Handle: func(ctx context.Context, e events.Event) error {
			return events.Once(ctx, l.pool, e, func(tx pgx.Tx) error {
				_, err := tx.Exec(ctx, `INSERT INTO effects (event, type, subject) VALUES ($1, $2, $3)`, e.ID, e.Type, e.Subject)
				return err
			})
		},
	})
	require.NoError(w.t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		consumer.Run(ctx)
	}()
	w.t.Cleanup(func() {
		cancel()
		<-ended
		bus.Close()
	})
	return l
}

// requireHeard waits until nothing waits to be published, and looks for exactly these events.
func (l *listener) requireHeard(w *world, types map[string]int, order uuid.UUID) {
	w.t.Helper()
	eventually(w.t, w.ordersDB, 0, `SELECT count(*) FROM outbox WHERE published_at IS NULL`)
	total := 0
	for _, n := range types {
		total += n
	}
	eventually(w.t, l.pool, total, `SELECT count(*) FROM effects WHERE subject = $1`, order)
	for kind, n := range types {
		heard := count(w.t, l.pool, `SELECT count(*) FROM effects WHERE subject = $1 AND type = $2`, order, kind)
		require.Equal(w.t, n, heard, kind)
	}
}
