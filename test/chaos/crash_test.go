package chaos_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/testkit/contracttest"
)

// TestKilledAfterTheCommit kills the orders service between the commit of an order and the publication of its event,
// and between the publication and its mark in the outbox. The caller may have had no answer, and repeats the request.
func TestKilledAfterTheCommit(t *testing.T) {
	t.Parallel()
	for _, place := range []string{"outbox.before-publish", "outbox.after-publish"} {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			customer, product := w.signIn("ada"), w.product()
			w.restartOrders(place + "=kill")
			first, err := w.place(customer, product, "one")
			if err == nil {
				require.Equal(t, http.StatusCreated, first.StatusCode(), string(first.Body))
			}
			w.requireKilled()
			require.Equal(t, 1, count(t, w.ordersDB, `SELECT count(*) FROM orders`))
			require.Equal(t, 1, count(t, w.ordersDB, `SELECT count(*) FROM outbox WHERE published_at IS NULL`),
				"nobody has noted that it is published")

			l := w.listen()
			w.startOrders("")
			again, err := w.place(customer, product, "one")
			require.NoError(t, err)
			require.Equal(t, http.StatusCreated, again.StatusCode(), string(again.Body))
			require.Equal(t, "true", again.HTTPResponse.Header.Get("Idempotency-Replayed"))
			if first != nil {
				require.Equal(t, string(first.Body), string(again.Body))
			}
			l.requireHeard(w, map[string]int{"order.placed": 1}, contracttest.Body(t, again, again.JSON201).ID)
			require.Equal(t, 1, count(t, w.ordersDB, `SELECT count(*) FROM orders`))
			require.Equal(t, 1, count(t, w.ordersDB, `SELECT reserved FROM stock`))
		})
	}
}

// TestKilledWhileItHears kills the orders service while it handles the event that an account is disabled, before the
// commit.
func TestKilledWhileItHears(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customer, admin, product := w.signIn("ada"), w.signIn("admin", "admin"), w.product()
	l := w.listen()
	order := w.order(customer, product)
	l.requireHeard(w, map[string]int{"order.placed": 1}, order.ID)
	eventually(t, w.ordersDB, 2, `SELECT count(*) FROM inbox`) // The administrator's role, and the order for its webhooks.
	w.restartOrders("inbox.before-commit=kill")
	disabled, err := w.usersAs(admin).DisableUserWithResponse(t.Context(), customer.id)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, disabled.StatusCode(), string(disabled.Body))
	w.requireKilled()
	require.Zero(t, count(t, w.ordersDB, `SELECT count(*) FROM accounts WHERE user_id = $1`, customer.id))
	require.Equal(t, 1, count(t, w.ordersDB, `SELECT count(*) FROM orders WHERE status = 'pending'`))

	w.startOrders("")
	l.requireHeard(w, map[string]int{"order.placed": 1, "order.cancelled": 1}, order.ID)
	const ended = `SELECT count(*) FROM accounts WHERE user_id = $1 AND status = 'disabled'`
	require.Equal(t, 1, count(t, w.ordersDB, ended, customer.id))
	require.Equal(t, 100, count(t, w.ordersDB, `SELECT available FROM stock`))
}
