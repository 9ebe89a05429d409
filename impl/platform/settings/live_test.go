package settings_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/settings"
	"example.com/plumbline/impl/platform/telemetry"
)

// patience bounds every wait; no wait normally comes near it.
const patience = 30 * time.Second

// changing are settings of which some change at run time.
type changing struct {
	Level    string           `koanf:"level" reload:"true"`
	Password telemetry.Secret `koanf:"password" reload:"true"`
	Addr     string           `koanf:"addr"`
	Low      int              `koanf:"low" reload:"true"`
	High     int              `koanf:"high"`
	CA       string           `koanf:"ca"` // names a file
}

func (c *changing) Validate() error {
	var errs []error
	if c.Low > c.High {
		errs = append(errs, errors.New("low is above high"))
	}
	if c.CA != "" {
		if _, err := os.Stat(c.CA); err != nil {
			errs = append(errs, errors.New("ca names no file"))
		}
	}
	return errors.Join(errs...)
}

// fixture is a folder with settings that a test changes.
type fixture struct {
	t      *testing.T
	folder string
	live   *settings.Live[changing]
	told   chan telling
	looked chan struct{} // has an element for each reading
}

type telling struct {
	settings.Reloaded

	err error
}

func (f *fixture) path(name string) string { return filepath.Join(f.folder, name) }

func (f *fixture) write(name, text string) {
	f.t.Helper()
	require.NoError(f.t, os.WriteFile(f.path(name), []byte(text), 0o600))
}

// load reads app.yaml for the first time.
func (f *fixture) load(variables map[string]string) {
	f.t.Helper()
	var err error
	f.live, err = settings.NewLive(settings.Source{
		Prefix: "APP_", Args: []string{"--config", f.path("app.yaml")},
		Getenv: func(name string) string {
			if name == "APP_LEVEL" {
				select {
				case f.looked <- struct{}{}:
				default:
				}
			}
			return variables[name]
		},
	}, changing{Level: "info", High: 10})
	require.NoError(f.t, err)
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	return &fixture{t: t, folder: t.TempDir(), told: make(chan telling, 1000), looked: make(chan struct{}, 1)}
}

// watch watches until the test ends.
func (f *fixture) watch(signals <-chan os.Signal, every time.Duration) {
	ctx, cancel := context.WithCancel(f.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.live.WatchEvery(ctx, signals, func(r settings.Reloaded, err error) { f.told <- telling{r, err} }, every)
	}()
	f.t.Cleanup(func() { cancel(); <-ended })
}

// next waits for what the next reload says.
func (f *fixture) next() telling {
	f.t.Helper()
	select {
	case told := <-f.told:
		return told
	case <-time.After(patience):
		require.FailNow(f.t, "the settings are not read again")
		return telling{}
	}
}

// looks waits until the files have been looked at a few times more.
func (f *fixture) looks() {
	f.t.Helper()
	for range 5 {
		select {
		case <-f.looked:
		case <-time.After(patience):
			require.FailNow(f.t, "nobody looks at the files")
		}
	}
}

// reaches waits until a level is in force.
func (f *fixture) reaches(level string) {
	f.t.Helper()
	for f.live.Get().Level != level {
		require.NoError(f.t, f.next().err)
	}
}

func texts[T fmt.Stringer](all []T) (lines []string) {
	for _, c := range all {
		lines = append(lines, c.String())
	}
	return lines
}

