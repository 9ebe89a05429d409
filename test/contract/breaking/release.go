package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const changelogTitle = `# Changelog of the contract

What each release of a document changes for callers. ` + "`make release-contract`" + ` writes the entries.
`

// writeRelease makes the documents the released ones. It refuses a version that does not say what has changed.
func writeRelease(t task, comparisons []*comparison) (int, error) {
	var entries strings.Builder
	code := exitPassed
	for _, c := range comparisons {
		v := c.verdict()
		if v == unchanged && c.before.version == c.after.version {
			fmt.Fprintf(t.stdout, "%s: nothing to release\n", c.after.file)
			continue
		}
		if least := c.leastVersion(); older(c.after.version, least) {
			fmt.Fprintf(t.stdout, "%s: the changes are %s, so info.version must be at least %s and is %s\n",
				c.after.file, v, least, c.after.version)
			code = exitBroken
			continue
		}
		entries.WriteString(c.entry(t.now))
	}
	if code != exitPassed || entries.Len() == 0 {
		return code, nil
	}
	for _, c := range comparisons {
		data, err := os.ReadFile(c.after.file)
		if err != nil {
			return exitUnusable, err
		}
		released := filepath.Join(t.base, filepath.Base(c.after.file))
		if err := os.WriteFile(released, data, 0o644); err != nil { //nolint:gosec // part of the repository
			return exitUnusable, err
		}
	}
	if err := emptyExceptions(t.exceptions); err != nil {
		return exitUnusable, err
	}
	return exitPassed, prepend(filepath.Join(filepath.Dir(t.base), "CHANGELOG.md"), entries.String())
}

// leastVersion is the lowest version that tells of the changes: a new major when one breaks, a new minor when one adds.
func (c *comparison) leastVersion() string {
	major, minor, patch := split(c.before.version)
	switch c.verdict() {
	case breaking:
		return fmt.Sprintf("%d.0.0", major+1)
	case additive:
		return fmt.Sprintf("%d.%d.0", major, minor+1)
	default:
		return fmt.Sprintf("%d.%d.%d", major, minor, patch+1)
	}
}

// older compares versions of three figures.
func older(a, b string) bool {
	a1, a2, a3 := split(a)
	b1, b2, b3 := split(b)
	switch {
	case a1 != b1:
		return a1 < b1
	case a2 != b2:
		return a2 < b2
	default:
		return a3 < b3
	}
}

func split(version string) (major, minor, patch int) {
	var figures [3]int
	for i, part := range strings.SplitN(version, ".", 3) {
		figures[i], _ = strconv.Atoi(part) // What is no figure is the lowest.
	}
	return figures[0], figures[1], figures[2]
}

// entry is what the changelog says of the step.
func (c *comparison) entry(today time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s %s, %s\n\n", c.after.name, c.after.version, today.Format(time.DateOnly))
	if len(c.before.operations) == 0 {
		fmt.Fprintf(&b, "The first release: %d operations.\n", len(c.after.operations))
		return b.String()
	}
	for _, op := range c.each() {
		for _, change := range op.changes {
			if e := change.exception; e != nil {
				fmt.Fprintf(&b, "- **Breaking**: `%s`: %s. %s\n", op.id, change.text, e.reason)
			} else {
				fmt.Fprintf(&b, "- `%s`: %s\n", op.id, change.text)
			}
		}
	}
	if c.verdict() <= docsOnly {
		b.WriteString("- Descriptions and examples only.\n")
	}
	return b.String()
}

// emptyExceptions takes the exceptions out, which the release has made true, and leaves the comment above them.
func emptyExceptions(file string) error {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var comment strings.Builder
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "#") {
			break
		}
		comment.WriteString(line)
	}
	return os.WriteFile(file, []byte(comment.String()+"[]\n"), 0o644) //nolint:gosec // part of the repository
}

// prepend puts the entries above the older ones.
func prepend(file, entries string) error {
	data, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	rest := strings.TrimPrefix(string(data), changelogTitle)
	return os.WriteFile(file, []byte(changelogTitle+entries+rest), 0o644) //nolint:gosec // part of the repository
}
