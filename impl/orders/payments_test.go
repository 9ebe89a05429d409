package orders

import (
	"io/fs"
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

// pay reports a payment and gives the status of the answer, and its code where it is refused.
func (c caller) pay(t testing.TB, order uuid.UUID, reported ordersapi.PayOrderRequest) (int, ordersapi.ProblemCode) {
	t.Helper()
	got, err := c.PayOrderWithResponse(t.Context(), order, reported)
	require.NoError(t, err)
	if got.StatusCode() == http.StatusOK {
		return got.StatusCode(), ""
	}
	return got.StatusCode(), codeIn(t, got.Body)
}

func TestOnePaymentPaysOneOrder(t *testing.T) {
	t.Parallel()
	s := start(t)
	me, payments, product := s.as(), s.as(ordersapi.RolePayments), s.product(10)
	one, two, three := s.order(me, product, 1).ID, s.order(me, product, 1).ID, s.order(me, product, 1).ID
	reference, bank, card := "pay_1", "bank", "card"
	by := func(provider *string, reference string) ordersapi.PayOrderRequest {
		return ordersapi.PayOrderRequest{Provider: provider, Reference: &reference}
	}
	for range 2 {
		status, code := payments.pay(t, one, by(&bank, reference))
		require.Equal(t, http.StatusOK, status, "the same payment again changes nothing: %s", code)
	}
	require.Equal(t, 1, s.count(`SELECT count(*) FROM order_events WHERE type = 'order.paid'`))
	status, code := payments.pay(t, two, by(&bank, reference))
	require.Equal(t, http.StatusConflict, status)
	require.Equal(t, ordersapi.ProblemCodePaymentReferenceUsed, code)
	status, code = payments.pay(t, one, by(&card, reference))
	require.Equal(t, http.StatusConflict, status, "another provider's payment is a second one")
	require.Equal(t, ordersapi.ProblemCodeOrderState, code)
	status, _ = payments.pay(t, two, by(&card, reference))
	require.Equal(t, http.StatusOK, status, "another provider counts for itself")
	fromOne := "default"
	status, _ = payments.pay(t, three, by(nil, reference))
	require.Equal(t, http.StatusOK, status)
	status, _ = payments.pay(t, three, by(&fromOne, reference))
	require.Equal(t, http.StatusOK, status, "who names none means this one")

	shown, err := me.GetOrderWithResponse(t.Context(), two)
	require.NoError(t, err)
	order := *contracttest.Body(t, shown, shown.JSON200)
	require.Equal(t, []string{card, reference}, []string{*order.PaymentProvider, *order.PaymentReference})

	// A refunded payment has paid its order, and pays no other.
	cancelled, err := me.CancelOrderWithResponse(t.Context(), one, ordersapi.CancelOrderRequest{})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, cancelled.StatusCode(), string(cancelled.Body))
	_, code = payments.pay(t, s.order(me, product, 1).ID, by(&bank, reference))
	require.Equal(t, ordersapi.ProblemCodePaymentReferenceUsed, code)
}

// One account reports the payments of the whole shop: refusals of its reports are about money, and all are recorded.
func TestRefusedPaymentsAreAllRecorded(t *testing.T) {
	t.Parallel()
	s := start(t, generous)
	me, payments := s.as(), s.as(ordersapi.RolePayments)
	order := s.order(me, s.product(1), 1)
	less := ordersapi.PayOrderRequest{
		Amount: &ordersapi.ReceivedAmount{Amount: order.Total.Amount - 1, Currency: order.Total.Currency},
	}
	for range 120 {
		_, code := payments.pay(t, order.ID, less)
		require.Equal(t, ordersapi.ProblemCodePaymentMismatch, code)
		_, code = me.pay(t, order.ID, less)
		require.Equal(t, ordersapi.ProblemCodeForbidden, code)
	}
	s.End(t)
	require.Equal(t, 120,
		s.count(`SELECT count(*) FROM audit_entries WHERE actor = $1 AND outcome = 'payment_mismatch'`, payments.id))
	require.Equal(t, 100, s.count(`SELECT count(*) FROM audit_entries WHERE actor = $1 AND outcome = 'forbidden'`, me.id),
		"what anybody else is refused is bounded")
}

func TestOneReferenceAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, generous)
	me, payments, product := s.as(), s.as(ordersapi.RolePayments), s.product(100)
	reference := "pay_1"
	var paid atomic.Int64
	var crowd sync.WaitGroup
	for range 16 {
		order := s.order(me, product, 1).ID
		crowd.Go(func() {
			got, err := payments.PayOrderWithResponse(t.Context(), order, ordersapi.PayOrderRequest{Reference: &reference})
			switch {
			case err != nil:
				t.Errorf("a payment got no answer: %v", err)
			case got.StatusCode() == http.StatusOK:
				paid.Add(1)
			case got.ApplicationProblemJSON409 == nil ||
				got.ApplicationProblemJSON409.Code != ordersapi.ProblemCodePaymentReferenceUsed:
				t.Errorf("a payment was answered %d: %s", got.StatusCode(), got.Body)
			}
		})
	}
	crowd.Wait()
	require.Equal(t, int64(1), paid.Load())
	require.Equal(t, 1, s.count(`SELECT count(*) FROM orders WHERE status = 'paid'`))
	s.requireNoDeadlock()
}

