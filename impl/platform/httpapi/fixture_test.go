package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"github.com/oapi-codegen/runtime"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/telemetry"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// things is the document of a service that has every kind of operation. ANSWERS stands for the usual responses.
const things = `
openapi: 3.0.3
info: {title: Things, version: 1.0.0}
security: [{bearer: []}]
paths:
  /public:
    get:
      operationId: getPublic
      security: []
      x-access: {public: true}
      x-timeout: {limit: 10s, slow: 900ms}
      x-priority: normal
      parameters:
        - {name: limit, in: query, schema: {type: integer, format: int32, minimum: 1, maximum: 100, default: 20}}
        - {name: name, in: query, schema: {type: string, minLength: 1, maxLength: 8}}
        - {name: share, in: query, schema: {type: number, minimum: 0, maximum: 1}}
        - {name: since, in: query, schema: {type: string, format: date-time, maxLength: 64}}
        - {name: all, in: query, schema: {type: boolean}}
        - {name: X-Level, in: header, schema: {type: integer, minimum: 1}}
        - {name: visit, in: cookie, schema: {type: string, format: uuid}}
      x-codes: {'404': [thing_not_found], '409': [idempotency_key_in_use], '412': [thing_changed], '422': [idempotency_key_reused]}
      responses:
        '200': {description: Done., content: {application/json: {schema: {$ref: '#/components/schemas/Answer'}}}}
        '404': {$ref: '#/components/responses/Problem'}
        '409': {$ref: '#/components/responses/Problem'}
        '412': {$ref: '#/components/responses/Problem'}
        '422': {$ref: '#/components/responses/Problem'}
        '503': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /roles:
    post:
      operationId: useRole
      x-access: {roles: [admin]}
      x-timeout: {limit: 10s, slow: 5s}
      x-priority: low
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Small'}}}}
      responses: ANSWERS
  /things/all:
    get:
      operationId: listThings
      security: []
      x-access: {public: true}
      x-timeout: {limit: 10s, slow: 5s}
      x-priority: normal
      responses:
        '200':
          description: Done.
          headers: {ETag: {required: true, schema: {type: string}}, Retry-After: {schema: {type: integer}}}
          content: {application/json: {schema: {$ref: '#/components/schemas/Answer'}}}
        '401': {description: Who are you., headers: {WWW-Authenticate: {schema: {type: string}}, Set-Cookie: {schema: {type: string}}}, content: {application/problem+json: {schema: {$ref: '#/components/schemas/Problem'}}}}
        default: {$ref: '#/components/responses/Problem'}
  /people/{personId}/things:
    put:
      operationId: putThings
      x-access: {roles: [support], owner: personId, hidden_as: thing_not_found}
      x-timeout: {limit: 10s, slow: 1ns}
      x-priority: high
      x-audit: {action: thing.put, target: personId}
      parameters: [{$ref: '#/components/parameters/PersonId'}]
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Small'}}}}
      responses: ANSWERS
  /things/{thingId}:
    parameters: [{name: thingId, in: path, required: true, schema: {type: string, format: uuid}}]
    get:
      operationId: getThing
      x-access: {roles: [support], owner: thingId, hidden_as: thing_not_found}
      x-timeout: {limit: 10s, slow: 5s}
      x-priority: normal
      responses: ANSWERS
    patch:
      operationId: changeThing
      x-access: {roles: [support], owner: self}
      x-timeout: {limit: 10s, slow: 5s}
      x-priority: normal
      parameters: [{name: If-Match, in: header, required: true, schema: {type: string, maxLength: 100}}]
      requestBody: {required: false, content: {application/json: {schema: {$ref: '#/components/schemas/Change'}}}}
      responses: ANSWERS
  /once:
    post:
      operationId: doOnce
      x-access: {owner: self}
      x-idempotency: required
      x-timeout: {limit: 10s, slow: 5s}
      x-priority: normal
      x-audit: {action: thing.do, target: caller}
      x-codes: {'404': [thing_not_found]}
      parameters:
        - {name: note, in: query, schema: {type: string, maxLength: 9}}
        - {name: Idempotency-Key, in: header, required: true, schema: {type: string, minLength: 1, maxLength: 255, pattern: '^[!-~]{1,255}$'}}
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Everything'}}}}
      responses:
        '201':
          description: Done.
          headers: {Location: {required: true, schema: {type: string}}, Idempotency-Replayed: {schema: {type: string}}}
          content: {application/json: {schema: {$ref: '#/components/schemas/Answer'}}}
        '404': {$ref: '#/components/responses/Problem'}
        '503': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
    patch:
      operationId: doPerhaps
      x-access: {owner: self}
      x-idempotency: optional
      x-timeout: {limit: 10s, slow: 5s}
      x-priority: normal
      parameters: [{name: Idempotency-Key, in: header, schema: {type: string, minLength: 1, maxLength: 255, pattern: '^[!-~]{1,255}$'}}]
      responses: ANSWERS
  /self:
    get:
      operationId: getSelf
      x-access: {owner: self}
      x-timeout: {limit: 10s, slow: 5s}
      x-priority: critical
      x-audit: {action: self.get, target: caller}
      responses: ANSWERS
  /limited/address:
    get:
      operationId: limitAddress
      security: []
      x-access: {public: true}
      x-rate-limit: {requests: 3, window: 1m, per: address}
      x-timeout: {limit: 10s, slow: 5s}
      x-priority: normal
      responses: ANSWERS
  /limited/principal:
    get:
      operationId: limitPrincipal
      x-access: {owner: self}
      x-rate-limit: {requests: 2, window: 10s, per: principal}
      x-timeout: {limit: 10s, slow: 5s}
      x-priority: normal
      responses: ANSWERS
  /old/{personId}:
    get:
      operationId: getOld
      deprecated: true
      security: []
      x-access: {public: true}
      x-timeout: {limit: 10s, slow: 5s}
      x-priority: normal
      x-sunset: {since: '2026-11-23', date: '2027-11-30', successor: putThings}
      parameters: [{$ref: '#/components/parameters/PersonId'}]
      responses: ANSWERS
  /cookie:
    post:
      operationId: takeCookie
      security: []
      x-access: {public: true}
      x-timeout: {limit: 10s, slow: 5s}
      x-priority: normal
      parameters: [{name: session, in: cookie, schema: {type: string, maxLength: 64}}]
      responses: ANSWERS
  /echo:
    post:
      operationId: echo
      security: []
      x-access: {public: true}
      x-timeout: {limit: 10s, slow: 5s}
      x-priority: normal
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Everything'}}}}
      responses: ANSWERS
  /empty:
    delete:
      operationId: removeNothing
      security: []
      x-access: {public: true}
      x-timeout: {limit: 10s, slow: 5s}
      x-priority: normal
      responses:
        '204': {description: Gone.}
        default: {$ref: '#/components/responses/Problem'}
  /stream:
    get:
      operationId: stream
      security: []
      x-access: {public: true}
      x-timeout: {limit: 10s, slow: 5s}
      x-priority: normal
      responses:
        '200':
          description: Events.
          headers: {X-Kind: {required: true, schema: {type: string}}}
          content: {text/event-stream: {schema: {type: string}}}
        default: {$ref: '#/components/responses/Problem'}
  /follow:
    get:
      operationId: follow
      security: []
      x-access: {public: true}
      x-timeout: {limit: 10s, slow: 1ns, stream: 10m}
      x-priority: normal
      responses:
        '200':
          description: All of it, or as it comes.
          content:
            text/event-stream: {schema: {type: string}}
            text/csv: {schema: {type: string}}
            application/json: {schema: {$ref: '#/components/schemas/Answer'}}
        default: {$ref: '#/components/responses/Problem'}
  /brief:
    get:
      operationId: beBrief
      security: []
      x-access: {public: true}
      x-timeout: {limit: 5ms, slow: 1ms}
      x-priority: normal
      responses: ANSWERS
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}}
  parameters:
    PersonId: {name: personId, in: path, required: true, schema: {type: string, format: uuid}}
  responses:
    Problem:
      description: A failure.
      content: {application/problem+json: {schema: {$ref: '#/components/schemas/Problem'}}}
  schemas:
    Answer:
      type: object
      required: [ok]
      properties: {ok: {type: boolean}, said: {type: string}}
    Small:
      type: object
      additionalProperties: false
      required: [name]
      properties: {name: {type: string, minLength: 1, maxLength: 20}}
    Change:
      type: object
      additionalProperties: false
      properties: {note: {type: string, minLength: 1, maxLength: 20}}
    Everything:
      type: object
      additionalProperties: false
      required: [name]
      minProperties: 1
      properties:
        name: {type: string, minLength: 2, maxLength: 10}
        email: {type: string, format: email}
        id: {type: string, format: uuid}
        lower: {type: string, pattern: '^[a-z]+$'}
        colour: {type: string, enum: [red, green]}
        count: {type: integer, format: int64, minimum: 1, maximum: 9007199254740991}
        small: {type: integer, format: int32}
        big: {type: integer, format: int64}
        at: {type: string, format: date-time, maxLength: 64}
        times: {type: object, maxProperties: 3, additionalProperties: {type: array, maxItems: 2, items: {type: string, format: date-time, maxLength: 64}}}
        tenth: {type: number, multipleOf: 0.1}
        level: {type: number, enum: [1, 2.5]}
        ratios: {type: array, maxItems: 3, uniqueItems: true, items: {type: number}}
        ratio: {type: number, multipleOf: 0.5, minimum: -10.5, maximum: 10.5}
        flag: {type: boolean}
        nothing: {type: string, nullable: true}
        tags: {type: array, minItems: 1, maxItems: 3, uniqueItems: true, items: {type: string, maxLength: 5}}
        orders:
          type: array
          maxItems: 10
          items:
            type: object
            additionalProperties: false
            required: [quantity]
            properties:
              quantity: {type: integer, minimum: 1}
              note: {type: string, maxLength: 5}
        'a/b~c é': {type: integer}
        counts: {type: object, minProperties: 1, maxProperties: 2, additionalProperties: {type: integer}}
        either: {oneOf: [{type: string, maxLength: 3}, {type: integer}]}
        size: {type: integer, default: 7}
        secret: {type: string, x-sensitive: true}
    ProblemCode:
      type: string
      enum: [malformed_request, unauthenticated, forbidden, cross_origin_refused, not_found, method_not_allowed, body_too_large,
        unsupported_media_type, invalid_request, rate_limited, overloaded, timeout, unavailable, internal,
        precondition_required, idempotency_key_reused, idempotency_key_in_use, thing_not_found, thing_changed]
    Problem:
      type: object
      required: [type, title, status, detail, instance, code, request_id, timestamp]
      additionalProperties: false
      properties:
        type: {type: string, format: uri-reference, maxLength: 2048}
        title: {type: string, maxLength: 100, minLength: 1}
        status: {type: integer, minimum: 400, maximum: 599}
        detail: {type: string, maxLength: 1000, minLength: 1}
        instance: {type: string, format: uri-reference, maxLength: 2048}
        code: {$ref: '#/components/schemas/ProblemCode'}
        request_id: {type: string, maxLength: 128, minLength: 1}
        timestamp: {type: string, format: date-time}
        errors:
          type: array
          minItems: 1
          maxItems: 100
          items:
            type: object
            required: [pointer, keyword, detail]
            properties:
              pointer: {type: string, format: uri-reference, maxLength: 1024}
              keyword: {type: string}
              params: {type: object}
              detail: {type: string, maxLength: 400}
        current: {$ref: '#/components/schemas/Change'}
`

