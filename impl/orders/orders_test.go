package orders

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/testkit/contracttest"
)

func TestCreateOrder(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := s.as()
	bob := s.product(10)
	line := s.product(10, func(p *ordersdb.CreateProductParams) { p.PriceAmount, p.Name = 100, "Line" })
	items := []ordersapi.OrderItemRequest{
		{ProductID: bob, Quantity: 1}, {ProductID: line, Quantity: 3}, {ProductID: bob, Quantity: 1},
	}

	got, err := me.CreateOrderWithResponse(t.Context(), &ordersapi.CreateOrderParams{IdempotencyKey: "one"},
		ordersapi.CreateOrderRequest{
			Items: items, ExpectedTotal: &ordersapi.ExpectedTotal{Amount: 2*2490 + 3*100, Currency: "EUR"},
		})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, got.StatusCode(), string(got.Body))
	order := *contracttest.Body(t, got, got.JSON201)
	require.Equal(t, ordersapi.OrderStatusPending, order.Status)
	require.Equal(t, me.id, order.CustomerID)
	require.Regexp(t, `^PL(-[0-9A-HJKMNP-TV-Z]{4}){3}$`, order.Number)
	require.Equal(t, ordersapi.Money{Amount: 5280, Currency: "EUR"}, order.Total)
	require.Len(t, order.Items, 2, "lines of one product are one")
	require.Equal(t, []ordersapi.OrderAction{ordersapi.OrderActionCancel}, order.AllowedActions)
	require.Equal(t, s.Clock.Now().Add(30*time.Minute), *order.ExpiresAt)
	require.Equal(t, `"1"`, got.HTTPResponse.Header.Get("ETag"))
	require.Equal(t, "/api/v1/orders/"+order.ID.String(), got.HTTPResponse.Header.Get("Location"))
	require.Equal(t, int64(8), s.stock(bob).Available)
	require.Equal(t, int64(2), s.stock(bob).Reserved)
	require.Equal(t, int64(3), s.stock(line).Reserved)

	read, err := me.GetOrderWithResponse(t.Context(), order.ID)
	require.NoError(t, err)
	require.Equal(t, order, *contracttest.Body(t, read, read.JSON200))
	require.Equal(t, 1, s.count(`SELECT count(*) FROM outbox WHERE subject = $1 AND type = 'order.placed'`, order.ID))
}

func TestCreateOrderRefusals(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := s.as()
	plenty, few := s.product(100), s.product(2)
	dollars := s.product(100, func(p *ordersdb.CreateProductParams) { p.Currency = "USD" })
	archived := s.product(100)
	_, err := s.queries.ArchiveProduct(t.Context(), ordersdb.ArchiveProductParams{ID: archived, UpdatedAt: s.Clock.Now()})
	require.NoError(t, err)
	euros := func(amount int64) *ordersapi.ExpectedTotal {
		return &ordersapi.ExpectedTotal{Amount: amount, Currency: "EUR"}
	}
	for name, c := range map[string]struct {
		request ordersapi.CreateOrderRequest
		code    ordersapi.ProblemCode
		at      []string
	}{
		"out of stock": {
			ordersapi.CreateOrderRequest{Items: []ordersapi.OrderItemRequest{
				{ProductID: plenty, Quantity: 1}, {ProductID: few, Quantity: 2}, {ProductID: few, Quantity: 1},
			}},
			ordersapi.ProblemCodeOutOfStock, []string{"#/items/1/quantity", "#/items/2/quantity"},
		},
		"no such product": {
			ordersapi.CreateOrderRequest{
				Items: []ordersapi.OrderItemRequest{{ProductID: plenty, Quantity: 1}, {ProductID: uuid.New(), Quantity: 1}},
			},
			ordersapi.ProblemCodeProductUnavailable, []string{"#/items/1/product_id"},
		},
		"archived": {
			ordersapi.CreateOrderRequest{Items: []ordersapi.OrderItemRequest{{ProductID: archived, Quantity: 1}}},
			ordersapi.ProblemCodeProductUnavailable, []string{"#/items/0/product_id"},
		},
		"mixed currencies": {
			ordersapi.CreateOrderRequest{
				Items: []ordersapi.OrderItemRequest{{ProductID: plenty, Quantity: 1}, {ProductID: dollars, Quantity: 1}},
			},
			ordersapi.ProblemCodeMixedCurrencies, nil,
		},
		"price changed": {
			ordersapi.CreateOrderRequest{
				Items: []ordersapi.OrderItemRequest{{ProductID: plenty, Quantity: 1}}, ExpectedTotal: euros(2489),
			},
			ordersapi.ProblemCodePriceChanged, []string{"#/expected_total"},
		},
		"another currency than expected": {
			ordersapi.CreateOrderRequest{
				Items: []ordersapi.OrderItemRequest{{ProductID: dollars, Quantity: 1}}, ExpectedTotal: euros(2490),
			},
			ordersapi.ProblemCodePriceChanged, []string{"#/expected_total"},
		},
	} {
		got, err := me.CreateOrderWithResponse(t.Context(),
			&ordersapi.CreateOrderParams{IdempotencyKey: uuid.NewString()}, c.request)
		require.NoError(t, err)
		require.Equal(t, http.StatusConflict, got.StatusCode(), "%s: %s", name, got.Body)
		require.Equal(t, c.code, contracttest.Body(t, got, got.ApplicationProblemJSON409).Code, name)
		var at []string
		for _, v := range contracttest.Body(t, got, got.ApplicationProblemJSON409).Errors {
			at = append(at, v.Pointer)
		}
		require.Equal(t, c.at, at, name)
	}
	require.Equal(t, int64(100), s.stock(plenty).Available, "a refusal reserves nothing")
	require.Zero(t, s.count(`SELECT (SELECT count(*) FROM orders) + (SELECT count(*) FROM outbox)`))
}

