package orders

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/resource"
)

// Seed fills a database without products, in one transaction: a catalog, received by staff, and for each customer
// orders in every state, whose histories were made by the rules of the service. With anew the same transaction first
// removes everything, except what is known of accounts and the events that wait to be published.
func Seed(ctx context.Context, environ []string, cast *program.Cast, anew bool) error {
	return Program().Fill(ctx, environ, func(tx pgx.Tx) error {
		s := &seeding{Service: Service{Parts: &resource.Parts{Database: tx}, queries: ordersdb.New(tx)}, end: time.Now()}
		s.Clock = func() time.Time { return s.now }
		if anew {
			if err := s.queries.RemoveEverything(ctx); err != nil {
				return err
			}
		}
		return s.fillDatabase(ctx, staffOf(cast), cast.Customers())
	})
}

// staffOf returns the persona that receives goods.
func staffOf(cast *program.Cast) uuid.UUID {
	for _, p := range cast.Personas {
		if p.Role == string(ordersapi.RoleStaff) {
			return p.ID
		}
	}
	return uuid.Nil
}

// seeding is a service with a clock that can be set.
type seeding struct {
	Service

	now, end time.Time
}

func (s *seeding) fillDatabase(ctx context.Context, staff uuid.UUID, customers []uuid.UUID) error {
	for _, status := range []ordersdb.ProductStatus{ordersdb.ProductStatusActive, ordersdb.ProductStatusArchived} {
		products, err := s.queries.ListProducts(ctx, ordersdb.ListProductsParams{
			Status: status, BeforeTime: s.end.AddDate(100, 0, 0), RowLimit: 1,
		})
		if err != nil || len(products) > 0 {
			return err
		}
	}
	ids := make([]uuid.UUID, len(catalog))
	for i, g := range catalog {
		s.now = s.end.AddDate(0, 0, -90).Add(time.Duration(i) * time.Minute)
		var err error
		if ids[i], err = s.addProduct(ctx, g, staff); err != nil {
			return fmt.Errorf("product %s: %w", g.sku, err)
		}
	}
	for i, customer := range customers {
		for j, told := range stories {
			if err := s.tellStory(ctx, customer, told, ids[(i*len(stories)+j)%sold:]); err != nil {
				return fmt.Errorf("order %d of customer %d: %w", j, i, err)
			}
		}
	}
	s.now = s.end.AddDate(0, 0, -1)
	_, err := s.queries.ArchiveProduct(ctx, ordersdb.ArchiveProductParams{ID: ids[discontinued], UpdatedAt: s.now})
	return err
}

// good is a product with the units received.
type good struct {
	sku, name, description string
	cents                  int64
	units                  int64
}

// addProduct adds a product and receives its units. A product without units has received twelve and written them off.
func (s *seeding) addProduct(ctx context.Context, g good, staff uuid.UUID) (uuid.UUID, error) {
	p, err := s.queries.CreateProduct(ctx, ordersdb.CreateProductParams{
		ID: newID(), Sku: g.sku, Name: g.name, Description: g.description, PriceAmount: g.cents, Currency: "EUR",
		CreatedAt: s.now,
	})
	if err != nil {
		return p.ID, err
	}
	if g.units > 0 {
		return p.ID, s.adjustStock(ctx, p.ID, g.units, "First delivery", staff)
	}
	if err := s.adjustStock(ctx, p.ID, 12, "First delivery", staff); err != nil {
		return p.ID, err
	}
	s.now = s.now.Add(time.Hour)
	return p.ID, s.adjustStock(ctx, p.ID, -12, "Broken on the way", staff)
}

func (s *seeding) adjustStock(
	ctx context.Context, product uuid.UUID, delta int64, reason string, staff uuid.UUID,
) error {
	if _, err := s.queries.AdjustStock(ctx, ordersdb.AdjustStockParams{
		ProductID: product, Delta: delta, UpdatedAt: s.now,
	}); err != nil {
		return err
	}
	_, err := s.queries.CreateStockAdjustment(ctx, ordersdb.CreateStockAdjustmentParams{
		ID: newID(), ProductID: product, Delta: delta, Reason: reason, AdjustedBy: staff, CreatedAt: s.now,
	})
	return err
}

// story is the history of an order.
type story struct {
	placed     time.Duration // ago
	quantities []int32       // one for each product
	payWithin  time.Duration
	then       []chapter
}

