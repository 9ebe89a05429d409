package users

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/mail"
)

const eve = "eve@example.com"

// want requests a change of the address.
func (p person) want(t testing.TB, email, password string) (int, string) {
	t.Helper()
	answer, err := p.RequestEmailChangeWithResponse(t.Context(),
		usersapi.RequestEmailChangeRequest{Email: email, CurrentPassword: password})
	require.NoError(t, err)
	return answer.StatusCode(), string(answer.Body)
}

func (s *server) moveTo(token string) int {
	s.t.Helper()
	answer, _ := s.do(http.MethodPost, "/api/v1/email-change/confirm", fmt.Sprintf(`{"token":%q}`, token))
	return answer.StatusCode
}

func TestChangeOfAddress(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailing()
	me := s.signUp(ada)
	status, _ := me.want(t, eve, "wrong horse")
	require.Equal(t, http.StatusForbidden, status)
	status, _ = me.want(t, eve, goodPassword)
	require.Equal(t, http.StatusAccepted, status)
	link := tokenIn(t, s.mail(eve, mailChange, 1))
	require.Equal(t, ada, me.profile(t).Email, "nothing has changed yet")
	require.Equal(t, http.StatusForbidden, s.confirm(link), "it is for a change")
	require.Equal(t, http.StatusNoContent, s.moveTo(link))
	require.Equal(t, http.StatusForbidden, s.moveTo(link), "it is for one use")
	profile := me.profile(t)
	require.Equal(t, eve, profile.Email, "the session goes on")
	require.True(t, profile.EmailVerified)
	require.NotContains(t, s.mail(ada, mailMoved, 1).Text, eve)
	for email, status := range map[string]int{ada: http.StatusUnauthorized, eve: http.StatusOK} {
		answer, _ := s.do(http.MethodPost, "/api/v1/login", login(email, goodPassword))
		require.Equal(t, status, answer.StatusCode, email)
	}
	var queue string
	err := s.Pool.QueryRow(t.Context(), "SELECT string_agg(river_job::text, '\n') FROM river_job").Scan(&queue)
	require.NoError(t, err)
	for _, secret := range []string{ada, eve, link, fmt.Sprintf("%x", ada)} {
		require.NotContains(t, queue, secret)
		require.NotContains(t, s.Logged(t), secret)
	}
}

// Only whoever reads an address learns that it belongs to another account.
func TestChangeToATakenAddress(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailing()
	me, other := s.signUp(ada), s.signUp(eve)
	statusOfTaken, bodyOfTaken := me.want(t, strings.ToUpper(eve), goodPassword)
	status, body := other.want(t, "free@example.com", goodPassword)
	require.Equal(t, []any{status, strings.Replace(body, "free@example.com", strings.ToUpper(eve), 1)},
		[]any{statusOfTaken, bodyOfTaken})
	told := s.mail(strings.ToUpper(eve), mailTaken, 1)
	require.NotContains(t, told.Text+told.HTML, "#token=")
	require.NotContains(t, told.Text+told.HTML, "Ada", "what an account is called is no text to be sent to others")
	require.Empty(t, s.mailbox.with(strings.ToUpper(eve), mailSubjects()[mailChange]))

	token := tokenIn(t, s.mail("free@example.com", mailChange, 1))
	s.signUp("free@example.com") // meanwhile
	answer, text := s.do(http.MethodPost, "/api/v1/email-change/confirm", fmt.Sprintf(`{"token":%q}`, token))
	require.Equal(t, http.StatusConflict, answer.StatusCode, text)
	require.Contains(t, text, `"email_taken"`)
	require.Equal(t, eve, other.profile(t).Email)
}

// These changes void the token of a change of address.
func TestChangeOfAddressIsVoid(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(s *server, m member){
		"after its time": func(s *server, _ member) { s.Clock.Advance(changeLifetime) },
		"after a change of password": func(s *server, m member) {
			answer, err := s.as(m.access).ChangePasswordWithResponse(s.t.Context(),
				usersapi.ChangePasswordRequest{CurrentPassword: goodPassword, NewPassword: newPassword})
			require.NoError(s.t, err)
			require.Equal(s.t, http.StatusNoContent, answer.StatusCode())
		},
		"after a reset": func(s *server, m member) {
			require.Equal(s.t, http.StatusNoContent, s.reset(s.mailToken(m.user, mailReset), newPassword))
		},
		"of a disabled account": func(s *server, m member) {
			_, err := s.queries.SetUserStatus(s.t.Context(),
				usersdb.SetUserStatusParams{ID: m.user.ID, Status: usersdb.UserStatusDisabled, UpdatedAt: s.Clock.Now()})
			require.NoError(s.t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			m := s.member()
			wanting := m.user
			wanting.Email = eve
			token := s.mailToken(wanting, mailChange)
			spoil(s, m)
			require.Equal(t, http.StatusForbidden, s.moveTo(token))
		})
	}
}

// A change of password is told by mail, and only mails to verified addresses contain the name.
func TestMailsAfterAChangeOfPassword(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailing()
	me := s.signUp(ada)
	require.NotContains(t, s.mail(ada, mailVerify, 1).Text, "Lovelace", "whoever reads it may be another")
	change := func(from, to string) {
		answer, err := me.ChangePasswordWithResponse(t.Context(),
			usersapi.ChangePasswordRequest{CurrentPassword: from, NewPassword: to})
		require.NoError(t, err)
		require.Equal(t, http.StatusNoContent, answer.StatusCode())
	}
	change(goodPassword, newPassword)
	require.NotContains(t, s.mail(ada, mailChanged, 1).HTML, "Lovelace")
	_, err := s.queries.VerifyEmail(t.Context(), usersdb.VerifyEmailParams{ID: me.user.ID, Email: ada, Now: s.Clock.Now()})
	require.NoError(t, err)
	change(newPassword, goodPassword)
	require.Contains(t, s.mail(ada, mailChanged, 2).HTML, "Lovelace")
}

func TestMailsAreCounted(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailbox.fail = []error{errors.New("the mail server cannot be reached"), nil, mail.ErrRefused}
	s.mailing()
	s.signUp(ada)
	s.settled()
	s.signUp(eve)
	s.settled()
	for result, want := range map[string]float64{mailFailed: 1, mailSent: 1, mailRefused: 1} {
		require.InDelta(t, want, testutil.ToFloat64(s.service.mails.WithLabelValues(mailVerify, result)), 0, result)
	}
}
