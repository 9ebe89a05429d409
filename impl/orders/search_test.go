package orders

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/impl/platform/resource"
	"example.com/plumbline/impl/testkit/contracttest"
)

func TestSearchFor(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Plumb":                   "'plumb':*",
		"plumb-bob, PLUMB":        "'plumb':* & 'bob':*",
		"a 8 oz of":               "'a' & '8' & 'oz':* & 'of':*", // A letter begins a tenth of all words.
		"по стена":                "'по':* & 'стена':*",
		"锤 黄铜":                    "'锤':* & '黄铜':*",
		"つち 망치 망":                 "'つち':* & '망치':* & '망':*",
		"a锤 k":                    "'a锤':* & 'k'",
		"o\u0308 öl":              "'o\u0308' & 'öl':*", // A letter and the mark over it are one letter.
		"می\u200cخواهم":           "'می':* & 'خواهم':*", // as PostgreSQL sees the words of a product
		"brass“bob”—line。a。b。c。d": "'brass':* & 'bob':* & 'line':* & 'a' & 'b' & 'c' & 'd'",
		"1e5x":                    "'1e5':* & 'x'",
		"☃ \u200d -- '":           "",
		"zz' | 'ab":               "'zz':* & 'ab':*",
	} {
		got, words := searchFor(text)
		require.Equal(t, want, got, text)
		require.Equal(t, len(strings.FieldsFunc(want, func(r rune) bool { return r == '&' })), words, text)
	}
}

// PostgreSQL finds no more words in a query than the service counts, so that the bound on words holds.
func TestSearchWordsAreCountedAsPostgreSQLDoes(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, text := range []string{
		"plumb bob 8 oz", "AB-2.X 1e5 12abc34 v2.0", "。a。b。c", "a_b.c@d.e http://f.g/h?i=j", "-5 +6 7,8 9/10",
		"o\u0308l e\u0301a\u0301", "می\u200cخواهم",
		"क्या हिन्दी १२", "12\u0301a 3\u200d4b", "ab\u00adcd", "黄铜铅锤 つち", "½ Ⅷ ² x²y", "a\u202eb\u2066c", "1e5x 0x1f 1.5e-3",
	} {
		query, words := searchFor(text)
		var nodes int
		require.NoError(t, s.Pool.QueryRow(t.Context(), `SELECT numnode(to_tsquery('simple', $1))`, query).Scan(&nodes))
		require.LessOrEqual(t, nodes, 2*words-1, "%s: %s", text, query)
	}
}

func TestSearchWords(t *testing.T) {
	t.Parallel()
	s := start(t)
	anybody := s.client("")
	search := func(q string) *ordersapi.ListProductsResponse {
		got, err := anybody.ListProductsWithResponse(t.Context(), &ordersapi.ListProductsParams{Q: &q})
		require.NoError(t, err)
		return got
	}
	require.Equal(t, http.StatusOK, search("one two three four five six seven eight EIGHT one").StatusCode(),
		"eight different words")
	got := search("one two three four five six seven eight nine")
	require.Equal(t, http.StatusUnprocessableEntity, got.StatusCode())
	p := contracttest.ProblemIn(t, got.HTTPResponse, string(got.Body))
	require.Equal(t, "#/query/q", p.Errors[0].Pointer)
	require.Contains(t, p.Errors[0].Detail, "at most 8 different words")
	require.Contains(t, string(got.Body), `"params":{"maxItems":8}`)
}

// fillCatalog makes products: every product has the words of many, the first half "oldish" as well, and every hundredth
// a word of its own.
func fillCatalog(t *testing.T, pool *pgxpool.Pool, size int) {
	t.Helper()
	_, err := pool.Exec(t.Context(), `
		WITH made AS (
			INSERT INTO products (id, sku, name, description, price_amount, currency, created_at, updated_at)
			SELECT gen_random_uuid(), 'SKU-' || n, 'Brass plumb bob ' || n,
				'abacus definite giraffe joking monday pallet stone vowels'
				|| CASE WHEN n <= $1 / 2 THEN ' oldish' ELSE '' END || CASE WHEN n % 100 = 0 THEN ' single' || n ELSE '' END,
				100, 'EUR', timestamptz '2026-01-01' + n * interval '1 s', now()
			FROM generate_series(1, $1::integer) AS n
			RETURNING id
		)
		INSERT INTO stock (product_id, updated_at) SELECT id, now() FROM made`, size)
	require.NoError(t, err)
	_, err = pool.Exec(t.Context(), `ANALYZE products, stock`)
	require.NoError(t, err)
}

