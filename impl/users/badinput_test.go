package users

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/testkit/contracttest"
)

// canary is part of submitted texts and must be in no answer; secret must be in no log either.
const (
	canary = contracttest.Canary
	secret = contracttest.SecretCanary
)

// TestEscapedInput shows that escaped characters are stored as the characters that they stand for.
func TestEscapedInput(t *testing.T) {
	t.Parallel()
	s := start(t)
	answer, body := s.do(http.MethodPost, "/api/v2/users",
		`{"email":"ada@example.com","name":"\u0041\ud83d\ude00\/\"\\","password":"`+goodPassword+`"}`)
	require.Equal(t, http.StatusCreated, answer.StatusCode, body)
	require.Contains(t, body, `"name":"A😀/\"\\"`)
}

// TestPercentGarbageInThePath sends paths that net/http refuses before the service sees them.
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
		answer, body := s.Send(t,
			contracttest.Request{Method: http.MethodGet, Target: path, Header: []string{"Authorization: Bearer " + me.access}})
		p := problemIn(t, answer, body)
		require.Equal(t, code, p.Code, path)
		require.Empty(t, answer.Header.Get("Location"), path)
	}
	// A UUID is valid in either case (RFC 9562, section 4).
	answer, body := s.Send(t, contracttest.Request{
		Method: http.MethodGet, Target: "/api/v2/users/" + strings.ToUpper(id),
		Header: []string{"Authorization: Bearer " + me.access},
	})
	require.Equal(t, http.StatusOK, answer.StatusCode, body)
	require.Contains(t, body, `"id":"`+id+`"`)
	// The scheme of the header is case-insensitive (RFC 9110, section 11.1).
	answer, body = s.Send(t, contracttest.Request{
		Method: http.MethodGet, Target: "/api/v2/users/" + id, Header: []string{"authorization: bEARER " + me.access},
	})
	require.Equal(t, http.StatusOK, answer.StatusCode, body)
	// An unknown method is not allowed anywhere.
	answer, body = s.Send(t, contracttest.Request{Method: "BREW", Target: "/nowhere"})
	require.Equal(t, usersapi.ProblemCodeNotFound, problemIn(t, answer, body).Code)
}
