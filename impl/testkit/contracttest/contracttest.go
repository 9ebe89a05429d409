// Package contracttest holds a service against its OpenAPI document: from the document alone it makes the requests
// that must succeed, those that must be refused and by whom, and it counts what the tests have exercised.
//
// A service tells it what no document says, in a Service and an Arranger, and calls each check from a test of its own.
// Checks start the service themselves, on a database each, and run in parallel.
package contracttest

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/telemetry"
)

// Service is what the checks need to know of a service.
type Service struct {
	Document *httpapi.Document
	// Spec is the document as kin-openapi reads it.
	Spec *openapi3.T
	// Coverage is told of every answer.
	Coverage *Coverage
	// Roles are all that a caller can have. The first is that of whoever has no other.
	Roles []string
	// NotFound are the codes that answer for a thing which is not there, by the path parameter that names it.
	NotFound map[string]string
	// Beyond is what must be known of operations beyond the document, by operationId. Most need nothing.
	Beyond map[string]Beyond
	// Checked are the constraints of the database that list what a schema of the document enumerates.
	Checked map[string]string
	// Volatile are the tables that also a refused request may change.
	Volatile []string
	// Faults are the service's own.
	Faults []*fault.Error
	// Start serves on an empty database. change sets the options of the chain.
	Start func(t testing.TB, change ...func(*httpapi.Options)) *Server
}

// Beyond is what the checks must know of an operation beyond its document.
type Beyond struct {
	// Apart are the outcomes of calls that x-access does not tell.
	Apart []Exception
	// Unattached: it answers without the database.
	Unattached bool
	// Nameless: it is public and does not find out who is calling, lest the answer or its time tells.
	Nameless bool
	// Rules are the places of requests, as JSON pointers such as #/url, that have rules which no schema can say.
	Rules []string
	// Replaced are the members of bodies that the answer has other values for by intent.
	Replaced []string
	// Formats are the queries that ask for a media type where Accept does not, by media type.
	Formats map[string]string
}

// Known is Beyond with the requests to an operation that need something arranged, in terms of A, by which a service's
// tests arrange things. It stands beside the tests of its operation.
type Known[A any] struct {
	Beyond

	// Fit is what a request needs besides what the path names: members in place of the example's, where that is good
	// once only or names something that must be there, and header fields; nil: nothing.
	Fit func(a A, fit *Fit)
	// Refused are requests that the document allows and the state of things does not; nil: there are none.
	Refused func(a A) []Refusal
}

// Together puts what is known of operations of several resources together. An operation that is named twice is a
// mistake.
func Together[A any](of ...map[string]Known[A]) map[string]Known[A] {
	all := map[string]Known[A]{}
	for _, some := range of {
		for id, known := range some {
			if _, twice := all[id]; twice {
				panic("the operation " + id + " is known twice")
			}
			all[id] = known
		}
	}
	return all
}

// BeyondOf gives what a Service needs of what is known.
func BeyondOf[A any](known map[string]Known[A]) map[string]Beyond {
	beyond := map[string]Beyond{}
	for id, k := range known {
		beyond[id] = k.Beyond
	}
	return beyond
}

// Exception is an outcome that x-access does not tell.
type Exception struct {
	Of Resource
	// Role is one that the caller holds; empty: whoever it is.
	Role   string
	Status int
	Code   string
	// Why is for the reader.
	Why string
}

// Resource says whose the thing is that a request is about.
type Resource string

// The resources.
const (
	Own     Resource = "own"
	Others  Resource = "other's"
	Missing Resource = "missing"
)

// Caller is somebody who has an access token.
type Caller interface {
	AccessToken() string
	Subject() string
}

// Arranger makes what requests are about; each service has its own.
type Arranger interface {
	// Caller gives a caller with these roles, or the first of the service's where none are named.
	Caller(t testing.TB, roles ...string) Caller
	// EndSession makes the token of a caller one of a session that has ended.
	EndSession(t testing.TB, c Caller)
	// Fit arranges what an operation by a caller is about, the caller's own or another's, in the state from which it
	// succeeds. What it does for that leaves no trace of the caller's session.
	Fit(t testing.TB, op *httpapi.Operation, by Caller, of Resource) Fit
	// Refused are requests that the document allows and the state of things does not, made of a good one of that
	// caller's. Nothing changes by them.
	Refused(t testing.TB, op *httpapi.Operation, by Caller, good func() Request) []Refusal
}

