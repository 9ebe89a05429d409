package main

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"

	"example.com/plumbline/test/contract/yamlnode"
)

func documentRules() []rule {
	return []rule{
		{name: "duplicate-key", check: checkDuplicateKeys,
			sentence: "No mapping of the YAML has a key twice."},
		{name: "openapi-version", check: checkVersion,
			sentence: "The document is OpenAPI 3.0.3."},
		{name: "info", check: checkInfo,
			sentence: "The document has a title, a version, a description and the name of a licence."},
		{name: "known-member", check: checkKnownMembers,
			sentence: "Every object has only members of OpenAPI 3.0.3 that the rules look into."},
		{name: "known-extension", check: checkKnownExtensions,
			sentence: "Every x- member is one of the contract, or an x-go- member, in its place."},
		{name: "reference-local", check: checkReferencesLocal,
			sentence: "Every $ref leads to a place in the same file."},
		{name: "reference-alone", check: checkReferencesAlone,
			sentence: "A $ref has no members beside it, which OpenAPI 3.0 ignores."},
		{name: "server-same-origin", check: checkServers,
			sentence: "Servers are paths such as /, so that Swagger UI stays on the origin that served it."},
		{name: "tag-declared", check: checkTags,
			sentence: "Every tag is declared once, described and used."},
		{name: "component-used", check: checkComponentsUsed,
			sentence: "Every component is reached from a path."},
		{name: "openapi-valid", check: checkOpenAPI, backstop: true,
			sentence: "kin-openapi accepts the document (asked when no other rule is broken)."},
	}
}

func checkDuplicateKeys(d *document, report reporter) {
	var visit func(pointer string, n *yaml.Node)
	visit = func(pointer string, n *yaml.Node) {
		switch n.Kind {
		case yaml.MappingNode:
			first := map[string]int{}
			for i := 0; i+1 < len(n.Content); i += 2 {
				key := n.Content[i]
				if line, duplicate := first[key.Value]; duplicate {
					report(join(pointer, key.Value), "the key %q of line %d comes again in line %d; keep one of them",
						key.Value, line, key.Line)
				} else {
					first[key.Value] = key.Line
				}
				visit(join(pointer, key.Value), n.Content[i+1])
			}
		case yaml.SequenceNode:
			for i, item := range n.Content {
				visit(join(pointer, strconv.Itoa(i)), item)
			}
		}
	}
	visit("", d.root)
}

func checkVersion(d *document, report reporter) {
	if got := yamlnode.Text(yamlnode.Member(d.root, "openapi")); got != "3.0.3" {
		report("/openapi", "the document is OpenAPI %q; write 3.0.3", got)
	}
}

func checkInfo(d *document, report reporter) {
	info := object{kind: "info", pointer: "/info", node: yamlnode.Member(d.root, "info")}
	for _, key := range []string{"title", "version", "description"} {
		if yamlnode.Text(yamlnode.Member(info.node, key)) == "" {
			report(info.at(key), "the document has no %s; add it to info", key)
		}
	}
	if yamlnode.Text(yamlnode.Member(yamlnode.Member(info.node, "license"), "name")) == "" {
		report(info.at("license"), "the document has no licence; add info.license.name")
	}
}

func checkKnownMembers(d *document, report reporter) {
	for _, o := range d.objects {
		if yamlnode.Member(o.node, "$ref") != nil {
			continue
		}
		for key := range yamlnode.Members(o.node) {
			if _, known := grammar[o.kind][key]; !known && !strings.HasPrefix(key, "x-") {
				report(join(o.pointer, key),
					"%q is not a member of a %s here; correct its name, take it out, or quote the text whose comma made it",
					key, o.kind)
			}
		}
	}
}

func checkKnownExtensions(d *document, report reporter) {
	for _, o := range d.objects {
		for key := range yamlnode.Members(o.node) {
			if strings.HasPrefix(key, "x-") && !strings.HasPrefix(key, "x-go-") &&
				!slices.Contains(d.policy.extensionsOf(o.kind), key) {
				report(join(o.pointer, key), "%s is not an extension of a %s; see policy.schema.json for those there are",
					key, o.kind)
			}
		}
	}
	for path := range yamlnode.Members(yamlnode.Member(d.root, "paths")) {
		if strings.HasPrefix(path, "x-") {
			report(join("/paths", path), "%s is not an extension of paths; take it out", path)
		}
	}
}

func checkReferencesLocal(d *document, report reporter) {
	for _, o := range d.objects {
		if ref := yamlnode.Member(o.node, "$ref"); ref != nil && d.deref(o).node == nil {
			report(join(o.pointer, "$ref"), "%q is not a place in this file; refer to a component by #/components/…",
				yamlnode.Text(ref))
		}
	}
}

func checkReferencesAlone(d *document, report reporter) {
	for _, o := range d.objects {
		if yamlnode.Member(o.node, "$ref") == nil {
			continue
		}
		for key := range yamlnode.Members(o.node) {
			if key != "$ref" {
				report(join(o.pointer, key), "%q beside $ref is ignored; move it to the component or write the object out", key)
			}
		}
	}
}

func checkServers(d *document, report reporter) {
	for s := range d.of("server") {
		url := yamlnode.Text(yamlnode.Member(s.node, "url"))
		if !strings.HasPrefix(url, "/") || strings.HasPrefix(url, "//") {
			report(s.at("url"), "the server %q names a host; write a path such as / or leave servers out", url)
		}
	}
}

