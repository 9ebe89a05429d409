package impl_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The tables that packages of the shelf work on are tested there as the services have them.
func TestTablesOfTheShelf(t *testing.T) {
	t.Parallel()
	tested, err := filepath.Glob("platform/*/testdata/*_create_*.sql")
	require.NoError(t, err)
	compared := 0
	for _, file := range tested {
		_, name, _ := strings.Cut(filepath.Base(file), "_")
		kept, err := filepath.Glob("../queries/*/migrations/*_" + name)
		require.NoError(t, err)
		for _, migration := range kept {
			want, err := os.ReadFile(migration)
			require.NoError(t, err)
			got, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got), "%s and %s", migration, file)
			compared++
		}
	}
	require.GreaterOrEqual(t, compared, 3)
}
