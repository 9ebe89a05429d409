package token_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/impl/testkit/tokentest"
)

// FuzzVerify looks for a token that the signer did not make and that is accepted. There is one way to
// write a token: even other spellings of the same bytes count.
func FuzzVerify(f *testing.F) {
	s := newFixedSystem(f)
	made := map[string]bool{tokentest.Valid(f, s.options()): true}
	for _, roles := range [][]string{nil, {"admin"}, {"customer", "support", "staff"}} {
		claims := goodClaims(s.clock.Now())
		claims.Roles = roles
		made[s.sign(f, claims)] = true
	}
	for raw := range made {
		f.Add(raw)
	}
	for _, forgery := range tokentest.Forgeries(f, s.options()) {
		f.Add(forgery.Token)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := s.verifier.Verify(t.Context(), raw)
		switch {
		case made[raw]:
			if err != nil {
				t.Fatalf("a genuine token is refused: %v", err)
			}
		case err == nil:
			t.Fatalf("accepted, although nobody made it: %q says %+v", raw, got)
		case !errors.Is(err, token.ErrInvalid):
			t.Fatalf("refused with an error that is no ErrInvalid: %v", err)
		}
	})
}

// FuzzVerifySigned gives arbitrary content a genuine signature. What is accepted must say the same
// to another implementation, which also finds it valid.
func FuzzVerifySigned(f *testing.F) {
	s := newFixedSystem(f)
	secret := secretOf(f, s.key)
	seeds := []tokentest.Forgery{{Token: tokentest.Valid(f, s.options())}}
	for _, forgery := range append(seeds, tokentest.Forgeries(f, s.options())...) {
		parts := strings.Split(forgery.Token, ".")
		if len(parts) != 3 {
			continue
		}
		header, headerErr := base64.RawURLEncoding.DecodeString(parts[0])
		claims, claimsErr := base64.RawURLEncoding.DecodeString(parts[1])
		if headerErr == nil && claimsErr == nil {
			f.Add(string(header), string(claims))
		}
	}
	f.Fuzz(func(t *testing.T, header, claims string) {
		signed := base64.RawURLEncoding.EncodeToString(
			[]byte(header),
		) + "." + base64.RawURLEncoding.EncodeToString(
			[]byte(claims),
		)
		raw := signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(secret, []byte(signed)))
		got, err := s.verifier.Verify(t.Context(), raw)
		if err != nil {
			if !errors.Is(err, token.ErrInvalid) {
				t.Fatalf("refused with an error that is no ErrInvalid: %v", err)
			}
			return
		}
		requireSameToJWX(t, s, raw, got)
	})
}

func requireSameToJWX(t *testing.T, s *system, raw string, got token.Claims) {
	t.Helper()
	message, err := jws.ParseString(raw)
	if err != nil {
		t.Fatalf("accepted, but jwx cannot read it: %v", err)
	}
	kid, _ := message.Signatures()[0].ProtectedHeaders().KeyID()
	typ, _ := message.Signatures()[0].ProtectedHeaders().Type()
	if kid != s.key.KID() || strings.TrimPrefix(strings.ToLower(typ), "application/") != "at+jwt" {
		t.Fatalf("accepted with key id %q and type %q", kid, typ)
	}
	read, err := jwt.ParseString(raw, jwt.WithKey(jwa.EdDSA(), secretOf(t, s.key).Public()),
		jwt.WithClock(jwt.ClockFunc(s.clock.Now)), jwt.WithAcceptableSkew(2*time.Second),
		jwt.WithIssuer(issuer), jwt.WithAudience(audience))
	if err != nil {
		t.Fatalf("accepted, but jwx refuses it: %v", err)
	}
	subject, _ := read.Subject()
	id, _ := read.JwtID()
	issued, _ := read.IssuedAt()
	expires, _ := read.Expiration()
	var session string
	if err := read.Get("sid", &session); err != nil {
		t.Fatalf("accepted without a session: %v", err)
	}
	if subject != got.Subject.String() || session != got.SessionID.String() || id != got.ID ||
		!issued.Equal(got.IssuedAt) || !expires.Equal(got.ExpiresAt) {
		t.Fatalf("jwx reads other claims than %+v", got)
	}
}

// newFixedSystem has the same keys in every process, so that what fuzzing finds stays a case.
func newFixedSystem(t testing.TB) *system {
	t.Helper()
	s := &system{clock: newClock(), key: fixedKey(t, 'k', -time.Hour), other: fixedKey(t, 'o', time.Hour)}
	s.signer = token.NewSigner(s.clock.Now)
	if err := s.signer.SetKeys([]token.PrivateKey{s.key, s.other}); err != nil {
		t.Fatal(err)
	}
	s.verifier = newVerifier(t, s.signer, s.clock)
	return s
}

func fixedKey(t testing.TB, seed byte, signsFrom time.Duration) token.PrivateKey {
	t.Helper()
	key, err := token.NewPrivateKey(
		strings.NewReader(strings.Repeat(string(seed), ed25519.SeedSize)),
		newClock().Now().Add(signsFrom),
	)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
