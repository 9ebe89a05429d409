package users

import (
	"net/http"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/oapi-codegen/nullable"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/programtest"
)

// Whoever opens an account need not own its address. See docs/decisions/unverified-addresses.md.

const boss = "boss@example.com"

// createAdmin runs the command of that name on the database of s, with its clock.
func (s *server) createAdmin(t *testing.T, args ...string) (string, error) {
	t.Helper()
	p := ProgramWith(&s.mailbox)
	p.Clock, p.Development = s.Clock.Now, true
	environ := environment(s.Pool.Config().ConnString())
	return programtest.Command(t, p.Run, environ, append([]string{"create-admin", "--email"}, args...)...)
}

var shownPassword = regexp.MustCompile(`(?m)^password: (\S{20,})$`)

// passwordIn gives the password that create-admin has shown, or "" if it has shown none.
func passwordIn(out string) string {
	if found := shownPassword.FindStringSubmatch(out); found != nil {
		return found[1]
	}
	return ""
}

// squatter has opened an account with another's address and stored there everything that can be stored.
type squatter struct {
	person
	app                       app
	recovery                  []string
	challenge, change, verify string
}

// squat opens an account with another's address and stores there everything that can be stored. The second factor is
// from before it took a verified address.
func (s *server) squat(t *testing.T) squatter {
	t.Helper()
	q := squatter{person: s.signUp(boss)}
	answer, err := q.UpdateProfileWithResponse(t.Context(), usersapi.UpdateProfileRequest{
		Name:         new("Visit evil.example"),
		Avatar:       nullable.NewNullableWithValue("https://evil.example/me.png"),
		Phone:        nullable.NewNullableWithValue("+442079460000"),
		IDCardNumber: nullable.NewNullableWithValue("L01X-00T47"), Biography: nullable.NewNullableWithValue("I am evil."),
	})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode(), string(answer.Body))
	q.requestDeletion(t)
	q.app = s.enrolled(q.user, true)
	q.recovery, q.challenge = s.recoverable(q.user), s.challenge(q.user)
	elsewhere := q.user
	elsewhere.Email = "evil@example.com"
	q.change, q.verify = s.mailToken(elsewhere, mailChange), s.mailToken(q.user, mailVerify)
	return q
}

// requireGone requires that nothing that a squatter has stored is left or opens the account, and gives the profile that
// its owner sees.
func (s *server) requireGone(t *testing.T, q squatter, password string) usersapi.Profile {
	t.Helper()
	contracttest.Eventually(t, "the session has ended",
		func() bool { return q.readsProfile(t) == http.StatusUnauthorized })
	_, status := s.refreshRefused(*q.tokens.RefreshToken)
	require.Equal(t, http.StatusUnauthorized, status)
	login, err := s.StartSessionWithResponse(t.Context(),
		usersapi.StartSessionRequest{Email: boss, Password: goodPassword})
	require.NoError(t, err)
	require.Equal(t, usersapi.ProblemCodeInvalidCredentials, codeIn(t, login.Body))
	s.requireAnswer(q.challenge, q.app.code(s), http.StatusUnauthorized, usersapi.ProblemCodeInvalidChallenge)
	require.Equal(t, http.StatusForbidden, s.moveTo(q.change))
	require.Equal(t, http.StatusForbidden, s.confirm(q.verify))
	for _, table := range []string{"second_factors", "recovery_codes", "login_challenges", "email_tokens"} {
		require.Zero(t, s.count(`SELECT count(*) FROM `+table), table)
	}
	owner := s.logIn(boss, password) // No second factor is asked for.
	profile := owner.profile(t)
	require.Equal(t, usersapi.Profile{
		ID: q.user.ID, Name: "boss", Email: boss, EmailVerified: true, Roles: profile.Roles,
		CreatedAt: q.user.CreatedAt.UTC(), UpdatedAt: s.Clock.Now().UTC(),
	}, profile)
	require.Zero(t, s.count(`SELECT count(*) FROM users WHERE num_nonnulls(avatar, phone, sealed_phone, phone_mark,
		sealed_id_card_number, id_card_number_mark, biography, second_factor_at, deletes_at) > 0`))
	require.NotContains(t, s.mail(boss, mailChanged, 1).Text, "evil",
		"what a squatter writes is no text to be sent to the owner")
	return profile
}

