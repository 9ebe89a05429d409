package redis_test

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/redistest"
)

// address is one of a managed Redis: connections that are made to it reach the server that is the primary then, and
// stay with it.
type address struct {
	net.Listener

	mu      sync.Mutex
	primary string
}

func newAddress(t *testing.T, primary string) *address {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	a := &address{Listener: listener, primary: primary}
	var forwards sync.WaitGroup
	forwards.Go(func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			forwards.Go(func() { a.forward(t, from) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		forwards.Wait()
	})
	return a
}

func (a *address) forward(t *testing.T, from net.Conn) {
	t.Helper()
	defer from.Close()
	a.mu.Lock()
	primary := a.primary
	a.mu.Unlock()
	to, err := net.Dial("tcp", primary)
	if err != nil {
		return
	}
	var answers sync.WaitGroup
	answers.Go(func() {
		_, _ = io.Copy(from, to)
		_ = from.Close()
	})
	_, _ = io.Copy(to, from)
	_ = to.Close()
	answers.Wait()
}

func (a *address) moveTo(primary string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.primary = primary
}

// A primary that becomes a replica keeps its connections. The client leaves it, and finds the new one at the same
// address.
func TestDemotion(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string][]string{
		"READONLY":   nil,
		"MASTERDOWN": {"--replica-serve-stale-data", "no", "--replica-read-only", "no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			old, now := redistest.Start(t, refusal...), redistest.Start(t)
			at := newAddress(t, old.Addr())
			c := connect(t, telemetry.NewSecret("redis://"+at.Addr().String()), patient)
			t.Cleanup(c.Close) // before the address
			c.awaitWorking()
			before := c.Connections()
			old.Do("REPLICAOF", "127.0.0.1", "1")
			for c.works() {
				require.ErrorContains(t, c.set(), name)
			}
			at.moveTo(now.Addr())
			require.Eventually(t, func() bool { return c.set() == nil }, patience, time.Millisecond)
			require.Equal(t, "1", now.Do("GET", "a"))
			require.Greater(t, c.Connections(), before)
		})
	}
}
