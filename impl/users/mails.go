package users

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"

	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/mail"
	"example.com/plumbline/impl/platform/postgres"
)

// The mails; each has a text template and an HTML template of its name. verify, reset and change are also the purposes
// of tokens.
const (
	mailVerify    = "verify"
	mailReset     = "reset"
	mailChanged   = "changed" // The password was changed.
	mailFactorOn  = "factor-on"
	mailFactorOff = "factor-off"
	mailRecovery  = "recovery" // A recovery code was used.
	mailCodes     = "codes"    // The recovery codes were replaced.
	mailDeletion  = "deletion"
	mailChange    = "change" // The address is to be changed; to the new one.
	mailTaken     = "taken"  // In place of change, to the owner of the address.
	mailMoved     = "moved"  // The address was changed; to the old one.
	mailRoles     = "roles"  // The roles were changed.
)

//go:embed mails
var mailFiles embed.FS

// mailSubjects are the subjects of the mails; mailPages are the paths of their links, behind the address of the front
// end.
func mailSubjects() map[string]string {
	return map[string]string{
		mailVerify:    "Verify your e-mail address",
		mailReset:     "Choose a new password",
		mailChanged:   "Your password has been changed",
		mailFactorOn:  "Logins now ask for a code",
		mailFactorOff: "Logins ask for no code any more",
		mailRecovery:  "A recovery code has been used",
		mailCodes:     "You have other recovery codes",
		mailDeletion:  "Your account is going to be deleted",
		mailChange:    "Your new e-mail address",
		mailTaken:     "You have an account already",
		mailMoved:     "Your account has another e-mail address",
		mailRoles:     "Your account has other roles",
	}
}

func mailPages() map[string]string {
	return map[string]string{
		mailVerify: "/verify-email", mailReset: "/reset-password", mailChange: "/confirm-email-change",
	}
}

// sendMail is the job that sends a mail to an account. It holds neither the address nor the token, so that the tables
// of the queue do not show them.
type sendMail struct {
	Mail   string    `json:"mail"`
	UserID uuid.UUID `json:"user_id"`
	// TokenID is the token of the link; a mail without a link has the zero UUID.
	TokenID uuid.UUID `json:"token_id"`
	// To is the receiver if it is not the account's address, sealed under sealedTo.
	To []byte `json:"to,omitempty"`
}

// Kind implements river.JobArgs.
func (sendMail) Kind() string { return "send_mail" }

// InsertOpts implements river.JobArgsWithInsertOpts. A slow mail server delays nothing but mails.
func (sendMail) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: mailLane} }

// startReset is the job that looks for the account whose password is to be reset, so that the request does the same
// work for every address.
type startReset struct {
	// Email is the address, sealed under sealedEmail.
	Email []byte `json:"email"`
}

// Kind implements river.JobArgs.
func (startReset) Kind() string { return "start_reset" }

// sealedEmail is the name under which startReset seals an address.
const sealedEmail = "start_reset/email"

// sealedTo is the name under which sendMail seals a receiver.
func sealedTo(user uuid.UUID) string { return "send_mail/to/" + user.String() }

// workOnMail runs a job of sendMail. A mail whose last attempt has failed is not counted, so that it does not delay the
// next one.
func (s *Service) workOnMail(ctx context.Context, job *river.Job[sendMail]) error {
	err := s.sendMail(ctx, job.Args)
	if err == nil || job.Attempt < job.MaxAttempts {
		return err
	}
	return errors.Join(err, s.queries.UncountMails(ctx, usersdb.UncountMailsParams{
		ID: job.Args.TokenID, CountedBefore: s.clock().Add(-mailsCounted),
	}))
}

// queueMail sends a mail once tx commits, unless mails are off. Mails without a link tell the owner what was done with
// the account. Their number is limited, since whoever opens an account with the address of another could fill that
// mailbox otherwise. mailToken limits mails with a link.
func (s *Service) queueMail(ctx context.Context, tx tx, job sendMail) error {
	if s.tuning.Load().NoMails {
		return nil
	}
	if job.TokenID == uuid.Nil {
		err := s.spendMail(ctx, tx, job.Mail, job.UserID)
		if errors.Is(err, contract.ErrRateLimited) && job.Mail != mailDeletion {
			return nil // The owner has been told many times. Only the mail about deletion is never left out.
		}
		if err != nil {
			return err
		}
	}
	return tx.insert(ctx, job, nil)
}

