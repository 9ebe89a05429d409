package users

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What failed before a clock was set back does not count until the clock is there again, which would keep everybody out
// who shares the network. Clocks of replicas differ a little, and that forgets nothing.
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