const answers = `{'200': {description: Done., content: {application/json: {schema: {$ref: '#/components/schemas/Answer'}}}}, ` +
	`'503': {$ref: '#/components/responses/Problem'}, default: {$ref: '#/components/responses/Problem'}}`

var (
	ada              = uuid.MustParse("019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77")
	bob              = uuid.MustParse("019324d2-3a5e-7c10-8f4e-2b6d1a9c0e78")
	errThingNotFound = fault.New(fault.NotFound, "thing_not_found", "There is no such thing.")
	errThingChanged  = fault.New(fault.PreconditionFailed, "thing_changed", "The thing has changed since you read it.")
	noon             = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
)

// people knows tokens that are the name of who sends them.
type people struct{}

func (people) Authenticate(_ context.Context, token string) (*Principal, error) {
	switch token {
	case "ada":
		return &Principal{Subject: ada, Roles: []string{"customer"}}, nil
	case "bob":
		return &Principal{Subject: bob}, nil
	case "support":
		return &Principal{Subject: uuid.MustParse("019324d2-3a5e-7c10-8f4e-2b6d1a9c0e79"), Roles: []string{"customer", "support"}}, nil
	case "admin":
		return &Principal{Subject: uuid.MustParse("019324d2-3a5e-7c10-8f4e-2b6d1a9c0e80"), Roles: []string{"admin"}}, nil
	case "lost":
		return nil, errors.New("the key server at 10.0.0.9 does not answer")
	default:
		return nil, ErrUnauthenticated
	}
}

