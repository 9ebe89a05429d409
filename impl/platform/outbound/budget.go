package outbound

import "sync"

// savings is the largest number of retries in a budget: the amount at the start, and enough for a short disturbance.
const savings = 10

// budget limits retries to a share of the calls: each call deposits that share, each retry withdraws one. When
// everything fails, the load grows by that share and not by the number of tries.
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
