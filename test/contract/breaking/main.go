// Command breaking compares the documents with those released last and fails when a difference would break a caller.
//
// It prints every breaking difference at once, each with its place, its operation and its rule:
//
//	openapi/orders.yaml:54: listProducts (GET /api/v1/products): request-parameter-max-length-decreased: …
//
// The exit code is 0 when nothing breaks, 1 when a change breaks without an exception or an exception has expired or is
// not needed, and 2 when the arguments or a file cannot be used.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

const (
	exitPassed   = 0
	exitBroken   = 1
	exitUnusable = 2

	released       = "openapi/released"
	exceptionsName = "exceptions.yaml"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], time.Now, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program, started in the root of the repository: arguments in, exit code out.
func run(ctx context.Context, args []string, clock func() time.Time, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("breaking", flag.ContinueOnError)
	flags.SetOutput(stderr)
	base := flags.String("base", released, "what to compare with: a folder of documents, or a revision of git")
	excepted := flags.String("exceptions", filepath.Join(released, exceptionsName), "the file of what may break")
	report := flags.String("report", "", "write report.md and report.html into this folder instead of judging")
	release := flags.Bool("release", false,
		"make the documents the released ones, with an entry in CHANGELOG.md beside them")
	flags.Usage = func() {
		fmt.Fprintln(stderr,
			"usage: breaking [-base FOLDER|REVISION] [-exceptions FILE] [-report FOLDER | -release] DOCUMENT…")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitPassed
		}
		return exitUnusable
	}
	if flags.NArg() == 0 || *release && (*report != "" || *base != released) {
		flags.Usage()
		return exitUnusable
	}
	code, err := judge(ctx, task{
		base: *base, exceptions: *excepted, report: *report, release: *release, documents: flags.Args(),
		now: clock(), stdout: stdout,
	})
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitUnusable
	}
	return code
}

// task is what the arguments ask for.
type task struct {
	base       string
	exceptions string
	report     string
	release    bool
	documents  []string
	now        time.Time
	stdout     io.Writer
}

func judge(ctx context.Context, t task) (int, error) {
	exceptions, err := readExceptions(t.exceptions)
	if err != nil {
		return exitUnusable, err
	}
	comparisons, err := compareAll(ctx, t)
	if err != nil {
		return exitUnusable, err
	}
	except(comparisons, exceptions, t.now)
	if t.report != "" {
		return exitPassed, writeReport(t, comparisons)
	}
	code := tell(t, comparisons, exceptions)
	if code != exitPassed || !t.release {
		return code, nil
	}
	return writeRelease(t, comparisons)
}

// compareAll compares every document with its namesake of the base.
func compareAll(ctx context.Context, t task) ([]*comparison, error) {
	program, err := oasdiff(ctx)
	if err != nil {
		return nil, err
	}
	base, err := openBase(ctx, t.base)
	if err != nil {
		return nil, err
	}
	if err := base.holdsOnly(t.documents); err != nil {
		return nil, err
	}
	var all []*comparison
	for _, file := range t.documents {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		before, err := base.read(ctx, file)
		if err != nil {
			return nil, err
		}
		c, err := compare(ctx, program, before, version{file, data}, t.now)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// tell prints what breaks and what is wrong with the exceptions.
func tell(t task, comparisons []*comparison, exceptions []*exception) int {
	failed := false
	for _, c := range comparisons {
		count := map[verdict]int{}
		for _, op := range c.each() {
			count[op.verdict]++
			for _, change := range op.changes {
				if !change.breaking {
					continue
				}
				line := fmt.Sprintf("%s: %s (%s): %s: %s", change.place, op.id, op.route, change.rule, change.text)
				if e := change.exception; e != nil {
					fmt.Fprintf(t.stdout, "%s; excepted until %s: %s\n", line, e.until, e.reason)
					continue
				}
				failed = true
				fmt.Fprintln(t.stdout, line)
			}
		}
		count[c.general.verdict]-- // It is no operation.
		fmt.Fprintf(t.stdout, "%s %s since %s: %d operations breaking, %d additive, %d docs only, %d unchanged\n",
			c.after.file, c.after.version, c.before.version, count[breaking], count[additive], count[docsOnly], count[unchanged])
	}
	if failed {
		fmt.Fprintf(t.stdout, "a caller would break: change the document so that it only adds, "+
			"or give a reason and a last day in %s\n", t.exceptions)
	}
	for _, e := range exceptions {
		which := fmt.Sprintf("%s:%d: the exception of %s %s from %s", t.exceptions, e.line, e.document, e.operation, e.rule)
		switch {
		case e.expired(t.now):
			failed = true
			fmt.Fprintf(t.stdout, "%s expired after %s; undo the change, or decide on another day\n", which, e.until)
		case !e.used:
			failed = true
			fmt.Fprintf(t.stdout, "%s is not needed; take it out\n", which)
		}
	}
	if failed {
		return exitBroken
	}
	return exitPassed
}
