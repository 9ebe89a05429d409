// Package gen checks what make gen and make gen-check promise, in copies of the repository with a stub for the tools.
package gen

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const root = "../.."

// TestMain lets make receive SIGINT when the tests run in the background of a script too: the shell ignores it there,
// and children inherit that.
func TestMain(m *testing.M) {
	if signal.Ignored(os.Interrupt) {
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	}
	m.Run()
}

func TestGenMakesAllAnew(t *testing.T) {
	t.Parallel()
	r := clone(t)
	r.write("openapi/parcels.yaml", "a new service")
	r.write("gen/pigeonsapi/pigeonsapi.gen.go", "a service that is no more")
	_, err := r.make("gen")
	require.NoError(t, err)
	require.Equal(t, "a new service", r.read("gen/parcelsapi/parcelsapi.gen.go"))
	require.Contains(t, r.read("gen/ts/package/index.js"), "a new service")
	require.Contains(t, r.read("gen/services/services.go"), "Program: parcels.Program()")
	require.NoDirExists(t, filepath.Join(r.dir, "gen/pigeonsapi"))
	require.NoDirExists(t, filepath.Join(r.dir, "gen/oapi-codegenapi"))

	before := r.files()
	_, err = r.make("gen")
	require.NoError(t, err)
	require.Equal(t, before, r.files(), "a second time")
}

func TestGenWithoutNode(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(repository){
		"missing": func(r repository) {
			r.remove("../programs/node")
			r.remove("../programs/npm")
		},
		"too old": func(r repository) {
			r.remove("../programs/node")
			r.program("false", "node")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := clone(t)
			prepare(r)
			r.write("openapi/users.yaml", "another document")
			before := r.files()
			for _, target := range []string{"gen-check", "gen-typescript"} {
				out, err := r.make(target)
				require.Error(t, err, target)
				require.Contains(t, out, "Node 20.19 or later, with npm, is missing", target)
				require.Equal(t, before, r.files(), target)
			}

			client := r.read("gen/ts/package/index.js")
			out, err := r.make("gen")
			require.NoError(t, err)
			require.Contains(t, out,
				"gen/ts, the TypeScript client, is left as it was; to make it anew, install Node 20.19 or later")
			require.Equal(t, client, r.read("gen/ts/package/index.js"))
			require.Equal(t, "another document", r.read("gen/usersapi/usersapi.gen.go"))
		})
	}
}

func TestGenTypescriptLeavesTheRest(t *testing.T) {
	t.Parallel()
	r := clone(t)
	document := r.read("openapi/users.yaml")
	r.write("openapi/users.yaml", "another document")
	_, err := r.make("gen-typescript")
	require.NoError(t, err)
	require.Equal(t, document, r.read("gen/usersapi/usersapi.gen.go"))
	require.Contains(t, r.read("gen/ts/package/index.js"), "another document")
}

func TestFailureLeavesGenAsItWas(t *testing.T) {
	t.Parallel()
	for _, source := range []string{
		"openapi/users.yaml", "queries/users/users.sql", "impl/platform/throttle/queries.sql",
		"clients/typescript/src/index.ts",
	} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			r := clone(t)
			r.write("impl/devkit/frontend/dev.yaml", "made before the failure")
			r.write(source, "BROKEN")
			before := r.files()
			_, err := r.make("gen")
			require.Error(t, err)
			require.Equal(t, before, r.files())
		})
	}
}

func TestSignalLeavesGenAsItWas(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"oapi-codegen", "sqlc", "npm"} {
		for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			t.Run(tool+" "+signal.String(), func(t *testing.T) {
				t.Parallel()
				r := clone(t)
				r.write("impl/devkit/frontend/dev.yaml", "made before the signal")
				before := r.files()
				cmd := r.command("gen")
				cmd.Env = append(cmd.Env, "WAIT="+tool)
				out, err := cmd.StdoutPipe()
				require.NoError(t, err)
				require.NoError(t, cmd.Start())
				for lines := bufio.NewScanner(out); lines.Scan(); {
					if lines.Text() == "waiting" {
						require.NoError(t, syscall.Kill(-cmd.Process.Pid, signal))
					}
				}
				require.Error(t, cmd.Wait())
				require.Equal(t, before, r.files())
			})
		}
	}
}

func TestSignalDuringTheSwapComesTooLate(t *testing.T) {
	t.Parallel()
	r := clone(t)
	r.write("openapi/users.yaml", "another document")
	mv, err := exec.LookPath("mv")
	require.NoError(t, err)
	r.remove("../programs/mv")
	r.copy("../programs/mv", "test/gen/testdata/tool")
	cmd := r.command("gen")
	cmd.Env = append(cmd.Env, "MV="+mv)
	require.Error(t, cmd.Run(), "make itself is interrupted")
	require.Equal(t, "another document", r.read("gen/usersapi/usersapi.gen.go"))
	require.Contains(t, r.read("gen/ts/package/index.js"), "another document")
	require.NotContains(t, strings.Join(slices.Collect(maps.Keys(r.files())), "\n"), "bin/.gen")
}

func TestGenCheck(t *testing.T) {
	t.Parallel()
	r := clone(t)
	before := r.files()
	out, err := r.make("gen-check")
	require.NoError(t, err, out)
	require.Equal(t, before, r.files())

	r.write("gen/usersapi/usersapi.gen.go", "edited")
	r.write("gen/ordersdb/more.go", "written by hand")
	r.remove("gen/ts/package/index.js")
	before = r.files()
	out, err = r.make("gen-check")
	require.Error(t, err)
	require.Contains(t, out, "differs: gen/usersapi/usersapi.gen.go\n")
	require.Contains(t, out, "left over: gen/ordersdb/more.go\n")
	require.Contains(t, out, "missing: gen/ts/package/index.js\n")
	require.Contains(t, out, "make gen brings it up to date")
	require.Equal(t, before, r.files())
}

