package users

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/testkit/contracttest"
)

// These tests repeat requests for links, and replace older requests by newer ones. See docs/decisions/mails.md.

func (p person) askVerification(t testing.TB) usersapi.EmailVerification {
	t.Helper()
	answer, err := p.RequestEmailVerificationWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, answer.StatusCode(), string(answer.Body))
	return *contracttest.Body(t, answer, answer.JSON202)
}

// changing gives the pending change of address, or nil.
func (p person) changing(t testing.TB) *usersapi.EmailChange {
	t.Helper()
	answer, err := p.GetEmailChangeWithResponse(t.Context())
	require.NoError(t, err)
	if answer.StatusCode() == http.StatusNotFound {
		require.Equal(t, usersapi.ProblemCodeEmailChangeNotFound, codeIn(t, answer.Body))
		return nil
	}
	return contracttest.Body(t, answer, answer.JSON200)
}

func (p person) withdraw(t testing.TB) int {
	t.Helper()
	answer, err := p.CancelEmailChangeWithResponse(t.Context())
	require.NoError(t, err)
	return answer.StatusCode()
}

// A repeated request sends the same link once more, after growing pauses, and voids none.
func TestALinkIsSentAgain(t *testing.T) {
	t.Parallel()
	for purpose, ask := range map[string]func(s *server){
		mailVerify: func(s *server) { s.logIn(ada, goodPassword).askVerification(s.t) },
		mailReset:  func(s *server) { s.askReset(ada) },
		mailChange: func(s *server) {
			status, body := s.logIn(ada, goodPassword).want(s.t, ada, goodPassword)
			require.Equal(s.t, http.StatusAccepted, status, body)
		},
	} {
		t.Run(purpose, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.mailing()
			s.signUp(ada)
			if purpose != mailVerify {
				ask(s)
			}
			began := s.Clock.Now()
			link := tokenIn(t, s.mail(ada, purpose, 1))
			for i, pause := range mailPauses() {
				s.Clock.Advance(pause - time.Second)
				ask(s)
				s.mail(ada, purpose, i+1)
				s.Clock.Advance(time.Second)
				ask(s)
				require.Equal(t, link, tokenIn(t, s.mail(ada, purpose, i+2)))
			}
			count := len(mailPauses()) + 1
			s.Clock.Advance(began.Add(mailsCounted).Sub(s.Clock.Now()) - time.Second)
			ask(s)
			s.mail(ada, purpose, count)
			require.Equal(t, 1,
				s.count(`SELECT count(*) FROM email_tokens WHERE hash = $1 AND expires_at > $2`, hashOf(link), s.Clock.Now()),
				"the link of the last mail is good when none is sent")
			s.Clock.Advance(time.Second)
			ask(s)
			require.NotEqual(t, link, tokenIn(t, s.mail(ada, purpose, count+1)), "it was a day old")
		})
	}
}

// Mails that expired while the mail server was away do not delay the next one.
func TestMailsThatExpiredDoNotCount(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.signUp(ada)
	ask := func() {
		err := s.service.startReset(t.Context(), startReset{Email: s.service.addresses.Seal([]byte(ada), sealedEmail)})
		require.NoError(t, err)
	}
	ask()
	for _, pause := range mailPauses() {
		s.Clock.Advance(pause)
		ask()
	}
	require.Equal(t, len(mailPauses())+1, s.count(`SELECT count(*) FROM river_job WHERE args->>'mail' = $1`, mailReset))
	s.Clock.Advance(resetLifetime)
	s.mailing()
	s.settled()
	require.Empty(t, s.mailbox.with(ada, mailSubjects()[mailReset]), "their links have expired")
	ask()
	require.Equal(t, http.StatusNoContent, s.reset(tokenIn(t, s.mail(ada, mailReset, 1)), newPassword))
}

