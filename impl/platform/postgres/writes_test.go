package postgres_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/testkit/pgtest"
)

func TestCheckWrites(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, accounts())
	require.NoError(t, postgres.CheckWrites(t.Context(), pgtest.Open(t, pgtest.Patient(url))))
	readOnly := pgtest.Open(t, pgtest.Patient(url)+"&default_transaction_read_only=on")
	require.ErrorIs(t, postgres.CheckWrites(t.Context(), readOnly), postgres.ErrReadOnly)
	_, err := readOnly.Exec(t.Context(), "UPDATE accounts SET balance = 1")
	require.ErrorContains(t, err, "25006")
	require.True(t, postgres.IsUnavailable(err))
}

// What a session writes leads to a device that is always full.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	server, url := pgtest.Server(t, accounts())
	parcels := fstest.MapFS{"00002_create_parcels.sql": migration("CREATE TABLE parcels (n int);")}
	require.NoError(t, postgres.Migrations("parcels", parcels).Migrate(t.Context(), url, nil))
	table := query(t, url, "SELECT pg_relation_filepath('parcels')")
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: pgtest.Patient(url), MaxConns: 1})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	require.NoError(t, postgres.CheckWrites(t.Context(), pool))
	require.NoError(t, postgres.CheckWrites(t.Context(), pool), "again and again")
	var pid int
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(&pid))
	data := filepath.Join(server.Dir(), "data")
	for n := range 10 { // the next spills
		spill := filepath.Join(data, "base", "pgsql_tmp", fmt.Sprintf("pgsql_tmp%d.%d", pid, n))
		require.NoError(t, os.Symlink("/dev/full", spill))
	}
	err = postgres.CheckWrites(t.Context(), pool)
	require.ErrorIs(t, err, postgres.ErrDiskFull)
	require.True(t, postgres.IsUnavailable(err))

	path := filepath.Join(data, table)
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Symlink("/dev/full", path))
	t.Cleanup(func() { // The last checkpoint wants a file.
		require.NoError(t, os.Remove(path))
		require.NoError(t, os.WriteFile(path, nil, 0o600))
	})
	_, err = pool.Exec(t.Context(), "INSERT INTO parcels VALUES (1)")
	require.ErrorContains(t, err, "53100")
	require.True(t, postgres.IsUnavailable(err))
}
