package users

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/testkit/contracttest"
)

func TestCreateUserV2(t *testing.T) {
	t.Parallel()
	s := start(t)
	created, err := s.CreateUserV2WithResponse(t.Context(), usersapi.CreateUserV2Request{
		Email: "Ada@example.com", Name: "Ada Lovelace", Password: goodPassword,
		Avatar: new("https://images.example.com/ada.png"),
	})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, created.StatusCode(), string(created.Body))
	require.Equal(t, "Ada@example.com", contracttest.Body(t, created, created.JSON201).Email)
	require.Equal(t, "https://images.example.com/ada.png", *contracttest.Body(t, created, created.JSON201).Avatar)
	require.Equal(t, s.Clock.Now(), contracttest.Body(t, created, created.JSON201).CreatedAt)
	require.EqualValues(t, 7, contracttest.Body(t, created, created.JSON201).ID.Version())

	row, err := s.queries.GetUser(t.Context(), contracttest.Body(t, created, created.JSON201).ID)
	require.NoError(t, err)
	require.Equal(t, []string{"customer"}, row.Roles)
	require.Equal(t, usersdb.UserStatusActive, row.Status)
	require.True(t, strings.HasPrefix(row.PasswordHash, "$argon2id$"), row.PasswordHash)
	require.NotContains(t, row.PasswordHash, goodPassword)

	ada := s.logIn("ada@EXAMPLE.com", goodPassword)
	got, err := ada.GetUserV2WithResponse(t.Context(), row.ID)
	require.NoError(t, err)
	require.Equal(t, contracttest.Body(t, created, created.JSON201), contracttest.Body(t, got, got.JSON200))
}

func TestCreateUser(t *testing.T) {
	t.Parallel()
	s := start(t)
	created, err := s.CreateUserWithResponse(t.Context(),
		usersapi.CreateUserRequest{Email: "ada@example.com", Name: "Ada Lovelace", Password: goodPassword})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, created.StatusCode(), string(created.Body))

	// The raw body shows that version 1 has no other members, which the types of the client would hide.
	id := contracttest.Body(t, created, created.JSON201).ID
	require.JSONEq(t, fmt.Sprintf(`{"id":%q,"name":"Ada Lovelace","email":"ada@example.com"}`, id), string(created.Body))

	ada := s.logIn("ada@example.com", goodPassword)
	got, err := ada.GetUserWithResponse(t.Context(), id) //nolint:staticcheck // Version 1 is still served.
	require.NoError(t, err)
	require.Equal(t, contracttest.Body(t, created, created.JSON201), contracttest.Body(t, got, got.JSON200))
}

func TestCreateUserLocationLeadsToTheAccount(t *testing.T) {
	t.Parallel()
	s := start(t)
	for path, email := range map[string]string{"/api/v1/users": "one@example.com", "/api/v2/users": "two@example.com"} {
		answer, body := s.do(http.MethodPost, path,
			fmt.Sprintf(`{"email":%q,"name":"Ada","password":%q}`, email, goodPassword))
		require.Equal(t, http.StatusCreated, answer.StatusCode, body)
		location := answer.Header.Get("Location")
		require.True(t, strings.HasPrefix(location, path+"/"), location)
		access := s.logIn(email, goodPassword).tokens.AccessToken
		there, found := s.do(http.MethodGet, location, "", "Authorization", "Bearer "+access)
		require.Equal(t, http.StatusOK, there.StatusCode, found)
		require.JSONEq(t, body, found)
	}
}

func TestCreateUserEmailTaken(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.signUp("ada@example.com")
	for _, email := range []string{"ada@example.com", "ADA@example.com", "Ada@Example.COM"} {
		v1, err := s.CreateUserWithResponse(t.Context(),
			usersapi.CreateUserRequest{Email: email, Name: "Ada", Password: goodPassword})
		require.NoError(t, err)
		require.Equal(t, http.StatusConflict, v1.StatusCode())
		require.Equal(t, usersapi.ProblemCodeEmailTaken, codeIn(t, v1.Body))
		v2, err := s.CreateUserV2WithResponse(t.Context(),
			usersapi.CreateUserV2Request{Email: email, Name: "Ada", Password: goodPassword})
		require.NoError(t, err)
		require.Equal(t, http.StatusConflict, v2.StatusCode())
		require.Equal(t, usersapi.ProblemCodeEmailTaken, codeIn(t, v2.Body))
	}
}

func TestCreateUserAtTheSameTime(t *testing.T) {
	t.Parallel()
	s := start(t)
	for round := range 5 {
		const callers = 8
		var answers [callers]*usersapi.CreateUserV2Response
		var errs [callers]error
		var all sync.WaitGroup
		begin := make(chan struct{})
		for i := range callers {
			email := fmt.Sprintf("Person%d@example.com", round)
			if i%2 == 0 {
				email = strings.ToLower(email)
			}
			all.Go(func() {
				<-begin
				answers[i], errs[i] = s.CreateUserV2WithResponse(t.Context(),
					usersapi.CreateUserV2Request{Email: email, Name: "Ada", Password: goodPassword})
			})
		}
		close(begin)
		all.Wait()
		created := 0
		for i := range callers {
			require.NoError(t, errs[i])
			if answers[i].StatusCode() == http.StatusCreated {
				created++
				continue
			}
			require.Equal(t, http.StatusConflict, answers[i].StatusCode(), string(answers[i].Body))
			require.Equal(t, usersapi.ProblemCodeEmailTaken, codeIn(t, answers[i].Body))
		}
		require.Equal(t, 1, created)
	}
}

