package orders

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/testkit/contracttest"
)

// model is the expected state of an order, written by hand from the prose of the document, not from the code.
type model struct {
	status         ordersapi.OrderStatus
	total          int64
	paid, refunded int64
	reference      string
	version        int64
	units          int64 // of the order
	reserved, sold int64
	by             ordersapi.OrderActor // who made the last step
	event          ordersapi.OrderEventType
}

// possible are the actions that change an order, by its status.
var possible = map[ordersapi.OrderStatus][]ordersapi.OrderAction{
	"pending":   {"pay", "cancel"},
	"paid":      {"ship", "cancel", "refund"},
	"shipped":   {"deliver", "refund"},
	"delivered": {"refund"},
}

// permitted are the roles whose holders may act on anybody's order; its customer may cancel it.
var permitted = map[ordersapi.OrderAction][]ordersapi.Role{
	"pay": {"payments"}, "ship": {"staff"}, "deliver": {"staff"}, "refund": {"staff", "payments"},
	"cancel": {"support", "staff"},
}

// actor is somebody who tries to act on the order.
type actor struct {
	caller
	name  string
	roles []ordersapi.Role
}

// GoString is how rapid writes down what it has drawn.
func (a actor) GoString() string { return a.name }

func (a actor) owns() bool { return a.name == "owner" }

func (a actor) may(does ordersapi.OrderAction) bool {
	return does == "cancel" && a.owns() ||
		slices.ContainsFunc(a.roles, func(r ordersapi.Role) bool { return slices.Contains(permitted[does], r) })
}

// allowed gives the expected allowed_actions for an actor.
func (m *model) allowed(a actor) []ordersapi.OrderAction {
	allowed := []ordersapi.OrderAction{}
	for _, does := range possible[m.status] {
		if a.may(does) {
			allowed = append(allowed, does)
		}
	}
	return allowed
}

// try is one attempt to act. A part of 0 refunds all that is left.
type try struct {
	who       actor
	does      ordersapi.OrderAction
	reference string
	part      int64
}

// expect gives the expected status and code, and whether anything changes. The code "" means success.
func (m *model) expect(x try) (status int, code ordersapi.ProblemCode, changes bool) {
	switch {
	case !x.who.may(x.does) && x.does == "cancel":
		return http.StatusNotFound, ordersapi.ProblemCodeOrderNotFound, false
	case !x.who.may(x.does):
		return http.StatusForbidden, ordersapi.ProblemCodeForbidden, false
	case x.does == "pay" && m.reference != "" && m.reference == x.reference,
		x.does == "pay" && m.reference == "" && x.reference == "" && m.status == "paid",
		x.does == "cancel" && m.status == "cancelled",
		x.does == "ship" && m.status == "shipped",
		x.does == "deliver" && m.status == "delivered",
		x.does == "refund" && x.part == 0 && m.status == "refunded":
		return http.StatusOK, "", false
	case !slices.Contains(possible[m.status], x.does):
		return http.StatusConflict, ordersapi.ProblemCodeOrderState, false
	case x.does == "refund" && x.part > m.paid-m.refunded:
		return http.StatusConflict, ordersapi.ProblemCodeRefundTooLarge, false
	default:
		return http.StatusOK, "", true
	}
}

// step changes the model as the attempt should change the order.
func (m *model) step(x try) {
	m.version++
	switch m.by = ordersapi.OrderActorStaff; {
	case x.who.owns():
		m.by = ordersapi.OrderActorCustomer
	case slices.Contains(x.who.roles, ordersapi.RolePayments):
		m.by = ordersapi.OrderActorPayments
	}
	switch x.does {
	case "pay":
		m.status, m.paid, m.reference, m.event = "paid", m.total, x.reference, "order.paid"
	case "ship":
		m.status, m.reserved, m.sold, m.event = "shipped", 0, m.units, "order.shipped"
	case "deliver":
		m.status, m.event = "delivered", "order.delivered"
	case "cancel":
		m.status, m.refunded, m.reserved, m.event = "cancelled", m.paid, 0, "order.cancelled"
	case "refund":
		m.event = "order.refunded"
		if x.part > 0 {
			m.refunded += x.part
		} else {
			m.refunded = m.paid
		}
		if m.refunded == m.paid {
			m.status, m.reserved = "refunded", 0
		}
	}
}

// ask sends an attempt and gives the status of the answer, with its order or its code.
func (x try) ask(t require.TestingT, s *server, order uuid.UUID) (int, ordersapi.Order, ordersapi.ProblemCode) {
	ctx := s.t.Context()
	var got *http.Response
	var err error
	switch x.does {
	case "pay":
		body := ordersapi.PayOrderRequest{}
		if x.reference != "" {
			reference := x.reference + "-" + order.String()
			body.Reference = &reference
		}
		got, err = x.who.PayOrder(ctx, order, body)
	case "ship":
		got, err = x.who.ShipOrder(ctx, order, ordersapi.ShipOrderRequest{})
	case "deliver":
		got, err = x.who.DeliverOrder(ctx, order, ordersapi.DeliverOrderRequest{})
	case "cancel":
		got, err = x.who.CancelOrder(ctx, order, ordersapi.CancelOrderRequest{})
	default:
		params, body := &ordersapi.RefundOrderParams{}, ordersapi.RefundOrderRequest{}
		if x.part > 0 {
			key := uuid.NewString()
			params.IdempotencyKey, body.Amount = &key, &ordersapi.RefundAmount{Amount: x.part, Currency: "EUR"}
		}
		got, err = x.who.RefundOrder(ctx, order, params, body)
	}
	require.NoError(t, err)
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	if got.StatusCode == http.StatusOK {
		var shown ordersapi.Order
		require.NoError(t, json.Unmarshal(text, &shown))
		return got.StatusCode, shown, ""
	}
	var p ordersapi.Problem
	require.NoError(t, json.Unmarshal(text, &p))
	return got.StatusCode, ordersapi.Order{}, p.Code
}

