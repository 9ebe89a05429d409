package guard

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	// watchPatience is how long the channel may be silent before the connection is tried.
	watchPatience = 5 * time.Second
	// watchTimeout bounds that trial, and LISTEN.
	watchTimeout = 2 * time.Second
	watchRetry   = time.Second
)

// Watch listens for changes to sessions until ctx ends, and connects anew whenever it must. On the channel comes the
// id of each session that changed, or nothing when all of them may have.
func (g *Guard) Watch(ctx context.Context, config *pgx.ConnConfig, channel string, log *slog.Logger) {
	told := true
	for ctx.Err() == nil {
		err := g.listen(ctx, config, channel, func() {
			if !told {
				log.InfoContext(ctx, "told of changes to sessions again")
			}
			told = true
		})
		g.forgetAll(false)
		if ctx.Err() != nil {
			return
		}
		if told {
			log.WarnContext(ctx, "not told of changes to sessions: every request asks the database", slog.Any("error", err))
		}
		told = false
		select {
		case <-ctx.Done():
		case <-time.After(watchRetry/2 + rand.N(watchRetry)):
		}
	}
}

func (g *Guard) listen(ctx context.Context, config *pgx.ConnConfig, channel string, connected func()) error {
	conn, err := pgx.ConnectConfig(ctx, config) // The configuration bounds it, for each server that it names.
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), watchTimeout)
		defer cancel()
		_ = conn.Close(closing) // Nothing hangs on how a connection that only listened ends.
	}()
	// LISTEN takes a name and no parameter; the name is a constant of the service.
	listening, cancel := context.WithTimeout(ctx, watchTimeout)
	defer cancel()
	if _, err := conn.Exec(listening, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return err
	}
	g.forgetAll(true)
	connected()
	for {
		waiting, cancel := context.WithTimeout(ctx, watchPatience)
		notification, err := conn.WaitForNotification(waiting)
		cancel()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			if id, err := uuid.Parse(notification.Payload); err == nil {
				g.Forget(id)
			} else {
				g.forgetAll(true)
			}
		case waiting.Err() != nil:
			// Silence: a connection that has died without a word would be just as silent.
			trying, cancel := context.WithTimeout(ctx, watchTimeout)
			err := conn.Ping(trying)
			cancel()
			if err != nil {
				return err
			}
		default:
			return err
		}
	}
}
