package orders

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/testkit/contracttest"
)

func TestCreateProduct(t *testing.T) {
	t.Parallel()
	s := start(t)
	staff := s.as(ordersapi.RoleStaff)
	request := ordersapi.CreateProductRequest{
		Sku: "PLUMB-8OZ", Name: "Brass plumb bob", Price: ordersapi.Price{Amount: 2490, Currency: "EUR"},
	}
	got, err := staff.CreateProductWithResponse(t.Context(), request)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, got.StatusCode(), string(got.Body))
	product := *contracttest.Body(t, got, got.JSON201)
	require.Equal(t, "/api/v1/products/"+product.ID.String(), got.HTTPResponse.Header.Get("Location"))
	require.Equal(t, `"1"`, got.HTTPResponse.Header.Get("ETag"))
	require.Zero(t, product.Available)
	read, err := s.client("").GetProductWithResponse(t.Context(), product.ID)
	require.NoError(t, err)
	require.Equal(t, product, *contracttest.Body(t, read, read.JSON200))
	again, err := staff.CreateProductWithResponse(t.Context(), request)
	require.NoError(t, err)
	require.Equal(t, ordersapi.ProblemCodeSkuTaken, contracttest.Body(t, again, again.ApplicationProblemJSON409).Code)
}

func TestDuplicateProduct(t *testing.T) {
	t.Parallel()
	s := start(t)
	staff := s.as(ordersapi.RoleStaff)
	id := s.product(5,
		func(p *ordersdb.CreateProductParams) { p.Description, p.Currency = "Turned from solid brass.", "USD" })
	changed, err := staff.UpdateProductWithResponse(t.Context(), id, &ordersapi.UpdateProductParams{IfMatch: `"1"`},
		ordersapi.UpdateProductRequest{Name: new("Steel plumb bob")})
	require.NoError(t, err)
	original := *contracttest.Body(t, changed, changed.JSON200)
	s.Clock.Advance(time.Second)
	duplicate := func(sku string) *ordersapi.DuplicateProductResponse {
		got, err := staff.DuplicateProductWithResponse(t.Context(), id, ordersapi.DuplicateProductRequest{Sku: sku})
		require.NoError(t, err)
		return got
	}
	got := duplicate("STEEL-8OZ")
	require.Equal(t, http.StatusCreated, got.StatusCode(), string(got.Body))
	product := *contracttest.Body(t, got, got.JSON201)
	require.NotEqual(t, id, product.ID)
	require.Equal(t, "/api/v1/products/"+product.ID.String(), got.HTTPResponse.Header.Get("Location"))
	require.Equal(t, `"1"`, got.HTTPResponse.Header.Get("ETag"))
	want := original
	want.ID, want.Sku, want.Available, want.Version = product.ID, "STEEL-8OZ", 0, 1
	want.CreatedAt, want.UpdatedAt = s.Clock.Now(), s.Clock.Now()
	require.Equal(t, want, product)
	for id, want := range map[uuid.UUID]ordersapi.Product{id: original, product.ID: product} {
		read, err := s.client("").GetProductWithResponse(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, want, *contracttest.Body(t, read, read.JSON200))
	}

	for _, taken := range []string{original.Sku, product.Sku} {
		require.Equal(t, ordersapi.ProblemCodeSkuTaken, codeIn(t, duplicate(taken).Body))
	}
	_, err = staff.ArchiveProductWithResponse(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, ordersapi.ProblemCodeProductArchived, codeIn(t, duplicate("STEEL-16OZ").Body))
	id = uuid.New()
	require.Equal(t, ordersapi.ProblemCodeProductNotFound, codeIn(t, duplicate("STEEL-16OZ").Body))
	require.Equal(t, 2, s.count(`SELECT count(*) FROM products`))
}

// TestDuplicateProductAtOnce has many callers duplicate a product with the same SKU at once: one of them succeeds.
func TestDuplicateProductAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.product(0)
	var made, refused atomic.Int64
	var crowd sync.WaitGroup
	for range 8 {
		staff := s.as(ordersapi.RoleStaff)
		crowd.Go(func() {
			got, err := staff.DuplicateProductWithResponse(t.Context(), id, ordersapi.DuplicateProductRequest{Sku: "STEEL-8OZ"})
			switch {
			case err != nil:
				t.Error(err)
			case got.StatusCode() == http.StatusCreated:
				made.Add(1)
			case got.ApplicationProblemJSON409 != nil && got.ApplicationProblemJSON409.Code == ordersapi.ProblemCodeSkuTaken:
				refused.Add(1)
			default:
				t.Errorf("%d: %s", got.StatusCode(), got.Body)
			}
		})
	}
	crowd.Wait()
	require.Equal(t, []int64{1, 7}, []int64{made.Load(), refused.Load()})
	require.Equal(t, []int{2, 2}, []int{s.count(`SELECT count(*) FROM products`), s.count(`SELECT count(*) FROM stock`)})
	s.requireNoDeadlock()
}

