package contracttest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/plumbline/impl/platform/contract"
)

// sequencesHoldTogether calls random operations, one after another, on things that they have made themselves: things
// are made, read, listed, changed, acted on and deleted, by permitted and by other callers, with current and stale
// versions, and requests are repeated. After each call the thing is read again. Its expected state follows from the
// document alone:
//
//   - if a change answers with the thing, the thing then reads the same; members that were sent have the new value, all
//     others their old one;
//   - the version of a thing changes if and only if the thing does, and a change with an old version is refused;
//   - a refused call changes nothing, and no call changes another thing of the same kind;
//   - every operation finds a thing until it is deleted, and none afterwards;
//   - a list holds every matching thing once, as it reads, and no deleted one;
//   - a repeated key gets the same answer and has no further effect, and is refused with another request.
//
// The flag -rapid.checks sets the number of sequences, and -rapid.steps their average length.
func sequencesHoldTogether(t *testing.T, s *Service) {
	t.Helper()
	server := s.Start(t)
	kinds := s.thingKinds()
	requireSome(t, len(kinds), "thing that is made and then read")
	succeeded := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		q := &sequence{succeeded: succeeded, Service: s, server: server, t: t, kinds: kinds,
			all: server.Caller(t, s.Roles...)}
		defer func() { rt.Log(script(q.calls...)) }()
		rt.Repeat(map[string]func(*rapid.T){"call": func(rt *rapid.T) {
			q.step(rt, drawn(rt, "operation", q.possible(), func(op *contract.Operation) string { return op.ID }))
		}})
		q.deleteAll(rt)
	})
	calls := 0
	for _, n := range succeeded {
		calls += n
	}
	t.Log("successful calls:", calls, succeeded)
	for _, op := range s.Document.Operations {
		if calls > 1000 && op.Statuses[0] == http.StatusCreated {
			require.NotZero(t, succeeded[op.ID], "%s is never called as it must be", op.ID)
		}
	}
}

// thingKind is what the operations say of the things that a path parameter names.
type thingKind struct {
	parameter string
	read      *contract.Operation
	list      *contract.Operation // nil: there is none whose items are like what is read
}

// thingKinds returns the kinds of the things that can be read at a path which ends with their name.
func (s *Service) thingKinds() map[string]thingKind {
	kinds := map[string]thingKind{}
	for _, op := range s.Document.Operations {
		if op.Method != http.MethodGet || op.Policy.Sunset != nil || !strings.HasSuffix(op.Pattern, "}") ||
			strings.Count(op.Pattern, "{") > 1 {
			continue
		}
		k := thingKind{parameter: namedLast(op), read: op}
		for _, list := range s.Document.Operations {
			if items := s.answers(list).Properties["items"]; list.Method == http.MethodGet && items != nil &&
				items.Value.Items.Value == s.answers(op) {
				k.list = list
			}
		}
		kinds[k.parameter] = k
	}
	return kinds
}

// answers returns the schema of an operation's successful answer, an empty one if that is not JSON.
func (s *Service) answers(op *contract.Operation) *openapi3.Schema {
	written, _ := s.spec(op)
	if content := written.Responses.Status(op.Statuses[0]).Value.Content[jsonType]; content != nil {
		return content.Schema.Value
	}
	return &openapi3.Schema{}
}

// thing is a thing that a sequence has made.
type thing struct {
	thingKind
	id      string
	owner   Caller
	deleted bool
}

func (one *thing) name() string { return one.id }

// drawn draws one of several values. A failure prints its name instead of its whole content.
func drawn[T any](rt *rapid.T, label string, of []T, name func(T) string) T {
	chosen := of[rapid.IntRange(0, len(of)-1).Draw(rt, label)]
	rt.Logf("%s: %s", label, name(chosen))
	return chosen
}

// state is a thing as it was read.
type state struct {
	status  int
	version string // its ETag
	text    string
	members map[string]any
}

// everything is the kind of caller that has every role.
const everything = "everything"

// sequence is the history of a sequence, and the things that it has made.
type sequence struct {
	*Service

	server *Server
	t      *testing.T
	kinds  map[string]thingKind
	all    Caller // has every role
	things []*thing
	calls  []call
	// succeeded counts the successful calls of each operation, over all sequences.
	succeeded map[string]int
}

