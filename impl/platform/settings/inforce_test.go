package settings_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/settings"
)

// overridden are settings of which other ones say what is in force: ratio is that of the sampler, and conns are those
// of the URL unless a source has them.
type overridden struct {
	URL   string                `koanf:"url"`
	Conns settings.Given[int32] `koanf:"conns"`
	Ratio float64               `koanf:"ratio" reload:"true"`
	Level string                `koanf:"level" reload:"true"`
	List  []string              `koanf:"list" reload:"true"`
}

func (o *overridden) InForce() map[string]settings.InForce {
	all := map[string]settings.InForce{"ratio": {Value: "1", From: "SAMPLER"}}
	if !o.Conns.Set && o.URL != "" {
		all["conns"] = settings.InForce{Value: "40", From: "url"}
	}
	return all
}

func overriddenDefaults() overridden {
	return overridden{Conns: settings.Given[int32]{Value: 16}, Ratio: 0.5, Level: "info"}
}

func TestConfigTellsWhatIsInForce(t *testing.T) {
	t.Parallel()
	config := func(args ...string) []string {
		s, err := settings.Read(settings.Source{Args: args}, overriddenDefaults())
		require.NoError(t, err)
		return words(s.Config())[1:3]
	}
	require.Equal(t, []string{"url default no", "conns 16 default no"}, config())
	require.Equal(t, []string{"url x --url no", "conns 40 url no"}, config("--url=x"))
	require.Equal(t, []string{"url x --url no", "conns 16 --conns no"}, config("--url=x", "--conns=16"))
	s, err := settings.Read(settings.Source{Args: []string{"--ratio=0.2"}}, overriddenDefaults())
	require.NoError(t, err)
	require.Equal(t, []string{"ratio 1 SAMPLER no", "0.2 --ratio, hidden by SAMPLER"}, words(s.Config())[3:5])
}

// A reload tells what changes in effect: not a setting whose value comes from elsewhere, nor one that is written down
// as it was.
func TestAReloadTellsWhatChangesInEffect(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("app.yaml", "level: info")
	live := func(args ...string) *settings.Live[overridden] {
		l, err := settings.NewLive(settings.Source{Args: append(args, "--config="+f.path("app.yaml"))},
			overriddenDefaults())
		require.NoError(t, err)
		return l
	}
	plain, withURL := live(), live("--url=x")
	f.write("app.yaml", "level: debug\nconns: 16\nratio: 0.1\nlist: []")
	got, err := plain.Reload(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"level: info → debug"}, texts(got.Changed))
	require.Empty(t, texts(got.Waiting), "16 was in force before")
	require.Equal(t, []string{"ratio by SAMPLER"}, got.Hidden)
	got, err = withURL.Reload(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"conns: 40 → 16"}, texts(got.Waiting))
}
