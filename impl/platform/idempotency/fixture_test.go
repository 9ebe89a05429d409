package idempotency

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/pgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(pgtest.M{M: m}) }

// effectsTable makes the table of what the requests of the tests do.
var effectsTable = fstest.MapFS{
	"00001_create_effects.sql": {Data: []byte("-- +goose Up\nCREATE TABLE effects (name text NOT NULL);\n")},
}

const document = `
openapi: 3.0.3
info: {title: Effects, version: 1.0.0}
security: [{bearer: []}]
paths:
  /effects:
    post:
      operationId: makeEffect
      x-access: {owner: self}
      x-idempotency: optional
      x-timeout: {limit: 60s, slow: 59s}
      x-priority: normal
      x-codes: {'409': [refused]}
      parameters:
        - {name: Idempotency-Key, in: header, schema: {type: string, maxLength: 255, pattern: '^[!-~]{1,255}$'}}
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              additionalProperties: false
              required: [name]
              properties: {name: {type: string, maxLength: 100}}
      responses:
        '201':
          description: Done.
          headers: {Location: {required: true, schema: {type: string}}, Idempotency-Replayed: {schema: {type: string}}}
          content: {application/json: {schema: {type: object, required: [id], properties: {id: {type: string}}}}}
        '409': {$ref: '#/components/responses/Problem'}
        '503': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
components:
  responses:
    Problem:
      description: A failure.
      content: {application/problem+json: {schema: {type: object}}}
  securitySchemes: {bearer: {type: http, scheme: bearer}}
  schemas:
    ProblemCode:
      type: string
      enum: [malformed_request, unauthenticated, body_too_large, unsupported_media_type, invalid_request,
        idempotency_key_reused, idempotency_key_in_use, overloaded, timeout, unavailable, internal, refused]
`

var (
	errRefused = fault.New(fault.Conflict, "refused", "It is refused.")
	errDefect  = errors.New("a defect")
)

// callers sign in with their id.
type callers struct{}

func (callers) Authenticate(_ context.Context, token string) (*httpapi.Principal, error) {
	id, err := uuid.Parse(token)
	return &httpapi.Principal{Subject: id}, err
}

// process is one process of a service whose requests have one effect each.
type process struct {
	t       testing.TB
	keeper  *Keeper
	handler http.Handler
	ran     atomic.Int32 // handlers
	// do is what the handler does; nil makes the effect and succeeds.
	do func(ctx context.Context, name string) error
	// undocumented makes it answer with what the document does not know.
	undocumented bool
}

// clock is a time that a test sets.
type clock struct{ now atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.now.Store(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC).Unix())
	return c
}

func (c *clock) Now() time.Time             { return time.Unix(c.now.Load(), 0).UTC() }
func (c *clock) advance(wait time.Duration) { c.now.Add(int64(wait / time.Second)) }

// begin starts a process on a database.
func begin(t testing.TB, config Config) *process {
	t.Helper()
	spec, err := openapi3.NewLoader().LoadFromData([]byte(document))
	require.NoError(t, err)
	loaded, err := contract.Load("effects", spec)
	require.NoError(t, err)
	metrics, err := telemetry.NewHTTPMetrics(prometheus.NewRegistry(), loaded.Labels())
	require.NoError(t, err)
	p := &process{t: t, keeper: New(config)}
	chain, err := httpapi.New(httpapi.Options{
		Document: loaded, Authenticator: callers{}, Log: slog.New(slog.DiscardHandler), Metrics: metrics, Clock: config.Clock,
		Tuning: httpapi.Tuning{Responses: httpapi.ResponsesEnforce}, Idempotency: p.keeper,
	})
	require.NoError(t, err)
	makeEffect := func(w http.ResponseWriter, r *http.Request) {
		id := p.ran.Add(1)
		body := r.Body.(interface{ ValidatedValue() any }).ValidatedValue().(map[string]any)
		do := p.do
		if do == nil {
			do = func(ctx context.Context, name string) error { return effect(ctx, config.Database, name) }
		}
		if err := do(r.Context(), body["name"].(string)); err != nil {
			chain.HandlerFailed(w, r, err)
			return
		}
		w.Header().Set("Location", "/effects/"+strconv.Itoa(int(id)))
		w.Header().Set("Content-Type", "application/json")
		if p.undocumented {
			w.Header().Del("Location")
		}
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]string{"id": uuid.NewString()})
	}
	p.handler, err = chain.Handler(func(r chi.Router) { r.Post("/effects", makeEffect) })
	require.NoError(t, err)
	return p
}

// effect is what a request does.
func effect(ctx context.Context, db postgres.Beginner, name string) error {
	return InTx(ctx, db, func(tx pgx.Tx) error { return insert(ctx, tx, name) })
}

func insert(ctx context.Context, tx pgx.Tx, name string) error {
	_, err := tx.Exec(ctx, "INSERT INTO effects (name) VALUES ($1)", name)
	return err
}

var ada = uuid.MustParse("019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77")

type answer struct {
	status   int
	code     string // of a problem
	body     string
	location string
	wait     string // Retry-After
	replayed bool
}

// send makes an effect with a key.
func (p *process) send(key, name string) answer { return p.sendAs(p.t.Context(), ada, key, name) }

func (p *process) sendAs(ctx context.Context, caller uuid.UUID, key, name string) answer {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/effects", strings.NewReader(`{"name":"`+name+`"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+caller.String())
	if key != "" {
		r.Header.Set("Idempotency-Key", strings.ReplaceAll(key, " ", "_"))
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	h := w.Header()
	body, _ := io.ReadAll(w.Body)
	a := answer{
		status: w.Code, body: string(body), location: h.Get("Location"), wait: h.Get("Retry-After"),
		replayed: h.Get("Idempotency-Replayed") == "true",
	}
	if a.status >= http.StatusBadRequest {
		var problem struct{ Code string }
		if err := json.Unmarshal(body, &problem); err != nil {
			p.t.Errorf("a failure is no problem: %s", body)
		}
		a.code = problem.Code
	}
	return a
}

// again is how an answer looks when it is given again.
func (a answer) again() answer {
	a.replayed = true
	return a
}

// effects counts what has been done.
func effects(t testing.TB, db Database, name string) (count int) {
	t.Helper()
	require.NoError(t, db.QueryRow(t.Context(), "SELECT count(*) FROM effects WHERE name = $1", name).Scan(&count))
	return count
}

// keys counts the rows that are kept.
func keys(t testing.TB, db Database) (count int) {
	t.Helper()
	require.NoError(t, db.QueryRow(t.Context(), "SELECT count(*) FROM idempotency_keys").Scan(&count))
	return count
}
