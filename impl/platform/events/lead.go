package events

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// statementTimeout bounds a statement, whatever the settings of the connection say; these bound the connecting.
	statementTimeout = 5 * time.Second
	// candidacyPause is how often one who does not lead asks for the lock.
	candidacyPause = time.Second
	// leadRetry is the pause after a lost connection.
	leadRetry = time.Second

	// A leader that has gone without a word, or hangs, is silent: PostgreSQL ends its session, and the lock with it.
	limitSilence = "SET idle_session_timeout = '30s'"
	becomeLeader = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"
)

// lead carries out work while this process, of all that use the database, holds the lock of that name. The lock is
// that of the connection that work is given, so whoever has lost the connection no longer leads. It returns
// when ctx ends; when work returns earlier, it starts over.
func lead(ctx context.Context, config *pgx.ConnConfig, name string, log *slog.Logger, work func(ctx context.Context, conn *pgx.Conn) error) {
	for told := false; ctx.Err() == nil; {
		start := time.Now()
		err := leadOnce(ctx, config, name, work)
		// Once for an outage, however many attempts it takes to be over.
		if ctx.Err() == nil && (!told || time.Since(start) > time.Minute) {
			told = true
			log.WarnContext(ctx, name+" starts over", slog.Any("error", err))
		}
		pause(ctx, leadRetry)
	}
}

func leadOnce(ctx context.Context, config *pgx.ConnConfig, name string, work func(ctx context.Context, conn *pgx.Conn) error) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing) // PostgreSQL gives the lock back however the connection ends.
	}()
	if err := within(ctx, statementTimeout, func(ctx context.Context) error {
		_, err := conn.Exec(ctx, limitSilence)
		return err
	}); err != nil {
		return err
	}
	for {
		var leads bool
		err := within(ctx, statementTimeout, func(ctx context.Context) error {
			return conn.QueryRow(ctx, becomeLeader, name).Scan(&leads)
		})
		switch {
		case err != nil:
			return err
		case leads:
			return work(ctx, conn)
		}
		if !pause(ctx, candidacyPause) {
			return ctx.Err()
		}
	}
}

// within bounds what may not take long.
func within(ctx context.Context, limit time.Duration, do func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return do(ctx)
}

// pause lets about that much time pass; false means that ctx ended.
func pause(ctx context.Context, about time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(about/2 + rand.N(about)):
		return true
	}
}
