package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"example.com/plumbline/impl/platform/hosts"
	"example.com/plumbline/impl/platform/telemetry"
)

// Finding is a setting, or a combination, whose effect may surprise whoever chose it.
type Finding struct {
	// Setting is the setting to change, as in ops_addr.
	Setting string
	// Follows is the consequence, and Instead the value to set.
	Follows, Instead string
	// Refused keeps the service from starting; other findings are warnings.
	Refused bool
}

// Findings are all findings of the settings.
type Findings []Finding

// Add adds the finding of a setting when it holds.
func (f *Findings) Add(holds bool, setting, follows, instead string) {
	if holds {
		*f = append(*f, Finding{Setting: setting, Follows: follows, Instead: instead})
	}
}

// newFindings returns the findings that the settings before lack. Both look at files as they are now, so one that is
// away for a moment makes no difference.
func newFindings(before, next ServeSettings) Findings {
	old := before.Findings()
	return slices.DeleteFunc(next.Findings(), func(f Finding) bool { return slices.Contains(old, f) })
}

// Findings returns the findings of the settings that every service has. A service with further ones adds them in its
// own Findings.
func (s *Serving) Findings() Findings {
	var found Findings
	found.Add(!hosts.IsLoopback(s.OpsAddr) && !hosts.IsPrivate(s.OpsAddr), "ops_addr",
		"whoever reaches this machine reads metrics and takes profiles",
		"an address that only operators reach, or let a firewall keep callers from its port")
	found.Add(sendsInTheClear(s.DatabaseURL), "database_url",
		"the password and all data may go to the database in the clear, and another server may answer in its place",
		"sslmode=verify-full, with sslrootcert where its certificate is not a public one")
	s.natsFindings(&found)
	for _, network := range s.TrustedProxies {
		if p, err := netip.ParsePrefix(network); err == nil && p.Bits() == 0 {
			found.Add(true, "trusted_proxies",
				"callers choose their own address: limits by address do not hold, and the audit log shows any address",
				"the networks of your own proxies only")
			break
		}
	}
	for _, origin := range s.TrustedOrigins {
		if u, err := url.Parse(strings.TrimSpace(origin)); err == nil && u.Scheme == "http" && !hosts.IsLoopback(u.Host) {
			found.Add(true, "trusted_origins", "anybody between a browser and a page over plain http can call as its reader",
				"https origins")
			break
		}
	}
	s.addTracing(&found)
	found.Add(!s.RateLimits, "rate_limits",
		"passwords can be guessed, and the service kept busy, as fast as it answers", "true")
	found.Add(!s.Shed, "shed",
		"beyond capacity every request waits until it times out, instead of a few that are refused at once", "true")
	s.redisFindings(&found)
	return found
}

// serving returns the settings that every service has.
func (s *Serving) serving() *Serving { return s }

// ServeSettings are the settings of a service, which embed Serving.
type ServeSettings interface {
	serving() *Serving
	// Findings returns all findings of the settings.
	Findings() Findings
}

// Refuse returns the refused findings, as the error of Validate. Warnings are not among them.
func Refuse(found Findings) error {
	var errs []error
	for _, f := range found {
		if f.Refused {
			errs = append(errs, fmt.Errorf("%s: %s; set %s", f.Setting, f.Follows, f.Instead))
		}
	}
	return errors.Join(errs...)
}

// warn logs a line for each warning. In development it logs nothing, because those settings are for one machine.
func (p Program) warn(ctx context.Context, log *slog.Logger, found Findings) {
	for _, f := range found {
		if !f.Refused && !p.Development {
			log.WarnContext(ctx, "a setting to look at", slog.String("setting", f.Setting), slog.String("follows", f.Follows),
				slog.String("set", f.Instead))
		}
	}
}

// Check is the command that prints the findings of the settings of serve without starting anything.
func Check[T any, S interface {
	*T
	ServeSettings
}](defaults T) Command {
	return NewCommand("check", "show what is wrong with the settings of serve, and what to look at", defaults,
		func(ctx context.Context, p Program, c T, out io.Writer) (err error) {
			if err := Refuse(S(&c).Findings()); err != nil {
				return err
			}
			log := p.logger(S(&c).serving().Database, out)
			defer func() { err = errors.Join(err, log.Close()) }()
			p.warn(ctx, log.Logger, S(&c).Findings())
			log.InfoContext(ctx, "nothing is wrong in the settings themselves; the database and its key are tried at the start")
			return nil
		})
}

// sendsInTheClear reports whether one of the connections that the URL allows crosses a network without TLS.
func sendsInTheClear(databaseURL telemetry.Secret) bool {
	c, err := pgconn.ParseConfig(databaseURL.Reveal())
	if err != nil {
		return false // Opening the database refuses it.
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
