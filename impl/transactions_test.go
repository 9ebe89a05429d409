package impl_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/openapi"
)

// beginners are the functions that begin a transaction, by package, and where a service may call them.
var beginners = map[string][]string{
	"postgres":    {"InTx", "Prepare"},
	"idempotency": {"InTx"},
	"events":      {"Once"},
	"pgx":         {"BeginFunc", "BeginTxFunc"},
}

// transactions are the functions of a service that may: each gives the one value with the statements and the jobs.
var transactions = []string{"inTx", "inKeyedTx", "inEventTx"}

// bypasses lists the calls in a file of a service that begin a transaction elsewhere than in transactions, or write to
// the database outside of one.
func bypasses(t *testing.T, name string, text any) []string {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, text, parser.SkipObjectResolution)
	require.NoError(t, err)
	var found []string
	for _, d := range file.Decls {
		function, ok := d.(*ast.FuncDecl)
		if ok && slices.Contains(transactions, function.Name.Name) {
			continue
		}
		ast.Inspect(d, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			from, _ := selector.X.(*ast.Ident)
			on, _ := selector.X.(*ast.SelectorExpr)
			begins := slices.Contains([]string{"Begin", "BeginTx", "InTx"}, selector.Sel.Name) ||
				from != nil && slices.Contains(beginners[from.Name], selector.Sel.Name) ||
				on != nil && strings.EqualFold(on.Sel.Name, "database") && selector.Sel.Name == "Exec"
			if begins {
				found = append(found, fmt.Sprintf("%s: %s", files.Position(n.Pos()), selector.Sel.Name))
			}
			return true
		})
	}
	return found
}

// TestEveryTransactionIsOneOfInTx reads the services: what begins a transaction without inTx has no way to insert a job
// in it, and no check that a request with an Idempotency-Key has its effect in inKeyedTx.
func TestEveryTransactionIsOneOfInTx(t *testing.T) {
	t.Parallel()
	for _, service := range openapi.Services() {
		read := 0
		require.NoError(t, filepath.WalkDir(service, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			read++
			require.Empty(t, bypasses(t, path, nil))
			return nil
		}))
		require.NotZero(t, read, service)
	}
}

// TestBypassesAreSeen plants each kind.
func TestBypassesAreSeen(t *testing.T) {
	t.Parallel()
	for _, call := range []string{
		"postgres.InTx(ctx, s.database, fn)", "postgres.Prepare(ctx, s.database, fn)",
		"idempotency.InTx(ctx, s.database, fn)",
		"events.Once(ctx, s.database, e, fn)", "s.database.Begin(ctx)", "pool.BeginTx(ctx, options)",
		"pgx.BeginFunc(ctx, s.database, fn)", "pgx.BeginTxFunc(ctx, s.database, options, fn)", "s.InTx(ctx, fn)",
		"s.database.Exec(ctx, sql)", "s.Database.Exec(ctx, sql)",
	} {
		require.Len(t, bypasses(t, "planted.go", "package planted\nfunc f() { "+call+" }"), 1, call)
		require.Empty(t, bypasses(t, "planted.go", "package planted\nfunc inTx() { "+call+" }"), call)
	}
}
