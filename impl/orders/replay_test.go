package orders

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/impl/testkit/pgtest"
)

// replica serves as a second process: it shares nothing with the first but the database, the keys, the clock and the
// test.
func (s *server) replica() *server {
	s.t.Helper()
	return start(s.t, func(o *options) {
		o.pool = func(t testing.TB) *pgxpool.Pool { t.Helper(); return pgtest.Open(t, s.Pool.Config().ConnString()) }
		o.config = func(c *Config) { c.Keys, c.Clock, c.Ration = s.signer, s.Clock.Now, s.service.ration }
	})
}

// answer is an answer to createOrder without the header that says whether it is a repeated one.
type answer struct {
	status                         int
	body, contentType, etag, where string
}

// copier sends copies of requests for one product to replicas.
type copier struct {
	t               *testing.T
	replicas        []*server
	product         uuid.UUID
	inUse, replayed atomic.Int64
}

// place sends one copy, and tells whether the answer is a repeated one. When the key is in use, it waits as the answer
// says and sends the copy again.
func (c *copier) place(client *ordersapi.ClientWithResponses, key string) (answer, bool) {
	for {
		got, err := client.CreateOrderWithResponse(c.t.Context(), &ordersapi.CreateOrderParams{IdempotencyKey: key},
			ordersapi.CreateOrderRequest{Items: []ordersapi.OrderItemRequest{{ProductID: c.product, Quantity: 1}}})
		if err != nil {
			c.t.Errorf("a copy got no answer: %v", err)
			return answer{}, false
		}
		header := got.HTTPResponse.Header
		if p := got.ApplicationProblemJSON409; p == nil || p.Code != ordersapi.ProblemCodeIdempotencyKeyInUse {
			a := answer{
				got.StatusCode(), string(got.Body), header.Get("Content-Type"), header.Get("ETag"), header.Get("Location"),
			}
			return a, header.Get("Idempotency-Replayed") == "true"
		}
		c.inUse.Add(1)
		seconds, err := strconv.Atoi(header.Get("Retry-After"))
		if err != nil || c.t.Context().Err() != nil {
			c.t.Errorf("a key is in use for as long as nobody says: %v", err)
			return answer{}, false
		}
		time.Sleep(time.Duration(seconds) * time.Second)
	}
}

const copies = 20

// placeAll sends every copy at once and compares the answers.
func (c *copier) placeAll(access, key string) {
	var answers [copies]answer
	var again [copies]bool
	var all sync.WaitGroup
	for i := range copies {
		all.Go(func() { answers[i], again[i] = c.place(c.replicas[i%len(c.replicas)].client(access), key) })
	}
	all.Wait()
	first := 0
	for i := range copies {
		if answers[i] != answers[0] || answers[i].status != http.StatusCreated {
			c.t.Errorf("%s: one copy was answered %+v, another %+v", key, answers[0], answers[i])
		}
		if again[i] {
			c.replayed.Add(1)
		} else {
			first++
		}
	}
	if first != 1 {
		c.t.Errorf("%s: %d of %d copies were told that they are the first", key, first, copies)
	}
}

// TestEachKeyOrdersOnce sends every request many times at once, to two replicas.
func TestEachKeyOrdersOnce(t *testing.T) {
	t.Parallel()
	s := start(t, generous)
	keys, atOnce := figure(500, 40), 4
	c := &copier{t: t, replicas: []*server{s, s.replica()}, product: s.product(int64(keys))}
	began := time.Now()
	var next atomic.Int64
	var crowd sync.WaitGroup
	for range atOnce {
		access := s.access(uuid.New())
		crowd.Go(func() {
			for n := next.Add(1); n <= int64(keys); n = next.Add(1) {
				c.placeAll(access, "key-"+strconv.FormatInt(n, 10))
			}
		})
	}
	crowd.Wait()
	t.Logf("%d keys × %d copies to %d replicas in %v: %d replayed, %d told once to wait", keys, copies, len(c.replicas),
		time.Since(began).Round(time.Millisecond), c.replayed.Load(), c.inUse.Load())

	require.Equal(t, keys, s.count(`SELECT count(*) FROM orders`))
	require.Equal(t, keys, s.count(`SELECT count(*) FROM outbox`))
	require.Equal(t, keys, s.count(`SELECT count(*) FROM idempotency_keys WHERE status = 201`))
	require.Equal(t, int64(keys), s.stock(c.product).Reserved)
}

// A refusal by the operation itself uses up the key; a refusal that the caller can mend, or has to wait out, does not.
func TestWhichRefusalsUseUpAKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	staff := s.as(ordersapi.RoleStaff)
	id, key := s.product(0), "a-key"
	path := "/api/v1/products/" + id.String() + "/stock-adjustments"
	send := func(token, mediaType, body string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", mediaType)
		r.Header.Set("Idempotency-Key", key)
		answer, err := s.Web.Client().Do(r)
		require.NoError(t, err)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, string(text)
	}
	const asJSON, good = "application/json", `{"delta":5,"reason":"received"}`
	token := s.access(staff.id, ordersapi.RoleStaff)
	for _, c := range []struct {
		status                 int
		token, mediaType, body string
	}{
		{http.StatusBadRequest, token, asJSON, `{"delta":`},
		{http.StatusUnauthorized, "mallory", asJSON, good},
		{http.StatusForbidden, s.access(staff.id), asJSON, good},
		{http.StatusRequestEntityTooLarge, token, asJSON, strings.Repeat(" ", 64<<10) + good},
		{http.StatusUnsupportedMediaType, token, "text/plain", good},
		{http.StatusUnprocessableEntity, token, asJSON, `{"delta":"5","reason":"received"}`}, // which the check finds
	} {
		status, text := send(c.token, c.mediaType, c.body)
		require.Equal(t, c.status, status, text)
		require.Zero(t, s.count(`SELECT count(*) FROM idempotency_keys`), text)
	}
	status, text := send(token, asJSON, good)
	require.Equal(t, http.StatusCreated, status, text)

	key = "key-of-an-order" // That these are too many of one product is found by the operation.
	item := ordersapi.OrderItemRequest{ProductID: id, Quantity: mostOfOne}
	refused := s.place(staff, key, item, item)
	require.Equal(t, http.StatusUnprocessableEntity, refused.StatusCode(), string(refused.Body))
	require.Equal(t, ordersapi.ProblemCodeInvalidRequest, codeIn(t, refused.Body))
	require.Equal(t, 1, s.count(`SELECT count(*) FROM idempotency_keys`))
	item.Quantity = 1
	placed := s.place(staff, key, item)
	require.Equal(t, http.StatusCreated, placed.StatusCode(), string(placed.Body))

	key = "another-key" // Which a refusal by the operation uses up, also when it would not be refused any more.
	const more = `{"delta":-6,"reason":"lost"}`
	status, refusal := send(token, asJSON, more)
	require.Equal(t, http.StatusConflict, status, refusal)
	require.Equal(t, 3, s.count(`SELECT count(*) FROM idempotency_keys`))
	key = "a-third-key"
	status, text = send(token, asJSON, `{"delta":10,"reason":"found"}`)
	require.Equal(t, http.StatusCreated, status, text)
	key = "another-key"
	_, again := send(token, asJSON, more)
	require.Equal(t, refusal, again)
	status, text = send(token, asJSON, `{"delta":-5,"reason":"lost"}`)
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, text, ordersapi.ProblemCodeIdempotencyKeyReused)
}
