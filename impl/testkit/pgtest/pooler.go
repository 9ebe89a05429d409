package pgtest

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// Pooler starts a proxy that shares some sessions of a database among its clients, as PgBouncer does: with
// perTransaction every transaction uses the session that has been idle longest, otherwise a client keeps one session.
// The proxy drops the settings of connecting clients. Pooler returns the URL; the proxy ends with the test.
func Pooler(t testing.TB, databaseURL string, sessions int, perTransaction bool) string {
	t.Helper()
	p := pooler{free: make(chan *pgconn.HijackedConn, sessions), perTransaction: perTransaction}
	for range sessions {
		conn, err := pgconn.Connect(t.Context(), databaseURL)
		if err != nil {
			t.Fatalf("pgtest: %v", err)
		}
		session, err := conn.Hijack()
		if err != nil {
			t.Fatalf("pgtest: %v", err)
		}
		t.Cleanup(func() { _ = session.Conn.Close() }) // PostgreSQL ends the session.
		p.free <- session
	}
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	var clients sync.WaitGroup
	clients.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			clients.Go(func() {
				defer client.Close() //nolint:errcheck // nothing is pending
				p.serve(client)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close() // It holds no data.
		clients.Wait()
	})
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	u.Host, u.RawQuery = listener.Addr().String(), "sslmode=disable"
	return u.String()
}

type pooler struct {
	free           chan *pgconn.HijackedConn
	perTransaction bool
}

// serve forwards the requests of one client, and their answers.
func (p *pooler) serve(conn net.Conn) {
	client := pgproto3.NewBackend(conn, conn)
	first, err := client.ReceiveStartupMessage()
	if _, starts := first.(*pgproto3.StartupMessage); err != nil || !starts {
		return
	}
	client.Send(&pgproto3.AuthenticationOk{})
	client.Send(&pgproto3.ParameterStatus{Name: "standard_conforming_strings", Value: "on"})
	client.Send(&pgproto3.ParameterStatus{Name: "client_encoding", Value: "UTF8"})
	client.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	if client.Flush() != nil {
		return
	}
	if !p.perTransaction {
		session := <-p.free
		var both sync.WaitGroup
		both.Go(func() { _, _ = io.Copy(conn, session.Conn) }) // It ends with the session,
		_, _ = io.Copy(session.Conn, conn)                     // and the session with its client.
		_ = session.Conn.Close()
		both.Wait()
		return
	}
	var session *pgconn.HijackedConn
	defer func() {
		if session != nil {
			p.free <- session
		}
	}()
	for {
		message, err := client.Receive()
		if _, ends := message.(*pgproto3.Terminate); err != nil || ends {
			return
		}
		if session == nil {
			session = <-p.free
		}
		session.Frontend.Send(message)
		switch message.(type) {
		case *pgproto3.Query, *pgproto3.Sync:
		default:
			continue
		}
		status, err := answer(client, session.Frontend)
		if err != nil {
			return
		}
		if status == 'I' {
			p.free <- session
			session = nil
		}
	}
}

// answer forwards a session's messages until it is ready again, and returns the status of its transaction.
func answer(client *pgproto3.Backend, session *pgproto3.Frontend) (status byte, err error) {
	if err := session.Flush(); err != nil {
		return 0, err
	}
	for {
		message, err := session.Receive()
		if err != nil {
			return 0, err
		}
		client.Send(message)
		if ready, ok := message.(*pgproto3.ReadyForQuery); ok {
			return ready.TxStatus, client.Flush()
		}
	}
}
