package hashing

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var small = Params{MemoryKiB: 64, Iterations: 1, Parallelism: 1}

func start(tb testing.TB, config Config) *Hasher {
	tb.Helper()
	if config.Params == (Params{}) {
		config.Params = small
	}
	h, err := New(config)
	require.NoError(tb, err)
	return h
}

// lasting replaces the computation by one that takes that long and does nothing else.
func (h *Hasher) lasting(d time.Duration) *Hasher {
	h.create = func(string, *argon2id.Params) (string, error) {
		time.Sleep(d)
		return "made", nil
	}
	h.check = func(_, phc string) (bool, *argon2id.Params, error) {
		params, _, _, err := argon2id.DecodeHash(phc)
		time.Sleep(d)
		return true, params, err
	}
	return h
}

func TestHashAndVerify(t *testing.T) {
	t.Parallel()
	h := start(t, Config{})
	phc, err := h.Hash(t.Context(), "correct horse battery")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(phc, "$argon2id$v=19$m=64,t=1,p=1$"), phc)

	again, err := h.Hash(t.Context(), "correct horse battery")
	require.NoError(t, err)
	require.NotEqual(t, phc, again, "every hash has its own salt")

	for password, want := range map[string]bool{
		"correct horse battery":  true,
		"correct horse battery ": false,
		"Correct horse battery":  false,
		"":                       false,
	} {
		ok, rehash, err := h.Verify(t.Context(), password, phc)
		require.NoError(t, err)
		require.Equal(t, want, ok, password)
		require.False(t, rehash)
	}
}

func TestTheWholePasswordCounts(t *testing.T) {
	t.Parallel()
	h := start(t, Config{})
	long := strings.Repeat("correct horse battery staple ", 20)
	phc, err := h.Hash(t.Context(), long+"a")
	require.NoError(t, err)
	ok, _, err := h.Verify(t.Context(), long+"b", phc)
	require.NoError(t, err)
	require.False(t, ok)
}

func TestPasswordsAreNormalised(t *testing.T) {
	t.Parallel()
	h := start(t, Config{})
	const composed, decomposed = "d\u00e9j\u00e0 vu \ufb01n", "de\u0301ja\u0300 vu \ufb01n"
	const compatible = "d\u00e9j\u00e0 vu fin"
	for made, asked := range map[string]string{composed: decomposed, decomposed: composed} {
		phc, err := h.Hash(t.Context(), made)
		require.NoError(t, err)
		ok, _, err := h.Verify(t.Context(), asked, phc)
		require.NoError(t, err)
		require.True(t, ok)
	}

	phc, err := h.Hash(t.Context(), composed)
	require.NoError(t, err)
	ok, _, err := h.Verify(t.Context(), compatible, phc)
	require.NoError(t, err)
	require.False(t, ok, "characters that only look alike stay different")
}

// Many at once, with real hashes: for the race detector and for the bound itself.
func TestCrowd(t *testing.T) {
	t.Parallel()
	const concurrency, crowd = 3, 50
	h := start(t, Config{Concurrency: concurrency, Queue: 4, Wait: time.Minute})
	var running atomic.Int64
	var mutex sync.Mutex
	var most int64
	create := h.create
	h.create = func(password string, params *argon2id.Params) (string, error) {
		now := running.Add(1)
		defer running.Add(-1)
		mutex.Lock()
		most = max(most, now)
		mutex.Unlock()
		return create(password, params)
	}

	errs := make([]error, crowd)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() {
			phc, err := h.Hash(t.Context(), "correct horse battery")
			errs[i] = err
			if (err == nil) == (phc == "") {
				errs[i] = errors.Join(err, errors.New("a hash and an error, or neither"))
			}
		})
	}
	group.Wait()

	succeeded := 0
	for _, err := range errs {
		if err == nil {
			succeeded++
			continue
		}
		require.ErrorIs(t, err, ErrBusy)
		require.Equal(t, ErrBusy.Error(), err.Error())
	}
	require.GreaterOrEqual(t, succeeded, concurrency)
	require.LessOrEqual(t, most, int64(concurrency))
	requireIdle(t, h)
}

