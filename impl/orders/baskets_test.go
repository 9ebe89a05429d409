package orders

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
)

// unreconciled finds products whose stock is not what the orders and the adjustments say.
const unreconciled = `
SELECT format('product %s: available %s, reserved %s, sold %s, received %s; '
              'orders say reserved %s, sold %s; adjustments say received %s',
              stock.product_id, available, reserved, sold, received, said.held, said.gone, counted.units)
FROM stock
CROSS JOIN LATERAL (
    SELECT coalesce(sum(quantity) FILTER (WHERE orders.status IN ('pending', 'paid')), 0) AS held,
           coalesce(sum(quantity) FILTER (WHERE shipments.order_id IS NOT NULL), 0) AS gone
    FROM order_items
    JOIN orders ON orders.id = order_items.order_id
    LEFT JOIN order_events AS shipments ON shipments.order_id = orders.id AND shipments.type = 'order.shipped'
    WHERE order_items.product_id = stock.product_id
) AS said
CROSS JOIN LATERAL (
    SELECT coalesce(sum(delta), 0) AS units
    FROM stock_adjustments
    WHERE stock_adjustments.product_id = stock.product_id
) AS counted
WHERE available + reserved + sold <> received
   OR reserved <> said.held
   OR sold <> said.gone
   OR received <> counted.units`

// untold finds orders whose state, history and events do not agree.
const untold = `
SELECT format('order %s: %s, version %s, %s in the history up to %s, %s events, refunded %s of %s, the history says %s',
              orders.id, orders.status, version, history.events, history.latest, published.events, refunded_amount,
              paid_amount, history.refunded)
FROM orders
CROSS JOIN LATERAL (
    SELECT count(*) AS events, max(sequence) AS latest,
           coalesce(sum(amount) FILTER (WHERE type IN ('order.refunded', 'order.cancelled')), 0) AS refunded,
           (array_agg(order_events.status ORDER BY sequence DESC))[1] AS status
    FROM order_events
    WHERE order_id = orders.id
) AS history
LEFT JOIN (
    SELECT subject, count(DISTINCT data->>'sequence') AS events
    FROM outbox
    GROUP BY subject
) AS published ON published.subject = orders.id
WHERE history.events <> version
   OR history.latest <> version
   OR published.events IS DISTINCT FROM version
   OR history.status <> orders.status
   OR history.refunded <> refunded_amount`

// rows gives the column of text that a query returns.
func (s *server) rows(query string) []string {
	s.t.Helper()
	rows, err := s.Pool.Query(s.t.Context(), query)
	require.NoError(s.t, err)
	defer rows.Close()
	var found []string
	for rows.Next() {
		var text string
		require.NoError(s.t, rows.Scan(&text))
		found = append(found, text)
	}
	require.NoError(s.t, rows.Err())
	return found
}

// shop has many callers work on the same few products and on one another's orders.
type shop struct {
	*server
	products        []uuid.UUID
	customers       []caller
	staff, payments caller

	mu     sync.Mutex
	orders []placed
	seen   map[ordersapi.OrderStatus][]placed // by the status last seen, which may be out of date
	next   atomic.Int64                       // numbers keys and references
}

type placed struct {
	id    uuid.UUID
	owner caller
}

// pick gives an order: half of the time any, otherwise one that was recently seen in one of the states.
func (w *shop) pick(states ...ordersapi.OrderStatus) placed {
	w.mu.Lock()
	defer w.mu.Unlock()
	from := w.orders
	if fit := w.seen[states[rand.IntN(len(states))]]; len(fit) > 0 && rand.IntN(2) == 0 {
		from = fit[max(0, len(fit)-20):]
	}
	return from[rand.IntN(len(from))]
}

// note records an order as an answer showed it.
func (w *shop) note(order ordersapi.Order, owner caller) {
	w.mu.Lock()
	defer w.mu.Unlock()
	was := placed{order.ID, owner}
	if order.Status == ordersapi.OrderStatusPending {
		w.orders = append(w.orders, was)
	}
	w.seen[order.Status] = append(w.seen[order.Status], was)
}

