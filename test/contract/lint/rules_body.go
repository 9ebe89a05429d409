package main

import (
	"slices"
	"strings"

	"example.com/plumbline/test/contract/yamlnode"
)

func bodyRules() []rule {
	return []rule{
		{name: "body-required", check: checkBodyRequired,
			sentence: "A request body is required: true unless it is an object that may be empty, and never on GET or HEAD."},
		{name: "body-media-type", check: checkBodyMediaType,
			sentence: "A request body is application/json; a PATCH may take application/merge-patch+json instead."},
		{name: "body-schema-named", check: checkBodySchemaNamed,
			sentence: "The schema of a request body is a component of its own, by $ref."},
		{name: "schema-one-way", check: checkSchemaOneWay,
			sentence: "No object schema travels both in requests and in answers."},
		{name: "request-closed", check: checkRequestClosed,
			sentence: "Every object of a request has additionalProperties: false."},
		{name: "request-no-all-of", check: checkRequestAllOf,
			sentence: "No schema of a request uses allOf, which closed objects cannot be composed with."},
		{name: "schema-present", check: checkSchemaPresent,
			sentence: "Every media type, parameter and header has a schema."},
	}
}

func checkBodyRequired(d *document, report reporter) {
	for _, op := range d.operations {
		switch {
		case op.body == nil:
		case op.method == "GET" || op.method == "HEAD":
			report(join(op.pointer, "requestBody"), "a %s has no body; use parameters, or POST", op.method)
		case !isTrue(op.body.node, "required") && !d.mayBeEmpty(*op.body):
			report(op.body.at("required"), "the request body is not required though it must hold something; add required: true")
		}
	}
}

// mayBeEmpty says whether every schema of the body is an object that holds something only if the caller wants.
func (d *document) mayBeEmpty(body object) bool {
	for _, media := range d.mediaTypes(body) {
		s := d.child(media, "schema").node
		least := yamlnode.Text(yamlnode.Member(s, "minProperties"))
		if !hasType(s, "object") || len(yamlnode.Items(yamlnode.Member(s, "required"))) > 0 || least != "" && least != "0" {
			return false
		}
	}
	return true
}

func checkBodyMediaType(d *document, report reporter) {
	for _, op := range d.operations {
		if op.body == nil {
			continue
		}
		allowed := []string{"application/json"}
		if op.method == "PATCH" {
			allowed = append(allowed, "application/merge-patch+json")
		}
		var names []string
		for name := range yamlnode.Members(yamlnode.Member(op.body.node, "content")) {
			names = append(names, name)
		}
		if len(names) != 1 || !slices.Contains(allowed, names[0]) {
			report(op.body.at("content"), "the request body must have exactly one media type; write %s",
				strings.Join(allowed, " or "))
		}
	}
}

func checkBodySchemaNamed(d *document, report reporter) {
	for _, op := range d.operations {
		if op.body == nil {
			continue
		}
		for _, media := range d.mediaTypes(*op.body) {
			ref := yamlnode.Text(yamlnode.Member(yamlnode.Member(media.node, "schema"), "$ref"))
			if !strings.HasPrefix(ref, "#/components/schemas/") {
				report(media.at("schema"),
					"the schema of the request body has no name; make it a component and refer to it by $ref")
			}
		}
	}
}

func checkSchemaOneWay(d *document, report reporter) {
	for s := range d.schemas(inRequest) {
		if isObject(s) && d.uses[s.pointer]&inResponse != 0 {
			report(s.pointer, "the object is taken in a request and given in an answer; write one schema for each")
		}
	}
}

func checkRequestClosed(d *document, report reporter) {
	for s := range d.schemas(inRequest) {
		if isObject(s) && !isFalse(s.node, "additionalProperties") {
			report(s.at("additionalProperties"), "the object of a request is open; add additionalProperties: false")
		}
	}
}

func checkRequestAllOf(d *document, report reporter) {
	for s := range d.schemas(inRequest) {
		if yamlnode.Member(s.node, "allOf") != nil {
			report(s.at("allOf"), "the schema of a request uses allOf; write its properties out")
		}
	}
}

func checkSchemaPresent(d *document, report reporter) {
	for _, kind := range []string{"mediaType", "parameter", "header"} {
		for o := range d.of(kind) {
			if yamlnode.Member(o.node, "schema") == nil {
				report(o.pointer, "the %s has no schema; add one, so that what it holds is bounded", kind)
			}
		}
	}
}

func isObject(s object) bool {
	return yamlnode.Text(yamlnode.Member(s.node, "type")) == "object" || yamlnode.Member(s.node, "properties") != nil
}
