package orders

import (
	"net/http"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/impl/platform/resource"
	"example.com/plumbline/impl/testkit/contracttest"
)

// However many callers search, and however long that takes, a customer can order: searches have a share of the
// connections of the database.
func TestSearchersLeaveConnectionsToCustomers(t *testing.T) {
	t.Parallel()
	const conns, share = 4, 2
	held := contracttest.NewHeld("SearchNewestProducts")
	s := start(t, func(o *options) {
		o.database = func(pool *pgxpool.Pool) resource.Database { return held.Pool(t, pool, conns) }
	})
	defer held.LetGo()
	product, customer := s.product(9), s.as()
	q := "brass"
	answers := make(chan *ordersapi.ListProductsResponse, 2*conns)
	var searching sync.WaitGroup
	for range cap(answers) {
		searching.Go(func() {
			got, err := s.client("").ListProductsWithResponse(t.Context(), &ordersapi.ListProductsParams{Q: &q})
			if err != nil {
				t.Error(err)
			}
			answers <- got
		})
	}
	for range cap(answers) - share { // without shares all connections are held, and nobody is answered
		refused := <-answers
		require.Equal(t, http.StatusServiceUnavailable, refused.StatusCode(), string(refused.Body))
		require.Equal(t, ordersapi.ProblemCodeOverloaded, codeIn(t, refused.Body))
		require.Equal(t, "1", refused.HTTPResponse.Header.Get("Retry-After"))
	}
	require.Equal(t, share, held.Holding())
	s.order(customer, product, 1)
	own, err := customer.ListOrdersWithResponse(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, own.StatusCode(), string(own.Body))
	held.LetGo()
	searching.Wait()
	for range share {
		require.Equal(t, http.StatusOK, (<-answers).StatusCode())
	}
	got, err := s.client("").ListProductsWithResponse(t.Context(), &ordersapi.ListProductsParams{Q: &q})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.StatusCode(), "the place has been given back")
}
