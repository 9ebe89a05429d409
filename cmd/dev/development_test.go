package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
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

	"github.com/stretchr/testify/require"
)

// patience bounds every wait here. It is long because nothing is asserted on time.
const patience = time.Minute

// binary builds the program once, as make run does.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "plumbline-dev-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "dev")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return path, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path)) // What stays behind is in the folder for what may.
	}
	os.Exit(code)
}

// program is the development binary on its own ports and data folder.
type program struct {
	t             *testing.T
	addr, opsAddr string
	data          string
	environ       []string
}

func newProgram(t *testing.T) *program {
	t.Helper()
	// Not t.TempDir: only root reaches that, and PostgreSQL does not run as root.
	data, err := os.MkdirTemp("/var/tmp", "plumbline-dev-test-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(data, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(data)) })
	p := &program{t: t, addr: freeAddr(t), opsAddr: freeAddr(t), data: data}
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

func (p *program) start(environ ...string) *running {
	p.t.Helper()
	path, err := binary()
	require.NoError(p.t, err)
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
func (p *program) postgresOf() []string {
	out, _ := exec.Command("pgrep", "-f", "postgres.*"+p.data).Output() // Finding none is an exit code of 1.
	return strings.Fields(string(out))
}

func (p *program) logIn(email, password string) (status int, access string) {
	p.t.Helper()
	body := fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)
	answer, err := http.Post("http://"+p.addr+"/api/v1/login", "application/json", strings.NewReader(body))
	require.NoError(p.t, err)
	defer answer.Body.Close()
	var tokens struct {
		AccessToken string `json:"access_token"`
	}
	text, err := io.ReadAll(answer.Body)
	require.NoError(p.t, err)
	require.NoError(p.t, json.Unmarshal(text, &tokens), string(text))
	return answer.StatusCode, tokens.AccessToken
}

var printedPassword = regexp.MustCompile(`their password +(\S+)`)

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
	password := "PLUMBLINE_DEV_PASSWORD=chosen by the developer"
	r := p.start(password).ready(t)
	answer, err := http.Post("http://"+p.addr+"/api/v2/users", "application/json",
		strings.NewReader(`{"email":"kept@example.com","name":"Kept","password":"correct horse battery"}`))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusCreated, answer.StatusCode)

	_ = r.end(t, syscall.SIGKILL) // It is told to end badly.
	r = p.start(password).ready(t)
	status, _ := p.logIn("kept@example.com", "correct horse battery")
	require.Equal(t, http.StatusOK, status)

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

	path, err := binary()
	require.NoError(t, err)
	reset := exec.Command(path, "reset")
	reset.Env = p.environ
	text, err := reset.CombinedOutput()
	require.NoError(t, err, string(text))
	p.start(password).ready(t)
	status, _ = p.logIn("kept@example.com", "correct horse battery")
	require.Equal(t, http.StatusUnauthorized, status)
}

func TestWhatIsWrongIsSaidInASentence(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, taken.Close()) }) // Not deferred: the cases run after this function.
	cases := map[string]struct{ set, say string }{
		"busy port":      {"PLUMBLINE_ADDR=" + taken.Addr().String(), "in use by another program: stop it, or choose another address with PLUMBLINE_ADDR"},
		"no such folder": {"PLUMBLINE_DATA=/proc/plumbline", "choose another with PLUMBLINE_DATA"},
		"no PostgreSQL":  {"PLUMBLINE_PG_BINDIR=/nowhere", "PLUMBLINE_PG_BINDIR"},
		"wrong URL":      {"USERS_DATABASE_URL=postgres://u:geheim@127.0.0.1:1/x", "127.0.0.1:1"},
		"misspelt":       {"USERS_DRIAN=5s", "USERS_DRAIN"},
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
	path, err := binary()
	require.NoError(t, err)
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
	login, profile, found := strings.Cut(script, "\ncurl")
	require.True(t, found)

	p := newProgram(t)
	p.start("PLUMBLINE_DEV_PASSWORD=chosen by the developer").ready(t)
	shell := func(command string) (answer map[string]any) {
		command = strings.ReplaceAll(command, "127.0.0.1:8080", p.addr)
		out, err := exec.Command("bash", "-c", command).Output()
		require.NoError(t, err, command)
		require.NoError(t, json.Unmarshal(out, &answer), string(out))
		return answer
	}
	answer := shell(strings.ReplaceAll(login, "THE PRINTED ONE", "chosen by the developer"))
	access, _ := answer["access_token"].(string)
	require.NotEmpty(t, access, answer)
	answer = shell("curl" + strings.ReplaceAll(profile, "THE ACCESS TOKEN", access))
	require.Equal(t, "customer@plumbline.test", answer["email"], answer)
}
