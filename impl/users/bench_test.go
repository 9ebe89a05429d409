package users

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

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

// resources are what a process has used since it began.
type resources struct {
	cpu           time.Duration
	bytes, allocs uint64
}

func used() resources {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r) // It cannot fail for this process.
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return resources{cpu: time.Duration(r.Utime.Nano() + r.Stime.Nano()), bytes: m.TotalAlloc, allocs: m.Mallocs}
}

// cost is what one request took.
type cost struct{ ns, cpu, bytes, allocs float64 }

func (u resources) since(before resources, requests int, took time.Duration) cost {
	n := float64(requests)
	return cost{
		ns: float64(took) / n, cpu: float64(u.cpu-before.cpu) / 1000 / n,
		bytes: float64(u.bytes-before.bytes) / n, allocs: float64(u.allocs-before.allocs) / n,
	}
}

type comparison map[string]cost

// compare lets the sides take turns, so that what else the machine does strikes both, and gives the medians.
func compare(b *testing.B, round time.Duration, askers map[string]asker) comparison {
	b.Helper()
	costs := map[string][]cost{}
	for i := range benchRounds + 1 {
		for _, side := range []string{bareSide, chainSide} {
			runtime.GC()
			c, err := askers[side](time.Now().Add(round))
			require.NoError(b, err, side)
			if i > 0 {
				costs[side] = append(costs[side], c)
			}
		}
	}
	medians := comparison{}
	for side, all := range costs {
		medians[side] = medianOf(all)
	}
	return medians
}

func medianOf(all []cost) cost {
	return cost{
		ns: median(all, func(c cost) float64 { return c.ns }), cpu: median(all, func(c cost) float64 { return c.cpu }),
		bytes: median(all, func(c cost) float64 { return c.bytes }), allocs: median(all, func(c cost) float64 { return c.allocs }),
	}
}

func median(all []cost, of func(cost) float64) float64 {
	figures := make([]float64, len(all))
	for i, c := range all {
		figures[i] = of(c)
	}
	slices.Sort(figures)
	return figures[len(figures)/2]
}

// writeRows writes the lines of the table and gives the ratio of CPU. hash is what of a request is no business of the chain.
func (c comparison) writeRows(w io.Writer, form string, hash cost) (ratio float64) {
	bare, chain := c[bareSide], c[chainSide]
	for _, side := range []string{bareSide, chainSide} {
		fmt.Fprintf(w, "  %-16s %-9s %9.0f %10.1f %9.0f %10.0f\n", form, side, c[side].ns, c[side].cpu, c[side].bytes, c[side].allocs)
		form = ""
	}
	fmt.Fprintf(w, "  %-16s %-9s %8.2f× %9.2f× %8.2f× %9.2f×\n", "", "ratio", chain.ns/bare.ns, chain.cpu/bare.cpu, chain.bytes/bare.bytes, chain.allocs/bare.allocs)
	if hash != (cost{}) {
		fmt.Fprintf(w, "  %-16s %-9s %9s %9.2f× %8.2f× %9.2f×\n", "", "no hash", "", (chain.cpu-hash.cpu)/(bare.cpu-hash.cpu),
			(chain.bytes-hash.bytes)/(bare.bytes-hash.bytes), (chain.allocs-hash.allocs)/(bare.allocs-hash.allocs))
	}
	return chain.cpu / bare.cpu
}

// benchChild is one side in a process of its own. It tells on its output where it listens, and what it has used whenever
// a line is written to its input; it ends when that closes.
type benchChild struct {
	addr string
	ask  io.Writer
	told *bufio.Scanner
}

