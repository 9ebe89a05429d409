package orders

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/webhook"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/webhooktest"
)

const patience = time.Minute // for a machine that is busy with other tests

// receiver stands in for another system; a test sets its answers.
type receiver struct {
	*httptest.Server

	mu     sync.Mutex
	got    []received
	status int
}

type received struct {
	header http.Header
	body   []byte
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{status: http.StatusNoContent}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, received{request.Header, body})
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answers(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received(nil), r.got...)
}

// subscribe creates a webhook for order.placed.
func (s *server) subscribe(url string) ordersapi.WebhookWithSecret {
	s.t.Helper()
	got, err := s.as(ordersapi.RoleAdmin).CreateWebhookWithResponse(s.t.Context(), ordersapi.CreateWebhookRequest{
		URL: url, EventTypes: []ordersapi.OrderEventType{ordersapi.OrderEventTypeOrderPlaced},
	})
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusCreated, got.StatusCode(), string(got.Body))
	return *contracttest.Body(s.t, got, got.JSON201)
}

// placed delivers an event order.placed to the service, twice, as the bus may.
func (s *server) placed() events.Event {
	s.t.Helper()
	e := events.Event{
		ID: uuid.New(), Source: "/orders", Type: string(ordersapi.OrderEventTypeOrderPlaced), Subject: uuid.New(),
		Time: s.Clock.Now().UTC(), Data: json.RawMessage(`{"sequence":1}`),
	}
	for range 2 {
		require.NoError(s.t, s.service.createDeliveries(s.t.Context(), e))
	}
	return e
}

// deliveries reads the deliveries of a webhook, the newest first.
func (s *server) deliveries(id uuid.UUID) []ordersapi.WebhookDelivery {
	s.t.Helper()
	got, err := s.as(ordersapi.RoleAdmin).ListWebhookDeliveriesWithResponse(s.t.Context(), id,
		&ordersapi.ListWebhookDeliveriesParams{})
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, got.StatusCode(), string(got.Body))
	return contracttest.Body(s.t, got, got.JSON200).Items
}

// delivery reads the only delivery of a webhook.
func (s *server) delivery(id uuid.UUID) ordersapi.WebhookDelivery {
	s.t.Helper()
	all := s.deliveries(id)
	require.Len(s.t, all, 1)
	return all[0]
}

// queued is a job that sends a delivery.
type queued struct {
	Args        deliverWebhook
	Queue       string
	ScheduledAt time.Time
}

// queued lists all jobs that were ever inserted, the newest last. The queue runs only where a test starts it.
func (s *server) queued() []queued {
	s.t.Helper()
	rows, err := s.Pool.Query(s.t.Context(),
		"SELECT args, queue, scheduled_at FROM river_job WHERE kind = 'deliver_webhook' ORDER BY id")
	require.NoError(s.t, err)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[queued])
	require.NoError(s.t, err)
	return all
}

// attempt runs the newest job and gives it.
func (s *server) attempt() queued {
	s.t.Helper()
	all := s.queued()
	job := all[len(all)-1]
	require.NoError(s.t, s.service.attemptDelivery(s.t.Context(), job.Args, job.Queue))
	return job
}

func (s *server) replay(webhookID, delivery uuid.UUID) *ordersapi.ReplayWebhookDeliveryResponse {
	s.t.Helper()
	got, err := s.as(ordersapi.RoleAdmin).ReplayWebhookDeliveryWithResponse(s.t.Context(), webhookID, delivery)
	require.NoError(s.t, err)
	return got
}

