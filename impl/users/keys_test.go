package users

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/hashing"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
)

// publishedKeys gives the ids of the published key set.
func (s *server) publishedKeys() (ids []string) {
	s.t.Helper()
	answer, err := s.GetKeySetWithResponse(s.t.Context())
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, answer.StatusCode())
	require.Equal(s.t, "public, max-age=300", answer.HTTPResponse.Header.Get("Cache-Control"))
	for _, key := range contracttest.Body(s.t, answer, answer.JSON200).Keys {
		ids = append(ids, key.Kid)
	}
	return ids
}

// signedBy gives the id of the key that signed the access token of a person.
func (p person) signedBy(t *testing.T) string {
	t.Helper()
	header, _, _ := strings.Cut(p.tokens.AccessToken, ".")
	text, err := base64.RawURLEncoding.DecodeString(header)
	require.NoError(t, err)
	var h struct{ Kid string }
	require.NoError(t, json.Unmarshal(text, &h))
	return h.Kid
}

// privateKeys opens the service's signing keys.
func (s *server) privateKeys() []token.PrivateKey {
	s.t.Helper()
	keys, err := s.service.keys.listPublished(s.t.Context(), s.queries)
	require.NoError(s.t, err)
	return keys
}

// allAtOnce calls a function several times at once: a lock on the table of signing keys holds back all calls until each
// of them waits for it.
func (s *server) allAtOnce(times int, do func()) {
	s.t.Helper()
	gate, err := pgx.ConnectConfig(s.t.Context(), s.Pool.Config().ConnConfig)
	require.NoError(s.t, err)
	defer gate.Close(context.WithoutCancel(s.t.Context()))
	_, err = gate.Exec(s.t.Context(), `BEGIN; LOCK TABLE signing_keys IN ACCESS EXCLUSIVE MODE`)
	require.NoError(s.t, err)
	var all sync.WaitGroup
	for range times {
		all.Go(do)
	}
	contracttest.Eventually(s.t, "all of them wait", func() bool {
		var waiting int
		err = gate.QueryRow(s.t.Context(),
			`SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'signing_keys'::regclass`).Scan(&waiting)
		require.NoError(s.t, err)
		return waiting == times
	})
	_, err = gate.Exec(s.t.Context(), `COMMIT`)
	require.NoError(s.t, err)
	all.Wait()
}

func TestManyServicesMakeOneFirstKey(t *testing.T) {
	t.Parallel()
	s := &server{
		t:      t,
		Server: &contracttest.Server{Pool: pgtest.New(t, schema.Migrations, schema.Parts...), Clock: contracttest.NewClock()},
	}
	const replicas = 8
	sets := make(chan string, replicas)
	s.allAtOnce(replicas, func() {
		service, err := newPrepared(t.Context(), s.config())
		if err != nil {
			t.Error(err)
			return
		}
		sets <- string(service.signer.JWKS())
	})
	close(sets)
	first := <-sets
	require.Contains(t, first, `"kid"`)
	for set := range sets {
		require.Equal(t, first, set)
	}
	require.Equal(t, 1, s.count(`SELECT count(*) FROM signing_keys`))
}

