package guard

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/plumbline/impl/platform/postgres"
)

// watchTimeout bounds LISTEN, and the answer to a ping.
const watchTimeout = 2 * time.Second

// accountPrefix begins a notification about every session of an account; the account's id follows.
const accountPrefix = "account:"

// Watch listens for changes to sessions until ctx ends, and reconnects after each loss. A notification holds the id of
// the session that has changed, "account:" and the id of the account whose sessions may have changed, or nothing when
// every session may have. Whatever else it holds means every session.
func (g *Guard) Watch(ctx context.Context, config *pgx.ConnConfig, channel string, log *slog.Logger) {
	warned := false
	postgres.HoldConn(ctx, config, func(ctx context.Context, conn *pgx.Conn) error {
		return g.listen(ctx, conn, channel, func() {
			if warned {
				log.InfoContext(ctx, "told of changes to sessions again")
			}
			warned = false
		})
	}, func(err error) {
		if !warned {
			log.WarnContext(ctx, "not told of changes to sessions: every request asks the database", slog.Any("error", err))
		}
		warned = true
	})
}

// listen forgets sessions as notifications arrive, until the connection is lost or ctx ends; then nothing is remembered
// any more.
func (g *Guard) listen(ctx context.Context, conn *pgx.Conn, channel string, connected func()) error {
	defer g.forgetAll(false)
	listening, cancel := context.WithTimeout(ctx, watchTimeout)
	defer cancel()
	//sqltext:allow the name of a channel cannot be an argument; it is a constant of the service, and quoted
	if _, err := conn.Exec(listening, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return err
	}
	g.forgetAll(true)
	connected()
	for {
		notification, err := postgres.AwaitNotification(ctx, conn, watchTimeout)
		if err != nil {
			return err
		}
		if notification == nil {
			continue
		}
		g.hear(notification.Payload)
	}
}

// hear forgets what a notification is about.
func (g *Guard) hear(payload string) {
	text, ofAccount := strings.CutPrefix(payload, accountPrefix)
	id, err := uuid.Parse(text)
	switch {
	case err != nil:
		g.forgetAll(true)
	case ofAccount:
		g.ForgetAccount(id)
	default:
		g.Forget(id)
	}
}