// send sends a request as a caller and records it.
func (q *sequence) send(rt *rapid.T, r Request, by Caller, roles []string) (*http.Response, string) {
	c := call{Request: r.With(Bearer(by)), by: by, roles: roles}
	q.calls = append(q.calls, c)
	q.Coverage.generated.Add(1)
	answer, body := q.server.Do(rt, c.Request)
	rt.Log(r.Method, r.Target, answer.Status)
	return answer, body
}

// read reads a thing as a caller who sees everything.
func (q *sequence) read(rt *rapid.T, of *thing) state {
	answer, body := q.server.Do(rt,
		Request{Method: http.MethodGet, Target: Filled(of.read.Pattern, map[string]string{of.parameter: of.id}),
			Header: []string{Bearer(q.all)}})
	if of.deleted {
		require.Equal(rt, http.StatusNotFound, answer.StatusCode, "%s has been deleted: %s", of.parameter, body)
		require.Equal(rt, q.NotFound[of.parameter], ProblemIn(rt, answer, body).Code)
		return state{status: answer.StatusCode}
	}
	require.Equal(rt, of.read.Statuses[0], answer.StatusCode, "%s is there: %s", of.parameter, body)
	return state{status: answer.StatusCode, version: answer.Header.Get("ETag"), text: body, members: membersOf(rt, body)}
}

// step calls one operation.
func (q *sequence) step(rt *rapid.T, op *contract.Operation) {
	about, names, absent := q.pick(rt, op)
	kind, by := q.caller(rt, op)
	of := Others
	switch {
	case len(absent) > 0:
		of = Missing
	case about == nil, about.owner.Subject() == by.Subject():
		of = Own
	}
	fit := Fit{}
	if refer := q.known(); !refersTo(q.body(op), refer) {
		fit = q.server.Fit(q.t, op, by, Own)
	}
	r := q.inputs(op, q.known()).draw(rt, q.blank(op, names), fit)
	var before, othersBefore state
	var other *thing
	if about != nil {
		before = q.read(rt, about)
		if other = q.another(rt, about); other != nil {
			othersBefore = q.read(rt, other)
		}
	}
	stale := false
	if slices.Contains(op.Statuses, http.StatusPreconditionFailed) {
		version := before.version
		if stale = version == "" || rapid.IntRange(0, 3).Draw(rt, "version") == 0; stale {
			version = `"987654321"`
		}
		r = r.With("If-Match: " + version)
	}

	answer, body := q.send(rt, r, by, kind.roles)
	q.obeys(rt, op, r, answer, body)
	if op.Statuses[0] == http.StatusCreated && answer.StatusCode == http.StatusCreated {
		q.made(rt, op, kind, by, answer, body)
	}
	succeeded := answer.StatusCode < http.StatusBadRequest
	if succeeded {
		q.succeeded[op.ID]++
	}
	q.allowed(rt, op, kind, of, absent, answer, body)
	require.False(rt, succeeded && stale, "%s with a stale version: %s", op.ID, body)
	if about != nil {
		q.changed(rt, op, r, by, about, before, succeeded, body)
	}
	if other != nil {
		require.Equal(rt, othersBefore, q.read(rt, other), "%s has changed another %s", op.ID, other.parameter)
	}
	if kind := q.listed(op); kind != nil && succeeded && by.Subject() == q.all.Subject() {
		q.lists(rt, *kind, r, body)
	}
	if op.Policy.Idempotency != "" && succeeded {
		q.repeat(rt, op, r, by, kind.roles, answer, body)
	}
}

// allowed compares an answer with what x-access says, for a thing that exists or does not.
func (q *sequence) allowed(
	rt *rapid.T, op *contract.Operation, kind kindOfCaller, of Resource, absent []string, answer *http.Response,
	body string,
) {
	must := q.expected(op, kind, of)
	if must.status < http.StatusBadRequest {
		require.False(rt, named(op) && answer.StatusCode == http.StatusNotFound, "%s: it is there: %s", op.ID, body)
		return
	}
	require.GreaterOrEqual(rt, answer.StatusCode, http.StatusBadRequest, "%s as %s on %s: %s", op.ID, kind.name, of, body)
	code := ProblemIn(rt, answer, body).Code
	if must.status == http.StatusNotFound {
		// Rules beyond the schema come first, and of several missing things any one may be named.
		require.Contains(rt, append(absent, must.code, contract.ErrInvalid.Code), code, op.ID)
		return
	}
	require.Equal(rt, must.code, code, "%s as %s on %s: %s", op.ID, kind.name, of, body)
}