func TestRotation(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	session := ada.session(t)
	before := s.publishedKeys()
	require.Len(t, before, 1)
	require.Equal(t, before[0], ada.signedBy(t))

	// The key is published at once, here and in another replica, but does not sign.
	kid, signsFrom, err := s.service.keys.rotate(t.Context())
	require.NoError(t, err)
	require.Equal(t, s.Clock.Now().Add(keyLead), signsFrom)
	require.NoError(t, s.service.keys.load(t.Context()))
	require.Equal(t, []string{kid, before[0]}, s.publishedKeys())
	require.Equal(t, []string{kid, before[0]}, s.replica().publishedKeys())

	// A second rotation while one waits would sign before verifiers know its key.
	_, _, err = s.service.keys.rotate(t.Context())
	require.ErrorContains(t, err, kid)
	require.Equal(t, 2, s.count(`SELECT count(*) FROM signing_keys`))

	s.Clock.Advance(keyLead - time.Second)
	old := s.logIn("ada@example.com", goodPassword)
	require.Equal(t, before[0], old.signedBy(t))

	// It signs after its lead time; tokens of the old key are still valid.
	s.Clock.Advance(time.Second)
	renewed := s.logIn("ada@example.com", goodPassword)
	require.Equal(t, kid, renewed.signedBy(t))
	require.Equal(t, http.StatusOK, renewed.readsProfile(t))
	require.Equal(t, http.StatusOK, old.readsProfile(t))

	// The old key stays for longer than any of its tokens lives.
	s.Clock.Advance(keyOverlap - time.Second)
	require.NoError(t, s.service.keys.load(t.Context()))
	require.Equal(t, []string{kid, before[0]}, s.publishedKeys())
	claims := token.Claims{
		Issuer: "https://users.test", Audience: []string{"users"}, Subject: ada.user.ID, SessionID: session,
		IssuedAt: s.Clock.Now(), ExpiresAt: s.Clock.Now().Add(time.Minute), ID: "late",
	}
	oldest := token.NewSigner(s.Clock.Now)
	require.NoError(t, oldest.SetKeys(s.privateKeys()[1:]))
	raw, err := oldest.Sign(claims)
	require.NoError(t, err)
	late := person{ClientWithResponses: s.as(raw)}
	require.Equal(t, http.StatusOK, late.readsProfile(t))

	s.Clock.Advance(time.Second)
	require.NoError(t, s.service.keys.load(t.Context()))
	require.Equal(t, []string{kid}, s.publishedKeys())
	require.Equal(t, 1, s.count(`SELECT count(*) FROM signing_keys`))
	require.Equal(t, http.StatusUnauthorized, late.readsProfile(t), "remembered or not")

	// Another rotation is possible again.
	next, _, err := s.service.keys.rotate(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, kid, next)
}

// A running replica loads a key that another replica has made.
func TestRotationInAnotherReplica(t *testing.T) {
	t.Parallel()
	s := start(t)
	other := s.replica()
	kid, _, err := other.service.keys.rotate(t.Context())
	require.NoError(t, err)
	require.NotContains(t, s.publishedKeys(), kid)
	require.NoError(t, s.service.keys.load(t.Context()))
	require.Contains(t, s.publishedKeys(), kid)
}

func TestRotationsAtOnceMakeOneKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	const operators = 6
	made := make(chan string, operators)
	s.allAtOnce(operators, func() {
		if kid, _, err := s.service.keys.rotate(t.Context()); err == nil {
			made <- kid
		}
	})
	close(made)
	require.Len(t, made, 1)
	require.Equal(t, 2, s.count(`SELECT count(*) FROM signing_keys`))
}

func TestMasterKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, c := range map[string]struct{ key, says string }{
		"another":       {base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{8}, 32)), "master key"},
		"too short":     {base64.StdEncoding.EncodeToString(make([]byte, 16)), "openssl rand -base64 32"},
		"too long":      {base64.StdEncoding.EncodeToString(make([]byte, 33)), "openssl rand -base64 32"},
		"not in base64": {strings.Repeat("?", 44), "openssl rand -base64 32"},
		"none":          {"", "openssl rand -base64 32"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newPrepared(t.Context(), s.config(func(c2 *Config) { c2.MasterKey = telemetry.NewSecret(c.key) }))
			require.ErrorContains(t, err, c.says)
			if c.key != "" {
				require.NotContains(t, err.Error(), c.key)
			}
		})
	}
}

// A sealed key opens only in its own row, and only unchanged.
func TestSealedKeys(t *testing.T) {
	t.Parallel()
	for name, statement := range map[string]string{
		"swapped between rows": `UPDATE signing_keys AS k SET sealed_key = o.sealed_key FROM signing_keys AS o
			WHERE o.kid <> k.kid`,
		"under another id": `UPDATE signing_keys SET kid = 'mine'`,
		"a byte changed":   `UPDATE signing_keys SET sealed_key = set_byte(sealed_key, 20, get_byte(sealed_key, 20) # 1)`,
		"cut":              `UPDATE signing_keys SET sealed_key = substring(sealed_key FROM 1 FOR 20)`,
		"empty":            `UPDATE signing_keys SET sealed_key = ''`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			if strings.HasPrefix(name, "swapped") {
				_, _, err := s.service.keys.rotate(t.Context())
				require.NoError(t, err)
			}
			before := s.publishedKeys()
			_, err := s.Pool.Exec(t.Context(), statement)
			require.NoError(t, err)
			_, err = newPrepared(t.Context(), s.config())
			require.ErrorContains(t, err, "does not open")
			// A running service goes on with the keys that it has.
			require.ErrorContains(t, s.service.keys.load(t.Context()), "does not open")
			require.Equal(t, before, s.publishedKeys())
			require.Equal(t, http.StatusOK, s.signUp("ada@example.com").readsProfile(t))
		})
	}
}

