package docs

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// unused gives a database that nobody has used.
func unused(t *testing.T) string {
	t.Helper()
	url := pgtest.Patient(pgtest.URL(t, fstest.MapFS{"00001_nothing.sql": {Data: []byte("-- +goose Up\nSELECT 1;\n")}}))
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `DROP TABLE goose_db_version`)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	return url
}

// TestFirstProduct does what the page for operators tells whoever begins with nothing, on other ports.
func TestFirstProduct(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs", "operations.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(page), "## From nothing to the first product\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(section, -1)
	require.Len(t, blocks, 2)
	users, orders := freeAddr(t), freeAddr(t)
	usersOps, ordersOps := freeAddr(t), freeAddr(t)
	commands := strings.NewReplacer(
		"postgres://users:PASSWORD@127.0.0.1:5432/users", "'"+unused(t)+"'",
		"postgres://orders:PASSWORD@127.0.0.1:5432/orders", "'"+unused(t)+"'",
		"127.0.0.1:8080", users, "127.0.0.1:8081", orders, "127.0.0.1:9090", usersOps, "127.0.0.1:9091", ordersOps,
	).Replace(blocks[0][1]+blocks[1][1]) + "kill $(jobs -p)\nwait\n"

	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "bin"), 0o700))
	for _, name := range []string{"users", "orders"} {
		require.NoError(t, os.Symlink(programtest.Program(t, name), filepath.Join(dir, "bin", name)))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*programtest.Patience)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", commands)
	shell.Dir = dir
	shell.Env = append(os.Environ(),
		"USERS_ADDR="+users, "USERS_OPS_ADDR="+usersOps, "USERS_UNREADY=0s",
		"ORDERS_ADDR="+orders, "ORDERS_OPS_ADDR="+ordersOps, "ORDERS_UNREADY=0s")
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	everything := func() error { return syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) }
	shell.Cancel = everything
	out, err := shell.Output()
	_ = everything() // It has usually ended by now.
	logs := ""
	for _, name := range []string{"users.log", "orders.log"} {
		log, _ := os.ReadFile(filepath.Join(dir, name))
		logs += string(log)
	}
	require.NoError(t, err, "%s\n%s", out, logs)
	require.Contains(t, string(out), `"roles":["staff"]`)
	require.Contains(t, string(out), `"delta":150`)
	_, list, found := strings.Cut(string(out), `{"items":[`)
	require.True(t, found, "%s", out)
	require.Contains(t, list, `"sku":"PLUMB-8OZ"`)
	require.Contains(t, string(out), `"setting":"nats_url"`, "what check has said")
}
