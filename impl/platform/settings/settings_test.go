package settings_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/plumbline/impl/platform/settings"
	"example.com/plumbline/impl/platform/telemetry"
)

type example struct {
	DatabaseURL    telemetry.Secret   `koanf:"database_url" usage:"PostgreSQL to use" required:"true"`
	Addr           string             `koanf:"addr" usage:"where callers are served"`
	Drain          time.Duration      `koanf:"drain" usage:"how long to wait"`
	TrustedOrigins []string           `koanf:"trusted_origins" usage:"who may call"`
	Proxies        []netip.Prefix     `koanf:"proxies" usage:"networks of proxies"`
	Keys           []telemetry.Secret `koanf:"keys" usage:"signing keys"`
	LogLevel       slog.Level         `koanf:"log_level" usage:"lowest level written"`
	MaxConns       int32              `koanf:"max_conns" usage:"connections at most"`
	Limit          uint8              `koanf:"limit"`
	Sampling       float64            `koanf:"sampling" usage:"share of requests"`
	Demo           bool               `koanf:"demo" usage:"with personas"`
	Unset          string             `koanf:"-"`
}

const password = "hunter2hunter2"

func defaults() example {
	return example{
		DatabaseURL: telemetry.NewSecret("default"), Addr: ":8080", Drain: 20 * time.Second,
		TrustedOrigins: []string{"a", "b"}, MaxConns: 10, Sampling: 0.5, Unset: "kept",
	}
}

// source serves files by name, so that messages do not depend on a temporary folder.
func source(t *testing.T, yaml string, env map[string]string, args ...string) settings.Source {
	t.Helper()
	folder := t.TempDir()
	variables := map[string]string{}
	for name, value := range env {
		if strings.HasSuffix(name, "_FILE") && !strings.HasPrefix(value, "missing") {
			path := filepath.Join(folder, name)
			require.NoError(t, os.WriteFile(path, []byte(value), 0o600))
			value = path
		}
		variables[name] = value
	}
	if yaml != "" {
		variables["USERS_CONFIG"] = filepath.Join(folder, "users.yaml")
		require.NoError(t, os.WriteFile(variables["USERS_CONFIG"], []byte(yaml), 0o600))
	}
	var environ []string
	for name, value := range variables {
		environ = append(environ, name+"="+value)
	}
	return settings.Source{
		Prefix: "USERS_", Args: args, Environ: environ,
		Getenv: func(name string) string { return variables[name] },
	}
}

func TestLaterLayersWin(t *testing.T) {
	t.Parallel()
	type env = map[string]string
	for name, test := range map[string]struct {
		yaml string
		env  env
		args []string
		want string
	}{
		"default":                    {want: ":8080"},
		"file":                       {yaml: "addr: file", want: "file"},
		"variable":                   {env: env{"USERS_ADDR": "env"}, want: "env"},
		"file of variable":           {env: env{"USERS_ADDR_FILE": "secret"}, want: "secret"},
		"flag":                       {args: []string{"--addr", "flag"}, want: "flag"},
		"variable over file":         {yaml: "addr: file", env: env{"USERS_ADDR": "env"}, want: "env"},
		"file of variable over file": {yaml: "addr: file", env: env{"USERS_ADDR_FILE": "secret"}, want: "secret"},
		"flag over file":             {yaml: "addr: file", args: []string{"--addr=flag"}, want: "flag"},
		"flag over variable":         {env: env{"USERS_ADDR": "env"}, args: []string{"-addr=flag"}, want: "flag"},
		"flag over all": {yaml: "addr: file", env: env{"USERS_ADDR": "env"}, args: []string{"-addr", "flag"},
			want: "flag"},
		"last flag":                     {args: []string{"--addr=one", "--addr=two"}, want: "two"},
		"empty variable is not set":     {yaml: "addr: file", env: env{"USERS_ADDR": ""}, want: "file"},
		"empty flag is set":             {yaml: "addr: file", args: []string{"--addr="}, want: ""},
		"empty argument is a value":     {yaml: "addr: file", args: []string{"--addr", ""}, want: ""},
		"null in the file is not set":   {yaml: "addr:", want: ":8080"},
		"empty text in the file is set": {yaml: "addr: ''", want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := settings.Load(source(t, test.yaml, test.env, test.args...), defaults())
			require.NoError(t, err)
			want := defaults()
			want.Addr = test.want
			require.Equal(t, want, got)
		})
	}
}

