package users

import (
	"encoding/base64"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/contracttest"
)

// refresh exchanges a token.
func (s *server) refresh(token string) (*usersapi.TokenSet, int) {
	s.t.Helper()
	answer, err := s.RefreshSessionWithResponse(s.t.Context(), nil, usersapi.RefreshSessionRequest{RefreshToken: &token})
	require.NoError(s.t, err)
	return contracttest.Body(s.t, answer, answer.JSON200), answer.StatusCode()
}

// refreshRefused exchanges a token that is not valid any more.
func (s *server) refreshRefused(token string) (usersapi.ProblemCode, int) {
	s.t.Helper()
	answer, err := s.RefreshSessionWithResponse(s.t.Context(), nil, usersapi.RefreshSessionRequest{RefreshToken: &token})
	require.NoError(s.t, err)
	require.NotEqual(s.t, http.StatusOK, answer.StatusCode())
	require.NotEmpty(s.t, answer.HTTPResponse.Header.Get("WWW-Authenticate"))
	return codeIn(s.t, answer.Body), answer.StatusCode()
}

func TestOneTokenUsedManyTimesAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	const users = 20
	got := make(chan usersapi.TokenSet, users)
	var all sync.WaitGroup
	for range users {
		all.Go(func() {
			answer, err := s.RefreshSessionWithResponse(t.Context(), nil,
				usersapi.RefreshSessionRequest{RefreshToken: ada.tokens.RefreshToken})
			if err != nil || answer.JSON200 == nil {
				t.Errorf("refused: %v %s", err, answer.Body)
				return
			}
			got <- *contracttest.Body(t, answer, answer.JSON200)
		})
	}
	all.Wait()
	close(got)
	successors := map[string]int{}
	for tokens := range got {
		successors[*tokens.RefreshToken]++
		require.Equal(t, http.StatusOK, person{ClientWithResponses: s.as(tokens.AccessToken)}.readsProfile(t))
	}
	require.Len(t, successors, 1)
	require.NotContains(t, successors, *ada.tokens.RefreshToken)
	require.Equal(t, 2, s.count(`SELECT count(*) FROM refresh_tokens`))
	for successor, times := range successors {
		require.Equal(t, users, times)
		_, status := s.refresh(successor)
		require.Equal(t, http.StatusOK, status)
	}
}

// The successor of a token cannot be computed without the key of the service.
func TestSuccessorsDependOnTheMasterKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	other := *s.service
	other.refreshKey = make([]byte, 32)
	family := newFamily()
	token := s.service.firstOf(family)
	successor := s.service.successorOf(token, family)
	require.Equal(t, successor, s.service.successorOf(token, family), "the same each time")
	require.NotEqual(t, successor, other.successorOf(token, family))
	require.NotEqual(t, successor, s.service.successorOf(s.service.firstOf(family), family))
}

func TestReplay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wait   time.Duration
		passes bool
	}{
		"at once":                   {0, true},
		"at the end of the grace":   {refreshGrace, true},
		"just after the grace":      {refreshGrace + time.Millisecond, false},
		"after the access token's":  {accessLifetime, false},
		"as late as a session goes": {sessionLifetime - time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			ada := s.signUp("ada@example.com")
			elsewhere := s.logIn("ada@example.com", goodPassword)
			next, status := s.refresh(*ada.tokens.RefreshToken)
			require.Equal(t, http.StatusOK, status)
			s.Clock.Advance(c.wait)
			if c.passes {
				again, status := s.refresh(*ada.tokens.RefreshToken)
				require.Equal(t, http.StatusOK, status)
				require.Equal(t, *next.RefreshToken, *again.RefreshToken)
				require.Equal(t, http.StatusOK, person{ClientWithResponses: s.as(again.AccessToken)}.readsProfile(t))
				_, status = s.refresh(*next.RefreshToken)
				require.Equal(t, http.StatusOK, status)
				return
			}
			code, status := s.refreshRefused(*ada.tokens.RefreshToken)
			require.Equal(t, http.StatusUnauthorized, status)
			require.Equal(t, usersapi.ProblemCodeInvalidRefreshToken, code)
			code, _ = s.refreshRefused(*next.RefreshToken)
			require.Equal(t, usersapi.ProblemCodeInvalidRefreshToken, code, "the newest of the family")
			require.Equal(t, http.StatusUnauthorized, person{ClientWithResponses: s.as(next.AccessToken)}.readsProfile(t))
			require.Equal(t, 1, s.count(`SELECT count(*) FROM sessions WHERE revoked_at IS NOT NULL`))
			_, status = s.refresh(*elsewhere.tokens.RefreshToken)
			require.Equal(t, http.StatusOK, status, "another session of the same account goes on")
		})
	}
}

