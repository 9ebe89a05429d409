package orders

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/impl/testkit/contracttest"
)

// refusedOrder places an order that must be refused, and gives the code and the violation.
func (s *server) refusedOrder(
	c caller, items ...ordersapi.OrderItemRequest,
) (ordersapi.ProblemCode, ordersapi.Violation) {
	s.t.Helper()
	got := s.place(c, uuid.NewString(), items...)
	require.Equal(s.t, http.StatusConflict, got.StatusCode(), string(got.Body))
	p := *contracttest.Body(s.t, got, got.ApplicationProblemJSON409)
	require.Len(s.t, p.Errors, 1)
	return p.Code, p.Errors[0]
}

// One account with one free request once reserved 99,000 units: 99 lines of one product, of 1,000 each.
func TestManyLinesAreNoWayAroundTheBounds(t *testing.T) {
	t.Parallel()
	s := start(t, generous)
	me, product := s.as(), s.product(200_000)
	many := make([]ordersapi.OrderItemRequest, 99)
	for i := range many {
		many[i] = ordersapi.OrderItemRequest{ProductID: product, Quantity: 1000}
	}
	got := s.place(me, uuid.NewString(), many...)
	require.Equal(t, http.StatusUnprocessableEntity, got.StatusCode(), string(got.Body))
	p := *contracttest.Body(t, got, got.ApplicationProblemJSON422)
	require.Len(t, p.Errors, len(many), "every line of it")
	require.Equal(t, "#/items/98/quantity", p.Errors[98].Pointer)
	require.InDelta(t, 1000, p.Errors[98].Params["maximum"], 0)
	require.Zero(t, s.stock(product).Reserved)
	require.Equal(t, int32(1000), s.order(me, product, 1000).Items[0].Quantity, "as many as one line may have")
}

func TestOpenOrdersAreRationed(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *options) { o.config = func(c *Config) { c.Ration = Ration{Orders: 2, Units: 10} } })
	me, staff, payments := s.as(), s.as(ordersapi.RoleStaff), s.as(ordersapi.RolePayments)
	product, other := s.product(100), s.product(100)
	one := ordersapi.OrderItemRequest{ProductID: product, Quantity: 1}
	first := s.order(me, product, 1)
	s.order(me, other, 9)

	code, at := s.refusedOrder(me, one)
	require.Equal(t, ordersapi.ProblemCodeTooManyOpenOrders, code)
	require.Equal(t, "#", at.Pointer)
	require.Equal(t, map[string]any{"maximum": 2.0}, at.Params)
	s.order(staff, product, 10)
	code, _ = s.refusedOrder(staff, one)
	require.Equal(t, ordersapi.ProblemCodeTooManyReservedUnits, code, "whoever orders is a customer, whatever else he is")

	// Orders that are paid, cancelled or expired do not count.
	paid, err := payments.PayOrderWithResponse(t.Context(), first.ID, ordersapi.PayOrderRequest{})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, paid.StatusCode(), string(paid.Body))
	code, at = s.refusedOrder(me, ordersapi.OrderItemRequest{ProductID: other, Quantity: 1}, one)
	require.Equal(t, ordersapi.ProblemCodeTooManyReservedUnits, code)
	require.Equal(t, "#/items", at.Pointer)
	require.Equal(t, map[string]any{"maximum": 10.0, "reserved": 9.0, "requested": 2.0}, at.Params)
	second := s.order(me, product, 1)
	cancelled, err := me.CancelOrderWithResponse(t.Context(), second.ID, ordersapi.CancelOrderRequest{})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, cancelled.StatusCode(), string(cancelled.Body))
	s.order(me, product, 1)
	code, _ = s.refusedOrder(me, one)
	require.Equal(t, ordersapi.ProblemCodeTooManyOpenOrders, code)
	s.Clock.Advance(30 * time.Minute)
	me = caller{s.client(s.access(me.id)), me.id}
	code, _ = s.refusedOrder(me, one)
	require.Equal(t, ordersapi.ProblemCodeTooManyOpenOrders, code, "what is overdue holds its stock until it is seen to")
	require.NoError(t, s.service.expireOverdue(t.Context()))
	s.order(me, product, 10)
	require.Empty(t, s.rows(untold))
}

// One customer sends many orders at once to two replicas, with the products in either order, while another customer
// orders the same products.
func TestRationsHoldAtOnce(t *testing.T) {
	t.Parallel()
	for name, ration := range map[string]Ration{"orders": {Orders: 3, Units: 1000}, "units": {Orders: 1000, Units: 7}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, func(o *options) { o.config = func(c *Config) { c.Ration = ration } })
			replicas := []*server{s, s.replica()}
			one, two := s.product(1000), s.product(1000)
			const customers, attempts = 3, 24
			var placed [customers]atomic.Int64
			var crowd sync.WaitGroup
			for customer := range customers {
				access := s.access(uuid.New())
				for n := range attempts {
					items := []ordersapi.OrderItemRequest{{ProductID: one, Quantity: 1}, {ProductID: two, Quantity: 1}}
					if n%2 == 0 {
						items[0], items[1] = items[1], items[0]
					}
					client := replicas[n%len(replicas)].client(access)
					crowd.Go(func() {
						got, err := client.CreateOrderWithResponse(t.Context(),
							&ordersapi.CreateOrderParams{IdempotencyKey: uuid.NewString()}, ordersapi.CreateOrderRequest{Items: items})
						switch {
						case err != nil:
							t.Errorf("an order got no answer: %v", err)
						case got.StatusCode() == http.StatusCreated:
							placed[customer].Add(1)
						case got.ApplicationProblemJSON409 == nil ||
							got.ApplicationProblemJSON409.Code != ordersapi.ProblemCodeTooManyOpenOrders &&
								got.ApplicationProblemJSON409.Code != ordersapi.ProblemCodeTooManyReservedUnits:
							t.Errorf("an order was answered %d: %s", got.StatusCode(), got.Body)
						}
					})
				}
			}
			crowd.Wait()
			for customer := range customers {
				require.Equal(t, int64(3), placed[customer].Load(), "all that is allowed, and no more")
			}
			require.Equal(t, int64(9), s.stock(one).Reserved)
			s.requireNoDeadlock(replicas[1])
		})
	}
}
