package users

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/testkit/contracttest"
)

// app is an authenticator app with the secret of an account.
type app struct{ secret string }

// at gives the code at a time.
func (a app) at(s *server, when time.Time) string {
	s.t.Helper()
	code, err := codeOf(a.secret, stepAt(when))
	require.NoError(s.t, err)
	return code
}

// code gives the current code.
func (a app) code(s *server) string {
	s.t.Helper()
	return a.at(s, s.Clock.Now())
}

// wrong gives a code that is not valid now or soon.
func (a app) wrong(s *server) string {
	s.t.Helper()
	for code := 0; ; code++ {
		text := fmt.Sprintf("%06d", code)
		_, found, err := stepOf(a.secret, text, s.Clock.Now())
		require.NoError(s.t, err)
		if !found {
			return text
		}
	}
}

// enrolled gives an account the secret of an app, confirmed or waiting for its first code, without a request.
func (s *server) enrolled(user usersdb.User, confirmed bool) app {
	s.t.Helper()
	key, err := newAppKey(user.Email)
	require.NoError(s.t, err)
	_, err = s.Pool.Exec(s.t.Context(), `UPDATE users SET second_factor_at = NULL WHERE id = $1`, user.ID)
	require.NoError(s.t, err)
	kept, err := s.queries.EnrolSecondFactor(s.t.Context(), usersdb.EnrolSecondFactorParams{
		UserID: user.ID, Secret: s.service.appSecrets.Seal([]byte(key.Secret()), appSecretOf(user.ID)), Now: s.Clock.Now(),
	})
	require.NoError(s.t, err)
	require.EqualValues(s.t, 1, kept)
	if confirmed {
		_, err := s.queries.EnableSecondFactor(s.t.Context(),
			usersdb.EnableSecondFactorParams{ID: user.ID, Now: s.Clock.Now()})
		require.NoError(s.t, err)
	}
	return app{key.Secret()}
}

// recoverable gives an account recovery codes, without a request.
func (s *server) recoverable(user usersdb.User) []string {
	s.t.Helper()
	codes := newRecoveryCodes()
	require.NoError(s.t, s.service.keepRecoveryCodes(s.t.Context(), s.queries, user.ID, codes))
	return codes
}

// challenge gives the challenge of a login of an account with a second factor, without a request.
func (s *server) challenge(user usersdb.User) string {
	s.t.Helper()
	challenge, now := newSecret(), s.Clock.Now()
	kept, err := s.queries.CreateChallenge(s.t.Context(), usersdb.CreateChallengeParams{
		Hash: hashOf(challenge), UserID: user.ID, PasswordHash: user.PasswordHash, CreatedAt: now,
		ExpiresAt: now.Add(challengeLifetime),
	})
	require.NoError(s.t, err)
	require.EqualValues(s.t, 1, kept)
	return challenge
}

// answer answers a challenge with a code or a recovery code, and gives the status and the problem code.
func (s *server) answer(challenge, code string) (int, usersapi.ProblemCode) {
	s.t.Helper()
	request := usersapi.AnswerChallengeRequest{Challenge: challenge, Totp: &code}
	if len(code) > 6 {
		request.Totp, request.RecoveryCode = nil, &code
	}
	answer, err := s.AnswerChallengeWithResponse(context.WithoutCancel(s.t.Context()), request)
	require.NoError(s.t, err)
	if answer.StatusCode() == http.StatusOK {
		return answer.StatusCode(), ""
	}
	return answer.StatusCode(), codeIn(s.t, answer.Body)
}

// requireAnswer answers a challenge and requires a status and a problem code.
func (s *server) requireAnswer(challenge, code string, status int, problem usersapi.ProblemCode) {
	s.t.Helper()
	gotStatus, got := s.answer(challenge, code)
	require.Equal(s.t, problem, got)
	require.Equal(s.t, status, gotStatus)
}

func (p person) secondFactor(t *testing.T) usersapi.SecondFactor {
	t.Helper()
	got, err := p.GetSecondFactorWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.StatusCode())
	return *contracttest.Body(t, got, got.JSON200)
}

