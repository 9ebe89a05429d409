package users

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/testkit/contracttest"
)

// The checks of the document need this description of the service.

func TestContract(t *testing.T) {
	t.Parallel()
	contracttest.All(t, underTest(t))
}

var loadSpec = sync.OnceValues(usersapi.GetSpec)

func underTest(t testing.TB) *contracttest.Service {
	t.Helper()
	spec, err := loadSpec()
	require.NoError(t, err)
	var roles []string
	for _, role := range spec.Components.Schemas["Role"].Value.Enum {
		roles = append(roles, fmt.Sprint(role))
	}
	require.Len(t, roles, 5)
	return &contracttest.Service{
		Document: loadDocument(t), Spec: spec, Coverage: conformance, Faults: faults(),
		Roles:    roles,
		NotFound: map[string]string{"userId": errUserNotFound.Code, "sessionId": errSessionNotFound.Code},
		Beyond:   contracttest.BeyondOf(operations()),
		Volatile: []string{"audit_entries", "login_challenges", "throttles"},
		Checked:  map[string]string{"users_roles_known": "Role"},
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

// arranger creates the resources that requests are about.
type arranger struct{ *server }

func (a arranger) Caller(t testing.TB, roles ...string) contracttest.Caller {
	t.Helper()
	return a.member(toAPIRoles(roles)...)
}

func (a arranger) EndSession(t testing.TB, c contracttest.Caller) {
	t.Helper()
	err := a.queries.EndSession(t.Context(), usersdb.EndSessionParams{ID: c.(member).session.ID, Now: a.Clock.Now()})
	require.NoError(t, err)
}

// knownOperations holds what the checks need to know of operations beyond the document.
type knownOperations = map[string]contracttest.Known[situation]

// operations gathers what the test files of the resources declare.
func operations() knownOperations {
	return contracttest.Together(
		accountOperations(), sessionOperations(), profileOperations(), mailOperations(), factorOperations(),
		administrationOperations(), keyOperations(),
	)
}

// situation is what a request to an operation is about.
type situation struct {
	arranger

	t         testing.TB
	op        *contract.Operation
	me, named member                      // who calls, and whom the path names
	good      func() contracttest.Request // one that succeeds
}

func (a arranger) Fit(
	t testing.TB, op *contract.Operation, by contracttest.Caller, of contracttest.Resource,
) contracttest.Fit {
	t.Helper()
	at := situation{arranger: a, t: t, op: op, me: by.(member), named: by.(member)}
	if of == contracttest.Others {
		at.named = a.member()
	}
	fit := contracttest.Fit{
		Path: map[string]string{"userId": at.named.Subject(), "sessionId": at.named.second.ID.String()},
		Body: map[string]any{},
	}
	if fill := operations()[op.ID].Fit; fill != nil {
		fill(at, &fit)
	}
	return fit
}

// Refused gives requests that are valid by themselves and that the state of the resources does not allow.
func (a arranger) Refused(
	t testing.TB, op *contract.Operation, by contracttest.Caller, good func() contracttest.Request,
) []contracttest.Refusal {
	t.Helper()
	at := situation{arranger: a, t: t, op: op, me: by.(member), named: by.(member), good: good}
	var cases []contracttest.Refusal
	if !op.Policy.Access.Public {
		c := at.refusal("a refresh token", "", http.StatusUnauthorized, usersapi.ProblemCodeUnauthenticated)
		c.Request = c.Without("Authorization").With("Authorization: Bearer " + at.me.refresh)
		cases = append(cases, c)
	}
	if refused := operations()[op.ID].Refused; refused != nil {
		cases = append(cases, refused(at)...)
	}
	return cases
}

// refusal is a request that the state of the resources does not allow: the good one, with body if it is not "".
func (at situation) refusal(name, body string, status int, code usersapi.ProblemCode) contracttest.Refusal {
	c := contracttest.Refusal{Name: name, Request: at.good(), Status: status, Code: string(code)}
	if body != "" {
		c.Body = body
	}
	return c
}

// about is a refused request for a resource other than that of the good one.
func (at situation) about(
	name string, of contracttest.Resource, status int, code usersapi.ProblemCode,
) contracttest.Refusal {
	c := at.refusal(name, "", status, code)
	c.Target = contracttest.Filled(at.op.Pattern, at.Fit(at.t, at.op, at.me, of).Path)
	return c
}

// member is an account with two live sessions, arranged without a login; the refresh token is the second's.
type member struct {
	user            usersdb.User
	session, second usersdb.Session
	access, refresh string
}

// AccessToken gives the token that the caller sends.
func (m member) AccessToken() string { return m.access }

// Subject gives the subject of the token.
func (m member) Subject() string { return m.user.ID.String() }

// stranger is a member whose address nobody has verified.
func (s *server) stranger() member {
	s.t.Helper()
	m := s.member()
	_, err := s.Pool.Exec(s.t.Context(), `UPDATE users SET email_verified_at = NULL WHERE id = $1`, m.user.ID)
	require.NoError(s.t, err)
	m.user.EmailVerifiedAt = nil
	return m
}

func (s *server) member(roles ...usersapi.Role) member {
	s.t.Helper()
	var m member
	if len(roles) == 0 {
		roles = []usersapi.Role{usersapi.RoleCustomer}
	}
	hash, err := s.service.hasher.Hash(s.t.Context(), goodPassword)
	require.NoError(s.t, err)
	m.user = s.account(newID().String()+"@example.com",
		func(p *usersdb.CreateUserParams) { p.PasswordHash, p.Roles = hash, toDBRoles(roles) })
	for _, session := range []*usersdb.Session{&m.second, &m.session} {
		*session, err = s.queries.StartSession(s.t.Context(), usersdb.StartSessionParams{
			ID: newID(), Family: newFamily(), UserID: m.user.ID, Address: "192.0.2.1", UserAgent: "test", PasswordHash: hash,
			CreatedAt: s.Clock.Now(), ExpiresAt: s.Clock.Now().Add(sessionLifetime),
		})
		require.NoError(s.t, err)
	}
	m.refresh = s.service.firstOf(m.second.Family)
	require.NoError(s.t, s.queries.CreateRefreshToken(s.t.Context(), usersdb.CreateRefreshTokenParams{
		Hash: hashOf(m.refresh), SessionID: m.second.ID, CreatedAt: s.Clock.Now(),
	}))
	tokens, _, err := s.service.newTokenSet(m.session, m.user.Roles, m.refresh)
	require.NoError(s.t, err)
	m.access = tokens.AccessToken
	return m
}
