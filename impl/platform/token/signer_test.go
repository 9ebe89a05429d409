package token_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/token"
)

func TestSignWritesTheProfile(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	claims := goodClaims(s.clock.Now().Add(987 * time.Millisecond))
	claims.Roles = nil
	parts := strings.Split(s.sign(t, claims), ".")
	require.Len(t, parts, 3)
	header, err := base64.RawURLEncoding.DecodeString(parts[0])
	require.NoError(t, err)
	require.JSONEq(t, `{"alg":"EdDSA","typ":"at+jwt","kid":"`+s.key.KID()+`"}`, string(header))
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	require.JSONEq(t, `{
		"iss": "https://users.example.com",
		"aud": ["users", "orders"],
		"sub": "0197f0a1-5c3e-7d2b-9f00-3a1b2c4d5e6f",
		"sid": "0197f0a1-5c3e-7d2b-9f00-aabbccddeeff",
		"roles": [],
		"iat": 1935817689,
		"exp": 1935817989,
		"jti": "0197f0a1-5c3e-7d2b-9f00-000000000001"
	}`, string(body))
}

func TestSignRefusesWhatNobodyAccepts(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	for name, change := range map[string]func(*token.Claims){
		"no issuer":         func(c *token.Claims) { c.Issuer = "" },
		"no audience":       func(c *token.Claims) { c.Audience = nil },
		"an empty audience": func(c *token.Claims) { c.Audience = []string{"orders", ""} },
		"no subject":        func(c *token.Claims) { c.Subject = uuid.Nil },
		"no session":        func(c *token.Claims) { c.SessionID = uuid.Nil },
		"an empty role":     func(c *token.Claims) { c.Roles = []string{""} },
		"a role with space": func(c *token.Claims) { c.Roles = []string{"customer admin"} },
		"a long role":       func(c *token.Claims) { c.Roles = []string{strings.Repeat("r", 129)} },
		"no id":             func(c *token.Claims) { c.ID = "" },
		"expiry at issue":   func(c *token.Claims) { c.ExpiresAt = c.IssuedAt.Add(time.Second - 1) },
		"no times":          func(c *token.Claims) { c.IssuedAt, c.ExpiresAt = time.Time{}, time.Time{} },
		"too many roles": func(c *token.Claims) {
			for i := range 500 {
				c.Roles = append(c.Roles, fmt.Sprintf("role-%d", i))
			}
		},
	} {
		claims := goodClaims(s.clock.Now())
		change(&claims)
		raw, err := s.signer.Sign(claims)
		require.Error(t, err, name)
		require.Empty(t, raw, name)
	}
}

// A new key is published first, signs when its time has come, and the old key's tokens stay good
// until it is withdrawn.
func TestKeysRotate(t *testing.T) {
	t.Parallel()
	c := newClock()
	signer := token.NewSigner(c.Now)
	verifier := newVerifier(t, signer, c)
	verify := func(raw string) error { _, err := verifier.Verify(t.Context(), raw); return err }

	_, err := signer.Sign(goodClaims(c.Now()))
	require.ErrorIs(t, err, token.ErrNoSigningKey)
	require.JSONEq(t, `{"keys":[]}`, string(signer.JWKS()))
	require.Error(t, signer.SetKeys(nil))

	ancient, old, coming := newKey(t, c.Now().Add(-time.Hour)), newKey(t, c.Now()), newKey(t, c.Now().Add(time.Minute))
	require.NoError(t, signer.SetKeys([]token.PrivateKey{coming}))
	_, err = signer.Sign(goodClaims(c.Now()))
	require.ErrorIs(t, err, token.ErrNoSigningKey, "its time has not come")

	require.NoError(t, signer.SetKeys([]token.PrivateKey{old, coming, ancient}))
	require.Equal(t, []string{coming.KID(), old.KID(), ancient.KID()}, published(t, signer))
	first, err := signer.Sign(goodClaims(c.Now()))
	require.NoError(t, err)
	require.Equal(t, old.KID(), kidOf(t, first))

	c.forward(time.Minute - 1)
	still, err := signer.Sign(goodClaims(c.Now()))
	require.NoError(t, err)
	require.Equal(t, old.KID(), kidOf(t, still))

	c.forward(1)
	second, err := signer.Sign(goodClaims(c.Now()))
	require.NoError(t, err)
	require.Equal(t, coming.KID(), kidOf(t, second))
	require.NoError(t, verify(first))
	require.NoError(t, verify(second))

	require.NoError(t, signer.SetKeys([]token.PrivateKey{coming}))
	require.ErrorIs(t, verify(first), token.ErrInvalid)
	require.NoError(t, verify(second))

	require.Error(t, signer.SetKeys([]token.PrivateKey{old, old}))
	require.Error(t, signer.SetKeys([]token.PrivateKey{old, {}}))
	require.Equal(t, []string{coming.KID()}, published(t, signer), "the old keys stay on an error")
}

func kidOf(t *testing.T, raw string) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[0])
	require.NoError(t, err)
	var header struct{ Kid string }
	require.NoError(t, json.Unmarshal(text, &header))
	return header.Kid
}

