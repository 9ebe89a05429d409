package orders

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/paging"
)

// ListOrders lists the caller's orders, or everybody's for whoever may see them.
func (s *Service) ListOrders(ctx context.Context, req ordersapi.ListOrdersRequestObject) (ordersapi.ListOrdersResponseObject, error) {
	filter := orderFilter{
		customer: req.Params.CustomerID, status: (*ordersdb.OrderStatus)(req.Params.Status), from: req.Params.CreatedFrom, after: paging.After(req.Params.Cursor),
	}
	filter.before(req.Params.CreatedBefore)
	if caller := httpapi.Caller(ctx); !httpapi.HoldsRole(ctx) {
		if filter.customer != nil && *filter.customer != caller.Subject {
			return ordersapi.ListOrders200JSONResponse{Body: ordersapi.OrderList{Items: []ordersapi.Order{}, NextCursor: orNull(nil)}}, nil
		}
		filter.customer = &caller.Subject
	}
	limit := *req.Params.Limit
	rows, err := filter.list(ctx, s.queries, limit+1)
	if err != nil {
		return nil, explain(err, nil)
	}
	rows, next := paging.Page(rows, int(limit), positionOf)
	items, err := s.show(ctx, rows)
	if err != nil {
		return nil, explain(err, nil)
	}
	return ordersapi.ListOrders200JSONResponse{
		Body:    ordersapi.OrderList{Items: items, NextCursor: orNull(next)},
		Headers: ordersapi.ListOrders200ResponseHeaders{Link: httpapi.NextLink(ctx, next)},
	}, nil
}

func positionOf(o ordersdb.Order) paging.Position {
	return paging.Position{Time: o.CreatedAt, ID: o.ID}
}

// orderFilter is which orders a list or an export is about.
type orderFilter struct {
	customer *uuid.UUID
	status   *ordersdb.OrderStatus
	from     *time.Time
	after    paging.Position
}

// before leaves out what was placed at or after a time.
func (f *orderFilter) before(t *time.Time) {
	if t != nil && t.Before(f.after.Time) {
		f.after = paging.Position{Time: *t}
	}
}

// list reads the orders behind f.after. Each combination has a statement of its own, so that each has its index.
func (f *orderFilter) list(ctx context.Context, q ordersdb.Querier, limit int32) ([]ordersdb.Order, error) {
	var from time.Time // By default the year 1.
	if f.from != nil {
		from = *f.from
	}
	switch {
	case f.customer != nil && f.status != nil:
		return q.ListOrdersOfCustomerByStatus(ctx, ordersdb.ListOrdersOfCustomerByStatusParams{
			CustomerID: *f.customer, Status: *f.status, BeforeTime: f.after.Time, BeforeID: f.after.ID, CreatedFrom: from, RowLimit: limit,
		})
	case f.customer != nil:
		return q.ListOrdersOfCustomer(ctx, ordersdb.ListOrdersOfCustomerParams{
			CustomerID: *f.customer, BeforeTime: f.after.Time, BeforeID: f.after.ID, CreatedFrom: from, RowLimit: limit,
		})
	case f.status != nil:
		return q.ListOrdersByStatus(ctx, ordersdb.ListOrdersByStatusParams{
			Status: *f.status, BeforeTime: f.after.Time, BeforeID: f.after.ID, CreatedFrom: from, RowLimit: limit,
		})
	default:
		return q.ListOrders(ctx, ordersdb.ListOrdersParams{BeforeTime: f.after.Time, BeforeID: f.after.ID, CreatedFrom: from, RowLimit: limit})
	}
}

