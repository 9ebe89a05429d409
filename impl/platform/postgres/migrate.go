package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

const (
	// A statement that waits for a lock makes every later one on that table wait behind it: give up soon, try again.
	migrateLockTimeout = "3s"
	migrateAttempts    = 10
	migratePause       = 2 * time.Second

	// How long one replica waits for another one's migrations.
	migrateWaitSeconds = 600
	migrateUnlock      = 5 * time.Second

	// serviceVersions is the table of the versions of a service's own migrations.
	serviceVersions = "goose_db_version"
)

// Part is a part of a database's schema: tables that are versioned together, apart from the rest.
type Part interface {
	// Name is what logs and errors call the part.
	Name() string
	// Migrate brings the part to this version. Replicas may start together.
	Migrate(ctx context.Context, url string, log *slog.Logger) error
	// Migrated says whether the part is at this version or beyond. It changes nothing.
	Migrated(ctx context.Context, pool *pgxpool.Pool) (bool, error)
}

// Tables is a part that goose files make.
type Tables struct {
	name     string
	files    fs.FS
	versions string // the table of its versions
	moved    []int64
}

// NewTables gives the part of the package name. files has its migrations in the folder schema, as in
// schema/00001_create_audit.sql; it panics where there is none. Their versions stand in the table goose_NAME_version.
func NewTables(name string, files fs.FS) Tables {
	schema, err := fs.Sub(files, "schema")
	if err != nil {
		panic(err)
	}
	if found, err := fs.Glob(schema, "*.sql"); err != nil || len(found) == 0 {
		panic(fmt.Sprintf("postgres: the part %s has no migrations in schema/: %v", name, err))
	}
	return Tables{name: name, files: schema, versions: "goose_" + name + "_version"}
}

// Migrations gives the part that the files of a service make: its own migrations, at the root of files. Their versions
// stand in the table goose_db_version.
func Migrations(service string, files fs.FS) Tables {
	return Tables{name: service, files: files, versions: serviceVersions}
}

// MovedFrom gives the part for a service that made its tables itself before: version n of the part is what the n-th of
// versions of the service's own migrations made. Migrate records such a version where the service's is recorded, and
// touches nothing else.
func (t Tables) MovedFrom(versions ...int64) Tables {
	t.moved = versions
	return t
}

// Name implements [Part].
func (t Tables) Name() string { return t.name }

// Migrate applies the migrations that the database lacks, in order, each in its own transaction unless its file
// says otherwise.
//
// Replicas may start together: one migrates under an advisory lock while the others wait, at most ten minutes.
// A migration that cannot get a lock within three seconds is tried again, ten times. A database that is ahead
// of the files is left as it is, so that a release can be taken back. log is told of each migration applied; nil is
// silent.
func (t Tables) Migrate(ctx context.Context, url string, log *slog.Logger) error {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	log = log.With("part", t.name)
	poolConfig, _, err := Config{URL: url}.parse()
	if err != nil {
		return err
	}
	cfg := poolConfig.ConnConfig // without the parameters of the pool, which PostgreSQL does not know
	cfg.RuntimeParams["timezone"] = "UTC"
	setMissing(cfg.RuntimeParams, map[string]string{"lock_timeout": migrateLockTimeout})
	cfg.RuntimeParams["statement_timeout"] = "0" // building an index may take long
	cfg.RuntimeParams["idle_in_transaction_session_timeout"] = "0"
	cfg.ConnectTimeout = Config{URL: url, AcquireTimeout: DefaultConfig().AcquireTimeout}.connectTimeout(cfg)
	db := stdlib.OpenDB(*cfg)
	defer db.Close() //nolint:errcheck // nothing is pending

	if err := db.PingContext(ctx); err != nil {
		return explainConnect(&cfg.Config, err)
	}
	if err := t.up(ctx, db, cfg.Database, log); err != nil {
		return fmt.Errorf("migrate database %q, part %s: %w", cfg.Database, t.name, err)
	}
	return nil
}

