package program_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/plumbline/impl/platform/audit"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(pgtest.M{M: m}) }

// masterKey is that of every parcels service, unless a test gives another.
var masterKey = programtest.NewMasterKey()

// parts are those of every version of a service, first and second the migrations of two.
var (
	parts  = []postgres.Part{audit.Tables, program.Tables}
	first  = fstest.MapFS{"00001_first.sql": {Data: []byte("-- +goose Up\nCREATE TABLE parcels (id uuid);\n")}}
	second = fstest.MapFS{
		"00001_first.sql":  first["00001_first.sql"],
		"00002_second.sql": {Data: []byte("-- +goose Up\nCREATE TABLE labels (id uuid);\n")},
	}
)

type weighing struct {
	program.Keyed

	Scale string `koanf:"scale" required:"true" usage:"the scale"`
}

func (w *weighing) Validate() error {
	errs := []error{w.Keyed.Validate()}
	if w.Scale == "broken" {
		errs = append(errs, errors.New("scale is broken: take another"))
	}
	return errors.Join(errs...)
}

// parcels is a small service.
func parcels(commands ...program.Command) program.Program {
	return program.Program{
		Name: "parcels", About: "parcels weighs and sends.", Schema: program.Schema{Parts: parts, Migrations: second},
		Commands: append([]program.Command{
			program.NewCommand("migrate", "bring the database up", program.DefaultDatabase(), program.Migrate),
			program.NewCommand("weigh-all", "weigh", weighing{Keyed: program.Keyed{Database: program.DefaultDatabase()}}, weigh),
		}, commands...),
	}
}

func weigh(ctx context.Context, p program.Program, w weighing, out io.Writer) error {
	pool, err := p.Open(ctx, w.Keyed, 1)
	if err != nil {
		return err
	}
	defer pool.Close()
	_, err = fmt.Fprintf(out, "%s weighs with %s", p.Name, w.Scale)
	return err
}

func environment(url string, changes ...string) []string {
	return append([]string{"PARCELS_DATABASE_URL=" + pgtest.Patient(url), "PARCELS_MASTER_KEY=" + masterKey,
		"HOME=/nowhere"}, changes...)
}

func run(t *testing.T, environ []string, args ...string) (string, error) {
	t.Helper()
	return programtest.Command(t, parcels().Run, environ, args...)
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--help", "-h", "help"} {
		out, err := run(t, nil, flag)
		require.NoError(t, err)
		require.Equal(t, `parcels weighs and sends.

Usage: parcels COMMAND [FLAGS]

  migrate    bring the database up
  weigh-all  weigh
  --version  show the version

parcels COMMAND --help lists the command's settings, and --print-config shows them.
`, out)
	}
	for _, flag := range []string{"--version", "version"} {
		out, err := run(t, nil, flag)
		require.NoError(t, err)
		require.Regexp(t, `^parcels \S+\n$`, out)
	}
	out, err := run(t, nil, "weigh-all", "--help")
	require.NoError(t, err)
	for _, name := range []string{"PARCELS_DATABASE_URL", "PARCELS_LOG_LEVEL", "PARCELS_SCALE"} {
		require.Contains(t, out, name)
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	_, err := run(t, nil)
	programtest.RequireSentence(t, err, "parcels --help")
	_, err = run(t, nil, "wiegh-all")
	programtest.RequireSentence(t, err, `"wiegh-all"`, "parcels --help")
}

func TestSettings(t *testing.T) {
	t.Parallel()
	environ := environment(pgtest.URL(t, second, parts...))
	out, err := run(t, append(environ, "PARCELS_SCALE=brass"), "weigh-all")
	require.NoError(t, err)
	require.Equal(t, "parcels weighs with brass", out)
	out, err = run(t, append(environ, "PARCELS_SCALE=brass"), "weigh-all", "--scale", "iron")
	require.NoError(t, err)
	require.Equal(t, "parcels weighs with iron", out)
	_, err = run(t, environ, "weigh-all")
	programtest.RequireSentence(t, err, "PARCELS_SCALE", "is required")
	_, err = run(t, environ, "weigh-all", "--scale", "broken")
	programtest.RequireSentence(t, err, "take another")
	_, err = run(t, append(environ, "PARCELS_LOG_FORMAT=xml"), "weigh-all", "--scale", "iron")
	programtest.RequireSentence(t, err, "log_format", "json")

	// One file serves all commands; a setting that none of them knows is a mistake.
	file := filepath.Join(t.TempDir(), "parcels.yaml")
	require.NoError(t, os.WriteFile(file, []byte("scale: brass\n"), 0o600))
	_, err = run(t, append(environ, "PARCELS_CONFIG="+file), "migrate")
	require.NoError(t, err)
	_, err = run(t, append(environ, "PARCELS_SCALES=brass"), "migrate")
	programtest.RequireSentence(t, err, "PARCELS_SCALES", "PARCELS_SCALE")
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	environ := environment(pgtest.URL(t, first, parts...), "PARCELS_SCALE=brass")
	_, err := run(t, environ, "weigh-all")
	programtest.RequireSentence(t, err, "parcels migrate")
	for range 2 { // The second time there is nothing to do.
		out, err := run(t, environ, "migrate")
		require.NoError(t, err)
		require.Contains(t, out, "the database is at this version's schema")
		require.Contains(t, out, `"service":"parcels"`)
	}
	_, err = run(t, environ, "weigh-all")
	require.NoError(t, err)
}

