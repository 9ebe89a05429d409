// Command lint refuses an OpenAPI document that breaks a rule of the contract.
//
// It prints every violation at once, in the order of the lines, each with its place and the way out:
//
//	openapi/users.yaml:31: #/paths/~1api~1v1~1users/post: operation-audit: …
//
// The exit code is 0 without violations, 1 with any, and 2 when the arguments or a file cannot be used.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const (
	exitClean     = 0
	exitViolation = 1
	exitUnusable  = 2
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program: arguments in, exit code out.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("lint", flag.ContinueOnError)
	flags.SetOutput(stderr)
	list := flags.Bool("rules", false, "list every rule with one sentence and stop")
	policyFile := flags.String("policy", "",
		"the JSON Schema of the extensions (default: policy.schema.json beside each document)")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: lint [-rules] [-policy FILE] DOCUMENT…")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitClean
		}
		return exitUnusable
	}
	if *list {
		for _, r := range allRules() {
			fmt.Fprintf(stdout, "%-22s %s\n", r.name, r.sentence)
		}
		return exitClean
	}
	if flags.NArg() == 0 {
		flags.Usage()
		return exitUnusable
	}

	exit, linted := exitClean, 0
	for _, file := range flags.Args() {
		switch result, err := lintFile(file, *policyFile, stdout); {
		case errors.Is(err, errNotADocument):
			fmt.Fprintf(stdout, "%s: passed over, it has neither `openapi` nor `paths`\n", file)
		case err != nil:
			fmt.Fprintln(stderr, err)
			exit = exitUnusable
		default:
			exit = max(exit, result)
			linted++
		}
	}
	if linted == 0 && exit == exitClean {
		fmt.Fprintln(stderr, "none of the files is an OpenAPI document; name at least one such as openapi/users.yaml")
		return exitUnusable
	}
	return exit
}

// lintFile prints the violations of one document and its closing line.
func lintFile(file, policyFile string, stdout io.Writer) (int, error) {
	if policyFile == "" {
		policyFile = filepath.Join(filepath.Dir(file), "policy.schema.json")
	}
	schemas, err := loadPolicySchemas(policyFile)
	if err != nil {
		return exitUnusable, err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return exitUnusable, fmt.Errorf("cannot read the document: %w; name a readable file", err)
	}
	doc, err := parse(data, schemas)
	if err != nil {
		return exitUnusable, fmt.Errorf("%s: %w", file, err)
	}

	rules := allRules()
	violations := lint(doc, rules)
	for _, v := range violations {
		fmt.Fprintf(stdout, "%s:%d: #%s: %s: %s\n", file, v.line, v.pointer, v.rule, v.message)
	}
	found := "no violations"
	switch n := len(violations); {
	case n == 1:
		found = "1 violation"
	case n > 1:
		found = fmt.Sprintf("%d violations", n)
	}
	fmt.Fprintf(stdout, "%s: %d operations, %d schemas, %d rules, %s\n",
		file, len(doc.operations), doc.countSchemas(), len(rules), found)
	if len(violations) > 0 {
		return exitViolation, nil
	}
	return exitClean, nil
}
