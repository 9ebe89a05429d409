// Package tokentest makes access tokens that must be refused.
//
// Most of them carry a genuine signature over content that breaks one rule, so that no check hides another. For tests
// only.
package tokentest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/token"
)

// A Forgery is a token that must be refused, under the name of its flaw.
type Forgery struct {
	Name  string
	Token string
}

// Options describe the system that the forgeries are made for.
type Options struct {
	Claims   token.Claims     // of a token that is good at Now
	Issuer   string           // the issuer that verifiers expect
	Audience string           // the audience that verifiers expect
	Key      token.PrivateKey // a published key that signs
	OtherKey token.PrivateKey // a second published key
	Now      time.Time
}

// Valid makes a good token by the same means as the forgeries: if it is refused, the forgeries are refused for the
// wrong reason.
func Valid(t testing.TB, opts Options) string {
	t.Helper()
	f := newForger(t, opts)
	return f.sign(f.header, f.claims)
}

// Forgeries makes one token of every kind that must be refused, all different.
func Forgeries(t testing.TB, opts Options) []Forgery {
	t.Helper()
	f := newForger(t, opts)
	return slices.Concat(
		f.algorithms(), f.keyIDs(), f.embeddedKeys(), f.headerParameters(), f.types(), f.headerJSON(),
		f.issuers(), f.audiences(), f.times(), f.identifiers(), f.roles(), f.claimsJSON(),
		f.serialisations(), f.encodings(), f.signatures(),
	)
}

// A member is a name and its value in JSON. Unlike those of a Go map, members keep their order and may repeat.
type member struct{ name, value string }

type members []member

// with replaces a value or appends it.
func (m members) with(name, value string) members {
	out := slices.Clone(m)
	if i := slices.IndexFunc(out, func(e member) bool { return e.name == name }); i >= 0 {
		out[i].value = value
		return out
	}
	return append(out, member{name, value})
}

func (m members) without(name string) members {
	return slices.DeleteFunc(slices.Clone(m), func(e member) bool { return e.name == name })
}

func (m members) first(name, value string) members {
	return append(members{{name, value}}, m...)
}

func (m members) last(name, value string) members {
	return append(slices.Clone(m), member{name, value})
}

func (m members) String() string {
	var out []string
	for _, e := range m {
		out = append(out, `"`+e.name+`":`+e.value)
	}
	return "{" + strings.Join(out, ",") + "}"
}

type forger struct {
	t        testing.TB
	opts     Options
	key      ed25519.PrivateKey
	other    ed25519.PrivateKey
	attacker ed25519.PrivateKey
	header   members
	claims   members
}

func newForger(t testing.TB, opts Options) *forger {
	t.Helper()
	_, attacker, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	roles := opts.Claims.Roles
	if roles == nil {
		roles = []string{}
	}
	return &forger{
		t:        t,
		opts:     opts,
		key:      secret(t, opts.Key),
		other:    secret(t, opts.OtherKey),
		attacker: attacker,
		header: members{
			{"alg", `"EdDSA"`},
			{"typ", `"at+jwt"`},
			{"kid", quote(t, opts.Key.KID())},
		},
		claims: members{
			{"iss", quote(t, opts.Issuer)},
			{"aud", quote(t, []string{opts.Audience})},
			{"sub", quote(t, opts.Claims.Subject)},
			{"sid", quote(t, opts.Claims.SessionID)},
			{"roles", quote(t, roles)},
			{"iat", quote(t, opts.Claims.IssuedAt.Unix())},
			{"exp", quote(t, opts.Claims.ExpiresAt.Unix())},
			{"jti", quote(t, opts.Claims.ID)},
		},
	}
}

func secret(t testing.TB, key token.PrivateKey) ed25519.PrivateKey {
	t.Helper()
	der, err := key.PKCS8()
	require.NoError(t, err)
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	require.NoError(t, err)
	return parsed.(ed25519.PrivateKey)
}

