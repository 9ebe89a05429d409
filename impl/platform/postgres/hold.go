package postgres

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// reconnectPause is the mean pause between the loss of a connection and the next attempt to connect.
	reconnectPause = time.Second
	// closeTimeout bounds the closing of a connection whose server may be gone.
	closeTimeout = 2 * time.Second
	// silence is how long AwaitNotification waits before it tries the connection.
	silence = 5 * time.Second
)

// HoldConn runs work with a connection of its own, outside of every pool: LISTEN and advisory locks belong to a session
// and last as long as it does. Whenever connecting fails or work returns, the connection is closed, lost is told why,
// and after a pause of about a second work starts again with a new connection. lost is not called once ctx has ended.
//
// HoldConn returns when ctx has ended and work has returned. work may go on with conn after the end of ctx, to finish
// what it has begun.
func HoldConn(
	ctx context.Context, config *pgx.ConnConfig, work func(ctx context.Context, conn *pgx.Conn) error,
	lost func(err error),
) {
	for ctx.Err() == nil {
		err := holdOnce(ctx, config, work)
		if ctx.Err() != nil {
			return
		}
		lost(err)
		select {
		case <-ctx.Done():
		case <-time.After(reconnectPause/2 + rand.N(reconnectPause)):
		}
	}
}

func holdOnce(
	ctx context.Context, config *pgx.ConnConfig, work func(ctx context.Context, conn *pgx.Conn) error,
) error {
	conn, err := pgx.ConnectConfig(ctx, config) // The configuration bounds it, for each server that it names.
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		_ = conn.Close(closing) // PostgreSQL ends the session, with its locks, however the connection ends.
	}()
	return work(ctx, conn)
}

// AwaitNotification waits for a notification on a connection, for at most 5 s. A connection that has died without a
// word is as silent as one on which nothing happens, so after that time it pings the server, which has answer to
// respond. The notification is nil when none came and the server responded.
func AwaitNotification(ctx context.Context, conn *pgx.Conn, answer time.Duration) (*pgconn.Notification, error) {
	waiting, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	notification, err := conn.WaitForNotification(waiting)
	switch {
	case err == nil:
		return notification, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case waiting.Err() == nil:
		return nil, err
	}
	pinging, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	return nil, conn.Ping(pinging)
}
