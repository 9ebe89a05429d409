package users

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/contracttest"
	"example.com/plumbline/impl/platform/httpapi"
)

// canary stands in what is submitted, and in no answer; secret is in no log either.
const (
	canary = contracttest.Canary
	secret = contracttest.SecretCanary
)

// Refused are requests that are right by themselves and do not fit the state of things.
func (a arranger) Refused(t testing.TB, op *httpapi.Operation, by contracttest.Caller, good func() contracttest.Request) []contracttest.Refusal {
	t.Helper()
	me := by.(member)
	var cases []contracttest.Refusal
	add := func(name, target, body string, status int, code usersapi.ProblemCode) *contracttest.Refusal {
		c := contracttest.Refusal{Name: name, Request: good(), Status: status, Code: string(code)}
		if target != "" {
			c.Target = target
		}
		if body != "" {
			c.Body = body
		}
		cases = append(cases, c)
		return &cases[len(cases)-1]
	}
	if !op.Policy.Access.Public {
		c := add("a refresh token", "", "", http.StatusUnauthorized, usersapi.ProblemCodeUnauthenticated)
		c.Request = c.Without("Authorization").With("Authorization: Bearer " + me.refresh)
	}
	path := func(of contracttest.Resource) string {
		return contracttest.Filled(op.Pattern, a.Fit(t, op, by, of).Path)
	}
	switch op.ID {
	case "createUser", "createUserV2":
		add("the address is taken", "", `{"email":"`+me.user.Email+`","name":"`+secret+`","password":"`+goodPassword+secret+`"}`, http.StatusConflict, usersapi.ProblemCodeEmailTaken)
		add("the address is taken in another case", "", `{"email":"`+strings.ToUpper(me.user.Email)+`","name":"x","password":"`+goodPassword+`"}`, http.StatusConflict, usersapi.ProblemCodeEmailTaken)
		add("the password has the e-mail's name", "", `{"email":"`+canary+`@example.com","name":"x","password":"long enough and `+secret+`"}`,
			http.StatusUnprocessableEntity, usersapi.ProblemCodeInvalidRequest).Pointer = "#/password"
	case "startSession":
		add("a wrong password", "", `{"email":"`+me.user.Email+`","password":"`+secret+`"}`, http.StatusUnauthorized, usersapi.ProblemCodeInvalidCredentials)
		add("an unknown address", "", `{"email":"`+secret+`@example.com","password":"x"}`, http.StatusUnauthorized, usersapi.ProblemCodeInvalidCredentials)
	case "refreshSession":
		add("no token", "", `{}`, http.StatusUnauthorized, usersapi.ProblemCodeInvalidRefreshToken)
		add("an unknown token", "", `{"refresh_token":"`+newSecret()+`"}`, http.StatusUnauthorized, usersapi.ProblemCodeInvalidRefreshToken)
	case "changePassword":
		add("a wrong password", "", `{"current_password":"`+secret+`","new_password":"`+newPassword+secret+`"}`, http.StatusForbidden, usersapi.ProblemCodeWrongPassword)
	case "confirmEmail":
		add("an unknown token", "", `{"token":"`+newSecret()+`"}`, http.StatusForbidden, usersapi.ProblemCodeInvalidMailToken)
		add("a token for something else", "", `{"token":"`+a.mailToken(a.member().user, mailReset)+`"}`, http.StatusForbidden, usersapi.ProblemCodeInvalidMailToken)
	case "resetPassword":
		add("an unknown token", "", `{"token":"`+newSecret()+`","new_password":"`+newPassword+`"}`, http.StatusForbidden, usersapi.ProblemCodeInvalidMailToken)
		add("a token for something else", "", `{"token":"`+a.mailToken(a.member().user, mailVerify)+`","new_password":"`+newPassword+`"}`, http.StatusForbidden, usersapi.ProblemCodeInvalidMailToken)
	case "answerChallenge":
		add("an unknown challenge", "", `{"challenge":"`+newSecret()+`","totp":"000000"}`, http.StatusUnauthorized, usersapi.ProblemCodeInvalidChallenge)
	case "enrolSecondFactor":
		add("a wrong password", "", `{"current_password":"`+secret+`"}`, http.StatusForbidden, usersapi.ProblemCodeWrongPassword)
	case "confirmSecondFactor":
		add("a wrong code", "", `{"totp":"000000"}`, http.StatusForbidden, usersapi.ProblemCodeInvalidCode)
	case "disableSecondFactor", "replaceRecoveryCodes":
		add("a wrong password", "", `{"current_password":"`+secret+`","totp":"000000"}`, http.StatusForbidden, usersapi.ProblemCodeWrongPassword)
		add("a wrong code", "", `{"current_password":"`+goodPassword+`","totp":"000000"}`, http.StatusForbidden, usersapi.ProblemCodeInvalidCode)
	case "removeSecondFactor":
		add("no second factor", contracttest.Filled(op.Pattern, map[string]string{"userId": a.member().Subject()}), "", http.StatusConflict, usersapi.ProblemCodeSecondFactorNotEnabled)
		add("oneself", path(contracttest.Own), "", http.StatusConflict, usersapi.ProblemCodeSelfAdministration)
	case "updateProfile":
		card := newID().String()[20:]
		a.confiding(onePhone, strings.ToUpper(card))
		add("another's identity card", "", `{"id_card_number":"`+strings.ToUpper(strings.ReplaceAll(card, "-", ""))+`"}`, http.StatusConflict, usersapi.ProblemCodeIDCardNumberTaken)
	case "deleteUser", "disableUser", "setUserRoles":
		add("oneself", path(contracttest.Own), "", http.StatusConflict, usersapi.ProblemCodeSelfAdministration)
	case "revokeSession":
		add("another's", path(contracttest.Others), "", http.StatusNotFound, usersapi.ProblemCodeSessionNotFound)
	}
	return cases
}