// TestLifeOfAnOrder takes an order from placing to refund, and checks the effects of each step.
func TestLifeOfAnOrder(t *testing.T) {
	t.Parallel()
	s := start(t)
	me, staff, payments := s.as(), s.as(ordersapi.RoleStaff), s.as(ordersapi.RolePayments)
	product := s.product(10)
	order := s.order(me, product, 3)

	early, err := staff.ShipOrderWithResponse(t.Context(), order.ID, ordersapi.ShipOrderRequest{})
	require.NoError(t, err)
	require.Equal(t, ordersapi.ProblemCodeOrderState, contracttest.Body(t, early, early.ApplicationProblemJSON409).Code)

	reference := "pay_1"
	for range 2 { // A repeated report is not a second payment.
		paid, err := payments.PayOrderWithResponse(t.Context(), order.ID, ordersapi.PayOrderRequest{Reference: &reference})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, paid.StatusCode(), string(paid.Body))
		require.Equal(t, ordersapi.OrderStatusPaid, contracttest.Body(t, paid, paid.JSON200).Status)
		require.Equal(t, order.Total, contracttest.Body(t, paid, paid.JSON200).Paid)
		require.Equal(t, int64(2), contracttest.Body(t, paid, paid.JSON200).Version)
		require.Equal(t, []ordersapi.OrderAction{ordersapi.OrderActionRefund},
			contracttest.Body(t, paid, paid.JSON200).AllowedActions)
	}
	another := "pay_2"
	twice, err := payments.PayOrderWithResponse(t.Context(), order.ID, ordersapi.PayOrderRequest{Reference: &another})
	require.NoError(t, err)
	require.Equal(t, ordersapi.ProblemCodeOrderState, contracttest.Body(t, twice, twice.ApplicationProblemJSON409).Code)

	tracking := "JD0146"
	shipped, err := staff.ShipOrderWithResponse(t.Context(), order.ID, ordersapi.ShipOrderRequest{Tracking: &tracking})
	require.NoError(t, err)
	require.Equal(t, ordersapi.OrderStatusShipped, contracttest.Body(t, shipped, shipped.JSON200).Status)
	require.Equal(t, tracking, *contracttest.Body(t, shipped, shipped.JSON200).Tracking)
	stock := s.stock(product)
	require.Equal(t, []int64{7, 0, 3}, []int64{stock.Available, stock.Reserved, stock.Sold})

	delivered, err := staff.DeliverOrderWithResponse(t.Context(), order.ID, ordersapi.DeliverOrderRequest{})
	require.NoError(t, err)
	require.Equal(t, ordersapi.OrderStatusDelivered, contracttest.Body(t, delivered, delivered.JSON200).Status)

	part := ordersapi.RefundOrderRequest{Amount: &ordersapi.RefundAmount{Amount: 1000, Currency: "EUR"}}
	unsure, err := staff.RefundOrderWithResponse(t.Context(), order.ID, &ordersapi.RefundOrderParams{}, part)
	require.NoError(t, err)
	require.Equal(t, http.StatusUnprocessableEntity, unsure.StatusCode())
	key := "refund"
	for range 2 {
		refunded, err := staff.RefundOrderWithResponse(t.Context(), order.ID,
			&ordersapi.RefundOrderParams{IdempotencyKey: &key}, part)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, refunded.StatusCode(), string(refunded.Body))
		require.Equal(t, int64(1000), contracttest.Body(t, refunded, refunded.JSON200).Refunded.Amount)
		require.Equal(t, ordersapi.OrderStatusDelivered, contracttest.Body(t, refunded, refunded.JSON200).Status)
	}
	part.Amount.Amount = order.Total.Amount - 1000 + 1
	key = "too-much"
	tooMuch, err := staff.RefundOrderWithResponse(t.Context(), order.ID,
		&ordersapi.RefundOrderParams{IdempotencyKey: &key}, part)
	require.NoError(t, err)
	require.Equal(t, http.StatusConflict, tooMuch.StatusCode(), string(tooMuch.Body))
	require.Equal(t, ordersapi.ProblemCodeRefundTooLarge,
		contracttest.Body(t, tooMuch, tooMuch.ApplicationProblemJSON409).Code)
	whole, err := staff.RefundOrderWithResponse(t.Context(), order.ID, &ordersapi.RefundOrderParams{},
		ordersapi.RefundOrderRequest{})
	require.NoError(t, err)
	require.Equal(t, ordersapi.OrderStatusRefunded, contracttest.Body(t, whole, whole.JSON200).Status)
	require.Equal(t, order.Total, contracttest.Body(t, whole, whole.JSON200).Refunded)
	require.Equal(t, int64(3), s.stock(product).Sold, "what has left does not come back by itself")

	history, err := me.ListOrderEventsWithResponse(t.Context(), order.ID, &ordersapi.ListOrderEventsParams{})
	require.NoError(t, err)
	var types []ordersapi.OrderEventType
	var by []ordersapi.OrderActor
	for i, e := range contracttest.Body(t, history, history.JSON200).Items {
		require.Equal(t, int32(i+1), e.Sequence)
		types, by = append(types, e.Type), append(by, e.By)
	}
	require.Equal(t, []ordersapi.OrderEventType{
		"order.placed", "order.paid", "order.shipped", "order.delivered", "order.refunded", "order.refunded",
	}, types)
	require.Equal(t, []ordersapi.OrderActor{"customer", "payments", "staff", "staff", "staff", "staff"}, by)
}

