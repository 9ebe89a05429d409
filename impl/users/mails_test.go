package users

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/mail"
	"example.com/plumbline/impl/testkit/contracttest"
)

// mailbox receives the mails of a test.
type mailbox struct {
	mu   sync.Mutex
	got  []mail.Message
	fail []error // errors of the next mails
}

// Send implements mail.Mailer.
func (b *mailbox) Send(_ context.Context, m mail.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.fail) > 0 {
		err := b.fail[0]
		b.fail = b.fail[1:]
		if err != nil {
			return err
		}
	}
	b.got = append(b.got, m)
	return nil
}

// with gives the mails with a subject to an address.
func (b *mailbox) with(to, subject string) (found []mail.Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.got {
		if m.To == to && m.Subject == subject {
			found = append(found, m)
		}
	}
	return found
}

// mailing runs the jobs of s.
func (s *server) mailing() {
	s.t.Helper()
	require.NoError(s.t, s.service.jobs.Start(s.t.Context()))
	s.t.Cleanup(func() { require.NoError(s.t, s.service.jobs.Stop(context.Background())) })
}

// settled waits until every job is done.
func (s *server) settled() {
	s.t.Helper()
	contracttest.Eventually(s.t, "the jobs are done", func() bool {
		var waiting int
		err := s.Pool.QueryRow(s.t.Context(),
			`SELECT count(*) FROM river_job WHERE state NOT IN ('completed', 'cancelled', 'discarded')`).Scan(&waiting)
		require.NoError(s.t, err)
		return waiting == 0
	})
}

// mail waits until there are so many mails with a subject to an address, and gives the last one.
func (s *server) mail(to, name string, count int) mail.Message {
	s.t.Helper()
	s.settled()
	found := s.mailbox.with(to, mailSubjects()[name])
	require.Len(s.t, found, count, "%s to %s", name, to)
	return found[count-1]
}

var linked = regexp.MustCompile(`https://shop\.test(/[a-z-]+)#token=([A-Za-z0-9_-]{43})`)

// tokenIn gives the token of a mail, which must be the same in its text and its HTML.
func tokenIn(t testing.TB, m mail.Message) string {
	t.Helper()
	text, html := linked.FindStringSubmatch(m.Text), linked.FindStringSubmatch(m.HTML)
	require.NotNil(t, text, m.Text)
	require.Equal(t, text, html)
	return text[2]
}

// mailToken gives an account a token without a mail.
func (s *server) mailToken(user usersdb.User, purpose string) string {
	s.t.Helper()
	id, now := newID(), s.Clock.Now()
	token := s.service.mailTokenOf(id)
	_, err := s.queries.KeepEmailToken(s.t.Context(), usersdb.KeepEmailTokenParams{
		ID: id, UserID: user.ID, Purpose: purpose, Email: user.Email, Hash: hashOf(token), CreatedAt: now,
		ExpiresAt: now.Add(resetLifetime), Mails: 1, MailedAt: now, CountedFrom: now,
	})
	require.NoError(s.t, err)
	return token
}

func (s *server) confirm(token string) int {
	s.t.Helper()
	answer, _ := s.do(http.MethodPost, "/api/v1/email-verification/confirm", fmt.Sprintf(`{"token":%q}`, token))
	return answer.StatusCode
}

func (s *server) askReset(email string) (*http.Response, string) {
	s.t.Helper()
	return s.do(http.MethodPost, "/api/v1/password-reset", fmt.Sprintf(`{"email":%q}`, email))
}

func (s *server) reset(token, password string) int {
	s.t.Helper()
	answer, _ := s.do(http.MethodPost, "/api/v1/password-reset/confirm",
		fmt.Sprintf(`{"token":%q,"new_password":%q}`, token, password))
	return answer.StatusCode
}

func isVerified(t testing.TB, me person) bool {
	t.Helper()
	got, err := me.GetProfileWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.StatusCode())
	return contracttest.Body(t, got, got.JSON200).EmailVerified
}

const ada = "ada@example.com"

