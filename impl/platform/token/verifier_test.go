package token_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/impl/testkit/tokentest"
)

func TestVerifyAnswersWhatWasSigned(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	claims := goodClaims(s.clock.Now())
	for name, roles := range map[string][]string{"with roles": {"customer", "admin"}, "without roles": {}} {
		t.Run(name, func(t *testing.T) {
			claims := claims
			claims.Roles = roles
			raw := s.sign(t, claims)
			for _, memory := range []string{"anew", "remembered"} {
				got, err := s.verifier.Verify(t.Context(), raw)
				require.NoError(t, err, memory)
				require.Equal(t, claims, got, memory)
			}
		})
	}
	require.Equal(t, telemetry.CacheStats{Entries: 2, Hits: 2, Misses: 2}, s.verifier.Stats())
}

func TestVerifyRefusesEveryForgery(t *testing.T) {
	t.Parallel()
	s := newSystem(t)

	_, err := s.verifier.Verify(t.Context(), tokentest.Valid(t, s.options()))
	require.NoError(t, err, "the forgeries would be refused for the wrong reason")

	forgeries := tokentest.Forgeries(t, s.options())
	names, tokens := map[string]bool{}, map[string]string{}
	for _, forgery := range forgeries {
		require.False(t, names[forgery.Name], "name twice: %s", forgery.Name)
		require.Empty(t, tokens[forgery.Token], "token twice: %s", forgery.Name)
		names[forgery.Name], tokens[forgery.Token] = true, forgery.Name

		for range 2 { // a refusal must not be remembered as anything else
			got, err := s.verifier.Verify(t.Context(), forgery.Token)
			require.ErrorIs(t, err, token.ErrInvalid, forgery.Name)
			require.Zero(t, got, forgery.Name)
			require.NotErrorIs(t, err, token.ErrKeysUnavailable, forgery.Name)
			requireSilent(t, err, forgery)
		}
	}
	require.GreaterOrEqual(t, len(forgeries), 64)
	t.Logf("%d forgeries refused", len(forgeries))
}

// requireSilent checks that an error holds nothing of the token.
func requireSilent(t *testing.T, err error, forgery tokentest.Forgery) {
	t.Helper()
	for part := range strings.SplitSeq(forgery.Token, ".") {
		if len(part) < 8 {
			continue
		}
		require.NotContains(t, err.Error(), part, forgery.Name)
		if decoded, decodeErr := base64.RawURLEncoding.DecodeString(part); decodeErr == nil {
			require.NotContains(t, err.Error(), string(decoded), forgery.Name)
		}
	}
	for _, value := range []string{issuer, audience, "attacker", "0197f0a1"} {
		require.NotContains(t, err.Error(), value, forgery.Name)
	}
}

// Each rule is named by its own message, so that a forgery is seen to be refused by the rule that it
// breaks and not by another on the way.
func TestVerifyNamesTheRule(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	got := map[string]error{}
	for _, forgery := range tokentest.Forgeries(t, s.options()) {
		_, got[forgery.Name] = s.verifier.Verify(t.Context(), forgery.Token)
	}
	for name, rule := range map[string]string{
		"alg RS256, genuine signature":              "algorithm",
		"HS256 with the public key as secret, PEM":  "algorithm",
		"unsigned, alg none, two parts":             "three parts",
		"alg missing":                               "algorithm",
		"alg twice, bad first":                      "header is not",
		"kid missing":                               "key id is missing",
		"kid unknown":                               "no key has",
		"kid of another key":                        "signature",
		"signed by an unknown key under our key id": "signature",
		"jku with a genuine signature":              "other than alg",
		"crit kid":                                  "other than alg",
		"typ JWT":                                   "type",
		"typ missing":                               "type",
		"iss with a slash more":                     "iss",
		"iss missing":                               "iss",
		"aud of others only":                        "aud",
		"aud missing":                               "aud",
		"sub in upper case":                         "sub",
		"sub a nil UUID":                            "sub",
		"sub twice, good first":                     "unique names",
		"sid missing":                               "sid",
		"roles missing":                             "roles",
		"roles good first, bad last":                "roles",
		"jti missing":                               "jti",
		"jti with a space":                          "jti",
		"exp missing":                               "exp is not a whole",
		"exp with an exponent":                      "exp is not a whole",
		"expired an hour ago":                       "expired",
		"exp equal to iat":                          "lifetime",
		"good for a day":                            "lifetime",
		"iat missing":                               "iat is not a whole",
		"issued in an hour":                         "iat is in the future",
		"nbf in an hour":                            "nbf is in the future",
		"nbf null":                                  "nbf is not a whole",
		"claims with names twice, equal":            "unique names",
		"claims holding invalid UTF-8":              "claims are not",
		"claims followed by an object":              "claims are not",
		"signature with S + L":                      "signature",
		"claims with spare bits set":                "base64url",
		"header with a line feed":                   "base64url",
		"claims padded":                             "base64url",
		"oversize, genuine signature":               "too long",
		"flattened JSON":                            "three parts",
		"four parts":                                "three parts",
		"claims empty":                              "three parts",
	} {
		require.ErrorContains(t, got[name], rule, name)
	}
	require.ErrorIs(t, got["expired an hour ago"], token.ErrExpired)
	for name, err := range got {
		if !strings.HasPrefix(name, "expired") {
			require.NotErrorIs(t, err, token.ErrExpired, name)
		}
	}
}

