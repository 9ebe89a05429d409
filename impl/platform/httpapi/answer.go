package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"example.com/plumbline/impl/platform/contract"
)

// ResponseMode says whether answers are checked.
type ResponseMode string

// The modes of checking answers.
const (
	// ResponsesOff checks none.
	ResponsesOff ResponseMode = "off"
	// ResponsesSample checks Tuning.ResponsesSample of them after it has left. A violation is counted and logged.
	ResponsesSample ResponseMode = "sample"
	// ResponsesEnforce checks every answer before it leaves. One that violates the document becomes a 500.
	ResponsesEnforce ResponseMode = "enforce"
)

// UnmarshalText reads the mode from settings.
func (m *ResponseMode) UnmarshalText(text []byte) error {
	switch mode := ResponseMode(text); mode {
	case ResponsesOff, ResponsesSample, ResponsesEnforce:
		*m = mode
		return nil
	default:
		return fmt.Errorf("%q is none of off, sample, enforce", text)
	}
}

// keeping says what of an answer is kept for its check.
type keeping int

const (
	keepNothing keeping = iota
	keepCopy            // the answer leaves as it is written
	keepBack            // the answer leaves once it has been checked
	keepHead            // a stream: its head is checked, its body leaves as it is written
)

// answer is the http.ResponseWriter of handlers. It records what is answered and keeps it for the check.
type answer struct {
	http.ResponseWriter

	op        *contract.Operation // nil while no route is found
	status    int                 // 0 while none has been written
	size      int64               // of the body, in bytes
	wrote     bool                // a part of it is on its way to the caller
	cut       bool                // what is on its way is not whole: the connection has to end
	gone      bool                // the caller has closed the connection, or reads no more
	unchecked bool                // it is still to be held against the document
	keep      keeping
	kept      bytes.Buffer
	// stalled is how long the reader of a stream may take nothing; 0: the server's time-out holds.
	stalled time.Duration
	// head says that the request is a HEAD. The body of a stream is not made then: cancel ends the handler once the
	// head has left, and ended says so.
	head   bool
	cancel context.CancelFunc
	ended  bool
}

// errEnded is what the handler of a HEAD gets when it writes the body of a stream.
var errEnded = errors.New("httpapi: a HEAD takes no body")

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status != 0 {
		return
	}
	if status >= 100 && status < 200 {
		a.ResponseWriter.WriteHeader(status)
		return
	}
	a.status = status
	isStream := (a.keep != keepNothing || a.head) && a.op != nil && a.op.Streams(contract.MediaTypeOf(a.Header()))
	if a.keep != keepNothing && isStream {
		a.keep = keepHead
	}
	if a.keep != keepBack {
		a.wrote = true
		a.ResponseWriter.WriteHeader(status)
	}
	if a.head && isStream && a.cancel != nil {
		a.ended = true
		a.cancel()
	}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	switch {
	case a.ended:
		return 0, errEnded
	case !a.head:
		a.size += int64(len(p))
	}
	switch a.keep {
	case keepBack:
		return a.kept.Write(p)
	case keepCopy:
		a.kept.Write(p)
	}
	return a.send(p)
}

// send passes a part of the body to the caller.
func (a *answer) send(p []byte) (int, error) {
	a.extendDeadline()
	n, err := a.ResponseWriter.Write(p)
	a.gone = a.gone || err != nil
	return n, err
}

// extendDeadline gives the reader of a stream time to take the next part.
func (a *answer) extendDeadline() {
	if a.stalled > 0 {
		// Without a connection, as in tests, there is nothing to wait for.
		_ = http.NewResponseController(a.ResponseWriter).SetWriteDeadline(time.Now().Add(a.stalled))
	}
}

// Flush sends what has been written so far, unless the answer is kept back for its check.
func (a *answer) Flush() { _ = a.FlushError() }

// FlushError is what http.ResponseController calls.
func (a *answer) FlushError() error {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	if a.ended {
		return errEnded
	}
	if a.keep == keepBack {
		return nil
	}
	a.extendDeadline()
	err := http.NewResponseController(a.ResponseWriter).Flush()
	a.gone = a.gone || err != nil && !errors.Is(err, http.ErrNotSupported)
	return err
}

// discard forgets an answer that has not left.
func (a *answer) discard() {
	a.status, a.size = 0, 0
	a.kept.Reset()
}

// keeping decides what of the next answer is kept.
func (c *Chain) keeping(t *tuned) keeping {
	switch {
	case t.Responses == ResponsesEnforce:
		return keepBack
	case t.Responses == ResponsesSample && t.samples(c.served.Add(1)):
		return keepCopy
	default:
		return keepNothing
	}
}

// settle gives an answer without a status the status 200, as package http does.
func (a *answer) settle() {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
}

// inspect holds an answer that was kept against the document, once. Where answers are enforced, one that violates it
// becomes a 500, unless it is on its way already.
func (c *Chain) inspect(x *exchange) {
	a := &x.answer
	if !a.unchecked {
		return
	}
	a.unchecked = false
	x.record.inspecting = time.Now()
	violations := c.checker.CheckResponse(x.op.Operation,
		contract.Output{Status: a.status, Header: a.Header(), Body: a.kept.Bytes()})
	x.record.inspection = time.Since(x.record.inspecting)
	if c.observe != nil {
		answered := contract.Problem{Status: a.status}
		if x.record.failure != nil {
			answered.Code = x.record.failure.Code
		}
		c.observe(x.op.Operation, answered, violations)
	}
	if len(violations) == 0 {
		return
	}
	x.op.metrics.ContractViolation()
	c.log.LogAttrs(x.http.Context(), slog.LevelError, "an answer breaks the document",
		slog.String("operation", x.op.ID), slog.Int("status", a.status), slog.Any("violations", violations))
	if x.tuned.Responses == ResponsesEnforce && !a.wrote {
		c.fail(a, x.http, contract.ErrInternal)
	}
}

// deliver checks an answer that was kept and sends one that was kept back.
func (c *Chain) deliver(x *exchange) {
	a := &x.answer
	a.settle()
	c.inspect(x)
	if a.keep == keepBack {
		status, size := a.status, a.size
		a.keep, a.status = keepNothing, 0
		a.WriteHeader(status)
		if body := a.kept.Bytes(); len(body) > 0 {
			_, err := a.send(body)
			x.record.left = x.record.left || err != nil
		}
		a.size = size
	}
	a.extendDeadline() // for what the server itself still has to send
}
