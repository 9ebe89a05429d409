package users

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/testkit/contracttest"
)

func (p person) exportOwnData(t testing.TB) usersapi.OwnData {
	t.Helper()
	answer, err := p.ExportOwnDataWithResponse(t.Context(), usersapi.ExportOwnDataRequest{CurrentPassword: goodPassword})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode(), string(answer.Body))
	return *contracttest.Body(t, answer, answer.JSON200)
}

func (p person) requestDeletion(t testing.TB) time.Time {
	t.Helper()
	answer, err := p.RequestDeletionWithResponse(t.Context(),
		usersapi.RequestDeletionRequest{CurrentPassword: goodPassword})
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, answer.StatusCode(), string(answer.Body))
	return contracttest.Body(t, answer, answer.JSON202).DeletesAt
}

func (p person) profile(t testing.TB) usersapi.Profile {
	t.Helper()
	answer, err := p.GetProfileWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode(), string(answer.Body))
	return *contracttest.Body(t, answer, answer.JSON200)
}

// exported gives, for every column with data of an account, the place of the value in an export, or the reason why it
// is not there. A column that is missing here fails TestExportHoldsEverything.
func exported() map[string]string {
	const secret, own, mark = "opens the account", "is that of the account", "follows from what is marked"
	return map[string]string{
		"users.id": "profile.id", "users.email": "profile.email", "users.name": "profile.name",
		"users.avatar": "profile.avatar", "users.biography": "profile.biography", "users.phone": "profile.phone",
		"users.sealed_phone": "profile.phone", "users.phone_mark": mark,
		"users.sealed_id_card_number": "profile.id_card_number", "users.id_card_number_mark": mark,
		"users.roles": "profile.roles", "users.status": "status", "users.email_verified_at": "email_verified_at",
		"users.deletes_at": "profile.deletes_at", "users.created_at": "profile.created_at",
		"users.updated_at": "profile.updated_at", "users.password_hash": secret,

		"users.second_factor_at": "second_factor.confirmed_at", "second_factors.user_id": own,
		"second_factors.secret": secret, "second_factors.last_step": secret,
		"second_factors.created_at": secret, "recovery_codes.hash": secret, "recovery_codes.user_id": own,
		"login_challenges.hash": secret, "login_challenges.user_id": own, "login_challenges.password_hash": secret,
		"login_challenges.cookie": secret, "login_challenges.tries": secret, "login_challenges.created_at": secret,
		"login_challenges.expires_at": secret,

		"sessions.id": "sessions.id", "sessions.user_id": own, "sessions.cookie": "sessions.cookie",
		"sessions.address": "sessions.address", "sessions.user_agent": "sessions.user_agent",
		"sessions.created_at": "sessions.created_at", "sessions.last_used_at": "sessions.last_used_at",
		"sessions.expires_at": "sessions.expires_at", "sessions.revoked_at": "sessions.revoked_at",
		"refresh_tokens.hash": secret, "refresh_tokens.session_id": secret, "refresh_tokens.created_at": secret,
		"refresh_tokens.used_at": secret, "refresh_tokens.tagged": secret, "sessions.family": secret,

		"user_keys.user_id": own, "user_keys.data_key_id": secret, "user_keys.sealed_key": secret,

		"email_tokens.id": secret, "email_tokens.user_id": own, "email_tokens.purpose": "mails.purpose",
		"email_tokens.email": "mails.email", "email_tokens.hash": secret, "email_tokens.mails": "mails.mails",
		"email_tokens.created_at": "mails.created_at", "email_tokens.expires_at": "mails.expires_at",
		"email_tokens.mailed_at": "mails.mailed_at", "email_tokens.counted_from": "mails.counted_from",
	}
}

