// Package webhook sends signed messages to addresses that outsiders choose.
//
// It promises that
//   - a message is signed as Standard Webhooks 1.0 specifies, with every secret in force;
//   - no message reaches a private or special address, whatever its name resolves to at the moment of connecting, and
//     none follows a redirect or a proxy;
//   - an attempt takes at most ten seconds, and only the status of an answer is reported.
package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"strconv"
	"strings"
	"time"

	"example.com/plumbline/impl/platform/telemetry"
)

// The header fields of a message (Standard Webhooks 1.0, "Webhook Headers").
const (
	IDHeader        = "webhook-id"
	TimestampHeader = "webhook-timestamp"
	SignatureHeader = "webhook-signature"
)

const (
	secretPrefix    = "whsec_"
	secretBytes     = 32
	leastSecret     = 24
	mostSecret      = 64
	signaturePrefix = "v1,"
)

// NewSecret returns a secret of 32 random bytes, as whsec_ and base64.
func NewSecret() telemetry.Secret {
	key := make([]byte, secretBytes)
	_, _ = rand.Read(key) // It never fails.
	return telemetry.NewSecret(secretPrefix + base64.StdEncoding.EncodeToString(key))
}

func parseSecret(secret telemetry.Secret) ([]byte, error) {
	encoded, hasPrefix := strings.CutPrefix(secret.Reveal(), secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !hasPrefix || err != nil || len(key) < leastSecret || len(key) > mostSecret {
		return nil, fmt.Errorf("webhook: a secret is not %s and base64 of %d to %d bytes",
			secretPrefix, leastSecret, mostSecret)
	}
	return key, nil
}

// Sign returns the signatures of a message in the form of the header field, one for each secret. While a secret is
// being replaced, both the old and the new one are in force. Sign fails if a secret is malformed or missing, or if the
// id contains characters that the signed text uses otherwise.
func Sign(id string, at time.Time, payload []byte, secrets ...telemetry.Secret) (string, error) {
	switch {
	case id == "" || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' || r == '.' }):
		return "", errors.New("webhook: the id of a message is visible ASCII without a full stop")
	case len(secrets) == 0:
		return "", errors.New("webhook: there is no secret to sign with")
	}
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		key, err := parseSecret(secret)
		if err != nil {
			return "", err
		}
		sum := digest(key, id, strconv.FormatInt(at.Unix(), 10), payload)
		signatures[i] = signaturePrefix + base64.StdEncoding.EncodeToString(sum)
	}
	return strings.Join(signatures, " "), nil
}

func digest(key []byte, id, timestamp string, payload []byte) []byte {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(id + "." + timestamp + ".")) // A hash never fails.
	_, _ = mac.Write(payload)
	return mac.Sum(nil)
}

// schedule is the pause after each failed attempt (Standard Webhooks 1.0, "Deliverability and reliability").
var schedule = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// MaxAttempts is the number of attempts for a message, including the first.
const MaxAttempts = 10

// NextRetry returns the pause after a failed attempt, the first being 1. It is up to a tenth shorter or longer than
// the schedule, so that a receiver that returns is not overrun. After the last attempt again is false.
func NextRetry(attempt int) (pause time.Duration, again bool) {
	if attempt < 1 || attempt > len(schedule) {
		return 0, false
	}
	pause = schedule[attempt-1]
	return pause - pause/10 + mathrand.N(pause/5), true
}
