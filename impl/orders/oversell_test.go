package orders

import (
	"flag"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
)

// full makes the proofs use the figures of `make prove`; without it they take seconds.
var full = flag.Bool("full", false, "run the proofs with their full figures")

// figure gives how many of something a proof uses.
func figure(inFull, otherwise int) int {
	if *full {
		return inFull
	}
	return otherwise
}

// count gives the number that a query returns.
func (s *server) count(query string, args ...any) int {
	s.t.Helper()
	var n int
	require.NoError(s.t, s.Pool.QueryRow(s.t.Context(), query, args...).Scan(&n), query)
	return n
}

// requireNoDeadlock asks PostgreSQL whether there was a deadlock: a transaction that is run again hides it from its
// caller.
func (s *server) requireNoDeadlock(replicas ...*server) {
	s.t.Helper()
	for _, one := range append(replicas, s) {
		// A connection reports its statistics when it ends. Two connections beside each pool stay, which listen to changes of
		// sessions and of products, and wait for no lock.
		one.Pool.Reset()
	}
	require.Eventually(s.t, func() bool {
		return s.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
			AND backend_type = 'client backend' AND pid <> pg_backend_pid()`) <= 2*(1+len(replicas))
	}, time.Minute, 10*time.Millisecond)
	require.Zero(s.t, s.count(`SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`))
}

// TestNeverOversold has many callers buy the same product at once, until long after it is sold out.
func TestNeverOversold(t *testing.T) {
	t.Parallel()
	s := start(t, generous)
	const clients = 64
	units, attempts := figure(5000, 250), figure(20000, 1000)
	product := s.product(int64(units))
	began := time.Now()
	var attempted, placed, refused atomic.Int64
	var crowd sync.WaitGroup
	for range clients {
		buyer := s.as()
		crowd.Go(func() {
			for attempted.Add(1) <= int64(attempts) {
				got, err := buyer.CreateOrderWithResponse(t.Context(),
					&ordersapi.CreateOrderParams{IdempotencyKey: uuid.NewString()},
					ordersapi.CreateOrderRequest{Items: []ordersapi.OrderItemRequest{{ProductID: product, Quantity: 1}}})
				switch {
				case err != nil:
					t.Errorf("an attempt got no answer: %v", err)
				case got.StatusCode() == http.StatusCreated:
					placed.Add(1)
				case got.ApplicationProblemJSON409 != nil && got.ApplicationProblemJSON409.Code == ordersapi.ProblemCodeOutOfStock:
					refused.Add(1)
					if at := got.ApplicationProblemJSON409.Errors; len(at) != 1 || at[0].Pointer != "#/items/0/quantity" {
						t.Errorf("a refusal is about something else: %s", got.Body)
					}
				default:
					t.Errorf("an attempt was answered %d: %s", got.StatusCode(), got.Body)
				}
			}
		})
	}
	crowd.Wait()
	took := time.Since(began)
	t.Logf("%d clients, %d units: %d attempts in %v, %.0f per second; %d orders, %d refused",
		clients, units, attempts, took.Round(time.Millisecond), float64(attempts)/took.Seconds(), placed.Load(),
		refused.Load())

	require.Equal(t, units, int(placed.Load()))
	require.Equal(t, attempts-units, int(refused.Load()))
	stock := s.stock(product)
	require.Equal(t, []int64{0, int64(units), 0, int64(units)},
		[]int64{stock.Available, stock.Reserved, stock.Sold, stock.Received})
	require.Equal(t, units, s.count(`SELECT sum(quantity) FROM order_items`))
	require.Equal(t, units, s.count(`SELECT count(*) FROM orders`))
	require.Equal(t, units, s.count(`SELECT count(*) FROM outbox`))
	s.requireNoDeadlock()
}
