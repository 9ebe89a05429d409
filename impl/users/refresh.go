package users

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"
)

// A refresh token is 32 bytes in base64url: the family of its session, random bytes, and a tag by which the service
// recognizes its own tokens even when no row of them is left.
const (
	familyBytes = 8
	randomBytes = 16
	tagBytes    = 8
)

// newFamily makes the family of a new session, with which its tokens begin. It is no secret.
func newFamily() []byte {
	family := make([]byte, familyBytes)
	_, _ = rand.Read(family) // Read never fails: crypto/rand ends the program instead.
	return family
}

// firstOf makes the first token of a family.
func (s *Service) firstOf(family []byte) string {
	secret := make([]byte, randomBytes)
	_, _ = rand.Read(secret)
	return s.refreshToken(family, secret)
}

// successorOf computes the next token of a family from its token, with an HMAC under the service's key.
func (s *Service) successorOf(refresh string, family []byte) string {
	mac := hmac.New(sha256.New, s.refreshKey)
	mac.Write([]byte(refresh))
	return s.refreshToken(family, mac.Sum(nil)[:randomBytes])
}

func (s *Service) refreshToken(family, secret []byte) string {
	named := slices.Concat(family, secret)
	return base64.RawURLEncoding.EncodeToString(append(named, s.tagOf(named)...))
}

// familyOf gives the family of a token, and whether the tag shows that the service made it.
func (s *Service) familyOf(refresh string) (family []byte, ours bool) {
	token, err := base64.RawURLEncoding.Strict().DecodeString(refresh)
	if err != nil || len(token) != familyBytes+randomBytes+tagBytes {
		return nil, false
	}
	named, tag := token[:familyBytes+randomBytes], token[familyBytes+randomBytes:]
	return token[:familyBytes], hmac.Equal(tag, s.tagOf(named))
}

func (s *Service) tagOf(named []byte) []byte {
	mac := hmac.New(sha256.New, s.tagKey)
	mac.Write(named)
	return mac.Sum(nil)[:tagBytes]
}
