package users

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"
)

// A refresh token is 32 bytes in base64url: the family of its session, what is secret, and a tag by which the service
// knows a token that it has made also when nothing is kept of it any more.
const (
	familyBytes = 8
	randomBytes = 16
	tagBytes    = 8
)

// newFamily gives what the tokens of a new session begin with. It is no secret.
func newFamily() []byte {
	family := make([]byte, familyBytes)
	_, _ = rand.Read(family) // It never fails: crypto/rand ends the program instead.
	return family
}

// firstOf makes the first token of a family.
func (s *Service) firstOf(family []byte) string {
	secret := make([]byte, randomBytes)
	_, _ = rand.Read(secret)
	return s.refreshToken(family, secret)
}

// successorOf computes the token that follows in a family: only who holds both the token and the service's key can.
func (s *Service) successorOf(refresh string, family []byte) string {
	mac := hmac.New(sha256.New, s.refreshKey)
	mac.Write([]byte(refresh))
	return s.refreshToken(family, mac.Sum(nil)[:randomBytes])
}

func (s *Service) refreshToken(family, secret []byte) string {
	named := slices.Concat(family, secret)
	return base64.RawURLEncoding.EncodeToString(append(named, s.tagOf(named)...))
}

// familyOf gives the family of a token, and whether the service has made the token.
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