// Whoever follows the link of a reset owns the address: they take over an unverified account, and nothing that another
// has stored there is left.
func TestAResetTakesTheAccountFromASquatter(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailing()
	q := s.squat(t)
	require.Equal(t, http.StatusNoContent, s.reset(s.mailToken(q.user, mailReset), newPassword))
	require.Equal(t, []usersapi.Role{usersapi.RoleCustomer}, s.requireGone(t, q, newPassword).Roles)
}

// A reset of an account with a verified address keeps its data.
func TestAResetKeepsWhatTheOwnerHas(t *testing.T) {
	t.Parallel()
	s := start(t)
	q := s.squat(t)
	s.verify(boss)
	require.Equal(t, http.StatusNoContent, s.reset(s.mailToken(q.user, mailReset), newPassword))
	s.requireAnswer(s.challenged(boss, newPassword), q.recovery[0], http.StatusOK, "")
	user, err := s.queries.GetUser(t.Context(), q.user.ID)
	require.NoError(t, err)
	require.Equal(t, "Visit evil.example", user.Name)
	require.NotNil(t, user.SealedPhone)
	require.NotNil(t, user.Biography)
	require.NotNil(t, user.DeletesAt)
}

// Only an account with a verified address gets a role other than customer, whoever grants it.
func TestUnverifiedAccountsGetNoRoles(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin, stranger := s.signUp("admin@example.com", usersapi.RoleAdmin), s.signUp(boss)
	set := func(roles ...usersapi.Role) (int, []byte) {
		answer, err := admin.SetUserRolesWithResponse(t.Context(), stranger.user.ID,
			usersapi.SetUserRolesRequest{Roles: roles})
		require.NoError(t, err)
		return answer.StatusCode(), answer.Body
	}
	for _, role := range []usersapi.Role{
		usersapi.RoleSupport, usersapi.RoleStaff, usersapi.RolePayments, usersapi.RoleAdmin,
	} {
		status, body := set(usersapi.RoleCustomer, role)
		require.Equal(t, http.StatusConflict, status)
		require.Equal(t, usersapi.ProblemCodeEmailUnverified, codeIn(t, body))
	}
	profile := stranger.profile(t)
	require.Equal(t, []usersapi.Role{usersapi.RoleCustomer}, profile.Roles, "and the session goes on")
	status, _ := set(usersapi.RoleCustomer)
	require.Equal(t, http.StatusOK, status)
	s.verify(boss)
	status, _ = set(usersapi.RoleCustomer, usersapi.RoleAdmin)
	require.Equal(t, http.StatusOK, status)
}

// A new role ends the logins that wait for a second factor, as it ends the sessions.
func TestARaiseEndsLoginsThatWait(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin, m := s.member(usersapi.RoleAdmin), s.member()
	phone, challenge := s.enrolled(m.user, true), s.challenge(m.user)
	raised, err := s.as(admin.access).SetUserRolesWithResponse(t.Context(), m.user.ID,
		usersapi.SetUserRolesRequest{Roles: []usersapi.Role{usersapi.RoleAdmin}})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, raised.StatusCode(), string(raised.Body))
	s.requireAnswer(challenge, phone.code(s), http.StatusUnauthorized, usersapi.ProblemCodeInvalidChallenge)
}

