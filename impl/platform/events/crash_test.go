package events_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// TestKilledRelay kills a relay that is a process of its own between the commit and the publication, and between the
// publication and the mark.
func TestKilledRelay(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "events.test")
	out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-tags", "failpoints", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	for place, stored := range map[string]int{"outbox.before-publish": 2, "outbox.after-publish": 3} {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			w := start(t)
			subject := uuid.New()
			// The first hit is the two events that are there, the second the one that comes later.
			w.write(t, subject, 1)
			w.write(t, subject, 2)
			relay := exec.CommandContext(t.Context(), program)
			relay.Env = append(os.Environ(), relayDatabase+"="+w.url, relayBus+"="+w.nats.URL().Reveal(), "PLUMBLINE_FAILPOINTS="+place+"=kill@2")
			var said bytes.Buffer
			relay.Stdout, relay.Stderr = &said, &said
			require.NoError(t, relay.Start())
			w.eventually(t, 0, unpublished)
			w.write(t, subject, 3)
			require.Error(t, relay.Wait())
			require.Equal(t, syscall.SIGKILL, relay.ProcessState.Sys().(syscall.WaitStatus).Signal(), said.String())
			require.Equal(t, 1, w.count(t, unpublished))
			require.Equal(t, upTo(stored), w.published(t)[subject])

			bus := w.connect(t)
			w.consumer(t, bus, w.once)
			w.relay(t, bus)
			w.eventually(t, 3, effects)
			w.eventually(t, 0, unpublished)
			require.Equal(t, upTo(3), w.effectsOf(t, subject))
			require.Equal(t, upTo(3), w.published(t)[subject], "the copy is within the window of duplicates")
		})
	}
}
