package postgres_test

import (
	"context"
	"errors"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/pgtest"
)

func checkSessions(t *testing.T, url string) error {
	t.Helper()
	return postgres.CheckSessions(t.Context(), postgres.Config{URL: url})
}

func TestCheckSessions(t *testing.T) {
	t.Parallel()
	base := pgtest.URL(t, accounts())
	require.NoError(t, checkSessions(t, base))
	require.NoError(t, checkSessions(t, base+"&statement_timeout=0"), "no limit is wanted")
	require.NoError(t, checkSessions(t, pgtest.BehindSilent(t, base)))
	require.ErrorContains(t, checkSessions(t, "postgres://app@127.0.0.1:1/app"), "start the server")
}

// boundless collects the statements that nothing ends where the server is silent.
type boundless struct{ asked, forEver []string }

func (b *boundless) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	b.asked = append(b.asked, data.SQL)
	if _, bounded := ctx.Deadline(); !bounded {
		b.forEver = append(b.forEver, data.SQL)
	}
	return ctx
}

func (*boundless) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// A server that stops answering does not keep a program from ending.
func TestCheckSessionsIsBounded(t *testing.T) {
	t.Parallel()
	statements := &boundless{}
	c := postgres.Config{URL: pgtest.URL(t, accounts()), Tracer: statements}
	require.NoError(t, postgres.CheckSessions(t.Context(), c))
	require.NotEmpty(t, statements.asked)
	require.Empty(t, statements.forEver)
}

// Only a database in UTF-8 holds every text.
func TestDatabaseOfAnotherEncoding(t *testing.T) {
	t.Parallel()
	server, base := pgtest.Server(t, accounts())
	conn, err := pgx.Connect(t.Context(), server.SuperuserURL("postgres"))
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(),
		"CREATE DATABASE ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")
	require.NoError(t, errors.Join(err, conn.Close(t.Context())))
	require.NoError(t, checkSessions(t, base))
	err = checkSessions(t, server.SuperuserURL("ascii"))
	require.ErrorContains(t, err, "has the encoding SQL_ASCII: create it with ENCODING 'UTF8'")
}

// With one session the lock shows it, with three the silence.
func TestPoolerThatSharesSessions(t *testing.T) {
	t.Parallel()
	base := pgtest.Patient(pgtest.URL(t, accounts()))
	for _, sessions := range []int{1, 2, 3, 4} {
		t.Run(strconv.Itoa(sessions), func(t *testing.T) {
			t.Parallel()
			err := checkSessions(t, pgtest.Pooler(t, base, sessions, true))
			require.ErrorContains(t, err, "set its pool_mode to session")
			require.ErrorContains(t, err, "127.0.0.1:")
		})
	}
	require.NoError(t, checkSessions(t, pgtest.Pooler(t, base, 2, false)), "each client has a session to itself")
}

func TestPoolerThatDropsTimeouts(t *testing.T) {
	t.Parallel()
	base := pgtest.URL(t, accounts())
	err := checkSessions(t, pgtest.Pooler(t, base, 2, false))
	require.ErrorContains(t, err, "has no statement_timeout, no lock_timeout, no idle_in_transaction_session_timeout")
	require.ErrorContains(t, err, `ALTER ROLE "pgtest" SET statement_timeout = '1800ms'`)
}
