package users

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/throttledb"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/throttle"
	"example.com/plumbline/impl/testkit/contracttest"
)

// replica serves the database of another server, as a second replica.
func replica(t testing.TB, of *server, chain func(*httpapi.Options)) *server {
	t.Helper()
	s := &server{t: t, queries: of.queries, Server: &contracttest.Server{Pool: of.Pool, Clock: of.Clock}}
	var err error
	s.service, err = newPrepared(t.Context(), s.config())
	require.NoError(t, err)
	s.serve(chain)
	return s
}

// behindProxy takes the address of the caller from X-Forwarded-For.
func behindProxy(change func(*httpapi.Options)) func(*httpapi.Options) {
	return func(o *httpapi.Options) {
		change(o)
		o.TrustedProxies = []string{"127.0.0.1/32"}
	}
}

// namingRequests lets a test set the ids of its requests, as a trusted proxy may.
func namingRequests(o *options) { o.chain = behindProxy(func(*httpapi.Options) {}) }

// throttled gives two replicas behind a proxy, whose logins only x-throttle limits.
func throttled(t *testing.T) (first, second *server) {
	t.Helper()
	c := underTest(t)
	change := behindProxy(contracttest.Limited(c, c.Document.Operation("startSession")))
	first = start(t, func(o *options) { o.chain = change })
	return first, replica(t, first, change)
}

// from sends a login from an address.
func (s *server) from(address, email, password string) *http.Response {
	s.t.Helper()
	answer, _ := s.do(http.MethodPost, "/api/v1/login", login(email, password), "X-Forwarded-For", address)
	return answer
}

func TestThrottles(t *testing.T) {
	t.Parallel()
	another := func(t testing.TB, of *contracttest.Server, change func(*httpapi.Options)) *contracttest.Server {
		t.Helper()
		return replica(t, of.Arranger.(arranger).server, change).Server
	}
	contracttest.Throttles(t, underTest(t), another, func(good contracttest.Request) contracttest.Request {
		wrong := map[string]any{}
		require.NoError(t, json.Unmarshal([]byte(good.Body), &wrong))
		for _, secret := range []string{"current_password", "token", "password", "challenge"} {
			if _, there := wrong[secret]; there {
				wrong[secret] = strings.Repeat("w", 43)
				break
			}
		}
		body, err := json.Marshal(wrong)
		require.NoError(t, err)
		good.Body = string(body)
		return good
	})
}

