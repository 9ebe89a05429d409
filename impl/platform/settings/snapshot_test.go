package settings_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/settings"
	"example.com/plumbline/impl/platform/telemetry"
)

type shown struct {
	DatabaseURL telemetry.Secret   `koanf:"database_url"`
	Password    telemetry.Secret   `koanf:"password"`
	Keys        []telemetry.Secret `koanf:"keys"`
	Level       string             `koanf:"level" reload:"true"`
	Drain       time.Duration      `koanf:"drain" reload:"true"`
	UsersURL    string             `koanf:"users_url"`
	Origins     []string           `koanf:"origins"`
	Text        string             `koanf:"text"`
}

func TestConfigTellsWhereEachValueComesFrom(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	config := write("users.yaml", "level: warn\ndrain: 5s\nkeys: [one-"+password+", two-"+password+"]\n"+
		"users_url: http://users:"+password+"@host\ndatabase_url: "+password+"\ntext: \"two\\nlines\"\n")
	secret := write("secret", password+"\n")
	source := settings.Source{
		Prefix: "USERS_", Live: true,
		Args: []string{"--level=info", "--print-config", "--level", "debug", "--config=" + config},
		Getenv: func(name string) string {
			return map[string]string{
				"USERS_LEVEL": "error", "USERS_DATABASE_URL_FILE": secret, "USERS_ORIGINS": "a,b",
			}[name]
		},
	}
	s, err := settings.Read(source, shown{Drain: time.Second})
	require.NoError(t, err)
	require.True(t, s.PrintConfig())
	require.NotContains(t, s.Config(), password)
	told := words(strings.ReplaceAll(s.Config(), folder, "FOLDER"))
	s.Values.UsersURL = "" // It is no secret by its type: only Config knows that it may have one in it.
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", s, s, s), password)
	require.Equal(t, []string{
		"SETTING VALUE FROM AT RUN TIME",
		"config FOLDER/users.yaml --config no",
		"database_url (secret) FOLDER/secret, which USERS_DATABASE_URL_FILE names no",
		"(secret) FOLDER/users.yaml:5, hidden by FOLDER/secret, which USERS_DATABASE_URL_FILE names",
		"password default no",
		"keys (secret) FOLDER/users.yaml:3 no",
		"level debug --level yes",
		"error USERS_LEVEL, hidden by --level",
		"warn FOLDER/users.yaml:1, hidden by --level",
		"drain 5s FOLDER/users.yaml:2 yes",
		"users_url http://(secret)@host FOLDER/users.yaml:4 no",
		"origins a,b USERS_ORIGINS no",
		`text "two\nlines" FOLDER/users.yaml:6 no`,
	}, told)

	source.Live, source.Args = false, []string{"--config=" + config}
	s, err = settings.Read(source, shown{})
	require.NoError(t, err)
	require.False(t, s.PrintConfig())
	require.NotContains(t, s.Config(), "yes", "nothing changes at run time in a program that reads its settings once")
	source.Args = []string{"--print-config=yes"}
	_, err = settings.Read(source, shown{})
	require.EqualError(t, err, "settings:\n  --print-config takes no value")
}

// words gives the lines of a table with single blanks.
func words(table string) (lines []string) {
	for line := range strings.Lines(table) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return lines
}

func TestHelpTellsWhatChangesAtRunTime(t *testing.T) {
	t.Parallel()
	live := words(settings.Help(settings.Source{Live: true}, shown{}))
	require.Equal(t, "FLAG ENVIRONMENT DEFAULT AT RUN TIME USAGE", live[0])
	require.Contains(t, live, "--level LEVEL yes")
	require.Contains(t, live, "--text TEXT no")
	require.NotContains(t, settings.Help(settings.Source{}, shown{}), "RUN TIME")
}
