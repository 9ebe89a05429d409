package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"example.com/plumbline/impl/platform/hosts"
	"example.com/plumbline/impl/platform/telemetry"
)

// Finding is a setting, or several together, with which the service works otherwise than whoever made them may think.
type Finding struct {
	// Setting is the one to change, as in ops_addr.
	Setting string
	// Follows says what follows from it, and Instead what to set.
	Follows, Instead string
	// Refused keeps the service from starting; what is not refused is warned of.
	Refused bool
}

// Findings are those of the settings that every service has. A service that has some of its own adds them in its own
// Findings.
func (s *Serving) Findings() []Finding {
	var found []Finding
	add := func(when bool, setting, follows, instead string) {
		if when {
			found = append(found, Finding{Setting: setting, Follows: follows, Instead: instead})
		}
	}
	add(!hosts.IsLoopback(s.OpsAddr) && !hosts.IsPrivate(s.OpsAddr), "ops_addr",
		"whoever reaches this machine reads metrics and takes profiles",
		"an address that only operators reach, or let a firewall keep callers from its port")
	add(sendsInTheClear(s.DatabaseURL), "database_url",
		"the password and all data may go to the database in the clear, and another may answer in its stead",
		"sslmode=verify-full, with sslrootcert where its certificate is not a public one")
	add(s.NATSURL.Reveal() == "", "nats_url",
		"no event is published, none is heard, and those of more than a week ago are lost",
		"where NATS is, as in nats://host:4222")
	for text := range strings.SplitSeq(s.NATSURL.Reveal(), ",") {
		if u, err := url.Parse(strings.TrimSpace(text)); err == nil && u.Scheme == "nats" && !hosts.IsLoopback(u.Host) {
			add(true, "nats_url", "events and the password may go to NATS in the clear", "tls:// in place of nats://")
			break
		}
	}
	for _, network := range s.TrustedProxies {
		if p, err := netip.ParsePrefix(network); err == nil && p.Bits() == 0 {
			add(true, "trusted_proxies",
				"every caller is believed whatever address it gives: limits by address do not hold, "+
					"and the audit log shows what callers like",
				"the networks of your own proxies only")
			break
		}
	}
	for _, origin := range s.TrustedOrigins {
		if u, err := url.Parse(strings.TrimSpace(origin)); err == nil && u.Scheme == "http" && !hosts.IsLoopback(u.Host) {
			add(true, "trusted_origins", "whoever is between a browser and a page over plain http can call as its reader",
				"https origins")
			break
		}
	}
	add(!s.RateLimits, "rate_limits",
		"passwords can be guessed, and the service be kept busy, as fast as it answers", "true")
	add(!s.Shed, "shed",
		"beyond capacity every request waits until it is too late, in place of some that are refused at once", "true")
	return found
}

// serving gives the settings that every service has.
func (s *Serving) serving() *Serving { return s }

// ServeSettings are the settings of a service, which embed Serving.
type ServeSettings interface {
	serving() *Serving
	// Findings are all that the settings give rise to.
	Findings() []Finding
}

// Refuse gives the findings that are refused, as the error of Validate. What is warned of is not in it.
func Refuse(found []Finding) error {
	var errs []error
	for _, f := range found {
		if f.Refused {
			errs = append(errs, fmt.Errorf("%s: %s; set %s", f.Setting, f.Follows, f.Instead))
		}
	}
	return errors.Join(errs...)
}

// warn logs a line for each finding that the start does not refuse. Development is told nothing: its settings are made
// for one machine.
func (p Program) warn(ctx context.Context, log *slog.Logger, found []Finding) {
	for _, f := range found {
		if !f.Refused && !p.Development {
			log.WarnContext(ctx, "a setting to look at", slog.String("setting", f.Setting), slog.String("follows", f.Follows),
				slog.String("set", f.Instead))
		}
	}
}

// Check is the command that shows what is to be said of the settings of serve, without starting anything.
func Check[T any, S interface {
	*T
	ServeSettings
}](defaults T) Command {
	return NewCommand("check", "show what is wrong with the settings of serve, and what to look at", defaults,
		func(ctx context.Context, p Program, c T, out io.Writer) (err error) {
			log := p.logger(S(&c).serving().Database, out, nil)
			defer func() { err = errors.Join(err, log.Close()) }()
			p.warn(ctx, log.Logger, S(&c).Findings())
			log.InfoContext(ctx, "nothing is wrong in the settings themselves; the database and its key are tried at the start")
			return nil
		})
}

// sendsInTheClear tells whether one of the ways to a database that the URL allows goes over a network without TLS.
func sendsInTheClear(databaseURL telemetry.Secret) bool {
	c, err := pgconn.ParseConfig(databaseURL.Reveal())
	if err != nil {
		return false // It is refused when the database is opened.
	}
	plain := func(host string, tls bool) bool {
		return !tls && !strings.HasPrefix(host, "/") && !hosts.IsLoopback(host)
	}
	if plain(c.Host, c.TLSConfig != nil) {
		return true
	}
	for _, f := range c.Fallbacks {
		if plain(f.Host, f.TLSConfig != nil) {
			return true
		}
	}
	return false
}
