package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/testkit/otlptest"
)

// A front end's trace goes on through orders to users, and through the event of the order to the job that tells a
// webhook. The event of an account that is disabled is handled by orders in the trace of users. No span has a value
// that names a person, or a secret.
func TestOneTrace(t *testing.T) {
	t.Parallel()
	receiver := otlptest.New(t)
	var hooked, told atomic.Int64 // requests to the webhook, and those with a trace
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		hooked.Add(1)
		if r.Header.Get("Traceparent") != "" {
			told.Add(1)
		}
	}))
	t.Cleanup(hook.Close)
	p := newProgram(t)
	const password = "chosen by the developer"
	r := p.start("PLUMBLINE_DEV_PASSWORD="+password, "OTEL_EXPORTER_OTLP_ENDPOINT="+receiver.URL,
		"OTEL_BSP_SCHEDULE_DELAY=50", "USERS_TRACE_RATIO=1", "ORDERS_TRACE_RATIO=1").ready(t)
	_, admin := p.logIn("admin@plumbline.test", password)
	status, made := p.call(admin, http.MethodPost, "/api/v1/webhooks",
		fmt.Sprintf(`{"url":%q,"event_types":["order.placed"]}`, hook.URL+"/canary-of-the-hook"))
	require.Equal(t, http.StatusCreated, status, made)
	status, signedUp := p.call("", http.MethodPost, "/api/v2/users",
		`{"email":"reader@customer.test","name":"Canary of the name","password":"canary of the password"}`)
	require.Equal(t, http.StatusCreated, status, signedUp)
	_, customer := p.logIn("reader@customer.test", "canary of the password")
	_, profile := p.call(customer, http.MethodGet, "/api/v1/profile", "")
	status, _ = p.call(admin, http.MethodGet, "/api/v1/admin/users?email=reader%40customer.test", "")
	require.Equal(t, http.StatusOK, status)
	p.call("", http.MethodPost, "/api/v1/login", `{"email":"canary@nobody.test","password":"canary of nobody"}`)
	_, found := p.call("", http.MethodGet, "/api/v1/products?q=brass+bob", "")
	product := found["items"].([]any)[0].(map[string]any)["id"]

	const trace, front = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	status, order := p.call(customer, http.MethodPost, "/api/v1/orders",
		fmt.Sprintf(`{"items":[{"product_id":%q,"quantity":2}]}`, product), "Idempotency-Key", "canary-of-the-key",
		"Traceparent", "00-"+trace+"-"+front+"-01", "User-Agent", "canary-of-the-agent")
	require.Equal(t, http.StatusCreated, status, order)
	ofOrder := func() []otlptest.Span { return otlptest.Of(receiver.Spans(), trace) }
	receiver.Await(t, func() bool {
		return slices.ContainsFunc(ofOrder(), func(s otlptest.Span) bool { return s.GetName() == "run deliver_webhook" })
	})
	const ofAccount = "a3ce929d0e0e47364bf92f3577b34da6"
	status, _ = p.call(admin, http.MethodPost, fmt.Sprintf("/api/v1/admin/users/%s/disable", profile["id"]), "",
		"Traceparent", "00-"+ofAccount+"-"+front+"-01")
	require.Equal(t, http.StatusOK, status)
	disabled := func() []otlptest.Span { return otlptest.Of(receiver.Spans(), ofAccount) }
	receiver.Await(t, func() bool {
		return slices.ContainsFunc(disabled(), func(s otlptest.Span) bool { return s.GetName() == "process user.disabled" })
	})
	require.NoError(t, r.end(t, os.Interrupt), r.out)
	spans := ofOrder()
	t.Logf("the trace of an order:\n%s", otlptest.Tree(spans))
	t.Logf("the trace of an account that is disabled:\n%s", otlptest.Tree(disabled()))

	// Each is the child of the one before it.
	parent := front
	for _, of := range []struct{ name, service string }{
		{"createOrder", "orders"}, {"publish order.placed", "orders"}, {"process order.placed", "orders"},
		{"run deliver_webhook", "orders"}, {"POST webhook", "orders"},
	} {
		parent = requireChild(t, spans, parent, of.name, of.service)
	}
	parent = front
	for _, of := range []struct{ name, service string }{
		{"disableUser", "users"}, {"publish user.disabled", "users"}, {"process user.disabled", "orders"},
	} {
		parent = requireChild(t, disabled(), parent, of.name, of.service)
	}
	create := requireChild(t, spans, front, "createOrder", "orders")
	requireChild(t, spans, create, "check request", "orders")
	requireChild(t, spans, create, "COMMIT", "orders")
	requireChild(t, spans, create, "PriceProducts", "orders")
	users := requireChild(t, spans, requireChild(t, spans, create, "GET users", "orders"), "getUserV2", "users")
	requireChild(t, spans, users, "GetUser", "users")

	require.Positive(t, hooked.Load())
	require.Zero(t, told.Load(), "strangers are told no trace")
	sent := string(receiver.Bytes())
	require.Contains(t, sent, "hash password")
	for name, canary := range map[string]string{
		"password": "canary of the password", "of the admin": password, "wrong password": "canary of nobody",
		"address of mail": "@customer.test", "another": "@plumbline.test", "unknown one": "@nobody.test",
		"access token": customer, "account": profile["id"].(string),
		"query": "brass", "key": "canary-of-the-key", "agent": "canary-of-the-agent", "webhook": "canary-of-the-hook",
		"secret of the webhook": made["secret"].(string), "name": "Canary of the name",
		"order":     order["id"].(string),
		"statement": "WHERE", "header": "Bearer",
	} {
		require.NotEmpty(t, canary, name)
		require.NotContains(t, sent, canary, name)
	}
}

// requireChild requires one span of that name and service below a parent, and returns its id.
func requireChild(t *testing.T, spans []otlptest.Span, parent, name, service string) (id string) {
	t.Helper()
	i := slices.IndexFunc(spans, func(s otlptest.Span) bool {
		return s.Parent() == parent && s.GetName() == name && s.Service == service
	})
	require.GreaterOrEqual(t, i, 0, "%s of %s below %s:\n%s", name, service, parent, otlptest.Tree(spans))
	return spans[i].ID()
}
