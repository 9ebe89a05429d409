// Command bench passes on what go test -bench prints, appends a table of the comparisons, and writes them as JSON.
//
// A comparison is a benchmark that reports one unit for two sides, as in service-ns/op and bare-ns/op.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// service is the side that every comparison has; the other is what it is held against.
const service = "service"

// units are the columns of the table.
var units = []string{"ns/op", "CPU-µs/op", "B/op", "allocs/op", "orders/s"}

const notes = `
ratio: the service's figure divided by the other's; of orders/s more is better, of everything else less
service: as in production, with answers sampled, limits too high to refuse, no mails and, for orders, no users service
bare: net/http, encoding/json, pgx and River's client without checks; proved to send the statements of the service
pgbench: PostgreSQL's load generator with the statements of an order; proved to write the same rows
on either side no work beside requests: no mails are sent, no events published, no audit entries sealed
in process: one caller, no network
over loopback: 16 callers, for orders in the service's process; ns/op is the time divided by the requests
CPU: user and system time of the serving process, without PostgreSQL's and the callers'
users POST hashes the password with the least argon2id (m=8, t=1) on either side; BenchmarkLeastHash is its cost
`

// comparison is the medians of two sides that took turns.
type comparison struct {
	Name string `json:"name"`
	// Rounds are what the medians are of.
	Rounds int `json:"rounds"`
	// Sides are the figures of each side by unit.
	Sides map[string]map[string]float64 `json:"sides"`
	// Ratio is the service's figure through the other's, by unit.
	Ratio map[string]float64 `json:"ratio"`
}

func run(args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	file := flags.String("json", "bench.json", "where the comparisons are written")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var all []comparison
	var name string // of the package
	failed := false
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20) // A check that fails shows all that it has compared.
	for lines.Scan() {
		line := lines.Text()
		fmt.Fprintln(out, line)
		if imported, found := strings.CutPrefix(line, "pkg: "); found {
			name = path.Base(imported)
		}
		failed = failed || strings.HasPrefix(line, "FAIL")
		if c, found := parse(line); found {
			c.Name = name + " " + c.Name
			all = append(all, c)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read what the benchmarks print: %w", err)
	}
	if failed || len(all) == 0 {
		return errors.New("a benchmark has failed or none has compared anything, " +
			"so there is no table: the lines above say why")
	}
	draw(out, all)
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(*file, append(text, '\n'), 0o600); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nthe comparisons are in", *file)
	return nil
}

// processors is what package testing puts behind a benchmark's name.
var processors = regexp.MustCompile(`-\d+$`)

// parse reads the line of a benchmark, and tells whether it compares two sides.
func parse(line string) (c comparison, compares bool) {
	fields := strings.Fields(line) // name, iterations, and then figures, each before its unit
	if len(fields) < 2 || !strings.HasPrefix(fields[0], "Benchmark") {
		return c, false
	}
	c = comparison{Sides: map[string]map[string]float64{}, Ratio: map[string]float64{}}
	_, c.Name, _ = strings.Cut(processors.ReplaceAllString(fields[0], ""), "/")
	c.Name = strings.ReplaceAll(c.Name, "_", " ")
	for figure := range slices.Chunk(fields[2:], 2) {
		value, err := strconv.ParseFloat(figure[0], 64)
		if err != nil || len(figure) < 2 {
			return c, false
		}
		side, unit, _ := strings.Cut(figure[1], "-")
		switch {
		case side == "rounds":
			c.Rounds = int(value)
		case slices.Contains(units, unit):
			if c.Sides[side] == nil {
				c.Sides[side] = map[string]float64{}
			}
			c.Sides[side][unit] = value
		}
	}
	if len(c.Sides) != 2 || c.Sides[service] == nil {
		return c, false
	}
	for unit, value := range c.Sides[service] {
		if other := c.Sides[c.other()][unit]; other > 0 {
			c.Ratio[unit] = value / other
		}
	}
	return c, true
}

// other is the side that the service is held against.
func (c comparison) other() string {
	for side := range c.Sides {
		if side != service {
			return side
		}
	}
	return ""
}

// draw writes the table.
func draw(out io.Writer, all []comparison) {
	row := func(name, rounds, side string, cell func(unit string) string) {
		var line strings.Builder
		fmt.Fprintf(&line, "%-24s %6s  %-8s", name, rounds, side)
		for _, unit := range units {
			fmt.Fprintf(&line, " %10s", cell(unit))
		}
		fmt.Fprintln(out, strings.TrimRight(line.String(), " "))
	}
	cells := func(format string, figures map[string]float64) func(string) string {
		return func(unit string) string {
			value, known := figures[unit]
			if !known {
				return ""
			}
			return fmt.Sprintf(format, value)
		}
	}
	fmt.Fprintln(out)
	row("", "rounds", "", func(unit string) string { return unit })
	for _, c := range all {
		row(c.Name, strconv.Itoa(c.Rounds), c.other(), cells("%.0f", c.Sides[c.other()]))
		row("", "", service, cells("%.0f", c.Sides[service]))
		row("", "", "ratio", cells("%.2f", c.Ratio))
	}
	fmt.Fprint(out, notes)
}
