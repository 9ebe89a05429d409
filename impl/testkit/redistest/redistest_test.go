package redistest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A port that somebody else has taken since it was chosen is told from a server that cannot start.
func TestAPortThatIsTaken(t *testing.T) {
	t.Parallel()
	first, second := Start(t), Absent(t)
	second.port = first.port
	require.True(t, second.run())
	second.port = FreePort(t)
	require.False(t, second.run())
	require.Equal(t, "PONG", second.Do("PING"))
}
