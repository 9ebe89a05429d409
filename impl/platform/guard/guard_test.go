package guard_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/guard"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/impl/testkit/pgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(pgtest.M{M: m}) }

// noon is when every test begins.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// patience bounds every wait; no wait normally comes near it.
const patience = 30 * time.Second

// empty is a database with nothing in it: here it only passes on what it is told.
var empty = fstest.MapFS{"00001_nothing.sql": {Data: []byte("-- +goose Up\nSELECT 1;\n")}}

// fixture is a guard over sessions in a table of Go, with the issuer of its tokens.
type fixture struct {
	*guard.Guard
	t      *testing.T
	signer *token.Signer
	pool   *pgxpool.Pool
	log    *buffer

	mu       sync.Mutex
	now      time.Time
	sessions map[uuid.UUID]guard.Session
	owners   map[uuid.UUID]uuid.UUID
	reading  func()          // called with each session that has been read and not been given yet
	asked    context.Context // of the last read
	perToken bool            // whether a session is read for each token
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, now: noon, sessions: map[uuid.UUID]guard.Session{}, reading: func() {}, log: &buffer{},
		owners: map[uuid.UUID]uuid.UUID{}}
	f.signer = token.NewSigner(f.clock)
	key, err := token.NewPrivateKey(rand.Reader, noon)
	require.NoError(t, err)
	require.NoError(t, f.signer.SetKeys([]token.PrivateKey{key}))
	verifier, err := token.NewVerifier(token.VerifierConfig{
		Issuer: "users", Audience: "orders", Keys: f.signer, Clock: f.clock,
	})
	require.NoError(t, err)
	f.Guard = guard.New(guard.Config{Verifier: verifier, Read: f.read, Clock: f.clock})
	return f
}

func (f *fixture) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fixture) advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

func (f *fixture) read(ctx context.Context, claims token.Claims) (guard.Session, error) {
	f.mu.Lock()
	f.asked = ctx
	session, ok := f.sessions[claims.SessionID]
	if f.perToken {
		session.TokenID = claims.ID
		session.Principal = &httpapi.Principal{Subject: claims.Subject, SessionID: claims.SessionID, Roles: claims.Roles}
	}
	f.mu.Unlock()
	f.reading()
	if !ok {
		return guard.Session{}, contract.ErrUnauthenticated
	}
	return session, nil
}

// begin begins a session of a new user for an hour and gives a token of its.
func (f *fixture) begin() (claims token.Claims, raw string) {
	f.t.Helper()
	claims = token.Claims{
		Issuer: "users", Audience: []string{"orders"}, ID: rand.Text(),
		Subject: uuid.New(), SessionID: uuid.New(), Roles: []string{"customer"},
		IssuedAt: f.clock(), ExpiresAt: f.clock().Add(5 * time.Minute),
	}
	f.mu.Lock()
	f.sessions[claims.SessionID] = guard.Session{
		Principal: &httpapi.Principal{Subject: claims.Subject, SessionID: claims.SessionID, Roles: claims.Roles},
		ExpiresAt: f.now.Add(time.Hour),
	}
	f.owners[claims.SessionID] = claims.Subject
	f.mu.Unlock()
	return claims, f.sign(claims)
}

func (f *fixture) sign(claims token.Claims) string {
	f.t.Helper()
	raw, err := f.signer.Sign(claims)
	require.NoError(f.t, err)
	return raw
}

// end ends a session and tells nobody.
func (f *fixture) end(id uuid.UUID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.sessions, id)
}

// watch makes the database tell of changes until the function that it gives is called, or the test ends.
func (f *fixture) watch() (stop func()) {
	f.t.Helper()
	if f.pool == nil {
		f.pool = pgtest.New(f.t, empty)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(f.t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.Watch(ctx, f.pool.Config().ConnConfig, "sessions", slog.New(slog.NewTextHandler(f.log, nil)))
	}()
	stop = func() {
		cancel()
		<-ended
	}
	f.t.Cleanup(stop)
	eventually(f.t, "the guard watches", func() bool { return f.Stats().Watching })
	return stop
}

// announce is what a trigger does.
func (f *fixture) announce(payload string) {
	f.t.Helper()
	_, err := f.pool.Exec(f.t.Context(), `SELECT pg_notify('sessions', $1)`, payload)
	require.NoError(f.t, err)
}

// cut ends the connection that the guard listens on.
func (f *fixture) cut() {
	f.t.Helper()
	tag, err := f.pool.Exec(f.t.Context(),
		`SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
		WHERE datname = current_database() AND query = 'LISTEN "sessions"'`)
	require.NoError(f.t, err)
	require.Positive(f.t, tag.RowsAffected(), "nobody listens")
}

func (f *fixture) accepts(raw string) *httpapi.Principal {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	principal, err := f.Authenticate(ctx, raw)
	require.NoError(f.t, err)
	return principal
}

func (f *fixture) refuses(raw string) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	_, err := f.Authenticate(ctx, raw)
	require.ErrorIs(f.t, err, contract.ErrUnauthenticated)
}

