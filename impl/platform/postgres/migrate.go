package postgres

import (
	"context"
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

	versionsTable = "goose_db_version"
)

// Migrate applies the migrations that the database lacks, in order, each in its own transaction unless its file
// says otherwise. migrations holds goose files such as 00001_create_users.sql at its root.
//
// Replicas may start together: one migrates under an advisory lock while the others wait, at most ten minutes.
// A migration that cannot get a lock within three seconds is tried again, ten times. A database that is ahead
// of migrations is left as it is, so that a release can be taken back. log is told of each migration applied; nil is
// silent.
func Migrate(ctx context.Context, url string, migrations fs.FS, log *slog.Logger) error {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
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
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, migrateWaitSeconds))
	if err != nil {
		return fmt.Errorf("migrate database %q: %w", cfg.Database, err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations,
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("migrate database %q: %w", cfg.Database, err)
	}
	for attempt := 1; ; attempt++ {
		results, err := provider.Up(ctx)
		if err == nil {
			report(log, cfg.Database, results)
			return nil
		}
		if partial, ok := errors.AsType[*goose.PartialError](err); ok {
			report(log, cfg.Database, partial.Applied)
		}
		if attempt >= migrateAttempts || sqlState(err) != codeLockTimeout {
			return fmt.Errorf("migrate database %q: %w", cfg.Database, err)
		}
		log.Warn("migration waits for a lock that others hold", "database", cfg.Database, "attempt", attempt)
		select {
		case <-time.After(rand.N(migratePause)):
		case <-ctx.Done():
			return fmt.Errorf("migrate database %q: %w", cfg.Database, ctx.Err())
		}
	}
}

func report(log *slog.Logger, database string, applied []*goose.MigrationResult) {
	for _, m := range applied {
		log.Info("migration applied", "database", database, "version", m.Source.Version,
			"file", m.Source.Path, "duration_ms", m.Duration.Milliseconds())
	}
}

// Migrated says whether the database has every one of the migrations. It changes nothing, so that readiness may ask.
func Migrated(ctx context.Context, pool *pgxpool.Pool, migrations fs.FS) (bool, error) {
	files, err := fs.Glob(migrations, "*.sql")
	if err != nil {
		return false, fmt.Errorf("list migrations: %w", err)
	}
	rows, err := pool.Query(ctx, "SELECT version_id FROM "+versionsTable+" WHERE is_applied")
	var applied []int64
	if err == nil {
		applied, err = pgx.CollectRows(rows, pgx.RowTo[int64])
	}
	if sqlState(err) == codeNoTable {
		return len(files) == 0, nil
	}
	if err != nil {
		return false, fmt.Errorf("read applied migrations: %w", err)
	}
	have := make(map[int64]bool, len(applied))
	for _, version := range applied {
		have[version] = true
	}
	for _, file := range files {
		version, err := goose.NumericComponent(file)
		if err != nil {
			return false, fmt.Errorf("migration %s: %w", file, err)
		}
		if !have[version] {
			return false, nil
		}
	}
	return true, nil
}
