package users

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/hashing"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/pgtest"
)

const (
	// benchForEnv is how long BenchmarkBesideBare measures, as in 20s; at most 15m, then the access tokens of its callers
	// expire.
	benchForEnv     = "BENCH_FOR"
	benchForDefault = 40 * time.Second
	benchRounds     = 11
	benchCallers    = 16

	// benchSideEnv and benchDatabaseEnv tell a child process what to serve and from where.
	benchSideEnv     = "BENCH_SIDE"
	benchDatabaseEnv = "BENCH_DATABASE"
)

// The two sides are the service, configured as in production, and the least program that gives the same answers and
// sends the same statements to the database. Neither does the work outside of requests, such as the jobs that send
// mails.
const (
	bareSide    = "bare"
	serviceSide = "service"
)

// BenchmarkBesideBare reports the cost of a request in the service and in a program of net/http, encoding/json, pgx and
// River alone, on one database, with the same settings of the pool, in alternating rounds.
func BenchmarkBesideBare(b *testing.B) {
	total := benchForDefault
	if text := os.Getenv(benchForEnv); text != "" {
		var err error
		total, err = time.ParseDuration(text)
		require.NoError(b, err, benchForEnv)
	}
	round := total / (4 * 2 * (benchRounds + 1)) // Four comparisons of two sides; the first round of each warms up.
	f := newBenchFixture(b)
	f.requireSameWork(b)
	children := map[string]*benchChild{
		bareSide: startBenchChild(b, bareSide, f.url), serviceSide: startBenchChild(b, serviceSide, f.url),
	}
	for _, r := range f.requests() {
		b.Run(r.method+" in process", func(b *testing.B) {
			compare(b, round, f.askers(b.Context(), r))
			if stats := f.service.guard.Stats(); r.token != "" { // In production the session of the caller is remembered.
				require.Positive(b, stats.Sessions.Entries)
				require.Less(b, stats.Tokens.Misses, stats.Tokens.Hits)
			}
		})
		b.Run(r.method+" over loopback", func(b *testing.B) {
			compare(b, round,
				map[string]asker{bareSide: children[bareSide].asker(b, r), serviceSide: children[serviceSide].asker(b, r)})
		})
	}
}

// TestBenchSides fails when the two sides do different work for a request, which would make the benchmark meaningless.
func TestBenchSides(t *testing.T) {
	t.Parallel()
	newBenchFixture(t).requireSameWork(t)
}

// BenchmarkGetUserV2 measures the request in process, for profiles, and once without the database.
func BenchmarkGetUserV2(b *testing.B) {
	f := newBenchFixture(b)
	askers := f.benchRequest(b, http.MethodGet)
	f.service.queries = rememberedUser{Querier: f.service.queries, user: f.user}
	benchAsker(b, "service-without-database", askers[serviceSide])
}

// BenchmarkCreateUserV2 measures the request in process, for profiles.
func BenchmarkCreateUserV2(b *testing.B) { newBenchFixture(b).benchRequest(b, http.MethodPost) }

// BenchmarkLeastHash measures the password hash that a POST of either side computes.
func BenchmarkLeastHash(b *testing.B) {
	benchAsker(b, "argon2id", func(time.Time) (cost, error) {
		_, err := benchHash(goodPassword)
		return cost{}, err
	})
}

func (f *benchFixture) benchRequest(b *testing.B, method string) map[string]asker {
	b.Helper()
	r := f.requests()[slices.IndexFunc(f.requests(), func(r request) bool { return r.method == method })]
	askers := f.askers(b.Context(), r)
	benchAsker(b, bareSide, askers[bareSide])
	benchAsker(b, serviceSide, askers[serviceSide])
	return askers
}

func benchAsker(b *testing.B, name string, ask asker) {
	b.Helper()
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		began := used()
		for b.Loop() {
			if _, err := ask(time.Time{}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(used().since(began, b.N, 0).cpu, "CPU-µs/op")
	})
}

// rememberedUser stands in for the database.
type rememberedUser struct {
	usersdb.Querier
	user usersdb.User
}

func (q rememberedUser) GetUser(context.Context, uuid.UUID) (usersdb.User, error) { return q.user, nil }

// BenchmarkAuthenticate measures the authentication of a request with a token that was seen before.
func BenchmarkAuthenticate(b *testing.B) {
	f := newBenchFixture(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.service.guard.Authenticate(b.Context(), f.token); err != nil {
			b.Fatal(err)
		}
	}
	require.Positive(b, f.service.guard.Stats().Sessions.Entries)
}

