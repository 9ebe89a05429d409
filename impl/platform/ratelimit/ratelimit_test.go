package ratelimit

import (
	"context"
	"encoding/base64"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/redis"
	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// connect gives a store of a service whose Redis has time enough on a machine that is busy.
func connect(t *testing.T, server *redistest.Server, service string) *Store {
	t.Helper()
	return connectAs(t, server.URL(), service)
}

func connectAs(t *testing.T, url telemetry.Secret, service string) *Store {
	t.Helper()
	client, err := redis.New(redis.Config{Name: service, URL: url, Timeout: 10 * time.Second})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	require.Eventually(t, func() bool { return client.Check(t.Context()) == nil }, time.Minute, time.Millisecond)
	key := telemetry.NewSecret(base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")))
	master, err := seal.NewMasterKey(service, key)
	require.NoError(t, err)
	s, err := New(client, master)
	require.NoError(t, err)
	return s
}

func limitOf(requests int, window time.Duration) contract.RateLimit {
	return contract.RateLimit{Requests: requests, Window: contract.Duration(window)}
}

// The script decides to the nanosecond as the Go code does, whatever calls come when, and wherever the clock goes.
func TestScriptAndGoAgree(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := connect(t, server, "parcels")
	require.Equal(t, 1, strings.Count(source, "redis.call('TIME')"))
	timed := rueidis.NewLuaScript(strings.Replace(source, "redis.call('TIME')", "{ARGV[3], ARGV[4]}", 1))
	seed := rand.Uint64()
	t.Log("seed", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	accepted, refused, returned := 0, 0, 0
	for sequence := range 40 {
		limit := limitOf(1+random.IntN(12), time.Duration(1+random.IntN(90))*time.Second)
		if sequence%4 == 0 {
			limit = limitOf(1+random.IntN(100_000), 24*time.Hour)
		}
		key := []string{"k" + strconv.Itoa(sequence)}
		now := time.Unix(1_700_000_000+random.Int64N(1e9), random.Int64N(1e6)*1e3)
		var tat time.Time
		for range 60 {
			switch random.IntN(12) {
			case 0: // a pause
				now = now.Add(time.Duration(random.Int64N(int64(2 * limit.Window))).Truncate(time.Microsecond))
			case 1: // the clock is set back, by up to four windows
				now = now.Add(-time.Duration(random.Int64N(int64(4 * limit.Window))).Truncate(time.Microsecond))
				returned++
			default:
				now = now.Add(time.Duration(random.Int64N(int64(limit.EmissionInterval()))).Truncate(time.Microsecond))
			}
			args := append(arguments(limit), strconv.FormatInt(now.Unix(), 10), strconv.Itoa(now.Nanosecond()/1e3))
			answer, err := s.client.Run(t.Context(), timed, key, args).AsIntSlice()
			require.NoError(t, err)
			reset, wait := limit.Spend(tat.Sub(now))
			require.Equal(t, []int64{int64(reset), int64(wait)}, answer, "%+v, %s after the call before", limit, now)
			if wait > 0 {
				refused++
				continue
			}
			accepted++
			tat = now.Add(reset)
		}
	}
	require.Greater(t, min(accepted, refused, returned), 50, "all of it has been tried")
}

// Of many calls at once over two replicas exactly the limit is accepted, also after Redis has forgotten the script.
func TestReplicasShareALimit(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	replicas := []*Store{connect(t, server, "parcels"), connect(t, server, "parcels")}
	const most = 37
	limit := limitOf(most, time.Hour)
	var accepted atomic.Int32
	var all sync.WaitGroup
	for i := range 300 {
		all.Go(func() {
			_, wait, err := replicas[i%2].Spend(t.Context(), "op", "caller", limit)
			if err != nil {
				t.Error(err)
			}
			if wait == 0 {
				accepted.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, most, accepted.Load())

	for i := range most + 10 { // one after the other
		if i%5 == 0 {
			server.Do("SCRIPT", "FLUSH")
		}
		reset, wait, err := replicas[i%2].Spend(t.Context(), "op", "other", limit)
		require.NoError(t, err)
		require.Equal(t, i >= most, wait > 0)
		if wait == 0 {
			require.InDelta(t, time.Duration(i+1)*limit.EmissionInterval(), reset, float64(time.Minute))
		}
	}
	for _, apart := range []struct{ service, operation, caller string }{
		{"parcels", "op", "third"}, {"parcels", "other", "caller"}, {"letters", "op", "caller"},
	} {
		_, wait, err := connect(t, server, apart.service).Spend(t.Context(), apart.operation, apart.caller, limit)
		require.NoError(t, err)
		require.Zero(t, wait, "they have limits of their own")
	}
}

// A count lives as long as it says something, and its key says whose it is to nobody.
func TestKeys(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := connect(t, server, "parcels")
	limit := limitOf(6, time.Hour)
	for calls := range 6 {
		_, _, err := s.Spend(t.Context(), "listParcels", "192.0.2.1/32", limit)
		require.NoError(t, err)
		keys := strings.Fields(strings.Trim(server.Do("KEYS", "parcels:rate:*"), "[]"))
		require.Len(t, keys, 1)
		require.Regexp(t, `^parcels:rate:listParcels:[A-Za-z0-9_-]{22}$`, keys[0])
		left, err := strconv.Atoi(server.Do("PTTL", keys[0]))
		require.NoError(t, err)
		const each = 600_000
		whole := (calls + 1) * each
		require.LessOrEqual(t, left, whole)
		require.Greater(t, left, whole-each, "the limit is whole again then")
	}
	same, other := connect(t, server, "parcels"), connect(t, server, "letters")
	require.Equal(t, s.keyOf("op", "caller"), same.keyOf("op", "caller"))
	_, mine, _ := strings.Cut(s.keyOf("op", "caller"), ":")
	_, others, _ := strings.Cut(other.keyOf("op", "caller"), ":")
	require.NotEqual(t, mine, others, "services have keys of their own")
}

// What Redis cannot count is an error, and neither accepted nor refused.
func TestWhatRedisCannotCount(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := connect(t, server, "parcels")
	spend := func() error {
		_, _, err := s.Spend(t.Context(), "op", "caller", limitOf(100, time.Hour))
		return err
	}
	require.NoError(t, spend())
	server.Fill()
	require.ErrorContains(t, spend(), "OOM")
	server.Empty()
	require.Eventually(t, func() bool { return spend() == nil }, time.Minute, time.Millisecond)
	server.Do("SET", s.keyOf("op", "caller"), "what nobody has written")
	require.Error(t, spend())
	server.Do("DEL", s.keyOf("op", "caller"))
	server.Do("LPUSH", s.keyOf("op", "caller"), "a list")
	require.ErrorContains(t, spend(), "WRONGTYPE")
	server.Kill()
	require.Error(t, spend())
	server.Run()
	require.Eventually(t, func() bool { return spend() == nil }, time.Minute, time.Millisecond)

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := s.Spend(gone, "op", "caller", limitOf(100, time.Hour))
	require.ErrorIs(t, err, context.Canceled)
}

// A user of Redis with the rights that operators are told to give it can do what the service asks for.
func TestRightsInTheDocumentsSuffice(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/operations.md")
	require.NoError(t, err)
	_, told, found := strings.Cut(string(text), "The user needs ")
	require.True(t, found)
	told, _, found = strings.Cut(told, "\non ")
	require.True(t, found)
	server := redistest.Start(t)
	user := []string{"ACL", "SETUSER", "parcels", "on", ">secret", "resetkeys", "~parcels:*", "nocommands"}
	for _, command := range regexp.MustCompile("`([A-Z]+)`").FindAllStringSubmatch(told, -1) {
		user = append(user, "+"+strings.ToLower(command[1]))
	}
	require.Greater(t, len(user), 8+5, "the commands are found")
	server.Do(user...)
	s := connectAs(t, telemetry.NewSecret("redis://parcels:secret@"+server.Addr()), "parcels")
	_, _, err = s.Spend(t.Context(), "op", "caller", limitOf(1, time.Hour))
	require.NoError(t, err)
}
