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
	"github.com/pressly/goose/v3/database"
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
// versions of the service's own migrations made. A database that has those is at that version of the part already;
// nothing of it is touched.
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
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return explainURL(err)
	}
	cfg.RuntimeParams["timezone"] = "UTC"
	setMissing(cfg.RuntimeParams, map[string]string{"lock_timeout": migrateLockTimeout})
	cfg.RuntimeParams["statement_timeout"] = "0" // building an index may take long
	cfg.RuntimeParams["idle_in_transaction_session_timeout"] = "0"
	limits := DefaultConfig()
	limitConnecting(&cfg.Config, url, limits.ConnectTimeout, limits.AcquireTimeout)
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

// up takes over what the service's own migrations have made and applies the rest.
func (t Tables) up(ctx context.Context, db *sql.DB, name string, log *slog.Logger) error {
	locker, err := newLocker()
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, t.files, goose.WithTableName(t.versions),
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	if done, err := t.isDone(ctx, db); err != nil || done {
		return err // Replicas without anything to migrate do not wait for each other.
	}
	if err := t.takeOver(ctx, db, log); err != nil {
		return fmt.Errorf("take over the tables of the service's migrations: %w", err)
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

func newLocker() (lock.SessionLocker, error) {
	return lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, migrateWaitSeconds))
}

func report(log *slog.Logger, database string, applied []*goose.MigrationResult) {
	for _, m := range applied {
		log.Info("migration applied", "database", database, "version", m.Source.Version,
			"file", m.Source.Path, "duration_ms", m.Duration.Milliseconds())
	}
}

// takeOver records the versions of the part that migrations of the service made before it was a part, once: when the
// part has no versions in this database.
func (t Tables) takeOver(ctx context.Context, db *sql.DB, log *slog.Logger) (err error) {
	if len(t.moved) == 0 {
		return nil
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // nothing is pending
	if made, err := t.made(ctx, conn); err != nil || made == 0 {
		return err
	}
	locker, err := newLocker()
	if err != nil {
		return err
	}
	if err := locker.SessionLock(ctx, conn); err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), migrateUnlock)
		defer cancel()
		err = errors.Join(err, locker.SessionUnlock(ctx, conn))
	}()
	made, err := t.made(ctx, conn) // Another replica may have been quicker.
	if err != nil || made == 0 {
		return err
	}
	store, err := database.NewStore(goose.DialectPostgres, t.versions)
	if err != nil {
		return err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // It does nothing after Commit.
	if err := store.CreateVersionTable(ctx, tx); err != nil {
		return err
	}
	for version := range made + 1 { // goose begins with version 0, that of nothing.
		if err := store.Insert(ctx, tx, database.InsertRequest{Version: int64(version)}); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	log.Info("tables of the service's migrations taken over", "part_version", made)
	return nil
}

// made gives the version of the part that the service's own migrations have made, 0 where they have made nothing of it
// and where the part has versions of its own.
func (t Tables) made(ctx context.Context, conn *sql.Conn) (version int, err error) {
	var pending bool
	err = conn.QueryRowContext(ctx, `SELECT to_regclass($1) IS NULL AND to_regclass($2) IS NOT NULL`,
		t.versions, serviceVersions).Scan(&pending)
	if err != nil || !pending {
		return 0, err
	}
	for _, moved := range t.moved {
		var applied bool
		const isApplied = `SELECT EXISTS (SELECT FROM ` + serviceVersions + ` WHERE version_id = $1 AND is_applied)`
		if err := conn.QueryRowContext(ctx, isApplied, moved).Scan(&applied); err != nil || !applied {
			return version, err
		}
		version++
	}
	return version, nil
}

// isDone is Migrated with another kind of connection.
func (t Tables) isDone(ctx context.Context, db *sql.DB) (done bool, err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer conn.Close() //nolint:errcheck // nothing is pending
	err = conn.Raw(func(driver any) (err error) {
		done, err = t.hasAll(ctx, driver.(*stdlib.Conn).Conn())
		return err
	})
	return done, err
}

// Migrated says whether the database has every one of the migrations. It changes nothing, so that readiness may ask.
func (t Tables) Migrated(ctx context.Context, pool *pgxpool.Pool) (bool, error) {
	return t.hasAll(ctx, pool)
}

func (t Tables) hasAll(ctx context.Context, db interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
},
) (bool, error) {
	files, err := fs.Glob(t.files, "*.sql")
	if err != nil {
		return false, fmt.Errorf("list migrations of %s: %w", t.name, err)
	}
	rows, err := db.Query(ctx, "SELECT version_id FROM "+t.versions+" WHERE is_applied")
	var applied []int64
	if err == nil {
		applied, err = pgx.CollectRows(rows, pgx.RowTo[int64])
	}
	if sqlState(err) == codeNoTable {
		return len(files) == 0, nil
	}
	if err != nil {
		return false, fmt.Errorf("read applied migrations of %s: %w", t.name, err)
	}
	have := make(map[int64]bool, len(applied))
	for _, version := range applied {
		have[version] = true
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