// Mails that were given up while their link was valid do not delay the next one either; the link stays the same.
func TestMailsThatAreGivenUpDoNotCount(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.signUp(ada)
	for _, pause := range mailPauses() {
		s.Clock.Advance(pause)
		s.logIn(ada, goodPassword).askVerification(t)
	}
	count := len(mailPauses()) + 1
	require.Equal(t, count, s.count(`
		WITH last AS (UPDATE river_job SET max_attempts = 1 WHERE args->>'mail' = $1 RETURNING id)
		SELECT count(*) FROM last`, mailVerify))
	for range count {
		s.mailbox.fail = append(s.mailbox.fail, errors.New("the mail server cannot be reached"))
	}
	s.mailing()
	s.settled()
	require.Empty(t, s.mailbox.with(ada, mailSubjects()[mailVerify]))
	s.Clock.Advance(mailPauses()[len(mailPauses())-1])
	s.logIn(ada, goodPassword).askVerification(t)
	require.Equal(t, http.StatusNoContent, s.confirm(tokenIn(t, s.mail(ada, mailVerify, 1))))
}

// A mail that was given up may have been delivered all the same, so the number of these mails is limited, too.
func TestMailsThatAreGivenUpAreBounded(t *testing.T) {
	t.Parallel()
	for purpose, ask := range map[string]func(s *server){
		mailVerify: func(s *server) {
			answer, err := s.logIn(ada, goodPassword).RequestEmailVerificationWithResponse(s.t.Context())
			require.NoError(s.t, err)
			if answer.StatusCode() != http.StatusAccepted {
				require.Equal(s.t, usersapi.ProblemCodeRateLimited, codeIn(s.t, answer.Body))
			}
		},
		mailReset: func(s *server) {
			err := s.service.startReset(s.t.Context(), startReset{Email: s.service.addresses.Seal([]byte(ada), sealedEmail)})
			require.NoError(s.t, err)
		},
		mailChange: func(s *server) { _, _ = s.logIn(ada, goodPassword).want(s.t, eve, goodPassword) },
	} {
		t.Run(purpose, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			account := s.signUp(ada).user.ID
			opened := 0
			if purpose == mailVerify {
				opened = 1
			}
			mails := func() int {
				return -opened + s.count(`SELECT count(*) FROM river_job WHERE args->>'mail' = $1`, purpose)
			}
			link := func() usersdb.EmailToken {
				links, err := s.queries.ListEmailTokens(t.Context(), account)
				require.NoError(t, err)
				i := slices.IndexFunc(links, func(l usersdb.EmailToken) bool { return l.Purpose == purpose })
				if i < 0 {
					return usersdb.EmailToken{}
				}
				return links[i]
			}
			askAgain := func() {
				s.Clock.Advance(mailPauses()[0])
				ask(s)
			}
			for range mostMails {
				err := s.queries.UncountMails(t.Context(),
					usersdb.UncountMailsParams{ID: link().ID, CountedBefore: s.Clock.Now().Add(-mailsCounted)})
				require.NoError(t, err)
				askAgain()
			}
			before := link()
			askAgain()
			askAgain()
			require.Equal(t, mostMails, mails())
			require.Equal(t, before, link(), "what is refused changes nothing")
			s.Clock.Advance(mailsCounted / mostMails)
			ask(s)
			require.Equal(t, mostMails+1, mails())
		})
	}
}

// Whoever requests the reset of another's password does not affect the owner.
func TestAResetAskedForByAnybodyKeepsTheLink(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailing()
	s.signUp(ada)
	s.askReset(ada)
	link := tokenIn(t, s.mail(ada, mailReset, 1))
	for range 10 {
		s.Clock.Advance(4 * time.Minute)
		s.askReset(ada)
		s.settled()
	}
	s.mail(ada, mailReset, 4)
	require.Equal(t, http.StatusNoContent, s.reset(link, newPassword))
}

// An expired link stays void when a mail with another link is sent.
func TestAnExpiredLinkIsReplaced(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailing()
	s.signUp(ada)
	s.askReset(ada)
	expired := tokenIn(t, s.mail(ada, mailReset, 1))
	s.Clock.Advance(resetLifetime)
	s.askReset(ada)
	link := tokenIn(t, s.mail(ada, mailReset, 2))
	require.Equal(t, http.StatusForbidden, s.reset(expired, newPassword))
	require.Equal(t, http.StatusNoContent, s.reset(link, newPassword))
}

