package failpoint_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/failpoint"
)

// This test is built as the services are.
func TestNothingHappensWithoutTheTag(t *testing.T) {
	t.Setenv("PLUMBLINE_FAILPOINTS", "a.place=kill")
	require.NoError(t, failpoint.Hit("a.place"))
}

// TestArmed builds a program with the tag that hits a place three times and prints the results.
func TestArmed(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "hit")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "failpoints", "-o", program,
		"./testdata/hit").CombinedOutput()
	require.NoError(t, err, string(out))
	for wanted, c := range map[string]struct {
		said   string
		killed bool
		code   int
	}{
		"":                             {said: "- - - "},
		"another.place=kill":           {said: "- - - "},
		"a.place=error":                {said: "failpoint a.place failpoint a.place failpoint a.place "},
		"a.place=error@2":              {said: "- failpoint a.place - "},
		"a.place=kill":                 {killed: true},
		"b.place=error,a.place=kill@3": {said: "- - ", killed: true},
		"a.place=delay:1ms":            {said: "- - - "},
		"a.place":                      {code: 2},
		"a.place=unknown":              {code: 2},
		"a.place=kill@0":               {code: 2},
		"a.place=kill@often":           {code: 2},
		"a.place=kill:1s":              {code: 2},
		"a.place=delay:long":           {code: 2},
	} {
		t.Run(wanted, func(t *testing.T) {
			t.Parallel()
			run := exec.CommandContext(t.Context(), program)
			run.Env = append(run.Environ(), "PLUMBLINE_FAILPOINTS="+wanted)
			said, err := run.Output()
			require.Equal(t, c.said, string(said))
			exit, failed := errors.AsType[*exec.ExitError](err)
			require.Equal(t, c.killed || c.code != 0, failed)
			if !failed {
				require.NoError(t, err)
				return
			}
			status := exit.Sys().(syscall.WaitStatus)
			require.Equal(t, c.killed, status.Signaled() && status.Signal() == syscall.SIGKILL)
			if !c.killed {
				require.Equal(t, c.code, status.ExitStatus())
				require.Contains(t, string(exit.Stderr), "cannot be understood")
			}
		})
	}
}
