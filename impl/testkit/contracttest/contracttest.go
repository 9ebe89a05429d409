// Package contracttest tests a service against its OpenAPI document. From the document alone it makes requests that
// must succeed and requests that must be refused, for every kind of caller, and it counts which parts of the document
// the tests have exercised.
//
// A service adds what no document says, in a Service and an Arranger, and calls each check from a test of its own.
// Checks start the service themselves, each on its own database, and run in parallel.
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

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/telemetry"
)

// Service is everything that the checks need to know of a service.
type Service struct {
	Document *contract.Document
	// Spec is the document as kin-openapi reads it.
	Spec *openapi3.T
	// Coverage counts every answer.
	Coverage *Coverage
	// Roles are all roles that a caller can have. The first is the default role.
	Roles []string
	// NotFound are the codes for a missing thing, by the path parameter that names it.
	NotFound map[string]string
	// Beyond is what must be known of operations beyond the document, by operationId. Most operations need nothing.
	Beyond map[string]Beyond
	// Checked are the database constraints that list the values of a schema's enumeration.
	Checked map[string]string
	// Volatile are the tables that even a refused request may change.
	Volatile []string
	// Faults are the service's own.
	Faults []*fault.Error
	// Start serves on an empty database. change sets options of the chain.
	Start func(t testing.TB, change ...func(*httpapi.Options)) *Server
}

// Beyond is what the checks must know of an operation beyond its document.
type Beyond struct {
	// Apart are the outcomes of calls that differ from x-access.
	Apart []Exception
	// Unattached: the operation answers without the database.
	Unattached bool
	// Nameless: the operation is public and ignores who is calling, because otherwise the answer or its time would tell.
	Nameless bool
	// Rules are the places of requests, as JSON pointers such as #/url, that have rules beyond their schema.
	Rules []string
	// Replaced are the members of bodies that the answer shows with another value on purpose.
	Replaced []string
	// Formats are the queries that select a media type where Accept does not, by media type.
	Formats map[string]string
}

// Known is Beyond, together with the requests that need something arranged, in terms of A, by which a service's tests
// arrange things. It stands beside the tests of its operation.
type Known[A any] struct {
	Beyond

	// Fit is what a request needs besides the things that its path names: members that replace values of the example that
	// are good only once or refer to things that must exist, and header fields; nil: nothing.
	Fit func(a A, fit *Fit)
	// Refused are requests that the document allows and the current state refuses; nil: none.
	Refused func(a A) []Refusal
}

// Together merges what is known of the operations of several resources. It is a mistake to name an operation twice.
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

// BeyondOf returns the part of known that a Service needs.
func BeyondOf[A any](known map[string]Known[A]) map[string]Beyond {
	beyond := map[string]Beyond{}
	for id, k := range known {
		beyond[id] = k.Beyond
	}
	return beyond
}

// Exception is an outcome that differs from x-access.
type Exception struct {
	Of Resource
	// Role is a role of the caller; empty: any caller.
	Role   string
	Status int
	Code   string
	// Why is the reason, for readers.
	Why string
}

// Resource says who owns the thing that a request names.
type Resource string

// The resources.
const (
	Own     Resource = "own"
	Others  Resource = "other's"
	Missing Resource = "missing"
)

// Caller is somebody with an access token.
type Caller interface {
	AccessToken() string
	Subject() string
}

// Arranger makes the things that requests are about; each service has its own.
type Arranger interface {
	// Caller returns a caller with these roles, or with the service's first role if none are named.
	Caller(t testing.TB, roles ...string) Caller
	// EndSession ends the session of a caller's token.
	EndSession(t testing.TB, c Caller)
	// Fit arranges the thing that an operation by a caller is about, the caller's own or another's, in a state in which
	// the operation succeeds. It leaves no trace of the caller's session.
	Fit(t testing.TB, op *contract.Operation, by Caller, of Resource) Fit
	// Refused are requests that the document allows and the current state refuses, made from a good one of that caller's.
	// They change nothing.
	Refused(t testing.TB, op *contract.Operation, by Caller, good func() Request) []Refusal
}

