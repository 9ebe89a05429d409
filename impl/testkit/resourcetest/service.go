// Package resourcetest starts a resource server for tests and checks it against its document and against what every
// such service promises. A service adds what no document says, in a Service.
package resourcetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/resource"
	"example.com/plumbline/impl/platform/standing"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
)

// Service is everything that the checks need to know of a resource server.
type Service struct {
	// Program, Described and Seed are those of the service, as gen/services has them.
	program.Service

	// Spec loads the document as kin-openapi reads it, and YAML is the document as it is written.
	Spec func() (*openapi3.T, error)
	YAML []byte
	// New makes the service.
	New func(resource.Config) (resource.Server, error)
	// Things arrange one thing each, by the path parameter that names it.
	Things map[string]Thing
	// NotFound are the codes for a missing thing, by the path parameter that names it, where x-access has no hidden_as.
	NotFound map[string]string
	// Operations is what must be known of operations beyond the document and Things, by operationId.
	Operations map[string]contracttest.Known[Situation]

	load     sync.Once
	held     *contracttest.Service
	counting sync.Once
	coverage *contracttest.Coverage
}

// Thing arranges a thing of an account and returns its id.
type Thing func(t testing.TB, s *Server, owner uuid.UUID) uuid.UUID

// Situation is what a request to an operation is about.
type Situation struct {
	*Server

	T         testing.TB
	Operation *contract.Operation
	Owner     Member                      // of what is arranged
	Good      func() contracttest.Request // one that succeeds; for Refused
}

// issuer is the iss of the tokens of tests.
const issuer = "https://users.test"

// Main is contracttest.Main for the service. Use it as
//
//	func TestMain(m *testing.M) { os.Exit(service.Main(m)) }
func (s *Service) Main(m *testing.M) int {
	return contracttest.Main(m, s.counted(), func() (*contract.Document, error) {
		described, err := s.Described()
		return described.Document, err
	})
}

// counted gives what the tests exercise of the document.
func (s *Service) counted() *contracttest.Coverage {
	s.counting.Do(func() { s.coverage = contracttest.NewCoverage() })
	return s.coverage
}

// contract gives what the checks of the document need to know.
func (s *Service) contract(t testing.TB) *contracttest.Service {
	t.Helper()
	s.load.Do(func() {
		described, err := s.Described()
		require.NoError(t, err)
		spec, err := s.Spec()
		require.NoError(t, err)
		var roles []string
		for _, role := range spec.Components.Schemas["Role"].Value.Enum {
			roles = append(roles, role.(string))
		}
		notFound := map[string]string{}
		for _, op := range described.Document.Operations {
			if access := op.Policy.Access; access.HiddenAs != "" {
				notFound[access.Owner] = access.HiddenAs
			}
		}
		maps.Copy(notFound, s.NotFound)
		s.held = &contracttest.Service{
			Document: contracttest.Patient(described.Document), Faults: described.Faults, Spec: spec,
			Coverage: s.counted(), Roles: roles, NotFound: notFound, Beyond: contracttest.BeyondOf(s.Operations),
			Volatile: []string{"idempotency_keys", "audit_entries"},
			Start: func(t testing.TB, change ...func(*httpapi.Options)) *contracttest.Server {
				t.Helper()
				return s.Start(t, change...).Server
			},
		}
	})
	require.NotNil(t, s.held, "the document cannot be loaded; another test tells why")
	return s.held
}

// Server is the service behind its whole chain, on a database of its own.
type Server struct {
	*contracttest.Server

	Parts *resource.Parts

	service *Service
	signer  *token.Signer
	keys    []token.PrivateKey
}

// Start serves the service, with every answer checked against the document: one that breaks it fails the test. It ends
// with the test.
func (s *Service) Start(t testing.TB, change ...func(*httpapi.Options)) *Server {
	t.Helper()
	return s.startOn(t, func(pool *pgxpool.Pool) *pgxpool.Pool { return pool }, change...)
}

// startOn is Start with another pool on the same database for the service.
func (s *Service) startOn(
	t testing.TB, other func(*pgxpool.Pool) *pgxpool.Pool, change ...func(*httpapi.Options),
) *Server {
	t.Helper()
	pool, clock := s.database(t), contracttest.NewClock()
	server := &Server{service: s, signer: token.NewSigner(clock.Now)}
	for range 2 { // The second signs; the first is for forgeries.
		key, err := token.NewPrivateKey(rand.Reader, clock.Now())
		require.NoError(t, err)
		server.keys = append(server.keys, key)
	}
	require.NoError(t, server.signer.SetKeys(server.keys))
	made, err := s.New(resource.Config{
		Name: s.Program.Name, Database: other(pool), Pool: pool, Keys: server.signer, Issuer: issuer, Clock: clock.Now,
		MasterKey: telemetry.NewSecret(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))),
	})
	require.NoError(t, err)
	server.Parts = made.Resource()
	server.Server = s.contract(t).Serve(t, pool, clock, made.Handler, change...)
	server.Arranger = server
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var watching sync.WaitGroup
	watching.Go(func() { server.Parts.Guard.Watch(ctx, pool.Config().ConnConfig, "sessions", server.Logger.Logger) })
	t.Cleanup(func() {
		cancel()
		watching.Wait()
	})
	return server
}

