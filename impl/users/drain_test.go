package users

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

// process runs the service as a process of its own, which a signal ends.
func process(t *testing.T) programtest.Main {
	t.Helper()
	path := programtest.Program(t, "users")
	return func(ctx context.Context, args, environ []string, out io.Writer) error {
		cmd := exec.CommandContext(ctx, path, args...)
		cmd.Env, cmd.Stdout, cmd.Stderr = environ, out, out
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		if err := cmd.Run(); cmd.ProcessState == nil || !cmd.ProcessState.Success() {
			return err
		}
		return nil // Otherwise Run says that it has been asked to end.
	}
}

// pooled is a connection in the pool of a load balancer, for requests that must not be repeated.
type pooled struct {
	net.Conn

	answers *bufio.Reader
}

// balancer is a pool of connections to one replica. It repeats no request and does not check whether a connection is
// still open.
type balancer struct {
	addr string
	idle chan *pooled
}

func (b *balancer) dial(ctx context.Context) (*pooled, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", b.addr)
	if err != nil {
		return nil, err
	}
	return &pooled{conn, bufio.NewReader(conn)}, nil
}

// send sends a request on an idle connection, or else on a new one, and tells whether the connection ends with it.
func (b *balancer) send(ctx context.Context) (ends bool, err error) {
	var p *pooled
	select {
	case p = <-b.idle:
	default:
		if p, err = b.dial(ctx); err != nil {
			return false, err
		}
	}
	return b.sendOn(p)
}

func (b *balancer) sendOn(p *pooled) (ends bool, err error) {
	defer func() {
		if ends || err != nil {
			_ = p.Close() // The connection is done with.
			return
		}
		b.idle <- p
	}()
	body := login("nobody@example.com", "wrong horse battery staple")
	_, err = fmt.Fprintf(p,
		"POST /api/v1/login HTTP/1.1\r\nHost: users.test\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		len(body), body)
	if err != nil {
		return false, err
	}
	answer, err := http.ReadResponse(p.answers, nil)
	if err != nil {
		return false, err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode >= http.StatusInternalServerError && err == nil {
		err = fmt.Errorf("the answer is %s", answer.Status)
	}
	return answer.Close, err
}

// A replica that is told to end answers every request until it closes its listener, on idle connections too, and each
// of these answers says that its connection closes.
func TestNoRequestIsLostWhileUnready(t *testing.T) {
	t.Parallel()
	const idle, senders = 8, 4
	url := pgtest.URL(t, schema.Migrations, schema.Parts...)
	p := programtest.Serve(t, process(t),
		environment(url, "USERS_UNREADY=2s", "USERS_RATE_LIMITS=false", "USERS_SHED=false"))
	b := &balancer{addr: strings.TrimPrefix(p.URL, "http://"), idle: make(chan *pooled, 1000)}
	var rested []*pooled
	for range idle {
		one, err := b.dial(t.Context())
		require.NoError(t, err)
		ends, err := b.sendOn(one)
		require.NoError(t, err)
		require.False(t, ends, "connections are kept as long as the replica serves")
		rested = append(rested, <-b.idle)
	}
	var lost sync.Map // by when
	var answered atomic.Int64
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			for {
				_, err := b.send(t.Context())
				if err != nil {
					lost.Store(time.Now(), err)
					return
				}
				answered.Add(1)
			}
		})
	}
	p.Stop()
	p.Line("winding down")
	before := answered.Load()
	for _, one := range rested {
		ends, err := b.sendOn(one)
		require.NoError(t, err, "a connection that was idle when the replica was told to end")
		require.True(t, ends)
	}
	all.Wait()
	require.NoError(t, p.End())
	require.Greater(t, answered.Load(), before, "requests go on being answered")
	closed, err := time.Parse(time.RFC3339Nano, p.Line("no more connections are taken")["time"].(string))
	require.NoError(t, err)
	lost.Range(func(when, err any) bool {
		require.False(t, when.(time.Time).Before(closed), "lost before: %v", err)
		return true
	})
}
