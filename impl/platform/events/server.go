package events

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"example.com/plumbline/impl/platform/clienttls"
	"example.com/plumbline/impl/platform/telemetry"
)

// Server says where NATS is, and how each side proves who it is. Files are read again at each attempt to connect, so
// that they can be renewed while the program runs.
type Server struct {
	// URLs is a URL of NATS, or several with commas between them.
	URLs telemetry.Secret
	// Credentials is the path of a file with the JWT of a user and its key, as nsc writes it; "" is none.
	Credentials string
	// CA is the path of a PEM file with the authorities that sign the certificate of NATS; "" stands for the system's.
	CA string
	// Cert and Key are the paths of PEM files with the certificate of this program and its key; "" is none.
	Cert, Key string
	// ConnectTimeout bounds one attempt to connect; zero stands for DefaultConnectTimeout.
	ConnectTimeout time.Duration
	// ReconnectWait is the longest pause between two attempts; zero stands for DefaultReconnectWait.
	ReconnectWait time.Duration
}

// Defaults of Server.
const (
	DefaultConnectTimeout = 2 * time.Second
	DefaultReconnectWait  = 2 * time.Second
)

// UsesTLS tells whether a connection is encrypted even where the URL does not ask for it.
func (s Server) UsesTLS() bool { return s.files().Given() }

// CheckURL checks the form of a URL of NATS, or of several with commas between them.
func CheckURL(urls telemetry.Secret) error {
	for text := range strings.SplitSeq(urls.Reveal(), ",") {
		u, err := url.Parse(strings.TrimSpace(text))
		// What net/url says about a URL can hold its password.
		if err != nil || u.Host == "" || u.Scheme != "nats" && u.Scheme != "tls" {
			return errors.New("the NATS URL cannot be understood: write it as nats://user:password@host:4222, " +
				"with tls:// for TLS and commas between several, " +
				"and percent-encode special characters of the password (@ is %40, / is %2F, % is %25)")
		}
	}
	return nil
}

// CheckCredentials checks that a file holds the JWT of a user and its key. No error shows a part of either.
func CheckCredentials(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return clienttls.Unreadable(path, err)
	}
	jwt, err := nkeys.ParseDecoratedJWT(text)
	if err == nil && strings.Count(jwt, ".") != 2 { // Without a frame the whole file counts as a JWT.
		err = errors.New("no JWT")
	}
	if err == nil {
		var key nkeys.KeyPair
		if key, err = nkeys.ParseDecoratedUserNKey(text); err == nil {
			key.Wipe()
		}
	}
	if err != nil {
		return fmt.Errorf("%s does not have the JWT of a user and its key: make it with nsc generate creds", path)
	}
	return nil
}

// files are those of TLS.
func (s Server) files() clienttls.Files { return clienttls.Files{CA: s.CA, Cert: s.Cert, Key: s.Key} }

func (s Server) connectTimeout() time.Duration {
	return cmp.Or(s.ConnectTimeout, DefaultConnectTimeout)
}

// options are those of every connection.
func (s Server) options() []nats.Option {
	options := []nats.Option{nats.Timeout(s.connectTimeout())}
	if s.Credentials != "" {
		options = append(options, nats.UserCredentials(s.Credentials))
	}
	if s.UsesTLS() { // NATS calls both before each handshake.
		options = append(options, nats.ClientTLSConfig(s.files().Certificate, s.files().Roots))
	}
	return options
}

// proofs is how often Prove connects where NATS ends the connection after the handshake of TLS. It does so when it
// refuses a certificate, and its alert may be lost; it may also be about to stop.
const proofs = 3

// proveLimit bounds Prove, whatever the number of servers and their time-outs.
const proveLimit = 30 * time.Second

// Prove checks once that NATS and this program accept each other: the certificates of both sides, and the user and the
// password, the token or the credentials. A NATS that is away, or does not answer in time, is no error. Prove takes at
// most half a minute; if ctx ends before, it returns the error of that.
func (s Server) Prove(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, proveLimit)
	defer cancel()
	options := append(s.options(), nats.SkipHostLookup(), // The dialer looks it up, no longer than its context.
		nats.SetCustomDialer(endingDialer{limited, net.Dialer{Timeout: s.connectTimeout()}}))
	var err error
	for range proofs {
		var conn *nats.Conn
		if conn, err = nats.Connect(s.URLs.Reveal(), options...); err == nil {
			conn.Close()
			return nil
		}
		if limited.Err() != nil {
			return ctx.Err()
		}
		_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
		if unverified || !errors.Is(err, nats.ErrTLS) || isTimeout(err) {
			break
		}
	}
	return explainRefusal(err)
}

// endingDialer dials connections that close when a context ends.
type endingDialer struct {
	ctx context.Context //nolint:containedctx // NATS takes none.
	net.Dialer
}

// Dial implements [nats.CustomDialer].
func (d endingDialer) Dial(network, address string) (net.Conn, error) {
	conn, err := d.DialContext(d.ctx, network, address)
	if err == nil {
		context.AfterFunc(d.ctx, func() { _ = conn.Close() })
	}
	return conn, err
}

// isTimeout tells whether an attempt to connect ran out of time, also within the handshake of TLS.
func isTimeout(err error) bool {
	timing, ok := errors.AsType[net.Error](err)
	return ok && timing.Timeout() || errors.Is(err, nats.ErrTimeout)
}

// explainRefusal says which side refuses what; nil where neither does.
func explainRefusal(err error) error {
	verification, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	remote, isNet := errors.AsType[*net.OpError](err)
	refused := isNet && remote.Op == "remote error" // an alert of TLS
	switch {
	case isTimeout(err):
		return nil
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired),
		errors.Is(err, nats.ErrAuthRevoked):
		return errors.New("NATS refuses the credentials, the user and the password, or the token")
	case unverified:
		return fmt.Errorf("the certificate of NATS is refused: %w; name the file of its authority in nats_ca",
			verification.Err)
	case refused, errors.Is(err, nats.ErrTLS):
		return errors.New("NATS refuses the certificate of this program, or that it has none: " +
			"name the files of one that NATS accepts in nats_cert and nats_key")
	case errors.Is(err, nats.ErrSecureConnWanted):
		return errors.New("NATS has no TLS, which tls://, nats_ca or nats_cert asks for")
	}
	return nil
}

// redialPause doubles from a tenth of a second.
func (s Server) redialPause(attempts int) time.Duration {
	pause := cmp.Or(s.ReconnectWait, DefaultReconnectWait)
	if attempts < 16 {
		pause = min(pause, 100*time.Millisecond<<attempts)
	}
	return pause/2 + rand.N(pause/2)
}
