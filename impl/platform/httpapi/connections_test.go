package httpapi

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

// bounding is a server that was started for a test of its connections.
type bounding struct {
	*running
	*service
}

func bound(t *testing.T, s Server) bounding {
	t.Helper()
	registry, log := prometheus.NewRegistry(), &lines{}
	s.Registry, s.Log, s.Drain = registry, slog.New(slog.NewJSONHandler(log, nil)), time.Minute
	b := bounding{run(t, s), &service{registry: registry, log: log}}
	t.Cleanup(func() {
		b.stop()
		require.NoError(t, <-b.ended)
		require.Zero(t, b.callers(t, "http_connections_open"), "no connection is counted for ever")
	})
	return b
}

// callers gives a metric of the listener for callers.
func (b bounding) callers(t testing.TB, name string, labels ...string) int {
	t.Helper()
	with := map[string]string{"listener": "callers"}
	for i := 0; i+1 < len(labels); i += 2 {
		with[labels[i]] = labels[i+1]
	}
	return int(b.metric(t, name, with))
}

// dial opens a connection from an address of this machine.
func dial(t testing.TB, from, to string) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).DialContext(t.Context(), "tcp", to)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// ask sends a request and reads the whole answer, with its body.
func ask(c net.Conn, path string) (*http.Response, string, error) {
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path); err != nil {
		return nil, "", err
	}
	return answerOn(c)
}

func answerOn(c net.Conn) (*http.Response, string, error) {
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(answer.Body)
	return answer, string(body), errors.Join(err, answer.Body.Close())
}

// Thousands of connections that wait between requests or send their header slowly keep nobody out.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	t.Parallel()
	const most, addresses, ofAddress = 1000, 50, 70
	b := bound(t, Server{MaxConnections: most, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "served")
	})})
	for i := range addresses {
		for j := range ofAddress {
			c := dial(t, fmt.Sprintf("127.0.1.%d", 1+i), b.addr)
			switch j % 3 {
			case 0: // opens a connection and says nothing
			case 1: // sends its header slowly
				_, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\nX-")
				require.NoError(t, err)
			default: // has been served, and keeps the connection
				answer, _, err := ask(c, "/")
				require.NoError(t, err)
				require.Equal(t, http.StatusOK, answer.StatusCode)
			}
			require.LessOrEqual(t, b.callers(t, "http_connections_open"), most)
		}
		_, body, err := get(t, "http://"+b.addr+"/")
		require.NoError(t, err)
		require.Equal(t, "served", body)
	}
	require.Greater(t, b.callers(t, "http_connections_evicted_total"), addresses*ofAddress/3-most,
		"the time-out of a header may have closed those of the other two kinds")
	require.Zero(t, b.callers(t, "http_connections_refused_total"))
	require.Equal(t, most, b.callers(t, "http_connections_max"))
}