// production makes the service as serve does, but with rate limits that are never reached, a cheap password hash and a
// mailer that discards mails, and without the workers of jobs and of the audit log. It returns when the guard remembers
// sessions; stop ends what runs outside of requests.
func production(
	ctx context.Context, pool *pgxpool.Pool,
) (service *Service, handler http.Handler, log *telemetry.Logger, stop func(), err error) {
	defaults := defaultServe()
	document, err := Document()
	if err != nil {
		return nil, nil, nil, nil, err
	}
	for _, o := range document.Operations {
		if o.Policy.RateLimit != nil {
			o.Policy.RateLimit.Requests = 100_000_000
		}
	}
	log = telemetry.NewLogger(io.Discard,
		telemetry.LogOptions{Service: "users", Version: "bench", Sensitive: document.Sensitive})
	metrics, err := telemetry.NewMetrics("users", "bench", log)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	httpMetrics, err := telemetry.NewHTTPMetrics(metrics.Registry, document.Labels())
	if err != nil {
		return nil, nil, nil, nil, err
	}
	service, err = newPrepared(ctx, Config{
		Database: pool, Pool: pool,
		MasterKey: telemetry.NewSecret(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))),
		Issuer:    defaults.Issuer, Audience: defaults.Audience, Hashing: hashing.Config{Params: cheap},
		Tuning: Tuning{PublicURL: defaults.PublicURL, DeletionGrace: defaults.DeletionGrace}, Log: log.Logger,
		Registry: metrics.Registry,
	})
	if err != nil {
		return nil, nil, nil, nil, err
	}
	handler, err = service.Handler(httpapi.Options{
		Document: document, Log: log.Logger, Metrics: httpMetrics,
		Tuning: httpapi.Tuning{Responses: defaults.Responses, RateLimits: defaults.RateLimits, Shed: defaults.Shed},
	})
	if err != nil {
		return nil, nil, nil, nil, err
	}
	stop = runBeside(ctx, service, pool, log.Logger)
	for ctx.Err() == nil && !service.guard.Stats().Watching {
		time.Sleep(time.Millisecond)
	}
	return service, handler, log, stop, ctx.Err()
}

// bareAuditEntry is the statement that package audit sends.
const bareAuditEntry = `
INSERT INTO audit_entries (id, action, outcome, actor, target, sealed_address, request_id, occurred_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT ON CONSTRAINT audit_entries_id_key DO NOTHING`

// bare answers both requests without checking anything. River inserts the job, as it does for the service.
func bare(pool *pgxpool.Pool) (http.Handler, error) {
	db := usersdb.New(pool)
	queue, err := river.NewClient(riverpgxv5.New(pool), &river.Config{})
	if err != nil {
		return nil, err
	}
	answer := func(w http.ResponseWriter, status int, user usersdb.User, err error) {
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if err := json.NewEncoder(w).Encode(toAPIUserV2(user)); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v2/users/{userId}", func(w http.ResponseWriter, r *http.Request) {
		id, err := uuid.Parse(r.PathValue("userId"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		user, err := db.GetUser(r.Context(), id)
		answer(w, http.StatusOK, user, err)
	})
	mux.HandleFunc("POST /api/v2/users", func(w http.ResponseWriter, r *http.Request) {
		var body usersapi.CreateUserV2Request
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		hash, err := benchHash(body.Password)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		var user usersdb.User
		err = pgx.BeginTxFunc(r.Context(), pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) (err error) {
			ctx, db, now, token := r.Context(), usersdb.New(tx), time.Now(), newID()
			user, err = db.CreateUser(ctx, usersdb.CreateUserParams{
				ID: newID(), Email: body.Email, Name: body.Name, PasswordHash: hash, Avatar: body.Avatar,
				Roles: []string{string(usersapi.RoleCustomer)}, CreatedAt: now,
			})
			if err != nil {
				return err
			}
			if _, err = db.KeepEmailToken(ctx, usersdb.KeepEmailTokenParams{
				ID: token, UserID: user.ID, Purpose: mailVerify, Email: user.Email, Hash: hashOf(rand.Text()),
				CreatedAt: now, ExpiresAt: now.Add(verifyLifetime), Mails: 1, MailedAt: now, CountedFrom: now,
			}); err != nil {
				return err
			}
			if _, err = queue.InsertTx(ctx, tx, sendMail{Mail: mailVerify, UserID: user.ID, TokenID: token}, nil); err != nil {
				return err
			}
			_, err = tx.Exec(ctx, bareAuditEntry, newID(), "user.create", telemetry.Success, user.ID, user.ID,
				[]byte(r.RemoteAddr), rand.Text(), now)
			return err
		})
		w.Header().Set("Location", "/api/v2/users/"+user.ID.String())
		answer(w, http.StatusCreated, user, err)
	})
	return mux, nil
}