// part is a part of the schema that a test makes up.
type part struct {
	name     string
	migrated bool // from the start
	missing  bool // whatever Migrate does
	err      error
	log      *strings.Builder
	url      string // of the database that it is to be asked for
}

func (p *part) Name() string { return p.name }

func (p *part) Migrate(_ context.Context, url string, _ *slog.Logger) error {
	p.log.WriteString(p.name + " ")
	if url != p.url {
		return errors.New("another database")
	}
	p.migrated = p.err == nil && !p.missing
	return p.err
}

func (p *part) Migrated(ctx context.Context, pool *pgxpool.Pool) (bool, error) {
	return p.migrated, pool.Ping(ctx)
}

// A schema has several parts: those that lack something are migrated in order, the service's own last, and none may be
// missing.
func TestMigrateParts(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	url := pgtest.URL(t, first, parts...)
	queue := part{name: "queue", log: &log, url: pgtest.Patient(url)}
	cache, done, missing, broken := queue, queue, queue, queue
	cache.name, done.name = "cache", "done"
	done.migrated, missing.missing, broken.err = true, true, errors.New("broken")
	with := func(more ...part) []postgres.Part {
		all := slices.Clone(parts)
		for _, p := range more {
			all = append(all, &p)
		}
		return all
	}
	unfinished := fstest.MapFS{
		"00001_first.sql": first["00001_first.sql"], "00020_broken.sql": {Data: []byte("-- +goose Up\nbroken;\n")},
	}
	for name, c := range map[string]struct {
		schema program.Schema
		log    string
		err    string // of migrating
		open   string // the error of opening
	}{
		"in order":     {program.Schema{Parts: with(queue, cache), Migrations: first}, "queue cache ", "", ""},
		"one is there": {program.Schema{Parts: with(done, cache), Migrations: first}, "cache ", "", ""},
		"one is missing": {
			program.Schema{Parts: with(missing), Migrations: first}, "queue ", "",
			"it lacks migrations of queue, and has those of audit, program, parcels; run: parcels migrate",
		},
		"parts only": {
			program.Schema{Parts: parts, Migrations: unfinished}, "", "part parcels: ",
			"it lacks migrations of parcels, and has those of audit, program; run: parcels migrate",
		},
		"the first fails": {
			program.Schema{Parts: []postgres.Part{&broken, &cache}, Migrations: second},
			"queue ", "broken", "run: parcels migrate",
		},
	} {
		log.Reset()
		p := parcels()
		p.Schema = c.schema
		out, err := programtest.Command(t, p.Run, environment(url), "migrate")
		if c.err == "" {
			require.NoError(t, err, name)
			require.NotContains(t, out, "migration applied", name)
		} else {
			require.ErrorContains(t, err, c.err, name)
		}
		require.Equal(t, c.log, log.String(), name)
		_, err = programtest.Command(t, p.Run, environment(url), "weigh-all", "--scale", "brass")
		if c.open == "" {
			require.NoError(t, err, name)
		} else {
			require.ErrorContains(t, err, c.open, name)
		}
	}
}

// An empty database lacks everything, and logs tell which part each migration is of.
func TestMigrateAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	environ := environment(pgtest.URL(t, nil), "PARCELS_SCALE=brass")
	_, err := run(t, environ, "weigh-all")
	programtest.RequireSentence(t, err, "all of it lacks migrations; run: parcels migrate")
	out, err := run(t, environ, "migrate")
	require.NoError(t, err)
	for _, part := range []string{"audit", "program", "parcels"} {
		require.Regexp(t, `"msg":"migration applied".*"part":"`+part+`"`, out)
	}
	_, err = run(t, environ, "weigh-all")
	require.NoError(t, err)
}

// What is wrong with a database is said without its password.
func TestAWrongDatabase(t *testing.T) {
	t.Parallel()
	const password = "p4ssw0rd"
	for _, url := range []string{
		"postgres://parcels:" + password + "@127.0.0.1:1/parcels",
		"postgres://parcels:" + password + "%zz@127.0.0.1/parcels",
		"postgres//parcels:" + password + "@127.0.0.1/parcels",
	} {
		for _, command := range [][]string{{"migrate"}, {"weigh-all", "--scale", "brass"}} {
			out, err := run(t, environment(url), command...)
			programtest.RequireSentence(t, err)
			require.NotContains(t, out+err.Error(), password)
		}
	}
}
