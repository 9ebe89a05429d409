package users

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/httpapi"
)

// The access matrix: every operation of the document, called by every kind of caller on its own, another's and a
// missing resource. What must come of it is read from x-access alone.

// resource says whose the thing is that a path names.
type resource string

const (
	own     resource = "own"
	others  resource = "other's"
	missing resource = "missing"
)

// kindOfCaller is one row of the matrix.
type kindOfCaller struct {
	name     string
	roles    []usersapi.Role
	signedIn bool
	revoked  bool
}

// kindsOfCaller are everybody who can call, one for each role that the document knows.
func kindsOfCaller(t *testing.T) []kindOfCaller {
	t.Helper()
	kinds := []kindOfCaller{{name: "anonymous"}, {name: "with a revoked session", roles: []usersapi.Role{usersapi.RoleAdmin}, revoked: true}}
	roles := loadSpec(t).Components.Schemas["Role"].Value.Enum
	require.Len(t, roles, 5)
	for _, role := range roles {
		kinds = append(kinds, kindOfCaller{name: fmt.Sprint(role), roles: []usersapi.Role{usersapi.Role(fmt.Sprint(role))}, signedIn: true})
	}
	return kinds
}

// member is an account with two live sessions, arranged without a login; the refresh token is the second's.
type member struct {
	user            usersdb.User
	session, second usersdb.Session
	access, refresh string
}

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
			ID: newID(), UserID: m.user.ID, Address: "192.0.2.1", UserAgent: "test", PasswordHash: hash, CreatedAt: s.clock.Now(), ExpiresAt: s.clock.Now().Add(sessionLifetime),
		})
		require.NoError(s.t, err)
	}
	m.refresh = newRefreshToken()
	require.NoError(s.t, s.queries.CreateRefreshToken(s.t.Context(), usersdb.CreateRefreshTokenParams{
		Hash: hashOf(m.refresh), SessionID: m.second.ID, CreatedAt: s.clock.Now(),
	}))
	tokens, _, err := s.service.tokens(m.session, m.user.Roles, m.refresh)
	require.NoError(s.t, err)
	m.access = tokens.AccessToken
	return m
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

// pathOf fills the path of an operation. mine and theirs are whose things it names.
func pathOf(op *httpapi.Operation, of resource, mine, theirs member) string {
	return pathParameter.ReplaceAllStringFunc(op.Pattern, func(parameter string) string {
		ids := map[resource]uuid.UUID{own: mine.user.ID, others: theirs.user.ID, missing: uuid.New()}
		if parameter == "{sessionId}" {
			ids[own], ids[others] = mine.second.ID, theirs.second.ID
		}
		return ids[of].String()
	})
}

// bodyOf gives a body that the operation accepts from m, "" where it takes none.
func bodyOf(t *testing.T, op *httpapi.Operation, m member) string {
	t.Helper()
	example := exampleOf(t, op)
	switch op.ID {
	case "createUser", "createUserV2":
		example["email"] = newID().String() + "@example.com"
	case "startSession":
		example["email"] = m.user.Email
		example["password"] = goodPassword
	case "refreshSession":
		example["refresh_token"] = m.refresh
	case "changePassword":
		example["current_password"] = goodPassword
	}
	if example == nil {
		return ""
	}
	text, err := json.Marshal(example)
	require.NoError(t, err)
	return string(text)
}

// exampleOf gives the document's example of the operation's body, nil where it takes none.
func exampleOf(t *testing.T, op *httpapi.Operation) map[string]any {
	t.Helper()
	body := specOf(t, op).RequestBody
	if body == nil {
		return nil
	}
	example, ok := body.Value.Content["application/json"].Example.(map[string]any)
	require.True(t, ok, op.ID)
	return maps.Clone(example)
}

// outcome is what came of a call, as far as the matrix goes.
type outcome struct {
	status int
	code   usersapi.ProblemCode
}

// expected reads from x-access what must come of a call.
func expected(op *httpapi.Operation, kind kindOfCaller, of resource) outcome {
	success := outcome{status: op.Statuses[0]}
	a := op.Policy.Access
	if a.Public {
		return success
	}
	if !kind.signedIn {
		return outcome{http.StatusUnauthorized, usersapi.ProblemCodeUnauthenticated}
	}
	holds := slices.ContainsFunc(kind.roles, func(r usersapi.Role) bool { return slices.Contains(a.Roles, string(r)) })
	named := pathParameter.MatchString(op.Pattern)
	switch {
	case a.Owner == "self" && named && of != own:
		return outcome{http.StatusNotFound, usersapi.ProblemCodeSessionNotFound}
	case a.Owner == "self":
		return success
	case a.Owner != "" && !holds && of != own:
		return outcome{http.StatusNotFound, usersapi.ProblemCode(a.HiddenAs)}
	case a.Owner == "" && !holds:
		return outcome{http.StatusForbidden, usersapi.ProblemCodeForbidden}
	case named && of == missing:
		return outcome{http.StatusNotFound, usersapi.ProblemCodeUserNotFound}
	case named && of == own && slices.Contains(op.Statuses, http.StatusConflict):
		return outcome{http.StatusConflict, usersapi.ProblemCodeSelfAdministration}
	default:
		return success
	}
}