func parseSpec(t testing.TB, text string) *openapi3.T {
	t.Helper()
	spec, err := openapi3.NewLoader().LoadFromData([]byte(strings.ReplaceAll(text, "ANSWERS", answers)))
	require.NoError(t, err)
	return spec
}

type service struct {
	chain    *Chain
	handler  http.Handler
	log      *lines
	registry *prometheus.Registry
	metrics  *telemetry.HTTPMetrics
}

// start makes a chain of things in front of handlers, which answer well unless told otherwise.
func start(t testing.TB, handlers map[string]http.HandlerFunc, change ...func(*Options)) *service {
	t.Helper()
	document, err := Load("things", parseSpec(t, things))
	require.NoError(t, err)
	s := &service{log: &lines{}, registry: prometheus.NewRegistry()}
	s.metrics, err = telemetry.NewHTTPMetrics(s.registry, document.Labels())
	require.NoError(t, err)
	options := Options{
		Document: document, Authenticator: people{}, Faults: []*fault.Error{errThingNotFound}, Metrics: s.metrics, Owners: map[string]OwnerOf{"thingId": ownerOfThing},
		Idempotency: &memory{},
		Log:         slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Clock:       func() time.Time { return noon },
		Responses:   ResponsesEnforce,
		// Callers of httptest come from there, and name their requests.
		TrustedProxies: []string{"192.0.2.0/24"},
	}
	for _, f := range change {
		f(&options)
	}
	s.chain, err = New(options)
	require.NoError(t, err)
	s.handler, err = s.chain.Handler(func(r chi.Router) {
		for _, o := range document.Operations {
			handle := handlers[o.ID]
			if handle == nil {
				handle = s.answer(o.ID)
			}
			r.Method(o.Method, o.Pattern, handle)
		}
	})
	require.NoError(t, err)
	return s
}

