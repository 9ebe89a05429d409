package orders

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
)

const (
	// mostStreams is how many orders a caller may follow at once, on one replica.
	mostStreams = 10
	// mostExports is how many exports a caller may run at once, on one replica.
	mostExports = 3
	// mostWebhooks is the maximum of webhooks: each of them gets every order.
	mostWebhooks = 100
	// secretOverlap is how long deliveries are also signed with a replaced secret.
	secretOverlap = 24 * time.Hour
	// mostSecrets is the maximum of secrets of a webhook in force: each adds a signature to every delivery.
	mostSecrets = 8
	// deliveryMemory is how long deliveries are kept.
	deliveryMemory = 30 * 24 * time.Hour
)

// action is an ordersapi.OrderAction, or expire, which callers cannot request.
type action = ordersapi.OrderAction

const expire action = "expire"

// transition is one permitted change of status.
type transition struct {
	from   ordersdb.OrderStatus
	action action
	to     ordersdb.OrderStatus
}

// transitions are all permitted changes. The database has the same table and refuses every other change.
var transitions = []transition{
	{ordersdb.OrderStatusPending, ordersapi.OrderActionPay, ordersdb.OrderStatusPaid},
	{ordersdb.OrderStatusPending, ordersapi.OrderActionCancel, ordersdb.OrderStatusCancelled},
	{ordersdb.OrderStatusPending, expire, ordersdb.OrderStatusExpired},
	{ordersdb.OrderStatusPaid, ordersapi.OrderActionShip, ordersdb.OrderStatusShipped},
	{ordersdb.OrderStatusPaid, ordersapi.OrderActionCancel, ordersdb.OrderStatusCancelled},
	{ordersdb.OrderStatusPaid, ordersapi.OrderActionRefund, ordersdb.OrderStatusPaid},
	{ordersdb.OrderStatusPaid, ordersapi.OrderActionRefund, ordersdb.OrderStatusRefunded},
	{ordersdb.OrderStatusShipped, ordersapi.OrderActionDeliver, ordersdb.OrderStatusDelivered},
	{ordersdb.OrderStatusShipped, ordersapi.OrderActionRefund, ordersdb.OrderStatusShipped},
	{ordersdb.OrderStatusShipped, ordersapi.OrderActionRefund, ordersdb.OrderStatusRefunded},
	{ordersdb.OrderStatusDelivered, ordersapi.OrderActionRefund, ordersdb.OrderStatusDelivered},
	{ordersdb.OrderStatusDelivered, ordersapi.OrderActionRefund, ordersdb.OrderStatusRefunded},
}

// mayBecome tells whether an action leads from one status to another.
func mayBecome(from ordersdb.OrderStatus, a action, to ordersdb.OrderStatus) bool {
	return slices.Contains(transitions, transition{from, a, to})
}

// possibleActions lists the actions that callers can request in a status, in the order of the table.
func possibleActions(status ordersdb.OrderStatus) []action {
	var actions []action
	for _, t := range transitions {
		if t.from == status && t.action != expire && !slices.Contains(actions, t.action) {
			actions = append(actions, t.action)
		}
	}
	return actions
}

// stockMove is the effect of a step on the reserved units of an order.
type stockMove int

const (
	stockStays    stockMove = iota
	stockReleased           // from reserved back to available
	stockSold               // from reserved to sold
)

// step is the decision about an order: its new state, and what belongs to the change.
type step struct {
	order  ordersdb.Order
	event  ordersapi.OrderEventType
	amount *int64 // what was paid or refunded, in minor units
	reason *string
	stock  stockMove
	same   bool // the order is in that state already; nothing changes
}

// move makes the step of an action to a status, or refuses it.
func move(order ordersdb.Order, a action, to ordersdb.OrderStatus, event ordersapi.OrderEventType) (step, error) {
	if !mayBecome(order.Status, a, to) {
		return step{}, errOrderState
	}
	order.Status = to
	return step{order: order, event: event}, nil
}

// onlyProvider is the provider of payments that name none.
const onlyProvider = "default"

// payment is the step of an order that is paid in full. The same payment reported again changes nothing.
func payment(order ordersdb.Order, reported ordersapi.PayOrderRequest) (step, error) {
	if got := reported.Amount; got != nil && (got.Amount != order.TotalAmount || got.Currency != order.Currency) {
		return step{}, errPaymentMismatch.At(fault.Violation{
			Pointer: "#/amount", Keyword: "const",
			Params: map[string]any{"amount": order.TotalAmount, "currency": order.Currency},
			Detail: fmt.Sprintf("The total of the order is %d %s in minor units.", order.TotalAmount, order.Currency),
		})
	}
	provider, reference := onlyProvider, reported.Reference
	if reported.Provider != nil {
		provider = *reported.Provider
	}
	known := order.PaymentReference
	unnamed := reference == nil && known == nil && order.Status == ordersdb.OrderStatusPaid
	named := reference != nil && known != nil && *reference == *known
	if unnamed || named && order.PaymentProvider != nil && provider == *order.PaymentProvider {
		return step{order: order, same: true}, nil
	}
	s, err := move(order, ordersapi.OrderActionPay, ordersdb.OrderStatusPaid, ordersapi.OrderEventTypeOrderPaid)
	if err != nil {
		return step{}, err
	}
	s.order.PaidAmount, s.amount = order.TotalAmount, &order.TotalAmount
	s.order.PaymentProvider, s.order.PaymentReference = &provider, reference
	return s, nil
}