// TestEscapedInput shows that what is escaped is kept as what it stands for.
func TestEscapedInput(t *testing.T) {
	t.Parallel()
	s := start(t)
	answer, body := s.do(http.MethodPost, "/api/v2/users", `{"email":"ada@example.com","name":"\u0041\ud83d\ude00\/\"\\","password":"`+goodPassword+`"}`)
	require.Equal(t, http.StatusCreated, answer.StatusCode, body)
	require.Contains(t, body, `"name":"A😀/\"\\"`)
}

// TestPercentGarbageInThePath is about what net/http refuses before any service sees it.
func TestPercentGarbageInThePath(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, target := range []string{"/api/v1/users/%zz", "/api/v1/users/%", "/api/v1/users/%4"} {
		answer, body := s.Send(t, contracttest.Request{Method: http.MethodGet, Target: target})
		require.Equal(t, http.StatusBadRequest, answer.StatusCode)
		require.NotContains(t, body, target)
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := s.member()
	id := me.user.ID.String()
	for path, code := range map[string]usersapi.ProblemCode{
		"/api":                                 usersapi.ProblemCodeNotFound,
		"/api/v1/login/":                       usersapi.ProblemCodeNotFound,
		"//api/v1/profile":                     usersapi.ProblemCodeNotFound,
		"/api//v1/profile":                     usersapi.ProblemCodeNotFound,
		"/api/v1/profile/":                     usersapi.ProblemCodeNotFound,
		"/API/V1/PROFILE":                      usersapi.ProblemCodeNotFound,
		"/api/v1/./profile":                    usersapi.ProblemCodeNotFound,
		"/api/v1/users/../profile":             usersapi.ProblemCodeNotFound,
		"/api/v1/users/%2e%2e/profile":         usersapi.ProblemCodeNotFound,
		"/api/v1%2Fprofile":                    usersapi.ProblemCodeNotFound,
		"/api/v1/profile%00":                   usersapi.ProblemCodeNotFound,
		"/api/v1/profile;jsessionid=1":         usersapi.ProblemCodeNotFound,
		"/api/v1/users/" + id + "/":            usersapi.ProblemCodeNotFound,
		"/api/v1/users/" + id + "/profile":     usersapi.ProblemCodeNotFound,
		"/api/v2/users/" + id + "/profile/":    usersapi.ProblemCodeNotFound,
		"/api/v2/users/" + id + "%2Fprofile":   usersapi.ProblemCodeInvalidRequest,
		"/api/v2/users/..%2F..%2Fv1%2Fprofile": usersapi.ProblemCodeInvalidRequest,
		"/api/v2/users/..":                     usersapi.ProblemCodeInvalidRequest,
		"/" + strings.Repeat("a/", 4000):       usersapi.ProblemCodeNotFound,
		"/" + strings.Repeat("%5B", 4000):      usersapi.ProblemCodeNotFound,
		"/[" + canary + "]":                    usersapi.ProblemCodeNotFound,
	} {
		answer, body := s.Send(t, contracttest.Request{Method: http.MethodGet, Target: path, Header: []string{"Authorization: Bearer " + me.access}})
		p := problemIn(t, answer, body)
		require.Equal(t, code, p.Code, path)
		require.Empty(t, answer.Header.Get("Location"), path)
	}
	// A UUID is one in either case (RFC 9562, section 4).
	answer, body := s.Send(t, contracttest.Request{Method: http.MethodGet, Target: "/api/v2/users/" + strings.ToUpper(id), Header: []string{"Authorization: Bearer " + me.access}})
	require.Equal(t, http.StatusOK, answer.StatusCode, body)
	require.Contains(t, body, `"id":"`+id+`"`)
	// The scheme of the header is one in any case (RFC 9110, section 11.1).
	answer, body = s.Send(t, contracttest.Request{Method: http.MethodGet, Target: "/api/v2/users/" + id, Header: []string{"authorization: bEARER " + me.access}})
	require.Equal(t, http.StatusOK, answer.StatusCode, body)
	// What nobody knows is not allowed anywhere.
	answer, body = s.Send(t, contracttest.Request{Method: "BREW", Target: "/nowhere"})
	require.Equal(t, usersapi.ProblemCodeNotFound, problemIn(t, answer, body).Code)
}