func TestPaymentOfAnotherAmount(t *testing.T) {
	t.Parallel()
	s := start(t)
	me, payments, product := s.as(), s.as(ordersapi.RolePayments), s.product(10)
	order := s.order(me, product, 2)
	reference := "pay_1"
	for name, amount := range map[string]ordersapi.ReceivedAmount{
		"less": {Amount: 4979, Currency: "EUR"}, "more": {Amount: 4981, Currency: "EUR"},
		"nothing": {Amount: 0, Currency: "EUR"}, "another currency": {Amount: 4980, Currency: "USD"},
	} {
		got, err := payments.PayOrderWithResponse(t.Context(), order.ID,
			ordersapi.PayOrderRequest{Reference: &reference, Amount: &amount})
		require.NoError(t, err)
		require.Equal(t, http.StatusConflict, got.StatusCode(), "%s: %s", name, got.Body)
		p := *contracttest.Body(t, got, got.ApplicationProblemJSON409)
		require.Equal(t, ordersapi.ProblemCodePaymentMismatch, p.Code, name)
		require.Equal(t, map[string]any{"amount": 4980.0, "currency": "EUR"}, p.Errors[0].Params, name)
	}
	require.Equal(t, 1, s.count(`SELECT count(*) FROM orders WHERE status = 'pending' AND payment_reference IS NULL`))
	right := ordersapi.PayOrderRequest{
		Reference: &reference, Amount: &ordersapi.ReceivedAmount{Amount: 4980, Currency: "EUR"},
	}
	for range 2 {
		status, code := payments.pay(t, order.ID, right)
		require.Equal(t, http.StatusOK, status, code)
	}
	right.Amount.Amount--
	_, code := payments.pay(t, order.ID, right)
	require.Equal(t, ordersapi.ProblemCodePaymentMismatch, code, "also of an order that is paid")
}

// The log names the payments that were reported without an amount or a reference.
func TestPaymentsWithoutProtectionAreLogged(t *testing.T) {
	t.Parallel()
	s := start(t)
	me, payments, product := s.as(), s.as(ordersapi.RolePayments), s.product(10)
	const line = "a payment was reported without its amount or its reference"
	reference := "pay_1"
	whole, bare := s.order(me, product, 1), s.order(me, product, 1)
	status, code := payments.pay(t, whole.ID, ordersapi.PayOrderRequest{
		Reference: &reference, Amount: &ordersapi.ReceivedAmount{Amount: whole.Total.Amount, Currency: whole.Total.Currency},
	})
	require.Equal(t, http.StatusOK, status, code)
	for range 2 { // The second report changes nothing.
		status, code = payments.pay(t, bare.ID, ordersapi.PayOrderRequest{})
		require.Equal(t, http.StatusOK, status, code)
	}
	s.End(t)
	lines := s.beside()
	require.Equal(t, 1, strings.Count(lines, line), lines)
	require.Contains(t, lines, `"order":"`+bare.ID.String()+`","amount":false,"reference":false`)
}

// Replicas of version 1.0, which know no providers, run beside new ones: a reference that they record pays one order
// only, too.
func TestPaymentsOfTheReleaseBefore(t *testing.T) {
	t.Parallel()
	s := start(t)
	me, payments, product := s.as(), s.as(ordersapi.RolePayments), s.product(10)
	one, two := s.order(me, product, 1), s.order(me, product, 1).ID
	require.Nil(t, one.PaymentProvider, "nobody has paid yet")
	_, err := s.Pool.Exec(t.Context(),
		`UPDATE orders SET status = 'paid', paid_amount = total_amount, payment_reference = 'pay_1', version = version + 1
			WHERE id = $1`, one.ID)
	require.NoError(t, err)
	reference := "pay_1"
	status, code := payments.pay(t, one.ID, ordersapi.PayOrderRequest{Reference: &reference})
	require.Equal(t, http.StatusOK, status, "the same report again changes nothing: %s", code)
	_, code = payments.pay(t, two, ordersapi.PayOrderRequest{Reference: &reference})
	require.Equal(t, ordersapi.ProblemCodePaymentReferenceUsed, code)
}

// A database in which one reference has paid several orders is migrated all the same, and the reference pays no further
// order.
func TestReferencesThatPaidSeveralOrders(t *testing.T) {
	t.Parallel()
	s := start(t)
	me, payments, product := s.as(), s.as(ordersapi.RolePayments), s.product(10)
	var ids []uuid.UUID
	for range 3 {
		ids = append(ids, s.order(me, product, 1).ID)
		s.Clock.Advance(time.Second)
	}
	migration, err := fs.ReadFile(schema.Migrations, "00012_add_payment_provider.sql")
	require.NoError(t, err)
	up, down, _ := strings.Cut(string(migration), "-- +goose Down")
	_, err = s.Pool.Exec(t.Context(), down)
	require.NoError(t, err)
	_, err = s.Pool.Exec(t.Context(),
		`UPDATE orders SET status = 'paid', paid_amount = total_amount, payment_reference = 'pay_1', version = version + 1
			WHERE id = ANY ($1)`, ids[:2])
	require.NoError(t, err)
	_, err = s.Pool.Exec(t.Context(), up)
	require.NoError(t, err)
	require.Equal(t, []string{"default", ""},
		s.rows(`SELECT coalesce(payment_provider, '') FROM orders WHERE payment_reference = 'pay_1' ORDER BY created_at`))
	reference := "pay_1"
	_, code := payments.pay(t, ids[2], ordersapi.PayOrderRequest{Reference: &reference})
	require.Equal(t, ordersapi.ProblemCodePaymentReferenceUsed, code)
	_, err = s.Pool.Exec(t.Context(), `UPDATE orders SET version = version WHERE id = $1`, ids[2])
	require.Error(t, err, "the trigger is there again")
	require.Equal(t, ordersdb.OrderStatusPending,
		ordersdb.OrderStatus(s.rows(`SELECT status::text FROM orders WHERE payment_reference IS NULL`)[0]))
}
