package orders

import (
	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/convert"
)

// product is a row of products with its available units: every query of products gives these columns.
type product = ordersdb.GetProductRow

func toAPIProduct(p product) ordersapi.Product {
	return ordersapi.Product{
		ID: p.ID, Sku: p.Sku, Name: p.Name, Description: p.Description, Price: money(p.PriceAmount, p.Currency),
		Status: ordersapi.ProductStatus(p.Status), Available: p.Available, Version: p.Version, CreatedAt: p.CreatedAt.UTC(),
		UpdatedAt: p.UpdatedAt.UTC(),
	}
}

func toAPIStock(s ordersdb.Stock) ordersapi.Stock {
	return ordersapi.Stock{
		ProductID: s.ProductID, Available: s.Available, Reserved: s.Reserved, Sold: s.Sold, Received: s.Received,
		UpdatedAt: s.UpdatedAt.UTC(),
	}
}

func toAPIStockAdjustment(a ordersdb.StockAdjustment) ordersapi.StockAdjustment {
	return ordersapi.StockAdjustment{
		ID: a.ID, ProductID: a.ProductID, Delta: a.Delta, Reason: a.Reason, AdjustedBy: a.AdjustedBy,
		CreatedAt: a.CreatedAt.UTC(),
	}
}

// toAPIOrder shows an order; allowed are the actions that the caller may take.
func toAPIOrder(o ordersdb.Order, items []ordersdb.OrderItem, allowed []ordersapi.OrderAction) ordersapi.Order {
	shown := ordersapi.Order{
		ID: o.ID, Number: o.Number, CustomerID: o.CustomerID, Status: ordersapi.OrderStatus(o.Status),
		Items: make([]ordersapi.OrderItem, len(items)), Total: money(o.TotalAmount, o.Currency),
		Paid: money(o.PaidAmount, o.Currency), Refunded: money(o.RefundedAmount, o.Currency), AllowedActions: allowed,
		Version: o.Version, PaymentReference: o.PaymentReference, Tracking: o.Tracking, CreatedAt: o.CreatedAt.UTC(),
		UpdatedAt: o.UpdatedAt.UTC(),
	}
	if o.Status == ordersdb.OrderStatusPending {
		expires := o.ExpiresAt.UTC()
		shown.ExpiresAt = &expires
	}
	if o.PaymentReference != nil {
		shown.PaymentProvider = o.PaymentProvider
	}
	for i, item := range items {
		shown.Items[i] = ordersapi.OrderItem{
			ProductID: item.ProductID, Sku: item.Sku, Name: item.Name, Quantity: item.Quantity,
			UnitPrice: money(item.PriceAmount, o.Currency), Total: money(item.PriceAmount*int64(item.Quantity), o.Currency),
		}
	}
	return shown
}

func toAPIOrderEvent(e ordersdb.OrderEvent, currency string) ordersapi.OrderEvent {
	shown := ordersapi.OrderEvent{
		Sequence: int32(e.Sequence), //nolint:gosec // order_events_sequence_range
		Type:     ordersapi.OrderEventType(e.Type), Status: ordersapi.OrderStatus(e.Status),
		By:     ordersapi.OrderActor(e.Actor),
		Reason: e.Reason, OccurredAt: e.OccurredAt.UTC(),
	}
	if e.Amount != nil {
		amount := money(*e.Amount, currency)
		shown.Amount = &amount
	}
	return shown
}

func money(amount int64, currency string) ordersapi.Money {
	return ordersapi.Money{Amount: amount, Currency: currency}
}

func (s *Service) toAPIWebhook(w ordersdb.Webhook) ordersapi.Webhook {
	shown := ordersapi.Webhook{
		ID: w.ID, URL: w.Url, EventTypes: convert.All[ordersapi.OrderEventType](w.EventTypes), Description: w.Description,
		Enabled: w.Enabled, CreatedAt: w.CreatedAt.UTC(), UpdatedAt: w.UpdatedAt.UTC(),
	}
	if len(previousSecrets(w, s.Clock())) > 0 {
		shown.PreviousSecretsUntil = convert.UTC(w.PreviousUntil)
	}
	return shown
}

func toAPIWebhookDelivery(d ordersdb.WebhookDelivery) ordersapi.WebhookDelivery {
	return ordersapi.WebhookDelivery{
		ID: d.ID, EventID: d.EventID, EventType: ordersapi.OrderEventType(d.EventType), OrderID: d.OrderID,
		Status: ordersapi.WebhookDeliveryStatus(d.Status), Attempts: d.Attempts, LastAttemptAt: convert.UTC(d.LastAttemptAt),
		NextAttemptAt: convert.UTC(d.NextAttemptAt), ResponseStatus: d.ResponseStatus, Failure: d.Failure,
		CreatedAt: d.CreatedAt.UTC(),
	}
}
