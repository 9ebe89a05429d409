package postgres_test

import (
	"math"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/pgtest"
)

// limits are those of a configuration, without what else it has.
func limits(c postgres.Config) postgres.Config {
	return postgres.Config{
		MaxConns: c.MaxConns, MinConns: c.MinConns, MinIdleConns: c.MinIdleConns, MaxConnLifetime: c.MaxConnLifetime,
		MaxConnLifetimeJitter: c.MaxConnLifetimeJitter, MaxConnIdleTime: c.MaxConnIdleTime,
		ConnectTimeout: c.ConnectTimeout, AcquireTimeout: c.AcquireTimeout, StatementTimeout: c.StatementTimeout,
		LockTimeout: c.LockTimeout, IdleInTransactionTimeout: c.IdleInTransactionTimeout,
	}
}

// allInURL has a value for every limit that a URL may have.
const allInURL = "postgres://app@127.0.0.1/app?pool_max_conns=20&pool_min_conns=2&pool_min_idle_conns=3&" +
	"pool_max_conn_lifetime=1h&pool_max_conn_lifetime_jitter=7m&pool_max_conn_idle_time=9m&connect_timeout=4&" +
	"statement_timeout=700&lock_timeout=0.5s&idle_in_transaction_session_timeout=1min"

// A limit that is given goes before that of the URL, and that before the default.
func TestWhichLimitIsInForce(t *testing.T) {
	t.Parallel()
	given := postgres.Config{
		MaxConns: 5, MinConns: 1, MinIdleConns: 1, MaxConnLifetime: time.Minute, MaxConnLifetimeJitter: time.Second,
		MaxConnIdleTime: 2 * time.Minute, ConnectTimeout: time.Second, AcquireTimeout: 3 * time.Second,
		StatementTimeout: 6 * time.Second, LockTimeout: 5 * time.Second, IdleInTransactionTimeout: 8 * time.Second,
	}
	inURL := postgres.Config{
		MaxConns: 20, MinConns: 2, MinIdleConns: 3, MaxConnLifetime: time.Hour, MaxConnLifetimeJitter: 7 * time.Minute,
		MaxConnIdleTime: 9 * time.Minute, ConnectTimeout: 4 * time.Second, AcquireTimeout: 2 * time.Second,
		StatementTimeout: 700 * time.Millisecond, LockTimeout: 500 * time.Millisecond, IdleInTransactionTimeout: time.Minute,
	}
	without := postgres.Config{
		MaxConns: 5, MinConns: -1, MinIdleConns: -1, MaxConnLifetime: -1, MaxConnLifetimeJitter: -1, MaxConnIdleTime: -1,
		ConnectTimeout: -1, AcquireTimeout: -1, StatementTimeout: -1, LockTimeout: -1, IdleInTransactionTimeout: -1,
	}
	const bare = "postgres://app@127.0.0.1/app"
	for name, test := range map[string]struct {
		url         string
		given, want postgres.Config
	}{
		"defaults":               {bare, postgres.Config{}, postgres.DefaultConfig()},
		"the URL's":              {allInURL, postgres.Config{}, inURL},
		"given":                  {bare, given, given},
		"given before the URL's": {allInURL, given, given},
		"none before the URL's":  {allInURL, without, without},
		"resolved before":        {allInURL, inURL, inURL},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.given.URL = test.url
			got, err := test.given.Resolve()
			require.NoError(t, err)
			require.Equal(t, limits(test.want), limits(got))
		})
	}
	// The jitter follows the lifetime.
	got, err := postgres.Config{URL: bare, MaxConnLifetime: time.Hour}.Resolve()
	require.NoError(t, err)
	require.Equal(t, 6*time.Minute, got.MaxConnLifetimeJitter)
}

