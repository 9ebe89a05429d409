package program_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/ops"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/settings"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

type build func(context.Context, *program.Process) (http.Handler, error)

// serving is a command serve of a service that build assembles.
func serving(b build) program.Command {
	return program.NewLiveCommand("serve", "serve", program.DefaultServing(),
		func(ctx context.Context, p program.Program, live *settings.Live[program.Serving], out io.Writer) error {
			return program.Serve(ctx, p, live, &contract.Document{Name: "parcels", Sensitive: []string{"weight"}}, out, b)
		})
}

func serveEnvironment(url string, changes ...string) []string {
	return environment(url,
		append([]string{"PARCELS_ADDR=127.0.0.1:0", "PARCELS_OPS_ADDR=127.0.0.1:0", "PARCELS_UNREADY=0s"}, changes...)...)
}

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }

// journal records events in order.
type journal struct {
	mu   sync.Mutex
	text []string
}

func (j *journal) note(what string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text = append(j.text, what)
}

func (j *journal) read() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Join(j.text, ", ")
}

func TestServe(t *testing.T) {
	t.Parallel()
	p := parcels(serving(func(_ context.Context, process *program.Process) (http.Handler, error) {
		process.Check(ops.Check{Name: "scale", Run: func(context.Context) error { return ops.Reason("unbalanced") }})
		process.Log.Info("built", "weight", "heavy", "limits", process.Chain.RateLimits, "document",
			process.Chain.Document.Name)
		return http.HandlerFunc(hello), nil
	}))
	s := programtest.Serve(t, p.Run, serveEnvironment(pgtest.URL(t, first, parts...), "PARCELS_MAX_CONNS=3",
		"PARCELS_MAX_CONNECTIONS=100"))
	status, body := programtest.Get(t, s.URL)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "hello", body)
	for path, parts := range map[string][]string{
		"/livez":  {"alive"},
		"/readyz": {"ready"},
		"/healthz": {`"status":"degraded"`, `"name":"database","status":"healthy","critical":true`,
			`"name":"scale","status":"unhealthy","critical":false`, "unbalanced"},
		"/metrics": {"db_pool_max_connections 3", `db_pool_share_max_connections{share="anonymous"} 2`,
			`db_pool_share_max_connections{share="ordinary"} 3`, `service_build_info{`, `service="parcels"`,
			"http_requests_total", `http_connections_max{listener="callers"} 100`, "http_connections_open"},
	} {
		status, body := programtest.Get(t, s.OpsURL+path)
		require.Equal(t, http.StatusOK, status, path)
		for _, part := range parts {
			require.Contains(t, body, part, path)
		}
	}
	built := s.Line("built")
	require.Equal(t, "parcels", built["service"])
	require.Equal(t, "parcels", built["document"])
	require.Equal(t, true, built["limits"])
	require.NotEqual(t, "heavy", built["weight"], "the document calls it sensitive")
	s.Stop()
	require.NoError(t, s.End())
	require.Contains(t, s.Output(), "wound down")
}

// The order of stopping: unready, the running request, background parts in reverse order, the pool.
func TestTheOrderOfWindingDown(t *testing.T) {
	t.Parallel()
	var j journal
	asked, answer := make(chan struct{}), make(chan struct{})
	p := parcels(serving(func(_ context.Context, process *program.Process) (http.Handler, error) {
		part := func(name string) {
			process.Go(name, func(ctx context.Context) {
				<-ctx.Done()
				time.Sleep(10 * time.Millisecond) // The next part would have the time to end first.
				err := process.Pool.Ping(context.WithoutCancel(ctx))
				j.note(name + " ended")
				if err != nil {
					j.note(err.Error())
				}
			})
		}
		part("first")
		process.Defer("bus", func(context.Context) error {
			j.note("bus closed")
			return nil
		})
		part("second")
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(asked)
			<-httpapi.Draining(r.Context())
			j.note("winding down")
			<-answer
			j.note("answered")
			hello(w, r)
		}), nil
	}))
	s := programtest.Serve(t, p.Run, serveEnvironment(pgtest.URL(t, second, parts...)))
	body := make(chan string, 1)
	go func() {
		r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, s.URL, http.NoBody)
		if err != nil {
			body <- err.Error()
			return
		}
		r.Close = true
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			body <- err.Error()
			return
		}
		defer got.Body.Close()
		text, _ := io.ReadAll(got.Body)
		body <- string(text)
	}()
	<-asked
	s.Stop()
	s.Line("winding down")
	status, text := programtest.Get(t, s.OpsURL+"/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, text, "draining")
	require.False(t, s.HasEnded())
	close(answer)
	require.Equal(t, "hello", <-body)
	require.NoError(t, s.End())
	require.Equal(t, "winding down, answered, second ended, bus closed, first ended", j.read())
}

// A part that panics stops the program, in order; the error names the part, and the log the place.
func TestAPanicBesideRequests(t *testing.T) {
	t.Parallel()
	var j journal
	panics := make(chan struct{})
	p := parcels(serving(func(_ context.Context, process *program.Process) (http.Handler, error) {
		process.Defer("bus", func(context.Context) error {
			j.note("bus closed")
			return nil
		})
		process.Go("scale", func(context.Context) {
			<-panics
			panic("it fell")
		})
		return http.HandlerFunc(hello), nil
	}))
	s := programtest.Serve(t, p.Run, serveEnvironment(pgtest.URL(t, second, parts...)))
	close(panics)
	programtest.RequireSentence(t, s.End(), "scale failed to stop: it panicked")
	require.Equal(t, "bus closed", j.read())
	line := s.Line("panic beside requests")
	require.Equal(t, "it fell", line["panic"])
	require.Contains(t, line["stack"], "serve_test.go")
}