func quote(t testing.TB, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

func encode[T ~string | ~[]byte](data T) string {
	return base64.RawURLEncoding.EncodeToString([]byte(data))
}

// sign makes a token with the genuine key's signature over any content.
func (f *forger) sign(header, claims fmt.Stringer) string {
	return f.signText(header.String(), claims.String())
}

func (f *forger) signText(header, claims string) string {
	return f.signBy(f.key, encode(header)+"."+encode(claims))
}

// signBy signs two parts that are already encoded, correctly or not.
func (f *forger) signBy(key ed25519.PrivateKey, signed string) string {
	return signed + "." + encode(ed25519.Sign(key, []byte(signed)))
}

// headers makes genuinely signed tokens that differ from a good one in one header parameter.
func (f *forger) headers(name string, values map[string]string) []Forgery {
	var out []Forgery
	for what, value := range values {
		out = append(out, Forgery{name + " " + what, f.sign(f.header.with(name, value), f.claims)})
	}
	return append(out, Forgery{name + " missing", f.sign(f.header.without(name), f.claims)})
}

// claimValues makes genuinely signed tokens that differ from a good one in one claim.
func (f *forger) claimValues(name string, values map[string]string) []Forgery {
	var out []Forgery
	for what, value := range values {
		out = append(out, Forgery{name + " " + what, f.sign(f.header, f.claims.with(name, value))})
	}
	return append(out, Forgery{name + " missing", f.sign(f.header, f.claims.without(name))})
}

func (f *forger) algorithms() []Forgery {
	out := f.headers("alg", map[string]string{
		"RS256, genuine signature":   `"RS256"`,
		"ES256, genuine signature":   `"ES256"`,
		"PS256, genuine signature":   `"PS256"`,
		"Ed25519, genuine signature": `"Ed25519"`,
		"Ed448, genuine signature":   `"Ed448"`,
		"none, genuine signature":    `"none"`,
		"in lower case":              `"eddsa"`,
		"with a space":               `"EdDSA "`,
		"with a NUL":                 `"EdDSA\u0000"`,
		"empty":                      `""`,
		"null":                       `null`,
		"a number":                   `1`,
		"an array":                   `["EdDSA"]`,
		"an object":                  `{"EdDSA":true}`,
	})

	for _, none := range []string{"none", "None", "NONE", "nOnE", "none "} {
		signed := encode(f.header.with("alg", quote(f.t, none)).String()) + "." + encode(f.claims.String())
		out = append(out, Forgery{"unsigned, alg " + none, signed + "."})
	}
	unsigned := encode(f.header.with("alg", `"none"`).String()) + "." + encode(f.claims.String())
	out = append(out, Forgery{"unsigned, alg none, two parts", unsigned})

	// The public key, in every form in which a careless verifier might use it as an HMAC secret.
	public := []byte(f.key.Public().(ed25519.PublicKey))
	der, err := x509.MarshalPKIXPublicKey(f.key.Public())
	require.NoError(f.t, err)
	jwk := fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","use":"sig","alg":"EdDSA","kid":%q,"x":%q}`, f.opts.Key.KID(),
		encode(public))
	for what, key := range map[string][]byte{
		"raw bytes": public, "base64url": []byte(encode(public)), "DER": der, "JWK": []byte(jwk),
		"PEM":   pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
		"empty": nil, "key id": []byte(f.opts.Key.KID()),
	} {
		out = append(out, Forgery{"HS256 with the public key as secret, " + what, f.hmac("HS256", sha256.New, key)})
	}
	out = append(out,
		Forgery{"HS384 with the public key as secret", f.hmac("HS384", sha512.New384, public)},
		Forgery{"HS512 with the public key as secret", f.hmac("HS512", sha512.New, public)},
		Forgery{"alg EdDSA over an HMAC", f.hmac("EdDSA", sha512.New, public)},
		Forgery{"ES256 by an unknown key", f.ecdsa()},
	)
	return out
}

func (f *forger) hmac(alg string, hash func() hash.Hash, key []byte) string {
	signed := encode(f.header.with("alg", quote(f.t, alg)).String()) + "." + encode(f.claims.String())
	mac := hmac.New(hash, key)
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

func (f *forger) ecdsa() string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(f.t, err)
	signed := encode(f.header.with("alg", `"ES256"`).String()) + "." + encode(f.claims.String())
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	require.NoError(f.t, err)
	return signed + "." + encode(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

func (f *forger) keyIDs() []Forgery {
	kid := f.opts.Key.KID()
	out := f.headers("kid", map[string]string{
		"empty":                `""`,
		"unknown":              `"unknown"`,
		"a path":               `"../../../../dev/null"`,
		"an absolute path":     `"/proc/sys/kernel/randomize_va_space"`,
		"a URL":                `"https://attacker.example/key"`,
		"SQL":                  `"x' UNION SELECT 'AAAA' --"`,
		"a command":            `"key|/usr/bin/id"`,
		"very long":            quote(f.t, strings.Repeat("k", 2000)),
		"the good one twice":   quote(f.t, kid+kid),
		"with a trailing NUL":  `"` + kid + `\u0000"`,
		"with a leading space": `" ` + kid + `"`,
		"with a line break":    `"` + kid + `\n"`,
		"in the wrong case":    quote(f.t, swapCase(kid)),
		"an array":             `["` + kid + `"]`,
		"a number":             `7`,
		"an object":            `{"kid":"` + kid + `"}`,
		"true":                 `true`,
		"null":                 `null`,
		"of another key":       quote(f.t, f.opts.OtherKey.KID()),
	})
	signed := encode(f.header.String()) + "." + encode(f.claims.String())
	theirs := encode(f.header.with("kid", `"attacker"`).String()) + "." + encode(f.claims.String())
	return append(out,
		Forgery{"signed by an unknown key under our key id", f.signBy(f.attacker, signed)},
		Forgery{"signed by our other key under this key id", f.signBy(f.other, signed)},
		Forgery{"signed by an unknown key under its own id", f.signBy(f.attacker, theirs)},
	)
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return r
	}, s)
}

