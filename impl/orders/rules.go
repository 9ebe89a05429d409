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
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/httpapi"
)

const (
	// mostStreams is how many orders a caller may follow at once, on one replica.
	mostStreams = 10
	// mostExports is how many exports a caller may run at once, on one replica.
	mostExports = 3
	// mostWebhooks is how many subscriptions there may be: each of them hears of every order.
	mostWebhooks = 100
	// secretOverlap is how long deliveries are signed with a replaced secret as well.
	secretOverlap = 24 * time.Hour
	// mostSecrets is how many secrets of a webhook are in force at most: each is a signature in every delivery.
	mostSecrets = 8
	// deliveryMemory is how long deliveries are kept.
	deliveryMemory = 30 * 24 * time.Hour
)

// action is what can be done to an order: ordersapi.OrderAction, and expire, which nobody can ask for.
type action = ordersapi.OrderAction

const expire action = "expire"

// transition is one step that an order may take.
type transition struct {
	from   ordersdb.OrderStatus
	action action
	to     ordersdb.OrderStatus
}

// transitions are all the steps. The database holds the same table and refuses every other step.
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

// mayBecome asks whether an action leads from one status to another.
func mayBecome(from ordersdb.OrderStatus, a action, to ordersdb.OrderStatus) bool {
	return slices.Contains(transitions, transition{from, a, to})
}

// possibleActions lists what can be asked for in a status, whoever asks, in the order of the table.
func possibleActions(status ordersdb.OrderStatus) []action {
	var actions []action
	for _, t := range transitions {
		if t.from == status && t.action != expire && !slices.Contains(actions, t.action) {
			actions = append(actions, t.action)
		}
	}
	return actions
}

// stockMove is what a step does to the units of an order.
type stockMove int

const (
	stockStays    stockMove = iota
	stockReleased           // from reserved back to available
	stockSold               // from reserved to sold
)

// step is what becomes of an order: the order as it then is, and what belongs to it.
type step struct {
	order  ordersdb.Order
	event  ordersapi.OrderEventType
	amount *int64 // what was paid or refunded, in minor units
	reason *string
	stock  stockMove
	same   bool // it is so already, and nothing happens
}

// move makes the step of an action that leads to a status, or refuses it.
func move(order ordersdb.Order, a action, to ordersdb.OrderStatus, event ordersapi.OrderEventType) (step, error) {
	if !mayBecome(order.Status, a, to) {
		return step{}, errOrderState
	}
	order.Status = to
	return step{order: order, event: event}, nil
}

// onlyProvider is the provider of a payment that names none.
const onlyProvider = "default"