func TestVerification(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailing()
	me := s.signUp(ada)
	require.False(t, isVerified(t, me))
	told := s.mail(ada, mailVerify, 1)
	require.Contains(t, told.Text, s.Clock.Now().UTC().Format("2 January 2006 at 15:04 UTC"),
		"its reader knows whether they have opened it")
	link := tokenIn(t, told)
	mailed := s.Clock.Now().UTC()
	s.Clock.Advance(30 * time.Second)
	next, expires := mailed.Add(mailPauses()[0]), s.Clock.Now().UTC().Add(verifyLifetime)
	require.Equal(t, usersapi.EmailVerification{Email: ada, ExpiresAt: &expires, MailedAt: &mailed, NextMailAt: &next},
		me.askVerification(t))
	s.mail(ada, mailVerify, 1) // One was sent just now, as the answer says.
	require.Equal(t, http.StatusNoContent, s.confirm(link))
	require.True(t, isVerified(t, me))
	require.Equal(t, http.StatusForbidden, s.confirm(link), "it is for one use")
	s.Clock.Advance(mailPauses()[0])
	require.Equal(t, usersapi.EmailVerification{Email: ada, Verified: true}, me.askVerification(t))
	s.mail(ada, mailVerify, 1) // The address is verified already.
}

func TestTokensOfMailsAreBound(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(s *server, user usersdb.User){
		"to a time": func(s *server, _ usersdb.User) { s.Clock.Advance(verifyLifetime) },
		"to an address": func(s *server, _ usersdb.User) {
			_, err := s.Pool.Exec(s.t.Context(), "UPDATE users SET email = 'other@example.com'")
			require.NoError(s.t, err)
		},
		"to an account": func(s *server, user usersdb.User) {
			_, err := s.queries.DeleteUser(s.t.Context(), user.ID)
			require.NoError(s.t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			me := s.signUp(ada)
			verify, reset := s.mailToken(me.user, mailVerify), s.mailToken(me.user, mailReset)
			spoil(s, me.user)
			require.Equal(t, http.StatusForbidden, s.confirm(verify))
			require.Equal(t, http.StatusForbidden, s.reset(reset, newPassword))
		})
	}
}

func TestPasswordReset(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailing()
	me := s.signUp(ada)
	answer, _ := s.askReset(strings.ToUpper(ada))
	require.Equal(t, http.StatusAccepted, answer.StatusCode)
	link := tokenIn(t, s.mail(ada, mailReset, 1))
	require.Equal(t, http.StatusUnprocessableEntity, s.reset(link, "my name is ada"), "it has the e-mail's name")
	require.Equal(t, http.StatusForbidden, s.confirm(link), "it is for a password")
	require.Equal(t, http.StatusNoContent, s.reset(link, newPassword))
	require.Equal(t, http.StatusForbidden, s.reset(link, goodPassword), "it is for one use")
	s.mail(ada, mailChanged, 1)

	got, err := me.GetProfileWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, got.StatusCode(), "every session has ended")
	for password, status := range map[string]int{goodPassword: http.StatusUnauthorized, newPassword: http.StatusOK} {
		answer, _ := s.do(http.MethodPost, "/api/v1/login", login(ada, password))
		require.Equal(t, status, answer.StatusCode)
	}
	user, err := s.queries.GetUser(t.Context(), me.user.ID)
	require.NoError(t, err)
	require.NotNil(t, user.EmailVerifiedAt, "its owner reads what is sent there")
}

// Of many resets with one token at once, one succeeds.
func TestPasswordResetAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.mailToken(s.member().user, mailReset)
	var group sync.WaitGroup
	statuses := make([]int, 8)
	for i := range statuses {
		group.Go(func() {
			answer, err := s.ResetPasswordWithResponse(context.WithoutCancel(t.Context()),
				usersapi.ResetPasswordRequest{Token: token, NewPassword: newPassword})
			if err == nil {
				statuses[i] = answer.StatusCode()
			}
		})
	}
	group.Wait()
	slices.Sort(statuses)
	require.Equal(t, append([]int{http.StatusNoContent}, slices.Repeat([]int{http.StatusForbidden}, 7)...), statuses)
}

