package orders

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/oapi-codegen/nullable"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/webhooktest"
)

func TestDeliveryIsSignedWithBothSecrets(t *testing.T) {
	t.Parallel()
	s, r := start(t), newReceiver(t)
	made := s.subscribe(r.URL)
	rotated, err := s.as(ordersapi.RoleAdmin).RotateWebhookSecretWithResponse(t.Context(), made.Webhook.ID)
	require.NoError(t, err)
	old := telemetry.NewSecret(made.Secret)
	current := telemetry.NewSecret(contracttest.Body(t, rotated, rotated.JSON200).Secret)
	s.placed()
	s.Clock.Advance(secretOverlap - time.Second)
	s.attempt()
	got := r.all()[0]
	require.NoError(t, webhooktest.Verify(got.header, got.body, s.Clock.Now(), old))
	require.NoError(t, webhooktest.Verify(got.header, got.body, s.Clock.Now(), current))
	s.Clock.Advance(time.Second)
	s.placed()
	s.attempt()
	got = r.all()[1]
	require.ErrorIs(t, webhooktest.Verify(got.header, got.body, s.Clock.Now(), old), webhooktest.ErrSignature)
	require.NoError(t, webhooktest.Verify(got.header, got.body, s.Clock.Now(), current))
}

// A secret that was replaced twice in a day, or whose answer was lost, still signs deliveries: no receiver is left
// without a valid signature.
func TestSecretsReplacedTwiceInADay(t *testing.T) {
	t.Parallel()
	s, r := start(t), newReceiver(t)
	made := s.subscribe(r.URL)
	secrets := []telemetry.Secret{telemetry.NewSecret(made.Secret)}
	rotate := func() *ordersapi.RotateWebhookSecretResponse {
		answer, err := s.as(ordersapi.RoleAdmin).RotateWebhookSecretWithResponse(t.Context(), made.Webhook.ID)
		require.NoError(t, err)
		return answer
	}
	verified := func() (good int) {
		s.placed()
		s.attempt()
		sent := r.all()
		got := sent[len(sent)-1]
		for _, secret := range secrets {
			if webhooktest.Verify(got.header, got.body, s.Clock.Now(), secret) == nil {
				good++
			}
		}
		require.NoError(t, webhooktest.Verify(got.header, got.body, s.Clock.Now(), secrets[len(secrets)-1]))
		return good
	}
	require.Nil(t, made.Webhook.PreviousSecretsUntil)
	for len(secrets) < mostSecrets {
		s.Clock.Advance(time.Hour)
		answer := rotate()
		rotated := contracttest.Body(t, answer, answer.JSON200)
		require.Equal(t, s.Clock.Now().Add(secretOverlap).UTC(), rotated.Webhook.PreviousSecretsUntil.UTC())
		secrets = append(secrets, telemetry.NewSecret(rotated.Secret))
		require.Equal(t, len(secrets), verified())
	}
	s.Clock.Advance(time.Hour)
	refused := rotate()
	require.Equal(t, http.StatusConflict, refused.StatusCode())
	require.Equal(t, ordersapi.ProblemCodeTooManySecrets, codeIn(t, refused.Body))
	require.Equal(t, strconv.Itoa(int((secretOverlap - time.Hour).Seconds())),
		refused.HTTPResponse.Header.Get("Retry-After"))
	require.Equal(t, len(secrets), verified())

	s.Clock.Advance(secretOverlap - time.Hour)
	require.Equal(t, 1, verified(), "the last one is left")
	got, err := s.as(ordersapi.RoleAdmin).GetWebhookWithResponse(t.Context(), made.Webhook.ID)
	require.NoError(t, err)
	require.Nil(t, contracttest.Body(t, got, got.JSON200).PreviousSecretsUntil)
	rotated := rotate()
	secrets = append(secrets, telemetry.NewSecret(contracttest.Body(t, rotated, rotated.JSON200).Secret))
	require.Equal(t, 2, verified())
}

