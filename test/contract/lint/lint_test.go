package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	validFile  = "testdata/valid.yaml"
	policyFile = "../../../openapi/policy.schema.json"
)

func TestValidDocument(t *testing.T) {
	t.Parallel()
	require.Empty(t, lintText(t, validText(t), allRules()))
}

func TestPlantedViolations(t *testing.T) {
	t.Parallel()
	valid := validText(t)
	for _, p := range plantedViolations {
		t.Run(p.want[0], func(t *testing.T) {
			t.Parallel()
			require.Equal(t, 1, strings.Count(valid, p.old), "%q must occur once in the valid document", p.old)
			require.ElementsMatch(t, p.want, lintText(t, strings.Replace(valid, p.old, p.new, 1), allRules()))
		})
	}
}

// TestEveryRuleIsPlanted fails for a rule that no planted violation breaks, and for one that is not in the table.
func TestEveryRuleIsPlanted(t *testing.T) {
	t.Parallel()
	broken := map[string]bool{}
	for _, p := range plantedViolations {
		for _, want := range p.want {
			broken[strings.Fields(want)[0]] = true
		}
	}
	known := map[string]bool{}
	for _, r := range allRules() {
		require.False(t, known[r.name], "the rule %s is in the table twice", r.name)
		require.NotEmpty(t, r.sentence)
		known[r.name] = true
	}
	require.Equal(t, known, broken)
}

// TestEachRuleIsNeeded shows that what breaks a rule passes when that rule alone is missing: no two rules do the same.
func TestEachRuleIsNeeded(t *testing.T) {
	t.Parallel()
	valid := validText(t)
	for _, r := range allRules() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			without := slices.DeleteFunc(allRules(), func(other rule) bool { return other.name == r.name || other.backstop })
			for _, p := range plantedViolations {
				if !slices.ContainsFunc(p.want, func(want string) bool { return strings.HasPrefix(want, r.name+" ") }) {
					continue
				}
				rest := slices.DeleteFunc(slices.Clone(p.want),
					func(want string) bool { return strings.HasPrefix(want, r.name+" ") })
				require.ElementsMatch(t, rest, lintText(t, strings.Replace(valid, p.old, p.new, 1), without))
			}
		})
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		return file
	}
	valid := validText(t)
	good := write("good.yaml", valid)
	bad := write("bad.yaml", strings.Replace(valid, "summary: Sign out", "summary: Sign out.", 1))
	other := write("other.yaml", "generate: {models: true}\n")
	torn := write("torn.yaml", "paths: {\n")
	circular := write("circular.yaml", "paths: &a [*a]\n")

	line := 0
	for i, text := range strings.Split(valid, "\n") {
		if strings.Contains(text, "summary: Sign out") {
			line = i + 1
		}
	}
	tests := []struct {
		name   string
		args   []string
		exit   int
		stdout string
		stderr string
	}{
		{"valid", []string{good}, exitClean, good + ": 7 operations, 10 schemas, 75 rules, no violations\n", ""},
		{"violation", []string{bad}, exitViolation,
			bad + ":" + strconv.Itoa(line) +
				": #/paths/~1api~1v1~1logout/post/summary: operation-summary: the summary ends with a full stop; take it away\n" +
				bad + ": 7 operations, 10 schemas, 75 rules, 1 violation\n", ""},
		{"another kind of file beside a document", []string{other, good}, exitClean, "passed over", ""},
		{"no document", []string{other}, exitUnusable, "passed over", "none of the files is an OpenAPI document"},
		{"a violation in the first of two", []string{bad, good}, exitViolation, "no violations", ""},
		{"unreadable in the first of two", []string{filepath.Join(dir, "missing.yaml"), good}, exitUnusable, "no violations",
			"cannot read the document"},
		{"not YAML", []string{torn}, exitUnusable, "", "not readable as YAML"},
		{"circular YAML", []string{circular}, exitUnusable, "", "not readable as YAML"},
		{"no argument", nil, exitUnusable, "", "usage: lint"},
		{"unknown flag", []string{"-fix", good}, exitUnusable, "", "usage: lint"},
		{"rules", []string{"-rules"}, exitClean, "policy-sunset", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			exit := run(append([]string{"-policy", policyFile}, tt.args...), &stdout, &stderr)
			require.Equal(t, tt.exit, exit, stderr.String())
			require.Contains(t, stdout.String(), tt.stdout)
			require.Contains(t, stderr.String(), tt.stderr)
		})
	}
}

// TestPolicySchemaMissing shows that the JSON Schema is looked for beside the document.
func TestPolicySchemaMissing(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	require.Equal(t, exitUnusable, run([]string{validFile}, &stdout, &stderr))
	require.Contains(t, stderr.String(), "testdata/policy.schema.json")
}

// TestStringFormats shows where examples are held to more than a request is.
func TestStringFormats(t *testing.T) {
	t.Parallel()
	tests := []struct {
		format, value string
		valid         bool
	}{
		{"uuid", "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77", true},
		{"uuid", "019324d2-3a5e-4c10-8f4e-2b6d1a9c0e77", false},
		{"uuid", "019324d23a5e7c108f4e2b6d1a9c0e77", false},
		{"date-time", "2026-11-23T09:30:00Z", true},
		{"date-time", "2026-11-23T09:30:00+01:00", false},
		{"date-time", "2026-11-23 Z", false},
	}
	for _, tt := range tests {
		t.Run(tt.format+" "+tt.value, func(t *testing.T) {
			t.Parallel()
			err := stringFormats()[tt.format].Validate(tt.value)
			require.Equal(t, tt.valid, err == nil, "%v", err)
		})
	}
}

func validText(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(validFile)
	require.NoError(t, err)
	return string(data)
}

// policyOnce compiles the JSON Schema, which no test changes, once for all of them.
var policyOnce = sync.OnceValues(func() (*policySchemas, error) { return loadPolicySchemas(policyFile) })

// parsed has the documents that tests have parsed: parsing costs far more than the rules, and no rule changes a
// document.
var parsed sync.Map // text -> func() (*document, error)

// parseOnce parses a text when it is first asked for.
func parseOnce(text string) (*document, error) {
	parsing, _ := parsed.LoadOrStore(text, sync.OnceValues(func() (*document, error) {
		schemas, err := policyOnce()
		if err != nil {
			return nil, err
		}
		return parse([]byte(text), schemas)
	}))
	return parsing.(func() (*document, error))()
}

// lintText is the violations as "rule #/place".
func lintText(t *testing.T, text string, rules []rule) []string {
	t.Helper()
	d, err := parseOnce(text)
	require.NoError(t, err)
	var found []string
	for _, v := range lint(d, rules) {
		require.Positive(t, v.line)
		require.Contains(t, v.message, ";", "the message of %s must name the way out", v.rule)
		found = append(found, v.rule+" #"+v.pointer)
	}
	return found
}
