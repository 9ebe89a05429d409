package redis_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/plumbline/impl/platform/ops"
	"example.com/plumbline/impl/platform/redis"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/redistest"
	"example.com/plumbline/impl/testkit/tlstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 30 * time.Second

// client is one under test, with what it tells.
type client struct {
	*redis.Client

	t        *testing.T
	registry *prometheus.Registry
	log      *lines
}

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func connect(t *testing.T, url telemetry.Secret, change ...func(*redis.Config)) *client {
	t.Helper()
	c := &client{t: t, registry: prometheus.NewRegistry(), log: &lines{}}
	config := redis.Config{
		Name: "parcels", URL: url, Registry: c.registry, Log: slog.New(slog.NewTextHandler(c.log, nil)),
	}
	for _, f := range change {
		f(&config)
	}
	var err error
	c.Client, err = redis.New(config)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// patient gives Redis more time, on a machine that is busy.
func patient(c *redis.Config) { c.Timeout = time.Second }

// hasty makes a Redis that fails fail soon.
func hasty(c *redis.Config) { c.Timeout, c.KeepAlive = 20*time.Millisecond, 100*time.Millisecond }

func (c *client) works() bool {
	return testutil.ToFloat64(gauge{c.registry, "redis_breaker_state"}) == 0
}

func (c *client) awaitWorking() {
	c.t.Helper()
	require.Eventually(c.t, c.works, patience, time.Millisecond, "the breaker stays open: %s", c.log)
}

func (c *client) ping() error { return c.Do(context.Background(), c.B().Ping().Build()).Error() }

func (c *client) set() error {
	return c.Do(context.Background(), c.B().Set().Key("a").Value("1").Build()).Error()
}

func (c *client) commands(result string) float64 {
	return testutil.ToFloat64(gauge{c.registry, `redis_commands_total{result="` + result + `"}`})
}

// gauge reads one series of a registry.
type gauge struct {
	from   *prometheus.Registry
	series string
}

func (g gauge) Describe(d chan<- *prometheus.Desc) { prometheus.DescribeByCollect(g, d) }

func (g gauge) Collect(into chan<- prometheus.Metric) {
	families, err := g.from.Gather()
	if err != nil {
		panic(err)
	}
	name, labels, _ := strings.Cut(g.series, "{")
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() != name ||
				labels != "" && !strings.Contains(labels, `"`+m.GetLabel()[0].GetValue()+`"`) {
				continue
			}
			value := m.GetGauge().GetValue() + m.GetCounter().GetValue()
			into <- prometheus.MustNewConstMetric(prometheus.NewDesc("one", "", nil, nil), prometheus.GaugeValue, value)
		}
	}
}

func TestCommandsAndScripts(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	c := connect(t, server.URL(), patient)
	c.awaitWorking()
	ctx := t.Context()
	require.NoError(t, c.Do(ctx, c.B().Set().Key(c.Key("a")).Value("1").Build()).Error())
	require.Equal(t, "1", server.Do("GET", "parcels:a"))
	require.True(t, rueidis.IsRedisNil(c.Do(ctx, c.B().Get().Key("none").Build()).Error()))
	add := rueidis.NewLuaScript(`return redis.call("INCRBY", KEYS[1], ARGV[1])`)
	for want := int64(3); want < 8; want += 2 {
		got, err := c.Run(ctx, add, []string{c.Key("a")}, []string{"2"}).AsInt64()
		require.NoError(t, err)
		require.Equal(t, want, got)
		server.Do("SCRIPT", "FLUSH") // as a restart does
	}
	require.NoError(t, c.Check(ctx))
	for range 20 { // A command that Redis refuses says nothing against Redis.
		require.ErrorContains(t, c.Do(ctx, c.B().Lpush().Key(c.Key("a")).Element("x").Build()).Error(), "WRONGTYPE")
	}
	for range 20 {
		require.Error(t, c.Do(ctx, c.B().Arbitrary("NO", "SUCH", "COMMAND").Build()).Error())
		require.Error(t, c.Run(ctx, rueidis.NewLuaScript(`return redis.error_reply("no")`), nil, nil).Error())
	}
	require.True(t, c.works())
	require.InDelta(t, 60, c.commands("rejected"), 0)
	require.Equal(t, 1, strings.Count(c.log.String(), "Redis refuses a command"))
	require.Zero(t, c.commands("breaker_open"))
}

