package settings_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/settings"
)

// bounded are settings of which each has a bound, and two depend on each other.
type bounded struct {
	Name  string        `koanf:"name" required:"true"`
	Low   int           `koanf:"low"`
	High  int           `koanf:"high"`
	Drain time.Duration `koanf:"drain"`
	Mode  string        `koanf:"mode"`
}

func (b *bounded) Validate() error {
	var errs []error
	refuse := func(when bool, format string, args ...any) {
		if when {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	refuse(b.Name == "", "name is empty")
	refuse(b.Low < 0, "low is %d: it is not less than 0", b.Low)
	refuse(b.Drain <= 0, "drain: %w", errors.Join(errors.New("it is more than nothing"), errors.New("it is bounded")))
	refuse(b.Mode != "on" && b.Mode != "off", "mode is on or off")
	var deeper error
	if b.Low > b.High {
		deeper = errors.New("low is above high")
	}
	return errors.Join(errors.Join(errs...), deeper)
}

// One message has every mistake: also those of range, when other values could not be read. No mistake is told twice.
func TestAllMistakesAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		yaml string
		env  map[string]string
		args []string
		want []string
	}{
		"of range and of type": {
			env:  map[string]string{"USERS_DRAIN": "soon", "USERS_NAME": "x", "USERS_MODE": "perhaps"},
			args: []string{"--low=-1", "--high=5"},
			want: []string{
				`USERS_DRAIN: "soon" is not a duration: write it like 90s or 1h30m`,
				"low is -1: it is not less than 0 (--low)", "mode is on or off (USERS_MODE)",
			},
		},
		"of range and a missing one": {
			args: []string{"--low=7", "--high=5", "--drain=-1s"},
			want: []string{
				"name is required: set USERS_NAME, or USERS_NAME_FILE, or --name, or name in the YAML file",
				"drain: it is more than nothing", "it is bounded (--drain)", "low is above high (--low, --high)",
			},
		},
		"of range and a misspelt one": {
			yaml: "nane: x\nlow: -1\n", env: map[string]string{"USERS_NAME": "x"},
			want: []string{
				"users.yaml:1: unknown setting nane: the nearest name is name, --help lists all settings",
				"low is -1: it is not less than 0 (users.yaml:2)",
			},
		},
		"a file that cannot be read hides what it says": {
			yaml: "low:5", env: map[string]string{"USERS_MODE": "perhaps"}, args: []string{"--drain=0s", "--high=-5"},
			want: []string{
				"users.yaml:1: is not a list of settings: write one per line, as in name: value",
				"drain: it is more than nothing", "it is bounded (--drain)", "mode is on or off (USERS_MODE)",
			},
		},
	} {
		s := source(t, c.yaml, c.env, c.args...)
		_, err := settings.Load(s, bounded{Drain: time.Second, Mode: "on", High: 10})
		require.Error(t, err, name)
		text := err.Error()
		if path := s.Getenv("USERS_CONFIG"); path != "" {
			text = strings.ReplaceAll(text, path, "users.yaml")
		}
		require.Equal(t, "settings:\n  "+strings.Join(c.want, "\n  "), text, name)
	}
}

// surrounded are settings whose Validate also looks at what is around them: variables and files.
type surrounded struct {
	Name  string `koanf:"name" required:"true"`
	Ratio int    `koanf:"ratio"`
}

func (s *surrounded) Validate() error {
	errs := []error{
		errors.New("OTEL_TRACES_SAMPLER is perhaps: write always_on"),
		errors.New("OTEL_TRACES_SAMPLER_ARG is no number, and ratio is none either"),
	}
	if s.Ratio == 1 {
		errs = append(errs, errors.New("no certificate is in the file"))
	}
	return errors.Join(errs...)
}

// Beside other mistakes a complaint that names no setting counts if every value is known, and one about a variable of
// others always.
func TestComplaintsWithoutASetting(t *testing.T) {
	t.Parallel()
	load := func(args ...string) string {
		_, err := settings.Load(source(t, "", nil, args...), surrounded{})
		require.Error(t, err)
		return err.Error()
	}
	text := load("--ratio=1", "--nane=y", "--name=x")
	require.Contains(t, text, "unknown flag --nane")
	require.Contains(t, text, "OTEL_TRACES_SAMPLER is perhaps")
	require.Contains(t, text, "no certificate is in the file")
	text = load("--ratio=1")
	require.Contains(t, text, "name is required")
	require.Contains(t, text, "OTEL_TRACES_SAMPLER is perhaps")
	require.Contains(t, text, "OTEL_TRACES_SAMPLER_ARG is no number")
	require.NotContains(t, text, "no certificate is in the file", "it may be about the name")
	text = load("--ratio=many", "--name=x")
	require.Contains(t, text, "OTEL_TRACES_SAMPLER is perhaps")
	require.NotContains(t, text, "OTEL_TRACES_SAMPLER_ARG", "it names a setting whose value is not known")
}