func startBenchChild(b *testing.B, side, databaseURL string) *benchChild {
	b.Helper()
	program, err := os.Executable()
	require.NoError(b, err)
	cmd := exec.CommandContext(context.WithoutCancel(b.Context()), program) // It ends in order, when its input closes.
	cmd.Env = append(os.Environ(), benchSideEnv+"="+side, benchDatabaseEnv+"="+databaseURL)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(b, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	c := &benchChild{ask: stdin, told: bufio.NewScanner(stdout)}
	b.Cleanup(func() {
		require.NoError(b, stdin.Close())
		require.NoError(b, cmd.Wait(), side)
	})
	require.True(b, c.told.Scan(), "the process of the side %s ended", side)
	c.addr = c.told.Text()
	return c
}

func (c *benchChild) used() (u resources, err error) {
	if _, err := io.WriteString(c.ask, "\n"); err != nil {
		return u, err
	}
	if !c.told.Scan() {
		return u, errors.Join(errors.New("the serving process ended"), c.told.Err())
	}
	_, err = fmt.Sscan(c.told.Text(), &u.cpu, &u.bytes, &u.allocs)
	return u, err
}

// asker asks over connections that stay open.
func (c *benchChild) asker(b *testing.B, r request) asker {
	b.Helper()
	callers := make([]*caller, benchCallers)
	for i := range callers {
		conn, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", c.addr)
		require.NoError(b, err)
		b.Cleanup(func() { _ = conn.Close() })
		callers[i] = newCaller(conn, c.addr, r)
	}
	return func(until time.Time) (cost, error) {
		before, err := c.used()
		if err != nil {
			return cost{}, err
		}
		start := time.Now()
		var asked atomic.Int64
		var group errgroup.Group
		for _, caller := range callers {
			group.Go(func() error {
				for {
					if err := caller.call(); err != nil {
						return err
					}
					asked.Add(1)
					if !time.Now().Before(until) {
						return nil
					}
				}
			})
		}
		err = group.Wait()
		took := time.Since(start)
		after, usedErr := c.used()
		return after.since(before, int(asked.Load()), took), errors.Join(err, usedErr)
	}
}

// caller is one connection that asks for the same thing again and again.
type caller struct {
	request
	conn   net.Conn
	answer *bufio.Reader
	text   []byte
	begins int // the body in text
}

func newCaller(conn net.Conn, host string, r request) *caller {
	head := r.method + " " + r.path + " HTTP/1.1\r\nHost: " + host + "\r\n"
	if r.token != "" {
		head += "Authorization: Bearer " + r.token + "\r\n"
	}
	if r.body != "" {
		head += "Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(r.body)) + "\r\n"
	}
	head += "\r\n"
	return &caller{request: r, conn: conn, answer: bufio.NewReader(conn), text: []byte(head + r.body), begins: len(head)}
}

func (c *caller) call() error {
	c.renew(c.text, c.begins)
	if _, err := c.conn.Write(c.text); err != nil {
		return err
	}
	answer, err := http.ReadResponse(c.answer, nil)
	if err != nil {
		return err
	}
	size, err := io.Copy(io.Discard, answer.Body)
	return errors.Join(err, answer.Body.Close(), c.check(answer.StatusCode, size))
}

// runBenchChild is what TestMain does in a child process. It gives the exit code.
func runBenchChild(side string) int {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel() // The parent has closed the input, or is no more.
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			u := used()
			fmt.Println(int64(u.cpu), u.bytes, u.allocs)
		}
	}()
	if err := serveBenchSide(ctx, side, os.Getenv(benchDatabaseEnv)); err != nil {
		fmt.Fprintln(os.Stderr, side+":", err)
		return 1
	}
	return 0
}

func serveBenchSide(ctx context.Context, side, databaseURL string) error {
	pool, err := benchPool(ctx, databaseURL)
	if err != nil {
		return err
	}
	defer pool.Close()
	if side == chainSide {
		_, handler, log, stop, err := production(ctx, pool)
		if err != nil {
			return err
		}
		defer stop()
		return httpapi.Server{
			Addr: "127.0.0.1:0", OpsAddr: "127.0.0.1:0", Handler: handler, Ops: http.NotFoundHandler(), Drain: time.Second, Log: log.Logger,
			Ready: func(bool) {}, Listening: func(addr, _ string) { fmt.Println(addr) },
		}.Run(ctx)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	server := &http.Server{Handler: bare(pool)}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
