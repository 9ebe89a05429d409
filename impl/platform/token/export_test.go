package token

import (
	"crypto/sha256"
	"time"
)

// Remembered tells how many tokens the memory holds.
func (v *Verifier) Remembered() int {
	v.memory.CleanUp()
	return v.memory.EstimatedSize()
}

// KeepFor has the memory keep a token for longer than it is good.
func (v *Verifier) KeepFor(raw string, d time.Duration) {
	v.memory.SetExpiresAfter(sha256.Sum256([]byte(raw)), d)
}
