package program_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
	"example.com/plumbline/impl/testkit/redistest"
	"example.com/plumbline/impl/testkit/tlstest"
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
		{"REDIS_CA=/nowhere.pem", "redis_ca: /nowhere.pem cannot be read"},
		{"REDIS_CERT=/nowhere.pem", "redis_cert and redis_key are set together"},
		{"REDIS_KEY=/nowhere.pem", "redis_cert and redis_key are set together"},
		{"REDIS_CERT=/nowhere.pem,REDIS_KEY=/nowhere.key", "redis_cert: /nowhere.pem cannot be read"},
		{"REDIS_CA=/nowhere.pem,REDIS_URL=", "redis_ca is set and redis_url is not"},
		{"REDIS_CERT=/nowhere.pem,REDIS_KEY=/nowhere.key,REDIS_URL=", "redis_key is set and redis_url is not"},
		{"REDIS_CA=/nowhere.pem,REDIS_URL=redis://127.0.0.1", "redis_ca is set and redis_url has no TLS"},
		{"REDIS_CERT=/nowhere.pem,REDIS_KEY=/nowhere.key,REDIS_URL=redis://u:canary@redis.example.com",
			"redis_cert is set and redis_url has no TLS"},
	} {
		environ := serveEnvironment("postgres://parcels@127.0.0.1:1/parcels", "PARCELS_REDIS_URL=rediss://u:canary@127.0.0.1")
		for set := range strings.SplitSeq(c.set, ",") {
			environ = append(environ, "PARCELS_"+set)
		}
		p := parcels(program.Check(program.DefaultServing()), serving(nil))
		for _, command := range []string{"serve", "check"} {
			out, err := programtest.Command(t, p.Run, environ, command)
			require.ErrorContains(t, err, c.want, c.set)
			require.NotContains(t, out+err.Error(), "canary", c.set)
		}
	}
}

// Redis with a certificate of the client needs no password; a key that everybody can read is warned of.
func TestFilesOfRedis(t *testing.T) {
	t.Parallel()
	a := tlstest.New(t, "own")
	a.Sign("own")
	a.Sign("open")
	require.NoError(t, os.Chmod(a.Path("open.key"), 0o644))
	p := parcels(program.Check(program.DefaultServing()))
	for _, c := range []struct{ url, key, warns string }{
		{"rediss://redis.example.com", "own", ""},
		{"rediss://redis.example.com", "open", "redis_key"},
		{"rediss://127.0.0.1", "open", "redis_key"},
		{"rediss://redis.example.com", "", "redis_url"},
	} {
		environ := []string{"PARCELS_MASTER_KEY=" + masterKey, safe, "PARCELS_NATS_URL=nats://127.0.0.1:4222",
			"PARCELS_REDIS_URL=" + c.url, "PARCELS_REDIS_CA=" + a.Path("ca.pem")}
		if c.key != "" {
			environ = append(environ, "PARCELS_REDIS_CERT="+a.Path(c.key+".pem"), "PARCELS_REDIS_KEY="+a.Path(c.key+".key"))
		}
		out, err := programtest.Command(t, p.Run, environ, "check")
		require.NoError(t, err)
		programtest.RequireWarned(t, out, c.warns)
	}
}

// Files that are away are no mistake of the settings themselves: a program that runs goes on with what it has.
func TestSettingsOfRedisAreValidWithoutTheFiles(t *testing.T) {
	t.Parallel()
	r := program.DefaultRedis()
	r.RedisURL, r.RedisCA = telemetry.NewSecret("rediss://127.0.0.1"), "/nowhere.pem"
	r.RedisCert, r.RedisKey = "/nowhere.pem", "/nowhere.key"
	require.NoError(t, r.Validate())
}
