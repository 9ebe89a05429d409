package orders

import (
	"context"

	"github.com/google/uuid"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/impl/platform/convert"
	"example.com/plumbline/impl/platform/telemetry"
)

// eventTypes lists the types of the events that this service publishes.
func eventTypes() []string {
	return convert.All[string]([]ordersapi.OrderEventType{
		ordersapi.OrderEventTypeOrderPlaced, ordersapi.OrderEventTypeOrderPaid, ordersapi.OrderEventTypeOrderShipped,
		ordersapi.OrderEventTypeOrderDelivered, ordersapi.OrderEventTypeOrderCancelled,
		ordersapi.OrderEventTypeOrderExpired, ordersapi.OrderEventTypeOrderRefunded,
	})
}

// orderEvent is the data of an event; its type is an ordersapi.OrderEventType.
type orderEvent struct {
	OrderID    uuid.UUID             `json:"order_id"`
	Number     string                `json:"number"`
	CustomerID uuid.UUID             `json:"customer_id"`
	Sequence   int64                 `json:"sequence"`
	Status     ordersapi.OrderStatus `json:"status"`
	By         ordersapi.OrderActor  `json:"by"`
	Total      ordersapi.Money       `json:"total"`
	Amount     *ordersapi.Money      `json:"amount,omitempty"`
	Reason     *string               `json:"reason,omitempty"`
}

// eventOf gives the event of a step.
func eventOf(s step, by ordersapi.OrderActor) orderEvent {
	o := s.order
	event := orderEvent{
		OrderID: o.ID, Number: o.Number, CustomerID: o.CustomerID, Sequence: o.Version + 1,
		Status: ordersapi.OrderStatus(o.Status), By: by, Total: money(o.TotalAmount, o.Currency), Reason: s.reason,
	}
	if s.amount != nil {
		amount := money(*s.amount, o.Currency)
		event.Amount = &amount
	}
	return event
}

// traceparent gives the trace context of the request, which the event continues.
func traceparent(ctx context.Context) *string {
	if parent := telemetry.Traceparent(ctx); parent != "" {
		return &parent
	}
	return nil
}