// A part that fails to end makes the program fail, and keeps nothing else from ending.
func TestAPartThatEndsBadly(t *testing.T) {
	t.Parallel()
	var j journal
	p := parcels(serving(func(_ context.Context, process *program.Process) (http.Handler, error) {
		process.Defer("bus", func(context.Context) error {
			j.note("bus closed")
			return nil
		})
		process.Defer("queue", func(ctx context.Context) error {
			deadline, bounded := ctx.Deadline()
			require.True(t, bounded && time.Until(deadline) <= 20*time.Second)
			return errors.New("some jobs have not ended")
		})
		return http.HandlerFunc(hello), nil
	}))
	s := programtest.Serve(t, p.Run, serveEnvironment(pgtest.URL(t, second, parts...)))
	s.Stop()
	programtest.RequireSentence(t, s.End(), "queue failed to stop: some jobs have not ended")
	require.Equal(t, "bus closed", j.read())
}

// Started parts end even when the service cannot be assembled, or cannot listen.
func TestServeFails(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	taken, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, taken.Close()) })
	url := pgtest.URL(t, second, parts...)
	for name, c := range map[string]struct {
		fails error
		set   string
		want  string
	}{
		"not built":           {errors.New("no scale"), "PARCELS_DRAIN=2s", "no scale"},
		"a taken address":     {nil, "PARCELS_ADDR=" + taken.Addr().String(), "is in use"},
		"a taken ops address": {nil, "PARCELS_OPS_ADDR=" + taken.Addr().String(), "is in use"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var j journal
			p := parcels(serving(func(_ context.Context, process *program.Process) (http.Handler, error) {
				process.Go("watch", func(ctx context.Context) {
					<-ctx.Done()
					j.note("watch ended")
				})
				return http.HandlerFunc(hello), c.fails
			}))
			_, err := programtest.Command(t, p.Run, serveEnvironment(url, c.set), "serve")
			programtest.RequireSentence(t, err, c.want)
			require.Equal(t, "watch ended", j.read())
		})
	}
}

func TestServeWithoutMigrating(t *testing.T) {
	t.Parallel()
	built := false
	p := parcels(serving(func(context.Context, *program.Process) (http.Handler, error) {
		built = true
		return http.HandlerFunc(hello), nil
	}))
	environ := serveEnvironment(pgtest.URL(t, first, parts...), "PARCELS_MIGRATE=false")
	_, err := programtest.Command(t, p.Run, environ, "serve")
	programtest.RequireSentence(t, err, "parcels migrate")
	require.False(t, built)
}

func TestServingSettings(t *testing.T) {
	t.Parallel()
	p := parcels(program.Check(program.DefaultServing()),
		serving(func(context.Context, *program.Process) (http.Handler, error) { return http.HandlerFunc(hello), nil }))
	for set, want := range map[string]string{
		"PARCELS_OPS_ADDR=127.0.0.1:7": "ops_addr",
		"PARCELS_OPS_ADDR=nonsense":    "ops_addr is \"nonsense\": write host:port",
		"PARCELS_ADDR=nonsense":        "addr is \"nonsense\": write host:port",
		"PARCELS_ADDR=127.0.0.1:65536": "a number up to 65535",
		"PARCELS_DATABASE_URL=canary":  "database_url: the database URL cannot be understood",
		"PARCELS_MAX_CONNS=0":          "max_conns",
		"PARCELS_MAX_CONNS=1001":       "max_conns",
		"PARCELS_MAX_CONNECTIONS=15":   "max_connections is between 16 and 1000000",
		"PARCELS_POOL_SHARE=0":         "pool_share",
		"PARCELS_POOL_SHARE=76":        "pool_share",
		"PARCELS_UNREADY=-1s":          "unready",
		"PARCELS_DRAIN=0s":             "drain",
		"PARCELS_LOG_FORMAT=xml":       "log_format",
		"PARCELS_RESPONSES=always":     "PARCELS_RESPONSES",

		"PARCELS_RESPONSES_SAMPLE=0":        "responses_sample",
		"PARCELS_RESPONSES_SAMPLE=1.01":     "responses_sample",
		"PARCELS_RATE_LIMIT_FACTOR=0.009":   "rate_limit_factor is between 0.01 and 100",
		"PARCELS_RATE_LIMIT_FACTOR=101":     "rate_limit_factor",
		"PARCELS_SLOW_FACTOR=0":             "slow_factor",
		"PARCELS_TRUSTED_ORIGINS=shop.test": "trusted_origins: trusted origin \"shop.test\"",
		"PARCELS_TRUSTED_PROXIES=10.0.0.0":  "trusted_proxies: trusted proxy \"10.0.0.0\"",
	} {
		environ := environment("postgres://parcels@127.0.0.1:1/parcels", "PARCELS_ADDR=127.0.0.1:7", set)
		for _, command := range []string{"serve", "check"} {
			out, err := programtest.Command(t, p.Run, environ, command)
			programtest.RequireSentence(t, err, want)
			require.NotContains(t, out+err.Error(), "canary")
		}
	}
	// Two free ports are two addresses.
	database := program.DefaultDatabase()
	database.DatabaseURL = telemetry.NewSecret("postgres://parcels@127.0.0.1:1/parcels")
	free := program.DefaultServing()
	free.Keyed = program.Keyed{Database: database, MasterKey: telemetry.NewSecret(masterKey)}
	free.Addr, free.OpsAddr = "127.0.0.1:0", "127.0.0.1:0"
	require.NoError(t, free.Validate())
}