// startReset sends the mail that resets a password, if there is an active account with the address.
func (s *Service) startReset(ctx context.Context, job startReset) error {
	email, err := s.addresses.Open(job.Email, sealedEmail)
	if err != nil {
		return river.JobCancel(err) // It was sealed with another master key.
	}
	err = s.inTx(ctx, func(tx tx) error {
		user, err := tx.LockUserByEmail(ctx, string(email))
		if postgres.IsNoRows(err) {
			return nil
		}
		if err != nil || user.Status != usersdb.UserStatusActive {
			return err
		}
		_, _, err = s.mailToken(ctx, tx, user, mailReset)
		return err
	})
	if errors.Is(err, contract.ErrRateLimited) {
		return nil // The account has caused mostMails mails; nobody waits for an answer of the job.
	}
	return err
}

// The results of mails in the metrics.
const (
	mailSent    = "sent"
	mailRefused = "refused" // for good, by the mail server
	mailFailed  = "failed"  // but will be tried again
)

// newMailMetrics makes the counter of mails by name and result, with every series from the start.
func newMailMetrics() *prometheus.CounterVec {
	mails := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "mails_total", Help: "Mails handed to the mail server, by result; one that failed is tried again.",
	}, []string{"mail", "result"})
	for name := range mailSubjects() {
		for _, result := range []string{mailSent, mailRefused, mailFailed} {
			mails.WithLabelValues(name, result)
		}
	}
	return mails
}

// sendMail sends a mail, unless its token is no longer valid or its account is gone. An error shows no address.
func (s *Service) sendMail(ctx context.Context, job sendMail) error {
	user, err := s.queries.GetUser(ctx, job.UserID)
	if postgres.IsNoRows(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if job.Mail == mailDeletion && user.DeletesAt == nil {
		return nil // The owner has kept the account meanwhile.
	}
	tuning := s.tuning.Load()
	name, to, link := job.Mail, user.Email, ""
	if job.To != nil {
		opened, err := s.addresses.Open(job.To, sealedTo(user.ID))
		if err != nil {
			return river.JobCancel(err) // It was sealed with another master key.
		}
		to = string(opened)
	}
	if job.TokenID != uuid.Nil {
		now := s.clock()
		token, err := s.queries.GetEmailToken(ctx, usersdb.GetEmailTokenParams{ID: job.TokenID, Now: now})
		if postgres.IsNoRows(err) {
			// It may have expired while the mail server was away: a mail that was never sent must not delay the next one.
			return s.queries.DropExpiredEmailToken(ctx, usersdb.DropExpiredEmailTokenParams{ID: job.TokenID, Now: now})
		}
		if err != nil {
			return err
		}
		// The fragment stays in the browser: no server, log or Referer sees it.
		to, link = token.Email, tuning.PublicURL+mailPages()[job.Mail]+"#token="+s.mailTokenOf(token.ID)
	}
	if name == mailChange {
		switch other, err := s.queries.GetUserByEmail(ctx, to); {
		case err == nil && other.ID != user.ID: // Only the owner of the address may learn this.
			name, link = mailTaken, ""
		case err != nil && !postgres.IsNoRows(err):
			return err
		}
	}
	if user.EmailVerifiedAt == nil || to != user.Email {
		user.Name = "" // The name may be a message of whoever opened the account.
	}
	message, err := s.renderMail(name, user, link)
	if err != nil {
		return err
	}
	message.To = to
	err = tuning.Mailer.Send(ctx, message)
	switch {
	case err == nil:
		s.mails.WithLabelValues(name, mailSent).Inc()
		return nil
	case errors.Is(err, mail.ErrRefused):
		s.mails.WithLabelValues(name, mailRefused).Inc()
		return river.JobCancel(err)
	default:
		s.mails.WithLabelValues(name, mailFailed).Inc()
		return err
	}
}

// renderMail fills the templates of a mail.
func (s *Service) renderMail(name string, user usersdb.User, link string) (mail.Message, error) {
	subject, known := mailSubjects()[name]
	if !known {
		// It is of a later version.
		return mail.Message{}, river.JobCancel(fmt.Errorf("there is no mail %q", name))
	}
	var text, html bytes.Buffer
	values := map[string]any{
		"Name": user.Name, "Link": link, "Subject": subject, "DeletesAt": user.DeletesAt, "CreatedAt": user.CreatedAt,
		"Roles": strings.Join(user.Roles, ", "),
	}
	if err := errors.Join(
		s.texts.ExecuteTemplate(&text, name+".txt", values), s.markup.ExecuteTemplate(&html, name+".html", values),
	); err != nil {
		return mail.Message{}, err
	}
	return mail.Message{Subject: subject, Text: strings.TrimSpace(text.String()) + "\n", HTML: html.String()}, nil
}

// parseMailTemplates parses the templates.
func (s *Service) parseMailTemplates() (err error) {
	if s.texts, err = texttemplate.ParseFS(mailFiles, "mails/*.txt"); err != nil {
		return err
	}
	s.markup, err = htmltemplate.ParseFS(mailFiles, "mails/*.html")
	return err
}
