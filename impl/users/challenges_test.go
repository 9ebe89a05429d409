package users

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/testkit/contracttest"
)

// A challenge gives one session, however many right answers arrive at once.
func TestChallengesAreForOneSession(t *testing.T) {
	t.Parallel()
	s := start(t)
	replicas := []*server{s, s.replica()}
	m := s.member()
	codes, challenge := s.enrolled(m.user, true), s.challenge(m.user)
	recovery := s.recoverable(m.user)
	before := s.count(`SELECT count(*) FROM sessions`)
	// No answer reaches the check of its code before all have taken a try.
	gate, err := s.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer gate.Rollback(t.Context())
	_, err = gate.Exec(t.Context(), `SELECT FROM second_factors FOR UPDATE`)
	require.NoError(t, err)
	statuses := make([]int, 5)
	var all sync.WaitGroup
	for i := range statuses {
		all.Go(func() {
			proof := recovery[i]
			if i == 0 {
				proof = codes.code(s)
			}
			statuses[i], _ = replicas[i%2].answer(challenge, proof)
		})
	}
	contracttest.Eventually(t, "all have taken a try",
		func() bool { return s.count(`SELECT tries FROM login_challenges`) == 5 })
	require.NoError(t, gate.Rollback(t.Context()))
	all.Wait()
	slices.Sort(statuses)
	require.Equal(t, []int{200, 401, 401, 401, 401}, statuses)
	require.Equal(t, before+1, s.count(`SELECT count(*) FROM sessions`))
	spent := 10 - s.count(`SELECT count(*) FROM recovery_codes`) +
		s.count(`SELECT count(*) FROM second_factors WHERE last_step > 0`)
	require.Equal(t, 1, spent, "what was refused spent no code")
}

// Of fifty wrong codes at once, over replicas, five are checked; after them the right one is not.
func TestChallengesHaveFiveTries(t *testing.T) {
	t.Parallel()
	s := start(t)
	replicas := []*server{s, s.replica()}
	m := s.member()
	phone, challenge := s.enrolled(m.user, true), s.challenge(m.user)
	wrong := phone.wrong(s)
	answers := make([]string, 50)
	together(len(answers), func(i int) {
		_, problem := replicas[i%2].answer(challenge, wrong)
		answers[i] = string(problem)
	})
	slices.Sort(answers)
	void := slices.Repeat([]string{string(usersapi.ProblemCodeInvalidChallenge)}, 45)
	invalid := slices.Repeat([]string{string(usersapi.ProblemCodeInvalidCode)}, 5)
	require.Equal(t, append(void, invalid...), answers)
	s.requireAnswer(challenge, phone.code(s), http.StatusUnauthorized, usersapi.ProblemCodeInvalidChallenge)
	s.requireAnswer(s.challenged(m.user.Email, goodPassword), phone.code(s), http.StatusOK, "")
}

func TestChallengesBecomeVoid(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(s *server, m member){
		"in time": func(s *server, _ member) { s.Clock.Advance(challengeLifetime) },
		"by another password": func(s *server, m member) {
			answer, err := s.as(m.access).ChangePasswordWithResponse(s.t.Context(),
				usersapi.ChangePasswordRequest{CurrentPassword: goodPassword, NewPassword: newPassword})
			require.NoError(s.t, err)
			require.Equal(s.t, http.StatusNoContent, answer.StatusCode())
		},
		"by a reset": func(s *server, m member) {
			require.Equal(s.t, http.StatusNoContent, s.reset(s.mailToken(m.user, mailReset), newPassword))
		},
		"by the deletion": func(s *server, m member) {
			s.exec(s.t.(*testing.T), `DELETE FROM users WHERE id = $1`, m.user.ID)
		},
		"with the account disabled": func(s *server, m member) {
			s.exec(s.t.(*testing.T), `UPDATE users SET status = 'disabled' WHERE id = $1`, m.user.ID)
		},
		"with the account disabled for a while": func(s *server, m member) {
			admin := s.as(s.member(usersapi.RoleAdmin).access)
			off, err := admin.DisableUserWithResponse(s.t.Context(), m.user.ID)
			require.NoError(s.t, err)
			require.Equal(s.t, http.StatusOK, off.StatusCode())
			on, err := admin.EnableUserWithResponse(s.t.Context(), m.user.ID)
			require.NoError(s.t, err)
			require.Equal(s.t, http.StatusOK, on.StatusCode())
		},
		"with another factor": func(s *server, m member) {
			require.NoError(s.t, s.queries.DeleteSecondFactor(s.t.Context(), m.user.ID))
			s.exec(s.t.(*testing.T), `UPDATE users SET second_factor_at = NULL WHERE id = $1`, m.user.ID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			m := s.member()
			phone, challenge := s.enrolled(m.user, true), s.challenge(m.user)
			spoil(s, m)
			before := s.count(`SELECT count(*) FROM sessions`)
			s.requireAnswer(challenge, phone.code(s), http.StatusUnauthorized, usersapi.ProblemCodeInvalidChallenge)
			require.Equal(t, before, s.count(`SELECT count(*) FROM sessions`))
			if s.count(`SELECT count(*) FROM second_factors`) > 0 {
				require.Zero(t, s.count(`SELECT last_step FROM second_factors`), "the code has not been spent")
			}
		})
	}
}

func TestExpiredChallengesArePurged(t *testing.T) {
	t.Parallel()
	s := start(t)
	m := s.member()
	s.enrolled(m.user, true)
	s.challenge(m.user)
	require.NoError(t, s.service.purgeOldRows(t.Context()))
	require.Equal(t, 1, s.count(`SELECT count(*) FROM login_challenges`))
	s.Clock.Advance(challengeLifetime + time.Second)
	require.NoError(t, s.service.purgeOldRows(t.Context()))
	require.Zero(t, s.count(`SELECT count(*) FROM login_challenges`))
}

// The choice of a cookie is made at login and kept until the session begins.
func TestChallengesKeepTheCookie(t *testing.T) {
	t.Parallel()
	s := start(t)
	m := s.member()
	phone := s.enrolled(m.user, true)
	answer, body := s.do(http.MethodPost, "/api/v1/login",
		fmt.Sprintf(`{"email":%q,"password":%q,"cookie":true}`, m.user.Email, goodPassword))
	require.Equal(t, http.StatusAccepted, answer.StatusCode, body)
	var challenge usersapi.LoginChallenge
	require.NoError(t, json.Unmarshal([]byte(body), &challenge))
	proof := fmt.Sprintf(`{"challenge":%q,"totp":%q}`, challenge.Challenge, phone.code(s))
	answer, body = s.do(http.MethodPost, "/api/v1/login/second-factor", proof, "Origin", "https://elsewhere.test",
		"Sec-Fetch-Site", "cross-site")
	require.Equal(t, usersapi.ProblemCodeCrossOriginRefused, problemIn(t, answer, body).Code)
	answer, body = s.do(http.MethodPost, "/api/v1/login/second-factor", proof)
	require.Equal(t, http.StatusOK, answer.StatusCode, body)
	require.NotContains(t, body, "refresh_token")
	require.Len(t, answer.Cookies(), 1)
	require.Equal(t, "__Secure-plumbline_refresh", answer.Cookies()[0].Name)
}
