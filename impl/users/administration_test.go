package users

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/contracttest"
)

// account creates an account with a verified address and without a usable password.
func (s *server) account(email string, change ...func(*usersdb.CreateUserParams)) usersdb.User {
	s.t.Helper()
	now := s.Clock.Now()
	params := usersdb.CreateUserParams{
		ID: newID(), Email: email, Name: "Ada Lovelace", PasswordHash: "none", Roles: []string{"customer"},
		EmailVerifiedAt: &now, CreatedAt: now,
	}
	for _, c := range change {
		c(&params)
	}
	user, err := s.queries.CreateUser(s.t.Context(), params)
	require.NoError(s.t, err)
	return user
}

func named(name string) func(*usersdb.CreateUserParams) {
	return func(p *usersdb.CreateUserParams) { p.Name = name }
}

func emailsIn(list *usersapi.AdminUserList) []string {
	var emails []string
	for _, u := range list.Items {
		emails = append(emails, u.Email)
	}
	slices.Sort(emails)
	return emails
}

func TestListUsersFilters(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin := s.signUp("zz-admin@example.com", usersapi.RoleAdmin)
	s.account("Anna@example.com", named("Anna Ängström"))
	s.account("annabel@example.com", named("Annabel"))
	s.account("hannah@example.com", named("hannah"))
	s.account("100%real@example.com", named("100% real"))
	s.account("100xreal@example.com", named("100x real"))
	s.account("under_score@example.com", named(`under_score`))
	s.account("underXscore@example.com", named(`underXscore`))
	s.account("slash@example.com", named(`back\slash`))
	s.account("slash2@example.com", named(`back%slash`))
	s.account("umlaut@example.com", named("ÄRGER Müller"))
	s.account("staff@example.com",
		func(p *usersdb.CreateUserParams) { p.Name, p.Roles = "Staff", []string{"customer", "staff"} })
	disabled := s.account("disabled@example.com", named("Disabled"))
	_, err := s.queries.SetUserStatus(t.Context(),
		usersdb.SetUserStatusParams{ID: disabled.ID, Status: usersdb.UserStatusDisabled, UpdatedAt: s.Clock.Now()})
	require.NoError(t, err)

	type list = usersapi.ListUsersParams
	for name, c := range map[string]struct {
		params list
		want   []string
	}{
		"e-mail":                {list{Email: new("ann")}, []string{"Anna@example.com", "annabel@example.com"}},
		"e-mail in any case":    {list{Email: new("ANNA@")}, []string{"Anna@example.com"}},
		"whole e-mail":          {list{Email: new("hannah@example.com")}, []string{"hannah@example.com"}},
		"no inner part":         {list{Email: new("nnah")}, nil},
		"percent in e-mail":     {list{Email: new("100%")}, []string{"100%real@example.com"}},
		"percent alone":         {list{Email: new("%")}, nil},
		"underscore in e-mail":  {list{Email: new("under_")}, []string{"under_score@example.com"}},
		"name":                  {list{Name: new("Anna")}, []string{"Anna@example.com", "annabel@example.com"}},
		"name in any case":      {list{Name: new("HANNAH")}, []string{"hannah@example.com"}},
		"name beyond ASCII":     {list{Name: new("ärg")}, []string{"umlaut@example.com"}},
		"percent in name":       {list{Name: new("100%")}, []string{"100%real@example.com"}},
		"underscore in name":    {list{Name: new("under_s")}, []string{"under_score@example.com"}},
		"backslash in name":     {list{Name: new(`back\`)}, []string{"slash@example.com"}},
		"backslash and percent": {list{Name: new(`back\%`)}, nil},
		"status":                {list{Status: new(usersapi.UserStatusDisabled)}, []string{"disabled@example.com"}},
		"role":                  {list{Role: new(usersapi.RoleStaff)}, []string{"staff@example.com"}},
		"role of admins":        {list{Role: new(usersapi.RoleAdmin)}, []string{"zz-admin@example.com"}},
		"role of nobody":        {list{Role: new(usersapi.RolePayments)}, nil},
		"together": {
			list{Email: new("s"), Role: new(usersapi.RoleStaff), Status: new(usersapi.UserStatusActive)},
			[]string{"staff@example.com"},
		},
		"together without any": {list{Email: new("ann"), Status: new(usersapi.UserStatusDisabled)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := admin.ListUsersWithResponse(t.Context(), &c.params)
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))
			require.Equal(t, c.want, emailsIn(contracttest.Body(t, got, got.JSON200)))
			require.True(t, contracttest.Body(t, got, got.JSON200).NextCursor.IsNull())
		})
	}
}

func TestListUsersPages(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin := s.signUp("admin@example.com", usersapi.RoleAdmin)
	const accounts = 250
	before := map[string]bool{"admin@example.com": true}
	for i := range accounts {
		email := fmt.Sprintf("person%03d@example.com", i)
		before[email] = true
		// There are three different times only, so that nearly every page ends amid equal times.
		s.account(email, func(p *usersdb.CreateUserParams) {
			p.CreatedAt = s.Clock.Now().Add(time.Duration(i%3) * time.Microsecond)
		})
	}
	visited := map[string]int{}
	inserted, pages := 0, 0
	path := "/api/v1/admin/users?limit=7"
	var last usersapi.AdminUser
	for path != "" {
		answer, body := s.do(http.MethodGet, path, "", "Authorization", "Bearer "+admin.tokens.AccessToken)
		require.Equal(t, http.StatusOK, answer.StatusCode, body)
		parsed, err := usersapi.ParseListUsersResponse(&http.Response{
			StatusCode: http.StatusOK, Header: answer.Header, Body: io.NopCloser(strings.NewReader(body)),
		})
		require.NoError(t, err)
		for i, u := range contracttest.Body(t, parsed, parsed.JSON200).Items {
			visited[u.Email]++
			if pages+i > 0 {
				require.False(t, u.CreatedAt.After(last.CreatedAt), "the newest come first")
			}
			last = u
		}
		pages++
		// Rows that are inserted meanwhile, newer and amid the equal times, do not shift the pages.
		for range 2 {
			inserted++
			s.account(fmt.Sprintf("late%03d@example.com", inserted), func(p *usersdb.CreateUserParams) {
				p.CreatedAt = s.Clock.Now().Add(time.Duration(inserted%4) * time.Microsecond)
			})
		}
		if contracttest.Body(t, parsed, parsed.JSON200).NextCursor.IsNull() {
			require.Empty(t, answer.Header.Get("Link"))
			require.Contains(t, body, `"next_cursor":null`)
			path = ""
			continue
		}
		link := answer.Header.Get("Link")
		require.True(t, strings.HasPrefix(link, "</api/v1/admin/users?") && strings.HasSuffix(link, `>; rel="next"`), link)
		path = strings.TrimSuffix(strings.TrimPrefix(link, "<"), `>; rel="next"`)
		next, err := url.Parse(path)
		require.NoError(t, err)
		require.Equal(t, contracttest.Body(t, parsed, parsed.JSON200).NextCursor.MustGet(), next.Query().Get("cursor"))
		require.Equal(t, "7", next.Query().Get("limit"))
	}
	require.GreaterOrEqual(t, pages, accounts/7)
	for email := range before {
		require.Equal(t, 1, visited[email], email)
	}
	for email, times := range visited {
		require.Equal(t, 1, times, email)
	}
}

func TestListUsersPageKeepsItsFilters(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin := s.signUp("admin@example.com", usersapi.RoleAdmin)
	for i := range 5 {
		s.account(fmt.Sprintf("50%%+&=%d@example.com", i), named(fmt.Sprintf("Ä & Ö=%d", i)))
		s.account(fmt.Sprintf("other%d@example.com", i))
	}
	first, err := admin.ListUsersWithResponse(t.Context(),
		&usersapi.ListUsersParams{Email: new("50%+&="), Name: new("ä & ö="), Limit: new(int32(2))})
	require.NoError(t, err)
	require.Len(t, contracttest.Body(t, first, first.JSON200).Items, 2)
	total := 2
	link := first.HTTPResponse.Header.Get("Link")
	for link != "" {
		answer, body := s.do(http.MethodGet, strings.TrimSuffix(strings.TrimPrefix(link, "<"), `>; rel="next"`), "",
			"Authorization", "Bearer "+admin.tokens.AccessToken)
		require.Equal(t, http.StatusOK, answer.StatusCode, body)
		require.NotContains(t, body, "other")
		total += strings.Count(body, `"created_at"`)
		link = answer.Header.Get("Link")
	}
	require.Equal(t, 5, total)
}

func TestListUsersLimits(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin := s.signUp("admin@example.com", usersapi.RoleAdmin)
	for i := range 120 {
		s.account(fmt.Sprintf("person%03d@example.com", i))
	}
	for limit, want := range map[int32]int{1: 1, 100: 100} {
		got, err := admin.ListUsersWithResponse(t.Context(), &usersapi.ListUsersParams{Limit: &limit})
		require.NoError(t, err)
		require.Len(t, contracttest.Body(t, got, got.JSON200).Items, want)
	}
	got, err := admin.ListUsersWithResponse(t.Context(), &usersapi.ListUsersParams{})
	require.NoError(t, err)
	require.Len(t, contracttest.Body(t, got, got.JSON200).Items, 20, "the document's default")
	// The page holds all there are, so no empty page follows.
	got, err = admin.ListUsersWithResponse(t.Context(),
		&usersapi.ListUsersParams{Email: new("person00"), Limit: new(int32(10))})
	require.NoError(t, err)
	require.Len(t, contracttest.Body(t, got, got.JSON200).Items, 10)
	require.True(t, contracttest.Body(t, got, got.JSON200).NextCursor.IsNull())
}

func TestListUsersRefusesBadCursors(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin := s.signUp("admin@example.com", usersapi.RoleAdmin)
	s.account("person@example.com")
	page, err := admin.ListUsersWithResponse(t.Context(), &usersapi.ListUsersParams{Limit: new(int32(1))})
	require.NoError(t, err)
	good := contracttest.Body(t, page, page.JSON200).NextCursor.MustGet()
	for _, cursor := range []string{
		"x", strings.ToUpper(good) + "=", good[:33], good + "A", "Ag" + good[2:], strings.Repeat("A", 34), "_" + good[1:],
		strings.Repeat("z", 129), good[:10] + "\n" + good[11:],
	} {
		got, err := admin.ListUsersWithResponse(t.Context(), &usersapi.ListUsersParams{Cursor: &cursor})
		require.NoError(t, err)
		require.Equal(t, http.StatusUnprocessableEntity, got.StatusCode(), cursor)
		p := problemIn(t, got.HTTPResponse, string(got.Body))
		require.Equal(t, usersapi.ProblemCodeInvalidRequest, p.Code)
		for _, e := range p.Errors {
			require.Equal(t, "#/query/cursor", e.Pointer)
		}
		require.NotContains(t, string(got.Body), cursor+`"`)
	}
}

func TestDisableUser(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin := s.signUp("admin@example.com", usersapi.RoleAdmin)
	ada := s.signUp("ada@example.com")
	s.Clock.Advance(time.Minute)

	first, err := admin.DisableUserWithResponse(t.Context(), ada.user.ID)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, first.StatusCode(), string(first.Body))
	require.Equal(t, usersapi.UserStatusDisabled, contracttest.Body(t, first, first.JSON200).Status)
	require.Equal(t, s.Clock.Now(), contracttest.Body(t, first, first.JSON200).UpdatedAt)

	refused, err := ada.GetProfileWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, refused.StatusCode(), "on the next request")
	login, err := s.StartSessionWithResponse(t.Context(),
		usersapi.StartSessionRequest{Email: "ada@example.com", Password: goodPassword})
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, login.StatusCode())
	require.Equal(t, usersapi.ProblemCodeAccountDisabled, codeIn(t, login.Body))

	s.Clock.Advance(time.Minute)
	again, err := admin.DisableUserWithResponse(t.Context(), ada.user.ID)
	require.NoError(t, err)
	require.Equal(t, contracttest.Body(t, first, first.JSON200), contracttest.Body(t, again, again.JSON200),
		"disabling twice changes nothing")
}

