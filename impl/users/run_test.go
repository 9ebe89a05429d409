package users

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/audit"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

var testMasterKey = programtest.NewMasterKey()

// Run is the program.
var Run = Program().Run

// environment gives the environment of a program on a database of its own, with changes as "name=value".
func environment(url string, changes ...string) []string {
	return append([]string{
		"USERS_DATABASE_URL=" + pgtest.Patient(url), "USERS_MASTER_KEY=" + testMasterKey, "USERS_ADDR=127.0.0.1:0",
		"USERS_OPS_ADDR=127.0.0.1:0", "USERS_RESPONSES=enforce", "USERS_MAIL=off", "USERS_UNREADY=0s",
		"USERS_HASH_MEMORY_KIB=8", "USERS_HASH_ITERATIONS=1", "HOME=/nowhere",
	}, changes...)
}

// run runs a command that ends by itself.
func run(t *testing.T, environ []string, args ...string) (string, error) {
	t.Helper()
	return programtest.Command(t, Run, environ, args...)
}

// Whatever callers send, the metrics have the same series.
func TestSeriesAreBounded(t *testing.T) {
	t.Parallel()
	p := programtest.Serve(t, Run, environment(pgtest.URL(t, schema.Migrations, schema.Parts...),
		"USERS_TRUSTED_PROXIES=127.0.0.0/8"))
	document, err := Document()
	require.NoError(t, err)
	client, err := usersapi.NewClientWithResponses(p.URL)
	require.NoError(t, err)
	created, err := client.CreateUserV2WithResponse(t.Context(),
		usersapi.CreateUserV2Request{Email: "ada@example.com", Name: "Ada", Password: goodPassword})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, created.StatusCode(), string(created.Body))
	programtest.RequireBoundedSeries(t, p, document, func() string {
		login, err := client.StartSessionWithResponse(t.Context(),
			usersapi.StartSessionRequest{Email: "ada@example.com", Password: goodPassword},
			func(_ context.Context, r *http.Request) error {
				r.Header.Set("X-Forwarded-For", "198.51.100."+strconv.Itoa(rand.IntN(256))) // The rate limit is by address.
				return nil
			})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, login.StatusCode(), string(login.Body))
		return contracttest.Body(t, login, login.JSON200).AccessToken
	})
}

func TestServe(t *testing.T) {
	t.Parallel()
	p := programtest.Serve(t, Run, environment(pgtest.URL(t, schema.Migrations, schema.Parts...)))
	for path, want := range map[string]string{
		"/livez": "alive", "/readyz": "ready", "/healthz": `"status":"healthy"`,
		"/metrics": `cache_entries{cache="sessions"}`,
	} {
		status, body := programtest.Get(t, p.OpsURL+path)
		require.Equal(t, http.StatusOK, status, path)
		require.Contains(t, body, want, path)
	}
	client, err := usersapi.NewClientWithResponses(p.URL)
	require.NoError(t, err)
	created, err := client.CreateUserV2WithResponse(t.Context(),
		usersapi.CreateUserV2Request{Email: "ada@example.com", Name: "Ada", Password: goodPassword})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, created.StatusCode(), string(created.Body))
	require.NotEmpty(t, created.HTTPResponse.Header.Get("RateLimit"), "limits hold unless told otherwise")
	reset, err := client.RequestPasswordResetWithResponse(t.Context(),
		usersapi.RequestPasswordResetRequest{Email: "ada@example.com"})
	require.NoError(t, err)
	require.Equal(t, usersapi.ProblemCodeMailOff, codeIn(t, reset.Body), "nobody is promised a mail that is not sent")
	status, _ := programtest.Get(t, p.URL+"/metrics")
	require.Equal(t, http.StatusNotFound, status, "callers do not see what operators do")
	status, body := programtest.Get(t, p.OpsURL+"/metrics")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, `operation="createUserV2"`)
	require.Contains(t, body, "db_pool_max_connections 16")
	p.Stop()
	require.NoError(t, p.End())
	require.Contains(t, p.Output(), `"operation":"createUserV2"`, "the last lines are written")
	jobs, audit := strings.Index(p.Output(), `"part":"jobs"`), strings.Index(p.Output(), `"part":"audit"`)
	require.Positive(t, jobs)
	require.Less(t, jobs, audit, "what the last jobs have written is still sealed")
	require.NotContains(t, p.Output(), goodPassword)
	require.NotContains(t, p.Output(), testMasterKey)
}