// reads gives how often the database was asked while fn ran.
func (f *fixture) reads(fn func()) int {
	f.t.Helper()
	before := f.Stats().Read
	fn()
	return int(f.Stats().Read - before)
}

// eventually asks until the answer is yes.
func eventually(t *testing.T, what string, ask func() bool) {
	t.Helper()
	late := time.After(patience)
	for !ask() {
		select {
		case <-late:
			require.FailNow(t, "never: "+what)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// buffer keeps what is logged.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) count(text string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Count(b.text.Bytes(), []byte(text))
}

func TestASessionIsReadOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.watch()
	claims, raw := f.begin()
	require.Equal(t, 1, f.reads(func() {
		for range 10 {
			principal := f.accepts(raw)
			require.Equal(t, claims.Subject, principal.Subject)
			require.Equal(t, claims.SessionID, principal.SessionID)
			require.Equal(t, []string{"customer"}, principal.Roles)
		}
	}))
	require.Equal(t, 1, f.Stats().Sessions.Entries)
}

// The first of several servers takes connections and is silent: the guard listens at the second.
func TestASilentFirstServer(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.pool = pgtest.Open(t, pgtest.BehindSilent(t, pgtest.URL(t, empty))+"&connect_timeout=3")
	f.watch()
	claims, raw := f.begin()
	f.accepts(raw)
	f.end(claims.SessionID)
	f.announce(claims.SessionID.String())
	eventually(t, "the session is refused", func() bool {
		_, err := f.Authenticate(t.Context(), raw)
		return errors.Is(err, contract.ErrUnauthenticated)
	})
	require.Zero(t, f.log.count("not told"))
}

// While nobody tells of changes nothing is remembered, so that every request asks the database.
func TestNothingIsRememberedUnwatched(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, raw := f.begin()
	ask := func() { f.accepts(raw) }
	require.Equal(t, 1, f.reads(ask))
	require.Equal(t, 1, f.reads(ask))

	stop := f.watch()
	require.Equal(t, 1, f.reads(ask))
	require.Equal(t, 0, f.reads(ask))

	stop()
	require.False(t, f.Stats().Watching)
	require.Zero(t, f.Stats().Sessions.Entries)
	require.Equal(t, 1, f.reads(ask))
	require.Equal(t, 1, f.reads(ask))
}

func TestAChangeIsForgotten(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(f *fixture, session uuid.UUID){
		"by whoever made it":   func(f *fixture, session uuid.UUID) { f.Forget(uuid.New(), session) },
		"told by the database": func(f *fixture, session uuid.UUID) { f.announce(session.String()) },
		"of the account": func(f *fixture, session uuid.UUID) {
			f.announce("account:" + f.owners[session].String())
		},
		"of no account":           func(f *fixture, _ uuid.UUID) { f.announce("account:") },
		"of all sessions":         func(f *fixture, _ uuid.UUID) { f.announce("") },
		"of something unheard of": func(f *fixture, _ uuid.UUID) { f.announce("everything") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.watch()
			claims, raw := f.begin()
			f.accepts(raw)
			f.end(claims.SessionID)
			f.accepts(raw) // Nobody has told yet.
			change(f, claims.SessionID)
			eventually(t, "the token is refused", func() bool {
				_, err := f.Authenticate(t.Context(), raw)
				return errors.Is(err, contract.ErrUnauthenticated)
			})
		})
	}
}

// A change of one session leaves what is known of the others.
func TestOnlyWhatChangedIsForgotten(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.watch()
	one, _ := f.begin()
	_, other := f.begin()
	f.accepts(f.sign(one))
	f.accepts(other)
	f.Forget(one.SessionID)
	require.Equal(t, 0, f.reads(func() { f.accepts(other) }))
	require.Equal(t, 1, f.reads(func() { f.accepts(f.sign(one)) }))
}

