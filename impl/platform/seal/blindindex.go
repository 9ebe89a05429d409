package seal

import (
	"crypto/hmac"
	"crypto/sha256"
)

// A BlindIndex finds sealed values by equality: equal values have equal codes, and a code tells nothing of its value to
// anyone without the master key. It is safe for concurrent use.
type BlindIndex struct{ key []byte }

// BlindIndex makes the index of a purpose, which names the column.
func (k MasterKey) BlindIndex(purpose string) (*BlindIndex, error) {
	key, err := k.Derive("index of " + purpose)
	return &BlindIndex{key: key}, err
}

// Compute gives the code of a value: the 32 bytes of its HMAC-SHA-256 (RFC 2104). The caller first brings values that
// are to count as equal into one spelling.
func (i *BlindIndex) Compute(value string) []byte {
	mac := hmac.New(sha256.New, i.key)
	mac.Write([]byte(value))
	return mac.Sum(nil)
}