// shipment is the step of an order that is shipped: its units are sold.
func shipment(order ordersdb.Order, tracking *string) (step, error) {
	if order.Status == ordersdb.OrderStatusShipped {
		return step{order: order, same: true}, nil
	}
	s, err := move(order, ordersapi.OrderActionShip, ordersdb.OrderStatusShipped, ordersapi.OrderEventTypeOrderShipped)
	s.order.Tracking, s.stock = tracking, stockSold
	return s, err
}

// delivery is the step of an order that is delivered.
func delivery(order ordersdb.Order) (step, error) {
	if order.Status == ordersdb.OrderStatusDelivered {
		return step{order: order, same: true}, nil
	}
	return move(order, ordersapi.OrderActionDeliver, ordersdb.OrderStatusDelivered, ordersapi.OrderEventTypeOrderDelivered)
}

// cancellation is the step of an order that is cancelled: its units are released, and what was paid is refunded.
func cancellation(order ordersdb.Order, reason *string) (step, error) {
	if order.Status == ordersdb.OrderStatusCancelled {
		return step{order: order, same: true}, nil
	}
	s, err := move(
		order, ordersapi.OrderActionCancel, ordersdb.OrderStatusCancelled, ordersapi.OrderEventTypeOrderCancelled,
	)
	if err != nil {
		return step{}, err
	}
	if left := order.PaidAmount - order.RefundedAmount; left > 0 {
		s.order.RefundedAmount, s.amount = order.PaidAmount, &left
	}
	s.reason, s.stock = reason, stockReleased
	return s, nil
}

// expiry is the step of an order that was not paid in time.
func expiry(order ordersdb.Order, now time.Time) (step, error) {
	if order.Status != ordersdb.OrderStatusPending || order.ExpiresAt.After(now) {
		return step{order: order, same: true}, nil
	}
	s, err := move(order, expire, ordersdb.OrderStatusExpired, ordersapi.OrderEventTypeOrderExpired)
	s.stock = stockReleased
	return s, err
}

// refund is the step that refunds a part of what was paid, or all that is left of it. When nothing is left, the order
// becomes refunded, and its units are released if it has not shipped.
func refund(order ordersdb.Order, part *ordersapi.RefundAmount, reason *string) (step, error) {
	if part == nil && order.Status == ordersdb.OrderStatusRefunded {
		return step{order: order, same: true}, nil
	}
	left := order.PaidAmount - order.RefundedAmount
	amount := left
	if part != nil {
		if amount = part.Amount; part.Currency != order.Currency {
			return step{}, contract.Violated("#/amount/currency", "const", "Must be the currency of the order")
		}
	}
	to := order.Status
	if amount >= left {
		to = ordersdb.OrderStatusRefunded
	}
	s, err := move(order, ordersapi.OrderActionRefund, to, ordersapi.OrderEventTypeOrderRefunded)
	if err != nil {
		return step{}, err
	}
	if amount > left {
		return step{}, errRefundTooLarge.At(fault.Violation{
			Pointer: "#/amount/amount", Keyword: "maximum", Params: map[string]any{"maximum": left},
			Detail: fmt.Sprintf("There are %d left to refund.", left),
		})
	}
	s.order.RefundedAmount, s.amount, s.reason = order.RefundedAmount+amount, &amount, reason
	if order.Status == ordersdb.OrderStatusPaid && to == ordersdb.OrderStatusRefunded {
		s.stock = stockReleased
	}
	return s, nil
}

// line is one product of an order with its quantity. places are its indices in the request.
type line struct {
	product  uuid.UUID
	quantity int32
	places   []int
}

// merged makes one line for each product, in the order of product ids, which is the order in which stock is locked.
func merged(items []ordersapi.OrderItemRequest) []line {
	var lines []line
	for place, item := range items {
		i := slices.IndexFunc(lines, func(l line) bool { return l.product == item.ProductID })
		if i < 0 {
			lines = append(lines, line{product: item.ProductID})
			i = len(lines) - 1
		}
		lines[i].quantity += item.Quantity // At most 100 lines of 1,000 units.
		lines[i].places = append(lines[i].places, place)
	}
	slices.SortFunc(lines, func(a, b line) int { return slices.Compare(a.product[:], b.product[:]) })
	return lines
}

