package program_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
	"example.com/plumbline/impl/testkit/redistest"
)

// A service starts without Redis, says so, and uses it as soon as it is there.
func TestRedis(t *testing.T) {
	t.Parallel()
	server := redistest.Absent(t)
	p := parcels(serving(func(_ context.Context, process *program.Process) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			err := process.Redis.Do(r.Context(), process.Redis.B().Ping().Build()).Error()
			_, _ = io.WriteString(w, map[bool]string{true: "with", false: "without"}[err == nil])
		}), nil
	}))
	s := programtest.Serve(t, p.Run, serveEnvironment(pgtest.URL(t, second, parts...),
		"PARCELS_REDIS_URL="+server.URL().Reveal(), "PARCELS_REDIS_TIMEOUT=1s"))
	_, body := programtest.Get(t, s.URL)
	require.Equal(t, "without", body)
	health := func(want string) bool {
		_, body := programtest.Get(t, s.OpsURL+"/healthz")
		return strings.Contains(body, want)
	}
	require.True(t, health(`{"status":"degraded"`))
	status, _ := programtest.Get(t, s.OpsURL+"/readyz")
	require.Equal(t, http.StatusOK, status)
	server.Run()
	require.Eventually(t, func() bool { return health(`"name":"redis","status":"healthy","critical":false`) },
		programtest.Patience, programtest.Patience/1000)
	_, body = programtest.Get(t, s.URL)
	require.Equal(t, "with", body)
	_, body = programtest.Get(t, s.OpsURL+"/metrics")
	require.Contains(t, body, "redis_breaker_state 0")
	s.Stop()
	require.NoError(t, s.End())
}

// Without a URL there is no client, and nothing to check.
func TestNoRedis(t *testing.T) {
	t.Parallel()
	p := parcels(serving(func(_ context.Context, process *program.Process) (http.Handler, error) {
		require.Nil(t, process.Redis)
		return http.HandlerFunc(hello), nil
	}))
	s := programtest.Serve(t, p.Run, serveEnvironment(pgtest.URL(t, second, parts...)))
	_, body := programtest.Get(t, s.OpsURL+"/healthz")
	require.NotContains(t, body, `"redis"`)
	s.Stop()
	require.NoError(t, s.End())
}

func TestWrongRedisSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ set, want string }{
		{"REDIS_URL=canary", "redis_url: the Redis URL cannot be understood"},
		{"REDIS_URL=http://u:canary@host", "redis_url: the Redis URL cannot be understood"},
		{"REDIS_TIMEOUT=0s", "redis_timeout is between"},
		{"REDIS_TIMEOUT=2s", "redis_timeout is between"},
		{"REDIS_KEEPALIVE=1ms", "redis_keepalive is between"},
		{"REDIS_CA=/nowhere.pem", "/nowhere.pem"},
		{"REDIS_CERT=/nowhere.pem", "redis_cert and redis_key go together"},
	} {
		environ := serveEnvironment("postgres://parcels@127.0.0.1:1/parcels",
			"PARCELS_REDIS_URL=rediss://u:canary@127.0.0.1", "PARCELS_"+c.set)
		out, err := programtest.Command(t, parcels(serving(nil)).Run, environ, "serve")
		require.ErrorContains(t, err, c.want, c.set)
		require.NotContains(t, out+err.Error(), "canary", c.set)
	}
}
