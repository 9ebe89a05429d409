package token

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/plumbline/impl/platform/ops"
)

const (
	fetchInterval = 5 * time.Minute  // between two fetches of the set after a success
	fetchSpacing  = 10 * time.Second // between any two fetches, at least
	firstSpacing  = time.Second      // the same while there is no set
	fetchTimeout  = 3 * time.Second  // of one fetch, and of a call that waits for it
	maxSetBytes   = 64 << 10
)

// KeySetPath is where the users service publishes its key set.
const KeySetPath = "/.well-known/jwks.json"

// RemoteKeys is the key set that another service publishes. It is fetched from one configured address in the
// background, about every 5 minutes, and every second until there is one; the last good set stays valid while the
// service is unreachable. An unknown key id triggers a fetch, at most one in 10 s, so an id counts as unknown only if
// the set is at most 10 s old.
type RemoteKeys struct {
	url    string
	client *http.Client
	clock  func() time.Time
	log    *slog.Logger
	made   time.Time
	set    atomic.Pointer[remoteSet]

	// Fetches end with life, not with the request that asked for one.
	life   context.Context //nolint:containedctx // It is the life of this, not of a call.
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	started  bool
	fetching chan struct{} // closed when the current fetch ends; nil if there is none
	fetched  time.Time     // when the last fetch began
	warned   time.Time     // when a failed fetch was logged last
}

// A remoteSet is the last good set and the result of the last fetch; it is immutable.
type remoteSet struct {
	keys map[string]ed25519.PublicKey
	at   time.Time // when the keys were fetched; zero if there are none
	err  error
}

var errNotFetched = errors.New("the key set has not been fetched yet")

// NewRemoteKeys returns a source of the keys at an http or https address. The client is copied: its time-outs and
// transport are used, redirects are not followed. Nothing is fetched before Start or the first Key.
func NewRemoteKeys(address string, client *http.Client, clock func() time.Time, log *slog.Logger) (*RemoteKeys, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, errors.New("key set address: give an http or https URL without user and fragment")
	}
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

	life, cancel := context.WithCancel(context.Background())
	r := &RemoteKeys{
		url: address, client: &own, clock: clock, log: log, made: clock(), life: life, cancel: cancel,
	}
	r.set.Store(&remoteSet{err: errNotFetched})
	return r, nil
}

// Start fetches the set periodically until the context ends or Close. Only the first call counts. Start does not wait,
// so a service starts without its issuer.
func (r *RemoteKeys) Start(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.started || r.closed {
		return
	}
	r.started = true
	r.work.Go(func() {
		defer context.AfterFunc(ctx, r.cancel)()
		r.refetch()
	})
}

// Close ends all fetches and waits for them. Known keys stay known.
func (r *RemoteKeys) Close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.cancel()
	r.work.Wait()
}

// Key returns a key of the set; see KeySource. For an unknown id it waits at most 3 s for a fresh set, if one may be
// fetched.
func (r *RemoteKeys) Key(ctx context.Context, kid string) (ed25519.PublicKey, error) {
	if key, ok := r.set.Load().keys[kid]; ok {
		return key, nil
	}
	if fresh := r.fetchSoon(); fresh != nil {
		wait, cancel := context.WithTimeout(ctx, fetchTimeout)
		defer cancel()
		select {
		case <-fresh:
		case <-wait.Done():
			return nil, fmt.Errorf("wait for the key set: %w", wait.Err())
		}
	}
	set := r.set.Load()
	if key, ok := set.keys[kid]; ok {
		return key, nil
	}
	if set.err != nil {
		return nil, set.err
	}
	return nil, ErrUnknownKey
}

// NoKeys is the reason of Check and of a service that is not ready: no access token can be verified.
const NoKeys ops.Reason = "no_keys"

// Has reports whether there is a key set, however old.
func (r *RemoteKeys) Has() bool { return len(r.set.Load().keys) > 0 }

// Check fails with NoKeys while there is no key set, for ops.Check.
func (r *RemoteKeys) Check(context.Context) error {
	if set := r.set.Load(); len(set.keys) == 0 {
		return errors.Join(NoKeys, set.err)
	}
	return nil
}

// age is the time since the set was fetched; since r was made if there is none.
func (r *RemoteKeys) age() time.Duration {
	at := r.set.Load().at
	if at.IsZero() {
		at = r.made
	}
	return r.clock().Sub(at)
}

// Collectors export the number of keys and their age.
func (r *RemoteKeys) Collectors() []prometheus.Collector {
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	return []prometheus.Collector{
		gauge("token_keys", "Public keys that access tokens are verified with.",
			func() float64 { return float64(len(r.set.Load().keys)) }),
		gauge("token_keys_age_seconds", "Time since these keys were fetched; since the start if there are none.",
			func() float64 { return r.age().Seconds() }),
	}
}

// refetch fetches in the background until life ends, earlier again after a failure.
func (r *RemoteKeys) refetch() {
	for {
		if fresh := r.fetchSoon(); fresh != nil {
			<-fresh
		}
		pause := fetchInterval
		if r.set.Load().err != nil {
			pause = r.spacing()
		}
		// Up to a tenth more, so that replicas that started together do not fetch together.
		timer := time.NewTimer(pause + rand.N(pause/10))
		select {
		case <-timer.C:
		case <-r.life.Done():
			timer.Stop()
			return
		}
	}
}

// spacing is the least time between two fetches.
func (r *RemoteKeys) spacing() time.Duration {
	if r.Has() {
		return fetchSpacing
	}
	return firstSpacing
}

// fetchSoon begins a fetch, unless one is running or the last is too recent. It returns a channel that is closed when
// the fetch ends, or nil if there is none to wait for.
func (r *RemoteKeys) fetchSoon() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.clock()
	switch {
	case r.fetching != nil:
		return r.fetching
	case r.closed || r.life.Err() != nil:
		return nil
	case !r.fetched.IsZero() && now.Sub(r.fetched) < r.spacing():
		return nil
	}
	done := make(chan struct{})
	r.fetched, r.fetching = now, done
	r.work.Go(func() {
		r.fetch()
		r.mu.Lock()
		r.fetching = nil
		r.mu.Unlock()
		close(done)
	})
	return done
}

// fetch replaces the set, or keeps its keys and records the failure.
func (r *RemoteKeys) fetch() {
	keys, err := r.download()
	if err != nil {
		err = fmt.Errorf("fetch the key set: %w", err)
		last := r.set.Load()
		r.set.Store(&remoteSet{keys: last.keys, at: last.at, err: err})
		r.warn(err)
		return
	}
	r.set.Store(&remoteSet{keys: keys, at: r.clock()})
}

// warn logs a failed fetch, at most once in 10 s.
func (r *RemoteKeys) warn(err error) {
	r.mu.Lock()
	now := r.clock()
	told := r.life.Err() != nil || !r.warned.IsZero() && now.Sub(r.warned) < fetchSpacing
	if !told {
		r.warned = now
	}
	r.mu.Unlock()
	if told {
		return
	}
	text := "key set not fetched, the last good one stays in use"
	if !r.Has() {
		text = "key set not fetched, and there is none yet: every token is answered 503"
	}
	r.log.WarnContext(r.life, text, slog.String("url", r.url), slog.Any("error", err))
}

func (r *RemoteKeys) download() (map[string]ed25519.PublicKey, error) {
	ctx, cancel := context.WithTimeout(r.life, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := r.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered %d, not 200", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxSetBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if len(body) > maxSetBytes {
		return nil, fmt.Errorf("answered more than %d bytes", maxSetBytes)
	}
	return parseKeySet(body)
}