func TestVerifyAcceptsEquivalentForms(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	claims := goodClaims(s.clock.Now())
	for name, change := range map[string]struct{ header, claims func(string) string }{
		"type in upper case":   {header: replace(`"at+jwt"`, `"AT+JWT"`)},
		"type in full":         {header: replace(`"at+jwt"`, `"application/at+jwt"`)},
		"a single audience":    {claims: replace(`["orders"]`, `"orders"`)},
		"an unknown claim":     {claims: replace(`{"iss"`, `{"tenant":{"a":[1]},"iss"`)},
		"nbf now":              {claims: replace(`{"iss"`, fmt.Sprintf(`{"nbf":%d,"iss"`, s.clock.Now().Unix()))},
		"spaces between":       {claims: replace(`,"`, ` , "`)},
		"spaces before values": {header: replace(`":`, `": `), claims: replace(`":`, `": `)},
	} {
		t.Run(name, func(t *testing.T) {
			raw := resign(t, s.key, tokentest.Valid(t, s.options()), change.header, change.claims)
			got, err := s.verifier.Verify(t.Context(), raw)
			require.NoError(t, err)
			require.Equal(t, claims.Subject, got.Subject)
			require.Equal(t, []string{audience}, got.Audience)
		})
	}
}

func replace(old, with string) func(string) string {
	return func(s string) string { return strings.ReplaceAll(s, old, with) }
}

// resign changes header and claims of a token and signs it again.
func resign(t *testing.T, key token.PrivateKey, raw string, header, claims func(string) string) string {
	t.Helper()
	parts := strings.Split(raw, ".")
	for i, change := range []func(string) string{header, claims} {
		if change == nil {
			continue
		}
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		require.NoError(t, err)
		changed := change(string(text))
		require.NotEqual(t, string(text), changed, "the change must change something")
		parts[i] = base64.RawURLEncoding.EncodeToString([]byte(changed))
	}
	signed := parts[0] + "." + parts[1]
	return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(secretOf(t, key), []byte(signed)))
}

// The bounds in time, to the second, anew and from memory.
func TestVerifyBoundsInTime(t *testing.T) {
	t.Parallel()
	const leeway = 2 * time.Second
	for name, tc := range map[string]struct {
		issued, lifetime, at time.Duration
		want                 error
	}{
		"at once":                {lifetime: 5 * time.Minute},
		"last moment":            {lifetime: 5 * time.Minute, at: 5*time.Minute + leeway - 1},
		"expired":                {lifetime: 5 * time.Minute, at: 5*time.Minute + leeway, want: token.ErrExpired},
		"issued by a fast clock": {issued: leeway, lifetime: time.Minute},
		"issued in the future":   {issued: leeway + time.Second, lifetime: time.Minute, want: token.ErrInvalid},
		"longest lifetime":       {lifetime: 15 * time.Minute},
		"a second too long":      {lifetime: 15*time.Minute + time.Second, want: token.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t)
			claims := goodClaims(s.clock.Now().Add(tc.issued))
			claims.ExpiresAt = claims.IssuedAt.Add(tc.lifetime)
			raw := s.sign(t, claims)
			s.clock.forward(tc.at)
			_, err := s.verifier.Verify(t.Context(), raw)
			if tc.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, tc.want)
		})
	}
}

func TestVerifyForgetsAtExpiry(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	raw := s.sign(t, goodClaims(s.clock.Now()))
	_, err := s.verifier.Verify(t.Context(), raw)
	require.NoError(t, err)

	s.clock.forward(5*time.Minute + 2*time.Second - 1)
	_, err = s.verifier.Verify(t.Context(), raw)
	require.NoError(t, err)
	require.EqualValues(t, 1, s.verifier.Stats().Hits)

	s.clock.forward(1)
	_, err = s.verifier.Verify(t.Context(), raw)
	require.ErrorIs(t, err, token.ErrExpired)
	require.ErrorIs(t, err, token.ErrInvalid)
}

