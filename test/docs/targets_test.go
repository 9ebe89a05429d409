package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A target of the Makefile has a line of intent behind ##, and one that calls others only has no recipe.
var (
	describedTarget = regexp.MustCompile(`(?m)^([a-z-]+):([^#\n]*)## (.+)\n(\t?)`)
	calledTarget    = regexp.MustCompile(`(?m)^(?:target|start)(?: -C \S+)? ([a-z-]+)`)
)

// TestEveryTargetRunsInCI fails for a target of the Makefile that .ci/run never calls: such a target rots.
func TestEveryTargetRunsInCI(t *testing.T) {
	t.Parallel()
	read := func(path ...string) string {
		text, err := os.ReadFile(filepath.Join(append([]string{root}, path...)...))
		require.NoError(t, err)
		return string(text)
	}
	var called []string
	for _, match := range calledTarget.FindAllStringSubmatch(read(".ci", "run"), -1) {
		called = append(called, match[1])
	}
	makefile := read("Makefile")
	described := map[string]bool{}
	for _, match := range describedTarget.FindAllStringSubmatch(makefile, -1) {
		name, prerequisites, recipe := match[1], strings.Fields(match[2]), match[4] != ""
		described[name] = true
		if recipe {
			require.Contains(t, called, name, "make %s runs nowhere in .ci/run: call it there with small figures", name)
			continue
		}
		for _, p := range prerequisites {
			require.Contains(t, called, p, "make %s calls make %s, which runs nowhere in .ci/run", name, p)
		}
	}
	require.Greater(t, len(described), 20, "the targets are found")
	for _, name := range called {
		require.True(t, described[name], ".ci/run calls make %s, which the Makefile does not describe", name)
	}
	phony := strings.Fields(regexp.MustCompile(`(?m)^\.PHONY: (help .*)$`).FindStringSubmatch(makefile)[1])
	for name := range described {
		require.True(t, slices.Contains(phony, name),
			"make %s is not in .PHONY: a file of that name would keep it from running", name)
	}
}

// An npm ci that was interrupted leaves a folder that looks complete: make repeats it, once.
func TestAnInterruptedInstallIsRepeated(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	dir := t.TempDir()
	write := func(path, text string, mode os.FileMode) {
		path = filepath.Join(dir, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), mode))
	}
	write("Makefile", string(makefile), 0o600)
	write("clients/typescript/package-lock.json", "{}", 0o600)
	write("tools/node", "#!/bin/sh\n", 0o700)
	install := func(npm string) error {
		const begin = "#!/bin/sh\necho called >> \"$CALLS\"\n" +
			"rm -rf node_modules && mkdir node_modules && touch node_modules/one || exit 1\n"
		write("tools/npm", begin+npm, 0o700)
		cmd := exec.CommandContext(t.Context(), "make", "clients/typescript/node_modules")
		cmd.Dir = dir
		path := filepath.Join(dir, "tools") + ":" + os.Getenv("PATH")
		cmd.Env = append(os.Environ(), "PATH="+path, "CALLS="+filepath.Join(dir, "calls"), "MAKEFLAGS=")
		return cmd.Run()
	}
	called := func() int {
		text, err := os.ReadFile(filepath.Join(dir, "calls"))
		require.NoError(t, err)
		return strings.Count(string(text), "called")
	}
	require.Error(t, install("kill -KILL $$\n"))
	require.Equal(t, 1, called())
	require.NoError(t, install("exit 0\n"))
	require.Equal(t, 2, called(), "what was interrupted is begun anew")
	require.NoError(t, install("exit 0\n"))
	require.Equal(t, 2, called(), "what is complete stays")
	later := time.Now().Add(time.Minute)
	require.NoError(t, os.Chtimes(filepath.Join(dir, "clients/typescript/package-lock.json"), later, later))
	require.NoError(t, install("exit 0\n"))
	require.Equal(t, 3, called(), "the lockfile has changed")
}