// up applies what the database lacks. Without anything to apply it does not wait for the lock.
func (t Tables) up(ctx context.Context, db *sql.DB, name string, log *slog.Logger) error {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, migrateWaitSeconds))
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, t.files, goose.WithTableName(t.versions),
		goose.WithSessionLocker(takingOver{locker, t, log}), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		results, err := provider.Up(ctx)
		if err == nil {
			report(log, name, results)
			return nil
		}
		if partial, ok := errors.AsType[*goose.PartialError](err); ok {
			report(log, name, partial.Applied)
		}
		if attempt >= migrateAttempts || sqlState(err) != codeLockTimeout {
			return err
		}
		log.Warn("migration waits for a lock that others hold", "database", name, "attempt", attempt)
		select {
		case <-time.After(rand.N(migratePause)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func report(log *slog.Logger, database string, applied []*goose.MigrationResult) {
	for _, m := range applied {
		log.Info("migration applied", "database", database, "version", m.Source.Version,
			"file", m.Source.Path, "duration_ms", m.Duration.Milliseconds())
	}
}

// takingOver is the lock of migrations. Whoever gets it takes over what the service's own migrations have made, before
// goose reads which migrations of the part are missing.
type takingOver struct {
	lock.SessionLocker

	part Tables
	log  *slog.Logger
}

// SessionLock implements [lock.SessionLocker].
func (l takingOver) SessionLock(ctx context.Context, conn *sql.Conn) error {
	if err := l.SessionLocker.SessionLock(ctx, conn); err != nil {
		return err
	}
	err := conn.Raw(func(driver any) error {
		return l.part.takeOver(ctx, driver.(*stdlib.Conn).Conn(), l.log)
	})
	if err != nil {
		err = fmt.Errorf("take over the tables of the service's migrations: %w", err)
		return errors.Join(err, l.SessionUnlock(context.WithoutCancel(ctx), conn))
	}
	return nil
}

// SessionUnlock implements [lock.SessionLocker]. The lock ends with the connection at the latest.
func (l takingOver) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, migrateUnlock)
	defer cancel()
	return l.SessionLocker.SessionUnlock(ctx, conn)
}

// takeOver records the versions of the part that migrations of the service have made and the part lacks. These may be
// more than once: a release before may have gone on after Migrate failed. goose has made the table of versions.
func (t Tables) takeOver(ctx context.Context, conn *pgx.Conn, log *slog.Logger) error {
	if len(t.moved) == 0 {
		return nil
	}
	made, err := recorded(ctx, conn, serviceVersions)
	if err != nil {
		return err
	}
	have, err := recorded(ctx, conn, t.versions)
	if err != nil {
		return err
	}
	var taken []int64
	for i, moved := range t.moved {
		if version := int64(i + 1); made[moved] && !have[version] {
			taken = append(taken, version)
		}
	}
	if len(taken) == 0 {
		return nil
	}
	//sqltext:allow the name of a table cannot be an argument; it is a constant of the part
	_, err = conn.Exec(ctx, "INSERT INTO "+t.versions+" (version_id, is_applied) SELECT unnest($1::bigint[]), true", taken)
	if err != nil {
		return err
	}
	log.Info("tables of the service's migrations taken over", "part_version", taken[len(taken)-1])
	return nil
}

// Migrated says whether the database has every one of the migrations. It changes nothing, so that readiness may ask.
func (t Tables) Migrated(ctx context.Context, pool *pgxpool.Pool) (bool, error) {
	files, err := fs.Glob(t.files, "*.sql")
	if err != nil {
		return false, fmt.Errorf("list migrations of %s: %w", t.name, err)
	}
	have, err := recorded(ctx, pool, t.versions)
	if err != nil {
		return false, fmt.Errorf("read applied migrations of %s: %w", t.name, err)
	}
	for _, file := range files {
		version, err := goose.NumericComponent(file)
		if err != nil {
			return false, fmt.Errorf("migration %s of %s: %w", file, t.name, err)
		}
		if !have[version] {
			return false, nil
		}
	}
	return true, nil
}

// recorded gives the versions in a table of goose, none where there is no such table. It is that of the current schema,
// to which goose adds: another one of the search_path may have the table of another service. A prepared statement would
// stay with that one.
func recorded(ctx context.Context, db interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}, table string,
) (map[int64]bool, error) {
	//sqltext:allow the name of a table cannot be an argument; it is a constant of the part
	rows, err := db.Query(ctx, "SELECT version_id FROM "+table+
		" WHERE is_applied AND tableoid = to_regclass(quote_ident(current_schema()) || $1)",
		pgx.QueryExecModeExec, "."+table)
	var versions []int64
	if err == nil {
		versions, err = pgx.CollectRows(rows, pgx.RowTo[int64])
	}
	if err != nil && sqlState(err) != codeNoTable {
		return nil, err
	}
	found := make(map[int64]bool, len(versions))
	for _, version := range versions {
		found[version] = true
	}
	return found, nil
}