// A connection that serves a request or a stream is never closed for another, and the one that finds no room is told.
func TestServingConnectionsStay(t *testing.T) {
	t.Parallel()
	const most, ofNetwork = 40, 10
	entered, letGo, more := make(chan struct{}, most), make(chan struct{}), make(chan struct{})
	b := bound(t, Server{MaxConnections: most, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stream" {
			for range 3 {
				_, _ = io.WriteString(w, "part;")
				_ = http.NewResponseController(w).Flush()
				entered <- struct{}{}
				<-more
			}
			return
		}
		entered <- struct{}{}
		<-letGo
		_, _ = io.WriteString(w, "served")
	})})
	refused := func(from, reason string) {
		t.Helper()
		before := b.callers(t, "http_connections_refused_total", "reason", reason)
		answer, body, err := ask(dial(t, from, b.addr), "/")
		require.NoError(t, err)
		require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
		require.Equal(t, "1", answer.Header.Get("Retry-After"))
		require.True(t, answer.Close)
		require.Equal(t, "application/problem+json", answer.Header.Get("Content-Type"))
		var p problem
		require.NoError(t, json.Unmarshal([]byte(body), &p))
		require.Equal(t, "overloaded", p.Code)
		require.Equal(t, answer.Header.Get("X-Request-Id"), p.RequestID)
		require.Equal(t, before+1, b.callers(t, "http_connections_refused_total", "reason", reason))
	}
	serving := map[net.Conn]string{}
	begin := func(from, path string) net.Conn {
		c := dial(t, from, b.addr)
		_, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path)
		require.NoError(t, err)
		<-entered
		return c
	}
	stream := begin("127.0.2.1", "/stream")
	for i := 1; i < most; i++ {
		from := fmt.Sprintf("127.0.2.%d", 1+i/ofNetwork)
		if i == ofNetwork {
			refused("127.0.2.1", refusedNetwork) // while there is room for other networks
		}
		serving[begin(from, "/")] = from
	}
	require.Equal(t, most, b.callers(t, "http_connections_open"))
	require.Zero(t, b.callers(t, "http_connections_idle"))
	for range 3 {
		refused("127.0.2.9", refusedFull)
		refused("127.0.2.1", refusedNetwork)
	}
	require.Len(t, b.log.of(t, "connections are refused"), 1, "it is not logged each time")
	require.Zero(t, b.callers(t, "http_connections_evicted_total"))

	close(letGo)
	for c := range serving {
		_, body, err := answerOn(c)
		require.NoError(t, err)
		require.Equal(t, "served", body)
	}
	require.Eventually(t, func() bool { return b.callers(t, "http_connections_idle") == most-1 },
		time.Minute, time.Millisecond)
	for range 3 { // Now there is room, beside the stream.
		_, body, err := ask(dial(t, "127.0.2.9", b.addr), "/")
		require.NoError(t, err)
		require.Equal(t, "served", body)
		<-entered
	}
	require.Equal(t, 3, b.callers(t, "http_connections_evicted_total"))
	more <- struct{}{}
	<-entered
	more <- struct{}{}
	<-entered
	more <- struct{}{}
	_, body, err := answerOn(stream)
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("part;", 3), body)
}

// The connections of a network make room for its own new ones first. Trusted proxies carry many callers.
func TestConnectionsOfANetwork(t *testing.T) {
	t.Parallel()
	const most, ofNetwork = 40, 10
	entered, letGo := make(chan struct{}, most), make(chan struct{})
	b := bound(t, Server{MaxConnections: most, TrustedProxies: []string{"127.0.4.1/32"},
		Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			entered <- struct{}{}
			<-letGo
		})})
	owner := dial(t, "127.0.3.9", b.addr)
	isOpen := func() bool { return b.callers(t, "http_connections_open") == 1 }
	require.Eventually(t, isOpen, time.Minute, time.Millisecond)
	idle := make([]net.Conn, 3*ofNetwork)
	for i := range idle {
		idle[i] = dial(t, "127.0.3.1", b.addr)
	}
	require.Eventually(t, func() bool { return b.callers(t, "http_connections_evicted_total") == 2*ofNetwork },
		time.Minute, time.Millisecond)
	require.Equal(t, 1+ofNetwork, b.callers(t, "http_connections_open"))
	for _, c := range idle[:2*ofNetwork] { // the oldest
		_, err := c.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
	}
	begin := func(c net.Conn) {
		_, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		require.NoError(t, err)
		<-entered
	}
	begin(owner) // It has waited longest, and belongs to another network.
	for range most - 1 {
		begin(dial(t, "127.0.4.1", b.addr))
	}
	require.Equal(t, most, b.callers(t, "http_connections_open"))
	require.Zero(t, b.callers(t, "http_connections_idle"), "the proxy has all that were idle")
	close(letGo)
}

