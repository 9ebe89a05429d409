package events

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"example.com/plumbline/impl/platform/ops"
	"example.com/plumbline/impl/platform/telemetry"
)

const (
	// dialTimeout bounds one attempt to reach NATS.
	dialTimeout = 2 * time.Second
	// longestRedial is the pause between attempts at most; the first ones are shorter.
	longestRedial = 2 * time.Second
	// pingEvery is the interval of pings; a connection that has died silently is noticed after two.
	pingEvery = 5 * time.Second
	// ackTimeout bounds the wait for JetStream to have stored an event.
	ackTimeout = 5 * time.Second
)

var errNotConnected = errors.New("NATS is not connected")

// Bus is a connection to NATS that reconnects by itself. No caller waits for it.
type Bus struct {
	tried  chan struct{} // closed after the first attempt; what follows is set before
	conn   *nats.Conn
	stream jetstream.JetStream
	err    error
}

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

// Prove checks once that NATS accepts the user and the password, or the token, of the URLs. A NATS that is away is no
// error.
func Prove(urls telemetry.Secret) error {
	conn, err := nats.Connect(urls.Reveal(), nats.Timeout(dialTimeout))
	switch {
	case err == nil:
		conn.Close()
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired):
		return errors.New("NATS refuses the user and the password, or the token, of the URL")
	}
	return nil
}

// Connect begins to connect and returns at once; the connection is kept up until Close. The error is that of
// [CheckURL]. name is what NATS calls the connection.
func Connect(urls telemetry.Secret, name string, log *slog.Logger) (*Bus, error) {
	if err := CheckURL(urls); err != nil {
		return nil, err
	}
	b := &Bus{tried: make(chan struct{})}
	go func() {
		defer close(b.tried)
		b.conn, b.err = nats.Connect(urls.Reveal(), nats.Name(name),
			nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort(),
			nats.Timeout(dialTimeout), nats.CustomReconnectDelay(redialPause),
			nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(2),
			// What cannot be sent now fails now: a copy that is sent later by itself could pass an event behind it.
			nats.ReconnectBufSize(-1),
			nats.ConnectHandler(func(*nats.Conn) { log.Info("NATS is connected") }),
			nats.ReconnectHandler(func(*nats.Conn) { log.Info("NATS is connected again") }),
			nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
				log.Warn("NATS is not connected", slog.Any("error", err))
			}),
			nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
				log.Warn("NATS complains", slog.Any("error", err))
			}),
			nats.NoCallbacksAfterClientClose(),
		)
		if b.err == nil {
			b.stream, b.err = jetstream.New(b.conn, jetstream.WithPublishAsyncTimeout(ackTimeout))
		}
		if b.err != nil {
			log.Error("NATS cannot be used", slog.Any("error", b.err))
		}
	}()
	return b, nil
}

// redialPause doubles from a tenth of a second.
func redialPause(attempts int) time.Duration {
	pause := longestRedial
	if attempts < 5 {
		pause = 100 * time.Millisecond << attempts
	}
	return pause/2 + rand.N(pause/2)
}

// jetStream gives the connection's JetStream while there is a connection.
func (b *Bus) jetStream() (jetstream.JetStream, error) {
	select {
	case <-b.tried:
	default:
		return nil, errNotConnected
	}
	if b.err != nil {
		return nil, b.err
	}
	if !b.conn.IsConnected() {
		return nil, errors.Join(errNotConnected, b.conn.LastError())
	}
	return b.stream, nil
}

// Check asks NATS for an answer, as a health check of an optional dependency.
func (b *Bus) Check(ctx context.Context) error {
	if _, err := b.jetStream(); err != nil {
		return errors.Join(ops.Unreachable, err)
	}
	return within(ctx, dialTimeout, b.conn.FlushWithContext)
}

// Close ends the connection, for those who use it too.
func (b *Bus) Close() {
	<-b.tried
	if b.conn != nil {
		b.conn.Close()
	}
}
