package orders

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/impl/platform/ops"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

const secret = "never-shown-to-anybody"

var testMasterKey = programtest.NewMasterKey()

// environment gives the environment of a program on a database of its own, with changes as "name=value".
func environment(url string, changes ...string) []string {
	return append([]string{
		"ORDERS_DATABASE_URL=" + pgtest.Patient(url), "ORDERS_MASTER_KEY=" + testMasterKey, "ORDERS_ADDR=127.0.0.1:0",
		"ORDERS_OPS_ADDR=127.0.0.1:0", "ORDERS_USERS_URL=http://127.0.0.1:1", "ORDERS_RESPONSES=enforce", "ORDERS_UNREADY=0s",
		"ORDERS_KEYS_WITHIN=0s",
	}, changes...)
}

// Run is the program.
var Run = Program().Run

// TestServe runs the service alone: without NATS and without the users service.
func TestServe(t *testing.T) {
	t.Parallel()
	p := programtest.Serve(t, Run, environment(pgtest.URL(t, schema.Migrations, schema.Parts...)))
	for path, want := range map[string]string{"/livez": "alive", "/readyz": "ready", "/metrics": "order_streams 0"} {
		status, body := programtest.Get(t, p.OpsURL+path)
		require.Equal(t, http.StatusOK, status, path)
		require.Contains(t, body, want, path)
	}
	_, body := programtest.Get(t, p.OpsURL+"/metrics")
	for _, cache := range []string{"customers", "owners", "sessions", "tokens"} {
		require.Contains(t, body, `cache_entries{cache="`+cache+`"} 0`)
	}
	_, body = programtest.Get(t, p.OpsURL+"/healthz")
	require.Contains(t, body, `"users"`, "operators see who does not answer")
	client, err := ordersapi.NewClientWithResponses(p.URL)
	require.NoError(t, err)
	products, err := client.ListProductsWithResponse(t.Context(), &ordersapi.ListProductsParams{})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, products.StatusCode(),
		"the catalog is open to everybody, whoever else is away: %s", products.Body)
	order, err := client.GetOrderWithResponse(t.Context(), uuid.New())
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, order.StatusCode(), string(order.Body))
	status, _ := programtest.Get(t, p.URL+"/metrics")
	require.Equal(t, http.StatusNotFound, status, "callers do not see what operators do")
	p.Stop()
	require.NoError(t, p.End())
	require.Contains(t, p.Output(), `"operation":"listProducts"`, "the last lines are written")
	jobs, audit := strings.Index(p.Output(), `"part":"jobs"`), strings.Index(p.Output(), `"part":"audit"`)
	require.Positive(t, jobs)
	require.Less(t, jobs, audit, "what the last jobs have written is still sealed")
	require.NotContains(t, p.Output(), testMasterKey)
}

// dependencies returns what /healthz says of each dependency, and its status code.
func dependencies(t *testing.T, p *programtest.Served) (status int, by map[string]ops.Dependency) {
	t.Helper()
	status, body := programtest.Get(t, p.OpsURL+"/healthz")
	var report ops.Report
	require.NoError(t, json.Unmarshal([]byte(body), &report), body)
	by = map[string]ops.Dependency{}
	for _, d := range report.Dependencies {
		by[d.Name] = d
	}
	return status, by
}

// usersWithKeys answers with the key set of a signer, as the users service does, once it is told to serve.
func usersWithKeys(t *testing.T) (address string, signer *token.Signer, serving *atomic.Bool) {
	t.Helper()
	signer, serving = token.NewSigner(time.Now), &atomic.Bool{}
	key, err := token.NewPrivateKey(rand.Reader, time.Now())
	require.NoError(t, err)
	require.NoError(t, signer.SetKeys([]token.PrivateKey{key}))
	users := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !serving.Load() || r.URL.Path != token.KeySetPath {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write(signer.JWKS())
	}))
	t.Cleanup(users.Close)
	return users.URL, signer, serving
}

// Whatever callers send, the metrics have the same series.
func TestSeriesAreBounded(t *testing.T) {
	t.Parallel()
	users, signer, serving := usersWithKeys(t)
	serving.Store(true)
	p := programtest.Serve(t, Run, environment(pgtest.URL(t, schema.Migrations, schema.Parts...),
		"ORDERS_USERS_URL="+users, "ORDERS_KEYS_WITHIN=10m", "ORDERS_TRUSTED_PROXIES=127.0.0.0/8"))
	require.Eventually(t, func() bool {
		status, _ := programtest.Get(t, p.OpsURL+"/readyz")
		return status == http.StatusOK
	}, programtest.Patience, 20*time.Millisecond)
	programtest.RequireBoundedSeries(t, p, loadDocument(t), func() string {
		now := time.Now().Truncate(time.Second)
		access, err := signer.Sign(token.Claims{
			Issuer: "plumbline", Audience: []string{serviceName}, Subject: uuid.New(), SessionID: uuid.New(),
			Roles: []string{"customer", "staff"}, IssuedAt: now, ExpiresAt: now.Add(time.Minute), ID: rand.Text(),
		})
		require.NoError(t, err)
		return access
	})
}

