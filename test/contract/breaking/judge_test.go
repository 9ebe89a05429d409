package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestOasdiffKnowsTheRules compares the tables with oasdiff: they list no rule that it does not know, and none that it
// judges as they do.
func TestOasdiffKnowsTheRules(t *testing.T) {
	t.Parallel()
	program, err := theProgram()
	require.NoError(t, err)
	out, err := exec.CommandContext(t.Context(), program, "checks", "changelog", "--format", "json").Output()
	require.NoError(t, err)
	var rules []struct{ ID, Level string }
	require.NoError(t, json.Unmarshal(out, &rules))
	levels := map[string]string{}
	for _, r := range rules {
		levels[r.ID] = r.Level
	}
	for id, why := range harmful {
		require.Equal(t, "info", levels[id], id)
		require.NotEmpty(t, why)
	}
	for id, why := range harmless {
		require.Equal(t, "error", levels[id], id)
		require.NotEmpty(t, why)
	}
}

func TestDocsOnly(t *testing.T) {
	t.Parallel()
	text := releasedText(t, "orders")
	for _, edit := range []struct{ anchor, old, new string }{
		{"operationId: getStock", "summary: ", "summary: Please "},
		{"operationId: getStock", "available: 120", "available: 121"},
		{"    Stock:", "description: Units that can be ordered.", "description: Units for sale."},
	} {
		c := compareTo(t, "orders", text, edited(t, text, edit.anchor, edit.old, edit.new))
		require.Empty(t, said(c))
		require.Equal(t, docsOnly, c.verdict())
	}
	require.Equal(t, unchanged, compareTo(t, "orders", text, text).verdict())

	named := func(property map[string]any) map[string]any {
		return map[string]any{"properties": map[string]any{"description": property}}
	}
	described := map[string]any{"type": "string", "description": "Read me."}
	require.Equal(t, named(map[string]any{"type": "string"}), withoutDocs(named(described)))
}

func TestRemovalAfterSunset(t *testing.T) {
	t.Parallel()
	gone := policy{deprecated: true, sunset: sunset{Date: "2027-11-30"}}
	require.True(t, compareRemoval(gone, time.Date(2027, 11, 29, 23, 0, 0, 0, time.UTC)).breaking)
	require.False(t, compareRemoval(gone, time.Date(2027, 11, 30, 0, 0, 0, 0, time.UTC)).breaking)
}

func TestCodes(t *testing.T) {
	t.Parallel()
	was := policy{codes: map[string][]string{"409": {"taken", "gone"}, "422": {"odd"}}}
	for name, c := range map[string]struct {
		codes map[string][]string
		want  []string
	}{
		"the same":       {map[string][]string{"422": {"odd"}, "409": {"gone", "taken"}}, nil},
		"one added":      {map[string][]string{"409": {"taken", "gone", "full"}, "422": {"odd"}}, []string{"code-added"}},
		"one removed":    {map[string][]string{"409": {"taken", "gone"}}, []string{"code-removed"}},
		"another status": {map[string][]string{"409": {"taken"}, "410": {"gone"}, "422": {"odd"}}, []string{"code-moved!"}},
		"a status more": {
			map[string][]string{"409": {"taken", "gone"}, "410": {"gone"}, "422": {"odd"}}, []string{"code-moved!"},
		},
		"one renamed": {
			map[string][]string{"409": {"taken", "lost"}, "422": {"odd"}}, []string{"code-removed", "code-added"},
		},
	} {
		var found []string
		for _, n := range comparePolicies(was, policy{codes: c.codes}, today) {
			found = append(found, n.rule+map[bool]string{true: "!"}[n.breaking])
		}
		require.Equal(t, c.want, found, name)
	}
}

// slower is orders with a rate limit that is lower than was released.
func slower(t *testing.T) string {
	t.Helper()
	return edited(t, releasedText(t, "orders"), "operationId: listProducts", "requests: 1200", "requests: 1199")
}

// written is a file of that name with that content.
func written(t *testing.T, name, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	return file
}

