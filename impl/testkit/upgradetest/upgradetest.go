// Package upgradetest checks what a service promises about the database of an earlier release: migrating it keeps all
// of its content, gives it the schema of a new database, does nothing the second time, and leaves a database with which
// the earlier release still works.
package upgradetest

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/pgtest"
)

// Run restores the database of an earlier release, migrates it, and gives its URL.
//
// folder has the dump, database.sql, as pg_dump --rows-per-insert writes it, and that release's own migrations in the
// folder migrations. fresh is the URL of a new database of this release. migrate runs the service's command; added
// are the tables that it adds beside those of versions.
func Run(t *testing.T, folder, fresh string, migrate func(url string), added ...string) string {
	t.Helper()
	url := restore(t, filepath.Join(folder, "database.sql"))
	pool := pgtest.Open(t, pgtest.Patient(url))
	before := contents(t, pool)
	require.NotEmpty(t, before)
	for table, rows := range before {
		if !strings.HasPrefix(table, "river_") { // Not every one of River's is in use.
			require.NotEmpty(t, rows, "the dump proves nothing of %s", table)
		}
	}

	migrate(url)
	after := contents(t, pool)
	for table, rows := range before {
		if strings.HasPrefix(table, "goose_") { // A migration of this release adds its version.
			require.Subset(t, after[table], rows, table)
			continue
		}
		require.Equal(t, rows, after[table], table)
	}
	for table := range after {
		if _, old := before[table]; !old && !strings.HasPrefix(table, "goose_") {
			require.Contains(t, added, table)
		}
	}
	for _, table := range added {
		require.Contains(t, after, table)
	}
	require.Equal(t, catalogue(t, pgtest.Open(t, pgtest.Patient(fresh))), catalogue(t, pool))

	migrate(url)
	require.Equal(t, after, contents(t, pool), "the second time there is nothing to do")

	earlier := postgres.Migrations("earlier", earlierFiles(folder))
	migrated, err := earlier.Migrated(t.Context(), pool)
	require.NoError(t, err)
	require.True(t, migrated, "the earlier release does not take the database any more")
	require.NoError(t, earlier.Migrate(t.Context(), url, nil))
	require.Equal(t, after, contents(t, pool), "the earlier release has nothing to do")
	migrated, err = earlier.Migrated(t.Context(), pgtest.Open(t, pgtest.Patient(fresh)))
	require.NoError(t, err)
	require.False(t, migrated, "docs/operations.md says that the earlier release does not take a new database")
	return url
}

// RunEach migrates a database from each version of the earlier release, one after the other, and holds the outcome to
// the schema of a new database. The arguments are those of Run.
func RunEach(t *testing.T, folder, fresh string, migrate func(url string)) {
	t.Helper()
	want := catalogue(t, pgtest.Open(t, pgtest.Patient(fresh)))
	names, err := fs.Glob(earlierFiles(folder), "*.sql")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	until := fstest.MapFS{}
	for _, name := range names {
		text, err := fs.ReadFile(earlierFiles(folder), name)
		require.NoError(t, err)
		until[name] = &fstest.MapFile{Data: text}
		url := pgtest.URL(t, nil)
		require.NoError(t, postgres.Migrations("earlier", until).Migrate(t.Context(), url, nil))
		migrate(url)
		require.Equal(t, want, catalogue(t, pgtest.Open(t, pgtest.Patient(url))), name)
	}
}

// RequireNewVersions holds the names of this release's own migrations against those of the earlier one: a version that
// stands in databases already would never be applied there. renamed is the one that has such a version all the same, as
// a part makes the rest of what it made.
func RequireNewVersions(t *testing.T, folder string, names []string, renamed string) {
	t.Helper()
	earlier, err := fs.Glob(earlierFiles(folder), "*.sql")
	require.NoError(t, err)
	require.NotEmpty(t, earlier)
	require.NotEmpty(t, names)
	require.Contains(t, names, renamed)
	require.Empty(t, neverApplied(earlier, names, renamed), "take a version above those of %s", folder)
}

// neverApplied gives those of the names that are new and whose version is not.
func neverApplied(earlier, names []string, renamed string) (old []string) {
	latest, known := "", map[string]bool{}
	for _, name := range earlier {
		version, _, _ := strings.Cut(name, "_")
		known[name], latest = true, max(latest, version)
	}
	for _, name := range names {
		version, _, _ := strings.Cut(name, "_")
		if !known[name] && name != renamed && version <= latest {
			old = append(old, name)
		}
	}
	return old
}

// earlierFiles are the earlier release's own migrations.
func earlierFiles(folder string) fs.FS { return os.DirFS(filepath.Join(folder, "migrations")) }

// restore gives the URL of a database made from a dump.
func restore(t *testing.T, dump string) string {
	t.Helper()
	statements, err := os.ReadFile(dump)
	require.NoError(t, err)
	url := pgtest.URL(t, nil)
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	_, err = conn.PgConn().Exec(t.Context(), string(statements)).ReadAll()
	require.NoError(t, err)
	require.NoError(t, conn.Close(context.WithoutCancel(t.Context())))
	return url
}

// contents gives the rows of every table, in an order of their own.
func contents(t *testing.T, pool *pgxpool.Pool) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	const tables = `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`
	for _, table := range list(t, pool, tables) {
		query := fmt.Sprintf(`SELECT t::text FROM %s AS t ORDER BY t::text COLLATE "C"`, pgx.Identifier{table}.Sanitize())
		all[table] = list(t, pool, query)
	}
	return all
}

// catalogue describes the schema of a database, a line for each object. It has the order of columns. It leaves out what
// restoring a dump changes: the numbers of columns and of values of an enum, and the parentheses of a CHECK.
func catalogue(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	return strings.Join(list(t, pool, `
SELECT line COLLATE "C"
FROM (
    SELECT format('table %s %s %s %s', relname, relkind, relpersistence, reloptions)
    FROM pg_class
    WHERE relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('column %s %s %s %s %s null=%s identity=%s generated=%s default=%s',
        relname, row_number() OVER (PARTITION BY attrelid ORDER BY attnum), attname,
        format_type(atttypid, atttypmod), attcollation::regcollation,
        NOT attnotnull, attidentity, attgenerated, pg_get_expr(adbin, adrelid))
    FROM pg_attribute
    JOIN pg_class ON pg_class.oid = attrelid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT format('constraint %s %s %s validated=%s',
        conrelid::regclass, conname, translate(pg_get_constraintdef(oid), '()', ''), convalidated)
    FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'index ' || indexdef
    FROM pg_indexes
    WHERE schemaname = 'public'
    UNION ALL
    SELECT format('trigger %s enabled=%s', pg_get_triggerdef(pg_trigger.oid), tgenabled)
    FROM pg_trigger
    WHERE NOT tgisinternal
    UNION ALL
    SELECT 'function ' || pg_get_functiondef(oid)
    FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'
    UNION ALL
    SELECT format('enum %s %s %s',
        enumtypid::regtype, row_number() OVER (PARTITION BY enumtypid ORDER BY enumsortorder), enumlabel)
    FROM pg_enum
) AS described(line)
ORDER BY 1`), "\n")
}

func list(t *testing.T, pool *pgxpool.Pool, query string) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), query)
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err, query)
	return found
}
