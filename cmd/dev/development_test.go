package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/testkit/programtest"
)

// patience bounds every wait here. It is long because nothing is asserted on time.
const patience = time.Minute

// binary is the development binary on its own ports and data folder.
type binary struct {
	t             *testing.T
	addr, opsAddr string
	data          string
	environ       []string
}

func newProgram(t *testing.T) *binary {
	t.Helper()
	// Not t.TempDir: only root reaches that, and PostgreSQL does not run as root.
	data, err := os.MkdirTemp("/var/tmp", "plumbline-dev-test-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(data, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(data)) })
	p := &binary{t: t, addr: freeAddr(t), opsAddr: freeAddr(t), data: data}
	p.environ = append(os.Environ(), "PLUMBLINE_ADDR="+p.addr, "PLUMBLINE_OPS_ADDR="+p.opsAddr, "PLUMBLINE_DATA="+p.data)
	return p
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

type running struct {
	*exec.Cmd
	out  *output
	done chan error
}

func (p *binary) start(environ ...string) *running {
	p.t.Helper()
	path := programtest.Program(p.t, "dev")
	r := &running{Cmd: exec.Command(path, "run"), out: &output{}, done: make(chan error, 1)}
	r.Env, r.Stdout, r.Stderr = slices.Concat(p.environ, environ), r.out, r.out
	require.NoError(p.t, r.Start())
	go func() { r.done <- r.Wait() }()
	p.t.Cleanup(func() {
		_ = r.Process.Kill() // It has usually ended by now.
		<-r.done
	})
	return r
}

// ready waits until the program says that it is.
func (r *running) ready(t *testing.T) *running {
	t.Helper()
	require.Eventually(t, func() bool {
		select {
		case err := <-r.done:
			r.done <- err
			require.Fail(t, "it ended early", r.out.String())
		default:
		}
		return strings.Contains(r.out.String(), "Ctrl-C stops all of it")
	}, patience, 10*time.Millisecond, "%s", r.out)
	return r
}

func (r *running) end(t *testing.T, signal os.Signal) error {
	t.Helper()
	require.NoError(t, r.Process.Signal(signal))
	select {
	case err := <-r.done:
		r.done <- err
		return err
	case <-time.After(patience):
		require.Fail(t, "it did not end", r.out.String())
		return nil
	}
}

type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// postgresOf finds the processes of the private server of a data folder.
func (p *binary) postgresOf() []string {
	out, _ := exec.Command("pgrep", "-f", "postgres.*"+p.data).Output() // Finding none is an exit code of 1.
	return strings.Fields(string(out))
}

// call asks the services and reads the answer, which is JSON.
func (p *binary) call(access, method, target, body string, headers ...string) (status int, answer map[string]any) {
	p.t.Helper()
	r, err := http.NewRequest(method, "http://"+p.addr+target, strings.NewReader(body))
	require.NoError(p.t, err)
	if access != "" {
		r.Header.Set("Authorization", "Bearer "+access)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	got, err := http.DefaultClient.Do(r)
	require.NoError(p.t, err)
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	require.NoError(p.t, err)
	require.NoError(p.t, json.Unmarshal(text, &answer), string(text))
	return got.StatusCode, answer
}

func (p *binary) logIn(email, password string) (status int, access string) {
	p.t.Helper()
	status, answer := p.call("", http.MethodPost, "/api/v1/login",
		fmt.Sprintf(`{"email":%q,"password":%q}`, email, password))
	access, _ = answer["access_token"].(string)
	return status, access
}

// order places an order of the one product that is found by some words.
func (p *binary) order(access, words string) (id string) {
	p.t.Helper()
	status, found := p.call("", http.MethodGet, "/api/v1/products?q="+url.QueryEscape(words), "")
	require.Equal(p.t, http.StatusOK, status, found)
	products := found["items"].([]any)
	require.Len(p.t, products, 1)
	status, order := p.call(access, http.MethodPost, "/api/v1/orders",
		fmt.Sprintf(`{"items":[{"product_id":%q,"quantity":2}]}`, products[0].(map[string]any)["id"]),
		"Idempotency-Key", "a-test")
	require.Equal(p.t, http.StatusCreated, status, order)
	return order["id"].(string)
}

// metrics reads those of all services, which it refuses when a series is there twice.
func (p *binary) metrics() map[string]*dto.MetricFamily {
	p.t.Helper()
	answer, err := http.Get("http://" + p.opsAddr + "/metrics")
	require.NoError(p.t, err)
	defer answer.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	require.NoError(p.t, err)
	return families
}

var printedPassword = regexp.MustCompile(`their password +(\S+)`)

var printedNATS = regexp.MustCompile(`NATS +(nats:\S+)`)

// stream finds a stream in the private NATS at the address that was printed.
func (r *running) stream(t *testing.T, name string) jetstream.Stream {
	t.Helper()
	connection, err := nats.Connect(printedNATS.FindStringSubmatch(r.out.String())[1])
	require.NoError(t, err)
	t.Cleanup(connection.Close)
	js, err := jetstream.New(connection)
	require.NoError(t, err)
	var stream jetstream.Stream
	require.Eventually(t, func() bool {
		stream, err = js.Stream(t.Context(), name)
		return err == nil
	}, patience, 10*time.Millisecond)
	return stream
}

// Both services are at one address, each with what it needs, and what they show their operators is one.
func TestBothServicesAnswer(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	r := p.start("PLUMBLINE_DEV_PASSWORD=chosen by the developer").ready(t)
	for _, path := range []string{
		"/docs", "/openapi/users.yaml", "/openapi/orders.yaml", "/openapi/users.json", "/openapi/orders.json",
	} {
		answer, err := http.Get("http://" + p.addr + path)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode, path)
	}
	status, answer := p.call("", http.MethodGet, "/nothing", "")
	require.Equal(t, http.StatusNotFound, status)
	require.Equal(t, "not_found", answer["code"])

	// Every customer has orders in every state; whoever may see everybody's sees those of both.
	orders := func(name, query string) []any {
		_, access := p.logIn(name+"@plumbline.test", "chosen by the developer")
		status, answer := p.call(access, http.MethodGet, "/api/v1/orders?limit=100&"+query, "")
		require.Equal(t, http.StatusOK, status, answer)
		return answer["items"].([]any)
	}
	for _, state := range []string{"pending", "paid", "shipped", "delivered", "cancelled", "expired", "refunded"} {
		require.NotEmpty(t, orders("customer", "status="+state), state)
	}
	require.Len(t, orders("customer2", ""), len(orders("customer", "")))
	require.Len(t, orders("support", ""), 2*len(orders("customer", "")))

	// What happens to an order is told at once, and the stream ends with the program.
	_, customer := p.logIn("customer@plumbline.test", "chosen by the developer")
	_, payments := p.logIn("payments@plumbline.test", "chosen by the developer")
	id := p.order(customer, "brass bob")
	follow, err := http.NewRequest(http.MethodGet, "http://"+p.addr+"/api/v1/orders/"+id+"/events", http.NoBody)
	require.NoError(t, err)
	follow.Header.Set("Authorization", "Bearer "+customer)
	follow.Header.Set("Accept", "text/event-stream")
	stream, err := http.DefaultClient.Do(follow)
	require.NoError(t, err)
	defer stream.Body.Close()
	lines := bufio.NewScanner(stream.Body)
	told := func(event string) {
		for lines.Scan() {
			if lines.Text() == "event: "+event {
				return
			}
		}
		require.Fail(t, "the stream ended without "+event)
	}
	told("order.placed")
	status, answer = p.call(payments, http.MethodPost, "/api/v1/orders/"+id+"/pay", "")
	require.Equal(t, http.StatusOK, status, answer)
	told("order.paid")

	// An account that is disabled is known to orders without asking.
	_, admin := p.logIn("admin@plumbline.test", "chosen by the developer")
	status, mine := p.call(customer, http.MethodGet, "/api/v1/profile", "")
	require.Equal(t, http.StatusOK, status)
	_, second := p.logIn("customer2@plumbline.test", "chosen by the developer")
	status, profile := p.call(second, http.MethodGet, "/api/v1/profile", "")
	require.Equal(t, http.StatusOK, status)
	require.NotEqual(t, mine["id"], profile["id"])
	status, answer = p.call(admin, http.MethodPost, fmt.Sprintf("/api/v1/admin/users/%s/disable", profile["id"]), "")
	require.Equal(t, http.StatusOK, status, answer)
	require.Eventually(t, func() bool {
		status, _ := p.call(second, http.MethodGet, "/api/v1/orders", "")
		return status == http.StatusUnauthorized
	}, patience, 10*time.Millisecond)

	health, err := http.Get("http://" + p.opsAddr + "/healthz")
	require.NoError(t, err)
	defer health.Body.Close()
	var report struct {
		Status       string
		Dependencies []struct{ Name string }
	}
	require.NoError(t, json.NewDecoder(health.Body).Decode(&report))
	require.Equal(t, "healthy", report.Status)
	for _, name := range []string{"users/database", "users/nats", "orders/database", "orders/nats", "orders/users"} {
		require.Contains(t, report.Dependencies, struct{ Name string }{name})
	}
	services := map[string]bool{}
	for _, m := range p.metrics()["http_requests_total"].GetMetric() {
		for _, l := range m.GetLabel() {
			if l.GetName() == "service" {
				services[l.GetValue()] = true
			}
		}
	}
	require.Equal(t, map[string]bool{"users": true, "orders": true}, services)

	require.NoError(t, r.end(t, os.Interrupt), r.out)
	for lines.Scan() { // What is left of the stream.
	}
	require.NoError(t, lines.Err())
	require.Empty(t, p.postgresOf())
	require.NotContains(t, r.out.String(), "level=", "no part has complained")
}

func TestEveryPersonaLogsInAndNothingIsLeftRunning(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	r := p.start().ready(t)
	password := printedPassword.FindStringSubmatch(r.out.String())[1]
	for _, name := range []string{"customer", "customer2", "support", "staff", "payments", "admin"} {
		require.Contains(t, r.out.String(), name+"@plumbline.test")
		status, access := p.logIn(name+"@plumbline.test", password)
		require.Equal(t, http.StatusOK, status)
		require.NotEmpty(t, access)
	}
	require.NotEmpty(t, p.postgresOf())
	require.NoError(t, r.end(t, syscall.SIGTERM), r.out)
	require.Empty(t, p.postgresOf())

	r = p.start("PLUMBLINE_DEV_PASSWORD=chosen by the developer").ready(t)
	status, _ := p.logIn("admin@plumbline.test", "chosen by the developer")
	require.Equal(t, http.StatusOK, status)
	status, _ = p.logIn("admin@plumbline.test", password)
	require.Equal(t, http.StatusUnauthorized, status)
	require.NoError(t, r.end(t, os.Interrupt), r.out)
	require.Empty(t, p.postgresOf())
}

func TestDataOutlivesKill(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	const password = "PLUMBLINE_DEV_PASSWORD=chosen by the developer"
	r := p.start(password).ready(t)
	status, _ := p.call("", http.MethodPost, "/api/v2/users",
		`{"email":"kept@example.com","name":"Kept","password":"correct horse battery"}`)
	require.Equal(t, http.StatusCreated, status)
	_, access := p.logIn("kept@example.com", "correct horse battery")
	order := p.order(access, "micrometer")
	stream := r.stream(t, "ORDERS")
	created := stream.CachedInfo().Created
	tells := func() bool {
		last, err := stream.GetLastMsgForSubject(t.Context(), "plumbline.orders.order.placed")
		return err == nil && bytes.Contains(last.Data, []byte(order))
	}
	require.Eventually(t, tells, patience, 10*time.Millisecond)

	_ = r.end(t, syscall.SIGKILL) // It is told to end badly.
	r = p.start(password).ready(t)
	status, access = p.logIn("kept@example.com", "correct horse battery")
	require.Equal(t, http.StatusOK, status)
	status, answer := p.call(access, http.MethodGet, "/api/v1/orders/"+order, "")
	require.Equal(t, http.StatusOK, status, answer)
	status, answer = p.call(access, http.MethodGet, "/api/v1/orders", "")
	require.Equal(t, http.StatusOK, status)
	require.Len(t, answer["items"], 1)
	stream = r.stream(t, "ORDERS")
	require.Equal(t, created, stream.CachedInfo().Created)
	require.True(t, tells())

	// The database dies under it: it says so and ends.
	require.NotEmpty(t, p.postgresOf())
	require.NoError(t, exec.Command("kill", append([]string{"-9"}, p.postgresOf()...)...).Run())
	select {
	case err := <-r.done:
		r.done <- err
		require.Error(t, err)
	case <-time.After(patience):
		require.Fail(t, "it did not notice", r.out.String())
	}
	require.Contains(t, r.out.String(), "PostgreSQL ended by itself")

	r = p.start(password).ready(t)
	status, _ = p.logIn("kept@example.com", "correct horse battery")
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, r.end(t, syscall.SIGTERM), r.out)

	path := programtest.Program(t, "dev")
	reset := exec.Command(path, "reset")
	reset.Env = p.environ
	text, err := reset.CombinedOutput()
	require.NoError(t, err, string(text))
	require.NoDirExists(t, filepath.Join(p.data, "nats"))
	r = p.start(password).ready(t)
	status, _ = p.logIn("kept@example.com", "correct horse battery")
	require.Equal(t, http.StatusUnauthorized, status)
	require.NotEqual(t, created, r.stream(t, "ORDERS").CachedInfo().Created)
}

func TestWhatIsWrongIsSaidInASentence(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, taken.Close()) }) // Not deferred: the cases run after this function.
	cases := map[string]struct{ set, say string }{
		"busy port": {
			"PLUMBLINE_ADDR=" + taken.Addr().String(),
			"in use by another program: stop it, or choose another address with PLUMBLINE_ADDR",
		},
		"no such folder": {"PLUMBLINE_DATA=/proc/plumbline", "choose another with PLUMBLINE_DATA"},
		"no PostgreSQL":  {"PLUMBLINE_PG_BINDIR=/nowhere", "PLUMBLINE_PG_BINDIR"},
		"wrong URL":      {"USERS_DATABASE_URL=postgres://u:geheim@127.0.0.1:1/x", "127.0.0.1:1"},
		"misspelt":       {"USERS_DRIAN=5s", "USERS_DRAIN"},
		"orders' URL":    {"ORDERS_DATABASE_URL=postgres://u:geheim@127.0.0.1:1/x", "127.0.0.1:1"},
		"orders' word":   {"ORDERS_DRIAN=5s", "ORDERS_DRAIN"},
		"no address":     {"ORDERS_USERS_URL=somewhere", "users_url"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t)
			r := p.start(c.set)
			select {
			case err := <-r.done:
				r.done <- err
				require.Error(t, err)
			case <-time.After(patience):
				require.Fail(t, "it did not end", r.out.String())
			}
			require.Contains(t, r.out.String(), c.say)
			require.NotContains(t, r.out.String(), "geheim")
			require.NotContains(t, r.out.String(), "Ctrl-C stops all of it")
			require.Empty(t, p.postgresOf())
		})
	}
}

