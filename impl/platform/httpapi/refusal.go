package httpapi

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/telemetry"
)

// Package net/http refuses a malformed request before any handler: as plain text or without content, and without a line
// in the log. On the connections here it is answered as a problem, counted and logged like any other request.

// refusals are the details of such a problem, by the status that package net/http chose.
var refusals = map[int]string{
	http.StatusBadRequest: "What was sent is no HTTP request: its first line or a field of its header is not of the " +
		"form that they have.",
	http.StatusExpectationFailed: "The header Expect may ask for 100-continue only.",
	http.StatusRequestHeaderFieldsTooLarge: fmt.Sprintf(
		"The first line and the header are larger than %d bytes together.", maxHeader),
	http.StatusNotImplemented:          "The header Transfer-Encoding may say chunked only.",
	http.StatusHTTPVersionNotSupported: "The version of HTTP is neither 1.0 nor 1.1.",
}

// answerRefusals makes a server answer malformed requests on the connections of a listener.
func (s Server) answerRefusals(server *http.Server, l net.Listener) net.Listener {
	next := server.Handler
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Package net/http takes 4 KiB more than it is told, and 8 KiB more on a connection that was used before.
		if headerSize(r) > maxHeader {
			w.Header().Set("Connection", "close")
			w.WriteHeader(http.StatusRequestHeaderFieldsTooLarge) // The connection writes the refusal.
			return
		}
		if c, known := r.Context().Value(connectionKey{}).(*connection); known {
			c.handled.Store(true)
		}
		next.ServeHTTP(w, r)
	})
	server.ConnState = func(c net.Conn, state http.ConnState) {
		if mine, known := c.(*connection); known && state == http.StateIdle {
			mine.handled.Store(false)
		}
	}
	return refusingListener{l, s}
}

// headerSize is the size of the first line and the header of a request in bytes, without white space around values.
func headerSize(r *http.Request) int {
	size := len(r.Method) + len(r.RequestURI) + len(r.Proto) + len("  \r\n")
	size += len("Host: \r\n") + len(r.Host) + len("\r\n")
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(value) + len(": \r\n")
		}
	}
	return size
}

type refusingListener struct {
	net.Listener

	server Server
}

// Accept implements net.Listener.
func (l refusingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if b, is := c.(*bounded); err == nil && is {
		return &connection{bounded: b, server: l.server}, nil
	}
	return c, err
}

// connection is the connection of a caller.
type connection struct {
	*bounded

	server Server
	// handled says that a handler has the request, so that what is written is its answer.
	handled atomic.Bool
}

// Write implements net.Conn. A refusal of package net/http is written by a single call.
func (c *connection) Write(p []byte) (int, error) {
	if !c.handled.Load() {
		if status := statusIn(p); status >= http.StatusBadRequest {
			_, err := c.bounded.Write(c.refusal(status))
			return len(p), err
		}
	}
	return c.bounded.Write(p)
}

// statusIn reads the status of an answer, as in HTTP/1.1 400 Bad Request; 0 where there is none.
func statusIn(answer []byte) int {
	const before, digits = len("HTTP/1.1 "), 3
	if !bytes.HasPrefix(answer, []byte("HTTP/1.")) || len(answer) < before+digits {
		return 0
	}
	status, err := strconv.Atoi(string(answer[before : before+digits]))
	if err != nil {
		return 0
	}
	return status
}

// address is that of the peer that opened the connection.
func (c *connection) address() string {
	if peer, known := c.RemoteAddr().(*net.TCPAddr); known {
		return peer.AddrPort().Addr().Unmap().String()
	}
	return ""
}

// refusal makes the whole answer to a malformed request and records it. The answer ends the connection.
func (c *connection) refusal(status int) []byte {
	f := *contract.ErrMalformed
	if why, known := refusals[status]; known {
		f.Detail = why
	}
	answer, id := rawProblem(status, &f)
	c.server.Log.Info("refused before it was a request", slog.String("request_id", id), slog.Int("status", status),
		slog.String("code", f.Code), slog.String("address", c.address()))
	if c.server.Metrics != nil {
		c.server.Metrics.Operation(telemetry.Unmatched).Observe(status, 0, "")
	}
	return answer
}

// rawProblem makes a whole answer that ends its connection, for where package net/http makes none. It gives the id of
// the answer as well.
func rawProblem(status int, f *fault.Error) (answer []byte, requestID string) {
	id, now := telemetry.NewRequestID(), time.Now()
	body, _ := encodeProblem(status, f, "/", id, now) // Without Current it can always be encoded.
	retry := ""
	if f.RetryAfter > 0 {
		retry = "Retry-After: " + retryAfter(f) + "\r\n"
	}
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: application/problem+json\r\n"+
		"Content-Length: %d\r\n%s: %s\r\n%sCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"+
		"Connection: close\r\n\r\n%s",
		status, http.StatusText(status), now.UTC().Format(http.TimeFormat), len(body), requestIDHeader, id, retry, body), id
}