func TestReplayOfAnOlderGeneration(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	tokens := &ada.tokens
	for range 4 {
		s.Clock.Advance(time.Minute)
		next, status := s.refresh(*tokens.RefreshToken)
		require.Equal(t, http.StatusOK, status)
		tokens = next
	}
	require.Equal(t, http.StatusOK, person{ClientWithResponses: s.as(tokens.AccessToken)}.readsProfile(t))
	_, status := s.refreshRefused(*ada.tokens.RefreshToken)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Equal(t, http.StatusUnauthorized, person{ClientWithResponses: s.as(tokens.AccessToken)}.readsProfile(t))
	_, status = s.refreshRefused(*tokens.RefreshToken)
	require.Equal(t, http.StatusUnauthorized, status)
}

// However often a session is renewed, few of its rows are kept; a replay of a token without a row is detected all the
// same.
func TestRefreshTokensAreBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		every time.Duration
		most  int
	}{"now and then": {time.Minute, 2}, "as fast as one can": {0, mostSpent + 3}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			ada := s.signUp("ada@example.com")
			tokens := &ada.tokens
			for range 60 {
				s.Clock.Advance(c.every)
				next, status := s.refresh(*tokens.RefreshToken)
				require.Equal(t, http.StatusOK, status)
				tokens = next
				require.LessOrEqual(t, s.count(`SELECT count(*) FROM refresh_tokens`), c.most)
			}
			again, status := s.refresh(*tokens.RefreshToken)
			require.Equal(t, http.StatusOK, status)
			repeated, status := s.refresh(*tokens.RefreshToken)
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, *again.RefreshToken, *repeated.RefreshToken, "an answer that was lost is given again")
			s.Clock.Advance(time.Hour)
			for range 3 {
				_, status = s.refreshRefused(*ada.tokens.RefreshToken)
				require.Equal(t, http.StatusUnauthorized, status)
			}
			_, status = s.refreshRefused(*again.RefreshToken)
			require.Equal(t, http.StatusUnauthorized, status, "the session has ended")
			require.Equal(t, 1, s.count(`SELECT count(*) FROM sessions WHERE revoked_at IS NOT NULL`))
			s.End(t)
			s.service.audit.Wait()
			require.Equal(t, 1,
				s.count(`SELECT count(*) FROM audit_entries WHERE action = 'session.refresh' AND outcome <> 'success'`),
				"once, for whom it ended")
			require.Equal(t, 1,
				s.count(`SELECT count(*) FROM audit_entries WHERE outcome = 'invalid_refresh_token' AND target = $1`, ada.user.ID))
		})
	}
}

// Tokens from before there were tags are still exchanged, and their rows are kept.
func TestRefreshTokensFromBefore(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	spent, current := newSecret(), newSecret()
	_, err := s.Pool.Exec(t.Context(), `
		WITH old AS (UPDATE sessions SET family = NULL RETURNING id), gone AS (DELETE FROM refresh_tokens)
		INSERT INTO refresh_tokens (hash, session_id, created_at, used_at)
		SELECT kept.hash, old.id, $3, kept.used_at
		FROM old, (VALUES ($1::bytea, $3::timestamptz), ($2, NULL)) AS kept (hash, used_at)`,
		hashOf(spent), hashOf(current), s.Clock.Now())
	require.NoError(t, err)
	tokens := &usersapi.TokenSet{RefreshToken: &current}
	for range 5 {
		s.Clock.Advance(time.Minute)
		next, status := s.refresh(*tokens.RefreshToken)
		require.Equal(t, http.StatusOK, status)
		tokens = next
	}
	require.Equal(t, 4, s.count(`SELECT count(*) FROM refresh_tokens`), "two from before, one spent, one that is good")
	_, ours := s.service.familyOf(*tokens.RefreshToken)
	require.True(t, ours)
	_, status := s.refreshRefused(spent)
	require.Equal(t, http.StatusUnauthorized, status)
	_, status = s.refreshRefused(*tokens.RefreshToken)
	require.Equal(t, http.StatusUnauthorized, status, "the session has ended")
	require.Equal(t, http.StatusUnauthorized, ada.readsProfile(t))
}

func TestRefreshRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	for range 3 {
		code, status := s.refreshRefused(newSecret())
		require.Equal(t, http.StatusUnauthorized, status)
		require.Equal(t, usersapi.ProblemCodeInvalidRefreshToken, code)
	}
	answer, err := s.RefreshSessionWithResponse(t.Context(), nil, usersapi.RefreshSessionRequest{})
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode())
	require.Equal(t, usersapi.ProblemCodeInvalidRefreshToken, codeIn(t, answer.Body))
	// Whoever knows the family of a token, but no token, cannot end the session.
	raw, err := base64.RawURLEncoding.DecodeString(*ada.tokens.RefreshToken)
	require.NoError(t, err)
	for i := familyBytes; i < len(raw); i++ {
		raw[i]++
		code, _ := s.refreshRefused(base64.RawURLEncoding.EncodeToString(raw))
		require.Equal(t, usersapi.ProblemCodeInvalidRefreshToken, code)
	}

	require.Zero(t, s.count(`SELECT count(*) FROM sessions WHERE revoked_at IS NOT NULL`))
	require.Equal(t, http.StatusOK, ada.readsProfile(t))
	_, status := s.refresh(*ada.tokens.RefreshToken)
	require.Equal(t, http.StatusOK, status)
}

func TestRefreshOfADisabledAccount(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	set := func(status usersdb.UserStatus) {
		_, err := s.queries.SetUserStatus(t.Context(),
			usersdb.SetUserStatusParams{ID: ada.user.ID, Status: status, UpdatedAt: s.Clock.Now()})
		require.NoError(t, err)
	}
	// The session itself is still live; it is the account that is disabled.
	set(usersdb.UserStatusDisabled)
	code, status := s.refreshRefused(*ada.tokens.RefreshToken)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Equal(t, usersapi.ProblemCodeInvalidRefreshToken, code)
	// The refusal has not spent the token.
	set(usersdb.UserStatusActive)
	_, status = s.refresh(*ada.tokens.RefreshToken)
	require.Equal(t, http.StatusOK, status)
}

func TestRefreshGivesTheRolesOfNow(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	_, err := s.queries.SetUserRoles(t.Context(),
		usersdb.SetUserRolesParams{ID: ada.user.ID, Roles: []string{"support"}, UpdatedAt: s.Clock.Now()})
	require.NoError(t, err)
	tokens, _ := s.refresh(*ada.tokens.RefreshToken)
	claims, err := s.verifier().Verify(t.Context(), tokens.AccessToken)
	require.NoError(t, err)
	require.Equal(t, []string{"support"}, claims.Roles)
	require.Equal(t, []string{"users", "orders"}, claims.Audience)
	require.Equal(t, ada.user.ID, claims.Subject)
}

func TestAnUnusedSessionExpires(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wait time.Duration
		ok   bool
	}{
		"just before": {sessionLifetime - time.Second, true},
		"at its end":  {sessionLifetime, false},
		"long after":  {sessionLongest, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			ada := s.signUp("ada@example.com")
			s.Clock.Advance(c.wait)
			if c.ok {
				_, status := s.refresh(*ada.tokens.RefreshToken)
				require.Equal(t, http.StatusOK, status)
				return
			}
			code, status := s.refreshRefused(*ada.tokens.RefreshToken)
			require.Equal(t, http.StatusUnauthorized, status)
			require.Equal(t, usersapi.ProblemCodeInvalidRefreshToken, code)
		})
	}
}

func TestAUsedSessionEndsAtLast(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.signUp("ada@example.com")
	answer, _ := s.do(http.MethodPost, "/api/v1/login",
		`{"email":"ada@example.com","password":"`+goodPassword+`","cookie":true}`)
	cookie := answer.Cookies()[0]
	refresh := func() *http.Response {
		answer, _ := s.do(http.MethodPost, "/api/v1/refresh", `{}`, "Cookie", cookie.Name+"="+cookie.Value)
		return answer
	}
	const day = 24 * time.Hour
	for _, left := range []time.Duration{sessionLifetime, sessionLifetime, 3 * day} {
		s.Clock.Advance(29 * day)
		answer := refresh()
		require.Equal(t, http.StatusOK, answer.StatusCode)
		cookie = answer.Cookies()[0]
		require.EqualValues(t, left.Seconds(), cookie.MaxAge)
	}
	s.Clock.Advance(3*day - time.Second)
	answer = refresh()
	require.Equal(t, http.StatusOK, answer.StatusCode)
	cookie = answer.Cookies()[0]
	require.Equal(t, 1, cookie.MaxAge)
	s.Clock.Advance(time.Second)
	require.Equal(t, http.StatusUnauthorized, refresh().StatusCode)
}

func TestAnAccessTokenExpires(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	s.Clock.Advance(accessLifetime - time.Second)
	require.Equal(t, http.StatusOK, ada.readsProfile(t))
	s.Clock.Advance(time.Minute)
	require.Equal(t, http.StatusUnauthorized, ada.readsProfile(t))
}