func published(t *testing.T, signer *token.Signer) []string {
	t.Helper()
	var set struct{ Keys []map[string]string }
	require.NoError(t, json.Unmarshal(signer.JWKS(), &set))
	var kids []string
	for _, key := range set.Keys {
		x, err := base64.RawURLEncoding.DecodeString(key["x"])
		require.NoError(t, err)
		public, err := signer.Key(t.Context(), key["kid"])
		require.NoError(t, err)
		require.Equal(t, ed25519.PublicKey(x), public)
		kids = append(kids, key["kid"])
		require.Equal(t, map[string]string{
			"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key["kid"], "x": key["x"],
		}, key, "nothing else is published")
	}
	return kids
}

func TestSignerServesWhileKeysChange(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	third := newKey(t, s.clock.Now())
	done := make(chan error)
	go func() {
		var err error
		for i := range 200 {
			keys := []token.PrivateKey{s.key, third}
			if err = s.signer.SetKeys(keys[:1+i%2]); err != nil {
				break
			}
		}
		done <- err
	}()
	for range 200 {
		_, err := s.signer.Sign(goodClaims(s.clock.Now()))
		require.NoError(t, err)
		require.Contains(t, string(s.signer.JWKS()), s.key.KID())
	}
	require.NoError(t, <-done)
}

// The example of RFC 8037, appendix A: private key in A.1, thumbprint in A.3.
func TestKeyIDIsTheThumbprint(t *testing.T) {
	t.Parallel()
	seed, err := base64.RawURLEncoding.DecodeString("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
	require.NoError(t, err)
	key, err := token.NewPrivateKey(bytes.NewReader(seed), time.Time{})
	require.NoError(t, err)
	require.Equal(t, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", key.KID())
}

func TestPrivateKeySurvivesStorage(t *testing.T) {
	t.Parallel()
	key := newKey(t, newClock().Now())
	der, err := key.PKCS8()
	require.NoError(t, err)
	read, err := token.ParsePrivateKey(der, key.SignsFrom())
	require.NoError(t, err)
	require.Equal(t, key.KID(), read.KID())
	require.Equal(t, key.SignsFrom(), read.SignsFrom())
	require.Equal(t, secretOf(t, key), secretOf(t, read))

	_, err = token.NewPrivateKey(iotest.ErrReader(errors.New("dry")), time.Time{})
	require.ErrorContains(t, err, "dry")
	_, err = token.NewPrivateKey(bytes.NewReader(make([]byte, 31)), time.Time{})
	require.Error(t, err, "too little random")
	_, err = token.PrivateKey{}.PKCS8()
	require.Error(t, err)
	_, err = token.ParsePrivateKey(der[:20], time.Time{})
	require.Error(t, err)
	_, err = token.ParsePrivateKey(anotherKind(t), time.Time{})
	require.ErrorContains(t, err, "not an Ed25519 key")
}

func TestPrivateKeyShowsNowhere(t *testing.T) {
	t.Parallel()
	key := newKey(t, newClock().Now())
	secret := secretOf(t, key)
	type wrapped struct{ hidden token.PrivateKey }
	type exported struct{ Key token.PrivateKey }

	shown := map[string]string{}
	for verb := range strings.SplitSeq("v +v #v s q x X d b o O c U e g t", " ") {
		require.Equal(t, "[redacted]", fmt.Sprintf("%"+verb, key), verb)
		require.Equal(t, "[redacted]", fmt.Sprintf("%"+verb, &key), verb)
		shown["wrapped "+verb] = fmt.Sprintf("%"+verb, wrapped{key})
		shown["exported "+verb] = fmt.Sprintf("%"+verb, exported{key})
		shown["list "+verb] = fmt.Sprintf("%"+verb, []token.PrivateKey{key})
		shown["map "+verb] = fmt.Sprintf("%"+verb, map[string]any{"key": &wrapped{key}})
	}
	text, err := json.Marshal(map[string]any{"a": key, "b": &key, "c": exported{key}, "d": wrapped{key}})
	require.NoError(t, err)
	require.JSONEq(t, `{"a":"[redacted]","b":"[redacted]","c":{"Key":"[redacted]"},"d":{}}`, string(text))

	require.Equal(t, slog.StringValue("[redacted]"), slog.AnyValue(key).Resolve(), "whatever the handler")
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
		slog.New(handler).Info("key", "value", key, "pointer", &key, "wrapped", wrapped{key}, "exported", exported{key})
	}
	require.GreaterOrEqual(t, strings.Count(log.String(), "[redacted]"), 4)
	shown["log"] = log.String()

	for what, text := range shown {
		for _, form := range []string{
			base64.RawURLEncoding.EncodeToString(secret.Seed()), base64.StdEncoding.EncodeToString(secret.Seed()),
			fmt.Sprintf("%x", secret.Seed()), fmt.Sprintf("%X", secret.Seed()), string(secret.Seed()),
			strings.Trim(fmt.Sprint(string(secret.Seed())), "[]"),
			strings.Trim(fmt.Sprintf("%b", secret.Seed()), "[]"), strings.Trim(fmt.Sprintf("%o", secret.Seed()), "[]"),
			strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", secret.Seed()), "[]byte{"), "}"),
		} {
			require.NotContains(t, text, form, what)
		}
	}
}

// anotherKind is a private key, but not for Ed25519.
func anotherKind(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return der
}

func BenchmarkSign(b *testing.B) {
	s := newSystem(b)
	claims := goodClaims(s.clock.Now())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.signer.Sign(claims); err != nil {
			b.Fatal(err)
		}
	}
}
