package orders

import (
	"io"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/testkit/contracttest"
)

// The seed has an order in every state, adds up, conforms to the document, and is written once.
func TestSeed(t *testing.T) {
	t.Parallel()
	s := start(t)
	customers := []uuid.UUID{uuid.New(), uuid.New()}
	cast := &program.Cast{Personas: []program.Persona{
		{ID: uuid.New(), Role: "staff"}, {ID: customers[0], Role: "customer"}, {ID: customers[1], Role: "customer"},
		{ID: uuid.New(), Role: "customer", SecondFactor: true},
	}}
	environ := []string{
		"ORDERS_DATABASE_URL=" + s.Pool.Config().ConnString(), "ORDERS_USERS_URL=http://127.0.0.1:1",
		"ORDERS_MASTER_KEY=" + testMasterKey,
	}
	require.NoError(t, Run(t.Context(), []string{"migrate"}, environ, io.Discard))
	require.NoError(t, Seed(t.Context(), environ, cast, false))

	visitor := s.client("")
	hundred := int32(100)
	listed, err := visitor.ListProductsWithResponse(t.Context(), &ordersapi.ListProductsParams{Limit: &hundred})
	require.NoError(t, err)
	require.Len(t, contracttest.Body(t, listed, listed.JSON200).Items, len(catalog)-1)
	available := map[string]int64{}
	for _, p := range contracttest.Body(t, listed, listed.JSON200).Items {
		available[p.Sku] = p.Available
	}
	require.Zero(t, available["LASER-CROSS"])
	delete(available, "LASER-CROSS")
	require.Positive(t, slices.Min(slices.Collect(maps.Values(available))))
	archived := ordersapi.ProductStatusFilterArchived
	listed, err = visitor.ListProductsWithResponse(t.Context(), &ordersapi.ListProductsParams{Status: &archived})
	require.NoError(t, err)
	require.Len(t, contracttest.Body(t, listed, listed.JSON200).Items, 1)

	before := s.everything()
	s.Clock.Advance(time.Since(s.Clock.Now()))
	for _, id := range customers {
		orders, err := s.client(s.access(id)).ListOrdersWithResponse(t.Context(),
			&ordersapi.ListOrdersParams{Limit: &hundred})
		require.NoError(t, err)
		require.Len(t, contracttest.Body(t, orders, orders.JSON200).Items, len(stories))
		states := map[string]int{}
		for _, o := range contracttest.Body(t, orders, orders.JSON200).Items {
			state := string(o.Status)
			if 0 < o.Refunded.Amount && o.Refunded.Amount < o.Paid.Amount {
				state += ", partly refunded"
			}
			states[state]++
			s.requireHistory(o)
		}
		require.Equal(t, map[string]int{
			"pending": 1, "paid": 1, "shipped": 1, "delivered": 1, "delivered, partly refunded": 1, "refunded": 1,
			"cancelled": 2, "expired": 1,
		}, states)
	}

	cast.Personas = append(cast.Personas, program.Persona{ID: uuid.New(), Role: "customer"})
	require.NoError(t, Seed(t.Context(), environ, cast, false))
	require.Equal(t, before, s.everything())
}

// requireHistory compares an order with its events.
func (s *server) requireHistory(o ordersapi.Order) {
	s.t.Helper()
	events, err := s.queries.ListOrderEvents(s.t.Context(), ordersdb.ListOrderEventsParams{OrderID: o.ID, RowLimit: 100})
	require.NoError(s.t, err)
	require.Len(s.t, events, int(o.Version))
	require.Equal(s.t, o.CreatedAt, events[0].OccurredAt.UTC())
	last := events[len(events)-1]
	require.Equal(s.t, string(o.Status), string(last.Status))
	require.Equal(s.t, o.UpdatedAt, last.OccurredAt.UTC())
	require.True(s.t, last.OccurredAt.Before(time.Now()), "nothing happens in the future")
	for i := range events[1:] {
		require.True(s.t, events[i].OccurredAt.Before(events[i+1].OccurredAt))
	}
}

// everything counts the rows of the tables that the seed fills.
func (s *server) everything() (counts []int64) {
	s.t.Helper()
	for _, query := range []string{
		"SELECT count(*) FROM products", "SELECT count(*) FROM stock_adjustments", "SELECT count(*) FROM orders",
		"SELECT count(*) FROM order_items", "SELECT count(*) FROM order_events", "SELECT count(*) FROM outbox",
		"SELECT sum(available) FROM stock", "SELECT sum(reserved) FROM stock", "SELECT sum(sold) FROM stock",
	} {
		var count int64
		require.NoError(s.t, s.Pool.QueryRow(s.t.Context(), query).Scan(&count))
		counts = append(counts, count)
	}
	return counts
}
