package main

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"example.com/plumbline/test/contract/yamlnode"
)

// typeChange is a TypeScript type that differs.
type typeChange struct {
	name          string
	before, after string   // empty when it is not there
	users         []string // the operations that lead to it
}

// compareTypes finds the named schemas whose TypeScript type differs.
func compareTypes(before, after *document) []typeChange {
	old, current := before.schemas(), after.schemas()
	users := map[string][]string{}
	for _, d := range []*document{before, after} {
		for _, op := range d.operations {
			for pointer := range d.reach(op) {
				if name, is := strings.CutPrefix(pointer, schemaPrefix); is && !slices.Contains(users[name], op.id) {
					users[name] = append(users[name], op.id)
				}
			}
		}
	}
	var found []typeChange
	for _, name := range slices.Sorted(maps.Keys(merged(old, current))) {
		c := typeChange{name: name, before: typeOf(old[name], ""), after: typeOf(current[name], "")}
		if c.before != c.after {
			slices.Sort(users[name])
			c.users = users[name]
			found = append(found, c)
		}
	}
	return found
}

const schemaPrefix = "#/components/schemas/"

// typeOf is the TypeScript of a schema as openapi-typescript writes it, without comments; empty without a schema.
func typeOf(schema *yaml.Node, indent string) string {
	if schema == nil {
		return ""
	}
	written := bareTypeOf(schema, indent)
	if yamlnode.Text(yamlnode.Member(schema, "nullable")) == "true" {
		written += " | null"
	}
	return written
}

func bareTypeOf(schema *yaml.Node, indent string) string {
	if ref := yamlnode.Text(yamlnode.Member(schema, "$ref")); ref != "" {
		return `components["schemas"]["` + strings.TrimPrefix(ref, schemaPrefix) + `"]`
	}
	for key, glue := range map[string]string{"oneOf": " | ", "anyOf": " | ", "allOf": " & "} {
		if choices := yamlnode.Items(yamlnode.Member(schema, key)); choices != nil {
			var parts []string
			for _, choice := range choices {
				parts = append(parts, typeOf(choice, indent))
			}
			return strings.Join(parts, glue)
		}
	}
	kind := yamlnode.Text(yamlnode.Member(schema, "type"))
	if values := yamlnode.Items(yamlnode.Member(schema, "enum")); values != nil {
		var parts []string
		for _, value := range values {
			if kind == "string" {
				parts = append(parts, `"`+value.Value+`"`)
			} else {
				parts = append(parts, value.Value)
			}
		}
		return strings.Join(parts, " | ")
	}
	switch kind {
	case "integer", "number":
		return "number"
	case "array":
		item := typeOf(yamlnode.Member(schema, "items"), indent)
		if strings.Contains(item, " | ") && !strings.HasSuffix(item, "}") {
			item = "(" + item + ")"
		}
		return item + "[]"
	case "object":
		return objectTypeOf(schema, indent)
	default:
		return kind
	}
}

func objectTypeOf(schema *yaml.Node, indent string) string {
	var required []string
	for _, name := range yamlnode.Items(yamlnode.Member(schema, "required")) {
		required = append(required, name.Value)
	}
	inner := indent + "    "
	var lines []string
	for name, property := range yamlnode.Members(yamlnode.Member(schema, "properties")) {
		mark := "?"
		if slices.Contains(required, name) {
			mark = ""
		}
		lines = append(lines, inner+name+mark+": "+typeOf(property, inner)+";")
	}
	free := yamlnode.Member(schema, "additionalProperties")
	switch {
	case free != nil && free.Kind == yaml.MappingNode:
		lines = append(lines, inner+"[key: string]: "+typeOf(free, inner)+";")
	case yamlnode.Text(free) == "true":
		lines = append(lines, inner+"[key: string]: unknown;")
	case len(lines) == 0:
		return "Record<string, never>"
	}
	return "{\n" + strings.Join(lines, "\n") + "\n" + indent + "}"
}
