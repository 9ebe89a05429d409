package program

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"

	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/platform/telemetry"
)

// Database holds the settings of every command that uses the database. A command's own settings embed it.
type Database struct {
	DatabaseURL telemetry.Secret `koanf:"database_url" required:"true" usage:"the database, as in postgres://user:password@host:5432/database"`
	LogLevel    slog.Level       `koanf:"log_level" reload:"true" usage:"debug, info, warn or error"`
	LogFormat   string           `koanf:"log_format" usage:"json, or text for a person"`
}

// DefaultDatabase returns the defaults of Database.
func DefaultDatabase() Database { return Database{LogFormat: "json"} }

// Validate refuses settings that cannot work, before anything is touched. A type that embeds Database and has a
// Validate of its own calls it there.
func (d *Database) Validate() error {
	var errs []error
	if err := postgres.CheckURL(d.DatabaseURL.Reveal()); err != nil {
		errs = append(errs, fmt.Errorf("database_url: %w", err))
	}
	if d.LogFormat != "json" && d.LogFormat != "text" {
		errs = append(errs, fmt.Errorf("log_format is %q: write json or text", d.LogFormat))
	}
	return errors.Join(errs...)
}

// Keyed holds the settings of every command that opens the database with its secrets. A command's settings embed it.
type Keyed struct {
	Database

	MasterKey telemetry.Secret `koanf:"master_key" required:"true" usage:"32 bytes in base64 that every secret is derived from; openssl rand -base64 32 makes one"`
}

// Validate refuses settings that cannot work, before anything is touched. A type that embeds Keyed and has a Validate
// of its own calls it there.
func (k *Keyed) Validate() error {
	master, err := seal.NewMasterKey("", k.MasterKey) // A key is good for every service, or for none.
	if err == nil {
		err = master.CheckRandom()
	}
	if err != nil {
		err = fmt.Errorf("master_key: %w", err)
	}
	return errors.Join(k.Database.Validate(), err)
}

// logger makes the log of a command that ends by itself.
func (p Program) logger(d Database, out io.Writer) *telemetry.Logger {
	return p.leveled(d.LogLevel, d, out, nil)
}

// leveled makes a log whose level may change; it omits what the document calls sensitive.
func (p Program) leveled(level slog.Leveler, d Database, out io.Writer, sensitive []string) *telemetry.Logger {
	return telemetry.NewLogger(out, telemetry.LogOptions{
		Level: level, Format: d.LogFormat, Service: p.Name, Version: version(), Sensitive: sensitive,
	})
}

// Serving holds the settings of serve that every service has. A service's own settings embed it.
type Serving struct {
	Keyed
	Pool
	NATS
	Stop
	Redis
	Connections
	Tracing

	Addr           string   `koanf:"addr" usage:"where callers are served"`
	OpsAddr        string   `koanf:"ops_addr" usage:"address for operators: health, metrics, profiles; keep it from callers"`
	TrustedProxies []string `koanf:"trusted_proxies" usage:"networks in CIDR form whose X-Forwarded-For and X-Request-Id are believed"`
	Tuned
	Migrate bool `koanf:"migrate" usage:"whether to migrate the database at start"`
}

// DefaultServing returns the defaults of Serving.
func DefaultServing() Serving {
	return Serving{
		Keyed:       Keyed{Database: DefaultDatabase()},
		Pool:        DefaultPool(),
		NATS:        DefaultNATS(),
		Stop:        DefaultStop(),
		Redis:       DefaultRedis(),
		Connections: DefaultConnections(),
		Tracing:     DefaultTracing(),
		Addr:        "127.0.0.1:8080", OpsAddr: "127.0.0.1:9090",
		Tuned: DefaultTuned(), Migrate: true,
	}
}

// Validate refuses settings that cannot work, before anything is touched. A type that embeds Serving and has a Validate
// of its own calls it there.
func (s *Serving) Validate() error {
	errs := []error{
		s.Keyed.Validate(), s.Pool.Validate(), s.NATS.Validate(), s.Redis.Validate(),
		s.Connections.Validate(), s.Stop.Validate(), s.Tracing.Validate(),
		s.Tuned.Validate(), s.contradictions(),
	}
	if err := httpapi.CheckProxies(s.TrustedProxies); err != nil {
		errs = append(errs, fmt.Errorf("trusted_proxies: %w", err))
	}
	refuse := func(when bool, text string) {
		if when {
			errs = append(errs, errors.New(text))
		}
	}
	for _, listener := range []struct{ name, addr string }{{"addr", s.Addr}, {"ops_addr", s.OpsAddr}} {
		_, port, err := net.SplitHostPort(listener.addr)
		if err == nil {
			_, err = strconv.ParseUint(port, 10, 16)
		}
		refuse(err != nil,
			fmt.Sprintf("%s is %q: write host:port, with a number up to 65535 for the port, as in 127.0.0.1:8080", listener.name,
				listener.addr))
	}
	refuse(s.Addr == s.OpsAddr && !strings.HasSuffix(s.Addr, ":0"),
		"addr and ops_addr are the same: operators need one of their own")
	return errors.Join(errs...)
}

// contradictions refuses settings of the pool that contradict each other, the database URL or how long the stop takes.
func (s *Serving) contradictions() error {
	url := s.DatabaseURL.Reveal()
	if postgres.CheckURL(url) != nil {
		return nil //nolint:nilerr // Keyed has refused it.
	}
	c, err := s.poolConfig(url)
	if err == nil && s.Drain > 0 && c.AcquireTimeout > s.Drain {
		err = fmt.Errorf("acquire_timeout is %s and drain is %s: the stop would cut off requests that still wait for a "+
			"connection; lower the first or raise the second", c.AcquireTimeout, s.Drain)
	}
	return err
}