// challenged logs in with the password and gives the challenge.
func (s *server) challenged(email, password string) string {
	s.t.Helper()
	got, err := s.StartSessionWithResponse(s.t.Context(), usersapi.StartSessionRequest{Email: email, Password: password})
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusAccepted, got.StatusCode(), string(got.Body))
	require.Equal(s.t, noStore, got.HTTPResponse.Header.Get("Cache-Control"))
	require.Empty(s.t, got.HTTPResponse.Cookies())
	require.EqualValues(s.t, challengeLifetime.Seconds(), contracttest.Body(s.t, got, got.JSON202).ExpiresIn)
	require.Equal(s.t, []usersapi.ChallengeMethod{usersapi.ChallengeMethodTotp, usersapi.ChallengeMethodRecoveryCode},
		contracttest.Body(s.t, got, got.JSON202).Methods)
	return contracttest.Body(s.t, got, got.JSON202).Challenge
}

// TestSecondFactor enrols, confirms, logs in, replaces the recovery codes and disables the factor.
func TestSecondFactor(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailing()
	me := s.signUp(ada)
	require.Equal(t, usersapi.SecondFactor{}, me.secondFactor(t))
	early, err := me.EnrolSecondFactorWithResponse(t.Context(),
		usersapi.EnrolSecondFactorRequest{CurrentPassword: goodPassword})
	require.NoError(t, err)
	require.Equal(t, usersapi.ProblemCodeEmailUnverified, codeIn(t, early.Body))
	s.verify(ada)

	enrol := func() app {
		got, err := me.EnrolSecondFactorWithResponse(t.Context(),
			usersapi.EnrolSecondFactorRequest{CurrentPassword: goodPassword})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))
		require.Equal(t, noStore, got.HTTPResponse.Header.Get("Cache-Control"))
		require.Equal(t, contracttest.Body(t, got, got.JSON200).URI,
			scanned(t, contracttest.Body(t, got, got.JSON200).QrCode))
		uri, err := url.Parse(contracttest.Body(t, got, got.JSON200).URI)
		require.NoError(t, err)
		require.Equal(t, "otpauth://totp/Plumbline:"+ada, uri.Scheme+"://"+uri.Host+uri.Path)
		require.Equal(t, url.Values{
			"secret": {contracttest.Body(t, got, got.JSON200).Secret}, "issuer": {"Plumbline"}, "algorithm": {"SHA1"},
			"digits": {"6"}, "period": {"30"},
		}, uri.Query())
		return app{contracttest.Body(t, got, got.JSON200).Secret}
	}
	confirm := func(code string) (*usersapi.ConfirmSecondFactorResponse, usersapi.ProblemCode) {
		got, err := me.ConfirmSecondFactorWithResponse(t.Context(), usersapi.ConfirmSecondFactorRequest{Totp: code})
		require.NoError(t, err)
		if got.StatusCode() != http.StatusOK {
			return got, codeIn(t, got.Body)
		}
		require.Equal(t, noStore, got.HTTPResponse.Header.Get("Cache-Control"))
		return got, ""
	}
	_, code := confirm("000000")
	require.Equal(t, usersapi.ProblemCodeSecondFactorNotEnabled, code)
	lost := enrol()
	phone := enrol()
	require.NotEqual(t, lost, phone)
	s.logIn(ada, goodPassword) // A factor that is not confirmed is not asked for.
	_, code = confirm(lost.code(s))
	require.Equal(t, usersapi.ProblemCodeInvalidCode, code, "its secret was replaced")
	require.Equal(t, usersapi.SecondFactor{}, me.secondFactor(t))
	confirmed, _ := confirm(phone.code(s))
	require.Equal(t, http.StatusOK, confirmed.StatusCode(), string(confirmed.Body))
	recovery := contracttest.Body(t, confirmed, confirmed.JSON200).RecoveryCodes
	require.Len(t, recovery, 10)
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(recovery))), 10)
	now := s.Clock.Now().UTC()
	require.Equal(t, usersapi.SecondFactor{Enabled: true, ConfirmedAt: &now, RecoveryCodesLeft: 10}, me.secondFactor(t))
	s.mail(ada, mailFactorOn, 1)
	_, code = confirm(phone.code(s))
	require.Equal(t, usersapi.ProblemCodeSecondFactorEnabled, code)
	again, err := me.EnrolSecondFactorWithResponse(t.Context(),
		usersapi.EnrolSecondFactorRequest{CurrentPassword: goodPassword})
	require.NoError(t, err)
	require.Equal(t, usersapi.ProblemCodeSecondFactorEnabled, codeIn(t, again.Body))

	challenge := s.challenged(ada, goodPassword)
	// The code is spent: it has confirmed the enrolment.
	s.requireAnswer(challenge, phone.code(s), http.StatusForbidden, usersapi.ProblemCodeInvalidCode)
	s.Clock.Advance(codeStep)
	in, err := s.AnswerChallengeWithResponse(t.Context(),
		usersapi.AnswerChallengeRequest{Challenge: challenge, Totp: new(phone.code(s))})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, in.StatusCode(), string(in.Body))
	require.Equal(t, noStore, in.HTTPResponse.Header.Get("Cache-Control"))
	require.Equal(t, http.StatusOK,
		person{ClientWithResponses: s.as(contracttest.Body(t, in, in.JSON200).AccessToken)}.readsProfile(t))
	_, status := s.refresh(*contracttest.Body(t, in, in.JSON200).RefreshToken)
	require.Equal(t, http.StatusOK, status)
	s.requireAnswer(challenge, phone.at(s, s.Clock.Now().Add(codeStep)), http.StatusUnauthorized,
		usersapi.ProblemCodeInvalidChallenge)

	s.requireAnswer(s.challenged(ada, goodPassword), recovery[0], http.StatusOK, "")
	require.EqualValues(t, 9, me.secondFactor(t).RecoveryCodesLeft)
	s.mail(ada, mailRecovery, 1)
	s.Clock.Advance(codeStep)
	replaced, err := me.ReplaceRecoveryCodesWithResponse(t.Context(),
		usersapi.ReplaceRecoveryCodesRequest{CurrentPassword: goodPassword, Totp: phone.code(s)})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, replaced.StatusCode(), string(replaced.Body))
	require.Equal(t, noStore, replaced.HTTPResponse.Header.Get("Cache-Control"))
	require.Len(t, contracttest.Body(t, replaced, replaced.JSON200).RecoveryCodes, 10)
	require.EqualValues(t, 10, me.secondFactor(t).RecoveryCodesLeft)
	s.mail(ada, mailCodes, 1)
	challenge = s.challenged(ada, goodPassword)
	s.requireAnswer(challenge, recovery[1], http.StatusForbidden, usersapi.ProblemCodeInvalidCode)

	disabled, err := me.DisableSecondFactorWithResponse(t.Context(), usersapi.DisableSecondFactorRequest{
		CurrentPassword: goodPassword, RecoveryCode: &contracttest.Body(t, replaced, replaced.JSON200).RecoveryCodes[0],
	})
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, disabled.StatusCode(), string(disabled.Body))
	require.Equal(t, usersapi.SecondFactor{}, me.secondFactor(t))
	s.mail(ada, mailFactorOff, 1)
	s.requireAnswer(challenge, phone.code(s), http.StatusUnauthorized, usersapi.ProblemCodeInvalidChallenge)
	s.logIn(ada, goodPassword)
	for _, body := range []string{`"totp":"000000"`, `"recovery_code":"` + recovery[2] + `"`} {
		for _, what := range []string{"disable", "recovery-codes"} {
			answer, text := s.do(http.MethodPost, "/api/v1/profile/second-factor/"+what,
				`{"current_password":"`+goodPassword+`",`+body+`}`, "Authorization", "Bearer "+me.tokens.AccessToken)
			if answer.StatusCode == http.StatusUnprocessableEntity {
				require.Contains(t, what+body, "recovery-codes\"recovery_code", "the app is there to make new ones")
				continue
			}
			require.Equal(t, usersapi.ProblemCodeSecondFactorNotEnabled, problemIn(t, answer, text).Code)
		}
	}
}