// After every request the last mail holds a valid link, and a link lives for less than two days. There are at most six
// mails within a day from the first one, and so eleven in any day.
func TestLinksThatAreAskedForAllTheTime(t *testing.T) {
	t.Parallel()
	const atOnce, inADay = 6, 11
	s := &Service{mailKey: []byte("key")}
	rapid.Check(t, func(r *rapid.T) {
		var link, mailedLink usersdb.EmailToken
		var mails []time.Time
		began := time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
		pause := func() time.Duration { return rapid.SampledFrom(askedAfter()).Draw(r, "pause") }
		for now := began; now.Before(began.Add(4 * mailsCounted)); now = now.Add(pause()) {
			var mailed bool
			if link, mailed = s.linkAfter(link, usersdb.User{Email: ada}, mailReset, now); mailed {
				mails, mailedLink = append(mails, now), link
			}
			require.Equal(r, mailedLink.ID, link.ID, "the mail holds the link")
			require.Equal(r, now.Add(resetLifetime), link.ExpiresAt)
			require.Less(r, link.ExpiresAt.Sub(link.CreatedAt), 2*mailsCounted)
			require.True(r, nextMailAt(link).After(now))
			require.LessOrEqual(r, link.Mails, int32(atOnce))
			require.True(r, now.Before(link.CountedFrom.Add(mailsCounted)) || !mailed)
		}
		for i := inADay; i < len(mails); i++ {
			require.GreaterOrEqual(r, mails[i].Sub(mails[i-inADay]), mailsCounted, mails)
		}
	})
}

// askedAfter gives pauses between requests, about as long as those between mails.
func askedAfter() []time.Duration {
	return []time.Duration{
		time.Minute, 5 * time.Minute, 15 * time.Minute, 29 * time.Minute, time.Hour, 3 * time.Hour, 13 * time.Hour,
	}
}

// The first address may be a typo and belong to a stranger: the second request replaces it at once.
func TestANewerChangeOfAddressReplaces(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailing()
	me := s.signUp(ada)
	require.Nil(t, me.changing(t))
	const typo = "eev@example.com"
	_, _ = me.want(t, typo, goodPassword)
	wrong := tokenIn(t, s.mail(typo, mailChange, 1))
	answer, err := me.RequestEmailChangeWithResponse(t.Context(),
		usersapi.RequestEmailChangeRequest{Email: eve, CurrentPassword: goodPassword})
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, s.moveTo(wrong))
	now := s.Clock.Now().UTC()
	want := usersapi.EmailChange{
		Email: eve, ExpiresAt: now.Add(changeLifetime), MailedAt: now, NextMailAt: now.Add(mailPauses()[0]),
	}
	require.Equal(t, want, *contracttest.Body(t, answer, answer.JSON202))
	require.Equal(t, want, *me.changing(t))
	require.Equal(t, http.StatusNoContent, s.moveTo(tokenIn(t, s.mail(eve, mailChange, 1))))
	require.Nil(t, me.changing(t))
}

func TestAChangeOfAddressIsWithdrawn(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailing()
	me, other := s.signUp(ada), s.signUp("other@example.com")
	require.Equal(t, http.StatusNotFound, me.withdraw(t))
	_, _ = me.want(t, eve, goodPassword)
	link := tokenIn(t, s.mail(eve, mailChange, 1))
	require.Nil(t, other.changing(t), "it is its owner's")
	require.Equal(t, http.StatusNotFound, other.withdraw(t))
	require.Equal(t, http.StatusNoContent, me.withdraw(t))
	require.Nil(t, me.changing(t))
	require.Equal(t, http.StatusForbidden, s.moveTo(link))
	require.Equal(t, http.StatusNotFound, me.withdraw(t))
	require.Equal(t, ada, me.profile(t).Email)
	require.Equal(t, 1, s.count(`SELECT count(*) FROM audit_entries
		WHERE action = 'profile.cancel_email_change' AND outcome = 'success' AND actor = $1`, me.user.ID))

	_, _ = me.want(t, eve, goodPassword)
	require.Equal(t, http.StatusForbidden, s.moveTo(link), "it stays void")
	require.Equal(t, http.StatusNoContent, s.moveTo(tokenIn(t, s.mail(eve, mailChange, 2))))
	require.Equal(t, http.StatusNotFound, me.withdraw(t), "it has been followed")

	_, _ = me.want(t, "late@example.com", goodPassword)
	s.Clock.Advance(changeLifetime)
	me = s.logIn(eve, goodPassword)
	require.Nil(t, me.changing(t))
	require.Equal(t, http.StatusNotFound, me.withdraw(t))
}