func TestDelivery(t *testing.T) {
	t.Parallel()
	s, r := start(t), newReceiver(t)
	made := s.subscribe(r.URL)
	e := s.placed()
	require.Equal(t, []queued{
		{Args: deliverWebhook{DeliveryID: s.delivery(made.Webhook.ID).ID, Attempt: 1}, Queue: promptLane},
	}, withoutTime(s.queued()))
	require.Equal(t, ordersapi.WebhookDeliveryStatusPending, s.delivery(made.Webhook.ID).Status)
	require.NotNil(t, s.delivery(made.Webhook.ID).NextAttemptAt)
	for range 2 { // A job may run more than once.
		s.attempt()
	}
	require.Len(t, r.all(), 1)
	got := r.all()[0]
	require.NoError(t, webhooktest.Verify(got.header, got.body, s.Clock.Now(), telemetry.NewSecret(made.Secret)))
	require.Equal(t, e.ID.String(), got.header.Get(webhook.IDHeader))
	require.JSONEq(t, `{"type":"order.placed","timestamp":"`+e.Time.Format(time.RFC3339Nano)+`","data":{"sequence":1}}`,
		string(got.body))

	d := s.delivery(made.Webhook.ID)
	require.Equal(t, ordersapi.WebhookDeliveryStatusDelivered, d.Status)
	require.Equal(t, int32(1), d.Attempts)
	require.Equal(t, int32(http.StatusNoContent), *d.ResponseStatus)
	require.Equal(t, e.ID, d.EventID)
	require.Equal(t, e.Subject, d.OrderID)
	require.NotNil(t, d.LastAttemptAt)
	require.Nil(t, d.NextAttemptAt)
	require.Nil(t, d.Failure)
	require.InEpsilon(t, 1, testutil.ToFloat64(s.service.sent.deliveries.WithLabelValues("delivered")), 0)
}

func withoutTime(all []queued) []queued {
	for i := range all {
		all[i].ScheduledAt = time.Time{}
	}
	return all
}

func TestDeliveryGoesToWhomItConcerns(t *testing.T) {
	t.Parallel()
	s, r := start(t), newReceiver(t)
	admin := s.as(ordersapi.RoleAdmin)
	one, other, disabled := s.subscribe(r.URL), s.subscribe(r.URL), s.subscribe(r.URL)
	no := false
	_, err := admin.UpdateWebhookWithResponse(t.Context(), disabled.Webhook.ID,
		ordersapi.UpdateWebhookRequest{Enabled: &no})
	require.NoError(t, err)
	got, err := admin.CreateWebhookWithResponse(t.Context(), ordersapi.CreateWebhookRequest{
		URL: r.URL, EventTypes: []ordersapi.OrderEventType{ordersapi.OrderEventTypeOrderPaid},
	})
	require.NoError(t, err)
	s.placed()
	require.Len(t, s.queued(), 2)
	s.delivery(one.Webhook.ID)
	s.delivery(other.Webhook.ID)
	require.Empty(t, s.deliveries(disabled.Webhook.ID))
	require.Empty(t, s.deliveries(contracttest.Body(t, got, got.JSON201).Webhook.ID))
}

// TestACopyOfAnEvent delivers a copy after another webhook was created, and after the inbox has forgotten the event.
func TestACopyOfAnEvent(t *testing.T) {
	t.Parallel()
	s, r := start(t), newReceiver(t)
	made := s.subscribe(r.URL)
	e := s.placed()
	later := s.subscribe(r.URL)
	require.NoError(t, s.service.createDeliveries(t.Context(), e))
	require.Empty(t, s.deliveries(later.Webhook.ID))
	require.Len(t, s.queued(), 1)

	_, err := s.Pool.Exec(t.Context(), "DELETE FROM inbox")
	require.NoError(t, err)
	_, err = s.as(ordersapi.RoleAdmin).DeleteWebhookWithResponse(t.Context(), later.Webhook.ID)
	require.NoError(t, err)
	require.NoError(t, s.service.createDeliveries(t.Context(), e))
	s.delivery(made.Webhook.ID)
	require.Len(t, s.queued(), 1)
}

// TestDeliveryIsRepeated makes an attempt after each pause of the schedule; the last one succeeds or fails.
func TestDeliveryIsRepeated(t *testing.T) {
	t.Parallel()
	pauses := []time.Duration{
		5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour,
		20 * time.Hour, 24 * time.Hour,
	}
	for name, last := range map[string]int{"delivered": http.StatusOK, "failed": http.StatusInternalServerError} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r := start(t), newReceiver(t)
			made := s.subscribe(r.URL)
			e := s.placed()
			r.answers(http.StatusServiceUnavailable)
			for i, pause := range pauses {
				s.attempt()
				d := s.delivery(made.Webhook.ID)
				require.Equal(t, ordersapi.WebhookDeliveryStatusPending, d.Status)
				require.Equal(t, int32(i+1), d.Attempts)
				require.Equal(t, "refused", *d.Failure)
				require.Equal(t, int32(http.StatusServiceUnavailable), *d.ResponseStatus)
				require.WithinDuration(t, s.Clock.Now().Add(pause), *d.NextAttemptAt, pause/10+time.Millisecond)
				require.WithinDuration(t, *d.NextAttemptAt, s.queued()[i+1].ScheduledAt, 0)
				s.Clock.Advance(d.NextAttemptAt.Sub(s.Clock.Now()))
			}
			r.answers(last)
			s.attempt()
			d := s.delivery(made.Webhook.ID)
			require.Equal(t, ordersapi.WebhookDeliveryStatus(name), d.Status)
			require.Equal(t, int32(10), d.Attempts)
			require.Nil(t, d.NextAttemptAt)
			require.Len(t, s.queued(), 10, "no further attempt")
			require.Len(t, r.all(), 10)
			for _, got := range r.all() {
				require.Equal(t, e.ID.String(), got.header.Get(webhook.IDHeader))
				require.Equal(t, r.all()[0].body, got.body)
			}
			err := webhooktest.Verify(r.all()[9].header, r.all()[9].body, s.Clock.Now(), telemetry.NewSecret(made.Secret))
			require.NoError(t, err, "signed anew")
			require.InEpsilon(t, 9, testutil.ToFloat64(s.service.sent.deliveries.WithLabelValues("retried")), 0)
			require.InEpsilon(t, 1, testutil.ToFloat64(s.service.sent.deliveries.WithLabelValues(name)), 0)
		})
	}
}