// requireShown compares an order, as an actor sees it, with the model.
func (m *model) requireShown(t require.TestingT, shown ordersapi.Order, a actor) {
	require.Equal(t, m.status, shown.Status)
	require.Equal(t, m.version, shown.Version)
	require.Equal(t, []int64{m.total, m.paid, m.refunded},
		[]int64{shown.Total.Amount, shown.Paid.Amount, shown.Refunded.Amount})
	require.ElementsMatch(t, m.allowed(a), shown.AllowedActions, "allowed_actions as %s sees them", a.name)
}

// draw makes a random attempt. Half of them are possible ones: otherwise hardly any order would get far.
func (m *model) draw(t *rapid.T, actors []actor) try {
	x := try{
		who:  rapid.SampledFrom(actors).Draw(t, "actor"),
		does: rapid.SampledFrom([]ordersapi.OrderAction{"pay", "cancel", "ship", "deliver", "refund"}).Draw(t, "action"),
	}
	if rapid.Bool().Draw(t, "goes on") {
		if x.who = rapid.SampledFrom(actors[3:5]).Draw(t, "clerk"); len(m.allowed(x.who)) > 0 {
			x.does = rapid.SampledFrom(m.allowed(x.who)).Draw(t, "allowed action")
		}
	}
	switch x.does {
	case "pay":
		x.reference = rapid.SampledFrom([]string{"", "one", "two"}).Draw(t, "reference")
	case "refund":
		left := m.paid - m.refunded
		x.part = rapid.SampledFrom([]int64{0, 1, max(left-1, 1), max(left, 1), left + 1}).Draw(t, "part")
	}
	return x
}

// TestStateMachine acts on orders at random, as every actor, and compares the answers, the allowed actions, the stock
// and the history with the model.
func TestStateMachine(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *options) {
		o.config = func(c *Config) { c.PayWithin = always(time.Minute) }
	})
	rapid.Check(t, func(t *rapid.T) {
		actors := []actor{
			{name: "owner", roles: []ordersapi.Role{"customer"}},
			{name: "another customer", roles: []ordersapi.Role{"customer"}},
			{name: "support", roles: []ordersapi.Role{"support"}}, {name: "staff", roles: []ordersapi.Role{"staff"}},
			{name: "payments", roles: []ordersapi.Role{"payments"}}, {name: "admin", roles: []ordersapi.Role{"admin"}},
		}
		for i := range actors {
			actors[i].caller = s.as(actors[i].roles...)
		}
		price := rapid.SampledFrom([]int64{0, 1, 2490}).Draw(t, "price")
		units := rapid.Int64Range(1, 3).Draw(t, "units")
		product := s.product(1000, func(p *ordersdb.CreateProductParams) { p.PriceAmount = price })
		order := s.order(actors[0].caller, product, int32(units))
		m := &model{status: "pending", total: price * units, version: 1, units: units, reserved: units}
		m.requireShown(t, order, actors[0])

		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			if m.status == "pending" && rapid.IntRange(0, 9).Draw(t, "fate") == 0 {
				s.Clock.Advance(time.Minute)
				require.NoError(t, s.service.expireOverdue(s.t.Context()))
				m.status, m.reserved, m.by, m.event = "expired", 0, ordersapi.OrderActorSystem, "order.expired"
				m.version++
			} else {
				x := m.draw(t, actors)
				wanted, code, changes := m.expect(x)
				status, shown, refusal := x.ask(t, s, order.ID)
				require.Equal(t, wanted, status, "%s by %s when it is %s: %s", x.does, x.who.name, m.status, refusal)
				require.Equal(t, code, refusal)
				if changes {
					m.step(x)
				}
				if status == http.StatusOK {
					m.requireShown(t, shown, x.who)
				}
			}
			reader := rapid.SampledFrom([]actor{actors[0], actors[2], actors[3], actors[5]}).Draw(t, "reader")
			got, err := reader.GetOrderWithResponse(s.t.Context(), order.ID)
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))
			m.requireShown(t, *contracttest.Body(t, got, got.JSON200), reader)
		}

		stock := s.stock(product)
		require.Equal(t, []int64{1000 - m.reserved - m.sold, m.reserved, m.sold},
			[]int64{stock.Available, stock.Reserved, stock.Sold})
		history, err := actors[0].ListOrderEventsWithResponse(s.t.Context(), order.ID, &ordersapi.ListOrderEventsParams{})
		require.NoError(t, err)
		require.Len(t, contracttest.Body(t, history, history.JSON200).Items, int(m.version))
		if last := contracttest.Body(t, history, history.JSON200).Items[m.version-1]; m.version > 1 {
			require.Equal(t, m.event, last.Type)
			require.Equal(t, m.by, last.By)
			require.Equal(t, m.status, last.Status)
		}
	})
}
