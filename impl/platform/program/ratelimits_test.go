package program_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
	"example.com/plumbline/impl/testkit/redistest"
)

// Two replicas of a service that have a Redis count calls together.
func TestReplicasShareLimits(t *testing.T) {
	t.Parallel()
	server, database := redistest.Start(t), pgtest.URL(t, second, parts...)
	limit := contract.RateLimit{Requests: 3, Window: contract.Duration(time.Hour), Per: contract.PerAddress}
	replica := func() *programtest.Served {
		p := parcels(serving(func(_ context.Context, process *program.Process) (http.Handler, error) {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, wait, err := process.Chain.SharedLimits.Spend(r.Context(), "postParcel", "192.0.2.1/32", limit)
				_, _ = fmt.Fprint(w, wait > 0, " ", err)
			}), nil
		}))
		s := programtest.Serve(t, p.Run, serveEnvironment(database, "PARCELS_REDIS_URL="+server.URL().Reveal(),
			"PARCELS_REDIS_TIMEOUT=1s"))
		require.Eventually(t, func() bool {
			_, metrics := programtest.Get(t, s.OpsURL+"/metrics")
			return strings.Contains(metrics, "redis_breaker_state 0")
		}, programtest.Patience, programtest.Patience/1000)
		return s
	}
	both := []*programtest.Served{replica(), replica()}
	for i := range 2 * limit.Requests {
		_, body := programtest.Get(t, both[i%2].URL)
		require.Equal(t, fmt.Sprint(i >= limit.Requests, " ", nil), body)
	}
	for _, s := range both {
		s.Stop()
		require.NoError(t, s.End())
	}
}