// holding runs do while a lock is held, and releases the lock once so many statements wait for it.
func (s *server) holding(t *testing.T, lock string, waiting int, do ...func()) {
	t.Helper()
	gate, err := s.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer gate.Rollback(t.Context())
	_, err = gate.Exec(t.Context(), lock)
	require.NoError(t, err)
	var all sync.WaitGroup
	for i, f := range do {
		all.Go(f)
		s.waiting(t, min(i+1, waiting))
	}
	require.NoError(t, gate.Rollback(t.Context()))
	all.Wait()
}

// waiting waits until so many statements wait for a lock.
func (s *server) waiting(t *testing.T, count int) {
	t.Helper()
	contracttest.Eventually(t, "they wait for a lock", func() bool {
		return s.count(`SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`) >= count
	})
}

// A login beside a change of roles leaves neither a session that the change should have ended, nor a token with the old
// roles.
func TestALoginBesideAChangeOfRoles(t *testing.T) {
	t.Parallel()
	support, customer := []usersapi.Role{usersapi.RoleSupport}, []usersapi.Role{usersapi.RoleCustomer}
	for name, c := range map[string]struct {
		from, to []usersapi.Role
		lock     string // delays the first of the two
		first    string
		after    int
	}{
		"a raise after the login": {
			customer, support, `LOCK TABLE refresh_tokens IN SHARE MODE`, "login", http.StatusUnauthorized,
		},
		"a raise before the login":    {customer, support, `LOCK TABLE river_job IN SHARE MODE`, "change", http.StatusOK},
		"a lowering before the login": {support, customer, `LOCK TABLE river_job IN SHARE MODE`, "change", http.StatusOK},
		"a lowering after the login":  {support, customer, `LOCK TABLE refresh_tokens IN SHARE MODE`, "login", http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			admin, m := s.member(usersapi.RoleAdmin), s.member(c.from...)
			var opened *usersapi.StartSessionResponse
			var changed *usersapi.SetUserRolesResponse
			var errs [2]error
			login := func() {
				opened, errs[0] = s.StartSessionWithResponse(t.Context(),
					usersapi.StartSessionRequest{Email: m.user.Email, Password: goodPassword})
			}
			change := func() {
				changed, errs[1] = s.as(admin.access).SetUserRolesWithResponse(t.Context(), m.user.ID,
					usersapi.SetUserRolesRequest{Roles: c.to})
			}
			if c.first == "login" {
				s.holding(t, c.lock, 2, login, change)
			} else {
				s.holding(t, c.lock, 2, change, login)
			}
			require.NoError(t, errs[0])
			require.NoError(t, errs[1])
			require.Equal(t, http.StatusOK, changed.StatusCode(), string(changed.Body))
			access := contracttest.Body(t, opened, opened.JSON200).AccessToken
			require.Equal(t, c.after, person{ClientWithResponses: s.as(access)}.readsProfile(t))
			if c.first == "change" {
				claims, err := s.verifier().Verify(t.Context(), access)
				require.NoError(t, err)
				require.Equal(t, toDBRoles(c.to), claims.Roles)
			}
		})
	}
}

// create-admin changes no account that is disabled, or that anybody may have opened.
func TestCreateAdminRefuses(t *testing.T) {
	t.Parallel()
	disable := func(s *server) { s.exec(s.t, `UPDATE users SET status = 'disabled'`) }
	for name, c := range map[string]struct {
		arrange func(*server)
		args    []string
		way     string
	}{
		"an unverified address":      {func(*server) {}, nil, "--allow-unverified"},
		"a disabled account":         {func(s *server) { s.verify(boss); disable(s) }, nil, "is disabled"},
		"one that is both":           {disable, nil, "is disabled"},
		"a disabled account, anyway": {disable, []string{"--allow-unverified"}, "is disabled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			stranger := s.signUp(boss)
			c.arrange(s)
			before, err := s.queries.GetUser(t.Context(), stranger.user.ID)
			require.NoError(t, err)
			out, err := s.createAdmin(t, append([]string{"BOSS@example.com"}, c.args...)...)
			programtest.RequireSentence(t, err, stranger.user.ID.String(), c.way)
			require.Empty(t, out)
			after, err := s.queries.GetUser(t.Context(), stranger.user.ID)
			require.NoError(t, err)
			require.Equal(t, before, after)
			require.Equal(t, 1, s.count(`SELECT count(*) FROM sessions WHERE revoked_at IS NULL`))
			require.Zero(t, s.count(`SELECT count(*) FROM audit_entries WHERE action = 'user.create_admin'`))
		})
	}
}

