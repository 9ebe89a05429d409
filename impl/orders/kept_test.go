package orders

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/contracttest"
)

// Changes of a product leave the placed orders as they are, and no other product gets its SKU.
func TestOrdersKeepWhatTheyWerePlacedWith(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := arranger{s}
	owner, staff := a.member(t), s.as(ordersapi.RoleStaff)
	id := a.orderIn(t, owner, ordersdb.OrderStatusPaid)
	read := func() ordersapi.Order {
		got, err := owner.GetOrderWithResponse(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))
		return *contracttest.Body(t, got, got.JSON200)
	}
	placed := read()
	product := placed.Items[0].ProductID
	changed, err := staff.UpdateProductWithResponse(t.Context(), product, &ordersapi.UpdateProductParams{IfMatch: `"1"`},
		ordersapi.UpdateProductRequest{Name: new("Steel plumb bob"), Price: &ordersapi.Price{Amount: 1, Currency: "EUR"}})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, changed.StatusCode(), string(changed.Body))
	require.Equal(t, placed, read())
	archived, err := staff.ArchiveProductWithResponse(t.Context(), product)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, archived.StatusCode(), string(archived.Body))
	require.Equal(t, placed, read())

	shipped, err := staff.ShipOrderWithResponse(t.Context(), id, ordersapi.ShipOrderRequest{})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, shipped.StatusCode(), "it goes on: %s", shipped.Body)
	left := read()
	require.Equal(t, placed.Items, left.Items)
	require.Equal(t, placed.Total, left.Total)
	require.Equal(t, []any{placed.CustomerID, placed.Number}, []any{left.CustomerID, left.Number}, "it changes no hands")

	taken, err := staff.CreateProductWithResponse(t.Context(), ordersapi.CreateProductRequest{
		Sku: contracttest.Body(t, changed, changed.JSON200).Sku, Name: "Another",
		Price: ordersapi.Price{Amount: 1, Currency: "EUR"},
	})
	require.NoError(t, err)
	require.Equal(t, ordersapi.ProblemCodeSkuTaken, codeIn(t, taken.Body), "also once it is archived")
}

// The database refuses stock and money that do not add up, whichever program writes them.
func TestDatabaseRefusesWhatDoesNotAddUp(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := arranger{s}
	id := a.orderIn(t, a.member(t), ordersdb.OrderStatusPaid)
	stock := `UPDATE stock SET `
	order := `UPDATE orders SET version = version + 1, `
	for statement, constraint := range map[string]string{
		stock + `available = available + 1`:                           "stock_adds_up",
		stock + `sold = sold + 1`:                                     "stock_adds_up",
		stock + `received = received - 1`:                             "stock_adds_up",
		stock + `available = -1, received = received - available - 1`: "stock_available_not_negative",
		stock + `reserved = -1, received = received - reserved - 1`:   "stock_reserved_not_negative",
		stock + `sold = -1, received = received - sold - 1`:           "stock_sold_not_negative",
		order + `paid_amount = paid_amount - 1`:                       "orders_paid_amount_range",
		order + `paid_amount = total_amount + 1`:                      "orders_paid_amount_range",
		order + `refunded_amount = paid_amount + 1`:                   "orders_refunded_at_most_paid",
		order + `refunded_amount = -1`:                                "orders_refunded_at_most_paid",
	} {
		_, err := s.Pool.Exec(t.Context(), statement)
		require.Equal(t, constraint, postgres.Constraint(err), "%s: %v", statement, err)
	}
	row, err := s.queries.GetOrder(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, []int64{row.TotalAmount, 0}, []int64{row.PaidAmount, row.RefundedAmount})
}