func TestReload(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("app.yaml", "level: info\naddr: here\npassword: "+password+"\nlow: 1\n")
	f.load(map[string]string{"APP_HIGH": "10"})
	var told []string
	f.live.Subscribe(func(next *changing, changed []settings.Change) {
		require.Same(t, next, f.live.Get(), "the new settings are in force")
		told = append(told, texts(changed)...)
	})
	first := f.live.Get()

	f.write("app.yaml", "level: debug\naddr: there\npassword: other-"+password+"\nlow: 2\nhigh: 20\n")
	got, err := f.live.Reload(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"level: info → debug", "password: another secret", "low: 1 → 2"}, texts(got.Changed))
	require.Equal(t, []string{"addr: here → there"}, texts(got.Waiting))
	require.Equal(t, []string{"high by APP_HIGH"}, got.Hidden)
	require.Equal(t, texts(got.Changed), told, "subscribers learn of what has taken effect")
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", got, got, got), password)
	now := f.live.Get()
	require.Equal(t, changing{Level: "debug", Addr: "here", Password: now.Password, Low: 2, High: 10}, *now)
	require.Equal(t, "other-"+password, now.Password.Reveal())
	require.Equal(t, "info", first.Level, "a snapshot never changes")

	told = nil
	got, err = f.live.Reload(t.Context())
	require.NoError(t, err)
	require.Empty(t, got.Changed)
	require.Equal(t, []string{"addr: here → there"}, texts(got.Waiting), "it still waits")
	require.Empty(t, told)
}

// Settings that are refused leave all old ones in force, whatever refuses them.
func TestRefusedSettings(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("app.yaml", "level: info\nlow: 1\n")
	f.load(nil)
	f.live.Check(func(_ context.Context, next *changing, changed []settings.Change) error {
		require.NotEmpty(t, changed)
		if next.Level == "loud" {
			return errors.New("level is loud")
		}
		return nil
	})
	f.live.Subscribe(func(*changing, []settings.Change) { require.Fail(t, "nothing has changed") })
	for text, want := range map[string]string{
		"level: debug\nlow: x\n":          "low: \"x\" is not a whole number",
		"level: debug\nlow: [\n":          "is not valid YAML",
		"level: debug\nlow: 11\n":         "low is above high",
		"level: loud\nlow: 2\n":           "level is loud",
		"level: debug\nlow: 15\nhigh: 20": "low is above high", // high takes effect at the next start
		"level: debug\nlow: x\nhi: 1":     "unknown setting hi",
	} {
		f.write("app.yaml", text)
		_, err := f.live.Reload(t.Context())
		require.ErrorContains(t, err, want)
		require.Equal(t, changing{Level: "info", Low: 1, High: 10}, *f.live.Get(), text)
	}
	require.NoError(t, os.Remove(f.path("app.yaml")))
	_, err := f.live.Reload(t.Context())
	require.ErrorContains(t, err, "cannot read the file")
	require.Equal(t, "info", f.live.Get().Level)
}

// However the content of a file changes, an event of its folder tells of it.
func TestFilesAreWatched(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare, change func(*fixture)
		variables       func(*fixture) map[string]string
	}{
		"written in place": {
			prepare: func(f *fixture) { f.write("app.yaml", "level: info") },
			change:  func(f *fixture) { f.write("app.yaml", "level: debug") },
		},
		"replaced by an editor": {
			prepare: func(f *fixture) { f.write("app.yaml", "level: info") },
			change: func(f *fixture) {
				f.write("app.yaml.new", "level: debug")
				require.NoError(f.t, os.Rename(f.path("app.yaml"), f.path("app.yaml~")))
				require.NoError(f.t, os.Rename(f.path("app.yaml.new"), f.path("app.yaml")))
			},
		},
		"removed and made anew": {
			prepare: func(f *fixture) { f.write("app.yaml", "level: info") },
			change: func(f *fixture) {
				require.NoError(f.t, os.Remove(f.path("app.yaml")))
				f.write("app.yaml", "level: debug")
			},
		},
		"swapped by Kubernetes": {
			prepare: func(f *fixture) {
				f.publish("..1", "level: info")
				require.NoError(f.t, os.Symlink("..data/app.yaml", f.path("app.yaml")))
			},
			change: func(f *fixture) {
				f.publish("..2", "level: debug") // Kubernetes removes the old folder later.
			},
		},
		"behind a link to another folder": {
			prepare: func(f *fixture) {
				require.NoError(f.t, os.Mkdir(f.path("elsewhere"), 0o700))
				f.write("elsewhere/app.yaml", "level: info")
				require.NoError(f.t, os.Symlink("elsewhere/app.yaml", f.path("app.yaml")))
			},
			change: func(f *fixture) { f.write("elsewhere/app.yaml", "level: debug") },
		},
		"named by a variable": {
			prepare: func(f *fixture) {
				f.write("app.yaml", "low: 1")
				require.NoError(f.t, os.Mkdir(f.path("secrets"), 0o700))
				f.write("secrets/level", "info")
			},
			variables: func(f *fixture) map[string]string {
				return map[string]string{"APP_LEVEL_FILE": f.path("secrets/level")}
			},
			change: func(f *fixture) {
				f.write("secrets/new", "debug\n")
				require.NoError(f.t, os.Rename(f.path("secrets/new"), f.path("secrets/level")))
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			c.prepare(f)
			variables := map[string]string{}
			if c.variables != nil {
				variables = c.variables(f)
			}
			f.load(variables)
			signals := make(chan os.Signal, 1)
			f.watch(signals, time.Hour)
			signals <- syscall.SIGHUP // Once it has been answered, the folders are watched.
			require.Empty(t, f.next().Changed)
			c.change(f)
			for f.live.Get().Level != "debug" {
				f.next() // Half-way, the file may be missing or empty.
			}
		})
	}
}

