// Package guard tells who sends an access token, and forgets sessions as soon as they change.
//
// A token that verifies is not enough: its session must be in force, and what its caller may do is what the service's
// database says now. That answer is remembered for as long as the database is certain to tell of every change: its
// triggers announce each on the channel that Watch listens on. While Watch is not connected nothing is remembered.
package guard

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/token"
)

// rememberedSessions bounds the memory, at some hundred bytes each.
const rememberedSessions = 50_000

// Config is what a Guard is made of.
type Config struct {
	Verifier *token.Verifier
	// Read asks the database for the session of a token that has been verified. It gives contract.ErrUnauthenticated
	// when the session has ended; every other error says that it could not be found out.
	Read func(context.Context, token.Claims) (Session, error)
	// Clock tells the time; nil is the system's.
	Clock func() time.Time
}

// Session is what the database says of a session.
type Session struct {
	// Principal is the caller. When its Subject is not the token's, the token is refused.
	Principal *httpapi.Principal
	// ExpiresAt is when to read again, though nobody told of a change: the session's end, if not earlier.
	ExpiresAt time.Time
	// TokenID is the one token that this was made from, when it was made from more than the token's session; another
	// token of the same session is then read for itself. Otherwise it is empty.
	TokenID string
}

// A Guard is an httpapi.Authenticator, safe for concurrent use.
type Guard struct {
	verifier *token.Verifier
	ask      func(context.Context, token.Claims) (Session, error)
	clock    func() time.Time
	sessions *otter.Cache[uuid.UUID, Session]
	read     atomic.Uint64

	mu       sync.Mutex
	watching bool
	changes  uint64 // how often something was forgotten: what was read before must not be remembered after
}

// New makes a guard that remembers nothing until Watch has connected.
func New(c Config) *Guard {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return &Guard{
		verifier: c.Verifier, ask: c.Read, clock: c.Clock,
		sessions: otter.Must(&otter.Options[uuid.UUID, Session]{
			MaximumSize: rememberedSessions,
			// The memory's upkeep is done by whoever uses it: a guard has no goroutines to stop.
			Executor: func(upkeep func()) { upkeep() },
		}),
	}
}

// Authenticate gives the caller, as httpapi.Authenticator asks.
func (g *Guard) Authenticate(ctx context.Context, raw string) (*httpapi.Principal, error) {
	claims, err := g.verifier.Verify(ctx, raw)
	switch {
	case errors.Is(err, token.ErrInvalid):
		return nil, contract.ErrUnauthenticated.Because(err)
	case err != nil:
		return nil, contract.ErrUnavailable.Because(err)
	}
	session, known := g.sessions.GetIfPresent(claims.SessionID)
	if !known || !session.speaksOf(claims) || !session.ExpiresAt.After(g.clock()) {
		if session, err = g.readAndRemember(ctx, claims); err != nil {
			return nil, err
		}
	}
	if session.Principal.Subject != claims.Subject {
		return nil, contract.ErrUnauthenticated
	}
	return session.Principal, nil
}

// speaksOf tells whether what is remembered of a session holds for this token of its.
func (s Session) speaksOf(claims token.Claims) bool {
	return s.TokenID == "" || s.TokenID == claims.ID
}

func (g *Guard) readAndRemember(ctx context.Context, claims token.Claims) (Session, error) {
	before := g.seen()
	g.read.Add(1)
	session, err := g.ask(ctx, claims)
	if err == nil {
		g.remember(claims.SessionID, session, before)
	}
	return session, err
}

func (g *Guard) seen() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.changes
}

func (g *Guard) remember(id uuid.UUID, session Session, before uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.watching && g.changes == before {
		g.sessions.Set(id, session)
	}
}

// Forget makes the next request of each session ask the database again. Whoever changes sessions calls it once the
// change is committed: the database's own word may come a moment after the answer to the caller.
func (g *Guard) Forget(ids ...uuid.UUID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.changes++
	for _, id := range ids {
		g.sessions.Invalidate(id)
	}
}

// forgetAll starts the memory anew, or ends it.
func (g *Guard) forgetAll(watching bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.watching = watching
	g.changes++
	g.sessions.InvalidateAll()
}

// Stats is what a guard does, since it was made.
type Stats struct {
	Tokens     token.Stats // of the verifier
	Read       uint64      // sessions that the database was asked for
	Remembered int         // sessions that are known now
	Watching   bool        // whether the database tells of changes, so that sessions are remembered
}

// Stats tells how much a guard remembers.
func (g *Guard) Stats() Stats {
	g.mu.Lock()
	watching := g.watching
	g.mu.Unlock()
	return Stats{
		Tokens: g.verifier.Stats(), Read: g.read.Load(), Remembered: g.sessions.EstimatedSize(), Watching: watching,
	}
}

// Collectors export the statistics.
func (g *Guard) Collectors() []prometheus.Collector {
	counter := func(name, help string, value func(Stats) uint64) prometheus.Collector {
		opts := prometheus.CounterOpts{Name: name, Help: help}
		return prometheus.NewCounterFunc(opts, func() float64 { return float64(value(g.Stats())) })
	}
	gauge := func(name, help string, value func(Stats) float64) prometheus.Collector {
		opts := prometheus.GaugeOpts{Name: name, Help: help}
		return prometheus.NewGaugeFunc(opts, func() float64 { return value(g.Stats()) })
	}
	return []prometheus.Collector{
		counter("access_tokens_remembered_total", "Access tokens known from an earlier request.",
			func(s Stats) uint64 { return s.Tokens.Hits }),
		counter("access_tokens_verified_total", "Access tokens whose signature was computed.",
			func(s Stats) uint64 { return s.Tokens.Misses }),
		counter("live_sessions_read_total", "Sessions that the database was asked for.",
			func(s Stats) uint64 { return s.Read }),
		gauge("live_sessions_remembered", "Sessions known to be in force.",
			func(s Stats) float64 { return float64(s.Remembered) }),
		gauge("live_sessions_watched",
			"1 while the database tells of changes to sessions, so that they are remembered; otherwise 0.",
			func(s Stats) float64 {
				if s.Watching {
					return 1
				}
				return 0
			}),
	}
}
