package contract

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLoad(t *testing.T) {
	t.Parallel()
	d := loadThings(t)
	require.True(t, json.Valid(d.JSON))
	require.Equal(t, []string{"secret"}, d.Sensitive)
	require.Contains(t, d.Codes, "thing_not_found")
	require.Len(t, d.Operations, 18)
	require.Len(t, d.Labels(), 18)
	require.Nil(t, d.Operation("nobody"))
	o := d.Operation("putThings")
	require.Equal(t, Access{Roles: []string{"support"}, Owner: "personId", HiddenAs: "thing_not_found"},
		o.Policy.Access)
	require.Equal(t, Duration(10*time.Second), o.Policy.Timeout.Limit)
	require.Equal(t, High, o.Policy.Priority)
	require.Equal(t, &Audit{Action: "thing.put", Target: "personId"}, o.Policy.Audit)
	require.Equal(t, []int{200, 503}, o.Statuses)
	require.Equal(t, &RateLimit{Requests: 3, Window: Duration(time.Minute), Per: "address"},
		d.Operation("limitAddress").Policy.RateLimit)
}

// good is the beginning of an operation that nothing is wrong with.
const good = `
openapi: 3.0.3
info: {title: Things, version: 1.0.0}
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}}
  schemas:
    ProblemCode:
      type: string
      enum: [malformed_request, unauthenticated, invalid_request, internal, overloaded, timeout, thing_not_found]
security: [{bearer: []}]
paths:
  /things/{thingId}:
    parameters: [{name: thingId, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getThing
      x-access: {owner: self}
      x-timeout: {limit: 2s, slow: 1s}
      x-priority: normal
      responses: {'204': {description: None.}}
`

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	const access, timeout, priority = "x-access: {owner: self}", "x-timeout: {limit: 2s, slow: 1s}",
		"x-priority: normal"
	with := func(line string) string { return priority + "\n      " + line }
	cases := map[string]struct{ old, new, says string }{
		"no access":   {access, "", "x-access is missing"},
		"no timeout":  {timeout, "", "x-timeout is missing"},
		"no priority": {priority, "", "x-priority is missing"},
		"a misspelt extension": {priority, with("x-rate-limt: {requests: 1, window: 1s, per: address}"),
			"x-rate-limt is no extension"},
		"a misspelt member":             {access, "x-access: {role: [admin]}", `x-access: json: unknown field "role"`},
		"access of another type":        {access, "x-access: public", "x-access: json"},
		"nobody":                        {access, "x-access: {}", "nobody may call"},
		"public false":                  {access, "x-access: {public: false}", "nobody may call"},
		"public with roles":             {access, "x-access: {public: true, roles: [admin]}", "public excludes roles"},
		"public with owner":             {access, "x-access: {public: true, owner: self}", "public excludes roles"},
		"public without empty security": {access, "x-access: {public: true}", "security is empty if and only if"},
		"empty security, not public":    {access, access + "\n      security: []", "security is empty if and only if"},
		"optional security, public": {access, "x-access: {public: true}\n      security: [{}]",
			"security is empty if and only if"},
		"an owner nobody hides": {access, "x-access: {owner: thingId}", "needs hidden_as"},
		"hidden without an owner": {access, "x-access: {roles: [admin], hidden_as: thing_not_found}",
			"hidden_as needs an owner"},
		"hidden as no code": {access, "x-access: {owner: thingId, hidden_as: nothing}",
			`"nothing" is no ProblemCode`},
		"self that is hidden": {access, "x-access: {owner: self, roles: [admin], hidden_as: thing_not_found}",
			"hidden_as needs an owner"},
		"an owner not in the path": {access, "x-access: {owner: id, hidden_as: thing_not_found}",
			"names the path parameter id"},
		"a time in the path": {"in: path, required: true, schema: {type: string}",
			"in: path, required: true, schema: {type: string, format: date-time}",
			"thingId is of the format date-time"},
		"slow beyond limit": {timeout, "x-timeout: {limit: 2s, slow: 3s}", "slow lies between"},
		"slow at limit":     {timeout, "x-timeout: {limit: 2s, slow: 2s}", "slow lies between"},
		"no slow":           {timeout, "x-timeout: {limit: 2s}", "slow lies between"},
		"a stream of nothing": {timeout, "x-timeout: {limit: 2s, slow: 1s, stream: 10m}",
			"stream needs an answer that is not JSON"},
		"a stream below the limit": {timeout, "x-timeout: {limit: 2s, slow: 1s, stream: 2s}",
			"stream is longer than limit"},
		"a limit below nothing":       {timeout, "x-timeout: {limit: -2s, slow: 1s}", "not longer than nothing"},
		"a limit that is no duration": {timeout, "x-timeout: {limit: soon, slow: 1s}", "x-timeout: "},
		"an unknown priority":         {priority, "x-priority: urgent", "x-priority: critical, high"},
		"a priority of another type":  {priority, "x-priority: 1", "x-priority: json"},
		"a limit of no requests": {priority, with("x-rate-limit: {requests: 0, window: 1s, per: address}"),
			"requests is at least one"},
		"a limit without a window": {priority, with("x-rate-limit: {requests: 1, per: address}"),
			"window whole seconds"},
		"a window below a second": {priority, with("x-rate-limit: {requests: 1, window: 10ms, per: address}"),
			"window whole seconds"},
		"a window of parts of seconds": {priority, with("x-rate-limit: {requests: 1, window: 1500ms, per: address}"),
			"window whole seconds"},
		"a limit per planet": {priority, with("x-rate-limit: {requests: 1, window: 1s, per: planet}"),
			"per is address or principal"},
		"a public limit per principal": {access,
			"x-access: {public: true}\n      security: []\n      " +
				"x-rate-limit: {requests: 1, window: 1s, per: principal}",
			"has no principal"},
		"an audit of nothing": {priority, with("x-audit: {target: caller}"), "action and target"},
		"an audit of nobody":  {priority, with("x-audit: {action: a.b}"), "action and target"},
		"an audit target not there": {priority, with("x-audit: {action: a.b, target: id}"),
			"names the path parameter id"},
		"deprecated without sunset": {priority, with("deprecated: true"), "x-sunset: goes together"},
		"sunset without deprecated": {priority,
			with("x-sunset: {since: '2026-01-01', date: '2027-01-01', successor: getThing}"),
			"x-sunset: goes together"},
		"sunset before since": {priority,
			with("deprecated: true\n      x-sunset: {since: '2027-01-01', date: '2026-01-01', successor: getThing}"),
			"date lies after"},
		"sunset on no date": {priority,
			with("deprecated: true\n      x-sunset: {since: '2026-01-01', date: '2027-02-30', successor: getThing}"),
			"x-sunset: "},
		"a successor that is not there": {priority,
			with("deprecated: true\n      x-sunset: {since: '2026-01-01', date: '2027-01-01', successor: getIt}"),
			`successor "getIt"`},
		"an unknown format": {"schema: {type: string}", "schema: {type: string, format: isbn}",
			`nobody checks the format "isbn"`},
		"an unknown format of a list": {"schema: {type: string}",
			"schema: {type: array, items: {type: string, format: isbn}}",
			`nobody checks the format "isbn"`},
		"an unknown format in a body": {priority,
			with("requestBody: {content: {application/json: {schema: {type: object, properties: {a: {type: string, " +
				"format: isbn}}}}}}"),
			`nobody checks the format "isbn" of a`},
		"an unknown format in an answer": {"{description: None.}",
			"{description: None., headers: {X-Isbn: {schema: {type: string, format: isbn}}}}",
			`nobody checks the format "isbn" of X-Isbn`},
		"two media types of a body": {priority,
			with("requestBody: {content: {application/json: {schema: {}}, text/plain: {schema: {}}}}"),
			"one media type"},
		"a body that may be left out and not be empty": {priority,
			with("requestBody: {content: {application/json: {schema: {type: object, required: [a]}}}}"),
			"write required: true"},
		"a body that may be left out and has a least": {priority,
			with("requestBody: {content: {application/json: {schema: {type: object, minProperties: 1}}}}"),
			"write required: true"},
		"a list that may be left out": {priority,
			with("requestBody: {content: {application/json: {schema: {type: array, items: {}}}}}"),
			"write required: true"},
		"a required If-Match without its code": {priority,
			with("parameters: [{name: if-match, in: header, required: true, schema: {type: string}}]"),
			`"precondition_required" is no ProblemCode`},
		"a body without a schema": {priority, with("requestBody: {content: {application/json: {}}}"),
			"one media type, with a schema"},
		"a header without a schema": {"{description: None.}",
			"{description: None., headers: {X-A: {content: {text/plain: {schema: {}}}}}}",
			"the header X-A of 204 has no schema"},
		"a parameter without a schema": {priority,
			with("parameters: [{name: q, in: query, content: {application/json: {schema: {}}}}]"),
			"the parameter q has no schema"},
		"a key for reading": {priority, with("x-idempotency: required"), "only POST and PATCH"},
		"a key of nobody": {access,
			"x-access: {public: true}\n      security: []\n      x-idempotency: optional",
			"no principal that a key belongs to"},
		"a key that is not taken": {priority, with("x-idempotency: optional"),
			"takes no header Idempotency-Key"},
		"a key that is required only in x-": {priority,
			with("x-idempotency: required\n      parameters: [{name: Idempotency-Key, in: header, schema: {type: " +
				"string}}]"), "required if and only if"},
		"a key that is required only as a header": {priority,
			with("x-idempotency: optional\n      parameters: [{name: Idempotency-Key, in: header, required: true, " +
				"schema: {type: string}}]"), "required if and only if"},
		"a cookie that is kept": {priority,
			with("x-idempotency: optional\n      parameters: [{name: c, in: cookie, schema: {type: string}}]"),
			"a cookie must not be kept"},
		"a stream that is kept": {"responses: {'204': {description: None.}}",
			"x-idempotency: optional\n      responses: {'200': {description: None., content: {text/csv: {schema: " +
				"{type: string}}}}}", "a stream cannot be kept"},
		"codes of another type": {priority, with("x-codes: [thing_not_found]"), "x-codes: json"},
		"codes of no status": {priority, with("x-codes: {default: [thing_not_found]}"),
			"x-codes: json"},
		"codes of a success": {priority, with("x-codes: {'204': [thing_not_found]}"),
			"x-codes: 204 is no failure"},
		"codes of a status that is not listed": {priority, with("x-codes: {'404': [thing_not_found]}"),
			"x-codes: 404 is no failure"},
		"a code that there is not": {"responses: {",
			"x-codes: {'404': [nothing]}\n      responses: {'404': {description: None.}, ",
			`"nothing" is no ProblemCode`},
		"a code that stands there twice": {"responses: {",
			"x-codes: {'404': [thing_not_found, thing_not_found]}\n      responses: {'404': {description: None.}, ",
			"stands there twice"},
		"a code that follows": {"responses: {",
			"x-codes: {'401': [unauthenticated]}\n      responses: {'401': {description: None.}, ",
			"401 unauthenticated follows from the rest"},
		"a code that follows from hidden_as": {access,
			"x-access: {owner: thingId, hidden_as: thing_not_found}\n      x-codes: {'404': [thing_not_found]}",
			"404 thing_not_found follows from the rest"},
		"a key now and then": {priority, with("x-idempotency: sometimes"),
			"x-idempotency: required or optional"},
		"a key of another type": {priority, with("x-idempotency: true"), "x-idempotency: json"},
		"keys without their codes": {priority, with("x-idempotency: optional"),
			`"idempotency_key_reused" is no ProblemCode`},
		"an operation for HEAD": {"    get:", "    head:", "none of GET, POST"},
		"no OpenAPI":            {"openapi: 3.0.3", "openapi: ''", "document things"},
	}
	_, err := Load("things", parseSpec(t, good))
	require.NoError(t, err)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, 1, strings.Count(good, c.old))
			_, err := Load("things", parseSpec(t, strings.Replace(good, c.old, c.new, 1)))
			require.ErrorContains(t, err, c.says)
			require.ErrorContains(t, err, "document things")
		})
	}
}

func TestLoadNamesEveryPlaceAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Load("things", parseSpec(t, `
openapi: 3.0.3
info: {title: Things, version: 1.0.0}
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}}
  schemas: {Loose: {type: string, format: isbn}}
security: [{bearer: []}]
paths:
  /a:
    get:
      operationId: getA
      x-timeout: {limit: 1s, slow: 2s}
      x-priority: urgent
      x-audit: {action: a.b, target: id}
      requestBody: {content: {application/json: {schema: {}}, text/plain: {schema: {}}}}
      responses: {'204': {description: None.}}
  /b:
    post:
      operationId: makeB
      deprecated: true
      x-access: {public: true, owner: self}
      x-acess: {}
      x-rate-limit: {requests: 0, window: 1s, per: planet}
      responses: {'204': {description: None.}}
    put:
      operationId: putB
      deprecated: true
      x-access: {owner: self}
      x-timeout: {limit: 2s, slow: 1s}
      x-priority: low
      x-sunset: {since: '2026-01-01', date: '2027-01-01', successor: nobody}
      responses: {'204': {description: None.}}
`))
	require.Error(t, err)
	for _, says := range []string{
		"GET /a: x-access is missing", "x-timeout: slow lies", "x-priority: critical", "names the path parameter id",
		"one media type",
		"POST /b: x-timeout is missing", "x-priority is missing", "x-acess is no extension", "public excludes",
		"requests is at least", "per is address",
		"x-sunset: goes together", "security is empty", `successor "nobody"`, `format "isbn"`,
	} {
		require.ErrorContains(t, err, says)
	}
	require.NotContains(t, err.Error(), "nobody may call", "what is missing is not complained of twice")
}

// An operation for HEAD would hide the one for GET.
func TestNoOperationForHead(t *testing.T) {
	t.Parallel()
	_, err := Load("things", parseSpec(t,
		strings.Replace(readThings(t), "  /self:\n    get:", "  /self:\n    head:", 1)))
	require.ErrorContains(t, err, "HEAD comes with GET")
}