// possible returns the operations that have a thing to act on; those that make things are in it several times.
func (q *sequence) possible() []*contract.Operation {
	var possible []*contract.Operation
	for _, op := range q.Document.Operations {
		weight := 1
		if op.Statuses[0] == http.StatusCreated {
			weight = 4
		}
		for _, match := range pathParameter.FindAllStringSubmatch(op.Pattern, -1) {
			if len(q.those(match[1])) == 0 && q.kinds[match[1]].read != nil {
				weight = 0
			}
		}
		possible = append(possible, slices.Repeat([]*contract.Operation{op}, weight)...)
	}
	return possible
}

// pick returns the things that the path of an operation names, mostly existing ones. about is the thing named last, nil
// if it never existed or the path names none; absent are the codes of the missing things.
func (q *sequence) pick(rt *rapid.T, op *contract.Operation) (about *thing, names map[string]string, absent []string) {
	names = map[string]string{}
	for _, match := range pathParameter.FindAllStringSubmatch(op.Pattern, -1) {
		parameter := match[1]
		about = nil
		names[parameter] = uuid.NewString()
		if those := q.those(parameter); len(those) > 0 && rapid.IntRange(0, 9).Draw(rt, "there is one") < 9 {
			about = drawn(rt, parameter, those, (*thing).name)
			names[parameter] = about.id
		}
		if about == nil || about.deleted {
			absent = append(absent, q.NotFound[parameter])
		}
	}
	return about, names, absent
}

// those returns the things that a parameter names.
func (q *sequence) those(parameter string) []*thing {
	var those []*thing
	for _, one := range q.things {
		if one.parameter == parameter {
			those = append(those, one)
		}
	}
	return those
}

// caller returns a caller who mostly may do anything. Operations that change the caller itself are called by one who
// does nothing else.
func (q *sequence) caller(rt *rapid.T, op *contract.Operation) (kindOfCaller, Caller) {
	may := kindOfCaller{name: everything, roles: q.Roles, signedIn: true}
	switch {
	case !named(op) && op.Method != http.MethodGet && op.Policy.Access.Roles == nil:
		return may, q.server.Caller(q.t, q.Roles...)
	case rapid.IntRange(0, 4).Draw(rt, "may") < 4:
		return may, q.all
	}
	role := rapid.SampledFrom(q.Roles).Draw(rt, "role")
	return kindOfCaller{name: role, roles: []string{role}, signedIn: true}, q.server.Caller(q.t, role)
}

// another returns another thing of the same kind, nil if there is none.
func (q *sequence) another(rt *rapid.T, than *thing) *thing {
	others := slices.DeleteFunc(q.those(than.parameter), func(one *thing) bool { return one == than })
	if len(others) == 0 {
		return nil
	}
	return drawn(rt, "another", others, (*thing).name)
}

// blank returns a minimal request: an empty object as its body and a fresh key, if the operation takes them.
func (q *sequence) blank(op *contract.Operation, names map[string]string) Request {
	r := Request{Method: op.Method, Target: Filled(op.Pattern, names)}
	if schema := q.body(op); schema != nil {
		r = r.With(asJSON)
		r.Body = "{}"
	}
	if op.Policy.Idempotency != "" {
		r = r.With(idempotencyKey + ": " + uuid.NewString())
	}
	return r
}

// known returns the things that a request can refer to.
func (q *sequence) known() known {
	ids := known{}
	for parameter := range q.kinds {
		property := strings.TrimSuffix(parameter, "Id") + "_id"
		ids[property] = []string{}
		for _, one := range q.those(parameter) {
			if !one.deleted {
				ids[property] = append(ids[property], one.id)
			}
		}
	}
	return ids
}

// refersTo reports whether a schema has a property that refers to a thing.
func refersTo(schema *openapi3.Schema, refer known) bool {
	if schema == nil {
		return false
	}
	if schema.Items != nil {
		return refersTo(schema.Items.Value, refer)
	}
	for name, property := range schema.Properties {
		if _, is := refer[name]; is || refersTo(property.Value, refer) {
			return true
		}
	}
	return false
}