func benchHash(password string) (string, error) {
	return argon2id.CreateHash(password, &argon2id.Params{
		Memory: cheap.MemoryKiB, Iterations: cheap.Iterations, Parallelism: cheap.Parallelism, SaltLength: 16, KeyLength: 32,
	})
}

// benchPool opens a pool as serve does.
func benchPool(ctx context.Context, url string, tracer pgx.QueryTracer) (*pgxpool.Pool, error) {
	return postgres.Open(ctx,
		postgres.Config{URL: url, MaxConns: defaultServe().MaxConns.Value, ApplicationName: "users", Tracer: tracer})
}

// benchFixture holds both sides in this process, on one database, with one account that is logged in.
type benchFixture struct {
	url     string
	service *Service
	sides   map[string]http.Handler
	user    usersdb.User
	token   string
	emails  *atomic.Uint64
}

func newBenchFixture(tb testing.TB) *benchFixture {
	tb.Helper()
	f := &benchFixture{url: pgtest.URL(tb, schema.Migrations, schema.Parts...), emails: &atomic.Uint64{}}
	f.service, f.sides = newBenchSides(tb, f.url, nil)
	avatar := "https://images.example.com/ada.png"
	var err error
	f.user, err = f.service.openAccount(tb.Context(), "ada@example.com", "Ada Lovelace", goodPassword, &avatar)
	require.NoError(tb, err)
	login := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/api/v1/login",
		strings.NewReader(`{"email":"ada@example.com","password":"`+goodPassword+`"}`))
	login.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	f.sides[serviceSide].ServeHTTP(answer, login)
	require.Equal(tb, http.StatusOK, answer.Code, answer.Body)
	var tokens usersapi.TokenSet
	require.NoError(tb, json.Unmarshal(answer.Body.Bytes(), &tokens))
	f.token = tokens.AccessToken
	return f
}

// newBenchSides makes both sides in this process, with one pool.
func newBenchSides(tb testing.TB, url string, tracer pgx.QueryTracer) (*Service, map[string]http.Handler) {
	tb.Helper()
	pool, err := benchPool(tb.Context(), url, tracer)
	require.NoError(tb, err)
	tb.Cleanup(pool.Close)
	service, handler, log, stop, err := production(tb.Context(), pool)
	require.NoError(tb, err)
	tb.Cleanup(func() {
		stop()
		require.NoError(tb, log.Close())
	})
	plain, err := bare(pool)
	require.NoError(tb, err)
	return service, map[string]http.Handler{bareSide: plain, serviceSide: handler}
}

// request is a request that both sides get repeatedly.
type request struct {
	name, method, path, token string
	body                      string
	emails                    *atomic.Uint64 // numbers the addresses in the bodies
	status                    int
}

const (
	emailNumber = "000000000000"
	createBody  = `{"email":"ada.` + emailNumber + `@example.com","name":"Ada Lovelace","password":"` + goodPassword +
		`","avatar":"https://images.example.com/ada.png"}`
)

func (f *benchFixture) requests() []request {
	return []request{
		{name: "GET /api/v2/users/{userId}", method: http.MethodGet, path: "/api/v2/users/" + f.user.ID.String(),
			token: f.token, status: http.StatusOK},
		{name: "POST /api/v2/users", method: http.MethodPost, path: "/api/v2/users", body: createBody, emails: f.emails,
			status: http.StatusCreated},
	}
}

// renew writes the next number into the body that begins at the given place, without an allocation.
func (r request) renew(text []byte, begins int) {
	if r.body == "" {
		return
	}
	at := begins + strings.Index(r.body, emailNumber)
	number := text[at : at+len(emailNumber)]
	for i, n := len(number)-1, r.emails.Add(1); i >= 0; i, n = i-1, n/10 {
		number[i] = '0' + byte(n%10)
	}
}

func (r request) check(status int, size int64) error {
	if status != r.status || size == 0 {
		return fmt.Errorf("%s answered %d with %d bytes instead of %d: what is measured must succeed", r.name, status,
			size, r.status)
	}
	return nil
}

