package chaos_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/usersapi"
)

// refusedAfter waits until the orders service knows the token no more, and tells how long it took.
func (w *world) refusedAfter(p person) time.Duration {
	w.t.Helper()
	began := time.Now()
	require.Eventually(w.t, func() bool {
		got, err := w.ordersAs(p).ListOrdersWithResponse(w.t.Context(), &ordersapi.ListOrdersParams{})
		require.NoError(w.t, err)
		if got.StatusCode() == http.StatusUnauthorized {
			return true
		}
		require.Equal(w.t, http.StatusOK, got.StatusCode(), string(got.Body))
		return false
	}, patience, every)
	return time.Since(began)
}

func (w *world) disable(admin, customer person) {
	w.t.Helper()
	got, err := w.usersAs(admin).DisableUserWithResponse(w.t.Context(), customer.id)
	require.NoError(w.t, err)
	require.Equal(w.t, http.StatusOK, got.StatusCode(), string(got.Body))
}

func (w *world) requireStatus(order uuid.UUID, status string) {
	w.t.Helper()
	eventually(w.t, w.ordersDB, 1, `SELECT count(*) FROM orders WHERE id = $1 AND status::text = $2`, order, status)
}

// TestWhatUsersTells ends accounts and sessions in the users service and looks at what that does in the orders service.
func TestWhatUsersTells(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin, product := w.signIn("admin", "admin"), w.product()
	disabled, loggedOut, bystander := w.signIn("ada"), w.signIn("bob"), w.signIn("cyd")
	pending, other, paid := w.order(disabled, product), w.order(disabled, product), w.order(disabled, product)
	stays, safe := w.order(loggedOut, product), w.order(bystander, product)
	payments := w.signIn("payments", "payments")
	got, err := w.ordersAs(payments).PayOrderWithResponse(t.Context(), paid.ID, ordersapi.PayOrderRequest{})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))

	w.disable(admin, disabled)
	t.Logf("the token of a disabled account is refused after %v", w.refusedAfter(disabled))
	w.requireStatus(pending.ID, "cancelled")
	w.requireStatus(other.ID, "cancelled")
	w.requireStatus(paid.ID, "paid")

	ended, err := w.usersAs(loggedOut).EndSessionWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, ended.StatusCode(), string(ended.Body))
	t.Logf("the token of a session that has ended is refused after %v", w.refusedAfter(loggedOut))
	w.requireStatus(stays.ID, "pending")
	w.requireStatus(safe.ID, "pending")
	w.order(bystander, product)
	require.Equal(t, 100-4, count(t, w.ordersDB, `SELECT available FROM stock`))

	enabled, err := w.usersAs(admin).EnableUserWithResponse(t.Context(), disabled.id)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, enabled.StatusCode(), string(enabled.Body))
	back := w.signInAgain("ada", disabled.id)
	require.Eventually(t, func() bool { // It may be a moment until that is heard.
		got, err := w.place(back, product, "welcome-back")
		return err == nil && got.StatusCode() == http.StatusCreated
	}, patience, every)

	// Fewer roles hold at once for the tokens that are out; one more ends them, and holds from the next login on.
	_, err = w.usersDB.Exec(t.Context(), `UPDATE users SET email_verified_at = now() WHERE id = $1`, bystander.id)
	require.NoError(t, err)
	for _, step := range []struct {
		roles []usersapi.Role
		sees  int
	}{
		{[]usersapi.Role{usersapi.RoleCustomer, usersapi.RoleSupport}, http.StatusOK},
		{[]usersapi.Role{usersapi.RoleCustomer}, http.StatusNotFound},
	} {
		set, err := w.usersAs(admin).SetUserRolesWithResponse(t.Context(), bystander.id,
			usersapi.SetUserRolesRequest{Roles: step.roles})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, set.StatusCode(), string(set.Body))
		if step.sees == http.StatusOK {
			t.Logf("the token of an account that was raised is refused after %v", w.refusedAfter(bystander))
			bystander = w.signInAgain("cyd", bystander.id)
		}
		require.Eventually(t, func() bool {
			got, err := w.ordersAs(bystander).GetOrderWithResponse(t.Context(), paid.ID)
			require.NoError(t, err)
			return got.StatusCode() == step.sees
		}, patience, every, "with the roles %v", step.roles)
	}

	leaver := w.signIn("dan")
	left := w.order(leaver, product)
	deleted, err := w.usersAs(admin).DeleteUserWithResponse(t.Context(), leaver.id)
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, deleted.StatusCode(), string(deleted.Body))
	t.Logf("the token of a deleted account is refused after %v", w.refusedAfter(leaver))
	w.requireStatus(left.ID, "cancelled")
}

// TestWithoutTheBus takes the bus away: nothing fails, and what was missed is made up for.
func TestWithoutTheBus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin, customer, bystander, product := w.signIn("admin", "admin"), w.signIn("ada"), w.signIn("bob"), w.product()
	l := w.listen()
	before := w.order(customer, product)
	l.requireHeard(w, map[string]int{"order.placed": 1}, before.ID)

	w.nats.Stop()
	meanwhile := w.order(bystander, product)
	w.disable(admin, customer)
	for path, served := range map[string]string{"/readyz": w.orders.OpsURL, "/livez": w.users.OpsURL} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, served+path, http.NoBody)
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode, path)
	}
	require.Equal(t, 1, count(t, w.ordersDB, `SELECT count(*) FROM outbox WHERE published_at IS NULL`))

	w.startBus()
	t.Logf("the token of a disabled account is refused %v after the bus is back", w.refusedAfter(customer))
	w.requireStatus(before.ID, "cancelled")
	l.requireHeard(w, map[string]int{"order.placed": 1, "order.cancelled": 1}, before.ID)
	l.requireHeard(w, map[string]int{"order.placed": 1}, meanwhile.ID)
}
