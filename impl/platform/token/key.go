package token

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"
)

const redacted = "[redacted]"

// A KeySource has the public keys that verify tokens. Its methods are safe for concurrent use. A Verifier asks it for
// every token, so it must answer a known key from memory.
type KeySource interface {
	// Key returns the key with that id, which the caller must not modify. It returns ErrUnknownKey if there is none,
	// and any other error if it cannot tell.
	Key(ctx context.Context, kid string) (ed25519.PublicKey, error)
}

// A PrivateKey signs tokens. It prints, logs and marshals as [redacted]; only PKCS8 returns its bytes.
type PrivateKey struct {
	kid       string
	signsFrom time.Time
	// secret is a function, because fmt does not call Format on an unexported field of another struct. It prints the
	// address of a function; of a pointer, with a verb that does not fit, it prints the value behind it.
	secret func() ed25519.PrivateKey
}

// NewPrivateKey makes a key from 32 bytes of random, which must be a secure source such as rand.Reader of crypto/rand.
// The key signs from the given time on: publish it well before, so that other services have it by then.
func NewPrivateKey(random io.Reader, signsFrom time.Time) (PrivateKey, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return PrivateKey{}, fmt.Errorf("make signing key: read random bytes: %w", err)
	}
	return newPrivateKey(ed25519.NewKeyFromSeed(seed), signsFrom), nil
}

// ParsePrivateKey parses the output of PKCS8.
func ParsePrivateKey(der []byte, signsFrom time.Time) (PrivateKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		// The cause is left out, because it may quote the key.
		return PrivateKey{}, errors.New("parse signing key: not a PKCS #8 private key")
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return PrivateKey{}, errors.New("parse signing key: not an Ed25519 key")
	}
	return newPrivateKey(key, signsFrom), nil
}

func newPrivateKey(key ed25519.PrivateKey, signsFrom time.Time) PrivateKey {
	secret := func() ed25519.PrivateKey { return key }
	return PrivateKey{kid: thumbprint(publicOf(key)), signsFrom: signsFrom, secret: secret}
}

// PKCS8 returns the secret key in the form of RFC 5958 and RFC 8410; seal it before you store it.
func (k PrivateKey) PKCS8() ([]byte, error) {
	if k.secret == nil {
		return nil, errors.New("marshal signing key: it is empty: make it with NewPrivateKey")
	}
	der, err := x509.MarshalPKCS8PrivateKey(k.secret())
	if err != nil {
		return nil, errors.New("marshal signing key: PKCS #8 refused it")
	}
	return der, nil
}

// KID returns the id of the key: its thumbprint by RFC 7638, 43 characters.
func (k PrivateKey) KID() string { return k.kid }

// SignsFrom returns the time from which on the key may sign.
func (k PrivateKey) SignsFrom() time.Time { return k.signsFrom }

// Format hides the key from every verb of fmt.
func (k PrivateKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue hides the key from slog.
func (k PrivateKey) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the key from encoding/json and every other encoding of text.
func (k PrivateKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

func publicOf(key ed25519.PrivateKey) ed25519.PublicKey {
	// The public half of an Ed25519 private key (crypto/ed25519).
	return ed25519.PublicKey(key[ed25519.SeedSize:])
}

// thumbprint returns the key's JWK thumbprint: SHA-256 over the required members in the order of their names (RFC
// 7638, RFC 8037 appendix A.3).
func thumbprint(key ed25519.PublicKey) string {
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + encode(key) + `"}`))
	return encode(sum[:])
}

// A jwk is a public key in JSON (RFC 7517, RFC 8037).
type jwk struct {
	KeyType   string `json:"kty"`
	Curve     string `json:"crv"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	KID       string `json:"kid"`
	X         string `json:"x"`
}

type jwkSet struct {
	Keys []jwk `json:"keys"`
}

func newJWK(kid string, key ed25519.PublicKey) jwk {
	return jwk{KeyType: "OKP", Curve: "Ed25519", Use: "sig", Algorithm: algorithm, KID: kid, X: encode(key)}
}

// parseKeySet parses a JWK set and returns the keys that can verify tokens, by their ids. Keys of other kinds or for
// other uses are ignored (RFC 7517, 5). An Ed25519 key that is malformed, private or shares its id fails the set, and
// so does a set without any such key.
func parseKeySet(body []byte) (map[string]ed25519.PublicKey, error) {
	set, ok := parseObject(body)
	if !ok {
		return nil, errors.New("not a JSON object with unique names")
	}
	var list []json.RawMessage
	if err := json.Unmarshal(set["keys"], &list); err != nil {
		return nil, errors.New(`"keys" is not an array`)
	}
	keys := make(map[string]ed25519.PublicKey, len(list))
	for i, raw := range list {
		member, ok := parseObject(raw)
		if !ok {
			return nil, fmt.Errorf("key %d is not a JSON object with unique names", i)
		}
		if !member.isOurs() {
			continue
		}
		kid, key, err := member.publicKey()
		if err != nil {
			return nil, fmt.Errorf("key %d %w", i, err)
		}
		if _, twice := keys[kid]; twice {
			return nil, fmt.Errorf("key %d has the id of another", i)
		}
		keys[kid] = key
	}
	if len(keys) == 0 {
		return nil, errors.New("no Ed25519 key for signatures in it")
	}
	return keys, nil
}

// isOurs reports whether a JWK is an Ed25519 key for signatures.
func (o object) isOurs() bool {
	for name, want := range map[string]string{"kty": "OKP", "crv": "Ed25519"} {
		if got, ok := o.text(name); !ok || got != want {
			return false
		}
	}
	for name, want := range map[string]string{"use": "sig", "alg": algorithm} {
		if _, present := o[name]; !present {
			continue
		}
		if got, ok := o.text(name); !ok || got != want {
			return false
		}
	}
	return true
}

func (o object) publicKey() (kid string, key ed25519.PublicKey, err error) {
	if _, secret := o["d"]; secret {
		return "", nil, errors.New("is a private key: withdraw it")
	}
	kid, ok := o.text("kid")
	if !ok || !isName(kid) {
		return "", nil, errors.New("has no usable id")
	}
	x, ok := o.text("x")
	if !ok {
		return "", nil, errors.New("has no value")
	}
	point, ok := decode(x)
	if !ok || len(point) != ed25519.PublicKeySize || bytes.Equal(point, make([]byte, ed25519.PublicKeySize)) {
		return "", nil, errors.New("has a value that is no Ed25519 public key")
	}
	return kid, point, nil
}
