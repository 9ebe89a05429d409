package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var full = flag.Bool("full", false, "also generate, vet, test and start the service that is written: minutes")

// root is the repository.
const root = "../.."

// little gives a repository with the template, a document and nothing else.
func little(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, template), os.DirFS("_template")))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "openapi"), 0o755))
	for name, text := range map[string]string{
		"go.mod": "module example.com/shop\n",
		"openapi/orders.yaml": "paths:\n  /api/v1/parcels/{parcelId}:\n    get:\n      operationId: readParcel\n" +
			"  /x:\n    get:\n      operationId: listCrates\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

// filesIn lists what a repository holds.
func filesIn(t *testing.T, dir string) (files []string) {
	t.Helper()
	require.NoError(t, filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			files = append(files, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	}))
	return files
}

func TestBadNamesAreRefused(t *testing.T) {
	t.Parallel()
	dir := little(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "impl/platform/standing"), 0o750))
	before := filesIn(t, dir)
	for _, c := range []struct{ name, resource, want string }{
		{"", "", "NAME is missing"},
		{"Reviews", "", "lower-case letters"},
		{"re-views", "", "lower-case letters"},
		{"r", "", "2 to 20"},
		{"2fast", "", "a letter first"},
		{"../reviews", "", "lower-case letters"},
		{strings.Repeat("a", 21), "", "2 to 20"},
		{"switch", "", "a word of Go"},
		{"strings", "String", ""}, // It is only another package.
		{"string", "", "a word of Go"},
		{"shop", "Item", "taken"},
		{"platform", "Item", "taken"},
		{"postgres", "Item", "taken"},
		{"standing", "Item", "a package of impl/platform"},
		{"settings", "", "choose another"},
		{"faults", "Error", "choose another"},
		{"accounts", "", "choose another"},
		{"ledger", "Account", "choose another"},
		{"links", "Reference", "choose another"},
		{"limits", "", "choose another"},
		{"verdicts", "Invalid", "choose another"},
		{"packages", "", "choose another"},
		{"movies", "", "RESOURCE=Item"},
		{"statuses", "", "RESOURCE=Item"},
		{"heroes", "", "RESOURCE=Item"},
		{"leaves", "", "RESOURCE=Item"},
		{"caches", "", "RESOURCE=Item"},
		{"news", "", "RESOURCE=Item"},
		{"paper", "New", "choose another"},
		{"movies", "Movie", ""},
		{"maps", "", "choose another"},
		{"orders", "", "openapi/orders.yaml"},
		{"catalog", "", "RESOURCE=Item"},
		{"bus", "", "RESOURCE=Item"},
		{"glass", "", "RESOURCE=Item"},
		{"catalog", "item", "one capitalised word"},
		{"catalog", "LineItem", "one capitalised word"},
		{"catalog", "Role", "choose another RESOURCE"},
		{"problems", "", "choose another RESOURCE"},
		{"parcels", "", "operations on parcels already"},
		{"storage", "Crate", "operations on crates already"},
	} {
		_, err := newNames(dir, c.name, c.resource)
		if c.want == "" {
			require.NoError(t, err, c)
			continue
		}
		require.ErrorContains(t, err, c.want, c)
		require.Error(t, run(dir, []string{"-name", c.name, "-resource", c.resource}, io.Discard))
	}
	require.Equal(t, before, filesIn(t, dir), "nothing has been written")
}

func TestNumbersOfNouns(t *testing.T) {
	t.Parallel()
	for one, many := range map[string]string{
		"review": "reviews", "category": "categories", "day": "days", "box": "boxes", "batch": "batches", "dish": "dishes",
		"class": "classes", "invoice": "invoices",
	} {
		require.Equal(t, many, plural(one))
		require.Equal(t, one, singular(many))
	}
}

// What is there stays, and nothing is written beside it.
func TestNothingIsOverwritten(t *testing.T) {
	t.Parallel()
	dir := little(t)
	mine := filepath.Join(dir, "impl", "reviews", "run.go")
	require.NoError(t, os.MkdirAll(filepath.Dir(mine), 0o755))
	require.NoError(t, os.WriteFile(mine, []byte("mine"), 0o600))
	before := filesIn(t, dir)
	require.ErrorContains(t, run(dir, []string{"-name", "reviews"}, io.Discard), "impl/reviews/run.go is there already")
	require.Equal(t, before, filesIn(t, dir))
	require.NoError(t, os.Remove(mine))
	require.NoError(t, run(dir, []string{"-name", "reviews"}, io.Discard))
	require.Greater(t, len(filesIn(t, dir)), len(before))
}

// The names of the template are in nothing that is written, and an article fits its noun.
func TestPlaceholdersAreReplaced(t *testing.T) {
	t.Parallel()
	dir := little(t)
	require.NoError(t, run(dir, []string{"-name", "billing", "-resource", "Invoice"}, io.Discard))
	written := 0
	for _, path := range filesIn(t, dir) {
		if strings.HasPrefix(path, template) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, path))
		require.NoError(t, err)
		for _, placeholder := range []string{"widget", "depot"} {
			require.NotContains(t, strings.ToLower(path+string(text)), placeholder, path)
		}
		require.NotRegexp(t, `\b[Aa] invoice`, string(text), path)
		written++
	}
	require.Greater(t, written, 15)
	settings, err := os.ReadFile(filepath.Join(dir, "impl", "billing", "settings.go"))
	require.NoError(t, err)
	require.Contains(t, string(settings), `"127.0.0.1:8081", "127.0.0.1:9091"`, "it is the second service")
}

