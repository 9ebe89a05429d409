package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// ResponseMode says what happens to answers before they leave.
type ResponseMode string

// The modes of checking answers.
const (
	// ResponsesOff checks none.
	ResponsesOff ResponseMode = "off"
	// ResponsesSample checks one in sampleOneIn after it has left: a violation is a metric and a line in the log.
	ResponsesSample ResponseMode = "sample"
	// ResponsesEnforce checks every answer before it leaves: one that breaks the document becomes a 500.
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

const sampleOneIn = 100

type keeping int

const (
	keepNothing keeping = iota
	keepCopy            // the answer leaves as it is written
	keepBack            // the answer leaves once it has been checked
	keepHead            // a stream, of which the head is checked and the body leaves as it is written
)

// answer is the http.ResponseWriter that handlers see: it notes what is answered and keeps it for the check.
type answer struct {
	http.ResponseWriter
	status int
	size   int64
	wrote  bool // something is on its way to the caller
	gone   bool // the caller takes nothing any more
	// stalled is how long the caller of a stream may take nothing of it; zero leaves that to the server.
	stalled time.Duration
	keep    keeping
	kept    bytes.Buffer
	// streams are the documented media types that are never kept.
	streams map[string]bool
	// head says that nobody takes a body. Of a stream, whose body would take its time, cancel ends the making of it once the
	// head has left, and ended says so.
	head   bool
	cancel context.CancelFunc
	ended  bool
}

// errEnded is told to the handler of a HEAD that writes a stream nobody takes.
var errEnded = errors.New("httpapi: a HEAD takes no body")

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader notes the status.
func (a *answer) WriteHeader(status int) {
	if a.status != 0 {
		return
	}
	if status >= 100 && status < 200 {
		a.ResponseWriter.WriteHeader(status)
		return
	}
	a.status = status
	isStream := (a.keep != keepNothing || a.head) && a.streams[mediaTypeOf(a.Header())]
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

// Write notes and passes on the body.
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

// send passes a part of the body on.
func (a *answer) send(p []byte) (int, error) {
	a.move()
	n, err := a.ResponseWriter.Write(p)
	a.gone = a.gone || err != nil
	return n, err
}

// move gives the caller of a stream his time to take the next part of it.
func (a *answer) move() {
	if a.stalled > 0 {
		// Where there is no connection, there is nothing to wait for.
		_ = http.NewResponseController(a.ResponseWriter).SetWriteDeadline(time.Now().Add(a.stalled))
	}
}

// Flush sends what has been written so far. An answer that is kept back still waits for its check.
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
	a.move()
	err := http.NewResponseController(a.ResponseWriter).Flush()
	a.gone = a.gone || err != nil && !errors.Is(err, http.ErrNotSupported)
	return err
}

// mediaTypeOf gives the media type of an answer without its parameters.
func mediaTypeOf(h http.Header) string {
	mediaType, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(mediaType))
}

func isJSON(mediaType string) bool {
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}

// discard forgets an answer that has not left.
func (a *answer) discard() {
	a.status, a.size = 0, 0
	a.kept.Reset()
}

func (c *Chain) keeping() keeping {
	switch {
	case c.responses == ResponsesEnforce:
		return keepBack
	case c.responses == ResponsesSample && c.served.Add(1)%sampleOneIn == 0:
		return keepCopy
	default:
		return keepNothing
	}
}

// settle gives an answer without a status the usual one.
func (a *answer) settle() {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
}

// inspect holds an answer that was kept against the document, once. Where answers are enforced, one that breaks it
// becomes a 500, unless it is on its way.
func (c *Chain) inspect(x *exchange) {
	if !x.inspects {
		return
	}
	x.inspects = false
	a := x.answer
	violations := c.checker.CheckResponse(x.op.Operation, Output{Status: a.status, Header: a.Header(), Body: a.kept.Bytes()})
	if c.observe != nil {
		answered := Problem{Status: a.status}
		if x.failure != nil {
			answered.Code = x.failure.Code
		}
		c.observe(x.op.Operation, answered, violations)
	}
	if len(violations) == 0 {
		return
	}
	x.op.metrics.ContractViolation()
	c.log.LogAttrs(x.request.Context(), slog.LevelError, "an answer breaks the document", slog.String("operation", x.op.ID),
		slog.Int("status", a.status), slog.Any("violations", violations))
	if c.responses == ResponsesEnforce && !a.wrote {
		c.fail(a, x.request, ErrInternal)
	}
}

// deliver checks the answer that was kept and sends what was kept back.
func (c *Chain) deliver(x *exchange) {
	a := x.answer
	a.settle()
	c.inspect(x)
	if a.keep == keepBack {
		status, size := a.status, a.size
		a.keep, a.status = keepNothing, 0
		a.WriteHeader(status)
		if body := a.kept.Bytes(); len(body) > 0 {
			_, err := a.send(body)
			x.left = x.left || err != nil
		}
		a.size = size
	}
	a.move() // for what the server itself still has to send
}