func TestCancelOrder(t *testing.T) {
	t.Parallel()
	s := start(t)
	me, payments := s.as(), s.as(ordersapi.RolePayments)
	product := s.product(10)
	for name, paid := range map[string]bool{"pending": false, "paid": true} {
		order := s.order(me, product, 4)
		if paid {
			got, err := payments.PayOrderWithResponse(t.Context(), order.ID, ordersapi.PayOrderRequest{})
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))
		}
		require.Equal(t, int64(6), s.stock(product).Available, name)
		reason := "Ordered by mistake"
		for range 2 { // Cancelling twice is no error, and releases the stock once.
			got, err := me.CancelOrderWithResponse(t.Context(), order.ID, ordersapi.CancelOrderRequest{Reason: &reason})
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))
			require.Equal(t, ordersapi.OrderStatusCancelled, contracttest.Body(t, got, got.JSON200).Status)
			require.Equal(t, contracttest.Body(t, got, got.JSON200).Paid, contracttest.Body(t, got, got.JSON200).Refunded, name)
			require.Empty(t, contracttest.Body(t, got, got.JSON200).AllowedActions)
		}
		require.Equal(t, int64(10), s.stock(product).Available, name)
		require.Zero(t, s.stock(product).Reserved, name)
	}
}

func TestExpireOverdue(t *testing.T) {
	t.Parallel()
	s := start(t)
	me, payments := s.as(), s.as(ordersapi.RolePayments)
	product := s.product(10)
	forgotten, paid := s.order(me, product, 1), s.order(me, product, 2)
	got, err := payments.PayOrderWithResponse(t.Context(), paid.ID, ordersapi.PayOrderRequest{})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.StatusCode())
	s.Clock.Advance(30*time.Minute - time.Second)
	require.NoError(t, s.service.expireOverdue(t.Context()))
	require.Equal(t, int64(7), s.stock(product).Available)
	s.Clock.Advance(time.Second)
	for range 2 {
		require.NoError(t, s.service.expireOverdue(t.Context()))
	}
	require.Equal(t, int64(8), s.stock(product).Available)
	row, err := s.queries.GetOrder(t.Context(), forgotten.ID)
	require.NoError(t, err)
	require.Equal(t, ordersdb.OrderStatusExpired, row.Status)
}

