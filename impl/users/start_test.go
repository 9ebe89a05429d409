package users

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/hashing"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
)

func TestMain(m *testing.M) {
	if side := os.Getenv(benchSideEnv); side != "" {
		os.Exit(runBenchChild(side))
	}
	os.Exit(contracttest.Main(m, conformance, Document))
}

// conformance counts which parts of the document the tests of this package exercise.
var conformance = contracttest.NewCoverage()

const (
	goodPassword = "correct horse battery"
	// deletionGrace is that of every service here.
	deletionGrace = 14 * 24 * time.Hour
	newPassword   = "staple wrong donkey"
)

// cheap gives the cheapest parameters of argon2id, for tests that are not about hashing.
var cheap = hashing.Params{MemoryKiB: 8, Iterations: 1, Parallelism: 1}

// server is the service behind its whole chain, on a database of its own.
type server struct {
	*usersapi.ClientWithResponses
	*contracttest.Server
	t       testing.TB
	service *Service
	queries *usersdb.Queries
	mailbox mailbox
}

type options struct {
	hashing  hashing.Config
	chain    func(*httpapi.Options)
	database func(*pgxpool.Pool) Database
}

// start serves a service and checks every answer against the document: one that does not conform fails the test.
func start(t testing.TB, change ...func(*options)) *server {
	t.Helper()
	o := options{
		hashing:  hashing.Config{Params: cheap, Wait: 30 * time.Second, Queue: 1000},
		chain:    func(*httpapi.Options) {},
		database: func(pool *pgxpool.Pool) Database { return pool },
	}
	for _, c := range change {
		c(&o)
	}
	pool := pgtest.New(t, schema.Migrations, schema.Parts...)
	s := &server{
		t: t, queries: usersdb.New(pool), Server: &contracttest.Server{Pool: pool, Clock: contracttest.NewClock()},
	}
	var err error
	s.service, err = newPrepared(t.Context(),
		s.config(func(c *Config) { c.Database, c.Hashing = o.database(pool), o.hashing }))
	require.NoError(t, err)
	t.Cleanup(func() { s.service.audit.Wait() })
	s.serve(o.chain)
	t.Cleanup(runBeside(t.Context(), s.service, s.Pool, s.Logger.Logger))
	return s
}

// newPrepared makes a service whose keys are ready.
func newPrepared(ctx context.Context, c Config) (*Service, error) {
	service, err := New(c)
	if err != nil {
		return nil, err
	}
	return service, service.prepare(ctx)
}

// runBeside runs what serve runs outside of requests, until stop is called.
func runBeside(ctx context.Context, service *Service, pool *pgxpool.Pool, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var background sync.WaitGroup
	background.Go(func() { service.guard.Watch(ctx, pool.Config().ConnConfig, "sessions", log) })
	background.Go(func() { service.keys.watch(ctx, log) })
	return func() {
		cancel()
		background.Wait()
	}
}

// config is that of a service on the database of s.
func (s *server) config(change ...func(*Config)) Config {
	c := Config{
		Database: s.Pool, Pool: s.Pool,
		Tuning:    Tuning{Mailer: &s.mailbox, PublicURL: "https://shop.test", DeletionGrace: deletionGrace},
		MasterKey: telemetry.NewSecret(testMasterKey),
		Issuer:    "https://users.test", Audience: []string{"users", "orders"}, Clock: s.Clock.Now,
		Hashing: hashing.Config{Params: cheap, Wait: 30 * time.Second, Queue: 1000},
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

// serve serves the service of s.
func (s *server) serve(chain func(*httpapi.Options)) {
	s.t.Helper()
	s.Server = underTest(s.t).Serve(s.t, s.Pool, s.Clock, s.service.Handler, chain)
	s.Arranger = arranger{s}
	s.ClientWithResponses = s.as("")
}

// as gives the client of a caller who has an access token.
func (s *server) as(access string) *usersapi.ClientWithResponses {
	client, err := usersapi.NewClientWithResponses(s.URL,
		usersapi.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			if access != "" {
				r.Header.Set("Authorization", "Bearer "+access)
			}
			return nil
		}))
	require.NoError(s.t, err)
	return client
}