// TestReadinessWaitsForKeys starts the service before the users service: callers are kept away until their tokens can
// be verified. Afterwards the service says within seconds that users has gone, and since when, though nobody calls.
func TestReadinessWaitsForKeys(t *testing.T) {
	t.Parallel()
	users, _, serving := usersWithKeys(t)
	p := programtest.Serve(t, Run, environment(pgtest.URL(t, schema.Migrations, schema.Parts...),
		"ORDERS_USERS_URL="+users, "ORDERS_KEYS_WITHIN=10m"))
	eventually := func(ask func() bool) {
		t.Helper()
		require.Eventually(t, ask, programtest.Patience, 20*time.Millisecond)
	}
	shows := func(lines ...string) func() bool {
		return func() bool {
			_, body := programtest.Get(t, p.OpsURL+"/metrics")
			return !slices.ContainsFunc(lines, func(line string) bool { return !strings.Contains(body, "\n"+line+"\n") })
		}
	}
	status, body := programtest.Get(t, p.OpsURL+"/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.JSONEq(t, `{"status":"not_ready","reason":"no_keys"}`, body)
	status, found := dependencies(t, p)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, ops.Dependency{
		Name: "keys", Critical: true, Status: ops.Unhealthy, Reason: token.NoKeys, Since: found["keys"].Since,
		CheckedAt: found["keys"].CheckedAt, DurationMS: found["keys"].DurationMS,
	}, found["keys"])
	require.Equal(t, ops.Unhealthy, found["users"].Status)
	require.EqualValues(t, "failing", found["users"].Reason)
	eventually(shows("token_keys 0", `dependency_healthy{dependency="keys"} 0`, `dependency_healthy{dependency="users"} 0`,
		`dependency_healthy{dependency="database"} 1`))
	status, _ = programtest.Get(t, p.URL+"/api/v1/products")
	require.Equal(t, http.StatusOK, status, "whoever comes all the same is served")

	serving.Store(true)
	eventually(func() bool {
		status, _ := programtest.Get(t, p.OpsURL+"/readyz")
		return status == http.StatusOK
	})
	eventually(func() bool {
		status, found = dependencies(t, p)
		return status == http.StatusOK && found["keys"].Status == ops.Healthy && found["users"].Status == ops.Healthy
	})
	eventually(shows("token_keys 1", `dependency_healthy{dependency="keys"} 1`,
		`dependency_healthy{dependency="users"} 1`))
	worked := p.Line("dependency works again")
	failed, err := time.ParseDuration(worked["failed_for"].(string))
	require.NoError(t, err)
	require.Positive(t, failed)

	before := found["users"].Since
	serving.Store(false)
	eventually(shows(`dependency_healthy{dependency="users"} 0`)) // Nobody asks for /healthz.
	status, found = dependencies(t, p)
	require.Equal(t, http.StatusOK, status, "what does not need users goes on, and known keys stay in use")
	require.Equal(t, ops.Healthy, found["keys"].Status)
	require.Equal(t, ops.Unhealthy, found["users"].Status)
	require.True(t, found["users"].Since.After(before))
	status, _ = programtest.Get(t, p.OpsURL+"/readyz")
	require.Equal(t, http.StatusOK, status)
}

// TestReadinessWaitsNoLongerThanItMay starts the service without a users service: what needs no token is served.
func TestReadinessWaitsNoLongerThanItMay(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, schema.Migrations, schema.Parts...)
	p := programtest.Serve(t, Run, environment(url, "ORDERS_KEYS_WITHIN=1ms"))
	require.Eventually(t, func() bool {
		status, _ := programtest.Get(t, p.OpsURL+"/readyz")
		return status == http.StatusOK
	}, programtest.Patience, 20*time.Millisecond)
	status, found := dependencies(t, p)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, token.NoKeys, found["keys"].Reason)
	require.EqualValues(t, "unreachable", found["users"].Reason)
}

func TestWrongSettings(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, schema.Migrations, schema.Parts...)
	for name, c := range map[string]struct {
		environ []string
		command string
		want    string
	}{
		"users nowhere":       {environment(url)[:2], "serve", "ORDERS_USERS_URL"},
		"a misspelt variable": {environment(url, "ORDERS_USER_URL=http://users"), "serve", "ORDERS_USERS_URL"},
		"users at no address": {environment(url, "ORDERS_USERS_URL=users:8080"), "serve", "users_url"},
		"users with a password": {
			environment(url, "ORDERS_USERS_URL=http://orders:"+secret+"@users"), "serve", "users_url",
		},
		"a wrong master key": {environment(url, "ORDERS_MASTER_KEY="+secret), "serve", "master key"},
		"no order allowed":   {environment(url, "ORDERS_OPEN_ORDERS=0"), "serve", "open_orders"},
		"no unit allowed":    {environment(url, "ORDERS_RESERVED_UNITS=-1"), "serve", "reserved_units"},
		"products for ever":  {environment(url, "ORDERS_PRODUCT_CACHE=1h"), "serve", "product_cache"},
		"a long warm-up":     {environment(url, "ORDERS_WARM_UP=1m"), "serve", "warm_up"},
		"no time to pay":     {environment(url, "ORDERS_PAY_WITHIN=0s"), "serve", "pay_within"},
		"a wrong bus":        {environment(url, "ORDERS_NATS_URL=http://bus:"+secret+"@there"), "serve", "nats"},
		"a database that is none": {
			environment("postgres//orders:" + secret + "@localhost/orders"), "migrate", "database URL",
		},
	} {
		out, err := programtest.Command(t, Run, c.environ, c.command)
		require.ErrorContains(t, err, c.want, name)
		programtest.RequireSentence(t, err, c.want)
		require.NotContains(t, err.Error()+out, secret, name)
	}
}