func TestAChangeOfPasswordMakesTheResetVoid(t *testing.T) {
	t.Parallel()
	s := start(t)
	m := s.member()
	s.verify(m.user.Email)
	token := s.mailToken(m.user, mailReset)
	answer, err := s.as(m.access).ChangePasswordWithResponse(t.Context(),
		usersapi.ChangePasswordRequest{CurrentPassword: goodPassword, NewPassword: newPassword})
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, answer.StatusCode())
	require.Equal(t, http.StatusForbidden, s.reset(token, goodPassword))
}

// TestNoResetForWhomThereIsNone requires the same answer, and the same rows, for every address.
func TestNoResetForWhomThereIsNone(t *testing.T) {
	t.Parallel()
	s := start(t)
	active, disabled := s.member().user, s.member().user
	_, err := s.queries.SetUserStatus(t.Context(),
		usersdb.SetUserStatusParams{ID: disabled.ID, Status: usersdb.UserStatusDisabled, UpdatedAt: s.Clock.Now()})
	require.NoError(t, err)
	nobody := newID().String() + "@example.com" // as long as the others
	var answers []string
	var seen int64 // the job of the request before
	for _, email := range []string{active.Email, disabled.Email, nobody} {
		answer, body := s.askReset(email)
		for _, varying := range []string{"X-Request-Id", "Date", "Ratelimit", "Traceparent"} {
			answer.Header.Del(varying)
		}
		var jobs string
		err = s.Pool.QueryRow(t.Context(),
			"SELECT coalesce(string_agg(kind || octet_length(args::text) || queue, ' '), '') FROM river_job WHERE id > $1",
			seen).Scan(&jobs)
		require.NoError(t, err)
		require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT coalesce(max(id), 0) FROM river_job").Scan(&seen))
		require.NotEmpty(t, jobs)
		answers = append(answers, fmt.Sprint(answer.StatusCode, answer.Header, body, jobs))
	}
	require.Equal(t, answers[0], answers[1])
	require.Equal(t, answers[0], answers[2])
	s.mailing()
	s.mail(active.Email, mailReset, 1)
	require.Len(t, s.mailbox.got, 1)
}

// A mail that fails is sent again; one that is refused for good is not.
func TestMailsAreSentAgain(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailbox.fail = []error{errors.New("the mail server cannot be reached")}
	s.mailing()
	s.signUp(ada)
	s.mail(ada, mailVerify, 1)
	s.mailbox.fail = []error{mail.ErrRefused}
	s.signUp("eve@example.com")
	s.settled()
	require.Empty(t, s.mailbox.with("eve@example.com", mailSubjects()[mailVerify]))
}

// A refused sign-up sends no mail.
func TestNoMailWithoutItsTransaction(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.signUp(ada)
	answer, _ := s.do(http.MethodPost, "/api/v2/users",
		`{"email":"ada@example.com","name":"Ada","password":"`+goodPassword+`"}`)
	require.Equal(t, http.StatusConflict, answer.StatusCode)
	s.mailing()
	s.mail(ada, mailVerify, 1)
}

// Neither an address nor a token is in the queue's tables, in the table of tokens, or in the log.
func TestMailsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailbox.fail = []error{errors.New("the mail server cannot be reached"), mail.ErrRefused}
	s.mailing()
	s.signUp(ada)
	s.settled()
	s.askReset(ada)
	token := tokenIn(t, s.mail(ada, mailReset, 1))
	var queue, tokens string
	err := s.Pool.QueryRow(t.Context(), "SELECT string_agg(river_job::text, '\n') FROM river_job").Scan(&queue)
	require.NoError(t, err)
	err = s.Pool.QueryRow(t.Context(), "SELECT string_agg(email_tokens::text, '\n') FROM email_tokens").Scan(&tokens)
	require.NoError(t, err)
	require.Contains(t, queue, "send_mail")
	require.NotContains(t, queue, ada)
	require.Equal(t, http.StatusNoContent, s.reset(token, newPassword))
	raw, err := base64.RawURLEncoding.DecodeString(token)
	require.NoError(t, err)
	contracttest.RequireNone(t, queue+tokens+s.Logged(t), written(raw)) // bytea shows as hexadecimal
	require.NotContains(t, s.Logged(t), ada)
}