// publish makes a folder with app.yaml the one that ..data leads to, as Kubernetes does for a volume.
func (f *fixture) publish(folder, text string) {
	f.t.Helper()
	require.NoError(f.t, os.Mkdir(f.path(folder), 0o700))
	f.write(filepath.Join(folder, "app.yaml"), text)
	require.NoError(f.t, os.Symlink(folder, f.path("..data_tmp")))
	require.NoError(f.t, os.Rename(f.path("..data_tmp"), f.path("..data")))
}

// A folder in which others write without a pause hides no change.
func TestABusyFolder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("app.yaml", "level: info")
	f.load(nil)
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				if err := os.WriteFile(f.path("other"), []byte("x"), 0o600); err != nil {
					panic(err)
				}
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-ended })
	signals := make(chan os.Signal, 1)
	f.watch(signals, time.Hour)
	signals <- syscall.SIGHUP // Once it has been answered, the folder is watched.
	require.NoError(t, f.next().err)
	f.write("new", "level: debug")
	require.NoError(t, os.Rename(f.path("new"), f.path("app.yaml")))
	f.reaches("debug")
}

// A change between the first reading and the watch is found.
func TestAChangeBeforeTheWatch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("app.yaml", "level: info")
	f.load(nil)
	f.write("app.yaml", "level: debug")
	f.watch(nil, time.Hour)
	f.reaches("debug")
}

// A file that no event tells of is polled: here the link that changes is in a folder that is not watched.
func TestFilesArePolled(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, folder := range []string{"middle", "one", "two"} {
		require.NoError(t, os.Mkdir(f.path(folder), 0o700))
	}
	f.write("one/app.yaml", "level: info")
	f.write("two/app.yaml", "level: debug")
	require.NoError(t, os.Symlink("../one", f.path("middle/current")))
	require.NoError(t, os.Symlink("middle/current/app.yaml", f.path("app.yaml")))
	f.load(nil)
	f.watch(nil, time.Millisecond)
	f.looks()
	require.NoError(t, os.Symlink("../two", f.path("middle/next")))
	require.NoError(t, os.Rename(f.path("middle/next"), f.path("middle/current")))
	f.reaches("debug")
}

// A signal has the settings read again, whether a file has changed or not; a poll only if one has.
func TestASignal(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("app.yaml", "level: info")
	f.load(nil)
	signals := make(chan os.Signal, 1)
	f.watch(signals, time.Millisecond)
	for range 3 {
		signals <- syscall.SIGHUP
		told := f.next()
		require.NoError(t, told.err)
		require.Empty(t, told.Changed)
		f.looks()
		require.Empty(t, f.told, "polls tell nothing")
	}
}

