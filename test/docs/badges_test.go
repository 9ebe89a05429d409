package docs

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/test/contract/conformance"
)

var write = flag.Bool("write", false, "draw the badges of the README anew")

// TestBadges holds the badges of the README against go.mod and LICENSE. That of conformance has tests beside its
// figures.
func TestBadges(t *testing.T) {
	t.Parallel()
	module, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(module)
	require.NotNil(t, version)
	licence, err := os.ReadFile(filepath.Join(root, "LICENSE"))
	require.NoError(t, err)
	require.Regexp(t, `^\s*Apache License\s+Version 2\.0,`, string(licence))
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	for name, picture := range map[string][]byte{
		"go.svg":      conformance.Badge("Go", string(version[1]), true),
		"licence.svg": conformance.Badge("licence", "Apache-2.0", true),
	} {
		path := filepath.Join(root, "docs", "pictures", name)
		if *write {
			require.NoError(t, os.WriteFile(path, picture, 0o600))
		}
		shown, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(picture), string(shown), "go test ./test/docs -run TestBadges -write draws %s anew", name)
		require.Contains(t, string(readme), "docs/pictures/"+name)
	}
}

// TestStepsOfTheChain holds the order in which the README and its picture show the steps of the chain against the code.
func TestStepsOfTheChain(t *testing.T) {
	t.Parallel()
	read := func(path string) string {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
		require.NoError(t, err)
		return string(text)
	}
	_, list, found := strings.Cut(read("impl/platform/httpapi/enforce.go"), "[]step{\n")
	require.True(t, found)
	list, _, found = strings.Cut(list, "\n\t}\n")
	require.True(t, found)
	var steps []string
	for _, match := range regexp.MustCompile(`\{"([a-z_]+)",`).FindAllStringSubmatch(list, -1) {
		steps = append(steps, match[1])
	}
	require.Greater(t, len(steps), 8, "the steps are found")

	inOrder := regexp.MustCompile(`\b` + strings.Join(steps, `[^a-z_]+`) + `\b`)
	require.Regexp(t, inOrder, read("README.md"), "the path of a request shows the steps %v", steps)
	picture := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(read("docs/pictures/services.svg"), "")
	chains := strings.Count(picture, steps[0])
	require.Positive(t, chains)
	require.Len(t, inOrder.FindAllString(picture, -1), chains, "each chain of the picture shows the steps %v", steps)
}