func TestEnableUser(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin := s.signUp("admin@example.com", usersapi.RoleAdmin)
	ada := s.signUp("ada@example.com")
	_, err := admin.DisableUserWithResponse(t.Context(), ada.user.ID)
	require.NoError(t, err)
	s.Clock.Advance(time.Minute)
	first, err := admin.EnableUserWithResponse(t.Context(), ada.user.ID)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, first.StatusCode(), string(first.Body))
	require.Equal(t, usersapi.UserStatusActive, contracttest.Body(t, first, first.JSON200).Status)

	s.Clock.Advance(time.Minute)
	again, err := admin.EnableUserWithResponse(t.Context(), ada.user.ID)
	require.NoError(t, err)
	require.Equal(t, contracttest.Body(t, first, first.JSON200), contracttest.Body(t, again, again.JSON200),
		"enabling twice changes nothing")

	refused, err := ada.GetProfileWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, refused.StatusCode(), "a session that was ended stays so")
	s.logIn("ada@example.com", goodPassword)
}

func TestDeleteUser(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin := s.signUp("admin@example.com", usersapi.RoleAdmin)
	ada := s.signUp("ada@example.com")
	gone, err := admin.DeleteUserWithResponse(t.Context(), ada.user.ID)
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, gone.StatusCode(), string(gone.Body))
	require.Empty(t, gone.Body)

	refused, err := ada.GetProfileWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, refused.StatusCode(), "on the next request")
	refresh, err := s.RefreshSessionWithResponse(t.Context(), nil,
		usersapi.RefreshSessionRequest{RefreshToken: ada.tokens.RefreshToken})
	require.NoError(t, err)
	require.Equal(t, usersapi.ProblemCodeInvalidRefreshToken, codeIn(t, refresh.Body))
	login, err := s.StartSessionWithResponse(t.Context(),
		usersapi.StartSessionRequest{Email: "ada@example.com", Password: goodPassword})
	require.NoError(t, err)
	require.Equal(t, usersapi.ProblemCodeInvalidCredentials, codeIn(t, login.Body))
	read, err := admin.GetUserV2WithResponse(t.Context(), ada.user.ID)
	require.NoError(t, err)
	require.Equal(t, usersapi.ProblemCodeUserNotFound, codeIn(t, read.Body))

	var left int
	err = s.Pool.QueryRow(t.Context(), "SELECT count(*) FROM sessions WHERE user_id = $1", ada.user.ID).Scan(&left)
	require.NoError(t, err)
	require.Zero(t, left)
	s.signUp("ada@example.com")
}

