package users

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Failures from before a clock was set back are forgotten, as they would lock out everybody in the network until the
// clock catches up. The small differences between the clocks of replicas make nothing forgotten.
func TestAClockThatIsSetBack(t *testing.T) {
	t.Parallel()
	first, _ := throttled(t)
	me, other := first.member().user.Email, first.member().user.Email
	for range 10 {
		require.Equal(t, http.StatusUnauthorized, first.from("192.0.2.7", me, "wrong").StatusCode)
	}
	first.Clock.Advance(-30 * time.Second)
	require.Equal(t, http.StatusTooManyRequests, first.from("192.0.2.7", me, "wrong").StatusCode)
	first.Clock.Advance(-24 * time.Hour)
	require.Equal(t, http.StatusUnauthorized, first.from("192.0.2.7", other, "wrong").StatusCode,
		"another's account, from the same network")
	answer := first.from("192.0.2.7", me, "wrong")
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	require.Contains(t, answer.Header.Get("RateLimit"), `"account";r=9;t=90`, "it counts anew")
}
