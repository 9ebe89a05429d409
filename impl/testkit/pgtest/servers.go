package pgtest

import (
	"context"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/plumbline/impl/devkit/pgserver"
	"example.com/plumbline/impl/platform/postgres"
)

const serverPoll = 5 * time.Millisecond

// BehindSilent returns the URL of a database with another server before its own that accepts connections and never
// answers, until the test ends.
func BehindSilent(t testing.TB, databaseURL string) string {
	t.Helper()
	var config net.ListenConfig
	silent, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0") // The kernel accepts the connections.
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() { _ = silent.Close() }) // It holds nothing.
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	query := u.Query()
	query.Set("host", "127.0.0.1,"+query.Get("host"))
	query.Set("port", strconv.Itoa(silent.Addr().(*net.TCPAddr).Port)+","+query.Get("port"))
	u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
	return u.String()
}

// StartServer starts a server for this test alone, whose settings the test may change and which it may stop. It is
// removed when the test ends. StartServer sets Dir and BinDir of the options.
func StartServer(t testing.TB, options pgserver.Options) *pgserver.Server {
	t.Helper()
	dir, err := os.MkdirTemp(baseFolder(), folderPrefix)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // A later run removes the rest.
	options.Dir, options.BinDir = dir, os.Getenv("PLUMBLINE_PG_BINDIR")
	server, err := pgserver.Start(t.Context(), options)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), stopTimeout)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return server
}

// Server starts a durable server for this test alone. databaseURL is that of a database with the parts and migrations.
func Server(t testing.TB, migrations fs.FS, parts ...postgres.Part) (server *pgserver.Server, databaseURL string) {
	t.Helper()
	server = StartServer(t, pgserver.Options{})
	if err := server.CreateDatabase(t.Context(), role, role); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	databaseURL = server.URL(role)
	if err := migrate(t.Context(), databaseURL, migrations, parts); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return server, databaseURL
}

// Primary is a server of its own that may have a synchronous standby. There never is a real one: while the standby is
// away every COMMIT waits for it, otherwise none does.
type Primary struct {
	// URL is that of a database with the parts and the migrations.
	URL string

	t         testing.TB
	admin     *pgx.Conn
	superuser string
}

// Replicated starts a durable server for this test alone, whose standby is not away.
func Replicated(t testing.TB, migrations fs.FS, parts ...postgres.Part) *Primary {
	t.Helper()
	server, databaseURL := Server(t, migrations, parts...)
	p := &Primary{URL: databaseURL, t: t, superuser: server.SuperuserURL("postgres")}
	var err error
	if p.admin, err = pgx.Connect(t.Context(), p.superuser); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() { _ = p.admin.Close(context.WithoutCancel(t.Context())) }) // Nothing is pending.
	return p
}

// SetAway removes the standby or restores it.
func (p *Primary) SetAway(away bool) {
	p.t.Helper()
	setting := "RESET synchronous_standby_names"
	if away {
		setting = "SET synchronous_standby_names = 'away'"
	}
	for _, statement := range []string{"ALTER SYSTEM " + setting, "SELECT pg_reload_conf()"} {
		if _, err := p.admin.Exec(p.t.Context(), statement); err != nil {
			p.t.Fatalf("pgtest: %v", err)
		}
	}
	for waits := !away; waits != away; {
		waits = commitWaits(p.t, p.admin, p.superuser)
	}
}

// CutOff cancels the COMMITs that wait for the standby, as an operator does; it waits until there is one.
func (p *Primary) CutOff() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	for cut := false; !cut; {
		err := p.admin.QueryRow(ctx, `SELECT coalesce(bool_or(pg_cancel_backend(pid)), false) FROM pg_stat_activity
			WHERE wait_event = 'SyncRep' AND backend_type = 'client backend' AND datname = $1`, role).Scan(&cut)
		if err != nil {
			p.t.Fatalf("pgtest: nobody waits for the standby: %v", err)
		}
	}
}

// commitWaits reports whether a COMMIT waits for a standby, because the server applies a setting with a delay.
func commitWaits(t testing.TB, admin *pgx.Conn, superuserURL string) (waits bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, superuserURL)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	committed := make(chan struct{})
	go func() {
		defer close(committed)
		_, _ = conn.Exec(ctx, "SELECT pg_logical_emit_message(true, '', '')") // It ends, or is cancelled below.
	}()
	for done := false; !done && !waits; {
		select {
		case <-committed:
			done = true
		case <-time.After(serverPoll):
		}
		err := admin.QueryRow(ctx, "SELECT coalesce(wait_event = 'SyncRep', false) FROM pg_stat_activity WHERE pid = $1",
			conn.PgConn().PID()).Scan(&waits)
		if err != nil {
			t.Fatalf("pgtest: %v", err)
		}
	}
	if waits {
		if _, err := admin.Exec(ctx, "SELECT pg_cancel_backend($1)", conn.PgConn().PID()); err != nil {
			t.Fatalf("pgtest: %v", err)
		}
	}
	<-committed
	_ = conn.Close(context.WithoutCancel(t.Context())) // Nothing is pending.
	return waits
}