// slowRequest is a request that the service has begun to read and whose body has not arrived yet.
type slowRequest struct {
	conn   net.Conn
	reader *bufio.Reader
	body   string
}

func beginSlowRequest(t *testing.T, base string) *slowRequest {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(base, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(programtest.Patience)))
	s := &slowRequest{
		conn: conn, reader: bufio.NewReader(conn),
		body: `{"email":"slow@example.com","name":"Slow","password":"` + goodPassword + `"}`,
	}
	_, err = fmt.Fprintf(conn,
		"POST /api/v2/users HTTP/1.1\r\nHost: users.test\r\nContent-Type: application/json\r\n"+
			"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(s.body))
	require.NoError(t, err)
	// The service asks for the body when it begins to read it: the request is running now.
	line, err := s.reader.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "100 Continue")
	_, err = s.reader.ReadString('\n')
	require.NoError(t, err)
	return s
}

func (s *slowRequest) finish(t *testing.T) *http.Response {
	t.Helper()
	_, err := io.WriteString(s.conn, s.body)
	require.NoError(t, err)
	answer, err := http.ReadResponse(s.reader, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

func TestServeDrains(t *testing.T) {
	t.Parallel()
	p := programtest.Serve(t, Run, environment(pgtest.URL(t, schema.Migrations, schema.Parts...)))
	slow := beginSlowRequest(t, p.URL)
	p.Stop()
	p.Line("winding down")
	status, body := programtest.Get(t, p.OpsURL+"/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, body, "draining")
	status, _ = programtest.Get(t, p.OpsURL+"/livez")
	require.Equal(t, http.StatusOK, status, "it is alive, and must not be killed")
	require.False(t, p.HasEnded(), "the request is still running")
	answer := slow.finish(t)
	require.Equal(t, http.StatusCreated, answer.StatusCode, "the request that was running has its answer")
	require.NoError(t, p.End())
	for _, address := range []string{p.URL, p.OpsURL} {
		_, err := net.DialTimeout("tcp", strings.TrimPrefix(address, "http://"), time.Second)
		require.Error(t, err, "nothing listens any more")
	}
}

func TestServeGivesUpDraining(t *testing.T) {
	t.Parallel()
	p := programtest.Serve(t, Run, environment(
		pgtest.URL(t, schema.Migrations, schema.Parts...), "USERS_DRAIN=500ms", "USERS_ACQUIRE_TIMEOUT=500ms"))
	beginSlowRequest(t, p.URL)
	p.Stop()
	require.ErrorContains(t, p.End(), "requests were still running after 500ms")
}

func TestServeBusyPort(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	taken, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	url := pgtest.URL(t, schema.Migrations, schema.Parts...)
	for _, variable := range []string{"USERS_ADDR=", "USERS_OPS_ADDR="} {
		_, err = run(t, environment(url, variable+taken.Addr().String()), "serve")
		programtest.RequireSentence(t, err, taken.Addr().String(), "in use", "choose another address")
	}
	_, err = run(t, environment(url, "USERS_ADDR=nowhere.invalid:1"), "serve")
	programtest.RequireSentence(t, err, "nowhere.invalid")
}

func TestWrongDatabase(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	free, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := free.Addr().String()
	require.NoError(t, free.Close())
	good := pgtest.URL(t, schema.Migrations, schema.Parts...)
	for name, url := range map[string]string{
		"nothing listens": "postgres://users:" + canary + "@" + nobody + "/users",
		"unknown host":    "postgres://users:" + canary + "@nowhere.invalid/users",
		"no URL":          "postgres//users:" + canary + "@localhost/users",
		"a bad escape":    "postgres://users:" + canary + "%zz@localhost/users",
		"a bad port":      "postgres://users:" + canary + "@localhost:port/users",
		"no such base":    regexp.MustCompile(`test_\d+`).ReplaceAllString(good, "nowhere"),
	} {
		for _, command := range [][]string{
			{"serve"}, {"migrate"}, {"create-admin", "--email", "ada@example.com"}, {"rotate-keys"}, {"rotate-data-keys"},
			{"reencrypt"}, {"remove-data-keys"},
		} {
			out, err := run(t, environment(url), command...)
			programtest.RequireSentence(t, err)
			require.NotContains(t, err.Error()+out, canary, "%s: %s", name, command)
		}
	}
}

func TestMissingSettings(t *testing.T) {
	t.Parallel()
	for command, missing := range map[string][]string{
		"serve":        {"USERS_DATABASE_URL", "USERS_MASTER_KEY"},
		"migrate":      {"USERS_DATABASE_URL"},
		"create-admin": {"USERS_DATABASE_URL", "USERS_MASTER_KEY", "USERS_EMAIL"},
		"rotate-keys":  {"USERS_DATABASE_URL", "USERS_MASTER_KEY"},
		"reencrypt":    {"USERS_DATABASE_URL", "USERS_MASTER_KEY"},
	} {
		out, err := run(t, nil, command)
		require.Error(t, err, command)
		require.Empty(t, out, command)
		for _, name := range missing {
			require.Contains(t, err.Error(), name, command)
		}
		require.Equal(t, len(missing), strings.Count(err.Error(), " is required: "), err.Error())
	}
}

// TestOneFileServesEveryCommand gives every command one file, with settings that only some of them have.
func TestOneFileServesEveryCommand(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "users.yaml")
	require.NoError(t, os.WriteFile(file, []byte("addr: 127.0.0.1:0\nissuer: here\nhash_queue: 7\nname: Ada\n"), 0o600))
	environ := environment(pgtest.URL(t, schema.Migrations, schema.Parts...), "USERS_CONFIG="+file)
	for _, args := range [][]string{{"migrate"}, {"create-admin", "--email", "ada@example.com"}, {"rotate-keys"}} {
		_, err := run(t, environ, args...)
		require.NoError(t, err, args)
	}
	require.NoError(t, os.WriteFile(file, []byte("adr: 127.0.0.1:0\n"), 0o600))
	_, err := run(t, environ, "migrate")
	programtest.RequireSentence(t, err, "adr", "addr")
}

func TestWrongSettings(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, schema.Migrations, schema.Parts...)
	const public = "USERS_PUBLIC_URL=https://shop.test"
	admin := func(more ...string) []string {
		return append([]string{"create-admin", "--email", "ada@example.com"}, more...)
	}
	for name, c := range map[string]struct {
		environ []string
		args    []string
		want    string
	}{
		"a misspelt variable": {environment(url, "USERS_ADRR=127.0.0.1:0"), []string{"serve"}, "USERS_ADDR"},
		"a misspelt flag":     {environment(url), []string{"serve", "--adr", "127.0.0.1:0"}, "--addr"},
		"a wrong duration":    {environment(url, "USERS_DRAIN=soon"), []string{"serve"}, "USERS_DRAIN"},
		"a wrong mode":        {environment(url, "USERS_RESPONSES=always"), []string{"serve"}, "USERS_RESPONSES"},
		"a wrong origin":      {environment(url, "USERS_TRUSTED_ORIGINS=shop"), []string{"serve"}, "shop"},
		"a wrong master key":  {environment(url, "USERS_MASTER_KEY="+canary), []string{"serve"}, "master key"},
		"a missing file": {
			append(environment(url)[:1], "USERS_MAIL=off", "USERS_MASTER_KEY_FILE=/nowhere/key"), []string{"serve"},
			"USERS_MASTER_KEY_FILE",
		},
		"weak hashing":       {environment(url, "USERS_HASH_MEMORY_KIB=1"), []string{"serve"}, "memory"},
		"not its own tokens": {environment(url, "USERS_AUDIENCE=orders"), []string{"serve"}, "audience"},
		"one address": {
			environment(url, "USERS_ADDR=127.0.0.1:7", "USERS_OPS_ADDR=127.0.0.1:7"), []string{"serve"}, "ops_addr",
		},
		"a wrong log format": {environment(url, "USERS_LOG_FORMAT=xml"), []string{"migrate"}, "log_format"},
		"no connections":     {environment(url, "USERS_MAX_CONNS=0"), []string{"serve"}, "max_conns"},
		"no queue":           {environment(url, "USERS_HASH_QUEUE=0"), []string{"serve"}, "hash_queue"},
		"time turned back":   {environment(url, "USERS_DRAIN=-1s"), []string{"serve"}, "drain"},
		"a name of spaces":   {environment(url), admin("--name", "  "), "name is one line"},
		"a name too long":    {environment(url), admin("--name", strings.Repeat("n", 101)), "name is one line"},
		"no mail server":     {environment(url, "USERS_MAIL=smtp"), []string{"serve"}, "smtp_addr"},
		"a wrong mail server": {
			environment(url, "USERS_MAIL=smtp", "USERS_SMTP_ADDR=mail.example.com", "USERS_MAIL_FROM=a@example.com", public),
			[]string{"serve"}, "host:port",
		},
		"nobody to be from": {
			environment(url, "USERS_MAIL=smtp", "USERS_SMTP_ADDR=mail.example.com:587", public),
			[]string{"serve"}, "sender",
		},
		"another way of mail": {environment(url, "USERS_MAIL=pigeon"), []string{"serve"}, "mail"},
		"a pigeon to owners":  {environment(url, "USERS_MAIL=pigeon"), admin(), "mail"},
		"no public address":   {environment(url, "USERS_PUBLIC_URL=shop"), []string{"serve"}, "public_url"},
		"links to nowhere": {
			environment(url, "USERS_MAIL=smtp", "USERS_SMTP_ADDR=mail.example.com:587", "USERS_MAIL_FROM=a@example.com"),
			[]string{"serve"}, "public_url: links in mails lead nowhere",
		},
		"no e-mail address": {environment(url), []string{"create-admin", "--email", "ada"}, "email"},
	} {
		_, err := run(t, c.environ, c.args...)
		require.Error(t, err, name)
		programtest.RequireSentence(t, err, c.want)
		require.NotContains(t, err.Error(), canary, name)
	}
	// A variable of another program is no mistake.
	_, err := run(t,
		environment(url, "ORDERS_ADRR=x", "USERS_SERVICE_HOST=10.0.0.1", "USERS_PORT=tcp://10.0.0.1:80"), "migrate")
	require.NoError(t, err)
}

func TestCommands(t *testing.T) {
	t.Parallel()
	_, err := run(t, nil, "srve")
	programtest.RequireSentence(t, err, `"srve"`, "--help")
	_, err = run(t, nil)
	programtest.RequireSentence(t, err, "--help")
	for _, flag := range []string{"--help", "-h", "help"} {
		out, err := run(t, nil, flag)
		require.NoError(t, err)
		for _, command := range []string{
			"serve", "check", "migrate", "create-admin", "rotate-keys", "rotate-data-keys", "reencrypt", "remove-data-keys",
			"--version",
		} {
			require.Contains(t, out, "\n  "+command+" ")
		}
	}
	for _, flag := range []string{"--version", "version"} {
		out, err := run(t, nil, flag)
		require.NoError(t, err)
		require.Regexp(t, `^users \S+\n$`, out)
	}
	for command, setting := range map[string]string{
		"serve": "USERS_OPS_ADDR", "migrate": "USERS_DATABASE_URL", "create-admin": "USERS_EMAIL",
		"rotate-keys": "USERS_MASTER_KEY",
	} {
		out, err := run(t, nil, command, "--help")
		require.NoError(t, err)
		require.Contains(t, out, setting)
	}
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	// This is a database of the first version.
	first, err := schema.Migrations.Open("00001_create_users.sql")
	require.NoError(t, err)
	text, err := io.ReadAll(first)
	require.NoError(t, err)
	url := pgtest.URL(t, fstest.MapFS{"00001_create_users.sql": {Data: text}})
	for _, command := range [][]string{
		{"serve", "--migrate=false"}, {"create-admin", "--email", "ada@example.com"}, {"rotate-keys"}, {"reencrypt"},
	} {
		_, err = run(t, environment(url), command...)
		programtest.RequireSentence(t, err, "users migrate")
	}
	for range 2 { // The second run has nothing to do.
		_, err = run(t, environment(url), "migrate")
		require.NoError(t, err)
	}
	p := programtest.Serve(t, Run, environment(url, "USERS_MIGRATE=false"))
	status, _ := programtest.Get(t, p.OpsURL+"/readyz")
	require.Equal(t, http.StatusOK, status)
}

func TestCreateAdmin(t *testing.T) {
	t.Parallel()
	environ := environment(pgtest.URL(t, schema.Migrations, schema.Parts...))
	out, err := run(t, environ, "create-admin", "--email", "admin@example.com", "--name", "Amina")
	require.NoError(t, err)
	shown := regexp.MustCompile(`(?m)^password: (\S{20,})$`).FindStringSubmatch(out)
	require.NotNil(t, shown, out)
	again, err := run(t, environ, "create-admin", "--email", "ADMIN@example.com")
	require.NoError(t, err)
	require.NotContains(t, again, "password: ")
	require.NotContains(t, again, shown[1])

	p := programtest.Serve(t, Run, environ)
	client, err := usersapi.NewClientWithResponses(p.URL)
	require.NoError(t, err)
	created, err := client.CreateUserV2WithResponse(t.Context(),
		usersapi.CreateUserV2Request{Email: "ada@example.com", Name: "Ada", Password: goodPassword})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, created.StatusCode())
	_, err = run(t, environ, "create-admin", "--email", "ada@example.com")
	programtest.RequireSentence(t, err, "not verified", "--allow-unverified")
	out, err = run(t, environ, "create-admin", "--email", "ada@example.com", "--allow-unverified")
	require.NoError(t, err)
	taken := regexp.MustCompile(`(?m)^password: (\S{20,})$`).FindStringSubmatch(out)
	require.NotNil(t, taken, out)

	// Both accounts are administrators and have the passwords that were shown.
	for email, password := range map[string]string{"admin@example.com": shown[1], "ada@example.com": taken[1]} {
		login, err := client.StartSessionWithResponse(t.Context(),
			usersapi.StartSessionRequest{Email: email, Password: password})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, login.StatusCode(), string(login.Body))
		list, err := client.ListUsersWithResponse(t.Context(), &usersapi.ListUsersParams{Role: new(usersapi.RoleAdmin)},
			func(_ context.Context, r *http.Request) error {
				r.Header.Set("Authorization", "Bearer "+contracttest.Body(t, login, login.JSON200).AccessToken)
				return nil
			})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, list.StatusCode(), string(list.Body))
		require.Equal(t, []string{"ada@example.com", "admin@example.com"}, emailsIn(contracttest.Body(t, list, list.JSON200)))
	}
	require.NotContains(t, p.Output(), shown[1])
}

