package postgres_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/testkit/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// query runs a statement over a connection of its own and gives the first value of its first row, if there is one.
func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	rows, err := conn.Query(t.Context(), sql)
	require.NoError(t, err)
	values, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
		values, err := row.Values()
		return fmt.Sprint(values...), err
	})
	require.NoError(t, err)
	return strings.Join(values, "\n")
}

func migration(sql string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte("-- +goose Up\n" + sql + "\n")}
}

func accounts() fstest.MapFS {
	return fstest.MapFS{"00001_create_accounts.sql": migration(
		"CREATE TABLE accounts (\n" +
			"id int CONSTRAINT accounts_pkey PRIMARY KEY,\n" +
			"balance bigint NOT NULL DEFAULT 0 CONSTRAINT accounts_balance_check CHECK (balance >= 0));\n" +
			"INSERT INTO accounts (id) VALUES (1), (2);")}
}