// The pages of a search hold every match once, the newest first, though some pages are not full.
func TestSearchFindsAll(t *testing.T) {
	t.Parallel()
	s := start(t)
	const size = 3*lookedAt + 100
	fillCatalog(t, s.Pool, size)
	anybody := s.client("")
	limit := int32(100)
	for q, want := range map[string]int{
		"brass":         size,
		"oldish plumb":  size / 2, // more than are put in order, and none among the newest
		"single700":     1,
		"single":        size / 100,
		"brass nothing": 0,
	} {
		seen := map[uuid.UUID]bool{}
		partial := false
		last := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
		for params := (&ordersapi.ListProductsParams{Q: &q, Limit: &limit}); ; {
			got, err := anybody.ListProductsWithResponse(t.Context(), params)
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))
			page := contracttest.Body(t, got, got.JSON200)
			for _, p := range page.Items {
				require.False(t, seen[p.ID], "%s: twice", q)
				require.True(t, p.CreatedAt.Before(last), q)
				seen[p.ID], last = true, p.CreatedAt
			}
			next, err := page.NextCursor.Get()
			if err != nil {
				break
			}
			partial = partial || len(page.Items) < int(limit)
			params.Cursor = &next
		}
		require.Len(t, seen, want, q)
		require.Equal(t, q == "oldish plumb", partial, q)
	}
}

// statements records what is sent to a database.
type statements struct {
	before func(conn *pgx.Conn, sql string) // nil: nothing
	mu     sync.Mutex
	all    []pgx.TraceQueryStartData
}

func (s *statements) TraceQueryStart(
	ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData,
) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.HasPrefix(data.SQL, "-- name:") {
		s.all = append(s.all, data)
		if s.before != nil {
			s.before(conn, data.SQL)
		}
	}
	return ctx
}

// traced makes a server send its statements past the recorder.
func (s *statements) traced(t *testing.T) func(*pgxpool.Pool) resource.Database {
	t.Helper()
	return func(pool *pgxpool.Pool) resource.Database {
		config := pool.Config()
		config.ConnConfig.Tracer = s
		traced, err := pgxpool.NewWithConfig(t.Context(), config)
		require.NoError(t, err)
		t.Cleanup(traced.Close)
		return traced
	}
}