// embeddedKeys are signed by the attacker, and say where to find the attacker's key.
func (f *forger) embeddedKeys() []Forgery {
	public := f.attacker.Public().(ed25519.PublicKey)
	jwk := fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","kid":%q,"x":%q}`, f.opts.Key.KID(), encode(public))
	certificate := quote(f.t, []string{base64.StdEncoding.EncodeToString(public)})

	var out []Forgery
	for name, value := range map[string]string{
		"jku":      `"https://attacker.example/jwks.json"`,
		"x5u":      `"https://attacker.example/cert.pem"`,
		"jwk":      jwk,
		"x5c":      certificate,
		"x5t":      quote(f.t, encode(public)[:27]),
		"x5t#S256": quote(f.t, encode(public)),
	} {
		header := f.header.with(name, value)
		theirs := encode(header.String()) + "." + encode(f.claims.String())
		out = append(out,
			Forgery{name + " of the attacker", f.signBy(f.attacker, theirs)},
			Forgery{name + " with a genuine signature", f.sign(header, f.claims)},
		)
	}
	withoutID := encode(f.header.without("kid").with("jwk", jwk).String()) + "." + encode(f.claims.String())
	return append(out, Forgery{"jwk of the attacker without kid", f.signBy(f.attacker, withoutID)})
}

func (f *forger) headerParameters() []Forgery {
	extra := func(name, value string) string { return f.sign(f.header.with(name, value), f.claims) }
	// RFC 7797: the signature covers the claims unencoded.
	header := encode(f.header.with("b64", "false").with("crit", `["b64"]`).String())
	unencoded := f.signBy(f.key, header+"."+f.claims.String())
	return []Forgery{
		{"crit exp", extra("crit", `["exp"]`)},
		{"crit empty", extra("crit", `[]`)},
		{"crit kid", extra("crit", `["kid"]`)},
		{"crit unknown", f.sign(f.header.with("crit", `["x"]`).with("x", "true"), f.claims)},
		{"b64 false", extra("b64", "false")},
		{"b64 true", extra("b64", "true")},
		{"b64 false, claims not encoded", unencoded},
		{"zip DEF", extra("zip", `"DEF"`)},
		{"enc", extra("enc", `"A256GCM"`)},
		{"cty JWT", extra("cty", `"JWT"`)},
		{"epk", extra("epk", `{"kty":"OKP"}`)},
		{"iss in the header", extra("iss", quote(f.t, f.opts.Issuer))},
		{"unknown header parameter", extra("x", "1")},
		{"empty header parameter name", extra("", "1")},
		{"ALG beside alg", extra("ALG", `"none"`)},
		{"KID beside kid", extra("KID", quote(f.t, f.opts.OtherKey.KID()))},
		{"ALG instead of alg", f.sign(f.header.without("alg").with("ALG", `"EdDSA"`), f.claims)},
	}
}

func (f *forger) types() []Forgery {
	return f.headers("typ", map[string]string{
		"JWT":                  `"JWT"`,
		"jwt":                  `"jwt"`,
		"of an ID token":       `"id+jwt"`,
		"of a logout token":    `"logout+jwt"`,
		"of a DPoP proof":      `"dpop+jwt"`,
		"without suffix":       `"at"`,
		"with a space":         `"at+jwt "`,
		"with a parameter":     `"at+jwt; charset=utf-8"`,
		"of another tree":      `"text/at+jwt"`,
		"application twice":    `"application/application/at+jwt"`,
		"application alone":    `"application/"`,
		"with another letter":  `"at+j\u0461t"`,
		"empty":                `""`,
		"null":                 `null`,
		"an array":             `["at+jwt"]`,
		"with a trailing NUL":  `"at+jwt\u0000"`,
		"with a leading slash": `"/at+jwt"`,
	})
}

