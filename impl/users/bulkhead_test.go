package users

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/hashing"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/testkit/contracttest"
)

// However many strangers sign up at once, a customer can log in: strangers have a share of the connections of the
// database.
func TestStrangersLeaveConnectionsToLogins(t *testing.T) {
	t.Parallel()
	const conns, share = 4, 2
	held := contracttest.NewHeld("CreateUser")
	s := start(t, func(o *options) {
		o.database = func(pool *pgxpool.Pool) Database { return held.Pool(t, pool, conns) }
	})
	defer held.LetGo()
	hash, err := s.service.hasher.Hash(t.Context(), goodPassword)
	require.NoError(t, err)
	s.account("ada@example.com", func(p *usersdb.CreateUserParams) { p.PasswordHash = hash })
	answers := make(chan *usersapi.CreateUserV2Response, 2*conns)
	var signingUp sync.WaitGroup
	for i := range cap(answers) {
		signingUp.Go(func() {
			got, err := s.CreateUserV2WithResponse(t.Context(), usersapi.CreateUserV2Request{
				Email: fmt.Sprintf("person%d@example.com", i), Name: "One of many", Password: goodPassword,
			})
			if err != nil {
				t.Error(err)
			}
			answers <- got
		})
	}
	for range cap(answers) - share { // without shares all connections are held, and nobody is answered
		refused := <-answers
		require.Equal(t, http.StatusServiceUnavailable, refused.StatusCode(), string(refused.Body))
		require.Equal(t, usersapi.ProblemCodeOverloaded, codeIn(t, refused.Body))
		require.Equal(t, "1", refused.HTTPResponse.Header.Get("Retry-After"))
	}
	require.Equal(t, share, held.Holding())
	got, err := s.StartSessionWithResponse(t.Context(),
		usersapi.StartSessionRequest{Email: "ada@example.com", Password: goodPassword})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))
	held.LetGo()
	signingUp.Wait()
	for range share {
		require.Equal(t, http.StatusCreated, (<-answers).StatusCode())
	}
}

// However many callers log in at once, other services can read accounts: they wait for that while they answer.
func TestStrangersLeaveConnectionsToOtherServices(t *testing.T) {
	t.Parallel()
	const conns, share = 4, 3
	held := contracttest.NewHeld("GetCredentials")
	s := start(t, func(o *options) {
		o.database = func(pool *pgxpool.Pool) Database { return held.Pool(t, pool, conns) }
	})
	defer held.LetGo()
	me := s.member()
	var loggingIn sync.WaitGroup
	for range share {
		loggingIn.Go(func() {
			got, body := s.do(http.MethodPost, "/api/v1/login", login("nobody@example.com", goodPassword))
			if got.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s: %s", got.Status, body)
			}
		})
	}
	contracttest.Eventually(t, "the share is used up", func() bool { return held.Holding() == share })
	got, err := s.as(me.access).GetUserV2WithResponse(t.Context(), me.user.ID)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))
	held.LetGo()
	loggingIn.Wait()
}

// However many strangers wait for a password hash, callers who are logged in, or who have logged in from the same
// network before, get theirs.
func TestStrangersLeaveHashesToWhoIsKnown(t *testing.T) {
	t.Parallel()
	const queue, strangers = 8, 6
	s := start(t, func(o *options) {
		o.hashing = hashing.Config{Params: cheap, Concurrency: 1, Queue: queue, Wait: time.Minute}
		o.chain = limited
	})
	me := s.member()
	const home = "203.0.113.9"
	require.Equal(t, http.StatusOK, s.from(home, me.user.Email, goodPassword).StatusCode)
	release, err := s.service.hasher.Hold(t.Context())
	require.NoError(t, err)
	defer release()
	type answer struct {
		status int
		body   string
	}
	answers := make(chan answer, 2*strangers)
	var all sync.WaitGroup
	for i := range cap(answers) {
		all.Go(func() {
			got, body := s.do(http.MethodPost, "/api/v1/login", login(fmt.Sprintf("person%d@example.com", i), goodPassword),
				"X-Forwarded-For", fmt.Sprintf("192.0.2.%d", i))
			answers <- answer{got.StatusCode, body}
		})
	}
	for range cap(answers) - strangers {
		refused := <-answers
		require.Equal(t, http.StatusServiceUnavailable, refused.status, refused.body)
		require.Equal(t, usersapi.ProblemCodeOverloaded, codeIn(t, []byte(refused.body)))
	}
	all.Go(func() {
		if got := s.from(home, me.user.Email, goodPassword); got.StatusCode != http.StatusOK {
			t.Errorf("the owner's login: %s", got.Status)
		}
	})
	all.Go(func() {
		if got, body := s.mistypes(me, home); got.StatusCode != http.StatusForbidden {
			t.Errorf("the owner's new password: %s", body)
		}
	})
	contracttest.Eventually(t, "both wait",
		func() bool { _, waiting := s.service.hasher.Stats(); return waiting == strangers+2 })
	release()
	all.Wait()
	for range strangers {
		require.Equal(t, http.StatusUnauthorized, (<-answers).status)
	}
}