func TestExportHoldsEverything(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	other := s.logIn("ada@example.com", goodPassword)
	_, err := other.EndSessionWithResponse(t.Context())
	require.NoError(t, err)
	_, err = s.Pool.Exec(t.Context(), `UPDATE users SET avatar = 'https://images.example.com/ada.png',
		email_verified_at = created_at, second_factor_at = created_at`)
	require.NoError(t, err)
	answer, _ := s.do(http.MethodPatch, "/api/v1/profile",
		`{"biography":"<p>Ada</p>","phone":"`+onePhone+`","id_card_number":"`+oneCard+`"}`,
		"Authorization", "Bearer "+ada.tokens.AccessToken)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	ada.requestDeletion(t)

	data := ada.exportOwnData(t)
	require.Len(t, data.Sessions, 2)
	require.Len(t, data.Mails, 1)
	text, err := json.Marshal(data)
	require.NoError(t, err)
	var whole map[string]any
	require.NoError(t, json.Unmarshal(text, &whole))

	// The tables with data of an account are users and those that refer to it, directly or through other tables.
	rows, err := s.Pool.Query(t.Context(), `
WITH RECURSIVE held AS (
    SELECT 'users'::regclass::oid AS id
    UNION
    SELECT conrelid FROM pg_constraint JOIN held ON confrelid = held.id WHERE contype = 'f'
)
SELECT held.id::regclass::text || '.' || attname
FROM held
JOIN pg_attribute ON attrelid = held.id
WHERE attnum > 0 AND NOT attisdropped`)
	require.NoError(t, err)
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Greater(t, len(columns), 20)
	places := exported()
	for _, column := range columns {
		place, known := places[column]
		require.True(t, known, "nothing says whether %s is exported", column)
		if strings.Contains(place, " ") {
			continue
		}
		require.True(t, holds(whole, strings.Split(place, ".")), "%s is not at %s of %s", column, place, text)
	}
	require.Len(t, places, len(columns))
}

// holds tells whether there is a value at a path; where the path leads through a list, one item with a value is enough.
func holds(value any, path []string) bool {
	switch v := value.(type) {
	case []any:
		return slices.ContainsFunc(v, func(item any) bool { return holds(item, path) })
	case map[string]any:
		if len(path) == 0 {
			return false
		}
		member, there := v[path[0]]
		return there && holds(member, path[1:])
	default:
		return v != nil && len(path) == 0
	}
}

func TestExportAsksForThePassword(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	refused, err := ada.ExportOwnDataWithResponse(t.Context(), usersapi.ExportOwnDataRequest{CurrentPassword: newPassword})
	require.NoError(t, err)
	require.Equal(t, usersapi.ProblemCodeWrongPassword, codeIn(t, refused.Body))
	answer, err := ada.ExportOwnDataWithResponse(t.Context(), usersapi.ExportOwnDataRequest{CurrentPassword: goodPassword})
	require.NoError(t, err)
	require.Equal(t, "no-store", answer.HTTPResponse.Header.Get("Cache-Control"))
	require.Equal(t, `attachment; filename="account.json"`, answer.HTTPResponse.Header.Get("Content-Disposition"))
}

// The activity shows what the owner did and what was done to the account, page by page and in the export alike, but not
// who else did it.
func TestActivity(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin := s.signUp("admin@example.com", usersapi.RoleAdmin)
	ada, eve := s.signUp("ada@example.com"), s.signUp("eve@example.com")
	for range 3 {
		_, err := ada.RevokeOtherSessionsWithResponse(t.Context())
		require.NoError(t, err)
	}
	s.verify("ada@example.com")
	set, err := admin.SetUserRolesWithResponse(t.Context(), ada.user.ID,
		usersapi.SetUserRolesRequest{Roles: []usersapi.Role{usersapi.RoleStaff}})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, set.StatusCode())
	ada = s.logIn("ada@example.com", goodPassword)
	_, err = eve.RevokeOtherSessionsWithResponse(t.Context())
	require.NoError(t, err)

	var all []usersapi.ActivityEntry
	limit := usersapi.Limit(2)
	var cursor *usersapi.Cursor
	for {
		page, err := ada.ListActivityWithResponse(t.Context(), &usersapi.ListActivityParams{Limit: &limit, Cursor: cursor})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, page.StatusCode(), string(page.Body))
		require.LessOrEqual(t, len(contracttest.Body(t, page, page.JSON200).Items), 2)
		all = append(all, contracttest.Body(t, page, page.JSON200).Items...)
		next, err := contracttest.Body(t, page, page.JSON200).NextCursor.Get()
		if err != nil {
			break
		}
		require.Contains(t, page.HTTPResponse.Header.Get("Link"), "cursor="+next)
		cursor = &next
	}
	var told []string
	for _, e := range all {
		address := ""
		if e.Address != nil {
			address = *e.Address
		}
		told = append(told, fmt.Sprint(e.Action, " ", e.By, " ", address))
	}
	require.Equal(t, []string{
		"session.start owner 127.0.0.1", "user.set_roles other ",
		"session.revoke_others owner 127.0.0.1", "session.revoke_others owner 127.0.0.1",
		"session.revoke_others owner 127.0.0.1",
		"session.start owner 127.0.0.1", "user.create owner 127.0.0.1",
	}, told)
	require.Equal(t, all, ada.exportOwnData(t).Activity.Items)
}

