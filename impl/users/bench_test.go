package users

import (
	"bytes"
	"context"
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
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/hashing"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/pgtest"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/queries"
)

const (
	// benchForEnv is how long BenchmarkBesideBare measures, as in 20s; at most 15m, then the access tokens of its callers expire.
	benchForEnv     = "BENCH_FOR"
	benchForDefault = 40 * time.Second
	benchRounds     = 11
	benchCallers    = 16

	// benchSideEnv and benchDatabaseEnv tell a child process what to serve and from where.
	benchSideEnv     = "BENCH_SIDE"
	benchDatabaseEnv = "BENCH_DATABASE"
)

// The two sides: the service with everything on that production has on, and the least program that gives the same answers.
const (
	bareSide  = "bare"
	chainSide = "chain"
)

// BenchmarkBesideBare prints what a request costs the whole chain and what it costs net/http, pgx and encoding/json
// alone, on one database with the same statements and the same settings of the pool, in rounds that take turns.
func BenchmarkBesideBare(b *testing.B) {
	total := benchForDefault
	if text := os.Getenv(benchForEnv); text != "" {
		var err error
		total, err = time.ParseDuration(text)
		require.NoError(b, err, benchForEnv)
	}
	f := newBenchFixture(b)
	f.requireSameAnswers(b)
	children := map[string]*benchChild{bareSide: startBenchChild(b, bareSide, f.url), chainSide: startBenchChild(b, chainSide, f.url)}
	for b.Loop() {
		round := total / (4 * 2 * (benchRounds + 1)) // Four comparisons of two sides; the first round of each warms up.
		fmt.Printf("\nmeasuring for about %s: each figure is the median of %d rounds of %s\n", total, benchRounds, round.Round(time.Millisecond))
		var table strings.Builder
		for _, r := range f.requests() {
			fmt.Printf("  %s, in process\n", r.name)
			within := compare(b, round, f.askers(b.Context(), r))
			fmt.Printf("  %s, over loopback\n", r.name)
			over := compare(b, round, map[string]asker{bareSide: children[bareSide].asker(b, r), chainSide: children[chainSide].asker(b, r)})
			fmt.Fprintf(&table, "\n%s\n", r.name)
			var hash cost
			if r.method == http.MethodPost {
				hash = hashCost(b)
			}
			b.ReportMetric(within.writeRows(&table, "in process", hash), r.method+"-in-process-ratio")
			b.ReportMetric(over.writeRows(&table, "over loopback", hash), r.method+"-over-loopback-ratio")
		}
		// What was not remembered has not measured what production does.
		stats := f.service.guard.Stats()
		require.Less(b, stats.Tokens.Misses, stats.Tokens.Hits/100)
		require.Positive(b, stats.Remembered)
		fmt.Printf("\n%-28s %9s %10s %9s %10s\n%s\n", "", "ns/op", "CPU µs/op", "B/op", "allocs/op", strings.Trim(table.String(), "\n"))
		fmt.Print(benchNotes)
		b.ReportMetric(0, "ns/op")
	}
}

const benchNotes = `
bare: net/http, encoding/json and pgx, nothing checked; chain: everything on, answers sampled, limits too high to refuse
CPU: user and system of the serving process by getrusage, without PostgreSQL's and the callers'; ratio: chain through bare
in process: one caller and no network; over loopback: a process of its own and 16 connections, ns/op being time through requests
POST opens an account, hashed with the least argon2id there is (m=8, t=1) on either side; 'no hash' is the ratio of what is left without that
`

// hashCost is what the hash takes of a POST.
func hashCost(b *testing.B) cost {
	b.Helper()
	const times = 2000
	var costs []cost
	for range benchRounds {
		began, start := used(), time.Now()
		for range times {
			_, err := benchHash(goodPassword)
			require.NoError(b, err)
		}
		costs = append(costs, used().since(began, times, time.Since(start)))
	}
	return medianOf(costs)
}

func BenchmarkGetUserV2(b *testing.B)    { benchRequest(b, http.MethodGet) }
func BenchmarkCreateUserV2(b *testing.B) { benchRequest(b, http.MethodPost) }