func TestTheKeySetIsPublic(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, _, err := s.service.keys.rotate(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.service.keys.load(t.Context()))
	answer, body := s.do(http.MethodGet, "/.well-known/jwks.json", "")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	var set struct{ Keys []map[string]string }
	require.NoError(t, json.Unmarshal([]byte(body), &set))
	require.Len(t, set.Keys, 2)
	for _, key := range set.Keys {
		point, err := base64.RawURLEncoding.DecodeString(key["x"])
		require.NoError(t, err)
		require.Len(t, point, 32)
		delete(key, "x")
		delete(key, "kid")
		require.Equal(t, map[string]string{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA"}, key)
	}
	for _, key := range s.privateKeys() {
		for _, form := range forms(t, key) {
			require.NotContains(t, body, form)
		}
	}
}

// forms gives the encodings in which a private key may be part of a text: its seed in hexadecimal and in both kinds of
// base64.
func forms(t *testing.T, key token.PrivateKey) []string {
	t.Helper()
	der, err := key.PKCS8()
	require.NoError(t, err)
	return written(der[len(der)-32:])
}

func written(secret []byte) []string {
	const hexadecimal = "0123456789abcdef"
	var hex strings.Builder
	for _, b := range secret {
		hex.WriteByte(hexadecimal[b>>4])
		hex.WriteByte(hexadecimal[b&15])
	}
	return []string{
		string(secret), hex.String(), base64.RawStdEncoding.EncodeToString(secret),
		base64.RawURLEncoding.EncodeToString(secret),
	}
}

// Whoever reads the whole database can neither log in, nor refresh a session, nor sign a token.
func TestNothingSecretStandsInTheDatabase(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *options) { o.hashing = hashing.Config{Params: cheap} })
	ada := s.signUp("ada@example.com")
	next, status := s.refresh(*ada.tokens.RefreshToken)
	require.Equal(t, http.StatusOK, status)
	_, _, err := s.service.keys.rotate(t.Context())
	require.NoError(t, err)
	_, err = ada.ChangePasswordWithResponse(t.Context(),
		usersapi.ChangePasswordRequest{CurrentPassword: goodPassword, NewPassword: newPassword})
	require.NoError(t, err)

	var dump strings.Builder
	dump.WriteString(everyRow(t, s))
	require.Contains(t, dump.String(), "ada@example.com", "the dump is one")
	secrets := []string{goodPassword, newPassword, ada.tokens.AccessToken, next.AccessToken}
	for _, refresh := range []string{*ada.tokens.RefreshToken, *next.RefreshToken} {
		raw, err := base64.RawURLEncoding.DecodeString(refresh)
		require.NoError(t, err)
		secrets = append(secrets, refresh)
		secrets = append(secrets, written([]byte(refresh))...)
		secrets = append(secrets, written(raw)...)
	}
	for _, key := range s.privateKeys() {
		secrets = append(secrets, forms(t, key)...)
	}
	master, err := base64.StdEncoding.DecodeString(testMasterKey)
	require.NoError(t, err)
	secrets = append(secrets, written(master)...)
	secrets = append(secrets, written(s.service.refreshKey)...)
	secrets = append(secrets, written(s.service.tagKey)...)
	for _, secret := range secrets {
		require.NotContains(t, dump.String(), secret)
	}
}

// keyOperations tells the checks what the document does not say of the keys of tokens.
func keyOperations() knownOperations {
	return knownOperations{"getKeySet": {Beyond: contracttest.Beyond{Unattached: true}}}
}
