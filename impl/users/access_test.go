package users

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/contracttest"
	"example.com/plumbline/impl/platform/httpapi"
)

// What the checks of the document need to know of this service.

func TestContract(t *testing.T) {
	t.Parallel()
	contracttest.All(t, contract(t))
}

var loadSpec = sync.OnceValues(usersapi.GetSpec)

func contract(t testing.TB) *contracttest.Service {
	t.Helper()
	spec, err := loadSpec()
	require.NoError(t, err)
	var roles []string
	for _, role := range spec.Components.Schemas["Role"].Value.Enum {
		roles = append(roles, fmt.Sprint(role))
	}
	require.Len(t, roles, 5)
	const oneself = "administrators do not administer themselves"
	return &contracttest.Service{
		Document: loadDocument(t), Spec: spec, Coverage: conformance, Faults: faults(),
		Roles:    roles,
		NotFound: map[string]string{"userId": errUserNotFound.Code, "sessionId": errSessionNotFound.Code},
		Apart: []contracttest.Exception{
			{Operation: "deleteUser", Of: contracttest.Own, Status: http.StatusConflict, Code: errSelfAdministration.Code, Why: oneself},
			{Operation: "removeSecondFactor", Of: contracttest.Own, Status: http.StatusConflict, Code: errSelfAdministration.Code, Why: oneself},
			{Operation: "disableUser", Of: contracttest.Own, Status: http.StatusConflict, Code: errSelfAdministration.Code, Why: oneself},
			{Operation: "setUserRoles", Of: contracttest.Own, Status: http.StatusConflict, Code: errSelfAdministration.Code, Why: oneself},
			{Operation: "requestDeletion", Of: contracttest.Own, Role: string(usersapi.RoleAdmin), Status: http.StatusConflict, Code: errSelfAdministration.Code, Why: oneself},
		},
		Unattached:   []string{"getKeySet"},
		BeyondSchema: []string{"createUser #/password", "createUserV2 #/password", "changePassword #/new_password", "resetPassword #/new_password"},
		Nameless:     []string{"requestPasswordReset"},
		Replaced:     []string{"refreshSession #/refresh_token", "updateProfile #/biography"},
		Volatile:     []string{"audit_entries", "login_challenges", "throttles"},
		Checked:      map[string]string{"users_roles_known": "Role"},
		Start: func(t testing.TB, change ...func(*httpapi.Options)) *contracttest.Server {
			t.Helper()
			return start(t, func(o *options) {
				o.chain = func(c *httpapi.Options) {
					for _, f := range change {
						f(c)
					}
				}
			}).Server
		},
	}
}

// arranger makes what requests are about.
type arranger struct{ *server }

func (a arranger) Caller(t testing.TB, roles ...string) contracttest.Caller {
	t.Helper()
	return a.member(toAPIRoles(roles)...)
}

func (a arranger) EndSession(t testing.TB, c contracttest.Caller) {
	t.Helper()
	require.NoError(t, a.queries.EndSession(t.Context(), usersdb.EndSessionParams{ID: c.(member).session.ID, Now: a.Clock.Now()}))
}

func (a arranger) Fit(t testing.TB, op *httpapi.Operation, by contracttest.Caller, of contracttest.Resource) contracttest.Fit {
	t.Helper()
	m := by.(member)
	named := m
	if of == contracttest.Others {
		named = a.member()
	}
	fit := contracttest.Fit{Path: map[string]string{"userId": named.Subject(), "sessionId": named.second.ID.String()}, Body: map[string]any{}}
	switch op.ID {
	case "createUser", "createUserV2":
		fit.Body["email"] = newID().String() + "@example.com"
	case "startSession":
		fit.Body["email"], fit.Body["password"] = m.user.Email, goodPassword
	case "refreshSession":
		fit.Body["refresh_token"] = m.refresh
	case "confirmEmail":
		fit.Body["token"] = a.mailToken(m.user, mailVerify)
	case "resetPassword":
		fit.Body["token"] = a.mailToken(m.user, mailReset)
	case "confirmEmailChange":
		wanting := m.user
		wanting.Email = newID().String() + "@example.com"
		fit.Body["token"] = a.mailToken(wanting, mailChange)
	case "requestEmailChange":
		fit.Body["email"], fit.Body["current_password"] = newID().String()+"@example.com", goodPassword
	case "changePassword", "exportOwnData", "requestDeletion", "enrolSecondFactor":
		fit.Body["current_password"] = goodPassword
	case "answerChallenge":
		fit.Body["totp"], fit.Body["challenge"] = a.enrolled(m.user, true).code(a.server), a.challenge(m.user)
	case "confirmSecondFactor":
		fit.Body["totp"] = a.enrolled(m.user, false).code(a.server)
	case "disableSecondFactor", "replaceRecoveryCodes":
		fit.Body["current_password"], fit.Body["totp"] = goodPassword, a.enrolled(m.user, true).code(a.server)
	case "removeSecondFactor":
		a.enrolled(named.user, true)
	}
	return fit
}

// member is an account with two live sessions, arranged without a login; the refresh token is the second's.
type member struct {
	user            usersdb.User
	session, second usersdb.Session
	access, refresh string
}

// AccessToken is what the caller sends.
func (m member) AccessToken() string { return m.access }

// Subject is who the token says is calling.
func (m member) Subject() string { return m.user.ID.String() }

func (s *server) member(roles ...usersapi.Role) member {
	s.t.Helper()
	var m member
	if len(roles) == 0 {
		roles = []usersapi.Role{usersapi.RoleCustomer}
	}
	hash, err := s.service.hasher.Hash(s.t.Context(), goodPassword)
	require.NoError(s.t, err)
	m.user = s.account(newID().String()+"@example.com", func(p *usersdb.CreateUserParams) { p.PasswordHash, p.Roles = hash, toDBRoles(roles) })
	for _, session := range []*usersdb.Session{&m.second, &m.session} {
		*session, err = s.queries.StartSession(s.t.Context(), usersdb.StartSessionParams{
			ID: newID(), UserID: m.user.ID, Address: "192.0.2.1", UserAgent: "test", PasswordHash: hash, CreatedAt: s.Clock.Now(), ExpiresAt: s.Clock.Now().Add(sessionLifetime),
		})
		require.NoError(s.t, err)
	}
	m.refresh = newSecret()
	require.NoError(s.t, s.queries.CreateRefreshToken(s.t.Context(), usersdb.CreateRefreshTokenParams{
		Hash: hashOf(m.refresh), SessionID: m.second.ID, CreatedAt: s.Clock.Now(),
	}))
	tokens, _, err := s.service.tokens(m.session, m.user.Roles, m.refresh)
	require.NoError(s.t, err)
	m.access = tokens.AccessToken
	return m
}