func TestRotateKeys(t *testing.T) {
	t.Parallel()
	environ := environment(pgtest.URL(t, schema.Migrations, schema.Parts...))
	out, err := run(t, environ, "rotate-keys")
	require.NoError(t, err)
	shown := regexp.MustCompile(`^the key (\S+) is published and signs from (\S+) on\n$`).FindStringSubmatch(out)
	require.NotNil(t, shown, out)
	from, err := time.Parse(time.RFC3339, shown[2])
	require.NoError(t, err)
	require.True(t, from.After(time.Now()), "verifiers have the time to fetch it")
	_, err = run(t, environ, "rotate-keys")
	programtest.RequireSentence(t, err, shown[1], shown[2])

	p := programtest.Serve(t, Run, environ)
	status, body := programtest.Get(t, p.URL+"/.well-known/jwks.json")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, shown[1], "the coming key is published")
	require.Equal(t, 2, strings.Count(body, `"kid"`))
}

// TestProductionKnowsNoPersonas searches both programs: the accounts of the development binary, whose password is
// known, are in no binary for production.
func TestProductionKnowsNoPersonas(t *testing.T) {
	t.Parallel()
	holds := func(program, text string) bool {
		content, err := os.ReadFile(programtest.Program(t, program))
		require.NoError(t, err)
		return bytes.Contains(content, []byte(text))
	}
	for _, p := range personas() {
		require.True(t, holds("dev", p.Email), p.Email)
		require.False(t, holds("users", p.Email), p.Email)
	}
	require.False(t, holds("users", "plumbline.test"))
	require.True(t, holds("users", "users keeps accounts, sessions"), "what is in it is found")
}

