// Package token issues and verifies access tokens in the profile of RFC 9068.
//
// A token is a JWT in compact form, signed with Ed25519. A Signer makes tokens, and a Verifier accepts exactly those:
// one algorithm, one type, one issuer, a fixed list of header parameters, one spelling of each part. Public keys come
// from the Signer itself or, in another service, from its key set by RemoteKeys; nothing in a token says where to look
// for a key. A verified token is cached until it expires or its key is withdrawn. After every Verify the caller checks
// by Claims.SessionID whether the session has ended.
//
// Tokens carry sid (OpenID Connect front-channel logout) and roles (RFC 9068, 2.2.3.1), and no client_id, because
// every client is the product's own.
package token

import (
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Claims is the content of a token, in the registered claims of RFC 7519 and RFC 9068.
type Claims struct {
	Issuer    string    // iss
	Audience  []string  // aud: the services the token is for
	Subject   uuid.UUID // sub: the account
	SessionID uuid.UUID // sid: the session the token was issued in
	Roles     []string  // roles: the roles of the account; may be empty
	IssuedAt  time.Time // iat, in whole seconds
	ExpiresAt time.Time // exp, in whole seconds: the first moment at which the token is expired
	ID        string    // jti: unique among the issuer's tokens
}

const (
	// DefaultMaxTokenBytes bounds the size of a token, for signers and, by default, for verifiers.
	DefaultMaxTokenBytes = 4096

	algorithm = "EdDSA"
	tokenType = "at+jwt"

	// maxNameBytes bounds a role, a key id and a token id.
	maxNameBytes = 128
)

var (
	// ErrInvalid is wrapped by every refusal of a token. The message names the broken rule, never the content of the
	// token.
	ErrInvalid = errors.New("access token refused")

	// ErrExpired refuses a token that is valid except for its age. It is an ErrInvalid.
	ErrExpired error = refusal("it has expired")

	// ErrKeysUnavailable means that the public keys are unavailable. It is not an ErrInvalid: the same token may be
	// accepted later.
	ErrKeysUnavailable = errors.New("keys for verifying access tokens unavailable")

	// ErrUnknownKey is returned by a KeySource that has no key with the id.
	ErrUnknownKey = errors.New("no key has this id")

	// ErrNoSigningKey means that no key of a Signer may sign yet.
	ErrNoSigningKey = errors.New("no key signs access tokens yet: give the signer a key whose time has come")
)

// A refusal is the rule that a token breaks.
type refusal string

func (r refusal) Error() string { return ErrInvalid.Error() + ": " + string(r) }

// Is makes every refusal an ErrInvalid.
func (r refusal) Is(target error) bool { return target == ErrInvalid }

// isName reports whether s can be a role, a key id or a token id: short, printable ASCII without spaces, so that it
// looks the same in a log, a header and a database.
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
