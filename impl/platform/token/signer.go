package token

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// A Signer makes tokens with the newest of its keys. It is a KeySource for a Verifier in the same process, and safe
// for concurrent use.
type Signer struct {
	clock func() time.Time
	ring  atomic.Pointer[keyRing]
}

// A keyRing is the immutable state of a Signer between two calls of SetKeys.
type keyRing struct {
	keys   []signingKey // the key that signs last is first
	public map[string]ed25519.PublicKey
	jwks   []byte
}

type signingKey struct {
	PrivateKey
	header string // the first part of every token, encoded, and its dot
}

// NewSigner returns a signer without keys; clock decides which of them may sign.
func NewSigner(clock func() time.Time) *Signer {
	s := &Signer{clock: clock}
	s.ring.Store(&keyRing{jwks: []byte(`{"keys":[]}`)})
	return s
}

// SetKeys replaces all keys at once. Every given key is published from now on, including keys that sign later or no
// longer. Tokens of other keys are refused from now on. On an error the old keys stay.
func (s *Signer) SetKeys(keys []PrivateKey) error {
	if len(keys) == 0 {
		return errors.New("set signing keys: none given")
	}
	sorted := slices.Clone(keys)
	slices.SortFunc(sorted, func(a, b PrivateKey) int {
		return cmp.Or(b.signsFrom.Compare(a.signsFrom), cmp.Compare(a.kid, b.kid))
	})

	ring := &keyRing{public: make(map[string]ed25519.PublicKey, len(keys))}
	set := jwkSet{Keys: make([]jwk, 0, len(keys))}
	for _, key := range sorted {
		if key.secret == nil {
			return errors.New("set signing keys: one is empty: make it with NewPrivateKey")
		}
		if _, twice := ring.public[key.kid]; twice {
			return fmt.Errorf("set signing keys: key %s given twice", key.kid)
		}
		public := publicOf(key.secret())
		// The id is base64url: it needs no escaping.
		header := encode([]byte(`{"alg":"` + algorithm + `","typ":"` + tokenType + `","kid":"` + key.kid + `"}`))
		ring.keys = append(ring.keys, signingKey{PrivateKey: key, header: header + "."})
		ring.public[key.kid] = public
		set.Keys = append(set.Keys, newJWK(key.kid, public))
	}
	jwks, err := json.Marshal(set)
	if err != nil {
		return fmt.Errorf("set signing keys: write the key set: %w", err)
	}
	ring.jwks = jwks
	s.ring.Store(ring)
	return nil
}

// JWKS returns the public keys as a JSON key set (RFC 7517, RFC 8037); the key that signs last is first.
func (s *Signer) JWKS() []byte { return bytes.Clone(s.ring.Load().jwks) }

// Key returns the public key with that id; see KeySource.
func (s *Signer) Key(_ context.Context, kid string) (ed25519.PublicKey, error) {
	ring := s.ring.Load()
	if key, ok := ring.public[kid]; ok {
		return key, nil
	}
	if len(ring.public) == 0 {
		return nil, ErrNoSigningKey
	}
	return nil, ErrUnknownKey
}

// wireClaims is Claims in the form of a token.
type wireClaims struct {
	Issuer    string    `json:"iss"`
	Audience  []string  `json:"aud"`
	Subject   uuid.UUID `json:"sub"`
	SessionID uuid.UUID `json:"sid"`
	Roles     []string  `json:"roles"`
	IssuedAt  int64     `json:"iat"`
	ExpiresAt int64     `json:"exp"`
	ID        string    `json:"jti"`
}

// Sign returns a token with the claims, signed by the newest key that may sign. Times lose their fractions of a
// second. Sign fails with ErrNoSigningKey, or on claims that no Verifier accepts.
func (s *Signer) Sign(claims Claims) (string, error) {
	if err := claims.check(); err != nil {
		return "", fmt.Errorf("sign access token: %w", err)
	}
	key, err := s.ring.Load().signing(s.clock())
	if err != nil {
		return "", fmt.Errorf("sign access token: %w", err)
	}
	roles := claims.Roles
	if roles == nil {
		roles = []string{} // an array in JSON, not null
	}
	body, err := json.Marshal(wireClaims{
		Issuer:    claims.Issuer,
		Audience:  claims.Audience,
		Subject:   claims.Subject,
		SessionID: claims.SessionID,
		Roles:     roles,
		IssuedAt:  claims.IssuedAt.Unix(),
		ExpiresAt: claims.ExpiresAt.Unix(),
		ID:        claims.ID,
	})
	if err != nil {
		return "", fmt.Errorf("sign access token: write the claims: %w", err)
	}
	signed := key.header + encode(body)
	raw := signed + "." + encode(ed25519.Sign(key.secret(), []byte(signed)))
	if len(raw) > DefaultMaxTokenBytes {
		return "", fmt.Errorf(
			"sign access token: it takes %d bytes, more than the %d that are accepted: give the account fewer roles",
			len(raw), DefaultMaxTokenBytes)
	}
	return raw, nil
}

// signing returns the newest key that may sign.
func (r *keyRing) signing(now time.Time) (signingKey, error) {
	for _, key := range r.keys {
		if !key.signsFrom.After(now) {
			return key, nil
		}
	}
	return signingKey{}, ErrNoSigningKey
}

// check refuses claims that every Verifier would refuse.
func (c Claims) check() error {
	switch {
	case c.Issuer == "":
		return errors.New("no issuer")
	case len(c.Audience) == 0 || slices.Contains(c.Audience, ""):
		return errors.New("no audience, or an empty one")
	case c.Subject == uuid.Nil:
		return errors.New("no subject")
	case c.SessionID == uuid.Nil:
		return errors.New("no session id")
	case !allNames(c.Roles):
		return errors.New("a role is not a plain name")
	case !isName(c.ID):
		return errors.New("no token id, or one that is not a plain name")
	case c.IssuedAt.Unix() < 0 || c.ExpiresAt.Unix() <= c.IssuedAt.Unix():
		return errors.New("expires before it is issued")
	}
	return nil
}
