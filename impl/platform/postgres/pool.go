package postgres

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Config says where a database is and how long each wait may take. A zero value means the default of [DefaultConfig]; a
// negative duration means no limit. A session parameter in the URL (such as ?statement_timeout=1000), and
// connect_timeout, overrides its field. connect_timeout applies to each server of the URL, in seconds; 0 means no
// limit.
type Config struct {
	// URL is postgres://user:password@host:port/database, or libpq's key=value form.
	URL string

	MaxConns        int32
	MinConns        int32 // 0 keeps none open
	MaxConnLifetime time.Duration
	MaxConnIdleTime time.Duration

	ConnectTimeout           time.Duration // for each server of the URL, with TLS handshake and login
	AcquireTimeout           time.Duration // waiting for a free connection of the pool
	StatementTimeout         time.Duration // PostgreSQL's statement_timeout
	LockTimeout              time.Duration // PostgreSQL's lock_timeout
	IdleInTransactionTimeout time.Duration // PostgreSQL's idle_in_transaction_session_timeout

	// Shares limit the connections that work of some kinds uses at once. SharesOf gives the shares in which the work of a
	// context takes a place, in that order; work without a share may use every connection.
	Shares   []Share
	SharesOf func(context.Context) []string

	ApplicationName string          // seen in pg_stat_activity; "" leaves it to the URL
	Tracer          pgx.QueryTracer // nil traces nothing; a tracer sees the arguments of statements
}

// DefaultConfig returns what the zero values of [Config] mean.
func DefaultConfig() Config {
	return Config{
		MaxConns:                 16,
		MaxConnLifetime:          30 * time.Minute,
		MaxConnIdleTime:          5 * time.Minute,
		ConnectTimeout:           5 * time.Second,
		AcquireTimeout:           2 * time.Second,
		StatementTimeout:         1800 * time.Millisecond,
		LockTimeout:              1500 * time.Millisecond, // longer than PostgreSQL takes to see a deadlock
		IdleInTransactionTimeout: 10 * time.Second,
	}
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
	_, err := Config{URL: url}.pool()
	return err
}

func (c Config) pool() (*pgxpool.Config, error) {
	if c.URL == "" {
		return nil, errors.New("no database URL is given: set one such as postgres://user:password@host:5432/database")
	}
	poolConfig, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, explainURL(err)
	}
	d := DefaultConfig()
	lifetime := orDefault(c.MaxConnLifetime, d.MaxConnLifetime)
	poolConfig.MaxConns = cmp.Or(c.MaxConns, d.MaxConns)
	poolConfig.MinConns = min(c.MinConns, poolConfig.MaxConns)
	poolConfig.MaxConnLifetime = orForever(lifetime)
	poolConfig.MaxConnLifetimeJitter = lifetime / 10
	poolConfig.MaxConnIdleTime = orForever(orDefault(c.MaxConnIdleTime, d.MaxConnIdleTime))
	poolConfig.PingTimeout = time.Second

	conn := poolConfig.ConnConfig
	acquire := orDefault(c.AcquireTimeout, d.AcquireTimeout)
	limitConnecting(&conn.Config, c.URL, orDefault(c.ConnectTimeout, d.ConnectTimeout), acquire)
	setMissing(conn.RuntimeParams, map[string]string{
		"timezone":                      "UTC",
		"default_transaction_isolation": "read committed",
		"statement_timeout":             milliseconds(orDefault(c.StatementTimeout, d.StatementTimeout)),
		"lock_timeout":                  milliseconds(orDefault(c.LockTimeout, d.LockTimeout)),
		"idle_in_transaction_session_timeout": milliseconds(orDefault(
			c.IdleInTransactionTimeout, d.IdleInTransactionTimeout,
		)),
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

// limitConnecting limits the attempt to connect to each server of a URL. Several servers share the acquire time-out, so
// that a silent one leaves time for the next.
func limitConnecting(cfg *pgconn.Config, url string, each, caller time.Duration) {
	if strings.Contains(url, "connect_timeout") && cfg.ConnectTimeout > 0 { // pgx has read it.
		return
	}
	cfg.ConnectTimeout = each
	if count := len(servers(cfg)); count > 1 && caller > 0 {
		cfg.ConnectTimeout = min(orForever(each), caller/time.Duration(count))
	}
}

func setMissing(params, defaults map[string]string) {
	for name, value := range defaults {
		if _, ok := params[name]; !ok {
			params[name] = value
		}
	}
}

// orDefault gives 0 for "no limit".
func orDefault(d, def time.Duration) time.Duration {
	return max(cmp.Or(d, def), 0)
}

// orForever is for pgxpool, where 0 would mean at once.
func orForever(d time.Duration) time.Duration {
	return cmp.Or(d, 100*365*24*time.Hour)
}

// milliseconds renders a time-out for PostgreSQL, which reads 0 as no limit.
func milliseconds(d time.Duration) string {
	if d > 0 && d < time.Millisecond {
		d = time.Millisecond
	}
	return strconv.FormatInt(d.Milliseconds(), 10)
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

// tracer joins the tracers that measure waits, that limit Acquire, and the configured one.
func (c Config) tracer() pgx.QueryTracer {
	all := multitracer.New(watch{})
	if c.Tracer != nil {
		all = multitracer.New(watch{}, c.Tracer)
	}
	if limit := orDefault(c.AcquireTimeout, DefaultConfig().AcquireTimeout); limit > 0 {
		all.PoolAcquireTracers = append(all.PoolAcquireTracers, acquireLimit(limit))
	}
	if len(c.Shares) > 0 {
		b := newBulkhead(c.Shares, c.SharesOf)
		all.PoolAcquireTracers = append(all.PoolAcquireTracers, b)
		all.PoolReleaseTracers = append(all.PoolReleaseTracers, b)
	}
	return all
}