func TestCrowdIsCutToTheQueue(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		work      time.Duration
		succeeded int
	}{
		"all that wait get their turn":        {work: 100 * time.Millisecond, succeeded: 2 + 8},
		"some wait too long":                  {work: 400 * time.Millisecond, succeeded: 2 + 2 + 2},
		"none that wait gets its turn":        {work: 2 * time.Second, succeeded: 2},
		"the turn comes right before the end": {work: 999 * time.Millisecond, succeeded: 2 + 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := start(t, Config{Concurrency: 2, Queue: 8, Wait: time.Second, Caller: everybody}).lasting(c.work)
				began := time.Now()
				var succeeded, atOnce, late atomic.Int64
				var group sync.WaitGroup
				for range 50 {
					group.Go(func() {
						_, err := h.Hash(t.Context(), "correct horse battery")
						switch {
						case err == nil:
							succeeded.Add(1)
						case !errors.Is(err, ErrBusy):
							t.Error(err)
						case time.Since(began) == 0:
							atOnce.Add(1)
						case time.Since(began) == time.Second:
							late.Add(1)
						}
					})
				}
				synctest.Wait()
				running, waiting := h.Stats()
				require.Equal(t, 2, running)
				require.Equal(t, 8, waiting)
				require.EqualValues(t, 40, atOnce.Load(), "refused without a wait")

				group.Wait()
				require.EqualValues(t, c.succeeded, succeeded.Load())
				require.EqualValues(t, 10-c.succeeded, late.Load(), "refused when the wait was over")
				requireIdle(t, h)
			})
		})
	}
}

func everybody(context.Context) (string, bool) { return "", true }

func TestCancelledWaitFreesItsPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, Config{Concurrency: 1, Queue: 1, Wait: time.Minute}).lasting(10 * time.Second)
		hash := func(ctx context.Context) <-chan error {
			done := make(chan error, 1)
			go func() {
				_, err := h.Hash(ctx, "correct horse battery")
				done <- err
			}()
			synctest.Wait()
			return done
		}

		first := hash(t.Context())
		ctx, cancel := context.WithCancel(t.Context())
		second := hash(ctx)
		require.ErrorIs(t, <-hash(t.Context()), ErrBusy, "the queue is full")

		cancel()
		require.ErrorIs(t, <-second, context.Canceled)
		third := hash(t.Context())
		_, waiting := h.Stats()
		require.Equal(t, 1, waiting)

		require.NoError(t, <-first)
		require.NoError(t, <-third)
		requireIdle(t, h)
	})
}

func TestDeadlineWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, Config{Concurrency: 1, Wait: time.Minute}).lasting(10 * time.Second)
		go func() { _, _ = h.Hash(t.Context(), "correct horse battery") }()
		synctest.Wait()

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := h.Hash(ctx, "correct horse battery")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, ErrBusy)
		time.Sleep(time.Minute)
		requireIdle(t, h)
	})
}

func TestEndedContextComputesNothing(t *testing.T) {
	t.Parallel()
	h := start(t, Config{})
	h.create = func(string, *argon2id.Params) (string, error) { panic("computed") }
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := h.Hash(ctx, "correct horse battery")
	require.ErrorIs(t, err, context.Canceled)
}

func TestPanicGivesThePlaceBack(t *testing.T) {
	t.Parallel()
	h := start(t, Config{Concurrency: 1})
	h.create = func(string, *argon2id.Params) (string, error) { panic("out of luck") }
	for range 2 {
		require.Panics(t, func() { _, _ = h.Hash(t.Context(), "correct horse battery") })
	}
	requireIdle(t, h)
}

// A hash that takes more memory than one place counts for as many as it takes.
func TestLargerHashTakesMorePlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, Config{Concurrency: 3}).lasting(time.Second)
		of := func(memoryKiB uint32) string {
			return decoyOf(
				&argon2id.Params{Memory: memoryKiB, Iterations: 1, Parallelism: 1, SaltLength: saltBytes, KeyLength: keyBytes},
			)
		}
		for name, c := range map[string]struct {
			memoryKiB     uint32
			running, left int
		}{
			"smaller":           {memoryKiB: small.MemoryKiB / 4, running: 3, left: 1},
			"the same":          {memoryKiB: small.MemoryKiB, running: 3, left: 1},
			"twice":             {memoryKiB: 2 * small.MemoryKiB, running: 1, left: 3},
			"more than all has": {memoryKiB: 9 * small.MemoryKiB, running: 1, left: 3},
		} {
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() { _, _, _ = h.Verify(t.Context(), "correct horse battery", of(c.memoryKiB)) })
			}
			synctest.Wait()
			running, waiting := h.Stats()
			require.Equal(t, c.running, running, name)
			require.Equal(t, c.left, waiting, name)
			group.Wait()
		}
		requireIdle(t, h)
	})
}

