// Package webhooktest verifies messages as a receiver does (Standard Webhooks 1.0). It shares no code with the sender.
package webhooktest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"example.com/plumbline/impl/platform/telemetry"
)

// tolerance is how far the clocks of sender and receiver may differ.
const tolerance = 5 * time.Minute

// The reasons why Verify refuses a message.
var (
	ErrHeaders   = errors.New("webhooktest: a header field of the message is missing or malformed")
	ErrTimestamp = errors.New("webhooktest: the message is too old, or from the future")
	ErrSignature = errors.New("webhooktest: no signature was made with a known secret")
	ErrSecret    = errors.New("webhooktest: the secret is malformed")
)

// Verify fails unless the message was signed with one of the secrets within the last five minutes.
func Verify(h http.Header, payload []byte, now time.Time, secrets ...telemetry.Secret) error {
	id, timestamp := h.Get("webhook-id"), h.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if id == "" || err != nil {
		return ErrHeaders
	}
	if age := now.Sub(time.Unix(seconds, 0)); age.Abs() > tolerance {
		return ErrTimestamp
	}
	for _, secret := range secrets {
		encoded, hasPrefix := strings.CutPrefix(secret.Reveal(), "whsec_")
		key, err := base64.StdEncoding.DecodeString(encoded)
		if !hasPrefix || err != nil || len(key) < 24 || len(key) > 64 {
			return ErrSecret
		}
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%s.%s", id, timestamp, payload)
		for signature := range strings.FieldsSeq(h.Get("webhook-signature")) {
			encoded, known := strings.CutPrefix(signature, "v1,")
			if got, err := base64.StdEncoding.DecodeString(encoded); known && err == nil && hmac.Equal(got, mac.Sum(nil)) {
				return nil
			}
		}
	}
	return ErrSignature
}