func (*statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// node is a node of an executed plan.
type node struct {
	Plans      []node  `json:"Plans"`
	Relation   string  `json:"Relation Name"`
	Rows       float64 `json:"Actual Rows"`
	Loops      float64 `json:"Actual Loops"`
	Filtered   float64 `json:"Rows Removed by Filter"`
	Rechecked  float64 `json:"Rows Removed by Index Recheck"`
	SharedHit  int     `json:"Shared Hit Blocks"`
	SharedRead int     `json:"Shared Read Blocks"`
}

// examined gives the number of rows that were read from tables.
func (n node) examined() float64 {
	sum := 0.0
	if n.Relation != "" {
		sum = (n.Rows + n.Filtered + n.Rechecked) * n.Loops
	}
	for _, below := range n.Plans {
		sum += below.examined()
	}
	return sum
}

// A search examines a bounded number of rows, however large the catalog is and whatever the words.
func TestSearchCostIsBounded(t *testing.T) {
	t.Parallel()
	sent := &statements{}
	s := start(t, func(o *options) { o.database = sent.traced(t) })
	const size = 20_000
	fillCatalog(t, s.Pool, size)
	_, err := s.Pool.Exec(t.Context(), `UPDATE products SET description = description || ' ancient'
		WHERE id IN (SELECT id FROM products ORDER BY created_at LIMIT $1)`, lookedAt-100)
	require.NoError(t, err)
	_, err = s.Pool.Exec(t.Context(), `VACUUM ANALYZE products`)
	require.NoError(t, err)
	anybody := s.client("")
	const few = 10 * 20 // of the newest, for a page of 20
	for q, most := range map[string]float64{
		// The newest, the end of those, what was found and once more to read it; beside each product its stock.
		"brass plumb bob":                      6 * lookedAt, // of all
		"ab de gi jo mo pa st vo":              6 * lookedAt, // the most words, of all
		"aba def gir jok mon pal sto old":      6 * lookedAt, // of half, the older
		"aba def gir jok mon pal old single20": 6 * lookedAt, // of few
		"aba def gir jok mon pal sto zzz":      6 * lookedAt, // of none
		"ancient":                              6 * lookedAt, // of few, the oldest
		"single700":                            2 * few,      // one word that one has: the commonest search
		"single":                               6 * few,      // that a hundredth has
	} {
		sent.all = nil
		got, err := anybody.ListProductsWithResponse(t.Context(), &ordersapi.ListProductsParams{Q: &q})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))
		require.NotEmpty(t, sent.all)
		rows, buffers := cost(t, s.Pool, sent.all)
		require.LessOrEqual(t, rows, most, "%s: rows", q)
		require.LessOrEqual(t, float64(buffers), 2*most, "%s: pages of 8 KiB", q)
	}
}

// A word that some of the newest products have fills a page from them, though the index would give more matches than a
// search examines. Where only the very newest have the word, the bound holds, too.
func TestSearchLooksOnAmongTheNewest(t *testing.T) {
	t.Parallel()
	sent := &statements{}
	s := start(t, func(o *options) { o.database = sent.traced(t) })
	const size = 40_000
	fillCatalog(t, s.Pool, size)
	for word, which := range map[string]string{
		"sixteenth": `n % 16 = 0`,
		"gathered":  fmt.Sprintf(`n > %d AND n %% 10 = 0 OR n <= %d`, size-100, lookedAt+100),
	} {
		_, err := s.Pool.Exec(t.Context(), `UPDATE products SET description = description || ' ' || $1
			FROM (SELECT id, substr(sku, 5)::integer AS n FROM products) AS numbered
			WHERE numbered.id = products.id AND (`+which+`)`, word)
		require.NoError(t, err)
	}
	_, err := s.Pool.Exec(t.Context(), `VACUUM ANALYZE products`)
	require.NoError(t, err)
	const few = 10 * 20 // of the newest, for a page of 20
	for q, expected := range map[string]struct {
		items int
		most  float64
	}{
		"sixteenth": {20, 4 * few}, // 21 of the newest 336, after those few
		"gathered":  {10, 6 * lookedAt},
	} {
		sent.all = nil
		got, err := s.client("").ListProductsWithResponse(t.Context(), &ordersapi.ListProductsParams{Q: &q})
		require.NoError(t, err)
		page := contracttest.Body(t, got, got.JSON200)
		require.Len(t, page.Items, expected.items, q)
		rows, buffers := cost(t, s.Pool, sent.all)
		require.LessOrEqual(t, rows, expected.most, "%s: rows", q)
		require.LessOrEqual(t, float64(buffers), 2*expected.most, "%s: pages of 8 KiB", q)
	}
}

// cost runs the statements once more under EXPLAIN, in one transaction, and adds up the rows and the pages that they
// read.
func cost(t *testing.T, pool *pgxpool.Pool, all []pgx.TraceQueryStartData) (rows float64, buffers int) {
	t.Helper()
	require.NoError(t, pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		for _, statement := range all {
			if strings.Contains(statement.SQL, "set_config") {
				if _, err := tx.Exec(t.Context(), statement.SQL, statement.Args...); err != nil {
					return err
				}
				continue
			}
			explain := "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + statement.SQL
			var text string
			if err := tx.QueryRow(t.Context(), explain, statement.Args...).Scan(&text); err != nil {
				return fmt.Errorf("%s: %w", statement.SQL, err)
			}
			var plans []struct{ Plan node }
			if err := json.Unmarshal([]byte(text), &plans); err != nil {
				return err
			}
			rows += plans[0].Plan.examined()
			buffers += plans[0].Plan.SharedHit + plans[0].Plan.SharedRead
		}
		return nil
	}))
	return rows, buffers
}