// answer does what generated code does around a handler that has nothing to say.
func (s *service) answer(id string) http.HandlerFunc {
	switch id {
	case "doOnce":
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/things/1")
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"ok":true}`)
		}
	case "listThings":
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `"1"`)
			writeJSON(w, map[string]any{"ok": true})
		}
	case "removeNothing":
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	case "stream":
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("X-Kind", "test")
			_, _ = io.WriteString(w, "data: 1\n\n")
		}
	case "echo":
		return func(w http.ResponseWriter, r *http.Request) {
			var body everything
			if err := runtime.BindJSONBody(r, &body); err != nil {
				s.chain.BindingFailed(w, r, err)
				return
			}
			text, _ := json.Marshal(body)
			writeJSON(w, map[string]any{"ok": true, "said": string(text)})
		}
	default:
		return func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, map[string]any{"ok": true}) }
	}
}

// adasThing is the one thing that there is.
var adasThing = uuid.MustParse("019324d2-3a5e-7c10-8f4e-2b6d1a9c0e81")

func ownerOfThing(_ context.Context, id uuid.UUID) (uuid.UUID, error) {
	if id != adasThing {
		return uuid.Nil, errThingNotFound
	}
	return ada, nil
}

type everything struct {
	Name  string                 `json:"name"`
	Email *string                `json:"email,omitempty"`
	Count *int64                 `json:"count,omitempty"`
	Big   *int64                 `json:"big,omitempty"`
	At    *time.Time             `json:"at,omitempty"`
	Times map[string][]time.Time `json:"times,omitempty"`
	Size  *int                   `json:"size,omitempty"`
	Ratio *float64               `json:"ratio,omitempty"`
	Tenth *float64               `json:"tenth,omitempty"`
	Level *float64               `json:"level,omitempty"`
	Flag  *bool                  `json:"flag,omitempty"`
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// request makes a request with header names and values in turns; a body is JSON unless it says otherwise.
func request(t testing.TB, method, target string, body io.Reader, headers ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, body)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("X-Request-ID", "test-request")
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
			continue
		}
		r.Header.Add(headers[i], headers[i+1])
		if headers[i] == "Content-Type" {
			r.Header.Set("Content-Type", headers[i+1])
		}
	}
	return r
}

func (s *service) serve(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

// send sends body as JSON, or none when it is empty.
func (s *service) send(t testing.TB, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	return s.serve(request(t, method, target, reader, headers...))
}

// problemIn reads a failure and holds it against the one shape that all of them have.
func problemIn(t testing.TB, w *httptest.ResponseRecorder) problem {
	t.Helper()
	require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"), w.Body.String())
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	d := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
	d.DisallowUnknownFields()
	var p problem
	require.NoError(t, d.Decode(&p), w.Body.String())
	require.Equal(t, io.EOF, d.Decode(new(any)))
	require.Equal(t, w.Code, p.Status)
	require.Equal(t, w.Header().Get("X-Request-ID"), p.RequestID)
	require.Equal(t, "/problems/"+p.Code, p.Type)
	for _, text := range []string{p.Title, p.Detail, p.Instance, p.RequestID, p.Timestamp} {
		require.NotEmpty(t, text)
	}
	return p
}

func requireCode(t testing.TB, w *httptest.ResponseRecorder, status int, code string) problem {
	t.Helper()
	require.Equal(t, status, w.Code, w.Body.String())
	p := problemIn(t, w)
	require.Equal(t, code, p.Code, w.Body.String())
	return p
}

func newRecorderWith(header, value string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	w.Header().Set(header, value)
	return w
}
