package main

import (
	"os"
	pathpkg "path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/services"
)

func TestThePageIsCurrent(t *testing.T) {
	t.Parallel()
	want, err := render(services.All())
	require.NoError(t, err)
	got, err := os.ReadFile("../../" + path)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "make gen writes it anew")
}

// Every setting says what it does, in words that are no restatement of its name.
func TestEverySettingIsExplained(t *testing.T) {
	t.Parallel()
	for _, s := range services.All() {
		commands, err := s.Program.Settings()
		require.NoError(t, err)
		for _, c := range commands {
			for _, setting := range c.Settings {
				require.Greater(t, len(strings.Fields(setting.Usage)), 1, "%s %s: %s", s.Program.Name, c.Name, setting.Name)
				require.NotContains(t, setting.Usage, "\n")
			}
		}
	}
}

// The decision says why each setting of serve waits for a restart that does so; a name may end in * there.
func TestWhatWaitsForARestartIsDecided(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/decisions/settings.md")
	require.NoError(t, err)
	var patterns []string
	for _, row := range regexp.MustCompile(`(?m)^\| .+`).FindAllString(string(page), -1) {
		first, _, _ := strings.Cut(row[2:], " | ")
		for _, name := range regexp.MustCompile("`([a-z_*]+)`").FindAllStringSubmatch(first, -1) {
			patterns = append(patterns, name[1])
		}
	}
	for _, s := range services.All() {
		commands, err := s.Program.Settings()
		require.NoError(t, err)
		for _, c := range commands {
			for _, setting := range c.Settings {
				named := slices.ContainsFunc(patterns, func(pattern string) bool {
					matched, err := pathpkg.Match(pattern, setting.Name)
					require.NoError(t, err)
					return matched
				})
				if c.Live {
					require.Equal(t, !setting.Reload, named, "%s %s", s.Program.Name, setting.Name)
				}
			}
		}
	}
}
