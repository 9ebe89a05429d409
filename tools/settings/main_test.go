package main

import (
	"os"
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