func TestRehash(t *testing.T) {
	t.Parallel()
	configured := Params{MemoryKiB: 64, Iterations: 2, Parallelism: 2}
	h := start(t, Config{Params: configured})
	same := argon2id.Params{Memory: 64, Iterations: 2, Parallelism: 2, SaltLength: saltBytes, KeyLength: keyBytes}

	for name, c := range map[string]struct {
		change func(*argon2id.Params)
		want   bool
	}{
		"same":             {change: func(*argon2id.Params) {}},
		"more memory":      {change: func(p *argon2id.Params) { p.Memory *= 2 }},
		"more iterations":  {change: func(p *argon2id.Params) { p.Iterations++ }},
		"less memory":      {change: func(p *argon2id.Params) { p.Memory-- }, want: true},
		"fewer iterations": {change: func(p *argon2id.Params) { p.Iterations-- }, want: true},
		"fewer lanes":      {change: func(p *argon2id.Params) { p.Parallelism-- }, want: true},
		"shorter salt":     {change: func(p *argon2id.Params) { p.SaltLength-- }, want: true},
		"shorter key":      {change: func(p *argon2id.Params) { p.KeyLength-- }, want: true},
		"more and less":    {change: func(p *argon2id.Params) { p.Memory *= 2; p.Iterations-- }, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			params := same
			c.change(&params)
			phc, err := argon2id.CreateHash("correct horse battery", &params)
			require.NoError(t, err)

			ok, rehash, err := h.Verify(t.Context(), "correct horse battery", phc)
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, c.want, rehash)

			ok, rehash, err = h.Verify(t.Context(), "wrong", phc)
			require.NoError(t, err)
			require.False(t, ok)
			require.False(t, rehash, "only the right password can be hashed anew")
		})
	}
}

// The answer for an account that does not exist takes the same computation, counted rather than timed.
func TestDummyDoesTheSameWork(t *testing.T) {
	t.Parallel()
	h := start(t, Config{Params: Params{MemoryKiB: 128, Iterations: 3, Parallelism: 2}})
	phc, err := h.Hash(t.Context(), "correct horse battery")
	require.NoError(t, err)

	var computed []argon2id.Params
	check := h.check
	h.check = func(password, phc string) (bool, *argon2id.Params, error) {
		match, params, err := check(password, phc)
		computed = append(computed, *params)
		return match, params, err
	}
	_, _, err = h.Verify(t.Context(), "correct horse battery", phc)
	require.NoError(t, err)
	ok, _, err := h.Verify(t.Context(), "correct horse battery", h.Decoy())
	require.NoError(t, err)
	require.False(t, ok)

	want := argon2id.Params{Memory: 128, Iterations: 3, Parallelism: 2, SaltLength: saltBytes, KeyLength: keyBytes}
	require.Equal(t, []argon2id.Params{want, want}, computed)
	require.NotEqual(t, h.decoy, start(t, Config{}).decoy)
}

const (
	saltOf16 = "AAAAAAAAAAAAAAAAAAAAAA"
	keyOf32  = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

func TestOddStoredHashesAreNotComputed(t *testing.T) {
	t.Parallel()
	h := start(t, Config{})
	h.check = func(string, string) (bool, *argon2id.Params, error) { panic("computed") }
	end := "$" + saltOf16 + "$" + keyOf32

	for name, phc := range map[string]string{
		"nothing":               "",
		"a password":            "correct horse battery",
		"bcrypt":                "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"argon2i":               "$argon2i$v=19$m=64,t=1,p=1" + end,
		"another version":       "$argon2id$v=16$m=64,t=1,p=1" + end,
		"no version":            "$argon2id$m=64,t=1,p=1" + end,
		"no salt":               "$argon2id$v=19$m=64,t=1,p=1$$" + keyOf32,
		"no key":                "$argon2id$v=19$m=64,t=1,p=1$" + saltOf16 + "$",
		"short salt":            "$argon2id$v=19$m=64,t=1,p=1$AAAA$" + keyOf32,
		"short key":             "$argon2id$v=19$m=64,t=1,p=1$" + saltOf16 + "$AAAA",
		"padded key":            "$argon2id$v=19$m=64,t=1,p=1" + end + "=",
		"cut":                   "$argon2id$v=19$m=64,t=1,p=1$" + saltOf16,
		"more behind":           "$argon2id$v=19$m=64,t=1,p=1" + end + "$",
		"endless":               "$argon2id$v=19$m=64,t=1,p=1" + end + strings.Repeat("AAAA", 1<<20),
		"no iterations":         "$argon2id$v=19$m=64,t=0,p=1" + end,
		"too many iterations":   "$argon2id$v=19$m=64,t=17,p=1" + end,
		"no lanes":              "$argon2id$v=19$m=64,t=1,p=0" + end,
		"too many lanes":        "$argon2id$v=19$m=4096,t=1,p=17" + end,
		"lanes beyond a byte":   "$argon2id$v=19$m=64,t=1,p=257" + end,
		"no memory":             "$argon2id$v=19$m=0,t=1,p=1" + end,
		"too little for lanes":  "$argon2id$v=19$m=15,t=1,p=2" + end,
		"too much memory":       "$argon2id$v=19$m=262145,t=1,p=1" + end,
		"4 TiB":                 "$argon2id$v=19$m=4294967295,t=1,p=1" + end,
		"memory beyond 32 bits": "$argon2id$v=19$m=4294967360,t=1,p=1" + end,
		"negative":              "$argon2id$v=19$m=-64,t=1,p=1" + end,
		"a sign":                "$argon2id$v=19$m=+64,t=1,p=1" + end,
		"a leading zero":        "$argon2id$v=19$m=064,t=1,p=1" + end,
		"another order":         "$argon2id$v=19$t=1,m=64,p=1" + end,
		"more behind lanes":     "$argon2id$v=19$m=64,t=1,p=1,x=1" + end,
		"more behind version":   "$argon2id$v=19x$m=64,t=1,p=1" + end,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ok, rehash, err := h.Verify(t.Context(), "correct horse battery", phc)
			require.Error(t, err)
			require.False(t, ok)
			require.False(t, rehash)
			if phc != "" {
				require.NotContains(t, err.Error(), phc)
			}
		})
	}
}

