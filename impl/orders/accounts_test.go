package orders

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/standing"
	"example.com/plumbline/impl/platform/token"
)

// tell delivers an event of the users service, twice.
func (s *server) tell(eventType string, subject uuid.UUID, data any) {
	s.t.Helper()
	text, err := json.Marshal(data)
	require.NoError(s.t, err)
	event := events.Event{
		ID: uuid.New(), Source: "/users", Type: eventType, Subject: subject, Time: s.Clock.Now(), Data: text,
	}
	for range 2 { // A second copy changes nothing.
		require.NoError(s.t, s.service.Standing.Handle(s.t.Context(), event))
	}
}

func TestHearOfAccounts(t *testing.T) {
	t.Parallel()
	s := start(t)
	me, other := s.as(), s.as()
	product := s.product(10)
	pending, theirs := s.order(me, product, 2), s.order(other, product, 1)
	status := func(c caller) int {
		got, err := c.ListOrdersWithResponse(t.Context(), &ordersapi.ListOrdersParams{})
		require.NoError(t, err)
		return got.StatusCode()
	}
	becomes := func(c caller, want int) {
		t.Helper()
		require.Eventually(t, func() bool { return status(c) == want }, 30*time.Second, 10*time.Millisecond)
	}
	require.Equal(t, http.StatusOK, status(me))
	reads := func() uint64 { return s.service.Guard.Stats().Read }
	require.Eventually(t, func() bool { // It is remembered once the guard listens.
		before := reads()
		return status(other) == http.StatusOK && reads() == before
	}, 30*time.Second, 10*time.Millisecond)
	read := reads()

	s.Clock.Advance(time.Second)
	s.tell("user.disabled", me.id,
		standing.Account{UserID: me.id, Status: "disabled", Roles: []string{"customer"}, ChangedAt: s.Clock.Now()})
	becomes(me, http.StatusUnauthorized)
	asked := reads()
	require.Greater(t, asked, read)
	require.Equal(t, http.StatusOK, status(other))
	require.Equal(t, asked, reads(), "nothing else is forgotten than the sessions of that account")
	row, err := s.queries.GetOrder(t.Context(), pending.ID)
	require.NoError(t, err)
	require.Equal(t, ordersdb.OrderStatusCancelled, row.Status)
	require.Equal(t, int64(9), s.stock(product).Available)
	row, err = s.queries.GetOrder(t.Context(), theirs.ID)
	require.NoError(t, err)
	require.Equal(t, ordersdb.OrderStatusPending, row.Status)

	// An older event that arrives late changes nothing.
	s.tell("user.enabled", me.id, standing.Account{
		UserID: me.id, Status: "active", Roles: []string{"customer"}, ChangedAt: s.Clock.Now().Add(-time.Minute),
	})
	require.Equal(t, http.StatusUnauthorized, status(me))
	s.Clock.Advance(time.Second)
	s.tell("user.enabled", me.id,
		standing.Account{UserID: me.id, Status: "active", Roles: []string{"customer"}, ChangedAt: s.Clock.Now()})
	becomes(me, http.StatusOK)
	s.tell("user.deleted", me.id,
		standing.Account{UserID: me.id, Status: "deleted", ChangedAt: s.Clock.Now().Add(time.Second)})
	becomes(me, http.StatusUnauthorized)
	s.tell("user.renamed", me.id, map[string]string{}) // The service ignores this type.
}

func TestHearOfRoles(t *testing.T) {
	t.Parallel()
	s := start(t)
	somebody := s.as(ordersapi.RoleStaff)
	status := func(c *ordersapi.ClientWithResponses) int {
		got, err := c.CreateProductWithResponse(t.Context(), ordersapi.CreateProductRequest{
			Sku: uuid.NewString(), Name: "Brass plumb bob", Price: ordersapi.Price{Amount: 1, Currency: "EUR"},
		})
		require.NoError(t, err)
		return got.StatusCode()
	}
	require.Equal(t, http.StatusCreated, status(somebody.ClientWithResponses))
	s.Clock.Advance(time.Second)
	s.tell("user.roles_changed", somebody.id,
		standing.Account{UserID: somebody.id, Status: "active", Roles: []string{"customer"}, ChangedAt: s.Clock.Now()})
	require.Eventually(t, func() bool {
		return status(somebody.ClientWithResponses) == http.StatusForbidden
	}, 30*time.Second, 10*time.Millisecond)
	// A token that was issued after the change has the new roles.
	s.Clock.Advance(2 * time.Second)
	require.Equal(t, http.StatusCreated, status(s.client(s.access(somebody.id, ordersapi.RoleStaff))))
	require.Equal(t, http.StatusForbidden, status(somebody.ClientWithResponses))
}

func TestHearOfSessions(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, session := uuid.New(), uuid.New()
	access := func(session uuid.UUID) *ordersapi.ClientWithResponses {
		text, err := s.signer.Sign(token.Claims{
			Issuer: issuer, Audience: []string{"orders"}, Subject: id, SessionID: session, Roles: []string{"customer"},
			IssuedAt: s.Clock.Now(), ExpiresAt: s.Clock.Now().Add(5 * time.Minute), ID: uuid.NewString(),
		})
		require.NoError(t, err)
		return s.client(text)
	}
	status := func(c *ordersapi.ClientWithResponses) int {
		got, err := c.ListOrdersWithResponse(t.Context(), &ordersapi.ListOrdersParams{})
		require.NoError(t, err)
		return got.StatusCode()
	}
	one, another := access(session), access(uuid.New())
	require.Equal(t, http.StatusOK, status(one))
	s.tell("session.revoked", id, standing.SessionEnd{SessionID: session})
	require.Eventually(t, func() bool {
		return status(one) == http.StatusUnauthorized
	}, 30*time.Second, 10*time.Millisecond)
	require.Equal(t, http.StatusOK, status(another))
	require.Equal(t, http.StatusUnauthorized, status(access(session)), "every token of it")
}

// TestOrphanedOrders has an order placed while its customer is being disabled: the job cancels it.
func TestOrphanedOrders(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := s.as()
	product := s.product(10)
	s.tell("user.disabled", me.id,
		standing.Account{UserID: me.id, Status: "disabled", ChangedAt: s.Clock.Now().Add(-time.Hour)})
	late := newOrder([]line{{product: product, quantity: 1}})
	late.ID, late.Number, late.CustomerID, late.Currency = newID(), newNumber(), me.id, "EUR"
	late.Skus, late.Names, late.PriceAmounts = []string{"A"}, []string{"A"}, []int64{1}
	late.CreatedAt, late.ExpiresAt, late.EventID, late.EventData = s.Clock.Now(), s.Clock.Now(), newID(), []byte(`{}`)
	_, err := s.queries.CreateOrder(t.Context(), late)
	require.NoError(t, err)
	_, err = s.queries.ReserveStock(t.Context(),
		ordersdb.ReserveStockParams{ProductIds: late.ProductIds, Quantities: late.Quantities, UpdatedAt: s.Clock.Now()})
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, s.service.withdrawOrphaned(t.Context()))
	}
	row, err := s.queries.GetOrder(t.Context(), late.ID)
	require.NoError(t, err)
	require.Equal(t, ordersdb.OrderStatusCancelled, row.Status)
	require.Equal(t, int64(10), s.stock(product).Available)
}