func TestEveryTypeInEveryLayer(t *testing.T) {
	t.Parallel()
	want := example{
		DatabaseURL: telemetry.NewSecret("0123"), Addr: "8080", Drain: 90 * time.Second,
		TrustedOrigins: []string{"https://a.test", "https://b.test"},
		Proxies:        []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		Keys:           []telemetry.Secret{telemetry.NewSecret("k1"), telemetry.NewSecret("k2")},
		LogLevel:       slog.LevelWarn, MaxConns: -5, Limit: 255, Sampling: 0.25, Demo: true, Unset: "kept",
	}
	values := map[string]string{
		"DATABASE_URL": "0123", "ADDR": "8080", "DRAIN": "1m30s", "TRUSTED_ORIGINS": "https://a.test, https://b.test",
		"PROXIES": "10.0.0.0/8,::1/128", "KEYS": "k1,k2", "LOG_LEVEL": "warn", "MAX_CONNS": "-5",
		"LIMIT": "255", "SAMPLING": "0.25", "DEMO": "true",
	}
	variables, files, args := map[string]string{}, map[string]string{}, []string{"--demo"}
	for name, value := range values {
		variables["USERS_"+name] = value
		files["USERS_"+name+"_FILE"] = value + "\n"
		if name != "DEMO" {
			args = append(args, "--"+strings.ReplaceAll(strings.ToLower(name), "_", "-"), value)
		}
	}
	yaml := `
# every value is taken as it is written
database_url: 0123
addr: 8080
drain: 1m30s
trusted_origins: [https://a.test, 'https://b.test']
proxies:
  - 10.0.0.0/8
  - ::1/128
keys: [k1, k2]
log_level: warn
max_conns: -5
limit: "255"
sampling: 0.25
demo: true
`
	for name, source := range map[string]settings.Source{
		"file":              source(t, yaml, nil),
		"variables":         source(t, "", variables),
		"files of variable": source(t, "", files),
		"flags":             source(t, "", nil, args...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := settings.Load(source, defaults())
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}

func TestFlagForConfigWinsOverVariable(t *testing.T) {
	t.Parallel()
	s := source(t, "addr: variable", nil)
	other := filepath.Join(t.TempDir(), "other.yaml")
	require.NoError(t, os.WriteFile(other, []byte("addr: flag"), 0o600))
	s.Args = []string{"--config", other}
	got, err := settings.Load(s, defaults())
	require.NoError(t, err)
	require.Equal(t, "flag", got.Addr)
}

func TestDetailsOfReading(t *testing.T) {
	t.Parallel()
	type env = map[string]string
	for name, test := range map[string]struct {
		yaml string
		env  env
		args []string
		want func(*example)
	}{
		"one newline is trimmed": {env: env{"USERS_DATABASE_URL_FILE": "s\n\n"},
			want: func(e *example) { e.DatabaseURL = telemetry.NewSecret("s\n") }},
		"carriage return with it": {env: env{"USERS_DATABASE_URL_FILE": " s\r\n"},
			want: func(e *example) { e.DatabaseURL = telemetry.NewSecret(" s") }},
		"shorter list": {yaml: "trusted_origins: [x]",
			want: func(e *example) { e.TrustedOrigins = []string{"x"} }},
		"empty list in the file": {yaml: "trusted_origins: []",
			want: func(e *example) { e.TrustedOrigins = []string{} }},
		"empty list in a flag": {args: []string{"--trusted-origins="},
			want: func(e *example) { e.TrustedOrigins = []string{} }},
		"comma within an element of the file": {yaml: "trusted_origins: ['x,y']",
			want: func(e *example) { e.TrustedOrigins = []string{"x,y"} }},
		"alias": {yaml: "addr: &here x\ntrusted_origins: [*here]",
			want: func(e *example) { e.Addr, e.TrustedOrigins = "x", []string{"x"} }},
		"flag turned off": {env: env{"USERS_DEMO": "true"}, args: []string{"--demo=false"},
			want: func(*example) {}},
		"value with a hyphen":       {args: []string{"--addr", "-x"}, want: func(e *example) { e.Addr = "-x" }},
		"value with an equals sign": {args: []string{"--addr=x=y"}, want: func(e *example) { e.Addr = "x=y" }},
		"file of comments":          {yaml: "# nothing\n", want: func(*example) {}},
		"empty document":            {yaml: "---\n", want: func(*example) {}},
		"variables of a Kubernetes Service": {want: func(*example) {}, env: env{
			"USERS_SERVICE_HOST": "10.0.0.1", "USERS_SERVICE_PORT": "80", "USERS_SERVICE_PORT_HTTP": "80",
			"USERS_PORT": "tcp://10.0.0.1:80", "USERS_PORT_80_TCP": "tcp://10.0.0.1:80", "USERS_PORT_80_TCP_ADDR": "10.0.0.1",
			"USERS_DB_SERVICE_HOST": "10.0.0.2", "USERS_DB_PORT": "tcp://10.0.0.2:5432",
		}},
		"variables of others": {env: env{"ORDERS_ADDRESS": "x"}, want: func(*example) {}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := settings.Load(source(t, test.yaml, test.env, test.args...), defaults())
			require.NoError(t, err)
			want := defaults()
			test.want(&want)
			require.Equal(t, want, got)
		})
	}
}

func TestNoEnvironmentAtAll(t *testing.T) {
	t.Parallel()
	got, err := settings.Load(settings.Source{}, defaults())
	require.NoError(t, err)
	require.Equal(t, defaults(), got)
}

func TestLoadedValueSharesNothingWithDefaults(t *testing.T) {
	t.Parallel()
	before := defaults()
	got, err := settings.Load(settings.Source{}, before)
	require.NoError(t, err)
	got.TrustedOrigins[0] = "changed"
	require.Equal(t, defaults(), before)
}

func TestProblems(t *testing.T) {
	t.Parallel()
	type env = map[string]string
	for name, test := range map[string]struct {
		yaml string
		env  env
		args []string
		want []string

		noDefault bool // of the required setting
	}{
		"required": {noDefault: true, want: []string{
			"database_url is required: set USERS_DATABASE_URL, or USERS_DATABASE_URL_FILE, or --database-url, " +
				"or database_url in the YAML file"}},
		"required, empty flag over a good file": {yaml: "database_url: x", args: []string{"--database-url="}, want: []string{
			"database_url is required, but --database-url gives an empty value: set USERS_DATABASE_URL, " +
				"or USERS_DATABASE_URL_FILE, or --database-url, or database_url in the YAML file"}},
		"required, empty file": {env: env{"USERS_DATABASE_URL_FILE": "\n"}, want: []string{
			"database_url is required, but USERS_DATABASE_URL_FILE gives an empty value: set USERS_DATABASE_URL, " +
				"or USERS_DATABASE_URL_FILE, or --database-url, or database_url in the YAML file"}},
		"both variables": {env: env{"USERS_ADDR": "x", "USERS_ADDR_FILE": "y"}, want: []string{
			"USERS_ADDR and USERS_ADDR_FILE are both set: keep one of them"}},
		"both variables of a required setting": {noDefault: true,
			env: env{"USERS_DATABASE_URL": "x", "USERS_DATABASE_URL_FILE": "y"}, want: []string{
				"USERS_DATABASE_URL and USERS_DATABASE_URL_FILE are both set: keep one of them"}},
		"missing file of a variable": {noDefault: true, env: env{"USERS_DATABASE_URL_FILE": "missing-" + password},
			want: []string{
				"USERS_DATABASE_URL_FILE: cannot read the file that it names: no such file or directory"}},
		"missing YAML file": {noDefault: true, args: []string{"--config", "missing.yaml"}, want: []string{
			"missing.yaml: cannot read the file that --config or USERS_CONFIG names: no such file or directory"}},
		"unknown variable": {env: env{"USERS_DATABASEURL": password}, want: []string{
			"unknown environment variable USERS_DATABASEURL: the nearest name is USERS_DATABASE_URL, " +
				"--help lists all settings"}},
		"unknown variable for the config": {env: env{"USERS_CONFIG_FILE": "x"}, want: []string{
			"unknown environment variable USERS_CONFIG_FILE: the nearest name is USERS_CONFIG, --help lists all settings"}},
		"port that is no Service's": {env: env{"USERS_PORT": "80"}, want: []string{
			"unknown environment variable USERS_PORT: the nearest name is USERS_ADDR, --help lists all settings"}},
		"unknown flags": {args: []string{"--adr", "x", "--database_url=" + password, "--addr", "y"}, want: []string{
			"argument 1: unknown flag --adr: the nearest name is --addr, --help lists all settings",
			"argument 3: unknown flag --database_url: the nearest name is --database-url, --help lists all settings"}},
		"flag without hyphens": {args: []string{"addr=x", "-", "--", ""}, want: []string{
			"argument 1 is not a flag: flags begin with --",
			"argument 2 is not a flag: flags begin with --",
			"argument 3 is not a flag: flags begin with --",
			"argument 4 is not a flag: flags begin with --"}},
		"flag that is a value": {args: []string{"--postgres://u:" + password + "@h"}, want: []string{
			"argument 1: unknown flag: --help lists all settings"}},
		"flag without value": {noDefault: true, args: []string{"--database-url", "--demo", "--addr"}, want: []string{
			"--database-url: has no value: write --database-url=VALUE",
			"--addr: has no value: write --addr=VALUE"}},
		"secret that looks like a flag": {noDefault: true, args: []string{"--database-url", "--" + password, "--demo"},
			want: []string{
				"--database-url: has no value: write --database-url=VALUE"}},
		"config without value": {args: []string{"--config"}, want: []string{"--config: has no value: write --config=VALUE"}},
		"wrong types in flags": {
			args: []string{"--drain=10", "--log-level", "loud", "--max-conns=2147483648", "--limit=-1", "--sampling=NaN",
				"--demo=yes", "--proxies=10.0.0.0/8,x", "--trusted-origins=a,,b"},
			want: []string{
				`--drain: "10" is not a duration: write it like 90s or 1h30m (drain: how long to wait)`,
				`--log-level: slog: level string "loud": unknown name (log_level: lowest level written)`,
				`--max-conns: "2147483648" is not a whole number from -2147483648 to 2147483647 (max_conns: connections at most)`,
				`--limit: "-1" is not a whole number from 0 to 255`,
				`--sampling: "NaN" is not a number: write it like 0.25 (sampling: share of requests)`,
				`--demo: "yes" is not a truth value: write true or false (demo: with personas)`,
				`--proxies: element 2 of the list: netip.ParsePrefix("x"): no '/' (proxies: networks of proxies)`,
				`--trusted-origins: element 2 of the list is empty: remove a comma (trusted_origins: who may call)`}},
		"wrong types in variables": {env: env{"USERS_DRAIN": "soon", "USERS_MAX_CONNS_FILE": strings.Repeat("x", 100)},
			want: []string{
				`USERS_DRAIN: "soon" is not a duration: write it like 90s or 1h30m (drain: how long to wait)`,
				`USERS_MAX_CONNS_FILE: "` + strings.Repeat("x", 60) +
					`…" is not a whole number from -2147483648 to 2147483647 (max_conns: connections at most)`}},
		"wrong types in the file": {
			yaml: "# settings\naddr: [x]\ntrusted_origins: a,b\nproxies:\n  - 10.0.0.0/8\n  - {x: y}\nkeys: [a, " +
				"null]\ndrain: 5\ndemo: {on: 1}\n",
			want: []string{
				`users.yaml:2: addr: must be one value, on the same line (addr: where callers are served)`,
				`users.yaml:3: trusted_origins: must be a list, as in [one, two] (trusted_origins: who may call)`,
				`users.yaml:4: proxies: must be a list of single values: line 6 is not one (proxies: networks of proxies)`,
				`users.yaml:7: keys: must be a list of single values: line 7 is not one (keys: signing keys)`,
				`users.yaml:8: drain: "5" is not a duration: write it like 90s or 1h30m (drain: how long to wait)`,
				`users.yaml:9: demo: must be one value, on the same line (demo: with personas)`}},
		"wrong value in the file under a good flag": {yaml: "drain: 5", args: []string{"--drain=5s"}, want: []string{
			`users.yaml:1: drain: "5" is not a duration: write it like 90s or 1h30m (drain: how long to wait)`}},
		"unknown keys in the file": {yaml: "databaseurl: " + password + "\n<<: {a: b}\n", want: []string{
			"users.yaml:1: unknown setting databaseurl: the nearest name is database_url, --help lists all settings",
			"users.yaml:2: unknown setting: --help lists all settings"}},
		"key twice": {yaml: "addr: x\ndrain: 1s\naddr: y\n",
			want: []string{"users.yaml:3: addr is also on line 1: keep one of them"}},
		"second document": {yaml: "addr: x\n---\naddr: y\n",
			want: []string{"users.yaml: holds more than one document: remove what follows the line ---"}},
		"no space after colon": {noDefault: true, yaml: "database_url:" + password,
			want: []string{"users.yaml:1: is not a list of settings: write one per line, as in name: value"}},
		"broken YAML": {noDefault: true, yaml: "addr: x\ndrain: a: b\n",
			want: []string{"users.yaml:2: is not valid YAML: mapping values are not allowed in this context"}},
		"broken YAML that quotes": {noDefault: true, yaml: "database_url: *" + password, want: []string{
			"users.yaml: is not valid YAML: a value that begins with * & ! or another sign wants quotes"}},
		"every layer at once": {noDefault: true, yaml: "adr: x", env: env{"USERS_ADR": "x"}, args: []string{"--adr=x"},
			want: []string{
				"argument 1: unknown flag --adr: the nearest name is --addr, --help lists all settings",
				"unknown environment variable USERS_ADR: the nearest name is USERS_ADDR, --help lists all settings",
				"users.yaml:1: unknown setting adr: the nearest name is addr, --help lists all settings",
				"database_url is required: set USERS_DATABASE_URL, or USERS_DATABASE_URL_FILE, or --database-url, " +
					"or database_url in the YAML file"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := source(t, test.yaml, test.env, test.args...)
			start := defaults()
			if test.noDefault {
				start.DatabaseURL = telemetry.Secret{}
			}
			got, err := settings.Load(s, start)
			require.Error(t, err)
			folder := filepath.Dir(s.Getenv("USERS_CONFIG")) + string(filepath.Separator)
			require.Equal(t, "settings:\n  "+strings.Join(test.want, "\n  "), strings.ReplaceAll(err.Error(), folder, ""))
			require.Equal(t, example{}, got)
			require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), password)
		})
	}
}