// made records a new thing.
func (q *sequence) made(
	rt *rapid.T, op *contract.Operation, kind kindOfCaller, by Caller, answer *http.Response, body string,
) {
	location := answer.Header.Get("Location")
	for _, k := range q.kinds {
		if !matches(k.read.Pattern, location) {
			continue
		}
		one := &thing{thingKind: k, id: lastPart(location), owner: by}
		q.things = append(q.things, one)
		q.calls[len(q.calls)-1].makes, q.calls[len(q.calls)-1].made = k.parameter+strconv.Itoa(len(q.things)), one.id
		read := q.read(rt, one)
		if q.answers(op) == q.answers(k.read) && kind.name == everything {
			require.JSONEq(rt, body, read.text, op.ID)
		}
		q.readByStranger(rt, one)
	}
}

// readByStranger reads a thing as a caller who has no more than an account.
func (q *sequence) readByStranger(rt *rapid.T, one *thing) {
	least := kindOfCaller{name: "a stranger", roles: q.Roles[:1], signedIn: true}
	r := q.blank(one.read, map[string]string{one.parameter: one.id})
	answer, body := q.send(rt, r, q.server.Caller(q.t, least.roles...), least.roles)
	q.allowed(rt, one.read, least, Others, nil, answer, body)
}

// changed reads a thing after a call and compares it.
func (q *sequence) changed(
	rt *rapid.T, op *contract.Operation, r Request, by Caller, about *thing, before state, succeeded bool, body string,
) {
	if succeeded && op.Method == http.MethodDelete && namedLast(op) == about.parameter &&
		strings.HasSuffix(op.Pattern, "}") {
		about.deleted = true
	}
	after := q.read(rt, about)
	if !succeeded || op.Method == http.MethodGet {
		require.Equal(rt, before, after, "%s has changed a thing that it does not", op.ID)
		return
	}
	if about.deleted {
		return
	}
	if slices.Contains(op.Statuses, http.StatusPreconditionFailed) {
		require.Equal(rt, before.text == after.text, before.version == after.version,
			"%s: the version changes with the thing: %s", op.ID, after.text)
	}
	if isChangeOf(op, about.parameter) && q.answers(op) == q.answers(about.read) && by.Subject() == q.all.Subject() {
		require.JSONEq(rt, body, after.text, "%s answers what is then read", op.ID)
	}
	if op.Method == http.MethodPatch {
		q.patched(rt, op, r, before, after)
	}
}

// isChangeOf reports whether the document says that an operation changes the thing that a parameter names: by its
// method, or by the target of its audit entry. Another operation under a thing may answer with a thing of the same
// shape that is another one.
func isChangeOf(op *contract.Operation, parameter string) bool {
	if op.Method == http.MethodPut || op.Method == http.MethodPatch {
		return namedLast(op) == parameter
	}
	return op.Policy.Audit != nil && op.Policy.Audit.Target == parameter
}

// patched compares a thing with the change that was sent.
func (q *sequence) patched(rt *rapid.T, op *contract.Operation, r Request, before, after state) {
	sent := membersOf(rt, r.Body)
	for name := range q.body(op).Properties {
		if value, there := sent[name]; there {
			require.True(rt, within(value, after.members[name]) || value == nil && after.members[name] == nil,
				"%s: %s was sent as %v and is read as %v", op.ID, name, value, after.members[name])
		} else {
			require.Equal(rt, before.members[name], after.members[name], "%s: %s was not sent", op.ID, name)
		}
	}
}

// listed returns the kind of things that an operation lists, nil for none.
func (q *sequence) listed(op *contract.Operation) *thingKind {
	for _, k := range q.kinds {
		if k.list == op {
			return &k
		}
	}
	return nil
}

// mostPages bounds the pages of a list that are read: with a limit of 1 there is a page for each thing that was made or
// arranged since the oldest of the sequence.
const mostPages = 1000

