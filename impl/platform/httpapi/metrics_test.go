package httpapi

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
)

// series counts those of the service's registry.
func (s *service) series(t testing.TB) (count int) {
	t.Helper()
	families, err := s.registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		count += len(family.GetMetric())
	}
	return count
}

// Strangers fill their share, wait, and are refused; each shows.
func TestMetricsOfLoadShedding(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, letGo := shedding(t)
		of := func(name string, labels ...string) int {
			with := map[string]string{}
			for i := 0; i+1 < len(labels); i += 2 {
				with[labels[i]] = labels[i+1]
			}
			return int(s.metric(t, name, with))
		}
		require.Equal(t, firstConcurrency, of("load_shedding_limit"))
		require.Equal(t, placesOfRoom, of("load_shedding_share_places", "share", ShareAnonymous))
		require.Equal(t, placesOfOrdinary, of("load_shedding_share_places", "share", ShareOrdinary))
		before := s.series(t)
		var all sync.WaitGroup
		const refused = 5
		waiting := 3*firstConcurrency - placesOfRoom // what normal priority lets wait, by enterRooms
		for range placesOfRoom + waiting + refused {
			all.Go(func() { s.send(t, http.MethodGet, "/public", "") })
		}
		synctest.Wait()
		require.Equal(t, placesOfRoom, of("load_shedding_in_flight"))
		require.Equal(t, placesOfRoom, of("load_shedding_share_in_use", "share", ShareAnonymous))
		require.Equal(t, placesOfRoom, of("load_shedding_share_in_use", "share", ShareOrdinary), "they are part of it")
		require.Zero(t, of("load_shedding_share_in_use", "share", ShareLow))
		require.Equal(t, waiting, of("load_shedding_share_waiting", "share", ShareAnonymous))
		require.Equal(t, refused, of("load_shedding_share_refused_total", "share", ShareAnonymous))
		require.Equal(t, refused, of("load_shedding_refused_total", "priority", string(contract.Normal)))
		require.Zero(t, of("load_shedding_refused_total", "priority", string(contract.High)))

		for range firstConcurrency - placesOfRoom + 7 { // High priority needs no place, only a permit.
			all.Go(func() {
				s.send(t, http.MethodPut, "/people/"+ada.String()+"/things", `{"name":"ab"}`, "Authorization", "Bearer ada")
			})
		}
		synctest.Wait()
		require.Equal(t, firstConcurrency, of("load_shedding_in_flight"))
		require.Equal(t, 7, of("load_shedding_waiting"))
		close(letGo)
		all.Wait()
		require.Zero(t, of("load_shedding_in_flight")+of("load_shedding_waiting")+of("load_shedding_share_in_use")+
			of("load_shedding_share_waiting"))
		require.Equal(t, before, s.series(t)-1, "and the results of refused requests")
	})
}

// Whoever calls, and however many there are, the series stay those of the start.
func TestMetricsOfTheRateLimiter(t *testing.T) {
	t.Parallel()
	s := start(t, nil, func(o *Options) { o.RateLimits, o.Shed = true, true })
	operations := map[string]string{"limiter": "operations"}
	from := func(i int) {
		r := newRequest(t, http.MethodGet, "/limited/address", nil)
		r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&0xff, i&0xff)
		require.Equal(t, http.StatusOK, s.serve(r).Code)
	}
	from(0)
	before := s.series(t)
	for i := range 50 {
		from(1 + i)
	}
	require.Equal(t, before, s.series(t))
	require.EqualValues(t, 51, s.metric(t, "rate_limit_callers", operations))
	require.EqualValues(t, 51, s.metric(t, "rate_limit_decisions_total", map[string]string{"by": decidedLocally}))
	require.Zero(t, s.metric(t, "rate_limit_callers", map[string]string{"limiter": "audit"}))
	require.Zero(t, s.metric(t, "rate_limit_callers_evicted_total", operations))
	limit := &contract.RateLimit{Requests: 3, Window: contract.Duration(3600e9)}
	const more = 5000
	for i := range rememberedCallers + more {
		s.chain.limits.spend(rateKey{"op", strconv.Itoa(i)}, limit, noon)
	}
	s.chain.limits.tats.CleanUp()
	require.GreaterOrEqual(t, s.metric(t, "rate_limit_callers_evicted_total", operations), float64(more))
	require.LessOrEqual(t, s.metric(t, "rate_limit_callers", operations), float64(rememberedCallers))
	require.Equal(t, before, s.series(t))
}
