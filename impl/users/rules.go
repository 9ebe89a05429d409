package users

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/format"
	"example.com/plumbline/impl/platform/httpapi"
)

const (
	// accessLifetime is how long an access token is good.
	accessLifetime = 5 * time.Minute
	// sessionLifetime is how long a session lasts that is not used; sessionLongest, one that is.
	sessionLifetime = 30 * 24 * time.Hour
	sessionLongest  = 90 * 24 * time.Hour
	// mostSessions is how many live sessions a user has at most: another login ends the oldest.
	mostSessions = 100
	// challengeLifetime is how long a login waits for its second factor, and challengeTries how many codes it takes.
	challengeLifetime = 5 * time.Minute
	challengeTries    = 5
	// refreshGrace is how long an exchange may be repeated because its answer was lost.
	refreshGrace = 10 * time.Second
	// mostSpent is how many spent tokens of a session are kept for that.
	mostSpent = 16
	// endedMemory is how long a session that somebody has ended is kept: longer than any token of it lives.
	endedMemory = 24 * time.Hour
	// keyLead is how long a signing key is published before it signs, so that every verifier knows it by then.
	keyLead = 10 * time.Minute
	// keyOverlap is how long a key stays published once its successor signs: longer than any token lives.
	keyOverlap = 3 * accessLifetime
)

// mayUsePassword asks what the format of a password cannot: that it is not made of the e-mail address. at is the place
// of the password in the request.
func mayUsePassword(password, email, at string) *fault.Error {
	if format.PasswordContains(password, email) {
		return httpapi.Violated(at, "format", "Must not contain the name in your e-mail address")
	}
	return nil
}

// mayAdminister asks whether actor may change the standing of the account target: nobody raises, lowers or locks out
// themselves, and who was an administrator when the request came must still be one. Asked one change at a time, this
// leaves an administrator always.
func mayAdminister(actor usersdb.User, target uuid.UUID) error {
	switch {
	case actor.ID == target:
		return errSelfAdministration
	case actor.Status != usersdb.UserStatusActive || !slices.Contains(actor.Roles, string(usersapi.RoleAdmin)):
		return httpapi.ErrForbidden
	default:
		return nil
	}
}

// mayHoldRoles asks whether an account may have roles: those beyond a customer's are for who has shown to read its
// address. Anybody can open an account with another's.
func mayHoldRoles(user usersdb.User, roles []string) error {
	if user.EmailVerifiedAt == nil && raises(nil, roles) {
		return errEmailUnverified
	}
	return nil
}

// raises asks whether one of the roles after, beyond a customer's, was not among those before.
func raises(before, after []string) bool {
	return slices.ContainsFunc(after, func(role string) bool {
		return role != string(usersapi.RoleCustomer) && !slices.Contains(before, role)
	})
}

// isWithinGrace asks whether a token that was used is presented again because the answer was lost.
func isWithinGrace(usedAt, now time.Time) bool {
	return now.Sub(usedAt) <= refreshGrace
}

// beginsWith makes the pattern of LIKE that finds texts which begin with prefix, whatever prefix holds.
func beginsWith(prefix string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(prefix) + "%"
}

// isPublished asks whether a verifier may still need a key, given when its successor begins to sign, if there is one.
func isPublished(successorSignsFrom, now time.Time) bool {
	return successorSignsFrom.IsZero() || now.Before(successorSignsFrom.Add(keyOverlap))
}
