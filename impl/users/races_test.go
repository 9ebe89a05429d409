package users

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/hashing"
	"example.com/plumbline/impl/testkit/contracttest"
)

// A login that runs beside a change of its account opens no session that the change should have ended.
func TestNoSessionSlipsInBesideAChange(t *testing.T) {
	t.Parallel()
	rehash := `UPDATE users SET password_hash = '$argon2id$v=19$m=8,t=1,p=1$` +
		strings.Repeat("A", 22) + `$` + strings.Repeat("A", 43) + `' WHERE id = $1`
	for name, c := range map[string]struct {
		change string
		probe  func(person, testing.TB) int
		login  int
		after  int
	}{
		"disabling":            {`UPDATE users SET status = 'disabled' WHERE id = $1`, person.readsProfile, 403, 0},
		"a change of password": {rehash, person.readsProfile, 401, 0},
		"deletion":             {`DELETE FROM users WHERE id = $1`, person.readsProfile, 401, 0},
		"a role taken":         {`UPDATE users SET roles = '{customer}' WHERE id = $1`, person.listsUsers, 200, 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			contracttest.Eventually(t, "the service watches", s.isWatching)
			ada := s.signUp("ada@example.com", usersapi.RoleSupport)
			tx, err := s.Pool.Begin(t.Context())
			require.NoError(t, err)
			_, err = tx.Exec(t.Context(), c.change, ada.user.ID)
			require.NoError(t, err)
			var answer *usersapi.StartSessionResponse
			var loggingIn sync.WaitGroup
			var done atomic.Bool
			loggingIn.Go(func() {
				defer done.Store(true)
				answer, err = s.StartSessionWithResponse(t.Context(),
					usersapi.StartSessionRequest{Email: "ada@example.com", Password: goodPassword})
				if err == nil && answer.JSON200 != nil {
					// The session is remembered before the change is committed.
					_, _ = s.as(answer.JSON200.AccessToken).ListUsersWithResponse(t.Context(), nil)
				}
			})
			contracttest.Eventually(t, "the login waits for the change, or is through", func() bool {
				return s.count(`SELECT count(*) FROM pg_stat_activity
					WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0 || done.Load()
			})
			require.NoError(t, tx.Commit(t.Context()))
			loggingIn.Wait()
			require.NoError(t, err)
			require.Equal(t, c.login, answer.StatusCode(), string(answer.Body))
			if c.after != 0 {
				require.Equal(t, c.after,
					c.probe(person{ClientWithResponses: s.as(contracttest.Body(t, answer, answer.JSON200).AccessToken)}, t))
			}
		})
	}
}

// Logins at once that all rehash the password all succeed.
func TestLoginsAtOnceRaiseTheHashOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.signUp("ada@example.com")
	stronger := s.replica(func(c *Config) {
		c.Hashing.Params = hashing.Params{MemoryKiB: 64, Iterations: 2, Parallelism: 1}
	})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			answer, err := stronger.StartSessionWithResponse(t.Context(),
				usersapi.StartSessionRequest{Email: "ada@example.com", Password: goodPassword})
			if err != nil || answer.StatusCode() != http.StatusOK {
				t.Errorf("refused: %v %s", err, answer.Body)
			}
		})
	}
	all.Wait()
}

// Of two administrators who remove each other's role at once, one succeeds.
func TestAnAdministratorRemains(t *testing.T) {
	t.Parallel()
	s := start(t)
	one, other := s.signUp("one@example.com", usersapi.RoleAdmin), s.signUp("other@example.com", usersapi.RoleAdmin)
	customer := []usersapi.Role{usersapi.RoleCustomer}
	sessions := []uuid.UUID{one.session(t), other.session(t)}
	for range 20 {
		for _, p := range []person{one, other} {
			_, err := s.queries.SetUserRoles(t.Context(),
				usersdb.SetUserRolesParams{ID: p.user.ID, Roles: []string{"admin"}, UpdatedAt: s.Clock.Now()})
			require.NoError(t, err)
		}
		s.service.guard.Forget(sessions...)
		var demoting sync.WaitGroup
		statuses := make([]int, 2)
		for i, pair := range [][2]person{{one, other}, {other, one}} {
			demoting.Go(func() {
				answer, err := pair[0].SetUserRolesWithResponse(t.Context(), pair[1].user.ID,
					usersapi.SetUserRolesRequest{Roles: customer})
				if err == nil {
					statuses[i] = answer.StatusCode()
				}
			})
		}
		demoting.Wait()
		require.ElementsMatch(t, []int{http.StatusOK, http.StatusForbidden}, statuses)
		require.Equal(t, 1, s.count(`SELECT count(*) FROM users WHERE roles @> '{admin}'`))
	}
}

// Exchanges, logins and changes of one account at once all lock the account before its sessions, and a session before
// its tokens: no deadlock makes a request fail.
func TestChangesOfOneAccountDoNotBlockEachOther(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin := s.signUp("admin@example.com", usersapi.RoleAdmin)
	var failed sync.Map
	note := func(operation string, status int, err error) {
		if err != nil || status >= http.StatusInternalServerError {
			failed.Store(operation, status)
		}
	}
	for range 8 {
		ada := s.signUp("ada@example.com")
		var hammering sync.WaitGroup
		for range 4 {
			hammering.Go(func() {
				refresh := *ada.tokens.RefreshToken
				for range 5 {
					answer, err := s.RefreshSessionWithResponse(t.Context(), nil,
						usersapi.RefreshSessionRequest{RefreshToken: &refresh})
					if err != nil {
						t.Error(err)
						return
					}
					note("refresh", answer.StatusCode(), nil)
					if answer.JSON200 != nil {
						refresh = *answer.JSON200.RefreshToken
					}
				}
			})
			hammering.Go(func() {
				answer, err := s.StartSessionWithResponse(t.Context(),
					usersapi.StartSessionRequest{Email: "ada@example.com", Password: goodPassword})
				note("login", answer.StatusCode(), err)
			})
			hammering.Go(func() {
				answer, err := ada.RevokeOtherSessionsWithResponse(t.Context())
				note("revoke", answer.StatusCode(), err)
			})
		}
		hammering.Go(func() {
			disabled, err := admin.DisableUserWithResponse(t.Context(), ada.user.ID)
			note("disable", disabled.StatusCode(), err)
			enabled, err := admin.EnableUserWithResponse(t.Context(), ada.user.ID)
			note("enable", enabled.StatusCode(), err)
			deleted, err := admin.DeleteUserWithResponse(t.Context(), ada.user.ID)
			note("delete", deleted.StatusCode(), err)
		})
		hammering.Wait()
	}
	failed.Range(func(operation, status any) bool {
		t.Errorf("%s answered %d", operation, status)
		return true
	})
	require.Zero(t, s.count(`SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`))
}

// A login beyond the maximum of sessions ends the oldest one.
func TestSessionsOfOneAccountAreBounded(t *testing.T) {
	t.Parallel()
	s := start(t)
	first := s.signUp("ada@example.com")
	require.Equal(t, http.StatusOK, first.readsProfile(t))
	for range mostSessions {
		s.Clock.Advance(time.Millisecond)
		s.logIn("ada@example.com", goodPassword)
	}
	require.Equal(t, http.StatusUnauthorized, first.readsProfile(t))
	require.Equal(t, mostSessions, s.count(`SELECT count(*) FROM sessions WHERE revoked_at IS NULL`))
}

// Logins at once of accounts with the maximum of sessions take turns: each ends the oldest session, none ends in a
// deadlock, and no account keeps more sessions.
func TestLoginsAtOnceBeyondTheMostSessions(t *testing.T) {
	t.Parallel()
	s := start(t)
	emails := []string{"ada@example.com", "eve@example.com"}
	for _, email := range emails {
		s.exec(t, `INSERT INTO sessions (id, user_id, cookie, address, user_agent, created_at, last_used_at, expires_at)
			SELECT gen_random_uuid(), $1, false, '192.0.2.1', 'test', $2::timestamptz - i * interval '1 minute', $2,
				$2::timestamptz + interval '30 days'
			FROM generate_series(1, $3) AS i`, s.signUp(email).user.ID, s.Clock.Now(), mostSessions)
	}
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for range 24 {
				answer, err := s.StartSessionWithResponse(t.Context(),
					usersapi.StartSessionRequest{Email: emails[i%len(emails)], Password: goodPassword})
				if err != nil || answer.StatusCode() != http.StatusOK {
					t.Errorf("refused: %v %s", err, answer.Body)
				}
			}
		})
	}
	all.Wait()
	require.Zero(t, s.count(`SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`))
	require.Equal(t, len(emails)*mostSessions, s.count(`SELECT count(*) FROM sessions WHERE revoked_at IS NULL`))
}