func TestListOrders(t *testing.T) {
	t.Parallel()
	s := start(t)
	me, other, support := s.as(), s.as(), s.as(ordersapi.RoleSupport)
	product := s.product(100)
	var mine []uuid.UUID
	for range 5 {
		s.Clock.Advance(time.Second)
		mine = append(mine, s.order(me, product, 1).ID)
		s.order(other, product, 1)
	}
	limit := int32(2)
	var got []uuid.UUID
	for params := (&ordersapi.ListOrdersParams{Limit: &limit}); ; {
		page, err := me.ListOrdersWithResponse(t.Context(), params)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, page.StatusCode(), string(page.Body))
		for _, o := range contracttest.Body(t, page, page.JSON200).Items {
			require.Len(t, o.Items, 1)
			got = append(got, o.ID)
		}
		next, err := contracttest.Body(t, page, page.JSON200).NextCursor.Get()
		if err != nil {
			break
		}
		params.Cursor = &next
	}
	require.ElementsMatch(t, mine, got)
	require.Equal(t, mine[4], got[0], "the newest first")

	count := func(c caller, params ordersapi.ListOrdersParams) int {
		page, err := c.ListOrdersWithResponse(t.Context(), &params)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, page.StatusCode(), string(page.Body))
		return len(contracttest.Body(t, page, page.JSON200).Items)
	}
	pending, paid := ordersapi.OrderStatusPending, ordersapi.OrderStatusPaid
	from := s.Clock.Now().Add(-2 * time.Second)
	require.Equal(t, 10, count(support, ordersapi.ListOrdersParams{}))
	require.Equal(t, 5, count(support, ordersapi.ListOrdersParams{CustomerID: &other.id}))
	require.Equal(t, 10, count(support, ordersapi.ListOrdersParams{Status: &pending}))
	require.Zero(t, count(support, ordersapi.ListOrdersParams{Status: &paid}))
	require.Equal(t, 5, count(support, ordersapi.ListOrdersParams{Status: &pending, CustomerID: &other.id}))
	require.Equal(t, 6, count(support, ordersapi.ListOrdersParams{CreatedFrom: &from}))
	require.Equal(t, 4, count(support, ordersapi.ListOrdersParams{CreatedBefore: &from}))
	require.Zero(t, count(me, ordersapi.ListOrdersParams{CustomerID: &other.id}), "another's are not there")
	require.Equal(t, 5, count(me, ordersapi.ListOrdersParams{CustomerID: &me.id}))
}

// orderOperations tells the checks what the document does not say of the operations on orders.
func orderOperations() knownOperations {
	// from gives an operation an order in a status other than that of a new one.
	from := func(status ordersdb.OrderStatus) func(situation, *contracttest.Fit) {
		return func(at situation, fit *contracttest.Fit) {
			fit.Path["orderId"] = at.orderIn(at.t, at.owner, status).String()
		}
	}
	return knownOperations{
		"createOrder": {
			Beyond: contracttest.Beyond{Replaced: []string{"items"}, Rules: quantities()}, // Lines of one product are merged.
			Fit: func(at situation, fit *contracttest.Fit) {
				fit.Body["items"] = []any{map[string]any{"product_id": at.product(100), "quantity": 2}}
			},
			Refused: refusedOrders,
		},
		"listOrders": {Fit: func(at situation, fit *contracttest.Fit) {
			fit.Shows = at.orderIn(at.t, at.owner, "").String()
			fit.Query = "customer_id=" + at.owner.Subject()
		}},
		"cancelOrder": {Refused: func(at situation) []contracttest.Refusal {
			return []contracttest.Refusal{at.inStatus("a shipped order", ordersdb.OrderStatusShipped)}
		}},
		"payOrder": {
			Fit: func(_ situation, fit *contracttest.Fit) { fit.Body["reference"] = "pay_" + uuid.NewString() },
			Refused: func(at situation) []contracttest.Refusal {
				short := at.conflict("less than the total", `{"amount":{"amount":4979,"currency":"EUR"}}`,
					ordersapi.ProblemCodePaymentMismatch)
				short.Pointer = "#/amount"
				return []contracttest.Refusal{
					at.inStatus("a cancelled order", ordersdb.OrderStatusCancelled),
					at.inStatus("another payment", ordersdb.OrderStatusPaid), short, at.paidTwice(),
				}
			},
		},
		"shipOrder": {Fit: from(ordersdb.OrderStatusPaid), Refused: func(at situation) []contracttest.Refusal {
			return []contracttest.Refusal{
				at.inStatus("an order that is not paid", ""), at.inStatus("a cancelled order", ordersdb.OrderStatusCancelled),
			}
		}},
		"deliverOrder": {Fit: from(ordersdb.OrderStatusShipped), Refused: func(at situation) []contracttest.Refusal {
			return []contracttest.Refusal{at.inStatus("an order that has not shipped", ordersdb.OrderStatusPaid)}
		}},
		"refundOrder": {
			Beyond: contracttest.Beyond{Rules: []string{"#/amount/currency"}},
			Fit:    from(ordersdb.OrderStatusPaid),
			Refused: func(at situation) []contracttest.Refusal {
				most := at.inStatus("more than was paid", ordersdb.OrderStatusPaid)
				most.Body, most.Code = `{"amount":{"amount":4981,"currency":"EUR"}}`, string(ordersapi.ProblemCodeRefundTooLarge)
				return []contracttest.Refusal{at.inStatus("an order that is not paid", ""), most}
			},
		},
	}
}

