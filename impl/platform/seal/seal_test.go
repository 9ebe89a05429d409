package seal_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/platform/telemetry"
)

// masterKey gives the key whose every byte is b.
func masterKey(t *testing.T, service string, b byte) seal.MasterKey {
	t.Helper()
	k, err := seal.NewMasterKey(
		service,
		telemetry.NewSecret(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32))),
	)
	require.NoError(t, err)
	return k
}

func sealer(t *testing.T, k seal.MasterKey, purpose string) *seal.Sealer {
	t.Helper()
	s, err := k.Sealer(purpose)
	require.NoError(t, err)
	return s
}

func TestNewMasterKey(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"none":          "",
		"too short":     base64.StdEncoding.EncodeToString(make([]byte, 31)),
		"too long":      base64.StdEncoding.EncodeToString(make([]byte, 33)),
		"not base64":    strings.Repeat("?", 44),
		"hexadecimal":   strings.Repeat("0f", 32),
		"another's":     base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 32)),
		"with a phrase": "my master key",
	} {
		_, err := seal.NewMasterKey("users", telemetry.NewSecret(text))
		require.ErrorContains(t, err, "openssl rand -base64 32", name)
		if text != "" {
			require.NotContains(t, err.Error(), text, name)
		}
	}
}

// TestDerive computes RFC 5869 by its own formula: what has been sealed must open in every version to come.
func TestDerive(t *testing.T) {
	t.Parallel()
	extract := hmac.New(sha256.New, make([]byte, sha256.Size))
	extract.Write(bytes.Repeat([]byte{7}, 32))
	expand := hmac.New(sha256.New, extract.Sum(nil))
	expand.Write([]byte("plumbline users: refresh tokens\x01")) // keep-name

	key, err := masterKey(t, "users", 7).Derive("refresh tokens")
	require.NoError(t, err)
	require.Equal(t, expand.Sum(nil), key)
}

// A key is for one purpose of one service.
func TestDerivedKeysDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]string{strings.Repeat("07", 32): "the master key"}
	for _, service := range []string{"users", "orders"} {
		for _, purpose := range []string{"refresh tokens", "signing keys"} {
			key, err := masterKey(t, service, 7).Derive(purpose)
			require.NoError(t, err)
			require.Len(t, key, 32)
			name := service + ": " + purpose
			require.Empty(t, seen[hex.EncodeToString(key)], name)
			seen[hex.EncodeToString(key)] = name
		}
	}
}

// TestTheFormOfWhatIsSealed opens it as SP 800-38D says, with nothing of the package but the derived key.
func TestTheFormOfWhatIsSealed(t *testing.T) {
	t.Parallel()
	master := masterKey(t, "users", 7)
	sealed := sealer(t, master, "signing keys").Seal([]byte("a secret"), "signing_keys/one")
	require.Len(t, sealed, 12+len("a secret")+16)

	key, err := master.Derive("signing keys")
	require.NoError(t, err)
	block, err := aes.NewCipher(key)
	require.NoError(t, err)
	aead, err := cipher.NewGCM(block)
	require.NoError(t, err)
	secret, err := aead.Open(nil, sealed[:12], sealed[12:], []byte("signing_keys/one"))
	require.NoError(t, err)
	require.Equal(t, "a secret", string(secret))
}

// TestWhatWasSealedBeforeOpens holds on to what a database of the first version may hold.
func TestWhatWasSealedBeforeOpens(t *testing.T) {
	t.Parallel()
	sealed, err := hex.DecodeString("2ab39c74abf064659c2081fd0d140b063c1939dc766008d4c36b93d9a3fb877cf9bfc40a")
	require.NoError(t, err)
	secret, err := sealer(t, masterKey(t, "users", 7), "signing keys").Open(sealed, "signing_keys/one")
	require.NoError(t, err)
	require.Equal(t, "a secret", string(secret))
}

func TestOpen(t *testing.T) {
	t.Parallel()
	s := sealer(t, masterKey(t, "orders", 7), "webhook secrets")
	sealed := s.Seal([]byte("a secret"), "webhooks/one")
	require.NotContains(t, string(sealed), "a secret")
	require.NotEqual(t, sealed, s.Seal([]byte("a secret"), "webhooks/one"), "a nonce is used once")
	secret, err := s.Open(sealed, "webhooks/one")
	require.NoError(t, err)
	require.Equal(t, "a secret", string(secret))
	nothing, err := s.Open(s.Seal(nil, ""), "")
	require.NoError(t, err)
	require.Empty(t, nothing)

	refused := func(s *seal.Sealer, sealed []byte, name string) {
		t.Helper()
		_, err := s.Open(sealed, name)
		require.ErrorContains(t, err, name+" does not open")
		require.NotContains(t, err.Error(), "a secret")
	}
	refused(s, sealed, "webhooks/two")
	refused(s, sealed, "")
	refused(sealer(t, masterKey(t, "orders", 8), "webhook secrets"), sealed, "webhooks/one")
	refused(sealer(t, masterKey(t, "users", 7), "webhook secrets"), sealed, "webhooks/one")
	refused(sealer(t, masterKey(t, "orders", 7), "signing keys"), sealed, "webhooks/one")
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		refused(s, changed, "webhooks/one")
		refused(s, sealed[:i], "webhooks/one")
	}
	refused(s, append(bytes.Clone(sealed), 0), "webhooks/one")
}

func TestNothingShowsTheKey(t *testing.T) {
	t.Parallel()
	const letters = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
	k, err := seal.NewMasterKey("users", telemetry.NewSecret(base64.StdEncoding.EncodeToString([]byte(letters))))
	require.NoError(t, err)
	var shown strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&shown, verb+"\n", k)
		fmt.Fprintf(&shown, verb+"\n", &k)
	}
	slog.New(slog.NewJSONHandler(&shown, nil)).Info("key", "key", k)
	for _, form := range []string{
		letters, hex.EncodeToString([]byte(letters)), base64.StdEncoding.EncodeToString([]byte(letters)), "107 107",
	} {
		require.NotContains(t, shown.String(), form)
	}
}
