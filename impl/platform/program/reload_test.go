package program_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/settings"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
	"example.com/plumbline/impl/testkit/tlstest"
)

// depotDocument has an operation for each setting of the chain: one with a rate limit, one whose answer breaks the
// document, one that is slow, and one that a test holds.
func depotDocument(t *testing.T) *contract.Document {
	t.Helper()
	text := `
openapi: 3.0.3
info: {title: Parcels, version: 1.0.0}
paths:
`
	for _, name := range []string{"limited", "broken", "slow", "held"} {
		text += fmt.Sprintf(`
  /%[1]s:
    get:
      operationId: %[1]s
      security: []
      x-access: {public: true}
      x-timeout: {limit: 60s, slow: 10s}
      x-priority: normal
`, name)
		if name == "limited" {
			text += "      x-rate-limit: {requests: 2, window: 1h, per: address}\n"
		}
		text += `      responses:
        '200':
          description: Done.
          content: {application/json: {schema: {type: object, required: [ok], properties: {ok: {type: boolean}}}}}
        '429': {$ref: '#/components/responses/Problem'}
        '503': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
`
	}
	text += `
components:
  responses:
    Problem:
      description: A failure.
      content: {application/problem+json: {schema: {type: object}}}
  schemas:
    ProblemCode:
      type: string
      enum: [malformed_request, invalid_request, rate_limited, overloaded, timeout, unavailable, internal]
`
	spec, err := openapi3.NewLoader().LoadFromData([]byte(text))
	require.NoError(t, err)
	document, err := contract.Load("parcels", spec)
	require.NoError(t, err)
	return document
}

// depotSettings are those of the depot: a relay that is far is to be encrypted, one that is nowhere is refused.
type depotSettings struct {
	program.Serving

	Relay    string `koanf:"relay" reload:"true"`
	RelayTLS bool   `koanf:"relay_tls" reload:"true"`
}

func (s *depotSettings) Findings() program.Findings {
	found := s.Serving.Findings()
	found.Add(s.Relay == "far" && !s.RelayTLS, "relay_tls", "parcels are read on their way", "true")
	if s.Relay == "nowhere" && !s.RelayTLS {
		found = append(found,
			program.Finding{Setting: "relay_tls", Follows: "parcels are lost", Instead: "true", Refused: true})
	}
	return found
}

// depot is a running service whose settings a test changes.
type depot struct {
	*programtest.Live

	t       *testing.T
	entered chan struct{} // has an element for each request that is held
	release chan struct{} // ends them when it is closed
	held    sync.WaitGroup
}

// takes is longer than a hundredth of the time from which an operation is slow.
const takes = 150 * time.Millisecond

// newDepot starts the service with settings in its file. What those of a test need the environment does not have.
func newDepot(t *testing.T, lines ...string) *depot {
	t.Helper()
	d := &depot{t: t, entered: make(chan struct{}, 100), release: make(chan struct{})}
	document := depotDocument(t)
	build := func(_ context.Context, process *program.Process) (http.Handler, error) {
		chain, err := httpapi.New(process.Chain)
		if err != nil {
			return nil, err
		}
		handle := func(r chi.Router, name, body string, work func(context.Context)) {
			r.Get("/"+name, func(w http.ResponseWriter, r *http.Request) {
				work(r.Context())
				process.Log.DebugContext(r.Context(), "handled")
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, body)
			})
		}
		return chain.Handler(func(r chi.Router) {
			handle(r, "limited", `{"ok":true}`, func(context.Context) {})
			handle(r, "broken", `{"ok":"broken"}`, func(context.Context) {})
			handle(r, "slow", `{"ok":true}`, func(context.Context) { time.Sleep(takes) })
			handle(r, "held", `{"ok":true}`, func(context.Context) {
				d.entered <- struct{}{}
				<-d.release
			})
		})
	}
	p := parcels(program.NewLiveCommand("serve", "serve", depotSettings{Serving: program.DefaultServing()},
		func(ctx context.Context, p program.Program, live *settings.Live[depotSettings], out io.Writer) error {
			return program.Serve(ctx, p, live, document, out, build)
		}))
	environ := environment(pgtest.URL(t, second, parts...), "PARCELS_ADDR=127.0.0.1:0", "PARCELS_OPS_ADDR=127.0.0.1:0")
	t.Cleanup(func() {
		d.let()
		d.held.Wait()
	})
	d.Live = programtest.ServeLive(t, p.Run, "PARCELS_CONFIG", environ, append([]string{"unready: 0s"}, lines...)...)
	return d
}

