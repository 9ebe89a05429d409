package guard

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/httpapi"
)

// sessionOf is a session of an account.
func sessionOf(account uuid.UUID) Session {
	return Session{Principal: &httpapi.Principal{Subject: account}}
}

// indexed gives the sessions of the index and those of the memory, by account and in order.
func indexed(m *memory) (index, all map[uuid.UUID][]uuid.UUID) {
	index, all = map[uuid.UUID][]uuid.UUID{}, map[uuid.UUID][]uuid.UUID{}
	byID := func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }
	for account, ids := range m.byAccount {
		index[account] = slices.SortedFunc(slices.Values(ids), byID)
	}
	for id, s := range m.sessions.All() {
		all[s.Principal.Subject] = append(all[s.Principal.Subject], id)
	}
	for _, ids := range all {
		slices.SortFunc(ids, byID)
	}
	return index, all
}

// Whatever happens at the same time, the index has the sessions that are remembered, and no others: an account's
// sessions are all found, and the index grows no larger than the memory.
func TestTheIndexHasWhatIsRemembered(t *testing.T) {
	t.Parallel()
	const most, workers, steps = 100, 8, 5000
	m := newMemory(most)
	var accounts, sessions [60]uuid.UUID
	for i := range accounts {
		accounts[i], sessions[i] = uuid.New(), uuid.New()
	}
	var done sync.WaitGroup
	for range workers {
		done.Go(func() {
			for range steps {
				// A session belongs to one account, here with one exception in a hundred.
				i := rand.IntN(len(sessions))
				account := accounts[i/5]
				if rand.IntN(100) == 0 {
					account = accounts[rand.IntN(len(accounts))]
				}
				switch n := rand.IntN(100); {
				case n < 10:
					m.forget(sessions[i])
				case n < 12:
					m.forgetAccount(account)
				case n < 30:
					m.get(sessions[i])
				case n < 60:
					m.set(uuid.New(), sessionOf(account)) // It makes others leave.
				default:
					m.set(sessions[i], sessionOf(account))
				}
			}
		})
	}
	done.Wait()
	index, all := indexed(m)
	require.Equal(t, all, index)
	require.NotEmpty(t, all)
	require.Positive(t, m.stats().Evictions)
	m.sessions.CleanUp()
	require.LessOrEqual(t, m.stats().Entries, most)

	for account := range all {
		m.forgetAccount(account)
	}
	require.Zero(t, m.stats().Entries)
	require.Empty(t, m.byAccount)
	m.set(sessions[0], sessionOf(accounts[0]))
	m.forgetAll()
	require.Empty(t, m.byAccount)
}