// A Redis that was away at the start is used as soon as it is there.
func TestAbsentAtTheStart(t *testing.T) {
	t.Parallel()
	server := redistest.Absent(t)
	c := connect(t, server.URL(), patient)
	require.ErrorIs(t, c.ping(), redis.ErrAway)
	require.Eventually(t, func() bool { return errors.Is(c.Check(t.Context()), ops.Unreachable) }, patience,
		time.Millisecond)
	require.InDelta(t, c.commands("breaker_open"), c.commands("breaker_open")+c.commands("unreachable"), 0,
		"no caller waits for the first connection")
	server.Run()
	c.awaitWorking()
	require.NoError(t, c.set())
	require.NoError(t, c.Check(t.Context()))
	require.Equal(t, 1, strings.Count(c.log.String(), "Redis is away"))
}

// However Redis fails, few callers wait for it, and it is used again once it works.
func TestFailures(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]struct {
		begin, end func(*redistest.Server, *redistest.Proxy)
		reason     ops.Reason
	}{
		"killed": {
			func(s *redistest.Server, _ *redistest.Proxy) { s.Kill() },
			func(s *redistest.Server, _ *redistest.Proxy) { s.Run() }, ops.Unreachable,
		},
		"frozen": {
			func(s *redistest.Server, _ *redistest.Proxy) { s.Freeze() },
			func(s *redistest.Server, _ *redistest.Proxy) { s.Thaw() }, ops.TimedOut,
		},
		"slow": {
			func(_ *redistest.Server, p *redistest.Proxy) { p.Delay(time.Second) },
			func(_ *redistest.Server, p *redistest.Proxy) { p.Heal() }, ops.TimedOut,
		},
		"silent": {
			func(_ *redistest.Server, p *redistest.Proxy) { p.Swallow() },
			func(_ *redistest.Server, p *redistest.Proxy) { p.Heal() }, ops.TimedOut,
		},
		"full": {
			func(s *redistest.Server, _ *redistest.Proxy) { s.Fill() },
			func(s *redistest.Server, _ *redistest.Proxy) { s.Empty() }, "full",
		},
		"read-only": {
			func(s *redistest.Server, _ *redistest.Proxy) { s.Do("REPLICAOF", "127.0.0.1", "1") },
			func(s *redistest.Server, _ *redistest.Proxy) { s.Do("REPLICAOF", "NO", "ONE") }, "read_only",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			proxy := redistest.Through(t, server)
			c := connect(t, proxy.URL(), hasty)
			c.awaitWorking()
			fault.begin(server, proxy)
			for calls := 0; c.works(); calls++ {
				_ = c.set() // An answer may have been on its way.
				require.Less(t, calls, 20, "calls until the breaker opens")
			}
			sent := c.commands("success") + c.commands("timeout") + c.commands("unreachable") + c.commands("failing")
			for range 1000 {
				require.ErrorIs(t, c.set(), redis.ErrAway)
			}
			after := c.commands("success") + c.commands("timeout") + c.commands("unreachable") + c.commands("failing")
			require.InDelta(t, sent, after, 0, "nobody waits for Redis once the breaker is open")
			require.Eventually(t, func() bool { return errors.Is(c.Check(t.Context()), fault.reason) }, patience,
				time.Millisecond, "reason: %v", c.Check(t.Context()))
			fault.end(server, proxy)
			require.Eventually(t, func() bool { return c.set() == nil }, patience, time.Millisecond)
			require.Contains(t, c.log.String(), "breaker opened")
			require.Contains(t, c.log.String(), "breaker closed")
		})
	}
}

// A Redis that is up again with nothing in it is one that works.
func TestRestartedEmpty(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	c := connect(t, server.URL(), patient)
	c.awaitWorking()
	require.NoError(t, c.set())
	server.Kill()
	server.Run()
	require.Eventually(t, func() bool {
		return rueidis.IsRedisNil(c.Do(t.Context(), c.B().Get().Key("a").Build()).Error())
	}, patience, time.Millisecond)
}

// More callers than the connection has places for come back after their time, though Redis reads nothing: rueidis waits
// for a place without a bound. The breaker is kept closed by callers who are in too much haste to count.
func TestAFullQueue(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	proxy := redistest.Through(t, server)
	c := connect(t, proxy.URL(), func(c *redis.Config) { c.Timeout, c.KeepAlive = time.Second, time.Minute })
	c.awaitWorking()
	proxy.Swallow()
	const callers = 3000
	var crowd sync.WaitGroup
	late := make(chan error, callers)
	for range callers {
		crowd.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			defer cancel()
			late <- c.Do(ctx, c.B().Ping().Build()).Error()
		})
	}
	crowd.Wait() // It would not return.
	close(late)
	for err := range late {
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
	require.True(t, c.works(), "haste is no failure of Redis")
	server.Kill() // frees the queue
}

