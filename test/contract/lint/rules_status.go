package main

import (
	"regexp"
	"strings"

	"example.com/plumbline/test/contract/yamlnode"
)

func statusRules() []rule {
	return []rule{
		{name: "status-known", check: checkStatusKnown,
			sentence: "Every status is three digits or default; 405 and other statuses of the router are not an operation's."},
		{name: "status-success", check: checkStatusSuccess,
			sentence: "Every operation has an answer of success."},
		{name: "status-default", check: checkStatusDefault,
			sentence: "Every operation has a default problem."},
		{name: "status-problem", check: checkProblemAnswers,
			sentence: "Every failure is application/problem+json with the schema Problem by $ref, and nothing else."},
		{name: "status-401", check: checkStatus401,
			sentence: "401 is listed where a token is needed, and never on a public operation without a body."},
		{name: "status-403-404", check: checkStatus403And404,
			sentence: "403 is listed where roles are needed, 404 where others' resources are hidden or the path has " +
				"parameters."},
		{name: "status-body", check: checkStatusBody,
			sentence: "400, 413, 415 and 422 are listed where there is a body; 413 and 415 only there."},
		{name: "status-422", check: checkStatus422,
			sentence: "422 is listed where there are parameters."},
		{name: "status-precondition", check: checkStatusPrecondition,
			sentence: "412 is listed where If-Match is taken, 428 where it is required."},
		{name: "status-429", check: checkStatus429,
			sentence: "429 is listed exactly where x-rate-limit is."},
		{name: "status-503", check: checkStatus503,
			sentence: "503 is listed on every operation that may be shed."},
		{name: "response-header", check: checkResponseHeaders,
			sentence: "Answers declare the headers that their status or the operation's policy promises."},
		{name: "response-described", check: checkResponseDescribed,
			sentence: "Every answer and every header of an answer has a description."},
	}
}

var statusForm = regexp.MustCompile(`^([1-5][0-9][0-9]|default)$`)

func checkStatusKnown(d *document, report reporter) {
	for _, op := range d.operations {
		for _, r := range op.responses {
			here := join(op.pointer, "responses", r.status)
			switch {
			case r.status == "405":
				report(here, "405 is answered by the router, not by an operation; take it out")
			case !statusForm.MatchString(r.status):
				report(here, "%q is not a status; write three digits or default", r.status)
			}
		}
	}
}

func checkStatusSuccess(d *document, report reporter) {
	for _, op := range d.operations {
		succeeds := false
		for _, r := range op.responses {
			succeeds = succeeds || r.isSuccess() || strings.HasPrefix(r.status, "3")
		}
		if !succeeds {
			report(op.at("responses"), "the operation has no answer of success; add one such as 200 or 204")
		}
	}
}

func checkStatusDefault(d *document, report reporter) {
	for _, op := range d.operations {
		requireStatus(report, op, "default", "any failure may come")
	}
}

func checkProblemAnswers(d *document, report reporter) {
	const media, problem = "application/problem+json", "#/components/schemas/Problem"
	for _, op := range d.operations {
		for _, r := range op.responses {
			if !r.isFailure() || r.node == nil {
				continue
			}
			content := d.mediaTypes(r.object)
			if len(content) != 1 || yamlnode.Member(yamlnode.Member(r.node, "content"), media) == nil {
				report(r.at("content"), "a failure must be %s and nothing else; give it that one media type", media)
				continue
			}
			if got := yamlnode.Text(yamlnode.Member(yamlnode.Member(content[0].node, "schema"), "$ref")); got != problem {
				report(content[0].at("schema"), "the schema of a failure is not Problem; write $ref: '%s'", problem)
			}
		}
	}
}

func checkStatus401(d *document, report reporter) {
	for _, op := range d.operations {
		switch {
		case !op.isPublic():
			requireStatus(report, op, "401", "the caller needs a token")
		case op.body == nil && op.answer("401") != nil:
			report(join(op.pointer, "responses", "401"),
				"a public operation without a body has no credentials to refuse; take 401 out")
		}
	}
}

func checkStatus403And404(d *document, report reporter) {
	for _, op := range d.operations {
		if len(op.roles()) > 0 && op.owner() == "" {
			requireStatus(report, op, "403", "the caller needs a role")
		}
		if len(op.pathParameters()) > 0 {
			requireStatus(report, op, "404", "what the path names may be missing, or hidden from the caller")
		}
	}
}

