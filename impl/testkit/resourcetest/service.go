// Package resourcetest starts a resource server for tests and holds it against its document, and against what every
// such service promises. A service tells it what it cannot know, in a Service.
package resourcetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"

	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/resource"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
)

// Service is what the tests need to know of a resource server.
type Service struct {
	// Program, Described and Seed are those of the service, as gen/services has them.
	program.Service

	// Spec loads the document as kin-openapi reads it, and YAML is the document as it is written.
	Spec func() (*openapi3.T, error)
	YAML []byte
	// Migrations are those of its database.
	Migrations fs.FS
	// New makes the service of its parts.
	New func(*resource.Parts) Handler
	// Coverage counts what the tests exercise.
	Coverage *contracttest.Coverage
	// NotFound are the codes that answer for a thing which is not there, by the path parameter that names it.
	NotFound map[string]string
	// Fit arranges what the path of a request names; Operations are what is known of single operations beside that.
	Fit        func(Situation, *contracttest.Fit)
	Operations map[string]contracttest.Known[Situation]

	load sync.Once
	held *contracttest.Service
}

// Handler is a service that has been made.
type Handler interface {
	Handler(o httpapi.Options) (http.Handler, error)
}

// Situation is what a request to an operation is about.
type Situation struct {
	*Server

	T         testing.TB
	Operation *contract.Operation
	Owner     Member                      // of what is arranged
	Good      func() contracttest.Request // one that succeeds; for Refused
}

// issuer is who signs the tokens of tests.
const issuer = "https://users.test"

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
		s.held = &contracttest.Service{
			Document: contracttest.Patient(described.Document), Faults: described.Faults, Spec: spec, Coverage: s.Coverage,
			Roles: roles, NotFound: s.NotFound, Beyond: contracttest.BeyondOf(s.Operations),
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

// Start serves the service, with every answer held against the document: one that breaks it fails the test. It ends
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
	pool, clock := pgtest.New(t, s.Migrations), contracttest.NewClock()
	server := &Server{service: s, signer: token.NewSigner(clock.Now)}
	for range 2 { // The second signs; the first is for forgeries.
		key, err := token.NewPrivateKey(rand.Reader, clock.Now())
		require.NoError(t, err)
		server.keys = append(server.keys, key)
	}
	require.NoError(t, server.signer.SetKeys(server.keys))
	var err error
	server.Parts, err = resource.New(resource.Config{
		Name: s.Program.Name, Database: other(pool), Keys: server.signer, Issuer: issuer, Clock: clock.Now,
		MasterKey: telemetry.NewSecret(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))),
	})
	require.NoError(t, err)
	server.Server = s.contract(t).Serve(t, pool, clock, s.New(server.Parts).Handler, change...)
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
	_, err := s.Pool.Exec(t.Context(), `INSERT INTO ended_sessions (session_id, ended_at) VALUES ($1, $2)`,
		c.(Member).Session, s.Clock.Now())
	require.NoError(t, err)
}

// Fit implements contracttest.Arranger.
func (s *Server) Fit(
	t testing.TB, op *contract.Operation, by contracttest.Caller, of contracttest.Resource,
) contracttest.Fit {
	t.Helper()
	fit := contracttest.Fit{Path: map[string]string{}, Body: map[string]any{}, Header: map[string]string{}}
	at := Situation{Server: s, T: t, Operation: op, Owner: by.(Member)}
	if of == contracttest.Others {
		at.Owner = s.Member(t)
	}
	if strings.Contains(op.Pattern, "{") {
		s.service.Fit(at, &fit)
	}
	if fill := s.service.Operations[op.ID].Fit; fill != nil {
		fill(at, &fit)
	}
	return fit
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