// person is an account with a session.
type person struct {
	*usersapi.ClientWithResponses
	user   usersdb.User
	tokens usersapi.TokenSet
}

// signUp opens an account and logs in; with roles, its address is verified.
func (s *server) signUp(email string, roles ...usersapi.Role) person {
	s.t.Helper()
	created, err := s.CreateUserV2WithResponse(s.t.Context(),
		usersapi.CreateUserV2Request{Email: email, Name: "Ada Lovelace", Password: goodPassword})
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusCreated, created.StatusCode(), string(created.Body))
	if len(roles) > 0 {
		s.verify(email)
		_, err := s.queries.SetUserRoles(s.t.Context(), usersdb.SetUserRolesParams{
			ID: contracttest.Body(s.t, created, created.JSON201).ID, Roles: toDBRoles(roles), UpdatedAt: s.Clock.Now(),
		})
		require.NoError(s.t, err)
	}
	p := s.logIn(email, goodPassword)
	p.user, err = s.queries.GetUser(s.t.Context(), contracttest.Body(s.t, created, created.JSON201).ID)
	require.NoError(s.t, err)
	return p
}

// verify verifies the address of an account, without a mail.
func (s *server) verify(email string) {
	s.t.Helper()
	user, err := s.queries.GetUserByEmail(s.t.Context(), email)
	require.NoError(s.t, err)
	verified, err := s.queries.VerifyEmail(s.t.Context(),
		usersdb.VerifyEmailParams{ID: user.ID, Email: email, Now: s.Clock.Now()})
	require.NoError(s.t, err)
	require.EqualValues(s.t, 1, verified)
}

func (s *server) logIn(email, password string) person {
	s.t.Helper()
	answer, err := s.StartSessionWithResponse(s.t.Context(),
		usersapi.StartSessionRequest{Email: email, Password: password})
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, answer.StatusCode(), string(answer.Body))
	return person{
		ClientWithResponses: s.as(contracttest.Body(s.t, answer, answer.JSON200).AccessToken),
		tokens:              *contracttest.Body(s.t, answer, answer.JSON200),
	}
}

// do sends a request that no generated client would send, and gives the answer with its body.
func (s *server) do(method, path, body string, headers ...string) (*http.Response, string) {
	s.t.Helper()
	r := contracttest.Request{Method: method, Target: path, Body: body}
	for i := 0; i+1 < len(headers); i += 2 {
		r = r.Without(headers[i]).With(headers[i] + ": " + headers[i+1])
	}
	if body != "" && !slices.ContainsFunc(r.Header, func(line string) bool {
		return strings.HasPrefix(line, "Content-Type:")
	}) {
		r = r.With("Content-Type: application/json")
	}
	return s.Do(s.t, r)
}

// count gives the number that a query returns.
func (s *server) count(query string, args ...any) (n int) {
	s.t.Helper()
	require.NoError(s.t, s.Pool.QueryRow(s.t.Context(), query, args...).Scan(&n))
	return n
}

// problemIn reads a problem; every problem has the same shape.
func problemIn(t testing.TB, answer *http.Response, body string) usersapi.Problem {
	t.Helper()
	contracttest.ProblemIn(t, answer, body)
	var p usersapi.Problem
	require.NoError(t, json.Unmarshal([]byte(body), &p), body)
	return p
}

// codeIn gives the code of a problem.
func codeIn(t testing.TB, body []byte) usersapi.ProblemCode {
	t.Helper()
	var p usersapi.Problem
	require.NoError(t, json.Unmarshal(body, &p), string(body))
	return p.Code
}

var loadDocument = func() func(testing.TB) *contract.Document {
	load := sync.OnceValues(func() (*contract.Document, error) {
		document, err := Document()
		if err != nil {
			return nil, err
		}
		return contracttest.Patient(document), nil
	})
	return func(t testing.TB) *contract.Document {
		t.Helper()
		d, err := load()
		require.NoError(t, err)
		return d
	}
}()
