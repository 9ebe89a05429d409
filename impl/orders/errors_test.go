package orders

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/resource"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
)

func TestEnumsAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	contracttest.EnumsAreThoseOfTheDocument(t, underTest(t), pgtest.New(t, schema.Migrations, schema.Parts...))
}

func TestExplain(t *testing.T) {
	t.Parallel()
	contracttest.ErrorsAreExplained(t, func(err error) error { return explain(err, errOrderNotFound) })
	require.ErrorIs(t, explain(pgx.ErrNoRows, errWebhookNotFound), errWebhookNotFound)
	require.Equal(t, pgx.ErrNoRows, explain(pgx.ErrNoRows, nil), "a row that must be there is a defect when it is not")
	for constraint, want := range map[string]error{
		"products_sku_key": errSKUTaken, "stock_available_not_negative": errOutOfStock,
		"stock_received_range": contract.ErrInvalid, "orders_number_key": contract.ErrUnavailable,
	} {
		cause := &pgconn.PgError{Code: "23505", ConstraintName: constraint}
		require.ErrorIs(t, explain(cause, nil), want)
		require.ErrorIs(t, explain(cause, nil), cause, "the log has the cause")
	}
}

// failing answers one query with an error that PostgreSQL does not give on request, or panics.
type failing struct {
	ordersdb.Querier

	fail func() error
}

func (f failing) GetProduct(context.Context, uuid.UUID) (ordersdb.GetProductRow, error) {
	return ordersdb.GetProductRow{}, f.fail()
}

func TestFailures(t *testing.T) {
	t.Parallel()
	contracttest.FailuresAreTold(t, func(t *testing.T, fail func() error) (*contracttest.Server, contracttest.Request) {
		t.Helper()
		s := start(t)
		s.service.queries = failing{s.service.queries, fail}
		return s.Server, contracttest.Request{Method: http.MethodGet, Target: "/api/v1/products/" + uuid.NewString()}
	})
}

func TestContractDatabaseGone(t *testing.T) {
	t.Parallel()
	var database contracttest.Switch
	s := start(t, func(o *options) {
		o.database = func(pool *pgxpool.Pool) resource.Database { return database.Pool(t, pool) }
	})
	contracttest.DatabaseGoneIsTold(t, underTest(t), s.Server, &database)
}

func TestContractDatabaseReadOnly(t *testing.T) {
	t.Parallel()
	var database contracttest.Switch
	s := start(t, func(o *options) {
		o.database = func(pool *pgxpool.Pool) resource.Database { return database.Pool(t, pool) }
	})
	contracttest.ReadOnlyDatabaseIsTold(t, underTest(t), s.Server, &database)
}

// A request whose answer was lost with the connection is repeated, with the same key where there is one: whether or not
// the first was carried out, the effect happens once.
func TestConnectionLostAtCommit(t *testing.T) {
	t.Parallel()
	for _, carried := range []bool{false, true} {
		for _, id := range []string{"createOrder", "adjustStock", "refundOrder", "cancelOrder", "payOrder"} {
			var broken atomic.Bool
			s := start(t, func(o *options) {
				o.database = func(pool *pgxpool.Pool) resource.Database {
					return pgtest.Brittle{Pool: pool, Broken: &broken, Carried: carried}
				}
			})
			r, _ := underTest(t).Fitting(t, s.Server, loadDocument(t).Operation(id))
			count := func() (n int) {
				err := s.Pool.QueryRow(t.Context(),
					`SELECT (SELECT count(*) FROM order_events) + (SELECT count(*) FROM stock_adjustments)`).Scan(&n)
				require.NoError(t, err)
				return n
			}
			before := count()
			broken.Store(true)
			answer, body := s.Do(t, r)
			require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode, "%s: %s", id, body)
			require.Equal(t, contract.ErrUnavailable.Code, contracttest.ProblemIn(t, answer, body).Code)
			require.Equal(t, "1", answer.Header.Get("Retry-After"))
			broken.Store(false)
			answer, body = s.Do(t, r)
			require.Equal(t, loadDocument(t).Operation(id).Statuses[0], answer.StatusCode,
				"%s, carried out %t: %s", id, carried, body)
			require.Equal(t, before+1, count(), "%s, carried out %t: once", id, carried)
		}
	}
}

func TestTooManyWebhooks(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := arranger{s}
	for range mostWebhooks {
		a.subscription(t)
	}
	r, _ := underTest(t).Fitting(t, s.Server, loadDocument(t).Operation("createWebhook"))
	answer, body := s.Do(t, r)
	require.Equal(t, http.StatusConflict, answer.StatusCode, body)
	require.Equal(t, errTooManyWebhooks.Code, contracttest.ProblemIn(t, answer, body).Code)
}
