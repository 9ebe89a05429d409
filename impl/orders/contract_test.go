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
	"example.com/plumbline/gen/standingdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/impl/testkit/contracttest"
)

// The checks of the document need this description of the service.

func TestContract(t *testing.T) {
	t.Parallel()
	contracttest.All(t, underTest(t))
}

var loadSpec = sync.OnceValues(ordersapi.GetSpec)

func underTest(t testing.TB) *contracttest.Service {
	t.Helper()
	spec, err := loadSpec()
	require.NoError(t, err)
	return &contracttest.Service{
		Document: loadDocument(t), Spec: spec, Coverage: conformance, Faults: faults(),
		Roles: []string{"customer", "support", "staff", "payments", "admin"},
		NotFound: map[string]string{
			"productId": errProductNotFound.Code, "orderId": errOrderNotFound.Code, "webhookId": errWebhookNotFound.Code,
			"deliveryId": errDeliveryNotFound.Code,
		},
		Beyond:   contracttest.BeyondOf(operations()),
		Volatile: []string{"idempotency_keys", "audit_entries"},
		Checked:  map[string]string{"order_events_actor_known": "OrderActor"},
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

// member is a caller with a token.
type member struct {
	caller

	session uuid.UUID
	access  string
}

// AccessToken gives the token that the caller sends.
func (m member) AccessToken() string { return m.access }

// Subject gives the subject of the token.
func (m member) Subject() string { return m.id.String() }

// arranger creates the resources that requests are about.
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
	err := standingdb.New(a.Pool).EndSession(t.Context(),
		standingdb.EndSessionParams{SessionID: c.(member).session, EndedAt: a.Clock.Now()})
	require.NoError(t, err)
}

// knownOperations holds what the checks need to know of operations beyond the document.
type knownOperations = map[string]contracttest.Known[situation]

// operations gathers what the test files of the resources declare.
func operations() knownOperations {
	return contracttest.Together(productOperations(), stockOperations(), orderOperations(), exportOperations(),
		webhookOperations())
}

// situation is what a request to an operation is about.
type situation struct {
	arranger

	t     testing.TB
	op    *contract.Operation
	owner member                      // owns what is arranged
	good  func() contracttest.Request // one that succeeds
}

func (a arranger) Fit(
	t testing.TB, op *contract.Operation, by contracttest.Caller, of contracttest.Resource,
) contracttest.Fit {
	t.Helper()
	fit := contracttest.Fit{Path: map[string]string{}, Body: map[string]any{}, Header: map[string]string{}}
	at := situation{arranger: a, t: t, op: op, owner: by.(member)}
	if of == contracttest.Others {
		at.owner = a.member(t)
	}
	about := func(parameter string) bool { return strings.Contains(op.Pattern, "{"+parameter+"}") }
	if about("productId") {
		fit.Path["productId"] = a.product(100).String()
	}
	if about("webhookId") {
		fit.Path["webhookId"], fit.Path["deliveryId"] = a.subscription(t)
	}
	if about("orderId") {
		fit.Path["orderId"] = a.orderIn(t, at.owner, "").String()
	}
	if fill := operations()[op.ID].Fit; fill != nil {
		fill(at, &fit)
	}
	return fit
}

// Refused gives requests that are valid by themselves and that the state of the resources does not allow.
func (a arranger) Refused(
	t testing.TB, op *contract.Operation, by contracttest.Caller, good func() contracttest.Request,
) []contracttest.Refusal {
	t.Helper()
	if refused := operations()[op.ID].Refused; refused != nil {
		return refused(situation{arranger: a, t: t, op: op, owner: by.(member), good: good})
	}
	return nil
}

// conflict is a request that the state of the resources does not allow: the good one, with body if it is not "".
func (at situation) conflict(name, body string, code ordersapi.ProblemCode) contracttest.Refusal {
	c := contracttest.Refusal{Name: name, Request: at.good(), Status: http.StatusConflict, Code: string(code)}
	if body != "" {
		c.Body = body
	}
	return c
}

// orderIn creates an order of an account in a status; "" stands for that of a new order.
func (a arranger) orderIn(t testing.TB, owner member, status ordersdb.OrderStatus) uuid.UUID {
	t.Helper()
	const units = 2
	a.makeRoom(t, owner, units)
	id := a.order(caller{a.client(a.access(owner.id)), owner.id}, a.product(10), units).ID
	a.take(t, id, status)
	return id
}

// makeRoom pays for orders of an account until its ration allows another order of so many units.
func (a arranger) makeRoom(t testing.TB, owner member, units int64) {
	t.Helper()
	var orders []uuid.UUID
	var held int64
	require.NoError(t, a.Pool.QueryRow(t.Context(), `
		SELECT coalesce(array_agg(DISTINCT orders.id), '{}'), coalesce(sum(quantity), 0)
		FROM orders JOIN order_items ON order_id = orders.id
		WHERE customer_id = $1 AND status = 'pending'`, owner.id).Scan(&orders, &held))
	if int64(len(orders)) < usual.Orders && held+units <= usual.Units {
		return
	}
	for _, id := range orders {
		a.take(t, id, ordersdb.OrderStatusPaid)
	}
}

// take brings a new order to a status.
func (a arranger) take(t testing.TB, id uuid.UUID, status ordersdb.OrderStatus) {
	t.Helper()
	for _, step := range waysTo[status] {
		answer, body := a.Do(t, contracttest.Request{
			Method: http.MethodPost, Target: "/api/v1/orders/" + id.String() + "/" + step.action,
			Header: []string{contracttest.Bearer(a.member(t, step.role))},
		})
		require.Equal(t, http.StatusOK, answer.StatusCode, body)
	}
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
		ID: hook, Url: "https://hooks.example.com/plumbline", EventTypes: []string{"order.paid"},
		SealedSecret: a.service.secrets.Seal([]byte("secret"), secretName(hook)), CreatedAt: a.Clock.Now(),
	})
	require.NoError(t, err)
	_, err = a.Pool.Exec(t.Context(), `INSERT INTO webhook_deliveries
			(id, webhook_id, event_id, event_type, order_id, payload, next_attempt_at, created_at)
		VALUES ($1, $2, $3, 'order.paid', $3, '{}', $4, $4)`, sent, hook, newID(), a.Clock.Now())
	require.NoError(t, err)
	return hook.String(), sent.String()
}
