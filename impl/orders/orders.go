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
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/convert"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/paging"
)

// ListOrders lists the caller's orders, or those of all customers for a caller with the role for it.
func (s *Service) ListOrders(
	ctx context.Context, req ordersapi.ListOrdersRequestObject,
) (ordersapi.ListOrdersResponseObject, error) {
	filter := orderFilter{
		customer: req.Params.CustomerID, status: (*ordersdb.OrderStatus)(req.Params.Status), from: req.Params.CreatedFrom,
		after: paging.After(req.Params.Cursor),
	}
	filter.before(req.Params.CreatedBefore)
	if caller := httpapi.Caller(ctx); !httpapi.HoldsRole(ctx) {
		if filter.customer != nil && *filter.customer != caller.Subject {
			return ordersapi.ListOrders200JSONResponse{Body: ordersapi.OrderList{
				Items: []ordersapi.Order{}, NextCursor: convert.OrNull[string](nil),
			}}, nil
		}
		filter.customer = &caller.Subject
	}
	limit := *req.Params.Limit
	rows, err := filter.list(ctx, s.queries, limit+1)
	if err != nil {
		return nil, explain(err, nil)
	}
	rows, next := paging.Page(rows, int(limit), positionOf)
	items, err := s.toAPIOrders(ctx, rows)
	if err != nil {
		return nil, explain(err, nil)
	}
	return ordersapi.ListOrders200JSONResponse{
		Body:    ordersapi.OrderList{Items: items, NextCursor: convert.OrNull(next)},
		Headers: ordersapi.ListOrders200ResponseHeaders{Link: httpapi.NextLink(ctx, next)},
	}, nil
}

func positionOf(o ordersdb.Order) paging.Position {
	return paging.Position{Time: o.CreatedAt, ID: o.ID}
}

// orderFilter selects the orders of a list or an export.
type orderFilter struct {
	customer *uuid.UUID
	status   *ordersdb.OrderStatus
	from     *time.Time
	after    paging.Position
}

// before excludes orders placed at or after a time.
func (f *orderFilter) before(t *time.Time) {
	if t != nil && t.Before(f.after.Time) {
		f.after = paging.Position{Time: *t}
	}
}

