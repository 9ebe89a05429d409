package token_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/impl/testkit/tokentest"
)

const (
	issuer   = "https://users.example.com"
	audience = "orders"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A clock stands still until it is moved.
type clock struct{ nanos atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.nanos.Store(time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) Now() time.Time          { return time.Unix(0, c.nanos.Load()).UTC() }
func (c *clock) forward(d time.Duration) { c.nanos.Add(int64(d)) }

func newKey(t testing.TB, signsFrom time.Time) token.PrivateKey {
	t.Helper()
	key, err := token.NewPrivateKey(rand.Reader, signsFrom)
	require.NoError(t, err)
	return key
}

func secretOf(t testing.TB, key token.PrivateKey) ed25519.PrivateKey {
	t.Helper()
	der, err := key.PKCS8()
	require.NoError(t, err)
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	require.NoError(t, err)
	return parsed.(ed25519.PrivateKey)
}

func goodClaims(now time.Time) token.Claims {
	return token.Claims{
		Issuer:    issuer,
		Audience:  []string{"users", audience},
		Subject:   uuid.MustParse("0197f0a1-5c3e-7d2b-9f00-3a1b2c4d5e6f"),
		SessionID: uuid.MustParse("0197f0a1-5c3e-7d2b-9f00-aabbccddeeff"),
		Roles:     []string{"customer", "support"},
		IssuedAt:  now,
		ExpiresAt: now.Add(5 * time.Minute),
		ID:        "0197f0a1-5c3e-7d2b-9f00-000000000001",
	}
}

// A system is a signer with two keys, and a verifier that has its keys from it.
type system struct {
	clock    *clock
	key      token.PrivateKey // signs
	other    token.PrivateKey // published, not yet signing
	signer   *token.Signer
	verifier *token.Verifier
}

func newSystem(t testing.TB) *system {
	t.Helper()
	s := &system{clock: newClock()}
	s.key = newKey(t, s.clock.Now().Add(-time.Hour))
	s.other = newKey(t, s.clock.Now().Add(time.Hour))
	s.signer = token.NewSigner(s.clock.Now)
	require.NoError(t, s.signer.SetKeys([]token.PrivateKey{s.key, s.other}))
	s.verifier = newVerifier(t, s.signer, s.clock)
	return s
}

func newVerifier(t testing.TB, keys token.KeySource, c *clock) *token.Verifier {
	t.Helper()
	v, err := token.NewVerifier(token.VerifierConfig{Issuer: issuer, Audience: audience, Keys: keys, Clock: c.Now})
	require.NoError(t, err)
	return v
}

func (s *system) sign(t testing.TB, claims token.Claims) string {
	t.Helper()
	raw, err := s.signer.Sign(claims)
	require.NoError(t, err)
	return raw
}

func (s *system) options() tokentest.Options {
	return tokentest.Options{
		Claims:   goodClaims(s.clock.Now()),
		Issuer:   issuer,
		Audience: audience,
		Key:      s.key,
		OtherKey: s.other,
		Now:      s.clock.Now(),
	}
}
