package guard

import (
	"context"
	"log/slog"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/plumbline/impl/platform/postgres"
)

// accountPrefix begins a notification about every session of an account; the account's id follows.
const accountPrefix = "account:"

// Watch listens for changes to sessions until ctx ends, and reconnects after each loss. A notification holds the id of
// the session that has changed, "account:" and the id of the account whose sessions may have changed, or nothing when
// every session may have. Whatever else it holds means every session. While it is not connected nothing is remembered.
func (g *Guard) Watch(ctx context.Context, config *pgx.ConnConfig, channel string, log *slog.Logger) {
	warned := false
	postgres.Listen(ctx, config, channel, postgres.Listener{
		Connected: func() {
			g.forgetAll(true)
			if warned {
				log.InfoContext(ctx, "told of changes to sessions again")
			}
			warned = false
		},
		Notified: g.hear,
		Lost:     func() { g.forgetAll(false) },
		Failed: func(err error) {
			if !warned {
				log.WarnContext(ctx, "not told of changes to sessions: every request asks the database", slog.Any("error", err))
			}
			warned = true
		},
	})
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
