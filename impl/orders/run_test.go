package orders

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
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
	_, body := programtest.Get(t, p.OpsURL+"/healthz")
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
