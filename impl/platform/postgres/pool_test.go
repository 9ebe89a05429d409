package postgres_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/devkit/pgserver"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/pgtest"
)

func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	base := pgtest.URL(t, accounts())
	for name, test := range map[string]struct {
		cfg  postgres.Config
		want map[string]string
	}{
		"defaults": {postgres.Config{URL: base}, map[string]string{
			"statement_timeout": "1800ms", "lock_timeout": "1500ms", "idle_in_transaction_session_timeout": "10s",
			"TimeZone": "UTC", "default_transaction_isolation": "read committed",
		}},
		"given": {postgres.Config{
			URL: base, ApplicationName: "orders",
			StatementTimeout: 1500 * time.Millisecond, LockTimeout: time.Microsecond, IdleInTransactionTimeout: -1,
		}, map[string]string{
			"statement_timeout": "1500ms", "lock_timeout": "1ms", "idle_in_transaction_session_timeout": "0",
			"application_name": "orders",
		}},
		"the URL's": {postgres.Config{
			URL: base + "&statement_timeout=77&lock_timeout=2s&idle_in_transaction_session_timeout=1min" +
				"&application_name=url",
			ApplicationName: "orders",
		}, map[string]string{
			"statement_timeout": "77ms", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "1min",
			"application_name": "url",
		}},
		"given before the URL's": {postgres.Config{
			URL: base + "&statement_timeout=77&lock_timeout=2s", StatementTimeout: time.Second, LockTimeout: -1,
		}, map[string]string{
			"statement_timeout": "1s", "lock_timeout": "0",
		}},
		"none in the URL": {postgres.Config{URL: base + "&statement_timeout=0"}, map[string]string{
			"statement_timeout": "0",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool, err := postgres.Open(t.Context(), test.cfg)
			require.NoError(t, err)
			t.Cleanup(pool.Close)
			for setting, want := range test.want {
				var got string
				require.NoError(t, pool.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&got))
				require.Equal(t, want, got, setting)
			}
		})
	}
}

func TestPoolSettings(t *testing.T) {
	t.Parallel()
	base := pgtest.URL(t, accounts())
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: base, MaxConns: 3, MinConns: 3, MaxConnIdleTime: -1})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	cfg := pool.Config()
	require.Equal(t, int32(3), cfg.MaxConns)
	require.Equal(t, int32(3), cfg.MinConns)
	require.Equal(t, 30*time.Minute, cfg.MaxConnLifetime)
	require.Equal(t, 3*time.Minute, cfg.MaxConnLifetimeJitter)
	require.Greater(t, cfg.MaxConnIdleTime, 1000*time.Hour)
	require.Equal(t, 5*time.Second, cfg.ConnConfig.ConnectTimeout)
}

// Several servers share the patience of whoever wants a connection, unless the URL says how long each may take.
func TestEachServerHasItsTime(t *testing.T) {
	t.Parallel()
	one := pgtest.URL(t, accounts())
	two := pgtest.BehindSilent(t, one)
	for name, test := range map[string]struct {
		cfg  postgres.Config
		want time.Duration
	}{
		"one":                   {postgres.Config{URL: one}, 5 * time.Second},
		"one, told":             {postgres.Config{URL: one + "&connect_timeout=7"}, 7 * time.Second},
		"one, told not to wait": {postgres.Config{URL: one + "&connect_timeout=0"}, 5 * time.Second},
		"two":                   {postgres.Config{URL: two}, time.Second},
		"two, told":             {postgres.Config{URL: two + "&connect_timeout=1"}, time.Second},
		"two, given":            {postgres.Config{URL: two, ConnectTimeout: 3 * time.Second}, 3 * time.Second},
		"two, given before told": {
			postgres.Config{URL: two + "&connect_timeout=1", ConnectTimeout: 3 * time.Second}, 3 * time.Second,
		},
		"two, patient":             {postgres.Config{URL: two, AcquireTimeout: time.Minute}, 5 * time.Second},
		"two, as long as it takes": {postgres.Config{URL: two, AcquireTimeout: -1}, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool, err := postgres.Open(t.Context(), test.cfg)
			require.NoError(t, err)
			t.Cleanup(pool.Close)
			require.Equal(t, test.want, pool.Config().ConnConfig.ConnectTimeout)
			require.NoError(t, postgres.Migrations("accounts", accounts()).Migrate(t.Context(), test.cfg.URL, nil))
		})
	}
}