func TestProblemsCanBeAskedFor(t *testing.T) {
	t.Parallel()
	_, err := settings.Load(source(t, "", map[string]string{"USERS_ADDR_FILE": "missing"}, "--config=missing"), defaults())
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// A secret in the wrong place, or in a file with any mistake, does not appear in the error.
func TestNoMistakeShowsASecret(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "users.yaml")
	sign := rapid.SampledFrom(strings.Split("* & ! !! !!int !!binary | > { } [ ] : , # ? % @ ` \" \\ - <<", " "))
	around := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.OneOf(sign, rapid.Just("'"), rapid.Just(" "), rapid.Just("\t"),
			rapid.Just("\x01")), 0, 4).Draw(t, "signs"), "")
	})
	rapid.Check(t, func(t *rapid.T) {
		value := around.Draw(t, "before") + password + around.Draw(t, "after")
		key := rapid.SampledFrom([]string{"database_url: ", "database_url:", "keys: ", "keys:\n- ", "database_url"}).Draw(t,
			"key")
		require.NoError(t, os.WriteFile(path, []byte("addr: x\n"+key+value+"\ndrain: 5\n"), 0o600))
		_, err := settings.Load(settings.Source{
			Prefix: "USERS_", Args: []string{"--config=" + path, "--database-url", value, "--keys=" + value, "--sampling=x"},
			Getenv: func(name string) string {
				if name == "USERS_DATABASE_URL_FILE" || name == "USERS_KEYS" {
					return value
				}
				return ""
			},
		}, example{})
		require.Error(t, err)
		require.NotContains(t, err.Error(), password)
	})
}

