package orders

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/gen/standingdb"
	"example.com/plumbline/impl/devkit/natsserver"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/standing"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/webhook"
	"example.com/plumbline/impl/testkit/webhooktest"
)

// today sets the clock of a server to the real time, which the queue uses.
func today(o *options) { o.clock.Advance(time.Since(o.clock.Now())) }

// on makes a server share the database and the clock of another, as a second replica.
func on(other *server) func(*options) {
	return func(o *options) {
		o.pool = func(testing.TB) *pgxpool.Pool { return other.Pool }
		o.clock = other.Clock
	}
}

// works lets the jobs run until the test ends.
func (s *server) works() {
	s.t.Helper()
	require.NoError(s.t, s.service.Jobs.Start(s.t.Context()))
	s.t.Cleanup(func() { require.NoError(s.t, s.service.Jobs.Stop(context.Background())) })
}

func (s *server) eventually(what string, is func() bool) {
	s.t.Helper()
	require.Eventually(s.t, is, patience, 10*time.Millisecond, what)
}

// publishes relays the events of the service to the bus and consumes them, until the test ends.
func (s *server) publishes() {
	s.t.Helper()
	nats, err := natsserver.Start(s.t.Context(), natsserver.Options{Dir: s.t.TempDir()})
	require.NoError(s.t, err)
	s.t.Cleanup(nats.Stop)
	bus, err := events.Connect(events.Server{URLs: nats.URL()}, "orders", s.Logger.Logger)
	require.NoError(s.t, err)
	s.t.Cleanup(bus.Close)
	database, registry := s.Pool.Config().ConnConfig, prometheus.NewRegistry()
	relay, err := events.NewRelay(events.RelayConfig{
		Service: "orders", Database: database, Bus: bus, Registry: registry, Log: s.Logger.Logger,
	})
	require.NoError(s.t, err)
	consumer, err := events.NewConsumer(events.ConsumerConfig{
		Service: "orders", Name: "webhooks", Database: database, Bus: bus, Handle: s.service.createDeliveries,
		Registry: registry, Log: s.Logger.Logger,
	})
	require.NoError(s.t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	var both sync.WaitGroup
	both.Go(func() { relay.Run(ctx) })
	both.Go(func() { consumer.Run(ctx) })
	s.t.Cleanup(func() {
		cancel()
		both.Wait()
	})
}

// TestAnOrderIsTold follows the event of an order to a receiver that fails at first.
func TestAnOrderIsTold(t *testing.T) {
	t.Parallel()
	s, r := start(t, today), newReceiver(t)
	made := s.subscribe(r.URL)
	r.answers(http.StatusServiceUnavailable)
	s.publishes()
	s.works()
	order := s.order(s.as(), s.product(10), 2)
	s.eventually("the first attempt", func() bool { return len(r.all()) == 1 })
	r.answers(http.StatusNoContent)
	s.eventually("the second attempt",
		func() bool { return s.delivery(made.Webhook.ID).Status == ordersapi.WebhookDeliveryStatusDelivered })
	require.Len(t, r.all(), 2)
	got := r.all()[1]
	require.NoError(t, webhooktest.Verify(got.header, got.body, time.Now(), telemetry.NewSecret(made.Secret)))
	var data struct {
		Type string     `json:"type"`
		Data orderEvent `json:"data"`
	}
	require.NoError(t, json.Unmarshal(got.body, &data))
	require.Equal(t, "order.placed", data.Type)
	require.Equal(t, order.ID, data.Data.OrderID)
	require.Equal(t, int64(1), data.Data.Sequence)
	require.Equal(t, order.Total, data.Data.Total)
	var event uuid.UUID
	require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT id FROM outbox WHERE subject = $1", order.ID).Scan(&event))
	require.Equal(t, event.String(), got.header.Get(webhook.IDHeader))
}

// TestTwoReplicasDeliverOnce has two replicas work on one queue.
func TestTwoReplicasDeliverOnce(t *testing.T) {
	t.Parallel()
	first := start(t, today)
	second := start(t, on(first))
	receivers := []*receiver{newReceiver(t), newReceiver(t)}
	for _, r := range receivers {
		first.subscribe(r.URL)
	}
	first.works()
	second.works()
	const each = 50
	for range each {
		second.placed()
	}
	for _, r := range receivers {
		first.eventually("all", func() bool { return len(r.all()) >= each })
	}
	first.eventually("recorded", func() bool {
		const once = "SELECT count(*) FROM webhook_deliveries WHERE status = 'delivered' AND attempts = 1"
		return first.count(once) == each*len(receivers)
	})
	for _, r := range receivers {
		ids := map[string]int{}
		for _, got := range r.all() {
			ids[got.header.Get(webhook.IDHeader)]++
		}
		require.Len(t, ids, each)
		require.Len(t, r.all(), each)
	}
}

// TestOverdueWorkIsDone shows that the periodic jobs run.
func TestOverdueWorkIsDone(t *testing.T) {
	t.Parallel()
	s := start(t, today)
	me, other := s.as(), s.as()
	product := s.product(10)
	forgotten, orphaned := s.order(me, product, 1), s.order(other, product, 2)
	_, err := standingdb.New(s.Pool).KeepAccount(t.Context(),
		standingdb.KeepAccountParams{UserID: other.id, Status: "disabled", Roles: []string{}, ChangedAt: s.Clock.Now()})
	require.NoError(t, err)
	err = standingdb.New(s.Pool).EndSession(t.Context(),
		standingdb.EndSessionParams{SessionID: uuid.New(), EndedAt: s.Clock.Now().Add(-2 * standing.Memory)})
	require.NoError(t, err)
	s.works()
	s.eventually("withdrawn", func() bool { return s.status(orphaned.ID) == ordersdb.OrderStatusCancelled })
	s.eventually("purged", func() bool {
		var left int
		return s.Pool.QueryRow(t.Context(), "SELECT count(*) FROM ended_sessions").Scan(&left) == nil && left == 0
	})
	require.Equal(t, ordersdb.OrderStatusPending, s.status(forgotten.ID))
	s.Clock.Advance(30 * time.Minute)
	s.eventually("expired", func() bool { return s.status(forgotten.ID) == ordersdb.OrderStatusExpired })
	require.Equal(t, int64(10), s.stock(product).Available)
}

func (s *server) status(order uuid.UUID) ordersdb.OrderStatus {
	s.t.Helper()
	row, err := s.queries.GetOrder(s.t.Context(), order)
	require.NoError(s.t, err)
	return row.Status
}

// TestExpiryRacesPayment has two replicas expire orders that are being paid: each order is either paid or expired,
// once.
func TestExpiryRacesPayment(t *testing.T) {
	t.Parallel()
	first := start(t, generous)
	second := start(t, on(first))
	me, product := first.as(), first.product(1000)
	const all = 60
	ids := make([]uuid.UUID, all)
	for i := range ids {
		ids[i] = first.order(me, product, 1).ID
	}
	first.Clock.Advance(30 * time.Minute)
	payments := first.as(ordersapi.RolePayments)
	var racing sync.WaitGroup
	paid := 0
	racing.Go(func() {
		for _, id := range ids {
			got, err := payments.PayOrderWithResponse(t.Context(), id, ordersapi.PayOrderRequest{})
			switch {
			case err != nil:
				t.Error(err)
			case got.StatusCode() == http.StatusOK:
				paid++
			case got.StatusCode() != http.StatusConflict:
				t.Errorf("%d: %s", got.StatusCode(), got.Body)
			}
		}
	})
	for _, s := range []*server{first, second, first, second} {
		racing.Go(func() {
			if err := s.service.expireOverdue(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	racing.Wait()
	var expired, steps int
	err := first.Pool.QueryRow(t.Context(),
		"SELECT count(*) FILTER (WHERE status = 'expired'), sum(version) FROM orders").Scan(&expired, &steps)
	require.NoError(t, err)
	require.Equal(t, all, paid+expired)
	require.Equal(t, 2*all, steps)
	var told, written int
	err = first.Pool.QueryRow(t.Context(), `SELECT count(*), count(DISTINCT subject) FROM outbox
		WHERE type IN ('order.paid', 'order.expired')`).Scan(&told, &written)
	require.NoError(t, err)
	require.Equal(t, []int{all, all}, []int{told, written})
	require.Equal(t, int64(1000-paid), first.stock(product).Available)
	require.Equal(t, int64(paid), first.stock(product).Reserved)
}

func TestPurge(t *testing.T) {
	t.Parallel()
	s, r := start(t), newReceiver(t)
	made := s.subscribe(r.URL)
	me := s.as()
	s.order(me, s.product(10), 1) // It has a key.
	s.placed()
	s.tell("session.revoked", uuid.New(), standing.SessionEnd{SessionID: uuid.New()})
	s.tell("user.disabled", uuid.New(), standing.Account{UserID: uuid.New(), Status: "disabled", ChangedAt: s.Clock.Now()})
	left := func() (counts [4]int) {
		for i, table := range []string{"idempotency_keys", "ended_sessions", "accounts", "webhook_deliveries"} {
			require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&counts[i]))
		}
		return counts
	}
	for _, c := range []struct {
		age  time.Duration
		want [4]int
	}{
		{0, [4]int{1, 1, 1, 1}},
		{standing.Memory, [4]int{1, 1, 1, 1}},
		{standing.Memory + time.Second, [4]int{1, 0, 0, 1}},
		{24 * time.Hour, [4]int{0, 0, 0, 1}},
		{deliveryMemory, [4]int{0, 0, 0, 1}},
		{deliveryMemory + time.Second, [4]int{}},
	} {
		s.Clock.Advance(c.age - s.Clock.Now().Sub(made.Webhook.CreatedAt))
		require.NoError(t, s.service.Purge(t.Context()))
		require.Equal(t, c.want, left(), c.age)
	}
}

func TestPurgeGoesOnUntilNothingIsLeft(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, err := s.Pool.Exec(t.Context(),
		"INSERT INTO ended_sessions (session_id, ended_at) SELECT gen_random_uuid(), $1 FROM generate_series(1, $2::integer)",
		s.Clock.Now().Add(-2*standing.Memory), 2*postgres.BatchSize+1)
	require.NoError(t, err)
	require.NoError(t, s.service.Purge(t.Context()))
	var left int
	require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT count(*) FROM ended_sessions").Scan(&left))
	require.Zero(t, left)
}