// chapter is a step, some time after the one before.
type chapter struct {
	after  time.Duration
	by     ordersapi.OrderActor
	decide func(ordersdb.Order, time.Time) (step, error)
}

// tellStory places an order of the first products and applies the steps of its story.
func (s *seeding) tellStory(ctx context.Context, customer uuid.UUID, told story, products []uuid.UUID) error {
	s.now = s.end.Add(-told.placed)
	s.payWithin = func() time.Duration { return told.payWithin }
	var items []ordersapi.OrderItemRequest
	for i, quantity := range told.quantities {
		items = append(items, ordersapi.OrderItemRequest{ProductID: products[i], Quantity: quantity})
	}
	order, _, err := s.placeOrder(ctx, customer, merged(items), nil)
	for _, c := range told.then {
		if err != nil {
			return err
		}
		s.now = s.now.Add(c.after)
		err = s.inTx(ctx, func(tx tx) error {
			_, err := s.lockAndApply(ctx, tx, order.ID, func(o ordersdb.Order) (step, error) { return c.decide(o, s.now) },
				func(ordersdb.Order) ordersapi.OrderActor { return c.by })
			return err
		})
	}
	return err
}

const day = 24 * time.Hour

// stories cover every status, and each way to reach it.
var stories = []story{
	// Its deadline is longer, so that there is an unpaid order on later days.
	{placed: 5 * time.Minute, quantities: []int32{1, 2}, payWithin: 90 * day},
	{placed: 3 * time.Hour, quantities: []int32{2}, payWithin: time.Hour, then: []chapter{paid(4 * time.Minute)}},
	{
		placed: 2 * day, quantities: []int32{1, 1, 1}, payWithin: time.Hour,
		then: []chapter{paid(2 * time.Minute), shipped(20 * time.Hour)},
	},
	{
		placed: 12 * day, quantities: []int32{3, 1}, payWithin: time.Hour,
		then: []chapter{paid(6 * time.Minute), shipped(day), delivered(2 * day)},
	},
	{
		placed: 20 * day, quantities: []int32{4}, payWithin: time.Hour,
		then: []chapter{
			paid(time.Minute), shipped(day), delivered(2 * day), refunded(5*day, "One of four arrived scratched", 4),
		},
	},
	{
		placed: 33 * day, quantities: []int32{1}, payWithin: time.Hour,
		then: []chapter{paid(9 * time.Minute), shipped(day), delivered(3 * day), refunded(6*day, "Sent back", 1)},
	},
	{
		placed: 26 * day, quantities: []int32{2, 2}, payWithin: time.Hour,
		then: []chapter{cancelled(8*time.Minute, "Ordered twice")},
	},
	{
		placed: 8 * day, quantities: []int32{1}, payWithin: time.Hour,
		then: []chapter{paid(3 * time.Minute), cancelled(2*time.Hour, "Changed my mind")},
	},
	{placed: 5 * day, quantities: []int32{1, 3}, payWithin: time.Hour, then: []chapter{expired(time.Hour)}},
}

func paid(after time.Duration) chapter {
	return chapter{after, ordersapi.OrderActorPayments, func(o ordersdb.Order, _ time.Time) (step, error) {
		reference := "pay_" + o.ID.String()
		return payment(o, ordersapi.PayOrderRequest{
			Reference: &reference, Amount: &ordersapi.ReceivedAmount{Amount: o.TotalAmount, Currency: o.Currency},
		})
	}}
}

func shipped(after time.Duration) chapter {
	return chapter{after, ordersapi.OrderActorStaff, func(o ordersdb.Order, _ time.Time) (step, error) {
		tracking := "TRACK-" + o.Number
		return shipment(o, &tracking)
	}}
}

func delivered(after time.Duration) chapter {
	return chapter{
		after, ordersapi.OrderActorStaff, func(o ordersdb.Order, _ time.Time) (step, error) { return delivery(o) },
	}
}

// refunded refunds one of so many equal parts.
func refunded(after time.Duration, reason string, parts int64) chapter {
	return chapter{after, ordersapi.OrderActorStaff, func(o ordersdb.Order, _ time.Time) (step, error) {
		return refund(o, &ordersapi.RefundAmount{Amount: o.TotalAmount / parts, Currency: o.Currency}, &reason)
	}}
}