func TestDeletionAfterGrace(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailing()
	ada, elsewhere := s.signUp("ada@example.com"), s.logIn("ada@example.com", goodPassword)
	refused, err := ada.RequestDeletionWithResponse(t.Context(),
		usersapi.RequestDeletionRequest{CurrentPassword: newPassword})
	require.NoError(t, err)
	require.Equal(t, usersapi.ProblemCodeWrongPassword, codeIn(t, refused.Body))
	require.Nil(t, ada.profile(t).DeletesAt)

	at := ada.requestDeletion(t)
	require.WithinDuration(t, s.Clock.Now().Add(deletionGrace), at, time.Millisecond)
	require.Equal(t, at, *ada.profile(t).DeletesAt)
	ended, err := elsewhere.GetProfileWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, ended.StatusCode(), "another session has ended")
	require.Contains(t, s.mail("ada@example.com", mailDeletion, 1).Text, at.Format("2 January 2006 at 15:04 UTC"))

	// A repeated request neither moves the day nor sends a second mail.
	s.Clock.Advance(time.Minute)
	require.Equal(t, at, ada.requestDeletion(t))
	s.mail("ada@example.com", mailDeletion, 1)

	// Until then the account works, and its owner may keep it.
	s.Clock.Advance(deletionGrace - 2*time.Minute)
	require.NoError(t, s.service.eraseDueAccounts(t.Context()))
	again := s.logIn("ada@example.com", goodPassword)
	kept, err := again.CancelDeletionWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, kept.StatusCode())
	s.Clock.Advance(time.Hour)
	require.NoError(t, s.service.eraseDueAccounts(t.Context()))
	again = s.logIn("ada@example.com", goodPassword)
	require.Nil(t, again.profile(t).DeletesAt)

	again.requestDeletion(t)
	s.Clock.Advance(deletionGrace)
	require.NoError(t, s.service.eraseDueAccounts(t.Context()))
	gone, err := s.StartSessionWithResponse(t.Context(),
		usersapi.StartSessionRequest{Email: "ada@example.com", Password: goodPassword})
	require.NoError(t, err)
	require.Equal(t, usersapi.ProblemCodeInvalidCredentials, codeIn(t, gone.Body))
	s.signUp("ada@example.com") // The address is free.

	var told int
	err = s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM outbox WHERE type = 'user.deleted' AND subject = $1`,
		ada.user.ID).Scan(&told)
	require.NoError(t, err)
	require.Equal(t, 1, told)
	err = s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM audit_entries
		WHERE action = 'user.erase' AND outcome = 'success' AND actor IS NULL AND target = $1`, ada.user.ID).Scan(&told)
	require.NoError(t, err)
	require.Equal(t, 1, told)
}

// Two requests for the deletion of an account at once send one mail.
func TestDeletionAskedForAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailing()
	me := s.signUp(ada)
	other := s.logIn(ada, goodPassword)
	var answers [2]*usersapi.RequestDeletionResponse
	var errs [2]error
	ask := func(i int, p person) func() {
		return func() {
			answers[i], errs[i] = p.RequestDeletionWithResponse(t.Context(),
				usersapi.RequestDeletionRequest{CurrentPassword: goodPassword})
		}
	}
	s.holding(t, `SELECT FROM users FOR UPDATE`, 2, ask(0, me), ask(1, other))
	for i, answer := range answers {
		require.NoError(t, errs[i])
		require.Equal(t, http.StatusAccepted, answer.StatusCode(), string(answer.Body))
	}
	s.mail(ada, mailDeletion, 1)
}

