package orders

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/contracttest"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/token"
)

// What the checks of the document need to know of this service.

func TestContract(t *testing.T) {
	t.Parallel()
	contracttest.All(t, contract(t))
}

var loadSpec = sync.OnceValues(ordersapi.GetSpec)

func contract(t testing.TB) *contracttest.Service {
	t.Helper()
	spec, err := loadSpec()
	require.NoError(t, err)
	return &contracttest.Service{
		Document: loadDocument(t), Spec: spec, Coverage: conformance, Faults: faults(),
		Roles: []string{"customer", "support", "staff", "payments", "admin"},
		NotFound: map[string]string{
			"productId": errProductNotFound.Code, "orderId": errOrderNotFound.Code, "webhookId": errWebhookNotFound.Code, "deliveryId": errDeliveryNotFound.Code,
		},
		BeyondSchema: []string{"createWebhook #/url", "updateWebhook #/url", "adjustStock #/delta", "refundOrder #/amount/currency"},
		Replaced:     []string{"createOrder #/items"}, // lines of one product are merged
		Formats:      map[string]string{"exportOrders application/x-ndjson": "format=ndjson", "exportOrders text/csv": "format=csv"},
		Volatile:     []string{"idempotency_keys", "audit_entries"},
		Checked:      map[string]string{"order_events_actor_known": "OrderActor"},
		Start: func(t testing.TB, change ...func(*httpapi.Options)) *contracttest.Server {
			t.Helper()
			return start(t, func(o *options) {
				o.chain = func(c *httpapi.Options) {
					for _, f := range change {
						f(c)
					}
				}
			}).Server
		},
	}
}

// member is somebody with a token.
type member struct {
	caller

	session uuid.UUID
	access  string
}

// AccessToken is what the caller sends.
func (m member) AccessToken() string { return m.access }

// Subject is who the token says is calling.
func (m member) Subject() string { return m.id.String() }

// arranger makes what requests are about.
type arranger struct{ *server }

func (a arranger) Caller(t testing.TB, roles ...string) contracttest.Caller {
	t.Helper()
	return a.member(t, roles...)
}

func (a arranger) member(t testing.TB, roles ...string) member {
	t.Helper()
	if len(roles) == 0 {
		roles = []string{"customer"}
	}
	m := member{session: uuid.New()}
	m.id = uuid.New()
	var err error
	m.access, err = a.signer.Sign(token.Claims{
		Issuer: issuer, Audience: []string{"users", "orders"}, Subject: m.id, SessionID: m.session, Roles: roles,
		IssuedAt: a.Clock.Now(), ExpiresAt: a.Clock.Now().Add(5 * time.Minute), ID: uuid.NewString(),
	})
	require.NoError(t, err)
	m.ClientWithResponses = a.client(m.access)
	return m
}

func (a arranger) EndSession(t testing.TB, c contracttest.Caller) {
	t.Helper()
	require.NoError(t, a.queries.EndSession(t.Context(), ordersdb.EndSessionParams{SessionID: c.(member).session, EndedAt: a.Clock.Now()}))
}

func (a arranger) Fit(t testing.TB, op *httpapi.Operation, by contracttest.Caller, of contracttest.Resource) contracttest.Fit {
	t.Helper()
	fit := contracttest.Fit{Path: map[string]string{}, Body: map[string]any{}, Header: map[string]string{}}
	switch op.ID {
	case "createProduct":
		fit.Body["sku"] = "SKU-" + uuid.NewString()
	case "createWebhook":
		fit.Body["url"] = "https://hooks.example.com/" + uuid.NewString()
	case "updateProduct":
		fit.Header["If-Match"] = `"1"`
	case "createOrder":
		fit.Body["items"] = []any{map[string]any{"product_id": a.product(100), "quantity": 2}}
	}
	owner := by.(member)
	if of == contracttest.Others {
		owner = a.member(t)
	}
	about := func(parameter string) bool { return strings.Contains(op.Pattern, "{"+parameter+"}") }
	if about("productId") {
		fit.Path["productId"] = a.product(100).String()
	}
	if about("webhookId") {
		fit.Path["webhookId"], fit.Path["deliveryId"] = a.subscription(t)
	}
	if about("orderId") || op.ID == "listOrders" {
		fit.Path["orderId"] = a.orderIn(t, owner, statusBefore[op.ID]).String()
	}
	if op.ID == "listOrders" {
		fit.Query, fit.Shows = "customer_id="+owner.Subject(), fit.Path["orderId"]
	}
	return fit
}

// statusBefore is the status from which an operation succeeds, where it is another than that of a new order.
var statusBefore = map[string]ordersdb.OrderStatus{
	"shipOrder": ordersdb.OrderStatusPaid, "refundOrder": ordersdb.OrderStatusPaid, "deliverOrder": ordersdb.OrderStatusShipped,
}

// orderIn arranges an order of an account in a status: a new one, unless another is asked for.
func (a arranger) orderIn(t testing.TB, owner member, status ordersdb.OrderStatus) uuid.UUID {
	t.Helper()
	id := a.order(caller{a.client(a.access(owner.id)), owner.id}, a.product(10), 2).ID
	for _, step := range waysTo[status] {
		answer, body := a.Do(t, contracttest.Request{
			Method: http.MethodPost, Target: "/api/v1/orders/" + id.String() + "/" + step.action, Header: []string{contracttest.Bearer(a.member(t, step.role))},
		})
		require.Equal(t, http.StatusOK, answer.StatusCode, body)
	}
	return id
}