// show gives orders with their lines and what the caller may do to them.
func (s *Service) show(ctx context.Context, rows []ordersdb.Order) ([]ordersapi.Order, error) {
	ids := make([]uuid.UUID, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	items, err := s.queries.ListOrderItems(ctx, ids)
	if err != nil {
		return nil, err
	}
	of := map[uuid.UUID][]ordersdb.OrderItem{}
	for _, item := range items {
		of[item.OrderID] = append(of[item.OrderID], item)
	}
	shown := make([]ordersapi.Order, len(rows))
	for i, row := range rows {
		shown[i] = toAPIOrder(row, of[row.ID], allowedActions(ctx, row))
	}
	return shown, nil
}

// allowedActions are those that are possible now and that the document lets the caller ask for.
func allowedActions(ctx context.Context, o ordersdb.Order) []ordersapi.OrderAction {
	allowed := []ordersapi.OrderAction{}
	for _, a := range possibleActions(o.Status) {
		if httpapi.May(ctx, string(a)+"Order", o.CustomerID) {
			allowed = append(allowed, a)
		}
	}
	return allowed
}

// CreateOrder prices the lines, reserves their stock and places the order.
func (s *Service) CreateOrder(ctx context.Context, req ordersapi.CreateOrderRequestObject) (ordersapi.CreateOrderResponseObject, error) {
	if err := s.customers.MayOrder(ctx); err != nil {
		return nil, err
	}
	lines := merged(req.Body.Items)
	if err := fitting(lines); err != nil {
		return nil, err
	}
	order, items, err := s.place(ctx, httpapi.Caller(ctx).Subject, lines, req.Body.ExpectedTotal)
	if err != nil {
		return nil, explain(err, nil)
	}
	return ordersapi.CreateOrder201JSONResponse{
		Body:    toAPIOrder(order, items, allowedActions(ctx, order)),
		Headers: ordersapi.CreateOrder201ResponseHeaders{Location: "/api/v1/orders/" + order.ID.String(), ETag: etag(order.Version)},
	}, nil
}

// place places an order of a customer, at the total that is expected if one is.
func (s *Service) place(ctx context.Context, customer uuid.UUID, lines []line, expected *ordersapi.ExpectedTotal) (order ordersdb.Order, items []ordersdb.OrderItem, err error) {
	now := s.clock()
	placed := newOrder(lines)
	placed.ID, placed.Number, placed.CustomerID = newID(), newNumber(), customer
	httpapi.Creates(ctx, placed.ID)
	placed.CreatedAt, placed.ExpiresAt = now, now.Add(s.payWithin)
	err = s.inTx(ctx, func(q ordersdb.Querier) error {
		if err := s.ration.hold(ctx, q, customer, lines); err != nil {
			return err
		}
		products, err := q.PriceProducts(ctx, placed.ProductIds)
		if err != nil {
			return err
		}
		all, total, err := priceOf(lines, products, expected)
		if err != nil {
			return err
		}
		if err := fill(ctx, &placed, all, total); err != nil {
			return err
		}
		row, err := q.CreateOrder(ctx, placed)
		if err != nil {
			return err
		}
		order = ordersdb.Order(row)
		// Last, because others wait for the stock of what sells well.
		return reserve(ctx, q, lines, placed, now)
	})
	if err != nil {
		return order, nil, err
	}
	return order, itemsOf(placed), nil
}

// hold keeps other orders of a customer waiting until the transaction ends, and refuses one that is beyond what a customer may have
// without paying.
func (r Ration) hold(ctx context.Context, q ordersdb.Querier, customer uuid.UUID, lines []line) error {
	if r == (Ration{}) {
		return nil
	}
	if err := q.LockCustomer(ctx, customer.String()); err != nil {
		return err
	}
	open, err := q.CountOpenOrders(ctx, ordersdb.CountOpenOrdersParams{CustomerID: customer, Most: r.Orders}) // Not in one statement: it would count what was there before the wait.
	if err != nil {
		return err
	}
	return r.admit(open, lines)
}

// newOrder gives the lines of an order as its statement takes them, not priced yet.
func newOrder(lines []line) ordersdb.CreateOrderParams {
	var p ordersdb.CreateOrderParams
	for _, l := range lines {
		p.ProductIds, p.Quantities = append(p.ProductIds, l.product), append(p.Quantities, l.quantity)
	}
	return p
}

// fill adds what the catalog says, and what others are told.
func fill(ctx context.Context, p *ordersdb.CreateOrderParams, all []priced, total ordersapi.Money) (err error) {
	p.Skus, p.Names, p.PriceAmounts = nil, nil, nil // The transaction may be repeated.
	for _, l := range all {
		p.Skus, p.Names, p.PriceAmounts = append(p.Skus, l.Sku), append(p.Names, l.Name), append(p.PriceAmounts, l.PriceAmount)
	}
	p.TotalAmount, p.Currency = total.Amount, total.Currency
	p.EventID, p.Traceparent = newID(), traceparent(ctx)
	p.EventData, err = json.Marshal(orderEvent{
		OrderID: p.ID, Number: p.Number, CustomerID: p.CustomerID, Sequence: 1, Status: ordersapi.OrderStatusPending,
		By: ordersapi.OrderActorCustomer, Total: total, Amount: &total,
	})
	return err
}

// itemsOf are the rows that the statement has made.
func itemsOf(p ordersdb.CreateOrderParams) []ordersdb.OrderItem {
	items := make([]ordersdb.OrderItem, len(p.ProductIds))
	for i := range items {
		items[i] = ordersdb.OrderItem{ProductID: p.ProductIds[i], Sku: p.Skus[i], Name: p.Names[i], Quantity: p.Quantities[i], PriceAmount: p.PriceAmounts[i]}
	}
	return items
}

func reserve(ctx context.Context, q ordersdb.Querier, lines []line, p ordersdb.CreateOrderParams, now time.Time) error {
	reserved, err := q.ReserveStock(ctx, ordersdb.ReserveStockParams{ProductIds: p.ProductIds, Quantities: p.Quantities, UpdatedAt: now})
	if err != nil || reserved == int64(len(lines)) {
		return err
	}
	stock, err := q.ListStock(ctx, p.ProductIds)
	if err != nil {
		return err
	}
	return shortOf(lines, stock)
}

// numberAlphabet is Crockford's base 32, in which no letter is taken for another.
const numberAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newNumber makes a number of 60 random bits for people to read out, as in PL-7K3M-9Q2X-VN4T. It tells nothing of how
// many orders there are.
func newNumber() string {
	var random [12]byte
	_, _ = rand.Read(random[:]) // It never fails: crypto/rand ends the program instead.
	number := []byte("PL")
	for i, b := range random {
		if i%4 == 0 {
			number = append(number, '-')
		}
		number = append(number, numberAlphabet[b%32])
	}
	return string(number)
}

// GetOrder reads an order.
func (s *Service) GetOrder(ctx context.Context, req ordersapi.GetOrderRequestObject) (ordersapi.GetOrderResponseObject, error) {
	row, err := s.queries.GetOrder(ctx, req.OrderID)
	if err != nil {
		return nil, explain(err, errOrderNotFound)
	}
	shown, err := s.show(ctx, []ordersdb.Order{row})
	if err != nil {
		return nil, explain(err, nil)
	}
	return ordersapi.GetOrder200JSONResponse{Body: shown[0], Headers: ordersapi.GetOrder200ResponseHeaders{ETag: etag(row.Version)}}, nil
}

// CancelOrder withdraws an order that has not shipped. Cancelling twice is not a mistake: the second call answers as the
// first did.
func (s *Service) CancelOrder(ctx context.Context, req ordersapi.CancelOrderRequestObject) (ordersapi.CancelOrderResponseObject, error) {
	var reason *string
	if req.Body != nil {
		reason = req.Body.Reason
	}
	order, tag, err := s.take(ctx, req.OrderID, func(o ordersdb.Order) (step, error) { return cancellation(o, reason) })
	if err != nil {
		return nil, err
	}
	return ordersapi.CancelOrder200JSONResponse{Body: order, Headers: ordersapi.CancelOrder200ResponseHeaders{ETag: tag}}, nil
}

// PayOrder records an order's payment.
func (s *Service) PayOrder(ctx context.Context, req ordersapi.PayOrderRequestObject) (ordersapi.PayOrderResponseObject, error) {
	var reported ordersapi.PayOrderRequest
	if req.Body != nil {
		reported = *req.Body
	}
	order, tag, err := s.take(ctx, req.OrderID, func(o ordersdb.Order) (step, error) { return payment(o, reported) })
	if err != nil {
		return nil, err
	}
	if reported.Amount == nil || reported.Reference == nil { // Nothing has protected it from being the wrong payment.
		s.log.WarnContext(ctx, "a payment was recorded without its amount or its reference", slog.String("order", order.ID.String()),
			slog.Bool("amount", reported.Amount != nil), slog.Bool("reference", reported.Reference != nil))
	}
	return ordersapi.PayOrder200JSONResponse{Body: order, Headers: ordersapi.PayOrder200ResponseHeaders{ETag: tag}}, nil
}

// ShipOrder records that an order has left.
func (s *Service) ShipOrder(ctx context.Context, req ordersapi.ShipOrderRequestObject) (ordersapi.ShipOrderResponseObject, error) {
	var tracking *string
	if req.Body != nil {
		tracking = req.Body.Tracking
	}
	order, tag, err := s.take(ctx, req.OrderID, func(o ordersdb.Order) (step, error) { return shipment(o, tracking) })
	if err != nil {
		return nil, err
	}
	return ordersapi.ShipOrder200JSONResponse{Body: order, Headers: ordersapi.ShipOrder200ResponseHeaders{ETag: tag}}, nil
}

// DeliverOrder records that an order has arrived.
func (s *Service) DeliverOrder(ctx context.Context, req ordersapi.DeliverOrderRequestObject) (ordersapi.DeliverOrderResponseObject, error) {
	order, tag, err := s.take(ctx, req.OrderID, delivery)
	if err != nil {
		return nil, err
	}
	return ordersapi.DeliverOrder200JSONResponse{Body: order, Headers: ordersapi.DeliverOrder200ResponseHeaders{ETag: tag}}, nil
}

// RefundOrder gives back a part of what was paid, or all that is left of it.
func (s *Service) RefundOrder(ctx context.Context, req ordersapi.RefundOrderRequestObject) (ordersapi.RefundOrderResponseObject, error) {
	var part *ordersapi.RefundAmount
	var reason *string
	if req.Body != nil {
		part, reason = req.Body.Amount, req.Body.Reason
	}
	if part != nil && req.Params.IdempotencyKey == nil {
		return nil, httpapi.Violated("#/header/Idempotency-Key", "required", "Must be sent with an amount, so that it is refunded once")
	}
	order, tag, err := s.take(ctx, req.OrderID, func(o ordersdb.Order) (step, error) { return refund(o, part, reason) })
	if err != nil {
		return nil, err
	}
	return ordersapi.RefundOrder200JSONResponse{Body: order, Headers: ordersapi.RefundOrder200ResponseHeaders{ETag: tag}}, nil
}

// take makes one step with an order, with all that belongs to it, for the caller.
func (s *Service) take(ctx context.Context, id uuid.UUID, decide func(ordersdb.Order) (step, error)) (shown ordersapi.Order, tag string, err error) {
	caller := httpapi.Caller(ctx)
	var order ordersdb.Order
	var items []ordersdb.OrderItem
	err = s.inTx(ctx, func(q ordersdb.Querier) (err error) {
		if order, err = s.advance(ctx, q, id, decide, func(o ordersdb.Order) ordersapi.OrderActor { return actorOf(caller, o) }); err != nil {
			return err
		}
		// Here, because with a key the transaction, and its connection, is kept until the answer is made.
		items, err = q.ListOrderItems(ctx, []uuid.UUID{id})
		return err
	})
	if err != nil {
		return shown, "", explain(err, errOrderNotFound)
	}
	return toAPIOrder(order, items, allowedActions(ctx, order)), etag(order.Version), nil
}

// actorOf says in what capacity a caller acts on an order.
func actorOf(caller *httpapi.Principal, o ordersdb.Order) ordersapi.OrderActor {
	switch {
	case caller.Subject == o.CustomerID:
		return ordersapi.OrderActorCustomer
	case slices.Contains(caller.Roles, string(ordersapi.RolePayments)):
		return ordersapi.OrderActorPayments
	default:
		return ordersapi.OrderActorStaff
	}
}

// advance makes one step with an order in a transaction: the order is locked, so that nothing comes between the decision
// and the change, and its stock follows last.
func (s *Service) advance(ctx context.Context, q ordersdb.Querier, id uuid.UUID, decide func(ordersdb.Order) (step, error), by func(ordersdb.Order) ordersapi.OrderActor) (ordersdb.Order, error) {
	order, err := q.LockOrder(ctx, id)
	if err != nil {
		return order, err
	}
	next, err := decide(order)
	if err != nil || next.same {
		return order, err
	}
	now, actor := s.clock(), by(order)
	data, err := json.Marshal(eventOf(next, actor))
	if err != nil {
		return order, err
	}
	row, err := q.ChangeOrder(ctx, ordersdb.ChangeOrderParams{
		ID: id, FromStatus: order.Status, ToStatus: next.order.Status, Version: order.Version,
		PaidAmount: next.order.PaidAmount, RefundedAmount: next.order.RefundedAmount, PaymentProvider: next.order.PaymentProvider, PaymentReference: next.order.PaymentReference, Tracking: next.order.Tracking,
		ChangedAt: now, EventType: string(next.event), Actor: string(actor), Amount: next.amount, Reason: next.reason,
		EventID: newID(), EventData: data, Traceparent: traceparent(ctx),
	})
	if err != nil {
		return order, err
	}
	switch next.stock {
	case stockReleased:
		_, err = q.ReleaseStock(ctx, ordersdb.ReleaseStockParams{OrderID: id, UpdatedAt: now})
	case stockSold:
		_, err = q.SellStock(ctx, ordersdb.SellStockParams{OrderID: id, UpdatedAt: now})
	case stockStays:
	}
	return ordersdb.Order(row), err
}
