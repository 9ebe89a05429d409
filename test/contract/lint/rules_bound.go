package main

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"example.com/plumbline/test/contract/yamlnode"
)

func boundRules() []rule {
	return []rule{
		{name: "schema-typed", check: checkSchemaTyped,
			sentence: "Every schema has a type, or is a choice of typed schemas."},
		{name: "string-length", check: checkStringLength,
			sentence: "Every string has maxLength, unless its values are listed."},
		{name: "string-form", check: checkStringForm,
			sentence: "Every string of a request has a pattern, a format or an enum, or x-free-text: true."},
		{name: "format-known", check: checkFormatKnown,
			sentence: "Every format is one that the services register."},
		{name: "array-length", check: checkArrayLength,
			sentence: "Every array has maxItems."},
		{name: "integer-bounds", check: checkIntegerBounds,
			sentence: "Every integer has minimum and maximum within 2^53-1, which every JSON reader keeps exactly."},
		{name: "number-bounds", check: checkNumberBounds,
			sentence: "Every number has minimum and maximum."},
		{name: "object-bounds", check: checkObjectBounds,
			sentence: "Every object with free names has maxProperties."},
		{name: "enum-unique", check: checkEnumUnique,
			sentence: "No enum lists a value twice."},
		{name: "enum-open", check: checkEnumOpen,
			sentence: "An enum of an answer is marked x-extensible-enum: true, one of requests alone is not."},
	}
}

const bothWays = inRequest | inResponse

func checkSchemaTyped(d *document, report reporter) {
	for s := range d.schemas(bothWays) {
		typed := yamlnode.Text(yamlnode.Member(s.node, "type")) != ""
		for _, key := range []string{"allOf", "oneOf", "anyOf"} {
			typed = typed || yamlnode.Member(s.node, key) != nil
		}
		if !typed {
			report(s.pointer, "the schema has no type and so accepts everything; add its type")
		}
	}
}

func checkStringLength(d *document, report reporter) {
	for s := range d.typed(bothWays, "string") {
		if yamlnode.Member(s.node, "maxLength") == nil && yamlnode.Member(s.node, "enum") == nil {
			report(s.pointer, "the string has no maxLength; add it")
		}
	}
}

func checkStringForm(d *document, report reporter) {
	for s := range d.typed(inRequest, "string") {
		if isTrue(s.node, "x-free-text") {
			continue
		}
		given := func(key string) bool { return yamlnode.Member(s.node, key) != nil }
		if !given("pattern") && !given("format") && !given("enum") {
			report(s.pointer, "the string of a request has no form; add a pattern or a format, or x-free-text: true")
		}
	}
}

func checkFormatKnown(d *document, report reporter) {
	known := d.formatNames()
	for s := range d.of("schema") {
		if format := yamlnode.Text(yamlnode.Member(s.node, "format")); format != "" && !slices.Contains(known, format) {
			report(s.at("format"), "the format %q is not registered; use one of %s", format, strings.Join(known, ", "))
		}
	}
}

func checkArrayLength(d *document, report reporter) {
	for s := range d.typed(bothWays, "array") {
		if yamlnode.Member(s.node, "maxItems") == nil {
			report(s.pointer, "the array has no maxItems; add it")
		}
	}
}

func checkIntegerBounds(d *document, report reporter) {
	const largest = 1<<53 - 1
	for s := range d.typed(bothWays, "integer") {
		for _, key := range []string{"minimum", "maximum"} {
			var bound int64
			switch node := yamlnode.Member(s.node, key); {
			case node == nil:
				report(s.pointer, "the integer has no %s; add it", key)
			case node.Decode(&bound) != nil || bound > largest || bound < -largest:
				report(s.at(key), "the %s is not an integer within 9007199254740991; choose a smaller one", key)
			}
		}
	}
}

func checkNumberBounds(d *document, report reporter) {
	for s := range d.typed(bothWays, "number") {
		for _, key := range []string{"minimum", "maximum"} {
			if yamlnode.Member(s.node, key) == nil {
				report(s.pointer, "the number has no %s; add it", key)
			}
		}
	}
}

func checkObjectBounds(d *document, report reporter) {
	for s := range d.schemas(bothWays) {
		extra := yamlnode.Member(s.node, "additionalProperties")
		named := yamlnode.Member(s.node, "properties") != nil && extra == nil
		if isObject(s) && !named && !isFalse(s.node, "additionalProperties") &&
			yamlnode.Member(s.node, "maxProperties") == nil {
			report(s.pointer, "the object may have any names and has no maxProperties; add it")
		}
	}
}

func checkEnumUnique(d *document, report reporter) {
	for s := range d.of("schema") {
		seen := map[string]bool{}
		for _, value := range texts(yamlnode.Member(s.node, "enum")) {
			if seen[value] {
				report(s.at("enum"), "the enum lists %q twice; keep one", value)
			}
			seen[value] = true
		}
	}
}

func checkEnumOpen(d *document, report reporter) {
	for s := range d.schemas(bothWays) {
		if yamlnode.Member(s.node, "enum") == nil {
			continue
		}
		open := isTrue(s.node, "x-extensible-enum")
		switch answers := d.uses[s.pointer]&inResponse != 0; {
		case answers && !open:
			report(s.pointer, "the enum comes in answers, where clients must survive new values; add x-extensible-enum: true")
		case !answers && open:
			report(s.at("x-extensible-enum"), "the enum comes in requests alone, where it is closed; take x-extensible-enum out")
		}
	}
}

// typed are the schemas of that type that travel at least one of the ways.
func (d *document) typed(ways side, name string) func(yield func(object) bool) {
	return func(yield func(object) bool) {
		for s := range d.schemas(ways) {
			if hasType(s.node, name) && !yield(s) {
				return
			}
		}
	}
}

func hasType(n *yaml.Node, name string) bool {
	return yamlnode.Text(yamlnode.Member(n, "type")) == name
}