// matrix calls one operation as everybody on everything and gives every cell in which something else came of it
// than want's policy says.
func (s *server) matrix(want *httpapi.Operation) (wrong []string, cells int) {
	s.t.Helper()
	resources := []resource{own}
	if pathParameter.MatchString(want.Pattern) {
		resources = append(resources, others, missing)
	}
	for _, kind := range kindsOfCaller(s.t) {
		hidden := map[resource]string{}
		for _, of := range resources {
			mine, theirs := s.member(kind.roles...), s.member()
			if kind.revoked {
				require.NoError(s.t, s.queries.EndSession(s.t.Context(), usersdb.EndSessionParams{ID: mine.session.ID, Now: s.clock.Now()}))
			}
			var headers []string
			if kind.signedIn || kind.revoked {
				headers = []string{"Authorization", "Bearer " + mine.access}
			}
			path := pathOf(want, of, mine, theirs)
			answer, body := s.do(want.Method, path, bodyOf(s.t, want, mine), headers...)
			got := outcome{status: answer.StatusCode}
			if got.status >= 400 {
				got.code = codeIn(s.t, []byte(body))
			}
			cells++
			if must := expected(want, kind, of); got != must {
				wrong = append(wrong, fmt.Sprintf("%s as %s on %s: %v, must be %v", want.ID, kind.name, of, got, must))
			}
			if got.status == http.StatusNotFound {
				hidden[of] = withoutIdentity(answer, body, path)
			}
		}
		if hidden[others] != "" && hidden[others] != hidden[missing] {
			wrong = append(wrong, fmt.Sprintf("%s as %s: another's answers\n%s\nand a missing one\n%s", want.ID, kind.name, hidden[others], hidden[missing]))
		}
	}
	return wrong, cells
}

var anyUUID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

var momentary = regexp.MustCompile(`"(request_id|timestamp)":"[^"]*"`)

// withoutIdentity writes an answer without what differs between any two requests.
func withoutIdentity(answer *http.Response, body, path string) string {
	var text strings.Builder
	fmt.Fprintln(&text, answer.StatusCode)
	for _, name := range slices.Sorted(maps.Keys(answer.Header)) {
		if name != "Date" && name != "X-Request-Id" {
			fmt.Fprintln(&text, name, answer.Header[name])
		}
	}
	text.WriteString(momentary.ReplaceAllString(body, `"$1":""`))
	return strings.ReplaceAll(text.String(), anyUUID.FindString(path), "ID")
}

func TestAccessMatrix(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, op := range loadDocument(t).Operations {
		t.Run(op.ID, func(t *testing.T) {
			t.Parallel()
			wrong, cells := s.matrix(op)
			require.Empty(t, strings.Join(wrong, "\n"))
			require.GreaterOrEqual(t, cells, 7)
		})
	}
}

// TestAccessMatrixSeesEveryRule shows that no rule of the document can go without the matrix noticing: each is
// weakened or dropped in turn in what the service obeys, and the matrix is held against the document as written.
func TestAccessMatrixSeesEveryRule(t *testing.T) {
	t.Parallel()
	for _, op := range loadDocument(t).Operations {
		a := op.Policy.Access
		changes := map[string]httpapi.Access{}
		if a.Public {
			changes["is for signed-in callers only"] = httpapi.Access{Owner: "self"}
		} else {
			changes["is public"] = httpapi.Access{Public: true}
		}
		if len(a.Roles) > 0 {
			changes["is for every signed-in caller"] = httpapi.Access{Owner: "self"}
			changes["is for customers, too"] = httpapi.Access{Roles: append(slices.Clone(a.Roles), "customer"), Owner: a.Owner, HiddenAs: a.HiddenAs}
		}
		for i, role := range a.Roles {
			changes["is not for "+role] = httpapi.Access{Roles: slices.Delete(slices.Clone(a.Roles), i, i+1), Owner: a.Owner, HiddenAs: a.HiddenAs}
		}
		if a.HiddenAs != "" {
			changes["is not for its owner"] = httpapi.Access{Roles: a.Roles}
		}
		for name, access := range changes {
			t.Run(op.ID+" "+name, func(t *testing.T) {
				t.Parallel()
				changed := withAccess(loadDocument(t), op.ID, access)
				s := start(t, func(o *options) {
					o.chain = func(c *httpapi.Options) { c.Document, c.Observe = changed, nil }
				})
				wrong, _ := s.matrix(op)
				require.NotEmpty(t, wrong)
			})
		}
	}
}

// withAccess gives a copy of a document in which one operation has another x-access.
func withAccess(d *httpapi.Document, id string, access httpapi.Access) *httpapi.Document {
	changed := *d
	changed.Operations = slices.Clone(d.Operations)
	for i, op := range changed.Operations {
		if op.ID == id {
			weaker := *op
			weaker.Policy.Access = access
			changed.Operations[i] = &weaker
		}
	}
	return &changed
}

// TestNoRolePassesEverything holds the document to its word: every role is refused something.
func TestNoRolePassesEverything(t *testing.T) {
	t.Parallel()
	for _, kind := range kindsOfCaller(t) {
		refused := slices.ContainsFunc(loadDocument(t).Operations, func(op *httpapi.Operation) bool {
			return expected(op, kind, others).status >= 400
		})
		require.True(t, refused, kind.name)
	}
}