func TestExceptions(t *testing.T) {
	t.Parallel()
	const excepted = "- document: orders\n  operation: listProducts\n  rule: rate-limit-lowered\n" +
		"  reason: For a test.\n  until: 2026-11-25\n"
	for _, c := range []struct {
		name, exceptions string
		exit             int
		says             string // after the name of the file when it begins with a colon
	}{
		{"none", "[]\n", exitBroken, "listProducts (GET /api/v1/products): rate-limit-lowered"},
		{"until today", excepted, exitPassed, "excepted until 2026-11-25: For a test."},
		{"of every operation", strings.Replace(excepted, "listProducts", "'*'", 1), exitPassed, "excepted until"},
		{"until yesterday", strings.Replace(excepted, "-25", "-24", 1), exitBroken,
			":1: the exception of orders listProducts from rate-limit-lowered expired after 2026-11-24"},
		{"not needed", excepted + strings.Replace(excepted, "lowered", "added", 1), exitBroken,
			":6: the exception of orders listProducts from rate-limit-added is not needed"},
		{"of another operation", strings.Replace(excepted, "listProducts", "getProduct", 1), exitBroken,
			":1: the exception of orders getProduct from rate-limit-lowered is not needed"},
		{"of another document", strings.Replace(excepted, "orders", "users", 1), exitBroken, "is not needed"},
		{"without a reason", strings.Replace(excepted, "  reason: For a test.\n", "", 1), exitUnusable,
			":1: the exception has no reason"},
		{"without a last day", strings.Replace(excepted, "  until: 2026-11-25\n", "", 1), exitUnusable,
			":1: the exception has no until"},
		{"with a day that is none", strings.Replace(excepted, "-25", "-31", 1), exitUnusable, `:5: "2026-11-31" is no day`},
		{"with a misspelt member", strings.Replace(excepted, "reason", "raeson", 1), exitUnusable, ":4: raeson is no member"},
		{"no list", "document: orders\n", exitUnusable, ":1: not a list"},
		{"torn", excepted + "- {\n", exitUnusable, "line 6"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			base := filepath.Dir(written(t, "orders.yaml", releasedText(t, "orders")))
			file := written(t, "exceptions.yaml", c.exceptions)
			var out bytes.Buffer
			args := []string{"-base", base, "-exceptions", file, written(t, "orders.yaml", slower(t))}
			exit := run(t.Context(), args, clock, &out, &out)
			require.Equal(t, c.exit, exit, out.String())
			if strings.HasPrefix(c.says, ":") {
				c.says = file + c.says
			}
			require.Contains(t, out.String(), c.says)
		})
	}
}

func clock() time.Time { return today }

func TestArguments(t *testing.T) {
	t.Parallel()
	nothing := written(t, "exceptions.yaml", "[]") // Those of the documents of now are not needed here.
	for _, c := range []struct {
		name string
		args []string
		exit int
		says string
	}{
		{"as released",
			[]string{"-base", released, "-exceptions", nothing, "openapi/released/users.yaml", "openapi/released/orders.yaml"},
			exitPassed, "0 operations breaking"},
		{"a revision of git", []string{"-base", "HEAD", "-report", t.TempDir(), "openapi/users.yaml", "openapi/orders.yaml"},
			exitPassed, "report.md"},
		{"neither folder nor revision", []string{"-base", "nowhere", "openapi/users.yaml"}, exitUnusable,
			"neither a folder nor a revision"},
		{"a released document is missing", []string{"openapi/users.yaml"}, exitUnusable, "orders.yaml has been released"},
		{"no document", nil, exitUnusable, "usage:"},
		{"an unknown flag", []string{"-x"}, exitUnusable, "usage:"},
		{"released and compared with something else", []string{"-release", "-base", "HEAD", "openapi/users.yaml"},
			exitUnusable, "usage:"},
		{"no file", []string{"-base", t.TempDir(), "nowhere.yaml"}, exitUnusable, "nowhere.yaml"},
		{"help", []string{"-h"}, exitPassed, "usage:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			exit := run(t.Context(), c.args, clock, &out, &out)
			require.Equal(t, c.exit, exit, out.String())
			require.Contains(t, out.String(), c.says)
		})
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	text := slower(t)
	text = edited(t, text, "    WebhookDeliveryStatus:", "enum: [pending, delivered, failed]",
		"enum: [pending, delivered, lost]")
	text = edited(t, text, "operationId: getStock", "roles: [staff, support]", "roles: [staff]")
	folder := filepath.Join(t.TempDir(), "contract-report")
	const excepted = "- document: orders\n  operation: listProducts\n  rule: rate-limit-lowered\n" +
		"  reason: <b>For a test.\n  until: 2026-12-31\n"
	exceptions, orders := written(t, "exceptions.yaml", excepted), written(t, "orders.yaml", text)
	var out bytes.Buffer
	args := []string{"-report", folder, "-exceptions", exceptions, "openapi/users.yaml", orders}
	exit := run(t.Context(), args, clock, &out, &out)
	require.Equal(t, exitPassed, exit, out.String())

	markdown, err := os.ReadFile(filepath.Join(folder, "report.md"))
	require.NoError(t, err)
	for _, line := range []string{
		"# Contract report: breaking",
		"| `getStock` GET /api/v1/products/{productId}/stock | breaking | staff (before: staff, support) |",
		"| `getOrder` GET /api/v1/orders/{orderId} | unchanged | the owner, support, staff, admin |",
		"- **breaking**: the role `support` may no longer call (`access-role-removed`, ",
		"; excepted until 2026-12-31: <b>For a test.",
		"### TypeScript type `WebhookDeliveryStatus`\n\nUsed by listWebhookDeliveries, replayWebhookDelivery.\n\n" +
			"```diff\n- \"pending\" | \"delivered\" | \"failed\"\n+ \"pending\" | \"delivered\" | \"lost\"\n```",
	} {
		require.Contains(t, string(markdown), line)
	}
	page, err := os.ReadFile(filepath.Join(folder, "report.html"))
	require.NoError(t, err)
	require.Contains(t, string(page), "the role <code>support</code> may no longer call")
	require.Contains(t, string(page), "&lt;b&gt;For a test.")
	require.NotRegexp(t, `(?i)(src|href)\s*=|<script|@import|url\(`, string(page), "the page must not need anything else")
}

