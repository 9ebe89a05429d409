package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// listenTimeout bounds LISTEN, and the answer to a ping.
const listenTimeout = 2 * time.Second

// Listener is told of the notifications of a channel. Its functions are called one after another.
type Listener struct {
	// Connected is called when every notification that is committed from now on will arrive.
	Connected func()
	// Notified is called with the payload of a notification.
	Notified func(payload string)
	// Lost is called when notifications may be missed until Connected is called again, and when ctx has ended.
	Lost func()
	// Failed is called with the reason, also of an attempt to connect that has failed. It is not called once ctx has
	// ended.
	Failed func(err error)
}

// Listen listens on a channel until ctx ends, over a connection of its own, and reconnects after each loss. Between a
// connection that dies without a word and Lost there are up to seven seconds.
func Listen(ctx context.Context, config *pgx.ConnConfig, channel string, l Listener) {
	HoldConn(ctx, config, func(ctx context.Context, conn *pgx.Conn) error {
		defer l.Lost()
		listening, cancel := context.WithTimeout(ctx, listenTimeout)
		defer cancel()
		//sqltext:allow the name of a channel cannot be an argument; it is a constant of the service, and quoted
		if _, err := conn.Exec(listening, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
			return err
		}
		l.Connected()
		for {
			notification, err := AwaitNotification(ctx, conn, listenTimeout)
			if err != nil {
				return err
			}
			if notification != nil {
				l.Notified(notification.Payload)
			}
		}
	}, l.Failed)
}
