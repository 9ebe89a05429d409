package pgtest_test

import (
	"os"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func migrations() fstest.MapFS {
	return fstest.MapFS{"00001_create_things.sql": {Data: []byte(`-- +goose Up
CREATE TABLE things (id uuid PRIMARY KEY, name text NOT NULL CONSTRAINT things_name_check CHECK (name <> ''));
-- +goose Down
DROP TABLE things;
`)}}
}

func TestNewIsMigratedAndEmpty(t *testing.T) {
	t.Parallel()
	for range 8 {
		t.Run("own database", func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t, migrations())
			_, err := pool.Exec(t.Context(), "INSERT INTO things VALUES (gen_random_uuid(), 'one')")
			require.NoError(t, err)
			var count int
			require.NoError(t, pool.QueryRow(t.Context(), "SELECT count(*) FROM things").Scan(&count))
			require.Equal(t, 1, count)
		})
	}
}
