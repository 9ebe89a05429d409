// Settings writes docs/settings.md from the structs that the services read their settings into. make gen calls it.
package main

import (
	_ "embed"
	"fmt"
	"os"
	"slices"
	"strings"

	"example.com/plumbline/gen/services"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/settings"
)

// path is that of the page, from the root of the repository.
const path = "docs/settings.md"

// head is written in a file, because Go has no raw string with backquotes in it.
//
//go:embed head.txt
var head string

func main() {
	page, err := render(services.All())
	if err == nil {
		err = os.WriteFile(path, []byte(page), 0o644) //nolint:gosec // It is a page for everybody.
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// render gives the page: a table for each service.
func render(all []program.Service) (string, error) {
	var page strings.Builder
	page.WriteString(head)
	for _, s := range all {
		commands, err := s.Program.Settings()
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&page, "\n## %s\n\n| setting | commands | type | unit | default | at run time | what it does |\n"+
			"| --- | --- | --- | --- | --- | --- | --- |\n", s.Program.Name)
		for _, r := range rowsOf(commands) {
			taken := "all"
			if len(r.commands) < len(commands) {
				taken = strings.Join(r.commands, ", ")
			}
			fmt.Fprintf(&page, "| `%s` | %s | %s | %s | %s | %s | %s |\n", r.Name, taken, r.Type, r.Unit, code(r.Default),
				r.atRunTime(), markup.Replace(r.Usage))
		}
	}
	return page.String(), nil
}

// row is a setting that is the same in some commands.
type row struct {
	settings.Setting

	commands []string
	live     []string // those of the commands that read it again while they run
}

// rowsOf gives the settings of all commands in their order. One that differs between commands has a row for each form.
func rowsOf(commands []program.CommandSettings) (rows []*row) {
	for _, c := range commands {
		for _, s := range c.Settings {
			i := slices.IndexFunc(rows, func(r *row) bool { return r.Setting == s })
			if i < 0 {
				i = len(rows)
				rows = append(rows, &row{Setting: s})
			}
			rows[i].commands = append(rows[i].commands, c.Name)
			if c.Live && s.Reload {
				rows[i].live = append(rows[i].live, c.Name)
			}
		}
	}
	return rows
}

func (r *row) atRunTime() string {
	switch {
	case len(r.live) == 0:
		return "no"
	case len(r.live) == len(r.commands):
		return "yes"
	default:
		return "in " + strings.Join(r.live, ", ")
	}
}

// markup escapes what Markdown would take for a cell or for HTML.
var markup = strings.NewReplacer("|", `\|`, "<", "&lt;")

func code(text string) string {
	if text == "" || strings.HasPrefix(text, "(") {
		return text
	}
	return "`" + text + "`"
}
