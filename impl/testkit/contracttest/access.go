package contracttest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
)

// The access matrix: every kind of caller calls every operation on its own resource, another's and a missing one. The
// expected outcome is read from x-access alone.

// kindOfCaller is one row of the matrix.
type kindOfCaller struct {
	name     string
	roles    []string
	signedIn bool
	ended    bool
}

// kinds are all kinds of callers: one for each role, nobody, and one with every role whose session has ended.
func (s *Service) kinds() []kindOfCaller {
	kinds := []kindOfCaller{{name: "anonymous"}, {name: "with a session that has ended", roles: s.Roles, ended: true}}
	for _, role := range s.Roles {
		kinds = append(kinds, kindOfCaller{name: role, roles: []string{role}, signedIn: true})
	}
	return kinds
}

// outcome is the part of an answer that the matrix compares.
type outcome struct {
	status int
	code   string
	hides  bool // the answer does not show the thing although there is one
}

// isList reports whether every signed-in caller may call and the result depends on the caller.
func isList(op *contract.Operation) bool {
	a := op.Policy.Access
	return a.Owner == "self" && len(a.Roles) > 0
}

// resources are the resources that a row of the matrix has a cell for.
func resources(op *contract.Operation) []Resource {
	switch {
	case named(op):
		return []Resource{Own, Others, Missing}
	case isList(op):
		return []Resource{Own, Others}
	default:
		return []Resource{Own}
	}
}

// expected derives the outcome of a call from x-access.
func (s *Service) expected(op *contract.Operation, kind kindOfCaller, of Resource) outcome {
	a := op.Policy.Access
	absent := outcome{status: http.StatusNotFound}
	if named(op) {
		absent.code = s.NotFound[namedLast(op)]
	}
	holds := slices.ContainsFunc(kind.roles, func(r string) bool { return slices.Contains(a.Roles, r) })
	switch {
	case !a.Public && !kind.signedIn:
		return outcome{status: http.StatusUnauthorized, code: contract.ErrUnauthenticated.Code}
	case a.Owner == "" && !a.Public && !holds:
		return outcome{status: http.StatusForbidden, code: contract.ErrForbidden.Code}
	case a.Owner == "self" && !holds && named(op) && of != Own:
		return absent
	case a.HiddenAs != "" && !holds && of != Own:
		return outcome{status: http.StatusNotFound, code: a.HiddenAs}
	case named(op) && of == Missing:
		return absent
	}
	for _, e := range s.Beyond[op.ID].Apart {
		if e.Of == of && (e.Role == "" || slices.Contains(kind.roles, e.Role)) {
			return outcome{status: e.Status, code: e.Code}
		}
	}
	return outcome{status: op.Statuses[0], hides: isList(op) && !holds && of == Others}
}

// matrix calls one operation as every kind of caller on every resource, and returns the cells whose outcome differs
// from want's policy.
func (s *Service) matrix(t testing.TB, server *Server, want *contract.Operation) (wrong []string, cells int) {
	t.Helper()
	for _, kind := range s.kinds() {
		hidden := map[Resource]string{}
		for _, of := range resources(want) {
			by := server.Caller(t, kind.roles...)
			r, fit := s.request(t, server, want, by, of)
			if kind.ended {
				server.EndSession(t, by)
			}
			if kind.signedIn || kind.ended {
				r = r.With(Bearer(by))
			}
			answer, body := server.Do(t, r)
			got := outcome{status: answer.StatusCode}
			if got.status >= http.StatusBadRequest {
				got.code = ProblemIn(t, answer, body).Code
			} else if isList(want) {
				require.NotEmpty(t, fit.Shows, want.ID)
				got.hides = !strings.Contains(body, fit.Shows)
			}
			cells++
			if must := s.expected(want, kind, of); got != must {
				wrong = append(wrong, fmt.Sprintf("%s as %s on %s: %+v, must be %+v", want.ID, kind.name, of, got, must))
			}
			if got.status == http.StatusNotFound {
				hidden[of] = withoutIdentity(answer, body, fit.Path)
			}
		}
		if hidden[Others] != "" && hidden[Others] != hidden[Missing] {
			wrong = append(wrong,
				fmt.Sprintf("%s as %s: another's answers\n%s\nand a missing one\n%s", want.ID, kind.name, hidden[Others],
					hidden[Missing]))
		}
	}
	return wrong, cells
}

