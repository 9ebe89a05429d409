package users

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/guard"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/impl/testkit/contracttest"
)

// replica makes another service on the database of s, as a second process has one.
func (s *server) replica(change ...func(*Config)) *server {
	s.t.Helper()
	r, log := s.deafReplica(change...)
	s.t.Cleanup(runBeside(s.t.Context(), r.service, s.Pool, log))
	return r
}

// deafReplica is a replica that gets no notifications: it knows of changes only by its own requests.
func (s *server) deafReplica(change ...func(*Config)) (*server, *slog.Logger) {
	s.t.Helper()
	r := &server{t: s.t, queries: s.queries, Server: &contracttest.Server{Pool: s.Pool, Clock: s.Clock}}
	var err error
	r.service, err = newPrepared(s.t.Context(), r.config(change...))
	require.NoError(s.t, err)
	r.serve(func(*httpapi.Options) {})
	return r, r.Logger.Logger
}

// handler is the handler of the service, to be called without a network; its answers are checked against the document.
func (s *server) handler(log *slog.Logger) http.Handler {
	s.t.Helper()
	handler, err := s.service.Handler(underTest(s.t).Chain(s.t, log))
	require.NoError(s.t, err)
	return handler
}

func (s *server) isWatching() bool { return s.service.guard.Stats().Watching }

// watchSilence makes the service remember sessions without any notification: it listens on a channel that nobody
// notifies.
func (s *server) watchSilence() {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.service.guard.Watch(ctx, s.Pool.Config().ConnConfig, "silence", slog.New(slog.DiscardHandler))
	}()
	s.t.Cleanup(func() {
		cancel()
		<-ended
	})
	contracttest.Eventually(s.t, "the service listens", s.isWatching)
}

// verifier accepts what the service itself accepts.
func (s *server) verifier() *token.Verifier {
	s.t.Helper()
	v, err := token.NewVerifier(token.VerifierConfig{
		Issuer: "https://users.test", Audience: serviceName, Keys: s.service.signer, Clock: s.Clock.Now,
	})
	require.NoError(s.t, err)
	return v
}

// session gives the id of the newest session of a person.
func (p person) session(t testing.TB) uuid.UUID {
	t.Helper()
	answer, err := p.ListSessionsWithResponse(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode(), string(answer.Body))
	for _, item := range contracttest.Body(t, answer, answer.JSON200).Items {
		if item.Current {
			return item.ID
		}
	}
	require.FailNow(t, "no session is the current one")
	return uuid.Nil
}

// on gives the person as a client of another replica.
func (p person) on(r *server) person {
	p.ClientWithResponses = r.as(p.tokens.AccessToken)
	return p
}

// readsProfile gives the status of a request that any caller may send.
func (p person) readsProfile(t testing.TB) int {
	t.Helper()
	answer, err := p.GetProfileWithResponse(t.Context())
	require.NoError(t, err)
	return answer.StatusCode()
}

// listsUsers gives the status of a request that takes a role.
func (p person) listsUsers(t testing.TB) int {
	t.Helper()
	answer, err := p.ListUsersWithResponse(t.Context(), nil)
	require.NoError(t, err)
	return answer.StatusCode()
}

// remember makes the service remember a person's session.
func (s *server) remember(p person) {
	s.t.Helper()
	contracttest.Eventually(s.t, "a session is remembered", func() bool { return s.isRemembered(p) })
}

// isRemembered tells whether a request of a person is authenticated without the database.
func (s *server) isRemembered(p person) bool {
	s.t.Helper()
	before := s.service.guard.Stats().Read
	require.Equal(s.t, http.StatusOK, p.on(s).readsProfile(s.t))
	return s.service.guard.Stats().Read == before
}

