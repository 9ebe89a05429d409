package programtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// built are the paths of the programs that this test binary has asked for, by tags and name.
var (
	building sync.Mutex
	built    = map[string]string{}
)

// Program builds the program cmd/NAME of this module with build tags, and returns its path. It is built once for all
// test binaries and kept in bin/test, where Go sees whether it is current.
func Program(t testing.TB, name string, tags ...string) string {
	t.Helper()
	building.Lock()
	defer building.Unlock()
	key := strings.Join(append(tags, name), "/")
	if built[key] == "" {
		root := moduleRoot(t)
		path := filepath.Join(root, "bin", "test", key)
		build(t, root, path, "./cmd/"+name, tags)
		built[key] = path
	}
	return built[key]
}

// build writes a program while no other process does, because a program that is being written cannot be started.
func build(t testing.TB, root, path, pkg string, tags []string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	require.NoError(t, err)
	defer func() { require.NoError(t, lock.Close()) }()
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	// The profile of a service makes the compiler compile everything anew for it, which no test needs.
	cmd := exec.CommandContext(t.Context(), "go", "build", "-pgo=off", "-tags", strings.Join(tags, ","), "-o", path, pkg)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

// moduleRoot returns the folder of go.mod. Tests run in the folder of their package.
func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs(".")
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		require.NotEqual(t, dir, parent, "no go.mod above the package")
		dir = parent
	}
}
