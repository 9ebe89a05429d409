// Package impl_test checks who imports whom.
package impl_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/openapi"
)

const module = "example.com/plumbline/"

// layer is one row, and one column, of the table of who may import whom.
type layer int

const (
	foreign layer = iota // not ours
	commands
	services
	platform
	devkit  // what only make run needs
	testkit // what only tests need
	generated
	data     // queries
	document // openapi
	across   // test: what spans services
	tools
)

// layerOf gives the layer of a package of this module, and its name within the layer, from its path.
func layerOf(path string) (layer, string) {
	rest, ours := strings.CutPrefix(path, module)
	if !ours {
		return foreign, path
	}
	top, rest, _ := strings.Cut(rest, "/")
	name, rest, _ := strings.Cut(rest, "/")
	switch top {
	case "cmd":
		return commands, name
	case "impl":
		switch name {
		case "platform":
			return platform, rest
		case "devkit":
			return devkit, rest
		case "testkit":
			return testkit, rest
		default:
			return services, name
		}
	case "gen":
		return generated, name
	case "queries":
		return data, name
	case "openapi":
		return document, name
	case "test":
		return across, name
	case "tools":
		return tools, name
	default:
		return foreign, path
	}
}

// mayImport is the table of who may import whom. What tests import is free: only packages' own code is asked.
func mayImport(from, to string) bool {
	layer, name := layerOf(from)
	target, what := layerOf(to)
	if target == foreign {
		return true
	}
	switch layer {
	case commands:
		return target == services || target == platform && what == "program" ||
			name == "dev" && developmentMayImport(target, what)
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
		chain := what == "httpapi" && name == "contract" // The document knows nothing of the chain that enforces it.
		return name != "fault" && !chain && (target == platform || target == generated && what == name+"db")
	case devkit:
		return target == platform || target == devkit || target == document ||
			target == generated && strings.HasSuffix(what, "api")
	case testkit:
		return target == platform || target == testkit || to == module+"impl/devkit/pgserver"
	case across, tools:
		return true
	default: // What is generated and what is written by hand beside the code depend on nothing of ours, but for one list.
		return from == module+"gen/services" && listMayImport(target, to)
	}
}

// developmentMayImport is for cmd/dev, which runs all services, serves the TypeScript client, and needs to know who
// reaches an address.
func developmentMayImport(target layer, what string) bool {
	return target == devkit || target == generated && (what == "ts" || what == "services") ||
		target == platform && what == "hosts"
}

// listMayImport is for the generated list of the services, which knows them all.
func listMayImport(target layer, to string) bool {
	return target == services || to == module+"impl/platform/program"
}

// imported is a package with what its code, apart from its tests, imports.
type imported struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []imported {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-pgo=off", "-json=ImportPath,Imports", module+"...")
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
		require.NotEqual(t, foreign, layer, "%s is in no layer: this test must know it", p.ImportPath)
		seen[layer] = true
		for _, to := range p.Imports {
			require.True(t, mayImport(p.ImportPath, to), "%s may not import %s: see mayImport", p.ImportPath, to)
		}
	}
	for l := commands; l <= document; l++ {
		require.True(t, seen[l], "nothing is in layer %d: the test looks in the wrong place", l)
	}
}

// TestProductionBinariesHoldNoKit looks at all that the services' binaries link.
func TestProductionBinariesHoldNoKit(t *testing.T) {
	t.Parallel()
	kits := func(command string) []string {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-pgo=off", "-deps", module+"cmd/"+command).Output()
		require.NoError(t, err)
		var found []string
		for path := range strings.FieldsSeq(string(out)) {
			if l, _ := layerOf(path); l == devkit || l == testkit || path == module+"gen/devapi" {
				found = append(found, strings.TrimPrefix(path, module))
			}
		}
		return found
	}
	require.Subset(t, kits("dev"), []string{"impl/devkit/frontend", "impl/devkit/pgserver", "gen/devapi"},
		"the test looks for what there is not")
	for _, command := range openapi.Services() {
		require.Empty(t, kits(command), command)
	}
}

// TestToolsOfTheDocumentHoldNoChain looks at all that the programs link which work on documents alone.
func TestToolsOfTheDocumentHoldNoChain(t *testing.T) {
	t.Parallel()
	const chain = module + "impl/platform/httpapi"
	deps := func(tool string) []string {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-test", module+"test/contract/"+tool).Output()
		require.NoError(t, err)
		return strings.Fields(string(out))
	}
	require.Contains(t, deps("conformance"), chain, "the test looks for what there is not")
	for _, tool := range []string{"breaking", "lint", "planted", "problems", "yamlnode"} {
		require.NotContains(t, deps(tool), chain, tool)
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
		{"cmd/users", "impl/devkit/pgserver", false},
		{"cmd/users", "impl/testkit/pgtest", false},
		{"cmd/users", "impl/platform/program", true},
		{"cmd/dev", "impl/platform/postgres", false},
		{"cmd/dev", "impl/platform/hosts", true},
		{"cmd/users", "impl/platform/hosts", false},
		{"cmd/dev", "impl/devkit/pgserver", true},
		{"cmd/dev", "impl/testkit/pgtest", false},
		{"cmd/dev", "gen/ts", true},
		{"cmd/dev", "gen/services", true},
		{"cmd/dev", "gen/usersapi", false},
		{"cmd/users", "gen/ts", false},
		{"cmd/users", "gen/services", false},
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
		{"impl/platform/httpapi", "impl/platform/contract", true},
		{"impl/platform/contract", "impl/platform/httpapi", false},
		{"impl/platform/contract", "impl/platform/format", true},
		{"impl/platform/httpapi", "gen/usersapi", false},
		{"impl/platform/throttle", "gen/throttledb", true},
		{"impl/platform/throttle", "gen/usersdb", false},
		{"impl/platform/httpapi", "gen/throttledb", false},
		{"impl/users", "gen/throttledb", false},
		{"impl/platform/httpapi", "queries", false},
		{"impl/platform/httpapi", "openapi", false},
		{"impl/platform/httpapi", "impl/users", false},
		{"impl/users", "impl/devkit/pgserver", false},
		{"impl/users", "impl/testkit/pgtest", false},
		{"impl/platform/events", "impl/devkit/natsserver", false},
		{"impl/platform/events", "impl/testkit/pgtest", false},
		{"impl/devkit/frontend", "gen/devapi", true},
		{"impl/devkit/frontend", "gen/usersdb", false},
		{"impl/devkit/frontend", "impl/users", false},
		{"impl/devkit/pgserver", "impl/testkit/pgtest", false},
		{"impl/testkit/tokentest", "impl/platform/token", true},
		{"impl/testkit/pgtest", "impl/devkit/pgserver", true},
		{"impl/testkit/contracttest", "impl/devkit/frontend", false},
		{"impl/testkit/contracttest", "impl/users", false},
		{"impl/platform/program", "impl/platform/httpapi", true},
		{"impl/platform/program", "queries", false},
		{"impl/platform/fault", "impl/platform/format", false},
		{"impl/platform/fault", "impl/users", false},

		{"gen/usersapi", "impl/platform/fault", false},
		{"gen/usersapi", "gen/usersdb", false},
		{"gen/usersdb", "impl/users", false},
		{"gen/services", "impl/users", true},
		{"gen/services", "impl/platform/program", true},
		{"gen/services", "impl/platform/postgres", false},
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