// sessionChanges are the changes that end a session, or change its roles, at once.
var sessionChanges = map[string]struct {
	roles  []usersapi.Role
	probe  func(person, testing.TB) int
	before int
	change func(t *testing.T, s *server, victim, elsewhere, admin person) (status int)
	after  int
}{
	"logout": {
		probe: person.readsProfile, before: 200, after: 401,
		change: func(t *testing.T, _ *server, victim, _, _ person) int {
			answer, err := victim.EndSessionWithResponse(t.Context())
			require.NoError(t, err)
			return answer.StatusCode()
		},
	},
	"revoking it": {
		probe: person.readsProfile, before: 200, after: 401,
		change: func(t *testing.T, _ *server, victim, elsewhere, _ person) int {
			answer, err := elsewhere.RevokeSessionWithResponse(t.Context(), victim.session(t))
			require.NoError(t, err)
			return answer.StatusCode()
		},
	},
	"revoking the others": {
		probe: person.readsProfile, before: 200, after: 401,
		change: func(t *testing.T, _ *server, _, elsewhere, _ person) int {
			answer, err := elsewhere.RevokeOtherSessionsWithResponse(t.Context())
			require.NoError(t, err)
			return answer.StatusCode()
		},
	},
	"a change of password elsewhere": {
		probe: person.readsProfile, before: 200, after: 401,
		change: func(t *testing.T, _ *server, _, elsewhere, _ person) int {
			answer, err := elsewhere.ChangePasswordWithResponse(t.Context(),
				usersapi.ChangePasswordRequest{CurrentPassword: goodPassword, NewPassword: newPassword})
			require.NoError(t, err)
			return answer.StatusCode()
		},
	},
	"a replayed refresh token": {
		probe: person.readsProfile, before: 200, after: 401,
		change: func(t *testing.T, s *server, victim, _, _ person) int {
			_, status := s.refresh(*victim.tokens.RefreshToken)
			require.Equal(t, http.StatusOK, status)
			s.Clock.Advance(refreshGrace + time.Second)
			code, status := s.refreshRefused(*victim.tokens.RefreshToken)
			require.Equal(t, http.StatusUnauthorized, status)
			require.Equal(t, usersapi.ProblemCodeInvalidRefreshToken, code)
			return http.StatusOK
		},
	},
	"disabling": {
		probe: person.readsProfile, before: 200, after: 401,
		change: func(t *testing.T, _ *server, victim, _, admin person) int {
			answer, err := admin.DisableUserWithResponse(t.Context(), victim.user.ID)
			require.NoError(t, err)
			return answer.StatusCode()
		},
	},
	"deletion": {
		probe: person.readsProfile, before: 200, after: 401,
		change: func(t *testing.T, _ *server, victim, _, admin person) int {
			answer, err := admin.DeleteUserWithResponse(t.Context(), victim.user.ID)
			require.NoError(t, err)
			return answer.StatusCode()
		},
	},
	"a role taken": {
		roles: []usersapi.Role{usersapi.RoleSupport},
		probe: person.listsUsers, before: 200, after: 403,
		change: setsRoles(usersapi.RoleCustomer),
	},
	"a role given": {
		probe: person.listsUsers, before: 403, after: 401,
		change: setsRoles(usersapi.RoleSupport),
	},
}

func setsRoles(role usersapi.Role) func(t *testing.T, s *server, victim, elsewhere, admin person) int {
	return func(t *testing.T, s *server, victim, _, admin person) int {
		s.verify(victim.user.Email)
		answer, err := admin.SetUserRolesWithResponse(t.Context(), victim.user.ID,
			usersapi.SetUserRolesRequest{Roles: []usersapi.Role{role}})
		require.NoError(t, err)
		return answer.StatusCode()
	}
}

// The service that makes a change applies it from the next request on, without a notification of the database.
func TestChangesActOnTheNextRequest(t *testing.T) {
	t.Parallel()
	for name, c := range sessionChanges {
		for _, remembering := range []bool{true, false} {
			title := name + ", nothing remembered"
			if remembering {
				title = name + ", remembered"
			}
			t.Run(title, func(t *testing.T) {
				t.Parallel()
				s, _ := start(t).deafReplica()
				if remembering {
					s.watchSilence()
				}
				victim := s.signUp("victim@example.com", c.roles...)
				elsewhere := s.logIn("victim@example.com", goodPassword)
				admin := s.signUp("admin@example.com", usersapi.RoleAdmin)
				require.Equal(t, c.before, c.probe(victim, t))
				require.Equal(t, remembering, s.isRemembered(victim))

				require.Less(t, c.change(t, s, victim, elsewhere, admin), 300)
				require.Equal(t, c.after, c.probe(victim, t))
			})
		}
	}
}