// waysTo are the steps to a status, and who takes them.
var waysTo = map[ordersdb.OrderStatus][]struct{ role, action string }{
	ordersdb.OrderStatusPaid:      {{"payments", "pay"}},
	ordersdb.OrderStatusShipped:   {{"payments", "pay"}, {"staff", "ship"}},
	ordersdb.OrderStatusCancelled: {{"support", "cancel"}},
}

// subscription arranges a webhook and a delivery to it.
func (a arranger) subscription(t testing.TB) (webhook, delivery string) {
	t.Helper()
	hook, sent := newID(), newID()
	_, err := a.queries.CreateWebhook(t.Context(), ordersdb.CreateWebhookParams{
		ID: hook, Url: "https://hooks.example.com/plumbline", EventTypes: []string{"order.paid"}, SealedSecret: a.service.secrets.Seal([]byte("secret"), secretName(hook)),
		CreatedAt: a.Clock.Now(),
	})
	require.NoError(t, err)
	_, err = a.Pool.Exec(t.Context(), `INSERT INTO webhook_deliveries (id, webhook_id, event_id, event_type, order_id, payload, next_attempt_at, created_at)
		VALUES ($1, $2, $3, 'order.paid', $3, '{}', $4, $4)`, sent, hook, newID(), a.Clock.Now())
	require.NoError(t, err)
	return hook.String(), sent.String()
}

// Refused are requests that are right by themselves and do not fit the state of things.
func (a arranger) Refused(t testing.TB, op *httpapi.Operation, _ contracttest.Caller, good func() contracttest.Request) []contracttest.Refusal {
	t.Helper()
	var cases []contracttest.Refusal
	conflict := func(name, body string, code ordersapi.ProblemCode) *contracttest.Refusal {
		c := contracttest.Refusal{Name: name, Request: good(), Status: http.StatusConflict, Code: string(code)}
		if body != "" {
			c.Body = body
		}
		cases = append(cases, c)
		return &cases[len(cases)-1]
	}
	in := func(name string, status ordersdb.OrderStatus, body string, code ordersapi.ProblemCode) {
		c := conflict(name, body, code)
		c.Target = contracttest.Filled(op.Pattern, map[string]string{"orderId": a.orderIn(t, a.member(t), status).String()})
	}
	line := func(product uuid.UUID, quantity string) string {
		return `{"product_id":"` + product.String() + `","quantity":` + quantity + `}`
	}
	switch op.ID {
	case "createProduct":
		taken := "SKU-" + uuid.NewString()
		a.product(0, func(p *ordersdb.CreateProductParams) { p.Sku = taken })
		conflict("the SKU is taken", `{"sku":"`+taken+`","name":"`+contracttest.SecretCanary+`","price":{"amount":1,"currency":"EUR"}}`, ordersapi.ProblemCodeSkuTaken)
	case "adjustStock":
		conflict("more is written off than there is", `{"delta":-1000000,"reason":"`+contracttest.SecretCanary+`"}`, ordersapi.ProblemCodeOutOfStock).Pointer = "#/delta"
	case "createOrder":
		few, other := a.product(1), a.product(5, func(p *ordersdb.CreateProductParams) { p.Currency = "USD" })
		conflict("more than there is", `{"items":[`+line(few, "2")+`]}`, ordersapi.ProblemCodeOutOfStock).Pointer = "#/items/0/quantity"
		conflict("more than there is, together", `{"items":[`+line(few, "1")+`,`+line(few, "1")+`]}`, ordersapi.ProblemCodeOutOfStock).Pointer = "#/items/1/quantity"
		conflict("no such product", `{"items":[`+line(uuid.New(), "1")+`]}`, ordersapi.ProblemCodeProductUnavailable).Pointer = "#/items/0/product_id"
		conflict("two currencies", `{"items":[`+line(few, "1")+`,`+line(other, "1")+`]}`, ordersapi.ProblemCodeMixedCurrencies)
		conflict("another total", `{"items":[`+line(few, "1")+`],"expected_total":{"amount":1,"currency":"EUR"}}`, ordersapi.ProblemCodePriceChanged).Pointer = "#/expected_total"
	case "cancelOrder":
		in("a shipped order", ordersdb.OrderStatusShipped, "", ordersapi.ProblemCodeOrderState)
	case "payOrder":
		in("a cancelled order", ordersdb.OrderStatusCancelled, "", ordersapi.ProblemCodeOrderState)
		in("another payment", ordersdb.OrderStatusPaid, "", ordersapi.ProblemCodeOrderState)
	case "shipOrder":
		in("an order that is not paid", "", "", ordersapi.ProblemCodeOrderState)
		in("a cancelled order", ordersdb.OrderStatusCancelled, "", ordersapi.ProblemCodeOrderState)
	case "deliverOrder":
		in("an order that has not shipped", ordersdb.OrderStatusPaid, "", ordersapi.ProblemCodeOrderState)
	case "refundOrder":
		in("an order that is not paid", "", "", ordersapi.ProblemCodeOrderState)
		in("more than was paid", ordersdb.OrderStatusPaid, `{"amount":{"amount":4981,"currency":"EUR"}}`, ordersapi.ProblemCodeRefundTooLarge)
	}
	return cases
}
