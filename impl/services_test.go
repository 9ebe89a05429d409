package impl_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/openapi"
)

// ownWords are the places, besides the folders of a service, whose subject is services by name, each with the reason.
// Everything else derives the services from openapi/*.yaml, or a new one is forgotten there. A path that ends in / is a
// folder.
var ownWords = map[string]string{
	"test/chaos/":                   "what becomes of orders and money when users and orders fail is about these two",
	"test/docs/guide_test.go":       "the commands of docs/operations.md install these two",
	"test/contract/planted/main.go": "each bug is planted in the code of one of them",
	"test/contract/breaking/":       "the tests break operations of theirs; the command takes its documents as arguments",
	"test/contract/problems/":       "the test reads codes of theirs; the command takes its documents as arguments",
	"cmd/dev/development_test.go":   "it logs in at one and orders at the other",
	"cmd/dev/trace_test.go":         "it follows one request from one through the other",
	"test/load/":                    "its customers log in at one and order at the other",
	"impl/devkit/front/":            "the tests route to services that they make up under these names",
	"impl/devkit/frontend/":         "the tests inject faults into operations of theirs",
	"impl/devkit/pgserver/":         "names of databases in tests",
	"impl/platform/":                "words in examples and tests: an issuer, an audience, a dependency",
	"clients/typescript/test/":      "the tests call operations of both",
	"test/contract/conformance/":    "the test makes up what two services left",
	"openapi/embed_test.go":         "the list is not empty",
	"test/docs/upgrading_test.go":   "version 1.0 had these two, and their migrations",
}

// listing are the files in which a list of services would stand: code, scripts, settings of tools.
var listing = regexp.MustCompile(`\.(go|mjs|ts|tsx|ya?ml|json|sh)$|^Makefile$|^\.ci/run$|^tools/[a-z]+$`)

// apart are folders that are made or not ours.
var apart = regexp.MustCompile(
	`^(\.git|\.data|gen|docs|bin|contract|contract-report|openapi/released)$|(^|/)(node_modules|testdata|dist)$`)

// TestNoListOfServices finds two names of services within three lines, as a list of them by hand would have them.
func TestNoListOfServices(t *testing.T) {
	t.Parallel()
	names := openapi.Services()
	ofOne := regexp.MustCompile(fmt.Sprintf(`^((impl|cmd)/(%[1]s)/|openapi/(%[1]s)\.yaml$)`, strings.Join(names, "|")))
	require.GreaterOrEqual(t, len(names), 2)
	read, used := 0, map[string]bool{}
	require.NoError(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path = filepath.ToSlash(strings.TrimPrefix(path, "../"))
		if entry.IsDir() {
			if apart.MatchString(path) {
				return filepath.SkipDir
			}
			return nil
		}
		if !listing.MatchString(path) || ofOne.MatchString(path) || path == "impl/services_test.go" {
			return nil
		}
		text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(path)))
		if err != nil {
			return err
		}
		read++
		line := pairIn(path, string(text), names)
		place := placeOf(path)
		switch {
		case line == 0:
		case place == "":
			t.Errorf("%s:%d names several services: derive them from openapi/*.yaml, or say in ownWords why not", path, line)
		default:
			used[place] = true
		}
		return nil
	}))
	require.Greater(t, read, 300, "the files are found")
	for place := range ownWords {
		if !used[place] {
			t.Errorf("%s names no several services any more: take it out of ownWords", place)
		}
	}
}

// placeOf gives the entry of ownWords that a file falls under, "" where there is none.
func placeOf(path string) string {
	for place := range ownWords {
		if path == place || strings.HasSuffix(place, "/") && strings.HasPrefix(path, place) {
			return place
		}
	}
	return ""
}

// pairIn gives the first line by which two different names have come within three lines, 0 where they never do. In Go
// and TypeScript a name is a string, or a package whose member is taken; elsewhere it is a word. Comments are prose.
func pairIn(path, text string, names []string) int {
	form := `\b(?:%s)\b`
	if regexp.MustCompile(`\.(go|ts|tsx|mjs)$`).MatchString(path) {
		form = `["'](?:%s)["']|\b(?:%s)\.[A-Z]`
	}
	name := regexp.MustCompile(strings.ReplaceAll(form, "%s", strings.Join(names, "|")))
	word := regexp.MustCompile(strings.Join(names, "|"))
	var recent [3][]string
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "//")
		if trimmed := strings.TrimSpace(line); strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, "*") {
			line = ""
		}
		recent[i%len(recent)] = nil
		for _, found := range name.FindAllString(line, -1) {
			recent[i%len(recent)] = append(recent[i%len(recent)], word.FindString(found))
		}
		all := slices.Concat(recent[:]...)
		slices.Sort(all)
		if len(slices.Compact(all)) > 1 {
			return i + 1
		}
	}
	return 0
}

// TestPairsAreFound plants lists of services as they could be written.
func TestPairsAreFound(t *testing.T) {
	t.Parallel()
	names := []string{"orders", "users"}
	for path, texts := range map[string][]string{
		"cmd/dev/main.go": {
			`x := []string{"users", "orders"}`, "x := []string{\n\t\"users\",\n\t\"orders\",\n}",
			`d(users.Described, orders.Described)`,
		},
		"Makefile":  {"SERVICES := users orders"},
		".ci/run":   {"sed openapi/{users,orders}.yaml"},
		"client.ts": {`type Services = 'users' | 'orders';`},
	} {
		for _, text := range texts {
			require.NotZero(t, pairIn(path, text, names), text)
		}
	}
	for _, text := range []string{
		`// users and orders`, `x := "users"`, "x := \"users\"\n\n\n\ny := \"orders\"", `u.orders(users)`,
	} {
		require.Zero(t, pairIn("cmd/dev/main.go", text, names), text)
	}
}