// TestDuplicateProductBeforeArchive archives a product while it is being duplicated: the archive waits.
func TestDuplicateProductBeforeArchive(t *testing.T) {
	t.Parallel()
	s := start(t)
	staff, id := s.as(ordersapi.RoleStaff), s.product(0)
	tx, err := s.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(t.Context())
	_, err = ordersdb.New(tx).CreateProduct(t.Context(),
		ordersdb.CreateProductParams{ID: newID(), Sku: "STEEL-8OZ", Name: "Steel", Currency: "EUR", CreatedAt: s.Clock.Now()})
	require.NoError(t, err)
	var duplicated *ordersapi.DuplicateProductResponse
	var archived *ordersapi.ArchiveProductResponse
	var failed [2]error
	var calls sync.WaitGroup
	calls.Go(func() {
		duplicated, failed[0] = staff.DuplicateProductWithResponse(t.Context(), id,
			ordersapi.DuplicateProductRequest{Sku: "STEEL-8OZ"})
	})
	s.waiting(1) // for the transaction that has inserted the SKU
	calls.Go(func() { archived, failed[1] = staff.ArchiveProductWithResponse(t.Context(), id) })
	s.waiting(2)
	require.NoError(t, tx.Rollback(t.Context()))
	calls.Wait()
	require.NoError(t, errors.Join(failed[:]...))
	require.Equal(t, http.StatusCreated, duplicated.StatusCode(), string(duplicated.Body))
	require.Equal(t, ordersapi.ProductStatusActive, contracttest.Body(t, duplicated, duplicated.JSON201).Status)
	require.Equal(t, http.StatusOK, archived.StatusCode(), string(archived.Body))
}

// TestDuplicateProductAfterArchive duplicates a product while it is being archived: the duplicate waits, and is
// refused.
func TestDuplicateProductAfterArchive(t *testing.T) {
	t.Parallel()
	s := start(t)
	staff, id := s.as(ordersapi.RoleStaff), s.product(0)
	tx, err := s.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(t.Context())
	_, err = ordersdb.New(tx).ArchiveProduct(t.Context(), ordersdb.ArchiveProductParams{ID: id, UpdatedAt: s.Clock.Now()})
	require.NoError(t, err)
	var duplicated *ordersapi.DuplicateProductResponse
	var failed error
	var call sync.WaitGroup
	call.Go(func() {
		duplicated, failed = staff.DuplicateProductWithResponse(t.Context(), id,
			ordersapi.DuplicateProductRequest{Sku: "STEEL-8OZ"})
	})
	s.waiting(1)
	require.NoError(t, tx.Commit(t.Context()))
	call.Wait()
	require.NoError(t, failed)
	require.Equal(t, ordersapi.ProblemCodeProductArchived, codeIn(t, duplicated.Body))
	require.Equal(t, 1, s.count(`SELECT count(*) FROM products`))
}

// TestCallersWhoDoNotWaitForALock has callers hang up while they wait for a lock: that is logged as no failure of the
// service.
func TestCallersWhoDoNotWaitForALock(t *testing.T) {
	t.Parallel()
	s := start(t)
	staff, id := s.as(ordersapi.RoleStaff), s.product(0)
	tx, err := s.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(t.Context())
	_, err = tx.Exec(t.Context(), `SELECT FROM products WHERE id = $1 FOR UPDATE`, id)
	require.NoError(t, err)
	ctx, hangUp := context.WithCancel(t.Context())
	var call sync.WaitGroup
	var failed error
	call.Go(func() { _, failed = staff.ArchiveProductWithResponse(ctx, id) })
	s.waiting(1)
	hangUp()
	call.Wait()
	require.ErrorIs(t, failed, context.Canceled)
	s.eventually("the request has been logged",
		func() bool { return strings.Contains(s.Logged(t), `"operation":"archiveProduct"`) })
	for line := range strings.Lines(s.Logged(t)) {
		require.NotContains(t, line, `"level":"ERROR"`)
		if strings.Contains(line, `"msg":"request"`) {
			require.Contains(t, line, `"status":499`)
			require.Contains(t, line, `"code":"client_closed_request"`)
		}
	}
}

