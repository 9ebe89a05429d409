// Package webhook sends signed messages to addresses that outsiders chose.
//
// It promises that
//   - what is sent is signed as Standard Webhooks 1.0 sets out, with every secret that is in force;
//   - no message reaches a private or special address, whatever its name resolves to at the moment of connecting, and
//     none follows a redirect or a proxy;
//   - a receiver has ten seconds, and what it answers is not kept: of it, only the status is told.
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

// NewSecret makes a secret of 32 random bytes, as in whsec_ and base64.
func NewSecret() telemetry.Secret {
	key := make([]byte, secretBytes)
	_, _ = rand.Read(key) // It never fails.
	return telemetry.NewSecret(secretPrefix + base64.StdEncoding.EncodeToString(key))
}

func parseSecret(secret telemetry.Secret) ([]byte, error) {
	encoded, hasPrefix := strings.CutPrefix(secret.Reveal(), secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !hasPrefix || err != nil || len(key) < leastSecret || len(key) > mostSecret {
		return nil, fmt.Errorf("webhook: a secret is not %s and base64 of %d to %d bytes", secretPrefix, leastSecret, mostSecret)
	}
	return key, nil
}

// Sign gives the signatures of a message, one for each secret, as they stand in the header. While a secret is being
// replaced, the old and the new one are in force. It fails when a secret is malformed or missing, or when the id could
// be taken for more than an id.
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
		signatures[i] = signaturePrefix + base64.StdEncoding.EncodeToString(digest(key, id, strconv.FormatInt(at.Unix(), 10), payload))
	}
	return strings.Join(signatures, " "), nil
}

func digest(key []byte, id, timestamp string, payload []byte) []byte {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(id + "." + timestamp + ".")) // A hash takes everything.
	_, _ = mac.Write(payload)
	return mac.Sum(nil)
}

// schedule is how long after a failure to try again (Standard Webhooks 1.0, "Deliverability and reliability").
var schedule = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// MaxAttempts is how often a message is sent, the first time included.
const MaxAttempts = 10

// NextRetry gives how long to wait after an attempt, the first being 1, that failed: a tenth more or less than the
// schedule says, so that a receiver that comes back is not overrun. After the last attempt there is none.
func NextRetry(attempt int) (pause time.Duration, again bool) {
	if attempt < 1 || attempt > len(schedule) {
		return 0, false
	}
	pause = schedule[attempt-1]
	return pause - pause/10 + mathrand.N(pause/5), true
}