func checkStatusBody(d *document, report reporter) {
	for _, op := range d.operations {
		if op.body != nil {
			requireStatus(report, op, "400", "the body may be malformed")
			requireStatus(report, op, "413", "the body may be too large")
			requireStatus(report, op, "415", "the body may be of another media type")
			requireStatus(report, op, "422", "the body may break its schema")
			continue
		}
		for _, status := range []string{"413", "415"} {
			if op.answer(status) != nil {
				report(join(op.pointer, "responses", status), "the operation takes no body; take %s out", status)
			}
		}
	}
}

func checkStatus422(d *document, report reporter) {
	for _, op := range d.operations {
		if len(op.parameters) > 0 && op.body == nil {
			requireStatus(report, op, "422", "a parameter may break its schema")
		}
	}
}

func checkStatusPrecondition(d *document, report reporter) {
	for _, op := range d.operations {
		match := op.parameter("header", "If-Match")
		if match == nil {
			continue
		}
		requireStatus(report, op, "412", "the resource may have changed since the ETag in If-Match")
		if isTrue(match.node, "required") {
			requireStatus(report, op, "428", "the required If-Match may be missing")
		}
	}
}

func checkStatus429(d *document, report reporter) {
	for _, op := range d.operations {
		if op.isLimited() {
			requireStatus(report, op, "429", "the operation has x-rate-limit")
		} else if op.answer("429") != nil {
			report(join(op.pointer, "responses", "429"), "the operation has no x-rate-limit; add it or take 429 out")
		}
	}
}

func checkStatus503(d *document, report reporter) {
	for _, op := range d.operations {
		if yamlnode.Text(yamlnode.Member(op.node, "x-priority")) != "critical" {
			requireStatus(report, op, "503", "the operation may be shed when the service is overloaded")
		}
	}
}

func requireStatus(report reporter, op *operation, status, because string) {
	if op.answer(status) == nil {
		report(op.at("responses"), "%s is not listed though %s; add it", status, because)
	}
}

func checkResponseHeaders(d *document, report reporter) {
	for _, op := range d.operations {
		for _, r := range op.responses {
			if r.node == nil {
				continue
			}
			for _, name := range promisedAlways(r.status) {
				header := d.header(r, name)
				if header.node == nil {
					report(r.at("headers"), "the answer %s has no %s header; declare it", r.status, name)
				} else if !isTrue(header.node, "required") {
					report(header.at("required"), "%s comes with every answer that has it; declare it with required: true", name)
				}
			}
			for _, name := range promisedByPolicy(op, r) {
				if d.header(r, name).node == nil {
					report(r.at("headers"), "the answer %s of %s has no %s header; declare it", r.status, op.id, name)
				}
			}
		}
	}
}

// promisedAlways are the headers that every answer with the status has.
func promisedAlways(status string) []string {
	switch status {
	case "201":
		return []string{"Location"}
	case "401":
		return []string{"WWW-Authenticate"}
	case "429", "503":
		return []string{"Retry-After"}
	default:
		return nil
	}
}

// promisedByPolicy are the headers that the answer has because the operation is limited, deprecated or keeps answers.
func promisedByPolicy(op *operation, r response) []string {
	var names []string
	if op.isLimited() && (r.isSuccess() || r.status == "429") {
		names = append(names, "RateLimit", "RateLimit-Policy")
	}
	if op.isDeprecated() && r.isSuccess() {
		names = append(names, "Deprecation", "Sunset", "Link")
	}
	if op.isKeyed() && r.isSuccess() {
		names = append(names, "Idempotency-Replayed")
	}
	if op.isKeyed() && r.status == "409" {
		names = append(names, "Retry-After")
	}
	return names
}

// header is the header of the answer, compared without regard to case; its node is nil when there is none.
func (d *document) header(r response, name string) object {
	for declared := range yamlnode.Members(yamlnode.Member(r.node, "headers")) {
		if strings.EqualFold(declared, name) {
			return d.child(r.object, "headers", declared)
		}
	}
	return object{}
}

func checkResponseDescribed(d *document, report reporter) {
	for _, kind := range []string{"response", "header"} {
		for o := range d.of(kind) {
			if strings.TrimSpace(yamlnode.Text(yamlnode.Member(o.node, "description"))) == "" {
				report(o.at("description"), "the %s has no description; say what it tells the caller", kind)
			}
		}
	}
}
