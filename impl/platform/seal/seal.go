// Package seal derives a service's keys from its master key, seals values that the database must not reveal, and
// computes blind indexes of them.
//
// It promises that a key is for one purpose of one service. A sealed value opens unchanged, under the same name and
// with the same master key, or not at all.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"example.com/plumbline/impl/platform/telemetry"
)

// keyBytes is the length of the master key and of every key derived from it.
const keyBytes = 32

// label begins the info of every derived key. It stays when the product is renamed: with another label nothing opens
// that was sealed before.
const label = "plumbline " // keep-name

// MasterKey is the one secret of a service. Every other key is derived from it, for one purpose each. It prints and
// logs as [redacted].
type MasterKey struct {
	service string
	bytes   telemetry.Secret
}

// NewMasterKey parses the master key of a service, 32 bytes in base64 (RFC 4648, 4). The error does not contain the
// text.
func NewMasterKey(service string, text telemetry.Secret) (MasterKey, error) {
	key, err := base64.StdEncoding.DecodeString(text.Reveal())
	if err != nil || len(key) != keyBytes {
		return MasterKey{}, errors.New("the master key is not 32 bytes in base64; make one with: openssl rand -base64 32")
	}
	return MasterKey{service: service, bytes: telemetry.NewSecret(string(key))}, nil
}

// CheckRandom fails if the key is visibly not random: if it has fewer than eight different bytes, or counts up. It
// refuses fewer than one in 2^100 random keys. The error does not contain the key.
func (k MasterKey) CheckRandom() error {
	key := []byte(k.bytes.Reveal())
	different := map[byte]bool{}
	counts := true
	for i, b := range key {
		different[b] = true
		counts = counts && (i == 0 || b-key[i-1] == key[1]-key[0])
	}
	if len(different) < 8 || counts {
		return errors.New("the master key is not random, so it can be guessed; make one with: openssl rand -base64 32")
	}
	return nil
}

// Derive returns the 32-byte key of a purpose, by HKDF with SHA-256 (RFC 5869). The names of service and purpose are
// its info and can never change.
func (k MasterKey) Derive(purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, []byte(k.bytes.Reveal()), nil, label+k.service+": "+purpose, keyBytes)
}

// A Sealer seals small secrets for one purpose, with AES-256-GCM (NIST SP 800-38D) and a random nonce, which is safe
// for 2^32 secrets. It is safe for concurrent use.
type Sealer struct{ aead cipher.AEAD }

// Sealer returns the sealer of a purpose.
func (k MasterKey) Sealer(purpose string) (*Sealer, error) {
	key, err := k.Derive(purpose)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &Sealer{aead: aead}, nil
}

// Seal returns nonce, ciphertext and tag, 28 bytes more than the secret. The name identifies the secret, such as
// "signing_keys/" and the row's key: it does not open under another name, so rows cannot be swapped.
func (s *Sealer) Seal(secret []byte, name string) []byte {
	return s.aead.Seal(nil, nil, secret, []byte(name))
}

// Open returns the secret that was sealed under the name.
func (s *Sealer) Open(sealed []byte, name string) ([]byte, error) {
	secret, err := s.aead.Open(nil, nil, sealed, []byte(name))
	if err != nil {
		return nil, fmt.Errorf("%s does not open: give the master key that it was sealed with", name)
	}
	return secret, nil
}
