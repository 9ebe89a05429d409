package program

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/platform/telemetry"
)

// Database holds the settings of every command that uses the database. A command's own settings embed it.
type Database struct {
	DatabaseURL telemetry.Secret `koanf:"database_url" required:"true" usage:"the database, as in postgres://user:password@host:5432/database"`
	LogLevel    slog.Level       `koanf:"log_level" usage:"debug, info, warn or error"`
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

// logger makes the log; it omits what the document calls sensitive.
func (p Program) logger(d Database, out io.Writer, sensitive []string) *telemetry.Logger {
	return telemetry.NewLogger(out, telemetry.LogOptions{
		Level: d.LogLevel, Format: d.LogFormat, Service: p.Name, Version: version(), Sensitive: sensitive,
	})
}

// Serving holds the settings of serve that every service has. A service's own settings embed it.
type Serving struct {
	Keyed
	Tracing

	Addr           string               `koanf:"addr" usage:"where callers are served"`
	OpsAddr        string               `koanf:"ops_addr" usage:"address for operators: health, metrics, profiles; keep it from callers"`
	TrustedProxies []string             `koanf:"trusted_proxies" usage:"networks in CIDR form whose X-Forwarded-For and X-Request-Id are believed"`
	TrustedOrigins []string             `koanf:"trusted_origins" usage:"other origins whose pages may call, as in https://shop.example.com"`
	Responses      httpapi.ResponseMode `koanf:"responses" usage:"answers held against the document: off, sample or enforce"`
	RateLimits     bool                 `koanf:"rate_limits" usage:"whether the document's rate limits hold"`
	Shed           bool                 `koanf:"shed" usage:"whether work beyond capacity is refused at once"`
	Migrate        bool                 `koanf:"migrate" usage:"whether to migrate the database at start"`
	MaxConns       int32                `koanf:"max_conns" usage:"connections to the database at most"`
	PoolShare      int32                `koanf:"pool_share" usage:"percent of those connections that what anybody may call, unless it has high priority, has at most, and as much what has low priority"`
	NATSURL        telemetry.Secret     `koanf:"nats_url" usage:"where events are published and consumed, as in nats://user:password@host:4222; without it none are, and the service's own are kept for a week"`
	Unready        time.Duration        `koanf:"unready" usage:"how long to go on serving after readiness has been withdrawn"`
	Drain          time.Duration        `koanf:"drain" usage:"how long running requests may take to end"`
}

// DefaultServing returns the defaults of Serving.
func DefaultServing() Serving {
	return Serving{
		Keyed: Keyed{Database: DefaultDatabase()}, Tracing: DefaultTracing(),
		Addr: "127.0.0.1:8080", OpsAddr: "127.0.0.1:9090",
		Responses: httpapi.ResponsesSample, RateLimits: true, Shed: true, Migrate: true, MaxConns: 16, PoolShare: 50,
		Unready: 3 * time.Second, Drain: 20 * time.Second,
	}
}

// Validate refuses settings that cannot work, before anything is touched. A type that embeds Serving and has a Validate
// of its own calls it there.
func (s *Serving) Validate() error {
	errs := []error{s.Keyed.Validate(), s.Tracing.Validate()}
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
	refuse(s.MaxConns < 1 || s.MaxConns > 1000, "max_conns is between 1 and 1000")
	refuse(s.PoolShare < 1 || s.PoolShare > ordinaryPercent,
		fmt.Sprintf("pool_share is between 1 and %d percent", ordinaryPercent))
	if s.NATSURL.Reveal() != "" {
		if err := events.CheckURL(s.NATSURL); err != nil {
			errs = append(errs, fmt.Errorf("nats_url: %w", err))
		}
	}
	refuse(s.Unready < 0 || s.Drain <= 0, "unready is not less than nothing, and drain is more")
	return errors.Join(errs...)
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
