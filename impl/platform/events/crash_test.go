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

// TestKilledProcess kills a process between a commit and the publication, between the publication and the mark, and
// between what a handler does and its commit.
func TestKilledProcess(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "events.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-tags", "failpoints", "-o", program, ".")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	for place, stored := range map[string]int{
		"outbox.before-publish": 1, "outbox.after-publish": 2, "inbox.before-commit": 2,
	} {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			w := start(t)
			subject := uuid.New()
			w.write(t, subject, 1)
			killed := exec.CommandContext(t.Context(), program)
			killed.Env = append(os.Environ(), processDatabase+"="+w.url, processBus+"="+w.nats.URL().Reveal(),
				"PLUMBLINE_FAILPOINTS="+place+"=kill@2")
			var said bytes.Buffer
			killed.Stdout, killed.Stderr = &said, &said
			require.NoError(t, killed.Start())
			w.eventually(t, 1, effects)
			w.eventually(t, 0, unpublished)
			w.write(t, subject, 2)
			require.Error(t, killed.Wait())
			require.Equal(t, syscall.SIGKILL, killed.ProcessState.Sys().(syscall.WaitStatus).Signal(), said.String())
			require.Equal(t, upTo(stored), w.published(t)[subject])
			had := [][]int{{1}}
			if place == "outbox.after-publish" { // The consumer of that process may have been quicker than its end.
				had = append(had, []int{1, 2})
			}
			require.Contains(t, had, w.effectsOf(t, subject), "what was not committed has no effect")

			bus := w.connect(t)
			w.consumer(t, bus, w.once)
			w.relay(t, bus)
			w.eventually(t, 2, effects)
			w.eventually(t, 0, unpublished)
			require.Equal(t, upTo(2), w.effectsOf(t, subject))
			require.Equal(t, upTo(2), w.published(t)[subject], "the copy is within the window of duplicates")
		})
	}
}