// hold makes as many requests as that, whose handlers wait.
func (d *depot) hold(count int) {
	d.t.Helper()
	for range count {
		d.held.Go(func() {
			ctx := context.WithoutCancel(d.t.Context())
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.URL+"/held", http.NoBody)
			if err != nil {
				panic(err)
			}
			r.Close = true
			if answer, err := http.DefaultClient.Do(r); err == nil { // It fails when the server gives up.
				_ = answer.Body.Close()
			}
		})
	}
	for range count {
		<-d.entered
	}
}

// let ends the requests that are held.
func (d *depot) let() {
	select {
	case <-d.release:
	default:
		close(d.release)
	}
}

// get calls an operation, from an origin if there is one, and gives the answer without its body.
func (d *depot) get(name, origin string) *http.Response {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.URL+"/"+name, http.NoBody)
	require.NoError(d.t, err)
	r.Close = true
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(d.t, err)
	require.NoError(d.t, answer.Body.Close())
	return answer
}

func (d *depot) status(name string) int {
	d.t.Helper()
	return d.get(name, "").StatusCode
}

// Each setting changes at run time: a test changes its line in the file and sees the effect from outside.
func TestSettingsChangeAtRunTime(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T){
		"log_level": func(t *testing.T) {
			d := newDepot(t, "log_level: info")
			d.status("limited")
			d.Set("log_level: debug")
			require.NotContains(t, d.Output(), `"msg":"handled"`)
			d.status("limited")
			d.Line("handled")
		},
		"trusted_origins": func(t *testing.T) {
			const shop, other = "https://shop.test", "https://other.test"
			const allowed = "Access-Control-Allow-Origin"
			d := newDepot(t)
			require.Empty(t, d.get("limited", shop).Header.Get(allowed))
			require.Empty(t, d.get("slow", shop).Header.Get("Vary"), "there is no CORS at all")
			d.Set("trusted_origins: [" + shop + "]")
			require.Equal(t, shop, d.get("slow", shop).Header.Get(allowed))
			d.Set("trusted_origins: [" + other + "]")
			require.Empty(t, d.get("slow", shop).Header.Get(allowed))
			require.Equal(t, other, d.get("slow", other).Header.Get(allowed))
		},
		"rate_limits": func(t *testing.T) {
			d := newDepot(t, "rate_limits: true")
			d.status("limited")
			d.status("limited")
			require.Equal(t, http.StatusTooManyRequests, d.status("limited"))
			d.Set("rate_limits: false")
			require.Equal(t, http.StatusOK, d.status("limited"))
			require.Empty(t, d.get("limited", "").Header.Get("RateLimit-Policy"))
			d.Set("rate_limits: true")
			require.Equal(t, http.StatusTooManyRequests, d.status("limited"))
		},
		"rate_limit_factor": func(t *testing.T) {
			d := newDepot(t)
			require.Equal(t, `"default";q=2;w=3600`, d.get("limited", "").Header.Get("RateLimit-Policy"))
			d.Set("rate_limit_factor: 2.5")
			for range 2 { // Half of the limit is used up: of 5 as of 2.
				answer := d.get("limited", "")
				require.Equal(t, http.StatusOK, answer.StatusCode)
				require.Equal(t, `"default";q=5;w=3600`, answer.Header.Get("RateLimit-Policy"),
					"callers are told the limit in force")
			}
			require.Equal(t, http.StatusTooManyRequests, d.status("limited"))
			d.Set("rate_limit_factor: 0.01")
			answer := d.get("limited", "")
			require.Equal(t, http.StatusTooManyRequests, answer.StatusCode)
			require.Equal(t, `"default";q=1;w=3600`, answer.Header.Get("RateLimit-Policy"), "one request is always allowed")
		},
		"shed": func(t *testing.T) {
			d := newDepot(t, "shed: true")
			d.hold(24) // as many as the room of anonymous requests has places
			require.Equal(t, http.StatusServiceUnavailable, d.status("slow"))
			d.Set("shed: false")
			require.Equal(t, http.StatusOK, d.status("slow"))
			d.let()
		},
		"responses": func(t *testing.T) {
			d := newDepot(t, "responses: off")
			require.Equal(t, http.StatusOK, d.status("broken"))
			d.Set("responses: enforce")
			require.Equal(t, http.StatusInternalServerError, d.status("broken"))
		},
		"responses_sample": func(t *testing.T) {
			d := newDepot(t, "responses: sample", "responses_sample: 0.001")
			for range 10 {
				require.Equal(t, http.StatusOK, d.status("broken"))
			}
			d.Set("responses_sample: 1")
			require.NotContains(t, d.Output(), "an answer breaks the document")
			require.Equal(t, http.StatusOK, d.status("broken"))
			d.Line("an answer breaks the document")
		},
		"slow_factor": func(t *testing.T) {
			d := newDepot(t)
			d.status("slow")
			d.Set("slow_factor: 0.01")
			require.NotContains(t, d.Output(), "slow operation")
			d.status("slow")
			require.EqualValues(t, 100, d.Line("slow operation")["threshold_ms"])
		},
		"unready": func(t *testing.T) {
			d := newDepot(t, "unready: 1h", "stop_within: 2h")
			d.Set("unready: 0s", "stop_within: 2h")
			d.Stop()
			require.NoError(t, d.End())
			require.Equal(t, "0s", d.Line("winding down")["unready"])
		},
		"drain": func(t *testing.T) {
			d := newDepot(t, "drain: 1h", "stop_within: 2h")
			d.hold(1)
			d.Set("drain: 2s", "stop_within: 2h")
			d.Stop()
			require.ErrorContains(t, d.End(), "requests were still running after 2s")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

// metric gives the line of a metric without labels.
func (d *depot) metric(name string) string {
	d.t.Helper()
	_, body := programtest.Get(d.t, d.OpsURL+"/metrics")
	for line := range strings.Lines(body) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			return strings.TrimSpace(value)
		}
	}
	return "none"
}