var momentary = regexp.MustCompile(`"(request_id|timestamp)":"[^"]*"`)

// withoutIdentity returns an answer without the parts that differ between any two requests.
func withoutIdentity(answer *http.Response, body string, path map[string]string) string {
	var written strings.Builder
	fmt.Fprintln(&written, answer.StatusCode)
	for _, name := range slices.Sorted(maps.Keys(answer.Header)) {
		if name != "Date" && name != "X-Request-Id" {
			fmt.Fprintln(&written, name, answer.Header[name])
		}
	}
	plain := written.String() + momentary.ReplaceAllString(body, `"$1":""`)
	for name, value := range path {
		plain = strings.ReplaceAll(plain, value, "{"+name+"}")
	}
	return plain
}

// accessMatrix calls every operation as every kind of caller.
func accessMatrix(t *testing.T, s *Service) {
	t.Helper()
	server := s.Start(t)
	for _, op := range s.Document.Operations {
		for _, role := range op.Policy.Access.Roles {
			require.Contains(t, s.Roles, role, op.ID)
		}
		t.Run(op.ID, func(t *testing.T) {
			wrong, cells := s.matrix(t, server, op)
			require.Empty(t, strings.Join(wrong, "\n"))
			require.Equal(t, len(s.kinds())*len(resources(op)), cells)
		})
	}
}

// accessMatrixSeesEveryRule shows that the matrix notices every rule of the document: each rule is weakened or dropped
// in turn, and some cell must then change. accessMatrix shows that each cell of the service is as documented, so it is
// enough to compare what the two documents demand.
func accessMatrixSeesEveryRule(t *testing.T, s *Service) {
	t.Helper()
	for _, op := range s.Document.Operations {
		for name, access := range s.otherAccess(op.Policy.Access) {
			weakened := *op
			weakened.Policy.Access = access
			seen := false
			for _, kind := range s.kinds() {
				for _, of := range resources(op) {
					seen = seen || s.expected(op, kind, of) != s.expected(&weakened, kind, of)
				}
			}
			require.True(t, seen, "%s %s, and no cell of the matrix changes", op.ID, name)
		}
	}
}

// otherAccess returns the ways in which a rule can be wrong.
func (s *Service) otherAccess(a contract.Access) map[string]contract.Access {
	changes := map[string]contract.Access{}
	if a.Public {
		changes["is for signed-in callers only"] = contract.Access{Owner: "self"}
	} else {
		changes["is public"] = contract.Access{Public: true}
	}
	if len(a.Roles) > 0 {
		changes["is for every signed-in caller"] = contract.Access{Owner: "self"}
		if least := s.Roles[0]; !slices.Contains(a.Roles, least) {
			changes["is for everybody with the role "+least] = contract.Access{Roles: append(slices.Clone(a.Roles), least),
				Owner: a.Owner, HiddenAs: a.HiddenAs}
		}
	}
	for i, role := range a.Roles {
		changes["is not for "+role] = contract.Access{Roles: slices.Delete(slices.Clone(a.Roles), i, i+1), Owner: a.Owner,
			HiddenAs: a.HiddenAs}
	}
	if a.Owner != "" && len(a.Roles) > 0 {
		changes["is not for its owner"] = contract.Access{Roles: a.Roles}
	}
	return changes
}

// noRolePassesEverything checks that every role is refused something.
func noRolePassesEverything(t *testing.T, s *Service) {
	t.Helper()
	for _, kind := range s.kinds() {
		refused := slices.ContainsFunc(s.Document.Operations, func(op *contract.Operation) bool {
			return s.expected(op, kind, Others).status >= http.StatusBadRequest
		})
		require.True(t, refused, kind.name)
	}
}

// membersOf returns the members of a body.
func membersOf(t tester, body string) map[string]any {
	t.Helper()
	var members map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &members), body)
	return members
}
