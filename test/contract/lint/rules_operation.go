package main

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"example.com/plumbline/test/contract/yamlnode"
)

func operationRules() []rule {
	return []rule{
		{name: "operation-id", check: checkOperationID,
			sentence: "operationId is a known verb and a noun in lowerCamelCase; a suffix V2 is that of the path."},
		{name: "operation-id-unique", check: checkOperationIDUnique,
			sentence: "No two operations have one operationId."},
		{name: "operation-tag", check: checkOperationTag,
			sentence: "Every operation has exactly one tag."},
		{name: "operation-summary", check: checkSummary,
			sentence: "Every operation has a summary of at most 80 characters without a full stop."},
		{name: "operation-description", check: checkDescription,
			sentence: "Every operation says in a description what a caller needs to know."},
		{name: "parameter-described", check: checkParameterDescribed,
			sentence: "Every parameter has a description."},
		{name: "parameter-name", check: checkParameterNames,
			sentence: "Path parameters are lowerCamelCase, query parameters snake_case."},
	}
}

// verbs begin an operationId. A new one is welcome here, once none of these says it.
const verbs = " accept adjust answer archive cancel change confirm create delete deliver disable duplicate enable " +
	"end enrol export get list pay read refresh refund register remove replace replay report request reset restore " +
	"revoke rotate search send set ship start stream subscribe test unsubscribe update verify "

var (
	operationIDForm = regexp.MustCompile(`^([a-z]+)(?:[A-Z][a-z0-9]+)+?(V[0-9]+)?$`)
	lowerCamelCase  = regexp.MustCompile(`^[a-z]+([A-Z][a-z0-9]+)*$`)
	snakeCase       = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
)

func checkOperationID(d *document, report reporter) {
	for _, op := range d.operations {
		form := operationIDForm.FindStringSubmatch(op.id)
		switch {
		case form == nil:
			report(op.at("operationId"), "the operationId %q is not verb and noun such as createUser; rename it", op.id)
		case !strings.Contains(verbs, " "+form[1]+" "):
			report(op.at("operationId"),
				"the operationId %q does not begin with a known verb; use one of:%s; or, where none of them says it, "+
					"add yours to verbs in test/contract/lint/rules_operation.go",
				op.id, strings.TrimSuffix(verbs, " "))
		case form[2] != "" && !strings.Contains(op.path, "/"+strings.ToLower(form[2])+"/"):
			report(op.at("operationId"), "the operationId %q is not of the version in the path %s; correct one of them",
				op.id, op.path)
		}
	}
}

func checkOperationIDUnique(d *document, report reporter) {
	first := map[string]string{}
	for _, op := range d.operations {
		if other, taken := first[op.id]; taken && op.id != "" {
			report(op.at("operationId"), "the operationId %q is that of %s too; rename one of them", op.id, other)
			continue
		}
		first[op.id] = op.method + " " + op.path
	}
}

func checkOperationTag(d *document, report reporter) {
	for _, op := range d.operations {
		if n := len(yamlnode.Items(yamlnode.Member(op.node, "tags"))); n != 1 {
			report(op.at("tags"), "the operation has %d tags; give it exactly one", n)
		}
	}
}

func checkSummary(d *document, report reporter) {
	const longest = 80
	for _, op := range d.operations {
		summary := yamlnode.Text(yamlnode.Member(op.node, "summary"))
		switch {
		case summary == "":
			report(op.at("summary"), "the operation has no summary; say in a few words what it does")
		case utf8.RuneCountInString(summary) > longest:
			report(op.at("summary"), "the summary has more than %d characters; move the rest to the description", longest)
		case strings.HasSuffix(summary, "."):
			report(op.at("summary"), "the summary ends with a full stop; take it away")
		}
	}
}

func checkDescription(d *document, report reporter) {
	for _, op := range d.operations {
		if strings.TrimSpace(yamlnode.Text(yamlnode.Member(op.node, "description"))) == "" {
			report(op.at("description"), "the operation has no description; say what a caller needs to know")
		}
	}
}

func checkParameterDescribed(d *document, report reporter) {
	for p := range d.of("parameter") {
		if strings.TrimSpace(yamlnode.Text(yamlnode.Member(p.node, "description"))) == "" {
			report(p.at("description"), "the parameter %q has no description; say what it is",
				yamlnode.Text(yamlnode.Member(p.node, "name")))
		}
	}
}

func checkParameterNames(d *document, report reporter) {
	for p := range d.of("parameter") {
		name := yamlnode.Text(yamlnode.Member(p.node, "name"))
		switch in := yamlnode.Text(yamlnode.Member(p.node, "in")); {
		case in == "path" && !lowerCamelCase.MatchString(name):
			report(p.at("name"), "the path parameter %q is not lowerCamelCase; rename it", name)
		case in == "query" && !snakeCase.MatchString(name):
			report(p.at("name"), "the query parameter %q is not snake_case; rename it", name)
		}
	}
}

// pathParameters are the names of the operation's path parameters.
func (op *operation) pathParameters() []string {
	var names []string
	for _, p := range op.parameters {
		if yamlnode.Text(yamlnode.Member(p.node, "in")) == "path" {
			names = append(names, yamlnode.Text(yamlnode.Member(p.node, "name")))
		}
	}
	return names
}

// parameter is the operation's parameter of that name and place, or nil. Names of headers match in any case.
func (op *operation) parameter(in, name string) *object {
	for i, p := range op.parameters {
		if yamlnode.Text(yamlnode.Member(p.node, "in")) == in &&
			strings.EqualFold(yamlnode.Text(yamlnode.Member(p.node, "name")), name) {
			return &op.parameters[i]
		}
	}
	return nil
}

// isSafe says whether the method changes nothing (RFC 9110, section 9.2.1).
func (op *operation) isSafe() bool {
	return slices.Contains([]string{"GET", "HEAD", "OPTIONS"}, op.method)
}

func (op *operation) isDeprecated() bool { return isTrue(op.node, "deprecated") }

func (op *operation) isLimited() bool { return yamlnode.Member(op.node, "x-rate-limit") != nil }

// isKeyed says whether a request may come with an Idempotency-Key.
func (op *operation) isKeyed() bool { return yamlnode.Member(op.node, "x-idempotency") != nil }

func (op *operation) isPublic() bool { return isTrue(yamlnode.Member(op.node, "x-access"), "public") }

// roles are those that x-access names.
func (op *operation) roles() []string {
	return texts(yamlnode.Member(yamlnode.Member(op.node, "x-access"), "roles"))
}

// owner is the path parameter that x-access names as the owner, "self", or empty.
func (op *operation) owner() string {
	return yamlnode.Text(yamlnode.Member(yamlnode.Member(op.node, "x-access"), "owner"))
}

// answer is the answer with that status, or nil.
func (op *operation) answer(status string) *response {
	for i, r := range op.responses {
		if r.status == status {
			return &op.responses[i]
		}
	}
	return nil
}