func TestABadFile(t *testing.T) {
	t.Parallel()
	d := newDepot(t, "responses: off")
	require.Equal(t, "1", d.metric("config_last_reload_successful"))
	read := d.metric("config_last_reload_success_timestamp_seconds")
	d.Write("responses: perhaps", "slow_factor: 1000", "drain: soon")
	refused := d.Line(programtest.Refused)
	require.Equal(t, "ERROR", refused["level"])
	require.Len(t, refused["problems"], 3, "%v", refused["problems"])
	require.Contains(t, refused["problems"].([]any)[2], "slow_factor is between 0.01 and 100")
	require.Equal(t, http.StatusOK, d.status("broken"), "the old settings stay")
	require.Equal(t, "1", d.metric("config_reload_failures_total"))
	require.Equal(t, "0", d.metric("config_last_reload_successful"))
	require.Equal(t, read, d.metric("config_last_reload_success_timestamp_seconds"))
	var body string
	contracttest.Eventually(t, "the service is degraded", func() bool { // A result of a check is reused for a moment.
		_, body = programtest.Get(t, d.OpsURL+"/healthz")
		return strings.Contains(body, `"status":"degraded"`)
	})
	require.Regexp(t, `"name":"config","status":"unhealthy","critical":false.*"reason":"refused"`, body)

	told := d.Set("responses: enforce", "slow_factor: 1", "drain: 20s")
	require.Equal(t, "WARN", told["level"], "who has seen the refusal sees its end")
	require.Equal(t, http.StatusInternalServerError, d.status("broken"))
	require.Equal(t, "1", d.metric("config_reload_failures_total"))
	require.Equal(t, "1", d.metric("config_last_reload_successful"))
	require.NotEqual(t, read, d.metric("config_last_reload_success_timestamp_seconds"))
}

// What takes effect at the next start, what the environment hides and what to look at is said; secrets are not.
func TestWhatAReloadSays(t *testing.T) {
	t.Parallel()
	d := newDepot(t, "rate_limits: true")
	told := d.Set("rate_limits: false", "max_conns: 5", "addr: 127.0.0.1:7", "nats_url: nats://user:canary@127.0.0.1:4222")
	require.Equal(t, []any{"rate_limits: true → false"}, told["changed"])
	require.Equal(t, []any{"addr by PARCELS_ADDR"}, told["hidden"])
	waiting := d.Line("changed settings take effect at the next start")
	require.Equal(t, "WARN", waiting["level"])
	require.Equal(t, []any{"max_conns", "nats_url"}, waiting["settings"])
	require.NotContains(t, d.Output(), "canary")
	var warned []any
	for _, line := range d.Lines("a setting to look at", 1) {
		warned = append(warned, line["setting"])
	}
	require.Contains(t, warned, "rate_limits")
	require.Equal(t, http.StatusOK, d.status("limited"))
}

// A finding counts that is new, whichever setting has changed and whichever the finding names.
func TestNewFindingsOfAReload(t *testing.T) {
	t.Parallel()
	warned := func(d *depot) (count int) {
		return strings.Count(d.Output(), "parcels are read on their way")
	}
	d := newDepot(t, "relay: near")
	d.Set("relay: far") // relay_tls is what it was.
	require.Equal(t, 1, warned(d))
	d.Set("slow_factor: 2")
	require.Equal(t, 1, warned(d), "it is no news")
	d.Write("relay: nowhere", "log_level: debug")
	require.Equal(t, []any{"relay_tls: parcels are lost; set true"}, d.Line(programtest.Refused)["problems"])
	d.Set("relay: near")
	d.Set("relay: far")
	require.Equal(t, 2, warned(d))
}

