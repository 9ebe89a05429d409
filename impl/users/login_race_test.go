package users

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/hashing"
)

// A login that runs beside a change of its account begins no session that the change should have ended.
func TestNoSessionSlipsInBesideAChange(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change string
		probe  func(person, *testing.T) int
		login  int
		after  int
	}{
		"disabling":            {`UPDATE users SET status = 'disabled' WHERE id = $1`, person.readsProfile, 403, 0},
		"a change of password": {`UPDATE users SET password_hash = '$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' WHERE id = $1`, person.readsProfile, 401, 0},
		"deletion":             {`DELETE FROM users WHERE id = $1`, person.readsProfile, 401, 0},
		"a role taken":         {`UPDATE users SET roles = '{customer}' WHERE id = $1`, person.listsUsers, 200, 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			eventually(t, "the service watches", s.isWatching)
			ada := s.signUp("ada@example.com", usersapi.RoleSupport)
			tx, err := s.pool.Begin(t.Context())
			require.NoError(t, err)
			_, err = tx.Exec(t.Context(), c.change, ada.user.ID)
			require.NoError(t, err)
			var answer *usersapi.StartSessionResponse
			var loggingIn sync.WaitGroup
			var done atomic.Bool
			loggingIn.Go(func() {
				defer done.Store(true)
				answer, err = s.StartSessionWithResponse(t.Context(), usersapi.StartSessionRequest{Email: "ada@example.com", Password: goodPassword})
				if err == nil && answer.JSON200 != nil {
					// What it may do is remembered before the change is there.
					_, _ = s.as(answer.JSON200.AccessToken).ListUsersWithResponse(t.Context(), nil)
				}
			})
			eventually(t, "the login waits for the change, or is through", func() bool {
				return s.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0 || done.Load()
			})
			require.NoError(t, tx.Commit(t.Context()))
			loggingIn.Wait()
			require.NoError(t, err)
			require.Equal(t, c.login, answer.StatusCode(), string(answer.Body))
			if c.after != 0 {
				require.Equal(t, c.after, c.probe(person{ClientWithResponses: s.as(answer.JSON200.AccessToken)}, t))
			}
		})
	}
}

// Logins at once that all make the hash anew all succeed.
func TestLoginsAtOnceRaiseTheHashOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.signUp("ada@example.com")
	stronger := s.replica(func(c *Config) { c.Hashing.Params = hashing.Params{MemoryKiB: 64, Iterations: 2, Parallelism: 1} })
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			answer, err := stronger.StartSessionWithResponse(t.Context(), usersapi.StartSessionRequest{Email: "ada@example.com", Password: goodPassword})
			if err != nil || answer.StatusCode() != http.StatusOK {
				t.Errorf("refused: %v %s", err, answer.Body)
			}
		})
	}
	all.Wait()
}
