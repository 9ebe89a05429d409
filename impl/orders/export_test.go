package orders

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/testkit/contracttest"
)

// arrange creates so many orders of one product, a second apart.
func (s *server) arrange(orders int) {
	s.t.Helper()
	product := s.product(0)
	const most = 1000 // A statement has a time-out.
	for first := 1; first <= orders; first += most {
		_, err := s.Pool.Exec(s.t.Context(), `WITH made AS (
			INSERT INTO orders (id, number, customer_id, currency, total_amount, expires_at, created_at, updated_at)
			SELECT gen_random_uuid(), 'PL-' || n, gen_random_uuid(), 'EUR', 2490, $3::timestamptz,
				$3::timestamptz + n * interval '1 second', $3
			FROM generate_series($1::integer, $2::integer) AS n
			RETURNING id
		)
		INSERT INTO order_items (order_id, position, product_id, sku, name, quantity, price_amount)
		SELECT id, 0, $4, 'SKU', 'Brass plumb bob', 1, 2490
		FROM made`, first, min(first+most-1, orders), s.Clock.Now(), product)
		require.NoError(s.t, err)
	}
}

func (s *server) export(ctx context.Context, query string) *http.Response {
	s.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/api/v1/orders/export?"+query, nil)
	require.NoError(s.t, err)
	r.Header.Set("Authorization", "Bearer "+s.access(uuid.New(), ordersapi.RoleStaff))
	answer, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

func TestExportOrders(t *testing.T) {
	t.Parallel()
	s := start(t)
	const orders = 2*exportBatch + 1
	s.arrange(orders)

	answer := s.export(t.Context(), "format=ndjson")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, "application/x-ndjson", answer.Header.Get("Content-Type"))
	require.Contains(t, answer.Header.Get("Content-Disposition"), "orders.ndjson")
	seen := map[uuid.UUID]bool{}
	last := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		var order ordersapi.Order
		require.NoError(t, json.Unmarshal(lines.Bytes(), &order))
		require.Len(t, order.Items, 1)
		require.True(t, order.CreatedAt.Before(last), "the newest first")
		seen[order.ID], last = true, order.CreatedAt
	}
	require.Len(t, seen, orders)

	answer = s.export(t.Context(), "format=csv")
	require.Equal(t, "text/csv", answer.Header.Get("Content-Type"))
	rows, err := csv.NewReader(answer.Body).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, orders+1)
	require.Equal(t, []string{
		"id", "number", "customer_id", "status", "currency", "total", "paid", "refunded", "created_at", "updated_at",
	}, rows[0])
	require.Equal(t, "PL-1001", rows[1][1])
	require.Equal(t, "2490", rows[1][5])

	from := s.Clock.Now().Add(orders * time.Second).Format(time.RFC3339)
	rows, err = csv.NewReader(s.export(t.Context(), "format=csv&created_from="+from).Body).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 2)
	rows, err = csv.NewReader(s.export(t.Context(), "format=csv&status=paid").Body).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1, "the head alone")
}

// pages counts the pages that an export reads, and delays the second one until the reader has gone.
type pages struct {
	ordersdb.Querier

	read atomic.Int64
}

func (p *pages) ListOrders(ctx context.Context, params ordersdb.ListOrdersParams) ([]ordersdb.Order, error) {
	if p.read.Add(1) == 2 {
		<-ctx.Done()
	}
	return p.Querier.ListOrders(ctx, params)
}

// TestExportEndsWithItsReader has the reader go: the export reads no further page.
func TestExportEndsWithItsReader(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.arrange(4 * exportBatch)
	counted := &pages{Querier: s.service.queries}
	s.service.queries = counted
	ctx, leave := context.WithCancel(t.Context())
	answer := s.export(ctx, "format=ndjson")
	_, err := bufio.NewReader(answer.Body).ReadString('\n')
	require.NoError(t, err)
	leave()
	require.Eventually(t, func() bool {
		require.NoError(t, s.Logger.Flush())
		return strings.Contains(s.Log.String(), `"operation":"exportOrders"`)
	}, 30*time.Second, 10*time.Millisecond)
	require.LessOrEqual(t, counted.read.Load(), int64(2), "pages of four")
}

// A caller may run only a few exports at once, as each may take half an hour.
func TestExportsAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.arrange(20 * exportBatch)
	me, other := s.access(uuid.New(), ordersapi.RoleStaff), s.access(uuid.New(), ordersapi.RoleStaff)
	begin := func(access string) (*ordersapi.ProblemCode, func()) {
		ctx, leave := context.WithCancel(t.Context())
		t.Cleanup(leave)
		answer, err := s.client(access).ExportOrders(ctx, &ordersapi.ExportOrdersParams{})
		require.NoError(t, err)
		if answer.StatusCode == http.StatusOK {
			return nil, leave // The export has more to write than the buffers of a connection hold.
		}
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		code := codeIn(t, body)
		return &code, leave
	}
	var leave func()
	for range mostExports {
		var code *ordersapi.ProblemCode
		code, leave = begin(me)
		require.Nil(t, code)
	}
	code, _ := begin(me)
	require.Equal(t, ordersapi.ProblemCodeTooManyExports, *code)
	code, _ = begin(other)
	require.Nil(t, code, "another caller counts apart")
	leave()
	require.Eventually(t, func() bool {
		code, _ := begin(me)
		return code == nil
	}, 30*time.Second, 10*time.Millisecond)
}

// exportOperations tells the checks what the document does not say of exports.
func exportOperations() knownOperations {
	return knownOperations{"exportOrders": {
		Beyond: contracttest.Beyond{
			Formats: map[string]string{"application/x-ndjson": "format=ndjson", "text/csv": "format=csv"},
		},
		Refused: func(at situation) []contracttest.Refusal {
			busy := at.member(at.t, "staff")
			for range mostExports {
				_, ok := at.service.exports.begin(at.t.Context(), busy.id)
				require.True(at.t, ok)
			}
			c := at.conflict("one export too many", "", ordersapi.ProblemCodeTooManyExports)
			c.By, c.Request = busy, c.Without("Authorization").With(contracttest.Bearer(busy))
			return []contracttest.Refusal{c}
		},
	}}
}