// TestOneOfCodes shows that a request must have exactly one code.
func TestOneOfCodes(t *testing.T) {
	t.Parallel()
	s := start(t)
	m := s.member()
	s.enrolled(m.user, true)
	for _, codes := range []string{
		``, `,"totp":"000000","recovery_code":"AAAA-AAAA-AAAA-AAAA"`, `,"totp":"00000"`, `,"totp":"00000a"`,
		`,"recovery_code":"AAAA-AAAA-AAAA"`, `,"recovery_code":"AAAA-AAAA-AAAA-AAA9"`,
	} {
		answer, body := s.do(http.MethodPost, "/api/v1/login/second-factor",
			`{"challenge":"`+s.challenge(m.user)+`"`+codes+`}`)
		require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode, body)
	}
	require.Zero(t, s.count(`SELECT sum(tries) FROM login_challenges`))
}

// together calls a function many times at once.
func together(times int, do func(i int)) {
	var all sync.WaitGroup
	for i := range times {
		all.Go(func() { do(i) })
	}
	all.Wait()
}

// Of many callers with one code and a challenge each, over replicas, one gets in.
func TestCodesAreForOneUse(t *testing.T) {
	t.Parallel()
	s := start(t)
	replicas := []*server{s, s.replica()}
	m := s.member()
	code := s.enrolled(m.user, true).code(s)
	recovery := s.recoverable(m.user)[3]
	for _, proof := range []string{code, recovery} {
		challenges := make([]string, 20)
		for i := range challenges {
			challenges[i] = s.challenge(m.user)
		}
		before := s.count(`SELECT count(*) FROM sessions`)
		answers := make([]string, len(challenges))
		together(len(challenges), func(i int) {
			status, problem := replicas[i%2].answer(challenges[i], proof)
			answers[i] = fmt.Sprint(status, problem)
		})
		slices.Sort(answers)
		refused := slices.Repeat([]string{"403" + string(usersapi.ProblemCodeInvalidCode)}, 19)
		require.Equal(t, append([]string{"200"}, refused...), answers)
		require.Equal(t, before+1, s.count(`SELECT count(*) FROM sessions`))
	}
}