func TestTamperedStoredHashes(t *testing.T) {
	t.Parallel()
	h := start(t, Config{})
	phc, err := h.Hash(t.Context(), "correct horse battery")
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		odd := []byte(phc)
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			at := rapid.IntRange(0, len(odd)-1).Draw(t, "at")
			switch rapid.IntRange(0, 2).Draw(t, "kind") {
			case 0:
				odd[at] = rapid.Byte().Draw(t, "byte")
			case 1:
				odd = append(odd[:at], odd[at+1:]...)
			default:
				odd = append(odd[:at], append([]byte{"$,=0123456789AZ"[rapid.IntRange(0, 14).Draw(t, "token")]}, odd[at:]...)...)
			}
		}
		params, err := parse(string(odd))
		if err != nil {
			require.Nil(t, params)
			return
		}
		require.NoError(t, checkParams(params))
		require.True(t, strings.HasPrefix(string(odd), header(params)))
	})
}

func TestFailedComputationIsTold(t *testing.T) {
	t.Parallel()
	h := start(t, Config{})
	failure := errors.New("no random bytes")
	h.create = func(string, *argon2id.Params) (string, error) { return "", failure }
	_, err := h.Hash(t.Context(), "correct horse battery")
	require.ErrorIs(t, err, failure)
}

func TestNew(t *testing.T) {
	t.Parallel()
	h, err := New(Config{})
	require.NoError(t, err)
	require.Equal(
		t,
		argon2id.Params{Memory: 19456, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32},
		h.params,
	)
	require.Equal(t, 64, h.queue.most)
	require.Equal(t, 48, h.queue.unknown)
	require.Equal(t, time.Second, time.Duration(h.wait.Load()))
	require.Positive(t, h.capacity)

	for name, config := range map[string]Config{
		"negative concurrency": {Concurrency: -1},
		"negative queue":       {Queue: -1},
		"negative wait":        {Wait: -1},
		"no memory":            {Params: Params{Iterations: 1, Parallelism: 1}},
		"too much memory":      {Params: Params{MemoryKiB: maxMemoryKiB + 1, Iterations: 1, Parallelism: 1}},
		"no iterations":        {Params: Params{MemoryKiB: 64, Parallelism: 1}},
		"no lanes":             {Params: Params{MemoryKiB: 64, Iterations: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New(config)
			require.Error(t, err)
		})
	}
}

func requireIdle(t *testing.T, h *Hasher) {
	t.Helper()
	running, waiting := h.Stats()
	require.Zero(t, running)
	require.Zero(t, waiting)
	require.Equal(t, h.capacity, h.queue.free, "all of the memory was given back")
}

func BenchmarkHash(b *testing.B) {
	h := start(b, Config{Params: DefaultParams()})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Hash(b.Context(), "correct horse battery"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	h := start(b, Config{Params: DefaultParams()})
	phc, err := h.Hash(b.Context(), "correct horse battery")
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if ok, _, err := h.Verify(b.Context(), "correct horse battery", phc); err != nil || !ok {
			b.Fatal(ok, err)
		}
	}
}