// createdAdmins gives the audit entries of create-admin.
func (p person) createdAdmins(t *testing.T) []usersapi.AuditEntry {
	t.Helper()
	list, err := p.ListAuditEntriesWithResponse(t.Context(),
		&usersapi.ListAuditEntriesParams{Action: new("user.create_admin")})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, list.StatusCode(), string(list.Body))
	return contracttest.Body(t, list, list.JSON200).Items
}

// An account with a verified address becomes an administrator's with its password; its sessions have to log in again.
func TestCreateAdminRaises(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailing()
	owner := s.signUp(boss)
	s.verify(boss)
	out, err := s.createAdmin(t, boss)
	require.NoError(t, err)
	require.Contains(t, out,
		owner.user.ID.String()+" of "+boss+" is an administrator's from now on; its sessions have ended")
	require.Empty(t, passwordIn(out))
	contracttest.Eventually(t, "the session has ended",
		func() bool { return owner.readsProfile(t) == http.StatusUnauthorized })
	require.Contains(t, s.mail(boss, mailRoles, 1).Text, "admin, customer")
	admin := s.logIn(boss, goodPassword)
	require.Equal(t, "Ada Lovelace", admin.profile(t).Name)
	entries := admin.createdAdmins(t)
	require.Len(t, entries, 1)
	require.Equal(t, &owner.user.ID, entries[0].Target)
	require.Nil(t, entries[0].Actor)
	require.Equal(t, "success", entries[0].Outcome)

	out, err = s.createAdmin(t, boss)
	require.NoError(t, err)
	require.Contains(t, out, "nothing has changed")
	require.Empty(t, passwordIn(out))
	require.Zero(t, s.count(`SELECT count(*) FROM sessions WHERE id = $1 AND revoked_at IS NOT NULL`, admin.session(t)))
	s.mail(boss, mailRoles, 1)
}

// The operator vouches for the address of a new account, which counts as verified.
func TestCreateAdminOpensAVerifiedAccount(t *testing.T) {
	t.Parallel()
	s := start(t)
	out, err := s.createAdmin(t, boss, "--name", "Amina")
	require.NoError(t, err)
	password := passwordIn(out)
	require.NotEmpty(t, password, out)
	admin := s.logIn(boss, password)
	require.True(t, admin.profile(t).EmailVerified)
	require.Len(t, admin.createdAdmins(t), 1)
	enrolled, err := admin.EnrolSecondFactorWithResponse(t.Context(),
		usersapi.EnrolSecondFactorRequest{CurrentPassword: password})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, enrolled.StatusCode(), string(enrolled.Body))
}

// With --allow-unverified the operator vouches for the address, and the account is taken from whoever opened it.
func TestCreateAdminTakesTheAccountFromASquatter(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailing()
	q := s.squat(t)
	out, err := s.createAdmin(t, boss, "--allow-unverified")
	require.NoError(t, err)
	require.Contains(t, out, q.user.ID.String())
	password := passwordIn(out)
	require.NotEmpty(t, password, out)
	require.Equal(t, []usersapi.Role{usersapi.RoleAdmin, usersapi.RoleCustomer}, s.requireGone(t, q, password).Roles)
	require.NotContains(t, s.mail(boss, mailRoles, 1).Text, "evil")
	require.Len(t, s.logIn(boss, password).createdAdmins(t), 1)
}

