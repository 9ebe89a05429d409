package httpapi

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Package net/http waits for the body of a request before it writes the header of an answer, and again before it closes
// the connection, for as long as ReadTimeout: a caller who announces a body and sends none would hold a connection, and
// wait for an answer that has been decided. Here an answer that is given before the body has arrived leaves at once and
// ends the connection.

const (
	// mostSkipped bounds, in bytes, what is read of a body that has arrived and that nobody wants.
	mostSkipped = 64 << 10
	// lingering bounds how long a connection with an early answer is read on. A reset while the client still sends would
	// take the answer from it (RFC 9112, section 9.6).
	lingering = 500 * time.Millisecond
)

// serveBody serves a request with a body. Until the body has arrived, its connection may make room for another.
func (l *connections) serveBody(next http.Handler, w http.ResponseWriter, r *http.Request, b *bounded) {
	l.await(b)
	body := &awaitedBody{ReadCloser: r.Body, on: b}
	early := &earlyAnswer{ResponseWriter: w, body: body, continues: r.Header.Get("Expect") != ""}
	r = r.WithContext(r.Context()) // Package net/http looks at the body of its own copy.
	r.Body = body
	next.ServeHTTP(early, r)
	early.begin()
}

// awaitedBody is a body that notes when all of it has arrived.
type awaitedBody struct {
	io.ReadCloser

	on    *bounded
	whole atomic.Bool
}

// Read implements io.Reader. It fails where the connection has made room for another: nobody would get the answer.
func (b *awaitedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) && !b.whole.Load() {
		if !b.on.in.arrived(b.on) {
			return n, net.ErrClosed
		}
		b.whole.Store(true)
	}
	return n, err
}

// earlyAnswer is an answer that may begin before the body of its request has arrived.
type earlyAnswer struct {
	http.ResponseWriter

	body      *awaitedBody
	continues bool // the client waits for 100 Continue, which reading would send
	begun     bool
}

// Unwrap lets http.ResponseController reach the connection.
func (e *earlyAnswer) Unwrap() http.ResponseWriter { return e.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (e *earlyAnswer) WriteHeader(status int) {
	if status >= http.StatusOK {
		e.begin()
	}
	e.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (e *earlyAnswer) Write(p []byte) (int, error) {
	e.begin()
	return e.ResponseWriter.Write(p)
}

// FlushError is what http.ResponseController calls.
func (e *earlyAnswer) FlushError() error {
	e.begin()
	return http.NewResponseController(e.ResponseWriter).Flush()
}

// begin makes the answer end the connection, unless the body has arrived.
func (e *earlyAnswer) begin() {
	if e.begun {
		return
	}
	e.begun = true
	if e.body.whole.Load() {
		return
	}
	_ = http.NewResponseController(e.ResponseWriter).SetReadDeadline(time.Now())
	if !e.continues { // What came together with the header is read all the same.
		_, _ = io.CopyN(io.Discard, e.body, mostSkipped)
	}
	if !e.body.whole.Load() {
		e.body.on.lingers.Store(true)
		e.Header().Set("Connection", "close")
	}
}

// await lets a connection make room for another while the body of its request arrives.
func (l *connections) await(b *bounded) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !b.closed && b.inAll == nil {
		l.wait(b, l.networks[b.network])
	}
}

// arrived notes that a request has arrived with its body. It is false where the connection has made room for another.
func (l *connections) arrived(b *bounded) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b.closed {
		return false
	}
	l.serve(b, l.networks[b.network])
	return true
}

// linger ends the sending side of a connection and reads on until the client has closed its own, for a bounded time.
func (b *bounded) linger() {
	if b.CloseWrite() == nil && b.SetReadDeadline(time.Now().Add(lingering)) == nil {
		_, _ = io.Copy(io.Discard, b.TCPConn)
	}
}
