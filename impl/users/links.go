package users

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/postgres"
)

// Who follows a link of a mail reads what is sent to an address. An account has one link for each purpose; see
// docs/decisions/mails.md.

const (
	// verifyLifetime, changeLifetime and resetLifetime are how long a link is good after it was last asked for.
	verifyLifetime = 24 * time.Hour
	changeLifetime = 24 * time.Hour
	resetLifetime  = 30 * time.Minute
	// mailsCounted is for how long the mails of a link count from the first of them on, and how old it is at most when
	// another mail is sent with it. One that is asked for without end is good for less than twice as long.
	mailsCounted = 24 * time.Hour
	// mostMails is how many mails about the same thing an account causes at once, and over mailsCounted from then on: of
	// resets, to addresses that it wants, and of each kind without a link. An address that accounts want gets as many of
	// them all.
	mostMails = 10
)

func lifetimeOf(purpose string) time.Duration {
	return map[string]time.Duration{
		mailVerify: verifyLifetime, mailReset: resetLifetime, mailChange: changeLifetime,
	}[purpose]
}

// mailPauses are those after the mails with a link, from the first on; after one more mail there is none for as long as
// they count.
func mailPauses() []time.Duration {
	return []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour}
}

// nextMailAt tells from when on asking again for a link sends a mail.
func nextMailAt(link usersdb.EmailToken) time.Time {
	pauses, sent := mailPauses(), int(link.Mails)
	next := link.MailedAt.Add(pauses[min(sent, len(pauses))-1])
	if over := link.CountedFrom.Add(mailsCounted); sent > len(pauses) && next.Before(over) {
		return over
	}
	return next
}

// mailToken has a link for a purpose sent to user.Email once tx commits, and tells whether a mail is sent. The account
// is locked. Whoever asks may be anybody, so a link that is good is sent again and none takes its place; when it is too
// soon for a mail, the link of the last one is good for as long as a new one would be. Asking for another address makes
// the link to the one before void.
func (s *Service) mailToken(
	ctx context.Context, tx tx, user usersdb.User, purpose string,
) (link usersdb.EmailToken, mailed bool, err error) {
	held, err := tx.GetEmailTokenFor(ctx, usersdb.GetEmailTokenForParams{UserID: user.ID, Purpose: purpose})
	if err != nil && !postgres.IsNoRows(err) {
		return held, false, err
	}
	return s.mailTokenAfter(ctx, tx, held, user, purpose)
}

// mailTokenAfter is mailToken where it is known which link the account holds; one that holds none has the zero one.
func (s *Service) mailTokenAfter(
	ctx context.Context, tx tx, held usersdb.EmailToken, user usersdb.User, purpose string,
) (link usersdb.EmailToken, mailed bool, err error) {
	if s.noMails {
		return held, false, nil
	}
	link, mailed = s.linkAfter(held, user, purpose, s.clock())
	link, err = tx.KeepEmailToken(ctx, usersdb.KeepEmailTokenParams{
		ID: link.ID, UserID: user.ID, Purpose: purpose, Email: link.Email, Hash: hashOf(s.mailTokenOf(link.ID)),
		CreatedAt: link.CreatedAt,
		ExpiresAt: link.ExpiresAt, Mails: link.Mails, MailedAt: link.MailedAt, CountedFrom: link.CountedFrom,
	})
	if err != nil || !mailed {
		return link, false, err
	}
	return link, true, s.queueMail(ctx, tx, sendMail{Mail: purpose, UserID: user.ID, TokenID: link.ID})
}

// linkAfter gives what a link becomes that is asked for, and whether a mail is sent with it.
func (s *Service) linkAfter(
	held usersdb.EmailToken, user usersdb.User, purpose string, now time.Time,
) (link usersdb.EmailToken, mailed bool) {
	link = held
	if !strings.EqualFold(held.Email, user.Email) { // as accounts have them
		link = usersdb.EmailToken{CountedFrom: now}
	}
	link.Email = user.Email
	if mailed = link.Mails == 0 || !now.Before(nextMailAt(link)); mailed {
		if !now.Before(link.CountedFrom.Add(mailsCounted)) {
			link.Mails, link.CountedFrom = 0, now
		}
		// One that has expired, or is old, has been in a mailbox for long enough.
		if !now.Before(link.ExpiresAt) || !now.Before(link.CreatedAt.Add(mailsCounted)) {
			link.ID, link.CreatedAt = newID(), now
		}
		link.Mails, link.MailedAt = link.Mails+1, now
	}
	link.ExpiresAt = now.Add(lifetimeOf(purpose))
	return link, mailed
}

// mailTokenOf computes the token with that id: only who has the service's key can.
func (s *Service) mailTokenOf(id uuid.UUID) string {
	mac := hmac.New(sha256.New, s.mailKey)
	mac.Write(id[:])
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
