package tracing_test

import (
	"bytes"
	"sync"
	"time"
)

const (
	// patience bounds every wait; no wait normally comes near it.
	patience = time.Minute
	tick     = 5 * time.Millisecond
)

// syncBuffer is a log that is read while it is written.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
