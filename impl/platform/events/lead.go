package events

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/plumbline/impl/platform/postgres"
)

const (
	// statementTimeout bounds each statement on the leader's connection, whatever time-outs the connection sets.
	statementTimeout = 5 * time.Second
	// candidacyPause is the mean pause between two attempts to take the lock that another process holds.
	candidacyPause = time.Second
	// stableAfter is how long a leader works before its next failure counts as another outage.
	stableAfter = time.Minute

	// PostgreSQL ends the session of a leader that hangs or has lost the network, and with it the lock.
	limitSilence = "SET idle_session_timeout = '30s'"
	becomeLeader = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"
)

// lead runs work while this process, of all that use the database, holds the advisory lock of that name. The lock
// belongs to the connection that work is given, so a process that has lost the connection no longer leads. lead
// returns when ctx ends; when work returns earlier, it competes for the lock again.
func lead(
	ctx context.Context, config *pgx.ConnConfig, name string, log *slog.Logger,
	work func(ctx context.Context, conn *pgx.Conn) error,
) {
	warned := false // Once for each outage, however many attempts it lasts.
	postgres.HoldConn(ctx, config, func(ctx context.Context, conn *pgx.Conn) error {
		start := time.Now()
		defer func() { warned = warned && time.Since(start) <= stableAfter }()
		if err := takeLock(ctx, conn, name); err != nil {
			return err
		}
		return work(ctx, conn)
	}, func(err error) {
		if !warned {
			warned = true
			log.WarnContext(ctx, name+" starts over", slog.Any("error", err))
		}
	})
}

// takeLock waits until this connection holds the lock.
func takeLock(ctx context.Context, conn *pgx.Conn, name string) error {
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
		if err != nil || leads {
			return err
		}
		if !pause(ctx, candidacyPause) {
			return ctx.Err()
		}
	}
}

// within calls do with a context that ends after limit.
func within(ctx context.Context, limit time.Duration, do func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return do(ctx)
}

// pause waits for half of mean to one and a half times mean, or until ctx ends, and then returns false.
func pause(ctx context.Context, mean time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(mean/2 + rand.N(mean)):
		return true
	}
}