func (f *forger) headerJSON() []Forgery {
	good := f.header.String()
	claims := f.claims.String()
	out := []Forgery{
		{"alg twice, bad first", f.sign(f.header.first("alg", `"none"`), f.claims)},
		{"alg twice, bad last", f.sign(f.header.last("alg", `"none"`), f.claims)},
		{"alg twice, both good", f.sign(f.header.last("alg", `"EdDSA"`), f.claims)},
		{"alg twice, once escaped", f.sign(f.header.last(`\u0061lg`, `"none"`), f.claims)},
		{"kid twice, bad first", f.sign(f.header.first("kid", `"attacker"`), f.claims)},
		{"kid twice, bad last", f.sign(f.header.last("kid", `"attacker"`), f.claims)},
		{"typ twice, bad first", f.sign(f.header.first("typ", `"JWT"`), f.claims)},
		{"typ twice, bad last", f.sign(f.header.last("typ", `"JWT"`), f.claims)},
	}
	for what, text := range brokenJSON(good) {
		out = append(out, Forgery{"header " + what, f.signText(text, claims)})
	}
	return out
}

// brokenJSON is a good object in forms that are not one JSON object.
func brokenJSON(good string) map[string]string {
	return map[string]string{
		"empty":                   "",
		"an empty object":         "{}",
		"null":                    "null",
		"true":                    "true",
		"a number":                "1",
		"a string":                `"x"`,
		"an array":                "[" + good + "]",
		"with a byte order mark":  "\ufeff" + good,
		"followed by an object":   good + "{}",
		"followed by a bracket":   good + "}",
		"followed by a NUL":       good + "\x00",
		"preceded by a NUL":       "\x00" + good,
		"preceded by a byte":      "x" + good,
		"cut short":               good[:len(good)-1],
		"with a trailing comma":   good[:len(good)-1] + ",}",
		"with a comment":          good[:len(good)-1] + "/**/}",
		"with single quotes":      strings.ReplaceAll(good, `"`, `'`),
		"with an unquoted name":   good[:len(good)-1] + ",x:1}",
		"with a raw line break":   good[:len(good)-1] + ",\"x\n\":1}",
		"holding invalid UTF-8":   good[:len(good)-1] + ",\"x\":\"\xff\"}",
		"holding overlong UTF-8":  good[:len(good)-1] + ",\"x\":\"\xc0\xaf\"}",
		"holding a surrogate":     good[:len(good)-1] + ",\"x\":\"\xed\xa0\x80\"}",
		"with NaN":                good[:len(good)-1] + ",\"x\":NaN}",
		"with a hexadecimal":      good[:len(good)-1] + ",\"x\":0x1}",
		"in UTF-16":               utf16(good),
		"with names twice, equal": good[:len(good)-1] + "," + good[1:],
	}
}

func utf16(s string) string {
	out := []byte{0xff, 0xfe}
	for i := range len(s) {
		out = append(out, s[i], 0)
	}
	return string(out)
}

func (f *forger) issuers() []Forgery {
	iss := f.opts.Issuer
	return f.claimValues("iss", map[string]string{
		"of somebody else":      `"https://attacker.example"`,
		"with a slash more":     quote(f.t, iss+"/"),
		"in the wrong case":     quote(f.t, swapCase(iss)),
		"with a leading space":  quote(f.t, " "+iss),
		"with a trailing NUL":   quote(f.t, iss+"\x00"),
		"as a prefix":           quote(f.t, iss+".attacker.example"),
		"cut short":             quote(f.t, iss[:len(iss)-1]),
		"percent-encoded":       quote(f.t, fmt.Sprintf("%%%02x%s", iss[0], iss[1:])),
		"empty":                 `""`,
		"null":                  `null`,
		"an array":              quote(f.t, []string{iss}),
		"an object":             quote(f.t, map[string]bool{iss: true}),
		"a number":              `1`,
		"a boolean":             `true`,
		"with a lone surrogate": `"` + iss + `\ud800"`,
	})
}

