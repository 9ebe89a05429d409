package seal

import (
	"bytes"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// A DataKey seals values with AES-256-GCM in Tink's format. It is random and is stored sealed, by a Sealer or by
// another data key. Once it is deleted, nothing that it sealed opens. It is safe for concurrent use.
type DataKey struct {
	handle *keyset.Handle
	aead   tink.AEAD
}

// NewDataKey returns a new random key.
func NewDataKey() (*DataKey, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	return dataKey(handle)
}

func dataKey(handle *keyset.Handle) (*DataKey, error) {
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, err
	}
	return &DataKey{handle: handle, aead: primitive}, nil
}

// Seal seals a value under a name that identifies it, such as "users/phone/" and the row's key. The value does not
// open under another name, so neither rows nor columns can be swapped. The result is 33 bytes longer than the value.
func (k *DataKey) Seal(value []byte, name string) ([]byte, error) {
	return k.aead.Encrypt(value, []byte(name))
}

// Open returns the value that was sealed under the name.
func (k *DataKey) Open(sealed []byte, name string) ([]byte, error) {
	value, err := k.aead.Decrypt(sealed, []byte(name))
	if err != nil {
		return nil, fmt.Errorf("%s does not open: it is not what was sealed under that name with its key", name)
	}
	return value, nil
}

// SealKey seals a data key under a name.
func (k *DataKey) SealKey(key *DataKey, name string) ([]byte, error) {
	text, err := key.text()
	if err != nil {
		return nil, err
	}
	return k.Seal(text, name)
}

// OpenKey returns the data key that was sealed under the name.
func (k *DataKey) OpenKey(sealed []byte, name string) (*DataKey, error) {
	text, err := k.Open(sealed, name)
	if err != nil {
		return nil, err
	}
	return parseDataKey(text)
}

// SealKey seals a data key under a name.
func (s *Sealer) SealKey(key *DataKey, name string) ([]byte, error) {
	text, err := key.text()
	if err != nil {
		return nil, err
	}
	return s.Seal(text, name), nil
}

// OpenKey returns the data key that was sealed under the name.
func (s *Sealer) OpenKey(sealed []byte, name string) (*DataKey, error) {
	text, err := s.Open(sealed, name)
	if err != nil {
		return nil, err
	}
	return parseDataKey(text)
}

// text is the key in Tink's binary format. Tink's own sealed format stores the key's description beside it in the
// clear, where a change would go unnoticed.
func (k *DataKey) text() ([]byte, error) {
	var text bytes.Buffer
	err := insecurecleartextkeyset.Write(k.handle, keyset.NewBinaryWriter(&text))
	return text.Bytes(), err
}

func parseDataKey(text []byte) (*DataKey, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewBinaryReader(bytes.NewReader(text)))
	if err != nil {
		return nil, err
	}
	return dataKey(handle)
}
