package httpapi

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// A request whose body does not come holds no connection that another needs, whatever has become of it.
func TestBodiesThatDoNotComeMakeRoom(t *testing.T) {
	t.Parallel()
	const most = 8
	chain := start(t, nil).handler
	refuse := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTooManyRequests)
	})
	for name, c := range map[string]struct {
		head    string
		status  int // 0: the request waits for its body
		handler http.Handler
	}{
		"refused at once":             {"GET / HTTP/1.1\r\nContent-Length: 9", http.StatusTooManyRequests, refuse},
		"of a length that is refused": {"GET / HTTP/1.1\r\nContent-Length: 900000", http.StatusTooManyRequests, refuse},
		"after 100-continue": {"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 9",
			http.StatusTooManyRequests, refuse},
		"where none is taken": {"GET /public HTTP/1.1\r\nContent-Length: 9", http.StatusBadRequest, chain},
		"in no chunk":         {"GET /public HTTP/1.1\r\nTransfer-Encoding: chunked", http.StatusBadRequest, chain},
		"without a token": {"PUT /people/" + ada.String() + "/things HTTP/1.1\r\nContent-Length: 9",
			http.StatusUnauthorized, chain},
		"without a route":    {"POST /nowhere HTTP/1.1\r\nContent-Length: 9", http.StatusNotFound, chain},
		"that is waited for": {"POST /echo HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 9", 0, chain},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entered := make(chan struct{}, most)
			b := bound(t, Server{MaxConnections: most, Handler: http.HandlerFunc(
				func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/honest" {
						_, _ = io.WriteString(w, "served")
						return
					}
					entered <- struct{}{}
					c.handler.ServeHTTP(w, r)
				})})
			var held []net.Conn
			for i := range most {
				one := dial(t, fmt.Sprintf("127.0.7.%d", 1+i/2), b.addr)
				_, err := io.WriteString(one, c.head+"\r\nHost: a\r\n\r\n")
				require.NoError(t, err)
				<-entered
				held = append(held, one)
			}
			_, body, err := ask(dial(t, "127.0.7.9", b.addr), "/honest")
			require.NoError(t, err)
			require.Equal(t, "served", body)
			require.Zero(t, b.callers(t, "http_connections_refused_total"))
			if c.status == 0 {
				for _, one := range held {
					require.NoError(t, one.Close())
				}
				return
			}
			for _, one := range held[1:] { // The first may have made room before its answer left.
				answer, _, err := answerOn(one)
				require.NoError(t, err)
				require.Equal(t, c.status, answer.StatusCode)
				require.True(t, answer.Close)
			}
		})
	}
}

// A request that has arrived whole is served, however many want its connection.
func TestBodiesThatHaveComeStay(t *testing.T) {
	t.Parallel()
	entered, released := make(chan struct{}, 1), make(chan struct{})
	letGo := sync.OnceFunc(func() { close(released) })
	b := bound(t, Server{MaxConnections: 1, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || len(body) == 0 {
			return
		}
		entered <- struct{}{}
		<-released
		_, _ = w.Write(body)
	})})
	defer letGo()
	c := dial(t, "127.0.8.1", b.addr)
	_, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody")
	require.NoError(t, err)
	<-entered
	answer, _, err := ask(dial(t, "127.0.8.2", b.addr), "/")
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	letGo()
	_, body, err := answerOn(c)
	require.NoError(t, err)
	require.Equal(t, "body", body)
}

// A body that makes room just as its end arrives does not reach the handler as a whole one.
func TestNoBodyIsWholeOnAClosedConnection(t *testing.T) {
	t.Parallel()
	l := newConnections(1, 1, nil)
	b := &bounded{TCPConn: &net.TCPConn{}, in: l}
	_, refused := l.add(b)
	require.Empty(t, refused)
	_, refused = l.add(&bounded{TCPConn: &net.TCPConn{}, in: l})
	require.Empty(t, refused)
	body := &awaitedBody{ReadCloser: io.NopCloser(strings.NewReader("body")), on: b}
	_, err := io.ReadAll(body)
	require.ErrorIs(t, err, net.ErrClosed)
}

// A client that sends its whole body before it reads gets the early answer all the same.
func TestEarlyAnswersArrive(t *testing.T) {
	t.Parallel()
	const size = 200 << 10
	body := strings.Repeat("x", size)
	b := bound(t, Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, "refused")
	})})
	for range 20 {
		c := dial(t, "127.0.0.1", b.addr)
		_, err := fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", size, body)
		require.NoError(t, err)
		reader := bufio.NewReader(c)
		answer, err := http.ReadResponse(reader, nil)
		require.NoError(t, err)
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.Equal(t, "refused", string(text))
		require.NoError(t, answer.Body.Close())
		_, err = reader.ReadByte()
		require.ErrorIs(t, err, io.EOF, "it ends in good order")
		require.NoError(t, c.Close())
	}
}

// A refused request whose body came with it leaves the connection to the next.
func TestEarlyAnswersKeepTheConnection(t *testing.T) {
	t.Parallel()
	b := bound(t, Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTooManyRequests)
	})})
	c := dial(t, "127.0.0.1", b.addr)
	for range 3 {
		_, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody")
		require.NoError(t, err)
		answer, _, err := answerOn(c)
		require.NoError(t, err)
		require.Equal(t, http.StatusTooManyRequests, answer.StatusCode)
		require.False(t, answer.Close)
	}
}
