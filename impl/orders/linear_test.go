package orders

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
)

// units is the stock of a product as callers see it.
type units struct{ available, reserved, sold int64 }

// asked is a call that reads or changes the stock of the product.
type asked struct {
	does     string // reserve, cancel, ship, receive or read
	quantity int64
}

// reply is the answer to a call. short is the number of units still available when the answer says that there were too
// few.
type reply struct {
	done  bool
	short int64
	read  units
}

// oneAtATime models how the stock of a product changes when calls come one after the other.
var oneAtATime = porcupine.Model{
	Init: func() any { return units{available: scarce} },
	Step: func(state, input, output any) (bool, any) {
		has, call, answer := state.(units), input.(asked), output.(reply)
		switch {
		case call.does == "read":
			return answer.read == has, has
		case call.does == "reserve" && !answer.done:
			return answer.short == has.available && has.available < call.quantity, has
		case call.does == "reserve":
			return has.available >= call.quantity, units{has.available - call.quantity, has.reserved + call.quantity, has.sold}
		case call.does == "cancel":
			return answer.done, units{has.available + call.quantity, has.reserved - call.quantity, has.sold}
		case call.does == "receive":
			return answer.done, units{has.available + call.quantity, has.reserved, has.sold}
		default:
			return answer.done, units{has.available, has.reserved - call.quantity, has.sold + call.quantity}
		}
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v: %+v", input, output) },
}

// scarce is the number of units: few, so that they run out again and again.
const scarce = 20

// register records what callers have seen of the stock of one product.
type register struct {
	*server

	product         uuid.UUID
	staff, payments caller
	began           time.Time

	mu      sync.Mutex
	history []porcupine.Operation
}

func (r *register) record(client int, call asked, does func() reply) {
	from := time.Since(r.began)
	answer := does()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history = append(r.history, porcupine.Operation{
		ClientId: client, Input: call, Call: int64(from), Output: answer, Return: int64(time.Since(r.began)),
	})
}

// reserve places an order; nil means that there were too few units.
func (r *register) reserve(client int, buyer caller) (order *ordersapi.Order) {
	quantity := 1 + rand.Int32N(4)
	r.record(client, asked{"reserve", int64(quantity)}, func() reply {
		got, err := buyer.CreateOrderWithResponse(r.t.Context(),
			&ordersapi.CreateOrderParams{IdempotencyKey: uuid.NewString()},
			ordersapi.CreateOrderRequest{Items: []ordersapi.OrderItemRequest{{ProductID: r.product, Quantity: quantity}}})
		switch {
		case err != nil:
			r.t.Errorf("an order got no answer: %v", err)
		case got.JSON201 != nil:
			order = got.JSON201
			return reply{done: true}
		case got.ApplicationProblemJSON409 != nil && got.ApplicationProblemJSON409.Code == ordersapi.ProblemCodeOutOfStock:
			if at := got.ApplicationProblemJSON409.Errors; len(at) == 1 {
				if short, said := at[0].Params["maximum"].(float64); said {
					return reply{short: int64(short)}
				}
			}
			r.t.Errorf("an order was refused without saying how many there are: %s", got.Body)
		default:
			r.t.Errorf("an order was answered %d: %s", got.StatusCode(), got.Body)
		}
		return reply{}
	})
	return order
}

func (r *register) cancel(client int, buyer caller, order *ordersapi.Order) {
	r.record(client, asked{"cancel", int64(order.Items[0].Quantity)}, func() reply {
		got, err := buyer.CancelOrderWithResponse(r.t.Context(), order.ID, ordersapi.CancelOrderRequest{})
		return reply{done: err == nil && got.StatusCode() == http.StatusOK}
	})
}

// ship pays and ships an order, and receives as many units again, so that the stock does not run out for good.
func (r *register) ship(client int, order *ordersapi.Order) {
	paid, err := r.payments.PayOrderWithResponse(r.t.Context(), order.ID, ordersapi.PayOrderRequest{})
	if err != nil || paid.JSON200 == nil {
		r.t.Errorf("an order could not be paid: %v", err)
	}
	quantity := int64(order.Items[0].Quantity)
	r.record(client, asked{"ship", quantity}, func() reply {
		got, err := r.staff.ShipOrderWithResponse(r.t.Context(), order.ID, ordersapi.ShipOrderRequest{})
		return reply{done: err == nil && got.StatusCode() == http.StatusOK}
	})
	r.record(client, asked{"receive", quantity}, func() reply {
		got, err := r.staff.AdjustStockWithResponse(r.t.Context(), r.product,
			&ordersapi.AdjustStockParams{IdempotencyKey: uuid.NewString()},
			ordersapi.AdjustStockRequest{Delta: quantity, Reason: "Delivered"})
		return reply{done: err == nil && got.StatusCode() == http.StatusCreated}
	})
}

func (r *register) read(client int) {
	r.record(client, asked{does: "read"}, func() reply {
		got, err := r.staff.GetStockWithResponse(r.t.Context(), r.product)
		if err != nil || got.JSON200 == nil {
			r.t.Errorf("the stock could not be read: %v", err)
			return reply{}
		}
		return reply{read: units{got.JSON200.Available, got.JSON200.Reserved, got.JSON200.Sold}}
	})
}

// act makes so many random calls.
func (r *register) act(client, calls int, buyer caller) {
	var mine []*ordersapi.Order
	for range calls {
		switch does := rand.IntN(10); {
		case does < 4:
			if order := r.reserve(client, buyer); order != nil {
				mine = append(mine, order)
			}
		case does < 6 && len(mine) > 0:
			r.cancel(client, buyer, mine[0])
			mine = mine[1:]
		case does < 7 && len(mine) > 0:
			r.ship(client, mine[0])
			mine = mine[1:]
		default:
			r.read(client)
		}
	}
}

// TestStockIsLinearizable has several callers change and read the stock of one product at once, and looks for a
// sequence of all calls, each placed between its beginning and its end, in which every answer is right.
func TestStockIsLinearizable(t *testing.T) {
	t.Parallel()
	s := start(t, generous)
	r := &register{
		server: s, product: s.product(scarce), staff: s.as(ordersapi.RoleStaff), payments: s.as(ordersapi.RolePayments),
		began: time.Now(),
	}
	const callers = 8
	calls := figure(300, 30)
	var crowd sync.WaitGroup
	for client := range callers {
		buyer := s.as()
		crowd.Go(func() { r.act(client, calls, buyer) })
	}
	crowd.Wait()
	result := porcupine.CheckOperationsTimeout(oneAtATime, r.history, time.Minute)
	t.Logf("%d calls by %d callers at once: %s", len(r.history), callers, result)
	require.Equal(t, porcupine.Ok, result)
}