func TestChangesReachTheOtherReplica(t *testing.T) {
	t.Parallel()
	for name, c := range sessionChanges {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			other := s.replica()
			contracttest.Eventually(t, "the other replica watches", other.isWatching)
			victim := s.signUp("victim@example.com", c.roles...)
			elsewhere := s.logIn("victim@example.com", goodPassword)
			admin := s.signUp("admin@example.com", usersapi.RoleAdmin)
			other.remember(victim)
			require.Equal(t, c.before, c.probe(victim.on(other), t))

			require.Less(t, c.change(t, s, victim, elsewhere, admin), 300)
			contracttest.Eventually(t, "the other replica answers by what is now so",
				func() bool { return c.probe(victim.on(other), t) == c.after })
		})
	}
}

// A change of a row, also by psql, reaches every replica: the database sends the notification.
func TestChangesByHandAreNoticed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ statement string }{
		"a session revoked": {`UPDATE sessions SET revoked_at = now() WHERE user_id = $1`},
		"a session ended":   {`UPDATE sessions SET expires_at = created_at WHERE user_id = $1`},
		"a session deleted": {`DELETE FROM sessions WHERE user_id = $1`},
		"all sessions gone": {`TRUNCATE sessions CASCADE`},
		"a user disabled":   {`UPDATE users SET status = 'disabled' WHERE id = $1`},
		"a user deleted":    {`DELETE FROM users WHERE id = $1`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			contracttest.Eventually(t, "the service watches", s.isWatching)
			ada := s.signUp("ada@example.com")
			s.remember(ada)
			_, err := s.Pool.Exec(t.Context(), c.statement, []any{ada.user.ID}[:strings.Count(c.statement, "$1")]...)
			require.NoError(t, err)
			contracttest.Eventually(t, "the token is refused",
				func() bool { return ada.readsProfile(t) == http.StatusUnauthorized })
		})
	}
}

// terminateListeners ends the connections on which replicas listen.
func (s *server) terminateListeners() {
	s.t.Helper()
	tag, err := s.Pool.Exec(s.t.Context(),
		`SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
			WHERE datname = current_database() AND query = 'LISTEN "sessions"'`)
	require.NoError(s.t, err)
	require.Positive(s.t, tag.RowsAffected(), "nobody listens")
}

func TestAReplicaThatIsToldNothingServesNothingStale(t *testing.T) {
	t.Parallel()
	s := start(t)
	other := s.replica()
	contracttest.Eventually(t, "the other replica watches", other.isWatching)
	admin := s.signUp("admin@example.com", usersapi.RoleAdmin)
	disable := func(p person) {
		answer, err := admin.DisableUserWithResponse(t.Context(), p.user.ID)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, answer.StatusCode())
	}
	unaware := func() int { return strings.Count(other.Log.String(), "not told of changes to sessions") }

	// The change is made while nobody listens: its notification is lost.
	ada := s.signUp("ada@example.com")
	other.remember(ada)
	s.terminateListeners()
	contracttest.Eventually(t, "the replica notices", func() bool { return unaware() == 1 })
	disable(ada)
	require.Equal(t, http.StatusUnauthorized, ada.on(other).readsProfile(t))

	// It listens again, and a notification makes it forget what it has remembered since.
	contracttest.Eventually(t, "the other replica watches again", other.isWatching)
	bob := s.signUp("bob@example.com")
	other.remember(bob)
	disable(bob)
	contracttest.Eventually(t, "the token is refused",
		func() bool { return bob.on(other).readsProfile(t) == http.StatusUnauthorized })

	// The change is made with the cut, before the replica can have noticed it.
	eve := s.signUp("eve@example.com")
	other.remember(eve)
	s.terminateListeners()
	disable(eve)
	contracttest.Eventually(t, "the token is refused",
		func() bool { return eve.on(other).readsProfile(t) == http.StatusUnauthorized })
}

