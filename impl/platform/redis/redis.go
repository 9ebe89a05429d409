// Package redis calls Redis, and never depends on it.
//
// It promises that
//   - New succeeds while Redis is away; the connection is made, and made again after a loss, in the background;
//   - no caller waits longer than the time-out, whatever Redis and the connection do;
//   - once Redis has failed a few times, calls are refused at once, until a probe of the client's own has succeeded;
//   - a server that has become a replica is left, and the address asked for the new primary;
//   - no error contains the password.
//
// It talks to one Redis, or to the one address of a managed one, over one connection that all callers share. It follows
// no redirection of Redis Cluster and asks no Sentinel.
package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/redis/rueidis"

	"example.com/plumbline/impl/platform/ops"
)

const (
	// The breaker opens when so many of so many calls in a row have failed.
	openAfter, openWindow = 5, 10
	// connectTimeout bounds one attempt to connect, TLS and authentication included. Only the probe waits for it.
	connectTimeout = 2 * time.Second
	// The pause between two probes doubles from the first to the longest.
	firstPause, longestPause = 50 * time.Millisecond, time.Second
	// probeLife is how long the key that a probe writes lives.
	probeLife = time.Minute
)

// ErrAway is the error of calls that the breaker has refused: Redis has failed lately, or has never been connected.
var ErrAway = errors.New("redis: it has failed lately, so it is not called")

// Client calls one Redis. It is safe for concurrent use.
type Client struct {
	name    string
	timeout time.Duration
	log     *slog.Logger
	conn    rueidis.Client
	breaker circuitbreaker.CircuitBreaker[any]
	metrics *metrics

	opened  chan struct{} // tells the prober that the breaker is open
	failure atomic.Pointer[error]
	made    atomic.Uint64 // connections
	latest  atomic.Pointer[net.Conn]
	told    atomic.Int64 // when tell logged last, in seconds since 1970
	close   func()
	ended   sync.WaitGroup
}

// New returns a client and begins to connect; its breaker is open until a probe has succeeded. It fails only if the
// configuration is unusable, or if the registry has the metrics already.
func New(c Config) (*Client, error) {
	options, err := c.options()
	if err != nil {
		return nil, err
	}
	begun, closing := context.WithCancel(context.Background())
	client := &Client{
		name: c.Name, timeout: c.timeout(), log: c.logger(), opened: make(chan struct{}, 1), close: closing,
	}
	// rueidis connects when a client is made, and keeps the client if that fails.
	var mayDial atomic.Bool
	dial := options.DialCtxFn
	options.DialCtxFn = func(
		ctx context.Context, addr string, dialer *net.Dialer, config *tls.Config,
	) (net.Conn, error) {
		if !mayDial.Load() {
			return nil, ErrAway
		}
		conn, err := dial(ctx, addr, dialer, config)
		if err == nil {
			client.made.Add(1)
			client.latest.Store(&conn)
		}
		return conn, err
	}
	client.conn, err = rueidis.NewClient(options)
	if client.conn == nil {
		closing()
		return nil, fmt.Errorf("redis: %w", err)
	}
	mayDial.Store(true)
	client.breaker = circuitbreaker.NewBuilder[any]().
		WithFailureThresholdRatio(openAfter, openWindow).
		OnOpen(func(circuitbreaker.StateChangedEvent) {
			select {
			case client.opened <- struct{}{}:
			default:
			}
		}).
		Build()
	client.breaker.Open()
	if client.metrics, err = newMetrics(c.Registry, client.breaker.IsOpen); err != nil {
		closing()
		client.conn.Close()
		return nil, err
	}
	client.ended.Go(func() { client.probeWhileOpen(begun) })
	return client, nil
}

// Close ends the connection. Calls fail from then on.
func (c *Client) Close() {
	c.close()
	c.ended.Wait()
	c.conn.Close()
}

// Connections is the number of connections that have been made. A new one is counted before an answer comes over it,
// which may be from a Redis that has gone back in time: it was restarted from a file, or another has taken its place.
func (c *Client) Connections() uint64 { return c.made.Load() }

// Key gives the name of a key of this service. Services that share a Redis do not share keys.
func (c *Client) Key(name string) string { return c.name + ":" + name }

// B builds commands, for Do.
func (c *Client) B() rueidis.Builder { return c.conn.B() }

// Do sends a command and waits for the answer no longer than the time-out and than ctx. The command may have its effect
// although its answer came too late. The error is ErrAway if the breaker is open, and context.DeadlineExceeded after
// the time-out.
func (c *Client) Do(ctx context.Context, command rueidis.Completed) rueidis.RedisResult {
	return c.call(ctx, func(ctx context.Context) rueidis.RedisResult { return c.conn.Do(ctx, command) })
}

// Run runs a script, as Do sends a command. A Redis that does not know the script, as after a restart, is given it.
func (c *Client) Run(ctx context.Context, script *rueidis.Lua, keys, args []string) rueidis.RedisResult {
	return c.call(ctx, func(ctx context.Context) rueidis.RedisResult { return script.Exec(ctx, c.conn, keys, args) })
}

