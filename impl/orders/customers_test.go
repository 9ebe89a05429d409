package orders

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/outbound"
	"example.com/plumbline/impl/testkit/contracttest"
)

// usersStandIn answers as the users service does, or as a test says where the real service cannot be made to.
type usersStandIn struct {
	*httptest.Server
	asked  atomic.Int64
	token  atomic.Value
	answer atomic.Value // http.HandlerFunc
}

func newUsersStandIn(t *testing.T) *usersStandIn {
	t.Helper()
	u := &usersStandIn{}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.asked.Add(1)
		u.token.Store(r.Header.Get("Authorization"))
		u.answer.Load().(http.HandlerFunc)(w, r)
	}))
	t.Cleanup(u.Close)
	u.answers(http.StatusOK)
	return u
}

func (u *usersStandIn) answers(status int) {
	u.answer.Store(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if status == http.StatusOK {
			_ = json.NewEncoder(w).Encode(usersapi.UserV2{
				ID: uuid.MustParse(r.URL.Path[len("/api/v2/users/"):]), Name: "Ada", Email: "ada@example.com",
			})
		}
	}))
}

// askingUsers configures a server to ask the users service.
func askingUsers(t *testing.T, u *usersStandIn) func(*options) {
	t.Helper()
	return func(o *options) {
		o.config = func(c *Config) {
			client, err := outbound.New(outbound.Config{Name: "users", BaseURL: u.URL})
			require.NoError(t, err)
			t.Cleanup(client.Close)
			c.Customers, err = newUsersService(u.URL, client, c.Clock)
			require.NoError(t, err)
		}
	}
}

// Requests to the users service while a customer waits have high priority there: strangers who use up the other shares
// keep nobody from ordering.
func TestUsersAreAskedWithHighPriority(t *testing.T) {
	t.Parallel()
	document, err := usersapi.GetSpec()
	require.NoError(t, err)
	u := newUsersStandIn(t)
	answer := u.answer.Load().(http.HandlerFunc)
	asked := make(chan any, 10)
	routes := chi.NewRouter()
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			routes.MethodFunc(method, path, func(w http.ResponseWriter, r *http.Request) {
				asked <- operation.Extensions["x-priority"]
				answer(w, r)
			})
		}
	}
	u.answer.Store(http.HandlerFunc(routes.ServeHTTP))
	s := start(t, askingUsers(t, u))
	s.order(s.as(), s.product(1), 1)
	close(asked)
	require.NotEmpty(t, asked)
	for priority := range asked {
		require.Contains(t, []any{"high", "critical"}, priority)
	}
}