func TestLimitsThatCannotBe(t *testing.T) {
	t.Parallel()
	const url = "postgres://app:canary@127.0.0.1/app?"
	for name, test := range map[string]struct {
		cfg  postgres.Config
		want string
	}{
		"more kept than may be": {postgres.Config{URL: url, MaxConns: 3, MinConns: 9}, "min_conns is 9 and max_conns is 3"},
		"more idle than may be": {
			postgres.Config{URL: url + "pool_min_idle_conns=17"}, "min_idle_conns is 17 and max_conns is 16",
		},
		"the URL against a setting": {
			postgres.Config{URL: url + "pool_min_conns=4", MaxConns: 3}, "min_conns is 4 and max_conns is 3",
		},
		"no connection":     {postgres.Config{URL: url + "pool_max_conns=0"}, "pool_max_conns=20"},
		"no number":         {postgres.Config{URL: url + "pool_min_conns=few"}, "pool_max_conns=20"},
		"no time":           {postgres.Config{URL: url + "pool_max_conn_lifetime=30"}, "pool_max_conn_lifetime=30m"},
		"an unknown unit":   {postgres.Config{URL: url + "lock_timeout=2sec"}, "lock_timeout of the database URL"},
		"a negative time":   {postgres.Config{URL: url + "statement_timeout=-1"}, "statement_timeout of the database URL"},
		"an impossible one": {postgres.Config{URL: url + "statement_timeout=30d"}, "statement_timeout of the database URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := test.cfg.Resolve()
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), "canary")
			require.NotContains(t, err.Error(), "\n")
			_, err = postgres.Open(t.Context(), test.cfg)
			require.ErrorContains(t, err, test.want)
		})
	}
	single, err := postgres.Single(url+"pool_min_conns=4", 1).Resolve()
	require.NoError(t, err, "the pool of a command keeps no connections")
	require.Equal(t, int32(1), single.MaxConns)
}

// The metrics show the limits of a pool, wherever they are from, and PostgreSQL and pgx have them.
func TestLimitsInForceAreShown(t *testing.T) {
	t.Parallel()
	migrated := pgtest.URL(t, accounts())
	url := migrated + "&pool_max_conns=4&pool_min_conns=2&pool_max_conn_lifetime=1h&connect_timeout=7&" +
		"statement_timeout=7s&idle_in_transaction_session_timeout=0"
	require.NoError(t, postgres.Migrations("accounts", accounts()).Migrate(t.Context(), url, nil))
	pool, err := postgres.Open(t.Context(), postgres.Config{
		URL: url, MinConns: 1, MinIdleConns: 1, LockTimeout: 6 * time.Second, AcquireTimeout: time.Minute,
	})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	values := poolMetrics(t, pool)
	for name, want := range map[string]float64{
		"db_pool_max_connections":                        4,
		"db_pool_min_connections":                        1,
		"db_pool_min_idle_connections":                   1,
		"db_pool_limit_seconds max_conn_lifetime":        3600,
		"db_pool_limit_seconds max_conn_lifetime_jitter": 360,
		"db_pool_limit_seconds max_conn_idle_time":       300,
		"db_pool_limit_seconds connect":                  7,
		"db_pool_limit_seconds acquire":                  60,
		"db_pool_limit_seconds statement":                7,
		"db_pool_limit_seconds lock":                     6,
		"db_pool_limit_seconds idle_in_transaction":      math.Inf(1),
	} {
		require.Equal(t, want, values[name], name)
	}
	var lock string
	require.NoError(t, pool.QueryRow(t.Context(), "SHOW lock_timeout").Scan(&lock))
	require.Equal(t, "6s", lock)
	require.Equal(t, int32(1), pool.Config().MinIdleConns)
	require.Equal(t, 6*time.Minute, pool.Config().MaxConnLifetimeJitter)
}

// The connect time-out goes before that of the URL, and everything else stays.
func TestWithConnectTimeout(t *testing.T) {
	t.Parallel()
	for _, database := range []string{
		"postgres://app:p%40ss@db-1:5432,db-2:5433/app?sslmode=disable&pool_max_conns=3&options=-c%20geqo%3Doff",
		"postgresql://app:p%40ss@db-1:5432,db-2:5433/app?connect_timeout=4&sslmode=disable&pool_max_conns=3",
		"postgres://app@db-1/app?pool_max_conns=3",
		"host=db-1,db-2 port=5432,5433 user=app password=p@ss dbname=app sslmode=disable pool_max_conns=3 connect_timeout=4",
	} {
		changed := postgres.WithConnectTimeout(database, 29500*time.Millisecond)
		limits, err := postgres.Config{URL: changed}.Resolve()
		require.NoError(t, err)
		require.Equal(t, 30*time.Second, limits.ConnectTimeout, database)
		require.EqualValues(t, 3, limits.MaxConns, database)
		before, err := pgx.ParseConfig(database)
		require.NoError(t, err)
		after, err := pgx.ParseConfig(changed)
		require.NoError(t, err)
		require.Equal(t, []any{before.Host, before.Port, before.Password, before.RuntimeParams, len(before.Fallbacks)},
			[]any{after.Host, after.Port, after.Password, after.RuntimeParams, len(after.Fallbacks)}, database)
	}
}