// checked refuses what it is given, with the text of it.
type checked struct {
	Origins []string `koanf:"origins"`
	Addr    string   `koanf:"addr"`
	Count   int      `koanf:"count"`
}

func (c *checked) Validate() error {
	_, err := url.Parse(c.Addr)
	return errors.Join(err, fmt.Errorf("origins: origin %q is none: write it as in https://shop.example.com", c.Origins))
}

// A message quotes a value without the password of a URL, as Config does; a cut value has none of its beginning.
func TestMessagesMaskPasswords(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100)
	for _, args := range [][]string{
		{"--origins=https://u:" + password + "@h", "--addr=postgres://u:" + password + "@h:port"},
		{"--origins=https://u:" + password + "@h,https://v:" + password + "\"@h"},
		{"--count=http://u:" + password + long + "@h"},
		{"--count=http://u:" + password + "@h"},
	} {
		_, err := settings.Load(settings.Source{Args: args}, checked{})
		require.Error(t, err)
		require.NotContains(t, err.Error(), password)
		require.Contains(t, err.Error(), "://(secret)@h")
	}
	_, err := settings.Load(settings.Source{Args: []string{"--origins=a"}}, checked{})
	require.EqualError(t, err,
		"settings:\n  origins: origin [\"a\"] is none: write it as in https://shop.example.com (--origins)")
}

