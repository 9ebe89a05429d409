package settings_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/settings"
)

type limited struct {
	Conns settings.Given[int32]         `koanf:"conns" usage:"connections at most"`
	Wait  settings.Given[time.Duration] `koanf:"wait" usage:"how long to wait"`
}

// A setting of a source is given, whatever its value, and one of none has its default.
func TestGiven(t *testing.T) {
	t.Parallel()
	defaults := limited{
		Conns: settings.Given[int32]{Value: 16}, Wait: settings.Given[time.Duration]{Value: 2 * time.Second},
	}
	load := func(args ...string) (limited, error) {
		return settings.Load(settings.Source{Prefix: "T_", Args: args}, defaults)
	}
	got, err := load()
	require.NoError(t, err)
	require.Equal(t, defaults, got)
	got, err = load("--conns=16")
	require.NoError(t, err)
	require.Equal(t, settings.Given[int32]{Value: 16, Set: true}, got.Conns)
	require.False(t, got.Wait.Set)
	got, err = load("--conns=0", "--wait=0s")
	require.NoError(t, err)
	require.Equal(t, limited{
		Conns: settings.Given[int32]{Set: true}, Wait: settings.Given[time.Duration]{Set: true},
	}, got)
	_, err = load("--conns=many", "--wait=soon")
	require.ErrorContains(t, err, `--conns: "many" is not a whole number`)
	require.ErrorContains(t, err, `--wait: "soon" is not a duration: write it like 90s or 1h30m`)

	help := settings.Help(settings.Source{Prefix: "T_"}, defaults)
	require.Regexp(t, `--conns +T_CONNS +16 +connections at most\n`, help)
	require.Regexp(t, `--wait +T_WAIT +2s +how long to wait\n`, help)
}
