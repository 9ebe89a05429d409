package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// installation is a PostgreSQL on this machine.
type installation struct {
	dir   string // of initdb and postgres
	libs  string // LD_LIBRARY_PATH that it needs, or ""
	major int
}

// command returns a command that runs one of the programs as acct in a clean environment: PG* and LC_* variables of the
// caller would change what postgres does, and its secrets must not reach postgres.
func (i installation) command(ctx context.Context, acct account, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(i.dir, program), args...)
	cmd.Dir = "/" // acct may not enter the caller's
	cmd.Env = []string{"PATH=" + i.dir + ":/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	if i.libs != "" {
		cmd.Env = append(cmd.Env, "LD_LIBRARY_PATH="+i.libs)
	}
	cmd.SysProcAttr = acct.attributes()
	cmd.WaitDelay = killStop
	return cmd
}

// places are where binaries are looked for, in this order, and where they are fetched to.
type places struct {
	path  string   // as $PATH
	globs []string // folders with a version in their name
	cache string   // of fetched ones
}

func machinePlaces() places {
	return places{
		path: os.Getenv("PATH"),
		globs: []string{
			"/usr/lib/postgresql/*/bin",                               // Debian, Ubuntu
			"/usr/pgsql-*/bin",                                        // Red Hat with the PostgreSQL project's packages
			"/usr/libexec/postgresql*",                                // Alpine
			"/opt/homebrew/opt/postgresql@*/bin",                      // macOS, Homebrew on Apple silicon
			"/usr/local/opt/postgresql@*/bin",                         // macOS, Homebrew on Intel
			"/opt/local/lib/postgresql*/bin",                          // macOS, MacPorts
			"/Applications/Postgres.app/Contents/Versions/[0-9]*/bin", // macOS, Postgres.app
		},
		cache: cacheFolder(),
	}
}

// cacheFolder returns a folder that the server's account can reach, which a folder below root's home is not.
func cacheFolder() string {
	if os.Geteuid() == 0 {
		return "/var/cache/private-postgres"
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "private-postgres")
}

// candidates lists installations by folder, not yet tried.
func (p places) candidates() []installation {
	var found []installation
	add := func(dir, libs string) {
		known := slices.ContainsFunc(found, func(i installation) bool { return i.dir == dir })
		if !known && isFile(filepath.Join(dir, "postgres")) && isFile(filepath.Join(dir, "initdb")) {
			found = append(found, installation{dir: dir, libs: libs})
		}
	}
	if program := lookIn(p.path, "postgres"); program != "" {
		// A program in PATH is often a link, and postgres finds its other files relative to itself.
		if program, err := filepath.EvalSymlinks(program); err == nil {
			add(filepath.Dir(program), "")
		}
	}
	for _, glob := range p.globs {
		for _, dir := range newestFirst(glob) {
			add(dir, "")
		}
	}
	for _, fetched := range fetchedInstallations(p.cache) {
		add(fetched.dir, fetched.libs)
	}
	return found
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// lookIn is exec.LookPath for a given list of folders.
func lookIn(path, program string) string {
	for _, dir := range filepath.SplitList(path) {
		if file := filepath.Join(dir, program); filepath.IsAbs(file) && isFile(file) {
			return file
		}
	}
	return ""
}

func newestFirst(glob string) []string {
	dirs, err := filepath.Glob(glob)
	if err != nil {
		return nil
	}
	version := func(dir string) int {
		n, _ := strconv.Atoi(regexp.MustCompile(`\d+`).FindString(strings.TrimPrefix(dir,
			glob[:strings.IndexAny(glob, "*[")])))
		return n
	}
	slices.SortStableFunc(dirs, func(a, b string) int { return version(b) - version(a) })
	return dirs
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// probe checks that the account can run the installation, and returns it with its version.
func probe(ctx context.Context, acct account, i installation) (installation, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := i.command(ctx, acct, "postgres", "-V").CombinedOutput()
	if err != nil {
		return i, fmt.Errorf("%s cannot be run by %s (%w) %s", filepath.Join(i.dir, "postgres"), acct.name, err,
			lastLine(string(out)))
	}
	match := versionPattern.FindSubmatch(out)
	if match == nil {
		return i, fmt.Errorf("%s does not print its version", filepath.Join(i.dir, "postgres"))
	}
	i.major, err = strconv.Atoi(string(match[1]))
	if err == nil && i.major < oldestMajor {
		err = fmt.Errorf("PostgreSQL %d in %s is too old: %d is the oldest that works", i.major, i.dir, oldestMajor)
	}
	return i, err
}

var errNoPostgres = errors.New("no usable PostgreSQL is installed")

// find returns the first usable installation whose version fits the data in dir; any fits when major is 0.
func find(ctx context.Context, acct account, candidates []installation, dir string, major int) (installation, error) {
	reason := error(nil)
	var misfit *installation
	for _, candidate := range candidates {
		usable, err := probe(ctx, acct, candidate)
		switch {
		case err != nil:
			reason = err
		case major == 0 || usable.major == major:
			return usable, nil
		case misfit == nil:
			misfit = &usable
		}
	}
	switch {
	case misfit != nil:
		return installation{}, fmt.Errorf("the data in %s was made by PostgreSQL %d, but the PostgreSQL in %s is %d: "+
			"name the bin folder of a PostgreSQL %d in PLUMBLINE_PG_BINDIR, or start afresh with `make reset`",
			dir, major, misfit.dir, misfit.major, major)
	case reason != nil:
		return installation{}, fmt.Errorf("%w: %w", errNoPostgres, reason)
	}
	return installation{}, errNoPostgres
}

func findOrFetch(ctx context.Context, opts Options, acct account, dir string, major int) (installation, error) {
	if opts.BinDir != "" {
		named, err := filepath.EvalSymlinks(opts.BinDir)
		if err == nil {
			var i installation
			i, err = find(ctx, acct, []installation{{dir: named}}, dir, major)
			if err == nil || !errors.Is(err, errNoPostgres) {
				return i, err
			}
		}
		return installation{}, fmt.Errorf("the folder named for PostgreSQL's binaries (PLUMBLINE_PG_BINDIR), %s, "+
			"does not serve: %w", opts.BinDir, err)
	}
	where := opts.places
	if where.cache == "" {
		where = machinePlaces()
	}
	i, err := find(ctx, acct, where.candidates(), dir, major)
	if !errors.Is(err, errNoPostgres) {
		return i, err
	}
	if err := fetch(ctx, where, acct, opts.Progress); err != nil {
		return installation{}, err
	}
	return find(ctx, acct, fetchedInstallations(where.cache), dir, major)
}
