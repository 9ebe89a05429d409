package postgres

import (
	"math"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// Collector exports the statistics and the limits of a pool that Open made as db_pool_* metrics, with a fixed set of
// series. Register the collectors of several pools with a distinguishing label.
func Collector(pool *pgxpool.Pool) prometheus.Collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("db_pool_"+name, help, labels, nil)
	}
	return &collector{
		bulkhead:    bulkheadOf(pool),
		meter:       meterOf(pool),
		stat:        pool.Stat,
		connections: desc("connections", "Connections of the pool by state.", "state"),
		max:         desc("max_connections", "Upper bound of the pool's connections."),
		min:         desc("min_connections", "Connections that the pool keeps open."),
		minIdle:     desc("min_idle_connections", "Idle connections that the pool keeps open."),
		limit:       desc("limit_seconds", "Limits of time in force; +Inf is no limit.", "limit"),
		opened:      desc("connections_opened_total", "Connections opened."),
		closed:      desc("connections_closed_total", "Connections closed because of age or idleness.", "reason"),
		acquires:    desc("acquires_total", "Successful acquires."),
		acquireTime: desc("acquire_seconds_total", "Time spent in successful acquires."),
		waits:       desc("acquire_waits_total", "Successful acquires that found no idle connection."),
		waitTime:    desc("acquire_wait_seconds_total", "Time that successful acquires waited for a connection."),
		canceled: desc(
			"acquires_canceled_total", "Acquires given up: time-out, cancelled caller or a share that is used up.",
		),
		shareUsed: desc("share_connections", "Connections in use by work that has a share of the pool.", "share"),
		shareMax:  desc("share_max_connections", "Upper bound of the share's connections.", "share"),
		refused: desc(
			"share_refused_total",
			"Acquires that ended in time-out or refusal because the share was used up; callers who gave up are not among them.",
			"share",
		),
	}
}

type collector struct {
	bulkhead *bulkhead // nil: there are no shares
	meter    *meter    // nil: another package made the pool
	stat     func() *pgxpool.Stat

	connections, max, min, minIdle, limit            *prometheus.Desc
	opened, closed                                   *prometheus.Desc
	acquires, acquireTime, waits, waitTime, canceled *prometheus.Desc
	shareUsed, shareMax, refused                     *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.connections, c.max, c.min, c.minIdle, c.limit, c.opened, c.closed, c.acquires, c.acquireTime, c.waits, c.waitTime,
		c.canceled, c.shareUsed, c.shareMax, c.refused,
	} {
		ch <- d
	}
	if c.meter != nil {
		c.meter.waits.Describe(ch)
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	s := c.stat()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	gauge(c.connections, float64(s.AcquiredConns()), "acquired")
	gauge(c.connections, float64(s.IdleConns()), "idle")
	gauge(c.connections, float64(s.ConstructingConns()), "constructing")
	gauge(c.max, float64(s.MaxConns()))
	counter(c.opened, float64(s.NewConnsCount()))
	counter(c.closed, float64(s.MaxLifetimeDestroyCount()), "lifetime")
	counter(c.closed, float64(s.MaxIdleDestroyCount()), "idle")
	counter(c.acquires, float64(s.AcquireCount()))
	counter(c.acquireTime, s.AcquireDuration().Seconds())
	counter(c.waits, float64(s.EmptyAcquireCount()))
	counter(c.waitTime, s.EmptyAcquireWaitTime().Seconds())
	counter(c.canceled, float64(s.CanceledAcquireCount()))
	if c.meter != nil {
		c.collectLimits(gauge)
		c.meter.waits.Collect(ch)
	}
	if c.bulkhead == nil {
		return
	}
	for name, share := range c.bulkhead.shares {
		gauge(c.shareUsed, float64(len(share.places)), name)
		gauge(c.shareMax, float64(share.Most), name)
		counter(c.refused, float64(share.refused.Load()), name)
	}
}

// collectLimits exports what the pool has been configured with.
func (c *collector) collectLimits(gauge func(d *prometheus.Desc, v float64, labels ...string)) {
	l := c.meter.limits
	gauge(c.min, float64(max(l.MinConns, 0)))
	gauge(c.minIdle, float64(max(l.MinIdleConns, 0)))
	for name, d := range map[string]time.Duration{
		"max_conn_lifetime": l.MaxConnLifetime, "max_conn_idle_time": l.MaxConnIdleTime,
		"connect": l.ConnectTimeout, "acquire": l.AcquireTimeout, "statement": l.StatementTimeout,
		"lock": l.LockTimeout, "idle_in_transaction": l.IdleInTransactionTimeout,
	} {
		seconds := d.Seconds()
		if d <= 0 { // PostgreSQL reads zero as no limit.
			seconds = math.Inf(1)
		}
		gauge(c.limit, seconds, name)
	}
	gauge(c.limit, max(l.MaxConnLifetimeJitter, 0).Seconds(), "max_conn_lifetime_jitter") // none adds nothing
}
