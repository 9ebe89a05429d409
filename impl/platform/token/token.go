// Package token issues and verifies access tokens in the profile of RFC 9068.
//
// A token is a JWT in compact form, signed with Ed25519. A Signer makes tokens, a Verifier accepts
// exactly those: one algorithm, one type, one issuer, a fixed list of header parameters, one way to
// write each part. Public keys come from the Signer itself or, in another service, from its key
// set by RemoteKeys; nothing in a token says where to look for a key. A verified token is
// remembered until it expires or its key is withdrawn. Whether its session was ended before that is
// for the caller to ask, by Claims.SessionID, after every Verify.
//
// Tokens carry sid (OpenID Connect front-channel logout) and roles (RFC 9068, 2.2.3.1), and no
// client_id: every client is the product's own.
package token

import (
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Claims is what a token says, in the registered claims of RFC 7519 and RFC 9068.
type Claims struct {
	Issuer    string    // iss
	Audience  []string  // aud: the services the token is for
	Subject   uuid.UUID // sub: the account
	SessionID uuid.UUID // sid: the session the token was issued in
	Roles     []string  // roles: what the account may do; may be empty
	IssuedAt  time.Time // iat, in whole seconds
	ExpiresAt time.Time // exp, in whole seconds: the first moment at which the token is no longer good
	ID        string    // jti: unique among the issuer's tokens
}

const (
	// DefaultMaxTokenBytes bounds a token, on both sides, unless a Verifier is told otherwise.
	DefaultMaxTokenBytes = 4096

	algorithm = "EdDSA"
	tokenType = "at+jwt"

	// maxNameBytes bounds a role, a key id and a token id.
	maxNameBytes = 128
)

var (
	// ErrInvalid is wrapped by every refusal of a token. The message names the rule that was
	// broken, never what the token held.
	ErrInvalid = errors.New("access token refused")

	// ErrExpired refuses a token that is good but for its age. It is an ErrInvalid.
	ErrExpired error = refusal("it has expired")

	// ErrKeysUnavailable says that a token could not be judged, because the public keys could not
	// be had. It is not an ErrInvalid: the same token may be accepted later.
	ErrKeysUnavailable = errors.New("keys for verifying access tokens unavailable")

	// ErrUnknownKey is what a KeySource answers when no key has the id.
	ErrUnknownKey = errors.New("no key has this id")

	// ErrNoSigningKey says that no key of a Signer may sign yet.
	ErrNoSigningKey = errors.New("no key signs access tokens yet: give the signer a key whose time has come")
)

// A refusal is the rule that a token broke.
type refusal string

func (r refusal) Error() string { return ErrInvalid.Error() + ": " + string(r) }

// Is makes every refusal an ErrInvalid.
func (r refusal) Is(target error) bool { return target == ErrInvalid }

// isName reports whether s can be a role, a key id or a token id: short, printable ASCII without
// spaces, so that it reads the same in a log, a header and a database.
func isName(s string) bool {
	if s == "" || len(s) > maxNameBytes {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func allNames(list []string) bool {
	return !slices.ContainsFunc(list, func(s string) bool { return !isName(s) })
}