// list reads the orders after f.after. Each combination of filters has its own statement and index.
func (f *orderFilter) list(ctx context.Context, q ordersdb.Querier, limit int32) ([]ordersdb.Order, error) {
	var from time.Time // The zero time is before every order.
	if f.from != nil {
		from = *f.from
	}
	switch {
	case f.customer != nil && f.status != nil:
		return q.ListOrdersOfCustomerByStatus(ctx, ordersdb.ListOrdersOfCustomerByStatusParams{
			CustomerID: *f.customer, Status: *f.status, BeforeTime: f.after.Time, BeforeID: f.after.ID, CreatedFrom: from,
			RowLimit: limit,
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
		return q.ListOrders(ctx, ordersdb.ListOrdersParams{
			BeforeTime: f.after.Time, BeforeID: f.after.ID, CreatedFrom: from, RowLimit: limit,
		})
	}
}

// toAPIOrders shows orders with their lines and the actions that the caller may take.
func (s *Service) toAPIOrders(ctx context.Context, rows []ordersdb.Order) ([]ordersapi.Order, error) {
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

// allowedActions are the actions that the state of an order permits and the document grants to the caller.
func allowedActions(ctx context.Context, o ordersdb.Order) []ordersapi.OrderAction {
	allowed := []ordersapi.OrderAction{}
	for _, a := range possibleActions(o.Status) {
		if httpapi.MayCall(ctx, string(a)+"Order", o.CustomerID) {
			allowed = append(allowed, a)
		}
	}
	return allowed
}

// CreateOrder prices the lines, reserves their stock and places the order.
func (s *Service) CreateOrder(
	ctx context.Context, req ordersapi.CreateOrderRequestObject,
) (ordersapi.CreateOrderResponseObject, error) {
	if err := s.customers.MayOrder(ctx); err != nil {
		return nil, err
	}
	lines := merged(req.Body.Items)
	if err := fitting(lines); err != nil {
		return nil, err
	}
	order, items, err := s.placeOrder(ctx, httpapi.Caller(ctx).Subject, lines, req.Body.ExpectedTotal)
	if err != nil {
		return nil, explain(err, nil)
	}
	return ordersapi.CreateOrder201JSONResponse{
		Body: toAPIOrder(order, items, allowedActions(ctx, order)),
		Headers: ordersapi.CreateOrder201ResponseHeaders{
			Location: "/api/v1/orders/" + order.ID.String(), ETag: convert.ETag(order.Version),
		},
	}, nil
}

// placeOrder places an order of a customer. If expected is not nil, the total must match it.
func (s *Service) placeOrder(
	ctx context.Context, customer uuid.UUID, lines []line, expected *ordersapi.ExpectedTotal,
) (order ordersdb.Order, items []ordersdb.OrderItem, err error) {
	now := s.Clock()
	placed := newOrder(lines)
	placed.ID, placed.Number, placed.CustomerID = newID(), newNumber(), customer
	httpapi.SetAuditTarget(ctx, placed.ID)
	placed.CreatedAt, placed.ExpiresAt = now, now.Add(s.payWithin())
	err = s.inKeyedTx(ctx, func(tx tx) error {
		if err := s.ration.lockAndAdmit(ctx, tx, customer, lines); err != nil {
			return err
		}
		products, err := tx.PriceProducts(ctx, placed.ProductIds)
		if err != nil {
			return err
		}
		all, total, err := priceOf(lines, products, expected)
		if err != nil {
			return err
		}
		if err := addPrices(ctx, &placed, all, total); err != nil {
			return err
		}
		row, err := tx.CreateOrder(ctx, placed)
		if err != nil {
			return err
		}
		order = ordersdb.Order(row)
		// Last, to hold the locks on the stock of popular products for the shortest time.
		return reserveStock(ctx, tx, lines, placed, now)
	})
	if err != nil {
		return order, nil, err
	}
	return order, itemsOf(placed), nil
}

// lockAndAdmit serializes the orders of a customer until the transaction ends, and refuses one that exceeds the ration.
func (r Ration) lockAndAdmit(ctx context.Context, q ordersdb.Querier, customer uuid.UUID, lines []line) error {
	if r == (Ration{}) {
		return nil
	}
	if err := q.LockCustomer(ctx, customer.String()); err != nil {
		return err
	}
	// The count is a statement of its own, whose snapshot begins after the wait for the lock.
	open, err := q.CountOpenOrders(ctx, ordersdb.CountOpenOrdersParams{CustomerID: customer, Most: r.Orders})
	if err != nil {
		return err
	}
	return r.admit(open, lines)
}

// newOrder makes the parameters of an order with its lines, without prices.
func newOrder(lines []line) ordersdb.CreateOrderParams {
	var p ordersdb.CreateOrderParams
	for _, l := range lines {
		p.ProductIds, p.Quantities = append(p.ProductIds, l.product), append(p.Quantities, l.quantity)
	}
	return p
}

// addPrices adds prices, total and event to the parameters of an order.
func addPrices(ctx context.Context, p *ordersdb.CreateOrderParams, all []priced, total ordersapi.Money) (err error) {
	p.Skus, p.Names, p.PriceAmounts = nil, nil, nil // postgres.InTx may run this again.
	for _, l := range all {
		p.Skus, p.Names = append(p.Skus, l.Sku), append(p.Names, l.Name)
		p.PriceAmounts = append(p.PriceAmounts, l.PriceAmount)
	}
	p.TotalAmount, p.Currency = total.Amount, total.Currency
	p.EventID, p.Traceparent = newID(), traceparent(ctx)
	p.EventData, err = json.Marshal(orderEvent{
		OrderID: p.ID, Number: p.Number, CustomerID: p.CustomerID, Sequence: 1, Status: ordersapi.OrderStatusPending,
		By: ordersapi.OrderActorCustomer, Total: total, Amount: &total,
	})
	return err
}

// itemsOf gives the lines that CreateOrder has stored.
func itemsOf(p ordersdb.CreateOrderParams) []ordersdb.OrderItem {
	items := make([]ordersdb.OrderItem, len(p.ProductIds))
	for i := range items {
		items[i] = ordersdb.OrderItem{
			ProductID: p.ProductIds[i], Sku: p.Skus[i], Name: p.Names[i], Quantity: p.Quantities[i],
			PriceAmount: p.PriceAmounts[i],
		}
	}
	return items
}

func reserveStock(
	ctx context.Context, q ordersdb.Querier, lines []line, p ordersdb.CreateOrderParams, now time.Time,
) error {
	reserved, err := q.ReserveStock(ctx, ordersdb.ReserveStockParams{
		ProductIds: p.ProductIds, Quantities: p.Quantities, UpdatedAt: now,
	})
	if err != nil || reserved == int64(len(lines)) {
		return err
	}
	stock, err := q.ListStock(ctx, p.ProductIds)
	if err != nil {
		return err
	}
	return shortOf(lines, stock)
}

// numberAlphabet is Crockford's base 32, which has no look-alike characters.
const numberAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newNumber makes an order number of 60 random bits, such as PL-7K3M-9Q2X-VN4T. It does not reveal the number of
// orders.
func newNumber() string {
	var random [12]byte
	_, _ = rand.Read(random[:]) // Read never fails: crypto/rand ends the program instead.
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
func (s *Service) GetOrder(
	ctx context.Context, req ordersapi.GetOrderRequestObject,
) (ordersapi.GetOrderResponseObject, error) {
	row, err := s.queries.GetOrder(ctx, req.OrderID)
	if err != nil {
		return nil, explain(err, errOrderNotFound)
	}
	shown, err := s.toAPIOrders(ctx, []ordersdb.Order{row})
	if err != nil {
		return nil, explain(err, nil)
	}
	return ordersapi.GetOrder200JSONResponse{
		Body: shown[0], Headers: ordersapi.GetOrder200ResponseHeaders{ETag: convert.ETag(row.Version)},
	}, nil
}

// CancelOrder cancels an order that has not shipped. It is idempotent: a second call gives the same answer.
func (s *Service) CancelOrder(
	ctx context.Context, req ordersapi.CancelOrderRequestObject,
) (ordersapi.CancelOrderResponseObject, error) {
	var reason *string
	if req.Body != nil {
		reason = req.Body.Reason
	}
	order, tag, err := s.applyStep(ctx, req.OrderID, func(o ordersdb.Order) (step, error) {
		return cancellation(o, reason)
	})
	if err != nil {
		return nil, err
	}
	return ordersapi.CancelOrder200JSONResponse{
		Body: order, Headers: ordersapi.CancelOrder200ResponseHeaders{ETag: tag},
	}, nil
}

// PayOrder records the payment of an order.
func (s *Service) PayOrder(
	ctx context.Context, req ordersapi.PayOrderRequestObject,
) (ordersapi.PayOrderResponseObject, error) {
	var reported ordersapi.PayOrderRequest
	if req.Body != nil {
		reported = *req.Body
	}
	repeated := false
	order, tag, err := s.applyStep(ctx, req.OrderID, func(o ordersdb.Order) (step, error) {
		next, err := payment(o, reported)
		repeated = next.same
		return next, err
	})
	if err != nil {
		return nil, err
	}
	if !repeated && (reported.Amount == nil || reported.Reference == nil) { // It could not be checked against the order.
		s.Log.WarnContext(ctx, "a payment was reported without its amount or its reference",
			slog.String("order", order.ID.String()), slog.Bool("amount", reported.Amount != nil),
			slog.Bool("reference", reported.Reference != nil))
	}
	return ordersapi.PayOrder200JSONResponse{Body: order, Headers: ordersapi.PayOrder200ResponseHeaders{ETag: tag}}, nil
}

// ShipOrder records that an order has been shipped.
func (s *Service) ShipOrder(
	ctx context.Context, req ordersapi.ShipOrderRequestObject,
) (ordersapi.ShipOrderResponseObject, error) {
	var tracking *string
	if req.Body != nil {
		tracking = req.Body.Tracking
	}
	order, tag, err := s.applyStep(ctx, req.OrderID, func(o ordersdb.Order) (step, error) { return shipment(o, tracking) })
	if err != nil {
		return nil, err
	}
	return ordersapi.ShipOrder200JSONResponse{Body: order, Headers: ordersapi.ShipOrder200ResponseHeaders{ETag: tag}}, nil
}

// DeliverOrder records that an order has been delivered.
func (s *Service) DeliverOrder(
	ctx context.Context, req ordersapi.DeliverOrderRequestObject,
) (ordersapi.DeliverOrderResponseObject, error) {
	order, tag, err := s.applyStep(ctx, req.OrderID, delivery)
	if err != nil {
		return nil, err
	}
	return ordersapi.DeliverOrder200JSONResponse{
		Body: order, Headers: ordersapi.DeliverOrder200ResponseHeaders{ETag: tag},
	}, nil
}

// RefundOrder refunds a part of what was paid, or all that is left of it.
func (s *Service) RefundOrder(
	ctx context.Context, req ordersapi.RefundOrderRequestObject,
) (ordersapi.RefundOrderResponseObject, error) {
	var part *ordersapi.RefundAmount
	var reason *string
	if req.Body != nil {
		part, reason = req.Body.Amount, req.Body.Reason
	}
	if part != nil && req.Params.IdempotencyKey == nil {
		return nil, contract.Violated(
			"#/header/Idempotency-Key", "required", "Must be sent with an amount, so that it is refunded once",
		)
	}
	order, tag, err := s.applyStep(ctx, req.OrderID, func(o ordersdb.Order) (step, error) {
		return refund(o, part, reason)
	})
	if err != nil {
		return nil, err
	}
	return ordersapi.RefundOrder200JSONResponse{
		Body: order, Headers: ordersapi.RefundOrder200ResponseHeaders{ETag: tag},
	}, nil
}

// applyStep applies the caller's step to an order.
func (s *Service) applyStep(
	ctx context.Context, id uuid.UUID, decide func(ordersdb.Order) (step, error),
) (shown ordersapi.Order, tag string, err error) {
	caller := httpapi.Caller(ctx)
	var order ordersdb.Order
	var items []ordersdb.OrderItem
	err = s.inKeyedTx(ctx, func(tx tx) (err error) {
		if order, err = s.lockAndApply(ctx, tx, id, decide, func(o ordersdb.Order) ordersapi.OrderActor {
			return actorOf(caller, o)
		}); err != nil {
			return err
		}
		// The items are read within the transaction: with an Idempotency-Key it holds its connection until the answer is
		// made.
		items, err = tx.ListOrderItems(ctx, []uuid.UUID{id})
		return err
	})
	if err != nil {
		return shown, "", explain(err, errOrderNotFound)
	}
	return toAPIOrder(order, items, allowedActions(ctx, order)), convert.ETag(order.Version), nil
}

// actorOf gives the capacity in which a caller acts on an order.
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

// lockAndApply applies a step to an order in a transaction. It locks the order first, so that nothing changes between
// the decision and the step, and changes the stock last.
func (s *Service) lockAndApply(
	ctx context.Context, q ordersdb.Querier, id uuid.UUID, decide func(ordersdb.Order) (step, error),
	by func(ordersdb.Order) ordersapi.OrderActor,
) (ordersdb.Order, error) {
	order, err := q.LockOrder(ctx, id)
	if err != nil {
		return order, err
	}
	next, err := decide(order)
	if err != nil || next.same {
		return order, err
	}
	now, actor := s.Clock(), by(order)
	data, err := json.Marshal(eventOf(next, actor))
	if err != nil {
		return order, err
	}
	row, err := q.ChangeOrder(ctx, ordersdb.ChangeOrderParams{
		ID: id, FromStatus: order.Status, ToStatus: next.order.Status, Version: order.Version,
		PaidAmount: next.order.PaidAmount, RefundedAmount: next.order.RefundedAmount,
		PaymentProvider: next.order.PaymentProvider, PaymentReference: next.order.PaymentReference,
		Tracking: next.order.Tracking, ChangedAt: now, EventType: string(next.event), Actor: string(actor),
		Amount: next.amount, Reason: next.reason, EventID: newID(), EventData: data, Traceparent: traceparent(ctx),
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