// The start waits for each server as long as the URL says, though a request would not.
func TestOpenTriesEveryServer(t *testing.T) {
	t.Parallel()
	url := pgtest.BehindSilent(t, pgtest.URL(t, accounts()))
	pool, err := postgres.Open(t.Context(), postgres.Config{
		URL: url + "&connect_timeout=1", AcquireTimeout: 10 * time.Millisecond,
	})
	require.NoError(t, err)
	pool.Close()

	for settings, want := range map[string]string{
		"&connect_timeout=1&target_session_attrs=read-write&default_transaction_read_only=on": "takes no writes",
		"&connect_timeout=1&user=stranger": `the user "stranger"`,
	} {
		_, err = postgres.Open(t.Context(), postgres.Config{URL: url + settings})
		require.ErrorContains(t, err, want)
		require.Regexp(t, `PostgreSQL at 127\.0\.0\.1:\d+, /\S+/\.s\.PGSQL\.\d+ \(database`, err.Error())
	}
	gone := "postgres://app@/app?host=127.0.0.1,127.0.0.1&port=1,2"
	_, err = postgres.Open(t.Context(), postgres.Config{URL: gone})
	require.ErrorContains(t, err, "PostgreSQL at 127.0.0.1:1, 127.0.0.1:2")
	err = postgres.Migrations("accounts", accounts()).Migrate(t.Context(), gone, nil)
	require.ErrorContains(t, err, "PostgreSQL at 127.0.0.1:1, 127.0.0.1:2")
}

// A pool goes where writes are taken, and finds the other server by itself when that changes.
func TestServerThatTakesWrites(t *testing.T) {
	t.Parallel()
	first, one := pgtest.Server(t, accounts())
	second, other := pgtest.Server(t, accounts())
	let := func(server *pgserver.Server, setting string) { // for the sessions that there are, too
		query(t, server.SuperuserURL("postgres"), "ALTER SYSTEM "+setting)
		query(t, server.SuperuserURL("postgres"), "SELECT pg_reload_conf()")
	}
	host := func(text string) string {
		u, err := url.Parse(text)
		require.NoError(t, err)
		return u.Query().Get("host")
	}
	let(first, "SET default_transaction_read_only = on")
	require.Eventually(t, func() bool {
		return query(t, one, "SHOW default_transaction_read_only") == "on"
	}, time.Minute, time.Millisecond)
	both := fmt.Sprintf("postgres://pgtest@/pgtest?host=%s,%s&port=5432,5432&target_session_attrs=read-write",
		host(one), host(other))
	pool := pgtest.Open(t, pgtest.Patient(both))
	write := func(server *pgserver.Server) {
		require.Eventually(t, func() bool { // A server takes a setting over in its own time.
			_, err := pool.Exec(t.Context(), "UPDATE accounts SET balance = balance + 1 WHERE id = 1")
			return err == nil
		}, time.Minute, time.Millisecond)
		require.NotEqual(t, "0", query(t, server.URL("pgtest"), "SELECT balance::text FROM accounts WHERE id = 1"))
	}
	write(second)
	let(second, "SET default_transaction_read_only = on")
	require.Eventually(t, func() bool {
		_, err := pool.Exec(t.Context(), "UPDATE accounts SET balance = balance + 1 WHERE id = 1")
		return postgres.IsUnavailable(err)
	}, time.Minute, time.Millisecond)
	let(first, "RESET default_transaction_read_only")
	write(first)
}