func TestVerifyForgetsWithTheKey(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	raw := s.sign(t, goodClaims(s.clock.Now()))
	_, err := s.verifier.Verify(t.Context(), raw)
	require.NoError(t, err)

	require.NoError(t, s.signer.SetKeys([]token.PrivateKey{s.other}))
	_, err = s.verifier.Verify(t.Context(), raw)
	require.ErrorIs(t, err, token.ErrInvalid)

	require.NoError(t, s.signer.SetKeys([]token.PrivateKey{s.key, s.other}))
	_, err = s.verifier.Verify(t.Context(), raw)
	require.NoError(t, err, "a refusal is not remembered")
}

// keys answers what the test says.
type keys func(kid string) (ed25519.PublicKey, error)

func (k keys) Key(_ context.Context, kid string) (ed25519.PublicKey, error) { return k(kid) }

func TestVerifyForgetsWhenTheKeyIsReplacedUnderItsID(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	answer := s.key
	v := newVerifier(t, keys(func(string) (ed25519.PublicKey, error) {
		return secretOf(t, answer).Public().(ed25519.PublicKey), nil
	}), s.clock)
	raw := s.sign(t, goodClaims(s.clock.Now()))
	_, err := v.Verify(t.Context(), raw)
	require.NoError(t, err)

	answer = s.other
	_, err = v.Verify(t.Context(), raw)
	require.ErrorIs(t, err, token.ErrInvalid)
}

func TestVerifyWithoutKeysIsNoRefusal(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	raw := s.sign(t, goodClaims(s.clock.Now()))
	down := errors.New("down")
	for name, source := range map[string]keys{
		"failing":     func(string) (ed25519.PublicKey, error) { return nil, down },
		"cancelled":   func(string) (ed25519.PublicKey, error) { return nil, context.Canceled },
		"a short key": func(string) (ed25519.PublicKey, error) { return make([]byte, 31), nil },
		"empty signer": func(kid string) (ed25519.PublicKey, error) {
			return token.NewSigner(s.clock.Now).Key(t.Context(), kid)
		},
	} {
		_, err := newVerifier(t, source, s.clock).Verify(t.Context(), raw)
		require.ErrorIs(t, err, token.ErrKeysUnavailable, name)
		require.NotErrorIs(t, err, token.ErrInvalid, name)
	}
	_, err := newVerifier(
		t,
		keys(func(string) (ed25519.PublicKey, error) { return nil, down }),
		s.clock,
	).Verify(
		t.Context(),
		"x.y.z",
	)
	require.ErrorIs(t, err, token.ErrInvalid, "no key is needed to refuse this")
}

// The memory stays within its bound, and what is pushed out is verified again.
func TestVerifyMemoryIsBounded(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	v, err := token.NewVerifier(token.VerifierConfig{
		Issuer: issuer, Audience: audience, Keys: s.signer, Clock: s.clock.Now, MaxRemembered: 4,
	})
	require.NoError(t, err)
	claims := goodClaims(s.clock.Now())
	const tokens = 200
	raws := make([]string, tokens)
	for i := range raws {
		claims.ID = fmt.Sprint(i)
		raws[i] = s.sign(t, claims)
	}
	for range 2 {
		for i, raw := range raws {
			got, err := v.Verify(t.Context(), raw)
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint(i), got.ID)
		}
	}
	require.LessOrEqual(t, v.Remembered(), 4)
	require.Positive(t, v.Remembered())
	stats := v.Stats()
	require.EqualValues(t, 2*tokens, stats.Hits+stats.Misses)
	require.EqualValues(t, int(stats.Misses)-v.Remembered(), stats.Evictions, "every token that was added and has gone")

	s.clock.forward(time.Hour)
	require.Zero(t, v.Remembered(), "what has expired does not stay")
	require.Equal(t, stats.Evictions, v.Stats().Evictions, "nor does it count as dropped for lack of room")
}

func TestVerifyRemembersNoRefusal(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	for _, forgery := range tokentest.Forgeries(t, s.options()) {
		_, err := s.verifier.Verify(t.Context(), forgery.Token)
		require.Error(t, err)
	}
	require.Zero(t, s.verifier.Remembered())
}

// Expiry does not hang on the memory's own: the clock is asked at every hit.
func TestVerifyRefusesAnExpiredTokenThatIsStillRemembered(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	raw := s.sign(t, goodClaims(s.clock.Now()))
	_, err := s.verifier.Verify(t.Context(), raw)
	require.NoError(t, err)
	s.verifier.KeepFor(raw, time.Hour)

	s.clock.forward(5*time.Minute + 2*time.Second)
	require.Equal(t, 1, s.verifier.Remembered())
	_, err = s.verifier.Verify(t.Context(), raw)
	require.ErrorIs(t, err, token.ErrExpired)
	require.Zero(t, s.verifier.Remembered())
}

