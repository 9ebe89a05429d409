package program_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

// A setting goes before the database URL, also where it has the value of the default, and that before the default.
func TestLimitsOfThePool(t *testing.T) {
	t.Parallel()
	var begun *program.Process
	p := saysHello(func(process *program.Process) { begun = process })
	url := pgtest.URL(t, second, parts...) + "&pool_max_conns=20&pool_min_conns=2&pool_max_conn_idle_time=9m&" +
		"statement_timeout=9s&lock_timeout=7s"
	s := programtest.Serve(t, p.Run, []string{
		"PARCELS_DATABASE_URL=" + url, "PARCELS_MASTER_KEY=" + masterKey, "PARCELS_ADDR=127.0.0.1:0",
		"PARCELS_OPS_ADDR=127.0.0.1:0", "PARCELS_UNREADY=0s",
		"PARCELS_MIN_CONNS=0", "PARCELS_MIN_IDLE_CONNS=1", "PARCELS_MAX_CONN_LIFETIME=1h",
		"PARCELS_MAX_CONN_LIFETIME_JITTER=1m", "PARCELS_MAX_CONN_IDLE_TIME=5m", "PARCELS_CONNECT_TIMEOUT=3s",
		"PARCELS_ACQUIRE_TIMEOUT=4s", "PARCELS_STATEMENT_TIMEOUT=1800ms", "PARCELS_LOCK_TIMEOUT=1s",
		"PARCELS_IDLE_IN_TRANSACTION_TIMEOUT=11s",
	})
	_, metrics := programtest.Get(t, s.OpsURL+"/metrics")
	for _, line := range []string{
		"db_pool_max_connections 20", `db_pool_share_max_connections{share="anonymous"} 10`,
		"db_pool_min_connections 0", "db_pool_min_idle_connections 1",
		`db_pool_limit_seconds{limit="max_conn_lifetime"} 3600`, `db_pool_limit_seconds{limit="max_conn_lifetime_jitter"} 60`,
		`db_pool_limit_seconds{limit="max_conn_idle_time"} 300`, `db_pool_limit_seconds{limit="connect"} 3`,
		`db_pool_limit_seconds{limit="acquire"} 4`, `db_pool_limit_seconds{limit="statement"} 1.8`,
		`db_pool_limit_seconds{limit="lock"} 1`, `db_pool_limit_seconds{limit="idle_in_transaction"} 11`,
		`db_pool_wait_duration_seconds_count{for="connection"}`, `db_pool_wait_duration_seconds_count{for="ordinary"} 0`,
	} {
		require.Contains(t, metrics, line)
	}
	for setting, want := range map[string]string{
		"statement_timeout": "1800ms", "lock_timeout": "1s", "idle_in_transaction_session_timeout": "11s",
	} {
		var got string
		require.NoError(t, begun.Pool.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&got))
		require.Equal(t, want, got, setting)
	}
	require.Equal(t, 20, int(begun.Pool.Config().MaxConns))
	require.Equal(t, time.Minute, begun.Pool.Config().MaxConnLifetimeJitter)
	s.Stop()
	require.NoError(t, s.End())
}