func TestAuditVerify(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, schema.Migrations, schema.Parts...)
	environ := environment(url)
	p := programtest.Serve(t, Run, environ)
	answer, err := http.Post(p.URL+"/api/v2/users", "application/json",
		strings.NewReader(`{"email":"ada@example.com","name":"Ada","password":"correct horse battery"}`))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusCreated, answer.StatusCode)
	var out string
	require.Eventually(t, func() bool {
		out, err = run(t, environ, "audit", "verify")
		return err == nil &&
			strings.Contains(out, "1 entries in 1 batches are as they were written; 0 more wait to be sealed\n")
	}, time.Minute, 100*time.Millisecond, out)
	head := regexp.MustCompile(`the head is (\S+)\n`).FindStringSubmatch(out)
	require.NotNil(t, head, out)
	require.Eventually(t, func() bool {
		return strings.Contains(p.Output(), head[1])
	}, time.Minute, 10*time.Millisecond, "the log has it, too")

	pool, err := pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	defer pool.Close()
	_, err = pool.Exec(t.Context(),
		`ALTER TABLE audit_entries DISABLE TRIGGER USER; UPDATE audit_entries SET actor = gen_random_uuid()`)
	require.NoError(t, err)
	out, err = run(t, environ, "audit", "verify", "--head", head[1])
	require.ErrorIs(t, err, audit.ErrTampered)
	require.Contains(t, out, "batch 1: the entry ")
	require.Contains(t, out, " at 1 has been changed\n")
	_, err = run(t, environ, "audit", "verify", "--head", "7")
	programtest.RequireSentence(t, err, "head")
}