func TestCreateUserPasswordRules(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, c := range map[string]struct{ email, password string }{
		"has the e-mail's name":                 {"lovelace@example.com", "my lovelace is long enough"},
		"has the e-mail's name in another case": {"LoveLace@example.com", "my lOVElACE is long enough"},
		"is short":                              {"ada@example.com", "Sh0rt!!"},
		"is not varied":                         {"ada@example.com", "onlyletters"},
		"is common":                             {"ada@example.com", "Password1!"},
	} {
		for _, path := range []string{"/api/v1/users", "/api/v2/users"} {
			answer, body := s.do(http.MethodPost, path,
				fmt.Sprintf(`{"email":%q,"name":"Ada","password":%q}`, c.email, c.password))
			require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode, name)
			p := problemIn(t, answer, body)
			require.Equal(t, usersapi.ProblemCodeInvalidRequest, p.Code, name)
			require.NotEmpty(t, p.Errors, name)
			for _, e := range p.Errors {
				require.Equal(t, "#/password", e.Pointer, name)
			}
			require.NotContains(t, body, c.password, name)
		}
	}
}

func TestTextIsKeptAsSent(t *testing.T) {
	t.Parallel()
	s := start(t)
	texts := []string{
		`<script>alert("x")</script>`, `Robert'); DROP TABLE users;--`, `日本語 Ünïcödé`, `👩‍👩‍👧‍👦 🏳️‍🌈`,
		`back\slash / %41 &amp;`,
		strings.Repeat("𝔘", 100), `O'Brien`, `null`,
	}
	for _, name := range []string{
		"\u202ertl\u202c", "two\nlines", "two\u2028lines", "\x1b[31mred", " space", "space\u00a0", "zero\u200bwidth",
	} {
		refused, err := s.CreateUserV2WithResponse(t.Context(),
			usersapi.CreateUserV2Request{Email: "ada@example.com", Name: name, Password: goodPassword})
		require.NoError(t, err)
		require.Equal(t, http.StatusUnprocessableEntity, refused.StatusCode(), name)
	}
	for i, name := range texts {
		email := fmt.Sprintf("o'mail+%d%%_!#$&*/=?^`{|}~@sub-domain.example.com", i)
		avatar := fmt.Sprintf("https://images.example.com/%%3Cb%%3E/%d?a=b&c=%%22#frag", i)
		created, err := s.CreateUserV2WithResponse(t.Context(),
			usersapi.CreateUserV2Request{Email: email, Name: name, Password: goodPassword, Avatar: &avatar})
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, created.StatusCode(), string(created.Body))
		require.Equal(t, name, contracttest.Body(t, created, created.JSON201).Name)
		p := s.logIn(email, goodPassword)
		id := contracttest.Body(t, created, created.JSON201).ID
		got, err := p.GetUserProfileWithResponse(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))
		require.Equal(t, name, contracttest.Body(t, got, got.JSON200).Name)
		require.Equal(t, email, contracttest.Body(t, got, got.JSON200).Email)
		require.Equal(t, avatar, *contracttest.Body(t, got, got.JSON200).Avatar)
		v1, err := p.GetUserWithResponse(t.Context(), id) //nolint:staticcheck // Version 1 is still served.
		require.NoError(t, err)
		require.Equal(t, name, contracttest.Body(t, v1, v1.JSON200).Name)
	}
}

func TestGetUserWithoutAccount(t *testing.T) {
	t.Parallel()
	s := start(t)
	support := s.signUp("support@example.com", usersapi.RoleSupport)
	missing := uuid.New()
	v1, err := support.GetUserWithResponse(t.Context(), missing) //nolint:staticcheck // Version 1 is still served.
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, v1.StatusCode())
	require.Equal(t, usersapi.ProblemCodeUserNotFound, codeIn(t, v1.Body))
	v2, err := support.GetUserV2WithResponse(t.Context(), missing)
	require.NoError(t, err)
	require.Equal(t, usersapi.ProblemCodeUserNotFound, codeIn(t, v2.Body))
	profile, err := support.GetUserProfileWithResponse(t.Context(), missing)
	require.NoError(t, err)
	require.Equal(t, usersapi.ProblemCodeUserNotFound, codeIn(t, profile.Body))
}

// accountOperations tells the checks what the document does not say of opening accounts.
func accountOperations() knownOperations {
	create := contracttest.Known[situation]{
		Beyond: contracttest.Beyond{Rules: []string{"#/password"}},
		Fit:    func(_ situation, fit *contracttest.Fit) { fit.Body["email"] = newID().String() + "@example.com" },
		Refused: func(at situation) []contracttest.Refusal {
			taken := `{"email":"` + at.me.user.Email + `","name":"` + secret + `","password":"` + goodPassword + secret + `"}`
			inCapitals := `{"email":"` + strings.ToUpper(at.me.user.Email) + `","name":"x","password":"` + goodPassword + `"}`
			easy := at.refusal("the password has the e-mail's name",
				`{"email":"`+canary+`@example.com","name":"x","password":"long enough and `+secret+`"}`,
				http.StatusUnprocessableEntity, usersapi.ProblemCodeInvalidRequest)
			easy.Pointer = "#/password"
			return []contracttest.Refusal{
				at.refusal("the address is taken", taken, http.StatusConflict, usersapi.ProblemCodeEmailTaken),
				at.refusal("the address is taken in another case", inCapitals, http.StatusConflict, usersapi.ProblemCodeEmailTaken),
				easy,
			}
		},
	}
	return knownOperations{"createUser": create, "createUserV2": create}
}
