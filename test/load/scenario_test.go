package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/usersapi"
)

// TestMain is also NATS: see world.startNATS.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == natsCommand {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestScenario calls real services, which it starts, with every kind of request, and then the same services as ones
// that run already.
func TestScenario(t *testing.T) {
	t.Chdir("../..") // Where make is called.
	progress, err := os.Create(filepath.Join(t.TempDir(), "progress"))
	require.NoError(t, err)
	defer progress.Close()
	s, err := parse([]string{
		"-rate", "60", "-duration", "3s", "-hold", "1s", "-customers", "8", "-mean", "0", "-p99", "0", "-pgo", pgoOff,
		"-errors", "0.5", "-mix", "all=1,order=3,pay=2",
	})
	require.NoError(t, err)
	w, err := newWorld(t.Context(), progress)
	require.NoError(t, err)
	defer func() {
		require.NoError(t, w.stop())
		require.NoDirExists(t, w.dir)
	}()
	target, err := w.target(t.Context(), s, both(s.pgo), progress)
	require.NoError(t, err)
	var r result
	require.NoError(t, target.run(t.Context(), s, s.rate, s.duration, &r, progress))
	require.NoError(t, r.verdict(), "%+v", r.Errors)
	require.True(t, r.Passed)
	var seen []string
	for _, f := range r.Operations {
		require.Greater(t, f.Requests, f.Errors, "%s: a busy machine has some refused, not all: %+v", f.Operation, r.Errors)
		seen = append(seen, f.Operation)
	}
	require.ElementsMatch(t, []string{
		"listProducts", "listProducts, search", "getProduct", "getProfile", "startSession", "refreshSession", "createOrder",
		"createOrder, again", "payOrder", "getOrder", "listOrders", "listOrderEvents, stream",
	}, seen)
	require.Positive(t, r.Streams.Payments)
	require.Positive(t, target.shop.paidCount)
	if stat(os.Getpid()) != nil {
		for _, u := range r.Processes {
			require.Positive(t, u.PeakMiB, u.Process)
		}
	}

	t.Setenv(passwordEnv, password)
	report, file := filepath.Join(t.TempDir(), "load.html"), filepath.Join(t.TempDir(), "load.json")
	running := w.services[0]
	var out bytes.Buffer
	again := func(args ...string) error {
		text, err := os.Create(filepath.Join(t.TempDir(), "out"))
		require.NoError(t, err)
		defer text.Close()
		err = command(t.Context(), append(args, "-rate", "30", "-duration", "1s", "-hold", "0s", "-customers", "3",
			"-users", running.users.url, "-orders", running.orders.url, "-payments", target.shop.payments.email,
			"-mean", "0", "-errors", "0.5", "-report", report, "-json", file), text, progress)
		said, _ := os.ReadFile(text.Name())
		out.Write(said)
		return err
	}
	require.NoError(t, again("-p99", "0"))
	require.Contains(t, out.String(), "createOrder")
	require.ErrorContains(t, again("-p99", "1ns"), "the load test has failed: p99 is")
	text, err := os.ReadFile(file)
	require.NoError(t, err, "it reports before it fails")
	var failed result
	require.NoError(t, json.Unmarshal(text, &failed))
	require.False(t, failed.Passed)
	require.FileExists(t, report)
}

// signedIn is a shop with a customer, who is signed in, and one product.
func signedIn(t *testing.T) *shop {
	t.Helper()
	s := oneKind(t)
	for _, c := range []**caller{&s.customers[0], &s.payments} {
		*c = &caller{id: uuid.New(), access: "a", refresh: "r", expires: s.clock().Add(time.Hour)}
	}
	s.products = []product{{uuid.New(), "Brass plumb bob", 100}}
	s.listed = 1
	return s
}

// answered answers a step.
func answered(t *testing.T, s *shop, st *step, status int, body any) *mistake {
	t.Helper()
	text, err := json.Marshal(body)
	require.NoError(t, err)
	return s.settle(st, answer{status, http.Header{}, text}, nil)
}