// TestDeliveryIsNotRepeatedTwice has two workers run one job at the same time: the job has one successor.
func TestDeliveryIsNotRepeatedTwice(t *testing.T) {
	t.Parallel()
	s := start(t)
	var arrived sync.WaitGroup
	arrived.Add(2)
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		arrived.Done()
		arrived.Wait()
		w.WriteHeader(http.StatusBadGateway)
	}))
	t.Cleanup(busy.Close)
	made := s.subscribe(busy.URL)
	s.placed()
	job := s.queued()[0]
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if err := s.service.attemptDelivery(t.Context(), job.Args, job.Queue); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	require.Len(t, s.queued(), 2)
	require.Equal(t, int32(1), s.delivery(made.Webhook.ID).Attempts)
}

func TestReplayWebhookDelivery(t *testing.T) {
	t.Parallel()
	s, r := start(t), newReceiver(t)
	made := s.subscribe(r.URL)
	s.placed()
	d := s.delivery(made.Webhook.ID)

	// A delivery that is about to be sent has a job already.
	again := s.replay(made.Webhook.ID, d.ID)
	require.Equal(t, http.StatusAccepted, again.StatusCode(), string(again.Body))
	require.Equal(t, ordersapi.WebhookDeliveryStatusPending, contracttest.Body(t, again, again.JSON202).Status)
	require.Len(t, s.queued(), 1)

	// A delivery that was delivered is sent once more, with the same id.
	s.attempt()
	s.Clock.Advance(time.Hour)
	for range 2 {
		again = s.replay(made.Webhook.ID, d.ID)
		require.Equal(t, http.StatusAccepted, again.StatusCode(), string(again.Body))
		require.Equal(t, ordersapi.WebhookDeliveryStatusPending, contracttest.Body(t, again, again.JSON202).Status)
		require.Equal(t, s.Clock.Now(), contracttest.Body(t, again, again.JSON202).NextAttemptAt.UTC())
	}
	require.Len(t, s.queued(), 2)
	r.answers(http.StatusServiceUnavailable)
	require.Equal(t, 1, s.attempt().Args.Attempt, "the schedule begins anew")
	require.Len(t, r.all(), 2)
	require.Equal(t, r.all()[0].header.Get(webhook.IDHeader), r.all()[1].header.Get(webhook.IDHeader))
	require.Equal(t, r.all()[0].body, r.all()[1].body)

	// A delivery that waits for its next attempt is sent at once, and the job of that attempt is void.
	waiting := s.queued()[2]
	require.Equal(t, 2, waiting.Args.Attempt)
	for range 2 {
		require.Equal(t, http.StatusAccepted, s.replay(made.Webhook.ID, d.ID).StatusCode())
	}
	require.Len(t, s.queued(), 4)
	s.attempt() // It moves to the queue of lagging receivers.
	s.attempt()
	require.Len(t, r.all(), 3)
	require.NoError(t, s.service.attemptDelivery(t.Context(), waiting.Args, waiting.Queue))
	require.Len(t, r.all(), 3)
	r.answers(http.StatusNoContent)
	s.attempt()
	d = s.delivery(made.Webhook.ID)
	require.Equal(t, ordersapi.WebhookDeliveryStatusDelivered, d.Status)
	require.Equal(t, int32(4), d.Attempts)

	// An unknown delivery and that of another webhook are not found.
	other := s.subscribe(r.URL)
	for _, id := range [][2]uuid.UUID{{made.Webhook.ID, uuid.New()}, {other.Webhook.ID, d.ID}, {uuid.New(), d.ID}} {
		missing := s.replay(id[0], id[1])
		require.Equal(t, http.StatusNotFound, missing.StatusCode())
		require.Equal(t, ordersapi.ProblemCodeDeliveryNotFound, codeIn(t, missing.Body))
	}
}