// Of many wrong logins at once, over replicas, as many are hashed as the limit allows, and the owner can log in from
// elsewhere.
func TestThrottleAtOnce(t *testing.T) {
	t.Parallel()
	first, second := throttled(t)
	me := first.member()
	var hashings atomic.Int64
	for _, s := range []*server{first, second} {
		s.service.queries = counting{s.service.queries, &hashings}
	}
	var all sync.WaitGroup
	var refused atomic.Int64
	for i := range 100 {
		all.Go(func() {
			answer := []*server{first, second}[i%2].from("192.0.2.66", me.user.Email, "wrong")
			if answer.StatusCode == http.StatusTooManyRequests {
				refused.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 10, hashings.Load(), "each that looks for the account hashes")
	require.EqualValues(t, 90, refused.Load())
	require.Equal(t, http.StatusTooManyRequests, second.from("192.0.2.66", me.user.Email, goodPassword).StatusCode)
	require.Equal(t, http.StatusOK, second.from("192.0.2.67", me.user.Email, goodPassword).StatusCode,
		"its owner is elsewhere")
	require.Equal(t, http.StatusUnauthorized, second.from("192.0.2.66", "other@example.com", "wrong").StatusCode,
		"others are another matter")
	first.Clock.Advance(15 * time.Minute)
	answer := first.from("192.0.2.66", me.user.Email, "wrong")
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	require.Contains(t, answer.Header.Get("RateLimit"), `"account";r=9;t=90`, "it is whole again")
}

// counting counts the look-ups of accounts by logins.
type counting struct {
	usersdb.Querier

	found *atomic.Int64
}

func (c counting) GetCredentials(
	ctx context.Context, asked usersdb.GetCredentialsParams,
) (usersdb.GetCredentialsRow, error) {
	c.found.Add(1)
	return c.Querier.GetCredentials(ctx, asked)
}

// An account that is attacked from many networks stays open to its owner: from known networks as before, and from a new
// network with a few tries.
func TestThrottleOfAnAccountUnderAttack(t *testing.T) {
	t.Parallel()
	first, second := throttled(t)
	me := first.member()
	require.Equal(t, http.StatusOK, first.from("198.51.100.1", me.user.Email, goodPassword).StatusCode)
	attacker := 0
	attack := func() (guesses int) {
		attacker++
		address := fmt.Sprintf("203.0.%d.%d", 113+attacker/200, attacker%200)
		for guesses < 50 &&
			first.from(address, strings.ToUpper(me.user.Email), "wrong").StatusCode == http.StatusUnauthorized {
			guesses++
		}
		return guesses
	}
	for range 10 {
		require.Equal(t, 10, attack())
	}
	require.Equal(t, 3, attack(), "the account's are used up: a new network has a few")
	require.Equal(t, 3, attack())
	for range 9 { // A known network keeps its own limit.
		require.Equal(t, http.StatusUnauthorized, second.from("198.51.100.1", me.user.Email, "mistyped").StatusCode)
	}
	require.Equal(t, http.StatusOK, second.from("198.51.100.1", me.user.Email, goodPassword).StatusCode)
	answer := second.from("198.51.100.2", me.user.Email, goodPassword)
	require.Equal(t, http.StatusOK, answer.StatusCode, "the first try from anywhere is one")
	require.Contains(t, answer.Header.Get("RateLimit"), `"unfamiliar";r=2;t=28800`)
	answer = second.from("198.51.100.2", me.user.Email, goodPassword)
	require.NotContains(t, answer.Header.Get("RateLimit"), "unfamiliar", "it is a network of the owner's now")
	first.Clock.Advance(24 * time.Hour)
	require.Equal(t, 10, attack(), "a day later the account has what it had")
	first.Clock.Advance(throttle.KnownFor)
	for range 10 {
		attack()
	}
	for range 3 {
		require.Equal(t, http.StatusUnauthorized, second.from("198.51.100.1", me.user.Email, "mistyped").StatusCode)
	}
	require.Equal(t, http.StatusTooManyRequests, second.from("198.51.100.1", me.user.Email, "mistyped").StatusCode,
		"nobody has been there for long")
}

// A reset of the password forgets the known networks, from which somebody else may have logged in.
func TestAResetForgetsNetworks(t *testing.T) {
	t.Parallel()
	first, _ := throttled(t)
	me, other := first.member(), first.member()
	first.from("192.0.2.7", me.user.Email, goodPassword)
	first.from("192.0.2.7", other.user.Email, goodPassword)
	require.Equal(t, http.StatusNoContent, first.reset(first.mailToken(me.user, mailReset), newPassword))
	var left int
	require.NoError(t, first.Pool.QueryRow(t.Context(), "SELECT count(*) FROM familiar_networks").Scan(&left))
	require.Equal(t, 2, left, "those of the other")
}

// The tries of a whole IPv6 site count together, with four times the limit of one network.
func TestThrottleOfASite(t *testing.T) {
	t.Parallel()
	first, _ := throttled(t)
	tried := func(network int) (tries int) {
		wrong := func() int {
			address := fmt.Sprintf("2001:db8:1:%x::%x", network, tries+1)
			return first.from(address, newID().String()+"@example.com", "wrong").StatusCode
		}
		for tries < 150 && wrong() == http.StatusUnauthorized {
			tries++
		}
		return tries
	}
	for network := range 4 {
		require.Equal(t, 100, tried(network))
	}
	require.Zero(t, tried(4))
	require.Equal(t, http.StatusUnauthorized, first.from("2001:db8:2::1", ada, "wrong").StatusCode)
}

// Without a trusted proxy the address of a caller is that of the connection, whatever X-Forwarded-For says.
func TestThrottleBelievesNobody(t *testing.T) {
	t.Parallel()
	c := underTest(t)
	s := start(t, func(o *options) { o.chain = contracttest.Limited(c, c.Document.Operation("startSession")) })
	for i := range 10 {
		require.Equal(t, http.StatusUnauthorized, s.from(fmt.Sprintf("192.0.2.%d", i), ada, "wrong").StatusCode)
	}
	require.Equal(t, http.StatusTooManyRequests, s.from("192.0.2.99", ada, "wrong").StatusCode)
}

// Addresses with and without an account are limited alike, and the answers are equal to the byte.
func TestThrottleTellsNothing(t *testing.T) {
	t.Parallel()
	first, _ := throttled(t)
	me, nobody := first.member().user.Email, newID().String()+"@example.com"
	attack := func(email string) (answers []string) {
		for i := range 130 {
			answer, body := first.do(http.MethodPost, "/api/v1/login", login(email, "wrong"),
				"X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i/11), "X-Request-Id", "the-same-for-both")
			answer.Header.Del("Date")
			answers = append(answers, fmt.Sprint(answer.StatusCode, answer.Header, body))
		}
		return answers
	}
	known := attack(me)
	first.Clock.Advance(24 * time.Hour)
	for i, answer := range attack(nobody) {
		require.Equal(t, strings.ReplaceAll(known[i], "2026-11-23", "2026-11-24"), answer)
	}
}

// The stored counters name nobody, and are removed when they have no effect any more.
func TestThrottleKeepsNoNames(t *testing.T) {
	t.Parallel()
	first, _ := throttled(t)
	me := first.member().user.Email
	first.from("192.0.2.7", me, "wrong")
	first.from("192.0.2.7", me, goodPassword)
	tables := func() (text string, rows int) {
		for _, table := range []string{"throttles", "familiar_networks"} {
			found, err := first.Pool.Query(t.Context(), "SELECT t::text FROM "+table+" AS t")
			require.NoError(t, err)
			lines, err := pgx.CollectRows(found, pgx.RowTo[string])
			require.NoError(t, err)
			text, rows = text+strings.Join(lines, "\n"), rows+len(lines)
		}
		return text, rows
	}
	text, rows := tables()
	require.Equal(t, 3+2, rows)
	for _, name := range []string{me, fmt.Sprintf("%x", me), "192.0.2.7", fmt.Sprintf("%x", "192.0.2.7")} {
		require.NotContains(t, text, name)
	}
	for range throttle.MostKnown + 5 {
		first.Clock.Advance(time.Second)
		first.from(netip.AddrFrom4([4]byte{198, 51, 100, byte(rows)}).String(), me, goodPassword)
		rows++
	}
	var familiar int
	require.NoError(t, first.Pool.QueryRow(t.Context(), "SELECT count(*) FROM familiar_networks").Scan(&familiar))
	require.Equal(t, 2*throttle.MostKnown, familiar, "by address and by account")
	first.Clock.Advance(throttle.KnownFor + time.Second)
	require.NoError(t, first.service.purgeOldRows(t.Context()))
	_, rows = tables()
	require.Zero(t, rows)
}

// While nothing can be counted, no password is tried.
func TestThrottleWithoutDatabase(t *testing.T) {
	t.Parallel()
	c := underTest(t)
	s := start(t, func(o *options) { o.chain = contracttest.Limited(c, c.Document.Operation("startSession")) })
	me := s.member()
	master, err := seal.NewMasterKey(serviceName, telemetry.NewSecret(testMasterKey))
	require.NoError(t, err)
	s.service.throttle, err = throttle.New(noThrottles{}, master)
	require.NoError(t, err)
	s.serve(contracttest.Limited(c, c.Document.Operation("startSession")))
	answer, _ := s.do(http.MethodPost, "/api/v1/login", login(me.user.Email, goodPassword))
	require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
}

type noThrottles struct{ throttledb.DBTX }

func (noThrottles) Query(context.Context, string, ...any) (pgx.Rows, error) {
	return nil, context.DeadlineExceeded
}

// A failed login is in the audit log where there is an account, and not where there is none.
func TestFailedLoginsNameTheAccount(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := s.member()
	for _, email := range []string{me.user.Email, newID().String() + "@example.com"} {
		answer, _ := s.do(http.MethodPost, "/api/v1/login", login(email, "wrong"))
		require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	}
	s.End(t)
	s.service.audit.Wait()
	rows, err := s.Pool.Query(t.Context(), `
		SELECT coalesce(actor::text, 'nobody') || ' ' || coalesce(target::text, 'none')
		FROM audit_entries WHERE outcome = 'invalid_credentials' ORDER BY position`)
	require.NoError(t, err)
	entries, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Equal(t, []string{"nobody " + me.user.ID.String()}, entries)
}

// Refusals cannot fill the audit log: those of one account, or about one, have a burst of a hundred entries and then a
// hundred an hour.
func TestRefusalsOfOneAccountAreBounded(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, bob := s.member(), s.member()
	fail := func(times int) {
		for range times {
			answer, body := s.do(http.MethodPost, "/api/v1/login", login(ada.user.Email, "wrong"))
			require.Equal(t, http.StatusUnauthorized, answer.StatusCode, body)
		}
	}
	unknown := newID()
	for range 120 {
		answer, err := s.as(bob.access).RevokeSessionWithResponse(t.Context(), unknown)
		require.NoError(t, err)
		require.Equal(t, http.StatusNotFound, answer.StatusCode(), string(answer.Body))
	}
	fail(120)
	s.Clock.Advance(36 * time.Second) // This is a hundredth of an hour.
	fail(2)
	own, err := s.as(ada.access).RevokeSessionWithResponse(t.Context(), unknown)
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, own.StatusCode(), string(own.Body))
	answer, err := s.as(bob.access).EndSessionWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, answer.StatusCode())
	lines := s.End(t)
	s.service.audit.Wait()
	require.Equal(t, 122, strings.Count(lines, `"action":"session.start"`), "the log of the service has all of it")
	require.Equal(t, 101,
		s.count(`SELECT count(*) FROM audit_entries WHERE target = $1 AND outcome = 'invalid_credentials'`, ada.user.ID))
	require.Equal(t, 100,
		s.count(`SELECT count(*) FROM audit_entries WHERE actor = $1 AND outcome = 'session_not_found'`, bob.user.ID))
	require.Equal(t, 1,
		s.count(`SELECT count(*) FROM audit_entries WHERE actor = $1 AND outcome = 'session_not_found'`, ada.user.ID),
		"strangers use up nothing of her own")
	require.Equal(t, 1,
		s.count(`SELECT count(*) FROM audit_entries WHERE actor = $1 AND outcome = 'success'`, bob.user.ID),
		"what is done is always recorded")
}

// The known networks of an account are not known to the next account with its address.
func TestAnAddressThatIsLeftHasNoFamiliarNetworks(t *testing.T) {
	t.Parallel()
	first, _ := throttled(t)
	me := first.member()
	require.Equal(t, http.StatusOK, first.from("192.0.2.7", me.user.Email, goodPassword).StatusCode)
	master, err := seal.NewMasterKey(serviceName, telemetry.NewSecret(testMasterKey))
	require.NoError(t, err)
	key, err := master.Derive("throttles")
	require.NoError(t, err)
	of := func(account string) int {
		mac := hmac.New(sha256.New, key) // as every release has computed it
		_, _ = mac.Write([]byte("familiar to\n" + account))
		return first.count(`SELECT count(*) FROM familiar_networks WHERE account = $1`, mac.Sum(nil))
	}
	require.Equal(t, 1, of(httpapi.AccountNamed("email", me.user.Email)))
	wanting := me.user
	wanting.Email = eve
	require.Equal(t, http.StatusNoContent, first.moveTo(first.mailToken(wanting, mailChange)))
	require.Zero(t, of(httpapi.AccountNamed("email", me.user.Email)))
	require.Equal(t, 1, of(httpapi.AccountOf(me.user.ID)), "the owner is the same")
}