// The periodic job runs.
func TestErasureIsAJob(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	ada.requestDeletion(t)
	s.Clock.Advance(deletionGrace)
	s.mailing()
	contracttest.Eventually(t, "the account is gone", func() bool {
		var left int
		require.NoError(t, s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM users`).Scan(&left))
		return left == 0
	})
}

// keepFromDeletion makes the deletion of an account fail until letGo is called.
func (s *server) keepFromDeletion(account uuid.UUID) (letGo func()) {
	s.t.Helper()
	_, err := s.Pool.Exec(s.t.Context(), `CREATE TABLE keepers (account uuid REFERENCES users)`)
	require.NoError(s.t, err)
	_, err = s.Pool.Exec(s.t.Context(), `INSERT INTO keepers VALUES ($1)`, account)
	require.NoError(s.t, err)
	return func() {
		_, err := s.Pool.Exec(s.t.Context(), `DROP TABLE keepers`)
		require.NoError(s.t, err)
	}
}

// An account that cannot be erased does not hold up the others, and the log names it.
func TestErasureGoesOnWithTheNext(t *testing.T) {
	t.Parallel()
	s := start(t)
	first, second := s.account(ada), s.account(eve)
	s.keepFromDeletion(first.ID)
	_, err := s.Pool.Exec(t.Context(),
		`UPDATE users SET deletes_at = $2::timestamptz - CASE WHEN id = $1 THEN interval '1 s' ELSE interval '0' END`,
		first.ID, s.Clock.Now())
	require.NoError(t, err)
	require.ErrorContains(t, s.service.eraseDueAccounts(t.Context()), first.ID.String())
	require.Equal(t, 1, s.count(`SELECT count(*) FROM users WHERE id = $1`, first.ID))
	require.Zero(t, s.count(`SELECT count(*) FROM users WHERE id = $1`, second.ID))
	require.Zero(t, s.count(`SELECT count(*) FROM audit_entries WHERE action = 'user.erase' AND target = $1`, first.ID))
	require.Equal(t, 1,
		s.count(`SELECT count(*) FROM audit_entries WHERE action = 'user.erase' AND target = $1`, second.ID))
}

func TestAdministratorsStay(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin, ada := s.signUp("admin@example.com", usersapi.RoleAdmin), s.signUp("ada@example.com")
	refused, err := admin.RequestDeletionWithResponse(t.Context(),
		usersapi.RequestDeletionRequest{CurrentPassword: goodPassword})
	require.NoError(t, err)
	require.Equal(t, usersapi.ProblemCodeSelfAdministration, codeIn(t, refused.Body))

	ada.requestDeletion(t)
	s.verify("ada@example.com")
	raised, err := admin.SetUserRolesWithResponse(t.Context(), ada.user.ID,
		usersapi.SetUserRolesRequest{Roles: []usersapi.Role{usersapi.RoleAdmin}})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, raised.StatusCode())
	require.Nil(t, contracttest.Body(t, raised, raised.JSON200).DeletesAt)
	s.Clock.Advance(deletionGrace)
	require.NoError(t, s.service.eraseDueAccounts(t.Context()))
	_, err = s.queries.GetUser(t.Context(), ada.user.ID)
	require.NoError(t, err)
}

// Many replicas erase accounts while owners cancel at the last moment: each account is kept, or is erased once with one
// event.
func TestErasureBesideCancellations(t *testing.T) {
	t.Parallel()
	s := start(t)
	const accounts = 40
	var ids []uuid.UUID
	for i := range accounts {
		user := s.account(fmt.Sprintf("u%d@example.com", i), func(*usersdb.CreateUserParams) {})
		ids = append(ids, user.ID)
		_, err := s.queries.RequestDeletion(t.Context(),
			usersdb.RequestDeletionParams{ID: user.ID, DeletesAt: s.Clock.Now(), Now: s.Clock.Now()})
		require.NoError(t, err)
	}
	var all sync.WaitGroup
	kept := make([]int64, accounts)
	for range 4 {
		all.Go(func() {
			if err := s.service.eraseDueAccounts(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	for i, id := range ids {
		if i%2 == 0 {
			all.Go(func() {
				var err error
				params := usersdb.CancelDeletionParams{ID: id, Now: s.Clock.Now()}
				if kept[i], err = s.queries.CancelDeletion(t.Context(), params); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	require.NoError(t, s.service.eraseDueAccounts(t.Context()))
	for i, id := range ids {
		var left, told int
		require.NoError(t, s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM users WHERE id = $1`, id).Scan(&left))
		err := s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM audit_entries WHERE action = 'user.erase' AND target = $1`,
			id).Scan(&told)
		require.NoError(t, err)
		require.EqualValues(t, kept[i], left, i)
		require.Equal(t, 1, left+told, i)
	}
}

// The rows that remain of a deleted account name nobody: no table has the address, the name or a network address.
func TestNothingPersonalIsLeft(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailing()
	const agent, phone = "kanarienvogel/1.0", "+442079460127"
	email := "kanarienvogel.q7@example.com"
	answer, _ := s.do(http.MethodPost, "/api/v2/users",
		fmt.Sprintf(`{"email":%q,"name":"Kanarienvogel","password":%q,"avatar":"https://kanarienvogel.example.com/"}`,
			email, goodPassword))
	require.Equal(t, http.StatusCreated, answer.StatusCode)
	answer, body := s.do(http.MethodPost, "/api/v1/login", login(email, goodPassword), "User-Agent", agent)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	var tokens usersapi.TokenSet
	require.NoError(t, json.Unmarshal([]byte(body), &tokens))
	ada := person{ClientWithResponses: s.as(tokens.AccessToken)}
	answer, _ = s.do(http.MethodPatch, "/api/v1/profile", `{"phone":"`+phone+`","id_card_number":"`+oneCard+`"}`,
		"Authorization", "Bearer "+tokens.AccessToken)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	s.do(http.MethodPost, "/api/v1/login", login(email, newPassword), "User-Agent", agent)
	s.askReset(email)
	s.settled()
	planted := []string{"kanarienvogel", "Kanarienvogel", phone, oneCard, "127.0.0.1"}
	before := everyRow(t, s)
	require.Contains(t, before, "kanarienvogel.q7")
	require.Contains(t, before, "127.0.0.1")

	ada.requestDeletion(t)
	s.settled()
	s.Clock.Advance(deletionGrace)
	require.NoError(t, s.service.eraseDueAccounts(t.Context()))
	after := everyRow(t, s)
	require.Zero(t, s.count(`SELECT count(*) FROM user_keys`))
	require.Contains(t, after, "user.erase")
	contracttest.RequireNone(t, after, planted)
}

// everyRow reads every table of a database as text.
func everyRow(t testing.TB, s *server) string {
	t.Helper()
	var text string
	require.NoError(t, s.Pool.QueryRow(t.Context(), `
SELECT string_agg(
    query_to_xml('SELECT t::text FROM ' || quote_ident(tablename) || ' AS t', true, false, '')::text, E'\n')
FROM pg_tables
WHERE schemaname = 'public'`).Scan(&text))
	return text
}

// No account is deleted without a mail: a request beyond the limit of mails is refused.
func TestNoDeletionWithoutAMail(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := s.signUp(ada)
	ask := func() *usersapi.RequestDeletionResponse {
		s.Clock.Advance(7 * time.Second) // for the rate limit of requests
		answer, err := me.RequestDeletionWithResponse(t.Context(),
			usersapi.RequestDeletionRequest{CurrentPassword: goodPassword})
		require.NoError(t, err)
		return answer
	}
	for range mostMails {
		require.Equal(t, http.StatusAccepted, ask().StatusCode())
		kept, err := me.CancelDeletionWithResponse(t.Context())
		require.NoError(t, err)
		require.Equal(t, http.StatusNoContent, kept.StatusCode())
	}
	refused := ask()
	require.Equal(t, http.StatusTooManyRequests, refused.StatusCode(), string(refused.Body))
	require.Equal(t, usersapi.ProblemCodeRateLimited, codeIn(t, refused.Body))
	require.Nil(t, me.profile(t).DeletesAt)
	s.Clock.Advance(mailsCounted / mostMails)
	me = s.logIn(ada, goodPassword)
	require.Equal(t, http.StatusAccepted, ask().StatusCode())
	s.mailing()
	s.settled()
	require.NotEmpty(t, s.mailbox.with(ada, mailSubjects()[mailDeletion]))
}
