package users

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/testkit/contracttest"
)

func TestGetProfile(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com", usersapi.RoleCustomer, usersapi.RoleSupport)
	s.signUp("bob@example.com")
	answer, err := ada.GetProfileWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode())
	require.Equal(t, usersapi.Profile{
		ID: ada.user.ID, Name: "Ada Lovelace", Email: "ada@example.com", EmailVerified: true,
		Roles:     []usersapi.Role{usersapi.RoleCustomer, usersapi.RoleSupport},
		CreatedAt: s.Clock.Now(), UpdatedAt: s.Clock.Now(),
	}, *contracttest.Body(t, answer, answer.JSON200))
}

// Members that are sent are changed, null removes one, and the others stay (RFC 7396).
func TestUpdateProfile(t *testing.T) {
	t.Parallel()
	const avatar, phone = "https://images.example.com/ada.png", "+442079460000"
	whole := map[string]any{"name": "Ada Lovelace", "avatar": avatar, "phone": phone}
	for name, c := range map[string]struct {
		body string
		then map[string]any // what is absent is absent
	}{
		"name": {`{"name":"Ada King"}`, map[string]any{"name": "Ada King", "avatar": avatar, "phone": phone}},
		"avatar": {
			`{"avatar":"https://images.example.com/2.png"}`,
			map[string]any{"name": "Ada Lovelace", "avatar": "https://images.example.com/2.png", "phone": phone},
		},
		"phone": {
			`{"phone":"+12025550123"}`, map[string]any{"name": "Ada Lovelace", "avatar": avatar, "phone": "+12025550123"},
		},
		"avatar removed": {`{"avatar":null}`, map[string]any{"name": "Ada Lovelace", "phone": phone}},
		"phone removed":  {`{"phone":null}`, map[string]any{"name": "Ada Lovelace", "avatar": avatar}},
		"everything": {
			`{"name":"A","avatar":"https://a.example/","phone":"+12025550123"}`,
			map[string]any{"name": "A", "avatar": "https://a.example/", "phone": "+12025550123"},
		},
		"set and removed":   {`{"name":"A","avatar":null}`, map[string]any{"name": "A", "phone": phone}},
		"both removed":      {`{"phone":null,"avatar":null}`, map[string]any{"name": "Ada Lovelace"}},
		"the same again":    {`{"name":"Ada Lovelace"}`, whole},
		"in another script": {`{"name":"阿达 <b>&\"'"}`, map[string]any{"name": `阿达 <b>&"'`, "avatar": avatar, "phone": phone}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			ada, bob := s.signUp("ada@example.com"), s.signUp("bob@example.com")
			bearer := []string{"Authorization", "Bearer " + ada.tokens.AccessToken}
			text, err := json.Marshal(whole)
			require.NoError(t, err)
			answer, body := s.do(http.MethodPatch, "/api/v1/profile", string(text), bearer...)
			require.Equal(t, http.StatusOK, answer.StatusCode, body)

			s.Clock.Advance(time.Minute)
			answer, changed := s.do(http.MethodPatch, "/api/v1/profile", c.body, bearer...)
			require.Equal(t, http.StatusOK, answer.StatusCode, changed)
			answer, read := s.do(http.MethodGet, "/api/v1/profile", "", bearer...)
			require.Equal(t, http.StatusOK, answer.StatusCode)
			require.Equal(t, changed, read, "the answer is what is kept")
			var profile map[string]any
			require.NoError(t, json.Unmarshal([]byte(read), &profile))
			require.Equal(t, s.Clock.Now().Format(time.RFC3339), profile["updated_at"])
			require.Equal(t, s.Clock.Now().Add(-time.Minute).Format(time.RFC3339), profile["created_at"])
			for _, name := range []string{"id", "email", "email_verified", "roles", "created_at", "updated_at"} {
				delete(profile, name)
			}
			require.Equal(t, c.then, profile)

			other, err := bob.GetProfileWithResponse(t.Context())
			require.NoError(t, err)
			require.Equal(t, "Ada Lovelace", contracttest.Body(t, other, other.JSON200).Name)
			require.Nil(t, contracttest.Body(t, other, other.JSON200).Phone)
		})
	}
}

func TestUpdateProfileRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	before, err := s.queries.GetUser(t.Context(), ada.user.ID)
	require.NoError(t, err)
	s.Clock.Advance(time.Minute)
	for name, c := range map[string]struct{ body, pointer, keyword string }{
		"nothing":                        {`{}`, "#", "minProperties"},
		"name removed":                   {`{"name":null}`, "#/name", "type"},
		"name of spaces":                 {`{"name":"  "}`, "#/name", "format"},
		"an unknown member":              {`{"nickname":"Ada"}`, "#/nickname", "additionalProperties"},
		"roles":                          {`{"name":"Ada","roles":["admin"]}`, "#/roles", "additionalProperties"},
		"e-mail":                         {`{"email":"eve@example.com"}`, "#/email", "additionalProperties"},
		"phone without country":          {`{"phone":"02079460000"}`, "#/phone", "format"},
		"phone with spaces":              {`{"phone":"+44 20 7946 000"}`, "#/phone", "format"},
		"phone of no country":            {`{"phone":"+999123456789"}`, "#/phone", "format"},
		"phone too short for its region": {`{"phone":"+4420"}`, "#/phone", "format"},
		"phone empty":                    {`{"phone":""}`, "#/phone", "format"},
		"phone a number":                 {`{"phone":442079460000}`, "#/phone", "type"},
		"avatar without TLS":             {`{"avatar":"http://images.example.com/ada.png"}`, "#/avatar", "format"},
		"avatar a script":                {`{"avatar":"javascript:alert(1)"}`, "#/avatar", "format"},
	} {
		answer, body := s.do(http.MethodPatch, "/api/v1/profile", c.body, "Authorization", "Bearer "+ada.tokens.AccessToken)
		require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode, name+body)
		problem := problemIn(t, answer, body)
		require.Equal(t, usersapi.ProblemCodeInvalidRequest, problem.Code)
		require.Equal(t, [2]string{c.pointer, c.keyword},
			[2]string{problem.Errors[0].Pointer, problem.Errors[0].Keyword}, name)
	}
	after, err := s.queries.GetUser(t.Context(), ada.user.ID)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	elsewhere := s.logIn("ada@example.com", goodPassword)
	s.Clock.Advance(time.Minute)
	answer, err := ada.ChangePasswordWithResponse(t.Context(),
		usersapi.ChangePasswordRequest{CurrentPassword: goodPassword, NewPassword: newPassword})
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, answer.StatusCode(), string(answer.Body))

	require.Equal(t, http.StatusOK, ada.readsProfile(t), "this session stays")
	_, status := s.refresh(*ada.tokens.RefreshToken)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, http.StatusUnauthorized, elsewhere.readsProfile(t), "the others end")
	_, status = s.refreshRefused(*elsewhere.tokens.RefreshToken)
	require.Equal(t, http.StatusUnauthorized, status)

	old, err := s.StartSessionWithResponse(t.Context(),
		usersapi.StartSessionRequest{Email: "ada@example.com", Password: goodPassword})
	require.NoError(t, err)
	require.Equal(t, usersapi.ProblemCodeInvalidCredentials, codeIn(t, old.Body))
	require.Equal(t, http.StatusOK, s.logIn("ada@example.com", newPassword).readsProfile(t))
	user, err := s.queries.GetUser(t.Context(), ada.user.ID)
	require.NoError(t, err)
	require.Equal(t, s.Clock.Now(), user.UpdatedAt.UTC())
}

func TestChangePasswordRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("lovelace@example.com")
	elsewhere := s.logIn("lovelace@example.com", goodPassword)
	const invalid = usersapi.ProblemCodeInvalidRequest
	for name, c := range map[string]struct {
		current, next    string
		status           int
		code             usersapi.ProblemCode
		pointer, keyword string
	}{
		"wrong":                  {newPassword, newPassword, 403, usersapi.ProblemCodeWrongPassword, "", ""},
		"wrong, in other case":   {"Correct horse battery", newPassword, 403, usersapi.ProblemCodeWrongPassword, "", ""},
		"short":                  {goodPassword, "Ab1!", 422, invalid, "#/new_password", "minLength"},
		"not varied":             {goodPassword, "abcdefghij", 422, invalid, "#/new_password", "format"},
		"common":                 {goodPassword, "P@ssw0rd", 422, invalid, "#/new_password", "format"},
		"with the e-mail's name": {goodPassword, "my name is LoveLace", 422, invalid, "#/new_password", "format"},
		"that name, and wrong":   {newPassword, "my name is LoveLace", 422, invalid, "#/new_password", "format"},
		"without the current":    {"", newPassword, 422, invalid, "#/current_password", "minLength"},
	} {
		answer, err := ada.ChangePasswordWithResponse(t.Context(),
			usersapi.ChangePasswordRequest{CurrentPassword: c.current, NewPassword: c.next})
		require.NoError(t, err)
		require.Equal(t, c.status, answer.StatusCode(), name+string(answer.Body))
		require.Equal(t, c.code, codeIn(t, answer.Body), name)
		require.NotContains(t, string(answer.Body), c.next)
		if c.pointer != "" {
			var problem usersapi.Problem
			require.NoError(t, json.Unmarshal(answer.Body, &problem))
			require.Equal(t, [2]string{c.pointer, c.keyword},
				[2]string{problem.Errors[0].Pointer, problem.Errors[0].Keyword}, name)
		}
	}
	require.Equal(t, http.StatusOK, elsewhere.readsProfile(t), "what was refused ended nothing")
	require.Equal(t, http.StatusOK, s.logIn("lovelace@example.com", goodPassword).readsProfile(t))
}

// Of several changes at once one succeeds: the current password of the others is out of date.
func TestChangesOfPasswordAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	passwords := []string{"the first new one", "the second new one", "the third new one", "the fourth new one"}
	statuses := make([]int, len(passwords))
	var all sync.WaitGroup
	for i, password := range passwords {
		all.Go(func() {
			answer, err := ada.ChangePasswordWithResponse(t.Context(),
				usersapi.ChangePasswordRequest{CurrentPassword: goodPassword, NewPassword: password})
			if err != nil {
				t.Error(err)
				return
			}
			statuses[i] = answer.StatusCode()
		})
	}
	all.Wait()
	won := 0
	for i, status := range statuses {
		if status == http.StatusNoContent {
			won++
			s.logIn("ada@example.com", passwords[i])
		} else {
			require.Equal(t, http.StatusForbidden, status)
		}
	}
	require.Equal(t, 1, won)
}

// withPassword is a request that needs the current password.
func withPassword(_ situation, fit *contracttest.Fit) { fit.Body["current_password"] = goodPassword }

// itself is the refusal of an administrator who administers their own account.
func itself(role string) contracttest.Beyond {
	return contracttest.Beyond{Apart: []contracttest.Exception{
		{Of: contracttest.Own, Role: role, Status: http.StatusConflict, Code: errSelfAdministration.Code,
			Why: "administrators do not administer themselves"},
	}}
}

// profileOperations tells the checks what the document does not say of the operations on the caller's account.
func profileOperations() knownOperations {
	return knownOperations{
		"updateProfile": {
			Beyond: contracttest.Beyond{Replaced: []string{"biography"}},
			Refused: func(at situation) []contracttest.Refusal {
				card := newID().String()[20:]
				at.confiding(onePhone, strings.ToUpper(card))
				body := `{"id_card_number":"` + strings.ToUpper(strings.ReplaceAll(card, "-", "")) + `"}`
				return []contracttest.Refusal{
					at.refusal("another's identity card", body, http.StatusConflict, usersapi.ProblemCodeIDCardNumberTaken),
				}
			},
		},
		"changePassword": {
			Beyond: contracttest.Beyond{Rules: []string{"#/new_password"}},
			Fit:    withPassword,
			Refused: func(at situation) []contracttest.Refusal {
				body := `{"current_password":"` + secret + `","new_password":"` + newPassword + secret + `"}`
				return []contracttest.Refusal{
					at.refusal("a wrong password", body, http.StatusForbidden, usersapi.ProblemCodeWrongPassword),
				}
			},
		},
		"exportOwnData":   {Fit: withPassword},
		"requestDeletion": {Beyond: itself(string(usersapi.RoleAdmin)), Fit: withPassword},
	}
}
