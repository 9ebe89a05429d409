package users

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/maypok86/otter/v2"

	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/token"
)

// guard tells who sends an access token. A token that verifies is not enough: its session must be in force and its
// account active, and what it may do is what the database says now.
//
// The answer of the database is remembered for as long as it is certain to be told of every change: its triggers
// announce each on the channel that watch listens on. While watch is not connected nothing is remembered.
type guard struct {
	verifier *token.Verifier
	queries  usersdb.Querier
	clock    func() time.Time
	live     *otter.Cache[uuid.UUID, liveSession]

	mu       sync.Mutex
	watching bool
	changes  uint64 // how often something was forgotten: what was read before must not be remembered after
}

type liveSession struct {
	principal *httpapi.Principal
	expiresAt time.Time
}

const rememberedSessions = 50_000

func newGuard(verifier *token.Verifier, queries usersdb.Querier, clock func() time.Time) *guard {
	return &guard{
		verifier: verifier, queries: queries, clock: clock,
		live: otter.Must(&otter.Options[uuid.UUID, liveSession]{MaximumSize: rememberedSessions}),
	}
}

// Authenticate gives the caller, as httpapi.Authenticator asks.
func (g *guard) Authenticate(ctx context.Context, raw string) (*httpapi.Principal, error) {
	claims, err := g.verifier.Verify(ctx, raw)
	switch {
	case errors.Is(err, token.ErrInvalid):
		return nil, httpapi.ErrUnauthenticated.Because(err)
	case err != nil:
		return nil, httpapi.ErrUnavailable.Because(err)
	}
	session, known := g.live.GetIfPresent(claims.SessionID)
	// Every exchange of a refresh token moves the end of its session, which is announced to nobody.
	if !known || !session.expiresAt.After(g.clock()) {
		if session, err = g.read(ctx, claims.SessionID); err != nil {
			return nil, err
		}
	}
	if session.principal.Subject != claims.Subject {
		return nil, httpapi.ErrUnauthenticated
	}
	return session.principal, nil
}

func (g *guard) read(ctx context.Context, id uuid.UUID) (liveSession, error) {
	before := g.seen()
	row, err := g.queries.GetLiveSession(ctx, usersdb.GetLiveSessionParams{ID: id, Now: g.clock()})
	if postgres.IsNoRows(err) {
		return liveSession{}, httpapi.ErrUnauthenticated
	}
	if err != nil {
		return liveSession{}, explain(err)
	}
	session := liveSession{
		principal: &httpapi.Principal{Subject: row.UserID, SessionID: row.ID, Roles: row.Roles},
		expiresAt: row.ExpiresAt,
	}
	g.remember(session, before)
	return session, nil
}

func (g *guard) seen() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.changes
}

func (g *guard) remember(session liveSession, before uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.watching && g.changes == before {
		g.live.Set(session.principal.SessionID, session)
	}
}

// forget makes the next request of each session ask the database again.
func (g *guard) forget(ids ...uuid.UUID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.changes++
	for _, id := range ids {
		g.live.Invalidate(id)
	}
}

func (g *guard) watched(on bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.watching = on
	g.changes++
	g.live.InvalidateAll()
}

const (
	// watchPatience is how long the channel may be silent before the connection is tried.
	watchPatience = 5 * time.Second
	// watchTimeout bounds that trial, and the connecting.
	watchTimeout = 2 * time.Second
	watchRetry   = time.Second
)

// watch listens for changes to sessions until ctx ends, and connects anew whenever it must.
func (g *guard) watch(ctx context.Context, config *pgx.ConnConfig, log *slog.Logger) {
	told := true
	for ctx.Err() == nil {
		err := g.listen(ctx, config, func() {
			if !told {
				log.InfoContext(ctx, "told of changes to sessions again")
			}
			told = true
		})
		g.watched(false)
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

func (g *guard) listen(ctx context.Context, config *pgx.ConnConfig, connected func()) error {
	connecting, cancel := context.WithTimeout(ctx, watchTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(connecting, config)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), watchTimeout)
		defer cancel()
		_ = conn.Close(closing) // Nothing hangs on how a connection that only listened ends.
	}()
	if _, err := conn.Exec(connecting, "LISTEN sessions"); err != nil {
		return err
	}
	g.watched(true)
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
				g.forget(id)
			} else {
				g.watched(true) // All of them have changed.
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