// payment is the step of an order that is paid whole. The same payment reported again is the same payment.
func payment(order ordersdb.Order, reported ordersapi.PayOrderRequest) (step, error) {
	if got := reported.Amount; got != nil && (got.Amount != order.TotalAmount || got.Currency != order.Currency) {
		return step{}, errPaymentMismatch.At(fault.Violation{
			Pointer: "#/amount", Keyword: "const", Params: map[string]any{"amount": order.TotalAmount, "currency": order.Currency},
			Detail: fmt.Sprintf("The total of the order is %d %s in minor units.", order.TotalAmount, order.Currency),
		})
	}
	provider, reference := onlyProvider, reported.Reference
	if reported.Provider != nil {
		provider = *reported.Provider
	}
	known := order.PaymentReference
	unnamed := reference == nil && known == nil && order.Status == ordersdb.OrderStatusPaid
	if unnamed || reference != nil && known != nil && *reference == *known && order.PaymentProvider != nil && provider == *order.PaymentProvider {
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

// shipment is the step of an order that leaves: its units are sold.
func shipment(order ordersdb.Order, tracking *string) (step, error) {
	if order.Status == ordersdb.OrderStatusShipped {
		return step{order: order, same: true}, nil
	}
	s, err := move(order, ordersapi.OrderActionShip, ordersdb.OrderStatusShipped, ordersapi.OrderEventTypeOrderShipped)
	s.order.Tracking, s.stock = tracking, stockSold
	return s, err
}

// delivery is the step of an order that arrives.
func delivery(order ordersdb.Order) (step, error) {
	if order.Status == ordersdb.OrderStatusDelivered {
		return step{order: order, same: true}, nil
	}
	return move(order, ordersapi.OrderActionDeliver, ordersdb.OrderStatusDelivered, ordersapi.OrderEventTypeOrderDelivered)
}

// cancellation is the step of an order that is withdrawn: its units are free again, and what was paid goes back.
func cancellation(order ordersdb.Order, reason *string) (step, error) {
	if order.Status == ordersdb.OrderStatusCancelled {
		return step{order: order, same: true}, nil
	}
	s, err := move(order, ordersapi.OrderActionCancel, ordersdb.OrderStatusCancelled, ordersapi.OrderEventTypeOrderCancelled)
	if err != nil {
		return step{}, err
	}
	if left := order.PaidAmount - order.RefundedAmount; left > 0 {
		s.order.RefundedAmount, s.amount = order.PaidAmount, &left
	}
	s.reason, s.stock = reason, stockReleased
	return s, nil
}

// expiry is the step of an order that nobody has paid in time.
func expiry(order ordersdb.Order, now time.Time) (step, error) {
	if order.Status != ordersdb.OrderStatusPending || order.ExpiresAt.After(now) {
		return step{order: order, same: true}, nil
	}
	s, err := move(order, expire, ordersdb.OrderStatusExpired, ordersapi.OrderEventTypeOrderExpired)
	s.stock = stockReleased
	return s, err
}

// refund is the step of an order of which an amount, or all that is left of what was paid, goes back. Once nothing is
// left the order is refunded; if it has not left by then, its units are free again.
func refund(order ordersdb.Order, part *ordersapi.RefundAmount, reason *string) (step, error) {
	if part == nil && order.Status == ordersdb.OrderStatusRefunded {
		return step{order: order, same: true}, nil
	}
	left := order.PaidAmount - order.RefundedAmount
	amount := left
	if part != nil {
		if amount = part.Amount; part.Currency != order.Currency {
			return step{}, httpapi.Violated("#/amount/currency", "const", "Must be the currency of the order")
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
			Pointer: "#/amount/amount", Keyword: "maximum", Params: map[string]any{"maximum": left}, Detail: fmt.Sprintf("There are %d left to refund.", left),
		})
	}
	s.order.RefundedAmount, s.amount, s.reason = order.RefundedAmount+amount, &amount, reason
	if order.Status == ordersdb.OrderStatusPaid && to == ordersdb.OrderStatusRefunded {
		s.stock = stockReleased
	}
	return s, nil
}

// line is one product of an order and how many of it. The places are those in the request that asked for it.
type line struct {
	product  uuid.UUID
	quantity int32
	places   []int
}

// merged makes one line of those of one product, in the order of product ids: the order in which stock is locked.
func merged(items []ordersapi.OrderItemRequest) []line {
	var lines []line
	for place, item := range items {
		i := slices.IndexFunc(lines, func(l line) bool { return l.product == item.ProductID })
		if i < 0 {
			lines = append(lines, line{product: item.ProductID})
			i = len(lines) - 1
		}
		lines[i].quantity += item.Quantity // A hundred times a thousand at most.
		lines[i].places = append(lines[i].places, place)
	}
	slices.SortFunc(lines, func(a, b line) int { return slices.Compare(a.product[:], b.product[:]) })
	return lines
}

// mostOfOne is how many units of one product an order takes: the maximum of a line, which many lines do not get around.
const mostOfOne = 1000

// fitting refuses lines that have too many of one product together.
func fitting(lines []line) error {
	large := slices.DeleteFunc(slices.Clone(lines), func(l line) bool { return l.quantity <= mostOfOne })
	if len(large) == 0 {
		return nil
	}
	return httpapi.ErrInvalid.At(at(large, "quantity", "maximum", "All lines of the product together must not be more than this.", func(line) map[string]any {
		return map[string]any{"maximum": mostOfOne}
	})...)
}

// Ration is what a customer may have without paying. The zero Ration bounds nothing.
type Ration struct {
	// Orders are pending, and Units are reserved in them, of whatever products.
	Orders, Units int64
}

// admit refuses an order of somebody who has too much already that is not paid.
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
			Pointer: "#/items", Keyword: "maximum", Params: map[string]any{"maximum": r.Units, "reserved": open.Units, "requested": asked},
			Detail: fmt.Sprintf("This asks for %d units; you have %d in orders that are not paid, of %d that you may have.", asked, open.Units, r.Units),
		})
	}
	return nil
}

// at names the places of lines in the request, in its order.
func at(lines []line, member, keyword, detail string, params func(line) map[string]any) []fault.Violation {
	found := map[int]fault.Violation{}
	for _, l := range lines {
		for _, place := range l.places {
			found[place] = fault.Violation{Pointer: fmt.Sprintf("#/items/%d/%s", place, member), Keyword: keyword, Params: params(l), Detail: detail}
		}
	}
	places := make([]fault.Violation, 0, len(found))
	for _, place := range slices.Sorted(maps.Keys(found)) {
		places = append(places, found[place])
	}
	return places
}

// priced is a line with its product.
type priced struct {
	line
	ordersdb.PriceProductsRow
}

// priceOf prices lines by the catalog and adds them up, in minor units of one currency.
func priceOf(lines []line, products []ordersdb.PriceProductsRow, expected *ordersapi.ExpectedTotal) (all []priced, total ordersapi.Money, err error) {
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
		return nil, total, errProductUnavailable.At(at(unavailable, "product_id", "enum", "There is no such product to order.", func(line) map[string]any { return nil })...)
	}
	total.Currency = all[0].Currency
	for _, p := range all {
		if p.Currency != total.Currency {
			return nil, total, errMixedCurrencies
		}
		sum := int64(p.quantity) * p.PriceAmount
		if sum > math.MaxInt64-total.Amount { // The bounds of the document rule it out; money is worth the second look.
			return nil, total, fmt.Errorf("the total of %d lines does not fit", len(all))
		}
		total.Amount += sum
	}
	if expected != nil && (expected.Amount != total.Amount || expected.Currency != total.Currency) {
		return nil, total, errPriceChanged.At(fault.Violation{
			Pointer: "#/expected_total", Keyword: "const", Params: map[string]any{"amount": total.Amount, "currency": total.Currency},
			Detail: fmt.Sprintf("The total is %d %s in minor units.", total.Amount, total.Currency),
		})
	}
	return all, total, nil
}

// shortOf gives the refusal of lines of which there is not enough.
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
	return errOutOfStock.At(at(short, "quantity", "maximum", "There are fewer units than this.", func(l line) map[string]any {
		return map[string]any{"maximum": available(l)}
	})...)
}
