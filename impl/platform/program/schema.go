package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/telemetry"
)

// Schema is what a database consists of.
type Schema struct {
	// Parts are what platform packages bring. They come first, as the service's migrations may name their tables; one
	// that names the tables of another stands behind it.
	Parts []postgres.Part
	// Migrations are the service's own, files such as 00001_create_users.sql.
	Migrations fs.FS
}

// all gives every part in order.
func (s Schema) all(service string) []postgres.Part {
	return append(slices.Clone(s.Parts), postgres.Migrations(service, s.Migrations))
}

// migrate brings the parts to this version that are not. They are asked over one connection: while a server of the URL
// is silent, each further one takes its time-out.
func (p Program) migrate(ctx context.Context, d Database, log *slog.Logger) error {
	url := d.DatabaseURL.Reveal()
	config := postgres.Single(url, 1)
	config.ApplicationName = p.Name
	pool, err := postgres.Open(ctx, config)
	if err != nil {
		return err
	}
	defer pool.Close()
	for _, part := range p.Schema.all(p.Name) {
		migrated, err := part.Migrated(ctx, pool)
		if err != nil {
			return err
		}
		if migrated {
			continue
		}
		if err := part.Migrate(ctx, url, log); err != nil {
			return err
		}
	}
	return nil
}

// migration returns the database as serve migrates it: connecting to it may take as long as the settings say.
func (s *Serving) migration() Database {
	d := s.Database
	if s.ConnectTimeout.Set {
		d.DatabaseURL = telemetry.NewSecret(postgres.WithConnectTimeout(d.DatabaseURL.Reveal(), s.ConnectTimeout.Value))
	}
	return d
}

// checkMigrated refuses a database that is not at this version's schema, and names the parts that are not.
func (p Program) checkMigrated(ctx context.Context, pool *pgxpool.Pool) error {
	var done, lacking []string
	for _, part := range p.Schema.all(p.Name) {
		migrated, err := part.Migrated(ctx, pool)
		switch {
		case err != nil:
			return err
		case migrated:
			done = append(done, part.Name())
		default:
			lacking = append(lacking, part.Name())
		}
	}
	switch {
	case len(lacking) == 0:
		return nil
	case len(done) == 0:
		return fmt.Errorf("the database is not at this version's schema: all of it lacks migrations; run: %s migrate", p.Name)
	default:
		return fmt.Errorf("the database is not at this version's schema: "+
			"it lacks migrations of %s, and has those of %s; run: %s migrate",
			strings.Join(lacking, ", "), strings.Join(done, ", "), p.Name)
	}
}

// Migrate is the command that brings the database to this version's schema.
func Migrate(ctx context.Context, p Program, d Database, out io.Writer) (err error) {
	log := p.logger(d, out)
	defer func() { err = errors.Join(err, log.Close()) }()
	if err := postgres.CheckSessions(ctx, postgres.Single(d.DatabaseURL.Reveal(), 1)); err != nil {
		return err
	}
	if err := p.migrate(ctx, d, log.Logger); err != nil {
		return err
	}
	log.InfoContext(ctx, "the database is at this version's schema")
	return nil
}

// Open gives a pool of a database that is at this version's schema, and with whose master key it is opened. The caller
// closes it.
func (p Program) Open(ctx context.Context, k Keyed, conns int32) (*pgxpool.Pool, error) {
	return p.open(ctx, k, postgres.Single(k.DatabaseURL.Reveal(), conns))
}

// openLimit is how long it may take to look at a database that has been reached.
const openLimit = 30 * time.Second

// open is Open with a configuration of the pool.
func (p Program) open(ctx context.Context, k Keyed, c postgres.Config) (*pgxpool.Pool, error) {
	c.ApplicationName = p.Name
	pool, err := postgres.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	err = p.checkMigrated(ctx, pool)
	if err == nil {
		err = p.prove(ctx, pool, k.MasterKey)
	}
	if err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}
