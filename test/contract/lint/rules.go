package main

import (
	"cmp"
	"fmt"
	"slices"
)

// rule is one rule of the contract.
type rule struct {
	name     string
	sentence string
	check    func(d *document, report reporter)
	// backstop rules run when no other rule has anything to say: theirs would repeat it, without a place.
	backstop bool
}

// reporter takes one violation: its place as a JSON pointer, and a sentence with the way out.
type reporter func(pointer, format string, args ...any)

type violation struct {
	line    int
	pointer string
	rule    string
	message string
}

// lint is every violation of the rules, sorted by line. What several operations share is reported once.
func lint(d *document, rules []rule) []violation {
	var found []violation
	for _, backstop := range []bool{false, true} {
		if backstop && len(found) > 0 {
			break
		}
		for _, r := range rules {
			if r.backstop == backstop {
				r.check(d, func(pointer, format string, args ...any) {
					_, line := d.lookup(pointer)
					found = append(found, violation{line, pointer, r.name, fmt.Sprintf(format, args...)})
				})
			}
		}
	}
	slices.SortFunc(found, func(a, b violation) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.pointer, b.pointer),
			cmp.Compare(a.rule, b.rule), cmp.Compare(a.message, b.message))
	})
	return slices.Compact(found)
}

// allRules is the table of the rules, in the order of the contract.
func allRules() []rule {
	return slices.Concat(
		documentRules(), operationRules(), statusRules(), bodyRules(), boundRules(),
		shapeRules(), exampleRules(), policyRules(), codeRules(),
	)
}