// A file that is away while its certificate is renewed keeps no other setting from taking effect.
func TestAReloadWhileAFileIsAway(t *testing.T) {
	t.Parallel()
	authority := tlstest.New(t, "own").Path("ca.pem")
	d := newDepot(t, "nats_url: tls://127.0.0.1:1", "nats_ca: "+authority, "redis_url: rediss://127.0.0.1:1",
		"redis_ca: "+authority)
	require.NoError(t, os.Remove(authority))
	require.Equal(t, []any{"log_level: INFO → DEBUG"}, d.Set("log_level: debug")["changed"])
	d.Set("log_level: info", "redis_ca: "+authority+".new")
	require.Equal(t, []any{"redis_ca"}, d.Line("changed settings take effect at the next start")["settings"])
}

// SIGHUP reads the settings again, and no command ends by it. The signal is for the whole process: other tests have
// their settings read again too.
func TestSIGHUP(t *testing.T) {
	d := newDepot(t, "rate_limits: true")
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGHUP))
	require.Empty(t, d.Line(programtest.Reloaded)["changed"])
}

func TestPrintConfig(t *testing.T) {
	t.Parallel()
	p := parcels(program.Check(program.DefaultServing()),
		serving(func(context.Context, *program.Process) (http.Handler, error) { return nil, nil }))
	file := filepath.Join(t.TempDir(), "parcels.yaml")
	require.NoError(t, os.WriteFile(file, []byte("log_level: warn\nscale: brass\ndrain: 7s\n"), 0o600))
	environ := serveEnvironment("postgres://parcels:canary@127.0.0.1:1/parcels", "PARCELS_LOG_LEVEL=error",
		"PARCELS_CONFIG="+file)
	for command, live := range map[string]string{"serve": "yes", "check": "no", "migrate": "no", "weigh-all": "no"} {
		out, err := programtest.Command(t, p.Run, environ, command, "--print-config")
		require.NoError(t, err, "nothing is touched: there is no database")
		require.NotContains(t, out, "canary")
		require.Regexp(t, `(?m)^database_url +\(secret\) +PARCELS_DATABASE_URL +no$`, out, command)
		require.Regexp(t, `(?m)^log_level +ERROR +PARCELS_LOG_LEVEL +`+live+
			`\n +WARN +.*parcels.yaml:1, hidden by PARCELS_LOG_LEVEL$`, out, command)
		if command != "migrate" {
			require.NotContains(t, out, masterKey)
		}
		_, err = programtest.Command(t, p.Run, append(environ, "PARCELS_LOG_FORMAT=xml", "PARCELS_LOG_LEVEL=loud"), command,
			"--print-config")
		require.ErrorContains(t, err, "log_format")
		require.ErrorContains(t, err, "loud")
	}
}

// The limits of the pool that the database URL has are shown as such, and those that follow from others.
func TestPrintConfigShowsThePoolInForce(t *testing.T) {
	t.Parallel()
	p := parcels(program.Check(program.DefaultServing()))
	const url = "postgres://parcels@127.0.0.1:1,127.0.0.1:2/parcels?pool_max_conns=40&statement_timeout=5s&lock_timeout=0"
	out, err := programtest.Command(t, p.Run, serveEnvironment("", "PARCELS_DATABASE_URL="+url, "PARCELS_MIN_CONNS=3",
		"PARCELS_MAX_CONN_LIFETIME=1h"), "check", "--print-config")
	require.NoError(t, err)
	for _, want := range []string{
		"max_conns +40 +database_url", "statement_timeout +5s +database_url", "lock_timeout +0s +database_url",
		"min_conns +3 +PARCELS_MIN_CONNS", "min_idle_conns +0 +default",
		"max_conn_lifetime +1h0m0s +PARCELS_MAX_CONN_LIFETIME",
		"max_conn_lifetime_jitter +6m0s +max_conn_lifetime", "acquire_timeout +2s +default",
		"connect_timeout +1s +acquire_timeout, database_url",
	} {
		require.Regexp(t, `(?m)^`+want+` +no$`, out)
	}
	out, err = programtest.Command(t, p.Run, serveEnvironment("", "PARCELS_DATABASE_URL="+url+"&connect_timeout=4",
		"PARCELS_MAX_CONNS=16"), "check", "--print-config")
	require.NoError(t, err)
	require.Regexp(t, `(?m)^max_conns +16 +PARCELS_MAX_CONNS +no$`, out)
	require.Regexp(t, `(?m)^connect_timeout +4s +database_url +no$`, out)
}