func TestDifference(t *testing.T) {
	t.Parallel()
	require.Equal(t, []reportedLine{{" ", "a"}, {"-", "b"}, {"+", "x"}, {" ", "c"}, {"+", "d"}},
		difference("a\nb\nc", "a\nx\nc\nd"))
	require.Equal(t, []reportedLine{{"+", "a"}}, difference("", "a"))
	require.Equal(t, []reportedLine{{"-", "a"}}, difference("a", ""))
}

// TestTypesAreThoseOfTheClient holds the types of the report against those that openapi-typescript makes.
func TestTypesAreThoseOfTheClient(t *testing.T) {
	t.Parallel()
	comment := regexp.MustCompile(`(?s)[ \t]*/\*\*.*?\*/\n?`)
	for _, name := range []string{"users", "orders"} {
		made, err := os.ReadFile(filepath.Join("gen", "ts", name+".ts"))
		require.NoError(t, err)
		client := comment.ReplaceAllString(string(made), "")
		data, err := os.ReadFile(filepath.Join("openapi", name+".yaml"))
		require.NoError(t, err)
		d, err := parse(name+".yaml", data)
		require.NoError(t, err)
		require.NotEmpty(t, d.schemas())
		for schema, node := range d.schemas() {
			require.Contains(t, client, "\n        "+schema+": "+typeOf(node, "        ")+";\n")
		}
	}
}

func TestRelease(t *testing.T) {
	t.Parallel()
	text := releasedText(t, "orders")
	added := edited(t, text, "    WebhookDelivery:", "      properties:\n",
		"      properties:\n        colour: {type: string, maxLength: 20}\n")
	withVersion := func(text, version string) string {
		return edited(t, text, "info:", "version: 1.0.0", "version: "+version)
	}
	const excepted = "# Why.\n- document: orders\n  operation: listProducts\n  rule: rate-limit-lowered\n" +
		"  reason: For a test.\n  until: 2026-12-31\n"
	for _, c := range []struct {
		name, document, exceptions string
		exit                       int
		says                       string // in the changelog, or on the terminal when nothing is released
	}{
		{"additive, with the old version", added, "", exitBroken, "info.version must be at least 1.1.0 and is 1.0.0"},
		{"additive, as a patch", withVersion(added, "1.0.1"), "", exitBroken, "at least 1.1.0"},
		{"additive", withVersion(added, "1.1.0"), "", exitPassed,
			"## orders 1.1.0, 2026-11-25\n\n- `listWebhookDeliveries`: added the optional property"},
		{"breaking", withVersion(slower(t), "2.0.0"), "", exitBroken, "rate-limit-lowered"},
		{"breaking and excepted, as a minor", withVersion(slower(t), "1.9.0"), excepted, exitBroken, "at least 2.0.0"},
		{"breaking and excepted", withVersion(slower(t), "2.0.0"), excepted, exitPassed,
			"- **Breaking**: `listProducts`: the rate limit is 1199 in 1m per address, " +
				"before 1200 in 1m per address. For a test.\n"},
		{"docs only", withVersion(edited(t, text, "operationId: getStock", "summary: ", "summary: Please "), "1.0.1"), "",
			exitPassed, "## orders 1.0.1, 2026-11-25\n\n- Descriptions and examples only.\n"},
		{"nothing", text, "", exitPassed, "nothing to release"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			base := filepath.Join(dir, "released")
			require.NoError(t, os.Mkdir(base, 0o755))
			exceptions, changelog := filepath.Join(base, exceptionsName), filepath.Join(dir, "CHANGELOG.md")
			before := changelogTitle + "\n## orders 1.0.0, 2026-11-01\n"
			for file, content := range map[string]string{
				filepath.Join(base, "orders.yaml"): text, filepath.Join(dir, "orders.yaml"): c.document,
				exceptions: c.exceptions, changelog: before,
			} {
				require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
			}
			var out bytes.Buffer
			exit, err := judge(t.Context(), task{
				base: base, exceptions: exceptions, release: true, now: today, stdout: &out,
				documents: []string{filepath.Join(dir, "orders.yaml")},
			})
			require.NoError(t, err)
			require.Equal(t, c.exit, exit, out.String())

			now, err := os.ReadFile(changelog)
			require.NoError(t, err)
			kept, err := os.ReadFile(filepath.Join(base, "orders.yaml"))
			require.NoError(t, err)
			if c.exit != exitPassed || c.document == text {
				require.Contains(t, out.String(), c.says)
				require.Equal(t, before, string(now))
				require.Equal(t, text, string(kept))
				return
			}
			require.Contains(t, string(now), c.says)
			require.True(t, strings.HasPrefix(string(now), changelogTitle))
			require.True(t, strings.HasSuffix(string(now), "\n## orders 1.0.0, 2026-11-01\n"))
			require.Equal(t, c.document, string(kept))
			left, err := readExceptions(exceptions)
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}