// A bad file is told once, and a good one after it takes effect.
func TestABadFileThenAGoodOne(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("app.yaml", "level: info")
	f.load(nil)
	f.watch(nil, time.Millisecond)
	f.write("new", "low: many")
	require.NoError(t, os.Rename(f.path("new"), f.path("app.yaml")))
	require.ErrorContains(t, f.next().err, "not a whole number")
	f.looks()
	f.write("new", "level: debug")
	require.NoError(t, os.Rename(f.path("new"), f.path("app.yaml")))
	require.NoError(t, f.next().err, "the bad file has been told once, however often it was looked at")
	require.Equal(t, "debug", f.live.Get().Level)
}

// What is refused for another reason than the content of the files is tried again, and told again only when the problem
// is another one.
func TestRefusedSettingsAreTriedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("app.yaml", "level: info")
	f.load(nil)
	var problem atomic.Pointer[error]
	set := func(err error) { problem.Store(&err) }
	set(errors.New("the server is away"))
	f.live.Check(func(context.Context, *changing, []settings.Change) error { return *problem.Load() })
	f.watch(nil, time.Millisecond)
	f.write("new", "level: debug")
	require.NoError(t, os.Rename(f.path("new"), f.path("app.yaml")))
	require.ErrorContains(t, f.next().err, "the server is away")
	f.looks()
	require.Empty(t, f.told, "the same problem is told once")
	set(errors.New("the server refuses"))
	require.ErrorContains(t, f.next().err, "the server refuses")
	set(nil)
	require.NoError(t, f.next().err)
	require.Equal(t, "debug", f.live.Get().Level)
	f.looks()
	require.Empty(t, f.told, "what has taken effect is not read again")
}

// A reading answers for what it changes: what is wrong with the settings in force, too, does not keep others from
// taking effect.
func TestAReadingAnswersForWhatItChanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("ca.pem", "")
	f.write("app.yaml", "level: info\nca: "+f.path("ca.pem"))
	f.load(nil)
	require.NoError(t, os.Remove(f.path("ca.pem")))
	f.write("app.yaml", "level: debug\nca: "+f.path("ca.pem"))
	_, err := f.live.Reload(t.Context())
	require.NoError(t, err)
	require.Equal(t, "debug", f.live.Get().Level)
	f.write("app.yaml", "level: warn\nlow: 11\nca: "+f.path("ca.pem"))
	_, err = f.live.Reload(t.Context())
	require.EqualError(t, err, "settings:\n  low is above high ("+f.path("app.yaml")+":2)")
	f.write("app.yaml", "level: warn\nhigh: 20\nca: "+f.path("ca.pem")) // Some settings wait.
	_, err = f.live.Reload(t.Context())
	require.NoError(t, err)
	require.Equal(t, "warn", f.live.Get().Level)

	f.write("ca.pem", "")
	_, err = f.live.Reload(t.Context())
	require.NoError(t, err)
	f.write("app.yaml", "level: info\nca: "+f.path("other.pem"))
	_, err = f.live.Reload(t.Context())
	require.EqualError(t, err, "settings:\n  ca names no file ("+f.path("app.yaml")+":2)", "the next start would fail")
}

// Where a setting that waits for the next start is missing for another one, the refusal says so: whoever reads it has
// changed it already.
func TestARefusalNamesWhatWaits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("app.yaml", "level: info")
	f.load(nil)
	f.write("app.yaml", "low: 15\nhigh: 20\naddr: there")
	_, err := f.live.Reload(t.Context())
	require.EqualError(t, err, "settings:\n  low is above high (high takes effect at the next start)")
	f.write("app.yaml", "low: 25\nhigh: 20\naddr: there")
	_, err = f.live.Reload(t.Context())
	at := f.path("app.yaml")
	require.EqualError(t, err, "settings:\n  low is above high ("+at+":1, "+at+":2)", "the next start would fail, too")
}