// An account cannot fill the mailboxes of others by changing the wanted address again and again.
func TestMailsOfChangesAreBounded(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := s.signUp(ada)
	const pause = 7 * time.Second // for the rate limit of requests
	ask := func(i int) *usersapi.RequestEmailChangeResponse {
		s.Clock.Advance(pause)
		answer, err := me.RequestEmailChangeWithResponse(t.Context(),
			usersapi.RequestEmailChangeRequest{Email: fmt.Sprintf("ada.%d@example.com", i), CurrentPassword: goodPassword})
		require.NoError(t, err)
		return answer
	}
	for i := range mostMails {
		require.Equal(t, http.StatusAccepted, ask(i).StatusCode())
		if i%2 == 0 {
			require.Equal(t, http.StatusNoContent, me.withdraw(t))
		}
	}
	waits := me.changing(t)
	refused := ask(mostMails)
	require.Equal(t, http.StatusTooManyRequests, refused.StatusCode())
	require.Equal(t, usersapi.ProblemCodeRateLimited, codeIn(t, refused.Body))
	require.Equal(t, waits, me.changing(t), "nothing has changed")
	require.Equal(t, mostMails, s.count(`SELECT count(*) FROM river_job WHERE args->>'mail' = $1`, mailChange))
	seconds, err := strconv.Atoi(refused.HTTPResponse.Header.Get("Retry-After"))
	require.NoError(t, err)
	s.Clock.Advance(time.Duration(seconds) * time.Second)
	me = s.logIn(ada, goodPassword)
	require.Equal(t, http.StatusAccepted, ask(mostMails).StatusCode())
}

// Many accounts cannot fill one mailbox: their mails to an address count for the address, too.
func TestMailsToAnAddressAreBounded(t *testing.T) {
	t.Parallel()
	s := start(t)
	want := func(i int) *usersapi.RequestEmailChangeResponse {
		answer, err := s.as(s.member().access).RequestEmailChangeWithResponse(t.Context(), usersapi.RequestEmailChangeRequest{
			Email: []string{eve, strings.ToUpper(eve)}[i%2], CurrentPassword: goodPassword,
		})
		require.NoError(t, err)
		return answer
	}
	for i := range mostMails {
		answer := want(i)
		require.Equal(t, http.StatusAccepted, answer.StatusCode(), string(answer.Body))
	}
	refused := want(mostMails)
	require.Equal(t, http.StatusTooManyRequests, refused.StatusCode())
	require.Equal(t, usersapi.ProblemCodeRateLimited, codeIn(t, refused.Body))
	require.Equal(t, mostMails, s.count(`SELECT count(*) FROM river_job WHERE args->>'mail' = $1`, mailChange))
	require.Equal(t, mostMails, s.count(`SELECT count(*) FROM email_tokens WHERE purpose = $1`, mailChange),
		"nothing has changed")
}

// An address in other case is the same address: it has the same pauses and the same link.
func TestTheCaseOfAnAddressIsNoOther(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := s.signUp(ada)
	_, _ = me.want(t, eve, goodPassword)
	link := s.count(`SELECT count(*) FROM river_job WHERE args->>'mail' = $1`, mailChange)
	before := me.changing(t)
	_, _ = me.want(t, strings.ToUpper(eve), goodPassword)
	require.Equal(t, link, s.count(`SELECT count(*) FROM river_job WHERE args->>'mail' = $1`, mailChange),
		"it is too soon for another mail")
	before.Email = me.changing(t).Email
	require.Equal(t, before, me.changing(t))
	require.NotEqual(t, eve, before.Email, "it is written as it was asked for last")
}

