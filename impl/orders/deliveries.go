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

// webhookMessage is the body of a delivery.
// Source: Standard Webhooks 1.0, "Payload structure".
type webhookMessage struct {
	Type      string          `json:"type"`
	Timestamp time.Time       `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
}

// createDeliveries creates a delivery of an event, and the job that sends it, for every webhook that subscribes to its
// type.
func (s *Service) createDeliveries(ctx context.Context, e events.Event) error {
	payload, err := json.Marshal(webhookMessage{Type: e.Type, Timestamp: e.Time, Data: e.Data})
	if err != nil {
		return err
	}
	return s.inEventTx(ctx, e, func(tx tx) error {
		created, err := tx.CreateWebhookDeliveries(ctx, ordersdb.CreateWebhookDeliveriesParams{
			EventID: e.ID, EventType: e.Type, OrderID: e.Subject, Payload: string(payload), CreatedAt: s.Clock(),
		})
		if err != nil {
			return err
		}
		for _, d := range created {
			if err := tx.Insert(ctx, deliverWebhook{DeliveryID: d.ID, Attempt: 1}, &river.InsertOpts{
				Queue: laneOf(d.Lagging),
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

// deliverWebhook is the job that makes one attempt to send a delivery. The transaction that records the attempt inserts
// the job of the next one.
type deliverWebhook struct {
	DeliveryID uuid.UUID `json:"delivery_id"`
	// Made is the number of attempts before this one; the job is void once there have been more.
	Made int32 `json:"made"`
	// Attempt is the place in the schedule of retries, from 1; a replay starts the schedule again.
	Attempt int `json:"attempt"`
}

// Kind implements river.JobArgs.
func (deliverWebhook) Kind() string { return "deliver_webhook" }

// InsertOpts implements river.JobArgsWithInsertOpts. A failing receiver does not fail the job. The job fails only when
// the database does, and is then retried for as long as it takes.
func (deliverWebhook) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 1000} }

// The queues of deliveries. Lagging receivers have workers of their own, so that they do not delay the others.
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

// lagsFrom is the time of a successful attempt from which a receiver counts as lagging.
const lagsFrom = 2 * time.Second

// The reasons for failures besides those of package webhook.
const (
	failureDisabled webhook.Reason = "disabled" // the webhook is not enabled
	failureUnsigned webhook.Reason = "unsigned" // its secret does not open
)

// attemptDelivery sends a delivery, unless its job is void.
func (s *Service) attemptDelivery(ctx context.Context, job deliverWebhook, lane string) error {
	row, err := s.queries.GetWebhookDelivery(ctx, job.DeliveryID)
	if postgres.IsNoRows(err) { // The webhook has been deleted.
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
			return tx.Insert(ctx, job, &river.InsertOpts{Queue: laggingLane})
		})
	}
	result, err := s.sendDelivery(ctx, d, w)
	if err != nil {
		return err
	}
	return s.recordAttempt(ctx, job, w, result)
}

// sendDelivery makes an attempt. An error means that no attempt was made.
func (s *Service) sendDelivery(
	ctx context.Context, d ordersdb.WebhookDelivery, w ordersdb.Webhook,
) (webhook.Result, error) {
	secrets, err := s.secretsOf(w)
	if err != nil {
		s.Log.ErrorContext(
			ctx, "a webhook's secret does not open", slog.String("webhook_id", w.ID.String()), slog.Any("error", err),
		)
		return webhook.Result{Reason: failureUnsigned}, nil
	}
	return s.sender.Send(ctx, w.Url, webhook.Message{ID: d.EventID.String(), Payload: []byte(d.Payload)}, secrets...)
}

// previousSecrets gives the replaced secrets of a webhook that are still in force, sealed.
func previousSecrets(w ordersdb.Webhook, now time.Time) [][]byte {
	if w.PreviousUntil == nil || !w.PreviousUntil.After(now) {
		return [][]byte{}
	}
	return append(slices.Clone(w.SealedEarlier), w.SealedPrevious)
}

// secretsOf gives the secrets in force: the current one first, then replaced ones.
func (s *Service) secretsOf(w ordersdb.Webhook) ([]telemetry.Secret, error) {
	sealed := append([][]byte{w.SealedSecret}, previousSecrets(w, s.Clock())...)
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

// recordAttempt records the result of an attempt and inserts the job of the next one, in one transaction.
func (s *Service) recordAttempt(
	ctx context.Context, job deliverWebhook, w ordersdb.Webhook, result webhook.Result,
) error {
	now := s.Clock()
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
		// The webhook is locked before its deliveries, in the same order as when it is deleted.
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
		return tx.Insert(ctx, next, &river.InsertOpts{Queue: laneOf(lagging), ScheduledAt: *attempted.NextAttemptAt})
	})
	if err != nil || recorded == 0 {
		return err
	}
	if gone {
		s.Log.WarnContext(ctx, "a webhook is disabled: its receiver is gone", slog.String("webhook_id", w.ID.String()))
	}
	s.sent.countAttempt(result)
	s.sent.countDelivery(attempted.Status)
	return nil
}

// pauseAfter gives the pause before the next attempt, if there is one: a forbidden address and a receiver that is gone
// are not tried again.
func pauseAfter(reason webhook.Reason, attempt int) (pause time.Duration, again bool) {
	switch reason {
	case webhook.BadURL, webhook.Forbidden, webhook.Gone:
		return 0, false
	default:
		return webhook.NextRetry(attempt)
	}
}

// knownStatus gives a status code between 100 and 599 (RFC 9110, section 15), and nil for others that receivers send.
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

// sent are the metrics of webhooks.
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

// collectors are the metrics of deliveries.
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

// countDelivery counts the new state of a delivery; pending counts as retried.
func (s sent) countDelivery(status ordersdb.WebhookDeliveryStatus) {
	result := string(status)
	if status == ordersdb.WebhookDeliveryStatusPending {
		result = "retried"
	}
	s.deliveries.WithLabelValues(result).Inc()
}
