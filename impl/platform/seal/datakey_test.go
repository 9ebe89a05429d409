package seal_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/plumbline/impl/platform/seal"
)

func newDataKey(t testing.TB) *seal.DataKey {
	t.Helper()
	k, err := seal.NewDataKey()
	require.NoError(t, err)
	return k
}

func TestDataKey(t *testing.T) {
	t.Parallel()
	k := newDataKey(t)
	sealed, err := k.Seal([]byte("+442079460000"), "users/phone/one")
	require.NoError(t, err)
	require.Len(t, sealed, len("+442079460000")+33)
	require.NotContains(t, string(sealed), "2079460000")
	again, err := k.Seal([]byte("+442079460000"), "users/phone/one")
	require.NoError(t, err)
	require.NotEqual(t, sealed, again, "a nonce is used once")
	value, err := k.Open(sealed, "users/phone/one")
	require.NoError(t, err)
	require.Equal(t, "+442079460000", string(value))

	for name, by := range map[string]*seal.DataKey{
		"users/phone/two": k, "users/id_card_number/one": k, "": k, "users/phone/one": newDataKey(t),
	} {
		_, err := by.Open(sealed, name)
		require.ErrorContains(t, err, name+" does not open")
		require.NotContains(t, err.Error(), "2079460000")
	}
}

// Whatever is sealed opens as it was, and not at all with any change of it.
func TestNothingChangedOpens(t *testing.T) {
	t.Parallel()
	k := newDataKey(t)
	rapid.Check(t, func(t *rapid.T) {
		value, name := rapid.SliceOf(rapid.Byte()).Draw(t, "value"), rapid.String().Draw(t, "name")
		sealed, err := k.Seal(value, name)
		require.NoError(t, err)
		opened, err := k.Open(sealed, name)
		require.NoError(t, err)
		require.True(t, bytes.Equal(value, opened))

		changed := bytes.Clone(sealed)
		switch at := rapid.IntRange(0, len(sealed)-1).Draw(t, "at"); rapid.IntRange(0, 2).Draw(t, "change") {
		case 0:
			changed[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		case 1:
			changed = changed[:at]
		case 2:
			changed = append(changed, rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "more")...)
		}
		_, err = k.Open(changed, name)
		require.Error(t, err)
	})
}

// A key is kept by the master key's sealer, and by another data key.
func TestKeysAreSealed(t *testing.T) {
	t.Parallel()
	type keeper interface {
		SealKey(key *seal.DataKey, name string) ([]byte, error)
		OpenKey(sealed []byte, name string) (*seal.DataKey, error)
	}
	for name, c := range map[string]struct{ by, other keeper }{
		"by a sealer":   {sealer(t, masterKey(t, "users", 7), "data keys"), sealer(t, masterKey(t, "users", 8), "data keys")},
		"by a data key": {newDataKey(t), newDataKey(t)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newDataKey(t)
			value, err := k.Seal([]byte("a value"), "users/phone/one")
			require.NoError(t, err)
			sealed, err := c.by.SealKey(k, "user_keys/one")
			require.NoError(t, err)
			kept, err := c.by.OpenKey(sealed, "user_keys/one")
			require.NoError(t, err)
			opened, err := kept.Open(value, "users/phone/one")
			require.NoError(t, err)
			require.Equal(t, "a value", string(opened))

			_, err = c.by.OpenKey(sealed, "user_keys/two")
			require.ErrorContains(t, err, "user_keys/two does not open")
			_, err = c.other.OpenKey(sealed, "user_keys/one")
			require.ErrorContains(t, err, "user_keys/one does not open")
			_, err = c.by.OpenKey(nil, "user_keys/one")
			require.Error(t, err)
			for i := range sealed {
				changed := bytes.Clone(sealed)
				changed[i] ^= 1
				_, err = c.by.OpenKey(changed, "user_keys/one")
				require.Error(t, err)
			}
		})
	}
}

// TestBlindIndex computes a blind index by its own formula: every later version must find earlier values.
func TestBlindIndex(t *testing.T) {
	t.Parallel()
	phones, err := masterKey(t, "users", 7).BlindIndex("users/phone")
	require.NoError(t, err)
	key, err := masterKey(t, "users", 7).Derive("index of users/phone")
	require.NoError(t, err)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("+442079460000"))
	require.Equal(t, mac.Sum(nil), phones.Of("+442079460000"))

	require.NotEqual(t, phones.Of("+442079460000"), phones.Of("+442079460001"))
	cards, err := masterKey(t, "users", 7).BlindIndex("users/id_card_number")
	require.NoError(t, err)
	require.NotEqual(t, phones.Of("+442079460000"), cards.Of("+442079460000"), "columns cannot be compared")
	elsewhere, err := masterKey(t, "users", 8).BlindIndex("users/phone")
	require.NoError(t, err)
	require.NotEqual(t, phones.Of("+442079460000"), elsewhere.Of("+442079460000"))
}