func cancelled(after time.Duration, reason string) chapter {
	return chapter{
		after, ordersapi.OrderActorCustomer,
		func(o ordersdb.Order, _ time.Time) (step, error) { return cancellation(o, &reason) },
	}
}

func expired(after time.Duration) chapter {
	return chapter{after, ordersapi.OrderActorSystem, expiry}
}

// An order has up to three successive products of the catalog, beginning with one of the first sold. The product at
// discontinued is archived.
const sold, discontinued = 18, 23

// catalog is the range of a shop of measuring tools.
var catalog = []good{
	{
		"PLUMB-BRASS-8", "Brass plumb bob, 225 g",
		"Turned from solid brass, with a hardened steel tip and ten metres of braided line.", 2490, 140,
	},
	{
		"PLUMB-STEEL-16", "Steel plumb bob, 450 g",
		"Heavy enough for a windy site. The cap unscrews, so that the line can be changed.", 1990, 95,
	},
	{
		"LINE-BRAID-50", "Braided line, 50 m", "Bright yellow nylon, one millimetre thick. It neither stretches nor frays.",
		690, 400,
	},
	{
		"LINE-CHALK-30", "Chalk line, 30 m", "Snaps a straight line in one go. The reel rewinds three turns to one.", 1490,
		120,
	},
	{"CHALK-BLUE-300", "Blue chalk, 300 g", "Fine powder for chalk lines. It washes off.", 450, 260},
	{
		"TAPE-5-19", "Tape measure, 5 m", "19 mm steel tape, class II, with a hook that moves by its own thickness.", 1290,
		310,
	},
	{"TAPE-8-25", "Tape measure, 8 m", "25 mm steel tape, class I, stiff over two and a half metres.", 2390, 180},
	{
		"TAPE-30-FIBRE", "Fibreglass tape, 30 m", "For the garden and the field. It does not conduct and takes rain.", 2790,
		60,
	},
	{"RULE-FOLD-2", "Folding rule, 2 m", "Ten segments of beech with steel springs, marked on both sides.", 890, 500},
	{
		"RULE-STEEL-300", "Steel rule, 300 mm", "Stainless, etched in half millimetres, with one end square to 0.05 mm.",
		1150, 210,
	},
	{
		"LEVEL-600", "Spirit level, 600 mm", "Milled aluminium with two vials, true to half a millimetre in a metre.", 3490,
		85,
	},
	{"LEVEL-1200", "Spirit level, 1200 mm", "Milled aluminium with three vials and shock-absorbing ends.", 5290, 48},
	{"LEVEL-TORPEDO", "Torpedo level, 230 mm", "Fits a pocket. Magnets in the base hold it on pipes.", 1690, 150},
	{"LEVEL-LINE", "Line level", "Hangs on a taut line and tells over metres whether it is level.", 590, 220},
	{
		"SQUARE-TRY-200", "Try square, 200 mm", "Steel blade in a rosewood stock, square to 0.1 mm over its length.", 2990,
		70,
	},
	{"SQUARE-COMBI", "Combination square", "Square, mitre, depth and level in one; the blade is 300 mm long.", 3990, 55},
	{"SQUARE-SPEED", "Rafter square, 180 mm", "Cast aluminium with the common rafter angles engraved.", 1790, 130},
	{"BEVEL-SLIDE", "Sliding bevel", "Takes an angle and keeps it. The brass lever locks with one hand.", 2190, 64},
	{"CALIPER-150", "Vernier caliper, 150 mm", "Hardened stainless steel, reads to 0.05 mm without a battery.", 4490, 75},
	{
		"CALIPER-DIGI", "Digital caliper, 150 mm",
		"Reads to 0.01 mm in metric and inch, and says so when its battery runs low.", 6990, 42,
	},
	{
		"MICRO-25", "Micrometer, 0 to 25 mm",
		"Carbide faces and a ratchet stop. It comes with a setting standard in a wooden box.", 8490, 20,
	},
	{
		"LASER-CROSS", "Cross line laser",
		"Levels itself within three seconds and shows green lines up to twenty metres away.", 14900, 0,
	},
	{"LASER-DIST-40", "Laser distance meter, 40 m", "True to two millimetres. It adds up areas and volumes.", 7990, 36},
	{
		"PROTRACTOR-OAK", "Oak protractor", "A half circle of oak with inlaid degrees. The workshop that made it has closed.",
		3250, 4,
	},
}