// database gives a pool of a new database of the service.
func (s *Service) database(t testing.TB) *pgxpool.Pool {
	t.Helper()
	return pgtest.New(t, s.Program.Schema.Migrations, s.Program.Schema.Parts...)
}

// Member is somebody with an access token.
type Member struct {
	ID, Session uuid.UUID
	token       string
}

// AccessToken is what the member sends.
func (m Member) AccessToken() string { return m.token }

// Subject is who the token says is calling.
func (m Member) Subject() string { return m.ID.String() }

// Authorize is the editor of requests for a generated client that calls as the member.
func (m Member) Authorize(_ context.Context, r *http.Request) error {
	r.Header.Set("Authorization", "Bearer "+m.token)
	return nil
}

// Member gives a new account with roles, the first of the document where none are named.
func (s *Server) Member(t testing.TB, roles ...string) Member {
	t.Helper()
	if len(roles) == 0 {
		roles = s.service.contract(t).Roles[:1]
	}
	m := Member{ID: uuid.New(), Session: uuid.New()}
	var err error
	m.token, err = s.signer.Sign(s.claims(m, roles))
	require.NoError(t, err)
	return m
}

func (s *Server) claims(m Member, roles []string) token.Claims {
	now := s.Clock.Now()
	return token.Claims{
		Issuer: issuer, Audience: []string{s.service.Program.Name}, Subject: m.ID, SessionID: m.Session, Roles: roles,
		IssuedAt: now, ExpiresAt: now.Add(5 * time.Minute), ID: uuid.NewString(),
	}
}

// Caller implements contracttest.Arranger.
func (s *Server) Caller(t testing.TB, roles ...string) contracttest.Caller {
	t.Helper()
	return s.Member(t, roles...)
}

// EndSession implements contracttest.Arranger.
func (s *Server) EndSession(t testing.TB, c contracttest.Caller) {
	t.Helper()
	s.Hear(t, "session.revoked", standing.SessionEnd{SessionID: c.(Member).Session})
}

// Hear has the service handle an event of the users service.
func (s *Server) Hear(t testing.TB, eventType string, data any) {
	t.Helper()
	text, err := json.Marshal(data)
	require.NoError(t, err)
	e := events.Event{ID: uuid.New(), Source: "/users", Type: eventType, Time: s.Clock.Now(), Data: text}
	require.NoError(t, s.Parts.Standing.Handle(t.Context(), e))
}

// Fit implements contracttest.Arranger. A change with If-Match gets the version that the thing has.
func (s *Server) Fit(
	t testing.TB, op *contract.Operation, by contracttest.Caller, of contracttest.Resource,
) contracttest.Fit {
	t.Helper()
	fit := contracttest.Fit{Path: map[string]string{}, Body: map[string]any{}, Header: map[string]string{}}
	at := Situation{Server: s, T: t, Operation: op, Owner: by.(Member)}
	if of == contracttest.Others {
		at.Owner = s.Member(t)
	}
	for parameter, arrange := range s.service.Things {
		named := "{" + parameter + "}"
		switch {
		case strings.Contains(op.Pattern, named):
			fit.Path[parameter] = arrange(t, s, at.Owner.ID).String()
		case op.Method == http.MethodGet && s.reads(op.Pattern+"/"+named) && len(op.Policy.Access.Roles) > 0:
			fit.Shows = arrange(t, s, at.Owner.ID).String()
		}
	}
	if slices.Contains(op.Statuses, http.StatusPreconditionFailed) && s.reads(op.Pattern) {
		fit.Header["If-Match"] = s.versionOf(t, op.Pattern, fit.Path)
	}
	if fill := s.service.Operations[op.ID].Fit; fill != nil {
		fill(at, &fit)
	}
	return fit
}

// reads reports whether an operation reads what is at a path.
func (s *Server) reads(pattern string) bool {
	return slices.ContainsFunc(s.service.held.Document.Operations, func(op *contract.Operation) bool {
		return op.Method == http.MethodGet && op.Pattern == pattern
	})
}

// versionOf reads the ETag of a thing.
func (s *Server) versionOf(t testing.TB, pattern string, path map[string]string) string {
	t.Helper()
	for parameter, id := range path {
		pattern = strings.ReplaceAll(pattern, "{"+parameter+"}", id)
	}
	reader := s.Member(t, s.service.contract(t).Roles...)
	answer, body := s.Do(t, contracttest.Request{
		Method: http.MethodGet, Target: pattern, Header: []string{contracttest.Bearer(reader)},
	})
	require.Equal(t, http.StatusOK, answer.StatusCode, "%s: %s", pattern, body)
	return answer.Header.Get("ETag")
}

// Refused implements contracttest.Arranger.
func (s *Server) Refused(
	t testing.TB, op *contract.Operation, by contracttest.Caller, good func() contracttest.Request,
) []contracttest.Refusal {
	t.Helper()
	if refused := s.service.Operations[op.ID].Refused; refused != nil {
		return refused(Situation{Server: s, T: t, Operation: op, Owner: by.(Member), Good: good})
	}
	return nil
}