// placed is an order that the shop believes to be placed.
func placed(t *testing.T, s *shop) ordersapi.Order {
	t.Helper()
	st, err := s.place()
	require.NoError(t, err)
	require.Equal(t, "createOrder", st.operation)
	var asked ordersapi.CreateOrderRequest
	require.NoError(t, json.NewDecoder(st.request.Body).Decode(&asked))
	o := ordersapi.Order{
		ID: uuid.New(), CustomerID: s.customers[0].id, Status: ordersapi.OrderStatusPending,
		Total: ordersapi.Money{Amount: asked.ExpectedTotal.Amount, Currency: currency},
	}
	require.Nil(t, answered(t, s, st, http.StatusCreated, o))
	return o
}

func TestAWrongAnswerIsAnError(t *testing.T) {
	t.Parallel()
	s := signedIn(t)
	o := placed(t, s)

	pay := func() *step {
		st, err := s.pay()
		require.NoError(t, err)
		require.Equal(t, "payOrder", st.operation)
		return st
	}
	require.Equal(t, wrongAnswer, answered(t, s, pay(), http.StatusOK, o).code, "an order that was paid and is pending")
	require.Len(t, s.unpaid, 1, "it is to be paid again")
	require.Zero(t, s.paidCount)
	problem := map[string]string{"code": "overloaded", "detail": "later"}
	refused := answered(t, s, pay(), http.StatusServiceUnavailable, problem)
	require.Equal(t, &mistake{"overloaded", "503: later"}, refused)
	require.Equal(t, "status_502", answered(t, s, pay(), http.StatusBadGateway, "from a proxy").code)
	o.Status, o.Paid = ordersapi.OrderStatusPaid, o.Total
	require.Nil(t, answered(t, s, pay(), http.StatusOK, o))
	require.Equal(t, 1, s.paidCount)

	st, err := s.getOrder()
	require.NoError(t, err)
	require.Nil(t, answered(t, s, st, http.StatusOK, o))
	o.Status = ordersapi.OrderStatusPending
	require.Equal(t, wrongAnswer, answered(t, s, st, http.StatusOK, o).code, "a payment is not forgotten")

	st, err = s.repeat()
	require.NoError(t, err)
	require.Equal(t, wrongAnswer, answered(t, s, st, http.StatusCreated, ordersapi.Order{ID: uuid.New()}).code,
		"a key orders once")

	st, err = s.getProfile()
	require.NoError(t, err)
	require.Equal(t, wrongAnswer, answered(t, s, st, http.StatusOK, usersapi.Profile{ID: uuid.New()}).code,
		"a profile of somebody else")

	st, err = s.listProducts()
	require.NoError(t, err)
	require.Equal(t, wrongAnswer, answered(t, s, st, http.StatusOK, ordersapi.ProductList{}).code, "an empty page")

	st, err = s.search()
	require.NoError(t, err)
	found := ordersapi.ProductList{Items: []ordersapi.Product{{Name: "Spirit level"}}}
	require.Equal(t, wrongAnswer, answered(t, s, st, http.StatusOK, found).code, "what was not searched for")

	st, err = s.listOrders()
	require.NoError(t, err)
	others := ordersapi.OrderList{Items: []ordersapi.Order{{CustomerID: uuid.New()}}}
	require.Equal(t, wrongAnswer, answered(t, s, st, http.StatusOK, others).code, "an order of somebody else")
}

// TestATokenThatEndsIsRenewed turns the clock: a request of a caller whose token ends soon is the renewal of it, and a
// caller whose refresh was not answered logs in.
func TestATokenThatEndsIsRenewed(t *testing.T) {
	t.Parallel()
	s := signedIn(t)
	later := s.clock().Add(time.Hour)
	s.clock = func() time.Time { return later }
	st, err := s.getProfile()
	require.NoError(t, err)
	require.Equal(t, "refreshSession", st.operation)
	meanwhile, err := s.getProfile()
	require.NoError(t, err)
	require.Equal(t, "listProducts", meanwhile.operation, "a token that has ended is not sent")
	require.Equal(t, noConnection, s.settle(st, answer{}, &mistake{code: noConnection}).code)
	st, err = s.getProfile()
	require.NoError(t, err)
	require.Equal(t, "startSession", st.operation, "the refresh token may have been spent")
	refresh := "another"
	tokens := usersapi.TokenSet{AccessToken: "b", RefreshToken: &refresh, ExpiresIn: 300}
	require.Nil(t, answered(t, s, st, http.StatusOK, tokens))
	st, err = s.getProfile()
	require.NoError(t, err)
	require.Equal(t, "getProfile", st.operation)
	require.Equal(t, "Bearer b", st.request.Header.Get("Authorization"))
}
