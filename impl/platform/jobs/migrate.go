package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"example.com/plumbline/impl/platform/postgres"
)

const (
	// migrateLock identifies the advisory lock of migrations.
	migrateLock  = 7_110_402_311
	migrateWait  = 10 * time.Minute
	migratePause = 100 * time.Millisecond

	noLimit = -1 // of postgres.Config
)

// Tables is the part of a database's schema that has the queue: River's tables, by River's migrations.
var Tables postgres.Part = tables{}

type tables struct{}

// Name implements [postgres.Part].
func (tables) Name() string { return "jobs" }

// Migrate implements [postgres.Part].
func (tables) Migrate(ctx context.Context, url string, log *slog.Logger) error {
	return Migrate(ctx, url, log)
}

// Migrated implements [postgres.Part].
func (tables) Migrated(ctx context.Context, pool *pgxpool.Pool) (bool, error) {
	return Migrated(ctx, pool)
}

// Migrate gives a database the tables of the queue, or those changes of them that it lacks. Replicas may start
// together: one migrates while the others wait, at most ten minutes. A database that is ahead is left as it is. log is
// told of each migration; nil is silent.
func Migrate(ctx context.Context, url string, log *slog.Logger) error {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	config := postgres.Single(url, 2)
	config.ApplicationName, config.AcquireTimeout, config.LockTimeout = "migrate jobs", migrateWait, 3*time.Second
	config.StatementTimeout, config.IdleInTransactionTimeout = noLimit, noLimit
	pool, err := postgres.Open(ctx, config)
	if err != nil {
		return err
	}
	defer pool.Close() // this releases the lock
	holder, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("migrate the jobs: %w", err)
	}
	defer holder.Release()
	if err := lock(ctx, holder); err != nil {
		return fmt.Errorf("migrate the jobs: wait for another replica: %w", err)
	}
	migrator, err := newMigrator(ctx, pool)
	if err != nil {
		return err
	}
	result, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	if err != nil {
		return fmt.Errorf("migrate the jobs: %w", err)
	}
	for _, m := range result.Versions {
		log.InfoContext(ctx, "migration of the jobs applied", slog.Int("version", m.Version), slog.String("name", m.Name),
			slog.Int64("duration_ms", m.Duration.Milliseconds()))
	}
	return nil
}

// lock polls for the lock: a statement that waits would block an index that another session builds concurrently.
func lock(ctx context.Context, conn *pgxpool.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, migrateWait)
	defer cancel()
	tick := time.NewTicker(migratePause)
	defer tick.Stop()
	for {
		var locked bool
		if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", int64(migrateLock)).Scan(&locked); err != nil ||
			locked {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Migrated reports whether the database has the tables that this version needs. It changes nothing, so a readiness
// check may call it.
func Migrated(ctx context.Context, pool *pgxpool.Pool) (bool, error) {
	migrator, err := newMigrator(ctx, pool)
	if err != nil {
		return false, err
	}
	result, err := migrator.Validate(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("read the migrations of the jobs: %w", err)
	}
	return result.OK, nil
}

// newMigrator gives that of the current schema, to which it adds. Without one River takes tables of any schema of the
// search_path for its own, and so for a queue that it shares with another service.
func newMigrator(ctx context.Context, pool *pgxpool.Pool) (*rivermigrate.Migrator[pgx.Tx], error) {
	var schema string
	if err := pool.QueryRow(ctx, "SELECT coalesce(current_schema(), '')").Scan(&schema); err != nil {
		return nil, fmt.Errorf("migrate the jobs: read the current schema: %w", err)
	}
	config := rivermigrate.Config{Logger: slog.New(slog.DiscardHandler), Schema: schema}
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &config)
	if err != nil {
		return nil, fmt.Errorf("migrate the jobs: %w", err)
	}
	return migrator, nil
}
