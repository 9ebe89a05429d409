package guard

import (
	"slices"
	"sync"

	"github.com/google/uuid"
	"github.com/maypok86/otter/v2"

	"example.com/plumbline/impl/platform/telemetry"
)

// memory holds a bounded number of sessions, with an index of them by account. It is safe for concurrent use.
type memory struct {
	sessions *otter.Cache[uuid.UUID, Session]
	counts   telemetry.CacheCounts

	// The index has exactly the sessions above: both change under the lock that otter holds for the session.
	mu        sync.Mutex
	byAccount map[uuid.UUID][]uuid.UUID
}

func newMemory(most int) *memory {
	m := &memory{byAccount: map[uuid.UUID][]uuid.UUID{}}
	m.sessions = otter.Must(&otter.Options[uuid.UUID, Session]{
		MaximumSize:      most,
		OnAtomicDeletion: m.dropped,
		// The memory's upkeep is done by whoever uses it: a guard has no goroutines to stop.
		Executor: func(upkeep func()) { upkeep() },
	})
	return m
}

func (m *memory) get(id uuid.UUID) (Session, bool) { return m.sessions.GetIfPresent(id) }

func (m *memory) set(id uuid.UUID, s Session) {
	m.sessions.Compute(id, func(before Session, found bool) (Session, otter.ComputeOp) {
		if found {
			m.removeFromIndex(before.Principal.Subject, id)
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		m.byAccount[s.Principal.Subject] = append(m.byAccount[s.Principal.Subject], id)
		return s, otter.WriteOp
	})
}

// dropped is told of every session that leaves the memory, and of those that set replaces.
func (m *memory) dropped(e otter.DeletionEvent[uuid.UUID, Session]) {
	if e.Cause == otter.CauseReplacement {
		return
	}
	m.removeFromIndex(e.Value.Principal.Subject, e.Key)
	if e.WasEvicted() {
		m.counts.Evicted()
	}
}

func (m *memory) removeFromIndex(account, id uuid.UUID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	others := slices.DeleteFunc(m.byAccount[account], func(known uuid.UUID) bool { return known == id })
	if len(others) == 0 {
		delete(m.byAccount, account)
		return
	}
	m.byAccount[account] = others
}

func (m *memory) forget(ids ...uuid.UUID) {
	for _, id := range ids {
		m.sessions.Invalidate(id)
	}
}

func (m *memory) forgetAccount(account uuid.UUID) {
	m.mu.Lock()
	ids := slices.Clone(m.byAccount[account])
	m.mu.Unlock()
	m.forget(ids...)
}

func (m *memory) forgetAll() { m.sessions.InvalidateAll() }

func (m *memory) stats() telemetry.CacheStats { return m.counts.Stats(m.sessions.EstimatedSize()) }