// Nothing is sent to a disabled webhook, and a replay does not promise that it will be.
func TestNoReplayToADisabledWebhook(t *testing.T) {
	t.Parallel()
	s, r := start(t), newReceiver(t)
	made := s.subscribe(r.URL)
	s.placed()
	waiting := s.delivery(made.Webhook.ID)
	enable := func(enabled bool) {
		answer, err := s.as(ordersapi.RoleAdmin).UpdateWebhookWithResponse(t.Context(), made.Webhook.ID,
			ordersapi.UpdateWebhookRequest{Enabled: &enabled})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, answer.StatusCode())
	}
	refused := func() {
		answer := s.replay(made.Webhook.ID, waiting.ID)
		require.Equal(t, http.StatusConflict, answer.StatusCode(), string(answer.Body))
		require.Equal(t, ordersapi.ProblemCodeWebhookDisabled, codeIn(t, answer.Body))
	}
	enable(false)
	refused() // The delivery waits for a first attempt that will not be made.
	s.attempt()
	failed := s.delivery(made.Webhook.ID)
	refused()
	require.Equal(t, failed, s.delivery(made.Webhook.ID))
	require.Len(t, s.queued(), 1)
	enable(true)
	require.Equal(t, http.StatusAccepted, s.replay(made.Webhook.ID, waiting.ID).StatusCode())
	s.attempt()
	require.Len(t, r.all(), 1)
}

func TestDeliveryToADisabledOrRemovedWebhook(t *testing.T) {
	t.Parallel()
	s, r := start(t), newReceiver(t)
	admin := s.as(ordersapi.RoleAdmin)
	disabled := s.subscribe(r.URL)
	s.placed()
	no := false
	_, err := admin.UpdateWebhookWithResponse(t.Context(), disabled.Webhook.ID,
		ordersapi.UpdateWebhookRequest{Enabled: &no})
	require.NoError(t, err)
	s.attempt()
	d := s.delivery(disabled.Webhook.ID)
	require.Equal(t, ordersapi.WebhookDeliveryStatusFailed, d.Status)
	require.Equal(t, "disabled", *d.Failure)
	require.Zero(t, d.Attempts)
	require.InEpsilon(t, 1, testutil.ToFloat64(s.service.sent.deliveries.WithLabelValues("failed")), 0)

	removed := s.subscribe(r.URL)
	s.placed()
	_, err = admin.DeleteWebhookWithResponse(t.Context(), removed.Webhook.ID)
	require.NoError(t, err)
	s.attempt()
	require.Empty(t, r.all())
}

func TestAReceiverThatIsGoneDisablesItsWebhook(t *testing.T) {
	t.Parallel()
	s, r := start(t), newReceiver(t)
	made, moved := s.subscribe(r.URL), s.subscribe(r.URL+"/old")
	s.placed()
	r.answers(http.StatusGone)
	s.Clock.Advance(time.Second)
	jobs := s.queued()
	for _, job := range jobs {
		require.NoError(t, s.service.attemptDelivery(t.Context(), job.Args, job.Queue))
	}
	require.Len(t, s.queued(), len(jobs), "it is not tried again")
	for _, id := range []uuid.UUID{made.Webhook.ID, moved.Webhook.ID} {
		d := s.delivery(id)
		require.Equal(t, ordersapi.WebhookDeliveryStatusFailed, d.Status)
		require.Equal(t, "gone", *d.Failure)
		require.Equal(t, int32(http.StatusGone), *d.ResponseStatus)
		got, err := s.as(ordersapi.RoleAdmin).GetWebhookWithResponse(t.Context(), id)
		require.NoError(t, err)
		require.False(t, contracttest.Body(t, got, got.JSON200).Enabled)
		require.Equal(t, s.Clock.Now(), contracttest.Body(t, got, got.JSON200).UpdatedAt)
	}

	// A webhook whose address has changed since is not disabled.
	yes := true
	elsewhere := r.URL + "/new"
	_, err := s.as(ordersapi.RoleAdmin).UpdateWebhookWithResponse(t.Context(), moved.Webhook.ID,
		ordersapi.UpdateWebhookRequest{URL: &elsewhere, Enabled: &yes})
	require.NoError(t, err)
	err = s.queries.MarkWebhook(t.Context(),
		ordersdb.MarkWebhookParams{ID: moved.Webhook.ID, Url: moved.Webhook.URL, Gone: true, Now: s.Clock.Now()})
	require.NoError(t, err)
	got, err := s.as(ordersapi.RoleAdmin).GetWebhookWithResponse(t.Context(), moved.Webhook.ID)
	require.NoError(t, err)
	require.True(t, contracttest.Body(t, got, got.JSON200).Enabled)
}

