package guard_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// line is the way to a database, which can be cut without either end hearing of it.
type line struct {
	cut    atomic.Bool
	copies sync.WaitGroup

	mu   sync.Mutex
	ends []net.Conn
}

// close hangs up.
func (l *line) close() {
	l.mu.Lock()
	for _, end := range l.ends {
		_ = end.Close()
	}
	l.mu.Unlock()
	l.copies.Wait()
}

// dial connects over the line, as pgconn.Config.DialFunc does.
func (l *line) dial(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		server, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		near, far := net.Pipe()
		l.mu.Lock()
		l.ends = append(l.ends, server, far)
		l.mu.Unlock()
		carry := func(to, from net.Conn) {
			l.copies.Go(func() {
				defer to.Close()
				defer from.Close()
				_, _ = io.Copy(writer(func(b []byte) (int, error) {
					if l.cut.Load() {
						return len(b), nil
					}
					return to.Write(b)
				}), from)
			})
		}
		carry(server, far)
		carry(far, server)
		return near, nil
	}
}

type writer func(b []byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

// A connection that has died looks like one on which nothing happens: it is pinged, and then nothing is remembered.
func TestASilentConnectionIsTried(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.watch()() // It makes the database.
	var l line
	config := f.pool.Config().ConnConfig
	config.DialFunc = l.dial(config.DialFunc)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.Watch(ctx, config, "sessions", slog.New(slog.NewTextHandler(f.log, nil)))
	}()
	defer func() {
		cancel()
		<-ended
		l.close()
	}()
	eventually(t, "the guard watches", func() bool { return f.Stats().Watching })
	claims, raw := f.begin()
	f.accepts(raw)
	require.Equal(t, 0, f.reads(func() { f.accepts(raw) }))

	l.cut.Store(true)
	f.end(claims.SessionID)
	f.announce(claims.SessionID.String()) // It is not heard.
	f.accepts(raw)
	deadline := time.After(time.Minute)
	for {
		if _, err := f.Authenticate(t.Context(), raw); err != nil {
			return
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-deadline:
			require.FailNow(t, "an ended session goes on")
		}
	}
}
