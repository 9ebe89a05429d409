package users

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/hashing"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/pgtest"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/queries"
)

func TestMain(m *testing.M) {
	if side := os.Getenv(benchSideEnv); side != "" {
		os.Exit(runBenchChild(side))
	}
	code := pgtest.Main(m)
	if code == 0 && isWholeRun(flagValue) {
		code = conformance.verdict(os.Stdout)
	}
	os.Exit(code)
}

const (
	goodPassword = "correct horse battery"
	newPassword  = "staple wrong donkey"
)

// cheap is as little hashing as argon2id can do, for tests that are not about it.
var cheap = hashing.Params{MemoryKiB: 8, Iterations: 1, Parallelism: 1}

// server is the whole service on a database of its own, as its callers see it.
type server struct {
	*usersapi.ClientWithResponses
	t       *testing.T
	url     string
	service *Service
	queries *usersdb.Queries
	pool    *pgxpool.Pool
	clock   *clock
	log     *logBuffer
	logger  *telemetry.Logger
	web     *httptest.Server
}

type options struct {
	hashing  hashing.Config
	chain    func(*httpapi.Options)
	database func(*pgxpool.Pool) Database
}

// start serves a service whose every answer is held against the document: one that breaks it fails the test.
func start(t *testing.T, change ...func(*options)) *server {
	t.Helper()
	o := options{
		hashing:  hashing.Config{Params: cheap, Wait: 30 * time.Second, Queue: 1000},
		chain:    func(*httpapi.Options) {},
		database: func(pool *pgxpool.Pool) Database { return pool },
	}
	for _, c := range change {
		c(&o)
	}
	s := &server{t: t, pool: pgtest.New(t, queries.Users()), clock: &clock{now: time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)}, log: &logBuffer{}}
	s.queries = usersdb.New(s.pool)
	var err error
	s.service, err = New(t.Context(), Config{
		Database: o.database(s.pool), MasterKey: telemetry.NewSecret(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))),
		Issuer: "https://users.test", Audience: []string{"users", "orders"}, Hashing: o.hashing, Clock: s.clock.Now,
	})
	require.NoError(t, err)
	document := loadDocument(t)
	logger := telemetry.NewLogger(s.log, telemetry.LogOptions{Service: "users", Sensitive: document.Sensitive})
	metrics, err := telemetry.NewMetrics("users", "test", nil)
	require.NoError(t, err)
	httpMetrics, err := telemetry.NewHTTPMetrics(metrics.Registry, document.Labels())
	require.NoError(t, err)
	chain := httpapi.Options{
		Document: document, Log: logger.Logger, Metrics: httpMetrics, Responses: httpapi.ResponsesEnforce,
		Observe: func(op *httpapi.Operation, status int, violations []fault.Violation) {
			conformance.observe(op, status, len(violations))
			if len(violations) > 0 {
				t.Errorf("%s answered %d outside its document: %+v", op.ID, status, violations)
			}
		},
	}
	o.chain(&chain)
	handler, err := s.service.Handler(chain)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	maintained := make(chan struct{})
	go func() {
		defer close(maintained)
		s.service.maintain(ctx, s.pool.Config().ConnConfig, logger.Logger)
	}()
	web := httptest.NewServer(handler)
	t.Cleanup(func() {
		web.Close()
		cancel()
		<-maintained
		require.NoError(t, logger.Close())
	})
	s.url, s.web, s.logger = web.URL, web, logger
	s.ClientWithResponses = s.as("")
	return s
}

// logged ends the service and gives all that it has logged.
func (s *server) logged() string {
	s.t.Helper()
	s.web.Close() // It waits for requests that have been answered and not yet been logged.
	require.NoError(s.t, s.logger.Flush())
	return s.log.String()
}

// as gives the client of a caller who has an access token.
func (s *server) as(access string) *usersapi.ClientWithResponses {
	client, err := usersapi.NewClientWithResponses(s.url, usersapi.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
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

// signUp opens an account and logs in.
func (s *server) signUp(email string, roles ...usersapi.Role) person {
	s.t.Helper()
	created, err := s.CreateUserV2WithResponse(s.t.Context(), usersapi.CreateUserV2Request{Email: email, Name: "Ada Lovelace", Password: goodPassword})
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusCreated, created.StatusCode(), string(created.Body))
	if len(roles) > 0 {
		_, err := s.queries.SetUserRoles(s.t.Context(), usersdb.SetUserRolesParams{ID: created.JSON201.ID, Roles: toDBRoles(roles), UpdatedAt: s.clock.Now()})
		require.NoError(s.t, err)
	}
	p := s.logIn(email, goodPassword)
	p.user, err = s.queries.GetUser(s.t.Context(), created.JSON201.ID)
	require.NoError(s.t, err)
	return p
}

func (s *server) logIn(email, password string) person {
	s.t.Helper()
	answer, err := s.StartSessionWithResponse(s.t.Context(), usersapi.StartSessionRequest{Email: email, Password: password})
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, answer.StatusCode(), string(answer.Body))
	return person{ClientWithResponses: s.as(answer.JSON200.AccessToken), tokens: *answer.JSON200}
}

// do sends what no generated client would and gives the answer with its body.
func (s *server) do(method, path, body string, headers ...string) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, bytes.NewReader([]byte(body)))
	require.NoError(s.t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	return answer, string(text)
}

// problemIn reads a failure; the shape is the same for every one.
func problemIn(t *testing.T, answer *http.Response, body string) usersapi.Problem {
	t.Helper()
	require.Equal(t, "application/problem+json", answer.Header.Get("Content-Type"), body)
	var p usersapi.Problem
	require.NoError(t, json.Unmarshal([]byte(body), &p), body)
	require.Equal(t, answer.StatusCode, int(p.Status))
	require.Equal(t, answer.Header.Get("X-Request-ID"), p.RequestID)
	return p
}

// codeIn gives the code of a failure.
func codeIn(t *testing.T, body []byte) usersapi.ProblemCode {
	t.Helper()
	var p usersapi.Problem
	require.NoError(t, json.Unmarshal(body, &p), string(body))
	return p.Code
}

var loadDocument = func() func(*testing.T) *httpapi.Document {
	load := sync.OnceValues(Document)
	return func(t *testing.T) *httpapi.Document {
		t.Helper()
		d, err := load()
		require.NoError(t, err)
		return d
	}
}()

// clock is a time that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// logBuffer keeps what is logged.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