// A change of password voids the link of a reset, but does not reset the limit of its mails.
func TestMailsOfResetsAreBounded(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailing()
	me := s.signUp(ada)
	s.verify(ada)
	passwords := []string{goodPassword, newPassword}
	for i := range mostMails + 2 {
		s.Clock.Advance(7 * time.Second) // for the rate limits of requests
		s.askReset(ada)
		s.mail(ada, mailReset, min(i+1, mostMails))
		answer, err := me.ChangePasswordWithResponse(t.Context(),
			usersapi.ChangePasswordRequest{CurrentPassword: passwords[i%2], NewPassword: passwords[(i+1)%2]})
		require.NoError(t, err)
		require.Equal(t, http.StatusNoContent, answer.StatusCode(), string(answer.Body))
	}
	require.Zero(t, s.count(`SELECT count(*) FROM email_tokens WHERE purpose = $1`, mailReset), "no link without its mail")
	s.Clock.Advance(mailsCounted / mostMails)
	s.askReset(ada)
	s.mail(ada, mailReset, mostMails+1)
}

// Whoever opens an account with another's address cannot fill that mailbox with mails about the account.
func TestNoticesAreBounded(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := s.signUp(ada)
	passwords := []string{goodPassword, newPassword}
	change := func(i int) {
		s.Clock.Advance(7 * time.Second) // for the rate limit of requests
		answer, err := me.ChangePasswordWithResponse(t.Context(),
			usersapi.ChangePasswordRequest{CurrentPassword: passwords[i%2], NewPassword: passwords[(i+1)%2]})
		require.NoError(t, err)
		require.Equal(t, http.StatusNoContent, answer.StatusCode(), string(answer.Body))
	}
	told := func() int { return s.count(`SELECT count(*) FROM river_job WHERE args->>'mail' = $1`, mailChanged) }
	for i := range mostMails {
		change(i)
		require.Equal(t, i+1, told())
	}
	change(mostMails)
	change(mostMails + 1)
	require.Equal(t, mostMails, told())
	me.requestDeletion(t)
	require.Equal(t, 1, s.count(`SELECT count(*) FROM river_job WHERE args->>'mail' = $1`, mailDeletion),
		"something else is told")
	s.Clock.Advance(mailsCounted / mostMails)
	me = s.logIn(ada, goodPassword)
	change(mostMails + 2)
	require.Equal(t, mostMails+1, told())
}

// With mails off no mail is queued, and operations that need one say so.
func TestWithoutMails(t *testing.T) {
	t.Parallel()
	s := start(t).replica(func(c *Config) { c.NoMails = true })
	me := s.signUp(ada)
	require.False(t, isVerified(t, me))
	changed, err := me.ChangePasswordWithResponse(t.Context(),
		usersapi.ChangePasswordRequest{CurrentPassword: goodPassword, NewPassword: newPassword})
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, changed.StatusCode())
	verification, err := me.RequestEmailVerificationWithResponse(t.Context())
	require.NoError(t, err)
	change, err := me.RequestEmailChangeWithResponse(t.Context(),
		usersapi.RequestEmailChangeRequest{Email: eve, CurrentPassword: newPassword})
	require.NoError(t, err)
	for _, email := range []string{ada, eve} {
		reset, body := s.askReset(email)
		require.Equal(t, http.StatusConflict, reset.StatusCode)
		require.Equal(t, usersapi.ProblemCodeMailOff, problemIn(t, reset, body).Code)
	}
	for _, body := range [][]byte{verification.Body, change.Body} {
		require.Equal(t, usersapi.ProblemCodeMailOff, codeIn(t, body))
	}
	require.Zero(t, s.count(`SELECT count(*) FROM email_tokens`))
	require.Zero(t, s.count(`SELECT count(*) FROM river_job WHERE kind IN ('send_mail', 'start_reset')`))
}
