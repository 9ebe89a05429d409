package telemetry

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// fullAt is the size from which on lines are written before the interval ends.
	fullAt = 64 << 10
	// mostWaiting bounds the memory of lines that the writer has not taken yet.
	mostWaiting = 1 << 20
)

var errBehind = errors.New("telemetry: the log's writer does not keep up")

// lineBuffer collects whole lines for a writer. At most one goroutine is in the writer at a time, and it does not hold
// the lock, so a slow writer does not delay goroutines that only add lines.
type lineBuffer struct {
	w     io.Writer
	every time.Duration
	timer *time.Timer
	lost  atomic.Uint64

	mu       sync.Mutex
	waiting  []byte
	spare    []byte        // the other half of the double buffer
	writing  chan struct{} // closed when the current write ends; nil if there is none
	armed    bool          // the timer will write the waiting lines
	again    bool          // lines became urgent during the current write
	direct   bool          // every line is urgent
	broken   bool          // the last write ended inside a line
	failures error         // the last failure since the last flush
}

func newLineBuffer(w io.Writer, every time.Duration) *lineBuffer {
	b := &lineBuffer{w: w, every: every}
	b.timer = time.AfterFunc(every, b.drain)
	b.timer.Stop()
	return b
}

// add copies one line that ends with a newline. An urgent line, and one that fills the buffer, is written before add
// returns. If a write is running, another one follows it instead.
func (b *lineBuffer) add(line []byte, urgent bool) {
	b.mu.Lock()
	if len(b.waiting) > 0 && len(b.waiting)+len(line) > mostWaiting {
		b.failures = errBehind
		b.mu.Unlock()
		b.lost.Add(1)
		return
	}
	b.waiting = append(b.waiting, line...)
	now := urgent || b.direct || len(b.waiting) >= fullAt
	if !now && !b.armed {
		b.timer.Reset(b.every)
		b.armed = true
	}
	b.mu.Unlock()
	if now {
		b.drain()
	}
}

// drain writes the waiting lines.
func (b *lineBuffer) drain() {
	b.mu.Lock()
	b.armed = false
	chunk := b.take()
	b.mu.Unlock()
	if chunk != nil {
		b.write(chunk)
	}
}

// take claims the waiting lines for one write. It returns nil if there are none or a write is running. The caller
// holds the lock.
func (b *lineBuffer) take() []byte {
	if b.writing != nil {
		b.again = true
		return nil
	}
	if len(b.waiting) == 0 {
		return nil
	}
	chunk := b.waiting
	b.waiting, b.spare = b.spare[:0], nil
	b.writing = make(chan struct{})
	return chunk
}

// write hands a claimed chunk to the writer, then lets the next write begin.
func (b *lineBuffer) write(chunk []byte) {
	out := chunk
	if b.broken {
		// The newline ends a line that a failing writer cut, so that only that line is lost.
		out = append([]byte{'\n'}, chunk...)
	}
	n, err := writeSafely(b.w, out)
	if err == nil && n < len(out) {
		err = io.ErrShortWrite
	}

	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		n = max(0, min(n, len(out)))
		unwritten := out[max(n, len(out)-len(chunk)):]
		b.lost.Add(uint64(bytes.Count(unwritten, []byte{'\n'}))) //nolint:gosec // A count is not negative.
		b.failures = err
		if n > 0 {
			b.broken = out[n-1] != '\n'
		}
	} else {
		b.broken = false
	}
	if cap(chunk) <= 4*fullAt {
		b.spare = chunk[:0]
	}
	close(b.writing)
	b.writing = nil
	if b.again {
		b.again = false
		b.timer.Reset(0)
		b.armed = true
	}
}

// flush writes the waiting lines and waits for the writer at most as long as wait.
func (b *lineBuffer) flush(wait time.Duration) error {
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	for {
		b.mu.Lock()
		if chunk := b.take(); chunk != nil {
			go b.write(chunk)
		}
		writing := b.writing
		if writing == nil {
			failures := b.failures
			b.failures = nil
			b.mu.Unlock()
			if failures != nil {
				return fmt.Errorf("telemetry: log lines were lost, %d since the start: %w", b.lost.Load(), failures)
			}
			return nil
		}
		b.mu.Unlock()
		select {
		case <-writing:
		case <-timeout.C:
			return errors.New("telemetry: the log's writer does not answer; lines wait in memory")
		}
	}
}

// unbuffer makes every later line urgent.
func (b *lineBuffer) unbuffer() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.direct = true
}

// writeSafely turns a panic of the writer into an error: a log line must not end a request.
func writeSafely(w io.Writer, p []byte) (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			n, err = 0, fmt.Errorf("telemetry: the log's writer panicked: %v", r)
		}
	}()
	return w.Write(p)
}
