package program

import (
	"errors"
	"fmt"
	"time"

	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/settings"
)

// Pool are the limits of the pool of database connections. One that no source has is the one of the database
// URL, as in ?pool_max_conns=20&statement_timeout=1s; the default holds when the URL lacks it, too.
type Pool struct {
	MaxConns              settings.Given[int32]         `koanf:"max_conns" unit:"connections" usage:"connections to the database at most"`
	MinConns              settings.Given[int32]         `koanf:"min_conns" unit:"connections" usage:"connections to the database that are kept open"`
	MinIdleConns          settings.Given[int32]         `koanf:"min_idle_conns" unit:"connections" usage:"unused connections to the database that are kept open for the next requests"`
	MaxConnLifetime       settings.Given[time.Duration] `koanf:"max_conn_lifetime" usage:"how old a connection to the database may become"`
	MaxConnLifetimeJitter settings.Given[time.Duration] `koanf:"max_conn_lifetime_jitter" usage:"random time that a connection may become older, so that not all are replaced at once; a tenth of the lifetime unless given"`
	MaxConnIdleTime       settings.Given[time.Duration] `koanf:"max_conn_idle_time" usage:"how long a connection to the database may be unused"`
	ConnectTimeout        settings.Given[time.Duration] `koanf:"connect_timeout" usage:"how long connecting to each server of the database URL may take; of several servers, each has its part of acquire_timeout unless given"`
	AcquireTimeout        settings.Given[time.Duration] `koanf:"acquire_timeout" usage:"how long a request waits for a connection to the database"`
	StatementTimeout      settings.Given[time.Duration] `koanf:"statement_timeout" usage:"how long a statement may take"`
	LockTimeout           settings.Given[time.Duration] `koanf:"lock_timeout" usage:"how long a statement waits for a lock"`
	IdleInTxTimeout       settings.Given[time.Duration] `koanf:"idle_in_transaction_timeout" usage:"how long a transaction may wait for its next statement"`
	PoolShare             int32                         `koanf:"pool_share" unit:"percent" usage:"percent of max_conns that what anybody may call, unless it has high priority, has at most, and as much what has low priority"`
}

// DefaultPool returns the defaults of Pool.
func DefaultPool() Pool {
	d := postgres.DefaultConfig()
	return Pool{
		MaxConns:              settings.Given[int32]{Value: d.MaxConns},
		MaxConnLifetime:       settings.Given[time.Duration]{Value: d.MaxConnLifetime},
		MaxConnLifetimeJitter: settings.Given[time.Duration]{Value: d.MaxConnLifetimeJitter},
		MaxConnIdleTime:       settings.Given[time.Duration]{Value: d.MaxConnIdleTime},
		ConnectTimeout:        settings.Given[time.Duration]{Value: d.ConnectTimeout},
		AcquireTimeout:        settings.Given[time.Duration]{Value: d.AcquireTimeout},
		StatementTimeout:      settings.Given[time.Duration]{Value: d.StatementTimeout},
		LockTimeout:           settings.Given[time.Duration]{Value: d.LockTimeout},
		IdleInTxTimeout:       settings.Given[time.Duration]{Value: d.IdleInTransactionTimeout},
		PoolShare:             50,
	}
}

// Bounds of the settings: below the least nothing works, above the most a limit is none.
const (
	mostConns    = 1000
	leastTimeout = time.Millisecond
	mostTimeout  = time.Hour
	leastAge     = time.Second
	mostAge      = 7 * 24 * time.Hour
)

// limit is a limit of the pool: what the setting has, and what is in force, where less than nothing is no limit.
type limit[T int32 | time.Duration] struct {
	name        string
	given       settings.Given[T]
	inForce     T
	least, most T
}

// check holds the value of the setting against its bounds.
func (l limit[T]) check() error {
	if l.given.Value < l.least || l.given.Value > l.most {
		return fmt.Errorf("%s is between %v and %v", l.name, l.least, l.most)
	}
	return nil
}

// checkURL holds a value that is not of the setting against the same bounds. Only a URL switches a limit off.
func (l limit[T]) checkURL() error {
	if !l.given.Set && l.inForce >= 0 && (l.inForce < l.least || l.inForce > l.most) {
		return fmt.Errorf("%s of the database URL is %v: it is between %v and %v", l.name, l.inForce, l.least, l.most)
	}
	return nil
}

// counts are the limits of connections; c has what is in force.
func (p *Pool) counts(c *postgres.Config) []limit[int32] {
	return []limit[int32]{
		{"max_conns", p.MaxConns, c.MaxConns, 1, mostConns},
		{"min_conns", p.MinConns, c.MinConns, 0, mostConns},
		{"min_idle_conns", p.MinIdleConns, c.MinIdleConns, 0, mostConns},
	}
}