// limited turns the rate limits on, behind a proxy: the throttle knows the networks of accounts, and each site has a
// share of the hash queue.
func limited(o *httpapi.Options) {
	behindProxy(func(o *httpapi.Options) { o.RateLimits = true })(o)
}

// mistypes sends a wrong password of a logged-in caller from an address, which takes a hash.
func (s *server) mistypes(m member, address string) (*http.Response, string) {
	return s.do(http.MethodPut, "/api/v1/profile/password",
		fmt.Sprintf(`{"current_password":%q,"new_password":%q}`, "wrong "+goodPassword, newPassword),
		"Authorization", "Bearer "+m.access, "X-Forwarded-For", address)
}

// Sessions of one network, however many, do not keep callers of other networks from getting a hash: anybody can open
// sessions.
func TestSessionsOfANetworkLeaveHashesToOthers(t *testing.T) {
	t.Parallel()
	const queue, share = 8, 2
	s := start(t, func(o *options) {
		o.hashing = hashing.Config{Params: cheap, Concurrency: 1, Queue: queue, Wait: time.Minute}
		o.chain = limited
	})
	me := s.member()
	const home = "203.0.113.9"
	require.Equal(t, http.StatusOK, s.from(home, me.user.Email, goodPassword).StatusCode)
	crowd := make([]member, 2*queue)
	for i := range crowd {
		crowd[i] = s.member()
	}
	release, err := s.service.hasher.Hold(t.Context())
	require.NoError(t, err)
	defer release()
	var all sync.WaitGroup
	var refused atomic.Int64
	for _, m := range crowd {
		all.Go(func() {
			if got, _ := s.mistypes(m, "192.0.2.66"); got.StatusCode == http.StatusServiceUnavailable {
				refused.Add(1)
			}
		})
	}
	waiting := func() int { _, n := s.service.hasher.Stats(); return n }
	contracttest.Eventually(t, "all wait or are refused",
		func() bool { return waiting()+int(refused.Load()) == len(crowd) })
	all.Go(func() {
		if got := s.from(home, me.user.Email, goodPassword); got.StatusCode != http.StatusOK {
			t.Errorf("the owner's login: %s", got.Status)
		}
	})
	contracttest.Eventually(t, "the owner waits", func() bool { return waiting() == share+1 })
	release()
	all.Wait()
	require.EqualValues(t, len(crowd)-share, refused.Load())
}

// A login that waits for its hash holds nothing that other requests need: more waiting logins than there are permits
// delay no other request.
func TestWaitingForAHashHoldsUpNobody(t *testing.T) {
	t.Parallel()
	const strangers = 100
	s := start(t, func(o *options) {
		o.hashing = hashing.Config{Params: cheap, Concurrency: 1, Queue: 2 * strangers, Wait: time.Minute}
		o.chain = func(c *httpapi.Options) { c.Shed = true }
	})
	me := s.member()
	release, err := s.service.hasher.Hold(t.Context())
	require.NoError(t, err)
	defer release()
	var all sync.WaitGroup
	for i := range strangers {
		all.Go(func() {
			s.do(http.MethodPost, "/api/v1/login", login(fmt.Sprintf("person%d@example.com", i), goodPassword))
		})
	}
	contracttest.Eventually(t, "all wait",
		func() bool { _, waiting := s.service.hasher.Stats(); return waiting == strangers })
	got, body := s.do(http.MethodGet, "/api/v1/profile", "", "Authorization", "Bearer "+me.access)
	require.Equal(t, http.StatusOK, got.StatusCode, body)
	release()
	all.Wait()
}
