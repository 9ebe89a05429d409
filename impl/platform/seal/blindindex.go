package seal

import (
	"crypto/hmac"
	"crypto/sha256"
)

// A BlindIndex finds sealed values by equality: equal values have equal blind indexes, which reveal nothing about the
// value without the master key. It is safe for concurrent use.
type BlindIndex struct{ key []byte }

// BlindIndex returns the blind index of a purpose, which names the column.
func (k MasterKey) BlindIndex(purpose string) (*BlindIndex, error) {
	key, err := k.Derive("index of " + purpose)
	return &BlindIndex{key: key}, err
}

// Of returns the blind index of a value: 32 bytes, an HMAC with SHA-256 (RFC 2104). The caller brings equal values
// into one form first.
func (i *BlindIndex) Of(value string) []byte {
	mac := hmac.New(sha256.New, i.key)
	mac.Write([]byte(value))
	return mac.Sum(nil)
}
