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
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"

	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/jobs"
	"example.com/plumbline/impl/platform/mail"
	"example.com/plumbline/impl/platform/postgres"
)

// The mails, each with a text and an HTML template of its name. Some are also the purposes of their tokens.
const (
	mailVerify    = "verify"
	mailReset     = "reset"
	mailChanged   = "changed" // the password
	mailFactorOn  = "factor-on"
	mailFactorOff = "factor-off"
	mailRecovery  = "recovery" // a code of which was used
	mailCodes     = "codes"    // for recovery were replaced
	mailDeletion  = "deletion"
	mailChange    = "change" // of address, to the new one
	mailTaken     = "taken"  // in place of change, to who has an account with the address
	mailMoved     = "moved"  // to the old address
	mailRoles     = "roles"  // are others
)

//go:embed mails
var mailFiles embed.FS

// mailSubjects are those of the mails, and pages where their links lead: behind the address of the front end.
func mailSubjects() map[string]string {
	return map[string]string{
		mailVerify: "Verify your e-mail address", mailReset: "Choose a new password", mailChanged: "Your password has been changed",
		mailDeletion: "Your account is going to be deleted", mailChange: "Your new e-mail address", mailTaken: "You have an account already",
		mailMoved: "Your account has another e-mail address", mailRoles: "Your account has other roles",
		mailFactorOn: "Logins now ask for a code", mailFactorOff: "Logins ask for no code any more", mailRecovery: "A recovery code has been used",
		mailCodes: "You have other recovery codes",
	}
}

func mailPages() map[string]string {
	return map[string]string{mailVerify: "/verify-email", mailReset: "/reset-password", mailChange: "/confirm-email-change"}
}

// sendMail is the job that sends a mail to an account. It holds neither the address nor the token, which whoever reads the
// queue's tables would see.
type sendMail struct {
	Mail   string    `json:"mail"`
	UserID uuid.UUID `json:"user_id"`
	// TokenID is the token that the mail is about; one without has the zero UUID.
	TokenID uuid.UUID `json:"token_id"`
	// To is where it is sent if not to the account's address, sealed under sealedTo.
	To []byte `json:"to,omitempty"`
}

// Kind implements river.JobArgs.
func (sendMail) Kind() string { return "send_mail" }

// InsertOpts implements river.JobArgsWithInsertOpts: what a mail server does holds up nothing but mails.
func (sendMail) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: mailLane} }

// startReset is the job that finds out whether there is an account to reset the password of, so that the request does the same
// for every address.
type startReset struct {
	// Email is sealed.
	Email []byte `json:"email"`
}

// Kind implements river.JobArgs.
func (startReset) Kind() string { return "start_reset" }

const mailLane = "mails"

// sealedEmail names what a job of startReset holds.
const sealedEmail = "start_reset/email"

// sealedTo names what a job of sendMail holds about an account.
func sealedTo(user uuid.UUID) string { return "send_mail/to/" + user.String() }

// newJobs makes the queue of mails.
func (s *Service) newJobs(c jobs.Config) (*jobs.Jobs, error) {
	c.Workers = river.NewWorkers()
	river.AddWorker(c.Workers, river.WorkFunc(func(ctx context.Context, job *river.Job[sendMail]) error {
		err := s.send(ctx, job.Args)
		if err == nil || job.Attempt < job.MaxAttempts {
			return err
		}
		return errors.Join(err, s.queries.UncountMails(ctx, usersdb.UncountMailsParams{ID: job.Args.TokenID, CountedBefore: s.clock().Add(-mailsCounted)}))
	}))
	river.AddWorker(c.Workers, river.WorkFunc(func(ctx context.Context, job *river.Job[startReset]) error { return s.startReset(ctx, job.Args) }))
	river.AddWorker(c.Workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[erase]) error { return s.erase(ctx) }))
	c.Periodic = []*river.PeriodicJob{jobs.Every(eraseEvery, erase{})}
	c.Queues = map[string]int{river.QueueDefault: 4, mailLane: 8}
	return jobs.New(c)
}

// mail has a mail sent once tx commits, where there are mails. What has no link tells an account what was done with it, and is bounded:
// whoever opens one with another's address would else fill their mailbox. What has one is paced by linkAfter.
func (s *Service) mail(ctx context.Context, tx pgx.Tx, job sendMail) error {
	if s.noMails {
		return nil
	}
	if job.TokenID == uuid.Nil {
		err := s.spendMail(ctx, tx, job.Mail, job.UserID)
		if errors.Is(err, httpapi.ErrRateLimited) && job.Mail != mailDeletion {
			return nil // It has been told so, again and again. No account goes without, though.
		}
		if err != nil {
			return err
		}
	}
	return s.jobs.Insert(ctx, tx, job, nil)
}

