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
	// fullAt is how much waits before it is written ahead of the interval.
	fullAt = 64 << 10
	// mostWaiting bounds the memory used while the writer does not keep up.
	mostWaiting = 1 << 20
)

var errBehind = errors.New("telemetry: the log's writer does not keep up")

// lineBuffer collects whole lines for a writer. At most one goroutine is
// inside the writer at a time and none holds the lock meanwhile, so that a
// slow writer delays nobody who only adds lines.
type lineBuffer struct {
	w     io.Writer
	every time.Duration
	timer *time.Timer
	lost  atomic.Uint64

	mu       sync.Mutex
	waiting  []byte
	spare    []byte        // the other half of the double buffer
	writing  chan struct{} // closed when the write under way ends; nil when there is none
	armed    bool          // the timer will write what waits
	again    bool          // more became urgent during the write under way
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

// add copies one line that ends with a newline. An urgent line, and one that
// fills the buffer, is written before add returns, unless a write is under
// way, which then is followed by another.
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

// drain writes what waits.
func (b *lineBuffer) drain() {
	b.mu.Lock()
	b.armed = false
	chunk := b.take()
	b.mu.Unlock()
	if chunk != nil {
		b.write(chunk)
	}
}

// take claims what waits for one write, or returns nil when nothing waits or
// a write is under way. The caller holds the lock.
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
		// Ends the line that a failing writer cut, so that only that one is lost.
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

// flush writes what waits, waiting for the writer no longer than wait.
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

// unbuffer makes every following line urgent.
func (b *lineBuffer) unbuffer() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.direct = true
}

// writeSafely turns a panic of the writer into an error: a log line must not
// end a request.
func writeSafely(w io.Writer, p []byte) (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			n, err = 0, fmt.Errorf("telemetry: the log's writer panicked: %v", r)
		}
	}()
	return w.Write(p)
}