// benchRequest measures one request in process: for profiles, and for the chain without what the database takes.
func benchRequest(b *testing.B, method string) {
	f := newBenchFixture(b)
	r := f.requests()[slices.IndexFunc(f.requests(), func(r request) bool { return r.method == method })]
	run := func(name string, ask asker) {
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
	askers := f.askers(b.Context(), r)
	run(bareSide, askers[bareSide])
	run(chainSide, askers[chainSide])
	f.service.queries = rememberedUser{Querier: f.service.queries, user: f.user}
	run("chain-without-database", askers[chainSide])
}

// rememberedUser stands in for the database.
type rememberedUser struct {
	usersdb.Querier
	user usersdb.User
}

func (q rememberedUser) GetUser(context.Context, uuid.UUID) (usersdb.User, error) { return q.user, nil }

func (q rememberedUser) CreateUser(context.Context, usersdb.CreateUserParams) (usersdb.User, error) {
	return q.user, nil
}

// BenchmarkAuthenticate is what a request with a token that was seen before pays for knowing its caller.
func BenchmarkAuthenticate(b *testing.B) {
	f := newBenchFixture(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.service.guard.Authenticate(b.Context(), f.token); err != nil {
			b.Fatal(err)
		}
	}
	require.Positive(b, f.service.guard.Stats().Remembered)
}

// production makes the service as serve does, but for what its callers are limited to and for what a password's hash costs. It is
// ready when sessions are remembered; stop ends what it does beside requests.
func production(ctx context.Context, pool *pgxpool.Pool) (service *Service, handler http.Handler, log *telemetry.Logger, stop func(), err error) {
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
	log = telemetry.NewLogger(io.Discard, telemetry.LogOptions{Service: "users", Version: "bench", Sensitive: document.Sensitive})
	metrics, err := telemetry.NewMetrics("users", "bench", log)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	httpMetrics, err := telemetry.NewHTTPMetrics(metrics.Registry, document.Labels())
	if err != nil {
		return nil, nil, nil, nil, err
	}
	service, err = New(ctx, Config{
		Database: pool, MasterKey: telemetry.NewSecret(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))),
		Issuer: defaults.Issuer, Audience: defaults.Audience, Hashing: hashing.Config{Params: cheap},
	})
	if err != nil {
		return nil, nil, nil, nil, err
	}
	handler, err = service.Handler(httpapi.Options{
		Document: document, Log: log.Logger, Metrics: httpMetrics,
		Responses: defaults.Responses, RateLimits: defaults.RateLimits, Shed: defaults.Shed,
	})
	if err != nil {
		return nil, nil, nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	maintained := make(chan struct{})
	go func() {
		defer close(maintained)
		service.maintain(ctx, pool.Config().ConnConfig, log.Logger)
	}()
	stop = func() {
		cancel()
		<-maintained
	}
	for ctx.Err() == nil && !service.guard.Stats().Watching {
		time.Sleep(time.Millisecond)
	}
	return service, handler, log, stop, ctx.Err()
}

// bare answers both requests as one would who checks nothing.
func bare(pool *pgxpool.Pool) http.Handler {
	db := usersdb.New(pool)
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
		user, err := db.CreateUser(r.Context(), usersdb.CreateUserParams{
			ID: newID(), Email: body.Email, Name: body.Name, PasswordHash: hash, Avatar: body.Avatar,
			Roles: []string{string(usersapi.RoleCustomer)}, CreatedAt: time.Now(),
		})
		w.Header().Set("Location", "/api/v2/users/"+user.ID.String())
		answer(w, http.StatusCreated, user, err)
	})
	return mux
}

func benchHash(password string) (string, error) {
	return argon2id.CreateHash(password, &argon2id.Params{
		Memory: cheap.MemoryKiB, Iterations: cheap.Iterations, Parallelism: cheap.Parallelism, SaltLength: 16, KeyLength: 32,
	})
}

// benchPool opens a pool as serve does.
func benchPool(ctx context.Context, url string) (*pgxpool.Pool, error) {
	return postgres.Open(ctx, postgres.Config{URL: url, MaxConns: defaultServe().MaxConns, ApplicationName: "users"})
}

// benchFixture is both sides in this process, on one database with one account that is signed in.
type benchFixture struct {
	url     string
	service *Service
	sides   map[string]http.Handler
	user    usersdb.User
	token   string
	emails  *atomic.Uint64
}