// call calls Redis unless the breaker is open, and records the result.
func (c *Client) call(
	ctx context.Context, do func(context.Context) rueidis.RedisResult,
) rueidis.RedisResult {
	if !c.breaker.IsClosed() {
		c.metrics.results[refused].Inc()
		return rueidis.NewErrorResult(ErrAway)
	}
	given := c.timeout
	if deadline, ok := ctx.Deadline(); ok {
		given = min(given, time.Until(deadline))
	}
	start := time.Now()
	answer := within(ctx, c.timeout, do)
	err := answer.Error()
	result := resultOf(ctx, err)
	c.metrics.observe(result, time.Since(start))
	switch {
	case result == success:
		c.breaker.RecordSuccess()
	case result == rejected:
		c.breaker.RecordSuccess()
		c.tell(err)
	case result == canceled || result == timedOut && given < c.timeout/2:
		// The caller's haste says nothing about Redis.
	default:
		c.fail(err)
	}
	return answer
}

// tell logs, at most once a minute, that Redis works and refuses a command: the program is wrong, or the rights of its
// user are.
func (c *Client) tell(err error) {
	now := time.Now().Unix()
	if last := c.told.Load(); now-last >= 60 && c.told.CompareAndSwap(last, now) {
		c.log.Warn("Redis refuses a command", slog.Any("error", err))
	}
}

// fail records a failure.
func (c *Client) fail(err error) {
	c.failure.Store(&err)
	wasClosed := c.breaker.IsClosed()
	c.breaker.RecordFailure()
	if wasClosed && c.breaker.IsOpen() {
		c.log.Warn("breaker opened, work goes on without Redis", slog.Any("error", err))
	}
}

// within waits for do, which may ignore its context: rueidis waits without a bound for a place in the queue of a
// connection, and for another caller who connects.
func within(
	ctx context.Context, timeout time.Duration, do func(context.Context) rueidis.RedisResult,
) rueidis.RedisResult {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answered := make(chan rueidis.RedisResult, 1)
	go func() { answered <- do(ctx) }()
	select {
	case answer := <-answered:
		return answer
	case <-ctx.Done():
		return rueidis.NewErrorResult(ctx.Err())
	}
}

// probeWhileOpen closes the breaker once a probe has succeeded, until ctx ends. No request waits for a probe.
func (c *Client) probeWhileOpen(ctx context.Context) {
	pause := time.Duration(0) // The first attempt to connect is made at once.
	for {
		select {
		case <-c.opened:
		case <-ctx.Done():
			return
		}
		for c.breaker.IsOpen() {
			select {
			case <-time.After(pause/2 + rand.N(pause/2+1)): // so that replicas do not probe together
			case <-ctx.Done():
				return
			}
			err := c.probe(ctx)
			if err == nil {
				c.failure.Store(nil)
				c.breaker.Close()
				c.log.Info("breaker closed, Redis works")
				break
			}
			if pause == 0 && ctx.Err() == nil {
				c.log.Warn("Redis is away, work goes on without it", slog.Any("error", err))
			}
			c.failure.Store(&err)
			if isReplaced(err) {
				c.hangUp()
			}
			pause = min(max(2*pause, firstPause), longestPause)
		}
		pause = firstPause
	}
}

// probe tries what every caller needs: to connect, and to write within the time-out. A Redis that is full, or a replica
// that takes no writes, fails.
func (c *Client) probe(ctx context.Context) error {
	err := within(ctx, connectTimeout, func(ctx context.Context) rueidis.RedisResult {
		return c.conn.Do(ctx, c.conn.B().Ping().Build())
	}).Error()
	if err != nil {
		return err
	}
	return within(ctx, c.timeout, func(ctx context.Context) rueidis.RedisResult {
		return c.conn.Do(ctx, c.write())
	}).Error()
}

// isReplaced tells whether an error says that another server may be the primary by now, at the same address: a server
// that becomes a replica keeps its connections.
func isReplaced(err error) bool {
	answer, isAnswer := rueidis.IsRedisErr(err)
	return isAnswer && slices.Contains([]string{"READONLY", "MASTERDOWN", "LOADING"}, codeOf(answer))
}

// hangUp closes the connection, so that the next probe makes another.
func (c *Client) hangUp() {
	if conn := c.latest.Load(); conn != nil {
		_ = (*conn).Close() // It may be closed.
	}
}

// write is the command of a probe.
func (c *Client) write() rueidis.Completed {
	return c.B().Set().Key(c.Key("probe")).Value("1").Px(probeLife).Build()
}

// Check is the health check of an optional dependency: it writes a key, and says why Redis fails.
func (c *Client) Check(ctx context.Context) error {
	err := c.Do(ctx, c.write()).Error()
	if errors.Is(err, ErrAway) {
		if failure := c.failure.Load(); failure != nil {
			err = *failure
		}
	}
	if err == nil {
		return nil
	}
	return errors.Join(reasonOf(err), err)
}

// Reasons of /healthz, besides those of the package ops.
const (
	full     ops.Reason = "full"
	readOnly ops.Reason = "read_only"
	denied   ops.Reason = "access_denied"
)