func TestVerifySharesNoRoom(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	raw := s.sign(t, goodClaims(s.clock.Now()))
	first, err := s.verifier.Verify(t.Context(), raw)
	require.NoError(t, err)
	require.Equal(t, len(first.Roles), cap(first.Roles), "an append would write into what others read")
	require.Equal(t, len(first.Audience), cap(first.Audience))
}

func TestVerifyHitDoesNotAllocate(t *testing.T) {
	s := newSystem(t)
	raw := s.sign(t, goodClaims(s.clock.Now()))
	ctx := t.Context()
	_, err := s.verifier.Verify(ctx, raw)
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(1000, func() { _, _ = s.verifier.Verify(ctx, raw) }))
}

func TestNewVerifierRefusesBadConfiguration(t *testing.T) {
	t.Parallel()
	good := token.VerifierConfig{Issuer: issuer, Audience: audience, Keys: newSystem(t).signer}
	_, err := token.NewVerifier(good)
	require.NoError(t, err)
	for name, change := range map[string]func(*token.VerifierConfig){
		"no issuer":         func(c *token.VerifierConfig) { c.Issuer = "" },
		"no audience":       func(c *token.VerifierConfig) { c.Audience = "" },
		"no keys":           func(c *token.VerifierConfig) { c.Keys = nil },
		"negative leeway":   func(c *token.VerifierConfig) { c.Leeway = -1 },
		"much leeway":       func(c *token.VerifierConfig) { c.Leeway = 5*time.Second + 1 },
		"negative lifetime": func(c *token.VerifierConfig) { c.MaxLifetime = -1 },
		"negative size":     func(c *token.VerifierConfig) { c.MaxTokenBytes = -1 },
		"negative memory":   func(c *token.VerifierConfig) { c.MaxRemembered = -1 },
	} {
		config := good
		change(&config)
		_, err := token.NewVerifier(config)
		require.Error(t, err, name)
	}
}

// Another implementation reads our tokens and key set, and we read its tokens.
func TestInteroperatesWithJWX(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	claims := goodClaims(s.clock.Now())

	set, err := jwk.Parse(s.signer.JWKS())
	require.NoError(t, err)
	require.Equal(t, 2, set.Len())
	read, err := jwt.ParseString(s.sign(t, claims), jwt.WithKeySet(set),
		jwt.WithClock(jwt.ClockFunc(s.clock.Now)), jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithVerify(true))
	require.NoError(t, err)
	subject, _ := read.Subject()
	require.Equal(t, claims.Subject.String(), subject)
	expires, _ := read.Expiration()
	require.True(t, claims.ExpiresAt.Equal(expires))

	theirs, err := jwt.NewBuilder().
		Issuer(issuer).Audience([]string{audience}).Subject(claims.Subject.String()).JwtID(claims.ID).
		IssuedAt(claims.IssuedAt).Expiration(claims.ExpiresAt).
		Claim("sid", claims.SessionID.String()).Claim("roles", claims.Roles).Build()
	require.NoError(t, err)
	headers := jws.NewHeaders()
	require.NoError(t, headers.Set(jws.TypeKey, "at+jwt"))
	require.NoError(t, headers.Set(jws.KeyIDKey, s.key.KID()))
	raw, err := jwt.Sign(theirs, jwt.WithKey(jwa.EdDSA(), secretOf(t, s.key), jws.WithProtectedHeaders(headers)))
	require.NoError(t, err)
	got, err := s.verifier.Verify(t.Context(), string(raw))
	require.NoError(t, err)
	claims.Audience = []string{audience}
	require.Equal(t, claims, got)
}

func BenchmarkVerifyFirst(b *testing.B) {
	s := newSystem(b)
	claims := goodClaims(s.clock.Now())
	raws := make([]string, 4096)
	for i := range raws {
		claims.ID = uuid.NewString()
		raws[i] = s.sign(b, claims)
	}
	ctx := b.Context()
	b.ReportAllocs()
	v := newVerifier(b, s.signer, s.clock)
	i := 0
	for b.Loop() {
		if i == len(raws) {
			b.StopTimer()
			i, v = 0, newVerifier(b, s.signer, s.clock) // one that remembers none of them
			b.StartTimer()
		}
		if _, err := v.Verify(ctx, raws[i]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkVerifyRemembered(b *testing.B) {
	s := newSystem(b)
	raw := s.sign(b, goodClaims(s.clock.Now()))
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.verifier.Verify(ctx, raw); err != nil {
			b.Fatal(err)
		}
	}
}