// TestAPrivateAddressIsNotSentTo has a webhook with a private address, which could not be created any more.
func TestAPrivateAddressIsNotSentTo(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *options) { o.config = func(c *Config) { c.AllowPrivate = false } })
	var connected atomic.Int64
	private := httptest.NewUnstartedServer(http.NotFoundHandler())
	private.Config.ConnState = func(net.Conn, http.ConnState) { connected.Add(1) }
	private.StartTLS()
	t.Cleanup(private.Close)
	made := s.subscribe("https://hooks.example.com/")
	_, err := s.Pool.Exec(t.Context(), "UPDATE webhooks SET url = $1", private.URL)
	require.NoError(t, err)
	s.placed()
	s.attempt()
	d := s.delivery(made.Webhook.ID)
	require.Equal(t, ordersapi.WebhookDeliveryStatusFailed, d.Status)
	require.Equal(t, "bad_url", *d.Failure)
	require.Nil(t, d.ResponseStatus)
	require.Len(t, s.queued(), 1, "it is not tried again")
	require.Zero(t, connected.Load())
}

func TestPauseAfter(t *testing.T) {
	t.Parallel()
	for reason, want := range map[webhook.Reason]bool{
		webhook.BadURL: false, webhook.Forbidden: false, webhook.Gone: false,
		webhook.Unresolved: true, webhook.Unreached: true, webhook.Untrusted: true, webhook.TimedOut: true,
		webhook.Redirected: true, webhook.Refused: true, failureUnsigned: true,
	} {
		_, again := pauseAfter(reason, 1)
		require.Equal(t, want, again, reason)
		_, again = pauseAfter(reason, webhook.MaxAttempts)
		require.False(t, again, reason)
	}
}

// TestAStatusThatIsNone has a receiver answer with a status that is not a valid one, as some do.
func TestAStatusThatIsNone(t *testing.T) {
	t.Parallel()
	s, r := start(t), newReceiver(t)
	made := s.subscribe(r.URL)
	s.placed()
	r.answers(999)
	s.attempt()
	d := s.delivery(made.Webhook.ID)
	require.Equal(t, "refused", *d.Failure)
	require.Nil(t, d.ResponseStatus)
	require.Equal(t, int32(1), d.Attempts)
}

// TestAReceiverThatLags has a slow receiver served by a queue of its own until it is quick again.
func TestAReceiverThatLags(t *testing.T) {
	t.Parallel()
	s, r := start(t), newReceiver(t)
	made := s.subscribe(r.URL)
	s.placed()
	s.placed()
	r.answers(http.StatusServiceUnavailable)
	s.attempt()
	jobs := s.queued()
	require.Equal(t, []string{promptLane, promptLane, laggingLane}, []string{jobs[0].Queue, jobs[1].Queue, jobs[2].Queue})

	require.NoError(t, s.service.attemptDelivery(t.Context(), jobs[0].Args, jobs[0].Queue))
	require.Len(t, r.all(), 1, "it moves instead")
	jobs = s.queued()
	require.Equal(t, laggingLane, jobs[3].Queue)
	require.Equal(t, jobs[0].Args, jobs[3].Args)
	s.placed()
	require.Equal(t, laggingLane, s.queued()[4].Queue)

	r.answers(http.StatusOK)
	s.attempt()
	require.Len(t, r.all(), 2)
	s.placed()
	require.Equal(t, promptLane, s.queued()[5].Queue)
	s.attempt()
	require.Len(t, r.all(), 3)
	require.Len(t, s.deliveries(made.Webhook.ID), 4)
}