func (f *forger) audiences() []Forgery {
	aud := f.opts.Audience
	return f.claimValues("aud", map[string]string{
		"of another service":       `["another-service"]`,
		"of others only":           `["another-service","a-third"]`,
		"another, single":          `"another-service"`,
		"empty":                    `""`,
		"an empty array":           `[]`,
		"an array of nothing":      `[""]`,
		"in the wrong case":        quote(f.t, []string{swapCase(aud)}),
		"with a prefix":            quote(f.t, []string{"x" + aud}),
		"with a suffix":            quote(f.t, []string{aud + "x"}),
		"with a slash more":        quote(f.t, []string{aud + "/"}),
		"a list in a string":       quote(f.t, aud+" another-service"),
		"a wildcard":               `["*"]`,
		"a nested array":           quote(f.t, [][]string{{aud}}),
		"a number":                 `1`,
		"null":                     `null`,
		"true":                     `true`,
		"an object":                quote(f.t, map[string]string{"0": aud}),
		"ours beside a number":     `[` + quote(f.t, aud) + `,1]`,
		"ours beside null":         `[` + quote(f.t, aud) + `,null]`,
		"ours beside an empty one": `[` + quote(f.t, aud) + `,""]`,
	})
}

func (f *forger) times() []Forgery {
	iat, exp, now := f.opts.Claims.IssuedAt.Unix(), f.opts.Claims.ExpiresAt.Unix(), f.opts.Now.Unix()
	number := func(n int64) string { return fmt.Sprint(n) }
	dates := func(good int64) map[string]string {
		return map[string]string{
			"a string":            fmt.Sprintf(`"%d"`, good),
			"with a zero decimal": fmt.Sprintf("%d.0", good),
			"with a fraction":     fmt.Sprintf("%d.5", good),
			"with an exponent":    fmt.Sprintf("%de0", good),
			"negative":            fmt.Sprintf("-%d", good),
			"minus zero":          "-0",
			"beyond an int64":     "99999999999999999999",
			"beyond a float64":    "1e400",
			"the largest int64":   "9223372036854775807",
			"in milliseconds":     fmt.Sprintf("%d000", good),
			"an RFC 3339 string":  quote(f.t, time.Unix(good, 0).UTC()),
			"null":                "null",
			"an array":            fmt.Sprintf("[%d]", good),
			"an object":           fmt.Sprintf(`{"$date":%d}`, good),
			"a boolean":           "true",
			"with a leading zero": fmt.Sprintf("0%d", good),
			"with a plus":         fmt.Sprintf("+%d", good),
		}
	}
	out := slices.Concat(f.claimValues("exp", dates(exp)), f.claimValues("iat", dates(iat)))
	for what, value := range dates(iat) {
		out = append(out, Forgery{"nbf " + what, f.sign(f.header, f.claims.with("nbf", value))})
	}

	window := func(from, to int64) string {
		return f.sign(f.header, f.claims.with("iat", number(from)).with("exp", number(to)))
	}
	return append(out,
		Forgery{"expired an hour ago", window(now-3900, now-3600)},
		Forgery{"expired long ago", window(1, 300)},
		Forgery{"exp zero", window(iat, 0)},
		Forgery{"exp before iat", window(iat, iat-1)},
		Forgery{"exp equal to iat", window(now, now)},
		Forgery{"issued in an hour", window(now+3600, now+3900)},
		Forgery{"issued after it expires", window(exp+1, exp)},
		Forgery{"iat zero", window(0, exp)},
		Forgery{"good for a day", window(iat, iat+86400)},
		Forgery{"good for a thousand years", window(iat, iat+31556952000)},
		Forgery{"nbf in an hour", f.sign(f.header, f.claims.with("nbf", number(now+3600)))},
		Forgery{"exp twice, bad first", f.sign(f.header, f.claims.first("exp", "1"))},
		Forgery{"exp twice, bad last", f.sign(f.header, f.claims.last("exp", "1"))},
	)
}

