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

// units are the stock of a product as callers see it.
type units struct{ available, reserved, sold int64 }

// asked is one call that concerns the stock of the product.
type asked struct {
	does     string // reserve, cancel, ship, receive or read
	quantity int64
}

// reply is what a call was answered. short is what was still available where there was too little, which the answer says.
type reply struct {
	done  bool
	short int64
	read  units
}

// oneAtATime is how the stock of a product changes when nobody does anything at the same time.
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

// scarce is how many units there are: few, so that they run out again and again.
const scarce = 20

// TestStockIsLinearizable lets several callers change and read the stock of one product at once, and looks for an order
// of all calls, one after the other and each between its beginning and its end, in which the answers are right.
func TestStockIsLinearizable(t *testing.T) { //nolint:gocognit // the model and its clients belong together
	t.Parallel()
	s := start(t, patient)
	product := s.product(scarce)
	staff, payments := s.as(ordersapi.RoleStaff), s.as(ordersapi.RolePayments)
	const callers = 8
	calls := figure(300, 30)
	began := time.Now()
	var mu sync.Mutex
	var history []porcupine.Operation
	record := func(client int, call asked, does func() reply) reply {
		from := time.Since(began)
		answer := does()
		mu.Lock()
		defer mu.Unlock()
		history = append(history, porcupine.Operation{ClientId: client, Input: call, Call: int64(from), Output: answer, Return: int64(time.Since(began))})
		return answer
	}
	var crowd sync.WaitGroup
	for client := range callers {
		buyer := s.as()
		crowd.Go(func() {
			var mine []ordersapi.Order
			for range calls {
				switch does := rand.IntN(10); {
				case does < 4:
					quantity := 1 + rand.Int32N(4)
					record(client, asked{"reserve", int64(quantity)}, func() reply {
						got, err := buyer.CreateOrderWithResponse(t.Context(), &ordersapi.CreateOrderParams{IdempotencyKey: uuid.NewString()},
							ordersapi.CreateOrderRequest{Items: []ordersapi.OrderItemRequest{{ProductID: product, Quantity: quantity}}})
						switch {
						case err != nil:
							t.Errorf("an order got no answer: %v", err)
						case got.JSON201 != nil:
							mine = append(mine, *got.JSON201)
							return reply{done: true}
						case got.ApplicationProblemJSON409 != nil && got.ApplicationProblemJSON409.Code == ordersapi.ProblemCodeOutOfStock:
							short, said := got.ApplicationProblemJSON409.Errors[0].Params["maximum"].(float64)
							if !said {
								t.Errorf("an order was refused without saying how many there are: %s", got.Body)
							}
							return reply{short: int64(short)}
						default:
							t.Errorf("an order was answered %d: %s", got.StatusCode(), got.Body)
						}
						return reply{}
					})
				case does < 7 && len(mine) > 0:
					order := mine[0]
					mine = mine[1:]
					call := asked{"cancel", int64(order.Items[0].Quantity)}
					if does == 4 {
						call.does = "ship"
						got, err := payments.PayOrderWithResponse(t.Context(), order.ID, ordersapi.PayOrderRequest{})
						if err != nil || got.JSON200 == nil {
							t.Errorf("an order could not be paid: %v", err)
						}
					}
					record(client, call, func() reply {
						if call.does == "ship" {
							got, err := staff.ShipOrderWithResponse(t.Context(), order.ID, ordersapi.ShipOrderRequest{})
							return reply{done: err == nil && got.StatusCode() == http.StatusOK}
						}
						got, err := buyer.CancelOrderWithResponse(t.Context(), order.ID, ordersapi.CancelOrderRequest{})
						return reply{done: err == nil && got.StatusCode() == http.StatusOK}
					})
					if call.does == "ship" { // Otherwise nothing would be left in the end.
						record(client, asked{"receive", call.quantity}, func() reply {
							got, err := staff.AdjustStockWithResponse(t.Context(), product, &ordersapi.AdjustStockParams{IdempotencyKey: uuid.NewString()},
								ordersapi.AdjustStockRequest{Delta: call.quantity, Reason: "Delivered"})
							return reply{done: err == nil && got.StatusCode() == http.StatusCreated}
						})
					}
				default:
					record(client, asked{does: "read"}, func() reply {
						got, err := staff.GetStockWithResponse(t.Context(), product)
						if err != nil || got.JSON200 == nil {
							t.Errorf("the stock could not be read: %v", err)
							return reply{}
						}
						return reply{read: units{got.JSON200.Available, got.JSON200.Reserved, got.JSON200.Sold}}
					})
				}
			}
		})
	}
	crowd.Wait()
	result := porcupine.CheckOperationsTimeout(oneAtATime, history, time.Minute)
	t.Logf("%d calls by %d callers at once: %s", len(history), callers, result)
	require.Equal(t, porcupine.Ok, result)
}