// TestASecretThatDoesNotOpen is what a wrong master key makes of every secret.
func TestASecretThatDoesNotOpen(t *testing.T) {
	t.Parallel()
	s, r := start(t), newReceiver(t)
	made := s.subscribe(r.URL)
	_, err := s.Pool.Exec(t.Context(), "UPDATE webhooks SET sealed_secret = sealed_secret || '\\x00'")
	require.NoError(t, err)
	s.placed()
	s.attempt()
	d := s.delivery(made.Webhook.ID)
	require.Equal(t, "unsigned", *d.Failure)
	require.Equal(t, ordersapi.WebhookDeliveryStatusPending, d.Status)
	require.Empty(t, r.all())
	require.Equal(t, 1, strings.Count(s.beside(), `"level":"ERROR"`), s.beside())
}

// TestNothingOfAWebhooksSecretIsShown looks for it wherever it is not given out.
func TestNothingOfAWebhooksSecretIsShown(t *testing.T) {
	t.Parallel()
	s, r := start(t), newReceiver(t)
	admin := s.as(ordersapi.RoleAdmin)
	made := s.subscribe(r.URL)
	rotated, err := admin.RotateWebhookSecretWithResponse(t.Context(), made.Webhook.ID)
	require.NoError(t, err)
	var shown strings.Builder
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusFound, http.StatusOK} {
		r.answers(status)
		s.placed()
		s.attempt()
	}
	_, err = s.Pool.Exec(t.Context(),
		"UPDATE webhooks SET sealed_previous = sealed_secret, sealed_secret = sealed_previous || '\\x00'")
	require.NoError(t, err)
	s.placed()
	s.attempt()
	list, err := admin.ListWebhooksWithResponse(t.Context(), &ordersapi.ListWebhooksParams{})
	require.NoError(t, err)
	one, err := admin.GetWebhookWithResponse(t.Context(), made.Webhook.ID)
	require.NoError(t, err)
	changed, err := admin.UpdateWebhookWithResponse(t.Context(), made.Webhook.ID,
		ordersapi.UpdateWebhookRequest{Description: nullable.NewNullableWithValue("Ledger")})
	require.NoError(t, err)
	deliveries, err := admin.ListWebhookDeliveriesWithResponse(t.Context(), made.Webhook.ID,
		&ordersapi.ListWebhookDeliveriesParams{})
	require.NoError(t, err)
	replayed := s.replay(made.Webhook.ID, contracttest.Body(t, deliveries, deliveries.JSON200).Items[0].ID)
	for _, body := range [][]byte{
		list.Body, one.Body, changed.Body, deliveries.Body, replayed.Body, []byte(s.Logged(t)), []byte(s.beside()),
	} {
		require.NotEmpty(t, body)
		shown.Write(body)
	}
	rows, err := s.Pool.Query(t.Context(), `SELECT to_jsonb(webhooks)::text FROM webhooks
		UNION ALL SELECT to_jsonb(webhook_deliveries)::text FROM webhook_deliveries
		UNION ALL SELECT to_jsonb(river_job)::text FROM river_job`)
	require.NoError(t, err)
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Greater(t, len(texts), 4)
	for _, text := range texts {
		shown.WriteString(text)
	}
	for _, secret := range []string{made.Secret, contracttest.Body(t, rotated, rotated.JSON200).Secret} {
		encoded := strings.TrimPrefix(secret, "whsec_")
		plain, err := base64.StdEncoding.DecodeString(encoded)
		require.NoError(t, err)
		require.NotContains(t, shown.String(), encoded)
		require.NotContains(t, shown.String(), hex.EncodeToString(plain))
		require.NotContains(t, shown.String(), hex.EncodeToString([]byte(secret)))
	}
	require.Contains(t, shown.String(), `"failure":"unsigned"`)
	require.NotContains(t, s.beside(), r.URL, "where others can be reached is not for the log")
}

// webhookOperations are what the document does not say of the operations on webhooks.
func webhookOperations() knownOperations {
	address := contracttest.Beyond{Rules: []string{"#/url"}}
	return knownOperations{
		"createWebhook": {Beyond: address, Fit: func(_ situation, fit *contracttest.Fit) {
			fit.Body["url"] = "https://hooks.example.com/" + uuid.NewString()
		}},
		"updateWebhook": {Beyond: address},
	}
}