// A code is refused once a later one has been used, so a code that somebody has seen is of no use later.
func TestOlderCodesAreVoid(t *testing.T) {
	t.Parallel()
	s := start(t)
	m := s.member()
	phone := s.enrolled(m.user, true)
	s.requireAnswer(s.challenge(m.user), phone.at(s, s.Clock.Now().Add(codeStep)), http.StatusOK, "")
	s.requireAnswer(s.challenge(m.user), phone.code(s), http.StatusForbidden, usersapi.ProblemCodeInvalidCode)
}

// The network of a login becomes a known network with the second factor, not with the password.
func TestNetworksBecomeFamiliarByTheSecondFactor(t *testing.T) {
	t.Parallel()
	s := start(t)
	m := s.member()
	phone := s.enrolled(m.user, true)
	challenge := s.challenged(m.user.Email, goodPassword)
	require.Zero(t, s.count(`SELECT count(*) FROM familiar_networks`))
	s.requireAnswer(challenge, phone.code(s), http.StatusOK, "")
	require.Equal(t, 2, s.count(`SELECT count(*) FROM familiar_networks`), "for logins, and for what the owner does")
}

// Without the password nobody learns whether there is a second factor: the answers are equal to the byte.
func TestNoOracleForSecondFactors(t *testing.T) {
	t.Parallel()
	s := start(t, namingRequests)
	with, without, disabled := s.member().user, s.member().user, s.member().user
	s.enrolled(with, true)
	s.enrolled(disabled, true)
	s.exec(t, `UPDATE users SET status = 'disabled' WHERE id = $1`, disabled.ID)
	var answers []string
	for _, user := range []usersdb.User{with, without, disabled} {
		answer, body := s.do(http.MethodPost, "/api/v1/login", login(user.Email, newPassword), "X-Request-ID", "same")
		answer.Header.Del("Date")
		answers = append(answers, fmt.Sprint(answer.StatusCode, answer.Header, body))
	}
	require.Contains(t, answers[0], usersapi.ProblemCodeInvalidCredentials)
	require.Equal(t, answers[0], answers[1])
	require.Equal(t, answers[0], answers[2])
	answer, body := s.do(http.MethodPost, "/api/v1/login", login(disabled.Email, goodPassword))
	require.Equal(t, usersapi.ProblemCodeAccountDisabled, problemIn(t, answer, body).Code)
}

