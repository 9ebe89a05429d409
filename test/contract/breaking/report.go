package main

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

//go:embed report.html
var page string

// reported is what both forms of the report show.
type reported struct {
	Base      string
	Day       string
	Verdict   string
	Documents []reportedDocument
}

type reportedDocument struct {
	Name, Before, After string
	Counts              []reportedCount
	Operations          []reportedOperation
	Types               []reportedType
}

type reportedCount struct {
	Verdict string
	Count   int
}

type reportedOperation struct {
	ID, Route, Verdict, Callers string
	Changes                     []reportedChange
}

type reportedChange struct {
	Rule, Text, Place, Verdict, Exception string
}

type reportedType struct {
	Name, Users string
	Lines       []reportedLine
}

// reportedLine is a line of TypeScript that goes (-), comes (+) or stays.
type reportedLine struct{ Mark, Text string }

func writeReport(t task, comparisons []*comparison) error {
	r := gather(t, comparisons)
	if err := os.MkdirAll(t.report, 0o755); err != nil { //nolint:gosec // to be read by anybody
		return err
	}
	var html strings.Builder
	functions := template.FuncMap{"code": code, "slug": func(s string) string { return strings.ReplaceAll(s, " ", "-") }}
	if err := template.Must(template.New("report").Funcs(functions).Parse(page)).Execute(&html, r); err != nil {
		return err
	}
	for name, text := range map[string]string{"report.html": html.String(), "report.md": r.markdown()} {
		file := filepath.Join(t.report, name)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil { //nolint:gosec // to be read by anybody
			return err
		}
	}
	fmt.Fprintf(t.stdout, "%s: report.md and report.html are in %s\n", r.Verdict, t.report)
	return nil
}

// code writes what stands between back quotes as code.
func code(text string) template.HTML {
	var b strings.Builder
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			b.WriteString("<code>" + template.HTMLEscapeString(part) + "</code>")
			continue
		}
		b.WriteString(template.HTMLEscapeString(part))
	}
	return template.HTML(b.String()) //nolint:gosec // escaped part by part
}

func gather(t task, comparisons []*comparison) reported {
	r := reported{Base: t.base, Day: t.now.Format(time.DateOnly)}
	heaviest := unchanged
	for _, c := range comparisons {
		heaviest = max(heaviest, c.verdict())
		heaviestFirst := func(a, b *compared) int { return cmp.Compare(b.verdict, a.verdict) }
		d := reportedDocument{Name: c.after.name, Before: c.before.version, After: c.after.version}
		counts := map[verdict]int{}
		for _, op := range slices.SortedStableFunc(slices.Values(c.each()), heaviestFirst) {
			if op == &c.general && len(op.changes) == 0 {
				continue
			}
			counts[op.verdict]++
			d.Operations = append(d.Operations, op.reported())
		}
		for v := breaking; v >= unchanged; v-- {
			d.Counts = append(d.Counts, reportedCount{v.String(), counts[v]})
		}
		for _, change := range c.types {
			users := "no operation"
			if len(change.users) > 0 {
				users = strings.Join(change.users, ", ")
			}
			d.Types = append(d.Types, reportedType{change.name, users, difference(change.before, change.after)})
		}
		r.Documents = append(r.Documents, d)
	}
	r.Verdict = heaviest.String()
	return r
}

func (op *compared) reported() reportedOperation {
	callers := cmp.Or(op.after, op.before)
	if op.before != "" && op.after != "" && op.before != op.after {
		callers = op.after + " (before: " + op.before + ")"
	}
	shown := reportedOperation{
		ID: op.id, Route: op.route, Verdict: op.verdict.String(), Callers: cmp.Or(callers, "everybody"),
	}
	breakingFirst := func(a, b change) int { return cmp.Compare(b.weight(), a.weight()) }
	for _, c := range slices.SortedStableFunc(slices.Values(op.changes), breakingFirst) {
		one := reportedChange{Rule: c.rule, Text: c.text, Place: c.place, Verdict: c.weight().String()}
		if c.exception != nil {
			one.Exception = "excepted until " + c.exception.until + ": " + c.exception.reason
		}
		shown.Changes = append(shown.Changes, one)
	}
	return shown
}

// difference is the lines of both texts in one, by their longest common subsequence.
func difference(before, after string) []reportedLine {
	var a, b []string
	if before != "" {
		a = strings.Split(before, "\n")
	}
	if after != "" {
		b = strings.Split(after, "\n")
	}
	common := make([][]int, len(a)+1) // of what is left from here on
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i, old := range slices.Backward(a) {
		for j, current := range slices.Backward(b) {
			common[i][j] = max(common[i+1][j], common[i][j+1])
			if old == current {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	var lines []reportedLine
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			lines = append(lines, reportedLine{" ", a[i]})
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || common[i+1][j] >= common[i][j+1]):
			lines = append(lines, reportedLine{"-", a[i]})
			i++
		default:
			lines = append(lines, reportedLine{"+", b[j]})
			j++
		}
	}
	return lines
}

// markdown is the report for a pull request.
func (r reported) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Contract report: %s\n\nCompared with `%s` on %s.\n", r.Verdict, r.Base, r.Day)
	for _, d := range r.Documents {
		fmt.Fprintf(&b, "\n## %s %s → %s\n\n", d.Name, d.Before, d.After)
		var counts []string
		for _, c := range d.Counts {
			counts = append(counts, fmt.Sprintf("%d %s", c.Count, c.Verdict))
		}
		fmt.Fprintf(&b, "%s.\n", strings.Join(counts, ", "))
		d.markdownOperations(&b)
		for _, changed := range d.Types {
			fmt.Fprintf(&b, "\n### TypeScript type `%s`\n\nUsed by %s.\n\n```diff\n", changed.Name, changed.Users)
			for _, line := range changed.Lines {
				fmt.Fprintf(&b, "%s %s\n", line.Mark, line.Text)
			}
			b.WriteString("```\n")
		}
	}
	return b.String()
}

func (d reportedDocument) markdownOperations(b *strings.Builder) {
	b.WriteString("\n| operation | verdict | who may call |\n| --- | --- | --- |\n")
	for _, op := range d.Operations {
		fmt.Fprintf(b, "| `%s` %s | %s | %s |\n", op.ID, op.Route, op.Verdict, op.Callers)
	}
	for _, op := range d.Operations {
		if len(op.Changes) == 0 {
			continue
		}
		fmt.Fprintf(b, "\n### `%s`: %s\n\nTouches %s.\n\n", op.ID, op.Verdict, op.Callers)
		for _, c := range op.Changes {
			fmt.Fprintf(b, "- **%s**: %s (`%s`, %s)", c.Verdict, c.Text, c.Rule, c.Place)
			if c.Exception != "" {
				fmt.Fprintf(b, "; %s", c.Exception)
			}
			b.WriteString("\n")
		}
	}
}