// act sends a random request, which the state of the order may not allow, and gives the answer.
func (w *shop) act() (what string, status int, body []byte, err error) {
	ctx := w.t.Context()
	key := fmt.Sprintf("key-%d", w.next.Add(1))
	customer := w.customers[rand.IntN(len(w.customers))]
	refundable := []ordersapi.OrderStatus{
		ordersapi.OrderStatusPaid, ordersapi.OrderStatusShipped, ordersapi.OrderStatusDelivered,
	}
	var order placed
	var got *http.Response
	switch does := rand.IntN(24); {
	case does < 9:
		items := make([]ordersapi.OrderItemRequest, 1+rand.IntN(5))
		for i := range items {
			items[i] = ordersapi.OrderItemRequest{
				ProductID: w.products[rand.IntN(len(w.products))], Quantity: 1 + rand.Int32N(3),
			}
		}
		what, order.owner = "create", customer
		got, err = customer.CreateOrder(ctx, &ordersapi.CreateOrderParams{IdempotencyKey: key},
			ordersapi.CreateOrderRequest{Items: items})
	case does < 13:
		what, order = "pay", w.pick(ordersapi.OrderStatusPending)
		got, err = w.payments.PayOrder(ctx, order.id, ordersapi.PayOrderRequest{Reference: &key})
	case does < 14:
		what, order = "cancel", w.pick(ordersapi.OrderStatusPending, ordersapi.OrderStatusPaid)
		got, err = order.owner.CancelOrder(ctx, order.id, ordersapi.CancelOrderRequest{})
	case does < 17:
		what, order = "ship", w.pick(ordersapi.OrderStatusPaid)
		got, err = w.staff.ShipOrder(ctx, order.id, ordersapi.ShipOrderRequest{})
	case does < 19:
		what, order = "deliver", w.pick(ordersapi.OrderStatusShipped)
		got, err = w.staff.DeliverOrder(ctx, order.id, ordersapi.DeliverOrderRequest{})
	case does < 20:
		what, order = "refund", w.pick(refundable...)
		got, err = w.staff.RefundOrder(ctx, order.id, &ordersapi.RefundOrderParams{}, ordersapi.RefundOrderRequest{})
	case does < 22:
		what, order = "refund a part", w.pick(refundable...)
		got, err = w.staff.RefundOrder(ctx, order.id, &ordersapi.RefundOrderParams{IdempotencyKey: &key},
			ordersapi.RefundOrderRequest{Amount: &ordersapi.RefundAmount{Amount: 1 + rand.Int64N(3000), Currency: "EUR"}})
	default:
		what = "adjust"
		delta := 1 + rand.Int64N(12)
		if rand.IntN(2) == 0 {
			delta = -delta
		}
		got, err = w.staff.AdjustStock(ctx, w.products[rand.IntN(len(w.products))],
			&ordersapi.AdjustStockParams{IdempotencyKey: key}, ordersapi.AdjustStockRequest{Delta: delta, Reason: "Counted"})
	}
	if err != nil {
		return what, 0, nil, err
	}
	defer func() { _ = got.Body.Close() }()
	if body, err = io.ReadAll(got.Body); err == nil && what != "adjust" && got.StatusCode < 300 {
		var answered ordersapi.Order
		if err = json.Unmarshal(body, &answered); err == nil {
			w.note(answered, order.owner)
		}
	}
	return what, got.StatusCode, body, err
}

// TestBasketsAddUp lets a crowd order several products at once and do whatever else can be done to the orders, while
// orders expire, and reconciles the stock with the orders in the end.
func TestBasketsAddUp(t *testing.T) {
	t.Parallel()
	const workers = 16
	acts := figure(20000, 1500)
	s := start(t, func(o *options) {
		o.config = func(c *Config) { c.PayWithin, c.Ration = always(10*time.Second), lavish }
	})
	w := &shop{
		server: s, staff: s.as(ordersapi.RoleStaff), payments: s.as(ordersapi.RolePayments),
		seen: map[ordersapi.OrderStatus][]placed{},
	}
	for range 8 {
		w.customers = append(w.customers, s.as())
	}
	deliver := func(product uuid.UUID, units int64) {
		got, err := w.staff.AdjustStockWithResponse(t.Context(), product,
			&ordersapi.AdjustStockParams{IdempotencyKey: uuid.NewString()},
			ordersapi.AdjustStockRequest{Delta: units, Reason: "Delivered"})
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, got.StatusCode(), string(got.Body))
	}
	for range 10 {
		product := s.product(0)
		w.products = append(w.products, product)
		deliver(product, int64(acts/12))
	}
	w.note(s.order(w.customers[0], w.products[0], 1), w.customers[0]) // pick needs an order to give.

	began := time.Now()
	var acted atomic.Int64
	var mu sync.Mutex
	answers := map[string]int{}
	var crowd sync.WaitGroup
	for range workers {
		crowd.Go(func() {
			for acted.Add(1) <= int64(acts) {
				what, status, body, err := w.act()
				switch {
				case err != nil:
					t.Errorf("%s got no answer: %v", what, err)
				case status >= 300 && status != http.StatusConflict:
					t.Errorf("%s was answered %d: %s", what, status, body)
				}
				mu.Lock()
				answers[fmt.Sprintf("%s %d", what, status)]++
				mu.Unlock()
			}
		})
	}
	// Meanwhile the clock advances, by less in all than the lifetime of a token, and two replicas expire overdue orders.
	done := make(chan struct{})
	var janitors sync.WaitGroup
	for range 2 {
		janitors.Go(func() {
			for passed := time.Duration(0); ; {
				select {
				case <-done:
					return
				case <-time.After(20 * time.Millisecond):
				}
				if share := time.Duration(acted.Load()) * 2 * time.Minute / time.Duration(acts); share > passed {
					s.Clock.Advance(share - passed)
					passed = share
				}
				if err := s.service.expireOverdue(t.Context()); err != nil {
					t.Errorf("what is overdue did not expire: %v", err)
				}
			}
		})
	}
	crowd.Wait()
	close(done)
	janitors.Wait()
	// On a busy machine the last turn of the clock may have been long enough for every order to expire that was not paid.
	deliver(w.products[0], 1)
	s.order(w.customers[0], w.products[0], 1)
	t.Logf("%d acts by %d workers in %v: %v", acts, workers, time.Since(began).Round(time.Millisecond), answers)

	require.Empty(t, s.rows(unreconciled))
	require.Empty(t, s.rows(untold))
	for _, status := range []ordersdb.OrderStatus{
		"pending", "paid", "shipped", "delivered", "cancelled", "expired", "refunded",
	} {
		require.Positive(t, s.count(`SELECT count(*) FROM orders WHERE status = $1`, status),
			"no order is %s: this proves too little", status)
	}
	require.Positive(t, answers["create 409"], "nothing was ever short: this proves too little")
	s.requireNoDeadlock()
}
