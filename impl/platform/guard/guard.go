// Package guard tells who sends an access token, and forgets sessions as soon as they change.
//
// A token that verifies is not enough: its session must be in force, and what its caller may do is what the service's
// database says now. That answer is remembered for as long as the database is certain to tell of every change: its
// triggers announce each on the channel that Watch listens on. While Watch is not connected nothing is remembered.
package guard

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/token"
)

const (
	// rememberedSessions bounds the memory, at some hundred bytes each.
	rememberedSessions = 50_000
	// readTimeout bounds a read that several requests wait for, whichever of them gives up.
	readTimeout = 3 * time.Second
)

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
	shares   func(context.Context) []string // of the pool of connections; see httpapi.Shares
	sessions *memory
	reads    singleflight.Group
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
		verifier: c.Verifier, ask: c.Read, clock: c.Clock, shares: httpapi.Shares,
		sessions: newMemory(rememberedSessions),
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
	session, known := g.remembered(claims)
	g.sessions.counts.LookedUp(known)
	if !known {
		if session, err = g.find(ctx, claims); err != nil {
			return nil, err
		}
	}
	if session.Principal.Subject != claims.Subject {
		return nil, contract.ErrUnauthenticated
	}
	return session.Principal, nil
}

// remembered gives what is remembered of the session of a token, if it holds for this token and now.
func (g *Guard) remembered(claims token.Claims) (Session, bool) {
	session, known := g.sessions.get(claims.SessionID)
	holds := known && (session.TokenID == "" || session.TokenID == claims.ID) && session.ExpiresAt.After(g.clock())
	return session, holds
}

// find reads the session of a token. While the database tells of changes, requests with one token at one time wait for
// one read, except that
//   - a request that comes after a change does not wait for a read from before it;
//   - requests wait only for those that may have the same connections of the pool, so that none of high priority is
//     refused, or waits, with one of low priority.
//
// The read goes on when the request that began it is given up.
func (g *Guard) find(ctx context.Context, claims token.Claims) (Session, error) {
	watching, changes := g.seen()
	if !watching { // Nobody would tell that another request's read is from before a change.
		return g.readNow(ctx, claims)
	}
	key := strings.Join(append([]string{claims.SessionID.String(), claims.ID, strconv.FormatUint(changes, 10)},
		g.shares(ctx)...), " ")
	result := g.reads.DoChan(key, func() (any, error) {
		if session, known := g.remembered(claims); known { // Another read has ended since this request looked.
			return session, nil
		}
		reading, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
		defer cancel()
		session, err := g.readSafely(reading, claims)
		if err == nil {
			g.remember(claims.SessionID, session, changes)
		}
		return session, err
	})
	select {
	case r := <-result:
		session, _ := r.Val.(Session)
		return session, r.Err
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return Session{}, contract.ErrTimeout.Because(ctx.Err())
		}
		return Session{}, ctx.Err()
	}
}

// readSafely is readNow for a goroutine of its own, where a panic would end the program.
func (g *Guard) readSafely(ctx context.Context, claims token.Claims) (session Session, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the read of a session panicked: %v\n%s", r, debug.Stack())
		}
	}()
	return g.readNow(ctx, claims)
}

func (g *Guard) readNow(ctx context.Context, claims token.Claims) (Session, error) {
	g.read.Add(1)
	return g.ask(ctx, claims)
}

// seen tells whether the database tells of changes, and how many there were.
func (g *Guard) seen() (watching bool, changes uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.watching, g.changes
}

func (g *Guard) remember(id uuid.UUID, session Session, before uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.watching && g.changes == before {
		g.sessions.set(id, session)
	}
}

// Forget makes the next request of each session ask the database again. Whoever changes sessions calls it once the
// change is committed: the database's own word may come a moment after the answer to the caller.
func (g *Guard) Forget(ids ...uuid.UUID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.changes++
	g.sessions.forget(ids...)
}

// ForgetAccount is Forget for every session of an account.
func (g *Guard) ForgetAccount(id uuid.UUID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.changes++
	g.sessions.forgetAccount(id)
}

// forgetAll starts the memory anew, or ends it.
func (g *Guard) forgetAll(watching bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.watching = watching
	g.changes++
	g.sessions.forgetAll()
}

// Stats is what a guard does, since it was made.
type Stats struct {
	Tokens   telemetry.CacheStats // verified tokens
	Sessions telemetry.CacheStats // sessions in force
	Read     uint64               // sessions that the database was asked for
	Watching bool                 // whether the database tells of changes, so that sessions are remembered
}

// Stats tells how much a guard remembers.
func (g *Guard) Stats() Stats {
	watching, _ := g.seen()
	return Stats{Tokens: g.verifier.Stats(), Sessions: g.sessions.stats(), Read: g.read.Load(), Watching: watching}
}

// Collectors export the statistics.
func (g *Guard) Collectors() []prometheus.Collector {
	return []prometheus.Collector{
		telemetry.NewCacheCollector("tokens", g.verifier.Stats),
		telemetry.NewCacheCollector("sessions", g.sessions.stats),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "live_sessions_read_total", Help: "Sessions that the database was asked for.",
		}, func() float64 { return float64(g.read.Load()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "live_sessions_watched",
			Help: "1 while the database tells of changes to sessions, so that they are remembered; else 0.",
		}, func() float64 {
			if watching, _ := g.seen(); watching {
				return 1
			}
			return 0
		}),
	}
}