func TestUUIDs(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, accounts())
	want := uuid.New()
	var got uuid.UUID
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT $1::uuid", want).Scan(&got))
	require.Equal(t, want, got)
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	server := pgtest.StartServer(t, pgserver.Options{Throwaway: true, TCP: true})
	require.NoError(t, server.CreateDatabase(t.Context(), "app", "app"))
	require.NoError(t, server.CreateDatabase(t.Context(), "foreign", "somebody"))
	good, err := url.Parse(server.TCPURL("app"))
	require.NoError(t, err)
	password, _ := good.User.Password()
	change := func(f func(u *url.URL)) string {
		u := *good
		f(&u)
		return u.String()
	}
	as := func(user string) string {
		return change(func(u *url.URL) { u.User = url.UserPassword(user, "secretword") })
	}
	to := func(database string) string {
		return change(func(u *url.URL) { u.Path = "/" + database })
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	silent := listener.Addr().String()
	t.Cleanup(func() { require.NoError(t, listener.Close()) })

	for name, test := range map[string]struct {
		url  string
		want []string
	}{
		"none":              {"", []string{"no database URL is given", "postgres://"}},
		"not a URL":         {"postgres://app:secretword@:bad port/x", []string{"cannot be understood", "percent-encode"}},
		"unescaped":         {"postgres://app:secretword%zz@127.0.0.1/app", []string{"cannot be understood"}},
		"password with @ /": {"postgres://app:secret/word@127.0.0.1/app", []string{"cannot be understood"}},
		"key and value":     {"host=127.0.0.1 password = secretword port=x", []string{"cannot be understood"}},
		"no socket":         {"postgres://app:secretword@/app?host=/nowhere", []string{"/nowhere/.s.PGSQL.5432", `"app"`}},
		"unknown host":      {"postgres://app:secretword@db.invalid/app", []string{"db.invalid:5432", `"app"`}},
		"no answer":         {"postgres://app:secretword@" + silent + "/app", []string{silent, "does not answer in time"}},
		"wrong password":    {as("app"), []string{good.Host, `the user "app"`, "password"}},
		"unknown user":      {as("stranger"), []string{good.Host, `the user "stranger"`}},
		"missing database":  {to("missing"), []string{good.Host, `CREATE DATABASE "missing"`}},
		"other's database":  {to("foreign"), []string{good.Host, "GRANT CONNECT"}},
		"certificate": {
			"postgres://app:secretword@127.0.0.1/app?sslmode=verify-full&sslrootcert=/nowhere/ca.pem",
			[]string{"/nowhere/ca.pem", "cannot be read"},
		},
		"nothing listens": {
			"postgres://app:secretword@127.0.0.1:1/app",
			[]string{"127.0.0.1:1", `"app"`, "start the server"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, openErr := postgres.Open(t.Context(), postgres.Config{URL: test.url, ConnectTimeout: 300 * time.Millisecond})
			migrateErr := error(nil)
			if !strings.Contains(test.url, silent) && test.url != "" {
				migrateErr = postgres.Migrations("accounts", accounts()).Migrate(t.Context(), test.url, nil)
				require.Error(t, migrateErr)
			}
			for _, err := range []error{openErr, migrateErr} {
				if err == nil {
					continue
				}
				for _, want := range test.want {
					require.ErrorContains(t, err, want)
				}
				everything := fmt.Sprintf("%v %+v %#v", err, err, err)
				require.NotContains(t, everything, "secret")
				require.NotContains(t, everything, password)
				require.NotContains(t, err.Error(), "\n")
			}
			require.Error(t, openErr)
		})
	}
}

func TestTooManyConnectionsAndShutDown(t *testing.T) {
	t.Parallel()
	server := pgtest.StartServer(t, pgserver.Options{Throwaway: true})
	require.NoError(t, server.CreateDatabase(t.Context(), "app", "app"))
	query(t, server.SuperuserURL("postgres"), "ALTER ROLE app CONNECTION LIMIT 1")
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: server.URL("app")})
	require.NoError(t, err)
	t.Cleanup(pool.Close)

	_, err = postgres.Open(t.Context(), postgres.Config{URL: server.URL("app")})
	require.ErrorContains(t, err, "max_connections")
	require.True(t, postgres.IsUnavailable(err))

	conn, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	t.Cleanup(conn.Release)
	require.NoError(t, server.Stop(t.Context()))
	_, err = conn.Exec(t.Context(), "SELECT 1")
	require.True(t, postgres.IsUnavailable(err), err)
	_, err = pool.Exec(t.Context(), "SELECT 1")
	require.True(t, postgres.IsUnavailable(err), err)
	require.False(t, postgres.IsTimeout(err))
}

// tracer sees whether a statement runs under a deadline.
type tracer struct {
	queries int
	limited bool
}

func (r *tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	if _, limited := ctx.Deadline(); limited {
		r.limited = true
	}
	r.queries++
	return ctx
}

func (r *tracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func TestAcquireTimeout(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, accounts())
	var seen tracer
	pool, err := postgres.Open(t.Context(), postgres.Config{
		URL: url, MaxConns: 1, AcquireTimeout: time.Second, Tracer: &seen,
	})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	conn, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	_, err = pool.Exec(t.Context(), "SELECT 1")
	require.ErrorIs(t, err, postgres.ErrAcquireTimeout)
	require.True(t, postgres.IsUnavailable(err))
	require.False(t, postgres.IsTimeout(err))
	conn.Release()

	_, err = pool.Exec(t.Context(), "SELECT 1")
	require.NoError(t, err)
	require.Positive(t, seen.queries, "the tracer is used")
	require.False(t, seen.limited, "the limit is for acquiring, not for what follows")

	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = pool.Exec(canceled, "SELECT 1")
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, postgres.IsUnavailable(err))
	require.False(t, postgres.IsTimeout(err))
}