// A change of one account forgets every session of its, and leaves what is known of others.
func TestOnlyTheAccountThatChangedIsForgotten(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(f *fixture, account uuid.UUID){
		"by whoever made it":   func(f *fixture, account uuid.UUID) { f.ForgetAccount(account) },
		"told by the database": func(f *fixture, account uuid.UUID) { f.announce("account:" + account.String()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.watch()
			first, one := f.begin()
			second, _ := f.begin()
			f.mu.Lock()
			second.Subject = first.Subject
			session := f.sessions[second.SessionID]
			session.Principal = &httpapi.Principal{Subject: first.Subject, SessionID: second.SessionID}
			f.sessions[second.SessionID] = session
			f.mu.Unlock()
			two := f.sign(second)
			others := make([]string, 50)
			for i := range others {
				_, others[i] = f.begin()
			}
			known := append([]string{one, two}, others...)
			for _, raw := range known {
				f.accepts(raw)
			}
			require.Equal(t, len(known), f.Stats().Sessions.Entries)
			change(f, first.Subject)
			eventually(t, "it is heard", func() bool { return f.Stats().Sessions.Entries == len(others) })
			require.Equal(t, 0, f.reads(func() {
				for _, raw := range others {
					f.accepts(raw)
				}
			}))
			require.Equal(t, 2, f.reads(func() {
				f.accepts(one)
				f.accepts(two)
			}))
		})
	}
}

// What comes while nobody listens is lost: when the connection ends, so does all that was remembered.
func TestALostConnectionLosesWhatIsKnown(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.watch()
	claims, raw := f.begin()
	f.accepts(raw)
	f.cut()
	f.end(claims.SessionID)
	eventually(t, "it notices", func() bool { return f.log.count("not told of changes to sessions") == 1 })
	f.refuses(raw)
	eventually(t, "it listens again", func() bool { return f.log.count("told of changes to sessions again") == 1 })
	_, raw = f.begin()
	f.accepts(raw)
	require.Equal(t, 0, f.reads(func() { f.accepts(raw) }))
}

// A guard whose database is away says so once, and goes on asking.
func TestWatchOutlivesAnAbsentDatabase(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.pool = pgtest.New(t, empty)
	config := f.pool.Config().ConnConfig
	config.Database = "nowhere"
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.Watch(ctx, config, "sessions", slog.New(slog.NewTextHandler(f.log, nil)))
	}()
	eventually(t, "it says so", func() bool { return f.log.count("not told of changes to sessions") == 1 })
	_, raw := f.begin()
	f.accepts(raw)
	require.False(t, f.Stats().Watching)
	cancel()
	<-ended
	require.Equal(t, 1, f.log.count("level="))
}

// What was read before a change must not be remembered after it, however slow the reader is.
func TestASlowReaderRemembersNothingOld(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(f *fixture, session uuid.UUID){
		"told by itself":      func(f *fixture, session uuid.UUID) { f.Forget(session) },
		"told of its account": func(f *fixture, session uuid.UUID) { f.ForgetAccount(f.owners[session]) },
		"told of all sessions": func(f *fixture, _ uuid.UUID) {
			// Another session is forgotten with all of them: then that has been heard.
			_, other := f.begin()
			f.accepts(other)
			f.announce("")
			eventually(f.t, "it is heard", func() bool { return f.Stats().Sessions.Entries == 0 })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.watch()
			claims, raw := f.begin()
			read, answer := make(chan struct{}), make(chan struct{})
			var begun atomic.Bool
			f.reading = func() {
				if begun.CompareAndSwap(false, true) {
					close(read)
					<-answer
				}
			}
			done := make(chan error, 1)
			go func() {
				_, err := f.Authenticate(t.Context(), raw)
				done <- err
			}()
			<-read
			f.end(claims.SessionID)
			change(f, claims.SessionID)
			close(answer)
			require.NoError(t, <-done, "it began before the change")
			f.refuses(raw)
		})
	}
}

// A session that ends by itself is announced to nobody; neither is one that goes on longer than it was to.
func TestAnEndIsReadAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.watch()
	claims, raw := f.begin()
	ends := func(at time.Time) {
		f.mu.Lock()
		defer f.mu.Unlock()
		session := f.sessions[claims.SessionID]
		session.ExpiresAt = at
		f.sessions[claims.SessionID] = session
	}
	ends(noon.Add(time.Minute))
	f.accepts(raw)
	f.advance(time.Minute - time.Nanosecond)
	require.Equal(t, 0, f.reads(func() { f.accepts(raw) }))
	ends(noon.Add(2 * time.Minute))
	f.advance(time.Nanosecond)
	require.Equal(t, 1, f.reads(func() { f.accepts(raw) }))
	f.end(claims.SessionID)
	f.advance(time.Minute)
	f.refuses(raw)
}

