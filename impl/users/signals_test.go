package users

import (
	"context"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

// A second signal ends the program at once, even while requests are running.
func TestASecondSignal(t *testing.T) {
	t.Parallel()
	path := programtest.Program(t, "users")
	started, ended := make(chan *os.Process, 1), make(chan *os.ProcessState, 1)
	main := func(ctx context.Context, args, environ []string, out io.Writer) error {
		cmd := exec.CommandContext(ctx, path, args...)
		cmd.Env, cmd.Stdout, cmd.Stderr = environ, out, out
		if err := cmd.Start(); err != nil {
			return err
		}
		started <- cmd.Process
		err := cmd.Wait()
		ended <- cmd.ProcessState
		return err
	}
	p := programtest.Serve(t, main, environment(pgtest.URL(t, schema.Migrations, schema.Parts...), "USERS_DRAIN=1h", "USERS_STOP_WITHIN=2h"))
	beginSlowRequest(t, p.URL)
	process := <-started
	require.NoError(t, process.Signal(syscall.SIGTERM))
	p.Line("winding down")
	contracttest.Eventually(t, "it ends", func() bool {
		_ = process.Signal(syscall.SIGTERM) // An error means that it has ended.
		return p.HasEnded()
	})
	status := (<-ended).Sys().(syscall.WaitStatus)
	require.True(t, status.Signaled(), "it was not wound down: %v", status.ExitStatus())
	require.Equal(t, syscall.SIGTERM, status.Signal())
}