// copied is the repository in another folder, with what has been built and installed in it.
type copied struct {
	t   *testing.T
	dir string
}

func newCopy(t *testing.T) copied {
	t.Helper()
	// PostgreSQL, which does not run as root, passes through it.
	dir, err := os.MkdirTemp("/var/tmp", "plumbline-service-test-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	c := copied{t, dir}
	here, err := filepath.Abs(root)
	require.NoError(t, err)
	c.run("bash", "-c", `cd "$0" &&
		git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf - | tar -xf - -C "$1"`, here, dir)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "bin"), 0o755))
	for _, made := range []string{"bin/tools", "clients/typescript/node_modules"} {
		if _, err := os.Stat(filepath.Join(here, made)); err == nil {
			require.NoError(t, os.Symlink(filepath.Join(here, made), filepath.Join(dir, made)))
		}
	}
	return c
}

// run runs a command in the copy, ten minutes at most.
func (c copied) run(name string, args ...string) string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Minute)
	defer cancel()
	began := time.Now()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = c.dir
	out, err := cmd.CombinedOutput()
	require.NoError(c.t, err, "%s %s\n%s", name, args, out)
	c.t.Logf("%4.0f s  %s %s", time.Since(began).Seconds(), name, strings.Join(args, " "))
	return string(out)
}

// TestANewService writes a service into a copy of the repository and holds its document against the rules; with -full
// it does all that whoever has written one does next, until the service answers beside the others.
func TestANewService(t *testing.T) {
	t.Parallel()
	c := newCopy(t)
	began := time.Now()
	require.Contains(t, c.run("make", "service", "NAME=reviews"), "make gen")
	c.run("go", "run", "./test/contract/lint", "-policy", "openapi/policy.schema.json", "openapi/reviews.yaml")
	if !*full {
		return
	}
	c.run("make", "gen")
	c.run("go", "build", "-o", "bin/dev", "./cmd/dev")
	c.answers("reviews")
	t.Logf("%4.0f s  from make service to the first answer", time.Since(began).Seconds())
	c.run("make", "breaking")
	c.run("go", "vet", "./impl/reviews", "./cmd/reviews")
	c.run("go", "test", "./impl/reviews", "./impl", "./openapi")
}

// answers starts all services and lists what the new one keeps, as a customer.
func (c copied) answers(service string) {
	c.t.Helper()
	addr, opsAddr := freeAddr(c.t), freeAddr(c.t)
	var out bytes.Buffer
	dev := exec.CommandContext(c.t.Context(), "bin/dev", "run")
	dev.Dir, dev.Stdout, dev.Stderr = c.dir, &out, &out
	dev.Env = append(os.Environ(), "PLUMBLINE_ADDR="+addr, "PLUMBLINE_OPS_ADDR="+opsAddr,
		"PLUMBLINE_DATA="+filepath.Join(c.dir, "data"))
	dev.Cancel = func() error { return dev.Process.Signal(os.Interrupt) }
	require.NoError(c.t, dev.Start())
	ended := make(chan error, 1)
	go func() { ended <- dev.Wait() }()
	defer func() {
		_ = dev.Process.Signal(os.Interrupt) // It may have ended.
		require.NoError(c.t, <-ended, "it winds down: %s", &out)
	}()
	client := http.Client{Timeout: 10 * time.Second}
	ask := func(method, url, access string) (status int, body []byte, err error) {
		r, err := http.NewRequestWithContext(c.t.Context(), method, url, http.NoBody)
		require.NoError(c.t, err)
		r.Header.Set("Authorization", "Bearer "+access)
		answer, err := client.Do(r)
		if err != nil {
			return 0, nil, err
		}
		defer answer.Body.Close()
		body, err = io.ReadAll(answer.Body)
		return answer.StatusCode, body, err
	}
	require.Eventually(c.t, func() bool {
		status, _, err := ask(http.MethodGet, "http://"+opsAddr+"/readyz", "")
		return err == nil && status == http.StatusOK
	}, 2*time.Minute, 100*time.Millisecond, "all services become ready")
	_, body, err := ask(http.MethodPost, "http://"+addr+"/dev/v1/personas/customer/login", "")
	require.NoError(c.t, err)
	var login struct {
		AccessToken string `json:"access_token"`
	}
	require.NoError(c.t, json.Unmarshal(body, &login), string(body))
	status, body, err := ask(http.MethodGet, fmt.Sprintf("http://%s/api/v1/%s", addr, service), login.AccessToken)
	require.NoError(c.t, err)
	require.Equal(c.t, http.StatusOK, status, string(body))
	var list struct{ Items []any }
	require.NoError(c.t, json.Unmarshal(body, &list))
	require.NotEmpty(c.t, list.Items, "what has been seeded")
}

func freeAddr(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}
