package postgres

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// none is a limit that is not there.
const none = -1

// DefaultConfig returns what the zero values of [Config] mean when the URL has no value either.
func DefaultConfig() Config {
	return Config{
		MaxConns:                 16,
		MinConns:                 none,
		MinIdleConns:             none,
		MaxConnLifetime:          30 * time.Minute,
		MaxConnLifetimeJitter:    3 * time.Minute, // a tenth of the lifetime, whatever that is
		MaxConnIdleTime:          5 * time.Minute,
		ConnectTimeout:           5 * time.Second,
		AcquireTimeout:           2 * time.Second,
		StatementTimeout:         1800 * time.Millisecond,
		LockTimeout:              1500 * time.Millisecond, // longer than PostgreSQL takes to see a deadlock
		IdleInTransactionTimeout: 10 * time.Second,
	}
}

// Single returns the configuration of a pool for one piece of work, such as a command or a migration: it has at most
// this number of connections and keeps none of them open, whatever the URL says about the size of a service's pool.
func Single(url string, maxConns int32) Config {
	return Config{URL: url, MaxConns: maxConns, MinConns: none, MinIdleConns: none}
}

// Resolve returns c with every limit that is in force: the one that c has, else the one of the URL, else the default.
// A limit that is not there is negative. The error names limits that contradict each other, or what is wrong with the
// URL, without the password.
func (c Config) Resolve() (Config, error) {
	poolConfig, params, err := c.parse()
	if err != nil {
		return Config{}, err
	}
	return c.resolve(poolConfig, params)
}

// parse reads the URL. params are its parameters that no client library knows, with the pool_… ones among them.
func (c Config) parse() (*pgxpool.Config, map[string]string, error) {
	if c.URL == "" {
		return nil, nil, errors.New(
			"no database URL is given: set one such as postgres://user:password@host:5432/database")
	}
	conn, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return nil, nil, explainURL(err)
	}
	poolConfig, err := pgxpool.ParseConfig(c.URL)
	if err != nil { // What follows pool_… is no secret, but pgx shows the URL, too.
		return nil, nil, errors.New("a pool_… parameter of the database URL cannot be understood: write numbers of " +
			"connections as in pool_max_conns=20, with at least one at most, and times as in pool_max_conn_lifetime=30m")
	}
	return poolConfig, conn.RuntimeParams, nil
}

// resolve is Resolve for a URL that was parsed.
func (c Config) resolve(url *pgxpool.Config, params map[string]string) (Config, error) {
	d := DefaultConfig()
	has := func(name string) bool { _, ok := params[name]; return ok }
	c.MaxConns = firstOf(c.MaxConns, has("pool_max_conns"), url.MaxConns, d.MaxConns)
	c.MinConns = firstOf(c.MinConns, has("pool_min_conns"), url.MinConns, d.MinConns)
	c.MinIdleConns = firstOf(c.MinIdleConns, has("pool_min_idle_conns"), url.MinIdleConns, d.MinIdleConns)
	c.MaxConnLifetime = firstOf(c.MaxConnLifetime, has("pool_max_conn_lifetime"), url.MaxConnLifetime,
		d.MaxConnLifetime)
	c.MaxConnLifetimeJitter = firstOf(c.MaxConnLifetimeJitter, has("pool_max_conn_lifetime_jitter"),
		url.MaxConnLifetimeJitter, cmp.Or(max(c.MaxConnLifetime, 0)/10, none))
	c.MaxConnIdleTime = firstOf(c.MaxConnIdleTime, has("pool_max_conn_idle_time"), url.MaxConnIdleTime,
		d.MaxConnIdleTime)
	c.AcquireTimeout = firstOf(c.AcquireTimeout, false, 0, d.AcquireTimeout)
	c.ConnectTimeout = c.connectTimeout(url.ConnConfig)
	var errs []error
	for _, limit := range []struct {
		name string
		of   *time.Duration
		def  time.Duration
	}{
		{"statement_timeout", &c.StatementTimeout, d.StatementTimeout},
		{"lock_timeout", &c.LockTimeout, d.LockTimeout},
		{"idle_in_transaction_session_timeout", &c.IdleInTransactionTimeout, d.IdleInTransactionTimeout},
	} {
		given, err := parseTimeout(params[limit.name])
		if err != nil && *limit.of == 0 {
			errs = append(errs, fmt.Errorf("%s of the database URL %w", limit.name, err))
		}
		*limit.of = firstOf(*limit.of, has(limit.name), given, limit.def)
	}
	for _, kept := range []struct {
		name  string
		conns int32
	}{{"min_conns", c.MinConns}, {"min_idle_conns", c.MinIdleConns}} {
		if kept.conns > c.MaxConns {
			errs = append(errs, fmt.Errorf("%s is %d and max_conns is %d: a pool cannot keep more connections open than "+
				"it may have; lower the first or raise the second, here or in the pool_… parameters of the database URL",
				kept.name, kept.conns, c.MaxConns))
		}
	}
	return c, errors.Join(errs...)
}

// firstOf returns the limit that is given, else that of the URL if there is one, where zero means none, else the
// default.
func firstOf[T int32 | time.Duration](given T, inURL bool, url, def T) T {
	switch {
	case given != 0:
		return max(given, none)
	case inURL:
		return max(cmp.Or(url, none), none)
	default:
		return def
	}
}

// connectTimeout limits the attempt to connect to each server. By default several servers share the acquire time-out,
// so that a silent one leaves time for the next.
func (c Config) connectTimeout(url *pgx.ConnConfig) time.Duration {
	inURL := strings.Contains(c.URL, "connect_timeout") && url.ConnectTimeout > 0 // pgx has read it.
	each := firstOf(c.ConnectTimeout, inURL, url.ConnectTimeout, DefaultConfig().ConnectTimeout)
	if count := len(servers(&url.Config)); c.ConnectTimeout == 0 && !inURL && count > 1 && c.AcquireTimeout > 0 {
		each = min(each, c.AcquireTimeout/time.Duration(count))
	}
	return each
}

// timeoutUnits are those that PostgreSQL reads in the value of a time-out.
var timeoutUnits = map[string]time.Duration{
	"us": time.Microsecond, "": time.Millisecond, "ms": time.Millisecond, "s": time.Second, "min": time.Minute,
	"h": time.Hour, "d": 24 * time.Hour,
}

// parseTimeout reads a time-out as PostgreSQL does: milliseconds, or a number with a unit. The empty text is zero.
func parseTimeout(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	number := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz")
	unit, ok := timeoutUnits[text[len(number):]]
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	longest := float64(1<<31-1) * float64(time.Millisecond) // PostgreSQL's
	if d := n * float64(unit); ok && err == nil && d >= 0 && d <= longest {
		return time.Duration(d), nil
	}
	return 0, errors.New("cannot be understood: write milliseconds, or a number with a unit as in 1500ms, 2s or 1min")
}

// WithConnectTimeout returns a database URL whose connect_timeout is d, rounded up to whole seconds. What else the URL
// has stays as it is written.
func WithConnectTimeout(url string, d time.Duration) string {
	parameter := "connect_timeout=" + strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
	if !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return url + " " + parameter // Of two values, the last counts.
	}
	server, query, _ := strings.Cut(url, "?")
	parameters := []string{parameter}
	for other := range strings.SplitSeq(query, "&") {
		if name, _, _ := strings.Cut(other, "="); name != "connect_timeout" && name != "" {
			parameters = append(parameters, other)
		}
	}
	return server + "?" + strings.Join(parameters, "&")
}