func (f *forger) identifiers() []Forgery {
	var out []Forgery
	for name, id := range map[string]string{"sub": f.opts.Claims.Subject.String(),
		"sid": f.opts.Claims.SessionID.String()} {
		// It has a letter, whatever the genuine id is.
		upper := "A" + strings.ToUpper(id[1:])
		out = append(out, f.claimValues(name, map[string]string{
			"empty":                   `""`,
			"no UUID":                 `"root"`,
			"a nil UUID":              `"00000000-0000-0000-0000-000000000000"`,
			"in upper case":           quote(f.t, upper),
			"in braces":               quote(f.t, "{"+id+"}"),
			"as a URN":                quote(f.t, "urn:uuid:"+id),
			"without hyphens":         quote(f.t, strings.ReplaceAll(id, "-", "")),
			"with a trailing space":   quote(f.t, id+" "),
			"with a leading space":    quote(f.t, " "+id),
			"with a trailing NUL":     quote(f.t, id+"\x00"),
			"with a line break":       quote(f.t, id+"\n"),
			"one digit short":         quote(f.t, id[:len(id)-1]),
			"one digit long":          quote(f.t, id+"0"),
			"SQL":                     quote(f.t, id+"' OR '1'='1"),
			"with a full-width digit": quote(f.t, id[:len(id)-1]+"\uff11"),
			"an array":                quote(f.t, []string{id}),
			"an object":               quote(f.t, map[string]string{"id": id}),
			"a number":                `1`,
			"null":                    `null`,
			"true":                    `true`,
		})...)
		out = append(out,
			Forgery{name + " in the wrong case",
				f.sign(f.header, f.claims.without(name).with(strings.ToUpper(name), quote(f.t, id)))},
			Forgery{name + " twice, good first",
				f.sign(f.header, f.claims.last(name, `"01890a5d-ac96-774b-bcce-b302099a8057"`))},
			Forgery{name + " twice, good last",
				f.sign(f.header, f.claims.first(name, `"01890a5d-ac96-774b-bcce-b302099a8057"`))},
			Forgery{name + " twice, once escaped",
				f.sign(f.header, f.claims.last(`\u0073`+name[1:], `"01890a5d-ac96-774b-bcce-b302099a8057"`))},
		)
	}
	return append(out, f.claimValues("jti", map[string]string{
		"empty":             `""`,
		"null":              `null`,
		"a number":          `1`,
		"an array":          `["x"]`,
		"very long":         quote(f.t, strings.Repeat("j", 1000)),
		"with a space":      `"a b"`,
		"with a NUL":        `"a\u0000"`,
		"with a line break": `"a\nb"`,
		"not ASCII":         `"\u00e9"`,
	})...)
}

func (f *forger) roles() []Forgery {
	return append(f.claimValues("roles", map[string]string{
		"a string":                `"admin"`,
		"a list in a string":      `"customer admin"`,
		"a number":                `1`,
		"null":                    `null`,
		"true":                    `true`,
		"an object":               `{"admin":true}`,
		"an array of arrays":      `[["admin"]]`,
		"an array of numbers":     `[1]`,
		"an array of null":        `[null]`,
		"an array of objects":     `[{"name":"admin"}]`,
		"a good one and a number": `["customer",1]`,
		"a good one and null":     `["customer",null]`,
		"an empty one":            `[""]`,
		"with a space":            `["customer admin"]`,
		"with a NUL":              `["customer\u0000"]`,
		"with a line break":       `["customer\nadmin"]`,
		"good first, bad last":    `["customer","admin "]`,
		"not ASCII":               `["\u0430dmin"]`,
		"very long":               quote(f.t, []string{strings.Repeat("r", 1000)}),
	}),
		Forgery{"roles twice, good first", f.sign(f.header, f.claims.last("roles", `["admin"]`))},
		Forgery{"roles twice, good last", f.sign(f.header, f.claims.first("roles", `["admin"]`))},
		Forgery{"Roles instead of roles", f.sign(f.header, f.claims.without("roles").with("Roles", `["admin"]`))},
		Forgery{"roles of a realm", f.sign(f.header, f.claims.without("roles").with("realm_access", `{"roles":["admin"]}`))},
	)
}

func (f *forger) claimsJSON() []Forgery {
	header := f.header.String()
	out := []Forgery{
		{"an unknown claim twice", f.sign(f.header, f.claims.last("x", "1").last("x", "1"))},
		{"iss twice, bad first", f.sign(f.header, f.claims.first("iss", `"https://attacker.example"`))},
		{"iss twice, bad last", f.sign(f.header, f.claims.last("iss", `"https://attacker.example"`))},
		{"aud twice, bad first", f.sign(f.header, f.claims.first("aud", `"another-service"`))},
		{"aud twice, bad last", f.sign(f.header, f.claims.last("aud", `"another-service"`))},
	}
	for what, text := range brokenJSON(f.claims.String()) {
		out = append(out, Forgery{"claims " + what, f.signText(header, text)})
	}
	return append(out, Forgery{"claims are another token", f.signText(header, f.sign(f.header, f.claims))})
}

