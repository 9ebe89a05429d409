// Package docs holds the documentation against the tree that it describes.
package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../.."

var (
	link       = regexp.MustCompile(`\]\(([^)]+)\)`)
	makeTarget = regexp.MustCompile("`make ([a-z-]+)`")
	codePath   = regexp.MustCompile("`((?:openapi|queries|impl|cmd|gen|docs|test|tools|deploy)/[A-Za-z0-9_./-]*)`")
)

// pages gives every page of documentation by its path from the root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && path != root:
			return filepath.SkipDir
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "contract-report"): // made, not written
			return filepath.SkipDir
		case filepath.Ext(path) == ".md":
			text, err := os.ReadFile(path)
			found[path] = string(text)
			return err
		}
		return nil
	})
	require.NoError(t, err)
	require.Contains(t, found, filepath.Join(root, "README.md"))
	return found
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	for page, text := range pages(t) {
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			target, _, _ := strings.Cut(match[1], "#")
			if target == "" || strings.Contains(target, "://") {
				continue
			}
			_, err := os.Stat(filepath.Join(filepath.Dir(page), target))
			require.NoError(t, err, "%s links to %s", page, match[1])
		}
	}
}

func TestPathsExist(t *testing.T) {
	t.Parallel()
	for page, text := range pages(t) {
		for _, match := range codePath.FindAllStringSubmatch(text, -1) {
			_, err := os.Stat(filepath.Join(root, match[1]))
			require.NoError(t, err, "%s names %s", page, match[1])
		}
	}
}

func TestMakeTargetsExist(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	for page, text := range pages(t) {
		for _, match := range makeTarget.FindAllStringSubmatch(text, -1) {
			require.Contains(t, "\n"+string(makefile), "\n"+match[1]+":", "%s names make %s", page, match[1])
		}
	}
}

func TestEveryDecisionIsListed(t *testing.T) {
	t.Parallel()
	list, err := os.ReadFile(filepath.Join(root, "docs/decisions/README.md"))
	require.NoError(t, err)
	entries, err := filepath.Glob(filepath.Join(root, "docs/decisions/*.md"))
	require.NoError(t, err)
	for _, entry := range entries {
		if name := filepath.Base(entry); name != "README.md" {
			require.Contains(t, string(list), "("+name+")")
		}
	}
}