// quantities gives the pointers of the quantities, whose maximum holds for all lines of a product together.
func quantities() []string {
	places := make([]string, 100)
	for i := range places {
		places[i] = fmt.Sprintf("#/items/%d/quantity", i)
	}
	return places
}

// inStatus names an order whose status does not allow the operation.
func (at situation) inStatus(name string, status ordersdb.OrderStatus) contracttest.Refusal {
	c := at.conflict(name, "", ordersapi.ProblemCodeOrderState)
	c.Target = contracttest.Filled(at.op.Pattern,
		map[string]string{"orderId": at.orderIn(at.t, at.member(at.t), status).String()})
	return c
}

// paidTwice reports a payment that has paid another order.
func (at situation) paidTwice() contracttest.Refusal {
	reference := uuid.NewString()
	paid := at.order(at.member(at.t).caller, at.product(10), 1).ID
	answer, err := at.member(at.t, "payments").PayOrderWithResponse(at.t.Context(), paid,
		ordersapi.PayOrderRequest{Reference: &reference})
	require.NoError(at.t, err)
	require.Equal(at.t, http.StatusOK, answer.StatusCode(), string(answer.Body))
	c := at.conflict("a payment of another order", `{"reference":"`+reference+`"}`,
		ordersapi.ProblemCodePaymentReferenceUsed)
	c.Pointer = "#/reference"
	return c
}

// refusedOrders gives orders that cannot be placed.
func refusedOrders(at situation) []contracttest.Refusal {
	few, other := at.product(1), at.product(5, func(p *ordersdb.CreateProductParams) { p.Currency = "USD" })
	line := func(product uuid.UUID, quantity string) string {
		return `{"product_id":"` + product.String() + `","quantity":` + quantity + `}`
	}
	var cases []contracttest.Refusal
	add := func(name, items, rest, pointer string, code ordersapi.ProblemCode) {
		c := at.conflict(name, `{"items":[`+items+`]`+rest+`}`, code)
		c.Pointer = pointer
		cases = append(cases, c)
	}
	add("more than there is", line(few, "2"), "", "#/items/0/quantity", ordersapi.ProblemCodeOutOfStock)
	add("more than there is, together", line(few, "1")+`,`+line(few, "1"), "", "#/items/1/quantity",
		ordersapi.ProblemCodeOutOfStock)
	add("no such product", line(uuid.New(), "1"), "", "#/items/0/product_id", ordersapi.ProblemCodeProductUnavailable)
	add("two currencies", line(few, "1")+`,`+line(other, "1"), "", "", ordersapi.ProblemCodeMixedCurrencies)
	add("more of one than an order takes, together", line(few, "600")+`,`+line(few, "600"), "", "#/items/1/quantity",
		ordersapi.ProblemCodeInvalidRequest)
	cases[len(cases)-1].Status = http.StatusUnprocessableEntity
	add("more units than one may reserve", line(at.product(1000), "101"), "", "#/items",
		ordersapi.ProblemCodeTooManyReservedUnits)
	add("one order too many", line(few, "1"), "", "#", ordersapi.ProblemCodeTooManyOpenOrders)
	waits := at.member(at.t)
	for range usual.Orders {
		at.order(waits.caller, at.product(1), 1)
	}
	last := &cases[len(cases)-1]
	last.By, last.Request = waits, last.Without("Authorization").With(contracttest.Bearer(waits))
	add("another total", line(few, "1"), `,"expected_total":{"amount":1,"currency":"EUR"}`, "#/expected_total",
		ordersapi.ProblemCodePriceChanged)
	return cases
}
