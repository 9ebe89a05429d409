package guard_test

import (
	"context"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/token"
)

// held makes reads wait: the first for answer, and those after it if all is true.
func (f *fixture) held(all bool) (reading <-chan struct{}, answer func()) {
	f.t.Helper()
	read, released := make(chan struct{}, 100), make(chan struct{})
	var begun atomic.Bool
	f.reading = func() {
		first := begun.CompareAndSwap(false, true)
		read <- struct{}{}
		if first || all {
			<-released
		}
	}
	answer = sync.OnceFunc(func() { close(released) })
	f.t.Cleanup(answer)
	return read, answer
}

// ask authenticates beside the test.
func (f *fixture) ask(ctx context.Context, raw string) <-chan error {
	result := make(chan error, 1)
	go func() {
		_, err := f.Authenticate(ctx, raw)
		result <- err
	}()
	return result
}

// What many requests want at once is read once, also when all that was known has been forgotten.
func TestRequestsShareARead(t *testing.T) {
	t.Parallel()
	const requests = 50
	f := newFixture(t)
	f.watch()
	_, raw := f.begin()
	_, other := f.begin()
	for range 2 {
		reading, answer := f.held(true)
		require.Equal(t, 2, f.reads(func() {
			var results []<-chan error
			for range requests {
				results = append(results, f.ask(t.Context(), raw), f.ask(t.Context(), other))
			}
			<-reading
			<-reading
			answer()
			for _, result := range results {
				require.NoError(t, <-result)
			}
		}))
		f.announce("")
		eventually(t, "it is heard", func() bool { return f.Stats().Sessions.Entries == 0 })
	}
}

// A request that looked just before a read ended does not read again.
func TestAReadThatHasEndedIsNotRepeated(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.watch()
	claims, raw := f.begin()
	for range 500 {
		f.Forget(claims.SessionID)
		require.Equal(t, 1, f.reads(func() {
			var results []<-chan error
			for range 8 {
				results = append(results, f.ask(t.Context(), raw))
			}
			for _, result := range results {
				require.NoError(t, <-result)
			}
		}))
	}
}

// The request that began a read hangs up: the read goes on for the others, for a bounded time of its own.
func TestAReadOutlivesTheRequestThatBeganIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.watch()
	_, raw := f.begin()
	reading, answer := f.held(true)
	impatient, hangUp := context.WithCancel(t.Context())
	first := f.ask(impatient, raw)
	<-reading
	late, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	second, third := f.ask(late, raw), f.ask(t.Context(), raw)
	hangUp()
	require.ErrorIs(t, <-first, context.Canceled)
	require.ErrorIs(t, <-second, contract.ErrTimeout)
	f.mu.Lock()
	asked := f.asked
	f.mu.Unlock()
	require.NoError(t, asked.Err())
	deadline, bounded := asked.Deadline()
	require.True(t, bounded)
	require.Less(t, time.Until(deadline), 4*time.Second)
	answer()
	require.NoError(t, <-third)
	require.EqualValues(t, 1, f.Stats().Read)
	require.Equal(t, 0, f.reads(func() { f.accepts(raw) }))
}

// A request that comes after a change does not wait for a read from before it.
func TestNobodySharesAReadFromBeforeAChange(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(f *fixture, claims token.Claims){
		"of the session":    func(f *fixture, claims token.Claims) { f.Forget(claims.SessionID) },
		"of the account":    func(f *fixture, claims token.Claims) { f.ForgetAccount(claims.Subject) },
		"of something else": func(f *fixture, _ token.Claims) { f.Forget(uuid.New()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.watch()
			claims, raw := f.begin()
			reading, answer := f.held(false)
			before := f.ask(t.Context(), raw)
			<-reading
			f.end(claims.SessionID)
			change(f, claims)
			f.refuses(raw) // The first read has not ended yet.
			answer()
			require.NoError(t, <-before)
			f.refuses(raw)
		})
	}
}

// While nobody tells of changes every request asks the database itself.
func TestNoReadIsSharedUnwatched(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	claims, raw := f.begin()
	reading, answer := f.held(false)
	before := f.ask(t.Context(), raw)
	<-reading
	f.end(claims.SessionID)
	f.refuses(raw)
	answer()
	require.NoError(t, <-before)
	require.EqualValues(t, 2, f.Stats().Read)
}

// A request does not wait for one that is refused connections before it is, nor one token for another of its session.
func TestWhoSharesARead(t *testing.T) {
	t.Parallel()
	type kind struct{}
	f := newFixture(t)
	f.watch()
	f.SharesOf(func(ctx context.Context) []string {
		shares, _ := ctx.Value(kind{}).([]string)
		return shares
	})
	claims, raw := f.begin()
	low := context.WithValue(t.Context(), kind{}, []string{"low", "ordinary"})
	reading, answer := f.held(false)
	first := f.ask(low, raw)
	<-reading
	f.mu.Lock()
	require.Equal(t, low.Value(kind{}), f.asked.Value(kind{}), "the read has the shares of its requests")
	f.mu.Unlock()
	require.Equal(t, 1, f.reads(func() { f.accepts(raw) }))
	f.Forget(uuid.New())
	claims.ID = rand.Text()
	require.Equal(t, 0, f.reads(func() { f.accepts(f.sign(claims)) }), "what is remembered is for every token")
	answer()
	require.NoError(t, <-first)
}

// Where a session is read for each token, no token gets what the read of another has found, though both reads run at
// one time and nothing is remembered.
func TestTokensOfASessionDoNotShareARead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.perToken = true
	f.watch()
	claims, customer := f.begin()
	claims.ID, claims.Roles = rand.Text(), []string{"admin"}
	admin := f.sign(claims)
	roles := func(raw string) <-chan []string {
		result := make(chan []string, 1)
		go func() {
			principal, err := f.Authenticate(t.Context(), raw)
			if err != nil {
				result <- []string{err.Error()}
				return
			}
			result <- principal.Roles
		}()
		return result
	}
	reading, answer := f.held(true)
	first, second := roles(admin), roles(customer)
	for range 2 {
		select {
		case <-reading:
		case <-time.After(patience):
			require.Fail(t, "one waits for the read of the other")
		}
	}
	answer()
	require.Equal(t, []string{"admin"}, <-first)
	require.Equal(t, []string{"customer"}, <-second)
}

// A read that panics fails for all who wait for it, and the program goes on.
func TestAReadThatPanics(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.watch()
	_, raw := f.begin()
	f.reading = func() { panic("it fell") }
	_, err := f.Authenticate(t.Context(), raw)
	require.ErrorContains(t, err, "it fell")
	require.ErrorContains(t, err, "flight_test.go", "where")
	require.NotErrorIs(t, err, contract.ErrUnauthenticated)
	f.reading = func() {}
	f.accepts(raw)
}