// A refused deletion leaves the sessions as they are, with their spent tokens, which a repeated exchange and the
// detection of a stolen token need.
func TestARefusedDeletionTouchesNoSession(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := s.member(usersapi.RoleAdmin)
	first := *s.logIn(me.user.Email, goodPassword).tokens.RefreshToken
	next, status := s.refresh(first)
	require.Equal(t, http.StatusOK, status)
	old := newSecret() // It was spent before tokens had a tag.
	_, err := s.Pool.Exec(t.Context(), `INSERT INTO refresh_tokens (hash, session_id, created_at, used_at, tagged)
		SELECT $1, session_id, created_at, $3, false FROM refresh_tokens WHERE hash = $2`,
		hashOf(old), hashOf(first), s.Clock.Now().Add(-time.Hour))
	require.NoError(t, err)
	refused, err := s.as(next.AccessToken).DeleteUserWithResponse(t.Context(), me.user.ID)
	require.NoError(t, err)
	require.Equal(t, usersapi.ProblemCodeSelfAdministration, codeIn(t, refused.Body))
	again, status := s.refresh(first)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, next.RefreshToken, again.RefreshToken)
	s.refreshRefused(old)
	s.refreshRefused(*next.RefreshToken) // The session has ended with the replay.
}

// A deletion that fails half-way is not recorded and can be repeated. It has ended no session, unless there were too
// many rows to remove at once: then the end of the sessions is recorded.
func TestADeletionThatFails(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin, me := s.as(s.member(usersapi.RoleAdmin).access), s.signUp(ada)
	letGo := s.keepFromDeletion(me.user.ID)
	recorded := func(action string) int {
		return s.count(`SELECT count(*) FROM audit_entries
			WHERE action = $1 AND target = $2 AND outcome = 'success' AND request_id <> ''`, action, me.user.ID)
	}
	fail := func() {
		failed, err := admin.DeleteUserWithResponse(t.Context(), me.user.ID)
		require.NoError(t, err)
		require.Equal(t, http.StatusInternalServerError, failed.StatusCode())
		require.Zero(t, recorded("user.delete"))
	}
	fail()
	require.Equal(t, http.StatusOK, me.readsProfile(t))
	require.Zero(t, recorded("user.revoke_sessions"))
	_, err := s.Pool.Exec(t.Context(), `INSERT INTO refresh_tokens (hash, session_id, created_at, used_at)
		SELECT sha256(i::text::bytea), sessions.id, created_at, created_at FROM sessions, generate_series(1, $2) AS i
		WHERE user_id = $1`, me.user.ID, postgres.BatchSize)
	require.NoError(t, err)
	fail()
	require.Equal(t, http.StatusUnauthorized, me.readsProfile(t))
	require.Equal(t, 1, recorded("user.revoke_sessions"))
	letGo()
	gone, err := admin.DeleteUserWithResponse(t.Context(), me.user.ID)
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, gone.StatusCode(), string(gone.Body))
	require.Equal(t, 1, recorded("user.delete"))
	require.Equal(t, 1, recorded("user.revoke_sessions"), "there were none to end any more")
}

