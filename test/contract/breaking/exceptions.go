package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"go.yaml.in/yaml/v3"

	"example.com/plumbline/test/contract/yamlnode"
)

// exception lets one rule be broken by one operation until a day.
type exception struct {
	document  string
	operation string // its operationId, or * for all of the document and the document itself
	rule      string
	reason    string
	until     string // the last day, as in 2026-12-31

	line int
	used bool
}

// readExceptions reads the list of exceptions; a missing file has none. The error names everything that is wrong.
func readExceptions(file string) ([]*exception, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var tree yaml.Node
	if err := yaml.Unmarshal(data, &tree); err != nil {
		return nil, fmt.Errorf("%s: not readable as YAML: %w", file, err) // which says the line
	}
	if len(tree.Content) == 0 {
		return nil, nil
	}
	list := tree.Content[0]
	if list.Kind != yaml.SequenceNode {
		return nil, fmt.Errorf("%s:%d: not a list of exceptions", file, list.Line)
	}
	var all []*exception
	var errs []error
	for _, entry := range list.Content {
		e, err := readException(file, entry)
		errs = append(errs, err)
		all = append(all, e)
	}
	return all, errors.Join(errs...)
}

func readException(file string, entry *yaml.Node) (*exception, error) {
	e := &exception{line: entry.Line}
	fields := map[string]*string{
		"document": &e.document, "operation": &e.operation, "rule": &e.rule, "reason": &e.reason, "until": &e.until,
	}
	var errs []error
	refuse := func(line int, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s:%d: %s", file, line, fmt.Sprintf(format, args...)))
	}
	for name, value := range yamlnode.Members(entry) {
		field := fields[name]
		if field == nil {
			refuse(value.Line, "%s is no member of an exception: document, operation, rule, reason and until are", name)
			continue
		}
		*field = yamlnode.Text(value)
	}
	for _, name := range []string{"document", "operation", "rule", "reason", "until"} {
		if *fields[name] == "" {
			refuse(entry.Line, "the exception has no %s", name)
		}
	}
	if _, err := time.Parse(time.DateOnly, e.until); e.until != "" && err != nil {
		refuse(yamlnode.Member(entry, "until").Line, "%q is no day; write it as in 2026-12-31", e.until)
	}
	return e, errors.Join(errs...)
}

// expired says whether the last day is over.
func (e *exception) expired(today time.Time) bool { return e.until < today.Format(time.DateOnly) }

// except marks the breaking changes that may be.
func except(comparisons []*comparison, exceptions []*exception, today time.Time) {
	for _, c := range comparisons {
		for _, op := range c.each() {
			for i := range op.changes {
				for _, e := range exceptions {
					covers := e.document == c.after.name && e.rule == op.changes[i].rule &&
						(e.operation == "*" || e.operation == op.id)
					if !op.changes[i].breaking || !covers {
						continue
					}
					e.used = true
					if !e.expired(today) {
						op.changes[i].exception = e
					}
				}
			}
		}
	}
}