// times are the limits of time; c has what is in force.
func (p *Pool) times(c *postgres.Config) []limit[time.Duration] {
	return []limit[time.Duration]{
		{"max_conn_lifetime", p.MaxConnLifetime, c.MaxConnLifetime, leastAge, mostAge},
		{"max_conn_lifetime_jitter", p.MaxConnLifetimeJitter, c.MaxConnLifetimeJitter, 0, mostAge},
		{"max_conn_idle_time", p.MaxConnIdleTime, c.MaxConnIdleTime, leastAge, mostAge},
		{"connect_timeout", p.ConnectTimeout, c.ConnectTimeout, leastTimeout, mostTimeout},
		{"acquire_timeout", p.AcquireTimeout, c.AcquireTimeout, leastTimeout, mostTimeout},
		{"statement_timeout", p.StatementTimeout, c.StatementTimeout, leastTimeout, mostTimeout},
		{"lock_timeout", p.LockTimeout, c.LockTimeout, leastTimeout, mostTimeout},
		{"idle_in_transaction_timeout", p.IdleInTxTimeout, c.IdleInTransactionTimeout, leastTimeout, mostTimeout},
	}
}

// Validate refuses values that cannot work. What contradicts the database URL is refused with that.
func (p *Pool) Validate() error {
	var errs []error
	for _, l := range p.counts(&postgres.Config{}) {
		errs = append(errs, l.check())
	}
	for _, l := range p.times(&postgres.Config{}) {
		errs = append(errs, l.check())
	}
	if p.PoolShare < 1 || p.PoolShare > ordinaryPercent {
		errs = append(errs, fmt.Errorf("pool_share is between 1 and %d percent", ordinaryPercent))
	}
	return errors.Join(errs...)
}

// checkURL refuses values of the database URL that the settings could not have.
func (p *Pool) checkURL(c *postgres.Config) error {
	var errs []error
	for _, l := range p.counts(c) {
		errs = append(errs, l.checkURL())
	}
	for _, l := range p.times(c) {
		errs = append(errs, l.checkURL())
	}
	return errors.Join(errs...)
}

// poolConfig returns the configuration of the pool for a database URL, with every limit that is in force.
func (p *Pool) poolConfig(url string) (postgres.Config, error) {
	c, err := postgres.Config{
		URL:                      url,
		MaxConns:                 given(p.MaxConns),
		MinConns:                 given(p.MinConns),
		MinIdleConns:             given(p.MinIdleConns),
		MaxConnLifetime:          given(p.MaxConnLifetime),
		MaxConnLifetimeJitter:    given(p.MaxConnLifetimeJitter),
		MaxConnIdleTime:          given(p.MaxConnIdleTime),
		ConnectTimeout:           given(p.ConnectTimeout),
		AcquireTimeout:           given(p.AcquireTimeout),
		StatementTimeout:         given(p.StatementTimeout),
		LockTimeout:              given(p.LockTimeout),
		IdleInTransactionTimeout: given(p.IdleInTxTimeout),
	}.Resolve()
	if err == nil {
		err = p.checkURL(&c)
	}
	if err != nil {
		return c, err
	}
	if c.LockTimeout > c.StatementTimeout && c.StatementTimeout > 0 && p.LockTimeout.Set {
		return c, fmt.Errorf("lock_timeout is %s and statement_timeout is %s: a statement would never wait so long; "+
			"lower the first or raise the second", c.LockTimeout, c.StatementTimeout)
	}
	c.Shares, c.SharesOf = Shares(c.MaxConns, p.PoolShare), httpapi.Shares
	return c, nil
}

// given returns a limit for postgres.Config: zero leaves it to the URL, and what is less is none.
func given[T int32 | time.Duration](s settings.Given[T]) T {
	switch {
	case !s.Set:
		return 0
	case s.Value == 0:
		return -1
	default:
		return s.Value
	}
}

// shareWait is how long a request waits for a connection when its share is used up: as long as the chain lets a request
// wait beyond capacity.
const shareWait = 250 * time.Millisecond

// ordinaryPercent is the percentage of the connections that all requests of normal and low priority may hold; the rest
// is reserved for high priority.
const ordinaryPercent = 75

// Shares returns the shares of a pool of so many connections: percent of them for public operations, and the same
// number for low priority. Each share has one connection at least.
func Shares(conns, percent int32) []postgres.Share {
	part := func(percent int32) int32 { return (conns*percent + 99) / 100 }
	return []postgres.Share{
		{Name: httpapi.ShareAnonymous, Most: part(percent), Wait: shareWait},
		{Name: httpapi.ShareLow, Most: part(percent), Wait: shareWait},
		{Name: httpapi.ShareOrdinary, Most: part(ordinaryPercent)},
	}
}
