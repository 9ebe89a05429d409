package seal

import (
	"crypto/hmac"
	"crypto/sha256"
)

// An Index finds sealed values by equality: the same value has the same mark, which tells nothing of the value to whoever
// lacks the master key. It is safe for concurrent use.
type Index struct{ key []byte }

// Index makes the index of a purpose, which names the column.
func (k MasterKey) Index(purpose string) (*Index, error) {
	key, err := k.Derive("index of " + purpose)
	return &Index{key: key}, err
}

// Mark gives the 32 bytes of a value, an HMAC with SHA-256 (RFC 2104). What is to be found as equal is written alike first.
func (i *Index) Mark(value string) []byte {
	mac := hmac.New(sha256.New, i.key)
	mac.Write([]byte(value))
	return mac.Sum(nil)
}
