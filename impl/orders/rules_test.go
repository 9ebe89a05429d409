package orders

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/testkit/pgtest"
)

// TestTransitionsAreTheDatabases compares the table of the code with that of the database.
func TestTransitionsAreTheDatabases(t *testing.T) {
	t.Parallel()
	rows, err := pgtest.New(t, schema.Migrations, schema.Parts...).Query(t.Context(),
		"SELECT from_status, action, to_status FROM order_transitions")
	require.NoError(t, err)
	theirs, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (transition, error) {
		var one transition
		err := row.Scan(&one.from, &one.action, &one.to)
		return one, err
	})
	require.NoError(t, err)
	require.ElementsMatch(t, transitions, theirs)
}

// TestDatabaseRefusesOtherSteps tries every step that is not in the table, and a change that does not count the
// version.
func TestDatabaseRefusesOtherSteps(t *testing.T) {
	t.Parallel()
	s := start(t)
	possible := map[[2]ordersdb.OrderStatus]bool{}
	for _, one := range transitions {
		possible[[2]ordersdb.OrderStatus{one.from, one.to}] = true
	}
	for _, from := range ordersdb.AllOrderStatusValues() {
		for _, to := range ordersdb.AllOrderStatusValues() {
			id := newID()
			_, err := s.Pool.Exec(t.Context(), `INSERT INTO orders (id, number, customer_id, status, currency,
					total_amount, paid_amount, expires_at, created_at, updated_at)
				VALUES ($1, $2, $3, $4, 'EUR', 100, 100, $5, $5, $5)`, id, newNumber(), uuid.New(), from, s.Clock.Now())
			require.NoError(t, err)
			_, err = s.Pool.Exec(t.Context(), "UPDATE orders SET status = $2, version = version + 1 WHERE id = $1", id, to)
			if possible[[2]ordersdb.OrderStatus{from, to}] {
				require.NoError(t, err, "%s to %s", from, to)
			} else {
				require.ErrorContains(t, err, "does not become", "%s to %s", from, to)
			}
			_, err = s.Pool.Exec(t.Context(), "UPDATE orders SET updated_at = now() WHERE id = $1", id)
			require.ErrorContains(t, err, "goes up by one", "%s", from)
		}
	}
}

// TestStepsKeepMoneyAndStock makes random steps and checks the invariants of money and stock after each.
func TestStepsKeepMoneyAndStock(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		order := ordersdb.Order{
			Status: ordersdb.OrderStatusPending, Currency: "EUR", TotalAmount: rapid.Int64Range(0, 1000).Draw(t, "total"),
			ExpiresAt: now,
		}
		held, sold := 1, 0 // These are the units that the order holds.
		for range rapid.IntRange(0, 12).Draw(t, "steps") {
			before := order
			var next step
			var err error
			actions := []string{"pay", "ship", "deliver", "cancel", "expire", "refund", "part"}
			switch rapid.SampledFrom(actions).Draw(t, "action") {
			case "pay":
				next, err = payment(order, ordersapi.PayOrderRequest{
					Reference: new(rapid.StringMatching("[ab]").Draw(t, "reference")),
					Amount: &ordersapi.ReceivedAmount{
						Amount: max(order.TotalAmount+rapid.Int64Range(-1, 1).Draw(t, "received"), 0), Currency: "EUR",
					},
				})
			case "ship":
				next, err = shipment(order, nil)
			case "deliver":
				next, err = delivery(order)
			case "cancel":
				next, err = cancellation(order, nil)
			case "expire":
				next, err = expiry(order, now.Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "late"))))
			case "refund":
				next, err = refund(order, nil, nil)
			case "part":
				next, err = refund(order,
					&ordersapi.RefundAmount{Amount: rapid.Int64Range(1, 1200).Draw(t, "amount"), Currency: "EUR"}, nil)
			}
			if err != nil {
				continue
			}
			if next.same {
				require.Equal(t, before, next.order)
				require.Empty(t, next.event)
				continue
			}
			order = next.order
			require.NotEmpty(t, next.event)
			require.LessOrEqual(t, order.RefundedAmount, order.PaidAmount, "refunded at most what was paid")
			require.GreaterOrEqual(t, order.RefundedAmount, before.RefundedAmount)
			require.Contains(t, []int64{0, order.TotalAmount}, order.PaidAmount)
			if next.amount != nil {
				moved := order.PaidAmount - before.PaidAmount
				if moved == 0 {
					moved = order.RefundedAmount - before.RefundedAmount
				}
				require.Equal(t, moved, *next.amount, "what is told is what moved")
			}
			switch next.stock {
			case stockReleased:
				held--
			case stockSold:
				held--
				sold++
			case stockStays:
			}
			require.GreaterOrEqual(t, held, 0, "stock leaves an order once")
		}
		ended := map[ordersdb.OrderStatus]bool{
			ordersdb.OrderStatusCancelled: true, ordersdb.OrderStatusExpired: true, ordersdb.OrderStatusRefunded: true,
		}
		if ended[order.Status] {
			require.Zero(t, held, "an order that is over holds nothing")
			require.Equal(t, order.PaidAmount, order.RefundedAmount, "and has nothing of its customer's")
		}
		require.LessOrEqual(t, sold, 1)
	})
}

func TestPossibleActions(t *testing.T) {
	t.Parallel()
	for status, want := range map[ordersdb.OrderStatus][]action{
		ordersdb.OrderStatusPending:   {"pay", "cancel"},
		ordersdb.OrderStatusPaid:      {"ship", "cancel", "refund"},
		ordersdb.OrderStatusShipped:   {"deliver", "refund"},
		ordersdb.OrderStatusDelivered: {"refund"},
		ordersdb.OrderStatusCancelled: nil,
		ordersdb.OrderStatusExpired:   nil,
		ordersdb.OrderStatusRefunded:  nil,
	} {
		require.Equal(t, want, possibleActions(status), status)
	}
}

func TestMerged(t *testing.T) {
	t.Parallel()
	a, b := uuid.MustParse("00000000-0000-0000-0000-00000000000a"), uuid.MustParse("00000000-0000-0000-0000-00000000000b")
	got := merged([]ordersapi.OrderItemRequest{
		{ProductID: b, Quantity: 1}, {ProductID: a, Quantity: 2}, {ProductID: b, Quantity: 3},
	})
	require.Equal(t, []line{{a, 2, []int{1}}, {b, 4, []int{0, 2}}}, got)
}
