package webhook_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/webhook"
	"example.com/plumbline/impl/testkit/webhooktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// vectors were computed by another program, as base64(HMAC-SHA256(key, id.timestamp.payload)); the first is known from
// the libraries of Standard Webhooks.
var vectors = []struct {
	secret, id string
	seconds    int64
	payload    string
	signature  string
}{
	{
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, `{"test": 2432232314}`,
		"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
	},
	{
		"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
		"0197f0a1-5c3e-7d2b-9f00-3a1b2c4d5e6f",
		1767225600,
		`{"type":"order.placed","note":"ü"}`,
		"v1,TqBWyj/p1AcIa3wZlwM9GLUAvjKuCuxxhpYO/MU08L0=",
	},
	{
		"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==",
		"0197f0a1-5c3e-7d2b-9f00-3a1b2c4d5e6f",
		1767225600,
		``,
		"v1,STGBuRxZcGZuz6aRtceW1RNeAstA9wzY7bjK/1ADKZI=",
	},
}

func header(id string, seconds any, signature string) http.Header {
	h := http.Header{}
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", fmt.Sprint(seconds))
	h.Set("webhook-signature", signature)
	return h
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	for _, v := range vectors {
		at, secret := time.Unix(v.seconds, 999), telemetry.NewSecret(v.secret)
		got, err := webhook.Sign(v.id, at, []byte(v.payload), secret)
		require.NoError(t, err)
		require.Equal(t, v.signature, got)
		require.NoError(t, webhooktest.Verify(header(v.id, v.seconds, v.signature), []byte(v.payload), at, secret))
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	one, other := webhook.NewSecret(), webhook.NewSecret()
	require.NotEqual(t, one.Reveal(), other.Reveal())
	require.NotContains(t, fmt.Sprintf("%v %+v", one, one), "whsec")
	encoded, ok := strings.CutPrefix(one.Reveal(), "whsec_")
	require.True(t, ok)
	key, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	require.Len(t, key, 32)

	for _, text := range []string{
		"", "whsec_", encoded, "whsec_canary!", "whsec_" + strings.TrimRight(encoded, "="),
		"whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 23)),
		"whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 65)),
	} {
		_, err := webhook.Sign("id", time.Now(), nil, telemetry.NewSecret(text))
		require.Error(t, err, text)
		require.NotContains(t, err.Error(), "canary")
		require.Error(
			t,
			webhooktest.Verify(header("id", time.Now().Unix(), "v1,"), nil, time.Now(), telemetry.NewSecret(text)),
		)
	}
	_, err = webhook.Sign("id", time.Now(), nil)
	require.Error(t, err, "unsigned messages are not sent")
	for _, id := range []string{"", "a.b", "a b", "a\nb", "ä"} {
		_, err := webhook.Sign(id, time.Now(), nil, one)
		require.Error(t, err, "%q", id)
	}
}

// TestASecretIsReplacedWithoutAGap has both secrets in force for a while, on either side.
func TestASecretIsReplacedWithoutAGap(t *testing.T) {
	t.Parallel()
	before, after, stranger := webhook.NewSecret(), webhook.NewSecret(), webhook.NewSecret()
	now, payload := time.Now(), []byte(`{}`)
	signatures, err := webhook.Sign("id", now, payload, before, after)
	require.NoError(t, err)
	require.Len(t, strings.Split(signatures, " "), 2)
	h := header("id", now.Unix(), signatures)
	require.NoError(t, webhooktest.Verify(h, payload, now, before))
	require.NoError(t, webhooktest.Verify(h, payload, now, after))
	require.NoError(t, webhooktest.Verify(h, payload, now, stranger, after))
	require.ErrorIs(t, webhooktest.Verify(h, payload, now, stranger), webhooktest.ErrSignature)
	require.ErrorIs(t, webhooktest.Verify(h, payload, now), webhooktest.ErrSignature)
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	secret, now, payload := webhook.NewSecret(), time.Unix(1767225600, 0), []byte(`{"a":1}`)
	good, err := webhook.Sign("id", now, payload, secret)
	require.NoError(t, err)
	bare := strings.TrimPrefix(good, "v1,")
	for _, c := range []struct {
		name    string
		header  http.Header
		payload string
		late    time.Duration
		want    error
	}{
		{"as it was sent", header("id", now.Unix(), good), `{"a":1}`, 0, nil},
		{"a bit late", header("id", now.Unix(), good), `{"a":1}`, 5 * time.Minute, nil},
		{"a bit early", header("id", now.Unix(), good), `{"a":1}`, -5 * time.Minute, nil},
		{"among others", header("id", now.Unix(), "v1a,"+bare+" v1,AAAA  "+good), `{"a":1}`, 0, nil},
		{"too late", header("id", now.Unix(), good), `{"a":1}`, 5*time.Minute + time.Second, webhooktest.ErrTimestamp},
		{"too early", header("id", now.Unix(), good), `{"a":1}`, -5*time.Minute - time.Second, webhooktest.ErrTimestamp},
		{"another payload", header("id", now.Unix(), good), `{"a":2}`, 0, webhooktest.ErrSignature},
		{"another id", header("di", now.Unix(), good), `{"a":1}`, 0, webhooktest.ErrSignature},
		{"another time", header("id", now.Unix()+1, good), `{"a":1}`, 0, webhooktest.ErrSignature},
		{"another version", header("id", now.Unix(), "v1a,"+bare), `{"a":1}`, 0, webhooktest.ErrSignature},
		{"no version", header("id", now.Unix(), bare), `{"a":1}`, 0, webhooktest.ErrSignature},
		{"cut", header("id", now.Unix(), good[:len(good)-4]), `{"a":1}`, 0, webhooktest.ErrSignature},
		{"no signature", header("id", now.Unix(), ""), `{"a":1}`, 0, webhooktest.ErrSignature},
		{"no id", header("", now.Unix(), good), `{"a":1}`, 0, webhooktest.ErrHeaders},
		{"no time", header("id", "", good), `{"a":1}`, 0, webhooktest.ErrHeaders},
		{"half a second", header("id", "1767225600.5", good), `{"a":1}`, 0, webhooktest.ErrHeaders},
		{"nothing", http.Header{}, "", 0, webhooktest.ErrHeaders},
	} {
		require.ErrorIs(t, webhooktest.Verify(c.header, []byte(c.payload), now.Add(c.late), secret), c.want, c.name)
	}
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	want := []time.Duration{
		5 * time.Second,
		5 * time.Minute,
		30 * time.Minute,
		2 * time.Hour,
		5 * time.Hour,
		10 * time.Hour,
		14 * time.Hour,
		20 * time.Hour,
		24 * time.Hour,
	}
	require.Len(t, want, webhook.MaxAttempts-1)
	for i, pause := range want {
		seen := map[time.Duration]bool{}
		for range 50 {
			got, again := webhook.NextRetry(i + 1)
			require.True(t, again)
			require.InDelta(t, pause, got, float64(pause)/10)
			seen[got] = true
		}
		require.Greater(t, len(seen), 1)
	}
	for _, attempt := range []int{-1, 0, webhook.MaxAttempts, webhook.MaxAttempts + 1} {
		_, again := webhook.NextRetry(attempt)
		require.False(t, again)
	}
}
