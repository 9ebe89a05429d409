package chaos_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

// held is the body of a request that runs until it is released.
type held struct {
	io.Reader

	once     sync.Once
	asked    chan struct{} // closed when the service asks for the body
	released chan struct{}
	answer   chan *ordersapi.CreateOrderResponse
}

func (h *held) Read(p []byte) (int, error) {
	h.once.Do(func() { close(h.asked) })
	<-h.released
	return h.Reader.Read(p)
}

// beginOrder sends the header of an order, and returns when the service reads the body.
func (w *world) beginOrder(p person, product uuid.UUID) *held {
	w.t.Helper()
	body, err := json.Marshal(
		ordersapi.CreateOrderRequest{Items: []ordersapi.OrderItemRequest{{ProductID: product, Quantity: 1}}})
	require.NoError(w.t, err)
	h := &held{
		Reader: strings.NewReader(string(body)), asked: make(chan struct{}), released: make(chan struct{}),
		answer: make(chan *ordersapi.CreateOrderResponse, 1),
	}
	client := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: patience, DisableKeepAlives: true}}
	orders, err := ordersapi.NewClientWithResponses(w.orders.URL, ordersapi.WithHTTPClient(client),
		ordersapi.WithRequestEditorFn(bearer(p.access)),
		ordersapi.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			r.Header.Set("Expect", "100-continue")
			r.ContentLength = int64(len(body))
			return nil
		}))
	require.NoError(w.t, err)
	go func() {
		got, err := orders.CreateOrderWithBodyWithResponse(context.WithoutCancel(w.t.Context()),
			&ordersapi.CreateOrderParams{IdempotencyKey: uuid.NewString()}, "application/json", h)
		if err != nil {
			got = nil
		}
		h.answer <- got
	}()
	<-h.asked
	return h
}

// makeOverdue lets the time to pay an order pass, which no statement of the service does.
func (w *world) makeOverdue(order uuid.UUID) {
	w.t.Helper()
	require.NoError(w.t, postgres.InTx(w.t.Context(), w.ordersDB, func(tx pgx.Tx) error {
		for _, statement := range []string{
			`ALTER TABLE orders DISABLE TRIGGER USER`,
			`UPDATE orders SET expires_at = now() WHERE id = '` + order.String() + `'`,
			`ALTER TABLE orders ENABLE TRIGGER USER`,
		} {
			if _, err := tx.Exec(w.t.Context(), statement); err != nil {
				return err
			}
		}
		return nil
	}))
}

// TestWhatRunsAtTheStopIsPublished tells the orders service to end while it reads an order and while a job expires
// another. Both come to their end, and then what they tell is published: the relay ends behind them.
func TestWhatRunsAtTheStopIsPublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customer, one, other := w.signIn("ada"), w.product(), w.product()
	overdue := w.order(customer, one)

	stock, err := w.ordersDB.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = stock.Rollback(context.WithoutCancel(t.Context())) }() // It has been committed.
	_, err = stock.Exec(t.Context(), `SELECT FROM stock WHERE product_id = $1 FOR UPDATE`, one)
	require.NoError(t, err)
	w.makeOverdue(overdue.ID)
	const waits = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
	eventually(t, w.ordersDB, 1, waits) // the job, for the stock
	last := w.beginOrder(customer, other)

	w.orders.Stop()
	w.orders.Line("no more connections are taken")
	close(last.released)
	answer := <-last.answer
	require.NotNil(t, answer)
	require.Equal(t, http.StatusCreated, answer.StatusCode(), string(answer.Body))
	contracttest.Eventually(t, "it is the turn of the jobs", func() bool {
		return strings.Contains(w.orders.Output(), `"part":"sessions"`)
	})
	require.Equal(t, 1, count(t, w.ordersDB, waits))
	require.False(t, w.orders.HasEnded())
	require.NoError(t, stock.Commit(t.Context()))
	require.NoError(t, w.orders.End(), w.orders.Output())

	require.Equal(t, true, w.orders.Line("stopped")["in_time"])
	require.Zero(t, count(t, w.ordersDB, `SELECT count(*) FROM river_job WHERE state = 'running'`))
	require.Zero(t, count(t, w.ordersDB, `SELECT count(*) FROM outbox WHERE published_at IS NULL`))
	l := w.listen()
	l.requireHeard(w, map[string]int{"order.placed": 1, "order.expired": 1}, overdue.ID)
	l.requireHeard(w, map[string]int{"order.placed": 1}, contracttest.Body(t, answer, answer.JSON201).ID)
}

// TestTheEndIsTold ends the orders service while a request takes too long: the last line of its log and its exit code
// say so.
func TestTheEndIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customer, product := w.signIn("ada"), w.product()
	w.orders.Stop()
	require.NoError(t, w.orders.End(), w.orders.Output())
	w.startOrders("", "ORDERS_DRAIN=500ms", "ORDERS_ACQUIRE_TIMEOUT=500ms")
	last := w.beginOrder(customer, product)
	w.orders.Stop()
	var exit *exec.ExitError
	require.ErrorAs(t, w.orders.End(), &exit, w.orders.Output())
	close(last.released)
	require.Nil(t, <-last.answer)
	require.Equal(t, 1, exit.ExitCode())
	line := lastLine(t, w.orders)
	require.Equal(t, "stopped", line["msg"])
	require.Equal(t, false, line["in_time"])
	require.Equal(t, []any{"requests"}, line["not_in_time"])
	require.Contains(t, line["each_took"], "jobs")
	require.Contains(t, line["each_took"], "the pool of database connections")
}

// lastLine is the last one of a log; what is behind it is for whoever called the program.
func lastLine(t *testing.T, s *programtest.Served) (line map[string]any) {
	t.Helper()
	for text := range strings.Lines(s.Output()) {
		var members map[string]any
		if json.Unmarshal([]byte(text), &members) == nil {
			line = members
		}
	}
	return line
}

// TestBothSignalsEndWell ends each service as a terminal does and as a supervisor does.
func TestBothSignalsEndWell(t *testing.T) {
	t.Parallel()
	for _, service := range []string{"users", "orders"} {
		for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			t.Run(service+" "+signal.String(), func(t *testing.T) {
				t.Parallel()
				environ := []string{"USERS_MAIL=off", "ORDERS_USERS_URL=http://127.0.0.1:1"}
				for _, setting := range []string{
					"DATABASE_URL=" + pgtest.Patient(pgtest.URL(t, nil)), "ADDR=127.0.0.1:0", "OPS_ADDR=127.0.0.1:0",
					"MASTER_KEY=" + masterKey, "UNREADY=0s",
				} {
					environ = append(environ, strings.ToUpper(service)+"_"+setting)
				}
				s := programtest.Serve(t, processEndedBy(t, service, signal), environ)
				s.Stop()
				require.NoError(t, s.End(), s.Output())
				line := lastLine(t, s)
				require.Equal(t, "stopped", line["msg"])
				require.Equal(t, true, line["in_time"])
				require.Empty(t, line["failed"])
				for _, part := range []string{"requests", "jobs", "audit", "the pool of database connections"} {
					require.Contains(t, line["each_took"], part)
				}
			})
		}
	}
}
