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
	"os"
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

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/telemetry"
)

var update = flag.Bool("update", false, "write the golden files anew")

// answers are the usual responses of an operation. ANSWERS stands for them in the document.
const answers = `{'200': {description: Done., ` +
	`content: {application/json: {schema: {$ref: '#/components/schemas/Answer'}}}}, ` +
	`'503': {$ref: '#/components/responses/Problem'}, default: {$ref: '#/components/responses/Problem'}}`

// The bounds of bodies, and of the places that an answer names: TestBodySize and TestViolationsAreCapped hold them.
const (
	minBody       = 8 << 10
	maxBody       = 64 << 10
	maxViolations = 100
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
		return &Principal{Subject: uuid.MustParse("019324d2-3a5e-7c10-8f4e-2b6d1a9c0e79"),
			Roles: []string{"customer", "support"}}, nil
	case "admin":
		return &Principal{Subject: uuid.MustParse("019324d2-3a5e-7c10-8f4e-2b6d1a9c0e80"), Roles: []string{"admin"}},
			nil
	case "lost":
		return nil, errors.New("the key server at 10.0.0.9 does not answer")
	default:
		return nil, contract.ErrUnauthenticated
	}
}

func parseSpec(t testing.TB, text string) *openapi3.T {
	t.Helper()
	spec, err := openapi3.NewLoader().LoadFromData([]byte(strings.ReplaceAll(text, "ANSWERS", answers)))
	require.NoError(t, err)
	return spec
}

// loadThings loads the document of a service that has every kind of operation.
func loadThings(t testing.TB) (*contract.Document, *openapi3.T) {
	t.Helper()
	text, err := os.ReadFile("../contract/testdata/things.yaml")
	require.NoError(t, err)
	spec := parseSpec(t, string(text))
	document, err := contract.Load("things", spec)
	require.NoError(t, err)
	return document, spec
}

type service struct {
	spec     *openapi3.T
	chain    *Chain
	handler  http.Handler
	log      *lines
	registry *prometheus.Registry
	metrics  *telemetry.HTTPMetrics
}

// start makes a chain of things in front of handlers, which answer well unless told otherwise.
func start(t testing.TB, handlers map[string]http.HandlerFunc, change ...func(*Options)) *service {
	t.Helper()
	document, spec := loadThings(t)
	s := &service{spec: spec, log: &lines{}, registry: prometheus.NewRegistry()}
	var err error
	s.metrics, err = telemetry.NewHTTPMetrics(s.registry, document.Labels())
	require.NoError(t, err)
	options := Options{
		Document: document, Authenticator: people{}, Faults: []*fault.Error{errThingNotFound}, Metrics: s.metrics,
		Registry:    s.registry,
		Owners:      map[string]OwnerOf{"thingId": ownerOfThing},
		Idempotency: &memory{},
		Log:         slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Clock:       func() time.Time { return noon },
		Tuning:      Tuning{Responses: ResponsesEnforce},
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
func newRequest(t testing.TB, method, target string, body io.Reader, headers ...string) *http.Request {
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
	return s.serve(newRequest(t, method, target, reader, headers...))
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