// What cannot work is refused before anything is touched, with the place.
func TestLimitsThatContradict(t *testing.T) {
	t.Parallel()
	p := parcels(program.Check(program.DefaultServing()),
		serving(func(context.Context, *program.Process) (http.Handler, error) { return http.HandlerFunc(hello), nil }))
	const url = "PARCELS_DATABASE_URL=postgres://parcels:canary@127.0.0.1:1/parcels"
	for set, want := range map[string]string{
		"PARCELS_MIN_CONNS=17":                            "min_conns is 17 and max_conns is 16",
		"PARCELS_MIN_CONNS=-1":                            "min_conns is between 0 and 1000",
		"PARCELS_MIN_IDLE_CONNS=3,PARCELS_MAX_CONNS=2":    "min_idle_conns is 3 and max_conns is 2",
		url + "?pool_min_conns=9,PARCELS_MAX_CONNS=8":     "min_conns is 9 and max_conns is 8",
		url + "?pool_max_conns=none":                      "a pool_… parameter of the database URL",
		url + "?statement_timeout=soon":                   "statement_timeout of the database URL",
		url + "?pool_max_conns=40000000":                  "max_conns of the database URL is 40000000: it is",
		url + "?pool_max_conn_lifetime=1ms":               "max_conn_lifetime of the database URL is 1ms: it is",
		url + "?pool_max_conn_idle_time=200h":             "max_conn_idle_time of the database URL is 200h0m0s: it is",
		url + "?connect_timeout=4000":                     "connect_timeout of the database URL is 1h6m40s: it is",
		url + "?statement_timeout=2h":                     "statement_timeout of the database URL is 2h0m0s: it is",
		url + "?lock_timeout=2h":                          "lock_timeout of the database URL is 2h0m0s: it is",
		"PARCELS_DRAIN=1s":                                "acquire_timeout is 2s and drain is 1s",
		"PARCELS_MAX_CONN_LIFETIME=0s":                    "max_conn_lifetime is between 1s and 168h0m0s",
		"PARCELS_MAX_CONN_LIFETIME_JITTER=-1s":            "max_conn_lifetime_jitter is between 0s and 168h0m0s",
		"PARCELS_MAX_CONN_IDLE_TIME=1ms":                  "max_conn_idle_time is between 1s and 168h0m0s",
		"PARCELS_CONNECT_TIMEOUT=-1s":                     "connect_timeout is between 1ms and 1h0m0s",
		"PARCELS_ACQUIRE_TIMEOUT=0s":                      "acquire_timeout is between 1ms and 1h0m0s",
		"PARCELS_ACQUIRE_TIMEOUT=21s":                     "acquire_timeout is 21s and drain is 20s",
		"PARCELS_STATEMENT_TIMEOUT=2h":                    "statement_timeout is between 1ms and 1h0m0s",
		"PARCELS_LOCK_TIMEOUT=0s":                         "lock_timeout is between 1ms and 1h0m0s",
		"PARCELS_LOCK_TIMEOUT=2s":                         "lock_timeout is 2s and statement_timeout is 1.8s",
		"PARCELS_IDLE_IN_TRANSACTION_TIMEOUT=-1s":         "idle_in_transaction_timeout is between 1ms and 1h0m0s",
		"PARCELS_STOP_WITHIN=24s":                         "stop_within is 24s, unready 3s and drain 20s",
		"PARCELS_DRAIN=2000000h,PARCELS_UNREADY=2000000h": "stop_within is 25s",
	} {
		environ := append(environment("postgres://parcels@127.0.0.1:1/parcels", "PARCELS_ADDR=127.0.0.1:7"),
			strings.Split(set, ",")...)
		for _, command := range []string{"serve", "check"} {
			out, err := programtest.Command(t, p.Run, environ, command)
			programtest.RequireSentence(t, err, want)
			require.NotContains(t, out+err.Error(), "canary")
		}
	}
	// Pool settings of the URL are those of serve: other commands have pools of their own.
	_, err := programtest.Command(t, p.Run,
		environment(pgtest.URL(t, nil)+"&pool_min_conns=4&pool_max_conns=5"), "migrate")
	require.NoError(t, err)
}

// The migrations of serve connect with its time-out, as its pool does.
func TestConnectTimeoutIsThatOfTheMigrations(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, second, parts...)
	var log strings.Builder
	late := part{name: "late", log: &log, url: postgres.WithConnectTimeout(pgtest.Patient(url), 59*time.Second)}
	p := saysHello(func(*program.Process) {})
	p.Schema.Parts = append(slices.Clone(parts), &late)
	s := programtest.Serve(t, p.Run, serveEnvironment(url, "PARCELS_CONNECT_TIMEOUT=59s"))
	s.Stop()
	require.NoError(t, s.End())
	require.Equal(t, "late ", log.String())
}
