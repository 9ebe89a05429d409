package httpapi

import (
	"cmp"
	"container/list"
	"context"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"example.com/plumbline/impl/platform/contract"
)

// DefaultMaxConnections is the bound of a Server that is given none. An idle one takes about 20 KiB.
const DefaultMaxConnections = 8192

const (
	// opsConnections bounds the connections of operators.
	opsConnections = 128
	// networkPart is the part of the connections that one network may hold: a quarter.
	networkPart = 4
	// otherFiles is the number of file descriptors that are left for everything but the connections of callers.
	otherFiles = 512
	// refusedAtOnce is the number of refused connections that are answered at once. Further ones are reset.
	refusedAtOnce = 64
	// refusalTimeout bounds the answer to a refused connection.
	refusalTimeout = time.Second
	// warnEvery is the least time between two lines of the log about refused connections.
	warnEvery = time.Minute
)

// connections counts the open connections of a listener and bounds them. At the bound, a new connection takes the place
// of the one that has waited longest for a whole request: the first of a connection, or the next between two requests.
// One that serves a request is never closed.
type connections struct {
	most, mostOfNetwork int
	exempt              []netip.Prefix // networks that may hold all connections: proxies carry many callers

	mu       sync.Mutex
	open     int
	waiting  list.List                            // of *bounded, the longest waiting first
	networks map[netip.Prefix]*networkConnections // by site
	warned   time.Time

	evicted, refusedFull, refusedNetwork atomic.Uint64
}

// networkConnections are the connections of one network. They are forgotten with the last of them.
type networkConnections struct {
	open    int
	waiting list.List // of *bounded, the longest waiting first
}

func newConnections(most, mostOfNetwork int, exempt []netip.Prefix) *connections {
	return &connections{
		most: most, mostOfNetwork: mostOfNetwork, exempt: exempt, networks: map[netip.Prefix]*networkConnections{},
	}
}

// bounded is a connection that counts. The fields below lingers belong to connections.mu.
type bounded struct {
	*net.TCPConn

	in      *connections
	network netip.Prefix
	exempt  bool
	evicted atomic.Bool // closed to make room: what arrives on it is not served
	lingers atomic.Bool // its last answer left before the request had arrived: Close waits for the client

	closed             bool
	inAll, inOfNetwork *list.Element // nil while it serves a request
}

// boundedConn is bounded, or a type that embeds it.
type boundedConn interface{ self() *bounded }

func (b *bounded) self() *bounded { return b }

// Close implements net.Conn.
func (b *bounded) Close() error {
	if b.lingers.CompareAndSwap(true, false) {
		b.linger()
	}
	err := b.TCPConn.Close()
	b.in.mu.Lock()
	defer b.in.mu.Unlock()
	b.in.remove(b)
	return err
}

// Why a connection is refused: values of the label reason.
const (
	refusedFull    = "full"
	refusedNetwork = "network"
)

// admit counts a new connection, and closes another one to make room for it where there has to be. It refuses the
// connection, for a reason that it gives, while every connection that could make room serves a request.
func (l *connections) admit(c *net.TCPConn) (admitted *bounded, refused string) {
	peer, _ := c.RemoteAddr().(*net.TCPAddr)
	b := l.newBounded(c, peer.AddrPort().Addr().Unmap().WithZone(""))
	victim, refused := l.add(b)
	switch {
	case refused == refusedFull:
		l.refusedFull.Add(1)
	case refused == refusedNetwork:
		l.refusedNetwork.Add(1)
	case victim != nil:
		l.evicted.Add(1)
		_ = victim.TCPConn.Close() // Its server finds out.
	}
	if refused != "" {
		return nil, refused
	}
	return b, ""
}

// newBounded makes the connection of an address. It counts with all others of its site: an IPv6 customer may have
// 65,536 of the networks that rate limits count by, and four would hold all connections.
func (l *connections) newBounded(c *net.TCPConn, address netip.Addr) *bounded {
	b := &bounded{TCPConn: c, in: l, network: site(address), exempt: within(l.exempt, address)}
	if b.exempt { // Others of its network do not count with it.
		b.network = netip.PrefixFrom(address, address.BitLen())
	}
	return b
}

// add gives a connection its place, and takes it from the victim where there is one.
func (l *connections) add(b *bounded) (victim *bounded, refused string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	mine := l.networks[b.network]
	if mine == nil {
		mine = &networkConnections{}
	}
	var longest *list.Element
	switch {
	case !b.exempt && mine.open >= l.mostOfNetwork:
		longest, refused = mine.waiting.Front(), refusedNetwork
	case l.open >= l.most:
		longest, refused = l.waiting.Front(), refusedFull
	}
	if longest != nil {
		victim, refused = longest.Value.(*bounded), ""
		victim.evicted.Store(true)
		l.remove(victim)
	}
	if refused != "" {
		return nil, refused
	}
	l.networks[b.network] = mine // The victim may have been the last of it.
	mine.open++
	l.open++
	l.wait(b, mine)
	return victim, ""
}

// wait puts a connection behind all others that wait.
func (l *connections) wait(b *bounded, of *networkConnections) {
	b.inAll, b.inOfNetwork = l.waiting.PushBack(b), of.waiting.PushBack(b)
}