// The owner cancels the deletion while the job waits.
func TestNoMailOfADeletionThatWasCancelled(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.signUp(ada)
	p.requestDeletion(t)
	kept, err := p.CancelDeletionWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, kept.StatusCode())
	require.Equal(t, 1, s.count(`SELECT count(*) FROM river_job WHERE args->>'mail' = $1`, mailDeletion))
	s.mailing()
	s.settled()
	require.Empty(t, s.mailbox.with(ada, mailSubjects()[mailDeletion]))
}

func TestMailsAreEscaped(t *testing.T) {
	t.Parallel()
	s := start(t)
	now := s.Clock.Now()
	for name := range mailSubjects() {
		m, err := s.service.renderMail(name, usersdb.User{Name: `<img src=x onerror="alert(1)">`, DeletesAt: &now},
			"https://shop.test/#token=x")
		require.NoError(t, err)
		require.NotContains(t, m.HTML, "<img")
		require.Contains(t, m.HTML, "&lt;img")
		require.Contains(t, m.Text, "<img", "a text is no markup")
	}
	_, err := s.service.renderMail("of a later version", usersdb.User{}, "")
	require.ErrorIs(t, err, river.JobCancel(nil))
}

func TestExpiredTokensArePurged(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailToken(s.member().user, mailReset)
	count := func() (n int) {
		require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT count(*) FROM email_tokens").Scan(&n))
		return n
	}
	require.NoError(t, s.service.purgeOldRows(t.Context()))
	require.Equal(t, 1, count())
	s.Clock.Advance(resetLifetime + time.Second)
	require.NoError(t, s.service.purgeOldRows(t.Context()))
	require.Equal(t, 1, count(), "the mail counts for a day")
	s.Clock.Advance(mailsCounted)
	require.NoError(t, s.service.purgeOldRows(t.Context()))
	require.Zero(t, count())
}

// mailOperations tells the checks what the document does not say of the operations behind the links of mails.
func mailOperations() knownOperations {
	// refused gives requests with tokens that are not valid for the purpose.
	refused := func(otherPurpose, rest string) func(situation) []contracttest.Refusal {
		return func(at situation) []contracttest.Refusal {
			body := func(token string) string { return `{"token":"` + token + `"` + rest + `}` }
			return []contracttest.Refusal{
				at.refusal("an unknown token", body(newSecret()), http.StatusForbidden, usersapi.ProblemCodeInvalidMailToken),
				at.refusal("a token for something else", body(at.mailToken(at.member().user, otherPurpose)), http.StatusForbidden,
					usersapi.ProblemCodeInvalidMailToken),
			}
		}
	}
	// changing gives the caller a pending change of address, and returns its token.
	changing := func(at situation) string {
		wanting := at.me.user
		wanting.Email = newID().String() + "@example.com"
		return at.mailToken(wanting, mailChange)
	}
	waiting := contracttest.Known[situation]{
		Fit: func(at situation, _ *contracttest.Fit) { changing(at) },
		Refused: func(at situation) []contracttest.Refusal {
			none := at.refusal("no change that waits", "", http.StatusNotFound, usersapi.ProblemCodeEmailChangeNotFound)
			none.By = at.member()
			none.Request = none.Without("Authorization").With(contracttest.Bearer(none.By))
			return []contracttest.Refusal{none}
		},
	}
	return knownOperations{
		"confirmEmail": {
			Fit:     func(at situation, fit *contracttest.Fit) { fit.Body["token"] = at.mailToken(at.me.user, mailVerify) },
			Refused: refused(mailReset, ""),
		},
		"requestPasswordReset": {Beyond: contracttest.Beyond{Nameless: true}},
		"resetPassword": {
			Beyond:  contracttest.Beyond{Rules: []string{"#/new_password"}},
			Fit:     func(at situation, fit *contracttest.Fit) { fit.Body["token"] = at.mailToken(at.me.user, mailReset) },
			Refused: refused(mailVerify, `,"new_password":"`+newPassword+`"`),
		},
		"getEmailChange":    waiting,
		"cancelEmailChange": waiting,
		"requestEmailChange": {Fit: func(_ situation, fit *contracttest.Fit) {
			fit.Body["email"], fit.Body["current_password"] = newID().String()+"@example.com", goodPassword
		}},
		"confirmEmailChange": {Fit: func(at situation, fit *contracttest.Fit) { fit.Body["token"] = changing(at) }},
	}
}