// startReset sends the mail that resets a password, if there is an active account with the address.
func (s *Service) startReset(ctx context.Context, job startReset) error {
	email, err := s.addresses.Open(job.Email, sealedEmail)
	if err != nil {
		return river.JobCancel(err) // Another master key does not come back.
	}
	err = postgres.InTx(ctx, s.database, func(tx pgx.Tx) error {
		q := usersdb.New(tx)
		user, err := q.LockUserByEmail(ctx, string(email))
		if postgres.IsNoRows(err) {
			return nil
		}
		if err != nil || user.Status != usersdb.UserStatusActive {
			return err
		}
		_, mailed, err := s.mailToken(ctx, tx, user, mailReset)
		if err != nil || !mailed {
			return err
		}
		return s.spendMail(ctx, tx, mailReset, user.ID)
	})
	if errors.Is(err, httpapi.ErrRateLimited) {
		return nil // Whoever has the password has made the links of so many mails void.
	}
	return err
}

// The results of mails in the metrics.
const (
	mailSent    = "sent"
	mailRefused = "refused" // for good
	mailFailed  = "failed"  // and will be tried again
)

// newMailMetrics makes the count of mails by name and result, with every series from the start.
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

// send sends a mail, unless its token is of no use any more or its account is gone. A failure tells no address.
func (s *Service) send(ctx context.Context, job sendMail) error {
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
	name, to, link := job.Mail, user.Email, ""
	if job.To != nil {
		opened, err := s.addresses.Open(job.To, sealedTo(user.ID))
		if err != nil {
			return river.JobCancel(err) // Another master key does not come back.
		}
		to = string(opened)
	}
	if job.TokenID != uuid.Nil {
		now := s.clock()
		token, err := s.queries.GetEmailToken(ctx, usersdb.GetEmailTokenParams{ID: job.TokenID, Now: now})
		if postgres.IsNoRows(err) {
			// It may have waited for the mail server for too long: what nobody got does not keep them waiting for another.
			return s.queries.DropExpiredEmailToken(ctx, usersdb.DropExpiredEmailTokenParams{ID: job.TokenID, Now: now})
		}
		if err != nil {
			return err
		}
		// What is behind # stays in the browser: no server, log or Referer has it.
		to, link = token.Email, s.publicURL+mailPages()[job.Mail]+"#token="+s.mailTokenOf(token.ID)
	}
	if name == mailChange {
		switch other, err := s.queries.GetUserByEmail(ctx, to); {
		case err == nil && other.ID != user.ID: // He may know whose address it is; the account that asks may not.
			name, link = mailTaken, ""
		case err != nil && !postgres.IsNoRows(err):
			return err
		}
	}
	if user.EmailVerifiedAt == nil || to != user.Email {
		user.Name = "" // Whoever opens an account writes it: it is no text to be sent to others.
	}
	message, err := s.write(name, user, link)
	if err != nil {
		return err
	}
	message.To = to
	err = s.mailer.Send(ctx, message)
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

// write fills the templates of a mail.
func (s *Service) write(name string, user usersdb.User, link string) (mail.Message, error) {
	subject, known := mailSubjects()[name]
	if !known {
		return mail.Message{}, river.JobCancel(fmt.Errorf("there is no mail %q", name)) // of a later version, which will not be waited for
	}
	var text, html bytes.Buffer
	values := map[string]any{"Name": user.Name, "Link": link, "Subject": subject, "DeletesAt": user.DeletesAt, "CreatedAt": user.CreatedAt, "Roles": strings.Join(user.Roles, ", ")}
	if err := errors.Join(s.texts.ExecuteTemplate(&text, name+".txt", values), s.markup.ExecuteTemplate(&html, name+".html", values)); err != nil {
		return mail.Message{}, err
	}
	return mail.Message{Subject: subject, Text: strings.TrimSpace(text.String()) + "\n", HTML: html.String()}, nil
}

// readMails parses the templates.
func (s *Service) readMails() (err error) {
	if s.texts, err = texttemplate.ParseFS(mailFiles, "mails/*.txt"); err != nil {
		return err
	}
	s.markup, err = htmltemplate.ParseFS(mailFiles, "mails/*.html")
	return err
}