// asker sends requests until a time, one at least, and gives their cost; with the zero time it sends one and counts
// nothing.
type asker func(until time.Time) (cost, error)

func (f *benchFixture) askers(ctx context.Context, r request) map[string]asker {
	askers := map[string]asker{}
	for name, handler := range f.sides {
		askers[name] = r.within(ctx, handler)
	}
	return askers
}

// within calls a handler directly. Its context can be cancelled, as that of a request of net/http can: pgx watches such
// a context.
func (r request) within(ctx context.Context, handler http.Handler) asker {
	asked := httptest.NewRequestWithContext(ctx, r.method, r.path, http.NoBody)
	if r.token != "" {
		asked.Header.Set("Authorization", "Bearer "+r.token)
	}
	body := []byte(r.body)
	reader := bytes.NewReader(body)
	if r.body != "" {
		asked.Header.Set("Content-Type", "application/json")
		asked.Body, asked.ContentLength = io.NopCloser(reader), int64(len(body))
	}
	answer := &discarded{header: http.Header{}}
	once := func() error {
		r.renew(body, 0)
		reader.Reset(body)
		clear(answer.header)
		answer.status, answer.size = 0, 0
		handler.ServeHTTP(answer, asked)
		return r.check(answer.status, answer.size)
	}
	return func(until time.Time) (cost, error) {
		if until.IsZero() { // Package testing counts the requests.
			return cost{}, once()
		}
		began, start := used(), time.Now()
		for n := 1; ; n++ {
			if err := once(); err != nil {
				return cost{}, err
			}
			if now := time.Now(); !now.Before(until) {
				return used().since(began, n, now.Sub(start)), nil
			}
		}
	}
}

// discarded is an answer that keeps only the status and the size.
type discarded struct {
	header http.Header
	status int
	size   int64
}

func (d *discarded) Header() http.Header    { return d.header }
func (d *discarded) WriteHeader(status int) { d.status = status }
func (d *discarded) Write(p []byte) (int, error) {
	d.size += int64(len(p))
	return len(p), nil
}

// statements is a tracer that records what a request sends to the database into the list that its context holds.
type statements struct{}

func (statements) record(ctx context.Context, sql string) {
	if sent, ok := ctx.Value(statements{}).(*[]string); ok {
		*sent = append(*sent, sql)
	}
}

// TraceQueryStart implements pgx.QueryTracer.
func (s statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	s.record(ctx, data.SQL)
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements pgx.BatchTracer.
func (s statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	for _, q := range data.Batch.QueuedQueries {
		s.record(ctx, q.SQL)
	}
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (statements) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements pgx.BatchTracer.
func (statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// requireSameWork requires that both sides give the same answer and send the same statements. It makes sides of its
// own, so that the measured ones are not traced.
func (f *benchFixture) requireSameWork(tb testing.TB) {
	tb.Helper()
	_, sides := newBenchSides(tb, f.url, statements{})
	get := f.requests()[0]
	get.answerOf(tb, sides[serviceSide]) // The session is remembered from then on.
	for _, r := range f.requests() {
		bareAnswer, bareSent := r.answerOf(tb, sides[bareSide])
		answer, sent := r.answerOf(tb, sides[serviceSide])
		require.Equal(tb, bareAnswer, answer, r.name)
		require.NotEmpty(tb, sent, r.name)
		require.Equal(tb, bareSent, sent,
			"%s: the bare side must send the statements of the service, or the comparison is of different work", r.name)
	}
}

// answerOf gives the members of a side's answer, without those in which two accounts differ, and the statements that
// the side has sent.
func (r request) answerOf(tb testing.TB, side http.Handler) (members map[string]any, sent []string) {
	tb.Helper()
	body := []byte(r.body)
	r.renew(body, 0)
	asked := httptest.NewRequestWithContext(context.WithValue(tb.Context(), statements{}, &sent), r.method, r.path,
		bytes.NewReader(body))
	if r.body == "" {
		asked.Body = http.NoBody
	} else {
		asked.Header.Set("Content-Type", "application/json")
	}
	if r.token != "" {
		asked.Header.Set("Authorization", "Bearer "+r.token)
	}
	answer := httptest.NewRecorder()
	side.ServeHTTP(answer, asked)
	require.Equal(tb, r.status, answer.Code, answer.Body)
	require.NoError(tb, json.Unmarshal(answer.Body.Bytes(), &members))
	if r.body != "" {
		members["id"], members["email"], members["created_at"] = "", "", ""
	}
	return members, sent
}