// Fit adapts the document's own example of a request to existing things.
type Fit struct {
	// Path holds the values of the path parameters.
	Path map[string]string
	// Query is sent verbatim, escaped; most operations need none.
	Query string
	// Body holds the members that replace those of the example.
	Body map[string]any
	// Header holds the fields that the document cannot know, such as If-Match.
	Header map[string]string
	// Shows is in the answer if and only if the caller may see the thing, for an operation that x-access opens to every
	// signed-in caller and whose result depends on the caller's role.
	Shows string
}

// Server is a running service, with a database, a clock and a log of its own.
type Server struct {
	Arranger

	URL   string
	Web   *httptest.Server
	Pool  *pgxpool.Pool
	Clock *Clock
	// Log holds the log, and Logger writes to it.
	Log    *Log
	Logger *telemetry.Logger
}

// Chain returns the options of a chain that checks every answer against the document: an answer that breaks it fails
// the test.
func (s *Service) Chain(t testing.TB, log *slog.Logger) httpapi.Options {
	t.Helper()
	metrics, err := telemetry.NewMetrics(s.Document.Name, "test", nil)
	require.NoError(t, err)
	httpMetrics, err := telemetry.NewHTTPMetrics(metrics.Registry, s.Document.Labels())
	require.NoError(t, err)
	return httpapi.Options{
		Document: s.Document, Log: log, Metrics: httpMetrics,
		Tuning: httpapi.Tuning{Responses: httpapi.ResponsesEnforce},
		Observe: func(op *contract.Operation, answered contract.Problem, violations []fault.Violation) {
			s.Coverage.observe(op, answered, len(violations))
			if len(violations) > 0 {
				t.Errorf("%s answered %d %s outside its document: %+v", op.ID, answered.Status, answered.Code, violations)
			}
		},
	}
}

// Serve serves the handler that is made from the options of Chain after change. It ends with the test.
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

// NewLogger logs everything, down to debug, as the service would.
func (s *Service) NewLogger(log *Log) *telemetry.Logger {
	return telemetry.NewLogger(log,
		telemetry.LogOptions{Service: s.Document.Name, Level: slog.LevelDebug, Sensitive: s.Document.Sensitive})
}

// Logged returns the log so far.
func (s *Server) Logged(t testing.TB) string {
	t.Helper()
	require.NoError(t, s.Logger.Flush())
	return s.Log.String()
}

// End ends the service and returns its whole log.
func (s *Server) End(t testing.TB) string {
	t.Helper()
	s.Web.Close() // It waits for answered requests that are not yet logged.
	return s.Logged(t)
}

// spec returns an operation as the document has it, with its own parameters and those of its path.
func (s *Service) spec(op *contract.Operation) (*openapi3.Operation, openapi3.Parameters) {
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

// able returns a caller for whom an operation succeeds, and the resource on which it does.
func (s *Server) able(t testing.TB, op *contract.Operation) (Caller, Resource) {
	t.Helper()
	a := op.Policy.Access
	if named(op) && len(a.Roles) > 0 {
		return s.Caller(t, a.Roles...), Others
	}
	return s.Caller(t, a.Roles...), Own
}

// Patient returns a document whose operations never time out, however busy the machine is: a test of a time limit sends
// X-Request-Timeout-Ms.
func Patient(d *contract.Document) *contract.Document {
	patient := *d
	patient.Operations = nil
	for _, op := range d.Operations {
		copied := *op
		copied.Policy.Timeout.Limit *= 30
		patient.Operations = append(patient.Operations, &copied)
	}
	return &patient
}

// requireSome fails a check that covers nothing.
func requireSome(t testing.TB, n int, what string) {
	t.Helper()
	require.NotZero(t, n, "the document has no %s: the check looks in the wrong place", what)
}

// late bounds every wait.
const late = 30 * time.Second
