package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"
)

func TestAnalyzer(t *testing.T) {
	analysistest.Run(t, analysistest.TestData(), Analyzer, "planted", "fine", "kit")
}

// A package is looked at although its tests import testing: go vet compiles both as one. The place is planted beside
// the files of a real package, without touching the tree.
func TestPackageWithTests(t *testing.T) {
	folder := t.TempDir()
	linter, source := filepath.Join(folder, "sqltext"), filepath.Join(folder, "planted.go")
	overlay := filepath.Join(folder, "overlay.json")
	if out, err := exec.Command("go", "build", "-o", linter, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	replaced, err := json.Marshal(map[string]any{
		"Replace": map[string]string{filepath.Join(root, "impl/platform/audit/planted.go"): source},
	})
	if err != nil {
		t.Fatal(err)
	}
	const planted = `package audit

import "context"

func planted(ctx context.Context, d Database, name string) {
	_, _ = d.Exec(ctx, "SELECT '"+name+"'")
}
`
	for path, text := range map[string]string{source: planted, overlay: string(replaced)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	vet := exec.Command("go", "vet", "-overlay="+overlay, "-vettool="+linter, "./impl/platform/audit")
	vet.Dir = root
	out, err := vet.CombinedOutput()
	if want := "planted.go:6:21: this SQL text is not a constant"; err == nil || !strings.Contains(string(out), want) {
		t.Fatalf("%v\n%s\nlacks %q", err, out, want)
	}
}
