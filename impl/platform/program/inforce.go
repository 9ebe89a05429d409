package program

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/plumbline/impl/platform/settings"
	"example.com/plumbline/impl/platform/tracing"
)

// InForce returns the values that settings have from elsewhere, as settings.InForce has it: limits of the pool that the
// database URL has or that follow from others, and the ratio of traces that a variable of OpenTelemetry has.
func (s *Serving) InForce() map[string]settings.InForce {
	all := map[string]settings.InForce{}
	s.limitsInForce(s.DatabaseURL.Reveal(), all)
	const sampler = "OTEL_TRACES_SAMPLER"
	environment, err := tracing.FromEnvironment(s.sampling())
	if err == nil && environment.On && os.Getenv(sampler) != "" {
		all["trace_ratio"] = settings.InForce{Value: fmt.Sprint(environment.Sampling.Ratio), From: sampler}
	}
	return all
}

// limitsInForce adds the limits that no source has.
func (p *Pool) limitsInForce(url string, all map[string]settings.InForce) {
	parsed, err := pgx.ParseConfig(url)
	if err != nil {
		return
	}
	c, err := p.poolConfig(url)
	if err != nil {
		return // Validate says why.
	}
	inURL := func(parameter string) bool { _, ok := parsed.RuntimeParams[parameter]; return ok }
	conns := func(key string, setting settings.Given[int32], value int32) {
		if !setting.Set && inURL("pool_"+key) {
			all[key] = settings.InForce{Value: strconv.Itoa(int(max(value, 0))), From: "database_url"}
		}
	}
	conns("max_conns", p.MaxConns, c.MaxConns)
	conns("min_conns", p.MinConns, c.MinConns)
	conns("min_idle_conns", p.MinIdleConns, c.MinIdleConns)
	// follows names the settings that a default of another value follows from.
	limit := func(key string, setting settings.Given[time.Duration], value time.Duration, inURL bool, follows string) {
		value = max(value, 0)
		switch told := (settings.InForce{Value: value.String(), From: "database_url"}); {
		case setting.Set:
		case inURL:
			all[key] = told
		case value != setting.Value:
			told.From = follows
			all[key] = told
		}
	}
	limit("max_conn_lifetime", p.MaxConnLifetime, c.MaxConnLifetime, inURL("pool_max_conn_lifetime"), "")
	limit("max_conn_lifetime_jitter", p.MaxConnLifetimeJitter, c.MaxConnLifetimeJitter,
		inURL("pool_max_conn_lifetime_jitter"), "max_conn_lifetime")
	limit("max_conn_idle_time", p.MaxConnIdleTime, c.MaxConnIdleTime, inURL("pool_max_conn_idle_time"), "")
	limit("connect_timeout", p.ConnectTimeout, c.ConnectTimeout, // pgx keeps no parameter of it.
		strings.Contains(url, "connect_timeout") && parsed.ConnectTimeout > 0, "acquire_timeout, database_url")
	limit("statement_timeout", p.StatementTimeout, c.StatementTimeout, inURL("statement_timeout"), "")
	limit("lock_timeout", p.LockTimeout, c.LockTimeout, inURL("lock_timeout"), "")
	limit("idle_in_transaction_timeout", p.IdleInTxTimeout, c.IdleInTransactionTimeout,
		inURL("idle_in_transaction_session_timeout"), "")
}