// Fit makes the document's own example of a request one about what there is.
type Fit struct {
	// Path are the values of the parameters of the path.
	Path map[string]string
	// Query is sent as it is, escaped; most operations need none.
	Query string
	// Body are the members that take the place of the example's.
	Body map[string]any
	// Header are the fields that the document cannot know, such as If-Match.
	Header map[string]string
	// Shows stands in the answer if and only if the caller may see the thing, where x-access lets every signed-in
	// caller call and those with a role see everybody's.
	Shows string
}

// Server is a service that is being served, with a database, a clock and a log of its own.
type Server struct {
	Arranger

	URL   string
	Web   *httptest.Server
	Pool  *pgxpool.Pool
	Clock *Clock
	// Log is what has been logged, and Logger what logs.
	Log    *Log
	Logger *telemetry.Logger
}

// Chain gives the options of a chain that holds every answer against the document: one that breaks it fails the test.
func (s *Service) Chain(t testing.TB, log *slog.Logger) httpapi.Options {
	t.Helper()
	metrics, err := telemetry.NewMetrics(s.Document.Name, "test", nil)
	require.NoError(t, err)
	httpMetrics, err := telemetry.NewHTTPMetrics(metrics.Registry, s.Document.Labels())
	require.NoError(t, err)
	return httpapi.Options{
		Document: s.Document, Log: log, Metrics: httpMetrics, Responses: httpapi.ResponsesEnforce,
		Observe: func(op *httpapi.Operation, answered httpapi.Problem, violations []fault.Violation) {
			s.Coverage.observe(op, answered, len(violations))
			if len(violations) > 0 {
				t.Errorf("%s answered %d %s outside its document: %+v", op.ID, answered.Status, answered.Code, violations)
			}
		},
	}
}

// Serve serves what handler makes of the options of Chain after change. It ends with the test.
func (s *Service) Serve(
	t testing.TB, pool *pgxpool.Pool, clock *Clock, handler func(httpapi.Options) (http.Handler, error),
	change ...func(*httpapi.Options),
) *Server {
	t.Helper()
	served := &Server{Pool: pool, Clock: clock, Log: &Log{}}
	served.Logger = s.NewLogger(served.Log)
	options := s.Chain(t, served.Logger.Logger)
	for _, c := range change {
		c(&options)
	}
	h, err := handler(options)
	require.NoError(t, err)
	served.Web = httptest.NewServer(h)
	served.URL = served.Web.URL
	t.Cleanup(func() {
		served.Web.Close()
		require.NoError(t, served.Logger.Close())
	})
	return served
}

// NewLogger logs everything there is, down to debug, as the service would.
func (s *Service) NewLogger(log *Log) *telemetry.Logger {
	return telemetry.NewLogger(log,
		telemetry.LogOptions{Service: s.Document.Name, Level: slog.LevelDebug, Sensitive: s.Document.Sensitive})
}

// Logged gives what has been logged so far.
func (s *Server) Logged(t testing.TB) string {
	t.Helper()
	require.NoError(t, s.Logger.Flush())
	return s.Log.String()
}

// End ends the service and gives all that it has logged.
func (s *Server) End(t testing.TB) string {
	t.Helper()
	s.Web.Close() // It waits for requests that have been answered and not yet been logged.
	return s.Logged(t)
}

// spec gives an operation as the document writes it, and its parameters with those of its path.
func (s *Service) spec(op *httpapi.Operation) (*openapi3.Operation, openapi3.Parameters) {
	item := s.Spec.Paths.Find(op.Pattern)
	written := item.GetOperation(op.Method)
	parameters := slices.Clone(written.Parameters)
	for _, p := range item.Parameters {
		if written.Parameters.GetByInAndName(p.Value.In, p.Value.Name) == nil {
			parameters = append(parameters, p)
		}
	}
	return written, parameters
}

// able gives a caller for whom an operation succeeds and the resource on which it does.
func (s *Server) able(t testing.TB, op *httpapi.Operation) (Caller, Resource) {
	t.Helper()
	a := op.Policy.Access
	if named(op) && len(a.Roles) > 0 {
		return s.Caller(t, a.Roles...), Others
	}
	return s.Caller(t, a.Roles...), Own
}

// Patient gives a document in whose operations nobody runs out of time, however busy the machine is: a test about a
// time limit sends X-Request-Timeout-Ms.
func Patient(d *httpapi.Document) *httpapi.Document {
	patient := *d
	patient.Operations = nil
	for _, op := range d.Operations {
		copied := *op
		copied.Policy.Timeout.Limit *= 30
		patient.Operations = append(patient.Operations, &copied)
	}
	return &patient
}

// requireSome guards against a check that looks at nothing.
func requireSome(t testing.TB, n int, what string) {
	t.Helper()
	require.NotZero(t, n, "the document has no %s: the check looks in the wrong place", what)
}

// late bounds every wait.
const late = 30 * time.Second