// serve takes a connection out of those that wait.
func (l *connections) serve(b *bounded, of *networkConnections) {
	if b.inAll != nil {
		l.waiting.Remove(b.inAll)
		of.waiting.Remove(b.inOfNetwork)
		b.inAll, b.inOfNetwork = nil, nil
	}
}

// remove stops counting a connection.
func (l *connections) remove(b *bounded) {
	if b.closed {
		return
	}
	b.closed = true
	mine := l.networks[b.network]
	l.serve(b, mine)
	l.open--
	if mine.open--; mine.open == 0 {
		delete(l.networks, b.network)
	}
}

// setState notes whether a connection serves a request. Package net/http calls it active from the whole header of a
// request to the end of its answer.
func (l *connections) setState(b *bounded, state http.ConnState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	mine := l.networks[b.network]
	switch {
	case b.closed:
	case state == http.StateActive:
		l.serve(b, mine)
	case state == http.StateIdle && b.inAll == nil:
		l.wait(b, mine)
	}
}

// count gives the number of open connections, and of those among them that wait for a request.
func (l *connections) count() (open, waiting int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open, l.waiting.Len()
}

type connectionKey struct{}

// follow makes a server tell which of its connections serve a request.
func (l *connections) follow(server *http.Server) {
	handler, changed := server.Handler, server.ConnState
	server.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connectionKey{}, c)
	}
	server.ConnState = func(c net.Conn, state http.ConnState) {
		if b, is := c.(boundedConn); is {
			l.setState(b.self(), state)
		}
		if changed != nil {
			changed(c, state)
		}
	}
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Its header was whole just after the connection had been chosen. Nobody would get the answer.
		b, is := r.Context().Value(connectionKey{}).(boundedConn)
		if is && b.self().evicted.Load() {
			panic(http.ErrAbortHandler)
		}
		if is && r.ContentLength != 0 {
			l.serveBody(handler, w, r, b.self())
			return
		}
		handler.ServeHTTP(w, r)
	})
}

// boundedListener accepts what connections admit.
type boundedListener struct {
	*net.TCPListener

	server      Server
	connections *connections
	refusing    chan struct{} // one element for each refused connection that is being answered
}

func (s Server) bound(l *net.TCPListener, c *connections) boundedListener {
	return boundedListener{l, s, c, make(chan struct{}, refusedAtOnce)}
}

// Accept implements net.Listener.
func (l boundedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.AcceptTCP()
		if err != nil {
			return nil, err
		}
		b, refused := l.connections.admit(c)
		if b != nil {
			return b, nil
		}
		l.refuse(c, refused)
	}
}

// refuse answers a connection with 503 and closes it.
func (l boundedListener) refuse(c *net.TCPConn, reason string) {
	l.warn(c, reason)
	select {
	case l.refusing <- struct{}{}:
	default:
		_ = c.SetLinger(0)
		_ = c.Close()
		return
	}
	go func() {
		defer func() {
			_ = c.Close()
			<-l.refusing
		}()
		_ = c.SetDeadline(time.Now().Add(refusalTimeout))
		// A client that reads an answer before it has asked takes the connection for broken.
		if _, err := c.Read(make([]byte, 1)); err != nil {
			return
		}
		answer, _ := rawProblem(http.StatusServiceUnavailable, contract.ErrOverloaded)
		_, _ = c.Write(answer)
		_ = c.CloseWrite()
		_, _ = io.Copy(io.Discard, c) // A reset while the client still sends would take the answer from it.
	}()
}

// warn logs, from time to time, that connections are refused.
func (l boundedListener) warn(c *net.TCPConn, reason string) {
	l.connections.mu.Lock()
	now, open := time.Now(), l.connections.open
	isTime := now.Sub(l.connections.warned) >= warnEvery
	if isTime {
		l.connections.warned = now
	}
	l.connections.mu.Unlock()
	if isTime {
		l.server.Log.Warn("connections are refused", slog.String("reason", reason),
			slog.String("listener", l.Addr().String()), slog.Int("open", open),
			slog.String("address", c.RemoteAddr().String()))
	}
}

// wait waits until every refused connection has been answered.
func (l boundedListener) wait() {
	for range cap(l.refusing) {
		l.refusing <- struct{}{}
	}
}

// mostConnections gives the bound of the connections of callers: what was set, and no more than file descriptors allow.
func (s Server) mostConnections() int {
	most := cmp.Or(s.MaxConnections, DefaultMaxConnections)
	files, allowed := allowedConnections()
	if most <= allowed {
		return most
	}
	s.Log.Warn("a setting to look at", slog.String("setting", "max_connections"), slog.Int("bound", allowed),
		slog.String("follows", "the process may open fewer files, so fewer connections are accepted than are set"),
		slog.Int("files", files), slog.String("set", "a lower max_connections, or a higher limit of open files (ulimit -n)"))
	return allowed
}

// allowedConnections gives the number of files that the process may open, and that of the connections of callers among
// them: all but otherFiles, or half of them if that is more.
func allowedConnections() (files, allowed int) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return math.MaxInt, math.MaxInt
	}
	files = int(min(limit.Cur, math.MaxInt32))
	return files, files - min(otherFiles, files/2)
}
