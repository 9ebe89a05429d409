package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A target of the Makefile has a line of intent behind ##, and one that calls others only has no recipe.
var (
	describedTarget = regexp.MustCompile(`(?m)^([a-z-]+):([^#\n]*)## (.+)\n(\t?)`)
	calledTarget    = regexp.MustCompile(`(?m)^(?:target|start)(?: -C \S+)? ([a-z-]+)`)
)

// TestEveryTargetRunsInCI holds the targets of the Makefile against what .ci/run calls: a target that nobody calls rots.
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
		require.True(t, slices.Contains(phony, name), "make %s is not in .PHONY: a file of that name would keep it from running", name)
	}
}
