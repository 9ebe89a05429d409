package program_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/devkit/natsserver"
	"example.com/plumbline/impl/devkit/pgserver"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/ops"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

// healthOf returns what /healthz says of a dependency, and of the service.
func healthOf(t *testing.T, s *programtest.Served, name string) (ops.Dependency, ops.Status) {
	t.Helper()
	_, body := programtest.Get(t, s.OpsURL+"/healthz")
	var report ops.Report
	require.NoError(t, json.Unmarshal([]byte(body), &report), body)
	for _, d := range report.Dependencies {
		if d.Name == name {
			return d, report.Status
		}
	}
	require.FailNow(t, "not on /healthz: "+name, body)
	return ops.Dependency{}, ""
}

// becomes waits until /healthz says of a dependency that it fails for a reason, or works for "". It returns the last
// result.
func becomes(t *testing.T, s *programtest.Served, name string, reason ops.Reason) ops.Dependency {
	t.Helper()
	var d ops.Dependency
	require.Eventually(t, func() bool {
		d, _ = healthOf(t, s, name)
		return d.Reason == reason && (d.Status == ops.Healthy) == (reason == "")
	}, programtest.Patience, programtest.Patience/1000, "never %q", reason)
	return d
}

// A server that has become a standby answers, and takes no writes until it is promoted.
func TestHealthOfAStandby(t *testing.T) {
	t.Parallel()
	primary, url := pgtest.Server(t, second, parts...)
	s := programtest.Serve(t, saysHello(func(*program.Process) {}).Run, serveEnvironment(url, "PARCELS_MAX_CONNS=2"))
	works := becomes(t, s, "database", "")
	require.NoError(t, primary.Stop(t.Context()))
	require.NoError(t, os.WriteFile(filepath.Join(primary.Dir(), "data", "standby.signal"), nil, 0o600))
	standby, err := pgserver.Start(t.Context(), pgserver.Options{
		Dir: primary.Dir(), BinDir: os.Getenv("PLUMBLINE_PG_BINDIR"),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, standby.Stop(context.WithoutCancel(t.Context()))) })
	demoted := becomes(t, s, "database", "read_only")
	require.True(t, demoted.Critical)
	require.True(t, demoted.Since.After(works.Since))
	requireInRotation(t, s)

	admin, err := pgx.Connect(t.Context(), standby.SuperuserURL("postgres"))
	require.NoError(t, err)
	_, err = admin.Exec(t.Context(), "SELECT pg_promote()")
	require.NoError(t, err)
	require.NoError(t, admin.Close(t.Context()))
	require.True(t, becomes(t, s, "database", "").Since.After(demoted.Since))
	require.Equal(t, "database", s.Line("dependency works again")["dependency"])
}

// What a session spills leads to a device that is always full.
func TestHealthOfAFullDisk(t *testing.T) {
	t.Parallel()
	server, url := pgtest.Server(t, second, parts...)
	var pool *pgxpool.Pool
	s := programtest.Serve(t, saysHello(func(process *program.Process) { pool = process.Pool }).Run,
		serveEnvironment(url, "PARCELS_MAX_CONNS=1"))
	becomes(t, s, "database", "")
	var pid int
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(&pid))
	spill := func(n int) string {
		return filepath.Join(server.Dir(), "data", "base", "pgsql_tmp", fmt.Sprintf("pgsql_tmp%d.%d", pid, n))
	}
	const many = 2000 // PostgreSQL counts the files of a session, and removes each.
	for n := range many {
		require.NoError(t, os.Symlink("/dev/full", spill(n)))
	}
	full := becomes(t, s, "database", "disk_full")
	status, _, _ := database(t, s)
	require.Equal(t, http.StatusServiceUnavailable, status)
	requireInRotation(t, s)
	for n := range many {
		if err := os.Remove(spill(n)); err != nil {
			require.ErrorIs(t, err, os.ErrNotExist)
		}
	}
	require.True(t, becomes(t, s, "database", "").Since.After(full.Since))
}

// A database whose processes stand still answers nothing: the check ends in its time-out, and so does every other. The
// status has one beginning, however many checks find it.
func TestHealthOfADatabaseThatHangs(t *testing.T) {
	t.Parallel()
	server, url := pgtest.Server(t, second, parts...)
	s := programtest.Serve(t, saysHello(func(*program.Process) {}).Run, serveEnvironment(url, "PARCELS_MAX_CONNS=2"))
	works := becomes(t, s, "database", "")
	admin, err := pgx.Connect(t.Context(), server.SuperuserURL("postgres"))
	require.NoError(t, err)
	rows, err := admin.Query(t.Context(), "SELECT pid FROM pg_stat_activity")
	require.NoError(t, err)
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	require.NoError(t, err)
	require.NoError(t, admin.Close(t.Context()))
	var postmaster int
	file, err := os.Open(filepath.Join(server.Dir(), "data", "postmaster.pid"))
	require.NoError(t, err)
	_, err = fmt.Fscan(file, &postmaster)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	all := func(signal syscall.Signal) {
		for _, pid := range append(pids, postmaster) {
			if err := syscall.Kill(pid, signal); err != nil {
				require.ErrorIs(t, err, syscall.ESRCH) // The connection of the test has ended.
			}
		}
	}
	goOn := func() { all(syscall.SIGCONT) }
	t.Cleanup(goOn)
	all(syscall.SIGSTOP)
	hangs := becomes(t, s, "database", ops.TimedOut)
	require.True(t, hangs.Since.After(works.Since))
	requireInRotation(t, s)
	var again ops.Dependency
	require.Eventually(t, func() bool {
		again, _ = healthOf(t, s, "database")
		return again.CheckedAt.After(hangs.CheckedAt)
	}, programtest.Patience, 10*time.Millisecond)
	require.Equal(t, hangs.Since, again.Since)
	require.Equal(t, ops.TimedOut, again.Reason)
	goOn()
	require.True(t, becomes(t, s, "database", "").Since.After(hangs.Since))
	line := s.Line("dependency works again")
	failed, err := time.ParseDuration(line["failed_for"].(string))
	require.NoError(t, err)
	require.Positive(t, failed)
}

// NATS is optional: while it is away the service is degraded, since then.
func TestHealthWithoutNATS(t *testing.T) {
	t.Parallel()
	options := natsserver.Options{Dir: t.TempDir(), Token: "canary"}
	bus, err := natsserver.Start(t.Context(), options)
	require.NoError(t, err)
	s := posted(t, func(*events.Bus) {}, directly, "PARCELS_NATS_URL="+bus.URL().Reveal())
	works := becomes(t, s, "nats", "")
	bus.Stop()
	require.Eventually(t, func() bool {
		_, body := programtest.Get(t, s.OpsURL+"/metrics")
		return strings.Contains(body, `dependency_healthy{dependency="nats"} 0`)
	}, programtest.Patience, programtest.Patience/1000, "though nobody asks for /healthz")
	away, service := healthOf(t, s, "nats")
	require.Equal(t, ops.Unhealthy, away.Status)
	require.Equal(t, ops.Degraded, service)
	require.True(t, away.Since.After(works.Since))
	requireInRotation(t, s)
}
