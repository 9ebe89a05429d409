package postgres

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Config says where a database is and how long each wait may take. A limit that is zero is the one of the URL, else
// that of [DefaultConfig]; a negative one means none. The URL has limits as parameters: those of pgxpool, such as
// ?pool_max_conns=20; connect_timeout, which applies to each server of the URL, in seconds; and PostgreSQL's own, such
// as statement_timeout.
type Config struct {
	// URL is postgres://user:password@host:port/database, or libpq's key=value form.
	URL string

	MaxConns              int32
	MinConns              int32 // kept open
	MinIdleConns          int32 // kept open and unused, for the next that want one
	MaxConnLifetime       time.Duration
	MaxConnLifetimeJitter time.Duration // random time that is added to the lifetime, so that not all end at once
	MaxConnIdleTime       time.Duration

	ConnectTimeout           time.Duration // for each server of the URL, with TLS handshake and login
	AcquireTimeout           time.Duration // waiting for a free connection of the pool
	StatementTimeout         time.Duration // PostgreSQL's statement_timeout
	LockTimeout              time.Duration // PostgreSQL's lock_timeout
	IdleInTransactionTimeout time.Duration // PostgreSQL's idle_in_transaction_session_timeout

	// Shares limit the connections that work of some kinds uses at once. SharesOf gives the shares in which the work of a
	// context takes a place, in that order; work without a share may use every connection.
	Shares   []Share
	SharesOf func(context.Context) []string

	ApplicationName string          // seen in pg_stat_activity; the URL's goes before it
	Tracer          pgx.QueryTracer // nil traces nothing; a tracer sees the arguments of statements
}

// Open returns a pool that has reached its database once. The caller closes it. An error is one sentence that names
// host, port and database, never the password.
func Open(ctx context.Context, cfg Config) (*pgxpool.Pool, error) {
	poolConfig, err := cfg.pool()
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, poolConfig)
	if err != nil {
		return nil, explainConnect(&poolConfig.ConnConfig.Config, err)
	}
	if err := pool.Ping(context.WithValue(ctx, openingKey{}, true)); err != nil {
		pool.Close()
		return nil, explainConnect(&poolConfig.ConnConfig.Config, err)
	}
	return pool, nil
}

// CheckURL checks the URL of a database without connecting. An error is one sentence without the password.
func CheckURL(url string) error {
	_, _, err := Config{URL: url}.parse()
	return err
}

func (c Config) pool() (*pgxpool.Config, error) {
	poolConfig, params, err := c.parse()
	if err != nil {
		return nil, err
	}
	if c, err = c.resolve(poolConfig, params); err != nil {
		return nil, err
	}
	poolConfig.MaxConns = c.MaxConns
	poolConfig.MinConns = max(c.MinConns, 0)
	poolConfig.MinIdleConns = max(c.MinIdleConns, 0)
	poolConfig.MaxConnLifetime = orForever(c.MaxConnLifetime)
	poolConfig.MaxConnLifetimeJitter = max(c.MaxConnLifetimeJitter, 0)
	poolConfig.MaxConnIdleTime = orForever(c.MaxConnIdleTime)
	if _, given := params["pool_ping_timeout"]; !given {
		poolConfig.PingTimeout = time.Second
	}
	conn := poolConfig.ConnConfig
	conn.ConnectTimeout = max(c.ConnectTimeout, 0)
	conn.RuntimeParams["statement_timeout"] = milliseconds(c.StatementTimeout)
	conn.RuntimeParams["lock_timeout"] = milliseconds(c.LockTimeout)
	conn.RuntimeParams["idle_in_transaction_session_timeout"] = milliseconds(c.IdleInTransactionTimeout)
	setMissing(conn.RuntimeParams, map[string]string{
		"timezone": "UTC", "default_transaction_isolation": "read committed",
	})
	if c.ApplicationName != "" {
		setMissing(conn.RuntimeParams, map[string]string{"application_name": c.ApplicationName})
	}
	conn.Tracer = c.tracer()
	conn.OnNotice = noteUnreplicated
	if conn.ValidateConnect != nil { // With target_session_attrs another server may take writes.
		conn.OnPgError = leaveReadOnly(conn.OnPgError)
	}
	return poolConfig, nil
}

// leaveReadOnly also closes a connection over which a write was refused.
func leaveReadOnly(usual pgconn.PgErrorHandler) pgconn.PgErrorHandler {
	return func(conn *pgconn.PgConn, err *pgconn.PgError) (keep bool) {
		return usual(conn, err) && err.Code != codeReadOnly
	}
}

func setMissing(params, defaults map[string]string) {
	for name, value := range defaults {
		if _, ok := params[name]; !ok {
			params[name] = value
		}
	}
}

// orForever is for pgxpool, which knows no lifetime without an end.
func orForever(d time.Duration) time.Duration {
	if d < 0 {
		return 100 * 365 * 24 * time.Hour
	}
	return d
}

// milliseconds renders a time-out for PostgreSQL, which reads 0 as no limit.
func milliseconds(d time.Duration) string {
	if d > 0 && d < time.Millisecond {
		d = time.Millisecond
	}
	return strconv.FormatInt(max(d, 0).Milliseconds(), 10)
}

// ErrAcquireTimeout means that no connection of the pool came free in time.
var ErrAcquireTimeout = errors.New("no database connection came free in time")

// acquireLimit limits the wait of Acquire. pgxpool has no setting for it, but uses the context that a tracer returns.
type acquireLimit time.Duration

type acquireContext struct {
	context.Context //nolint:containedctx // It is a context.
	cancel          context.CancelFunc
}

type acquireKey struct{}

// openingKey marks the first Acquire of a pool, which tries every server; each attempt has its own limit.
type openingKey struct{}

// Err tells a wait for the pool from a wait for a statement: pgxpool returns this error.
func (c *acquireContext) Err() error {
	err := c.Context.Err()
	if errors.Is(err, context.DeadlineExceeded) {
		return ErrAcquireTimeout
	}
	return err
}

// Value lets TraceAcquireEnd find this context below those of other tracers.
func (c *acquireContext) Value(key any) any {
	if key == (acquireKey{}) {
		return c
	}
	return c.Context.Value(key)
}

func (l acquireLimit) TraceAcquireStart(
	ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData,
) context.Context {
	if ctx.Value(openingKey{}) != nil {
		return ctx
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(l))
	return &acquireContext{Context: ctx, cancel: cancel}
}

func (l acquireLimit) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireEndData) {
	if c, ok := ctx.Value(acquireKey{}).(*acquireContext); ok {
		c.cancel()
	}
}

// tracer joins the tracers that measure waits, that limit Acquire, and the configured one. c is resolved.
func (c Config) tracer() pgx.QueryTracer {
	all := multitracer.New(watch{})
	if c.Tracer != nil {
		all = multitracer.New(watch{}, c.Tracer)
	}
	waits := newWaits(c.Shares)
	if c.AcquireTimeout > 0 {
		all.PoolAcquireTracers = append(all.PoolAcquireTracers, acquireLimit(c.AcquireTimeout))
	}
	if len(c.Shares) > 0 {
		b := newBulkhead(c.Shares, c.SharesOf, waits)
		all.PoolAcquireTracers = append(all.PoolAcquireTracers, b)
		all.PoolReleaseTracers = append(all.PoolReleaseTracers, b)
	}
	all.PoolAcquireTracers = append(all.PoolAcquireTracers, &meter{limits: c, waits: waits})
	return all
}