type validated struct {
	Low  int `koanf:"low"`
	High int `koanf:"high"`
}

func (v *validated) Validate() error {
	if v.Low > v.High {
		return errors.Join(errors.New("low is above high"), fs.ErrInvalid)
	}
	return nil
}

func TestValidateComesLast(t *testing.T) {
	t.Parallel()
	load := func(args ...string) (validated, error) {
		return settings.Load(settings.Source{Args: args}, validated{High: 5})
	}

	got, err := load("--low=7", "--high=8")
	require.NoError(t, err)
	require.Equal(t, validated{Low: 7, High: 8}, got)

	_, err = load("--low=7")
	require.EqualError(t, err, "settings:\n  low is above high (--low)\n  invalid argument")
	require.ErrorIs(t, err, fs.ErrInvalid)

	_, err = load("--low=7", "--high=x")
	require.NotErrorIs(t, err, fs.ErrInvalid, "values that are wrong already are not validated")
}

func TestHelpIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"-h", "--h", "-help", "--help"} {
		_, err := settings.Load(settings.Source{Args: []string{"--unknown", arg, "--drain=x"}}, defaults())
		require.Equal(t, flag.ErrHelp, err, arg)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	start := defaults()
	start.Keys = []telemetry.Secret{telemetry.NewSecret(password)}
	start.DatabaseURL = telemetry.NewSecret(password)
	start.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	want, err := os.ReadFile("testdata/help.txt")
	require.NoError(t, err)
	require.Equal(t, string(want), settings.Help(settings.Source{Prefix: "USERS_"}, start))
}