// lists reads the pages of a list from the first. Filters are parameters with the name of a property of its items.
func (q *sequence) lists(rt *rapid.T, kind thingKind, r Request, body string) {
	asked, err := url.Parse(r.Target)
	require.NoError(rt, err)
	query := asked.Query()
	filters, bounded := map[string]any{}, true
	_, parameters := q.spec(kind.list)
	for _, p := range parameters {
		name := p.Value.Name
		switch {
		case p.Value.In != openapi3.ParameterInQuery || name == "limit":
		case q.answers(kind.read).Properties[name] == nil:
			bounded = bounded && !query.Has(name)
		case query.Has(name):
			filters[name] = query.Get(name)
		case p.Value.Schema.Value.Default != nil:
			filters[name] = p.Value.Schema.Value.Default
		}
	}
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil {
		limit = int(parameters.GetByInAndName(openapi3.ParameterInQuery, "limit").Schema.Value.Default.(float64))
	}
	wanted := map[string]*thing{}
	for _, one := range q.things {
		if one.parameter == kind.parameter && bounded && !one.deleted {
			wanted[one.id] = one
		}
	}
	for id, one := range wanted {
		if members := q.read(rt, one).members; !fits(members, filters) {
			delete(wanted, id)
		}
	}
	seen := map[string]bool{}
	for range mostPages {
		var page struct {
			Items      []map[string]any `json:"items"`
			NextCursor *string          `json:"next_cursor"`
		}
		require.NoError(rt, json.Unmarshal([]byte(body), &page))
		require.LessOrEqual(rt, len(page.Items), limit, "%s", body)
		for _, item := range page.Items {
			id, _ := item["id"].(string)
			require.False(rt, seen[id], "%s lists %s twice", kind.list.ID, id)
			seen[id] = true
			require.True(rt, fits(item, filters), "%s lists %v for %v", kind.list.ID, item, filters)
			for _, one := range q.things {
				if one.id == id {
					require.False(rt, one.deleted, "%s lists what is deleted", kind.list.ID)
					require.Equal(rt, q.read(rt, one).members, item, "%s lists what is read", kind.list.ID)
					delete(wanted, id)
				}
			}
		}
		if page.NextCursor == nil || len(wanted) == 0 {
			break
		}
		query.Set("cursor", *page.NextCursor)
		r.Target = asked.Path + "?" + query.Encode()
		var answer *http.Response
		answer, body = q.send(rt, r, q.all, q.Roles)
		require.Equal(rt, http.StatusOK, answer.StatusCode, body)
	}
	require.Empty(rt, slices.Collect(maps.Keys(wanted)), "%s does not list them", kind.list.ID)
}

// fits reports whether an item has the requested values.
func fits(item, filters map[string]any) bool {
	for name, value := range filters {
		if fmt.Sprint(item[name]) != fmt.Sprint(value) {
			return false
		}
	}
	return true
}

// deleteAll deletes everything that can be deleted, so that the next sequence also begins with nothing.
func (q *sequence) deleteAll(rt *rapid.T) {
	for _, op := range q.Document.Operations {
		if op.Method != http.MethodDelete || !strings.HasSuffix(op.Pattern, "}") {
			continue
		}
		for _, one := range q.those(namedLast(op)) {
			if !one.deleted {
				answer, body := q.send(rt, q.blank(op, map[string]string{one.parameter: one.id}), q.all, q.Roles)
				require.Equal(rt, op.Statuses[0], answer.StatusCode, body)
				one.deleted = true
				q.read(rt, one)
			}
		}
	}
}

// repeat sends a successful request with its key again, and then another request with that key.
func (q *sequence) repeat(
	rt *rapid.T, op *contract.Operation, r Request, by Caller, roles []string, answer *http.Response, body string,
) {
	again, bodyAgain := q.send(rt, r, by, roles)
	require.Equal(rt, answer.StatusCode, again.StatusCode, "%s again: %s", op.ID, bodyAgain)
	require.Equal(rt, body, bodyAgain, "%s again", op.ID)
	require.Equal(rt, "true", again.Header.Get("Idempotency-Replayed"), "%s again", op.ID)
	other := q.inputs(op, q.known()).draw(rt, r, Fit{})
	if other.Header = r.Header; other.Body != r.Body {
		answer, body = q.send(rt, other, by, roles)
		require.Equal(rt, http.StatusUnprocessableEntity, answer.StatusCode, "%s with the key of another: %s", op.ID, body)
		require.Equal(rt, contract.ErrIdempotencyKeyReused.Code, ProblemIn(rt, answer, body).Code)
	}
}