// The /64 networks of one IPv6 site have a quarter together.
func TestConnectionsOfASite(t *testing.T) {
	t.Parallel()
	const most, ofSite = 40, 10
	l := newConnections(most, ofSite, nil)
	serve := func(address string) (refused string) {
		b := l.newBounded(&net.TCPConn{}, netip.MustParseAddr(address))
		if _, refused = l.add(b); refused == "" {
			l.setState(b, http.StateActive)
		}
		return refused
	}
	for i := range ofSite {
		require.Empty(t, serve(fmt.Sprintf("2001:db8:1:%x::1", i)))
	}
	require.Equal(t, refusedNetwork, serve("2001:db8:1:ffff::1"))
	require.Empty(t, serve("2001:db8:2::1"), "another site")
	require.Empty(t, serve("192.0.2.1"))
}

// While connections are used and new ones take their places, each request that a handler has seen gets its answer.
func TestNoRequestIsCutForAnother(t *testing.T) {
	t.Parallel()
	var handled, answered atomic.Int64
	b := bound(t, Server{MaxConnections: 16, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		handled.Add(1)
		_, _ = io.WriteString(w, "served")
	})})
	var all sync.WaitGroup
	for i := range 24 { // more than there is room for
		from := fmt.Sprintf("127.0.6.%d", 1+i)
		all.Go(func() {
			var c net.Conn
			for range 400 {
				if c == nil {
					c = dial(t, from, b.addr)
				}
				answer, body, err := ask(c, "/")
				switch {
				case err != nil: // The connection was idle, and made room for another.
					_ = c.Close()
					c = nil
				case answer.StatusCode == http.StatusOK && body == "served":
					answered.Add(1)
				case answer.StatusCode == http.StatusServiceUnavailable:
					_ = c.Close()
					c = nil
				default:
					t.Errorf("half an answer: %d %q", answer.StatusCode, body)
				}
				if c != nil && rand.IntN(8) == 0 {
					_ = c.Close()
					c = nil
				}
			}
			if c != nil {
				_ = c.Close()
			}
		})
	}
	all.Wait()
	require.Equal(t, handled.Load(), answered.Load())
	require.Positive(t, b.callers(t, "http_connections_evicted_total"), "there was no room for all")
}

func TestConnectionsOfOperators(t *testing.T) {
	t.Parallel()
	b := bound(t, Server{Handler: http.NotFoundHandler(), Ops: http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ops") })})
	for range 2 * opsConnections {
		dial(t, "127.0.0.1", b.ops)
	}
	_, body, err := get(t, "http://"+b.ops+"/")
	require.NoError(t, err)
	require.Equal(t, "ops", body)
	require.GreaterOrEqual(t,
		b.metric(t, "http_connections_evicted_total", map[string]string{"listener": "operators"}), float64(opsConnections))
	require.Zero(t, b.callers(t, "http_connections_evicted_total"))
}

// Answers to refused connections are bounded as well: beyond that number a connection is reset.
func TestAnswersToRefusedConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	tcp, err := listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	l := Server{Log: slog.New(slog.DiscardHandler)}.bound(tcp, newConnections(0, 1, nil))
	for range cap(l.refusing) {
		l.refusing <- struct{}{}
	}
	var accepting sync.WaitGroup
	accepting.Go(func() { _, _ = l.Accept() })
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", tcp.Addr().String())
	if err == nil {
		_, err = c.Read(make([]byte, 1))
		_ = c.Close()
	}
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.NoError(t, tcp.Close())
	accepting.Wait()
}

// No more connections are accepted than there are file descriptors for.
func TestConnectionsFitTheOpenFiles(t *testing.T) {
	t.Parallel()
	files, allowed := allowedConnections()
	require.Less(t, allowed, files)
	require.GreaterOrEqual(t, allowed, files/2)
	b := bound(t, Server{Handler: http.NotFoundHandler(), MaxConnections: files})
	require.Equal(t, allowed, b.callers(t, "http_connections_max"))
	warned := b.log.of(t, "a setting to look at")
	require.Len(t, warned, 1)
	require.Equal(t, "max_connections", warned[0]["setting"])
	b = bound(t, Server{Handler: http.NotFoundHandler(), MaxConnections: min(100, allowed)})
	require.Empty(t, b.log.of(t, "a setting to look at"))
}