// Of many create-admin at once one opens or takes the account, and the password that it shows is valid.
func TestCreateAdminAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		arrange func(*server)
		lock    string
	}{
		"of a new account":            {func(*server) {}, `LOCK TABLE users IN SHARE MODE`},
		"of an account that is there": {func(s *server) { s.signUp(boss) }, `SELECT FROM users FOR UPDATE`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			c.arrange(s)
			var outs [2]string
			var errs [2]error
			s.holding(t, c.lock, 2,
				func() { outs[0], errs[0] = s.createAdmin(t, boss, "--allow-unverified") },
				func() { outs[1], errs[1] = s.createAdmin(t, boss, "--allow-unverified") },
			)
			var shown []string
			for i, out := range outs {
				require.NoError(t, errs[i])
				require.Contains(t, out, boss)
				if password := passwordIn(out); password != "" {
					shown = append(shown, password)
				}
			}
			require.Len(t, shown, 1, "%q", outs)
			require.Len(t, s.logIn(boss, shown[0]).createdAdmins(t), 2)
			require.Equal(t, 1, s.count(`SELECT count(*) FROM users`))
		})
	}
}

// An account that is opened beside create-admin does not become an administrator's: one of the two is told that the
// other came first.
func TestARegistrationBesideCreateAdmin(t *testing.T) {
	t.Parallel()
	s := start(t)
	gate, err := s.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer gate.Rollback(t.Context())
	_, err = usersdb.New(gate).CreateUser(t.Context(), usersdb.CreateUserParams{
		ID: newID(), Email: boss, Name: "Eve", PasswordHash: "none", Roles: []string{"customer"}, CreatedAt: s.Clock.Now(),
	})
	require.NoError(t, err)
	var all sync.WaitGroup
	var refused error
	all.Go(func() { _, refused = s.createAdmin(t, boss) })
	s.waiting(t, 1)
	require.NoError(t, gate.Commit(t.Context()))
	all.Wait()
	programtest.RequireSentence(t, refused, boss, "again")
	require.Zero(t, s.count(`SELECT count(*) FROM users WHERE 'admin' = ANY(roles)`))
}

// Whoever opens an account with another's address, and changes its password again and again, cannot keep the owner from
// taking it over with a mailed link.
func TestASquatterKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailing()
	squatter := s.signUp(ada)
	s.askReset(ada)
	link := tokenIn(t, s.mail(ada, mailReset, 1))
	passwords := []string{goodPassword, newPassword}
	for i := range mostMails + 2 {
		s.Clock.Advance(7 * time.Second) // for the rate limits of requests
		answer, err := squatter.ChangePasswordWithResponse(t.Context(),
			usersapi.ChangePasswordRequest{CurrentPassword: passwords[i%2], NewPassword: passwords[(i+1)%2]})
		require.NoError(t, err)
		require.Equal(t, http.StatusNoContent, answer.StatusCode(), string(answer.Body))
		s.askReset(ada)
		s.settled()
	}
	require.Equal(t, http.StatusNoContent, s.reset(link, "quiet paper lantern"))
	contracttest.Eventually(t, "the squatter's session has ended",
		func() bool { return squatter.readsProfile(t) == http.StatusUnauthorized })
	s.logIn(ada, "quiet paper lantern")
}

// With mails off the command queues no mail either.
func TestCreateAdminWithoutMails(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.signUp(boss)
	s.verify(boss)
	told := func() int { return s.count(`SELECT count(*) FROM river_job WHERE args->>'mail' = $1`, mailRoles) }
	environ := environment(s.Pool.Config().ConnString(), "USERS_MAIL=off")
	_, err := run(t, environ, "create-admin", "--email", boss)
	require.NoError(t, err)
	require.Zero(t, told())
	_, err = s.Pool.Exec(t.Context(), `UPDATE users SET roles = '{customer}'`)
	require.NoError(t, err)
	_, err = run(t, append(environ, "USERS_MAIL=smtp"), "create-admin", "--email", boss)
	require.NoError(t, err)
	require.Equal(t, 1, told())
}
