package users

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

// signalled runs the service as a process of its own, and tells of its start and its end.
func signalled(t *testing.T) (main programtest.Main, started chan *os.Process, ended chan *os.ProcessState) {
	t.Helper()
	path := programtest.Program(t, "users")
	started, ended = make(chan *os.Process, 1), make(chan *os.ProcessState, 1)
	main = func(ctx context.Context, args, environ []string, out io.Writer) error {
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
	return main, started, ended
}

// SIGHUP has the settings of a running service read again, as a change of their file has.
func TestSIGHUP(t *testing.T) {
	t.Parallel()
	main, started, _ := signalled(t)
	p := programtest.Serve(t, main, environment(pgtest.URL(t, schema.Migrations, schema.Parts...)))
	process := <-started
	for i := range 3 {
		require.NoError(t, process.Signal(syscall.SIGHUP))
		p.Lines(programtest.Reloaded, i+1)
	}
	status, _ := programtest.Get(t, p.OpsURL+"/readyz")
	require.Equal(t, http.StatusOK, status)
}

// SIGHUP ends no command that runs once either: here one that waits for a database which does not answer.
func TestSIGHUPEndsNoCommand(t *testing.T) {
	t.Parallel()
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	path := programtest.Program(t, "users")
	cmd := exec.CommandContext(t.Context(), path, "migrate")
	cmd.Env = environment("postgres://users@" + silent.Addr().String() + "/users")
	require.NoError(t, cmd.Start())
	connected, err := silent.Accept()
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Signal(syscall.SIGHUP))
	require.NoError(t, errors.Join(connected.Close(), silent.Close())) // Now it gives up.
	require.Error(t, cmd.Wait())
	require.Equal(t, 1, cmd.ProcessState.ExitCode(), "it has ended by itself: %v", cmd.ProcessState)
}

// A second signal ends the program at once, even while requests are running.
func TestASecondSignal(t *testing.T) {
	t.Parallel()
	main, started, ended := signalled(t)
	p := programtest.Serve(t, main, environment(
		pgtest.URL(t, schema.Migrations, schema.Parts...), "USERS_DRAIN=1h", "USERS_STOP_WITHIN=2h"))
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