// waiting waits until so many statements wait for a lock.
func (s *server) waiting(statements int) {
	s.t.Helper()
	s.eventually("statements wait for a lock", func() bool {
		return s.count(`SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`) == statements
	})
}

func TestUpdateProduct(t *testing.T) {
	t.Parallel()
	s := start(t)
	staff := s.as(ordersapi.RoleStaff)
	id := s.product(5)
	name := "Steel plumb bob"
	update := func(tag string) *ordersapi.UpdateProductResponse {
		got, err := staff.UpdateProductWithResponse(t.Context(), id, &ordersapi.UpdateProductParams{IfMatch: tag},
			ordersapi.UpdateProductRequest{Name: &name})
		require.NoError(t, err)
		return got
	}
	got := update(`"1"`)
	require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))
	require.Equal(t, `"2"`, got.HTTPResponse.Header.Get("ETag"))
	require.Equal(t, name, contracttest.Body(t, got, got.JSON200).Name)
	require.Equal(t, int64(2490), contracttest.Body(t, got, got.JSON200).Price.Amount, "what is not sent stays")
	require.Equal(t, int64(5), contracttest.Body(t, got, got.JSON200).Available)

	stale := update(`"1"`)
	require.Equal(t, http.StatusPreconditionFailed, stale.StatusCode())
	require.Equal(t, ordersapi.ProblemCodeVersionChanged,
		contracttest.Body(t, stale, stale.ApplicationProblemJSON412).Code)
	require.Equal(t, `"2"`, stale.HTTPResponse.Header.Get("ETag"))
	require.Equal(t, *contracttest.Body(t, got, got.JSON200),
		*contracttest.Body(t, stale, stale.ApplicationProblemJSON412).Current, "the caller sees what it is now")

	require.Equal(t, http.StatusOK, update(stale.HTTPResponse.Header.Get("ETag")).StatusCode())
	id = uuid.New()
	missing := update(`"1"`)
	require.Equal(t, ordersapi.ProblemCodeProductNotFound,
		contracttest.Body(t, missing, missing.ApplicationProblemJSON404).Code)
}

// TestUpdateProductWithoutIfMatch sends a request that the generated client cannot make.
func TestUpdateProductWithoutIfMatch(t *testing.T) {
	t.Parallel()
	s := start(t)
	request, err := ordersapi.NewUpdateProductRequest(s.URL, s.product(0), &ordersapi.UpdateProductParams{},
		ordersapi.UpdateProductRequest{Name: new("Steel")})
	require.NoError(t, err)
	request.Header.Del("If-Match")
	request.Header.Set("Authorization", "Bearer "+s.access(uuid.New(), ordersapi.RoleStaff))
	answer, err := http.DefaultClient.Do(request.WithContext(t.Context()))
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusPreconditionRequired, answer.StatusCode)
	var problem ordersapi.Problem
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&problem))
	require.Equal(t, ordersapi.ProblemCodePreconditionRequired, problem.Code)
}

func TestArchiveProduct(t *testing.T) {
	t.Parallel()
	s := start(t)
	staff := s.as(ordersapi.RoleStaff)
	id := s.product(5)
	for range 2 {
		got, err := staff.ArchiveProductWithResponse(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))
		require.Equal(t, ordersapi.ProductStatusArchived, contracttest.Body(t, got, got.JSON200).Status)
		require.Equal(t, int64(2), contracttest.Body(t, got, got.JSON200).Version)
	}
	listed, err := staff.ListProductsWithResponse(t.Context(), &ordersapi.ListProductsParams{})
	require.NoError(t, err)
	require.Empty(t, contracttest.Body(t, listed, listed.JSON200).Items)
	archived := ordersapi.ProductStatusFilterArchived
	listed, err = staff.ListProductsWithResponse(t.Context(), &ordersapi.ListProductsParams{Status: &archived})
	require.NoError(t, err)
	require.Len(t, contracttest.Body(t, listed, listed.JSON200).Items, 1)
}

