package redis

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/rueidis"

	"example.com/plumbline/impl/platform/clienttls"
	"example.com/plumbline/impl/platform/telemetry"
)

// The defaults of Config.
const (
	DefaultTimeout   = 50 * time.Millisecond
	DefaultKeepAlive = time.Second
)

const (
	// bufferBytes is the size of each of the connection's two buffers.
	bufferBytes = 64 << 10
	// ringScale is the binary logarithm of how many commands may wait for an answer on the connection.
	ringScale = 10
)

// Config configures a Client. A zero value means the default.
type Config struct {
	// Name is that of the service. Its keys begin with it, and Redis shows it in CLIENT LIST.
	Name string
	// URL is the address of Redis; see CheckURL.
	URL telemetry.Secret
	// CA is a file in PEM with the certificates that may have signed Redis's. Default: those of the system. Like the
	// other files it is read at each attempt to connect, so that it can be renewed while the program runs.
	CA string
	// Cert and Key are files in PEM with the client's certificate and its key, for a Redis that asks for one.
	Cert, Key string
	// Timeout bounds each call. Default: DefaultTimeout.
	Timeout time.Duration
	// KeepAlive is the interval of pings on a silent connection, and how long the answer to one may take. So a
	// connection that has died silently is given up after twice that time. Default: DefaultKeepAlive.
	KeepAlive time.Duration

	// Log has a line when the breaker opens or closes. Nil: no log.
	Log *slog.Logger
	// Registry registers the metrics. Nil: no metrics.
	Registry prometheus.Registerer
}

// errURL says how to write the URL. What net/url says about a URL can contain its password.
var errURL = errors.New("the Redis URL cannot be understood: write it as redis://user:password@host:6379/0, " +
	"with rediss:// for TLS, and percent-encode special characters of the password (@ is %40, / is %2F, % is %25)")

// CheckURL checks the form of a URL of Redis: redis://user:password@host:port/database, or rediss:// for TLS. The user,
// the password, the port (6379) and the number of the database (0) may be left out.
func CheckURL(text telemetry.Secret) error {
	_, err := parse(text)
	return err
}

// parse gives the parts of a URL.
func parse(text telemetry.Secret) (*rueidis.ClientOption, error) {
	u, err := url.Parse(text.Reveal())
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" || u.Hostname() == "" || u.RawQuery != "" ||
		u.Fragment != "" || strings.Count(u.Path, "/") > 1 {
		return nil, errURL
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	options, err := rueidis.ParseURL(u.String())
	if err != nil {
		return nil, errURL
	}
	return &options, nil
}

func (c Config) files() clienttls.Files { return clienttls.Files{CA: c.CA, Cert: c.Cert, Key: c.Key} }

func (c Config) timeout() time.Duration { return cmp.Or(c.Timeout, DefaultTimeout) }

func (c Config) logger() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log.With(slog.String("dependency", "redis"))
}

// options gives those of rueidis.
func (c Config) options() (rueidis.ClientOption, error) {
	if c.Name == "" {
		return rueidis.ClientOption{}, errors.New("redis: the service has no name")
	}
	o, err := parse(c.URL)
	if err != nil {
		return rueidis.ClientOption{}, err
	}
	if o.TLSConfig == nil && c.files().Given() {
		return rueidis.ClientOption{}, errors.New("redis: there are files for TLS, which the URL asks for with rediss://")
	}
	o.ClientName = c.Name
	o.Dialer.Timeout = connectTimeout
	o.Dialer.KeepAlive = cmp.Or(c.KeepAlive, DefaultKeepAlive)
	o.ConnWriteTimeout = o.Dialer.KeepAlive
	o.DialCtxFn = c.dial
	o.ForceSingleClient = true
	o.PipelineMultiplex = -1  // One connection: once a probe is answered, so is every command before it.
	o.AlwaysPipelining = true // Otherwise a caller who leaves closes the connection of all.
	o.DisableRetry = true     // A repeated command would wait longer, and count twice.
	o.DisableCache = true     // impl/platform/cache has what client-side caching is for.
	o.RingScaleEachConn = ringScale
	o.ReadBufferEachConn, o.WriteBufferEachConn = bufferBytes, bufferBytes
	return *o, nil
}

// dial connects, with TLS if there is a configuration for it, and then with what the files hold now.
func (c Config) dial(ctx context.Context, addr string, dialer *net.Dialer, config *tls.Config) (net.Conn, error) {
	if config == nil {
		return dialer.DialContext(ctx, "tcp", addr)
	}
	config, err := c.files().Config(config)
	if err != nil {
		return nil, err
	}
	return (&tls.Dialer{NetDialer: dialer, Config: config}).DialContext(ctx, "tcp", addr)
}