func TestLogoutEndsTheRefreshTokenToo(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	elsewhere := s.logIn("ada@example.com", goodPassword)
	answer, err := ada.EndSessionWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, answer.StatusCode())
	code, _ := s.refreshRefused(*ada.tokens.RefreshToken)
	require.Equal(t, usersapi.ProblemCodeInvalidRefreshToken, code)
	require.Equal(t, http.StatusOK, elsewhere.readsProfile(t))
	again, err := ada.EndSessionWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, again.StatusCode())
}

// removals are the ways in which sessions are removed.
func removals() map[string]func(t *testing.T, s *server, account uuid.UUID) {
	return map[string]func(t *testing.T, s *server, account uuid.UUID){
		"with sessions that are over": func(t *testing.T, s *server, _ uuid.UUID) {
			s.Clock.Advance(2*sessionLifetime + time.Second)
			require.NoError(t, s.service.purgeOldRows(t.Context()))
		},
		"with an account whose time has come": func(t *testing.T, s *server, _ uuid.UUID) {
			_, err := s.Pool.Exec(t.Context(), `UPDATE users SET deletes_at = $1`, s.Clock.Now())
			require.NoError(t, err)
			require.NoError(t, s.service.eraseDueAccounts(t.Context()))
		},
		"with an account that an administrator deletes": func(t *testing.T, s *server, account uuid.UUID) {
			answer, err := s.as(s.member(usersapi.RoleAdmin).access).DeleteUserWithResponse(t.Context(), account)
			require.NoError(t, err)
			require.Equal(t, http.StatusNoContent, answer.StatusCode(), string(answer.Body))
		},
	}
}

// noteRemovals records, for every transaction, how many rows of a table it removes.
func (s *server) noteRemovals(table string) {
	s.t.Helper()
	_, err := s.Pool.Exec(s.t.Context(), `
CREATE TABLE removals (tx text NOT NULL, removed bigint NOT NULL);
CREATE FUNCTION note_removal() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
    INSERT INTO removals SELECT pg_current_xact_id()::text, count(*) FROM gone;
    RETURN NULL;
END';
CREATE TRIGGER removals AFTER DELETE ON `+table+` REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION note_removal()`)
	require.NoError(s.t, err)
}

// requireBatches requires that the recorded transactions have removed so many rows in all, and none more than a batch.
func (s *server) requireBatches(rows int) {
	s.t.Helper()
	require.Equal(s.t, rows, s.count(`SELECT sum(removed)::bigint FROM removals`))
	require.LessOrEqual(s.t, s.count(`SELECT max(removed)
		FROM (SELECT sum(removed)::bigint AS removed FROM removals GROUP BY tx) AS transactions`), postgres.BatchSize)
}

// An account keeps an ended session for each login of a day. However many there are, no transaction removes more than a
// batch, so that no statement exceeds its time-out.
func TestSessionsAreRemovedInBatches(t *testing.T) {
	t.Parallel()
	for name, remove := range removals() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			account := s.signUp(ada).user.ID
			_, err := s.Pool.Exec(t.Context(), `INSERT INTO sessions
					(id, user_id, cookie, address, user_agent, created_at, last_used_at, expires_at, revoked_at)
				SELECT gen_random_uuid(), user_id, cookie, address, user_agent, created_at, last_used_at,
					CASE WHEN i % 2 = 0 THEN expires_at ELSE created_at END, CASE WHEN i % 2 = 0 THEN created_at END
				FROM sessions, generate_series(1, 2500) AS i`)
			require.NoError(t, err)
			s.noteRemovals("sessions")
			remove(t, s, account)
			require.Zero(t, s.count(`SELECT count(*) FROM sessions WHERE user_id = $1`, account))
			s.requireBatches(2501)
		})
	}
}

// Earlier releases kept every spent token, so a session may have tens of thousands. However many there are, no
// transaction removes more than a batch, so that no statement exceeds its time-out.
func TestTokensAreRemovedInBatches(t *testing.T) {
	t.Parallel()
	for name, remove := range removals() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			account := s.signUp(ada).user.ID
			s.logIn(ada, goodPassword)
			_, err := s.Pool.Exec(t.Context(), `INSERT INTO refresh_tokens (hash, session_id, created_at, used_at)
SELECT sha256((id || ' ' || i)::bytea), id, created_at, created_at FROM sessions, generate_series(1, 2500) AS i`)
			require.NoError(t, err)
			s.noteRemovals("refresh_tokens")
			remove(t, s, account)
			require.Zero(t, s.count(`SELECT count(*) FROM refresh_tokens JOIN sessions ON sessions.id = session_id
				WHERE user_id = $1`, account))
			s.requireBatches(2*2500 + 2)
		})
	}
}
