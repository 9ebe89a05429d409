package postgres_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/pgtest"
)

func holdConfig(t *testing.T, url string) *pgx.ConnConfig {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	require.NoError(t, err)
	return config
}

// Every loss is told and gives work another connection, until ctx ends; the connections before are closed.
func TestHoldConnReconnects(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	errLost := errors.New("lost")
	var conns []*pgx.Conn
	var told []error
	postgres.HoldConn(ctx, holdConfig(t, pgtest.URL(t, accounts())), func(_ context.Context, conn *pgx.Conn) error {
		for _, before := range conns {
			require.True(t, before.IsClosed())
		}
		require.NoError(t, conn.Ping(t.Context()))
		if conns = append(conns, conn); len(conns) == 3 {
			cancel()
		}
		return errLost
	}, func(err error) { told = append(told, err) })
	require.Len(t, conns, 3)
	require.Equal(t, []error{errLost, errLost}, told, "the end of ctx is no loss")
	require.True(t, conns[2].IsClosed())
}

// A database that cannot be reached is asked again and again, and work has no connection meanwhile.
func TestHoldConnOutlivesAnAbsentDatabase(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	config := holdConfig(t, pgtest.URL(t, accounts()))
	dial, attempts, losses, worked := config.DialFunc, 0, 0, false
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		if attempts++; attempts <= 2 {
			return nil, io.ErrUnexpectedEOF
		}
		return dial(ctx, network, address)
	}
	postgres.HoldConn(ctx, config, func(context.Context, *pgx.Conn) error {
		worked = true
		cancel()
		return nil
	}, func(err error) {
		losses++
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	})
	require.True(t, worked)
	require.Equal(t, 2, losses)
}

// Work may finish on its connection what it has begun before ctx ended.
func TestHoldConnWaitsForWork(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	postgres.HoldConn(ctx, holdConfig(t, pgtest.URL(t, accounts())), func(_ context.Context, conn *pgx.Conn) error {
		cancel()
		last = conn.Ping(t.Context())
		return nil
	}, func(err error) { require.NoError(t, err) })
	require.NoError(t, last)
}

// The connection is tried after a silence, and lost when the server has ended the session.
func TestAwaitNotification(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, accounts())
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	_, err = conn.Exec(t.Context(), "LISTEN changes")
	require.NoError(t, err)
	query(t, url, "NOTIFY changes, 'one'")
	await := func() (*pgconn.Notification, error) {
		return postgres.AwaitNotification(t.Context(), conn, time.Minute)
	}
	got, err := await()
	require.NoError(t, err)
	require.Equal(t, "one", got.Payload)
	got, err = await()
	require.NoError(t, err)
	require.Nil(t, got, "none came, and the server has answered")
	query(t, url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN changes'
		OR state = 'idle' AND pid <> pg_backend_pid() AND datname = current_database()`)
	_, err = await()
	require.Error(t, err)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = postgres.AwaitNotification(ended, conn, time.Minute)
	require.ErrorIs(t, err, context.Canceled)
}

func TestInBatches(t *testing.T) {
	t.Parallel()
	left, calls := int64(2*postgres.BatchSize+1), 0
	require.NoError(t, postgres.InBatches(func(limit int32) (int64, error) {
		calls++
		removed := min(left, int64(limit))
		left -= removed
		return removed, nil
	}))
	require.Zero(t, left)
	require.Equal(t, 3, calls)
	require.ErrorIs(t, postgres.InBatches(func(int32) (int64, error) { return postgres.BatchSize, io.EOF }), io.EOF)
}