func newBenchFixture(b *testing.B) *benchFixture {
	b.Helper()
	f := &benchFixture{url: pgtest.URL(b, queries.Users()), emails: &atomic.Uint64{}}
	pool, err := benchPool(b.Context(), f.url)
	require.NoError(b, err)
	b.Cleanup(pool.Close)
	service, chain, log, stop, err := production(b.Context(), pool)
	require.NoError(b, err)
	b.Cleanup(func() {
		stop()
		require.NoError(b, log.Close())
	})
	f.service, f.sides = service, map[string]http.Handler{bareSide: bare(pool), chainSide: chain}
	avatar := "https://images.example.com/ada.png"
	f.user, err = service.openAccount(b.Context(), "ada@example.com", "Ada Lovelace", goodPassword, &avatar)
	require.NoError(b, err)
	login := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/api/v1/login", strings.NewReader(`{"email":"ada@example.com","password":"`+goodPassword+`"}`))
	login.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	chain.ServeHTTP(answer, login)
	require.Equal(b, http.StatusOK, answer.Code, answer.Body)
	var tokens usersapi.TokenSet
	require.NoError(b, json.Unmarshal(answer.Body.Bytes(), &tokens))
	f.token = tokens.AccessToken
	return f
}

// request is what both sides are asked over and over.
type request struct {
	name, method, path, token string
	body                      string
	emails                    *atomic.Uint64 // numbers the addresses in the bodies
	status                    int
}

const (
	emailNumber = "000000000000"
	createBody  = `{"email":"ada.` + emailNumber + `@example.com","name":"Ada Lovelace","password":"` + goodPassword + `","avatar":"https://images.example.com/ada.png"}`
)

func (f *benchFixture) requests() []request {
	return []request{
		{name: "GET /api/v2/users/{userId}", method: http.MethodGet, path: "/api/v2/users/" + f.user.ID.String(), token: f.token, status: http.StatusOK},
		{name: "POST /api/v2/users", method: http.MethodPost, path: "/api/v2/users", body: createBody, emails: f.emails, status: http.StatusCreated},
	}
}

// renew writes the next number into a body, which begins at the given place, without an allocation.
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
		return fmt.Errorf("%s answered %d with %d bytes instead of %d: what is measured must succeed", r.name, status, size, r.status)
	}
	return nil
}

// asker asks until a time, once at least, and gives what it cost; with no time it asks once and counts nothing.
type asker func(until time.Time) (cost, error)

func (f *benchFixture) askers(ctx context.Context, r request) map[string]asker {
	askers := map[string]asker{}
	for name, handler := range f.sides {
		askers[name] = r.within(ctx, handler)
	}
	return askers
}

// within asks a handler directly. The context can end, as those of package http do: pgx watches such a one.
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
		if until.IsZero() { // Package testing counts.
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

// discarded is an answer of which only the status and the size are kept.
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

// requireSameAnswers holds the two sides against each other: they cost what they cost for the same result.
func (f *benchFixture) requireSameAnswers(b *testing.B) {
	b.Helper()
	for _, r := range f.requests() {
		bodies := map[string]string{}
		for name, handler := range f.sides {
			body := []byte(r.body)
			r.renew(body, 0)
			asked := httptest.NewRequestWithContext(b.Context(), r.method, r.path, bytes.NewReader(body))
			asked.Header.Set("Content-Type", "application/json")
			if r.body == "" {
				asked = httptest.NewRequestWithContext(b.Context(), r.method, r.path, http.NoBody)
			}
			if r.token != "" {
				asked.Header.Set("Authorization", "Bearer "+r.token)
			}
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, asked)
			require.Equal(b, r.status, answer.Code, answer.Body)
			var members map[string]any
			require.NoError(b, json.Unmarshal(answer.Body.Bytes(), &members))
			if r.body != "" { // Two accounts differ by these.
				members["id"], members["email"], members["created_at"] = "", "", ""
			}
			plain, err := json.Marshal(members)
			require.NoError(b, err)
			bodies[name] = string(plain)
		}
		require.Equal(b, bodies[bareSide], bodies[chainSide], r.name)
	}
}
