package postgres_test

import (
	"errors"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/pgtest"
)

func TestCheckSessions(t *testing.T) {
	t.Parallel()
	base := pgtest.URL(t, accounts())
	require.NoError(t, postgres.CheckSessions(t.Context(), base))
	require.NoError(t, postgres.CheckSessions(t.Context(), base+"&statement_timeout=0"), "no limit is wanted")
	require.NoError(t, postgres.CheckSessions(t.Context(), pgtest.BehindSilent(t, base)))
	require.ErrorContains(t, postgres.CheckSessions(t.Context(), "postgres://app@127.0.0.1:1/app"), "start the server")
}

// Only a database in UTF-8 holds every text.
func TestDatabaseOfAnotherEncoding(t *testing.T) {
	t.Parallel()
	server, base := pgtest.Server(t, accounts())
	conn, err := pgx.Connect(t.Context(), server.SuperuserURL("postgres"))
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "CREATE DATABASE ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")
	require.NoError(t, errors.Join(err, conn.Close(t.Context())))
	require.NoError(t, postgres.CheckSessions(t.Context(), base))
	err = postgres.CheckSessions(t.Context(), server.SuperuserURL("ascii"))
	require.ErrorContains(t, err, "has the encoding SQL_ASCII: create it with ENCODING 'UTF8'")
}

// With one session the lock shows it, with three the silence.
func TestPoolerThatSharesSessions(t *testing.T) {
	t.Parallel()
	base := pgtest.Patient(pgtest.URL(t, accounts()))
	for _, sessions := range []int{1, 2, 3, 4} {
		t.Run(strconv.Itoa(sessions), func(t *testing.T) {
			t.Parallel()
			err := postgres.CheckSessions(t.Context(), pgtest.Pooler(t, base, sessions, true))
			require.ErrorContains(t, err, "set its pool_mode to session")
			require.ErrorContains(t, err, "127.0.0.1:")
		})
	}
	require.NoError(t, postgres.CheckSessions(t.Context(), pgtest.Pooler(t, base, 2, false)), "each client has a session to itself")
}

func TestPoolerThatDropsTimeouts(t *testing.T) {
	t.Parallel()
	base := pgtest.URL(t, accounts())
	err := postgres.CheckSessions(t.Context(), pgtest.Pooler(t, base, 2, false))
	require.ErrorContains(t, err, "has no statement_timeout, no lock_timeout, no idle_in_transaction_session_timeout")
	require.ErrorContains(t, err, `ALTER ROLE "pgtest" SET statement_timeout = '1800ms'`)
}
