package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/plumbline/impl/platform/postgres"
)

// Schema is what a database consists of, one part on top of the other.
type Schema []Part

// Part is tables that are versioned together.
type Part struct {
	// Migrate brings the part to this version. Replicas may start together.
	Migrate func(ctx context.Context, url string, log *slog.Logger) error
	// Migrated says whether the part is at this version or beyond. It changes nothing.
	Migrated func(ctx context.Context, pool *pgxpool.Pool) (bool, error)
}

// Migrations is the part that a service's own files make; see postgres.Migrate.
func Migrations(files fs.FS) Part {
	return Part{
		Migrate: func(ctx context.Context, url string, log *slog.Logger) error {
			return postgres.Migrate(ctx, url, files, log)
		},
		Migrated: func(ctx context.Context, pool *pgxpool.Pool) (bool, error) {
			return postgres.Migrated(ctx, pool, files)
		},
	}
}

func (s Schema) migrate(ctx context.Context, d Database, log *slog.Logger) error {
	for _, part := range s {
		if err := part.Migrate(ctx, d.DatabaseURL.Reveal(), log); err != nil {
			return err
		}
	}
	return nil
}

// Migrate is the command that brings the database to this version's schema.
func Migrate(ctx context.Context, p Program, d Database, out io.Writer) (err error) {
	log := p.logger(d, out, nil)
	defer func() { err = errors.Join(err, log.Close()) }()
	if err := postgres.CheckSessions(ctx, postgres.Config{URL: d.DatabaseURL.Reveal()}); err != nil {
		return err
	}
	if err := p.Schema.migrate(ctx, d, log.Logger); err != nil {
		return err
	}
	log.InfoContext(ctx, "the database is at this version's schema")
	return nil
}

// Open gives a pool of a database that is at this version's schema, and with whose master key it is opened. The caller
// closes it.
func (p Program) Open(ctx context.Context, k Keyed, conns int32) (*pgxpool.Pool, error) {
	return p.open(ctx, k, postgres.Config{MaxConns: conns})
}

// openLimit is how long it may take to look at a database that has been reached.
const openLimit = 30 * time.Second

// open is Open with a configuration of the pool.
func (p Program) open(ctx context.Context, k Keyed, c postgres.Config) (*pgxpool.Pool, error) {
	c.URL, c.ApplicationName = k.DatabaseURL.Reveal(), p.Name
	pool, err := postgres.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	for _, part := range p.Schema {
		migrated, err := part.Migrated(ctx, pool)
		if err == nil && !migrated {
			err = fmt.Errorf("the database is not at this version's schema; run: %s migrate", p.Name)
		}
		if err != nil {
			pool.Close()
			return nil, err
		}
	}
	if err := p.prove(ctx, pool, k.MasterKey); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}