// A reset of the password keeps the second factor: whoever reads the mails has one factor of two.
func TestAResetKeepsTheSecondFactor(t *testing.T) {
	t.Parallel()
	s := start(t)
	m := s.member()
	s.enrolled(m.user, true)
	require.Equal(t, http.StatusNoContent, s.reset(s.mailToken(m.user, mailReset), newPassword))
	s.challenged(m.user.Email, newPassword)
}

// A recovery code is accepted in any spelling, and for its own account only.
func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	s := start(t)
	m, other := s.member(), s.member()
	s.enrolled(m.user, true)
	s.enrolled(other.user, true)
	codes := s.recoverable(m.user)
	s.requireAnswer(s.challenge(other.user), codes[0], http.StatusForbidden, usersapi.ProblemCodeInvalidCode)
	s.requireAnswer(s.challenge(m.user), strings.ToLower(codes[0]), http.StatusOK, "")
	s.requireAnswer(s.challenge(m.user), strings.ReplaceAll(codes[1], "-", ""), http.StatusOK, "")
	for _, used := range codes[:2] {
		s.requireAnswer(s.challenge(m.user), used, http.StatusForbidden, usersapi.ProblemCodeInvalidCode)
	}
	secret, err := withoutPadding.DecodeString(strings.ReplaceAll(codes[0], "-", ""))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(secret)*8, 80)
}

func TestAdministratorsTakeOffSecondFactors(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailing()
	admin, m := s.member(usersapi.RoleAdmin), s.member()
	s.enrolled(m.user, true)
	s.enrolled(admin.user, true)
	shown := func() bool {
		list, err := s.as(admin.access).ListUsersWithResponse(t.Context(), &usersapi.ListUsersParams{Email: &m.user.Email})
		require.NoError(t, err)
		require.Len(t, contracttest.Body(t, list, list.JSON200).Items, 1)
		return contracttest.Body(t, list, list.JSON200).Items[0].SecondFactor
	}
	remove := func(id uuid.UUID) (int, []byte) {
		answer, err := s.as(admin.access).RemoveSecondFactorWithResponse(t.Context(), id)
		require.NoError(t, err)
		return answer.StatusCode(), answer.Body
	}
	require.True(t, shown())
	status, body := remove(m.user.ID)
	require.Equal(t, http.StatusNoContent, status, string(body))
	require.False(t, shown())
	s.logIn(m.user.Email, goodPassword)
	s.mail(m.user.Email, mailFactorOff, 1)
	_, body = remove(m.user.ID)
	require.Equal(t, usersapi.ProblemCodeSecondFactorNotEnabled, codeIn(t, body))
	_, body = remove(admin.user.ID)
	require.Equal(t, usersapi.ProblemCodeSelfAdministration, codeIn(t, body))
	_, body = remove(newID())
	require.Equal(t, usersapi.ProblemCodeUserNotFound, codeIn(t, body))
}