func TestAdministrationOfNobody(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin := s.signUp("admin@example.com", usersapi.RoleAdmin)
	ada := s.account("ada@example.com")
	_, err := admin.DeleteUserWithResponse(t.Context(), ada.ID)
	require.NoError(t, err)
	for name, id := range map[string]uuid.UUID{"deleted": ada.ID, "never there": uuid.New(), "nil": uuid.Nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deleted, err := admin.DeleteUserWithResponse(t.Context(), id)
			require.NoError(t, err)
			disabled, err := admin.DisableUserWithResponse(t.Context(), id)
			require.NoError(t, err)
			enabled, err := admin.EnableUserWithResponse(t.Context(), id)
			require.NoError(t, err)
			roles, err := admin.SetUserRolesWithResponse(t.Context(), id,
				usersapi.SetUserRolesRequest{Roles: []usersapi.Role{usersapi.RoleStaff}})
			require.NoError(t, err)
			for _, got := range []struct {
				status int
				body   []byte
			}{
				{deleted.StatusCode(), deleted.Body}, {disabled.StatusCode(), disabled.Body},
				{enabled.StatusCode(), enabled.Body}, {roles.StatusCode(), roles.Body},
			} {
				require.Equal(t, http.StatusNotFound, got.status, string(got.body))
				require.Equal(t, usersapi.ProblemCodeUserNotFound, codeIn(t, got.body))
			}
		})
	}
}