func TestToolsAreBuiltAnewWithTheirVersion(t *testing.T) {
	t.Parallel()
	r := clone(t)
	out, err := r.make("--dry-run", "gen")
	require.NoError(t, err)
	require.NotContains(t, out, "go build")

	later := time.Now().Add(time.Hour)
	require.NoError(t, os.Chtimes(filepath.Join(r.dir, "tools/sqlc/go.mod"), later, later))
	out, err = r.make("--dry-run", "gen")
	require.NoError(t, err)
	require.Contains(t, out, "go build -modfile=tools/sqlc/go.mod -o bin/tools/sqlc tool")
	require.NotContains(t, out, "-o bin/tools/oapi-codegen")
}

// repository is a copy of this one. The folder programs beside it is the only one on its PATH: it has no compiler, and
// Node is a stub.
type repository struct {
	t   *testing.T
	dir string
}

// clone gives a copy whose gen/ is current.
func clone(t *testing.T) repository {
	t.Helper()
	r := repository{t, filepath.Join(t.TempDir(), "plumbline")}
	for _, dir := range []string{"../programs", "bin/tools", "clients/typescript", "impl/devkit/frontend"} {
		require.NoError(t, os.MkdirAll(filepath.Join(r.dir, dir), 0o755))
	}
	for _, name := range []string{
		"basename", "bash", "cat", "cp", "diff", "dirname", "env", "grep", "ln", "ls", "make", "mkdir", "mv", "rm", "sed",
		"sleep", "sort",
	} {
		r.program(name, name)
	}
	r.program("true", "node") // It is not too old.

	r.copy(".", "Makefile", "go.mod", "sqlc.yaml", "openapi", "queries", "tools")
	parts, err := filepath.Glob(filepath.Join(root, "impl/platform/*/schema"))
	require.NoError(t, err)
	require.NotEmpty(t, parts)
	for _, schema := range parts {
		part := filepath.Join("impl/platform", filepath.Base(filepath.Dir(schema)))
		require.NoError(t, os.MkdirAll(filepath.Join(r.dir, part), 0o755))
		r.copy(part, part+"/schema")
		if _, err := os.Stat(filepath.Join(root, part, "queries.sql")); err == nil {
			r.copy(part, part+"/queries.sql")
		}
	}
	r.copy("impl/devkit/frontend", "impl/devkit/frontend/dev.yaml")
	client := "clients/typescript/"
	r.copy(client, client+"build", client+"src", client+"README.md",
		client+"package.json", client+"package-lock.json", client+"tsconfig.json")
	r.write(client+"node_modules/.complete", "")
	for _, tool := range []string{"bin/tools/oapi-codegen", "bin/tools/sqlc", "../programs/npm"} {
		r.copy(tool, "test/gen/testdata/tool")
	}
	out, err := r.make("gen")
	require.NoError(t, err, out)
	return r
}

// copy copies files and folders of this repository by cp: what this process writes may still be open in a child that
// another test is starting, and Linux does not run a program that is open for writing.
func (r repository) copy(to string, from ...string) {
	r.t.Helper()
	// go test repeats a test when the files that it opened have changed; it does not see those that cp opens.
	look := func(_ string, _ fs.DirEntry, err error) error { return err }
	for _, path := range from {
		require.NoError(r.t, filepath.WalkDir(filepath.Join(root, path), look))
	}
	cmd := exec.Command("cp", append(append([]string{"-R"}, from...), filepath.Join(r.dir, to))...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	require.NoError(r.t, err, "%s", out)
}

func (r repository) program(name, as string) {
	r.t.Helper()
	path, err := exec.LookPath(name)
	require.NoError(r.t, err)
	require.NoError(r.t, os.Symlink(path, filepath.Join(r.dir, "../programs", as)))
}

func (r repository) write(path, text string) {
	r.t.Helper()
	path = filepath.Join(r.dir, path)
	require.NoError(r.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(r.t, os.WriteFile(path, []byte(text), 0o644))
}

func (r repository) read(path string) string {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, path))
	require.NoError(r.t, err)
	return string(text)
}

func (r repository) remove(path string) {
	r.t.Helper()
	require.NoError(r.t, os.Remove(filepath.Join(r.dir, path)))
}

func (r repository) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(r.t.Context(), "make", args...)
	cmd.Dir = r.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // A signal to the group is not one to the test.
	cmd.Env = []string{"PATH=" + filepath.Join(filepath.Dir(r.dir), "programs")}
	return cmd
}

func (r repository) make(args ...string) (string, error) {
	out, err := r.command(args...).CombinedOutput()
	return string(out), err
}

// files gives everything in the copy by its path: what it is, and the digest of a file.
func (r repository) files() map[string]string {
	r.t.Helper()
	found := map[string]string{}
	require.NoError(r.t, filepath.WalkDir(r.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		found[strings.TrimPrefix(path, r.dir)] = entry.Type().String()
		if entry.Type().IsRegular() {
			text, err := os.ReadFile(path)
			found[strings.TrimPrefix(path, r.dir)] = fmt.Sprintf("%x", sha256.Sum256(text))
			return err
		}
		return nil
	}))
	return found
}