func TestMayOrder(t *testing.T) {
	t.Parallel()
	u := newUsersStandIn(t)
	s := start(t, askingUsers(t, u), generous)
	product := s.product(1000)
	id := uuid.New()
	access := s.access(id)
	me := caller{s.client(access), id}
	item := ordersapi.OrderItemRequest{ProductID: product, Quantity: 1}

	for _, c := range []struct {
		answers, want int
		code          ordersapi.ProblemCode
	}{
		{http.StatusUnauthorized, http.StatusUnauthorized, ordersapi.ProblemCodeUnauthenticated},
		{http.StatusNotFound, http.StatusUnauthorized, ordersapi.ProblemCodeUnauthenticated},
		{http.StatusServiceUnavailable, http.StatusServiceUnavailable, ordersapi.ProblemCodeCustomersUnavailable},
		{http.StatusInternalServerError, http.StatusServiceUnavailable, ordersapi.ProblemCodeCustomersUnavailable},
		{http.StatusTeapot, http.StatusServiceUnavailable, ordersapi.ProblemCodeCustomersUnavailable},
	} {
		u.answers(c.answers)
		got := s.place(me, uuid.NewString(), item)
		require.Equal(t, c.want, got.StatusCode(), "%d: %s", c.answers, got.Body)
		require.Equal(t, c.code, codeIn(t, got.Body))
		if c.want == http.StatusServiceUnavailable {
			wait, err := strconv.Atoi(got.HTTPResponse.Header.Get("Retry-After"))
			require.NoError(t, err)
			require.Positive(t, wait)
		}
	}
	require.Equal(t, int64(1000), s.stock(product).Available)

	// A caller whose session has ended places the order with the next session: the refusal has not used up the key.
	for _, answers := range []int{http.StatusUnauthorized, http.StatusNotFound} {
		key := uuid.NewString()
		u.answers(answers)
		require.Equal(t, http.StatusUnauthorized, s.place(me, key, item).StatusCode())
		u.answers(http.StatusOK)
		got := s.place(caller{s.client(s.access(id)), id}, key, item)
		require.Equal(t, http.StatusCreated, got.StatusCode(), string(got.Body))
		require.Empty(t, got.HTTPResponse.Header.Get("Idempotency-Replayed"))
		s.Clock.Advance(activeFor)
	}

	require.Equal(t, http.StatusCreated, s.place(me, "first", item).StatusCode())
	require.Equal(t, "Bearer "+access, u.token.Load(), "asked on the caller's behalf")
	asked := u.asked.Load()
	cached := s.service.customers.(*usersService)
	before := cached.counts.Stats(0)
	for range 3 {
		require.Equal(t, http.StatusCreated, s.place(me, uuid.NewString(), item).StatusCode())
	}
	require.LessOrEqual(t, u.asked.Load(), asked+1,
		"whoever was active a moment ago is active, once the session is remembered")
	after := cached.counts.Stats(0)
	require.EqualValues(t, u.asked.Load()-asked, after.Misses-before.Misses)
	require.EqualValues(t, 3, after.Hits+after.Misses-before.Hits-before.Misses)
	require.Equal(t, 1, cached.active.EstimatedSize())

	// The cached answer is dropped when an event about the account arrives, and when it is too old.
	asked = u.asked.Load()
	require.NoError(t, s.service.Standing.Handle(t.Context(), events.Event{
		ID: uuid.New(), Type: "user.roles_changed", Subject: id, Time: s.Clock.Now(),
		Data: []byte(`{"user_id":"` + id.String() +
			`","status":"active","roles":["customer"],"changed_at":"2026-11-23T09:30:00Z"}`),
	}))
	require.Eventually(t, func() bool {
		require.Equal(t, http.StatusCreated, s.place(me, uuid.NewString(), item).StatusCode())
		return u.asked.Load() > asked
	}, 30*time.Second, 10*time.Millisecond)
	asked = u.asked.Load()
	s.Clock.Advance(activeFor)
	require.Equal(t, http.StatusCreated, s.place(me, uuid.NewString(), item).StatusCode())
	require.Equal(t, asked+1, u.asked.Load())

	// A stored answer needs no request to the users service.
	u.answers(http.StatusServiceUnavailable)
	s.Clock.Advance(activeFor)
	again := s.place(me, "first", item)
	require.Equal(t, http.StatusCreated, again.StatusCode())
	require.Equal(t, "true", again.HTTPResponse.Header.Get("Idempotency-Replayed"))
}

// TestUsersHang makes the users service answer nothing: the caller gets an error soon.
func TestUsersHang(t *testing.T) {
	t.Parallel()
	u := newUsersStandIn(t)
	s := start(t, askingUsers(t, u))
	me := s.as()
	product := s.product(100)
	released, release := context.WithCancel(t.Context())
	defer release()
	u.answer.Store(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-released.Done():
		case <-r.Context().Done():
		}
	}))
	for i := range 20 {
		began := time.Now()
		got := s.place(me, uuid.NewString(), ordersapi.OrderItemRequest{ProductID: product, Quantity: 1})
		require.Equal(t, http.StatusServiceUnavailable, got.StatusCode(), string(got.Body))
		require.Equal(t, ordersapi.ProblemCodeCustomersUnavailable,
			contracttest.Body(t, got, got.ApplicationProblemJSON503).Code)
		t.Logf("order %d is refused after %v", i+1, time.Since(began).Round(time.Millisecond))
	}
	require.Less(t, u.asked.Load(), int64(20*3), "nobody goes on asking who does not answer")
	require.Equal(t, int64(100), s.stock(product).Available)
}
