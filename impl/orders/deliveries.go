package orders

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"

	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/webhook"
)

// webhookMessage is what a receiver gets.
// Source: Standard Webhooks 1.0, "Payload structure".
type webhookMessage struct {
	Type      string          `json:"type"`
	Timestamp time.Time       `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
}

// createDeliveries keeps an event of this service for every webhook that asks for its type, with a job for each that
// sends it.
func (s *Service) createDeliveries(ctx context.Context, e events.Event) error {
	payload, err := json.Marshal(webhookMessage{Type: e.Type, Timestamp: e.Time, Data: e.Data})
	if err != nil {
		return err
	}
	return s.inEventTx(ctx, e, func(tx tx) error {
		created, err := tx.CreateWebhookDeliveries(ctx, ordersdb.CreateWebhookDeliveriesParams{
			EventID: e.ID, EventType: e.Type, OrderID: e.Subject, Payload: string(payload), CreatedAt: s.clock(),
		})
		if err != nil {
			return err
		}
		for _, d := range created {
			if err := tx.insert(ctx, deliverWebhook{DeliveryID: d.ID, Attempt: 1}, &river.InsertOpts{
				Queue: laneOf(d.Lagging),
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

// deliverWebhook is the job that makes one attempt to send a delivery. The job of the next attempt is inserted in the
// transaction that records this one.
type deliverWebhook struct {
	DeliveryID uuid.UUID `json:"delivery_id"`
	// Made is how many attempts there were before: a job is void once there has been another.
	Made int32 `json:"made"`
	// Attempt is which one of the schedule this is, from 1; a replay begins anew.
	Attempt int `json:"attempt"`
}

// Kind implements river.JobArgs.
func (deliverWebhook) Kind() string { return "deliver_webhook" }

// InsertOpts implements river.JobArgsWithInsertOpts. What a receiver does is no failure of the job: it fails when the
// database does, and is not to be given up for that.
func (deliverWebhook) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 1000} }

// The queues of deliveries. A receiver that lags has its own share of the workers, so that it holds up none but its
// like.
const (
	promptLane  = "webhooks"
	laggingLane = "webhooks_lagging"
)

func laneOf(lagging bool) string {
	if lagging {
		return laggingLane
	}
	return promptLane
}

// lagsFrom is how long a receiver takes at least that lags although it takes what it is sent.
const lagsFrom = 2 * time.Second

// The failures besides those of package webhook.
const (
	failureDisabled webhook.Reason = "disabled" // the webhook is not enabled
	failureUnsigned webhook.Reason = "unsigned" // its secret does not open
)

// attemptDelivery sends a delivery, unless its job is void.
func (s *Service) attemptDelivery(ctx context.Context, job deliverWebhook, lane string) error {
	row, err := s.queries.GetWebhookDelivery(ctx, job.DeliveryID)
	if postgres.IsNoRows(err) { // The webhook has been removed, and its deliveries with it.
		return nil
	}
	if err != nil {
		return err
	}
	d, w := row.WebhookDelivery, row.Webhook
	switch {
	case d.Status != ordersdb.WebhookDeliveryStatusPending || d.Attempts != job.Made:
		return nil
	case !w.Enabled:
		return s.abandonDelivery(ctx, job, failureDisabled)
	case w.Lagging && lane == promptLane:
		return s.inTx(ctx, func(tx tx) error {
			return tx.insert(ctx, job, &river.InsertOpts{Queue: laggingLane})
		})
	}
	result, err := s.sendDelivery(ctx, d, w)
	if err != nil {
		return err
	}
	return s.recordAttempt(ctx, job, w, result)
}

// sendDelivery makes an attempt. An error means that there was none.
func (s *Service) sendDelivery(
	ctx context.Context, d ordersdb.WebhookDelivery, w ordersdb.Webhook,
) (webhook.Result, error) {
	secrets, err := s.secretsOf(w)
	if err != nil {
		s.log.ErrorContext(
			ctx, "a webhook's secret does not open", slog.String("webhook_id", w.ID.String()), slog.Any("error", err),
		)
		return webhook.Result{Reason: failureUnsigned}, nil
	}
	return s.sender.Send(ctx, w.Url, webhook.Message{ID: d.EventID.String(), Payload: []byte(d.Payload)}, secrets...)
}

// previousSecrets gives the secrets that are in force beside the webhook's own, sealed: for a while those that it has
// replaced.
func previousSecrets(w ordersdb.Webhook, now time.Time) [][]byte {
	if w.PreviousUntil == nil || !w.PreviousUntil.After(now) {
		return [][]byte{}
	}
	return append(slices.Clone(w.SealedEarlier), w.SealedPrevious)
}

// secretsOf gives the secrets in force: the webhook's own, and for a while those before.
func (s *Service) secretsOf(w ordersdb.Webhook) ([]telemetry.Secret, error) {
	sealed := append([][]byte{w.SealedSecret}, previousSecrets(w, s.clock())...)
	secrets := make([]telemetry.Secret, len(sealed))
	for i, text := range sealed {
		secret, err := s.secrets.Open(text, secretName(w.ID))
		if err != nil {
			return nil, err
		}
		secrets[i] = telemetry.NewSecret(string(secret))
	}
	return secrets, nil
}

// recordAttempt keeps what came of an attempt, together with the job of the next one.
func (s *Service) recordAttempt(
	ctx context.Context, job deliverWebhook, w ordersdb.Webhook, result webhook.Result,
) error {
	now := s.clock()
	attempted := ordersdb.RecordWebhookAttemptParams{
		ID: job.DeliveryID, Made: job.Made, AttemptedAt: now, Status: ordersdb.WebhookDeliveryStatusDelivered,
		ResponseStatus: knownStatus(result.Status),
	}
	if result.Reason != "" {
		failure := string(result.Reason)
		attempted.Status, attempted.Failure = ordersdb.WebhookDeliveryStatusFailed, &failure
		if pause, again := pauseAfter(result.Reason, job.Attempt); again {
			next := now.Add(pause)
			attempted.Status, attempted.NextAttemptAt = ordersdb.WebhookDeliveryStatusPending, &next
		}
	}
	lagging, gone := result.Reason != "" || result.Duration >= lagsFrom, result.Reason == webhook.Gone
	var recorded int64
	err := s.inTx(ctx, func(tx tx) (err error) {
		// First, as whoever removes a webhook locks it before its deliveries.
		if lagging != w.Lagging || gone {
			if err := tx.MarkWebhook(ctx, ordersdb.MarkWebhookParams{
				ID: w.ID, Url: w.Url, Lagging: lagging, Gone: gone, Now: now,
			}); err != nil {
				return err
			}
		}
		recorded, err = tx.RecordWebhookAttempt(ctx, attempted)
		if err != nil || recorded == 0 || attempted.NextAttemptAt == nil {
			return err
		}
		next := deliverWebhook{DeliveryID: job.DeliveryID, Made: job.Made + 1, Attempt: job.Attempt + 1}
		return tx.insert(ctx, next, &river.InsertOpts{Queue: laneOf(lagging), ScheduledAt: *attempted.NextAttemptAt})
	})
	if err != nil || recorded == 0 {
		return err
	}
	if gone {
		s.log.WarnContext(ctx, "a webhook is disabled: its receiver is gone", slog.String("webhook_id", w.ID.String()))
	}
	s.sent.countAttempt(result)
	s.sent.countDelivery(attempted.Status)
	return nil
}

// pauseAfter gives how long after a failed attempt to try again, if at all: an address that must not be sent to and a
// receiver that is gone are not tried again.
func pauseAfter(reason webhook.Reason, attempt int) (pause time.Duration, again bool) {
	switch reason {
	case webhook.BadURL, webhook.Forbidden, webhook.Gone:
		return 0, false
	default:
		return webhook.NextRetry(attempt)
	}
}

// knownStatus gives a status that is one (RFC 9110, section 15); receivers answer others too.
func knownStatus(status int) *int32 {
	if status < 100 || status > 599 {
		return nil
	}
	s := int32(status)
	return &s
}

// abandonDelivery ends a delivery without an attempt.
func (s *Service) abandonDelivery(ctx context.Context, job deliverWebhook, why webhook.Reason) error {
	abandoned, err := s.queries.AbandonWebhookDelivery(ctx, ordersdb.AbandonWebhookDeliveryParams{
		ID: job.DeliveryID, Made: job.Made, Failure: string(why),
	})
	if err == nil && abandoned == 1 {
		s.sent.countDelivery(ordersdb.WebhookDeliveryStatusFailed)
	}
	return err
}

// sent counts what is sent to webhooks.
type sent struct {
	deliveries, attempts *prometheus.CounterVec
	duration             prometheus.Histogram
}

func newSent() sent {
	return sent{
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "webhook_deliveries_total",
			Help: "What has become of deliveries to webhooks: delivered, retried later, failed for good.",
		}, []string{"result"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "webhook_attempts_total", Help: "Attempts to send to webhooks, by why they failed; none that did not.",
		}, []string{"failure"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "webhook_attempt_duration_seconds", Help: "Time that receivers of webhooks took.",
			Buckets: []float64{.025, .1, .25, .5, 1, 2.5, 5, 10},
		}),
	}
}

// collectors are what measure registers.
func (s sent) collectors() []prometheus.Collector {
	return []prometheus.Collector{s.deliveries, s.attempts, s.duration}
}

func (s sent) countAttempt(r webhook.Result) {
	failure := string(r.Reason)
	if failure == "" {
		failure = "none"
	}
	s.attempts.WithLabelValues(failure).Inc()
	s.duration.Observe(r.Duration.Seconds())
}

// countDelivery counts what has become of one: pending is one that was put off.
func (s sent) countDelivery(status ordersdb.WebhookDeliveryStatus) {
	result := string(status)
	if status == ordersdb.WebhookDeliveryStatusPending {
		result = "retried"
	}
	s.deliveries.WithLabelValues(result).Inc()
}
