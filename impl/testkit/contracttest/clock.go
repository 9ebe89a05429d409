package contracttest

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Clock is a clock that tests set.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a stopped clock, at a time that suits every test.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)} }

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Log keeps log lines.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write keeps a line.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns all lines.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Eventually repeats a question until the answer is yes, for half a minute at most.
func Eventually(t testing.TB, what string, ask func() bool) {
	t.Helper()
	end := time.After(late)
	for !ask() {
		select {
		case <-end:
			require.FailNow(t, "never: "+what)
		case <-time.After(2 * time.Millisecond):
		}
	}
}