func (f *forger) serialisations() []Forgery {
	good := f.sign(f.header, f.claims)
	part := strings.Split(good, ".")
	flattened := fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, part[0], part[1], part[2])
	general := fmt.Sprintf(`{"payload":%q,"signatures":[{"protected":%q,"signature":%q}]}`, part[1], part[0], part[2])
	unprotected := fmt.Sprintf(`{"payload":%q,"header":%s,"signature":%q}`, part[1], f.header, part[2])
	encrypted := members{{"alg", `"dir"`}, {"enc", `"A256GCM"`}, {"typ", `"at+jwt"`},
		{"kid", quote(f.t, f.opts.Key.KID())}}
	return []Forgery{
		{"flattened JSON", flattened},
		{"general JSON", general},
		{"JSON with an unprotected header", unprotected},
		{"JSON, encoded", encode(flattened)},
		{"JWE of five parts", strings.Join([]string{encode(encrypted.String()), "", part[1], part[1], part[2]}, ".")},
		{"five parts", good + ".AA.AA"},
		{"nothing", ""},
		{"one part", part[0]},
		{"two parts", part[0] + "." + part[1]},
		{"two parts, claims and signature", part[1] + "." + part[2]},
		{"four parts", good + "." + part[2]},
		{"dots only", ".."},
		{"a dot more at the end", good + "."},
		{"a dot more at the start", "." + good},
		{"without header", "." + part[1] + "." + part[2]},
		{"without claims", part[0] + ".." + part[2]},
		{"without signature", part[0] + "." + part[1] + "."},
		{"header and claims swapped", part[1] + "." + part[0] + "." + part[2]},
		{"header and claims swapped and signed", f.signText(f.claims.String(), f.header.String())},
		{"slashes instead of dots", strings.ReplaceAll(good, ".", "/")},
		{"percent-encoded dots", strings.ReplaceAll(good, ".", "%2E")},
		{"with its scheme", "Bearer " + good},
		{"quoted", `"` + good + `"`},
		{"twice with a comma", good + "," + good},
		{"oversize, genuine signature", f.sign(f.header, f.claims.with("x", quote(f.t, strings.Repeat("x", 8192))))},
		{"oversize, nested arrays",
			f.sign(f.header, f.claims.with("x", strings.Repeat("[", 3500)+strings.Repeat("]", 3500)))},
		{"oversize, no token", strings.Repeat("A", 10000)},
		{"oversize, dots", strings.Repeat(".", 10000)},
		{"oversize, spaces after it", good + strings.Repeat(" ", 8192)},
	}
}

// encodings are a good token in other encodings; some are signed in that encoding, too.
func (f *forger) encodings() []Forgery {
	good := f.sign(f.header, f.claims)
	part := strings.Split(good, ".")
	var out []Forgery
	for what, change := range map[string]func(string) string{
		"padded":                        pad,
		"with one padding sign":         func(s string) string { return s + "=" },
		"with a leading space":          func(s string) string { return " " + s },
		"with a trailing space":         func(s string) string { return s + " " },
		"with a line feed":              func(s string) string { return s[:4] + "\n" + s[4:] },
		"with a carriage return":        func(s string) string { return s[:4] + "\r" + s[4:] },
		"with a line break at end":      func(s string) string { return s + "\r\n" },
		"with a tab":                    func(s string) string { return s[:4] + "\t" + s[4:] },
		"with a NUL":                    func(s string) string { return s[:4] + "\x00" + s[4:] },
		"with a trailing NUL":           func(s string) string { return s + "\x00" },
		"with a plus":                   func(s string) string { return s[:4] + "+" + s[5:] },
		"with a slash":                  func(s string) string { return s[:4] + "/" + s[5:] },
		"with a full-width letter":      func(s string) string { return s[:4] + "\uff21" + s[5:] },
		"with invalid UTF-8":            func(s string) string { return s[:4] + "\xff" + s[5:] },
		"with a zero-width space":       func(s string) string { return s[:4] + "\u200b" + s[4:] },
		"with a percent-encoded letter": func(s string) string { return fmt.Sprintf("%s%%%02X%s", s[:4], s[4], s[5:]) },
		"with a letter left over":       func(s string) string { return s + strings.Repeat("A", (5-len(s)%4)%4) },
		"in hexadecimal":                func(s string) string { return fmt.Sprintf("%x", s) },
		"encoded twice":                 encode[string],
	} {
		out = append(out,
			Forgery{"header " + what, f.signBy(f.key, change(part[0])+"."+part[1])},
			Forgery{"claims " + what, f.signBy(f.key, part[0]+"."+change(part[1]))},
			Forgery{"signature " + what, part[0] + "." + part[1] + "." + change(part[2])},
		)
	}

	// The last letter of a part may have unused bits; if they are set, it is a second spelling of the same bytes.
	header := spare(f.header.String())
	claims := spare(f.claims.String())
	return append(out,
		Forgery{"header with spare bits set", f.signBy(f.key, withSpareBit(encode(header))+"."+part[1])},
		Forgery{"claims with spare bits set", f.signBy(f.key, part[0]+"."+withSpareBit(encode(claims)))},
		Forgery{"signature with spare bits set", part[0] + "." + part[1] + "." + withSpareBit(part[2])},
	)
}

