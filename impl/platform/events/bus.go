package events

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"example.com/plumbline/impl/platform/ops"
)

const (
	// checkTimeout bounds the wait for an answer to a health check.
	checkTimeout = 2 * time.Second
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

// Connect begins to connect and returns at once; the connection is kept up until Close. The error is that of
// [CheckURL]. name is what NATS calls the connection.
func Connect(server Server, name string, log *slog.Logger) (*Bus, error) {
	if err := CheckURL(server.URLs); err != nil {
		return nil, err
	}
	b := &Bus{tried: make(chan struct{})}
	go func() {
		defer close(b.tried)
		b.conn, b.err = nats.Connect(server.URLs.Reveal(), append(server.options(), nats.Name(name),
			nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort(),
			nats.CustomReconnectDelay(server.redialPause),
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
		)...)
		if b.err == nil {
			b.stream, b.err = jetstream.New(b.conn, jetstream.WithPublishAsyncTimeout(ackTimeout))
		}
		if b.err != nil {
			log.Error("NATS cannot be used", slog.Any("error", b.err))
		}
	}()
	return b, nil
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
	return within(ctx, checkTimeout, b.conn.FlushWithContext)
}

// Close ends the connection, for those who use it too.
func (b *Bus) Close() {
	<-b.tried
	if b.conn != nil {
		b.conn.Close()
	}
}
