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

// Following a mailed link proves control of the address. An account has one link for each purpose; see
// docs/decisions/mails.md.

const (
	// verifyLifetime, changeLifetime and resetLifetime are how long a link is valid after the last request for it.
	verifyLifetime = 24 * time.Hour
	changeLifetime = 24 * time.Hour
	resetLifetime  = 30 * time.Minute
	// mailsCounted is the period over which the mails of a link are counted, from the first one on, and the age at which a
	// link is replaced when another mail is sent. A link that is requested over and over is valid for less than twice that
	// time.
	mailsCounted = 24 * time.Hour
	// mostMails is the burst of mails of one kind that an account may cause, and how many it regains over mailsCounted.
	// The mail that is sent when the account is opened does not count. The same limit holds for an address that several
	// accounts want.
	mostMails = 10
)

func lifetimeOf(purpose string) time.Duration {
	return map[string]time.Duration{
		mailVerify: verifyLifetime, mailReset: resetLifetime, mailChange: changeLifetime,
	}[purpose]
}

// mailPauses gives the pause after each mail with a link. After the mail that follows the last pause, none is sent
// until mailsCounted is over.
func mailPauses() []time.Duration {
	return []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour}
}

// nextMailAt gives the time from which another request for a link sends a mail.
func nextMailAt(link usersdb.EmailToken) time.Time {
	pauses, sent := mailPauses(), int(link.Mails)
	next := link.MailedAt.Add(pauses[min(sent, len(pauses))-1])
	if over := link.CountedFrom.Add(mailsCounted); sent > len(pauses) && next.Before(over) {
		return over
	}
	return next
}

// mailToken sends a link for a purpose to user.Email once tx commits, and tells whether a mail is sent. The account is
// locked. The request may come from anybody, so a valid link is sent again rather than replaced; when it is too soon
// for another mail, the lifetime of the last link is extended. A request for another address voids the link to the one
// before. Mails that were given up do not count towards the pauses, but they count towards mostMails. Beyond mostMails
// the error is contract.ErrRateLimited, and the caller rolls tx back.
func (s *Service) mailToken(
	ctx context.Context, tx tx, user usersdb.User, purpose string,
) (link usersdb.EmailToken, mailed bool, err error) {
	held, err := tx.GetEmailTokenFor(ctx, usersdb.GetEmailTokenForParams{UserID: user.ID, Purpose: purpose})
	if err != nil && !postgres.IsNoRows(err) {
		return held, false, err
	}
	link, mailed, err = s.mailTokenAfter(ctx, tx, held, user, purpose)
	if err == nil && mailed {
		err = s.spendMail(ctx, tx, purpose, user.ID)
	}
	return link, mailed, err
}

// mailTokenAfter is mailToken for a caller that has read the held link, without the limit mostMails; the zero link
// means that there is none.
func (s *Service) mailTokenAfter(
	ctx context.Context, tx tx, held usersdb.EmailToken, user usersdb.User, purpose string,
) (link usersdb.EmailToken, mailed bool, err error) {
	if s.tuning.Load().NoMails {
		return held, false, nil
	}
	link, mailed = s.linkAfter(held, user, purpose, s.clock())
	link, err = tx.KeepEmailToken(ctx, usersdb.KeepEmailTokenParams{
		ID: link.ID, UserID: user.ID, Purpose: purpose, Email: link.Email, Hash: hashOf(s.mailTokenOf(link.ID)),
		CreatedAt: link.CreatedAt, ExpiresAt: link.ExpiresAt, Mails: link.Mails, MailedAt: link.MailedAt,
		CountedFrom: link.CountedFrom,
	})
	if err != nil || !mailed {
		return link, false, err
	}
	return link, true, s.queueMail(ctx, tx, sendMail{Mail: purpose, UserID: user.ID, TokenID: link.ID})
}

// linkAfter gives the state of a link after a request for it, and whether a mail is sent.
func (s *Service) linkAfter(
	held usersdb.EmailToken, user usersdb.User, purpose string, now time.Time,
) (link usersdb.EmailToken, mailed bool) {
	link = held
	if !strings.EqualFold(held.Email, user.Email) { // Accounts compare addresses without case.
		link = usersdb.EmailToken{CountedFrom: now}
	}
	link.Email = user.Email
	if mailed = link.Mails == 0 || !now.Before(nextMailAt(link)); mailed {
		if !now.Before(link.CountedFrom.Add(mailsCounted)) {
			link.Mails, link.CountedFrom = 0, now
		}
		// A link that has expired, or is old, has been in a mailbox for long enough.
		if !now.Before(link.ExpiresAt) || !now.Before(link.CreatedAt.Add(mailsCounted)) {
			link.ID, link.CreatedAt = newID(), now
		}
		link.Mails, link.MailedAt = link.Mails+1, now
	}
	link.ExpiresAt = now.Add(lifetimeOf(purpose))
	return link, mailed
}

// mailTokenOf computes the token of a link: the HMAC of its id under the service's key.
func (s *Service) mailTokenOf(id uuid.UUID) string {
	mac := hmac.New(sha256.New, s.mailKey)
	mac.Write(id[:])
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
