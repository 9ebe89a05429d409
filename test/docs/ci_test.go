package docs

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestCIPage does what the page tells other repositories' CI to do, on other ports.
func TestCIPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs", "ci.md"))
	require.NoError(t, err)
	var script strings.Builder
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	require.Len(t, blocks, 3)
	for _, block := range blocks {
		script.WriteString(block[1])
	}
	script.WriteString("wait\n")
	commands := strings.NewReplacer("127.0.0.1:8080", freeAddr(t), "127.0.0.1:9090", freeAddr(t)).Replace(script.String())

	// Not t.TempDir: only root reaches that, and PostgreSQL does not run as root.
	dir, err := os.MkdirTemp("/var/tmp", "plumbline-docs-test-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	repository, err := filepath.Abs(root)
	require.NoError(t, err)
	require.NoError(t, os.Symlink(repository, filepath.Join(dir, "plumbline")))

	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute) // The first build of all takes that long at worst.
	defer cancel()
	shell := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", commands)
	shell.Dir = dir
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	everything := func() error { return syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) }
	shell.Cancel = everything
	out, err := shell.CombinedOutput()
	_ = everything() // It has usually ended by now.
	log, _ := os.ReadFile(filepath.Join(dir, "plumbline.log"))
	require.NoError(t, err, "%s\n%s", out, log)
	require.Contains(t, string(out), `"access_token"`)
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}
