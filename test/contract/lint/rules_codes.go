package main

import (
	"maps"
	"regexp"
	"slices"
	"strconv"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/test/contract/yamlnode"
)

func codeRules() []rule {
	return []rule{
		{name: "codes", check: checkCodes,
			sentence: "x-codes has its shape; its codes are values of ProblemCode, of failures that the operation lists, " +
				"and do not follow from the rest of it; what follows is in ProblemCode, too."},
		{name: "codes-described", check: checkCodesDescribed, backstop: true,
			sentence: "A code in backquotes in the description of a failure is one that every operation with that answer " +
				"can end with (asked when no other rule is broken)."},
		{name: "codes-used", check: checkCodesUsed, backstop: true,
			sentence: "Every ProblemCode is one that some operation can end with, " +
				"or comes before any operation (asked when no other rule is broken)."},
	}
}

// own are the problems that x-codes names, each with its place.
func (op *operation) own() map[string]contract.Problem {
	found := map[string]contract.Problem{}
	for status, list := range yamlnode.Members(yamlnode.Member(op.node, "x-codes")) {
		number, _ := strconv.Atoi(status) // The shape says what else is wrong with it.
		for i, code := range yamlnode.Items(list) {
			place := join(op.pointer, "x-codes", status, strconv.Itoa(i))
			found[place] = contract.Problem{Status: number, Code: yamlnode.Text(code)}
		}
	}
	return found
}

func (d *document) codes() []string {
	return texts(yamlnode.Member(d.component("schemas", "ProblemCode").node, "enum"))
}

// problems are all that an operation can end with.
func (d *document) problems(op *operation) []contract.Problem {
	return slices.AppendSeq(slices.Clone(d.following[op.id]), maps.Values(op.own()))
}

func checkCodes(d *document, report reporter) {
	shapeOf("x-codes")(d, report)
	known := d.component("schemas", "ProblemCode")
	codes := d.codes()
	if codes == nil {
		return // another rule's
	}
	for _, op := range d.operations {
		// The code of hidden_as has a rule of its own.
		hidden := yamlnode.Text(yamlnode.Member(yamlnode.Member(op.node, "x-access"), "hidden_as"))
		for _, p := range d.following[op.id] {
			if p.Code != hidden && !slices.Contains(codes, p.Code) {
				report(known.at("enum"), "ProblemCode has no %s, and some operation can end with it; add it", p.Code)
			}
		}
		for pointer, p := range op.own() {
			switch {
			case !slices.Contains(codes, p.Code):
				report(pointer, "%q is not a value of ProblemCode; add it there or correct it", p.Code)
			case op.answer(strconv.Itoa(p.Status)) == nil:
				report(pointer, "%s comes with %d, which is not listed; add it to the responses", p.Code, p.Status)
			case slices.Contains(d.following[op.id], p):
				report(pointer, "%s follows from the rest of the operation; take it out", p.Code)
			}
		}
	}
}

var quotedCode = regexp.MustCompile("`([a-z0-9_]+)`")

func checkCodesDescribed(d *document, report reporter) {
	if d.following == nil {
		return // kin-openapi cannot load it.
	}
	codes := d.codes()
	for _, op := range d.operations {
		for _, r := range op.responses {
			if !r.isFailure() {
				continue
			}
			for _, word := range quotedCode.FindAllStringSubmatch(yamlnode.Text(yamlnode.Member(r.node, "description")), -1) {
				if code := word[1]; slices.Contains(codes, code) && !d.endsWith(op, r.status, code) {
					report(r.at("description"),
						"%s cannot end with %s and the status %s; take it out, or give the operation another response",
						op.id, code, r.status)
				}
			}
		}
	}
}

// endsWith tells whether an operation can end with a code and a status; default is every status that is not listed.
func (d *document) endsWith(op *operation, status, code string) bool {
	return slices.ContainsFunc(d.problems(op), func(p contract.Problem) bool {
		number := strconv.Itoa(p.Status)
		return p.Code == code && (number == status || status == "default" && op.answer(number) == nil)
	})
}

func checkCodesUsed(d *document, report reporter) {
	if d.following == nil {
		return
	}
	used := []string{contract.ErrNotFound.Code, contract.ErrMethodNotAllowed.Code}
	for _, op := range d.operations {
		for _, p := range d.problems(op) {
			used = append(used, p.Code)
		}
	}
	known := d.component("schemas", "ProblemCode")
	for i, code := range d.codes() {
		if !slices.Contains(used, code) {
			report(join(known.at("enum"), strconv.Itoa(i)),
				"no operation can end with %s; name it in the x-codes of one or take it out", code)
		}
	}
}
