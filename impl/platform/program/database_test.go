package program_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

// saysHello is a service that only says hello, and hands out its process.
func saysHello(began func(*program.Process)) program.Program {
	return parcels(serving(func(_ context.Context, process *program.Process) (http.Handler, error) {
		began(process)
		return http.HandlerFunc(hello), nil
	}))
}

// database returns what /healthz says of the database, and its status code.
func database(t *testing.T, s *programtest.Served) (status int, is, reason string) {
	t.Helper()
	status, body := programtest.Get(t, s.OpsURL+"/healthz")
	var health struct {
		Dependencies []struct{ Name, Status, Reason string }
	}
	require.NoError(t, json.Unmarshal([]byte(body), &health), body)
	require.Equal(t, "database", health.Dependencies[0].Name)
	return status, health.Dependencies[0].Status, health.Dependencies[0].Reason
}

// A restart, or keeping callers away, would not repair the database.
func requireInRotation(t *testing.T, s *programtest.Served) {
	t.Helper()
	for _, path := range []string{"/livez", "/readyz"} {
		status, body := programtest.Get(t, s.OpsURL+path)
		require.Equal(t, http.StatusOK, status, "%s: %s", path, body)
	}
}

func TestHealthOfAReadOnlyDatabase(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, second, parts...)
	// The first start leaves the proof of the master key.
	programtest.Serve(t, saysHello(func(*program.Process) {}).Run, serveEnvironment(url)).Stop()
	url += "&default_transaction_read_only=on"
	s := programtest.Serve(t, saysHello(func(*program.Process) {}).Run, serveEnvironment(url, "PARCELS_MIGRATE=false"))
	status, is, reason := database(t, s)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, []string{"unhealthy", "read_only"}, []string{is, reason})
	requireInRotation(t, s)
}

// Where a server that accepts writes is asked for, the check leaves one that no longer does, although there may be no
// write that notices.
func TestHealthLeavesAServerThatTakesNoWrites(t *testing.T) {
	t.Parallel()
	server, url := pgtest.Server(t, second)
	s := programtest.Serve(t, saysHello(func(*program.Process) {}).Run,
		serveEnvironment(url+"&target_session_attrs=read-write", "PARCELS_MAX_CONNS=1"))
	let := func(setting string) {
		admin, err := pgx.Connect(t.Context(), server.SuperuserURL("postgres"))
		require.NoError(t, err)
		for _, statement := range []string{"ALTER SYSTEM " + setting, "SELECT pg_reload_conf()"} {
			_, err = admin.Exec(t.Context(), statement)
			require.NoError(t, err)
		}
		require.NoError(t, admin.Close(t.Context()))
	}
	let("SET default_transaction_read_only = on")
	var reasons []string
	require.Eventually(t, func() bool {
		_, is, reason := database(t, s)
		reasons = append(reasons, reason)
		// The pool asks for another connection, and there is no other server.
		return is == "unhealthy" && reason != "read_only"
	}, programtest.Patience, programtest.Patience/1000)
	require.Contains(t, reasons, "read_only")
	let("RESET default_transaction_read_only")
	require.Eventually(t, func() bool {
		_, is, _ := database(t, s)
		return is == "healthy"
	}, programtest.Patience, programtest.Patience/1000)
}

func TestHealthOfAPoolWithoutConnections(t *testing.T) {
	t.Parallel()
	var pool *pgxpool.Pool
	var held []*pgxpool.Conn
	s := programtest.Serve(t, saysHello(func(process *program.Process) { pool = process.Pool }).Run,
		serveEnvironment(pgtest.URL(t, second, parts...), "PARCELS_MAX_CONNS=2"))
	for range 2 {
		conn, err := pool.Acquire(t.Context())
		require.NoError(t, err)
		held = append(held, conn)
	}
	becomes(t, s, "database", "no_connection_free")
	status, is, _ := database(t, s)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, "unhealthy", is)
	requireInRotation(t, s)
	held[0].Release()
	require.Eventually(t, func() bool {
		status, is, _ := database(t, s)
		return status == http.StatusOK && is == "healthy"
	}, programtest.Patience, programtest.Patience/1000)
	held[1].Release()
}

// A COMMIT that no standby confirms counts as a failed write.
func TestHealthWithoutTheStandby(t *testing.T) {
	t.Parallel()
	primary := pgtest.Replicated(t, second, parts...)
	s := programtest.Serve(t, saysHello(func(*program.Process) {}).Run, serveEnvironment(primary.URL))
	primary.SetAway(true)
	require.Eventually(t, func() bool {
		_, is, reason := database(t, s)
		return is == "unhealthy" && reason == "timeout"
	}, programtest.Patience, programtest.Patience/1000)
	requireInRotation(t, s)
	primary.SetAway(false)
	require.Eventually(t, func() bool {
		_, is, _ := database(t, s)
		return is == "healthy"
	}, programtest.Patience, programtest.Patience/1000)
}

// Everything that connects finds the second server behind one that never answers: the start, its migrations, the health
// check and the leader.
func TestASilentFirstServer(t *testing.T) {
	t.Parallel()
	s := posted(t, func(*events.Bus) {},
		func(url string) string { return pgtest.BehindSilent(t, url) + "&connect_timeout=2" })
	_, is, _ := database(t, s)
	require.Equal(t, "healthy", is)
	require.Eventually(t, func() bool {
		_, body := programtest.Get(t, s.OpsURL+"/metrics")
		return strings.Contains(body, "\nrelay_leader 1\n")
	}, programtest.Patience, programtest.Patience/1000)
}

// Behind a pooler that assigns each transaction another session, nothing starts that needs its session.
func TestAPoolerThatSharesSessions(t *testing.T) {
	t.Parallel()
	base := pgtest.Patient(pgtest.URL(t, second, parts...))
	environ := []string{
		"PARCELS_DATABASE_URL=" + pgtest.Pooler(t, base, 2, true) + "&connect_timeout=60", "PARCELS_ADDR=127.0.0.1:0",
		"PARCELS_OPS_ADDR=127.0.0.1:0", "PARCELS_MASTER_KEY=" + masterKey,
	}
	for _, args := range [][]string{{"serve"}, {"serve", "--migrate=false"}, {"migrate"}} {
		_, err := programtest.Command(t, saysHello(func(*program.Process) {}).Run, environ, args...)
		programtest.RequireSentence(t, err, "set its pool_mode to session", "connect to PostgreSQL itself")
	}
}