type base struct {
	Addr string `koanf:"addr" required:"true"`
}

func TestEmbeddedStructs(t *testing.T) {
	t.Parallel()
	type service struct {
		base
		Drain time.Duration `koanf:"drain"`
	}
	got, err := settings.Load(settings.Source{Args: []string{"--addr=x", "--drain=1s"}}, service{})
	require.NoError(t, err)
	require.Equal(t, service{base{"x"}, time.Second}, got)
	require.Contains(t, settings.Help(settings.Source{Prefix: "S_"}, service{}), "--addr          S_ADDR       (required)")
}

func TestRequiredOfEveryKind(t *testing.T) {
	t.Parallel()
	type kinds struct {
		Text   string             `koanf:"text" required:"true"`
		List   []string           `koanf:"list" required:"true"`
		Number int                `koanf:"number" required:"true"`
		Secret telemetry.Secret   `koanf:"secret" required:"true"`
		More   []telemetry.Secret `koanf:"more"`
	}
	s := settings.Source{Args: []string{"--text= ", "--list=", "--number=0", "--secret= \n"}}
	_, err := settings.Load(s, kinds{})
	require.Error(t, err)
	for _, name := range []string{"text", "list", "number", "secret"} {
		require.ErrorContains(t, err, name+" is required, but --"+name+" gives an empty value")
	}

	s.Args = []string{"--text=x", "--list=x", "--number=1", "--secret=x"}
	_, err = settings.Load(s, kinds{})
	require.NoError(t, err)
	require.Regexp(t, `(?m)^--more +MORE$`, settings.Help(settings.Source{}, kinds{}))
}

func TestMistakesInTheDefinition(t *testing.T) {
	t.Parallel()
	for want, load := range map[string]func() (string, error){
		"int is not a struct":                     definition[int],
		"field A of struct { A string }: must be": definition[struct{ A string }],
		"must be exported":                        definition[struct{ a string }],
		"have a tag":                              definition[struct{ *base }],
		"a chan int cannot be read from text": definition[struct {
			A chan int `koanf:"a"`
		}],
		"a *int cannot be read from text": definition[struct {
			A *int `koanf:"a"`
		}],
		"a [][]string cannot be read from text": definition[struct {
			A [][]string `koanf:"a"`
		}],
		`the name "config" is taken`: definition[struct {
			A int `koanf:"config"`
		}],
		`the name "help" is taken`: definition[struct {
			A int `koanf:"help"`
		}],
		`field B of struct { A int "koanf:\"a\""; B int "koanf:\"a\"" }: the name "a" is taken`: definition[struct {
			A int `koanf:"a"`
			B int `koanf:"a"`
		}],
		"the variable of a_file is also the one that names the file of a": definition[struct {
			A int `koanf:"a"`
			B int `koanf:"a_file"`
		}],
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			help, err := load()
			require.ErrorContains(t, err, want)
			require.Equal(t, err.Error()+"\n", help)
		})
	}
}

func definition[T any]() (string, error) {
	var zero T
	_, err := settings.Load(settings.Source{Args: []string{"--help"}}, zero)
	return settings.Help(settings.Source{Prefix: "X_"}, zero), err
}