func TestSetUserRoles(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailing()
	admin := s.signUp("admin@example.com", usersapi.RoleAdmin)
	me := s.signUp(ada)
	s.verify(ada)
	set := func(roles ...usersapi.Role) []usersapi.Role {
		answer, err := admin.SetUserRolesWithResponse(t.Context(), me.user.ID, usersapi.SetUserRolesRequest{Roles: roles})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, answer.StatusCode(), string(answer.Body))
		return contracttest.Body(t, answer, answer.JSON200).Roles
	}
	require.Equal(t, http.StatusForbidden, me.listsUsers(t))
	require.Equal(t, []usersapi.Role{usersapi.RoleSupport, usersapi.RoleCustomer},
		set(usersapi.RoleSupport, usersapi.RoleCustomer))
	require.Equal(t, http.StatusUnauthorized, me.listsUsers(t), "whoever is logged in shows the password again")
	require.Contains(t, s.mail(ada, mailRoles, 1).Text, "support, customer")
	raised := s.logIn(ada, goodPassword)
	require.Equal(t, http.StatusOK, raised.listsUsers(t))
	set(usersapi.RoleSupport)
	require.Equal(t, http.StatusOK, raised.listsUsers(t), "it may do what it could")
	s.mail(ada, mailRoles, 1)
	set(usersapi.RoleCustomer)
	require.Equal(t, http.StatusForbidden, raised.listsUsers(t), "on the next request")
	require.Equal(t, http.StatusOK, raised.readsProfile(t), "the session goes on")
	s.mail(ada, mailRoles, 2)
}