// No dump of the database, log, audit log or queue contains a secret that opens an account, and a sealed secret that is
// moved to another account does not open.
func TestSecondFactorsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	s := start(t)
	m, other := s.member(), s.member()
	phone := s.enrolled(m.user, true)
	recovery := s.recoverable(m.user)
	challenge, wrong := s.challenge(m.user), phone.wrong(s)
	s.requireAnswer(challenge, wrong, http.StatusForbidden, usersapi.ProblemCodeInvalidCode)
	s.requireAnswer(challenge, recovery[0], http.StatusOK, "")
	challenge = s.challenged(m.user.Email, goodPassword)
	s.requireAnswer(challenge, phone.code(s), http.StatusOK, "")
	s.challenge(m.user)
	var dump string
	require.NoError(t, s.Pool.QueryRow(t.Context(), `
SELECT string_agg(line, E'\n')
FROM (
    SELECT second_factors::text FROM second_factors
    UNION ALL SELECT recovery_codes::text FROM recovery_codes
    UNION ALL SELECT login_challenges::text FROM login_challenges
    UNION ALL SELECT audit_entries::text FROM audit_entries
    UNION ALL SELECT river_job::text FROM river_job
) AS lines (line)`).Scan(&dump))
	raw, err := withoutPadding.DecodeString(phone.secret)
	require.NoError(t, err)
	secrets := []string{
		phone.secret, fmt.Sprintf("%x", phone.secret), fmt.Sprintf("%x", raw), challenge, fmt.Sprintf("%x", challenge),
	}
	for _, code := range recovery {
		plain := strings.ReplaceAll(code, "-", "")
		secrets = append(secrets, code, plain, fmt.Sprintf("%x", plain), fmt.Sprintf("%x", code))
	}
	require.Contains(t, dump, "session.answer_challenge")
	contracttest.RequireNone(t, dump+s.Logged(t), secrets)
	contracttest.RequireNone(t, s.Logged(t), []string{`"` + phone.code(s) + `"`, `"` + wrong + `"`})

	s.enrolled(other.user, true)
	s.exec(t, `UPDATE second_factors SET secret = (SELECT secret FROM second_factors WHERE user_id = $1)
		WHERE user_id = $2`, m.user.ID, other.user.ID)
	s.Clock.Advance(codeStep)
	tx, err := s.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(t.Context())
	code := phone.code(s)
	require.ErrorContains(t, s.service.spendFactorCode(t.Context(), s.service.txOf(tx), other.user.ID, &code, nil),
		"does not open")
	require.NoError(t, s.service.spendFactorCode(t.Context(), s.service.txOf(tx), m.user.ID, &code, nil))
}

// Wrong codes count for the account over all challenges, networks and replicas, and their owner can log in after
// somebody else has used them up.
func TestWrongCodesCountForTheAccount(t *testing.T) {
	t.Parallel()
	c := underTest(t)
	change := behindProxy(contracttest.Limited(c, c.Document.Operation("answerChallenge")))
	first := start(t, func(o *options) { o.chain = change })
	second := replica(t, first, change)
	user := first.member().user
	theApp := first.enrolled(user, true)
	tries := 0
	answer := func(from, member, code string) *http.Response {
		tries++
		s := []*server{first, second}[tries%2]
		answer, _ := s.do(http.MethodPost, "/api/v1/login/second-factor",
			fmt.Sprintf(`{"challenge":%q,%q:%q}`, first.challenge(user), member, code), "X-Forwarded-For", from)
		return answer
	}
	const usual = "198.51.100.7"
	require.Equal(t, http.StatusOK, answer(usual, "totp", theApp.code(first)).StatusCode)
	first.Clock.Advance(codeStep)
	for range codesOfAccount + codesUnfamiliar { // Right codes have been refunded.
		require.Equal(t, http.StatusForbidden, answer("192.0.2.200", "totp", theApp.wrong(first)).StatusCode)
	}
	refused := answer("192.0.2.200", "totp", theApp.code(first))
	require.Equal(t, http.StatusTooManyRequests, refused.StatusCode, "even the right one")
	require.Equal(t, fmt.Sprint(int((codesWindow / codesUnfamiliar).Seconds())), refused.Header.Get("Retry-After"))
	require.NotEmpty(t, refused.Header.Get("RateLimit"))
	require.Equal(t, http.StatusForbidden, answer("192.0.2.201", "totp", theApp.wrong(first)).StatusCode,
		"another has its own")
	require.Equal(t, http.StatusOK, answer("192.0.2.200", "recovery_code", first.recoverable(user)[0]).StatusCode)
	require.Equal(t, http.StatusOK, answer(usual, "totp", theApp.code(first)).StatusCode)
}
