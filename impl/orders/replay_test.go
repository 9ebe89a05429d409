package orders

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
)

// replica is a second process of the service as far as it matters: it shares the database, and nothing else but the
// keys, the time and the test.
func (s *server) replica() *server {
	s.t.Helper()
	return start(s.t, patient, func(o *options) {
		o.pool = func(t testing.TB) *pgxpool.Pool { t.Helper(); return openPatient(t, s.Pool.Config().ConnString()) }
		o.config = func(c *Config) { c.Keys, c.Clock = s.signer, s.Clock.Now }
	})
}

// answer is what a client sees of the answer to createOrder, but for whether it has been given before.
type answer struct {
	status                         int
	body, contentType, etag, where string
}

// TestEachKeyOrdersOnce sends every request many times at once, to two replicas. A client that is told that its key is
// in use waits for as long as it is told to and sends the same again.
func TestEachKeyOrdersOnce(t *testing.T) { //nolint:gocognit // one race, told in its order
	t.Parallel()
	s := start(t, patient)
	replicas := []*server{s, s.replica()}
	keys, atOnce := figure(500, 40), 4
	const copies = 20
	product := s.product(int64(keys))
	var inUse, replayed atomic.Int64
	began := time.Now()

	place := func(c *ordersapi.ClientWithResponses, key string) (answer, bool) {
		for {
			got, err := c.CreateOrderWithResponse(t.Context(), &ordersapi.CreateOrderParams{IdempotencyKey: key},
				ordersapi.CreateOrderRequest{Items: []ordersapi.OrderItemRequest{{ProductID: product, Quantity: 1}}})
			if err != nil {
				t.Errorf("a copy got no answer: %v", err)
				return answer{}, false
			}
			header := got.HTTPResponse.Header
			if p := got.ApplicationProblemJSON409; p != nil && p.Code == ordersapi.ProblemCodeIdempotencyKeyInUse {
				inUse.Add(1)
				seconds, err := strconv.Atoi(header.Get("Retry-After"))
				if err != nil || t.Context().Err() != nil {
					t.Errorf("a key is in use for as long as nobody says: %v", err)
					return answer{}, false
				}
				time.Sleep(time.Duration(seconds) * time.Second)
				continue
			}
			return answer{got.StatusCode(), string(got.Body), header.Get("Content-Type"), header.Get("ETag"), header.Get("Location")}, header.Get("Idempotency-Replayed") == "true"
		}
	}
	var next atomic.Int64
	var crowd sync.WaitGroup
	for range atOnce {
		buyer := s.as()
		access := s.access(buyer.id)
		crowd.Go(func() {
			for n := next.Add(1); n <= int64(keys); n = next.Add(1) {
				var answers [copies]answer
				var again [copies]bool
				var all sync.WaitGroup
				for i := range copies {
					all.Go(func() {
						answers[i], again[i] = place(replicas[i%len(replicas)].client(access), "key-"+strconv.FormatInt(n, 10))
					})
				}
				all.Wait()
				first := 0
				for i := range copies {
					if answers[i] != answers[0] || answers[i].status != http.StatusCreated {
						t.Errorf("key %d: one copy was answered %+v, another %+v", n, answers[0], answers[i])
					}
					if again[i] {
						replayed.Add(1)
					} else {
						first++
					}
				}
				if first != 1 {
					t.Errorf("key %d: %d of %d copies were told that they are the first", n, first, copies)
				}
			}
		})
	}
	crowd.Wait()
	t.Logf("%d keys × %d copies to %d replicas in %v: %d replayed, %d told once to wait", keys, copies, len(replicas),
		time.Since(began).Round(time.Millisecond), replayed.Load(), inUse.Load())

	require.Equal(t, keys, s.count(`SELECT count(*) FROM orders`))
	require.Equal(t, keys, s.count(`SELECT count(*) FROM outbox`))
	require.Equal(t, keys, s.count(`SELECT count(*) FROM idempotency_keys WHERE status = 201`))
	require.Equal(t, int64(keys), s.stock(product).Reserved)
}