func TestSelfAdministration(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin := s.signUp("admin@example.com", usersapi.RoleAdmin)
	other := s.signUp("other@example.com", usersapi.RoleAdmin)
	before, err := s.queries.GetUser(t.Context(), admin.user.ID)
	require.NoError(t, err)

	deleted, err := admin.DeleteUserWithResponse(t.Context(), admin.user.ID)
	require.NoError(t, err)
	disabled, err := admin.DisableUserWithResponse(t.Context(), admin.user.ID)
	require.NoError(t, err)
	roles, err := admin.SetUserRolesWithResponse(t.Context(), admin.user.ID,
		usersapi.SetUserRolesRequest{Roles: []usersapi.Role{usersapi.RoleCustomer}})
	require.NoError(t, err)
	for _, got := range []struct {
		status int
		body   []byte
	}{{deleted.StatusCode(), deleted.Body}, {disabled.StatusCode(), disabled.Body}, {roles.StatusCode(), roles.Body}} {
		require.Equal(t, http.StatusConflict, got.status, string(got.body))
		require.Equal(t, usersapi.ProblemCodeSelfAdministration, codeIn(t, got.body))
	}
	after, err := s.queries.GetUser(t.Context(), admin.user.ID)
	require.NoError(t, err)
	require.Equal(t, before, after)

	// Another administrator can do it, and one administrator always remains.
	lowered, err := other.SetUserRolesWithResponse(t.Context(), admin.user.ID,
		usersapi.SetUserRolesRequest{Roles: []usersapi.Role{usersapi.RoleCustomer}})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, lowered.StatusCode())
	shut, err := other.DisableUserWithResponse(t.Context(), admin.user.ID)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, shut.StatusCode())
	gone, err := other.DeleteUserWithResponse(t.Context(), admin.user.ID)
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, gone.StatusCode())
}

func TestAdministratorsEndSessions(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin, ada, other := s.member(usersapi.RoleAdmin), s.member(), s.member()
	as := func(m member) *usersapi.ClientWithResponses { return s.as(m.access) }
	listed, err := as(admin).ListUserSessionsWithResponse(t.Context(), ada.user.ID, nil)
	require.NoError(t, err)
	require.Len(t, contracttest.Body(t, listed, listed.JSON200).Items, 2)
	require.False(t, contracttest.Body(t, listed, listed.JSON200).Items[0].Current)

	one, err := as(admin).RevokeUserSessionWithResponse(t.Context(), other.user.ID, ada.second.ID)
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, one.StatusCode(), "it is another's")
	one, err = as(admin).RevokeUserSessionWithResponse(t.Context(), ada.user.ID, ada.second.ID)
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, one.StatusCode())

	still, err := as(ada).GetProfileWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, still.StatusCode(), "the other session goes on")
	all, err := as(admin).RevokeUserSessionsWithResponse(t.Context(), ada.user.ID)
	require.NoError(t, err)
	require.EqualValues(t, 1, contracttest.Body(t, all, all.JSON200).Revoked)
	still, err = as(ada).GetProfileWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, still.StatusCode(), "at once")
	listed, err = as(admin).ListUserSessionsWithResponse(t.Context(), ada.user.ID, nil)
	require.NoError(t, err)
	require.Empty(t, contracttest.Body(t, listed, listed.JSON200).Items)
	still, err = as(other).GetProfileWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, still.StatusCode())
}

// administrationOperations tells the checks what the document does not say of the administration of accounts.
func administrationOperations() knownOperations {
	notOneself := contracttest.Known[situation]{
		Beyond: itself(""),
		Refused: func(at situation) []contracttest.Refusal {
			return []contracttest.Refusal{
				at.about("oneself", contracttest.Own, http.StatusConflict, usersapi.ProblemCodeSelfAdministration),
			}
		},
	}
	setRoles := notOneself
	setRoles.Refused = func(at situation) []contracttest.Refusal {
		unverified := at.refusal("an account whose address is not verified", `{"roles":["staff"]}`, http.StatusConflict,
			usersapi.ProblemCodeEmailUnverified)
		unverified.Target = contracttest.Filled(at.op.Pattern, map[string]string{"userId": at.stranger().Subject()})
		return append(notOneself.Refused(at), unverified)
	}
	return knownOperations{"deleteUser": notOneself, "disableUser": notOneself, "setUserRoles": setRoles}
}

// Whoever knows the password of a disabled account cannot change it, and so cannot void a link that its owner holds.
func TestADisabledAccountIsTakenBack(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin, thief := s.signUp("admin@example.com", usersapi.RoleAdmin), s.signUp(ada)
	s.verify(ada)
	link := s.mailToken(thief.user, mailReset)
	disabled, err := admin.DisableUserWithResponse(t.Context(), thief.user.ID)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, disabled.StatusCode())
	contracttest.Eventually(t, "the session has ended",
		func() bool { return thief.readsProfile(t) == http.StatusUnauthorized })
	require.Equal(t, http.StatusNoContent, s.reset(link, newPassword))
	enabled, err := admin.EnableUserWithResponse(t.Context(), thief.user.ID)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, enabled.StatusCode())
	s.logIn(ada, newPassword)
}
