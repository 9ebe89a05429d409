package outbound

import "sync"

// savings is how many retries a budget can hold: what there is at the start, and for a short disturbance.
const savings = 10

// budget keeps retries a share of the calls: each call pays some in, each retry takes one out. When everything fails,
// the load that callers make grows by that share, not by the number of tries.
type budget struct {
	share float64

	mu      sync.Mutex
	retries float64
}

func newBudget(share float64) *budget { return &budget{share: share, retries: savings} }

func (b *budget) deposit() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.retries = min(b.retries+b.share, savings)
}

func (b *budget) withdraw() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.retries < 1 {
		return false
	}
	b.retries--
	return true
}