// pad pads to a multiple of four letters; a part that already is one gets four signs too many.
func pad(part string) string { return part + strings.Repeat("=", 4-len(part)%4) }

// spare adds a space to an object whose encoding would have no unused bits.
func spare(object string) string {
	if len(object)%3 == 0 {
		return object + " "
	}
	return object
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// withSpareBit sets the lowest bit of the last letter, which is unused in a part that is no multiple of four letters.
func withSpareBit(part string) string {
	last := strings.IndexByte(alphabet, part[len(part)-1])
	return part[:len(part)-1] + alphabet[last|1:last|1+1]
}

// signatures are a good token with another signature, or another token with its signature.
func (f *forger) signatures() []Forgery {
	good := f.sign(f.header, f.claims)
	part := strings.Split(good, ".")
	signed := part[0] + "." + part[1]
	signature, err := base64.RawURLEncoding.DecodeString(part[2])
	require.NoError(f.t, err)
	with := func(s []byte) string { return signed + "." + encode(s) }
	flipped := func(i int) []byte {
		out := slices.Clone(signature)
		out[i] ^= 1
		return out
	}
	otherClaims := f.sign(f.header, f.claims.with("roles", `["customer","admin","root"]`))

	out := []Forgery{
		{"signature cut by a byte", with(signature[:63])},
		{"signature cut by half", with(signature[:32])},
		{"signature of one byte", with(signature[:1])},
		{"signature with a byte more", with(append(slices.Clone(signature), 0))},
		{"signature twice", with(append(slices.Clone(signature), signature...))},
		{"signature of zeros", with(make([]byte, 64))},
		{"signature of ones", with(slices.Repeat([]byte{0xff}, 64))},
		{"signature of the identity point", with(append([]byte{1}, make([]byte, 63)...))},
		{"signature halves swapped", with(append(slices.Clone(signature[32:]), signature[:32]...))},
		{"signature with S + L", with(malleated(signature, 1))},
		{"signature with S + 2L", with(malleated(signature, 2))},
		{"signature of other claims", signed + "." + strings.Split(otherClaims, ".")[2]},
		{"other claims, same signature", part[0] + "." + strings.Split(otherClaims, ".")[1] + "." + part[2]},
		{"signature over the claims alone", with(ed25519.Sign(f.key, []byte(part[1])))},
		{"signature over the decoded text", with(ed25519.Sign(f.key, []byte(f.header.String()+"."+f.claims.String())))},
		{"signature of Ed25519ph", with(f.prehashed(signed))},
		{"signature with a context", with(f.withContext(signed))},
	}
	for i := 0; i < 64; i += 7 {
		out = append(out, Forgery{fmt.Sprintf("signature with a bit flipped in byte %d", i), with(flipped(i))})
	}
	for i, name := range []string{"header", "claims"} {
		for _, at := range []int{0, len(part[i]) / 2, len(part[i]) - 1} {
			letters := []byte(part[i])
			letters[at] = alphabet[strings.IndexByte(alphabet, letters[at])^32]
			changed := slices.Clone(part)
			changed[i] = string(letters)
			out = append(out, Forgery{fmt.Sprintf("%s with a bit flipped in letter %d", name, at), strings.Join(changed, ".")})
		}
	}
	return out
}

func (f *forger) prehashed(signed string) []byte {
	digest := sha512.Sum512([]byte(signed))
	signature, err := f.key.Sign(nil, digest[:], &ed25519.Options{Hash: crypto.SHA512})
	require.NoError(f.t, err)
	return signature
}

func (f *forger) withContext(signed string) []byte {
	signature, err := f.key.Sign(nil, []byte(signed), &ed25519.Options{Context: "at+jwt"})
	require.NoError(f.t, err)
	return signature
}

// malleated adds the group's order L to S, n times: the same equation holds for other bytes (RFC 8032, section 8.4).
func malleated(signature []byte, n int64) []byte {
	order, _ := new(big.Int).SetString("27742317777372353535851937790883648493", 10)
	order.Add(order, new(big.Int).Lsh(big.NewInt(1), 252))

	out := slices.Clone(signature)
	slices.Reverse(out[32:]) // little endian
	s := new(big.Int).SetBytes(out[32:])
	s.Add(s, order.Mul(order, big.NewInt(n)))
	s.FillBytes(out[32:])
	slices.Reverse(out[32:])
	return out
}