func checkTags(d *document, report reporter) {
	used := map[string]bool{}
	for _, op := range d.operations {
		for _, tag := range texts(yamlnode.Member(op.node, "tags")) {
			used[tag] = true
		}
	}
	declared := map[string]bool{}
	for tag := range d.of("tag") {
		name := yamlnode.Text(yamlnode.Member(tag.node, "name"))
		switch {
		case declared[name]:
			report(tag.at("name"), "the tag %q is declared twice; keep one declaration", name)
		case yamlnode.Text(yamlnode.Member(tag.node, "description")) == "":
			report(tag.pointer, "the tag %q has no description; say what its operations are about", name)
		case !used[name]:
			report(tag.at("name"), "no operation has the tag %q; use it or take it out", name)
		}
		declared[name] = true
	}
	for _, op := range d.operations {
		for i, tag := range texts(yamlnode.Member(op.node, "tags")) {
			if !declared[tag] {
				report(join(op.pointer, "tags", strconv.Itoa(i)), "the tag %q is not declared; add it to tags at the top", tag)
			}
		}
	}
}

func checkComponentsUsed(d *document, report reporter) {
	targets := map[string][]string{} // by the component that refers, "" for what is outside of the components
	for _, o := range d.objects {
		if ref := yamlnode.Text(yamlnode.Member(o.node, "$ref")); ref != "" {
			owner := componentOf(o.pointer)
			targets[owner] = append(targets[owner], componentOf(strings.TrimPrefix(ref, "#")))
		}
	}
	reached := map[string]bool{"": true}
	for queue := []string{""}; len(queue) > 0; queue = queue[1:] {
		for _, target := range targets[queue[0]] {
			if !reached[target] {
				reached[target] = true
				queue = append(queue, target)
			}
		}
	}
	if slices.ContainsFunc(d.operations, func(op *operation) bool { return len(op.roles()) > 0 }) {
		reached["/components/schemas/Role"] = true // x-access names its values.
	}
	for name := range d.securitySchemesUsed() {
		reached[join("/components/securitySchemes", name)] = true
	}
	for section, named := range yamlnode.Members(yamlnode.Member(d.root, "components")) {
		for name := range yamlnode.Members(named) {
			if pointer := join("/components", section, name); !reached[pointer] {
				report(pointer, "nothing uses this component; use it or take it out")
			}
		}
	}
}

// componentOf is the pointer of the component that the place belongs to, empty outside of the components.
func componentOf(pointer string) string {
	segments := strings.SplitN(pointer, "/", 5)
	if len(segments) < 4 || segments[1] != "components" {
		return ""
	}
	return strings.Join(segments[:4], "/")
}

func (d *document) securitySchemesUsed() map[string]bool {
	used := map[string]bool{}
	for _, op := range d.operations {
		for _, requirement := range yamlnode.Items(d.security(op)) {
			for name := range yamlnode.Members(requirement) {
				used[name] = true
			}
		}
	}
	return used
}

// security is what the operation demands: its own, or else the document's.
func (d *document) security(op *operation) *yaml.Node {
	if own := yamlnode.Member(op.node, "security"); own != nil {
		return own
	}
	return yamlnode.Member(d.root, "security")
}

var whitespace = regexp.MustCompile(`\s+`)

func checkOpenAPI(d *document, report reporter) {
	if d.apiErr != nil {
		report("", "kin-openapi cannot load the document: %s; correct it", oneLine(d.apiErr))
		return
	}
	ctx := openapi3.WithValidationOptions(openapi3.NewLoader().Context,
		openapi3.EnableMultiError(), openapi3.EnableExamplesValidation(),
		openapi3.EnableSchemaPatternValidation(), openapi3.EnableSchemaDefaultsValidation())
	err := d.api.Validate(ctx)
	var all openapi3.MultiError
	if err != nil && !errors.As(err, &all) {
		all = openapi3.MultiError{err}
	}
	inComponents := map[string]bool{} // what is broken in a component comes again with every operation that uses it
	for _, one := range all {
		place, cause := placeOf(one), innermost(one)
		switch {
		case componentOf(place) != "":
			inComponents[cause] = true
		case inComponents[cause]:
			continue
		}
		report(place, "kin-openapi refuses this: %s; correct it", oneLine(one))
	}
}

// placeOf is the place that an error of kin-openapi names, as near as it does.
func placeOf(err error) string {
	if component, ok := errors.AsType[*openapi3.ComponentValidationError](err); ok {
		sections := map[string]string{
			"schema": "schemas", "parameter": "parameters", "header": "headers", "request body": "requestBodies",
			"response": "responses", "security scheme": "securitySchemes", "example": "examples", "link": "links",
		}
		return join("/components", sections[component.Section], component.Name)
	}
	if parameters, ok := errors.AsType[*openapi3.PathParametersError](err); ok {
		return join("/paths", parameters.Path, strings.ToLower(parameters.Method))
	}
	pointer := ""
	if path, ok := errors.AsType[*openapi3.PathValidationError](err); ok {
		pointer = join("/paths", path.Path)
	}
	if op, ok := errors.AsType[*openapi3.OperationValidationError](err); ok {
		pointer = join(pointer, strings.ToLower(op.Method))
	}
	return pointer
}

// innermost is the text of the error without its context.
func innermost(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err.Error()
}

func oneLine(err error) string {
	return strings.TrimSpace(whitespace.ReplaceAllString(err.Error(), " "))
}
