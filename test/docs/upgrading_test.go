package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/queries"
)

// What a migration does that holds a table until all of its rows have been read: an index, a constraint that is one, a
// column that is computed or rewritten.
var (
	indexed = regexp.MustCompile(`(?m)^CREATE (?:UNIQUE )?INDEX \w+ ON (\w+)`)
	altered = regexp.MustCompile(`(?m)^ALTER TABLE (\w+)[^;]* (?:UNIQUE|PRIMARY KEY|GENERATED ALWAYS|TYPE) `)
	created = regexp.MustCompile(`(?m)^CREATE TABLE (\w+)`)
)

// Operators read on one page which migrations since version 1.0 hold a table that may be large.
func TestMigrationsThatHoldATableAreListed(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs/operations.md"))
	require.NoError(t, err)
	_, upgrading, _ := strings.Cut(string(page), "\n## Upgrading\n")
	upgrading, _, _ = strings.Cut(upgrading, "\n## ")
	for service, last := range map[string]string{"users": "00017_", "orders": "00008_"} { // those of version 1.0
		files, err := fs.Glob(queries.Migrations(service), "*.sql")
		require.NoError(t, err)
		held := 0
		for _, file := range files {
			if file < last || strings.HasPrefix(file, last) {
				continue
			}
			text, err := fs.ReadFile(queries.Migrations(service), file)
			require.NoError(t, err)
			up, _, _ := strings.Cut(string(text), "-- +goose Down")
			own := map[string]bool{}
			for _, match := range created.FindAllStringSubmatch(up, -1) {
				own[match[1]] = true
			}
			for _, match := range append(indexed.FindAllStringSubmatch(up, -1), altered.FindAllStringSubmatch(up, -1)...) {
				if !own[match[1]] {
					held++
					row := "| `" + strings.TrimSuffix(file, ".sql") + "` |"
					require.Contains(t, upgrading, row, "%s holds the table %s", service, match[1])
				}
			}
		}
		require.NotZero(t, held, service)
	}
}
