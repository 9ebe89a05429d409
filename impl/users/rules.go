package users

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/format"
)

const (
	// accessLifetime is the lifetime of an access token.
	accessLifetime = 5 * time.Minute
	// sessionLifetime is how long a session lasts without use; sessionLongest is how long it lasts at most.
	sessionLifetime = 30 * 24 * time.Hour
	sessionLongest  = 90 * 24 * time.Hour
	// mostSessions is the maximum of live sessions of an account: another login ends the oldest.
	mostSessions = 100
	// challengeLifetime is how long a login waits for its second factor; challengeTries is how many codes it accepts.
	challengeLifetime = 5 * time.Minute
	challengeTries    = 5
	// refreshGrace is how long after the exchange of a refresh token the same exchange may be repeated, for an answer that
	// was lost.
	refreshGrace = 10 * time.Second
	// mostSpent is how many spent tokens of a session are kept to recognize a repeated exchange.
	mostSpent = 16
	// endedMemory is how long an ended session is kept: longer than its tokens live.
	endedMemory = 24 * time.Hour
	// keyLead is how long a signing key is published before it signs, so that every verifier has fetched it by then.
	keyLead = 10 * time.Minute
	// keyOverlap is how long a key stays published after its successor begins to sign: longer than any token lives.
	keyOverlap = 3 * accessLifetime
)

// mayUsePassword refuses a password that contains the name in the e-mail address. at is the JSON pointer of the
// password.
func mayUsePassword(password, email, at string) *fault.Error {
	if format.PasswordContains(password, email) {
		return contract.Violated(at, "format", "Must not contain the name in your e-mail address")
	}
	return nil
}

// mayAdminister tells whether actor may change the roles or the status of the account target. Administrators cannot
// change their own, and actor must still be an active administrator. Since changes are serialized, one administrator
// always remains.
func mayAdminister(actor usersdb.User, target uuid.UUID) error {
	switch {
	case actor.ID == target:
		return errSelfAdministration
	case actor.Status != usersdb.UserStatusActive || !slices.Contains(actor.Roles, string(usersapi.RoleAdmin)):
		return contract.ErrForbidden
	default:
		return nil
	}
}

// mayHoldRoles tells whether an account may have roles. Every role but customer takes a verified address: anybody can
// open an account with the address of another.
func mayHoldRoles(user usersdb.User, roles []string) error {
	if user.EmailVerifiedAt == nil && raises(nil, roles) {
		return errEmailUnverified
	}
	return nil
}

// raises tells whether after has a role, other than customer, that before has not.
func raises(before, after []string) bool {
	return slices.ContainsFunc(after, func(role string) bool {
		return role != string(usersapi.RoleCustomer) && !slices.Contains(before, role)
	})
}

// isWithinGrace tells whether a spent token may be presented again because its answer was lost.
func isWithinGrace(usedAt, now time.Time) bool {
	return now.Sub(usedAt) <= refreshGrace
}

// beginsWith makes a LIKE pattern for the texts that begin with prefix, and escapes its wildcards.
func beginsWith(prefix string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(prefix) + "%"
}

// isPublished tells whether verifiers may still need a key whose successor signs from the given time; zero means that
// there is none.
func isPublished(successorSignsFrom, now time.Time) bool {
	return successorSignsFrom.IsZero() || now.Before(successorSignsFrom.Add(keyOverlap))
}