// mostOfOne is the maximum of units of one product in an order, over all its lines.
const mostOfOne = 1000

// fitting refuses lines that exceed mostOfOne together.
func fitting(lines []line) error {
	large := slices.DeleteFunc(slices.Clone(lines), func(l line) bool { return l.quantity <= mostOfOne })
	if len(large) == 0 {
		return nil
	}
	detail := "All lines of the product together must not be more than this."
	return contract.ErrInvalid.At(violationsAt(large, "quantity", "maximum", detail, func(line) map[string]any {
		return map[string]any{"maximum": mostOfOne}
	})...)
}

// Ration limits what a customer may have in unpaid orders. The zero Ration has no limit.
type Ration struct {
	// Orders is the limit of pending orders, and Units that of the units reserved in them.
	Orders, Units int64
}

// admit refuses an order that would exceed the ration.
func (r Ration) admit(open ordersdb.CountOpenOrdersRow, lines []line) error {
	if open.Orders >= r.Orders {
		return errTooManyOpenOrders.At(fault.Violation{
			Pointer: "#", Keyword: "maximum", Params: map[string]any{"maximum": r.Orders},
			Detail: fmt.Sprintf("You may have %d orders that are not paid, and have as many or more.", r.Orders),
		})
	}
	var asked int64
	for _, l := range lines {
		asked += int64(l.quantity)
	}
	if open.Units+asked > r.Units {
		return errTooManyReservedUnits.At(fault.Violation{
			Pointer: "#/items", Keyword: "maximum",
			Params: map[string]any{"maximum": r.Units, "reserved": open.Units, "requested": asked},
			Detail: fmt.Sprintf(
				"This asks for %d units; you have %d in orders that are not paid, of %d that you may have.", asked, open.Units,
				r.Units,
			),
		})
	}
	return nil
}

// violationsAt gives a violation for each item of the request that is part of lines, in the order of the request.
func violationsAt(lines []line, member, keyword, detail string, params func(line) map[string]any) []fault.Violation {
	found := map[int]fault.Violation{}
	for _, l := range lines {
		for _, place := range l.places {
			found[place] = fault.Violation{
				Pointer: fmt.Sprintf("#/items/%d/%s", place, member), Keyword: keyword, Params: params(l), Detail: detail,
			}
		}
	}
	places := make([]fault.Violation, 0, len(found))
	for _, place := range slices.Sorted(maps.Keys(found)) {
		places = append(places, found[place])
	}
	return places
}

// noParams are the params of a violation that has none.
func noParams(line) map[string]any { return nil }

// priced is a line with its product.
type priced struct {
	line
	ordersdb.PriceProductsRow
}

// priceOf prices lines by the catalog and gives the total, in minor units of one currency.
func priceOf(
	lines []line, products []ordersdb.PriceProductsRow, expected *ordersapi.ExpectedTotal,
) (all []priced, total ordersapi.Money, err error) {
	var unavailable []line
	for _, l := range lines {
		i := slices.IndexFunc(products, func(p ordersdb.PriceProductsRow) bool { return p.ID == l.product })
		if i < 0 || products[i].Status != ordersdb.ProductStatusActive {
			unavailable = append(unavailable, l)
			continue
		}
		all = append(all, priced{l, products[i]})
	}
	if len(unavailable) > 0 {
		detail := "There is no such product to order."
		return nil, total, errProductUnavailable.At(violationsAt(unavailable, "product_id", "enum", detail, noParams)...)
	}
	total.Currency = all[0].Currency
	for _, p := range all {
		if p.Currency != total.Currency {
			return nil, total, errMixedCurrencies
		}
		sum := int64(p.quantity) * p.PriceAmount
		if sum > math.MaxInt64-total.Amount { // The limits of the document exclude this; it is checked all the same.
			return nil, total, fmt.Errorf("the total of %d lines does not fit", len(all))
		}
		total.Amount += sum
	}
	if expected != nil && (expected.Amount != total.Amount || expected.Currency != total.Currency) {
		return nil, total, errPriceChanged.At(fault.Violation{
			Pointer: "#/expected_total", Keyword: "const",
			Params: map[string]any{"amount": total.Amount, "currency": total.Currency},
			Detail: fmt.Sprintf("The total is %d %s in minor units.", total.Amount, total.Currency),
		})
	}
	return all, total, nil
}

// shortOf gives the refusal of the lines for which there are too few units.
func shortOf(lines []line, stock []ordersdb.Stock) error {
	available := func(l line) int64 {
		for _, s := range stock {
			if s.ProductID == l.product {
				return s.Available
			}
		}
		return 0
	}
	short := slices.DeleteFunc(slices.Clone(lines), func(l line) bool { return available(l) >= int64(l.quantity) })
	detail := "There are fewer units than this."
	return errOutOfStock.At(violationsAt(short, "quantity", "maximum", detail, func(l line) map[string]any {
		return map[string]any{"maximum": available(l)}
	})...)
}