// A word too many starts nothing and forgets nothing, and a folder that is not this program's is never removed.
func TestArgumentsAreNotGuessedAt(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	require.NoError(t, p.start().ready(t).end(t, syscall.SIGTERM))
	kept := filepath.Join(p.data, "postgres")
	path := programtest.Program(t, "dev")
	refused := func(args ...string) {
		command := exec.Command(path, args...)
		command.Env = p.environ
		out, err := command.CombinedOutput()
		require.Error(t, err, "%v: %s", args, out)
		require.NotContains(t, string(out), "the data is gone")
		require.DirExists(t, kept)
	}
	refused("reset", "--help")
	refused("run", "now")
	refused("rset")
	require.NoError(t, os.RemoveAll(kept))
	require.NoError(t, os.Mkdir(kept, 0o755))
	refused("reset")
}

// TestReadmeConversation runs the commands of the README as they stand there.
func TestReadmeConversation(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, text, found := strings.Cut(string(readme), "A first conversation")
	require.True(t, found)
	_, text, _ = strings.Cut(text, "```sh\n")
	script, _, found := strings.Cut(text, "```")
	require.True(t, found)

	p := newProgram(t)
	p.start("PLUMBLINE_DEV_PASSWORD=chosen by the developer").ready(t)
	script = strings.ReplaceAll(script, "127.0.0.1:8080", p.addr)
	script = strings.ReplaceAll(script, "THE PRINTED ONE", "chosen by the developer")
	out, err := exec.Command("bash", "-c", script).Output()
	var status *exec.ExitError
	require.ErrorAs(t, err, &status)
	require.Equal(t, 28, status.ExitCode(),
		"the last command, which does not end by itself, has ended by its limit: %s", out)
	for _, want := range []string{`"email":"customer@plumbline.test"`, `"status":"pending"`, "event: order.placed"} {
		require.Contains(t, string(out), want)
	}
}