// Products that are archived between the statements of a search make it miss no others.
func TestSearchFindsAllWhileOthersGo(t *testing.T) {
	t.Parallel()
	sent := &statements{}
	s := start(t, func(o *options) { o.database = sent.traced(t) })
	const size, having = 2*lookedAt + 1000, lookedAt + 1000
	fillCatalog(t, s.Pool, size)
	_, err := s.Pool.Exec(t.Context(), `UPDATE products SET description = description || ' bygone'
		WHERE id IN (SELECT id FROM products ORDER BY created_at LIMIT $1)`, having)
	require.NoError(t, err)
	archived := 0
	sent.before = func(_ *pgx.Conn, sql string) {
		if !strings.Contains(sql, "SearchNewestProducts") && !strings.Contains(sql, "GetSearchEnd") {
			return
		}
		archived++
		_, err := s.Pool.Exec(t.Context(), `UPDATE products SET status = 'archived'
			WHERE id = (SELECT id FROM products WHERE status = 'active' ORDER BY created_at DESC LIMIT 1)`)
		if err != nil {
			t.Errorf("archive a product: %v", err)
		}
	}
	q, limit, found := "bygone", int32(100), map[uuid.UUID]bool{}
	for params := (&ordersapi.ListProductsParams{Q: &q, Limit: &limit}); ; {
		got, err := s.client("").ListProductsWithResponse(t.Context(), params)
		require.NoError(t, err)
		page := contracttest.Body(t, got, got.JSON200)
		for _, p := range page.Items {
			found[p.ID] = true
		}
		next, err := page.NextCursor.Get()
		if err != nil {
			break
		}
		params.Cursor = &next
	}
	require.Equal(t, having, len(found)) //nolint:testifylint // Nobody wants to read three thousand ids.
	require.Less(t, archived, lookedAt, "of those that are searched for, none was archived")
}

// A search has a shorter time-out than other statements, and its error says what makes it quicker.
func TestSearchTimeout(t *testing.T) {
	t.Parallel()
	sent := &statements{}
	var limits []string
	sent.before = func(conn *pgx.Conn, sql string) {
		if strings.Contains(sql, "set_config") {
			return
		}
		shown, err := conn.PgConn().Exec(t.Context(), "SHOW statement_timeout").ReadAll() // past the recorder
		if err != nil || len(shown) != 1 {
			t.Errorf("read the time of a statement: %v", err)
			return
		}
		limits = append(limits, string(shown[0].Rows[0][0]))
	}
	s := start(t, func(o *options) {
		o.database = sent.traced(t)
		o.config = func(c *Config) { c.SearchTimeout = 20 * time.Millisecond }
	})
	tx, err := s.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(context.WithoutCancel(t.Context()))
	_, err = tx.Exec(t.Context(), `LOCK TABLE products IN ACCESS EXCLUSIVE MODE`)
	require.NoError(t, err)
	q := "brass"
	got, err := s.client("").ListProductsWithResponse(t.Context(), &ordersapi.ListProductsParams{Q: &q})
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, got.StatusCode(), string(got.Body))
	p := contracttest.ProblemIn(t, got.HTTPResponse, string(got.Body))
	require.Equal(t, string(ordersapi.ProblemCodeTimeout), p.Code)
	require.Contains(t, p.Detail, "longer words")
	require.NotEmpty(t, got.HTTPResponse.Header.Get("Retry-After"))
	require.NotEmpty(t, limits)
	for _, limit := range limits {
		require.Equal(t, "20ms", limit)
	}
}