// A request that is sent after a revocation has returned is refused, however other requests overlap with the
// revocation. The service gets no notification, so that a stale session, once remembered, would stay.
func TestAfterRevokingReturnedNoRequestSucceeds(t *testing.T) {
	t.Parallel()
	s, _ := start(t).deafReplica()
	// The cache remembers one token of a session, as a small one would: the last one used.
	verifier := s.verifier()
	s.service.guard = guard.New(guard.Config{Verifier: verifier, Clock: s.Clock.Now,
		Read: func(ctx context.Context, claims token.Claims) (guard.Session, error) {
			session, err := s.service.readSession(ctx, claims)
			session.TokenID = claims.ID
			return session, err
		}})
	s.watchSilence()
	handler := s.handler(slog.New(slog.DiscardHandler))
	admin := s.signUp("admin@example.com", usersapi.RoleAdmin)
	ada := s.signUp("ada@example.com")
	const rounds, users = 30, 6
	for round := range rounds {
		victim, elsewhere := s.logIn("ada@example.com", goodPassword), s.logIn("ada@example.com", goodPassword)
		claims, err := verifier.Verify(t.Context(), victim.tokens.AccessToken)
		require.NoError(t, err)
		var revoked atomic.Bool
		var early, late atomic.Int64
		var using sync.WaitGroup
		for range users {
			claims.ID = rand.Text()
			raw, err := s.service.signer.Sign(claims)
			require.NoError(t, err)
			using.Go(func() {
				for after := false; !after; {
					after = revoked.Load()
					r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/profile", http.NoBody)
					r.Header.Set("Authorization", "Bearer "+raw)
					w := httptest.NewRecorder()
					handler.ServeHTTP(w, r)
					switch {
					case w.Code == http.StatusOK && after:
						late.Add(1)
					case w.Code == http.StatusOK:
						early.Add(1)
					}
				}
			})
		}
		contracttest.Eventually(t, "the token is in use", func() bool { return early.Load() >= users })
		var status int
		switch round % 3 {
		case 0:
			answer, err := victim.EndSessionWithResponse(t.Context())
			require.NoError(t, err)
			status = answer.StatusCode()
		case 1:
			answer, err := elsewhere.RevokeOtherSessionsWithResponse(t.Context())
			require.NoError(t, err)
			status = answer.StatusCode()
		default:
			answer, err := admin.DisableUserWithResponse(t.Context(), ada.user.ID)
			require.NoError(t, err)
			status = answer.StatusCode()
		}
		revoked.Store(true)
		using.Wait()
		require.Less(t, status, 300)
		require.Zero(t, late.Load(), "requests that were sent after the revocation had returned")
		_, err = s.queries.SetUserStatus(t.Context(),
			usersdb.SetUserStatusParams{ID: ada.user.ID, Status: usersdb.UserStatusActive, UpdatedAt: s.Clock.Now()})
		require.NoError(t, err)
	}
}

// A session that is in use is extended: the end that the cache remembers is no reason to refuse it.
func TestARememberedSessionIsExtended(t *testing.T) {
	t.Parallel()
	s := start(t)
	contracttest.Eventually(t, "the service watches", s.isWatching)
	ada := s.signUp("ada@example.com")
	s.remember(ada)
	refresh := *ada.tokens.RefreshToken
	for range 2 {
		s.Clock.Advance(sessionLifetime - 24*time.Hour)
		tokens, status := s.refresh(refresh)
		require.Equal(t, http.StatusOK, status)
		refresh = *tokens.RefreshToken
		require.Equal(t, http.StatusOK, person{ClientWithResponses: s.as(tokens.AccessToken)}.readsProfile(t))
	}
}

// A session that has expired is refused, although it is remembered and there is no notification.
func TestARememberedSessionExpires(t *testing.T) {
	t.Parallel()
	s := start(t)
	contracttest.Eventually(t, "the service watches", s.isWatching)
	ada := s.signUp("ada@example.com")
	// The session ends before the access token.
	_, err := s.Pool.Exec(t.Context(), `UPDATE sessions SET expires_at = $1`, s.Clock.Now().Add(time.Minute))
	require.NoError(t, err)
	s.remember(ada)
	s.Clock.Advance(time.Minute)
	require.Equal(t, http.StatusUnauthorized, ada.readsProfile(t))
}

// A token names both an account and a session; they must belong together.
func TestASessionOfAnotherIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	contracttest.Eventually(t, "the service watches", s.isWatching)
	ada, bob := s.signUp("ada@example.com"), s.signUp("bob@example.com")
	s.remember(bob)
	claims, err := s.verifier().Verify(t.Context(), ada.tokens.AccessToken)
	require.NoError(t, err)
	claims.SessionID = bob.session(t)
	raw, err := s.service.signer.Sign(claims)
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, person{ClientWithResponses: s.as(raw)}.readsProfile(t))
}