// What was read for one token does not count for another of its session, not even for one made in the same second.
func TestWhatIsReadForAToken(t *testing.T) {
	t.Parallel()
	for _, perToken := range []bool{false, true} {
		f := newFixture(t)
		f.perToken = perToken
		f.watch()
		claims, first := f.begin()
		claims.ID, claims.Roles = rand.Text(), []string{"support"}
		next := f.sign(claims)
		require.Equal(t, []string{"customer"}, f.accepts(first).Roles)
		want, again := []string{"customer"}, 0
		if perToken {
			want, again = []string{"support"}, 1
		}
		require.Equal(t, again, f.reads(func() { require.Equal(t, want, f.accepts(next).Roles) }))
		require.Equal(t, 0, f.reads(func() { f.accepts(next) }))
		require.Equal(t, []string{"customer"}, f.accepts(first).Roles)
		// Forgetting the session forgets every token of its.
		f.end(claims.SessionID)
		f.Forget(claims.SessionID)
		f.refuses(first)
		f.refuses(next)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.watch()
	claims, raw := f.begin()
	f.accepts(raw)

	f.refuses("no token")
	other, _ := f.begin()
	other.SessionID = claims.SessionID
	f.refuses(f.sign(other)) // Remembered or not, the session is another's.
	f.Forget(claims.SessionID)
	f.refuses(f.sign(other))
	f.advance(6 * time.Minute)
	f.refuses(raw)

	// A failure to find out is no judgement of the token.
	away := errors.New("the database is away")
	verifier, err := token.NewVerifier(token.VerifierConfig{
		Issuer: "users", Audience: "orders", Keys: f.signer, Clock: f.clock,
	})
	require.NoError(t, err)
	broken := guard.New(guard.Config{
		Verifier: verifier, Clock: f.clock,
		Read: func(context.Context, token.Claims) (guard.Session, error) { return guard.Session{}, away },
	})
	_, raw = f.begin()
	_, err = broken.Authenticate(t.Context(), raw)
	require.ErrorIs(t, err, away)
	verifier, err = token.NewVerifier(token.VerifierConfig{
		Issuer: "users", Audience: "orders", Keys: noKeys{}, Clock: f.clock,
	})
	require.NoError(t, err)
	_, err = guard.New(guard.Config{Verifier: verifier, Read: f.read, Clock: f.clock}).Authenticate(t.Context(), raw)
	require.ErrorIs(t, err, contract.ErrUnavailable)
}

// noKeys is a source that cannot be reached.
type noKeys struct{}

func (noKeys) Key(context.Context, string) (ed25519.PublicKey, error) {
	return nil, errors.New("no answer")
}

func TestCollectors(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(f.Collectors()...)
	shows := func(tokenHits, tokenMisses, sessionHits, sessionMisses, known int) {
		t.Helper()
		text := fmt.Sprintf(`
# HELP cache_entries Entries of the cache now.
# TYPE cache_entries gauge
cache_entries{cache="sessions"} %d
cache_entries{cache="tokens"} %d
# HELP cache_evictions_total Entries that were dropped because the cache was full.
# TYPE cache_evictions_total counter
cache_evictions_total{cache="sessions"} 0
cache_evictions_total{cache="tokens"} 0
# HELP cache_hits_total Look-ups that the cache answered.
# TYPE cache_hits_total counter
cache_hits_total{cache="sessions"} %d
cache_hits_total{cache="tokens"} %d
# HELP cache_misses_total Look-ups that the cache did not answer.
# TYPE cache_misses_total counter
cache_misses_total{cache="sessions"} %d
cache_misses_total{cache="tokens"} %d
# HELP live_sessions_read_total Sessions that the database was asked for.
# TYPE live_sessions_read_total counter
live_sessions_read_total %d
# HELP live_sessions_watched 1 while the database tells of changes to sessions, so that they are remembered; else 0.
# TYPE live_sessions_watched gauge
live_sessions_watched %d
`, known, known, sessionHits, tokenHits, sessionMisses, tokenMisses, sessionMisses, min(tokenMisses, 1))
		require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(text)))
	}
	shows(0, 0, 0, 0, 0)
	f.watch()
	_, raw := f.begin()
	for range 3 {
		f.accepts(raw)
	}
	shows(2, 1, 2, 1, 1)
}