// A caller who leaves breaks nobody else's connection, and is no failure of Redis.
func TestCallersWhoLeave(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	c := connect(t, server.URL(), patient)
	c.awaitWorking()
	id := server.Do("CLIENT", "LIST")
	for range 50 {
		ctx, leave := context.WithCancel(t.Context())
		leave()
		require.ErrorIs(t, c.Do(ctx, c.B().Ping().Build()).Error(), context.Canceled)
	}
	require.NoError(t, c.ping())
	require.True(t, c.works())
	require.InDelta(t, 50, c.commands("canceled"), 0)
	first := func(list string) string { return strings.Fields(list)[0] }
	require.Equal(t, first(id), first(server.Do("CLIENT", "LIST")), "the connection is the same")
}

// A password that Redis refuses is told to operators, and to nobody in clear.
func TestAWrongPassword(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	server.Do("CONFIG", "SET", "requirepass", "right")
	url := func(password string) telemetry.Secret {
		return telemetry.NewSecret("redis://:" + password + "@" + server.Addr())
	}
	c := connect(t, url("canary"), patient)
	require.Eventually(t, func() bool { return errors.Is(c.Check(t.Context()), ops.Reason("access_denied")) }, patience,
		time.Millisecond)
	require.NotContains(t, c.log.String()+fmt.Sprint(c.Check(t.Context())), "canary")
	connect(t, url("right"), patient).awaitWorking()
}

func TestURLs(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"redis://127.0.0.1", "redis://user:pass@host:6379/1", "rediss://host:6380", "redis://[::1]:6379/0", "redis://h/",
	} {
		require.NoError(t, redis.CheckURL(telemetry.NewSecret(good)), good)
	}
	for _, bad := range []string{
		"", "canary", "127.0.0.1:6379", "http://canary@host", "redis://", "redis:///0", "redis://canary@host/one",
		"redis://canary@host/1/2", "rediss://canary@host?skip_verify=1", "redis://user:can%ary@host", "redis://h:canary",
	} {
		err := redis.CheckURL(telemetry.NewSecret(bad))
		require.ErrorContains(t, err, "redis://user:password@host:6379/0", bad)
		require.NotContains(t, err.Error(), "canary", bad)
	}
	_, err := redis.New(redis.Config{Name: "parcels"})
	require.Error(t, err)
	_, err = redis.New(redis.Config{URL: telemetry.NewSecret("redis://127.0.0.1")})
	require.ErrorContains(t, err, "name")
}

// Over TLS, both sides are authenticated: Redis by the authority, the client by its certificate.
func TestTLS(t *testing.T) {
	t.Parallel()
	own := tlstest.New(t, "own")
	own.Sign("redis")
	ca, cert, key := own.Path("ca.pem"), own.Path("redis.pem"), own.Path("redis.key")
	port := strconv.Itoa(redistest.FreePort(t))
	redistest.Start(t, "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key,
		"--tls-ca-cert-file", ca)
	url := telemetry.NewSecret("rediss://127.0.0.1:" + port)
	trusting := func(c *redis.Config) {
		patient(c)
		c.CA, c.Cert, c.Key = ca, cert, key
	}
	connect(t, url, trusting).awaitWorking()

	other := tlstest.New(t, "other")
	stranger := connect(t, url, trusting, func(c *redis.Config) { c.CA = other.Path("ca.pem") })
	require.Eventually(t, func() bool {
		_, untrusted := errors.AsType[*tls.CertificateVerificationError](stranger.Check(t.Context()))
		return untrusted
	}, patience, time.Millisecond)
	nameless := connect(t, url, trusting, func(c *redis.Config) { c.Cert, c.Key = "", "" })
	require.Eventually(t, func() bool { return errors.Is(nameless.Check(t.Context()), ops.Unreachable) }, patience,
		time.Millisecond)
	require.False(t, nameless.works())
	// The files are read at each attempt to connect, also those that were not there at first.
	missing := filepath.Join(t.TempDir(), "ca.pem")
	late := connect(t, url, trusting, func(c *redis.Config) { c.CA = missing })
	require.Eventually(t, func() bool { return errors.Is(late.Check(t.Context()), fs.ErrNotExist) }, patience,
		time.Millisecond)
	for _, file := range []string{missing, other.Path("ca.pem")} {
		text, err := os.ReadFile(ca)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, text, 0o600))
	}
	late.awaitWorking()
	stranger.awaitWorking()
	_, err := redis.New(redis.Config{Name: "parcels", URL: telemetry.NewSecret("redis://127.0.0.1"), CA: ca})
	require.ErrorContains(t, err, "rediss://")
}