func TestListProducts(t *testing.T) {
	t.Parallel()
	s := start(t)
	anybody := s.client("")
	var made []uuid.UUID
	for i, name := range []string{
		"Brass plumb bob", "Steel plumb-bob, small", "Line reel", "Wasserwaage für Öfen", `Odd % _ \ ' " name`,
	} {
		s.Clock.Advance(time.Second)
		made = append(made,
			s.product(0, func(p *ordersdb.CreateProductParams) { p.Name, p.Sku = name, fmt.Sprintf("AB-%d.X", i) }))
	}
	find := func(q string) []uuid.UUID {
		got, err := anybody.ListProductsWithResponse(context.Background(), &ordersapi.ListProductsParams{Q: &q})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))
		ids := []uuid.UUID{}
		for _, p := range contracttest.Body(t, got, got.JSON200).Items {
			ids = append(ids, p.ID)
		}
		return ids
	}
	for q, want := range map[string][]uuid.UUID{
		"plumb":        {made[1], made[0]},
		"PLU bo":       {made[1], made[0]},
		"plumb-bob":    {made[1], made[0]},
		"bob brass":    {made[0]},
		"rass":         {},
		"AB-2.X":       {made[2]},
		"ab":           {made[4], made[3], made[2], made[1], made[0]},
		"für öf":       {made[3]},
		"'":            {},
		"-- !":         {},
		`odd \`:        {made[4]},
		`zz' | 'ab`:    {},
		"plumb & !zz:": {},
	} {
		require.Equal(t, want, find(q), q)
	}

	limit := int32(2)
	var paged []uuid.UUID
	for params := (&ordersapi.ListProductsParams{Limit: &limit}); ; {
		page, err := anybody.ListProductsWithResponse(t.Context(), params)
		require.NoError(t, err)
		for _, p := range contracttest.Body(t, page, page.JSON200).Items {
			paged = append(paged, p.ID)
		}
		next, err := contracttest.Body(t, page, page.JSON200).NextCursor.Get()
		if err != nil {
			break
		}
		require.NotEmpty(t, page.HTTPResponse.Header.Get("Link"))
		params.Cursor = &next
	}
	require.Equal(t, []uuid.UUID{made[4], made[3], made[2], made[1], made[0]}, paged)
}

func TestAdjustStock(t *testing.T) {
	t.Parallel()
	s := start(t)
	staff := s.as(ordersapi.RoleStaff)
	id := s.product(0)
	adjust := func(key string, delta int64) *ordersapi.AdjustStockResponse {
		got, err := staff.AdjustStockWithResponse(t.Context(), id, &ordersapi.AdjustStockParams{IdempotencyKey: key},
			ordersapi.AdjustStockRequest{Delta: delta, Reason: "Count"})
		require.NoError(t, err)
		return got
	}
	for range 2 { // The same request twice is one receipt.
		got := adjust("first", 10)
		require.Equal(t, http.StatusCreated, got.StatusCode(), string(got.Body))
		require.Equal(t, int64(10), contracttest.Body(t, got, got.JSON201).Stock.Available)
		require.Equal(t, staff.id, contracttest.Body(t, got, got.JSON201).Adjustment.AdjustedBy)
	}
	less := adjust("second", -3)
	require.Equal(t, int64(7), contracttest.Body(t, less, less.JSON201).Stock.Received)
	short := adjust("third", -8)
	require.Equal(t, ordersapi.ProblemCodeOutOfStock, contracttest.Body(t, short, short.ApplicationProblemJSON409).Code)
	require.Equal(t, "#/delta", contracttest.Body(t, short, short.ApplicationProblemJSON409).Errors[0].Pointer)
	require.Equal(t, http.StatusUnprocessableEntity, adjust("fourth", 0).StatusCode())
	require.Equal(t, int64(7), s.stock(id).Available)

	listed, err := staff.ListStockAdjustmentsWithResponse(t.Context(), id, &ordersapi.ListStockAdjustmentsParams{})
	require.NoError(t, err)
	require.Len(t, contracttest.Body(t, listed, listed.JSON200).Items, 2)
	read, err := staff.GetStockWithResponse(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, int64(7), contracttest.Body(t, read, read.JSON200).Available)
	id = uuid.New()
	absent := adjust("fifth", 1)
	require.Equal(t, ordersapi.ProblemCodeProductNotFound,
		contracttest.Body(t, absent, absent.ApplicationProblemJSON404).Code)
	missing, err := staff.ListStockAdjustmentsWithResponse(t.Context(), id, &ordersapi.ListStockAdjustmentsParams{})
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, missing.StatusCode())
}

// The available units are part of a product but not of its version: a caller who has the version gets the new answer
// all the same.
func TestAVersionIsNotTheWholeAnswer(t *testing.T) {
	t.Parallel()
	s := start(t)
	me, staff := s.as(), s.as(ordersapi.RoleStaff)
	id := s.product(10)
	having := func(answer *http.Response) ordersapi.RequestEditorFn {
		tag := answer.Header.Get("ETag")
		require.NotEmpty(t, tag)
		return func(_ context.Context, r *http.Request) error {
			r.Header.Set("If-None-Match", tag)
			return nil
		}
	}
	before, err := me.GetProductWithResponse(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, int64(10), contracttest.Body(t, before, before.JSON200).Available)
	order := s.order(me, id, 3)
	after, err := me.GetProductWithResponse(t.Context(), id, having(before.HTTPResponse))
	require.NoError(t, err)
	require.Equal(t, before.HTTPResponse.Header.Get("ETag"), after.HTTPResponse.Header.Get("ETag"))
	require.Equal(t, int64(7), contracttest.Body(t, after, after.JSON200).Available)

	_, code := s.as(ordersapi.RolePayments).pay(t, order.ID, ordersapi.PayOrderRequest{})
	require.Empty(t, code)
	mine, err := me.GetOrderWithResponse(t.Context(), order.ID)
	require.NoError(t, err)
	require.NotContains(t, contracttest.Body(t, mine, mine.JSON200).AllowedActions, ordersapi.OrderActionShip)
	theirs, err := staff.GetOrderWithResponse(t.Context(), order.ID, having(mine.HTTPResponse))
	require.NoError(t, err)
	require.Contains(t, contracttest.Body(t, theirs, theirs.JSON200).AllowedActions, ordersapi.OrderActionShip)
}

// productOperations tells the checks what the document does not say of the operations on products.
func productOperations() knownOperations {
	freshSKU := func(_ situation, fit *contracttest.Fit) { fit.Body["sku"] = "SKU-" + uuid.NewString() }
	takenSKU := func(at situation) string {
		sku := "SKU-" + uuid.NewString()
		at.product(0, func(p *ordersdb.CreateProductParams) { p.Sku = sku })
		return sku
	}
	return knownOperations{
		"createProduct": {
			Fit: freshSKU,
			Refused: func(at situation) []contracttest.Refusal {
				taken := takenSKU(at)
				body := `{"sku":"` + taken + `","name":"` + contracttest.SecretCanary + `","price":{"amount":1,"currency":"EUR"}}`
				return []contracttest.Refusal{at.conflict("the SKU is taken", body, ordersapi.ProblemCodeSkuTaken)}
			},
		},
		"duplicateProduct": {
			Fit: freshSKU,
			Refused: func(at situation) []contracttest.Refusal {
				archived := at.product(0)
				_, err := at.queries.ArchiveProduct(at.t.Context(),
					ordersdb.ArchiveProductParams{ID: archived, UpdatedAt: at.Clock.Now()})
				require.NoError(at.t, err)
				refused := at.conflict("the product is archived", "", ordersapi.ProblemCodeProductArchived)
				refused.Target = contracttest.Filled(at.op.Pattern, map[string]string{"productId": archived.String()})
				return []contracttest.Refusal{
					at.conflict("the SKU is taken", `{"sku":"`+takenSKU(at)+`"}`, ordersapi.ProblemCodeSkuTaken), refused,
				}
			},
		},
		"updateProduct": {Fit: func(_ situation, fit *contracttest.Fit) { fit.Header["If-Match"] = `"1"` }},
		"listProducts":  {Beyond: contracttest.Beyond{Rules: []string{"#/query/q"}}},
	}
}

// stockOperations tells the checks what the document does not say of the operations on stock.
func stockOperations() knownOperations {
	return knownOperations{
		"adjustStock": {
			Beyond: contracttest.Beyond{Rules: []string{"#/delta"}},
			Refused: func(at situation) []contracttest.Refusal {
				c := at.conflict("more is written off than there is",
					`{"delta":-1000000,"reason":"`+contracttest.SecretCanary+`"}`, ordersapi.ProblemCodeOutOfStock)
				c.Pointer = "#/delta"
				return []contracttest.Refusal{c}
			},
		},
	}
}