func TestTimeouts(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, accounts())
	open := func(c postgres.Config) *pgxpool.Pool {
		c.URL = url
		pool, err := postgres.Open(t.Context(), c)
		require.NoError(t, err)
		t.Cleanup(pool.Close)
		return pool
	}
	hurried := open(postgres.Config{StatementTimeout: 20 * time.Millisecond})
	_, err := hurried.Exec(t.Context(), "SELECT pg_sleep(60)")
	require.True(t, postgres.IsTimeout(err), err)

	// What takes the lock may take its time.
	pool := open(postgres.Config{StatementTimeout: time.Minute, LockTimeout: 10 * time.Millisecond})
	tx, err := pool.Begin(t.Context())
	require.NoError(t, err)
	require.NoError(t, run(t.Context(), tx, "LOCK TABLE accounts"))
	_, err = pool.Exec(t.Context(), "SELECT * FROM accounts")
	require.ErrorContains(t, err, "55P03")
	require.True(t, postgres.IsTimeout(err))
	require.False(t, postgres.IsUnavailable(err))
	require.NoError(t, tx.Rollback(t.Context()))

	impatient, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	conn, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	_, err = conn.Exec(impatient, "SELECT pg_sleep(60)")
	require.True(t, postgres.IsTimeout(err), err)
}

func TestJudgingErrors(t *testing.T) {
	t.Parallel()
	state := func(code string) error { return fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code}) }
	for name, test := range map[string]struct {
		err                        error
		unavailable, timeout, none bool
	}{
		"nil":                  {},
		"other":                {err: errFailed},
		"no rows":              {err: fmt.Errorf("wrapped: %w", pgx.ErrNoRows), none: true},
		"unique violation":     {err: state("23505")},
		"connection failure":   {err: state("08006"), unavailable: true},
		"too many connections": {err: state("53300"), unavailable: true},
		"disk full":            {err: state("53100"), unavailable: true},
		"admin shutdown":       {err: state("57P01"), unavailable: true},
		"starting up":          {err: state("57P03"), unavailable: true},
		"standby":              {err: state("25006"), unavailable: true},
		"serialization":        {err: state("40001"), unavailable: true},
		"deadlock":             {err: state("40P01"), unavailable: true},
		"statement time-out":   {err: state("57014"), timeout: true},
		"lock time-out":        {err: state("55P03"), timeout: true},
		"refused":              {err: fmt.Errorf("wrapped: %w", refused(t)), unavailable: true},
		"connection closed":    {err: pgconn.ErrConnClosed, unavailable: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.unavailable, postgres.IsUnavailable(test.err), "unavailable")
			require.Equal(t, test.timeout, postgres.IsTimeout(test.err), "timeout")
			require.Equal(t, test.none, postgres.IsNoRows(test.err), "no rows")
			require.Empty(t, postgres.Constraint(test.err))
		})
	}
}

func refused(t *testing.T) error {
	t.Helper()
	_, err := pgx.Connect(t.Context(), "postgres://app@127.0.0.1:1/app")
	require.Error(t, err)
	return err
}

func TestCollector(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, accounts())
	conn, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()

	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(postgres.Collector(pool)))
	families, err := registry.Gather()
	require.NoError(t, err)
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)

	values := make(map[string]float64)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			name := family.GetName()
			for _, label := range metric.GetLabel() {
				name += " " + label.GetValue()
			}
			values[name] = metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
		}
	}
	require.Len(t, values, 23)
	require.Equal(t, 1.0, values["db_pool_connections acquired"])
	require.Equal(t, 0.0, values["db_pool_connections idle"])
	require.Equal(t, 8.0, values["db_pool_max_connections"])
	require.Equal(t, 2.0, values["db_pool_acquires_total"])
	require.Equal(t, 1.0, values["db_pool_connections_opened_total"])
	require.Positive(t, values["db_pool_acquire_wait_seconds_total"])
}

func TestRefusedSocketOfAnotherAccount(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// A file where the socket should be: there, but nothing listens.
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".s.PGSQL.5432"), nil, 0o600))
	_, err := postgres.Open(t.Context(), postgres.Config{URL: "postgres://app@/app?host=" + dir})
	require.ErrorContains(t, err, "does not answer")
}
