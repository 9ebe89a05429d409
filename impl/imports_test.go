// Package impl_test checks who imports whom.
package impl_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "example.com/plumbline/"

// layer is one row, and one column, of the table of who may import whom.
type layer int

const (
	foreign layer = iota // not ours
	commands
	services
	platform
	generated
	data     // queries
	document // openapi
	across   // test: what spans services
)

// layerOf tells the layer of a package of ours from its path, and the name within it: a service's, a command's, a shelf's.
func layerOf(path string) (layer, string) {
	rest, ours := strings.CutPrefix(path, module)
	if !ours {
		return foreign, path
	}
	top, rest, _ := strings.Cut(rest, "/")
	name, _, _ := strings.Cut(rest, "/")
	switch top {
	case "cmd":
		return commands, name
	case "impl":
		if name == "platform" {
			_, shelf, _ := strings.Cut(rest, "/")
			return platform, shelf
		}
		return services, name
	case "gen":
		return generated, name
	case "queries":
		return data, name
	case "openapi":
		return document, name
	case "test":
		return across, name
	default:
		return foreign, path
	}
}

// embedded are the parts of the platform that the development binary starts by itself, and what tells who reaches them.
var embedded = []string{"postgres", "natsserver", "front", "hosts"}

// mayImport is the table of architecture.md.
func mayImport(from, to string) bool {
	layer, name := layerOf(from)
	target, what := layerOf(to)
	if target == foreign {
		return true
	}
	switch layer {
	case commands:
		development := target == platform && slices.Contains(embedded, what) || target == generated && what == "ts" // the client that it gives away
		return target == services || name == "dev" && development
	case services:
		switch target {
		case services:
			return what == name // its own folders
		case generated:
			return what == name+"db" || strings.HasSuffix(what, "api") // another's api is for its client
		default:
			return target == data || target == document || target == platform
		}
	case platform:
		return target == platform && name != "fault"
	case across:
		return true
	default: // What is generated and what is written by hand beside the code depend on nothing of ours.
		return false
	}
}

// imported is a package with what its code, apart from its tests, imports.
type imported struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []imported {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", module+"...")
	var problems bytes.Buffer
	list.Stderr = &problems
	out, err := list.Output()
	require.NoError(t, err, problems.String())
	var all []imported
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p imported
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all = append(all, p)
	}
}

func TestImports(t *testing.T) {
	t.Parallel()
	seen := map[layer]bool{}
	for _, p := range packages(t) {
		layer, _ := layerOf(p.ImportPath)
		require.NotEqual(t, foreign, layer, "%s is in no layer: architecture.md and this test must know it", p.ImportPath)
		seen[layer] = true
		for _, to := range p.Imports {
			require.True(t, mayImport(p.ImportPath, to), "%s may not import %s: see 'Who may import whom' in the architecture", p.ImportPath, to)
		}
	}
	for l := commands; l <= document; l++ {
		require.True(t, seen[l], "nothing is in layer %d: the test looks in the wrong place", l)
	}
}

// TestFrontEndModeIsInNoOtherBinary looks at all that the services' binaries link.
func TestFrontEndModeIsInNoOtherBinary(t *testing.T) {
	t.Parallel()
	linked := func(command string) []string {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", module+"cmd/"+command).Output()
		require.NoError(t, err)
		return strings.Fields(string(out))
	}
	mode := []string{module + "impl/dev", module + "gen/devapi"}
	require.Subset(t, linked("dev"), mode, "the test looks for what there is not")
	for _, command := range []string{"users", "orders"} {
		for _, part := range mode {
			require.NotContains(t, linked(command), part, command)
		}
	}
}

// TestMayImport plants every kind of violation beside what is allowed.
func TestMayImport(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"cmd/users", "impl/users", true},
		{"cmd/users", "gen/usersapi", false},
		{"cmd/users", "queries", false},
		{"cmd/users", "openapi", false},
		{"cmd/users", "impl/platform/postgres", false},
		{"cmd/dev", "impl/platform/postgres", true},
		{"cmd/dev", "impl/platform/natsserver", true},
		{"cmd/dev", "impl/platform/front", true},
		{"cmd/dev", "gen/ts", true},
		{"cmd/dev", "gen/usersapi", false},
		{"cmd/users", "gen/ts", false},
		{"cmd/dev", "impl/platform/httpapi", false},
		{"cmd/dev", "cmd/users", false},

		{"impl/users", "gen/usersapi", true},
		{"impl/users", "gen/usersdb", true},
		{"impl/users", "queries", true},
		{"impl/users", "openapi", true},
		{"impl/users", "impl/platform/httpapi", true},
		{"impl/users", "impl/users/parts", true},
		{"impl/orders", "gen/usersapi", true},
		{"impl/orders", "gen/usersdb", false},
		{"impl/orders", "impl/users", false},
		{"impl/orders", "impl/users/parts", false},
		{"impl/users", "cmd/users", false},
		{"impl/users", "test/load", false},

		{"impl/platform/httpapi", "impl/platform/fault", true},
		{"impl/platform/httpapi", "gen/usersapi", false},
		{"impl/platform/httpapi", "queries", false},
		{"impl/platform/httpapi", "openapi", false},
		{"impl/platform/httpapi", "impl/users", false},
		{"impl/platform/token/tokentest", "impl/platform/token", true},
		{"impl/platform/program", "impl/platform/httpapi", true},
		{"impl/platform/program", "queries", false},
		{"impl/platform/fault", "impl/platform/format", false},
		{"impl/platform/fault", "impl/users", false},

		{"gen/usersapi", "impl/platform/fault", false},
		{"gen/usersapi", "gen/usersdb", false},
		{"gen/usersdb", "impl/users", false},
		{"queries", "gen/usersdb", false},
		{"queries", "impl/platform/postgres", false},
		{"openapi", "gen/usersapi", false},

		{"test/load", "impl/users", true},
		{"test/contract/lint", "impl/platform/format", true},
	} {
		require.Equal(t, c.want, mayImport(module+c.from, module+c.to), "%s -> %s", c.from, c.to)
	}
	require.True(t, mayImport(module+"impl/platform/fault", "errors"))
	require.True(t, mayImport(module+"gen/usersdb", "github.com/jackc/pgx/v5"))
	l, _ := layerOf(module + "util/strings")
	require.Equal(t, foreign, l)
}
